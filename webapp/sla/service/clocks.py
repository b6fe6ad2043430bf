"""A job's clocks, told anew from its history whenever something happened to it: the same history gives the same clocks."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from webapp.kit import clock, context, jobs
from webapp.kit.db import db, find
from webapp.models import DispatchJob, SlaClock, SlaPolicy
from webapp.sla import rules
from webapp.sla.queries import basis
from webapp.sla.queries import clocks as reading
from webapp.sla.rules import clocks as counting
from webapp.sla.service import violations

OVER = ("completed", "cancelled")
RECALCULATE = "sla.recalculate"


def on_event(name: str, record_id: int | None, payload: Mapping[str, Any]) -> None:
    """Something happened to a job, in the transaction in which it happens."""
    if name == "dispatch.updated" and not {"priority", "job_type"} & set(payload.get("changed", ())):
        return
    if record_id is not None:
        refresh(record_id)


def on_company(name: str, record_id: int | None, payload: Mapping[str, Any]) -> None:
    """The company moved to another zone, or changed its hours."""
    if {"time_zone", "business_hours"} & set(payload.get("changed", ())):
        recalculate_soon()


def refresh(job_id: int, policies: Sequence[SlaPolicy] | None = None) -> SlaClock | None:
    """Set a job's clocks as its history and the policies say; None when it has none.

    A job that is over keeps the policy that it had. `policies`: those in force, where the caller has read them.
    """
    job = find(DispatchJob, job_id)
    if job is None:
        return None
    in_force = policies if policies is not None else basis.policies()
    each = reading.locked(job_id)
    policy = _policy(job, each, in_force)
    if policy is None:
        if each is not None:
            violations.drop(job, each)
            db.session.delete(each)
            db.session.flush()
        return None
    if each is None:
        each = SlaClock(tenant_id=context.tenant_id(), job_id=job.id, warned=[])
    _set(each, job, policy)
    db.session.add(each)
    db.session.flush()
    violations.settle(job, policy, each)
    return each


def _policy(job: DispatchJob, each: SlaClock | None, in_force: Sequence[SlaPolicy]) -> SlaPolicy | None:
    if job.status in OVER:
        return find(SlaPolicy, each.policy_id) if each is not None else None
    return rules.policies.first(in_force, job.priority, job.job_type)


def _set(each: SlaClock, job: DispatchJob, policy: SlaPolicy) -> None:
    told = rules.story.tell(reading.changes(job.id))
    company = basis.calendar() if policy.business_hours else None
    start, pauses = job.created_at, told.pauses
    each.policy_id, each.started_at = policy.id, start
    each.ended_at = job.cancelled_at if job.status == "cancelled" else None
    met = {
        "response": told.answered_at,
        "resolution": job.completed_at if job.status == "completed" else None,
    }
    open_pause = next((a for a, b in pauses if b is None), None)
    each.paused_at = open_pause if job.status != "completed" else None
    each.paused_minutes = counting.paused(company, pauses)
    now = clock.now()
    for kind in counting.KINDS:
        promise = basis.promise(policy, kind, company)
        warn_at = promise.warn(start, pauses) if promise else None
        setattr(each, f"{kind}_warn_at", warn_at)
        setattr(each, f"{kind}_due_at", promise.due(start, pauses) if promise else None)
        setattr(each, f"{kind}_met_at", _not_before(start, met[kind]) if promise else None)
        if kind in (each.warned or []) and (warn_at is None or warn_at > now):
            each.warned = [k for k in each.warned if k != kind]  # it is further off now: warn once more


def _not_before(start: datetime, met_at: datetime | None) -> datetime | None:
    """A phone whose clock is slow cannot have answered before the job was there."""
    return max(start, met_at) if met_at is not None else None


def recalculate_soon() -> None:
    """Policies, holidays or business hours changed: every open job's clocks are told anew, in the background."""
    jobs.add(RECALCULATE, dedupe_key="changed")


def recalculate(after: int, limit: int) -> tuple[int, int | None]:
    """Tell the clocks of open jobs anew: how many, and from which id on to go on (None at the end)."""
    in_force = basis.policies()
    found = reading.open_jobs(after, limit)
    for job_id in found:
        refresh(job_id, in_force)
    return len(found), found[-1] if len(found) == limit else None
