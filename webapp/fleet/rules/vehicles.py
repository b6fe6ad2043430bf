"""Vehicles: identification numbers, odometers, and when maintenance is due. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from webapp.kit import clean, money, words

FIELDS = ("name", "plate", "vin", "make", "model", "year", "status", "notes")
STATUSES = {"active": "In use", "in_shop": "In the shop", "retired": "Retired"}
MOST_MILES = 2_000_000
MOST_JUMP = 20_000  # miles between two readings that nobody doubts
FIRST_YEAR, LAST_YEAR = 1900, 2100
SOON_DAYS, SOON_MILES = 14, 500  # how far ahead maintenance counts as due soon
MILES_A_DAY = 40  # of a usual day, to order what is due by days beside what is due by miles

PLAN_FIELDS = ("name", "every_miles", "every_days", "last_done_on", "last_done_miles", "active")
MOST_EVERY_MILES, MOST_EVERY_DAYS = 500_000, 3_650
RECORD_FIELDS = ("name", "done_on", "odometer_miles", "cost_cents", "vendor", "notes")
COMMON_PLANS = (("Oil change", 5_000, 180), ("Tire rotation", 7_500, None), ("State inspection", None, 365),
                ("Brakes", 25_000, None), ("Registration", None, 365))  # fmt: skip

# 49 CFR 565.15: what each character counts, and its weight; I, O and Q are never used
_VALUES = {**{str(n): n for n in range(10)},
           **dict(zip("ABCDEFGH", range(1, 9), strict=True)), **dict(zip("JKLMN", range(1, 6), strict=True)), "P": 7, "R": 9,
           **dict(zip("STUVWXYZ", range(2, 10), strict=True))}  # fmt: skip
_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)


def vin(text: str) -> str:
    """A vehicle identification number of 17 characters; empty stays empty. Raises ValueError with a sentence."""
    found = re.sub(r"[\s-]", "", clean.line(text, 40)).upper()
    if not found:
        return ""
    wrong = sorted({c for c in found if c not in _VALUES})
    if set(wrong) & set("IOQ"):
        raise ValueError("A VIN never has the letters I, O or Q. It may be the digit 1 or 0.")
    if wrong:
        raise ValueError(f"A VIN has letters and digits only; this one has “{wrong[0]}”.")
    if len(found) != 17:
        raise ValueError(f"A VIN has 17 characters; this one has {len(found)}.")
    return found


def vin_warning(number: str) -> str:
    """A doubt about a VIN whose check digit (the ninth character) does not fit; empty when it does."""
    if len(number) != 17 or any(c not in _VALUES for c in number):
        return ""
    rest = sum(_VALUES[c] * w for c, w in zip(number, _WEIGHTS, strict=True)) % 11
    expected = "X" if rest == 10 else str(rest)
    if number[8] == expected:
        return ""
    return (
        f"The VIN’s check digit does not fit: its 9th character is {number[8]}, and should be {expected}. "
        "One character may be wrong; vehicles from outside North America may have no check digit."
    )


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a vehicle fit to keep, only the fields that are there. Raises Invalid naming every wrong one."""
    found = {name: values[name] for name in FIELDS if name in values}
    problems = clean.Problems()
    problems.each(
        found,
        {
            "name": lambda text: clean.name(text, 80),
            "plate": lambda text: clean.line(text, 20).upper(),
            "vin": vin,
            "make": lambda text: clean.line(text, 60),
            "model": lambda text: clean.line(text, 60),
            "year": _year,
            "status": _status,
            "notes": lambda text: clean.lines(text, 4_000),
        },
    )
    problems.done()
    return found


def _year(year: int) -> int:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"The year lies between {FIRST_YEAR} and {LAST_YEAR}.")
    return year


def _status(status: str) -> str:
    if status not in STATUSES:
        raise ValueError("A vehicle is active, in_shop or retired.")
    return status


def miles(number: int) -> int:
    """An odometer reading. Raises ValueError with a sentence."""
    if not 0 <= number <= MOST_MILES:
        raise ValueError(f"An odometer reading lies between 0 and {MOST_MILES:,} miles.")
    return number


def reading_doubt(before: int, after: int, known: bool = True) -> str:
    """Why a reading needs a reason: it goes backwards, or further than anybody drives at once; empty when it is plain.

    `known` is False where no odometer was ever read.
    """
    if not known:
        return ""
    if after < before:
        return (
            f"That is less than the {before:,} miles read before, and an odometer does not run backwards. "
            "If it is right, write why: a new instrument panel, or the last reading was mistyped."
        )
    if after - before > MOST_JUMP:
        return (
            f"That is {after - before:,} miles more than the {before:,} read before. If it is right, write why; "
            "a digit may be too many."
        )
    return ""


# Maintenance --------------------------------------------------------------------------------------------------------


