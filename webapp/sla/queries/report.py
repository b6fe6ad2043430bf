"""How well promises are kept: by policy, technician or month, over jobs booked within some days."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Integer, and_, case, cast, exists, func, literal, select, union_all

from webapp.kit import clock, context, csv
from webapp.kit.db import rows
from webapp.models import DispatchJob, SlaClock, SlaPolicy, SlaViolation, Technician
from webapp.sla.queries import basis
from webapp.sla.queries.clocks import columns
from webapp.sla.rules import clocks as counting

GROUPS: Final = {"policy": "Policy", "technician": "Technician", "month": "Month"}
OUTCOMES: Final = ("met", "broken", "excused", "running")


@dataclass(frozen=True, slots=True)
class Filters:
    """Jobs booked from one local day to another, both inclusive."""

    first: date
    last: date
    kinds: tuple[str, ...] = counting.KINDS
    policy_ids: tuple[int, ...] = ()
    technician_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One group: how many promises were kept, broken, excused, and still run. `kept_bps`: of those kept or broken."""

    key: Any
    name: str
    met: int
    broken: int
    excused: int
    running: int

    @property
    def kept_bps(self) -> int | None:
        decided = self.met + self.broken
        return self.met * 10_000 // decided if decided else None


def _promises(filters: Filters) -> Any:
    """Each promise with its outcome, one row of it; those of cancelled jobs that were not broken are left out."""
    zone, now = basis.zone(), clock.now()
    begins, _ = clock.day_bounds(filters.first, zone)
    _, ends = clock.day_bounds(filters.last, zone)
    each = []
    for kind in filters.kinds:
        _, due_at, met_at = columns(kind)
        excused = exists().where(
            SlaViolation.tenant_id == SlaClock.tenant_id,
            SlaViolation.job_id == SlaClock.job_id,
            SlaViolation.kind == kind,
            SlaViolation.due_at == due_at,
            SlaViolation.excused_at.is_not(None),
        )
        stopped = func.coalesce(met_at, SlaClock.paused_at, SlaClock.ended_at, now)
        over = case((met_at.is_not(None), met_at > due_at), else_=due_at <= stopped)
        outcome = case(
            (and_(over, excused), "excused"),
            (over, "broken"),
            (met_at.is_not(None), "met"),
            (SlaClock.ended_at.is_(None), "running"),
            else_="left",
        )
        statement = (
            select(
                literal(kind).label("kind"),
                SlaClock.policy_id.label("policy_id"),
                DispatchJob.technician_id.label("technician_id"),
                func.to_char(func.timezone(zone, SlaClock.started_at), "YYYY-MM").label("month"),
                outcome.label("outcome"),
            )
            .join(
                DispatchJob,
                and_(DispatchJob.tenant_id == SlaClock.tenant_id, DispatchJob.id == SlaClock.job_id),
            )
            .where(
                SlaClock.tenant_id == context.tenant_id(),
                SlaClock.started_at >= begins,
                SlaClock.started_at < ends,
                due_at.is_not(None),
            )
        )
        if filters.policy_ids:
            statement = statement.where(SlaClock.policy_id.in_(filters.policy_ids))
        if filters.technician_ids:
            statement = statement.where(DispatchJob.technician_id.in_(filters.technician_ids))
        each.append(statement)
    return union_all(*each).subquery("promises")


def grouped(by: str, filters: Filters) -> Any:
    """One row per group, in its order: `key`, `name`, and how many of each outcome. `by` is one of GROUPS."""
    p = _promises(filters)
    counts = [func.count().filter(p.c.outcome == o).label(o) for o in OUTCOMES]
    if by == "policy":
        return (
            select(p.c.policy_id.label("key"), SlaPolicy.name.label("name"), *counts)
            .join(SlaPolicy, and_(SlaPolicy.tenant_id == context.tenant_id(), SlaPolicy.id == p.c.policy_id))
            .group_by(p.c.policy_id, SlaPolicy.name, SlaPolicy.position)
            .order_by(SlaPolicy.position, p.c.policy_id)
        )
    if by == "technician":
        who = func.coalesce(Technician.name, "Nobody assigned")
        return (
            select(p.c.technician_id.label("key"), who.label("name"), *counts)
            .outerjoin(
                Technician,
                and_(Technician.tenant_id == context.tenant_id(), Technician.id == p.c.technician_id),
            )
            .group_by(p.c.technician_id, Technician.name)
            .order_by(who, p.c.technician_id)
        )
    return (
        select(p.c.month.label("key"), p.c.month.label("name"), *counts)
        .group_by(p.c.month)
        .order_by(p.c.month)
    )


def lines(by: str, filters: Filters) -> list[Line]:
    """The groups of a report."""
    return [Line(r.key, r.name, r.met, r.broken, r.excused, r.running) for r in rows(grouped(by, filters))]


def csv_rows(by: str, filters: Filters) -> Any:
    """The report as a file has it."""
    g = grouped(by, filters).subquery("groups")
    decided = g.c.met + g.c.broken
    kept = case((decided > 0, csv.percent(cast(g.c.met * 10_000 // decided, Integer))), else_="")
    return select(
        csv.safe(g.c.name).label(GROUPS[by]),
        g.c.met.label("Kept"),
        g.c.broken.label("Broken"),
        g.c.excused.label("Excused"),
        g.c.running.label("Running"),
        kept.label("Kept %"),
    )


def whole(found: list[Line]) -> Line:
    """All groups together."""
    return Line(None, "All", *(sum(getattr(line, o) for line in found) for o in OUTCOMES))
