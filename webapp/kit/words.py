"""Dates and times in the words people use, in the organization's zone."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from webapp.kit import clock


def _time(moment: datetime) -> str:
    return moment.strftime("%I:%M %p").lstrip("0")


def _day(day: date, today: date) -> str:
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    if day == today + timedelta(days=1):
        return "Tomorrow"
    text = f"{day:%b} {day.day}" if day.year == today.year else f"{day:%b} {day.day}, {day.year}"
    return f"{day:%a}, {text}" if abs((day - today).days) < 7 else text


def _ago(moment: datetime) -> str:
    seconds = int((clock.now() - moment).total_seconds())
    if seconds < 0:
        return "soon"
    for size, unit in ((86400, "day"), (3600, "h"), (60, "min")):
        if seconds >= size:
            amount = seconds // size
            return f"{amount} {unit}{'s' if unit == 'day' and amount > 1 else ''} ago"
    return "just now"


def date_words(value: date | datetime | None, style: str = "datetime", until: datetime | None = None,
               zone: str = "UTC") -> str:  # fmt: skip
    """A moment (UTC) or a day in words. Styles: datetime, date, time, ago, long; `until` makes a window."""
    if value is None:
        return "–"
    tz = ZoneInfo(zone)
    today = clock.today(zone)
    if not isinstance(value, datetime):
        if style == "long":
            return f"{value:%A, %B} {value.day}, {value.year}"
        return _day(value, today)
    local = value.astimezone(tz)
    if style == "ago" and clock.now() - value < timedelta(days=7):
        return _ago(value)
    if style == "time":
        return _time(local)
    if style == "long":
        return f"{local:%A, %B} {local.day}, {local.year} at {_time(local)} {local.tzname()}"
    if style in ("date", "ago"):
        return _day(local.date(), today)
    if until is not None:
        end = until.astimezone(tz)
        if (
            local < end and local.time() == end.time() == time.min
        ):  # whole days: their last is the day before the end
            last = end.date() - timedelta(days=1)
            first = _day(local.date(), today)
            return f"{first}, all day" if last == local.date() else f"{first} – {_day(last, today)}"
        start, stop = _time(local), _time(end)
        if end.date() == local.date():
            if start[-2:] == stop[-2:]:
                start = start[:-3]
            return f"{_day(local.date(), today)} {start}–{stop}"
        return f"{_day(local.date(), today)} {start} – {_day(end.date(), today)} {stop}"
    return f"{_day(local.date(), today)} {_time(local)}"


def plural(amount: int, word: str, many: str | None = None) -> str:
    """`3 sales`, `1 sale`."""
    return f"{amount:,} {word if amount == 1 else many or word + 's'}"
