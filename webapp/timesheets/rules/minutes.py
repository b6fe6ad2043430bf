"""Minutes worked: of an entry, of each day it touches, of a week, and what of them is overtime. Pure.

Everything is counted between moments in UTC, so a night on which clocks are put forward has an hour less. Seconds
are dropped once per entry, not once per day: the days of an entry always add up to it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from webapp.timesheets.rules.weeks import Week

WEEKLY_MINUTES = 40 * 60
DAILY_MINUTES = 8 * 60
DOUBLE_MINUTES = 12 * 60


class Entry(Protocol):
    """What is read of a time entry."""

    clock_in: datetime
    clock_out: datetime | None
    break_minutes: int
    break_started_at: datetime | None
    flag: str


class Break(Protocol):
    """What is read of a break."""

    started_at: datetime
    ended_at: datetime | None
    paid: bool


class JobTime(Protocol):
    """What is read of the time of a visit."""

    kind: str
    started_at: datetime
    ended_at: datetime | None


def between(start: datetime, end: datetime) -> int:
    """Whole minutes from one moment to a later one; 0 the other way round."""
    return max(0, int((end - start).total_seconds() // 60))


def duration(clock_in: datetime, clock_out: datetime, break_minutes: int) -> int:
    """Minutes worked: (out − in) − unpaid breaks, never below zero."""
    return max(0, between(clock_in, clock_out) - break_minutes)


def cut(start: datetime, end: datetime, zone: str) -> dict[date, int]:
    """The whole minutes of a span on each local day it touches; they add up to :func:`between`."""
    if end <= start:
        return {}
    tz = ZoneInfo(zone)
    day = start.astimezone(tz).date()
    edges = [start]
    days = [day]
    while (midnight := _midnight(day + timedelta(days=1), tz)) < end:
        day += timedelta(days=1)
        edges.append(midnight)
        days.append(day)
    edges.append(end)
    elapsed = [between(start, edge) for edge in edges]
    return {day: after - before for day, (before, after) in zip(days, pairwise(elapsed), strict=True)}


def _midnight(day: date, tz: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tz).astimezone(UTC)


def unpaid(
    clock_in: datetime, clock_out: datetime, break_minutes: int, breaks: Iterable[Break], zone: str
) -> dict[date, int]:
    """Unpaid break minutes on each day of an entry: where its breaks lay, if they add up to its `break_minutes`.

    A total without breaks to it (after a correction) is taken from the day with the most time.
    """
    lain: dict[date, int] = {}
    for b in breaks:
        if not b.paid and b.ended_at is not None:
            for day, minutes in cut(b.started_at, b.ended_at, zone).items():
                lain[day] = lain.get(day, 0) + minutes
    if sum(lain.values()) == break_minutes:
        return lain
    gross = cut(clock_in, clock_out, zone)
    longest = sorted(gross, key=lambda day: -gross[day])
    found: dict[date, int] = {}
    left = break_minutes
    for day in longest:
        found[day] = min(left, gross[day])
        left -= found[day]
    return {day: minutes for day, minutes in found.items() if minutes}


def by_day(
    clock_in: datetime, clock_out: datetime, break_minutes: int, breaks: Iterable[Break], zone: str
) -> dict[date, int]:
    """Minutes worked on each local day of an entry; they add up to :func:`duration`."""
    gross = cut(clock_in, clock_out, zone)
    taken = unpaid(clock_in, clock_out, break_minutes, breaks, zone)
    net = {day: minutes - taken.get(day, 0) for day, minutes in gross.items()}
    owed = sum(-minutes for minutes in net.values() if minutes < 0)
    owed += sum(minutes for day, minutes in taken.items() if day not in net)
    net = {day: max(0, minutes) for day, minutes in net.items()}
    for day in sorted(net, key=lambda day: -net[day]):
        less = min(owed, net[day])  # a minute that rounding put on the wrong side of midnight
        net[day] -= less
        owed -= less
    return net


@dataclass(frozen=True, slots=True)
class Overtime:
    """What a week's minutes are, as information: pay is not made from it."""

    regular: int = 0
    overtime: int = 0  # at one and a half times
    double: int = 0  # at twice: California only

    @property
    def any(self) -> int:
        return self.overtime + self.double


def overtime(days: Sequence[int], rule: str) -> Overtime:
    """Overtime of a week from its days' minutes, in order.

    `weekly`: over 40 hours (29 USC 207(a)). `california`: over 8 hours a day, over 40 regular hours a week, and the
    first 8 of a seventh day in a row at one and a half; over 12 a day, and over 8 on that seventh, at twice
    (California Labor Code 510).
    """
    total = sum(days)
    if rule != "california":
        return Overtime(min(total, WEEKLY_MINUTES), max(0, total - WEEKLY_MINUTES))
    seventh = len(days) == 7 and all(days)
    regular = extra = double = 0
    for number, minutes in enumerate(days):
        if seventh and number == 6:
            extra += min(minutes, DAILY_MINUTES)
            double += max(0, minutes - DAILY_MINUTES)
        else:
            regular += min(minutes, DAILY_MINUTES)
            extra += max(0, min(minutes, DOUBLE_MINUTES) - DAILY_MINUTES)
            double += max(0, minutes - DOUBLE_MINUTES)
    over = max(0, regular - WEEKLY_MINUTES)
    return Overtime(regular - over, extra + over, double)


