"""What the demo's jobs stand on: shifts, starting points, houses with their equipment, and what lies on the lanes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from sqlalchemy import select

from webapp.appointments.queries import booking as calls
from webapp.appointments.service import booking
from webapp.demo import content, fleet, work
from webapp.demo.world import World, as_
from webapp.dispatch import service
from webapp.dispatch.queries import lanes
from webapp.dispatch.rules import travel
from webapp.fleet import queries as areas
from webapp.kit import clock, context
from webapp.kit.db import add, db
from webapp.models import (
    ChecklistStep,
    ChecklistTemplate,
    DispatchProfile,
    Equipment,
    LaneBlock,
    Property,
    Shift,
    TechnicianPosition,
)

if TYPE_CHECKING:
    from webapp.demo.routes import Stop

LUNCH = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Place:
    """A customer's house. `equipment`: kind → the unit's number."""

    customer_id: int
    property_id: int
    at: travel.Place
    zone_id: int | None
    equipment: dict[str, int] = field(default_factory=dict)

    def units(self, kind: str) -> list[int]:
        """The unit of a kind, in a list; empty where the house has none."""
        return [self.equipment[kind]] if kind in self.equipment else []


def settle(world: World, day: date) -> None:
    """Shifts, starting points and equipment. As the dispatcher, on the first day with jobs."""
    chance = Random(f"{world.plot.code} houses and hours")  # noqa: S311  # a story, the same every time
    for position, technician_id in enumerate(world.technicians):
        _technician(position, technician_id)
    with as_(world, "manager"):
        _houses(world, day, chance)
        _presets(world)
    world.zones = lanes.zones_of(world.technicians)


def _presets(world: World) -> None:
    """What people call about, the commonest first, with prices of the book."""
    codes = {number: name for items in content.CATEGORIES.values() for name, number, _ in items}
    items = {name: number for number, name in calls.item_choices()}
    for one in sorted(work.WORKS, key=lambda w: -w.weight):
        booking.save_preset(
            None,
            booking.Preset("", one.title, one.kind, one.minutes, tuple((world.skills[n], level) for n, level in one.needs),
                           items.get(codes[one.code])),
        )  # fmt: skip


def _technician(position: int, technician_id: int) -> None:
    address, latitude, longitude = work.HOMES[position % len(work.HOMES)]
    add(
        DispatchProfile(tenant_id=context.tenant_id(), technician_id=technician_id, start_address=address, latitude=latitude,
                        longitude=longitude, position=position, consent_at=clock.now())
    )  # fmt: skip
    starts, ends = _weekly(position)
    for weekday in range(5):
        add(Shift(technician_id=technician_id, weekday=weekday, starts_minute=starts, ends_minute=ends))
    if position % 3 == 0:
        add(Shift(technician_id=technician_id, weekday=5, starts_minute=8 * 60, ends_minute=14 * 60))


def _weekly(position: int) -> tuple[int, int]:
    starts = 7 * 60 + 30 + 30 * (position % 2)
    return starts, starts + 9 * 60


def _houses(world: World, day: date, chance: Random) -> None:
    found: list[tuple[Place, Equipment]] = []
    for house in db.session.scalars(
        select(Property).where(Property.tenant_id == world.tenant_id).order_by(Property.id)
    ).all():
        if house.latitude is None or house.longitude is None:
            continue
        place = Place(house.customer_id, house.id, (float(house.latitude), float(house.longitude)),
                      areas.zone_of(house.zip, house.latitude, house.longitude))  # fmt: skip
        world.places.append(place)
        for kind, (share, models, where) in work.UNITS.items():
            if chance.random() < share:
                found.append(
                    (place, _unit(house, kind, chance.choice(models), chance.choice(where), day, chance))
                )
    db.session.add_all(unit for _, unit in found)
    db.session.flush()
    for place, unit in found:
        place.equipment[unit.kind] = unit.id


def _unit(
    house: Property, kind: str, model: tuple[str, str], where: str, day: date, chance: Random
) -> Equipment:
    installed = day - timedelta(days=chance.randint(90, 15 * 365))
    ends = installed.replace(year=installed.year + chance.choice((5, 10, 10)), day=min(installed.day, 28))
    return Equipment(
        tenant_id=context.tenant_id(), property_id=house.id, customer_id=house.customer_id, kind=kind, make=model[0],
        model=model[1], serial=f"{chance.randint(1000, 9999)}{chance.choice('ABCEFHKLM')}{chance.randint(10_000, 99_999)}",
        location=where, installed_on=installed, warranty_until=ends,
    )  # fmt: skip


def checklists() -> None:
    """The lists that jobs get from now on."""
    for name, kind, steps in work.CHECKLISTS:
        add(ChecklistTemplate(name=name, job_type=kind, steps=[{"text": t, "required": r} for t, r in steps]))


def tick(job_id: int) -> None:
    """The technician works down the job's checklist."""
    for step in db.session.scalars(
        select(ChecklistStep)
        .where(ChecklistStep.tenant_id == context.tenant_id(), ChecklistStep.job_id == job_id, ChecklistStep.done_at.is_(None))
        .order_by(ChecklistStep.position)
    ).all():  # fmt: skip
        service.set_step(job_id, step.id, done=True)


