"""A technician with a day of jobs, as a phone meets it."""

import io
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from PIL import Image

from tests.factories import dispatch as make
from tests.factories import people
from tests.factories.world import Company
from webapp.kit import clock, ids
from webapp.kit.db import add, get
from webapp.models import ChecklistTemplate, Customer, Equipment, EquipmentReading, Property, Technician


@dataclass(frozen=True, slots=True)
class Day:
    """Ids of what is there."""

    technician: int
    customer: int
    item: int
    unit: int
    first: int  # jobs
    second: int


def picture(kind: str = "JPEG", size: tuple[int, int] = (40, 30), color: str = "#c33") -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", size, color).save(out, kind)
    return out.getvalue()


def furnish(company: Company, *, starts: datetime | None = None) -> Day:
    """Tina with two jobs today at one customer's, who has a furnace, notes and an earlier visit; a price book; a checklist."""
    with company.acting("admin"):
        now = starts or clock.now()
        tina = make.technician("Tina Torres", phone="+18135550142")
        make.signed_in_as(company.users["technician"], tina)
        item = people.item(name="Capacitor 45/5", list_price_cents=18_900, code="CAP-45")
        people.item(name="AC tune-up", list_price_cents=12_900)
        place = {"address": "123 Oak St", "city": "Tampa", "state": "FL", "zip": "33601"}
        buyer = people.customer(name="John Smith", phone="(813) 555-0101", **place)
        get(Customer, buyer.id).notes = "Dog in the yard. Pays by check."
        lot = next(p for p in _properties(buyer.id))
        lot.access_notes = "Gate code 4711"
        unit = add(Equipment(property_id=lot.id, customer_id=buyer.id, kind="Condenser", make="Trane", model="XR14",
                             serial="T-9981"))  # fmt: skip
        add(EquipmentReading(equipment_id=unit.id, name="Suction pressure", value="118", unit="psi",
                             taken_at=now - timedelta(days=200), taken_by="Mike"))  # fmt: skip
        steps = [{"text": "Power off at the disconnect", "required": True}, {"text": "Sweep the floor"}]
        add(ChecklistTemplate(name="Repair", job_type="repair", steps=steps))
        first = make.job("AC not cooling", start=now, crew=(tina,), customer_id=buyer.id, equipment_ids=[unit.id],
                         description="Blows warm air since Sunday", override_reason="for the test")  # fmt: skip
        second = make.job("Water heater leaks", start=now + timedelta(hours=2), crew=(tina,), customer_name="Ann Lee",
                          service_address="9 Elm St", service_city="Tampa", service_zip="33602",
                          override_reason="for the test")  # fmt: skip
        return Day(tina.id, buyer.id, item.id, unit.id, first.id, second.id)


def _properties(customer_id: int) -> list[Property]:
    from webapp.customers import queries

    return list(queries.properties(customer_id))


def technician(day: Day) -> Technician:
    return get(Technician, day.technician)


class Phone:
    """A technician's phone as the server meets it: signed in by cookie, sending its queue."""

    def __init__(self, company: Company, role: str = "technician") -> None:
        self.client: FlaskClient = company.sign_in(role)
        self.client.check_pages = False  # type: ignore[attr-defined]  # it asks for data, not for pages
        self.session = self.get("/phone/session")

    def get(self, path: str) -> Any:
        answer = self.client.get(path, headers={"HX-Request": "true"})
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.get_json()

    def day(self) -> Any:
        return self.get("/my/phone/day")

    def job(self, number: int) -> Any:
        return next(j for j in self.day()["jobs"] if j["id"] == number)

    def post(self, path: str, body: Any) -> Any:
        return self.client.post(
            path, json=body, headers={"X-CSRFToken": self.session["csrf"], "HX-Request": "true"}
        )

    def send(self, kind: str, job: Any = None, *, key: str = "", picture: bytes = b"", at: datetime | None = None,
             sent_at: datetime | None = None, person: str = "", **data: Any) -> Any:  # fmt: skip
        """Send one action; the answer."""
        now = clock.now()
        body = {
            "key": key or ids.token(20), "kind": kind, "job_id": job["id"] if job else None, "data": data,
            "seen_pass": job["pass"] if job else "", "person": person or self.session["person"],
            "happened_at": (at or now).isoformat(), "sent_at": (sent_at or now).isoformat(),
        }  # fmt: skip
        if not picture:
            return self.post("/my/phone/actions", body)
        return self.client.post(
            "/my/phone/actions", data={"action": json.dumps(body), "picture": (io.BytesIO(picture), "picture")},
            headers={"X-CSRFToken": self.session["csrf"], "HX-Request": "true"},
        )  # fmt: skip
