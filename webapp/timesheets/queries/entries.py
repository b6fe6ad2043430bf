"""Reading time entries and their breaks."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, any_, case, cast, func, literal, or_, select

from webapp.kit import clock, context, csv, listing, search
from webapp.kit.db import db, rows
from webapp.models import DispatchJob, JobTime, Technician, TimeBreak, TimeEntry, Visit
from webapp.timesheets import rules
from webapp.timesheets.queries.basis import bounds, missing_after, zone

# Who is in ------------------------------------------------------------------------------------------------


def clocked_in(technician_ids: Collection[int] | None = None) -> dict[int, TimeEntry]:
    """The running entry of each technician who is clocked in, by technician; of everybody when none are named."""
    statement = select(TimeEntry).where(_running())
    if technician_ids is not None:
        if not technician_ids:
            return {}
        statement = statement.where(TimeEntry.technician_id.in_(technician_ids))
    return {entry.technician_id: entry for entry in db.session.scalars(statement)}


def running(technician_id: int) -> TimeEntry | None:
    """The entry in which a technician is clocked in, read afresh."""
    statement = select(TimeEntry).where(_running(), TimeEntry.technician_id == technician_id)
    return db.session.scalar(statement.execution_options(populate_existing=True))


def forgotten(clocked_in_by: datetime, limit: int = 500) -> Sequence[TimeEntry]:
    """Running entries that began by a moment and are not flagged as forgotten yet, the oldest first."""
    statement = select(TimeEntry).where(
        _running(), TimeEntry.clock_in <= clocked_in_by, ~flagged("missing_clock_out")
    )
    return db.session.scalars(statement.order_by(TimeEntry.clock_in, TimeEntry.id).limit(limit)).all()


def _running() -> ColumnElement[bool]:
    return and_(
        TimeEntry.tenant_id == context.tenant_id(),
        TimeEntry.clock_out.is_(None),
        TimeEntry.removed_at.is_(None),
    )


def present() -> Sequence[Any]:
    """Who is clocked in now, the longest first: the entry, the technician's name, and the visit they are on."""
    on = (
        select(DispatchJob.title, DispatchJob.id, JobTime.kind, JobTime.technician_id)
        .join(Visit, and_(Visit.tenant_id == DispatchJob.tenant_id, Visit.job_id == DispatchJob.id))
        .join(JobTime, and_(JobTime.tenant_id == Visit.tenant_id, JobTime.visit_id == Visit.id))
        .where(DispatchJob.tenant_id == context.tenant_id(), JobTime.ended_at.is_(None),
               JobTime.technician_id == TimeEntry.technician_id, JobTime.started_at >= TimeEntry.clock_in)
        .order_by(JobTime.started_at.desc())
        .limit(1)
        .lateral("on_visit")
    )  # fmt: skip
    statement = (
        select(TimeEntry, Technician.name, Technician.phone, on.c.title, on.c.kind)
        .join(Technician, _technician())
        .outerjoin(on, literal(value=True))
        .where(_running())
        .order_by(TimeEntry.clock_in, TimeEntry.id)
    )
    return rows(statement)


def _technician() -> ColumnElement[bool]:
    return and_(Technician.tenant_id == TimeEntry.tenant_id, Technician.id == TimeEntry.technician_id)


# Spans ----------------------------------------------------------------------------------------------------


def flagged(name: str) -> ColumnElement[bool]:
    """Entries with a flag; an entry may have several."""
    return literal(name) == any_(func.string_to_array(TimeEntry.flag, " "))


def touching(start: datetime, end: datetime) -> ColumnElement[bool]:
    """Entries that lie at least partly between two moments; a running one goes on for as long as an entry may."""
    return and_(
        TimeEntry.clock_in >= start - rules.LONGEST,  # so that an index range has both ends
        TimeEntry.clock_in < end,
        or_(TimeEntry.clock_out.is_(None), TimeEntry.clock_out > start),
    )


