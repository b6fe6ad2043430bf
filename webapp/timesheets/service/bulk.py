"""Many entries at once, as imports and the demo companies bring them: the same rules, a handful of statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert

from webapp.kit import clock, context, errors, journal, permissions
from webapp.kit.db import db
from webapp.models import TimeBreak, TimeEntry
from webapp.timesheets import rules
from webapp.timesheets.permissions import EDIT
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.service import clocking, sheets


@dataclass(frozen=True, slots=True)
class Worked:
    """One finished entry, with its breaks as (kind, start, end), all within it."""

    technician_id: int
    clock_in: datetime
    clock_out: datetime
    breaks: tuple[tuple[str, datetime, datetime], ...] = ()
    source: str = "phone"


def add_entries(worked: Sequence[Worked]) -> int:
    """Add finished entries of any technicians; how many. One audit entry for all of them, no event each.

    Raises Invalid for times that cannot be, Conflict where two overlap or lie in an approved week; nothing is added
    then.
    """
    permissions.demand(EDIT)
    now = clock.now()
    mine: dict[int, list[Worked]] = defaultdict(list)
    for one in worked:
        mine[one.technician_id].append(one)
    if not mine:
        return 0
    for technician_id in sorted(mine):
        sheets.hold(technician_id)
        _check(mine[technician_id], now)
    _refuse_overlaps(worked, now)
    sheets.touch_all(
        {t: sheets.days_of(*((one.clock_in, one.clock_out) for one in found)) for t, found in mine.items()}
    )
    _insert([one for technician_id in sorted(mine) for one in mine[technician_id]], now)
    journal.audit(
        "time.entries-added", record_type="time_entry", amount=len(worked), technicians=sorted(mine)
    )
    return len(worked)


def _check(found: list[Worked], now: datetime) -> None:
    found.sort(key=lambda one: one.clock_in)
    before: Worked | None = None
    for one in found:
        rules.check_times(one.clock_in, one.clock_out, _unpaid(one), now)
        if any(not one.clock_in <= start <= end <= one.clock_out for _, start, end in one.breaks):
            raise errors.Invalid.one("breaks", "A break must lie within its entry.")
        if before is not None and one.clock_in < before.clock_out:
            raise errors.Conflict("Two of these entries overlap.")
        before = one


def _refuse_overlaps(worked: Sequence[Worked], now: datetime) -> None:
    """Raise Conflict where one of these shares time with an entry that is there."""
    people = {one.technician_id for one in worked}
    start, end = min(one.clock_in for one in worked), max(one.clock_out for one in worked)
    there: dict[int, list[TimeEntry]] = defaultdict(list)
    for entry in entry_queries.within(people, start, end):
        there[entry.technician_id].append(entry)
    for one in worked:
        for entry in there[one.technician_id]:
            if one.clock_in < (entry.clock_out or now) and entry.clock_in < one.clock_out:
                clocking.refuse_overlap(entry)


def _unpaid(one: Worked) -> int:
    return sum(rules.between(start, end) for kind, start, end in one.breaks if kind not in rules.PAID_BREAKS)


def _insert(worked: Sequence[Worked], now: datetime) -> None:
    tenant = context.tenant_id()
    rows = [
        {"tenant_id": tenant, "technician_id": one.technician_id, "clock_in": rules.whole(one.clock_in),
         "clock_out": rules.whole(one.clock_out), "break_minutes": _unpaid(one), "notes": "", "source": one.source,
         "flag": rules.length_flag("", one.clock_in, one.clock_out), "created_at": now, "updated_at": now}
        for one in worked
    ]  # fmt: skip
    made = db.session.scalars(insert(TimeEntry).returning(TimeEntry.id, sort_by_parameter_order=True), rows)
    breaks = [
        {"tenant_id": tenant, "entry_id": entry_id, "kind": kind, "paid": kind in rules.PAID_BREAKS,
         "started_at": rules.whole(start), "ended_at": rules.whole(end)}
        for entry_id, one in zip(made.all(), worked, strict=True)
        for kind, start, end in one.breaks
    ]  # fmt: skip
    if breaks:
        db.session.execute(insert(TimeBreak), breaks)
