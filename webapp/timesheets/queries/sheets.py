"""Reading time sheets: weeks of technicians with their days."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    and_,
    column,
    exists,
    func,
    or_,
    select,
    values,
)

from webapp.kit import clock, context, listing, search
from webapp.kit.db import db, rows
from webapp.models import Technician, TimeCorrection, TimeEntry, TimeSheet
from webapp.timesheets import rules
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.queries import jobtime
from webapp.timesheets.queries.basis import bounds, settings, zone


def sheet(technician_id: int, week_start: date) -> TimeSheet | None:
    """A technician's sheet of a week, if any time was ever kept in it."""
    statement = select(TimeSheet).where(
        TimeSheet.tenant_id == context.tenant_id(),
        TimeSheet.technician_id == technician_id,
        TimeSheet.week_start == week_start,
    )
    return db.session.scalar(statement)


def locked_weeks(wanted: Collection[tuple[int, date]]) -> list[TimeSheet]:
    """The sheets of some technicians' weeks, locked for the change that is under way and read afresh."""
    statement = (
        select(TimeSheet)
        .where(
            TimeSheet.tenant_id == context.tenant_id(),
            TimeSheet.technician_id.in_({technician_id for technician_id, _ in wanted}),
            TimeSheet.week_start.in_({start for _, start in wanted}),
        )
        .order_by(TimeSheet.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return [s for s in db.session.scalars(statement) if (s.technician_id, s.week_start) in wanted]


def locked_many(sheet_ids: Iterable[int]) -> list[TimeSheet]:
    """Some sheets in the order of their ids, locked and read afresh."""
    statement = (
        select(TimeSheet)
        .where(TimeSheet.tenant_id == context.tenant_id(), TimeSheet.id.in_(list(sheet_ids)))
        .order_by(TimeSheet.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(db.session.scalars(statement))


def technicians_of(sheet_ids: Iterable[int]) -> list[int]:
    """Whose sheets some are, each once, in order."""
    statement = (
        select(TimeSheet.technician_id)
        .where(TimeSheet.tenant_id == context.tenant_id(), TimeSheet.id.in_(list(sheet_ids)))
        .distinct()
        .order_by(TimeSheet.technician_id)
    )
    return list(db.session.scalars(statement))


# Hours ----------------------------------------------------------------------------------------------------


def hours(technician_ids: Collection[int], week: rules.Week) -> dict[int, rules.Hours]:
    """A week of some technicians, by technician, also of those who did nothing. Three statements."""
    start, end = bounds(week.start, week.end)
    found = entry_queries.within(technician_ids, start, end)
    jobs = jobtime.job_times(technician_ids, start, end)
    mine: dict[int, list[TimeEntry]] = defaultdict(list)
    for entry in found:
        mine[entry.technician_id].append(entry)
    breaks = entry_queries.breaks_of(e.id for e in found)
    return {t: _hours(week, mine[t], breaks, jobs.get(t, [])) for t in technician_ids}


def hours_of_sheets(sheets: Sequence[TimeSheet]) -> dict[int, rules.Hours]:
    """The weeks of some sheets, by sheet, whosever and whenever they are. Three statements."""
    if not sheets:
        return {}
    known = settings()
    weeks = {s.id: known.week_of(s.week_start) for s in sheets}
    spans = {w: bounds(w.start, w.end) for w in set(weeks.values())}
    listed = values(
        column("sheet_id", BigInteger), column("technician", BigInteger),
        column("starts", DateTime(timezone=True)), column("ends", DateTime(timezone=True)), name="wanted",
    ).data([(s.id, s.technician_id, *spans[weeks[s.id]]) for s in sheets])  # fmt: skip
    c = listed.c
    statement = (
        select(c.sheet_id, TimeEntry)
        .join(TimeEntry, and_(
            TimeEntry.tenant_id == context.tenant_id(), TimeEntry.technician_id == c.technician,
            TimeEntry.removed_at.is_(None), TimeEntry.clock_in >= c.starts - rules.LONGEST,
            TimeEntry.clock_in < c.ends, or_(TimeEntry.clock_out.is_(None), TimeEntry.clock_out > c.starts),
        ))
        .order_by(TimeEntry.clock_in, TimeEntry.id)
    )  # fmt: skip
    mine: dict[int, list[TimeEntry]] = defaultdict(list)
    for sheet_id, entry in db.session.execute(statement):
        mine[sheet_id].append(entry)
    breaks = entry_queries.breaks_of({e.id for found in mine.values() for e in found})
    # visits of the technicians over all of the weeks: a list's page holds few of either
    first, last = min(s for s, _ in spans.values()), max(e for _, e in spans.values())
    jobs = jobtime.job_times({s.technician_id for s in sheets}, first, last)
    return {s.id: _hours(weeks[s.id], mine[s.id], breaks, jobs.get(s.technician_id, [])) for s in sheets}


def _hours(
    week: rules.Week,
    found: Iterable[TimeEntry],
    breaks: Mapping[int, list[Any]],
    jobs: Iterable[Any],
) -> rules.Hours:
    known = settings()
    return rules.hours(
        week, [(e, breaks.get(e.id, [])) for e in found], jobs, zone=zone(), now=clock.now(),
        missing_after=known.missing_after, overtime_rule=known.overtime,
    )  # fmt: skip


# The week of everybody ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What the week's table is narrowed to."""

    week: rules.Week
    statuses: tuple[str, ...] = ()
    flagged: bool = False
    technician_ids: tuple[int, ...] = ()
    q: str = ""


SORTS = {
    "name": listing.Sort(Technician.name),
    "number": listing.Sort(func.coalesce(Technician.employee_number, "")),
}


def everybody(filters: Filters) -> Any:
    """Technicians with their sheets of a week: who worked here in it, and who has a sheet."""
    week = filters.week
    here = and_(
        or_(Technician.starts_on.is_(None), Technician.starts_on <= week.end),
        or_(Technician.ends_on.is_(None), Technician.ends_on >= week.start),
    )
    statement = (
        select(
            Technician.id, Technician.name, Technician.employee_number, Technician.color,
            TimeSheet.id.label("sheet_id"), func.coalesce(TimeSheet.status, "open").label("status"),
            TimeSheet.submitted_at, TimeSheet.note,
        )
        .outerjoin(TimeSheet, and_(TimeSheet.tenant_id == Technician.tenant_id,
                                   TimeSheet.technician_id == Technician.id,
                                   TimeSheet.week_start == week.start))
        .where(Technician.tenant_id == context.tenant_id(), or_(here, TimeSheet.id.is_not(None)))
    )  # fmt: skip
    if filters.statuses:
        statement = statement.where(func.coalesce(TimeSheet.status, "open").in_(filters.statuses))
    if filters.technician_ids:
        statement = statement.where(Technician.id.in_(filters.technician_ids))
    if filters.flagged:
        start, end = bounds(week.start, week.end)
        statement = statement.where(exists().where(
            TimeEntry.tenant_id == context.tenant_id(), TimeEntry.technician_id == Technician.id,
            TimeEntry.removed_at.is_(None), TimeEntry.flag != "", entry_queries.touching(start, end),
        ))  # fmt: skip
    return statement.where(*search.conditions("technician", filters.q, Technician.id))


def tallies(week: rules.Week) -> dict[str, int]:
    """How many sheets of a week are in each state."""
    statement = (
        select(TimeSheet.status, func.count().label("amount"))
        .where(TimeSheet.tenant_id == context.tenant_id(), TimeSheet.week_start == week.start)
        .group_by(TimeSheet.status)
    )
    return {row.status: int(row.amount) for row in rows(statement)}


def ids_of(filters: Filters, limit: int) -> list[int]:
    """The sheets of a week that match, for “all that match” of a bulk action."""
    found = everybody(filters).where(TimeSheet.id.is_not(None)).with_only_columns(TimeSheet.id)
    return list(db.session.scalars(found.order_by(TimeSheet.id).limit(limit)))


def pending_in(technician_ids: Collection[int], week: rules.Week) -> dict[int, int]:
    """How many corrections of a week wait to be decided, by technician."""
    if not technician_ids:
        return {}
    statement = (
        select(TimeCorrection.technician_id, func.count().label("amount"))
        .outerjoin(TimeEntry, and_(TimeEntry.tenant_id == TimeCorrection.tenant_id,
                                   TimeEntry.id == TimeCorrection.entry_id))
        .where(TimeCorrection.tenant_id == context.tenant_id(), TimeCorrection.status == "pending",
               TimeCorrection.technician_id.in_(technician_ids), _in_week(week))
        .group_by(TimeCorrection.technician_id)
    )  # fmt: skip
    return {row.technician_id: int(row.amount) for row in rows(statement)}


def _in_week(week: rules.Week) -> ColumnElement[bool]:
    start, end = bounds(week.start, week.end)
    wanted = and_(
        TimeCorrection.clock_in < end,
        func.coalesce(TimeCorrection.clock_out, TimeCorrection.clock_in) >= start,
    )
    present = and_(TimeEntry.clock_in < end, func.coalesce(TimeEntry.clock_out, TimeEntry.clock_in) >= start)
    return or_(wanted, present)


# Lists ----------------------------------------------------------------------------------------------------


def numbered(
    *,
    technician_id: int | None = None,
    status: str | None = None,
    date_from: date | None = None,
    date_to: date | None = None,
    updated_since: datetime | None = None,
) -> Any:
    """Sheets with the technicians' names for the API, the latest week first."""
    statement = (
        select(TimeSheet, Technician.name)
        .join(Technician, and_(Technician.tenant_id == TimeSheet.tenant_id,
                               Technician.id == TimeSheet.technician_id))
        .where(TimeSheet.tenant_id == context.tenant_id())
    )  # fmt: skip
    if technician_id is not None:
        statement = statement.where(TimeSheet.technician_id == technician_id)
    if status is not None:
        statement = statement.where(TimeSheet.status == status)
    if date_from is not None:
        statement = statement.where(TimeSheet.week_start >= settings().week_of(date_from).start)
    if date_to is not None:
        statement = statement.where(TimeSheet.week_start <= date_to)
    if updated_since is not None:
        statement = statement.where(TimeSheet.updated_at >= updated_since)
    return statement.order_by(TimeSheet.week_start.desc(), TimeSheet.technician_id, TimeSheet.id)


def recent(technician_id: int, limit: int = 8) -> Sequence[TimeSheet]:
    """A technician's sheets, the latest first."""
    statement = select(TimeSheet).where(
        TimeSheet.tenant_id == context.tenant_id(), TimeSheet.technician_id == technician_id
    )
    return db.session.scalars(statement.order_by(TimeSheet.week_start.desc()).limit(limit)).all()


def waiting() -> tuple[int, date | None]:
    """How many sheets wait for approval, and the first day of the oldest one."""
    statement = select(func.count(), func.min(TimeSheet.week_start)).where(
        TimeSheet.tenant_id == context.tenant_id(), TimeSheet.status == "submitted"
    )
    count, oldest = db.session.execute(statement).one()
    return int(count), oldest


def neighbours(found: TimeSheet) -> tuple[int | None, int | None]:
    """The sheets of the same technician before and after one."""
    mine = select(TimeSheet.id).where(
        TimeSheet.tenant_id == context.tenant_id(), TimeSheet.technician_id == found.technician_id
    )
    before = (
        mine.where(TimeSheet.week_start < found.week_start).order_by(TimeSheet.week_start.desc()).limit(1)
    )
    after = mine.where(TimeSheet.week_start > found.week_start).order_by(TimeSheet.week_start).limit(1)
    row = db.session.execute(select(before.scalar_subquery(), after.scalar_subquery())).one()
    return row[0], row[1]
