"""A month or a week of jobs: how many there are on each day, and the first of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, and_, exists, func, select

from webapp.kit import clock, context
from webapp.kit.db import rows
from webapp.models import DispatchJob, Holiday, Technician, Visit, VisitTechnician


@dataclass(slots=True)
class Day:
    """A day of the calendar. `visits` are the first of `total`."""

    total: int = 0
    waiting: int = 0  # with a time, and nobody assigned
    minutes: int = 0
    visits: list[Row[Any]] = field(default_factory=list)
    holiday: str = ""


def days(
    first: date, last: date, zone: str, *, each: int, technician_ids: Sequence[int] = (), zone_ids: Sequence[int] = (),
    job_types: Sequence[str] = (),
) -> dict[date, Day]:  # fmt: skip
    """The days from `first` to `last` with at most `each` visits of theirs, earliest first. Two statements."""
    tenant = context.tenant_id()
    starts_at, ends_at = clock.day_bounds(first, zone)[0], clock.day_bounds(last, zone)[1]
    # a literal, because the same expression must group and be shown
    day = func.date(func.timezone(zone, Visit.scheduled_start))
    conditions: list[Any] = [
        Visit.tenant_id == tenant, Visit.scheduled_start >= starts_at, Visit.scheduled_start < ends_at,
        Visit.status != "cancelled", DispatchJob.held_at.is_(None),
    ]  # fmt: skip
    if zone_ids:
        conditions.append(DispatchJob.zone_id.in_(zone_ids))
    if job_types:
        conditions.append(DispatchJob.job_type.in_(job_types))
    if technician_ids:
        conditions.append(
            exists().where(VisitTechnician.tenant_id == Visit.tenant_id, VisitTechnician.visit_id == Visit.id,
                           VisitTechnician.technician_id.in_(technician_ids))
        )  # fmt: skip
    length = func.extract("epoch", Visit.scheduled_end - Visit.scheduled_start) / 60
    inner = (
        select(
            Visit.id, Visit.job_id, Visit.status, Visit.scheduled_start, Visit.scheduled_end, DispatchJob.title,
            DispatchJob.priority, DispatchJob.job_type, DispatchJob.customer_name, DispatchJob.service_city,
            DispatchJob.confirmed_at, day.label("day"),
            func.row_number().over(partition_by=day, order_by=(Visit.scheduled_start, Visit.id)).label("nth"),
            func.count().over(partition_by=day).label("total"),
            func.count().filter(Visit.status == "pending").over(partition_by=day).label("waiting"),
            func.sum(length).over(partition_by=day).label("minutes"),
        )
        .join(DispatchJob, and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id))
        .where(*conditions)
        .subquery()
    )  # fmt: skip
    found = {first + timedelta(days=n): Day() for n in range((last - first).days + 1)}
    statement = (
        select(inner, Technician.name.label("technician"), Technician.color)
        .outerjoin(VisitTechnician, and_(VisitTechnician.tenant_id == tenant, VisitTechnician.visit_id == inner.c.id,
                                         VisitTechnician.lead))
        .outerjoin(Technician, and_(Technician.tenant_id == tenant, Technician.id == VisitTechnician.technician_id))
        .where(inner.c.nth <= each)
        .order_by(inner.c.scheduled_start, inner.c.id)
    )  # fmt: skip
    for row in rows(statement):
        one = found[row.day]
        one.total, one.waiting, one.minutes = row.total, row.waiting, int(row.minutes)
        one.visits.append(row)
    for row in rows(
        select(Holiday.on_date, Holiday.name).where(
            Holiday.tenant_id == tenant, Holiday.on_date.between(first, last)
        )
    ):
        found[row.on_date].holiday = row.name
    return found
