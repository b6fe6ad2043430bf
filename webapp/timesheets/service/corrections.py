"""Corrections: a technician asks for their time to be put right, somebody else of the office decides."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from webapp.kit import clean, clock, context, errors, events, journal, permissions
from webapp.kit.db import add, db, get
from webapp.models import Technician, TimeCorrection, TimeEntry
from webapp.timesheets import rights, rules
from webapp.timesheets.permissions import APPROVE, EDIT, OWN
from webapp.timesheets.queries import basis
from webapp.timesheets.queries import corrections as queries
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.service import changes, clocking, sheets, telling
from webapp.timesheets.service.changes import Times

WITHDRAWN = "Withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What somebody wants: other times for an entry, an entry that is missing (without `entry_id`), or one removed.

    Times that are left out stay as they are. `break_minutes` are unpaid.
    """

    reason: str
    entry_id: int | None = None
    technician_id: int | None = None  # the office may ask for a technician
    clock_in: datetime | None = None
    clock_out: datetime | None = None
    break_minutes: int | None = None
    remove: bool = False


def request(ask: Ask) -> TimeCorrection:
    """Ask for a correction. A missing clock-out is filled in with the estimate at once, and stays flagged until decided.

    Raises Invalid for times that cannot be and without a reason, Conflict for an entry that waits already, for an
    overlap with another entry and for an approved week.
    """
    why = sheets.reason_of(ask.reason)
    entry = changes.taken(ask.entry_id) if ask.entry_id is not None else None
    technician_id = _whose(ask, entry)
    if entry is not None and (waiting := queries.pending_of(entry.id)) is not None:
        raise errors.Conflict(
            "A correction of this entry waits already. Withdraw it to ask for something else.",
            details={"correction_id": waiting.id},
        )
    times: Times | None = None
    if ask.remove:
        _check_removal(ask, entry)
    else:
        times = _times(ask, entry)
    sheets.hold(technician_id)
    old = (entry.clock_in, entry.clock_out) if entry is not None else (None, None)
    new: tuple[datetime | None, datetime | None] = (None, None)
    if times is not None:
        new = (times.clock_in, times.clock_out)
        clocking.refuse_overlap(
            entry_queries.overlapping(technician_id, times.clock_in, times.clock_out, ask.entry_id)
        )
    sheets.touch(technician_id, sheets.days_of(old, new))
    who = context.principal()
    correction = add(
        TimeCorrection(
            technician_id=technician_id, entry_id=ask.entry_id, clock_in=new[0], clock_out=new[1],
            break_minutes=times.break_minutes if times is not None else 0, remove=ask.remove, reason=why,
            requested_by=who.id if who.kind == "user" else None,
        )
    )  # fmt: skip
    journal.audit("time.correction-requested", correction)
    events.emit(telling.REQUESTED, correction.id, telling.of_correction(correction))
    if entry is not None and times is not None and _is_missing(entry) and times.clock_out is not None:
        before = journal.snapshot(entry)
        changes.write(entry, times, settled=False)
        entry.flag = rules.with_flags(entry.flag, "missing_clock_out")
        changes.told(
            entry, "time.clock-out-estimated", telling.ENTRY_CHANGED, before, correction_id=correction.id
        )
    return correction


def _whose(ask: Ask, entry: TimeEntry | None) -> int:
    """Whose time is to be corrected. Raises Forbidden for others' time without the right to it."""
    me = context.principal().technician_id
    technician_id = entry.technician_id if entry is not None else ask.technician_id or me
    if ask.technician_id is not None and ask.technician_id != technician_id:
        raise errors.Invalid.one("technician_id", "This entry is another technician's.")
    if technician_id is None:
        raise errors.Invalid.one("technician_id", "technician_id is required: say whose time it is.")
    if technician_id == me:
        permissions.demand(OWN if permissions.may(OWN) else EDIT)
    elif not permissions.may(EDIT):
        raise errors.NotFound(f"No technician has the number {technician_id}.")
    get(Technician, technician_id)
    return technician_id


def _check_removal(ask: Ask, entry: TimeEntry | None) -> None:
    if entry is None:
        raise errors.Invalid.one("entry_id", "entry_id is required: say which entry is to be removed.")
    if ask.clock_in is not None or ask.clock_out is not None or ask.break_minutes is not None:
        raise errors.Invalid.one("remove", "An entry is removed, or its times change; not both.")


def _times(ask: Ask, entry: TimeEntry | None) -> Times:
    """The times as they shall be, checked. Raises Invalid also where nothing would change."""
    clock_in = ask.clock_in or (entry.clock_in if entry is not None else None)
    clock_out = ask.clock_out or (entry.clock_out if entry is not None else None)
    minutes = (
        ask.break_minutes
        if ask.break_minutes is not None
        else entry.break_minutes
        if entry is not None
        else 0
    )
    still = entry is not None and entry.clock_out is None and not _is_missing(entry)
    rules.check_times(clock_in, clock_out, minutes, clock.now(), open_ended=still)
    assert clock_in is not None  # checked
    start, end = rules.whole(clock_in), rules.whole(clock_out) if clock_out is not None else None
    if (
        entry is not None
        and not _is_missing(entry)
        and (start, end, minutes) == (entry.clock_in, entry.clock_out, entry.break_minutes)
    ):
        raise errors.Invalid("Nothing would change: give another time, or other break minutes.")
    return Times(start, end, minutes)


def _is_missing(entry: TimeEntry) -> bool:
    late = entry.clock_out is None and clock.now() - entry.clock_in >= basis.missing_after()
    return late or "missing_clock_out" in entry.flag.split()


