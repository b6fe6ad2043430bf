"""What dispatch tells the rest of the house and partners."""

from typing import Any

from webapp.kit import streams
from webapp.kit.events import declare
from webapp.models import DispatchJob

# what the board shows, whichever record it is of
streams.TOPICS |= dict.fromkeys(("dispatch", "lane", "shift", "on-call"), "dispatch-changed")
_JOB = {
    "id": 42, "title": "AC Repair - Smith Residence", "job_type": "repair", "priority": "high", "status": "dispatched",
    "customer_id": 7, "customer_name": "John Smith", "technician_id": 3, "scheduled_start": "2026-03-28T09:00:00Z",
    "scheduled_end": "2026-03-28T11:00:00Z", "on_hold": False,
}  # fmt: skip
CREATED = declare(
    "dispatch.created", "A new dispatch job was created", _JOB | {"status": "pending", "technician_id": None}
)
UPDATED = declare("dispatch.updated", "A job's details were changed", _JOB | {"changed": ["title"]})
ASSIGNED = declare(
    "dispatch.assigned", "A technician was assigned to a job", _JOB | {"visit_id": 51, "technician_ids": [3]}
)
UNASSIGNED = declare("dispatch.unassigned", "The technicians were taken off a job",
                     _JOB | {"status": "pending", "technician_id": None, "visit_id": 51, "technician_ids": []})  # fmt: skip
MOVED = declare(
    "dispatch.moved", "A visit was given another time, or another technician", _JOB | {"visit_id": 51}
)
STATUS = declare("dispatch.status-changed", "A visit took a step, or an override set it back",
                 _JOB | {"visit_id": 51, "from": "dispatched", "to": "en_route", "passed_over": ["acknowledged"]})  # fmt: skip
COMPLETED = declare("dispatch.completed", "A dispatch job was completed", _JOB | {"status": "completed"})
CANCELLED = declare(
    "dispatch.cancelled", "A job was cancelled", _JOB | {"status": "cancelled", "reason": "Sold the house"}
)
HELD = declare("dispatch.held", "A job was put on hold", _JOB | {"on_hold": True, "reason": "Part ordered"})
RELEASED = declare("dispatch.released", "A held job goes on", _JOB)
CONFIRMED = declare("dispatch.confirmed", "The customer confirmed the visit", _JOB)
VISIT_ADDED = declare("dispatch.visit-added", "A further visit was added to a job", _JOB | {"visit_id": 52})
SETTINGS = declare(
    "dispatch.settings-changed", "How the company dispatches was changed", {"changed": ["business_hours"]}
)
DETAIL = declare("dispatch.detail-changed", "A note, file, checklist step or material of a job changed",
                 _JOB | {"what": "note", "detail_id": 9})  # fmt: skip
_BLOCK = {"id": 12, "technician_id": 3, "kind": "time_off", "title": "Dentist", "status": "approved",
          "starts_at": "2026-03-28T13:00:00Z", "ends_at": "2026-03-28T15:00:00Z"}  # fmt: skip
BLOCK_CREATED = declare("lane.block-created", "Time that is no job was put on a technician's lane", _BLOCK)
BLOCK_CHANGED = declare("lane.block-changed", "A block on a lane was moved or changed", _BLOCK)
BLOCK_REMOVED = declare("lane.block-removed", "A block was taken off a lane", _BLOCK)
LEAVE_ASKED = declare(
    "lane.time-off-requested", "A technician asks for time off", _BLOCK | {"status": "requested"}
)
LEAVE_DECIDED = declare("lane.time-off-decided", "A request for time off was approved or declined",
                        _BLOCK | {"decision": "approved"})  # fmt: skip
PROFILE_CHANGED = declare(
    "lane.profile-changed",
    "How a technician is dispatched was changed",
    {"technician_id": 3, "changed": ["dispatched"]},
)
SHIFTS_CHANGED = declare(
    "shift.changed", "When a technician works was changed", {"technician_id": 3, "shift_ids": [7]}
)
ON_CALL_CHANGED = declare(
    "on-call.changed", "Who is on call was changed", {"technician_ids": [3], "turn_ids": [5]}
)


def payload(job: DispatchJob, **more: Any) -> dict[str, Any]:
    """What every event of a job says of it."""
    return {
        "id": job.id,
        "title": job.title,
        "job_type": job.job_type,
        "priority": job.priority,
        "status": job.status,
        "customer_id": job.customer_id,
        "customer_name": job.customer_name,
        "technician_id": job.technician_id,
        "scheduled_start": job.scheduled_start,
        "scheduled_end": job.scheduled_end,
        "on_hold": job.held_at is not None,
        **more,
    }
