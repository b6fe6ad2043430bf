"""What the audit log and the timeline say of a job's edits: every field, before and after."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from tests.factories import dispatch as make
from tests.factories.world import Company
from webapp.dispatch import service
from webapp.equipment import service as equipment
from webapp.kit.db import add, db
from webapp.kit.tables import AuditEntry, Event
from webapp.models import Customer, Property, Skill


def diff(company: Company, job_id: int) -> dict[str, Any]:
    """The diff of the job's last edit."""
    db.session.commit()
    mine = select(AuditEntry.payload).where(
        AuditEntry.tenant_id == company.tenant_id,
        AuditEntry.action == "dispatch.updated",
        AuditEntry.record_id == job_id,
    )
    found: dict[str, Any] = db.session.scalars(mine.order_by(AuditEntry.seq.desc()).limit(1)).one()["diff"]
    return found


# one other value for every field that may be edited
OTHER: dict[str, Any] = {
    "title": "Furnace out", "description": "Clicks, then nothing", "job_type": "inspection", "priority": "urgent",
    "customer_name": "Bob Ray", "customer_phone": "(813) 555-0177", "customer_email": "bob@example.com",
    "service_address": "12 Oak St", "service_unit": "4", "service_city": "Tampa", "service_state": "FL",
    "service_zip": "33605", "latitude": 27.9, "longitude": -82.4, "expected_minutes": 45,
    "window_start": make.at(13), "window_end": make.at(15), "optional": True, "price_cents": 18900, "tags": ["dog"],
    "reference": "R-1", "outcome": "Replaced the igniter",
}  # fmt: skip


def test_every_field_that_is_edited_is_written_with_its_value_before_and_after(company: Company) -> None:
    from webapp.dispatch.rules import values

    assert set(OTHER) == set(values.FIELDS)
    with company.acting("manager"):
        job = make.job(
            "No heat", window_start=make.at(9), window_end=make.at(11), price_cents=9900, tags=["gate"]
        )
        before = {name: getattr(job, name) for name in values.FIELDS}
        service.update(job.id, OTHER)
        found = diff(company, job.id)
        assert set(values.FIELDS) <= set(found)
        assert found["title"] == {"from": "No heat", "to": "Furnace out"}
        assert found["price_cents"] == {"from": 9900, "to": 18900}
        assert found["tags"] == {"from": ["gate"], "to": ["dog"]}
        assert found["customer_phone"] == {"from": before["customer_phone"], "to": "+18135550177"}
        assert found["version"] == {"from": 1, "to": 2}


def test_skills_and_equipment_are_written_too_and_saving_the_same_is_no_edit(company: Company) -> None:
    with company.acting("manager"):
        gas, water = add(Skill(name="Gas fitting")), add(Skill(name="Plumbing"))
        customer = add(Customer(name="Ann Lee"))
        home = add(Property(customer_id=customer.id, address="9 Elm St"))
        unit = equipment.create(home.id, {"kind": "Furnace", "make": "Carrier"})
        job = make.job(customer_id=customer.id, skills=[service.SkillNeed(gas.id, 2)])
        wanted: dict[str, Any] = {"skills": [service.SkillNeed(water.id, 3)], "equipment_ids": [unit.id]}
        service.update(job.id, {}, **wanted)
        found = diff(company, job.id)
        assert found["skills"] == {"from": ["Gas fitting 2"], "to": ["Plumbing 3"]}
        assert found["equipment"] == {"from": [], "to": [f"Furnace Carrier ({unit.id})"]}
        version = job.version
        service.update(job.id, {"title": job.title}, **wanted)
        assert job.version == version
        mine = select(Event.payload).where(
            Event.tenant_id == company.tenant_id, Event.name == "dispatch.updated"
        )
        (told,) = db.session.scalars(mine)
        assert told["changed"] == ["equipment", "skills"]
    office = company.sign_in("manager")
    page = office.get(f"/jobs/{job.id}").get_data(as_text=True)
    assert "Plumbing 3" in page
    assert "Furnace Carrier" in page


def test_an_edit_that_is_refused_writes_nothing(company: Company) -> None:
    with company.acting("manager"):
        job = make.job()
        number = job.id
    office = company.api("manager")
    start = make.at(9)
    window = {"window_start": start.isoformat(), "window_end": (start - timedelta(hours=1)).isoformat()}
    assert office.patch(f"/admin/dispatch/{number}", {"title": "Other", **window}).status_code == 422
    with company.acting("manager"):
        mine = select(AuditEntry).where(
            AuditEntry.tenant_id == company.tenant_id, AuditEntry.action == "dispatch.updated"
        )
        assert db.session.scalars(mine).all() == []
