"""Reading corrections, with what the time was before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from webapp.kit import context, listing, search
from webapp.kit.db import db, rows
from webapp.kit.tables import AuditEntry
from webapp.models import Technician, TimeCorrection, TimeEntry, User

Requester, Decider = aliased(User), aliased(User)
APPROVED = "time.correction-approved"

SORTS = {
    "id": listing.Sort(TimeCorrection.id, descending=True),
    "technician": listing.Sort(Technician.name),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of corrections is narrowed to."""

    statuses: tuple[str, ...] = ()
    technician_ids: tuple[int, ...] = ()
    q: str = ""


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    found = [TimeCorrection.tenant_id == context.tenant_id()]
    if filters.statuses:
        found.append(TimeCorrection.status.in_(filters.statuses))
    if filters.technician_ids:
        found.append(TimeCorrection.technician_id.in_(filters.technician_ids))
    return [*found, *search.conditions("technician", filters.q, TimeCorrection.technician_id)]


def listed(filters: Filters) -> Any:
    """Rows of the queue: what is asked, what the entry is now, who asked and who decided."""
    c = TimeCorrection
    statement = (
        select(
            c.id, c.technician_id, c.entry_id, c.clock_in, c.clock_out, c.break_minutes, c.remove, c.reason, c.status,
            c.requested_by, c.decided_by, c.decided_at, c.decision_note, c.created_at, c.updated_at,
            Technician.name.label("technician_name"), Requester.name.label("requested_by_name"),
            Decider.name.label("decided_by_name"),
            TimeEntry.clock_in.label("entry_clock_in"), TimeEntry.clock_out.label("entry_clock_out"),
            TimeEntry.break_minutes.label("entry_break_minutes"), TimeEntry.flag.label("entry_flag"),
            TimeEntry.updated_at.label("entry_updated_at"), TimeEntry.removed_at.label("entry_removed_at"),
        )
        .join(Technician, and_(Technician.tenant_id == c.tenant_id, Technician.id == c.technician_id))
        .outerjoin(TimeEntry, and_(TimeEntry.tenant_id == c.tenant_id, TimeEntry.id == c.entry_id))
        .outerjoin(Requester, and_(Requester.tenant_id == c.tenant_id, Requester.id == c.requested_by))
        .outerjoin(Decider, and_(Decider.tenant_id == c.tenant_id, Decider.id == c.decided_by))
    )  # fmt: skip
    return statement.where(*conditions(filters))


def one(correction_id: int) -> Any | None:
    """A row of :func:`listed`."""
    return db.session.execute(listed(Filters()).where(TimeCorrection.id == correction_id)).one_or_none()


def numbered(filters: Filters, updated_since: datetime | None = None) -> Any:
    """Rows of :func:`listed` for the API, the latest first."""
    statement = listed(filters)
    if updated_since is not None:
        statement = statement.where(TimeCorrection.updated_at >= updated_since)
    return statement.order_by(TimeCorrection.id.desc())


def before(found: Iterable[Any]) -> dict[int, Mapping[str, Any] | None]:
    """What the time was before each correction, by its id; None where there was no entry.

    While nothing is decided, and where it was turned down, that is the entry as it stands; afterwards it is what the
    audit log says was changed. One statement, however many.
    """
    wanted = list(found)
    was: dict[int, Mapping[str, Any] | None] = {}
    for row in wanted:
        was[row.id] = None
        if row.entry_clock_in is not None:
            was[row.id] = {
                "clock_in": row.entry_clock_in,
                "clock_out": row.entry_clock_out,
                "break_minutes": row.entry_break_minutes,
            }
    changed = [row.id for row in wanted if row.status == "approved"]
    if changed:
        statement = select(AuditEntry.record_id, AuditEntry.payload["was"].label("was")).where(
            AuditEntry.tenant_id == context.tenant_id(),
            AuditEntry.record_type == "time_correction",
            AuditEntry.record_id.in_(changed),
            AuditEntry.action == APPROVED,
        )
        for entry in rows(statement):
            was[entry.record_id] = _read(entry.was)
    return was


