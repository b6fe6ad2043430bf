"""What may be done with zones, skills and vehicles, and by whom unless narrowed."""

from webapp.kit.permissions import declare

ZONES_READ = declare("service-zones.read", "See service zones", "manager", "dispatcher")
ZONES_EDIT = declare(
    "service-zones.edit", "Draw, order and archive service zones, and say who serves them", "manager"
)
SKILLS_READ = declare(
    "technician-skills.read", "See what technicians are skilled at", "manager", "dispatcher", "payroll"
)
SKILLS_EDIT = declare("technician-skills.edit", "Set technicians’ skills, levels and certificates", "manager")
VEHICLES_READ = declare(
    "vehicles.read", "See vehicles and their maintenance", "manager", "dispatcher", "accountant"
)
VEHICLES_EDIT = declare(
    "vehicles.edit", "Add and retire vehicles, plan and record their maintenance", "manager"
)
VEHICLES_DRIVE = declare(
    "vehicles.drive", "Say who drives which vehicle, and record odometers", "manager", "dispatcher"
)
