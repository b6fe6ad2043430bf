"""What a job repeats of its current visit, and the history of its steps."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.rules import statuses
from webapp.kit import clock, context
from webapp.kit.db import db
from webapp.models import DispatchJob, JobStatusChange, Visit, VisitTechnician


def visit_of(job: DispatchJob) -> Visit:
    """The visit a job stands at: the first that is not over, else its last."""
    found = reading.visits(job.id)
    return next((v for v in found if v.status not in statuses.OVER), found[-1])


def refresh(job: DispatchJob, visits: Sequence[Visit] | None = None) -> None:
    """Repeat on the job what its current visit says, and count the change."""
    db.session.flush()
    found = visits if visits is not None else reading.visits(job.id)
    now = next((v for v in found if v.status not in statuses.OVER), found[-1])
    job.status = statuses.of_job([v.status for v in found])
    job.scheduled_start, job.scheduled_end = now.scheduled_start, now.scheduled_end
    job.technician_id = db.session.scalar(
        select(VisitTechnician.technician_id).where(
            VisitTechnician.tenant_id == context.tenant_id(),
            VisitTechnician.visit_id == now.id,
            VisitTechnician.lead,
        )
    )
    job.completed_at = (
        max((v.completed_at for v in found if v.completed_at), default=None)
        if job.status == "completed"
        else None
    )
    _forget_kept_promise(job, now, found)
    job.version += 1
    db.session.flush()


def _forget_kept_promise(job: DispatchJob, now: Visit, visits: Sequence[Visit]) -> None:
    """The window promised for a visit that is over says nothing of the one that comes after it."""
    done = [v.completed_at for v in visits if v.position < now.position and v.completed_at is not None]
    if (
        now.status not in statuses.OVER
        and done
        and job.window_start is not None
        and job.window_start <= max(done)
    ):
        job.window_start = job.window_end = None


def record(job: DispatchJob, visit: Visit | None, from_status: str, to_status: str, *, at: datetime | None = None,
           **more: Any) -> JobStatusChange:  # fmt: skip
    """Write a step into the job's history."""
    who, now = context.principal(), clock.now()
    change = JobStatusChange(
        tenant_id=context.tenant_id(), job_id=job.id, visit_id=visit.id if visit is not None else None,
        from_status=from_status, to_status=to_status, happened_at=at or now, recorded_at=now, actor=who.label,
        actor_name=who.name, source=context.origin().source, **more,
    )  # fmt: skip
    db.session.add(change)
    return change
