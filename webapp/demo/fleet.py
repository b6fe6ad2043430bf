"""Zones, skills and vehicles of the demo companies: set up on the first day, driven and repaired through the others."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

from webapp.accounts.service import notices
from webapp.demo.world import World
from webapp.fleet import rules
from webapp.fleet.queries import maintenance as plans
from webapp.fleet.service import maintenance, reminders, skills, vehicles, zones
from webapp.kit import context
from webapp.kit.db import get
from webapp.models import Vehicle

# name, ZIP codes, colour, and who serves it (positions of technicians)
LISTED = (
    ("South Tampa", "33606 33609 33611 33616 33621 33629", "#2563eb", (0, 1, 4)),
    ("Downtown and Ybor", "33601-33605 33607 33610", "#d97706", (0, 2, 5)),
    (
        "North Tampa and Lutz",
        "33612-33614 33617 33618 33624 33625 33647 33548 33549 33558 33559",
        "#0d9488",
        (3, 6),
    ),
    ("Brandon and Riverview", "33510 33511 33527 33569 33578 33579 33584 33594 33596", "#9333ea", (2, 6, 7)),
)
CLEARWATER = [
    [-82.835, 27.93],
    [-82.80, 28.06],
    [-82.70, 28.06],
    [-82.685, 27.97],
    [-82.72, 27.91],
    [-82.79, 27.90],
]
ON_CALL = [[-82.90, 27.62], [-82.90, 28.25], [-82.10, 28.25], [-82.10, 27.62]]

# name, what it is for, certified
SKILLS = (
    ("EPA 608", "Handling refrigerants; the law asks for it", True),
    ("Gas fitting", "Gas lines and furnaces", True),
    ("Journeyman electrician", "Panels, circuits and anything behind the meter", True),
    ("Backflow testing", "Testing and certifying backflow preventers", True),
    ("OSHA 10", "Safety on construction sites", True),
    ("HVAC diagnostics", "Finding out why it does not cool or heat", False),
    ("Heat pumps", "Installing and repairing heat pumps", False),
    ("Plumbing", "Pipes, drains, fixtures", False),
    ("Water heaters", "Tank and tankless", False),
    ("Duct cleaning", "Cleaning and sealing ducts", False),
)
# levels of each technician in the order of SKILLS; 0: does not have it
LEVELS = (
    (5, 4, 0, 3, 5, 5, 5, 3, 4, 2),
    (5, 3, 0, 0, 4, 5, 4, 0, 3, 3),
    (4, 0, 0, 0, 3, 3, 3, 0, 2, 5),
    (3, 0, 5, 0, 5, 2, 2, 0, 3, 0),
    (4, 5, 0, 0, 3, 4, 4, 2, 5, 0),
    (2, 0, 0, 4, 3, 2, 0, 4, 3, 2),
    (0, 0, 3, 0, 2, 0, 0, 5, 4, 3),
    (4, 4, 2, 5, 5, 4, 3, 4, 4, 0),
)
# days from the last day of the story to a certificate's last day, by (technician, skill); others run long
SOON = {(2, 0): 5, (5, 3): 24, (1, 4): 52, (6, 4): -6, (4, 1): 31}

# name, plate, make, model, year, miles on the first day, miles a working day
VANS = (
    ("Van 1", "GBH 101", "Ford", "Transit 250", 2022, 41_300, 44),
    ("Van 2", "GBH 102", "Ford", "Transit 250", 2021, 58_900, 52),
    ("Van 3", "GBH 103", "Ram", "ProMaster 2500", 2020, 73_450, 61),
    ("Van 4", "GBH 104", "Chevrolet", "Express 2500", 2019, 88_210, 47),
    ("Truck 5", "GBH 105", "Ford", "F-250", 2023, 22_700, 58),
    ("Van 6", "GBH 106", "Mercedes-Benz", "Sprinter 2500", 2021, 49_120, 39),
    ("Van 7", "GBH 107", "Ram", "ProMaster 1500", 2018, 97_640, 55),
    ("Van 8", "GBH 108", "Nissan", "NV2500", 2020, 64_030, 36),
)
FORGOTTEN = 6  # its oil change is overdue at the end
SHOPS = ("Quick Lube on Dale Mabry", "Bay Fleet Service", "Gulf Coast Tire", "Tampa Truck Center")
COSTS = {"Oil change": (7_900, 11_900), "Tire rotation": (3_900, 6_900), "Brakes": (38_000, 62_000),
         "State inspection": (2_500, 4_500), "Registration": (14_500, 22_500)}  # fmt: skip
PLACES = ((27.9366, -82.4758), (27.9209, -82.5062), (27.9506, -82.4572), (28.1503, -82.4612), (27.9106, -82.4896),
          (27.9378, -82.2859), (28.0657, -82.4260), (27.9659, -82.8001))  # fmt: skip


def settle(world: World, first: date, last: date) -> None:
    """The first day: areas, the catalogue of skills with who has them, and the vehicles with their drivers."""
    chance = Random(f"{world.plot.code} fleet")  # noqa: S311  # a story, the same every time
    _zones(world)
    _skills(world, last, chance)
    _vehicles(world, first, chance)


def _zones(world: World) -> None:
    for name, zips, color, who in LISTED:
        serving = [world.technicians[n] for n in who if n < len(world.technicians)]
        zones.create({"name": name, "zips": zips, "color": color, "technician_ids": serving})
    serving = [world.technicians[n] for n in (1, 7) if n < len(world.technicians)]
    zones.create({"name": "Clearwater", "polygon": CLEARWATER, "color": "#dc2626", "technician_ids": serving})
    zones.create({"name": "Bay area, on call", "polygon": ON_CALL, "color": "#65a30d", "notes": "Nights and weekends",
                  "technician_ids": world.technicians[:2]})  # fmt: skip


def _skills(world: World, last: date, chance: Random) -> None:
    made = [
        skills.create_skill({"name": name, "description": what, "certified": certified}).id
        for name, what, certified in SKILLS
    ]
    world.skills = {name: number for (name, _, _), number in zip(SKILLS, made, strict=True)}
    for who, (technician_id, levels) in enumerate(zip(world.technicians, LEVELS, strict=False)):
        for what, level in enumerate(levels):
            if not level:
                continue
            values: dict[str, object] = {"level": level}
            if SKILLS[what][2]:
                days = SOON.get((who, what)) or chance.randint(120, 900)
                values |= {
                    "expires_on": last + timedelta(days=days),
                    "certificate": f"{SKILLS[what][0].split()[0][:4].upper()}-{chance.randint(10_000, 99_999)}",
                }
            skills.create(technician_id, made[what], values)


def _vehicles(world: World, first: date, chance: Random) -> None:
    for number, (name, plate, make, model, year, miles, a_day) in enumerate(VANS):
        vehicle = vehicles.create(
            {"name": name, "plate": plate, "make": make, "model": model, "year": year, "vin": _vin(chance, year),
             "odometer_miles": miles}
        )  # fmt: skip
        world.vehicles.append(vehicle.id)
        for what, every_miles, every_days in rules.vehicles.COMMON_PLANS:
            forgotten = number == FORGOTTEN and what == "Oil change"
            ago = 70 if forgotten else chance.randint(10, 80)
            plan = maintenance.create_plan(
                vehicle.id, {"name": what, "every_miles": every_miles, "every_days": every_days}
            )
            then = miles - ago * a_day * 5 // 7  # five working days of seven
            done = {"done_on": first - timedelta(days=ago), "odometer_miles": then}
            maintenance.record(vehicle.id, {**done, **_bill(what, chance)}, plan.id)
        if number < len(world.technicians):
            vehicles.pair(vehicle.id, world.technicians[number])


def _vin(chance: Random, year: int) -> str:
    """A VIN of nobody's, with the right check digit."""
    body = "".join(chance.choice("ABCDEFGHJKLMNPRSTUVWXYZ0123456789") for _ in range(17))
    body = f"1ZZ{body[3:8]}0{'ABCDEFGHJKLMNPRSTVWXYZ'[(year - 2010) % 22]}{body[10:11]}{chance.randint(100_000, 999_999)}"
    for digit in "0123456789X":
        found = f"{body[:8]}{digit}{body[9:]}"
        if not rules.vehicles.vin_warning(found):
            return found
    return body


