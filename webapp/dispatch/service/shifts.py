"""When technicians work: weekly shifts, single days, and turns of being on call."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from webapp.dispatch import events as told
from webapp.dispatch import settings
from webapp.dispatch.permissions import SCHEDULE_EDIT
from webapp.dispatch.queries import schedules as reading
from webapp.dispatch.rules import schedules
from webapp.kit import errors, events, journal, locks
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import demand
from webapp.models import OnCallTurn, Shift, Technician

FIELDS = ("weekday", "on_date", "starts_minute", "ends_minute", "valid_from", "valid_until")


def create(technician_id: int, values: Mapping[str, Any]) -> Shift:
    """Write down when a technician works. Raises Invalid, NotFound, Conflict when it runs into another shift."""
    demand(SCHEDULE_EDIT)
    _known(technician_id)
    kept = schedules.shift(values)
    locks.hold("shifts", technician_id)
    shift = Shift(technician_id=technician_id, **kept)
    _refuse_collision(shift, None)
    add(shift)
    _told(shift, None)
    return shift


def update(shift_id: int, changes: Mapping[str, Any]) -> Shift:
    """Change a shift; what is not named stays. Raises as :func:`create`."""
    demand(SCHEDULE_EDIT)
    shift = get(Shift, shift_id, what="shift", lock=True)
    locks.hold("shifts", shift.technician_id)
    before = journal.snapshot(shift)
    kept = schedules.shift({**before, **{k: v for k, v in changes.items() if k in FIELDS}})
    _refuse_collision(Shift(technician_id=shift.technician_id, **kept), shift.id)
    for name, value in kept.items():
        setattr(shift, name, value)
    if before != journal.snapshot(shift):
        db.session.flush()
        _told(shift, before)
    return shift


def remove(shift_id: int) -> None:
    """Take a shift away. Raises NotFound."""
    demand(SCHEDULE_EDIT)
    _remove(get(Shift, shift_id, what="shift", lock=True))


def set_week(technician_id: int, weekdays: Sequence[int], spans: Sequence[tuple[int, int]], *,
             valid_from: date | None = None, valid_until: date | None = None) -> list[Shift]:  # fmt: skip
    """Give a technician these hours on some weekdays in place of the ones that hold there now; no spans: off.

    With a day from which they hold, earlier hours end the day before; those of single days stay. Raises Invalid, NotFound.
    """
    demand(SCHEDULE_EDIT)
    _known(technician_id)
    if not weekdays:
        raise errors.Invalid.one("weekdays", "Choose at least one weekday.")
    locks.hold("shifts", technician_id)
    present = reading.shifts_of([technician_id])[technician_id]
    for shift in present:
        if shift.weekday in weekdays:
            _give_way(shift, valid_from, valid_until)
    made = []
    for weekday in sorted(set(weekdays)):
        for start, end in spans:
            made.append(create(technician_id, {"weekday": weekday, "starts_minute": start, "ends_minute": end,
                                               "valid_from": valid_from, "valid_until": valid_until}))  # fmt: skip
    return made


def _give_way(shift: Shift, first: date | None, last: date | None) -> None:
    """Make room for hours that hold between two days; what holds before and after stays."""
    begins, ends = shift.valid_from or schedules.FIRST_DAY, shift.valid_until or schedules.LAST_DAY
    new_begins, new_ends = first or schedules.FIRST_DAY, last or schedules.LAST_DAY
    if ends < new_begins or begins > new_ends:
        return
    before = journal.snapshot(shift)
    if begins < new_begins:
        if ends > new_ends:  # the new hours lie within: what comes after them is a shift of its own
            rest = {k: v for k, v in before.items() if k in FIELDS} | {"valid_from": _next(new_ends)}
            _told(add(Shift(technician_id=shift.technician_id, **rest)), None)
        shift.valid_until = date.fromordinal(new_begins.toordinal() - 1)
    elif ends > new_ends:
        shift.valid_from = _next(new_ends)
    else:
        _remove(shift)
        return
    db.session.flush()
    _told(shift, before)


def _next(day: date) -> date:
    return date.fromordinal(day.toordinal() + 1)


def _remove(shift: Shift) -> None:
    before = journal.snapshot(shift)
    journal.audit("shift.removed", shift, diff=journal.difference(before, dict.fromkeys(before)))
    events.emit(
        told.SHIFTS_CHANGED, shift.id, {"technician_id": shift.technician_id, "shift_ids": [shift.id]}
    )
    db.session.delete(shift)
    db.session.flush()


def _told(shift: Shift, before: dict[str, Any] | None) -> None:
    journal.audit("shift.created" if before is None else "shift.changed", shift, before=before)
    events.emit(
        told.SHIFTS_CHANGED, shift.id, {"technician_id": shift.technician_id, "shift_ids": [shift.id]}
    )


def _known(technician_id: int) -> Technician:
    found = find(Technician, technician_id)
    if found is None:
        raise errors.NotFound(f"No technician has the number {technician_id}.")
    return found


def _refuse_collision(shift: Shift, besides: int | None) -> None:
    asked = reading.pattern(shift)
    for other in reading.shifts_of([shift.technician_id])[shift.technician_id]:
        if other.id != besides and schedules.collide(asked, reading.pattern(other)):
            raise errors.Conflict(
                "These hours run into another shift of the same day.", details={"shift_id": other.id}
            )


# On call ------------------------------------------------------------------------------------------------------------


def add_turn(technician_id: int, values: Mapping[str, Any]) -> OnCallTurn:
    """Put a technician on call for a time. Several may be at once. Raises Invalid, NotFound, Conflict when they are already."""
    demand(SCHEDULE_EDIT)
    kept = schedules.turn(values)
    _free_for_turn(technician_id, kept, None)
    turn = add(OnCallTurn(technician_id=technician_id, **kept))
    journal.audit("on-call.created", turn)
    _tell_turns([turn])
    return turn


def change_turn(turn_id: int, changes: Mapping[str, Any], *, technician_id: int | None = None) -> OnCallTurn:
    """Change a turn or give it to somebody else; what is not named stays. Raises as :func:`add_turn`."""
    demand(SCHEDULE_EDIT)
    turn = get(OnCallTurn, turn_id, what="on-call turn", lock=True)
    before = journal.snapshot(turn)
    kept = schedules.turn({**before, **changes})
    who = technician_id if technician_id is not None else turn.technician_id
    _free_for_turn(who, kept, turn.id)
    turn.technician_id = who
    for name, value in kept.items():
        setattr(turn, name, value)
    if before != journal.snapshot(turn):
        db.session.flush()
        journal.audit("on-call.changed", turn, before=before)
        _tell_turns([turn])
    return turn


def remove_turn(turn_id: int) -> dict[str, Any]:
    """Take a turn away; its values, so that it can be put back. Raises NotFound."""
    demand(SCHEDULE_EDIT)
    turn = get(OnCallTurn, turn_id, what="on-call turn", lock=True)
    before = journal.snapshot(turn)
    journal.audit("on-call.removed", turn, diff=journal.difference(before, dict.fromkeys(before)))
    _tell_turns([turn])
    db.session.delete(turn)
    db.session.flush()
    return {n: before[n] for n in ("technician_id", "starts_at", "ends_at", "note")}


def deal_out(
    technician_ids: Sequence[int], *, first: date, days: int, minute: int, turns: int
) -> list[OnCallTurn]:
    """Make a rotation: everybody in their order, again and again. All or nothing. Raises Invalid, NotFound, Conflict."""
    demand(SCHEDULE_EDIT)
    given = schedules.Rotation(
        tuple(dict.fromkeys(technician_ids)), first, days, minute, turns, settings.zone()
    )
    return [
        add_turn(who, {"starts_at": start, "ends_at": end}) for who, start, end in schedules.rotation(given)
    ]


def _free_for_turn(technician_id: int, kept: Mapping[str, Any], besides: int | None) -> None:
    technician = _known(technician_id)
    locks.hold("on-call", technician_id)
    other = reading.own_turn(technician_id, kept["starts_at"], kept["ends_at"], besides)
    if other is not None:
        day = other.starts_at.date()
        raise errors.Conflict(f"{technician.name} is on call then already, from {day:%B} {day.day}.",
                              details={"turn_id": other.id})  # fmt: skip


def _tell_turns(found: Sequence[OnCallTurn]) -> None:
    who = sorted({t.technician_id for t in found})
    events.emit(told.ON_CALL_CHANGED, found[0].id, {"technician_ids": who, "turn_ids": [t.id for t in found]})
