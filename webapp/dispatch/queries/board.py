"""The board: a day's or a week's lanes, what is on them, and what waits beside them. A fixed number of statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Double, Integer, Row, Uuid, and_, bindparam, case, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB

from webapp.dispatch.queries import lanes
from webapp.dispatch.rules import lateness, shifts, travel
from webapp.dispatch.settings import DispatchSettings
from webapp.kit import clock, context
from webapp.kit.db import columns
from webapp.models import (
    DispatchJob,
    DispatchProfile,
    Holiday,
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


def _degrees(column: Any) -> Any:
    # as what the board counts with: a decimal would be made first, for each visit
    return cast(column, Double).label(column.key)


_AS_STORED = (
    Visit.id, DispatchJob.id.label("job_id"), Visit.position, DispatchJob.title, DispatchJob.job_type, DispatchJob.priority,
    Visit.status, DispatchJob.hold_reason, DispatchJob.customer_id, DispatchJob.customer_name, DispatchJob.service_address,
    DispatchJob.service_city, DispatchJob.service_zip, DispatchJob.zone_id, DispatchJob.expected_minutes,
    DispatchJob.window_start, DispatchJob.window_end, Visit.scheduled_start, Visit.scheduled_end, Visit.pinned,
    func.nullif(DispatchJob.tags, literal([], JSONB)).label("tags"),  # most have none: an empty list needs no parser
    Visit.version,
)  # fmt: skip
_SHOWN = (
    *_AS_STORED, DispatchJob.customer_phone, _degrees(DispatchJob.latitude), _degrees(DispatchJob.longitude),
    DispatchJob.confirmed_at, DispatchJob.held_at, DispatchJob.hold_until, DispatchJob.price_cents,
    DispatchJob.version.label("job_version"), DispatchJob.created_at, Visit.dispatched_at, Visit.acknowledged_at,
    Visit.en_route_at, Visit.on_site_at, Visit.in_progress_at, Visit.completed_at,
)  # fmt: skip
_NAMES = tuple(column.key for column in _AS_STORED)


def as_stored(row: Row[Any]) -> dict[str, Any]:
    """What a visit's row gives partners as it stands, by name."""
    found = dict(zip(_NAMES, row, strict=False))
    found["tags"] = found["tags"] or []
    return found


# The statements are made once; what changes is bound.
_TENANT = bindparam("tenant", type_=Uuid())
_JOINED = and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id)
_VISITS = select(*_SHOWN).join(DispatchJob, _JOINED).where(Visit.tenant_id == _TENANT)
_ON_BOARD = _VISITS.where(
    Visit.scheduled_start < bindparam("ends_at"), Visit.scheduled_start > bindparam("day_before"),
    Visit.scheduled_end > bindparam("starts_at"), Visit.status.not_in(("pending", "cancelled")),
    DispatchJob.held_at.is_(None),
).order_by(Visit.scheduled_start, Visit.id)  # fmt: skip
_CREWS = (
    select(VisitTechnician.visit_id, VisitTechnician.technician_id)
    .where(VisitTechnician.tenant_id == _TENANT, VisitTechnician.starts_at < bindparam("ends_at"),
           VisitTechnician.starts_at > bindparam("day_before"))
    .order_by(VisitTechnician.starts_at, VisitTechnician.visit_id, VisitTechnician.lead.desc())
)  # fmt: skip
_BLOCKS = (
    select(LaneBlock.id, LaneBlock.technician_id, LaneBlock.kind, LaneBlock.title, LaneBlock.starts_at, LaneBlock.ends_at,
           LaneBlock.version, LaneBlock.note)
    .where(LaneBlock.tenant_id == _TENANT, LaneBlock.status == "approved", LaneBlock.starts_at < bindparam("ends_at"),
           LaneBlock.ends_at > bindparam("starts_at"))
    .order_by(LaneBlock.starts_at)
)  # fmt: skip
_PEOPLE = (
    select(
        Technician.id, Technician.name, Technician.color, Technician.phone, DispatchProfile.latitude.label("home_latitude"),
        DispatchProfile.longitude.label("home_longitude"), TechnicianPosition.latitude.label("seen_latitude"),
        TechnicianPosition.longitude.label("seen_longitude"), TechnicianPosition.seen_at,
    )
    .outerjoin(DispatchProfile, and_(DispatchProfile.tenant_id == Technician.tenant_id,
                                     DispatchProfile.technician_id == Technician.id))
    .outerjoin(TechnicianPosition, and_(TechnicianPosition.tenant_id == Technician.tenant_id,
                                        TechnicianPosition.technician_id == Technician.id))
    .where(
        Technician.tenant_id == _TENANT,
        or_(Technician.starts_on.is_(None), Technician.starts_on <= bindparam("last")),
        or_(Technician.ends_on.is_(None), Technician.ends_on >= bindparam("first")),
        or_(DispatchProfile.technician_id.is_(None), DispatchProfile.dispatched),
    )
    .order_by(func.coalesce(DispatchProfile.position, 0), Technician.name, Technician.id)
)  # fmt: skip
_HOLIDAYS = select(Holiday.on_date, Holiday.name).where(
    Holiday.tenant_id == _TENANT, Holiday.on_date.between(bindparam("first"), bindparam("last"))
)
_CLOCKS = (
    select(TimeEntry.technician_id, TimeEntry.clock_in, TimeBreak.kind, TimeBreak.started_at)
    .outerjoin(TimeBreak, and_(TimeBreak.tenant_id == TimeEntry.tenant_id, TimeBreak.entry_id == TimeEntry.id,
                               TimeBreak.ended_at.is_(None)))
    .where(TimeEntry.tenant_id == _TENANT, TimeEntry.clock_out.is_(None), TimeEntry.removed_at.is_(None))
)  # fmt: skip


