"""The next best slots for a job: arrival windows that a technician can keep, the least driving and the soonest first."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from webapp.dispatch.rules import travel
from webapp.kit import words
from webapp.routing.rules import lanes

STEP: Final = 5  # minutes: nobody is told to be there at 9:13
PER_DAY: Final = {"urgent": 30.0, "high": 9.0, "normal": 5.0, "low": 3.0}  # what a day of waiting costs
PER_HOUR: Final = {"urgent": 4.0, "high": 0.5, "normal": 0.1, "low": 0.0}
KNOWN: Final = 6.0  # for somebody who has been there before, and done it well
FULL: Final = 8.0  # for a day that is booked out, in proportion


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is to be placed. `known`: technicians who completed work there before. Moments in minutes since 1970."""

    priority: str
    minutes: int
    earliest: int
    latest: int  # it begins before
    place: travel.Place | None = None
    zone_id: int | None = None
    skills: tuple[tuple[int, int], ...] = ()
    known: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How the company works: its zone, hours by weekday, the length of an arrival window, what is kept for emergencies."""

    zone: str
    business: Mapping[int, lanes.Span]
    window: int
    emergency: int
    now: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One technician who can keep one arrival window."""

    score: float
    starts: int
    technician_id: int
    name: str
    ends: int
    window: lanes.Span
    added: int
    why: str


def best(
    team: Sequence[lanes.Lane], ask: Ask, terms: Terms, drive: lanes.Drive, days: Sequence[date], limit: int
) -> list[Slot]:
    """The best slots, at most one an arrival window, best first. Later days are not looked at once they cannot win."""
    found: list[Slot] = []
    for waited, day in enumerate(days):
        ceiling = 100 + KNOWN - waited * PER_DAY[ask.priority]
        if len(found) >= limit and heapq.nlargest(limit, (s.score for s in found))[-1] >= ceiling:
            break
        hours = {lane.technician_id: lanes.hours_of(lane, day, terms.zone, terms.business) for lane in team}
        if ask.priority != "urgent" and _free(hours.values()) - ask.minutes < terms.emergency:
            continue
        for window in windows(day, terms, hours.values()):
            each = (
                _in_window(lane, hours[lane.technician_id], window, ask, terms, drive, waited)
                for lane in team
            )
            top = max((s for s in each if s is not None), key=lambda s: (s.score, -s.starts), default=None)
            if top is not None:
                found.append(top)
    return sorted(found, key=lambda s: (-s.score, s.starts))[:limit]


def _free(hours: Iterable[lanes.Hours]) -> int:
    return sum(h.free_minutes for h in hours)


def windows(day: date, terms: Terms, hours: Iterable[lanes.Hours]) -> list[lanes.Span]:
    """The arrival windows of a day, one after the other from the opening, or the first shift, to the close or the last one."""
    spans = [span for h in hours for span in h.spans]
    if not spans:
        return []
    midnight = lanes.minute_of(day, 0, terms.zone)
    opens, closes = terms.business.get(day.weekday(), (None, None))
    first, last = min(a for a, _ in spans), max(b for _, b in spans)
    if opens is not None and closes is not None:
        first, last = midnight + opens, midnight + closes
    return [(at, min(at + terms.window, last)) for at in range(first, last, terms.window)]


def _in_window(
    lane: lanes.Lane,
    hours: lanes.Hours,
    window: lanes.Span,
    ask: Ask,
    terms: Terms,
    drive: lanes.Drive,
    waited: int,
) -> Slot | None:
    """The best beginning that a technician has in an arrival window."""
    if not hours.spans or window[1] <= max(terms.now, ask.earliest) or window[0] >= ask.latest:
        return None
    if lanes.lacks(lane, ask.skills, ask.zone_id, hours.day):
        return None
    top: Slot | None = None
    for gap in lanes.gaps(lane, hours, terms.now):
        if gap.free[0] >= window[1] or gap.free[1] <= window[0]:
            continue
        fits = lanes.fit(gap, ask.place, ask.minutes, drive)
        if fits is None:
            continue
        start = _rounded(max(fits.earliest, window[0], ask.earliest))
        if start > fits.latest or start >= min(window[1], ask.latest):
            continue
        if not lanes.lunch_stays(lane, hours, gap, start, ask.minutes, fits, terms.now, drive):
            continue
        score = _score(lane, hours, start, fits.added, ask, terms, waited)
        if top is None or score > top.score:
            shown = (max(window[0], _rounded(max(terms.now, ask.earliest), 15)), window[1])
            shown = shown if shown[0] <= start and shown[0] < shown[1] else (start, window[1])
            top = Slot(round(score, 1), start, lane.technician_id, lane.name, start + ask.minutes, shown, fits.added,
                       why(lane, gap, fits, ask))  # fmt: skip
    return top


def _rounded(minute: int, step: int = STEP) -> int:
    return -(-minute // step) * step


def _score(
    lane: lanes.Lane, hours: lanes.Hours, start: int, added: int, ask: Ask, terms: Terms, waited: int
) -> float:
    booked = 1 - hours.free_minutes / max(1, hours.work_minutes)
    score = 100 - added - waited * PER_DAY[ask.priority] - FULL * booked
    score -= max(0, start - max(terms.now, ask.earliest)) % lanes.DAY / 60 * PER_HOUR[ask.priority]
    return max(0.0, score + (KNOWN if lane.technician_id in ask.known else 0))


def why(lane: lanes.Lane, gap: lanes.Gap, fits: lanes.Fit, ask: Ask) -> str:
    """A slot in words: how far it is from where the technician is then, what it adds, and whether they know the place."""
    if ask.place is None:
        said = f"{lane.name} is free; the address is not known well enough to say how far it is."
    elif gap.origin is None:
        said = f"{lane.name} is free then"
        said += (
            f" and drives on {words.plural(fits.drive_on, 'minute')} to the next job."
            if gap.target is not None
            else "."
        )
    else:
        if gap.before is not None and gap.before.place == gap.origin:
            origin = f" from “{gap.before.title}”"
        elif gap.origin == lane.here:
            origin = " from where they are now"
        else:
            origin = " from where their day starts" if gap.before is None else ""
        adds = (
            f"adds {words.plural(fits.added, 'minute')} of driving to the day"
            if fits.added
            else "adds no driving to the day"
        )
        said = f"{lane.name} drives {words.plural(fits.drive_there, 'minute')}{origin}, which {adds}."
    return said + (" They have been there before." if lane.technician_id in ask.known else "")
