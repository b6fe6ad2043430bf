"""The one source of the time. Code never asks the system clock itself, so tests and replays can set it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

_frozen: datetime | None = None


def now() -> datetime:
    """The present moment in UTC, to the microsecond."""
    return _frozen if _frozen is not None else datetime.now(UTC)


def today(zone: str) -> date:
    """The present day in an IANA time zone such as `America/New_York`."""
    return now().astimezone(ZoneInfo(zone)).date()


def unix() -> int:
    """Whole seconds since 1970, as JWTs and signatures want them."""
    return int(now().timestamp())


def monotonic() -> float:
    """Seconds that only grow, for measuring and for caches; not affected by :func:`at`."""
    return time.monotonic()


_FIRST, _LAST = date.min + timedelta(days=1), date.max - timedelta(days=1)


def day_bounds(day: date, zone: str) -> tuple[datetime, datetime]:
    """The first moment of a local day and of the day after, in UTC. The calendar's own first and last day, which nothing is
    before or after, are as good as those beside them."""
    tz = ZoneInfo(zone)
    day = min(max(day, _FIRST), _LAST)
    start = datetime(day.year, day.month, day.day, tzinfo=tz)
    following = day + timedelta(days=1)
    return start.astimezone(UTC), datetime(
        following.year, following.month, following.day, tzinfo=tz
    ).astimezone(UTC)


def iso(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z` and whole seconds, as the field API writes times."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()[:19] + "Z"


def iso_ms(moment: datetime) -> str:
    """ISO 8601 in UTC with `Z` and milliseconds, as the growth API writes times."""
    moment = moment.astimezone(UTC)
    return f"{moment.strftime('%Y-%m-%dT%H:%M:%S')}.{moment.microsecond // 1000:03d}Z"


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Hold the clock at a moment (tests, demo history). Not for use while serving."""
    global _frozen
    before, _frozen = _frozen, moment.astimezone(UTC)
    try:
        yield
    finally:
        _frozen = before


def advance(by: timedelta) -> None:
    """Move a held clock forward. Raises RuntimeError when the clock is not held by :func:`at`."""
    global _frozen
    if _frozen is None:
        raise RuntimeError("the clock runs by itself; hold it with clock.at() first")
    _frozen += by