def board(
    first: date,
    days: int,
    settings: DispatchSettings,
    zone: str,
    *,
    technician_ids: Sequence[int] | None = None,
    whole: bool = True,
) -> Board:
    """The lanes of every technician who is dispatched and works here in the span, or of some.

    Not `whole`: without what the board's page alone shows, the ways between the visits and who is clocked in.
    """
    starts_at = clock.day_bounds(first, zone)[0]
    ends_at = clock.day_bounds(first + timedelta(days=days - 1), zone)[1]
    people = _people(first, first + timedelta(days=days - 1), technician_ids)
    bounds = {"starts_at": starts_at, "ends_at": ends_at, "day_before": starts_at - timedelta(days=1)}
    visits = {row[0]: row for row in _read(_ON_BOARD, **bounds)}
    crews = _crews(_read(_CREWS, **bounds), visits)
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
    for block in _read(_BLOCKS, **bounds):
        if block.technician_id in by:
            by[block.technician_id].blocks.append(
                Block(block.id, block.kind, block.title, block.starts_at, block.ends_at, block.version, block.note)
            )  # fmt: skip
    for visit_id, crew in crews.items():
        for technician_id in crew:
            if technician_id in by:
                by[technician_id].visit_ids.append(visit_id)
    lanes_found = list(by.values())
    if whole:
        _drive(lanes_found, visits, settings.drive_mph)
        if starts_at <= clock.now() < ends_at:
            _clocks(by)
    return Board(
        first, days, starts_at, ends_at, lanes_found, visits, crews, _forecasts(lanes_found, visits, settings)
    )


def _read(statement: Any, **bound: Any) -> Sequence[Row[Any]]:
    return columns(statement, {"tenant": context.tenant_id(), **bound})


def holidays(first: date, days: int) -> dict[date, str]:
    """The company's holidays in a span, by day."""
    found = _read(_HOLIDAYS, first=first, last=first + timedelta(days=days - 1))
    return {row.on_date: row.name for row in found}


def _people(first: date, last: date, technician_ids: Sequence[int] | None) -> Sequence[Row[Any]]:
    some = _PEOPLE if technician_ids is None else _PEOPLE.where(Technician.id.in_(list(technician_ids)))
    return _read(some, first=first, last=last)


def _crews(found: Sequence[Row[Any]], visits: dict[int, Row[Any]]) -> dict[int, list[int]]:
    by: dict[int, list[int]] = defaultdict(list)
    for row in found:
        if row.visit_id in visits:
            by[row.visit_id].append(row.technician_id)
    return by