def cleaned_plan(values: Mapping[str, Any], present: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Values of a plan fit to keep, only the fields that are there. Raises Invalid naming every wrong one."""
    found = {name: values[name] for name in PLAN_FIELDS if name in values}
    problems = clean.Problems()
    problems.each(
        found,
        {
            "name": lambda text: clean.name(text, 80),
            "every_miles": lambda n: _every(n, MOST_EVERY_MILES, "miles"),
            "every_days": lambda n: _every(n, MOST_EVERY_DAYS, "days"),
            "last_done_miles": miles,
        },
    )
    whole = {"every_miles": None, "every_days": None, **(present or {}), **found}
    if whole["every_miles"] is None and whole["every_days"] is None and not problems.found:
        problems.add("every_miles", "Say after how many miles or days it is due, or both.")
    problems.done()
    return found


def _every(number: int, most: int, unit: str) -> int:
    if not 1 <= number <= most:
        raise ValueError(f"Write a number from 1 to {most:,} {unit}.")
    return number


def cleaned_record(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a record of work fit to keep, only the fields that are there. Raises Invalid naming every wrong one."""
    found = {name: values[name] for name in RECORD_FIELDS if name in values}
    problems = clean.Problems()
    problems.each(
        found,
        {
            "name": lambda text: clean.name(text, 80),
            "odometer_miles": miles,
            "cost_cents": _cost,
            "vendor": lambda text: clean.line(text, 120),
            "notes": lambda text: clean.lines(text, 4_000),
        },
    )
    problems.done()
    return found


def _cost(cents: int) -> int:
    if not 0 <= cents <= money.MAX_CENTS:
        raise ValueError("A cost must be zero or more, and at most ten billion dollars.")
    return cents


def next_due(
    every_miles: int | None, every_days: int | None, last_on: date, last_miles: int
) -> tuple[date | None, int | None]:
    """When a plan is due again after it was last done: a day, an odometer reading, or both (whichever comes first)."""
    day = last_on + timedelta(days=every_days) if every_days and last_on.year < 9900 else None
    return day, last_miles + every_miles if every_miles else None


@dataclass(frozen=True, slots=True)
class Due:
    """Where a plan stands: `state` is overdue, soon or ok; the numbers are negative once they are over."""

    state: str
    days: int | None = None
    miles: int | None = None

    @property
    def words(self) -> str:
        """`1,200 miles and 3 days over`, `due in 400 miles`, `due today`."""
        over = [n for n in (self._miles_over, self._days_over) if n]
        if over:
            return f"{' and '.join(over)} over"
        if self.days == 0:
            return "due today"
        if self.miles == 0:
            return "due now"
        ahead = []
        if self.miles is not None:
            ahead.append(f"in {words.plural(self.miles, 'mile')}")
        if self.days is not None:
            ahead.append(f"in {words.plural(self.days, 'day')}")
        return f"due {' or '.join(ahead)}"

    @property
    def _miles_over(self) -> str:
        return words.plural(-self.miles, "mile") if self.miles is not None and self.miles < 0 else ""

    @property
    def _days_over(self) -> str:
        return words.plural(-self.days, "day") if self.days is not None and self.days < 0 else ""


def due(due_on: date | None, due_miles: int | None, odometer: int, today: date) -> Due:
    """Where a plan stands by date and odometer, whichever is worse."""
    days = (due_on - today).days if due_on is not None else None
    left = due_miles - odometer if due_miles is not None else None
    if (days is not None and days < 0) or (left is not None and left < 0):
        return Due("overdue", days, left)
    soon = (days is not None and days <= SOON_DAYS) or (left is not None and left <= SOON_MILES)
    return Due("soon" if soon else "ok", days, left)


def pressing(stands: Due) -> tuple[int, int]:
    """What to sort by so that the most pressing comes first: overdue before soon, then by miles or days left."""
    rank = {"overdue": 0, "soon": 1}.get(stands.state, 2)
    left = [
        n
        for n in (stands.miles, stands.days * MILES_A_DAY if stands.days is not None else None)
        if n is not None
    ]
    return rank, min(left, default=MOST_MILES)


def to_remind(state: str, reminded_on: date | None, due_on: date | None, today: date) -> bool:
    """Whether somebody is told of a plan now: once when it is due soon, once when it is overdue.

    `reminded_on` is the day of the last telling since it was done; it is emptied when an odometer reading makes the plan
    overdue, so that only an overdue day has to be looked at here.
    """
    if state == "ok":
        return False
    if reminded_on is None:
        return True
    return state == "overdue" and due_on is not None and reminded_on <= due_on < today


def every_words(every_miles: int | None, every_days: int | None) -> str:
    """`every 5,000 miles or 180 days`."""
    said = []
    if every_miles:
        said.append(words.plural(every_miles, "mile"))
    if every_days:
        said.append(words.plural(every_days, "day"))
    return f"every {' or '.join(said)}"


def title(year: int | None, make: str, model: str) -> str:
    """`2021 Ford Transit`."""
    return " ".join(part for part in (str(year or ""), make, model) if part)
