"""Where technicians work and with what: service zones, skills, vehicles and their maintenance."""