# Deciding -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Carried:
    """A correction that was carried out: the entry as it is now, and its times as they were (None: it is new)."""

    entry: TimeEntry
    was: dict[str, Any] | None


def approve(correction_id: int, note: str = "", *, seen: datetime | None = None) -> Carried:
    """Carry a correction out.

    `seen`: when the entry was last changed as far as the approver knows. Raises Forbidden for what one asked for or
    worked oneself; Conflict when it is decided already, the entry changed since it was looked at, was removed,
    overlaps another one by now, or lies in an approved week.
    """
    permissions.demand(APPROVE)
    correction = _pending(correction_id)
    said = _note(note)
    old: dict[str, Any] | None = None
    if correction.entry_id is None:
        times = _kept(correction, None)
        entry = changes.write_new(correction.technician_id, times, "correction")
        action, kind, before = "time.entry-added", telling.ENTRY_ADDED, None
    else:
        entry = changes.taken(correction.entry_id)
        # the API tells moments to the second
        if seen is not None and seen not in (entry.updated_at, rules.whole(entry.updated_at)):
            raise errors.Conflict("The entry changed since this was shown. Look at it again, then decide.")
        before = journal.snapshot(entry)
        old = _was(correction, entry)
        if correction.remove:
            changes.take_out(entry)
            action, kind = "time.entry-removed", telling.ENTRY_REMOVED
        else:
            changes.write(entry, _kept(correction, entry))
            action, kind = "time.entry-changed", telling.ENTRY_CHANGED
    was = journal.snapshot(correction)
    correction.entry_id = entry.id
    _decide(correction, "approved", said)
    changes.told(entry, action, kind, before, correction_id=correction.id, reason=correction.reason)
    journal.audit(queries.APPROVED, correction, before=was, was=old, note=said)
    events.emit(telling.CORRECTED, correction.id, telling.of_correction(correction))
    _tell(correction, "success", "Your correction is approved", said)
    return Carried(entry, old)


def _kept(correction: TimeCorrection, entry: TimeEntry | None) -> Times:
    """What a correction asks for. Without a clock-out the entry keeps its own: it ended after it was asked."""
    assert correction.clock_in is not None  # only a removal has none
    clock_out = correction.clock_out or (entry.clock_out if entry is not None else None)
    rules.check_times(correction.clock_in, clock_out, correction.break_minutes, clock.now(), open_ended=True)
    return Times(correction.clock_in, clock_out, correction.break_minutes)


def _was(correction: TimeCorrection, entry: TimeEntry) -> dict[str, Any]:
    """The times before a correction: those of the entry, without the estimate it may have brought already."""
    estimated = "missing_clock_out" in entry.flag.split() and entry.clock_out == correction.clock_out
    return {
        "clock_in": entry.clock_in,
        "clock_out": None if estimated else entry.clock_out,
        "break_minutes": entry.break_minutes,
    }


def reject(correction_id: int, note: str) -> TimeCorrection:
    """Turn a correction down, saying why. Raises Invalid without a note, otherwise as :func:`approve`."""
    permissions.demand(APPROVE)
    said = sheets.reason_of(note, "note")
    correction = _pending(correction_id)
    before = journal.snapshot(correction)
    _decide(correction, "rejected", said)
    journal.audit("time.correction-rejected", correction, before=before, note=said)
    events.emit(telling.TURNED_DOWN, correction.id, telling.of_correction(correction) | {"note": said})
    _tell(correction, "warning", "Your correction was turned down", said)
    return correction


def withdraw(correction_id: int) -> TimeCorrection:
    """Take back what one asked for. Raises NotFound for what somebody else asked, Conflict once it is decided."""
    correction = rights.correction(correction_id)
    if correction.requested_by is None or correction.requested_by != _me():
        raise errors.NotFound(f"No correction of yours has the number {correction_id}.")
    correction = _locked(correction_id)
    before = journal.snapshot(correction)
    _decide(correction, "rejected", WITHDRAWN)
    journal.audit("time.correction-withdrawn", correction, before=before)
    events.emit(telling.TURNED_DOWN, correction.id, telling.of_correction(correction) | {"note": WITHDRAWN})
    return correction


def _pending(correction_id: int) -> TimeCorrection:
    """A correction that the caller may decide on, locked."""
    correction = _locked(correction_id)
    if correction.requested_by is not None and correction.requested_by == _me():
        raise errors.Forbidden("Nobody decides on a correction that they asked for; someone else must.")
    if rights.is_own(correction.technician_id):
        raise errors.Forbidden("Nobody decides on a correction of their own time; someone else must.")
    return correction


def _locked(correction_id: int) -> TimeCorrection:
    sheets.hold(rights.correction(correction_id).technician_id)
    correction = rights.correction(correction_id, lock=True)
    if correction.status != "pending":
        raise errors.Conflict(f"This correction is {correction.status} already.")
    return correction


def _me() -> int | None:
    who = context.principal()
    return who.id if who.kind == "user" else None


def _note(text: str) -> str:
    problems = clean.Problems()
    found = problems.of("note", clean.line, text, sheets.MOST_REASON) or ""
    problems.done()
    return found


def _decide(correction: TimeCorrection, status: str, note: str) -> None:
    correction.status, correction.decision_note = status, note
    correction.decided_by, correction.decided_at = _me(), clock.now()
    db.session.flush()


def _tell(correction: TimeCorrection, kind: str, title: str, note: str) -> None:
    about = f"{telling.moment(correction.clock_in)}. " if correction.clock_in is not None else ""
    telling.technician(correction.technician_id, kind, title, f"{about}{note}".strip(),
                       f"/my/time/corrections/{correction.id}", f"correction-{correction.id}")  # fmt: skip
