"""What may be done with jobs, and by whom unless narrowed."""

from webapp.kit.permissions import OFFICE, declare

DISPATCH_READ = declare("dispatch.read", "See jobs and the dispatch board", *OFFICE)
DISPATCH_EDIT = declare(
    "dispatch.edit", "Book and change jobs, hold, cancel and copy them", "manager", "dispatcher"
)
DISPATCH_ASSIGN = declare(
    "dispatch.assign", "Send technicians, move visits, plan routes", "manager", "dispatcher"
)
DISPATCH_OVERRIDE = declare(
    "dispatch.override",
    "Accept a clash, or a step that is out of order, with a reason",
    "manager",
    "dispatcher",
)
SCHEDULE_EDIT = declare(
    "schedule.edit", "Change shifts, on-call turns, time off and other blocks", "manager", "dispatcher"
)
DISPATCH_SETTINGS = declare(
    "dispatch.settings",
    "Change checklists, SLA policies, business hours and how jobs are dispatched",
    "manager",
)
DISPATCH_OWN = declare("dispatch.own", "See and work one's own jobs", "technician")
