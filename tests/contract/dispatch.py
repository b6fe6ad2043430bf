"""Jobs of a company under the contract's tests."""

from datetime import UTC, datetime
from typing import Any

from tests.contract.house import House
from tests.factories import dispatch as make
from webapp.dispatch import service
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import pages
from webapp.kit.db import get
from webapp.models import ChecklistTemplate, Equipment, Technician


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
