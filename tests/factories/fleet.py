"""Zones, skills and vehicles to test with, made by the services that people use.

Call them inside `with company.acting("admin"):`.
"""

import itertools
from datetime import date
from typing import Any

from tests.factories import people
from webapp.fleet.service import maintenance
from webapp.fleet.service import skills as skill_service
from webapp.fleet.service import vehicles as vehicle_service
from webapp.fleet.service import zones as zone_service
from webapp.models import (
    MaintenancePlan,
    MaintenanceRecord,
    ServiceZone,
    Skill,
    Technician,
    TechnicianSkill,
    Vehicle,
)

_numbers = itertools.count(1)
SQUARE = [[-82.6, 27.8], [-82.3, 27.8], [-82.3, 28.1], [-82.6, 28.1]]  # around Tampa


def zone(name: str = "", **values: Any) -> ServiceZone:
    """A zone of the ZIP code 33606, unless `zips` or a `polygon` are given."""
    if "polygon" not in values:
        values.setdefault("zips", ["33606"])
    return zone_service.create({"name": name or f"Zone {next(_numbers)}", **values})


def skill(name: str = "", **values: Any) -> Skill:
    """A skill of the catalogue."""
    return skill_service.create_skill({"name": name or f"Skill {next(_numbers)}", **values})


def held(
    technician: Technician | None = None, skilled: Skill | None = None, level: int = 3, **values: Any
) -> TechnicianSkill:
    """A skill that a technician has."""
    who, what = technician or people.technician(), skilled or skill()
    return skill_service.create(who.id, what.id, {"level": level, **values})


def vehicle(name: str = "", **values: Any) -> Vehicle:
    """A vehicle that has gone 40,000 miles."""
    return vehicle_service.create(
        {"name": name or f"Truck {next(_numbers)}", "odometer_miles": 40_000, **values}
    )


def plan(of: Vehicle, name: str = "", **values: Any) -> MaintenancePlan:
    """An oil change every 5,000 miles, unless an interval is given."""
    if not {"every_miles", "every_days"} & set(values):
        values["every_miles"] = 5_000
    return maintenance.create_plan(of.id, {"name": name or f"Plan {next(_numbers)}", **values})


def work(of: Vehicle, name: str = "Oil change", day: date | None = None, **values: Any) -> MaintenanceRecord:
    """Work done on a vehicle, today unless a day is given."""
    plan_id = values.pop("plan_id", None)
    return maintenance.record(of.id, {"name": name, "done_on": day, **values}, plan_id)
