"""What may be done with appointments, and by whom unless narrowed."""

from webapp.kit.permissions import declare

APPOINTMENTS_SETTINGS = declare(
    "appointments.settings",
    "Change what customers are told about their visits and may do by themselves",
    "manager",
)
APPOINTMENTS_SEND = declare(
    "appointments.send", "Tell a customer again, decide what customers asked for", "manager", "dispatcher"
)
FEEDS_MANAGE = declare(
    "calendar.feeds", "Make and revoke secret calendar addresses of everybody", "manager", "dispatcher"
)
FEEDS_OWN = declare("calendar.own", "Make and revoke one’s own secret calendar address", "technician")
