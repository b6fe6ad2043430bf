"""Jobs of a company under the contract's tests."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.contract.house import House
from tests.factories import dispatch as make
from webapp.dispatch import service
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import pages
from webapp.kit.db import get
from webapp.models import ChecklistTemplate, DispatchProfile, Equipment, OnCallTurn, Shift, Technician


def fill(house: House) -> None:
    """A job in the field, one in the tray, a skill, a zone and a unit."""
    mike = get(Technician, house.values["technician_id"])
    skill, zone = make.skill("Gas fitting", mike), make.zone("North", mike)
    unit = make.add(Equipment(property_id=house.values["property_id"], customer_id=house.values["customer_id"],
                              kind="Furnace"))  # fmt: skip
    make.add(ChecklistTemplate(name="Repair", job_type="repair", steps=[{"text": "Sweep the floor"}]))
    house.values |= {"skill_id": skill.id, "zone_id": zone.id, "equipment_id": unit.id, **job(house)}
    job(house)
    make.job("Waits in the tray")
    for _ in range(2):
        house.values |= {**block(house), **shift(house), **turn(house)}
    for name in ("technician_id", "supervisor_id"):
        make.add(DispatchProfile(technician_id=house.values[name]))


def job(house: House) -> dict[str, Any]:
    """A dispatched job of the technician's."""
    mike = get(Technician, house.values["technician_id"])
    start = datetime(2026, 11, 18, 18, tzinfo=UTC)
    made = make.job("AC not cooling", start=start, crew=(mike,), customer_id=house.values["customer_id"],
                    override_reason="as many as the tests need")  # fmt: skip
    step = pages.steps(made.id)[0]
    return {"job_id": made.id, "visit_id": reading.visits(made.id)[0].id, "step_id": step.id}


def held(house: House) -> dict[str, Any]:
    """One on hold."""
    made = job(house)
    service.hold(made["job_id"], "Part ordered")
    return made


DAY = datetime(2026, 12, 1, 15, tzinfo=UTC)


def block(house: House) -> dict[str, Any]:
    """Time off that waits for a decision, each on a day of its own."""
    start = DAY + timedelta(days=house.number())
    made = make.block(get(Technician, house.values["technician_id"]), start, start + timedelta(hours=1), "time_off",
                      status="requested")  # fmt: skip
    return {"block_id": made.id}


def shift(house: House) -> dict[str, Any]:
    """A single day's hours."""
    made = make.add(Shift(technician_id=house.values["technician_id"], starts_minute=480, ends_minute=1020,
                          on_date=(DAY + timedelta(days=house.number())).date()))  # fmt: skip
    return {"shift_id": made.id}


def turn(house: House) -> dict[str, Any]:
    """A turn of being on call."""
    start = DAY + timedelta(days=7 * house.number())
    made = make.add(OnCallTurn(technician_id=house.values["technician_id"], starts_at=start,
                               ends_at=start + timedelta(days=6)))  # fmt: skip
    return {"turn_id": made.id}


def _span(house: House, days: int) -> dict[str, Any]:
    start = datetime(2031, 1, 1, 15, tzinfo=UTC) + timedelta(days=30 * house.number())
    return {"starts_at": start.isoformat(), "ends_at": (start + timedelta(days=days)).isoformat()}


HOME = "/api/v1/admin/dispatch"
BODIES: dict[tuple[str, str], Callable[[House], dict[str, Any]]] = {
    ("POST", f"{HOME}/blocks"): lambda h: {"technician_id": h.values["technician_id"], "kind": "meeting", **_span(h, 1)},
    ("PATCH", f"{HOME}/blocks/<int:block_id>"): lambda h: {"title": f"Dentist {h.number()}"},
    ("PATCH", f"{HOME}/blocks/<int:block_id>/decision"): lambda h: {"status": "approved"},
    ("POST", "/api/v1/tech/dispatch/time-off"): lambda h: _span(h, 1),
    ("POST", f"{HOME}/shifts"): lambda h: {
        "technician_id": h.values["technician_id"], "starts_minute": 480, "ends_minute": 1020,
        "on_date": str((datetime(2032, 1, 1, tzinfo=UTC) + timedelta(days=h.number())).date()),
    },
    ("PATCH", f"{HOME}/shifts/<int:shift_id>"): lambda h: {"starts_minute": 420},
    ("POST", f"{HOME}/on-call"): lambda h: {"technician_id": h.values["technician_id"], **_span(h, 7)},
    ("PATCH", f"{HOME}/on-call/<int:turn_id>"): lambda h: {"note": f"Week {h.number()}"},
    ("POST", f"{HOME}/on-call/rotation"): lambda h: {
        "technician_ids": [h.values["supervisor_id"]], "first_day": _span(h, 1)["starts_at"][:10], "days": 1, "turns": 2,
    },
    ("PATCH", f"{HOME}/profiles/<int:technician_id>"): lambda h: {"lunch_minutes": 45},
}  # fmt: skip
