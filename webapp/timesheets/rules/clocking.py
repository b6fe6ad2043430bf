"""What may be clocked: moments that phones send, positions, order, breaks, flags. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from webapp.kit import errors, geo
from webapp.timesheets.rules.minutes import between

LONG_DAY = timedelta(hours=16)  # a longer entry is flagged
LONGEST = timedelta(hours=24)  # a longer one is a forgotten clock-out
BACK = timedelta(days=7)  # how long a phone may have been offline
AHEAD = timedelta(minutes=2)  # how far clocks may differ without a word
CORRECTABLE = timedelta(days=366)
FLAGS = {
    "missing_clock_out": "No clock-out",
    "clock_skew": "Phone’s clock was off",
    "long_day": "Over 16 hours",
}
BREAKS = {"lunch": "Lunch", "rest": "Rest break"}
PAID_BREAKS = frozenset({"rest"})  # rest periods count as hours worked (29 CFR 785.18), meals do not (785.19)
SOURCES = {
    "phone": "On the phone",
    "api": "Over the API",
    "office": "By the office",
    "correction": "By a correction",
}
SHEET_STATES = {"open": "Open", "submitted": "Submitted", "approved": "Approved"}
CORRECTION_STATES = {"pending": "Pending", "approved": "Approved", "rejected": "Rejected"}


# Flags ----------------------------------------------------------------------------------------------------


def flags_of(text: str) -> list[str]:
    """The flags of an entry, in the order of :data:`FLAGS`."""
    found = set(text.split())
    return [name for name in FLAGS if name in found]


def with_flags(text: str, *more: str, without: Iterable[str] = ()) -> str:
    """A flag column with some flags more and some less."""
    found = (set(text.split()) | set(more)) - set(without)
    return " ".join(name for name in FLAGS if name in found)


def length_flag(text: str, clock_in: datetime, clock_out: datetime | None) -> str:
    """A flag column that says `long_day` exactly when the entry is one."""
    if clock_out is not None and clock_out - clock_in > LONG_DAY:
        return with_flags(text, "long_day")
    return with_flags(text, without=("long_day",))


# Where ----------------------------------------------------------------------------------------------------


def position(latitude: Any, longitude: Any) -> tuple[Decimal | None, Decimal | None]:
    """Degrees to six places (0.1 m), or None for both. Raises Invalid naming what is wrong."""
    if latitude is None and longitude is None:
        return None, None
    # a degree that is there is checked before the other one is missed
    given = geo.position(0 if latitude is None else latitude, 0 if longitude is None else longitude)
    if latitude is None or longitude is None:
        missing = "latitude" if latitude is None else "longitude"
        raise errors.Invalid.one(missing, f"{missing} is missing: a position needs latitude and longitude.")
    places = Decimal("0.000001")
    return Decimal(str(given[0])).quantize(places), Decimal(str(given[1])).quantize(places)


# When -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """When something happened, by the server's clock (UTC, whole seconds)."""

    at: datetime
    skewed: bool = False  # the phone's clock was more than two minutes off


def moment(happened_at: datetime | None, sent_at: datetime | None, now: datetime) -> Moment:
    """When something happened that is told now.

    `happened_at` is by the phone's clock; `sent_at`, by the same clock, says when it told: the difference to now
    corrects both. Raises Invalid for the future and for what is older than seven days.
    """
    present = whole(now)
    if happened_at is None:
        return Moment(present)
    skew = now - sent_at if sent_at is not None else timedelta()
    age = now - happened_at - skew
    if age < -AHEAD:
        raise errors.Invalid.one("happened_at", "happened_at lies in the future.")
    if age > BACK:
        raise errors.Invalid.one(
            "happened_at", "happened_at is more than 7 days ago. Ask the office for a correction instead."
        )
    return Moment(min(present, whole(now - age)), abs(skew) > AHEAD)


def whole(at: datetime) -> datetime:
    """A moment in UTC without fractions of a second: what is kept is what is shown."""
    return at.astimezone(UTC).replace(microsecond=0)


def clock_out_at(clock_in: datetime, at: datetime, last_break: datetime | None) -> datetime:
    """When an entry ends. Within the second of its start it ends a second later: entries are longer than nothing.

    Raises Invalid for a clock-out before the clock-in or before the end of a break.
    """
    _demand_after(at, clock_in, "The clock-out is before the clock-in")
    _demand_after(at, last_break, "The clock-out is before the end of a break")
    return max(at, clock_in + timedelta(seconds=1))


def break_at(clock_in: datetime, at: datetime, last_break: datetime | None) -> datetime:
    """When a break starts. Raises Invalid when that is before the clock-in or within the break before."""
    _demand_after(at, clock_in, "The break would start before the clock-in")
    _demand_after(at, last_break, "The break would start before the last one ended")
    return at


def break_end_at(started_at: datetime, at: datetime) -> datetime:
    """When a break ends. Raises Invalid when that is before its start."""
    _demand_after(at, started_at, "The break would end before it started")
    return at


def _demand_after(at: datetime, earlier: datetime | None, sentence: str) -> None:
    if earlier is not None and at < earlier:
        raise errors.Invalid.one("happened_at", f"{sentence}; happened_at must be after it.")


def check_times(
    clock_in: datetime | None,
    clock_out: datetime | None,
    break_minutes: int,
    now: datetime,
    *,
    open_ended: bool = False,
) -> None:
    """Refuse times that no entry can have. Raises Invalid naming each field that is wrong.

    `open_ended`: the entry is still running, so it needs no clock-out.
    """
    latest = now + AHEAD
    found = {
        "clock_in": _wrong_start(clock_in, now),
        "clock_out": _wrong_end(clock_in, clock_out, latest, open_ended=open_ended),
    }
    if break_minutes < 0:
        found["break_minutes"] = "Break minutes cannot be below zero."
    elif clock_in is not None and not any(found.values()):
        whole_entry = between(clock_in, clock_out if clock_out is not None else latest)
        if break_minutes and break_minutes >= whole_entry:
            found["break_minutes"] = "The breaks are as long as the entry or longer."
    problems = [errors.FieldProblem(field, sentence) for field, sentence in found.items() if sentence]
    if problems:
        raise errors.Invalid(" ".join(p.message for p in problems), problems=problems)


def _wrong_start(clock_in: datetime | None, now: datetime) -> str:
    if clock_in is None:
        return "Say when the work began."
    if clock_in > now + AHEAD:
        return "The clock-in lies in the future."
    return "The clock-in is more than a year ago." if now - clock_in > CORRECTABLE else ""


def _wrong_end(
    clock_in: datetime | None, clock_out: datetime | None, latest: datetime, *, open_ended: bool
) -> str:
    if clock_out is None:
        return "" if open_ended else "Say when the work ended."
    if clock_out > latest:
        return "The clock-out lies in the future."
    if clock_in is None:
        return ""
    if clock_out <= clock_in:
        return "The clock-out must be after the clock-in."
    too_long = clock_out - clock_in > LONGEST
    return "An entry has 24 hours at most. Add a second one for the rest." if too_long else ""
