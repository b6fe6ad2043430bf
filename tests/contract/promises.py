"""Promises, equipment, checklists and recurring jobs of a company under the contract's tests."""

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from tests.factories import dispatch as make
from tests.factories import sla
from webapp.dispatch.service import checklists as lists
from webapp.dispatch.service import recurring as repeating
from webapp.equipment import service as units
from webapp.kit import clock, context, ids
from webapp.kit.db import add, db, get
from webapp.models import Equipment, Holiday, RecurringJob, SlaPolicy, SlaViolation
from webapp.sla import service

if TYPE_CHECKING:
    from tests.contract.house import House

API = "/api/v1/admin"


def fill(house: "House") -> None:
    """A policy with a job that broke its promise, one that no job has, a holiday."""
    used = sla.policy("Urgent within minutes", priority="urgent", response_minutes=30, business_hours=False)
    spare = sla.policy("Nobody has it", priority="low", job_type="inspection")
    holiday = service.holidays.create(date(2027, 3, 17), "Founders’ day")
    service.holidays.create(date(2027, 3, 18), "The day after")
    house.values |= {"policy_id": spare.id, "holiday_id": holiday.id, **violation(used)}
    violation(used)
    unit = get(Equipment, house.values["equipment_id"])
    units.update(unit.id, {"serial": "4402A12345", "warranty_until": clock.now().date() + timedelta(days=20)})
    units.create(unit.property_id, {"kind": "Water heater", "serial": "W-2"})
    house.values["recurring_id"] = series()
    series()
    house.values["checklist_id"] = checklist().id
    house.values["reading_id"] = units.measure(unit.id, "Gas pressure", "3.5", unit="in. w.c.").id
    units.measure(unit.id, "Supply air", "118", unit="°F")


def series() -> int:
    """Something that comes again every week, not before some months."""
    values = {"title": f"Filter change {ids.token(6)}", "job_type": "maintenance"}
    start = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=90)
    return repeating.create(repeating.NewRecurring(values=values, rule="FREQ=WEEKLY", starts_at=start)).id


def _paused(house: "House") -> dict[str, Any]:
    with house.acting("manager"):
        number = series()
        repeating.pause(number)
        return {"recurring_id": number}


def _skip(house: "House") -> dict[str, Any]:
    with house.acting("manager"):
        return {"occurrence_at": clock.iso(get(RecurringJob, house.values["recurring_id"]).starts_at)}


def checklist() -> Any:
    """A checklist that is on no job."""
    return lists.create({"name": f"List {ids.token(8)}", "steps": [{"text": "Sweep the floor"}]})


def _unit(house: "House") -> dict[str, Any]:
    """A unit of its own, with a reading."""
    made = units.create(house.values["property_id"], {"kind": "Furnace"})
    return {"equipment_id": made.id, "reading_id": units.measure(made.id, "Gas pressure", "3.5").id}


def _retired(house: "House") -> dict[str, Any]:
    with house.acting("manager"):
        made = _unit(house)
        units.retire(made["equipment_id"])
        return made


def violation(policy: SlaPolicy | None = None) -> dict[str, Any]:
    """A broken promise."""
    policy = (
        policy
        or db.session.scalars(
            select(SlaPolicy).where(
                SlaPolicy.tenant_id == context.tenant_id(), SlaPolicy.priority == "urgent"
            )
        ).one()
    )
    job = make.job("Gas smell", priority="urgent")
    now = clock.now()
    made = add(SlaViolation(job_id=job.id, policy_id=policy.id, kind="response", due_at=now - timedelta(hours=1),
                            breached_at=now, updated_at=now))  # fmt: skip
    return {"violation_id": made.id}


def ways(house: "House", maker: Any) -> None:
    """For calls that use a record up."""
    maker("policy_id", lambda: sla.policy(f"Policy {ids.token(8)}"))
    maker(
        "holiday_id",
        lambda: add(Holiday(on_date=date(2027, 5, 1) + timedelta(days=house.number()), name="Day off")),
    )
    maker("violation_id", violation)
    maker("recurring_id", lambda: get(RecurringJob, series()))
    maker("checklist_id", checklist)
    maker("equipment_id", lambda: _unit(house))
    maker("reading_id", lambda: _unit(house))


def _excused(house: "House") -> dict[str, Any]:
    with house.acting("manager"):
        made = violation()
        service.violations.excuse(made["violation_id"], "The customer asked us to wait")
        return made


def _order(house: "House") -> dict[str, Any]:
    with house.acting("manager"):
        mine = select(SlaPolicy.id).where(SlaPolicy.tenant_id == context.tenant_id(), SlaPolicy.active)
        return {"ids": sorted(db.session.scalars(mine), reverse=True)}


def _put_on(house: "House") -> dict[str, Any]:
    with house.acting("manager"):
        return {"checklist_id": checklist().id}


BODIES: dict[tuple[str, str], Any] = {
    ("POST", f"{API}/sla/policies"): lambda house: {"name": f"Words {house.number()}", "response_minutes": 60},
    ("PATCH", f"{API}/sla/policies/<int:policy_id>"): lambda house: {"name": f"Words {house.number()}"},
    ("PUT", f"{API}/sla/policies/order"): _order,
    ("POST", f"{API}/sla/holidays"): lambda house: {
        "name": f"Words {house.number()}", "date": str(date(2028, 1, 1) + timedelta(days=house.number()))},
    ("POST", f"{API}/dispatch/recurring"): lambda house: {
        "title": f"Words {house.number()}", "rule": "FREQ=WEEKLY", "starts_at": "2027-12-01T15:00:00Z"},
    ("PATCH", f"{API}/dispatch/recurring/<int:recurring_id>"): lambda house: {"title": f"Words {house.number()}"},
    ("PATCH", f"{API}/dispatch/recurring/<int:recurring_id>/skip"): _skip,
    ("POST", f"{API}/checklists"): lambda house: {
        "name": f"Words {house.number()}", "steps": [{"text": "Sweep the floor", "required": True}]},
    ("PATCH", f"{API}/checklists/<int:checklist_id>"): lambda house: {"name": f"Words {house.number()}"},
    ("PATCH", f"{API}/dispatch/<int:job_id>/checklist"): _put_on,
    ("POST", f"{API}/equipment"): lambda house: {
        "property_id": house.values["property_id"], "kind": "Furnace", "notes": f"Words {house.number()}"},
    ("PATCH", f"{API}/equipment/<int:equipment_id>"): lambda house: {"notes": f"Words {house.number()}"},
    ("PATCH", f"{API}/equipment/<int:equipment_id>/retire"): lambda house: {"reason": "Words"},
    ("PATCH", f"{API}/equipment/<int:equipment_id>/replace"): lambda house: {"notes": f"Words {house.number()}"},
    ("POST", f"{API}/equipment/<int:equipment_id>/readings"): lambda house: {
        "name": f"Words {house.number()}", "value": "3.5"},
    ("POST", f"{API}/sla/holidays/federal"): lambda house: {"year": clock.now().year + house.number() % 2},
}  # fmt: skip

PREPARED: dict[tuple[str, str], Any] = {
    ("PATCH", "/admin/dispatch/recurring/<int:recurring_id>/resume"): _paused,
    ("PATCH", "/admin/sla/violations/<int:violation_id>/unexcuse"): _excused,
    ("PATCH", "/admin/equipment/<int:equipment_id>/restore"): _retired,
}
