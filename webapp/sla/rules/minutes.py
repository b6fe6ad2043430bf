"""Business time: how much of it lies between two moments, and when so much of it has gone.

A moment is business time when the clock on the wall shows a time within the hours of its day. On the day the clocks
are put back, hours that are shown twice count twice; on the day they are put forward, hours that are not shown do not
count. A calendar of None counts around the clock.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

DAY: Final = 24 * 60
FURTHEST: Final = 20 * 366  # days that are looked through for business time
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a company works. `hours`: (weekday, opens, closes) with 0 for Monday and minutes after local midnight.

    Hours that close past midnight (above 1440) belong to the day they open; so does a holiday.
    """

    zone: str
    hours: tuple[tuple[int, int, int], ...]
    holidays: frozenset[date] = frozenset()

    @classmethod
    def of(
        cls, zone: str, hours: Mapping[int, tuple[int, int]], holidays: Sequence[date] = ()
    ) -> "Calendar | None":
        """None, around the clock, where a company opens on no day."""
        open_days = tuple(sorted((day, a, b) for day, (a, b) in hours.items() if b > a))
        return cls(zone, open_days, frozenset(holidays)) if open_days else None


def elapsed(calendar: Calendar | None, start: datetime, end: datetime) -> timedelta:
    """The business time between two moments; nothing when the end is not after the start."""
    if end <= start:
        return timedelta()
    if calendar is None:
        return end - start
    total = timedelta()
    for a, b in _spans(calendar, start):
        if a >= end:
            break
        total += min(b, end) - max(a, start)
    return total


def between(calendar: Calendar | None, start: datetime, end: datetime) -> int:
    """As :func:`elapsed`, in whole minutes."""
    return int(elapsed(calendar, start, end) // timedelta(minutes=1))


def after(calendar: Calendar | None, start: datetime, amount: timedelta) -> datetime:
    """The first moment at which so much business time has gone since a start.

    Time promised until closing ends at closing, not at the next opening. Where the calendar has too little of it within
    twenty years, the end of those.
    """
    if amount <= timedelta():
        return start
    if calendar is None:
        return start + amount
    left, last = amount, start
    for a, b in _spans(calendar, start):
        begins = max(a, start)
        if b - begins >= left:
            return begins + left
        left -= b - begins
        last = b
    return max(last, start + timedelta(days=FURTHEST))


def _spans(calendar: Calendar, start: datetime) -> Iterator[Span]:
    """The open spans that end after a moment, in order, in UTC."""
    day = start.astimezone(ZoneInfo(calendar.zone)).date()
    for offset in range(FURTHEST):
        for a, b in of_day(calendar, day + timedelta(days=offset)):
            if b > start:
                yield a, b


def of_day(calendar: Calendar, day: date) -> tuple[Span, ...]:
    """The open spans of a local day, in UTC; those of the evening before that last past midnight are among them."""
    wanted: list[tuple[int, int]] = []
    before = day - timedelta(days=1)
    for weekday, opens, closes in calendar.hours:
        if weekday == before.weekday() and closes > DAY and before not in calendar.holidays:
            wanted.append((max(0, opens - DAY), closes - DAY))
        if weekday == day.weekday() and day not in calendar.holidays:
            wanted.append((opens, min(closes, DAY)))
    return _on_the_wall(calendar.zone, day, _joined(wanted))


def _joined(spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for a, b in sorted(s for s in spans if s[1] > s[0]):
        if found and a <= found[-1][1]:
            found[-1] = (found[-1][0], max(b, found[-1][1]))
        else:
            found.append((a, b))
    return tuple(found)


@lru_cache(maxsize=50_000)
def _on_the_wall(zone: str, day: date, spans: tuple[tuple[int, int], ...]) -> tuple[Span, ...]:
    """When the wall's clock shows some minutes of a day, in UTC."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    found: list[Span] = []
    for begins, ends, offset in _even_parts(zone, day):
        for a, b in spans:
            first = max(begins, midnight + timedelta(minutes=a) - offset)
            last = min(ends, midnight + timedelta(minutes=b) - offset)
            if first < last:
                found.append((first, last))
    return tuple(found)


def _even_parts(zone: str, day: date) -> list[tuple[datetime, datetime, timedelta]]:
    """A local day in parts of one offset from UTC: one part, two when the clocks are changed on it."""
    there = ZoneInfo(zone)
    following = day + timedelta(days=1)
    begins = datetime(day.year, day.month, day.day, tzinfo=there).astimezone(UTC)
    ends = datetime(following.year, following.month, following.day, tzinfo=there).astimezone(UTC)
    first, last = _offset(there, begins), _offset(there, ends - timedelta(minutes=1))
    if first == last:
        return [(begins, ends, first)]
    low, high = 0, int((ends - begins) // timedelta(minutes=1)) - 1
    while high - low > 1:  # the minute at which the offset changes lies in (low, high]
        middle = (low + high) // 2
        if _offset(there, begins + timedelta(minutes=middle)) == first:
            low = middle
        else:
            high = middle
    change = begins + timedelta(minutes=high)
    return [(begins, change, first), (change, ends, last)]


def _offset(there: ZoneInfo, moment: datetime) -> timedelta:
    found = moment.astimezone(there).utcoffset()
    assert found is not None  # a zone has an offset at every moment
    return found
