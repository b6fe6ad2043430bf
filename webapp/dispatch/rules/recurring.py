"""Rules by which a job comes again: RFC 5545 RRULEs, expanded by the wall clock of the company's zone.

A local time that a spring night does not have is an hour later on the wall; one that an autumn night has twice is the first.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from dateutil import rrule

FREQUENCIES: Final = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}
WEEKDAYS: Final = {
    "MO": "Monday",
    "TU": "Tuesday",
    "WE": "Wednesday",
    "TH": "Thursday",
    "FR": "Friday",
    "SA": "Saturday",
    "SU": "Sunday",
}
ORDINALS: Final = {
    1: "first",
    2: "second",
    3: "third",
    4: "fourth",
    5: "fifth",
    -1: "last",
    -2: "second last",
}
PARTS: Final = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST"}
)
LONGEST: Final = 300  # characters of a rule
MOST_INTERVAL, MOST_COUNT = 400, 1000
START: Final = datetime.fromisoformat("2026-01-01T09:00")  # any, to try a rule with
CENTURY: Final = datetime.fromisoformat(
    "9900-01-01T09:00"
)  # the last one that a date can show, to look through
AHEAD: Final = timedelta(days=6 * 366)  # how far the next one is looked for
_NUMBERS: Final = re.compile(r"-?\d{1,3}(,-?\d{1,3})*")
_DAYS: Final = re.compile(r"([+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU))(,[+-]?\d{0,2}(MO|TU|WE|TH|FR|SA|SU))*")


class NotARule(ValueError):
    """A rule that cannot be; reads as a sentence."""


def parts(rule: str) -> dict[str, str]:
    """A rule taken apart. Raises NotARule with a sentence for one that we do not follow."""
    text = rule.strip().upper().removeprefix("RRULE:")
    if not text or len(text) > LONGEST:
        raise NotARule(f"A rule has from 1 to {LONGEST} characters.")
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name in found:
            raise NotARule(f"“{part[:40]}” is no part of a rule. Write one like FREQ=MONTHLY;BYDAY=1MO.")
        if name not in PARTS:
            raise NotARule(f"{name[:20]} is not followed here; {', '.join(sorted(PARTS))} are.")
        found[name] = value
    _check(found)
    return found


def _check(found: dict[str, str]) -> None:
    if found.get("FREQ") not in FREQUENCIES:
        raise NotARule("FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY.")
    for name, most in (("INTERVAL", MOST_INTERVAL), ("COUNT", MOST_COUNT)):
        value = found.get(name, "1")
        if not (value.isascii() and value.isdigit() and len(value) <= 9 and 1 <= int(value) <= most):
            raise NotARule(f"{name} must be from 1 to {most}.")
    if "COUNT" in found and "UNTIL" in found:
        raise NotARule("A rule ends after a number of times or on a day, not both.")
    if "BYDAY" in found and not _DAYS.fullmatch(found["BYDAY"]):
        raise NotARule("BYDAY names days like MO,TH or 1MO.")
    for name, least, most in (("BYMONTHDAY", -31, 31), ("BYMONTH", 1, 12), ("BYSETPOS", -366, 366)):
        if name in found:
            given = [int(n) for n in found[name].split(",")] if _NUMBERS.fullmatch(found[name]) else [0]
            if not all(n and least <= n <= most for n in given):
                raise NotARule(f"{name} must be numbers from {least} to {most}, like 1,15.")
    if "WKST" in found and found["WKST"] not in WEEKDAYS:
        raise NotARule("WKST must be a weekday like MO.")
    if "UNTIL" in found:
        _until(found["UNTIL"], "UTC")


def cleaned(rule: str) -> str:
    """A rule fit to keep. Raises NotARule."""
    found = parts(rule)
    text = ";".join(f"{name}={value}" for name, value in found.items())
    try:  # what dateutil alone can say: a month of 13, a position of 0
        _compiled(found, START, START + timedelta(days=60), "UTC")
        rest = {name: value for name, value in found.items() if name != "UNTIL"}
        # one that no day fits (February 31) would be looked for to the year 9999 by every page that shows it
        never = next(iter(_compiled(rest, CENTURY, CENTURY + timedelta(days=36_500), "UTC")), None) is None
    except IndexError:  # a weekday that no month has ninety-nine times
        never = True
    except (ValueError, TypeError) as problem:
        raise NotARule(f"This rule cannot be followed: {problem}.") from None
    if never:
        raise NotARule("No day fits this rule.")
    return text


def _until(text: str, zone: str) -> datetime:
    """The end of a rule as the wall shows it; a day is meant to its end."""
    for shape in ("%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S", "%Y%m%d"):
        try:
            found = datetime.strptime(text, shape)  # noqa: DTZ007  # as the wall shows it; the zone is put on below
        except ValueError:
            continue
        if shape.endswith("Z"):
            try:
                return found.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
            except OverflowError:  # the first or last day that a date can show
                return found
        return found if "T" in shape else found + timedelta(days=1, seconds=-1)
    raise NotARule("UNTIL must be a day like 20271231.")


def _compiled(found: dict[str, str], start: datetime, last: datetime, zone: str) -> Any:
    """A rule from a start, that looks no further than a last moment: one that nothing fits would look to the year 9999.

    COUNT is left to whoever reads it: it and a bound may not stand in one rule of dateutil's.
    """
    rest = ";".join(f"{name}={value}" for name, value in found.items() if name not in ("UNTIL", "COUNT"))
    until = min(last, _until(found["UNTIL"], zone)) if "UNTIL" in found else last
    return rrule.rrulestr(rest, dtstart=start).replace(until=until)


def occurrences(
    rule: str, start: datetime, after: datetime, until: datetime, zone: str, skipped: Collection[str] = (),
    limit: int = 1000,
) -> list[datetime]:  # fmt: skip
    """Local times at which a job comes, after one moment and up to another inclusive, those left out not among them.

    All times are as the wall shows them. The start itself is the first, where the rule fits it.
    """
    told = parts(rule)
    every = islice(_compiled(told, start, until, zone), int(told["COUNT"]) if "COUNT" in told else None)
    found: list[datetime] = []
    for at in every:
        if len(found) >= limit:
            break
        if at > after and key(at) not in skipped:
            found.append(at)
    return found


def key(at: datetime) -> str:
    """How a time that is left out is written down: `2026-12-25T09:00`."""
    return f"{at:%Y-%m-%dT%H:%M}"


def moment(at: datetime, zone: str) -> datetime:
    """A time on the wall as a moment in UTC."""
    return at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wall(at: datetime, zone: str) -> datetime:
    """A moment as the wall shows it."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


