"""The steps of a visit: reported by a technician's phone, the office or a partner. One rule for all."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from webapp.dispatch import events as told
from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_OVERRIDE, DISPATCH_OWN
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.rules import statuses
from webapp.dispatch.service import current, reported
from webapp.kit import context, errors, events, journal
from webapp.kit.db import db, find, get
from webapp.kit.permissions import may
from webapp.models import ChecklistStep, DispatchJob, Visit
from webapp.timesheets import service as timesheets

JOB_TIME = {
    "en_route": "travel",
    "on_site": "work",
    "in_progress": "work",
}  # what a technician is at from a step on


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A step to take. `happened_at`: when, for a phone that had no signal; `outcome`: what was done, on completion.

    `sent_at`, by the same clock as `happened_at`, corrects a clock that is wrong. `technician_id`: whose step it is
    where the office enters it.
    """

    status: str
    happened_at: datetime | None = None
    sent_at: datetime | None = None
    technician_id: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    reason: str = ""
    outcome: str | None = None


class NotAllowed(errors.Conflict):
    """A step that the rules refuse; `details["allowed"]` names those that may be taken."""


def report(visit_id: int, given: Report) -> Visit:
    """Take a step on a visit.

    Raises NotAllowed (409) naming the steps that may be taken, Conflict on a held job or with required checklist steps
    open, Invalid for a position outside the earth or a time that cannot be, NotFound for a visit of somebody else.
    """
    visit = find(Visit, visit_id)
    if visit is None or not _mine_or_office(visit):
        raise errors.NotFound(f"No visit has the number {visit_id}.")
    job = get(DispatchJob, visit.job_id, lock=True)
    visit = get(Visit, visit_id, lock=True)
    reported.check_position(given.latitude, given.longitude)
    at = reported.moment(given.happened_at, given.sent_at)
    override = bool(given.reason.strip()) and may(DISPATCH_OVERRIDE)
    if given.status not in statuses.STATUSES:
        raise errors.Invalid.one("status", f"must be one of {', '.join(statuses.STATUSES)}.")
    try:
        step = statuses.step(visit.status, given.status, override=override)
    except statuses.Refused as refused:
        raise NotAllowed(str(refused), details={"status": visit.status, "allowed": list(refused.allowed),
                                                "overridable": refused.overridable}) from None  # fmt: skip
    if step.to == "dispatched":
        raise NotAllowed("A visit is dispatched by assigning a technician.", details={"allowed": []})
    if step.to == "cancelled":
        raise NotAllowed("Cancel the job, with a reason.", details={"allowed": []})
    if job.held_at is not None and step.to != "completed" and not override:
        raise errors.Conflict(f"This job is on hold ({job.hold_reason}). Release it first.")
    if step.to == "completed":
        _check_checklist(job, override)
    return _take(job, visit, step, given, at)


def _take(job: DispatchJob, visit: Visit, step: statuses.Step, given: Report, at: datetime) -> Visit:
    before, job_before, was = journal.snapshot(visit), journal.snapshot(job), visit.status
    visit.status = step.to
    setattr(visit, f"{step.to}_at", at)
    if step.overridden and statuses.ORDER.index(step.to) < statuses.ORDER.index(was):
        for later in statuses.ORDER[statuses.ORDER.index(step.to) + 1 :]:
            setattr(visit, f"{later}_at", None)  # set back: what came after has not happened
    visit.version += 1
    if given.outcome is not None:
        job.outcome = given.outcome.strip()[:10_000]
    current.record(job, visit, was, step.to, at=at, passed_over=list(step.passed_over), reason=given.reason.strip()[:500],
                   latitude=given.latitude, longitude=given.longitude,
                   technician_id=given.technician_id or context.principal().technician_id)  # fmt: skip
    keep_job_time(visit, at)
    current.refresh(job)
    steps = journal.difference(before, journal.snapshot(visit))
    journal.audit("dispatch.status", job, before=job_before, visit_id=visit.id, visit=steps, happened_at=at,
                  passed_over=list(step.passed_over), reason=given.reason.strip()[:500])  # fmt: skip
    more: dict[str, Any] = {
        "visit_id": visit.id,
        "from": was,
        "to": step.to,
        "passed_over": list(step.passed_over),
        "happened_at": at,
    }
    events.emit(told.STATUS, job.id, told.payload(job, **more))
    if job.status == "completed" and job_before["status"] != "completed":
        events.emit(told.COMPLETED, job.id, told.payload(job, visit_id=visit.id, completed_at=at))
    return visit


def keep_job_time(visit: Visit, at: datetime) -> None:
    """Let the clocks of everybody on a visit follow its status: travel, work, or neither."""
    kind = JOB_TIME.get(visit.status)
    # in the order of their ids, so that two commands never wait for each other
    for technician_id in sorted(s.technician_id for s in reading.sent([visit.id])[visit.id]):
        if kind is None:
            timesheets.end_job_time(visit.id, technician_id, at)
        else:
            timesheets.start_job_time(visit.id, technician_id, kind, at)


def _mine_or_office(visit: Visit) -> bool:
    if may(DISPATCH_ASSIGN):
        return True
    me = context.principal().technician_id
    return (
        me is not None
        and may(DISPATCH_OWN)
        and any(s.technician_id == me for s in reading.sent([visit.id])[visit.id])
    )


def _check_checklist(job: DispatchJob, override: bool) -> None:
    steps = db.session.scalars(
        select(ChecklistStep.body)
        .where(ChecklistStep.tenant_id == context.tenant_id(), ChecklistStep.job_id == job.id, ChecklistStep.required,
               ChecklistStep.done_at.is_(None), func.length(ChecklistStep.note) == 0)
        .order_by(ChecklistStep.position)
    ).all()  # fmt: skip
    if steps and not override:
        left = "; ".join(steps[:3]) + (f"; and {len(steps) - 3} more" if len(steps) > 3 else "")
        raise errors.Conflict(
            f"{len(steps)} required step{'s are' if len(steps) > 1 else ' is'} not done: {left}. Do it, or write why not.",
            details={"open_steps": len(steps), "overridable": True},
        )
