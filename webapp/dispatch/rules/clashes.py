"""What speaks against a technician at a time: shown while a job hovers, refused by the server unless a reason is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

Kind = Literal["left", "job", "time_off", "block", "shift", "skill", "zone", "travel", "reserve"]
NEVER: Final = ("left",)  # no reason makes these right


@dataclass(frozen=True, slots=True)
class Clash:
    """One thing in the way, in a sentence. `overridable`: a reason makes it acceptable."""

    kind: Kind
    sentence: str
    record_id: int | None = None  # the other visit or block

    @property
    def overridable(self) -> bool:
        return self.kind not in NEVER

    def as_json(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "message": self.sentence,
            "record_id": self.record_id,
            "overridable": self.overridable,
        }


@dataclass(frozen=True, slots=True)
class Booked:
    """Another visit on the technician's lane. `travel`: minutes of driving between it and the job, None unknown."""

    visit_id: int
    job_id: int
    title: str
    starts_at: datetime
    ends_at: datetime
    travel: int | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """A block on the lane."""

    block_id: int
    kind: str
    title: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A skill that a technician has, to a day inclusive."""

    level: int
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Lane:
    """A technician around the time in question. `hours`: spans worked, UTC; None when no shifts are known."""

    technician_id: int
    name: str
    starts_on: date | None = None
    ends_on: date | None = None
    booked: Sequence[Booked] = ()
    blocks: Sequence[Blocked] = ()
    hours: Sequence[tuple[datetime, datetime]] | None = None
    skills: Mapping[int, Held] = field(default_factory=dict)
    zones: frozenset[int] = frozenset()  # none: works everywhere


@dataclass(frozen=True, slots=True)
class Need:
    """What is to be placed. `skills`: skill id → (name, level). `zone`: the job's zone and its name."""

    starts_at: datetime
    ends_at: datetime
    skills: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    zone_id: int | None = None
    zone_name: str = ""


BLOCK_WORDS: Final = {"lunch": "lunch", "parts_run": "a parts run", "meeting": "a meeting", "training": "training",
                      "time_off": "time off", "other": "blocked time"}  # fmt: skip


def clashes(lane: Lane, need: Need, zone: str) -> list[Clash]:
    """Everything that is in the way over the whole length of a visit, the gravest first."""
    local = need.starts_at.astimezone(ZoneInfo(zone)).date()
    found = _gone(lane, local)
    found += [
        Clash("job", f"{lane.name} has “{b.title}” {_span(b.starts_at, b.ends_at, zone)}.", b.visit_id)
        for b in lane.booked
        if b.starts_at < need.ends_at and need.starts_at < b.ends_at
    ]
    for block in lane.blocks:
        if block.starts_at < need.ends_at and need.starts_at < block.ends_at:
            kind: Kind = "time_off" if block.kind == "time_off" else "block"
            what = block.title or BLOCK_WORDS.get(block.kind, "blocked time")
            found.append(
                Clash(
                    kind,
                    f"{lane.name} has {what} {_span(block.starts_at, block.ends_at, zone)}.",
                    block.block_id,
                )
            )
    found += _outside_shift(lane, need, zone)
    found += _skills(lane, need, local)
    if need.zone_id is not None and lane.zones and need.zone_id not in lane.zones:
        found.append(Clash("zone", f"{lane.name} does not work in {need.zone_name or 'this zone'}."))
    return found + _travel(lane, need, zone)


def _gone(lane: Lane, local: date) -> list[Clash]:
    if lane.ends_on is not None and lane.ends_on < local:
        return [
            Clash("left", f"{lane.name} left on {lane.ends_on:%B} {lane.ends_on.day}, {lane.ends_on.year}.")
        ]
    if lane.starts_on is not None and lane.starts_on > local:
        return [
            Clash(
                "left",
                f"{lane.name} starts on {lane.starts_on:%B} {lane.starts_on.day}, {lane.starts_on.year}.",
            )
        ]
    return []


def _outside_shift(lane: Lane, need: Need, zone: str) -> list[Clash]:
    if lane.hours is None:
        return []
    free_from = need.starts_at
    for start, end in sorted(lane.hours):
        if start <= free_from < end:
            free_from = end
    if free_from >= need.ends_at:
        return []
    if not lane.hours:
        return [Clash("shift", f"{lane.name} does not work that day.")]
    spans = ", ".join(_span(a, b, zone) for a, b in sorted(lane.hours))
    return [Clash("shift", f"{lane.name} works {spans}.")]


def _skills(lane: Lane, need: Need, local: date) -> list[Clash]:
    found = []
    for skill_id, (name, level) in need.skills.items():
        held = lane.skills.get(skill_id)
        if held is None:
            found.append(Clash("skill", f"{lane.name} does not have the skill {name}.", skill_id))
        elif held.expires_on is not None and held.expires_on < local:
            found.append(
                Clash(
                    "skill",
                    f"{lane.name}’s {name} expired on {held.expires_on:%B} {held.expires_on.day}.",
                    skill_id,
                )
            )
        elif held.level < level:
            found.append(
                Clash(
                    "skill", f"{lane.name} has {name} at level {held.level}; the job needs {level}.", skill_id
                )
            )
    return found


def _travel(lane: Lane, need: Need, zone: str) -> list[Clash]:
    found = []
    before = max(
        (b for b in lane.booked if b.ends_at <= need.starts_at), key=lambda b: b.ends_at, default=None
    )
    after = min(
        (b for b in lane.booked if b.starts_at >= need.ends_at), key=lambda b: b.starts_at, default=None
    )
    for other, gap in (
        (before, need.starts_at - before.ends_at if before else None),
        (after, after.starts_at - need.ends_at if after else None),
    ):
        if other is None or gap is None or other.travel is None or gap >= timedelta(minutes=other.travel):
            continue
        minutes = int(gap.total_seconds() // 60)
        way = "from" if other is before else "to"
        found.append(
            Clash(
                "travel",
                f"It is {other.travel} minutes {way} “{other.title}”, and there are {minutes}.",
                other.visit_id,
            )
        )
    return found


def reserve(free: int, asked: int, kept: int) -> Clash | None:
    """What speaks against more work on a day that keeps time free for emergencies. All in minutes.

    `free`: what is left of the day without the visit; `asked`: what the visit takes of it, over all who are sent.
    """
    left = free - asked
    if kept <= 0 or left >= kept:
        return None
    what = f"{_length(left)} would be left" if left > 0 else "nothing would be left"
    return Clash("reserve", f"This day keeps {_length(kept)} free for emergencies; {what}.")


def _length(minutes: int) -> str:
    hours, rest = divmod(minutes, 60)
    return " ".join(
        x for x in (f"{hours} h" if hours else "", f"{rest} min" if rest or not hours else "") if x
    )


def _span(start: datetime, end: datetime, zone: str) -> str:
    a, b = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    return f"{_clock(a)}–{_clock(b)}"


def _clock(moment: datetime) -> str:
    return moment.strftime("%I:%M %p").lstrip("0").replace(":00", "")
