"""Whose time a caller may see and touch: the office everybody's, a technician their own."""

from webapp.kit import context, errors, permissions
from webapp.kit.db import find, get
from webapp.models import Technician, TimeCorrection, TimeEntry, TimeSheet
from webapp.technicians import rules as technician_rules
from webapp.timesheets import queries
from webapp.timesheets.permissions import CLOCK, OWN, READ


def sees_all() -> bool:
    """Whether the caller sees everybody's time."""
    return permissions.may(READ)


def own_technician() -> int:
    """The caller as a technician. Raises Forbidden for somebody who is none."""
    found = context.principal().technician_id
    if found is None:
        raise errors.Forbidden("Your account is not connected to a technician, so there is no time of yours.")
    return found


def is_own(technician_id: int) -> bool:
    """Whether this is the caller's own time."""
    return context.principal().technician_id == technician_id


def demand_seen(technician_id: int) -> None:
    """Refuse another technician's time; who may not see it learns no more than that there is none."""
    if not sees_all() and not is_own(technician_id):
        raise errors.NotFound(f"No technician has the number {technician_id}.")


def entry(entry_id: int, *, lock: bool = False) -> TimeEntry:
    """An entry that the caller may see. Raises NotFound for any other, whether it exists or not."""
    found = find(TimeEntry, entry_id, lock=lock)
    if found is None or not (sees_all() or is_own(found.technician_id)):
        raise errors.NotFound(f"No time entry has the number {entry_id}.")
    return found


def sheet(sheet_id: int) -> TimeSheet:
    """As :func:`entry`, for a time sheet."""
    found = find(TimeSheet, sheet_id)
    if found is None or not (sees_all() or is_own(found.technician_id)):
        raise errors.NotFound(f"No time sheet has the number {sheet_id}.")
    return found


def correction(correction_id: int, *, lock: bool = False) -> TimeCorrection:
    """As :func:`entry`, for a correction."""
    found = find(TimeCorrection, correction_id, lock=lock)
    if found is None or not (sees_all() or is_own(found.technician_id)):
        raise errors.NotFound(f"No correction has the number {correction_id}.")
    return found


def to_clock(technician_id: int | None) -> tuple[Technician, bool]:
    """Who is to be clocked, and whether it is the caller themselves.

    Raises Invalid without a technician where the caller is none, NotFound for a technician the caller may not clock,
    Conflict for one who does not work here at present.
    """
    me = context.principal().technician_id
    if technician_id is None:
        if me is None:
            raise errors.Invalid.one("technician_id", "technician_id is required: say who is clocked.")
        technician_id = me
    own = technician_id == me
    if own:
        permissions.demand(OWN if permissions.may(OWN) else CLOCK)
    elif not permissions.may(CLOCK):
        raise errors.NotFound(f"No technician has the number {technician_id}.")
    found = get(Technician, technician_id)
    if technician_rules.state(found.starts_on, found.ends_on, queries.today()) != "active":
        raise errors.Conflict(f"{found.name} does not work here at present.")
    return found, own