def _read(was: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if not was:
        return None
    return {
        "clock_in": datetime.fromisoformat(was["clock_in"]),
        "clock_out": datetime.fromisoformat(was["clock_out"]) if was["clock_out"] else None,
        "break_minutes": was["break_minutes"],
    }


def pending_of(entry_id: int) -> TimeCorrection | None:
    """The undecided correction of an entry."""
    statement = select(TimeCorrection).where(
        TimeCorrection.tenant_id == context.tenant_id(),
        TimeCorrection.entry_id == entry_id,
        TimeCorrection.status == "pending",
    )
    return db.session.scalar(statement.limit(1))


def pending_for(technician_id: int) -> dict[int, int]:
    """A technician's undecided corrections: their ids by entry; under 0 those of missing entries, the latest."""
    statement = select(TimeCorrection.id, TimeCorrection.entry_id).where(
        TimeCorrection.tenant_id == context.tenant_id(),
        TimeCorrection.technician_id == technician_id,
        TimeCorrection.status == "pending",
    )
    return {row.entry_id or 0: row.id for row in rows(statement)}


def pending_count() -> int:
    statement = select(func.count()).where(
        TimeCorrection.tenant_id == context.tenant_id(), TimeCorrection.status == "pending"
    )
    return int(db.session.scalar(statement) or 0)


def oldest_pending() -> Any | None:
    """The correction that waits longest: its moment and the technician's name."""
    statement = (
        select(TimeCorrection.id, TimeCorrection.created_at, Technician.name)
        .join(Technician, and_(Technician.tenant_id == TimeCorrection.tenant_id,
                               Technician.id == TimeCorrection.technician_id))
        .where(TimeCorrection.tenant_id == context.tenant_id(), TimeCorrection.status == "pending")
        .order_by(TimeCorrection.id)
        .limit(1)
    )  # fmt: skip
    return db.session.execute(statement).one_or_none()


def pending_moments(technician_ids: Iterable[int]) -> list[tuple[int, datetime]]:
    """Technicians' undecided corrections as pairs of technician and a moment of each time they are about."""
    wanted = list(technician_ids)
    if not wanted:
        return []
    statement = (
        select(TimeCorrection.technician_id, TimeCorrection.clock_in, TimeEntry.clock_in.label("entry_in"))
        .outerjoin(TimeEntry, and_(TimeEntry.tenant_id == TimeCorrection.tenant_id,
                                   TimeEntry.id == TimeCorrection.entry_id))
        .where(TimeCorrection.tenant_id == context.tenant_id(), TimeCorrection.status == "pending",
               TimeCorrection.technician_id.in_(wanted))
    )  # fmt: skip
    return [
        (row.technician_id, moment)
        for row in rows(statement)
        for moment in (row.clock_in, row.entry_in)
        if moment is not None
    ]


def in_week(technician_id: int, bounds: tuple[datetime, datetime]) -> list[Any]:
    """A technician's undecided corrections about time between two moments, as rows of :func:`listed`."""
    start, end = bounds
    about = or_(
        and_(
            TimeCorrection.clock_in < end,
            func.coalesce(TimeCorrection.clock_out, TimeCorrection.clock_in) >= start,
        ),
        and_(TimeEntry.clock_in < end, func.coalesce(TimeEntry.clock_out, TimeEntry.clock_in) >= start),
    )
    return list(
        rows(listed(Filters(("pending",), (technician_id,))).where(about).order_by(TimeCorrection.id))
    )


def of_technician(technician_id: int, limit: int = 10) -> list[Any]:
    """A technician's latest corrections, as rows of :func:`listed`."""
    statement = listed(Filters(technician_ids=(technician_id,)))
    return list(rows(statement.order_by(TimeCorrection.id.desc()).limit(limit)))
