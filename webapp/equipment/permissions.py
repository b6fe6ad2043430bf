"""What may be done with equipment, and by whom unless narrowed."""

from webapp.kit.permissions import OFFICE, declare

READ = declare("equipment.read", "See equipment, its readings and its jobs", *OFFICE)
EDIT = declare("equipment.edit", "Add, change, retire and replace equipment", "manager", "dispatcher")
MEASURE = declare(
    "equipment.measure", "Write down readings of equipment", "manager", "dispatcher", "technician"
)
