"""The office's pages of pay and the technician's, through a browser that checks every page."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from tests.factories import pay
from tests.factories.world import Company, csrf_of
from webapp.kit import clock
from webapp.kit.db import db
from webapp.models import Organization, PayLine, PayPeriod
from webapp.sales.pay import closing, manual, periods

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)  # in Nov 16–30
EARLY = date(2026, 11, 3)  # in Nov 1–15


class Scene:
    """Nov 1–15 with an approved and a pending sale, a bonus and a pending deduction."""

    def __init__(self, company: Company) -> None:
        with company.acting("manager"):
            tech = pay.technician("Mike Johnson", employee_number="E-101")
            pay.link(company.users["technician"], tech)
            sold = pay.item("Furnace <b>", list_price_cents=900_000)
            self.sale = pay.sale(tech, sold=sold, sold_on=EARLY, approved=True, customer_name="Evelyn Harper").id
            self.pending = pay.sale(tech, sold=sold, sold_on=EARLY, price=80_000).id
            self.present = pay.sale(tech, sold=sold, sold_on=date(2026, 11, 17), approved=True).id
            self.period = pay.period_of(EARLY).id
            self.following = pay.period_of(date(2026, 11, 17)).id
            bonus = manual.Draft(technician_id=tech.id, kind="bonus", amount_cents=5_000, reason="Most reviews")
            self.bonus = manual.approve(manual.add(self.period, bonus).id).id
            broken = manual.Draft(technician_id=tech.id, kind="deduction", amount_cents=2_000, reason="Torque wrench")
            self.deduction = manual.add(self.period, broken).id
            self.tech = tech.id
            self.home = f"/pay-periods/{self.period}"


@pytest.fixture
def scene(company: Company) -> Iterator[Scene]:
    with clock.at(NOON):
        yield Scene(company)


def text(answer: object) -> str:
    return str(answer.get_data(as_text=True))  # type: ignore[attr-defined]


def test_the_list_shows_the_open_periods_first_and_what_waits_in_them(company: Company, scene: Scene) -> None:
    page = text(company.sign_in("payroll").get("/pay-periods"))
    assert page.index("Ready to close") < page.index("<table")
    assert "Nov 1–15, 2026" in page
    assert "$162.50" in page
