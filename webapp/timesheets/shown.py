"""How working time reads on pages and on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from webapp.kit import clock
from webapp.timesheets import queries, rules


def clocked(entry: Any, day: date | None = None) -> str:
    """An entry's times: `7:42 AM – 4:30 PM`; on the second of its days, `until 2:10 AM, since Mon 10:00 PM`.

    `day` is the one it is shown on, its first when left out.
    """
    tz = ZoneInfo(queries.zone())
    start = entry.clock_in.astimezone(tz)
    end = entry.clock_out.astimezone(tz) if entry.clock_out is not None else None
    if day is not None and start.date() < day:
        since = f"since {start:%a} {time(start)}"
        if end is None:
            return f"still in, {since}"
        return f"until {time(end)}, {since}" if end.date() <= day else f"all day, {since}"
    if end is None:
        missing = clock.now() - entry.clock_in >= queries.missing_after()
        return f"{time(start)} – {'?' if missing else 'now'}"
    later = (end.date() - start.date()).days
    return f"{time(start)} – {time(end)}{f' +{later} day' if later else ''}"


def time(local: datetime) -> str:
    """`7:42 AM`."""
    return f"{local:%I:%M %p}".lstrip("0")


def day(moment: datetime) -> date:
    """The local day of a moment."""
    return moment.astimezone(ZoneInfo(queries.zone())).date()


def day_words(moment: datetime) -> str:
    """`Wed, Nov 18`."""
    found = day(moment)
    return f"{found:%a, %b} {found.day}"


def end(entry: Any) -> str:
    """When a finished entry ended, beside a column that says when it began: `4:30 PM`, `2:10 AM +1 day`."""
    start, stop = (m.astimezone(ZoneInfo(queries.zone())) for m in (entry.clock_in, entry.clock_out))
    later = (stop.date() - start.date()).days
    return f"{time(stop)}{f' +{later} day' if later else ''}"


@dataclass(frozen=True, slots=True)
class Times:
    """An entry's times in words, for putting two of them side by side."""

    day: str
    span: str
    breaks: str


def times(of: Mapping[str, Any]) -> Times:
    """The `clock_in`, `clock_out` and `break_minutes` of an entry or correction."""
    start = of["clock_in"].astimezone(ZoneInfo(queries.zone()))
    stop = of["clock_out"].astimezone(ZoneInfo(queries.zone())) if of["clock_out"] is not None else None
    later = (stop.date() - start.date()).days if stop is not None else 0
    ends = f"{time(stop)}{f' +{later} day' if later else ''}" if stop is not None else "no clock-out"
    minutes = of["break_minutes"]
    breaks = f"{rules.words(minutes)} breaks" if minutes else "no breaks"
    return Times(f"{start:%a, %b} {start.day}", f"{time(start)} – {ends}", breaks)