def overlapping(
    technician_id: int, start: datetime, end: datetime | None, besides: int | None = None
) -> TimeEntry | None:
    """A technician's first entry that shares time with a span; `end` None means that the span goes on."""
    statement = select(TimeEntry).where(
        TimeEntry.tenant_id == context.tenant_id(),
        TimeEntry.technician_id == technician_id,
        TimeEntry.removed_at.is_(None),
        or_(
            TimeEntry.clock_out.is_(None),
            and_(TimeEntry.clock_in >= start - rules.LONGEST, TimeEntry.clock_out > start),
        ),
        TimeEntry.id != (besides or 0),
    )
    if end is not None:
        statement = statement.where(TimeEntry.clock_in < end)
    return db.session.scalar(statement.order_by(TimeEntry.clock_in).limit(1))


def within(technician_ids: Collection[int], start: datetime, end: datetime) -> Sequence[TimeEntry]:
    """Entries of some technicians that lie at least partly between two moments, the earliest first."""
    if not technician_ids:
        return []
    statement = select(TimeEntry).where(
        TimeEntry.tenant_id == context.tenant_id(),
        TimeEntry.technician_id.in_(technician_ids),
        TimeEntry.removed_at.is_(None),
        touching(start, end),
    )
    return db.session.scalars(statement.order_by(TimeEntry.clock_in, TimeEntry.id)).all()


def breaks_of(entry_ids: Iterable[int]) -> dict[int, list[TimeBreak]]:
    """The breaks of some entries, by entry, the earliest first."""
    wanted = list(entry_ids)
    found: dict[int, list[TimeBreak]] = defaultdict(list)
    if wanted:
        statement = select(TimeBreak).where(
            TimeBreak.tenant_id == context.tenant_id(), TimeBreak.entry_id.in_(wanted)
        )
        for row in db.session.scalars(statement.order_by(TimeBreak.started_at, TimeBreak.id)):
            found[row.entry_id].append(row)
    return found


# Lists ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of entries is narrowed to. Days are the organization's, inclusive."""

    date_from: date | None = None
    date_to: date | None = None
    technician_ids: tuple[int, ...] = ()
    flags: tuple[str, ...] = ()
    running: bool | None = None
    removed: bool = False  # the removed ones too
    q: str = ""  # beginnings of the technician's name, number or phone


SORTS = {
    "clock_in": listing.Sort(TimeEntry.clock_in, descending=True),
    "technician": listing.Sort(Technician.name),
}


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """The conditions of a list over entries joined with their technicians."""
    found = [TimeEntry.tenant_id == context.tenant_id()]
    if not filters.removed:
        found.append(TimeEntry.removed_at.is_(None))
    if filters.technician_ids:
        found.append(TimeEntry.technician_id.in_(filters.technician_ids))
    if filters.date_from is not None:
        start = bounds(filters.date_from, filters.date_from)[0]
        found.append(TimeEntry.clock_in >= start - rules.LONGEST)
        found.append(or_(TimeEntry.clock_out > start, TimeEntry.clock_out.is_(None)))
    if filters.date_to is not None:
        found.append(TimeEntry.clock_in < bounds(filters.date_to, filters.date_to)[1])
    if filters.flags:
        found.append(or_(*(flagged(name) for name in filters.flags)))
    if filters.running is not None:
        found.append(TimeEntry.clock_out.is_(None) if filters.running else TimeEntry.clock_out.is_not(None))
    return [*found, *search.conditions("technician", filters.q, TimeEntry.technician_id)]


def listed(filters: Filters) -> Any:
    """Rows of the office's list: the entry's columns and the technician's name."""
    statement = select(
        TimeEntry.id, TimeEntry.technician_id, TimeEntry.clock_in, TimeEntry.clock_out, TimeEntry.break_minutes,
        TimeEntry.break_started_at, TimeEntry.source, TimeEntry.flag, TimeEntry.notes, TimeEntry.latitude,
        TimeEntry.longitude, Technician.name.label("technician_name"),
    )  # fmt: skip
    return statement.join(Technician, _technician()).where(*conditions(filters))


