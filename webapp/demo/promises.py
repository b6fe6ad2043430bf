"""What the demo companies promise by the clock, the days they do not work, readings of their customers' equipment, and
work that comes again."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from sqlalchemy import select

from webapp.appointments.service import telling
from webapp.demo.world import World, acting
from webapp.dispatch.service import recurring
from webapp.equipment import service as equipment
from webapp.kit import clock, context
from webapp.kit.db import db
from webapp.models import Equipment
from webapp.sla import service as sla

# name, priority, type, minutes to the answer, minutes to the end, business hours only
POLICIES = (
    ("Emergencies", "urgent", None, 72 * 60, 96 * 60, False),
    ("Repairs", None, "repair", None, 45 * 60, True),
    ("Everything else", None, None, None, 90 * 60, True),
)
READ = {
    "Furnace": (("Gas pressure", "in. w.c.", 33, 38), ("Supply air", "°F", 1180, 1340)),
    "Air conditioner": (("Suction pressure", "psi", 1150, 1290), ("Supply air", "°F", 520, 590)),
    "Heat pump": (("Suction pressure", "psi", 1150, 1290), ("Return air", "°F", 690, 760)),
    "Water heater": (("Water pressure", "psi", 480, 720),),
}
# title, type, rule, minutes, price in cents, hours after midnight
SERIES = (
    ("Filter change and coil check", "maintenance", "FREQ=MONTHLY;BYDAY=2TU", 45, 8900, 8),
    ("Twice-yearly tune-up", "maintenance", "FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=15", 90, 18900, 13),
    ("Backflow test", "inspection", "FREQ=YEARLY", 45, 12500, 10),
    ("Grease trap and drain line", "maintenance", "FREQ=WEEKLY;INTERVAL=2;BYDAY=WE", 60, 16500, 7),
)
KEEP = 400  # units that are made findable and measured: enough to look around, and soon told


def settle(world: World, today: date) -> None:
    """Policies, and the federal holidays of the year. As the manager, on the first day with jobs."""
    with acting(world, "manager"):
        for name, priority, kind, response, resolution, business in POLICIES:
            sla.policies.create({"name": name, "priority": priority, "job_type": kind, "response_minutes": response,
                                 "resolution_minutes": resolution, "business_hours": business})  # fmt: skip
        for year in sorted({today.year, (today + timedelta(days=60)).year}):
            sla.holidays.add_federal(year)


def finish(world: World, today: date) -> None:
    """Readings, and work that comes again; and the breaches that nobody has noticed yet."""
    chance = Random(f"{world.plot.code} promises")  # noqa: S311  # a story, the same every time
    with acting(world, "dispatcher"), telling.silent():
        mine = (
            select(Equipment)
            .where(Equipment.tenant_id == context.tenant_id())
            .order_by(Equipment.id)
            .limit(KEEP)
        )
        for unit in db.session.scalars(mine).all():
            equipment.index(unit)
            if chance.random() < 0.25:
                _measured(unit, chance)
        for place, (title, kind, rule, minutes, cents, hour) in zip(
            chance.sample(world.places, min(len(SERIES), len(world.places))), SERIES, strict=False
        ):
            recurring.create(
                recurring.NewRecurring(
                    values={"title": title, "job_type": kind, "price_cents": cents}, rule=rule, minutes=minutes,
                    customer_id=place.customer_id, property_id=place.property_id, weeks_ahead=4,
                    starts_at=world.at(today + timedelta(days=chance.randint(3, 20)), hour),
                )
            )  # fmt: skip
    with (
        acting(world, "admin"),
        context.acting(replace(context.principal(), kind="job", id=None, name="Truckroll")),
    ):
        sla.watch.breach()


def _measured(unit: Equipment, chance: Random) -> None:
    for name, per, low, high in READ.get(unit.kind, ()):
        tenths = chance.randint(low, high)
        at = clock.now() - timedelta(days=chance.randint(20, 300), minutes=chance.randint(0, 400))
        equipment.measure(unit.id, name, f"{tenths // 10}.{tenths % 10}", unit=per, taken_at=at)
