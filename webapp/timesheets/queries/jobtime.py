"""Reading what visits took."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from webapp.kit import clock, context
from webapp.kit.db import db
from webapp.models import JobTime
from webapp.timesheets import rules


@dataclass(frozen=True, slots=True)
class JobMinutes:
    """Whole minutes that all technicians together spent on a visit; what still runs counts until now."""

    travel: int = 0
    work: int = 0

    @property
    def total(self) -> int:
        return self.travel + self.work


def job_minutes(visit_ids: Iterable[int]) -> dict[int, JobMinutes]:
    """What visits took so far, by visit; zeros for one without any time."""
    wanted = list(visit_ids)
    sums = {visit_id: {"travel": 0, "work": 0} for visit_id in wanted}
    if wanted:
        now = clock.now()
        statement = select(JobTime).where(
            JobTime.tenant_id == context.tenant_id(), JobTime.visit_id.in_(wanted)
        )
        for row in db.session.scalars(statement):
            sums[row.visit_id][row.kind] += rules.between(row.started_at, row.ended_at or now)
    return {visit_id: JobMinutes(**found) for visit_id, found in sums.items()}


def running_job_times(technician_id: int) -> list[JobTime]:
    """What a technician is on now, read afresh."""
    statement = select(JobTime).where(
        JobTime.tenant_id == context.tenant_id(),
        JobTime.technician_id == technician_id,
        JobTime.ended_at.is_(None),
    )
    return list(db.session.scalars(statement.execution_options(populate_existing=True)))


def job_times(technician_ids: Collection[int], start: datetime, end: datetime) -> dict[int, list[JobTime]]:
    """What technicians did on visits between two moments, by technician; a piece longer than a day is none."""
    found: dict[int, list[JobTime]] = defaultdict(list)
    if technician_ids:
        statement = select(JobTime).where(
            JobTime.tenant_id == context.tenant_id(),
            JobTime.technician_id.in_(technician_ids),
            JobTime.started_at >= start - rules.LONGEST,
            JobTime.started_at < end,
            or_(JobTime.ended_at.is_(None), JobTime.ended_at > start),
        )
        for row in db.session.scalars(statement.order_by(JobTime.started_at)):
            found[row.technician_id].append(row)
    return found