def day(world: World, today: date, last: date) -> None:
    """One day: on Mondays odometers are read, and what is due is done within the week, but for one that is forgotten."""
    chance = Random(f"{world.plot.code} fleet {today}")  # noqa: S311
    if today.weekday() == 0 or today == last:
        _drive(world, today, chance)
    if today.weekday() == 2:
        _repair(world, today, chance)
    if today != last:
        notices.read_all()  # the manager has seen what earlier days told
    with context.acting(replace(context.SYSTEM, tenant_id=world.tenant_id)):
        reminders.certificates()
        reminders.maintenance_due()


def _drive(world: World, today: date, chance: Random) -> None:
    for number, vehicle_id in enumerate(world.vehicles):
        vehicle = get(Vehicle, vehicle_id)
        assert vehicle.odometer_at is not None  # it was read on the first day
        days = (today - vehicle.odometer_at.date()).days
        if days > 0:
            gone = days * VANS[number][6] * chance.randint(85, 115) // 140  # as above, more or less
            vehicles.read_odometer(vehicle_id, vehicle.odometer_miles + max(1, gone))
        latitude, longitude = PLACES[number]
        vehicles.set_position(
            vehicle_id,
            latitude + chance.randint(-90, 90) / 10_000,
            longitude + chance.randint(-90, 90) / 10_000,
        )


def _repair(world: World, today: date, chance: Random) -> None:
    for vehicle_id, planned in plans.plans_of(world.vehicles).items():
        vehicle = get(Vehicle, vehicle_id)
        for plan in planned:
            forgotten = vehicle_id == world.vehicles[FORGOTTEN] and plan.name == "Oil change"
            due = rules.vehicles.due(plan.due_on, plan.due_miles, vehicle.odometer_miles, today)
            if due.state == "ok" or forgotten or chance.random() < 0.3:
                continue
            maintenance.record(
                vehicle_id, {"odometer_miles": vehicle.odometer_miles, **_bill(plan.name, chance)}, plan.id
            )


def _bill(what: str, chance: Random) -> dict[str, object]:
    office = what in ("State inspection", "Registration")
    cost = chance.randint(*COSTS.get(what, (5_000, 20_000))) // 5 * 5
    return {"cost_cents": cost, "vendor": "Hillsborough County" if office else chance.choice(SHOPS)}
