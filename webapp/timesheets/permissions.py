"""What may be done with working time, and by whom unless narrowed."""

from webapp.kit.permissions import OFFICE, declare

OWN = declare("timesheets.own", "Clock in and out, see one's own time, ask for corrections", "technician")
READ = declare("timesheets.read", "See who is clocked in, and everybody's time", *OFFICE)
CLOCK = declare(
    "timesheets.clock", "Clock technicians in and out for them", "manager", "dispatcher", "payroll"
)
EDIT = declare("timesheets.edit", "Add, change and remove technicians' time entries", "manager", "payroll")
APPROVE = declare(
    "timesheets.approve",
    "Approve, send back and reopen time sheets; decide on corrections",
    "manager",
    "payroll",
)
SETTINGS = declare(
    "timesheets.settings", "Set when a week begins, how overtime is counted, and when a clock-out is missing", "payroll"
)  # fmt: skip
