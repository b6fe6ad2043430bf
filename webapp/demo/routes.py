"""Days that hold together: who drives where after what, within zones, skills, shifts and the roads."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from webapp.demo import setting, work
from webapp.demo.setting import Place
from webapp.demo.world import World
from webapp.dispatch.rules import travel
from webapp.kit import clock

MPH = 30
QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit of a day's route. `crew`: positions of technicians, the lead first; `drive`: minutes to get there."""

    work: work.Work
    place: Place
    crew: tuple[int, ...]
    starts_at: datetime
    minutes: int
    drive: int
    booked_at: datetime
    priority: str
    price_cents: int | None
    tags: tuple[str, ...] = ()

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(minutes=self.minutes)

    @property
    def window_start(self) -> datetime:
        """The window told to the customer: from the full hour before."""
        return self.starts_at.replace(minute=0)


def of_day(
    world: World, day: date, at_work: Sequence[int], chance: Random, *, fill: float, before: datetime | None = None
) -> Iterator[Stop]:  # fmt: skip
    """The routes of a day. `fill`: the share of the day that is taken; `before`: they were booked before this moment."""
    used: set[int] = set()
    helping: set[int] = set()
    for lead in at_work:
        if lead in helping:
            continue
        starts, ends = setting.hours(world, lead, day)
        here, free_at, fed, first = setting.home(lead), starts, False, True
        last = starts + (ends - starts) * fill
        while True:
            found = _next(world, lead, here, used, chance, first)
            if found is None:
                break
            place, what = found
            drive = travel.minutes(here, place.at, MPH)
            start = _quarter(free_at + timedelta(minutes=drive))
            if start + timedelta(minutes=what.minutes) > last:
                break
            noon = world.at(day, 12, 15)
            if (
                not fed
                and start + timedelta(minutes=what.minutes) > noon + timedelta(minutes=75)
                and free_at > world.at(day, 11)
            ):
                free_at, fed = max(free_at, world.at(day, 11, 30)) + timedelta(minutes=30), True
                continue
            crew: tuple[int, ...] = (lead,)
            if what.minutes >= 240 and first:
                free = [
                    p
                    for p in at_work
                    if p > lead and p not in helping and setting.hours(world, p, day)[0] <= start
                ]
                crew = (lead, *_helper(world, what, place, free))
            used.add(place.property_id)
            helping.update(crew[1:])
            yield Stop(what, place, crew, start, what.minutes, drive, _booked_at(world, day, start, chance, before),
                       _priority(what, chance),
                       setting.price(world, what.code), ("comfort plan",) if what.kind == "maintenance" else ())  # fmt: skip
            here, free_at, first = place.at, start + timedelta(minutes=what.minutes), False


def loose(world: World, title: str, today: date, chance: Random) -> Iterator[Stop]:
    """A job that nobody is sent on, somewhere; nothing when the company serves nobody."""
    what = next(w for w in work.WORKS if w.title == title)
    places = [p for p in world.places if not what.unit or p.units(what.unit)] or world.places
    if places:
        start = world.at(
            today + timedelta(days=chance.choice((0, 0, 1, 1, 2))), chance.choice((8, 10, 13, 14))
        )
        yield Stop(
            what,
            chance.choice(places),
            (),
            start,
            what.minutes,
            0,
            clock.now(),
            "normal",
            setting.price(world, what.code),
        )


def _next(
    world: World, who: int, here: travel.Place, used: set[int], chance: Random, first: bool
) -> tuple[Place, work.Work] | None:
    """A customer not far away, with something this technician can do."""
    near = sorted(
        (p for p in world.places if p.property_id not in used and setting.serves(world, who, p)),
        key=lambda p: abs(p.at[0] - here[0]) + abs(p.at[1] - here[1]),
    )[:12]
    chance.shuffle(near)
    for place in near:
        works = [
            w
            for w in work.WORKS
            if setting.can(who, w) and (not w.unit or place.units(w.unit)) and (first or w.minutes < 240)
        ]
        if works:
            return place, chance.choices(works, [w.weight for w in works])[0]
    return None


def _priority(what: work.Work, chance: Random) -> str:
    weights = (1, 10, 4, 1) if what.kind == "repair" else (2, 10, 0, 0)
    return chance.choices(("low", "normal", "high", "urgent"), weights)[0]


def _helper(world: World, what: work.Work, place: Place, among: Sequence[int]) -> tuple[int, ...]:
    found = next((p for p in among if setting.can(p, what) and setting.serves(world, p, place)), None)
    return () if found is None else (found,)


def _booked_at(world: World, day: date, start: datetime, chance: Random, before: datetime | None) -> datetime:
    ago = chance.choice((0, 1, 1, 2, 3, 4, 5)) if before is None else chance.randint(0, 4)
    at = (
        world.at(day - timedelta(days=ago), 7, chance.randint(40, 600))
        if ago
        else start - timedelta(minutes=chance.randint(75, 140))
    )
    if before is None:
        return min(at, start - timedelta(minutes=45))
    return before - timedelta(minutes=chance.randint(5, 60 * 24 * 4))


def _quarter(moment: datetime) -> datetime:
    """The next full quarter of an hour."""
    return replace_minutes(moment + QUARTER - timedelta(microseconds=1))


def replace_minutes(moment: datetime) -> datetime:
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
