"""Reading blocks, shifts, on-call turns and dispatch profiles."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, or_, select

from webapp.dispatch.rules import shifts as shift_rules
from webapp.kit import context
from webapp.kit.db import db, rows
from webapp.models import (
    DispatchJob,
    DispatchProfile,
    LaneBlock,
    OnCallTurn,
    Shift,
    Technician,
    Visit,
    VisitTechnician,
)

# Blocks -------------------------------------------------------------------------------------------------------------


def blocks_numbered(*, technician_id: int | None = None, kind: str = "", status: str = "", starts_from: datetime | None = None,
                    starts_before: datetime | None = None, updated_since: datetime | None = None) -> Any:  # fmt: skip
    """Blocks that lie at least partly in a span, by when they begin."""
    block = LaneBlock
    found: list[Any] = [block.tenant_id == context.tenant_id()]
    if technician_id is not None:
        found.append(block.technician_id == technician_id)
    if kind:
        found.append(block.kind == kind)
    if status:
        found.append(block.status == status)
    if starts_from is not None:
        found.append(block.ends_at > starts_from)
    if starts_before is not None:
        found.append(block.starts_at < starts_before)
    if updated_since is not None:
        found.append(block.updated_at >= updated_since)
    return select(block).where(*found).order_by(block.starts_at, block.id)


def same_kind(
    technician_id: int, kind: str, starts_at: datetime, ends_at: datetime, besides: int | None
) -> LaneBlock | None:
    """A block of the kind that stands on the lane at a time already."""
    return db.session.scalar(
        select(LaneBlock)
        .where(LaneBlock.tenant_id == context.tenant_id(), LaneBlock.technician_id == technician_id, LaneBlock.kind == kind,
               LaneBlock.status == "approved", LaneBlock.starts_at < ends_at, LaneBlock.ends_at > starts_at,
               LaneBlock.id != (besides or 0))
        .limit(1)
    )  # fmt: skip


def visits_under(
    technician_id: int, starts_at: datetime, ends_at: datetime, limit: int = 20
) -> Sequence[Row[Any]]:
    """Open visits of a technician that lie at least partly in a span."""
    return rows(
        select(Visit.id, Visit.job_id, Visit.status, Visit.scheduled_start, Visit.scheduled_end, DispatchJob.title,
               DispatchJob.customer_name)
        .join(VisitTechnician, and_(VisitTechnician.tenant_id == Visit.tenant_id, VisitTechnician.visit_id == Visit.id))
        .join(DispatchJob, and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id))
        .where(Visit.tenant_id == context.tenant_id(), VisitTechnician.technician_id == technician_id,
               VisitTechnician.starts_at > starts_at - timedelta(days=1), VisitTechnician.starts_at < ends_at,
               VisitTechnician.ends_at > starts_at, Visit.status.not_in(("completed", "cancelled")))
        .order_by(Visit.scheduled_start)
        .limit(limit)
    )  # fmt: skip


def leave(status: str, *, technician_id: int | None = None, limit: int = 100) -> Sequence[Row[Any]]:
    """Time off with its technician: requests that wait, the soonest first; what was decided, the latest first."""
    block = LaneBlock
    found: list[Any] = [block.tenant_id == context.tenant_id(), block.kind == "time_off"]
    if status:
        found.append(block.status == status)
    if technician_id is not None:
        found.append(block.technician_id == technician_id)
    order = block.starts_at if status == "requested" else block.starts_at.desc()
    return rows(
        select(block.id, block.technician_id, block.title, block.note, block.starts_at, block.ends_at, block.status, block.version,
               block.created_at, Technician.name, Technician.color)
        .join(Technician, and_(Technician.tenant_id == block.tenant_id, Technician.id == block.technician_id))
        .where(*found)
        .order_by(order, block.id)
        .limit(limit)
    )  # fmt: skip


def leave_waiting() -> int:
    """How many requests for time off wait."""
    return int(
        db.session.scalar(
            select(func.count()).where(
                LaneBlock.tenant_id == context.tenant_id(), LaneBlock.status == "requested"
            )
        )
        or 0
    )


# Shifts -------------------------------------------------------------------------------------------------------------


def shifts_numbered(*, technician_id: int | None = None, updated_since: datetime | None = None) -> Any:
    """Shifts in the order they were written down."""
    found: list[Any] = [Shift.tenant_id == context.tenant_id()]
    if technician_id is not None:
        found.append(Shift.technician_id == technician_id)
    if updated_since is not None:
        found.append(Shift.updated_at >= updated_since)
    return select(Shift).where(*found).order_by(Shift.id)


def shifts_of(
    technician_ids: Collection[int], *, on_dates_from: date | None = None
) -> dict[int, list[Shift]]:
    """The shifts of some technicians; of single days only those from a day on."""
    by: dict[int, list[Shift]] = defaultdict(list)
    if not technician_ids:
        return by
    statement = select(Shift).where(
        Shift.tenant_id == context.tenant_id(), Shift.technician_id.in_(list(technician_ids))
    )
    if on_dates_from is not None:
        statement = statement.where(or_(Shift.on_date.is_(None), Shift.on_date >= on_dates_from))
    for shift in db.session.scalars(
        statement.order_by(Shift.weekday, Shift.on_date, Shift.starts_minute, Shift.id)
    ):
        by[shift.technician_id].append(shift)
    return by


def pattern(shift: Shift) -> shift_rules.Pattern:
    """A shift as the rules read it."""
    return shift_rules.Pattern(
        shift.starts_minute,
        shift.ends_minute,
        shift.weekday,
        shift.on_date,
        shift.valid_from,
        shift.valid_until,
    )


# On call ------------------------------------------------------------------------------------------------------------


def turns_numbered(*, technician_id: int | None = None, starts_from: datetime | None = None,
                   starts_before: datetime | None = None, updated_since: datetime | None = None) -> Any:  # fmt: skip
    """Turns that lie at least partly in a span, by when they begin."""
    found: list[Any] = [OnCallTurn.tenant_id == context.tenant_id()]
    if technician_id is not None:
        found.append(OnCallTurn.technician_id == technician_id)
    if starts_from is not None:
        found.append(OnCallTurn.ends_at > starts_from)
    if starts_before is not None:
        found.append(OnCallTurn.starts_at < starts_before)
    if updated_since is not None:
        found.append(OnCallTurn.updated_at >= updated_since)
    return select(OnCallTurn).where(*found).order_by(OnCallTurn.starts_at, OnCallTurn.id)


def turns(starts_from: datetime, starts_before: datetime, limit: int = 200) -> Sequence[Row[Any]]:
    """The turns of a span with their technicians."""
    turn = OnCallTurn
    return rows(
        select(turn.id, turn.technician_id, turn.starts_at, turn.ends_at, turn.note, Technician.name, Technician.phone,
               Technician.color)
        .join(Technician, and_(Technician.tenant_id == turn.tenant_id, Technician.id == turn.technician_id))
        .where(turn.tenant_id == context.tenant_id(), turn.ends_at > starts_from, turn.starts_at < starts_before,
               turn.starts_at > starts_from - timedelta(days=32))
        .order_by(turn.starts_at, turn.id)
        .limit(limit)
    )  # fmt: skip


def on_call(moment: datetime) -> Sequence[Row[Any]]:
    """Who is on call at a moment."""
    return [
        row for row in turns(moment, moment + timedelta(seconds=1)) if row.starts_at <= moment < row.ends_at
    ]


def own_turn(
    technician_id: int, starts_at: datetime, ends_at: datetime, besides: int | None
) -> OnCallTurn | None:
    """Another turn of the technician's that shares time with a span."""
    return db.session.scalar(
        select(OnCallTurn)
        .where(OnCallTurn.tenant_id == context.tenant_id(), OnCallTurn.technician_id == technician_id,
               OnCallTurn.starts_at < ends_at, OnCallTurn.ends_at > starts_at, OnCallTurn.id != (besides or 0))
        .limit(1)
    )  # fmt: skip


