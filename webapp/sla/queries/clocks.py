"""How the promises of jobs stand, and what the minute's job looks for."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, bindparam, exists, func, not_, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from webapp.kit import clock, context
from webapp.kit.db import db, rows
from webapp.models import DispatchJob, JobStatusChange, SlaClock, SlaPolicy, SlaViolation
from webapp.sla import rules
from webapp.sla.queries import basis
from webapp.sla.rules import clocks as counting
from webapp.sla.rules.story import Change

_WANTED = bindparam("wanted", type_=ARRAY(BigInteger()))  # one value, however many jobs a board shows
OPEN = ("pending", "dispatched", "acknowledged", "en_route", "on_site", "in_progress")


@dataclass(frozen=True, slots=True)
class Standing:
    """One promise on a job. `left`: minutes of the policy's time until it is due, negative when it is over due."""

    job_id: int
    kind: str
    policy_id: int
    policy: str
    state: counting.State
    started_at: datetime
    due_at: datetime
    met_at: datetime | None
    paused_at: datetime | None
    left: int
    excuse: str | None = None  # of a breach that was excused

    @property
    def words(self) -> str:
        """`45 min left`, `2 h late`."""
        if self.state in ("met", "ended"):
            return ""
        said = counting.words(abs(self.left))
        return f"{said} late" if self.state in ("breached", "late") else f"{said} left"


def columns(kind: str) -> tuple[Any, Any, Any]:
    """When a kind is warned of, due and met, as columns of the clocks."""
    if kind == "response":
        return SlaClock.response_warn_at, SlaClock.response_due_at, SlaClock.response_met_at
    return SlaClock.resolution_warn_at, SlaClock.resolution_due_at, SlaClock.resolution_met_at


def of_jobs(job_ids: Collection[int]) -> dict[int, list[Standing]]:
    """How the promises of some jobs stand now, response first; jobs without any are not there. Four statements."""
    wanted = list(job_ids)
    if not wanted:
        return {}
    found = rows(
        select(SlaClock, SlaPolicy)
        .join(SlaPolicy, and_(SlaPolicy.tenant_id == SlaClock.tenant_id, SlaPolicy.id == SlaClock.policy_id))
        .where(SlaClock.tenant_id == context.tenant_id(), SlaClock.job_id == func.any(_WANTED))
        .execution_options(populate_existing=True),
        {"wanted": wanted},
    )
    if not found:
        return {}
    company, now = basis.calendar(), clock.now()
    excuses = _excuses(wanted)
    return {
        each.job_id: _standings(each, policy, company, now, excuses) for each, policy in map(tuple, found)
    }


def _standings(
    each: SlaClock,
    policy: SlaPolicy,
    company: rules.minutes.Calendar | None,
    now: datetime,
    excuses: dict[tuple[int, str, datetime], str],
) -> list[Standing]:
    found = []
    calendar = company if policy.business_hours else None
    for kind in counting.KINDS:
        warn_at = getattr(each, f"{kind}_warn_at")
        due_at, met_at = getattr(each, f"{kind}_due_at"), getattr(each, f"{kind}_met_at")
        if due_at is None:
            continue
        state = counting.state(
            due_at, now, met_at=met_at, paused_at=each.paused_at, ended_at=each.ended_at, warn_at=warn_at
        )
        at = met_at or each.paused_at or each.ended_at or now
        left = (
            rules.minutes.between(calendar, at, due_at)
            if at <= due_at
            else -rules.minutes.between(calendar, due_at, at)
        )
        excuse = excuses.get((each.job_id, kind, due_at))
        found.append(
            Standing(each.job_id, kind, policy.id, policy.name, state, each.started_at, due_at, met_at,
                     each.paused_at, left, excuse)
        )  # fmt: skip
    return found


def _excuses(job_ids: Sequence[int]) -> dict[tuple[int, str, datetime], str]:
    v = SlaViolation
    found = rows(
        select(v.job_id, v.kind, v.due_at, v.excuse).where(
            v.tenant_id == context.tenant_id(), v.job_id.in_(job_ids), v.excused_at.is_not(None)
        )
    )
    return {(row.job_id, row.kind, row.due_at): row.excuse for row in found}


def locked(job_id: int) -> SlaClock | None:
    """A job's clocks, for changing them."""
    return db.session.get(
        SlaClock, (context.tenant_id(), job_id), with_for_update=True, populate_existing=True
    )


