"""What blocks, shifts, on-call turns and profiles may hold, and how a rotation is dealt out. Raises Invalid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from webapp.dispatch.rules import shifts, values
from webapp.kit import clean, errors, geo

BLOCK_KINDS: Final = ("lunch", "parts_run", "meeting", "training", "time_off", "other")
LONGEST_BLOCK: Final = timedelta(days=1)
LONGEST_LEAVE: Final = timedelta(days=366)
LONGEST_TURN: Final = timedelta(days=31)
MOST_TURNS: Final = 200
DAY: Final = 24 * 60
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)


def block(found: Mapping[str, Any]) -> dict[str, Any]:
    """A block's kind, title, note and times, fit to keep."""
    problems = clean.Problems()
    kept = {
        "kind": found.get("kind"),
        "title": problems.of("title", clean.line, found.get("title") or "", 120),
        "note": problems.of("note", clean.lines, found.get("note") or "", 2_000),
        "starts_at": found.get("starts_at"),
        "ends_at": found.get("ends_at"),
    }
    if kept["kind"] not in BLOCK_KINDS:
        problems.add("kind", f"must be one of {', '.join(BLOCK_KINDS)}.")
    leave = kept["kind"] == "time_off"
    _span(problems, kept, LONGEST_LEAVE if leave else LONGEST_BLOCK,
          "Time off is at most a year." if leave else "A block is at most a day long.")  # fmt: skip
    problems.done()
    return kept


def turn(found: Mapping[str, Any]) -> dict[str, Any]:
    """A turn of being on call."""
    problems = clean.Problems()
    kept = {
        "starts_at": found.get("starts_at"),
        "ends_at": found.get("ends_at"),
        "note": problems.of("note", clean.line, found.get("note") or "", 200),
    }
    _span(problems, kept, LONGEST_TURN, "A turn is at most 31 days long.")
    problems.done()
    return kept


def _span(problems: clean.Problems, found: Mapping[str, Any], longest: timedelta, too_long: str) -> None:
    start, end = found["starts_at"], found["ends_at"]
    fine = True
    for name, value, sentence in (
        ("starts_at", start, "Say when it begins."),
        ("ends_at", end, "Say when it ends."),
    ):
        if value is None:
            problems.add(name, sentence)
        elif not values.EARLIEST <= value < values.LATEST:
            problems.add(name, f"{name} lies outside the years 2000 to 2099.")
        else:
            continue
        fine = False
    if fine and end <= start:
        problems.add("ends_at", "It ends before it starts.")
    elif fine and end - start > longest:
        problems.add("ends_at", too_long)


def shift(found: Mapping[str, Any]) -> dict[str, Any]:
    """A shift: every week on a weekday, or one day's own hours. `starts_minute` equal to `ends_minute`: off that day."""
    problems = clean.Problems()
    kept = {
        n: found.get(n)
        for n in ("weekday", "on_date", "starts_minute", "ends_minute", "valid_from", "valid_until")
    }
    if (kept["weekday"] is None) == (kept["on_date"] is None):
        problems.add("weekday", "Name a weekday (0 Monday to 6 Sunday) or one day, not both.")
    elif kept["weekday"] is not None and kept["weekday"] not in range(7):
        problems.add("weekday", "must be from 0 (Monday) to 6 (Sunday).")
    for name in ("on_date", "valid_from", "valid_until"):
        day: date | None = kept[name]
        if day is not None and not FIRST_DAY <= day <= LAST_DAY:
            problems.add(name, f"{name} lies outside the years 2000 to 2099.")
    if kept["on_date"] is not None and (kept["valid_from"] or kept["valid_until"]):
        problems.add("valid_from", "One day's hours have no beginning and end of validity.")
    start, end = kept["starts_minute"], kept["ends_minute"]
    if start is None or not 0 <= start <= DAY:
        problems.add("starts_minute", "must be from 0 to 1440 minutes after midnight.")
    elif end is None or not start <= end <= 2 * DAY:
        problems.add("ends_minute", "A shift ends after it starts, at the latest at the end of the next day.")
    elif end - start > DAY:
        problems.add("ends_minute", "A shift is at most 24 hours long.")
    elif start == end and kept["weekday"] is not None:
        problems.add(
            "ends_minute",
            "The shift ends when it starts. A day off is a single day; else leave the weekday out.",
        )
    if kept["valid_from"] and kept["valid_until"] and kept["valid_until"] < kept["valid_from"]:
        problems.add("valid_until", "It ends before it begins to hold.")
    problems.done()
    return kept


