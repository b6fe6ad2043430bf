"""A technician's lane as slots, suggestions and plans see it: where somebody is when, and what lies between two things.

Moments are whole minutes since 1970 (UTC), so that thousands of gaps are compared in a few milliseconds. A shift begins at
the first job and ends with the last one, as the board has it: the ways from home and back are driven outside of it, and
counted as driving all the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final

from webapp.dispatch.rules import clashes, shifts, travel

Span = tuple[int, int]  # minutes since 1970, the end excluded
DAY: Final = 24 * 60


def minute(moment: datetime) -> int:
    """A moment as whole minutes since 1970, rounded down."""
    return int(moment.timestamp() // 60)


def minute_up(moment: datetime) -> int:
    """A moment as whole minutes since 1970, rounded up."""
    return -int(-moment.timestamp() // 60)


@lru_cache(maxsize=4096)
def minute_of(day: date, after_midnight: int, zone: str) -> int:
    """A minute after local midnight, by the wall clock, as minutes since 1970. Most technicians begin and end alike."""
    return minute(shifts.moment(day, after_midnight, zone))


def moment(minutes: int) -> datetime:
    """Minutes since 1970 as a moment in UTC."""
    return datetime.fromtimestamp(minutes * 60, UTC)


@dataclass(frozen=True, slots=True)
class Stop:
    """Something on a lane at a time. Without a `place` it happens wherever the technician is: a meeting, lunch."""

    starts: int
    ends: int
    title: str
    place: travel.Place | None = None
    kind: str = "visit"  # or the kind of a block
    record_id: int = 0  # the visit, or the block
    status: str = ""


@dataclass(frozen=True, slots=True)
class Lunch:
    """How long, and between which minutes after local midnight it begins and is over."""

    minutes: int
    earliest: int
    latest: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A technician over some days. `stops` are visits and blocks in the order they begin."""

    technician_id: int
    name: str
    starts_on: date | None = None
    ends_on: date | None = None
    home: travel.Place | None = None  # where the day starts
    end: travel.Place | None = None  # where it ends
    lunch: Lunch | None = None
    here: travel.Place | None = None  # seen there a moment ago
    patterns: Sequence[shifts.Pattern] = ()
    skills: Mapping[int, clashes.Held] = field(default_factory=dict)
    zones: frozenset[int] = frozenset()  # none: works everywhere
    stops: Sequence[Stop] = ()


@dataclass(frozen=True, slots=True)
class Hours:
    """What a lane works on one day. `lunch`: when it may begin, and how long it takes; None when there is none to keep free."""

    day: date
    spans: Sequence[Span]
    stops: Sequence[Stop]
    lunch: tuple[int, int, int] | None = None  # earliest, latest beginning, minutes

    @property
    def free_minutes(self) -> int:
        """Working minutes on which nothing lies."""
        free = 0
        for start, end in self.spans:
            at = start
            for stop in self.stops:
                if stop.ends > at and stop.starts < end:
                    free += max(0, stop.starts - at)
                    at = max(at, stop.ends)
            free += max(0, end - at)
        return free

    @property
    def work_minutes(self) -> int:
        """Minutes of the shift."""
        return sum(end - start for start, end in self.spans)


def hours_of(lane: Lane, day: date, zone: str, business: Mapping[int, Span]) -> Hours:
    """What a technician works on a local day, and what lies on it; nothing before they start or after they left."""
    if (lane.starts_on and lane.starts_on > day) or (lane.ends_on and lane.ends_on < day):
        return Hours(day, (), ())
    worked = shifts.of_day(lane.patterns, day)
    if worked is None:
        worked = [business[day.weekday()]] if day.weekday() in business else []
    if not worked:
        return Hours(day, (), ())
    spans = [(minute_of(day, a, zone), minute_of(day, b, zone)) for a, b in worked]
    first, last = spans[0][0], max(end for _, end in spans)
    stops = [s for s in lane.stops if s.starts < last and s.ends > first]
    lunch = None
    if lane.lunch is not None and lane.lunch.minutes and not any(s.kind == "lunch" for s in stops):
        midnight = minute_of(day, 0, zone)
        earliest = max(midnight + lane.lunch.earliest, first)
        latest = min(midnight + lane.lunch.latest, last) - lane.lunch.minutes
        if earliest <= latest:
            lunch = (earliest, latest, lane.lunch.minutes)
    return Hours(day, spans, stops, lunch)


Drive = Callable[[travel.Place | None, travel.Place | None], int]


def drive_by(mph: int) -> Drive:
    """Minutes between two places at a speed, each asked once; 0 where one of them is not known."""
    known: dict[tuple[travel.Place, travel.Place], int] = {}

    def drive(a: travel.Place | None, b: travel.Place | None) -> int:
        if a is None or b is None or a == b:
            return 0
        found = known.get((a, b))
        if found is None:
            found = known[a, b] = known[b, a] = travel.minutes(a, b, mph)
        return found

    return drive


