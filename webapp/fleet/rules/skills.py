"""Skills: levels, certificates, and when somebody is reminded of an expiry. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from webapp.kit import clean, words

SKILL_FIELDS = ("name", "description", "certified", "archived")
FIELDS = ("level", "expires_on", "certificate", "notes")
LEVELS = {1: "Helper", 2: "Learning", 3: "Works alone", 4: "Experienced", 5: "Expert"}
REMIND_DAYS = (60, 30, 7, 0)  # before the last day, and on it
LATE_DAYS = 30  # an expiry longer ago is history that nobody is reminded of
SOON_DAYS = REMIND_DAYS[0]


@dataclass(frozen=True, slots=True)
class SkillHeld:
    """How good somebody is at a skill, 1 to 5, and the last day that the certificate is good for."""

    level: int
    expires_on: date | None


def cleaned_skill(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of a skill fit to keep, only the fields that are there. Raises Invalid naming every wrong one."""
    found = {name: values[name] for name in SKILL_FIELDS if name in values}
    problems = clean.Problems()
    problems.each(
        found,
        {"name": lambda text: clean.name(text, 80), "description": lambda text: clean.lines(text, 2_000)},
    )
    problems.done()
    return found


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """As :func:`cleaned_skill`, for a skill that a technician has."""
    found = {name: values[name] for name in FIELDS if name in values}
    problems = clean.Problems()
    problems.each(
        found,
        {
            "level": level,
            "certificate": lambda text: clean.line(text, 80),
            "notes": lambda text: clean.lines(text, 2_000),
        },
    )
    if "level" in found and found["level"] is None and not problems.found:
        problems.add("level", "Choose a level from 1 (helper) to 5 (expert).")
    problems.done()
    return found


def level(number: int) -> int:
    """A level from 1 to 5. Raises ValueError with a sentence."""
    if isinstance(number, bool) or number not in LEVELS:
        raise ValueError("The level goes from 1 (helper) to 5 (expert).")
    return number


def expiry_state(expires_on: date | None, today: date) -> str:
    """`valid`, `expiring` (within :data:`SOON_DAYS`) or `expired`; empty without an expiry."""
    if expires_on is None:
        return ""
    left = (expires_on - today).days
    return "expired" if left < 0 else "expiring" if left <= SOON_DAYS else "valid"


def expiry_words(expires_on: date, today: date) -> str:
    """`expires in 12 days`, `expires today`, `expired 3 days ago`."""
    left = (expires_on - today).days
    if left == 0:
        return "expires today"
    if left == -1:
        return "expired yesterday"
    if left == 1:
        return "expires tomorrow"
    return f"expires in {left:,} days" if left > 0 else f"expired {words.plural(-left, 'day')} ago"


def reminder_day(expires_on: date, reminded_for: date | None, today: date) -> date | None:
    """The day of the reminder that is due now and was not given yet; None when there is none.

    Reminders are due 60, 30 and 7 days before the last day, and on it. What was missed is not caught up one by one:
    only the latest is given. `reminded_for` is the day of the last one given for this expiry.
    """
    left = (expires_on - today).days
    if not -LATE_DAYS <= left <= REMIND_DAYS[0]:
        return None
    day = expires_on - timedelta(days=min(n for n in REMIND_DAYS if n >= max(left, 0)))
    return None if reminded_for is not None and reminded_for >= day else day


def held_words(held: Mapping[str, Any]) -> str:
    """What the timeline says of a skill held: `level 3, to Mar 1, 2027, certificate 12-A`."""
    said = [f"level {held['level']}"]
    if held.get("expires_on"):
        day = date.fromisoformat(str(held["expires_on"]))
        said.append(f"to {day:%b} {day.day}, {day.year}")
    if held.get("certificate"):
        said.append(f"certificate {held['certificate']}")
    return ", ".join(said)
