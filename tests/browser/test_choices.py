"""Fields to choose in: where there is nothing to choose, the way to it; and only the fields that matter."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.factories.world import Company


def test_an_empty_company_is_led_to_what_a_sale_needs(company: Company, visit: Visit) -> None:
    page = visit(company, "manager")
    for label, add, there in (
        ("Technician", "Add a technician", "/technicians/new"),
        ("Item", "Add an item to the price book", "/items/new"),
    ):
        page.goto("/sales/new")
        page.get_by_role("combobox", name=re.compile(f"^{label}")).first.click()
        page.get_by_role("option", name=add).click()
        page.wait_for_url(f"**{there}")


def test_a_key_asks_for_a_role_or_a_level_or_neither_and_for_scopes_of_its_api(
    company: Company, visit: Visit
) -> None:
    page = visit(company, "admin")
    page.goto("/settings/keys/new")
    role, scope = page.get_by_label("Acts with the role"), page.get_by_label("Level", exact=True)
    for product, shown in (("field", (True, False)), ("growth", (False, True)), ("closebot", (False, False))):
        page.get_by_label("For", exact=True).select_option(product)
        expect(role).to_be_visible(visible=shown[0])
        expect(scope).to_be_visible(visible=shown[1])
    payroll = page.get_by_role("group", name="Payroll")
    expect(payroll).to_be_hidden()
    page.get_by_label("Chosen scopes").check()
    expect(payroll).to_be_hidden()
    page.get_by_label("For", exact=True).select_option("field")
    expect(payroll).to_be_visible()
    expect(page.get_by_label("Last day")).to_be_hidden()
    page.get_by_label("Expires", exact=False).first.select_option("day")
    expect(page.get_by_label("Last day")).to_be_visible()
