"""Time sheets: there for every week with time in it, submitted, approved, sent back, opened again."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.dialects.postgresql import insert

from webapp.kit import clean, clock, context, errors, events, journal, locks, permissions
from webapp.kit.db import db
from webapp.models import TimeSheet
from webapp.timesheets import queries, rights, rules
from webapp.timesheets.permissions import APPROVE
from webapp.timesheets.queries import corrections as correction_queries
from webapp.timesheets.queries import sheets as sheet_queries
from webapp.timesheets.service import telling

MOST_AT_ONCE = 500
MOST_REASON = 500


def hold(technician_id: int) -> None:
    """One change of a technician's time after the other, until the transaction ends."""
    locks.hold("time", technician_id)


def reason_of(text: str, field_name: str = "reason") -> str:
    """A reason as typed, tidied. Raises Invalid when there is none or it is too long."""
    problems = clean.Problems()
    found = problems.of(field_name, clean.line, text, MOST_REASON) or ""
    problems.done()
    if not found:
        raise errors.Invalid.one(field_name, "Give a reason; it stays with the record.")
    return found


# Entries and their weeks ----------------------------------------------------------------------------------


def days_of(*spans: tuple[datetime | None, datetime | None]) -> set[date]:
    """The local days that spans touch; of one that goes on, the first."""
    tz = ZoneInfo(queries.zone())
    found: set[date] = set()
    for start, end in spans:
        if start is None:
            continue
        if end is None or end <= start:
            found.add(start.astimezone(tz).date())
        else:
            found |= rules.cut(start, end, queries.zone()).keys()
    return found


def touch(technician_id: int, days: Iterable[date], *, by_work: bool = False) -> None:
    """Make sure that the sheets of some days are there and open for a change; they count as changed now.

    `by_work`: the technician works on after submitting, which takes the submission back. Raises Conflict for days in
    an approved week.
    """
    touch_all({technician_id: set(days)}, by_work=by_work)


def touch_all(days: Mapping[int, set[date]], *, by_work: bool = False) -> None:
    """As :func:`touch`, for several technicians: the same two statements."""
    known = queries.settings()
    wanted = {(t, known.week_of(day).start) for t, found in days.items() for day in found}
    if not wanted:
        return
    now = clock.now()
    new = [
        {"tenant_id": context.tenant_id(), "technician_id": technician_id, "week_start": start, "status": "open",
         "note": "", "created_at": now, "updated_at": now}
        for technician_id, start in sorted(wanted)
    ]  # fmt: skip
    db.session.execute(
        insert(TimeSheet)
        .values(new)
        .on_conflict_do_nothing(index_elements=["tenant_id", "technician_id", "week_start"])
    )
    for sheet in sheet_queries.locked_weeks(wanted):
        if sheet.status == "approved":
            raise errors.Conflict(
                f"The time sheet of {known.week_of(sheet.week_start).label} is approved. "
                "It must be reopened before time in it can change.",
                details={"sheet_id": sheet.id},
            )
        sheet.updated_at = now
        if sheet.status == "submitted" and by_work:
            before = journal.snapshot(sheet)
            sheet.status, sheet.submitted_at = "open", None
            journal.audit("time.sheet-open-again", sheet, before=before)
    db.session.flush()


# Deciding -------------------------------------------------------------------------------------------------


def submit(sheet_id: int) -> TimeSheet:
    """A technician says that the week is complete; the office may say it for them.

    Raises Conflict when it is not open, while somebody is clocked in, or while a clock-out is missing.
    """
    found = rights.sheet(sheet_id)
    if not rights.is_own(found.technician_id):
        permissions.demand(APPROVE)
    hold(found.technician_id)
    (sheet,) = sheet_queries.locked_many([sheet_id])
    _demand(sheet, "open")
    if why := _not_whole(sheet_queries.hours_of_sheets([sheet])[sheet.id]):
        raise errors.Conflict(why)
    before = journal.snapshot(sheet)
    sheet.status, sheet.submitted_at = "submitted", clock.now()
    return _told(sheet, before, "time.sheet-submitted", telling.SUBMITTED)


@dataclass(slots=True)
class Decided:
    """What became of several sheets: those done, and why each other one was not."""

    done: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)


def approve(sheet_id: int) -> TimeSheet:
    """Approve a week: its minutes are kept and its time is locked.

    Raises Forbidden for one's own, Conflict when it is approved already, while somebody is clocked in in it, a
    clock-out is missing or a correction waits.
    """
    permissions.demand(APPROVE)
    hold(rights.sheet(sheet_id).technician_id)
    (sheet,) = sheet_queries.locked_many([sheet_id])
    if rights.is_own(sheet.technician_id):
        raise errors.Forbidden(_OWN)
    hours = sheet_queries.hours_of_sheets([sheet])
    if why := _unsettled([sheet], hours)[sheet.id]:
        raise errors.Conflict(why)
    _approve(sheet, hours[sheet.id])
    return sheet


_OWN = "Nobody approves their own time sheet; someone else must."


