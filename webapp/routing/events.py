"""What route plans tell the rest of the house and partners."""

from webapp.kit import streams
from webapp.kit.events import declare

streams.TOPICS["route"] = "routes-changed"
_PLAN = {"id": 5, "date": "2026-03-28", "status": "ready", "before_minutes": 412, "after_minutes": 348}
READY = declare("route.planned", "A day’s routes were planned; nothing is changed yet", _PLAN)
FAILED = declare(
    "route.failed", "A day’s routes could not be planned", _PLAN | {"status": "failed", "error": "…"}
)
ACCEPTED = declare("route.accepted", "A plan was accepted, whole or for some technicians",
                   _PLAN | {"status": "accepted", "technician_ids": [3, 4], "visit_ids": [51, 52]})  # fmt: skip
DISCARDED = declare("route.discarded", "A plan was discarded", _PLAN | {"status": "discarded"})
