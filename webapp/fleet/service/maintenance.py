"""Commands on vehicles' maintenance: plans, and the record of what was done."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from webapp.accounts import queries as accounts
from webapp.fleet.permissions import VEHICLES_EDIT
from webapp.fleet.queries import maintenance as queries
from webapp.fleet.queries.vehicles import today
from webapp.fleet.rules import vehicles as rules
from webapp.fleet.service import vehicles
from webapp.kit import clock, db, errors, events, journal, money, permissions, search, words
from webapp.models import MaintenancePlan, MaintenanceRecord, Vehicle

_PLAN = {"id": 3, "vehicle_id": 12, "vehicle": "Truck 12", "name": "Oil change", "every_miles": 5000, "every_days": 180,
         "due_on": "2026-12-01", "due_miles": 50000, "active": True}  # fmt: skip
_RECORD = {"id": 7, "vehicle_id": 12, "vehicle": "Truck 12", "plan_id": 3, "name": "Oil change", "done_on": "2026-06-04",
           "odometer_miles": 45000, "cost_cents": 8950, "vendor": "Quick Lube"}  # fmt: skip
PLAN_ADDED = events.declare("vehicle.plan-added", "Maintenance of a vehicle was planned", _PLAN)
PLAN_CHANGED = events.declare("vehicle.plan-changed", "A maintenance plan was changed", _PLAN)
PLAN_REMOVED = events.declare("vehicle.plan-removed", "A maintenance plan ended", {**_PLAN, "active": False})
DONE = events.declare("vehicle.maintenance-done", "Work on a vehicle was recorded", _RECORD)
CHANGED = events.declare("vehicle.maintenance-changed", "A record of work on a vehicle was corrected", _RECORD)  # fmt: skip
REMOVED = events.declare("vehicle.maintenance-removed", "A record of work on a vehicle was removed", _RECORD)
DUE = events.declare(
    "vehicle.maintenance-due",
    "Maintenance of a vehicle is due soon, or overdue",
    {**_PLAN, "state": "overdue", "days": -3, "miles": 200},
)


# Plans ----------------------------------------------------------------------------------------------------------------


def create_plan(vehicle_id: int, values: Mapping[str, Any]) -> MaintenancePlan:
    """Plan maintenance: `name` and `every_miles`, `every_days` or both, whichever comes first.

    It counts from `last_done_on` and `last_done_miles`, else from today and the odometer. Raises Invalid, Conflict for a
    name that is taken or a retired vehicle, NotFound.
    """
    permissions.demand(VEHICLES_EDIT)
    vehicle = db.get(Vehicle, vehicle_id, lock=True)
    if vehicle.status == "retired":
        raise errors.Conflict(f"{vehicle.name} is retired, so nothing is planned for it.")
    found = rules.cleaned_plan({"name": "", **values})
    _check_last(found, vehicle)
    _check_name(vehicle, found["name"], None)
    plan = MaintenancePlan(vehicle_id=vehicle.id, **found)
    _count_from(plan, plan.last_done_on or today(), _or(plan.last_done_miles, vehicle.odometer_miles))
    db.add(plan)
    journal.audit("vehicle.plan-added", plan, record_type="vehicle", record_id=vehicle.id, plan=plan.name, plan_id=plan.id,
                  words=rules.every_words(plan.every_miles, plan.every_days))  # fmt: skip
    events.emit(PLAN_ADDED, vehicle.id, plan_payload(plan, vehicle))
    return plan


def plan_usual(vehicle_id: int) -> list[str]:
    """Plan what every vehicle needs (:data:`rules.COMMON_PLANS`) as far as it is not planned yet; the names of what is new."""
    made = []
    for name, miles, days in rules.COMMON_PLANS:
        if queries.plan_named(vehicle_id, name) is None:
            made.append(
                create_plan(vehicle_id, {"name": name, "every_miles": miles, "every_days": days}).name
            )
    return made


def update_plan(vehicle_id: int, plan_id: int, changes: Mapping[str, Any]) -> MaintenancePlan:
    """Change a plan; when it is due is counted afresh from when it was last done. `active` ends it or takes it back."""
    permissions.demand(VEHICLES_EDIT)
    vehicle, plan = _plan(vehicle_id, plan_id)
    before = journal.snapshot(plan)
    found = {k: v for k, v in rules.cleaned_plan(changes, before).items() if before[k] != v}
    if not found:
        return plan
    _check_last(found, vehicle)
    if "name" in found or found.get("active"):
        _check_name(vehicle, found.get("name", plan.name), plan.id)
    base_on, base_miles = _base(plan, vehicle)
    for name, value in found.items():
        setattr(plan, name, value)
    _count_from(plan, _or(plan.last_done_on, base_on), _or(plan.last_done_miles, base_miles))
    db.db.session.flush()
    kind = PLAN_REMOVED if found.get("active") is False else PLAN_CHANGED
    journal.audit(kind.name, plan, before=before, record_type="vehicle", record_id=vehicle.id, plan=plan.name,
                  plan_id=plan.id)  # fmt: skip
    events.emit(kind, vehicle.id, {**plan_payload(plan, vehicle), "changed": sorted(found)})
    return plan


def plan_payload(plan: MaintenancePlan, vehicle: Vehicle) -> dict[str, Any]:
    """What events tell of a plan."""
    return {"vehicle": vehicle.name} | {name: getattr(plan, name) for name in _PLAN if name != "vehicle"}


def _plan(vehicle_id: int, plan_id: int) -> tuple[Vehicle, MaintenancePlan]:
    """A vehicle, then its plan, both locked. Raises NotFound also for another vehicle's plan."""
    vehicle = db.get(Vehicle, vehicle_id, lock=True)
    plan = db.get(MaintenancePlan, plan_id, lock=True)
    if plan.vehicle_id != vehicle.id:
        raise errors.NotFound(f"{vehicle.name} has no maintenance plan with the number {plan_id}.")
    return vehicle, plan


