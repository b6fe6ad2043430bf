"""Technicians' lanes over some days, in a fixed number of statements however many technicians and visits there are."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Double, Row, and_, cast, extract, func, or_, select

from webapp.dispatch.queries import lanes as dispatch
from webapp.kit import clock, context
from webapp.kit.db import rows
from webapp.models import (
    DispatchJob,
    DispatchProfile,
    JobEquipment,
    LaneBlock,
    Technician,
    TechnicianPosition,
    Visit,
    VisitTechnician,
)
from webapp.routing.rules import lanes

FRESH = timedelta(minutes=15)  # older positions say nothing about now


def read(
    first: date,
    last: date,
    zone: str,
    *,
    without_visit: int | None = None,
    technician_ids: Collection[int] | None = None,
) -> list[lanes.Lane]:
    """The lanes of everybody who is dispatched and works here between two local days, inclusive: six statements."""
    starts_at, ends_at = clock.day_bounds(first, zone)[0], clock.day_bounds(last, zone)[1]
    people = _people(first, last, technician_ids)
    wanted = [p.id for p in people]
    if not wanted:
        return []
    stops = _stops(wanted, starts_at, ends_at, without_visit)
    patterns = dispatch.shift_patterns(wanted, first, last)
    skills, zones = dispatch.skills_of(wanted), dispatch.zones_of(wanted)
    return [
        lanes.Lane(
            p.id, p.name, p.starts_on, p.ends_on, home := _place(p.latitude, p.longitude),
            _place(p.end_latitude, p.end_longitude) or home, _lunch(p), _seen(p), patterns.get(p.id, ()),
            skills.get(p.id, {}), zones.get(p.id, frozenset()), stops.get(p.id, ()),
        )
        for p in people
    ]  # fmt: skip


def _people(first: date, last: date, technician_ids: Collection[int] | None) -> Sequence[Row[Any]]:
    one, profile, seen = Technician, DispatchProfile, TechnicianPosition
    statement = (
        select(
            one.id, one.name, one.starts_on, one.ends_on, profile.latitude, profile.longitude, profile.end_latitude,
            profile.end_longitude, profile.lunch_minutes, profile.lunch_from, profile.lunch_until,
            seen.latitude.label("seen_latitude"), seen.longitude.label("seen_longitude"), seen.seen_at,
        )
        .outerjoin(profile, and_(profile.tenant_id == one.tenant_id, profile.technician_id == one.id))
        .outerjoin(seen, and_(seen.tenant_id == one.tenant_id, seen.technician_id == one.id))
        .where(
            one.tenant_id == context.tenant_id(),
            or_(one.starts_on.is_(None), one.starts_on <= last),
            or_(one.ends_on.is_(None), one.ends_on >= first),
            or_(profile.technician_id.is_(None), profile.dispatched),
        )
        .order_by(one.name, one.id)
    )  # fmt: skip
    if technician_ids is not None:
        statement = statement.where(one.id.in_(list(technician_ids)))
    return rows(statement)


def _stops(
    wanted: Sequence[int], starts_at: datetime, ends_at: datetime, without_visit: int | None
) -> dict[int, list[lanes.Stop]]:
    """What lies on each lane. Thousands of rows: the database makes the numbers that the rules count with."""
    tenant = context.tenant_id()
    sent, by = VisitTechnician, defaultdict[int, list[lanes.Stop]](list)
    for row in rows(
        select(
            sent.technician_id, _minute(func.floor, sent.starts_at), _minute(func.ceil, sent.ends_at), DispatchJob.title,
            cast(DispatchJob.latitude, Double), cast(DispatchJob.longitude, Double), sent.visit_id, Visit.status,
        )
        .join(Visit, and_(Visit.tenant_id == sent.tenant_id, Visit.id == sent.visit_id))
        .join(DispatchJob, and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id))
        .where(
            sent.tenant_id == tenant, sent.technician_id.in_(wanted),
            sent.starts_at > starts_at - timedelta(days=1), sent.starts_at < ends_at,
            sent.ends_at > starts_at, Visit.status != "cancelled", DispatchJob.held_at.is_(None),
            sent.visit_id != (without_visit or 0),
        )
        .order_by(sent.starts_at)
    ):  # fmt: skip
        technician_id, starts, ends, title, latitude, longitude, visit_id, status = tuple[Any, ...](row)
        place = None if latitude is None else (latitude, longitude)
        by[technician_id].append(lanes.Stop(starts, ends, title, place, "visit", visit_id, status))
    for row in rows(
        select(LaneBlock.id, LaneBlock.technician_id, LaneBlock.kind, LaneBlock.title, LaneBlock.starts_at, LaneBlock.ends_at)
        .where(LaneBlock.tenant_id == tenant, LaneBlock.technician_id.in_(wanted), LaneBlock.status == "approved",
               LaneBlock.starts_at < ends_at, LaneBlock.ends_at > starts_at)
        .order_by(LaneBlock.starts_at)
    ):  # fmt: skip
        by[row.technician_id].append(
            lanes.Stop(
                lanes.minute(row.starts_at), lanes.minute_up(row.ends_at), row.title, None, row.kind, row.id
            )
        )
    for each in by.values():
        each.sort(key=lambda s: (s.starts, s.ends))
    return by


def _minute(rounded: Any, column: Any) -> Any:
    """A moment as whole minutes since 1970."""
    return cast(rounded(extract("epoch", column) / 60), BigInteger)


def has_been_there(customer_id: int | None, equipment_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Who completed work for a customer or on some equipment: technician → (for the customer, on the equipment)."""
    if customer_id is None and not equipment_ids:
        return {}
    tenant = context.tenant_id()
    units = (
        select(JobEquipment.job_id)
        .where(JobEquipment.tenant_id == tenant, JobEquipment.equipment_id.in_(list(equipment_ids)))
        .scalar_subquery()
    )
    whose = []
    if customer_id is not None:
        whose.append(DispatchJob.customer_id == customer_id)
    if equipment_ids:
        whose.append(DispatchJob.id.in_(units))
    on_unit = (
        DispatchJob.id.in_(units).label("on_unit") if equipment_ids else (DispatchJob.id < 0).label("on_unit")
    )
    found: dict[int, tuple[int, int]] = {}
    for row in rows(
        select(VisitTechnician.technician_id, on_unit)
        .join(Visit, and_(Visit.tenant_id == VisitTechnician.tenant_id, Visit.id == VisitTechnician.visit_id))
        .join(DispatchJob, and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id))
        .where(VisitTechnician.tenant_id == tenant, Visit.status == "completed", or_(*whose))
        .limit(1000)
    ):
        customer, unit = found.get(row.technician_id, (0, 0))
        found[row.technician_id] = (customer + 1, unit + bool(row.on_unit))
    return found


def _lunch(row: Row[Any]) -> lanes.Lunch | None:
    return lanes.Lunch(row.lunch_minutes, row.lunch_from, row.lunch_until) if row.lunch_minutes else None


def _seen(row: Row[Any]) -> tuple[float, float] | None:
    if row.seen_at is None or clock.now() - row.seen_at > FRESH:
        return None
    return _place(row.seen_latitude, row.seen_longitude)


def _place(latitude: Any, longitude: Any) -> tuple[float, float] | None:
    return None if latitude is None or longitude is None else (float(latitude), float(longitude))
