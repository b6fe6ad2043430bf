"""Changing time that was clocked: adding, changing and removing entries. Corrections end here too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete

from webapp.kit import clock, context, errors, events, journal, permissions
from webapp.kit.db import add, db, get
from webapp.models import Technician, TimeBreak, TimeEntry
from webapp.timesheets import rights, rules
from webapp.timesheets.permissions import EDIT
from webapp.timesheets.queries import corrections as correction_queries
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.service import clocking, sheets, telling
from webapp.timesheets.service.clocking import RECORD


@dataclass(frozen=True, slots=True)
class Times:
    """An entry's times as they shall be. `break_minutes` are unpaid; `clock_out` None: it still runs."""

    clock_in: datetime
    clock_out: datetime | None
    break_minutes: int = 0


def add_entry(technician_id: int, times: Times, reason: str) -> TimeEntry:
    """The office adds time that was not clocked. Raises Invalid and Conflict as :func:`write`, Forbidden for one's own."""
    permissions.demand(EDIT)
    why = sheets.reason_of(reason)
    _refuse_own(technician_id)
    get(Technician, technician_id)
    rules.check_times(times.clock_in, times.clock_out, times.break_minutes, clock.now())
    sheets.hold(technician_id)
    entry = write_new(technician_id, times, "office")
    told(entry, "time.entry-added", telling.ENTRY_ADDED, reason=why)
    telling.technician(technician_id, "info", f"Time was added for you: {telling.moment(entry.clock_in)}", why,
                       "/my/time")  # fmt: skip
    return entry


def change_entry(entry_id: int, changes: Mapping[str, Any], reason: str) -> TimeEntry:
    """The office changes `clock_in`, `clock_out` or `break_minutes` of an entry; what is not named stays.

    Raises Forbidden for one's own time, Conflict while a correction of it waits, and as :func:`write`.
    """
    permissions.demand(EDIT)
    why = sheets.reason_of(reason)
    entry = taken(entry_id)
    _refuse_own(entry.technician_id)
    _refuse_waiting(entry)
    times = Times(
        changes.get("clock_in", entry.clock_in),
        changes.get("clock_out", entry.clock_out),
        changes.get("break_minutes", entry.break_minutes),
    )
    rules.check_times(times.clock_in, times.clock_out, times.break_minutes, clock.now(),
                      open_ended=entry.clock_out is None)  # fmt: skip
    before = journal.snapshot(entry)
    write(entry, times)
    if journal.difference(before, journal.snapshot(entry)):
        told(entry, "time.entry-changed", telling.ENTRY_CHANGED, before, reason=why)
        telling.technician(entry.technician_id, "info", f"Your time of {telling.moment(entry.clock_in)} was changed",
                           why, "/my/time")  # fmt: skip
    return entry


def remove_entry(entry_id: int, reason: str) -> TimeEntry:
    """The office removes an entry; it stays in the audit log. Raises as :func:`change_entry`."""
    permissions.demand(EDIT)
    why = sheets.reason_of(reason)
    entry = taken(entry_id)
    _refuse_own(entry.technician_id)
    _refuse_waiting(entry)
    before = journal.snapshot(entry)
    take_out(entry)
    told(entry, "time.entry-removed", telling.ENTRY_REMOVED, before, reason=why)
    telling.technician(entry.technician_id, "warning", f"Your time of {telling.moment(entry.clock_in)} was removed",
                       why, "/my/time")  # fmt: skip
    return entry


# Parts that corrections use ---------------------------------------------------------------------------------


def write_new(technician_id: int, times: Times, source: str) -> TimeEntry:
    """Add an entry with checked times. Raises Conflict where it overlaps another one or the week is approved."""
    clocking.refuse_overlap(entry_queries.overlapping(technician_id, times.clock_in, times.clock_out))
    sheets.touch(technician_id, sheets.days_of((times.clock_in, times.clock_out)))
    return add(
        TimeEntry(
            technician_id=technician_id, clock_in=rules.whole(times.clock_in),
            clock_out=rules.whole(times.clock_out) if times.clock_out else None, break_minutes=times.break_minutes,
            source=source, flag=rules.length_flag("", times.clock_in, times.clock_out),
        )
    )  # fmt: skip


def write(entry: TimeEntry, times: Times, *, settled: bool = True) -> None:
    """Give an entry checked times.

    `settled`: somebody of the office stands for them, so that what was doubtful about the clock is over. Raises
    Conflict where they overlap another entry, or touch an approved week.
    """
    clocking.refuse_overlap(
        entry_queries.overlapping(entry.technician_id, times.clock_in, times.clock_out, entry.id)
    )
    sheets.touch(
        entry.technician_id,
        sheets.days_of((entry.clock_in, entry.clock_out), (times.clock_in, times.clock_out)),
    )
    start = rules.whole(times.clock_in)
    end = rules.whole(times.clock_out) if times.clock_out else None
    _fit_breaks(entry, start, end, times.break_minutes)
    entry.clock_in, entry.clock_out = start, end
    if settled:
        doubts = ("clock_skew", "missing_clock_out") if end is not None else ("clock_skew",)
        entry.flag = rules.with_flags(entry.flag, without=doubts)
    entry.flag = rules.length_flag(entry.flag, start, end)
    db.session.flush()


def _fit_breaks(entry: TimeEntry, start: datetime, end: datetime | None, minutes: int) -> None:
    """Keep the breaks of an entry while they still are what its total says; else only the total is known."""
    breaks = entry_queries.breaks_of([entry.id])[entry.id]
    for b in breaks:
        if b.ended_at is None and end is not None:
            b.ended_at = max(end, b.started_at)
            entry.break_started_at = None
    fits = all(b.started_at >= start and (end is None or (b.ended_at or b.started_at) <= end) for b in breaks)
    unpaid = sum(rules.between(b.started_at, b.ended_at) for b in breaks if b.ended_at and not b.paid)
    if breaks and end is not None and not (fits and unpaid == minutes):
        db.session.execute(
            delete(TimeBreak).where(
                TimeBreak.tenant_id == context.tenant_id(), TimeBreak.entry_id == entry.id
            )
        )
    entry.break_minutes = minutes


def take_out(entry: TimeEntry) -> None:
    """Remove an entry. Raises Conflict in an approved week."""
    sheets.touch(entry.technician_id, sheets.days_of((entry.clock_in, entry.clock_out)))
    entry.removed_at = clock.now()
    entry.break_started_at = None
    db.session.flush()


def told(
    entry: TimeEntry, action: str, kind: events.EventKind, before: dict[str, Any] | None = None, **more: Any
) -> None:
    """Write the change of an entry down and tell it upward."""
    journal.audit(action, entry, before=before, record_type=RECORD, **more)
    events.emit(kind, entry.id, telling.of_entry(entry))


def taken(entry_id: int) -> TimeEntry:
    """An entry that nobody else changes until the transaction ends. Raises NotFound, Conflict for a removed one."""
    technician_id = rights.entry(entry_id).technician_id
    sheets.hold(technician_id)
    entry = rights.entry(entry_id, lock=True)
    if entry.removed_at is not None:
        raise errors.Conflict("This entry was removed.")
    return entry


def _refuse_own(technician_id: int) -> None:
    if rights.is_own(technician_id):
        raise errors.Forbidden("Nobody changes their own time; ask for a correction instead.")


def _refuse_waiting(entry: TimeEntry) -> None:
    waiting = correction_queries.pending_of(entry.id)
    if waiting is not None:
        raise errors.Conflict(
            "A correction of this entry waits to be decided. Decide on it first.",
            details={"correction_id": waiting.id},
        )
