"""Rules of appointments: what is told when, how it reads, what a customer may do. Pure."""