def changes(job_id: int) -> list[Change]:
    """A job's history in the order it was written."""
    h = JobStatusChange
    found = rows(
        select(h.visit_id, h.from_status, h.to_status, h.happened_at, h.reason)
        .where(h.tenant_id == context.tenant_id(), h.job_id == job_id)
        .order_by(h.id)
    )
    return [Change(r.visit_id, r.from_status, r.to_status, r.happened_at, r.reason) for r in found]


def violations(job_id: int) -> Sequence[SlaViolation]:
    return db.session.scalars(
        select(SlaViolation)
        .where(SlaViolation.tenant_id == context.tenant_id(), SlaViolation.job_id == job_id)
        .order_by(SlaViolation.id)
        .execution_options(populate_existing=True)
    ).all()


def open_jobs(after: int, limit: int) -> list[int]:
    """Ids of jobs that are not over, from one on."""
    statement = (
        select(DispatchJob.id)
        .where(
            DispatchJob.tenant_id == context.tenant_id(), DispatchJob.status.in_(OPEN), DispatchJob.id > after
        )
        .order_by(DispatchJob.id)
        .limit(limit)
    )
    return list(db.session.scalars(statement))


# What the minute's job looks for ------------------------------------------------------------------------------------


def unmet(kind: str) -> list[ColumnElement[bool]]:
    """Promises of a kind that are neither kept nor over."""
    _, due_at, met_at = columns(kind)
    return [
        SlaClock.tenant_id == context.tenant_id(),
        due_at.is_not(None),
        met_at.is_(None),
        SlaClock.ended_at.is_(None),
    ]


def noticed(kind: str) -> ColumnElement[bool]:
    """Whether the breach of a promise is written down."""
    _, due_at, _ = columns(kind)
    return exists().where(
        SlaViolation.tenant_id == SlaClock.tenant_id,
        SlaViolation.job_id == SlaClock.job_id,
        SlaViolation.kind == kind,
        SlaViolation.due_at == due_at,
    )


Due = tuple[SlaClock, DispatchJob, SlaPolicy]


def to_warn(kind: str, now: datetime, limit: int) -> list[Due]:
    """Clocks of a kind that somebody should be warned of, locked, with their job and policy."""
    warn_at, due_at, _ = columns(kind)
    return _due(
        kind,
        limit,
        warn_at <= now,
        due_at > now,
        SlaClock.paused_at.is_(None),
        not_(SlaClock.warned.contains([kind])),
    )


def to_breach(kind: str, now: datetime, limit: int) -> list[Due]:
    """Clocks of a kind that ran out and were not noticed yet, locked, with their job and policy."""
    _, due_at, _ = columns(kind)
    paused = or_(SlaClock.paused_at.is_(None), due_at <= SlaClock.paused_at)
    return _due(kind, limit, due_at <= now, paused, not_(noticed(kind)))


def _due(kind: str, limit: int, *conditions: Any) -> list[Due]:
    _, due_at, _ = columns(kind)
    found = rows(
        select(SlaClock, DispatchJob, SlaPolicy)
        .join(
            DispatchJob, and_(DispatchJob.tenant_id == SlaClock.tenant_id, DispatchJob.id == SlaClock.job_id)
        )
        .join(SlaPolicy, and_(SlaPolicy.tenant_id == SlaClock.tenant_id, SlaPolicy.id == SlaClock.policy_id))
        .where(*unmet(kind), *conditions)
        .order_by(due_at, SlaClock.job_id)
        .limit(limit)
        .with_for_update(of=SlaClock)
        .execution_options(populate_existing=True)
    )
    return [(row.SlaClock, row.DispatchJob, row.SlaPolicy) for row in found]


def tallies() -> dict[str, int]:
    """Of the promises that are neither kept nor over: how many are broken, about to be, and in all. One statement."""
    now = clock.now()
    counts: dict[str, list[Any]] = {"breached": [], "warned": [], "all": []}
    for kind in counting.KINDS:
        warn_at, due_at, met_at = columns(kind)
        mine = and_(due_at.is_not(None), met_at.is_(None))
        over = due_at <= func.coalesce(SlaClock.paused_at, now)
        soon = and_(not_(over), SlaClock.paused_at.is_(None), warn_at <= now)
        counts["all"].append(func.count().filter(mine))
        counts["breached"].append(func.count().filter(mine, over))
        counts["warned"].append(func.count().filter(mine, soon))
    row = rows(
        select(*((one + other).label(name) for name, (one, other) in counts.items())).where(
            SlaClock.tenant_id == context.tenant_id(),
            SlaClock.ended_at.is_(None),
            or_(SlaClock.response_met_at.is_(None), SlaClock.resolution_met_at.is_(None)),
        )
    )[0]
    return {name: int(getattr(row, name)) for name in counts}
