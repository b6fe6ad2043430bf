"""Who suits a job: every technician weighed by what they can, where they are, when they are free, and what they know.

Each part is 0 to 100 with its sentence; the score is their weighted mean. Whoever lacks something that the job must have
(a skill, the zone, time) stands below everybody who lacks nothing, with what is missing said.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from webapp.dispatch.rules import clashes, travel
from webapp.kit import words
from webapp.routing.rules import lanes

WEIGHTS: Final = {"skills": 30, "zone": 10, "distance": 20, "availability": 20, "workload": 10, "history": 10}
SOON: Final = timedelta(days=30)  # a skill that expires so soon after the job is said to


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What is to be placed. `begins`: its fixed time, else None and it may begin from `earliest` until before `latest`."""

    minutes: int
    earliest: int
    latest: int
    begins: int | None = None
    place: travel.Place | None = None
    skills: Mapping[int, tuple[str, int]]  # skill → (name, level)
    zone_id: int | None = None
    zone_name: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a suggestion, 0 to 100, and why."""

    score: int
    why: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A technician weighed for a job. `missing` is empty for those who can simply be sent."""

    technician_id: int
    name: str
    score: int
    parts: Mapping[str, Part]
    missing: Sequence[str]
    starts: int | None
    drive: int | None  # minutes to the job from where they are or will be
    added: int | None  # minutes of driving that the job adds to their day
    why: str


@dataclass(frozen=True, slots=True)
class _At:
    """A time for the job on a lane."""

    begins: int
    gap: lanes.Gap
    fit: lanes.Fit


Tell = Callable[[int], str]  # a moment in words


def rank(
    team: Sequence[lanes.Lane], ask: Ask, days: Sequence[date], zone: str, business: Mapping[int, lanes.Span], now: int,
    drive: lanes.Drive, been: Mapping[int, tuple[int, int]], tell: Tell,
) -> list[Suggestion]:  # fmt: skip
    """Everybody weighed, those who can be sent first, the best first."""
    found = [_weigh(lane, ask, days, zone, business, now, drive, been, tell) for lane in team]
    return sorted(found, key=lambda s: (bool(s.missing), -s.score, s.added or 0, s.name))


def _weigh(
    lane: lanes.Lane, ask: Ask, days: Sequence[date], zone: str, business: Mapping[int, lanes.Span], now: int,
    drive: lanes.Drive, been: Mapping[int, tuple[int, int]], tell: Tell,
) -> Suggestion:  # fmt: skip
    each = [h for h in (lanes.hours_of(lane, day, zone, business) for day in days) if h.spans]
    at = _best(lane, each, ask, now, drive)
    way = at if at is not None else _where(lane, each, ask, now, drive)
    missing: list[str] = []
    parts = {
        "skills": _skills(lane, ask, days[0], missing),
        "zone": _zone(lane, ask, missing),
        "distance": _distance(lane, ask, way),
        "availability": _availability(lane, each, ask, at, tell, missing),
        "workload": _workload(each),
        "history": _history(been.get(lane.technician_id, (0, 0))),
    }
    score = round(sum(WEIGHTS[name] * part.score for name, part in parts.items()) / sum(WEIGHTS.values()))
    known = way is not None and ask.place is not None and way.gap.origin is not None
    return Suggestion(
        lane.technician_id, lane.name, score, parts, missing, at.begins if at else None,
        way.fit.drive_there if way and known else None, way.fit.added if way and ask.place is not None else None,
        _sentence(lane.name, parts, missing),
    )  # fmt: skip


def _best(
    lane: lanes.Lane, each: Sequence[lanes.Hours], ask: Ask, now: int, drive: lanes.Drive
) -> _At | None:
    """When the job fits: at its own time, else where it adds the least driving and keeps nobody waiting long."""
    top: tuple[float, _At] | None = None
    for hours in each:
        for gap in lanes.gaps(lane, hours, now):
            if gap.free[0] >= ask.latest or gap.free[1] <= ask.earliest:
                continue
            found = lanes.fit(gap, ask.place, ask.minutes, drive)
            if found is None:
                continue
            begins = ask.begins if ask.begins is not None else _rounded(max(found.earliest, ask.earliest))
            if not found.earliest <= begins <= found.latest or begins >= max(ask.latest, ask.earliest + 1):
                continue
            cost = found.added + (begins - ask.earliest) / 30
            if top is not None and cost >= top[0]:
                continue
            if ask.begins is None and not lanes.lunch_stays(
                lane, hours, gap, begins, ask.minutes, found, now, drive
            ):
                continue
            top = cost, _At(begins, gap, found)
    return top[1] if top else None


