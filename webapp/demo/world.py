"""A demo company while its story is told: who is in it, at which moment, as whom."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from webapp.accounts.service import principals
from webapp.kit import clock, context, tenancy
from webapp.kit.db import db
from webapp.models import User

ZONE = "America/New_York"


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
    users: dict[str, int] = field(default_factory=dict)
    technicians: list[int] = field(default_factory=list)
    items: list[tuple[int, int]] = field(default_factory=list)  # id, list price
    customers: list[int] = field(default_factory=list)
    vehicles: list[int] = field(default_factory=list)


@contextmanager
def moment(day: date, hour: int, minute: int) -> Iterator[None]:
    """Hold the clock at a local time of day."""
    with clock.at(datetime.combine(day, time(hour, minute), ZoneInfo(ZONE))):
        yield


@contextmanager
def acting(world: World, username: str) -> Iterator[None]:
    """Work as one of the company's people, in one transaction."""
    with tenancy.across(world.tenant_id):
        user = db.session.get(User, (world.tenant_id, world.users[username]))
        assert user is not None
        origin = context.Origin("web", "127.0.0.1", f"corr_demo{clock.unix()}")
        with context.acting(principals.of_user(user), origin):
            yield
