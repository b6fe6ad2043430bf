"""When somebody works: weekly shifts, days that differ, and the company's hours where none are written down."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo


class Pattern(NamedTuple):
    """A row of `shifts`: weekly from a day until a day, or for one day in place of the weekly ones."""

    starts_minute: int
    ends_minute: int
    weekday: int | None = None
    on_date: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None


def of_day(patterns: Sequence[Pattern], day: date) -> list[tuple[int, int]] | None:
    """Minutes after midnight worked on a day; [] when off; None when nobody wrote down when this technician works.

    A single day says nothing of the other days.
    """
    special = [p for p in patterns if p.on_date == day]
    if not special and all(p.weekday is None for p in patterns):
        return None
    fitting = special or [
        p
        for p in patterns
        if p.weekday == day.weekday()
        and (p.valid_from is None or p.valid_from <= day)
        and (p.valid_until is None or p.valid_until >= day)
    ]
    return sorted((p.starts_minute, p.ends_minute) for p in fitting if p.ends_minute > p.starts_minute)


def moment(day: date, minute: int, zone: str) -> datetime:
    """A minute after local midnight as a moment in UTC. By the wall clock, also on days of 23 or 25 hours."""
    over, within = divmod(minute, 24 * 60)
    there = day + timedelta(days=over)
    return datetime(
        there.year, there.month, there.day, within // 60, within % 60, tzinfo=ZoneInfo(zone)
    ).astimezone(UTC)


def spans(
    patterns: Sequence[Pattern], days: Iterable[date], zone: str, otherwise: Mapping[int, tuple[int, int]]
) -> list[tuple[datetime, datetime]]:
    """The spans somebody works over some days, in UTC; `otherwise` are the company's hours by weekday."""
    found = []
    for day in days:
        minutes = of_day(patterns, day)
        if minutes is None:
            minutes = [otherwise[day.weekday()]] if day.weekday() in otherwise else []
        found += [(moment(day, a, zone), moment(day, b, zone)) for a, b in minutes]
    return found


def free(hours: Iterable[tuple[datetime, datetime]], taken: Iterable[tuple[datetime, datetime]]) -> int:
    """Whole minutes of some working spans in which nothing is taken. What is taken may overlap."""
    left = 0
    busy = sorted(taken)
    for start, end in hours:
        at = start
        for a, b in busy:
            if b > at and a < end:
                left += max(0, int((min(a, end) - at).total_seconds() // 60))
                at = max(at, min(b, end))
        left += max(0, int((end - at).total_seconds() // 60))
    return left
