"""What promises by the clock tell the rest of the house and partners."""

from typing import Any

from webapp.kit import events, streams
from webapp.models import DispatchJob, SlaPolicy

streams.TOPICS["sla"] = "dispatch-changed"  # the board and the job show it
streams.TOPICS["sla-policy"] = "sla-changed"
streams.TOPICS["holiday"] = "sla-changed"
_OF_JOB = {
    "id": 42,
    "job_id": 42,
    "title": "AC Repair - Smith Residence",
    "priority": "urgent",
    "kind": "response",
    "policy_id": 3,
    "policy": "Urgent repairs",
    "due_at": "2026-03-28T10:00:00Z",
    "technician_id": None,
}
_POLICY = {
    "id": 3,
    "name": "Urgent repairs",
    "position": 1,
    "priority": "urgent",
    "job_type": "repair",
    "response_minutes": 30,
    "resolution_minutes": 240,
    "business_hours": True,
    "warn_percent": 80,
    "active": True,
}
WARNING = events.declare("sla.warning", "A promise on a job is about to be broken", _OF_JOB)
BREACHED = events.declare("sla.breached", "A promise on a job was broken", _OF_JOB | {"violation_id": 9})
EXCUSED = events.declare(
    "sla.excused",
    "A broken promise was excused, or the excuse taken back",
    _OF_JOB | {"violation_id": 9, "excused": True, "reason": "The customer was not at home"},
)
POLICY_CREATED = events.declare("sla-policy.created", "An SLA policy was added", _POLICY)
POLICY_UPDATED = events.declare(
    "sla-policy.updated", "An SLA policy was changed, moved or ended", _POLICY | {"changed": ["name"]}
)
POLICY_DELETED = events.declare(
    "sla-policy.deleted", "An SLA policy that no job ever had was removed", _POLICY
)
HOLIDAY_ADDED = events.declare(
    "holiday.added", "A day without business hours was added", {"date": "2026-12-25", "name": "Christmas Day"}
)
HOLIDAY_REMOVED = events.declare(
    "holiday.removed", "A holiday has business hours again", {"date": "2026-12-25", "name": "Christmas Day"}
)


def of_job(job: DispatchJob, policy: SlaPolicy, kind: str, due_at: Any, **more: Any) -> dict[str, Any]:
    """What events say of a promise on a job."""
    return {
        "id": job.id,
        "job_id": job.id,
        "title": job.title,
        "priority": job.priority,
        "kind": kind,
        "policy_id": policy.id,
        "policy": policy.name,
        "due_at": due_at,
        "technician_id": job.technician_id,
        **more,
    }


def of_policy(policy: SlaPolicy) -> dict[str, Any]:
    """What events say of a policy."""
    return {name: getattr(policy, name) for name in _POLICY}
