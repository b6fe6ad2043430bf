"""The board: a day's or a week's lanes, what is on them, and what waits beside them. A fixed number of statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, case, func, or_, select

from webapp.dispatch.queries import lanes
from webapp.dispatch.rules import lateness, shifts, travel
from webapp.dispatch.settings import DispatchSettings
from webapp.kit import clock, context
from webapp.kit.db import rows
from webapp.models import (
    DispatchJob,
    DispatchProfile,
    LaneBlock,
    Technician,
    TechnicianPosition,
    TimeBreak,
    TimeEntry,
    Visit,
    VisitTechnician,
)

TRAY = 200  # jobs that a tab of the tray shows
FRESH = timedelta(minutes=15)  # older positions say nothing about now


@dataclass(frozen=True, slots=True)
class Block:
    """Time on a lane that is no job."""

    id: int
    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime
    version: int
    note: str = ""


@dataclass(slots=True)
class LaneOf:
    """A technician's lane. `hours`: what they work, UTC; `visit_ids` in their order."""

    id: int
    name: str
    color: str
    phone: str
    hours: list[tuple[datetime, datetime]]
    scheduled_hours: bool  # False: nobody wrote shifts down, these are the company's hours
    blocks: list[Block] = field(default_factory=list)
    visit_ids: list[int] = field(default_factory=list)
    position: travel.Place | None = None
    position_at: datetime | None = None
    home: travel.Place | None = None
    drives: dict[int, int] = field(default_factory=dict)  # by visit: minutes from the visit before it
    clocked_in_at: datetime | None = None
    break_kind: str = ""  # lunch, rest: the break under way
    break_since: datetime | None = None


@dataclass(slots=True)
class Board:
    """What is shown between two moments, the end excluded."""

    first: date
    days: int
    starts_at: datetime
    ends_at: datetime
    lanes: list[LaneOf]
    visits: dict[int, Row[Any]]  # by visit, with the job's columns
    crews: dict[int, list[int]]  # technician ids by visit, the lead first
    forecasts: dict[int, lateness.Forecast]


_SHOWN = (
    DispatchJob.id.label("job_id"), DispatchJob.title, DispatchJob.job_type, DispatchJob.priority, DispatchJob.customer_id,
    DispatchJob.customer_name, DispatchJob.customer_phone, DispatchJob.service_address, DispatchJob.service_city,
    DispatchJob.service_zip, DispatchJob.latitude, DispatchJob.longitude, DispatchJob.zone_id,
    DispatchJob.expected_minutes, DispatchJob.window_start, DispatchJob.window_end, DispatchJob.confirmed_at,
    DispatchJob.held_at, DispatchJob.hold_reason, DispatchJob.hold_until, DispatchJob.tags, DispatchJob.price_cents,
    DispatchJob.version.label("job_version"), DispatchJob.created_at,
    Visit.id, Visit.position, Visit.status, Visit.scheduled_start, Visit.scheduled_end, Visit.pinned, Visit.version,
    Visit.dispatched_at, Visit.acknowledged_at, Visit.en_route_at, Visit.on_site_at, Visit.in_progress_at, Visit.completed_at,
)  # fmt: skip


def _visits() -> Any:
    tenant = context.tenant_id()
    joined = and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id)
    return select(*_SHOWN).join(DispatchJob, joined).where(Visit.tenant_id == tenant)


def board(
    first: date,
    days: int,
    settings: DispatchSettings,
    zone: str,
    *,
    technician_ids: Sequence[int] | None = None,
) -> Board:
    """The lanes of every technician who is dispatched and works here in the span, or of some."""
    starts_at = clock.day_bounds(first, zone)[0]
    ends_at = clock.day_bounds(first + timedelta(days=days - 1), zone)[1]
    people = _people(first, first + timedelta(days=days - 1), technician_ids)
    found = rows(
        _visits().where(
            Visit.scheduled_start < ends_at, Visit.scheduled_start > starts_at - timedelta(days=1),
            Visit.scheduled_end > starts_at, Visit.status.not_in(("pending", "cancelled")), DispatchJob.held_at.is_(None),
        ).order_by(Visit.scheduled_start, Visit.id)
    )  # fmt: skip
    visits = {row.id: row for row in found}
    crews = _crews(starts_at, ends_at, visits)
    wanted = [p.id for p in people]
    patterns = lanes.shift_patterns(wanted, first, first + timedelta(days=days - 1)) if wanted else {}
    span = [first + timedelta(days=n) for n in range(days)]
    by = {
        p.id: LaneOf(
            p.id, p.name, p.color, p.phone,
            shifts.spans(patterns.get(p.id, ()), span, zone, settings.business_hours),
            shifts.of_day(patterns.get(p.id, ()), first) is not None,
            position=_place(p.seen_latitude, p.seen_longitude) if _is_fresh(p.seen_at) else None, position_at=p.seen_at,
            home=_place(p.home_latitude, p.home_longitude),
        )
        for p in people
    }  # fmt: skip
    for block in _blocks(wanted, starts_at, ends_at):
        by[block.technician_id].blocks.append(
            Block(
                block.id, block.kind, block.title, block.starts_at, block.ends_at, block.version, block.note
            )
        )
    for visit_id, crew in crews.items():
        for technician_id in crew:
            if technician_id in by:
                by[technician_id].visit_ids.append(visit_id)
    lanes_found = list(by.values())
    _drive(lanes_found, visits, settings.drive_mph)
    if starts_at <= clock.now() < ends_at:
        _clocks(by)
    return Board(
        first, days, starts_at, ends_at, lanes_found, visits, crews, _forecasts(lanes_found, visits, settings)
    )


