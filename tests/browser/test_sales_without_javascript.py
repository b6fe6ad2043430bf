"""Recording a sale in a browser that runs no script: names instead of lists, a question where several fit."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.world import furnish
from tests.factories import people
from tests.factories.world import Company
from webapp.kit.db import db
from webapp.models import Sale


def _fill(page: Page, **fields: str) -> None:
    for name, value in fields.items():
        page.locator(f"[name={name}]").fill(value)


def test_the_office_records_a_sale_by_names_and_what_was_typed_stays(company: Company, visit: Visit) -> None:
    small = furnish(company)
    with company.acting("admin"):
        people.item(name="Gas line, 20 feet", list_price_cents=42_000)
    page = visit(company, "manager", java_script_enabled=False)
    page.goto("/sales/new")
    page.get_by_label("Technician").select_option(label="Mike Johnson")
    _fill(page, item_id="gas", customer="Evelyn Harper", notes="Side door")
    page.get_by_role("button", name="Record sale").click()

    expect(page.get_by_text("Which item is this?").first).to_be_visible()
    expect(page.locator("[name=notes]")).to_have_value("Side door")
    expect(page.locator("[name=item_id]")).to_have_value("gas")
    page.get_by_label("Gas furnace, 80,000 BTU").check()
    page.get_by_role("button", name="Record sale").click()

    expect(page.locator("[name=item_id]")).to_have_value("Gas furnace, 80,000 BTU")
    expect(page.locator("[name=sale_price_cents]")).to_have_value("5400.00")
    expect(page.get_by_text("The list price is filled in.").first).to_be_visible()
    _fill(page, sale_price_cents="5000")
    page.get_by_role("button", name="See what it earns").click()
    expect(page.get_by_label("What it earns")).to_contain_text("$375.00")
    expect(page.locator("[name=customer]")).to_have_value("Evelyn Harper")
    page.get_by_role("button", name="Record sale").click()

    page.wait_for_url(re.compile(r"/sales/\d+$"))
    expect(page.get_by_role("heading", name="Gas furnace, 80,000 BTU")).to_be_visible()
    number = int(page.url.rpartition("/")[2])
    with company.acting():
        sale = db.session.get_one(Sale, (company.tenant_id, number))
        assert (sale.customer_id, sale.sale_price_cents, sale.commission_cents) == (
            small.customer,
            500_000,
            37_500,
        )
        assert sale.notes == "Side door"

    page.goto(f"/sales/{number}/correct")
    expect(page.locator("[name=customer]")).to_have_value("Evelyn Harper")
    _fill(page, item_id="Smart thermostat", sale_price_cents="349", reason="Wrong item")
    page.get_by_role("button", name="Save correction").click()
    page.wait_for_url(re.compile(rf"/sales/{number}$"))
    expect(page.get_by_role("heading", name="Smart thermostat")).to_be_visible()
    with company.acting():
        sale = db.session.get_one(Sale, (company.tenant_id, number))
        assert (sale.customer_id, sale.commission_cents) == (small.customer, 2_618)


def test_a_technician_records_a_sale_on_the_phone_and_sees_first_what_it_earns(
    company: Company, visit: Visit
) -> None:
    furnish(company)
    page = visit(company, "technician", java_script_enabled=False, viewport={"width": 390, "height": 844})
    page.goto("/my/sales/new")
    page.get_by_role("button", name="Record sale").click()
    # who writes nothing sees the whole of a small price book
    page.get_by_label("AC tune-up").check()
    page.get_by_role("button", name="See what it earns you").click()
    expect(page.locator("[name=sale_price_cents]")).to_have_value("189.00")
    page.get_by_role("button", name="See what it earns you").click()
    expect(page.get_by_label("What it earns you")).to_contain_text("$14.18")
    page.get_by_role("button", name="Record sale").click()
    page.wait_for_url(re.compile(r"/my/sales/\d+$"))
    expect(page.get_by_text("You earn")).to_be_visible()
