"""Commands on vehicles: their details, who drives them, odometers and places."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from webapp.fleet.permissions import VEHICLES_DRIVE, VEHICLES_EDIT
from webapp.fleet.queries import maintenance as plans
from webapp.fleet.queries import vehicles as queries
from webapp.fleet.rules import vehicles as rules
from webapp.kit import clock, db, errors, events, geo, journal, locks, permissions, search, words
from webapp.models import Technician, Vehicle, VehicleDriver
from webapp.technicians import rules as technician_rules

_EXAMPLE = {"id": 12, "name": "Truck 12", "plate": "ABC 123", "vin": "1FTBR1C89MKA00000", "make": "Ford", "model": "Transit",
            "year": 2021, "status": "active", "odometer_miles": 45210, "technician_id": 4}  # fmt: skip
CREATED = events.declare("vehicle.created", "A vehicle was added", _EXAMPLE)
UPDATED = events.declare("vehicle.updated", "A vehicle's details were changed", _EXAMPLE)
RETIRED = events.declare("vehicle.retired", "A vehicle was retired", {**_EXAMPLE, "status": "retired"})
RESTORED = events.declare("vehicle.restored", "A retired vehicle is in use again", _EXAMPLE)
DRIVER_CHANGED = events.declare("vehicle.driver-changed", "Somebody else drives a vehicle, or nobody",
                                {**_EXAMPLE, "previous_technician_id": None})  # fmt: skip
ODOMETER_READ = events.declare("vehicle.odometer-read", "A vehicle's odometer was read",
                               {**_EXAMPLE, "previous_miles": 44870})  # fmt: skip
_DRIVERS = "vehicle-drivers"
AHEAD = timedelta(minutes=5)  # how far a device's clock may be ahead
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # no device that tells of vehicles is older


def create(values: Mapping[str, Any]) -> Vehicle:
    """Add a vehicle from the fields of :data:`rules.FIELDS` and `odometer_miles`; `name` is needed.

    Raises Invalid for values that cannot be, Conflict for a name that is taken.
    """
    permissions.demand(VEHICLES_EDIT)
    found = rules.cleaned({"name": "", **values})
    miles = _miles(values.get("odometer_miles"))
    _check_name(found["name"], None)
    vehicle = Vehicle(**found)
    if miles is not None:
        vehicle.odometer_miles, vehicle.odometer_at = miles, clock.now()
    db.add(vehicle)
    _index(vehicle)
    read: dict[str, Any] = {}
    if miles is not None:
        read = {"odometer_miles": miles, "read_at": vehicle.odometer_at}
    journal.audit("vehicle.created", vehicle, **read)
    events.emit(CREATED, vehicle.id, payload(vehicle))
    return vehicle


def update(vehicle_id: int, changes: Mapping[str, Any]) -> Vehicle:
    """Change some fields of a vehicle; what is not named stays. `status` retires it or brings it back. Raises as :func:`create`."""
    permissions.demand(VEHICLES_EDIT)
    vehicle = db.get(Vehicle, vehicle_id, lock=True)
    before = journal.snapshot(vehicle)
    found = {k: v for k, v in rules.cleaned(changes).items() if before[k] != v}
    if not found:
        return vehicle
    if "name" in found:
        _check_name(found["name"], vehicle.id)
    if found.get("status") == "retired" and vehicle.technician_id is not None:
        driver = queries.driver_names({vehicle.technician_id})[vehicle.technician_id]
        _change_driver(vehicle, None, f"unpaired {driver}")
        before = journal.snapshot(vehicle)
    for name, value in found.items():
        setattr(vehicle, name, value)
    db.db.session.flush()
    _index(vehicle)
    kind = UPDATED
    if "status" in found:
        kind = (
            RETIRED if vehicle.status == "retired" else RESTORED if before["status"] == "retired" else UPDATED
        )
    journal.audit(kind.name, vehicle, before=before)
    events.emit(kind, vehicle.id, {**payload(vehicle), "changed": sorted(found)})
    return vehicle


def retire(vehicle_id: int) -> Vehicle:
    """Take a vehicle out of use: nobody drives it any more, and its maintenance is not reminded of."""
    return update(vehicle_id, {"status": "retired"})


def restore(vehicle_id: int, technician_id: int | None = None) -> Vehicle:
    """Bring a retired vehicle back, with whoever drove it where that person drives nothing else."""
    vehicle = update(vehicle_id, {"status": "active"})
    if technician_id is not None and queries.driven_by(technician_id) is None:
        technician = db.find(Technician, technician_id)
        if technician is not None and _works_here(technician):
            pair(vehicle.id, technician_id)
    return vehicle


def payload(vehicle: Vehicle) -> dict[str, Any]:
    """What events tell of a vehicle."""
    return {name: getattr(vehicle, name) for name in _EXAMPLE}


# Who drives it --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pairing:
    """Who drives a vehicle now, and what that took away: from whom, and which other vehicle has no driver any more."""

    vehicle: Vehicle
    driver: str = ""
    instead_of: str = ""
    leaves: str = ""

    @property
    def words(self) -> str:
        """`Mike Johnson drives Truck 12 now, instead of Ana Reyes. Truck 3 has no driver any more.`"""
        name = self.vehicle.name
        if not self.driver:
            gone = f"{self.instead_of} drives {name} no longer." if self.instead_of else ""
            return gone or f"{name} has no driver."
        said = f"{self.driver} drives {name} now"
        said += f", instead of {self.instead_of}." if self.instead_of else "."
        return said + (f" {self.leaves} has no driver any more." if self.leaves else "")


def pair(vehicle_id: int, technician_id: int | None) -> Pairing:
    """Say who drives a vehicle from now on; None for nobody.

    A technician drives one vehicle: taking this one over leaves the other without a driver. Raises Conflict for a retired
    vehicle, Invalid for somebody who does not work here, NotFound for an unknown one.
    """
    permissions.demand(VEHICLES_DRIVE)
    locks.hold(_DRIVERS)
    vehicle = db.get(Vehicle, vehicle_id, lock=True)
    previous = vehicle.technician_id
    names = queries.driver_names({i for i in (previous, technician_id) if i is not None})
    if technician_id == previous:
        return Pairing(vehicle, names.get(previous or 0, ""))
    instead_of = names.get(previous or 0, "")
    if technician_id is None:
        _change_driver(vehicle, None, f"unpaired {instead_of}")
        return Pairing(vehicle, instead_of=instead_of)
    if vehicle.status == "retired":
        sentence = f"{vehicle.name} is retired. Bring it back into use before somebody drives it."
        raise errors.Conflict(sentence)
    technician = db.get(Technician, technician_id)
    if not _works_here(technician):
        raise errors.Invalid.one("technician_id", f"{technician.name} does not work here at present.")
    other = queries.driven_by(technician_id)
    if other is not None:
        other = db.get(Vehicle, other.id, lock=True)
        _change_driver(other, None, f"unpaired {technician.name}, who drives {vehicle.name} now")
    took = f"made {technician.name} its driver"
    _change_driver(vehicle, technician_id, f"{took}, instead of {instead_of}" if instead_of else took)
    return Pairing(vehicle, technician.name, instead_of, other.name if other else "")


def _change_driver(vehicle: Vehicle, technician_id: int | None, deed: str) -> None:
    before, now = journal.snapshot(vehicle), clock.now()
    ending = queries.open_pairing(vehicle.id)
    if ending is not None:
        ending.ends_at = now
    vehicle.technician_id = technician_id
    db.db.session.flush()  # one technician drives one vehicle: the old pairing goes before the new one comes
    if technician_id is not None:
        db.add(VehicleDriver(vehicle_id=vehicle.id, technician_id=technician_id, starts_at=now))
    journal.audit("vehicle.driver-changed", vehicle, before=before, deed=deed)
    previous = {"previous_technician_id": before["technician_id"]}
    events.emit(DRIVER_CHANGED, vehicle.id, payload(vehicle) | previous)


def _works_here(technician: Technician) -> bool:
    return technician_rules.state(technician.starts_on, technician.ends_on, queries.today()) == "active"


# Odometer and place -----------------------------------------------------------------------------------------------------


def read_odometer(
    vehicle_id: int, miles: int, *, reason: str = "", read_at: datetime | None = None
) -> Vehicle:
    """Record a reading, in miles; `read_at` (UTC) is now when left out.

    It never goes backwards, nor further at once than anybody drives, without a reason. Raises Invalid.
    """
    permissions.demand(VEHICLES_DRIVE)
    vehicle = db.get(Vehicle, vehicle_id, lock=True)
    now = clock.now()
    read_at = read_at or now
    found = _miles(miles)
    assert found is not None  # a whole number was given
    reason = " ".join(reason.split())[:500]
    _check_moment("read_at", read_at)
    if vehicle.odometer_at is not None and read_at < vehicle.odometer_at:
        raise errors.Invalid.one(
            "read_at", f"There is a later reading already, of {vehicle.odometer_miles:,} miles."
        )
    doubt = rules.reading_doubt(vehicle.odometer_miles, found, vehicle.odometer_at is not None)
    if doubt and not reason:
        raise errors.Invalid.one("odometer_miles", doubt)
    set_odometer(vehicle, found, min(read_at, now), reason=reason)
    return vehicle


def set_odometer(
    vehicle: Vehicle, miles: int, read_at: datetime, *, reason: str = "", quiet: bool = False
) -> None:
    """Put a checked reading on a locked vehicle. `quiet`: what it comes from is audited with it, a record of work."""
    before = journal.snapshot(vehicle)
    vehicle.odometer_miles, vehicle.odometer_at = miles, read_at
    day = queries.today()
    for plan in plans.plans_of([vehicle.id]).get(vehicle.id, ()):
        was = rules.due(plan.due_on, plan.due_miles, before["odometer_miles"], day).state
        if was != "overdue" and rules.due(plan.due_on, plan.due_miles, miles, day).state == "overdue":
            plan.reminded_on = None  # somebody is told once more: now it is overdue
    db.db.session.flush()
    if not quiet:
        facts: dict[str, Any] = {
            "odometer_miles": miles,
            "read_at": read_at,
            "words": words.plural(miles, "mile"),
        }
        if reason:
            facts["reason"] = reason
        journal.audit("vehicle.odometer-read", vehicle, before=before, **facts)
    events.emit(
        ODOMETER_READ,
        vehicle.id,
        {**payload(vehicle), "previous_miles": before["odometer_miles"], "reason": reason},
    )


def set_position(vehicle_id: int, latitude: Any, longitude: Any, seen_at: datetime | None = None) -> Vehicle:
    """Say where a vehicle is, in degrees; an older sighting than the one known changes nothing.

    Neither audited nor told as an event: a tracker sends one a minute, and only the latest is kept. Raises Invalid.
    """
    permissions.demand(VEHICLES_DRIVE)
    latitude, longitude = geo.position(latitude, longitude)
    now = clock.now()
    seen_at = seen_at or now
    _check_moment("seen_at", seen_at)
    vehicle = db.get(Vehicle, vehicle_id, lock=True)
    if vehicle.position_at is None or seen_at >= vehicle.position_at:
        vehicle.latitude, vehicle.longitude, vehicle.position_at = latitude, longitude, min(seen_at, now)
        db.db.session.flush()
    return vehicle


def _check_moment(field: str, moment: datetime) -> None:
    if moment > clock.now() + AHEAD:
        raise errors.Invalid.one(field, f"{field} must not lie in the future.")
    if moment < EARLIEST:
        raise errors.Invalid.one(field, f"{field} must not lie before the year {EARLIEST.year}.")


def _miles(number: Any) -> int | None:
    if number is None:
        return None
    try:
        return rules.miles(number)
    except ValueError as problem:
        raise errors.Invalid.one("odometer_miles", str(problem)) from None


def _check_name(name: str, vehicle_id: int | None) -> None:
    other = queries.named(name, vehicle_id)
    if other is not None:
        also = " It is retired." if other.status == "retired" else ""
        sentence = f"There is a vehicle {other.name} already.{also}"
        raise errors.Conflict(sentence, details={"fields": {"name": sentence}})


def doubts(vehicle: Vehicle) -> list[str]:
    """What may be wrong with a vehicle's details, though it was taken: for a warning beside them."""
    return doubts_of([vehicle]).get(vehicle.id, [])


def doubts_of(found: Sequence[Vehicle]) -> dict[int, list[str]]:
    """As :func:`doubts`, of several vehicles in one query."""
    twins = queries.same_vin({v.vin for v in found} - {""})
    answer = {}
    for vehicle in found:
        others = [name for number, name in twins.get(vehicle.vin, ()) if number != vehicle.id]
        said = [rules.vin_warning(vehicle.vin), *(f"{name} has the same VIN." for name in others[:1])]
        answer[vehicle.id] = [sentence for sentence in said if sentence]
    return answer


def _index(vehicle: Vehicle) -> None:
    search.index(
        "vehicle",
        vehicle.id,
        vehicle.name,
        vehicle.plate,
        vehicle.vin,
        vehicle.make,
        vehicle.model,
        vehicle.year,
    )