def _people(first: date, last: date, technician_ids: Sequence[int] | None) -> Sequence[Row[Any]]:
    tenant, one, profile, seen = context.tenant_id(), Technician, DispatchProfile, TechnicianPosition
    statement = (
        select(
            one.id, one.name, one.color, one.phone, profile.latitude.label("home_latitude"),
            profile.longitude.label("home_longitude"), seen.latitude.label("seen_latitude"),
            seen.longitude.label("seen_longitude"), seen.seen_at,
        )
        .outerjoin(profile, and_(profile.tenant_id == one.tenant_id, profile.technician_id == one.id))
        .outerjoin(seen, and_(seen.tenant_id == one.tenant_id, seen.technician_id == one.id))
        .where(
            one.tenant_id == tenant,
            or_(one.starts_on.is_(None), one.starts_on <= last),
            or_(one.ends_on.is_(None), one.ends_on >= first),
            or_(profile.technician_id.is_(None), profile.dispatched),
        )
        .order_by(func.coalesce(profile.position, 0), one.name, one.id)
    )  # fmt: skip
    if technician_ids is not None:
        statement = statement.where(one.id.in_(list(technician_ids)))
    return rows(statement)


def _crews(starts_at: datetime, ends_at: datetime, visits: dict[int, Row[Any]]) -> dict[int, list[int]]:
    by: dict[int, list[int]] = defaultdict(list)
    for row in rows(
        select(VisitTechnician.visit_id, VisitTechnician.technician_id)
        .where(
            VisitTechnician.tenant_id == context.tenant_id(),
            VisitTechnician.starts_at < ends_at, VisitTechnician.starts_at > starts_at - timedelta(days=1),
        )
        .order_by(VisitTechnician.starts_at, VisitTechnician.visit_id, VisitTechnician.lead.desc())
    ):  # fmt: skip
        if row.visit_id in visits:
            by[row.visit_id].append(row.technician_id)
    return by


def _blocks(wanted: Sequence[int], starts_at: datetime, ends_at: datetime) -> Sequence[Row[Any]]:
    if not wanted:
        return ()
    return rows(
        select(LaneBlock.id, LaneBlock.technician_id, LaneBlock.kind, LaneBlock.title, LaneBlock.starts_at,
               LaneBlock.ends_at, LaneBlock.version, LaneBlock.note)
        .where(LaneBlock.tenant_id == context.tenant_id(), LaneBlock.technician_id.in_(list(wanted)),
               LaneBlock.status == "approved", LaneBlock.starts_at < ends_at, LaneBlock.ends_at > starts_at)
        .order_by(LaneBlock.starts_at)
    )  # fmt: skip


def _drive(found: Sequence[LaneOf], visits: dict[int, Row[Any]], mph: int) -> None:
    for lane in found:
        before: Row[Any] | None = None
        for number in lane.visit_ids:
            row = visits[number]
            if before is not None and before.latitude is not None and row.latitude is not None:
                lane.drives[number] = travel.minutes(
                    (float(before.latitude), float(before.longitude)),
                    (float(row.latitude), float(row.longitude)),
                    mph,
                )
            before = row


def _clocks(by: dict[int, LaneOf]) -> None:
    """Who is clocked in, and who is at lunch."""
    if not by:
        return
    rest = and_(
        TimeBreak.tenant_id == TimeEntry.tenant_id,
        TimeBreak.entry_id == TimeEntry.id,
        TimeBreak.ended_at.is_(None),
    )
    for row in rows(
        select(TimeEntry.technician_id, TimeEntry.clock_in, TimeBreak.kind, TimeBreak.started_at)
        .outerjoin(TimeBreak, rest)
        .where(
            TimeEntry.tenant_id == context.tenant_id(),
            TimeEntry.clock_out.is_(None),
            TimeEntry.removed_at.is_(None),
        )
    ):
        lane = by.get(row.technician_id)
        if lane is not None:
            lane.clocked_in_at, lane.break_kind, lane.break_since = (
                row.clock_in,
                row.kind or "",
                row.started_at,
            )