# In and out of words -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule as a form asks for it. `by_weekday`: monthly on the third Tuesday rather than on the 17th."""

    frequency: str
    interval: int
    start: datetime
    weekdays: Sequence[str] = ()
    by_weekday: bool = False
    until: date | None = None
    count: int | None = None


def build(asked: Asked) -> str:
    """The rule that a form's answers mean."""
    found = [f"FREQ={asked.frequency}"]
    if asked.interval != 1:
        found.append(f"INTERVAL={asked.interval}")
    day = list(WEEKDAYS)[asked.start.weekday()]
    if asked.frequency == "WEEKLY":
        chosen = [d for d in WEEKDAYS if d in asked.weekdays] or [day]
        found.append(f"BYDAY={','.join(chosen)}")
    elif asked.frequency == "MONTHLY" and asked.by_weekday:
        last = (asked.start + timedelta(days=7)).month != asked.start.month
        found.append(f"BYDAY={-1 if last else (asked.start.day + 6) // 7}{day}")
    elif asked.frequency == "MONTHLY":
        # the 31st of a month that has none: its last day
        days = (
            ",".join(str(n) for n in range(28, asked.start.day + 1))
            if asked.start.day > 28
            else str(asked.start.day)
        )
        found.append(f"BYMONTHDAY={days}" + (";BYSETPOS=-1" if asked.start.day > 28 else ""))
    if asked.until is not None:
        found.append(f"UNTIL={asked.until:%Y%m%d}")
    elif asked.count is not None:
        found.append(f"COUNT={asked.count}")
    return ";".join(found)


def words(rule: str) -> str:
    """`Every 2 weeks on Tuesday and Friday`, `Every month on the first Monday, until Dec 31, 2027`."""
    found = parts(rule)
    interval, unit = int(found.get("INTERVAL", "1")), FREQUENCIES[found["FREQ"]]
    said = f"Every {unit}" if interval == 1 else f"Every {interval} {unit}s"
    if "BYDAY" in found:
        said += f" on {_listed([_day_words(d) for d in found['BYDAY'].split(',')])}"
    if "BYMONTHDAY" in found:
        days = [int(d) for d in found["BYMONTHDAY"].split(",")]
        if found.get("BYSETPOS") == "-1" and days == list(range(28, days[-1] + 1)):
            said += f" on day {days[-1]}, or the month’s last"
        else:
            said += f" on {_listed([f'day {d}' if d > 0 else 'the last day' for d in days])}"
    if "BYMONTH" in found:
        names = [
            date(2000, int(m), 1).strftime("%B") for m in found["BYMONTH"].split(",") if 1 <= int(m) <= 12
        ]
        said += f" in {_listed(names)}"
    if "COUNT" in found:
        said += f", {found['COUNT']} time{'' if found['COUNT'] == '1' else 's'}"
    if "UNTIL" in found:
        end = _until(found["UNTIL"], "UTC")
        said += f", until {end:%b} {end.day}, {end.year}"
    return said


def _day_words(text: str) -> str:
    number, name = text[:-2], WEEKDAYS[text[-2:]]
    if not number:
        return name
    return f"the {ORDINALS.get(int(number), number)} {name}"


def _listed(found: Sequence[str]) -> str:
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}"
