"""How dispatch reads on pages."""

from typing import Any

from webapp.dispatch.rules import values

STATUSES = {
    "pending": "Unassigned",
    "dispatched": "Dispatched",
    "acknowledged": "Acknowledged",
    "en_route": "On the way",
    "on_site": "On site",
    "in_progress": "In progress",
    "completed": "Completed",
    "cancelled": "Cancelled",
}
TYPES = values.JOB_TYPES
PRIORITIES = values.PRIORITIES
BLOCKS = {
    "lunch": "Lunch",
    "parts_run": "Parts run",
    "meeting": "Meeting",
    "training": "Training",
    "time_off": "Time off",
    "other": "Other",
}
STEPS = {
    "acknowledged": "Mark acknowledged",
    "en_route": "Mark on the way",
    "on_site": "Mark on site",
    "in_progress": "Mark work begun",
    "completed": "Mark completed",
}


def shown(status: str, held_at: Any) -> str:
    """The state that a job shows as a pill: on hold before all else, and nobody's while it waits for a technician."""
    return "on_hold" if held_at else "unassigned" if status == "pending" else status


def address(job: Any) -> str:
    """A job's address on one line: `123 Oak St #4, Tampa FL 33601`."""
    street = _joined(job, "service_address", "service_unit")
    place = _joined(job, "service_city", "service_state", "service_zip")
    return ", ".join(x for x in (street, place) if x)


def _joined(job: Any, *names: str) -> str:
    return " ".join(x for x in (getattr(job, name, None) for name in names) if x)