def numbered(filters: Filters, updated_since: datetime | None = None) -> Any:
    """Entries with the technicians' names for the API, the latest first."""
    statement = select(TimeEntry, Technician.name).join(Technician, _technician()).where(*conditions(filters))
    if updated_since is not None:
        statement = statement.where(TimeEntry.updated_at >= updated_since)
    return statement.order_by(TimeEntry.clock_in.desc(), TimeEntry.id.desc())


def duration() -> ColumnElement[int]:
    """As :func:`rules.duration`, in SQL; null while the entry runs."""
    seconds = func.extract("epoch", TimeEntry.clock_out - TimeEntry.clock_in)
    minutes = cast(func.floor(seconds / 60), BigInteger)
    worked = func.greatest(0, minutes - TimeEntry.break_minutes)
    return case((TimeEntry.clock_out.is_not(None), worked), else_=None)


def decimal_hours(minutes: Any) -> ColumnElement[str]:
    """As :func:`rules.decimal_hours`, in SQL."""
    hundredths = minutes * 100 // 60
    rest = minutes * 100 % 60
    up = case((or_(rest > 30, and_(rest == 30, hundredths % 2 == 1)), 1), else_=0)
    rounded = hundredths + up
    return cast(rounded // 100, Text).concat(".").concat(func.lpad(cast(rounded % 100, Text), 2, "0"))


def csv_columns() -> dict[str, list[ColumnElement[Any]]]:
    """The list's columns as a file has them."""
    where = zone()
    words = func.replace(TimeEntry.flag, "_", "-")
    return {
        "technician": [
            csv.safe(Technician.name).label("Technician"),
            csv.safe(Technician.employee_number).label("Employee number"),
        ],
        "clock_in": [csv.moment(TimeEntry.clock_in, where).label("Clock in")],
        "clock_out": [csv.moment(TimeEntry.clock_out, where).label("Clock out")],
        "break_minutes": [TimeEntry.break_minutes.label("Break minutes")],
        "minutes": [
            duration().label("Worked minutes"),
            decimal_hours(duration()).label("Worked hours"),
        ],
        "flags": [words.label("Flags")],
        "source": [case(*((TimeEntry.source == k, v) for k, v in rules.SOURCES.items())).label("How")],
        "notes": [csv.safe(TimeEntry.notes).label("Notes")],
        "position": [
            cast(TimeEntry.latitude, Text).label("Latitude"),
            cast(TimeEntry.longitude, Text).label("Longitude"),
        ],
    }


def latest(technician_id: int, limit: int) -> Sequence[TimeEntry]:
    """A technician's newest entries."""
    statement = select(TimeEntry).where(
        TimeEntry.tenant_id == context.tenant_id(),
        TimeEntry.technician_id == technician_id,
        TimeEntry.removed_at.is_(None),
    )
    return db.session.scalars(statement.order_by(TimeEntry.clock_in.desc()).limit(limit)).all()


@dataclass(frozen=True, slots=True)
class Present:
    """Somebody who is clocked in: for how many minutes, without unpaid breaks, and on which job."""

    entry: TimeEntry
    name: str
    phone: str
    minutes: int
    visit: str | None
    doing: str | None  # travel, work
    missing: bool  # for so long that the clock-out seems forgotten


def people_in() -> list[Present]:
    """Who is clocked in now, the longest first. Two statements."""
    found = present()
    breaks = breaks_of(row[0].id for row in found)
    now, after = clock.now(), missing_after()
    people = []
    for entry, name, phone, visit, doing in found:
        taken = rules.taken(entry, breaks.get(entry.id, []), now)
        people.append(
            Present(entry, name, phone, max(0, rules.between(entry.clock_in, now) - taken), visit, doing,
                    now - entry.clock_in >= after)
        )  # fmt: skip
    return people
