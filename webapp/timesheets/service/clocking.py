"""Clocking in and out, and breaks: by technicians for themselves, by the office for them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.exc import IntegrityError

from webapp.kit import clean, clock, errors, events, journal
from webapp.kit.db import add, db
from webapp.models import Technician, TimeBreak, TimeEntry
from webapp.timesheets import queries, rights, rules
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.service import jobtime, sheets, telling

RECORD = "time_entry"
MOST_NOTES = 1000
_AT = {"lunch": "at lunch", "rest": "on a rest break"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Punch:
    """One tap on the clock. Without a technician it is the caller's own; for somebody else it needs a reason.

    `happened_at` and `sent_at` are by the clock of a phone that had no signal (see :func:`rules.moment`). Degrees are
    decimal, both or none.
    """

    technician_id: int | None = None
    reason: str = ""
    latitude: Any = None
    longitude: Any = None
    happened_at: datetime | None = None
    sent_at: datetime | None = None
    notes: str = ""
    source: str = "phone"


def clock_in(punch: Punch) -> TimeEntry:
    """Begin an entry.

    Raises Conflict when already clocked in (naming since when), when the time lies within another entry, or in an
    approved week; Invalid for a wrong position or time, and without a reason for somebody else.
    """
    technician, own, reason, when = _prepared(punch)
    latitude, longitude = rules.position(punch.latitude, punch.longitude)
    notes = _notes(punch.notes)
    sheets.hold(technician.id)
    _refuse_second(technician, own)
    _refuse_overlap(technician.id, when.at)
    sheets.touch(technician.id, sheets.days_of((when.at, None)), by_work=own)
    entry = TimeEntry(
        technician_id=technician.id, clock_in=when.at, latitude=latitude, longitude=longitude, notes=notes,
        source=punch.source if own else "office", flag="clock_skew" if when.skewed else "",
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            add(entry)
    except IntegrityError as problem:
        # somebody wrote an entry beside these commands; the index keeps the second one out
        if "uq_time_entries_open" not in str(problem.orig):
            raise
        _refuse_second(technician, own)
        raise errors.Conflict(f"{technician.name} is clocked in already.") from None
    _tell(entry, "time.clocked-in", telling.CLOCKED_IN, reason=reason)
    if not own:
        telling.technician(
            technician.id, "info", f"You were clocked in at {telling.moment(when.at)}", reason, "/my/time"
        )
    return entry


def clock_out(punch: Punch) -> TimeEntry:
    """End the running entry, and the break and the visit's time within it.

    Raises Conflict when not clocked in, or clocked in for more than 24 hours (a correction says when it ended then);
    Invalid for a time before the clock-in.
    """
    technician, own, reason, when = _prepared(punch)
    latitude, longitude = rules.position(punch.latitude, punch.longitude)
    notes = _notes(punch.notes)
    sheets.hold(technician.id)
    entry = _running(technician, own)
    breaks = entry_queries.breaks_of([entry.id])[entry.id]
    at = rules.clock_out_at(entry.clock_in, when.at, _last_of(breaks))
    if at - entry.clock_in > rules.LONGEST:
        raise errors.Conflict(
            f"{_has(technician, own)} clocked in since {telling.moment(entry.clock_in)}, more than 24 hours. "
            "Ask for a correction that says when the work ended.",
            details={"entry_id": entry.id},
        )
    _refuse_overlap(technician.id, entry.clock_in, at, entry.id)
    sheets.touch(technician.id, sheets.days_of((entry.clock_in, at)), by_work=own)
    before = journal.snapshot(entry)
    for b in breaks:
        if b.ended_at is None:
            _end_break(entry, b, at)
    entry.clock_out = at
    entry.out_latitude, entry.out_longitude = latitude, longitude
    if notes:
        entry.notes = f"{entry.notes}\n{notes}".strip()[: 2 * MOST_NOTES]
    entry.flag = rules.length_flag(entry.flag, entry.clock_in, at)
    if when.skewed:
        entry.flag = rules.with_flags(entry.flag, "clock_skew")
    # somebody says when it ended: they themselves, after a long day, or the office for them
    entry.flag = rules.with_flags(entry.flag, without=("missing_clock_out",))
    jobtime.end_all(technician.id, at)
    db.session.flush()
    _tell(entry, "time.clocked-out", telling.CLOCKED_OUT, before, reason=reason)
    if not own:
        telling.technician(
            technician.id, "info", f"You were clocked out at {telling.moment(at)}", reason, "/my/time"
        )
    return entry


def start_break(punch: Punch, kind: str = "lunch") -> TimeEntry:
    """Go on a break: `lunch` is unpaid, `rest` counts as work. Raises Conflict when not clocked in or on a break already."""
    if kind not in rules.BREAKS:
        raise errors.Invalid.one("kind", "Choose lunch or rest.")
    technician, own, reason, when = _prepared(punch)
    sheets.hold(technician.id)
    entry = _running(technician, own)
    breaks = entry_queries.breaks_of([entry.id])[entry.id]
    under_way = next((b for b in breaks if b.ended_at is None), None)
    if under_way is not None:
        words = _AT[under_way.kind]
        raise errors.Conflict(
            f"{_has(technician, own)} {words} since {telling.moment(under_way.started_at)}. End it first.",
            details={"break_started_at": clock.iso(under_way.started_at)},
        )
    at = rules.break_at(entry.clock_in, when.at, _last_of(breaks))
    sheets.touch(technician.id, sheets.days_of((entry.clock_in, None)), by_work=own)
    before = journal.snapshot(entry)
    add(TimeBreak(entry_id=entry.id, kind=kind, paid=kind in rules.PAID_BREAKS, started_at=at))
    entry.break_started_at = at
    _note_skew(entry, when)
    _tell(entry, "time.break-started", telling.BREAK_STARTED, before, reason=reason, pause=kind)
    return entry


def end_break(punch: Punch) -> TimeEntry:
    """Come back from a break. Raises Conflict when not on one, Invalid for a time before its start."""
    technician, own, reason, when = _prepared(punch)
    sheets.hold(technician.id)
    entry = _running(technician, own)
    breaks = entry_queries.breaks_of([entry.id])[entry.id]
    under_way = next((b for b in breaks if b.ended_at is None), None)
    if under_way is None:
        raise errors.Conflict(f"{_is(technician, own)} not on a break.")
    at = rules.break_end_at(under_way.started_at, when.at)
    sheets.touch(technician.id, sheets.days_of((entry.clock_in, None)), by_work=own)
    before = journal.snapshot(entry)
    _end_break(entry, under_way, at)
    _note_skew(entry, when)
    _tell(entry, "time.break-ended", telling.BREAK_ENDED, before, reason=reason, pause=under_way.kind)
    return entry


# Parts ----------------------------------------------------------------------------------------------------


def _prepared(punch: Punch) -> tuple[Technician, bool, str, rules.Moment]:
    technician, own = rights.to_clock(punch.technician_id)
    reason = clean.line(punch.reason[: 2 * sheets.MOST_REASON], 2 * sheets.MOST_REASON) if own else ""
    if not own:
        reason = sheets.reason_of(punch.reason)
    return technician, own, reason, rules.moment(punch.happened_at, punch.sent_at, clock.now())


def _notes(text: str) -> str:
    problems = clean.Problems()
    found = problems.of("notes", clean.lines, text, MOST_NOTES) or ""
    problems.done()
    return found


def _is(technician: Technician, own: bool) -> str:
    return "You are" if own else f"{technician.name} is"


def _has(technician: Technician, own: bool) -> str:
    return "You have been" if own else f"{technician.name} has been"


def _refuse_second(technician: Technician, own: bool) -> None:
    """Raise Conflict, naming since when, for somebody who is clocked in."""
    entry = entry_queries.running(technician.id)
    if entry is None:
        return
    sentence = f"{_has(technician, own)} clocked in since {telling.moment(entry.clock_in)}."
    if clock.now() - entry.clock_in >= queries.missing_after():
        sentence += " The clock-out is missing: ask for a correction that says when the work ended."
    raise errors.Conflict(sentence, details={"entry_id": entry.id, "clock_in": clock.iso(entry.clock_in)})


def _running(technician: Technician, own: bool) -> TimeEntry:
    """The running entry. Raises Conflict without one."""
    entry = entry_queries.running(technician.id)
    if entry is None:
        raise errors.Conflict(f"{_is(technician, own)} not clocked in.")
    return entry


def _refuse_overlap(
    technician_id: int, start: datetime, end: datetime | None = None, besides: int | None = None
) -> None:
    refuse_overlap(entry_queries.overlapping(technician_id, start, end, besides))


def refuse_overlap(other: TimeEntry | None) -> None:
    """Raise Conflict naming the entry whose time is wanted once more."""
    if other is None:
        return
    ended = f"to {telling.moment(other.clock_out)}" if other.clock_out else "on"
    raise errors.Conflict(
        f"This overlaps the entry from {telling.moment(other.clock_in)} {ended}.",
        details={"entry_id": other.id},
    )


def _last_of(breaks: list[TimeBreak]) -> datetime | None:
    """The latest moment that breaks name: an end, or the start of the one under way."""
    return max((b.ended_at or b.started_at for b in breaks), default=None)


def _end_break(entry: TimeEntry, under_way: TimeBreak, at: datetime) -> None:
    under_way.ended_at = max(at, under_way.started_at)
    entry.break_started_at = None
    if not under_way.paid:
        entry.break_minutes += rules.between(under_way.started_at, under_way.ended_at)


def _note_skew(entry: TimeEntry, when: rules.Moment) -> None:
    if when.skewed:
        entry.flag = rules.with_flags(entry.flag, "clock_skew")


def _tell(
    entry: TimeEntry,
    action: str,
    kind: events.EventKind,
    before: dict[str, Any] | None = None,
    *,
    reason: str,
    pause: str = "",
) -> None:
    db.session.flush()
    more: dict[str, Any] = {"kind": pause} if pause else {}
    said: dict[str, Any] = {"reason": reason} if reason else {}
    journal.audit(action, entry, before=before, record_type=RECORD, **more, **said)
    events.emit(kind, entry.id, {**telling.of_entry(entry), **more})
