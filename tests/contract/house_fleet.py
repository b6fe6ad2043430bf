"""What the fleet puts into the house of the contract tests: an id for each path variable, bodies, ways to make more."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.factories import fleet
from webapp.fleet.service import vehicles
from webapp.kit import ids
from webapp.kit.db import get
from webapp.models import Technician, Vehicle
from webapp.technicians.queries import today

if TYPE_CHECKING:
    from tests.contract.house import House


def records(house: "House") -> None:
    """Two of everything that is listed."""
    mike, boss = (get(Technician, house.values[n]) for n in ("technician_id", "supervisor_id"))
    zone = fleet.zone("South Tampa", zips=["33601-33604"], technician_ids=[mike.id])
    fleet.zone("Around Tampa", polygon=fleet.SQUARE)
    soon = today() + timedelta(days=20)
    skilled, other = fleet.skill("EPA 608", certified=True), fleet.skill("Plumbing")
    held = fleet.held(mike, skilled, 4, expires_on=soon, certificate="608-1")
    fleet.held(boss, skilled, 5, expires_on=soon)
    truck = fleet.vehicle("Truck 1", vin="1M8GDM9AXKP042788")
    fleet.vehicle("Van 2")
    plan = fleet.plan(truck, "Oil change", every_miles=5_000, last_done_miles=34_000)
    fleet.plan(truck, "Inspection", every_days=10)
    work = fleet.work(truck, odometer_miles=40_000, cost_cents=8_950)
    fleet.work(truck, "Wiper blades")
    vehicles.pair(truck.id, boss.id)
    vehicles.pair(truck.id, mike.id)
    vehicles.read_odometer(truck.id, 40_100)
    house.values.setdefault("zone_id", zone.id)
    house.values.setdefault("skill_id", other.id)
    house.values |= {
        "technician_skill_id": held.id, "vehicle_id": truck.id, "plan_id": plan.id,
        "record_id": work.id,
    }  # fmt: skip
    house.secrets["skills"] = [fleet.skill(f"Skill {n}").id for n in range(60)]  # for bodies, each good once


def ways(house: "House", maker: Any) -> None:
    """For calls that use a record up."""

    def plan() -> dict[str, Any]:
        truck = get(Vehicle, house.values["vehicle_id"])
        return {"vehicle_id": truck.id, "plan_id": fleet.plan(truck, f"Plan {ids.token(8)}").id}

    def work() -> dict[str, Any]:
        truck = get(Vehicle, house.values["vehicle_id"])
        return {"vehicle_id": truck.id, "record_id": fleet.work(truck).id}

    maker("zone_id", lambda: fleet.zone(f"Zone {ids.token(8)}"))
    maker("skill_id", lambda: fleet.skill(f"Skill {ids.token(8)}"))
    maker("technician_skill_id", lambda: fleet.held(None, fleet.skill(f"Skill {ids.token(8)}")))
    maker("vehicle_id", lambda: fleet.vehicle(f"Truck {ids.token(8)}"))
    maker("plan_id", plan)
    maker("record_id", work)


def _held(house: "House") -> dict[str, Any]:
    return {"technician_id": house.values["technician_id"], "skill_id": house.secrets["skills"].pop(), "level": 3,
            "certificate": f"Words {house.number()}"}  # fmt: skip


BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/api/v1/admin/service-zones"): lambda house: {
        "name": f"Words {house.number()}", "zips": ["33606", "33609"]},
    ("PATCH", "/api/v1/admin/service-zones/<int:zone_id>"): lambda house: {"notes": "Gate code 4417"},
    ("POST", "/api/v1/admin/technician-skills"): _held,
    ("POST", "/api/v1/admin/vehicles/<int:vehicle_id>/maintenance-plans"): lambda house: {
        "name": f"Words {house.number()}", "every_miles": 5_000},
    ("POST", "/api/v1/admin/vehicles/<int:vehicle_id>/odometer"): lambda house: {
        "odometer_miles": 40_200 + house.number(), "reason": "Words"},
    ("POST", "/api/v1/admin/vehicles/<int:vehicle_id>/maintenance-plans/<int:plan_id>/done"): lambda house: {
        "cost_cents": 8_950},
    ("PUT", "/api/v1/admin/vehicles/<int:vehicle_id>/driver"): lambda house: {
        "technician_id": house.values["technician_id"]},
    ("PUT", "/api/v1/admin/vehicles/<int:vehicle_id>/position"): lambda house: {"latitude": 27.95, "longitude": -82.46},
}  # fmt: skip