def _drive(found: Sequence[LaneOf], visits: dict[int, Row[Any]], mph: int) -> None:
    for lane in found:
        before: Row[Any] | None = None
        for number in lane.visit_ids:
            row = visits[number]
            if before is not None and before.latitude is not None and row.latitude is not None:
                lane.drives[number] = travel.minutes(
                    (before.latitude, before.longitude),
                    (row.latitude, row.longitude),
                    mph,
                )
            before = row


def _clocks(by: dict[int, LaneOf]) -> None:
    """Who is clocked in, and who is at lunch."""
    for row in _read(_CLOCKS):
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


_TAB: dict[str, tuple[Any, ...]] = {
    "unassigned": (Visit.status == "pending", DispatchJob.held_at.is_(None)),
    "unconfirmed": (
        DispatchJob.confirmed_at.is_(None), DispatchJob.held_at.is_(None), Visit.scheduled_start >= bindparam("now"),
        Visit.scheduled_start < bindparam("in_three_days"), Visit.status.in_(("pending", "dispatched", "acknowledged")),
    ),
    "on_hold": (DispatchJob.held_at.is_not(None), Visit.status.not_in(("completed", "cancelled"))),
    "alerts": (
        DispatchJob.held_at.is_(None),
        or_(
            and_(Visit.scheduled_start < bindparam("overdue"), Visit.scheduled_start > bindparam("week_ago"),
                 Visit.status.in_(("pending", "dispatched", "acknowledged"))),
            and_(DispatchJob.priority == "urgent", Visit.status == "pending"),
        ),
    ),
}  # fmt: skip
_RANK = case({"urgent": 0, "high": 1, "normal": 2, "low": 3}, value=DispatchJob.priority)
_TRAY = {
    tab: _VISITS.where(DispatchJob.status.in_(OPEN), *conditions)
    .order_by(_RANK, Visit.scheduled_start.asc().nulls_last(), Visit.id)
    .limit(bindparam("most", type_=Integer()))
    for tab, conditions in _TAB.items()
}
_COUNTS = (
    select(*(func.count().filter(*_TAB[tab]).label(tab) for tab in TABS))
    .select_from(Visit)
    .join(DispatchJob, _JOINED)
    .where(
        Visit.tenant_id == _TENANT,
        Visit.status.not_in(("completed", "cancelled")),
        DispatchJob.status.in_(OPEN),
    )
)


def _moments(*tabs: str) -> dict[str, datetime]:
    """What the conditions of some tabs compare with."""
    now = clock.now()
    found: dict[str, datetime] = {}
    if "unconfirmed" in tabs:
        found |= {"now": now, "in_three_days": now + timedelta(days=3)}
    if "alerts" in tabs:
        found |= {"overdue": now - lateness.GRACE, "week_ago": now - timedelta(days=7)}
    return found


def tray(
    tab: str, limit: int = TRAY, *, zone_ids: Sequence[int] = (), job_types: Sequence[str] = ()
) -> Sequence[Row[Any]]:
    """Visits that wait beside the lanes: nobody assigned, not confirmed, on hold, or in trouble. Urgent ones first."""
    return _read(_narrowed(_TRAY[tab], zone_ids, job_types), most=limit, **_moments(tab))


def _narrowed(statement: Any, zone_ids: Sequence[int], job_types: Sequence[str]) -> Any:
    if zone_ids:
        statement = statement.where(DispatchJob.zone_id.in_(zone_ids))
    return statement.where(DispatchJob.job_type.in_(job_types)) if job_types else statement


def tray_counts(*, zone_ids: Sequence[int] = (), job_types: Sequence[str] = ()) -> dict[str, int]:
    """How many wait in each tab, in one statement."""
    row = _read(_narrowed(_COUNTS, zone_ids, job_types), **_moments(*TABS))[0]
    return {tab: int(getattr(row, tab)) for tab in TABS}


def accepted(visit_id: int) -> str:
    """The reason for which a clash of a visit's present place was accepted; empty where none was in the way."""
    found = columns(
        select(VisitTechnician.override_reason).where(
            VisitTechnician.tenant_id == context.tenant_id(), VisitTechnician.visit_id == visit_id
        )
    )
    return next((row.override_reason for row in found if row.override_reason), "")


def one(visit_id: int) -> Row[Any] | None:
    """A visit with what the board shows of its job."""
    return next(iter(_read(_VISITS.where(Visit.id == visit_id))), None)