# Who works when and where -------------------------------------------------------------------------------------------


def at_work(world: World, day: date, today: date) -> list[int]:
    """Positions of the technicians who work on a day. A company that is shown on a weekend is open then."""
    everybody = range(
        len(world.technicians) if world.plot.busy[1] > 5 else 4
    )  # a small company has four on jobs
    if day.weekday() < 5:
        return list(everybody)
    if day == today:
        return [p for p in everybody if p % 2 == 0]
    return [p for p in everybody if p % 3 == 0] if day.weekday() == 5 else []


def hours(world: World, position: int, day: date) -> tuple[datetime, datetime]:
    """When somebody's shift of a day begins and ends, in UTC."""
    starts, ends = (8 * 60, 14 * 60) if day.weekday() == 5 and position % 3 == 0 else _weekly(position)
    return world.at(day, 0, starts).astimezone(UTC), world.at(day, 0, ends).astimezone(UTC)


def home(position: int) -> travel.Place:
    return work.HOMES[position % len(work.HOMES)][1:]


def can(position: int, what: work.Work) -> bool:
    """Whether a technician has the skills, with certificates that last."""
    names = [name for name, _, _ in fleet.SKILLS]
    return all(
        fleet.LEVELS[position][names.index(name)] >= level and (position, names.index(name)) not in fleet.SOON
        for name, level in what.needs
    )


def serves(world: World, position: int, place: Place) -> bool:
    zones = world.zones.get(world.technicians[position], frozenset())
    return not zones or place.zone_id in zones


def price(world: World, code: str) -> int | None:
    """What the price book says, in cents."""
    return next(
        (p for items in content.CATEGORIES.values() for _, number, p in items if number == code), None
    )


# Today's lanes ------------------------------------------------------------------------------------------------------


def lunches(world: World, day: date, stops: Sequence["Stop"], at_work: Sequence[int]) -> None:
    """Lunch in the first gap around noon that holds it."""
    for position in at_work:
        mine = sorted((s for s in stops if position in s.crew), key=lambda s: s.starts_at)
        at = world.at(day, 11, 15)
        for stop in mine:
            if stop.starts_at - timedelta(minutes=stop.drive) < at + LUNCH and stop.ends_at > at:
                at = stop.ends_at
        if at + LUNCH <= world.at(day, 14, 30):
            add(
                LaneBlock(
                    technician_id=world.technicians[position],
                    kind="lunch",
                    title="Lunch",
                    starts_at=at,
                    ends_at=at + LUNCH,
                )
            )


def seen(world: World, stops: Sequence["Stop"], at_work: Sequence[int], now: datetime, driving: int) -> None:
    """Where everybody was last seen: at the customer's, or between two."""
    for position in at_work:
        here = home(position)
        for stop in (s for s in stops if position in s.crew):
            if stop.starts_at <= now:
                here = stop.place.at
            elif driving == position or stop.starts_at - timedelta(minutes=stop.drive) <= now:
                here = ((here[0] + stop.place.at[0]) / 2, (here[1] + stop.place.at[1]) / 2)
                break
        add(
            TechnicianPosition(tenant_id=context.tenant_id(), technician_id=world.technicians[position],
                               latitude=round(here[0], 6), longitude=round(here[1], 6), accuracy_metres=12,
                               seen_at=now - timedelta(minutes=position % 4))
        )  # fmt: skip