def collide(one: shifts.Pattern, other: shifts.Pattern) -> bool:
    """Whether two shifts of a technician would have them work the same minutes twice."""
    if (one.weekday, one.on_date) != (other.weekday, other.on_date):
        return False
    if not (one.starts_minute < other.ends_minute and other.starts_minute < one.ends_minute):
        return False
    latest = max(one.valid_from or FIRST_DAY, other.valid_from or FIRST_DAY)
    return latest <= min(one.valid_until or LAST_DAY, other.valid_until or LAST_DAY)


@dataclass(frozen=True, slots=True)
class Rotation:
    """Turns to deal out: `technician_ids` in their order, again and again; each turn `days` long, changing at a minute."""

    technician_ids: tuple[int, ...]
    first: date
    days: int
    minute: int  # after local midnight, of the change
    turns: int
    zone: str


def rotation(given: Rotation) -> list[tuple[int, datetime, datetime]]:
    """The turns of a rotation: technician, start and end in UTC. By the wall clock, also where the clocks change."""
    problems = clean.Problems()
    if not given.technician_ids:
        problems.add("technician_ids", "Choose who takes turns.")
    if not 1 <= given.days <= 28:
        problems.add("days", "A turn lasts from 1 to 28 days.")
    if not 0 <= given.minute < DAY:
        problems.add("change_minute", "must be from 0 to 1439 minutes after midnight.")
    if not 1 <= given.turns <= MOST_TURNS:
        problems.add("turns", f"From 1 to {MOST_TURNS} turns.")
    if not FIRST_DAY <= given.first <= LAST_DAY - timedelta(days=28 * MOST_TURNS):
        problems.add("first_day", "first_day lies outside the years that can be planned.")
    problems.done()
    edges = [shifts.moment(given.first + timedelta(days=n * given.days), given.minute, given.zone)
             for n in range(given.turns + 1)]  # fmt: skip
    people = given.technician_ids
    return [(people[n % len(people)], edges[n], edges[n + 1]) for n in range(given.turns)]


def gaps(
    turns: Sequence[tuple[datetime, datetime]], first: datetime, last: datetime
) -> list[tuple[datetime, datetime]]:
    """The spans between two moments in which nobody is on call."""
    found, at = [], first
    for start, end in sorted(turns):
        if start > at:
            found.append((at, min(start, last)))
        at = max(at, end)
        if at >= last:
            break
    if at < last:
        found.append((at, last))
    return [(a, b) for a, b in found if b > a]


PROFILE: Final = (
    "start_address", "latitude", "longitude", "end_address", "end_latitude", "end_longitude", "lunch_minutes", "lunch_from",
    "lunch_until", "dispatched", "position",
)  # fmt: skip


def profile(found: Mapping[str, Any]) -> dict[str, Any]:
    """How a technician is dispatched, fit to keep: only what was sent."""
    problems = clean.Problems()
    kept = {k: v for k, v in found.items() if k in PROFILE}
    for name in ("start_address", "end_address"):
        if name in kept:
            kept[name] = problems.of(name, clean.line, kept[name] or "", 200)
    for one, other in (("latitude", "longitude"), ("end_latitude", "end_longitude")):
        if one in kept or other in kept:
            if (kept.get(one) is None) != (kept.get(other) is None):
                problems.add(other, "A position needs both latitude and longitude.")
            elif kept.get(one) is not None:
                try:
                    kept[one], kept[other] = geo.position(kept[one], kept[other], (one, other))
                except errors.Invalid as problem:
                    problems.add(one, problem.message)
    for name, low, most, sentence in (
        ("lunch_minutes", 0, 240, "Lunch lasts from 0 (none) to 240 minutes."),
        ("lunch_from", 0, DAY, "must be from 0 to 1440 minutes after midnight."),
        ("lunch_until", 0, DAY, "must be from 0 to 1440 minutes after midnight."),
        ("position", 0, 10_000, "must be from 0 to 10000."),
    ):
        if name in kept and (kept[name] is None or not low <= kept[name] <= most):
            problems.add(name, sentence)
    problems.done()
    return kept


def lunch_window(starts: int, ends: int, minutes: int) -> None:
    """Refuse a lunch that its window has no room for. Raises Invalid."""
    if minutes and ends - starts < minutes:
        raise errors.Invalid.one("lunch_until", "The lunch window is shorter than lunch.")
