"""Promises that were broken: written down once, closed when they are kept after all, excused with a reason."""

from datetime import datetime
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from webapp.kit import clean, clock, context, errors, events, journal
from webapp.kit.db import db, find, get
from webapp.kit.permissions import demand
from webapp.models import DispatchJob, SlaClock, SlaPolicy, SlaViolation
from webapp.sla import events as told
from webapp.sla import rules
from webapp.sla.permissions import SLA_EXCUSE
from webapp.sla.queries import basis
from webapp.sla.queries import clocks as reading
from webapp.sla.rules import clocks as counting

MOVED = "The promise was moved: another policy, priority or type"
DROPPED = "No policy promises this any more"


def note(job: DispatchJob, policy: SlaPolicy, kind: str, due_at: datetime) -> int | None:
    """Write a breach down and tell of it; its number, or None when it was written already."""
    now = clock.now()
    found: int | None = db.session.scalar(
        insert(SlaViolation)
        .values(tenant_id=context.tenant_id(), job_id=job.id, policy_id=policy.id, kind=kind, due_at=due_at,
                breached_at=now, technician_id=job.technician_id, excuse="", updated_at=now)
        .on_conflict_do_nothing(index_elements=["tenant_id", "job_id", "kind", "due_at"])
        .returning(SlaViolation.id)
    )  # fmt: skip
    if found is None:
        return None
    journal.audit(told.BREACHED.name, record_type="dispatch_job", record_id=job.id, diff={}, violation_id=found,
                  kind=counting.WORDS[kind].lower(), policy=policy.name, due_at=due_at)  # fmt: skip
    events.emit(told.BREACHED, job.id, told.of_job(job, policy, kind, due_at, violation_id=found))
    return found


def settle(job: DispatchJob, policy: SlaPolicy, each: SlaClock) -> None:
    """Bring what is written down in line with a job's clocks: kept late, moved, or not promised any more."""
    known = reading.violations(job.id)
    for kind in counting.KINDS:
        due_at, met_at = getattr(each, f"{kind}_due_at"), getattr(each, f"{kind}_met_at")
        for violation in known:
            if violation.kind == kind and violation.due_at != due_at:
                _excuse_by_itself(violation, MOVED if due_at is not None else DROPPED)
        written = next((v for v in known if v.kind == kind and v.due_at == due_at), None)
        if due_at is None:
            continue
        if written is None and met_at is not None and met_at > due_at:
            note(job, policy, kind, due_at)
            written = next(
                (v for v in reading.violations(job.id) if v.kind == kind and v.due_at == due_at), None
            )
        if written is not None and written.met_at != met_at:
            calendar = basis.calendar() if policy.business_hours else None
            written.met_at = met_at
            written.late_minutes = (
                rules.minutes.between(calendar, due_at, met_at) if met_at is not None else None
            )
            written.updated_at = clock.now()
    db.session.flush()


def drop(job: DispatchJob, each: SlaClock) -> None:
    """No policy fits a job any more: what was broken counts no longer."""
    for violation in reading.violations(job.id):
        _excuse_by_itself(violation, DROPPED)
    db.session.flush()


def _excuse_by_itself(violation: SlaViolation, why: str) -> None:
    if violation.excused_at is None and violation.met_at is None:
        violation.excused_at, violation.excuse, violation.updated_at = clock.now(), why, clock.now()


def excuse(violation_id: int, reason: str) -> SlaViolation:
    """Say why a broken promise does not count. Raises Invalid without a reason, Conflict when it is excused already."""
    demand(SLA_EXCUSE)
    violation = get(SlaViolation, violation_id, what="broken promise", lock=True)
    try:
        why = clean.line(reason, 500)
    except ValueError as problem:
        raise errors.Invalid.one("reason", str(problem)) from None
    if not why:
        raise errors.Invalid.one("reason", "Say why it does not count.")
    if violation.excused_at is not None:
        raise errors.Conflict(f"It is excused already: {violation.excuse}.")
    return _change(violation, clock.now(), why)


def unexcuse(violation_id: int) -> SlaViolation:
    """Take an excuse back. Raises Conflict when there is none."""
    demand(SLA_EXCUSE)
    violation = get(SlaViolation, violation_id, what="broken promise", lock=True)
    if violation.excused_at is None:
        raise errors.Conflict("It is not excused.")
    return _change(violation, None, "")


def _change(violation: SlaViolation, at: datetime | None, why: str) -> SlaViolation:
    before: dict[str, Any] = journal.snapshot(violation)
    violation.excused_at, violation.excuse, violation.updated_at = at, why, clock.now()
    db.session.flush()
    job, policy = get(DispatchJob, violation.job_id), find(SlaPolicy, violation.policy_id)
    assert policy is not None  # a policy that a job had is never removed
    action = told.EXCUSED.name if at is not None else "sla.unexcused"
    diff = journal.difference(before, journal.snapshot(violation))
    journal.audit(action, record_type="dispatch_job", record_id=job.id, diff=diff, violation_id=violation.id,
                  kind=counting.WORDS[violation.kind].lower(), reason=why)  # fmt: skip
    payload = told.of_job(job, policy, violation.kind, violation.due_at, violation_id=violation.id,
                          excused=at is not None, reason=why)  # fmt: skip
    events.emit(told.EXCUSED, job.id, payload)
    return violation
