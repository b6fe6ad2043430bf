"""A demo company while its story is told: who is in it, at which moment, as whom."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from webapp.accounts.service import principals
from webapp.kit import clock, context, tenancy
from webapp.kit.db import db
from webapp.models import User

if TYPE_CHECKING:
    from webapp.demo.setting import Place

AT_HOME = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "Pacific/Honolulu")
ELSEWHERE = (*AT_HOME, "Pacific/Guam", "Asia/Manila", "Asia/Bangkok", "Asia/Karachi", "Asia/Dubai", "Europe/Athens",
             "Europe/London", "Atlantic/Azores", "America/Halifax")  # fmt: skip
MIDDAY = 12 * 60 + 30  # minutes after midnight
NEAR = 3 * 60  # minutes around it in which a day is well under way


def zone_at_work() -> str:
    """A zone whose working day is half done now: Eastern when it is day there, so that the clock on the wall fits most
    who try the demo, else another of the country, else anywhere. A board at one in the morning shows nothing."""

    def off(zone: str) -> int:
        there = clock.now().astimezone(ZoneInfo(zone))
        return abs(there.hour * 60 + there.minute - MIDDAY)

    return next((zone for zone in AT_HOME if off(zone) <= NEAR), min(ELSEWHERE, key=off))


@dataclass(frozen=True, slots=True)
class Plot:
    """One demo company: how long its history is and how busy its days."""

    code: str
    name: str
    color: str
    days: int
    busy: tuple[int, int]  # fewest and most sales of a weekday
    technicians: int
    customers: int
    seed: int
    second_person: bool = False


@dataclass(slots=True)
class World:
    """A company while its story is told."""

    plot: Plot
    tenant_id: UUID
    chance: Random
    zone: str
    users: dict[str, int] = field(default_factory=dict)
    technicians: list[int] = field(default_factory=list)
    items: list[tuple[int, int]] = field(default_factory=list)  # id, list price
    skills: dict[str, int] = field(default_factory=dict)  # name → id
    customers: list[int] = field(default_factory=list)
    vehicles: list[int] = field(default_factory=list)
    places: list["Place"] = field(default_factory=list)
    further: list[tuple[int, int]] = field(default_factory=list)  # second visits, and whose (a position)
    zones: Mapping[int, frozenset[int]] = field(default_factory=dict)  # a technician's service zones
    known: dict[str, context.Principal] = field(default_factory=dict)

    def at(self, day: date, hour: int, minutes: int = 0) -> datetime:
        """A local time of a day; the minutes may run past the hour."""
        return datetime.combine(day, time(hour), ZoneInfo(self.zone)) + timedelta(minutes=minutes)


@contextmanager
def moment(world: World, day: date, hour: int, minute: int) -> Iterator[None]:
    """Hold the clock at a local time of day."""
    with clock.at(world.at(day, hour, minute)):
        yield


@contextmanager
def acting(world: World, username: str) -> Iterator[None]:
    """Work as one of the company's people, in one transaction."""
    with tenancy.across(world.tenant_id), as_(world, username):
        yield


@contextmanager
def as_(world: World, username: str) -> Iterator[None]:
    """Go on as another of the company's people, in the present transaction."""
    who = world.known.get(username)
    if who is None:
        user = db.session.get(User, (world.tenant_id, world.users[username]))
        assert user is not None
        who = world.known[username] = principals.of_user(user)
    with context.acting(who, context.Origin("web", "127.0.0.1", f"corr_demo{clock.unix()}")):
        yield
