"""How dispatch reads on pages."""

from collections.abc import Mapping
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


def address(job: Any) -> str:
    """A job's address on one line: `123 Oak St #4, Tampa FL 33601`."""
    found: Mapping[str, Any] = job if isinstance(job, Mapping) else _Attributes(job)
    street = " ".join(x for x in (found["service_address"], found["service_unit"]) if x)
    place = " ".join(x for x in (found["service_city"], found["service_state"], found["service_zip"]) if x)
    return ", ".join(x for x in (street, place) if x)


class _Attributes(dict[str, Any]):
    def __init__(self, thing: Any) -> None:
        super().__init__()
        self.thing = thing

    def __missing__(self, key: str) -> Any:
        return getattr(self.thing, key, "")