# Profiles -----------------------------------------------------------------------------------------------------------


def staff(day: date, *, everybody: bool = False) -> Sequence[Row[Any]]:
    """Technicians who work here on a day with how they are dispatched, in the order of the lanes."""
    one, profile = Technician, DispatchProfile
    found: list[Any] = [one.tenant_id == context.tenant_id(), or_(one.ends_on.is_(None), one.ends_on >= day)]
    if not everybody:
        found.append(or_(profile.technician_id.is_(None), profile.dispatched))
    return rows(
        select(one.id, one.name, one.color, one.starts_on, one.ends_on, profile.technician_id.label("profiled"),
               func.coalesce(profile.dispatched, True).label("dispatched"), profile.start_address, profile.end_address,
               profile.latitude, profile.lunch_minutes, profile.lunch_from, profile.lunch_until,
               func.coalesce(profile.position, 0).label("position"))
        .outerjoin(profile, and_(profile.tenant_id == one.tenant_id, profile.technician_id == one.id))
        .where(*found)
        .order_by(func.coalesce(profile.position, 0), one.name, one.id)
    )  # fmt: skip


def profile_of(technician_id: int) -> DispatchProfile | None:
    """How a technician is dispatched; None: as everybody is at first."""
    return db.session.get(DispatchProfile, (context.tenant_id(), technician_id))


def profiles_numbered(updated_since: datetime | None = None) -> Any:
    """Profiles that were written down, by technician."""
    statement = select(DispatchProfile).where(DispatchProfile.tenant_id == context.tenant_id())
    if updated_since is not None:
        statement = statement.where(DispatchProfile.updated_at >= updated_since)
    return statement.order_by(DispatchProfile.technician_id)