def approve_many(sheet_ids: Sequence[int]) -> Decided:
    """Approve several weeks; those that cannot be are left as they are and named.

    Raises NotFound for an unknown one, Invalid for none or more than 500. The same few statements for any number.
    """
    permissions.demand(APPROVE)
    wanted = list(dict.fromkeys(sheet_ids))
    if not wanted:
        raise errors.Invalid.one("ids", "Choose at least one time sheet.")
    if len(wanted) > MOST_AT_ONCE:
        raise errors.Invalid.one("ids", f"At most {MOST_AT_ONCE} time sheets can be decided at once.")
    for technician_id in sheet_queries.technicians_of(wanted):
        hold(technician_id)  # in the same order everywhere, so that two of these never wait for each other
    sheets = sheet_queries.locked_many(wanted)
    unknown = set(wanted) - {s.id for s in sheets}
    if unknown:
        raise errors.NotFound(f"No time sheet has the number {min(unknown)}.")
    hours = sheet_queries.hours_of_sheets(sheets)
    why, result = _unsettled(sheets, hours), Decided()
    for sheet in sheets:
        refusal = _OWN if rights.is_own(sheet.technician_id) else why[sheet.id]
        if refusal:
            result.refused[sheet.id] = refusal
        else:
            _approve(sheet, hours[sheet.id])
            result.done.append(sheet.id)
    return result


def _approve(sheet: TimeSheet, hours: rules.Hours) -> None:
    before = journal.snapshot(sheet)
    sheet.status, sheet.minutes, sheet.note = "approved", hours.minutes, ""
    _decided(sheet)
    _told(sheet, before, "time.sheet-approved", telling.APPROVED)


def send_back(sheet_id: int, note: str) -> TimeSheet:
    """Give a submitted week back to the technician, saying why. Raises Invalid without a note, Conflict unless submitted."""
    permissions.demand(APPROVE)
    why = reason_of(note, "note")
    hold(rights.sheet(sheet_id).technician_id)
    (sheet,) = sheet_queries.locked_many([sheet_id])
    _demand(sheet, "submitted")
    before = journal.snapshot(sheet)
    sheet.status, sheet.note, sheet.submitted_at = "open", why, None
    _decided(sheet)
    _told(sheet, before, "time.sheet-sent-back", telling.SENT_BACK, note=why)
    label = queries.week_of(sheet.week_start).label
    telling.technician(sheet.technician_id, "warning", f"Your time sheet of {label} came back", why,
                       f"/my/time/sheets/{sheet.id}", f"sheet-{sheet.id}")  # fmt: skip
    return sheet


def reopen(sheet_id: int, reason: str) -> TimeSheet:
    """Unlock an approved week, saying why. Raises Invalid without a reason, Conflict unless approved."""
    permissions.demand(APPROVE)
    why = reason_of(reason)
    hold(rights.sheet(sheet_id).technician_id)
    (sheet,) = sheet_queries.locked_many([sheet_id])
    _demand(sheet, "approved")
    before = journal.snapshot(sheet)
    sheet.status, sheet.minutes, sheet.submitted_at, sheet.note = "open", None, None, why
    _decided(sheet)
    return _told(sheet, before, "time.sheet-reopened", telling.REOPENED, reason=why)


def _decided(sheet: TimeSheet) -> None:
    who = context.principal()
    sheet.decided_by, sheet.decided_at = who.id if who.kind == "user" else None, clock.now()


def _told(
    sheet: TimeSheet, before: dict[str, Any], action: str, kind: events.EventKind, **more: Any
) -> TimeSheet:
    journal.audit(action, sheet, before=before, **more)
    events.emit(kind, sheet.id, {**telling.of_sheet(sheet), **more})
    return sheet


def _demand(sheet: TimeSheet, status: str) -> None:
    if sheet.status != status:
        label = queries.week_of(sheet.week_start).label
        raise errors.Conflict(f"The time sheet of {label} is {sheet.status}, not {status}.")


def _unsettled(sheets: Sequence[TimeSheet], hours: Mapping[int, rules.Hours]) -> dict[int, str]:
    """Why each sheet cannot be approved, as a sentence; empty where it can."""
    tz = ZoneInfo(queries.zone())
    days: dict[int, set[date]] = {}
    for technician_id, moment in correction_queries.pending_moments({s.technician_id for s in sheets}):
        days.setdefault(technician_id, set()).add(moment.astimezone(tz).date())
    found = {}
    for sheet in sheets:
        week = queries.week_of(sheet.week_start)
        found[sheet.id] = _not_whole(hours[sheet.id])
        if sheet.status == "approved":
            found[sheet.id] = f"The time sheet of {week.label} is approved already."
        elif not found[sheet.id] and any(
            week.start <= day <= week.end for day in days.get(sheet.technician_id, ())
        ):
            found[sheet.id] = "A correction in this week waits to be decided."
    return found


def _not_whole(hours: rules.Hours) -> str:
    """Why a week is not complete yet: somebody is still clocked in, or did not clock out."""
    why = ""
    for entry in hours.entries:
        if "missing_clock_out" in entry.flag.split():
            why = (
                f"The clock-out is missing for {telling.moment(entry.clock_in)}; a correction must settle it."
            )
        elif entry.clock_out is None and not why:
            why = f"Still clocked in since {telling.moment(entry.clock_in)}."
    return why