def _forecasts(
    found: Sequence[LaneOf], visits: dict[int, Row[Any]], settings: DispatchSettings
) -> dict[int, lateness.Forecast]:
    stops = {lane.id: [_stop(visits[n]) for n in lane.visit_ids] for lane in found}
    return lateness.of_lanes(
        stops, clock.now(), settings.drive_mph, {lane.id: lane.position for lane in found if lane.position},
        {lane.id: [(b.starts_at, b.ends_at) for b in lane.blocks] for lane in found},
    )  # fmt: skip


def _stop(row: Row[Any]) -> lateness.Stop:
    return lateness.Stop(
        row.id, row.status, row.scheduled_start, row.scheduled_end, row.window_end or row.scheduled_start,
        _place(row.latitude, row.longitude), row.en_route_at, row.on_site_at, row.completed_at,
    )  # fmt: skip


def _place(latitude: Any, longitude: Any) -> travel.Place | None:
    return None if latitude is None else (float(latitude), float(longitude))


def _is_fresh(seen_at: datetime | None) -> bool:
    return seen_at is not None and clock.now() - seen_at <= FRESH


# The tray -----------------------------------------------------------------------------------------------------------

TABS = ("unassigned", "unconfirmed", "on_hold", "alerts")
# a job whose visits are not all over; its index keeps the tray fast however many jobs there ever were
OPEN = ("pending", "dispatched", "acknowledged", "en_route", "on_site", "in_progress")


def _tab(tab: str, now: datetime) -> list[Any]:
    if tab == "on_hold":
        return [DispatchJob.held_at.is_not(None), Visit.status.not_in(("completed", "cancelled"))]
    if tab == "unconfirmed":
        return [
            DispatchJob.confirmed_at.is_(None), DispatchJob.held_at.is_(None), Visit.scheduled_start >= now,
            Visit.scheduled_start < now + timedelta(days=3), Visit.status.in_(("pending", "dispatched", "acknowledged")),
        ]  # fmt: skip
    if tab == "alerts":
        return [
            DispatchJob.held_at.is_(None),
            or_(
                and_(Visit.scheduled_start < now - lateness.GRACE, Visit.scheduled_start > now - timedelta(days=7),
                     Visit.status.in_(("pending", "dispatched", "acknowledged"))),
                and_(DispatchJob.priority == "urgent", Visit.status == "pending"),
            ),
        ]  # fmt: skip
    return [Visit.status == "pending", DispatchJob.held_at.is_(None)]


def tray(
    tab: str, limit: int = TRAY, *, zone_ids: Sequence[int] = (), job_types: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """Visits that wait beside the lanes: nobody assigned, not confirmed, on hold, or in trouble. Urgent ones first."""
    rank = case({"urgent": 0, "high": 1, "normal": 2, "low": 3}, value=DispatchJob.priority)
    return rows(
        _visits()
        .where(DispatchJob.status.in_(OPEN), *_tab(tab, clock.now()), *_narrowed(zone_ids, job_types))
        .order_by(rank, Visit.scheduled_start.asc().nulls_last(), Visit.id)
        .limit(limit)
    )


def _narrowed(zone_ids: Sequence[int], job_types: Sequence[str]) -> list[Any]:
    found: list[Any] = [DispatchJob.zone_id.in_(zone_ids)] if zone_ids else []
    return [*found, DispatchJob.job_type.in_(job_types)] if job_types else found


def tray_counts(*, zone_ids: Sequence[int] = (), job_types: Sequence[str] = ()) -> dict[str, int]:
    """How many wait in each tab, in one statement."""
    now = clock.now()
    row = rows(
        select(*(func.count().filter(*_tab(tab, now)).label(tab) for tab in TABS))
        .select_from(Visit)
        .join(DispatchJob, and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id))
        .where(Visit.tenant_id == context.tenant_id(), Visit.status.not_in(("completed", "cancelled")),
               DispatchJob.status.in_(OPEN), *_narrowed(zone_ids, job_types))
    )[0]  # fmt: skip
    return {tab: int(getattr(row, tab)) for tab in TABS}


def accepted(visit_id: int) -> str:
    """The reason for which a clash of a visit's present place was accepted; empty where none was in the way."""
    found = rows(
        select(VisitTechnician.override_reason).where(
            VisitTechnician.tenant_id == context.tenant_id(), VisitTechnician.visit_id == visit_id
        )
    )
    return next((row.override_reason for row in found if row.override_reason), "")


def one(visit_id: int) -> Row[Any] | None:
    """A visit with what the board shows of its job."""
    return next(iter(rows(_visits().where(Visit.id == visit_id))), None)