@dataclass(frozen=True, slots=True)
class Gap:
    """Time between two things on a lane.

    `free` begins after what is before and ends where what is after begins, or the shift does. `leave` is when the way
    from `origin` can begin at the earliest, `reach` when `target` has to be reached; blocks in between are taken off.
    """

    free: Span
    leave: int
    origin: travel.Place | None
    reach: int
    target: travel.Place | None
    before: Stop | None
    after: Stop | None


def gaps(lane: Lane, hours: Hours, now: int) -> Iterator[Gap]:
    """Every gap of a day in which something may yet begin, in order. What is over by `now` is passed by."""
    stops = sorted(hours.stops, key=lambda s: (s.starts, s.ends))
    for start, end in hours.spans:
        inside = [s for s in stops if s.starts < end and s.ends > start]
        origin, leave = (
            (lane.here, now) if lane.here is not None and start <= now else (lane.home, start - DAY)
        )
        at = max(start, now)
        before: Stop | None = None
        for position, after in enumerate([*inside, None]):
            until = min(after.starts, end) if after else end
            if until > at:
                reach, target = _next_place(inside[position:], end, lane.end)
                yield Gap((at, until), max(leave, now), origin, reach, target, before, after)
            if after is not None:
                at, before = max(at, after.ends), after
                origin, leave = _after(lane, after, origin, leave, now)


def _after(
    lane: Lane, stop: Stop, origin: travel.Place | None, leave: int, now: int
) -> tuple[travel.Place | None, int]:
    """Where somebody leaves from once a stop is over, and when."""
    if stop.ends <= now and lane.here is not None:
        return lane.here, now
    if stop.place is not None:
        return stop.place, stop.ends
    return origin, leave + (
        stop.ends - stop.starts if stop.ends > now else 0
    )  # the way lies before or after it


def _next_place(
    following: Sequence[Stop], end: int, end_place: travel.Place | None
) -> tuple[int, travel.Place | None]:
    """Where a technician has to be next and by when, less the blocks on the way there."""
    blocked = 0
    for stop in following:
        if stop.place is not None:
            return stop.starts - blocked, stop.place
        blocked += stop.ends - stop.starts
    return end + DAY, end_place


@dataclass(frozen=True, slots=True)
class Fit:
    """How a job lies in a gap: the first and last minute it may begin, the drives, and what they add to the day."""

    earliest: int
    latest: int
    drive_there: int
    drive_on: int
    added: int


def fit(gap: Gap, place: travel.Place | None, minutes: int, drive: Drive) -> Fit | None:
    """How a job of some minutes fits into a gap; None when it does not."""
    there, on = drive(gap.origin, place), drive(place, gap.target)
    earliest = max(gap.free[0], gap.leave + there)
    latest = min(gap.free[1], gap.reach - on) - minutes
    if earliest > latest:
        return None
    return Fit(
        earliest, latest, there, on, max(0, there + on - drive(gap.origin, gap.target)) if place else 0
    )


def lunch_stays(
    lane: Lane, hours: Hours, gap: Gap, start: int, minutes: int, found: Fit, now: int, drive: Drive
) -> bool:
    """Whether lunch still finds its place once a job begins at `start` in a gap; also when it had none before."""
    if hours.lunch is None:
        return True
    before = (gap.free[0], start - found.drive_there)
    after = (start + minutes, gap.free[1] - found.drive_on if gap.after is not None else gap.free[1])
    if _room(before, hours.lunch) or _room(after, hours.lunch):
        return True
    had_any = False
    for other in gaps(lane, hours, min(now, hours.spans[0][0])):
        way = drive(other.origin, other.target) if other.after is not None else 0
        if _room((other.free[0], other.free[1] - way), hours.lunch):
            if other.free[1] != gap.free[1]:
                return True
            had_any = True
    return not had_any


def _room(free: Span, lunch: tuple[int, int, int]) -> bool:
    earliest, latest, minutes = lunch
    start = max(free[0], earliest)
    return start <= latest and start + minutes <= free[1]


def lacks(lane: Lane, skills: Sequence[tuple[int, int]], zone_id: int | None, day: date) -> str:
    """Which of skill and zone keeps a technician from a job on a day: "skill", "zone", or "" when nothing does."""
    for skill_id, level in skills:
        held = lane.skills.get(skill_id)
        if held is None or held.level < level or (held.expires_on is not None and held.expires_on < day):
            return "skill"
    if zone_id is not None and lane.zones and zone_id not in lane.zones:
        return "zone"
    return ""
