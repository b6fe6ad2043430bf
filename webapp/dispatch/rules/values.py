"""What a job may hold: kinds, priorities, lengths, windows. Raises Invalid naming the fields."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from webapp.kit import clean, errors, money

JOB_TYPES: Final = {
    "repair": "Repair",
    "installation": "Installation",
    "maintenance": "Maintenance",
    "inspection": "Inspection",
}
PRIORITIES: Final = {"low": "Low", "normal": "Normal", "high": "High", "urgent": "Urgent"}
LENGTHS: Final = {
    "repair": 90,
    "installation": 240,
    "maintenance": 60,
    "inspection": 45,
}  # minutes, when not said
LONGEST: Final = 24 * 60  # minutes of one visit
MOST_TAGS, MOST_STEPS = 20, 100

FIELDS: Final = (
    "title", "description", "job_type", "priority", "customer_name", "customer_phone", "customer_email",
    "service_address", "service_unit", "service_city", "service_state", "service_zip", "latitude", "longitude",
    "expected_minutes", "window_start", "window_end", "optional", "price_cents", "tags", "reference", "outcome",
)  # fmt: skip
_LINES = {"customer_name": 200, "service_address": 200, "service_unit": 40, "service_city": 100,
          "service_state": 40, "service_zip": 12, "reference": 80}  # fmt: skip


def cleaned(values: Mapping[str, Any], before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The fields that were sent, fit to keep. `before` are the job's present values, for checks across fields.

    Raises Invalid naming every field that is wrong.
    """
    found = {k: v for k, v in values.items() if k in FIELDS}
    problems = clean.Problems()
    for name, limit in _LINES.items():
        if found.get(name) is not None:
            found[name] = problems.of(name, clean.line, found[name], limit)
    if "title" in found:
        found["title"] = problems.of("title", clean.line, found["title"] or "", 200)
        if found["title"] == "":
            problems.add("title", "Say in a few words what is to be done.")
    for name in ("description", "outcome"):
        if name in found:
            found[name] = problems.of(name, clean.lines, found[name] or "")
    if found.get("customer_phone") is not None:
        found["customer_phone"] = problems.of("customer_phone", clean.phone, found["customer_phone"])
    if found.get("customer_email") is not None:
        found["customer_email"] = problems.of("customer_email", clean.email, found["customer_email"])
    if "reference" in found:
        found["reference"] = found["reference"] or None
    if "tags" in found:
        found["tags"] = problems.of("tags", _tags, found["tags"] or [])
    _choice(problems, found, "job_type", JOB_TYPES)
    _choice(problems, found, "priority", PRIORITIES)
    _numbers(problems, found)
    _window(problems, {**(before or {}), **found}, found)
    problems.done()
    return found


def _choice(problems: clean.Problems, found: dict[str, Any], name: str, among: Mapping[str, str]) -> None:
    if name in found and found[name] not in among:
        problems.add(name, f"must be one of {', '.join(among)}.")


def _numbers(problems: clean.Problems, found: dict[str, Any]) -> None:
    minutes = found.get("expected_minutes")
    if minutes is not None and not 1 <= minutes <= LONGEST:
        problems.add("expected_minutes", f"must be from 1 minute to 24 hours ({LONGEST} minutes).")
    cents = found.get("price_cents")
    if cents is not None and not 0 <= cents <= money.MAX_CENTS:
        problems.add("price_cents", "must be an amount of 0 or more.")
    for name, most in (("latitude", 90), ("longitude", 180)):
        value = found.get(name)
        if value is not None and not -most <= value <= most:
            problems.add(name, f"{name} must lie between -{most} and {most}.")
    if ("latitude" in found or "longitude" in found) and (found.get("latitude") is None) != (
        found.get("longitude") is None
    ):
        problems.add("longitude", "A position needs both latitude and longitude.")


EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def moment(name: str, value: datetime | None) -> None:
    """Refuse a time that no calendar of ours will see. Raises Invalid."""
    if value is not None and not EARLIEST <= value < LATEST:
        raise errors.Invalid.one(name, f"{name} lies outside the years 2000 to 2099.")


def _window(problems: clean.Problems, whole: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    if not {"window_start", "window_end"} & set(found):
        return
    start, end = whole.get("window_start"), whole.get("window_end")
    for name in ("window_start", "window_end"):
        if whole.get(name) is not None and not EARLIEST <= whole[name] < LATEST:
            problems.add(name, f"{name} lies outside the years 2000 to 2099.")
            return
    if (start is None) != (end is None):
        problems.add("window_end", "An arrival window needs a start and an end.")
    elif start is not None and end <= start:
        problems.add("window_end", "The arrival window ends before it starts.")
    elif start is not None and end - start > timedelta(hours=24):
        problems.add("window_end", "An arrival window is at most 24 hours long.")


def _tags(tags: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(t for t in (clean.line(str(tag), 40) for tag in tags) if t))
    if len(found) > MOST_TAGS:
        raise ValueError(f"At most {MOST_TAGS} tags.")
    return found


def span(start: datetime | None, end: datetime | None, minutes: int) -> tuple[datetime, datetime] | None:
    """A visit's time from what was given: both ends, or a start and the job's expected minutes; None without either.

    Raises Invalid for one that ends before it starts, or is longer than a day.
    """
    if start is None and end is None:
        return None
    moment("scheduled_start", start)
    moment("scheduled_end", end)
    if start is None:
        raise errors.Invalid.one("scheduled_start", "Say when the visit starts.")
    end = end if end is not None else start + timedelta(minutes=minutes)
    if end <= start:
        raise errors.Invalid.one("scheduled_end", "The visit ends before it starts.")
    if end - start > timedelta(minutes=LONGEST):
        raise errors.Invalid.one(
            "scheduled_end", "One visit takes at most 24 hours; add further visits instead."
        )
    return start, end


def milli(text: str) -> int:
    """Thousandths of a quantity as people write it, `2.5` → 2500; 0 for what is no number."""
    whole, _, rest = text.strip().replace(",", ".").partition(".")
    digits = (whole or "0") + (rest + "000")[:3]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 14 else 0