def _count_from(plan: MaintenancePlan, day: date, miles: int) -> None:
    plan.due_on, plan.due_miles = rules.next_due(plan.every_miles, plan.every_days, day, miles)
    plan.reminded_on = None


def _base(plan: MaintenancePlan, vehicle: Vehicle) -> tuple[date, int]:
    """What a plan counts from where nobody said when it was last done."""
    day, miles = today(), vehicle.odometer_miles
    if plan.due_on is not None and plan.every_days is not None:
        day = plan.due_on - timedelta(days=plan.every_days)
    if plan.due_miles is not None and plan.every_miles is not None:
        miles = max(0, plan.due_miles - plan.every_miles)
    return day, miles


def _or(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _check_last(found: Mapping[str, Any], vehicle: Vehicle) -> None:
    if found.get("last_done_on") is not None and found["last_done_on"] > today():
        raise errors.Invalid.one("last_done_on", "It cannot have been done on a day to come.")
    miles = found.get("last_done_miles")
    if miles is not None and vehicle.odometer_at is not None and miles > vehicle.odometer_miles:
        raise errors.Invalid.one(
            "last_done_miles",
            f"The odometer of {vehicle.name} stands at {vehicle.odometer_miles:,} miles only.",
        )


def _check_name(vehicle: Vehicle, name: str, plan_id: int | None) -> None:
    if queries.plan_named(vehicle.id, name, plan_id) is not None:
        sentence = f"{vehicle.name} has a plan {name} already."
        raise errors.Conflict(sentence, details={"fields": {"name": sentence}})


# What was done ----------------------------------------------------------------------------------------------------------


def record(vehicle_id: int, values: Mapping[str, Any], plan_id: int | None = None) -> MaintenanceRecord:
    """Record work: `name` (the plan's when left out), `done_on` (today), `odometer_miles`, `cost_cents`, `vendor`, `notes`.

    With a plan, that is counted afresh from this work, unless later work is known. Miles beyond the odometer become its
    reading. Raises Invalid for a day to come or miles that do not fit, NotFound.
    """
    permissions.demand(VEHICLES_EDIT)
    if plan_id is not None:
        vehicle, plan = _plan(vehicle_id, plan_id)
    else:
        vehicle, plan = db.get(Vehicle, vehicle_id, lock=True), None
    said = {k: v for k, v in values.items() if v is not None}
    usual = {"name": plan.name if plan else "", "done_on": today()}
    found = rules.cleaned_record({**usual, **said})
    _check_work(found, vehicle)
    made = db.add(MaintenanceRecord(vehicle_id=vehicle.id, plan_id=plan_id, **found))
    _index(made)
    read = _read_along(made, vehicle)
    if plan is not None and (plan.last_done_on is None or made.done_on >= plan.last_done_on):
        _done(plan, made, vehicle)
    journal.audit(DONE.name, made, record_type="vehicle", record_id=vehicle.id, work=made.name, work_id=made.id,
                  words=_work_words(made), **read)  # fmt: skip
    events.emit(DONE, vehicle.id, record_payload(made, vehicle))
    return made


def update_record(vehicle_id: int, record_id: int, changes: Mapping[str, Any]) -> MaintenanceRecord:
    """Correct a record of work; its plan follows. Raises as :func:`record`."""
    permissions.demand(VEHICLES_EDIT)
    vehicle, made = _record(vehicle_id, record_id)
    before = journal.snapshot(made)
    found = {k: v for k, v in rules.cleaned_record(changes).items() if before[k] != v}
    if not found:
        return made
    _check_work({"done_on": made.done_on, "odometer_miles": None, **found}, vehicle)
    for name, value in found.items():
        setattr(made, name, value)
    db.db.session.flush()
    _index(made)
    read = _read_along(made, vehicle) if "odometer_miles" in found else {}
    if {"done_on", "odometer_miles"} & set(found):
        _follow(made, vehicle)
    journal.audit(CHANGED.name, made, before=before, record_type="vehicle", record_id=vehicle.id, work=made.name,
                  work_id=made.id, **read)  # fmt: skip
    events.emit(CHANGED, vehicle.id, {**record_payload(made, vehicle), "changed": sorted(found)})
    return made


def remove_record(vehicle_id: int, record_id: int) -> dict[str, Any]:
    """Remove a record of work that was made by mistake; what it said, for an undo by :func:`record`.

    Its plan goes back to the work before; where there is none, it is due now, since nobody knows when it was last done.
    """
    permissions.demand(VEHICLES_EDIT)
    vehicle, made = _record(vehicle_id, record_id)
    was = {name: getattr(made, name) for name in rules.RECORD_FIELDS}
    told = record_payload(made, vehicle)
    plan_id = made.plan_id
    search.remove("vehicle_work", made.id)
    db.db.session.delete(made)
    db.db.session.flush()
    _follow(made, vehicle, gone=True)
    gone = journal.plain(was)
    journal.audit(REMOVED.name, record_type="vehicle", record_id=vehicle.id, work=was["name"], work_id=record_id,
                  diff={k: {"from": v, "to": None} for k, v in gone.items()})  # fmt: skip
    events.emit(REMOVED, vehicle.id, told)
    return {**gone, "plan_id": plan_id}


def record_payload(made: MaintenanceRecord, vehicle: Vehicle) -> dict[str, Any]:
    """What events tell of work done."""
    return {"vehicle": vehicle.name} | {name: getattr(made, name) for name in _RECORD if name != "vehicle"}


def _record(vehicle_id: int, record_id: int) -> tuple[Vehicle, MaintenanceRecord]:
    vehicle = db.get(Vehicle, vehicle_id, lock=True)
    made = db.get(MaintenanceRecord, record_id, lock=True)
    if made.vehicle_id != vehicle.id:
        raise errors.NotFound(f"{vehicle.name} has no maintenance record with the number {record_id}.")
    return vehicle, made


def _check_work(found: Mapping[str, Any], vehicle: Vehicle) -> None:
    if found["done_on"] > today():
        raise errors.Invalid.one("done_on", "Work cannot have been done on a day to come.")
    miles, read_at = found.get("odometer_miles"), vehicle.odometer_at
    if miles is None or read_at is None:
        return
    if miles > vehicle.odometer_miles + rules.MOST_JUMP:
        doubt = rules.reading_doubt(vehicle.odometer_miles, miles).split(" If it is right")[0]
        raise errors.Invalid.one(
            "odometer_miles", f"{doubt} If it is right, read the odometer first, with a reason."
        )
    if miles < vehicle.odometer_miles and found["done_on"] > _local(read_at):
        raise errors.Invalid.one(
            "odometer_miles",
            f"The odometer stood at {vehicle.odometer_miles:,} miles before that day already. Correct the miles or the day.",
        )


def _local(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(accounts.organization().time_zone)).date()


def _read_along(made: MaintenanceRecord, vehicle: Vehicle) -> dict[str, Any]:
    """Take over miles that are beyond the vehicle's odometer; what the audit says of the reading."""
    miles = made.odometer_miles
    if miles is None or (vehicle.odometer_at is not None and miles <= vehicle.odometer_miles):
        return {}
    read_at = clock.now()
    vehicles.set_odometer(vehicle, miles, read_at, quiet=True)
    return {"odometer_miles": miles, "read_at": read_at}


def _done(plan: MaintenancePlan, made: MaintenanceRecord, vehicle: Vehicle) -> None:
    plan.last_done_on, plan.last_done_miles = made.done_on, _or(made.odometer_miles, vehicle.odometer_miles)
    _count_from(plan, made.done_on, plan.last_done_miles)
    db.db.session.flush()


def _follow(made: MaintenanceRecord, vehicle: Vehicle, *, gone: bool = False) -> None:
    """Count a record's plan afresh after the record changed or went."""
    if made.plan_id is None:
        return
    plan = db.get(MaintenancePlan, made.plan_id, lock=True)
    latest = queries.latest_of_plan(plan.id)
    if latest is not None:
        _done(plan, latest, vehicle)
    elif gone:
        plan.last_done_on = plan.last_done_miles = None
        plan.due_on = today() if plan.every_days else None
        plan.due_miles = vehicle.odometer_miles if plan.every_miles else None
        plan.reminded_on = None
        db.db.session.flush()


def _index(made: MaintenanceRecord) -> None:
    search.index("vehicle_work", made.id, made.name, made.vendor, made.notes)


def _work_words(made: MaintenanceRecord) -> str:
    said = [f"on {made.done_on:%b} {made.done_on.day}, {made.done_on.year}"]
    if made.odometer_miles is not None:
        said.append(f"at {words.plural(made.odometer_miles, 'mile')}")
    if made.cost_cents is not None:
        said.append(f"for {money.dollars(made.cost_cents)}")
    if made.vendor:
        said.append(f"by {made.vendor}")
    return " ".join(said)


def day_of(text: str) -> date:
    """A day as :func:`remove_record` gave it."""
    return date.fromisoformat(text)