# A week ---------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Day:
    """One day of a time sheet, in minutes."""

    day: date
    minutes: int = 0  # worked
    break_minutes: int = 0  # unpaid
    travel: int = 0
    work: int = 0
    flags: set[str] = field(default_factory=set)
    entries: list[Entry] = field(default_factory=list)  # that touch it, earliest first
    running: bool = False  # still clocked in

    @property
    def unassigned(self) -> int:
        """Worked, but on no visit."""
        return max(0, self.minutes - self.travel - self.work)


@dataclass(slots=True)
class Hours:
    """A technician's week in minutes."""

    days: list[Day]
    over: Overtime = field(default_factory=Overtime)

    @property
    def minutes(self) -> int:
        return sum(d.minutes for d in self.days)

    @property
    def break_minutes(self) -> int:
        return sum(d.break_minutes for d in self.days)

    @property
    def travel(self) -> int:
        return sum(d.travel for d in self.days)

    @property
    def work(self) -> int:
        return sum(d.work for d in self.days)

    @property
    def unassigned(self) -> int:
        return sum(d.unassigned for d in self.days)

    @property
    def flags(self) -> set[str]:
        return set().union(*(d.flags for d in self.days))

    @property
    def running(self) -> bool:
        return any(d.running for d in self.days)

    @property
    def entries(self) -> list[Entry]:
        """Each entry once, also one that lies on two days."""
        return list({id(e): e for d in self.days for e in d.entries}.values())


def ends_at(entry: Entry, now: datetime, missing_after: timedelta) -> datetime:
    """Until when an entry counts: its clock-out; now while it runs; not at all once its clock-out is missing."""
    if entry.clock_out is not None:
        return entry.clock_out
    return entry.clock_in if now - entry.clock_in >= missing_after else max(now, entry.clock_in)


def taken(entry: Entry, breaks: Sequence[Break], until: datetime) -> int:
    """Unpaid minutes of an entry so far: ended breaks and the one under way."""
    minutes = entry.break_minutes
    if entry.clock_out is None:
        minutes += sum(between(b.started_at, until) for b in breaks if b.ended_at is None and not b.paid)
    return minutes


@dataclass(slots=True)
class _Ended:
    """A break that is under way, as if it ended now."""

    started_at: datetime
    ended_at: datetime | None
    paid: bool


def hours(
    week: Week, entries: Iterable[tuple[Entry, Sequence[Break]]], jobs: Iterable[JobTime], *,
    zone: str, now: datetime, missing_after: timedelta, overtime_rule: str,
) -> Hours:  # fmt: skip
    """A technician's week from what was clocked and what visits took. Time outside of the week is left out."""
    days = {day: Day(day) for day in week.days()}
    for entry, breaks in entries:
        until = ends_at(entry, now, missing_after)
        lain = [_Ended(b.started_at, b.ended_at or until, b.paid) for b in breaks if b.started_at <= until]
        minutes = taken(entry, breaks, until)
        worked = by_day(entry.clock_in, until, minutes, lain, zone)
        paused = unpaid(entry.clock_in, until, minutes, lain, zone)
        first = entry.clock_in.astimezone(ZoneInfo(zone)).date()
        for day in {first, *worked} & days.keys():
            found = days[day]
            found.minutes += worked.get(day, 0)
            found.break_minutes += paused.get(day, 0)
            found.entries.append(entry)
            found.flags |= set(entry.flag.split())
            found.running |= entry.clock_out is None and until > entry.clock_in
    _put_jobs(days, jobs, zone, now)
    ordered = [days[day] for day in week.days()]
    for found in ordered:
        found.entries.sort(key=lambda e: e.clock_in)
    return Hours(ordered, overtime([d.minutes for d in ordered], overtime_rule))


def _put_jobs(days: Mapping[date, Day], jobs: Iterable[JobTime], zone: str, now: datetime) -> None:
    for job in jobs:
        for day, minutes in cut(job.started_at, job.ended_at or now, zone).items():
            if day in days:
                if job.kind == "travel":
                    days[day].travel += minutes
                else:
                    days[day].work += minutes


def decimal_hours(minutes: int) -> str:
    """Minutes as hours with two places, half to even: 95 → `1.58`, as payroll services read them."""
    whole, rest = divmod(minutes * 100, 60)
    up = rest * 2 > 60 or (rest * 2 == 60 and whole % 2 == 1)
    hundredths = whole + up
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def words(minutes: int) -> str:
    """`7 h 35 min`, `45 min`, `8 h`."""
    whole, rest = divmod(minutes, 60)
    if not whole:
        return f"{rest} min"
    return f"{whole:,} h {rest} min" if rest else f"{whole:,} h"