def _rounded(minute: int) -> int:
    return -(-minute // 5) * 5


def _where(
    lane: lanes.Lane, each: Sequence[lanes.Hours], ask: Ask, now: int, drive: lanes.Drive
) -> _At | None:
    """Where somebody without time for it would come from and go to: for the drive and what it would add."""
    at = ask.begins if ask.begins is not None else ask.earliest
    hours = next((h for h in each if h.spans[-1][1] > at), None)
    if hours is None:
        return None
    placed = [s for s in hours.stops if s.place is not None]
    before = next((s for s in reversed(placed) if s.starts < at), None)
    after = next((s for s in placed if s.starts >= at), None)
    origin = (
        before.place
        if before
        else lane.here
        if lane.here is not None and hours.spans[0][0] <= now
        else lane.home
    )
    target = after.place if after else lane.end
    gap = lanes.Gap((at, at + ask.minutes), at, origin, at, target, before, after)
    there, on = drive(origin, ask.place), drive(ask.place, target)
    added = max(0, there + on - drive(origin, target)) if ask.place else 0
    return _At(at, gap, lanes.Fit(at, at, there, on, added))


# The parts ----------------------------------------------------------------------------------------------------------


def _skills(lane: lanes.Lane, ask: Ask, day: date, missing: list[str]) -> Part:
    if not ask.skills:
        return Part(100, "The job needs no particular skill.")
    scores, said = [], []
    for skill_id, (name, level) in ask.skills.items():
        held = lane.skills.get(skill_id)
        lack = _lack(name, level, held, day)
        if lack or held is None:
            missing.append(lack)
            scores.append(0)
            said.append(lack[:1].upper() + lack[1:])
            continue
        soon = held.expires_on is not None and held.expires_on <= day + SOON
        scores.append(min(100, 80 + 10 * (held.level - level)) - (15 if soon else 0))
        more = f", until {_day(held.expires_on)}" if soon and held.expires_on else ""
        said.append(f"{name} at level {held.level}, {level} needed{more}")
    return Part(min(scores), _joined(said))


def _lack(name: str, level: int, held: clashes.Held | None, day: date) -> str:
    if held is None:
        return f"does not have {name}"
    if held.expires_on is not None and held.expires_on < day:
        return f"has an expired {name} ({_day(held.expires_on)})"
    if held.level < level:
        return f"has {name} only at level {held.level}, {level} needed"
    return ""


def _zone(lane: lanes.Lane, ask: Ask, missing: list[str]) -> Part:
    if ask.zone_id is None:
        return Part(100, "The address lies in no zone.")
    if not lane.zones:
        return Part(80, "Works everywhere.")
    if ask.zone_id in lane.zones:
        return Part(100, f"Works in {ask.zone_name}.")
    missing.append(f"does not work in {ask.zone_name}")
    return Part(0, f"Does not work in {ask.zone_name}.")


def _distance(lane: lanes.Lane, ask: Ask, way: _At | None) -> Part:
    if ask.place is None:
        return Part(50, "Nobody knows where the job is.")
    if way is None:
        return Part(0, "Is not on the road in that time.")
    if way.gap.origin is None:
        return Part(50, "Nobody knows where they come from.")
    gap, found = way.gap, way.fit
    if gap.before is not None and gap.before.place == gap.origin:
        origin = f"after “{gap.before.title}”"
    elif gap.origin == lane.here:
        origin = "from where they are now"
    else:
        origin = "from the start of their day"
    adds = f"which adds {found.added}" if found.added else "which adds none"
    return Part(
        max(0, round(100 - 1.5 * found.drive_there - found.added)),
        f"{words.plural(found.drive_there, 'minute')} {origin}, {adds}.",
    )


def _availability(
    lane: lanes.Lane, each: Sequence[lanes.Hours], ask: Ask, at: _At | None, tell: Tell, missing: list[str]
) -> Part:
    if at is not None:
        if ask.begins is not None:
            return Part(100, "Free at that time.")
        waits = at.begins - ask.earliest
        return Part(max(10, round(100 - waits / 30)), f"Free {tell(at.begins)}.")
    if not each:
        missing.append("does not work then")
        return Part(0, "Does not work then.")
    what = "has no time then" if ask.begins is not None else "has no gap that is long enough"
    busy = _in_the_way(each, ask)
    missing.append(f"{what}{busy}")
    return Part(0, f"{what.capitalize()}{busy}.")


def _in_the_way(each: Sequence[lanes.Hours], ask: Ask) -> str:
    if ask.begins is None:
        return ""
    until = ask.begins + ask.minutes
    for hours in each:
        for stop in hours.stops:
            if stop.starts < until and stop.ends > ask.begins:
                return f": “{stop.title or clashes.BLOCK_WORDS.get(stop.kind, 'blocked time')}”"
    inside = any(a <= ask.begins and until <= b for hours in each for a, b in hours.spans)
    return ": the way is too long" if inside else ": outside the shift"


def _workload(each: Sequence[lanes.Hours]) -> Part:
    work = sum(h.work_minutes for h in each)
    if not work:
        return Part(0, "Has no shift.")
    booked = work - sum(h.free_minutes for h in each)
    return Part(round(100 * (work - booked) / work), f"{_hours(booked)} of {_hours(work)} hours booked.")


def _history(been: tuple[int, int]) -> Part:
    customer, unit = been
    if unit:
        return Part(100, f"Completed {_times(unit)} on this equipment.")
    if customer:
        return Part(min(100, 70 + 10 * customer), f"Completed {_times(customer)} for this customer.")
    return Part(40, "Has not been there before.")


def _sentence(name: str, parts: Mapping[str, Part], missing: Sequence[str]) -> str:
    """The whole of it in a sentence: what speaks against, else what speaks for."""
    if missing:
        return f"{name} {_joined(missing)}."
    said = [parts["distance"].why, parts["availability"].why, parts["workload"].why]
    if parts["skills"].score < 100 or "level" in parts["skills"].why:
        said.insert(0, f"{parts['skills'].why}.")
    if parts["history"].score > 40:
        said.append(parts["history"].why)
    return f"{name}: " + " ".join(said)


def _joined(said: Sequence[str]) -> str:
    return said[0] if len(said) == 1 else ", ".join(said[:-1]) + " and " + said[-1]


def _times(count: int) -> str:
    return "one visit" if count == 1 else f"{count} visits"


def _hours(minutes: int) -> str:
    return f"{minutes / 60:.1f}".removesuffix(".0")


def _day(day: date) -> str:
    return f"{day:%B} {day.day}"
