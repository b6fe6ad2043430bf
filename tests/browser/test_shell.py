"""What every page has: search, shortcuts, a theme, Undo, forms that say what is wrong, and no need of scripts."""

import re

from playwright.sync_api import Route, expect

from tests.browser.conftest import Visit, toast
from tests.browser.world import furnish
from tests.factories.world import Company
from webapp.kit.db import get
from webapp.models import Customer


def test_ctrl_k_finds_a_customer_and_opens_it(company: Company, visit: Visit) -> None:
    small = furnish(company)
    page = visit(company, "admin")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Search or jump to").fill("evelyn")
    first = page.get_by_role("option", name=re.compile("Evelyn Harper"))
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/customers/{small.customer}")
    expect(page.get_by_role("heading", name="Evelyn Harper", level=1)).to_be_visible()


def test_a_question_mark_lists_the_shortcuts_and_the_theme_is_remembered(
    company: Company, visit: Visit
) -> None:
    page = visit(company, "admin", color_scheme="light")
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(dialog).to_contain_text("Search everything")
    expect(dialog).to_contain_text("Sales")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    html = page.locator("html")
    expect(html).to_have_attribute("data-bs-theme", "light")
    page.locator(".tr-user").click()
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(html).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(html).to_have_attribute("data-bs-theme", "dark")


def test_undo_in_the_message_brings_an_archived_customer_back(company: Company, visit: Visit) -> None:
    small = furnish(company)
    page = visit(company, "admin")
    page.goto(f"/customers/{small.customer}")
    page.locator("#record summary", has_text="More").first.click()
    page.get_by_role("button", name="Archive", exact=True).filter(visible=True).click()
    message = toast(page, "Evelyn Harper was archived.")
    assert archived(company, small.customer)
    message.get_by_role("button", name="Undo").click()
    toast(page, "Evelyn Harper is out of the archive.")
    assert not archived(company, small.customer)


def archived(company: Company, customer_id: int) -> bool:
    with company.acting("admin"):
        return get(Customer, customer_id).archived


def test_a_form_that_is_refused_leads_to_what_is_wrong(company: Company, visit: Visit) -> None:
    page = visit(company, "admin")
    page.goto("/sales/new")
    page.get_by_role("button", name="Record sale", exact=True).click()
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="Enter the price it was sold at.").click()
    expect(page.get_by_label("Price", exact=True)).to_be_focused()
    expect(page.get_by_label("Price", exact=True)).to_have_attribute("aria-invalid", "true")


def test_without_javascript_one_signs_in_filters_the_list_and_records_a_sale(
    company: Company, visit: Visit
) -> None:
    small = furnish(company)
    page = visit(company, "admin", java_script_enabled=False)
    page.goto("/sales")
    page.get_by_role("searchbox").fill("no such sale")
    page.get_by_role("button", name="Apply").filter(visible=True).first.click()
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.goto(f"/sales/new?item={small.item}")
    page.get_by_label("Technician", exact=True).select_option(label="Mike Johnson")
    expect(page.get_by_label("List price")).to_have_value("189.00")
    page.get_by_label("Price", exact=True).fill("169")
    page.get_by_role("button", name="Record sale", exact=True).click()
    expect(page.get_by_role("heading", name="AC tune-up", level=1)).to_be_visible()
    expect(page.locator("#record")).to_contain_text("$12.68")


def test_a_price_typed_while_the_list_price_is_on_its_way_stays(company: Company, visit: Visit) -> None:
    furnish(company)
    page = visit(company, "admin")
    page.goto("/sales/new")
    held: list[Route] = []
    page.route("**/sales/new/prices*", lambda route: route.continue_() if held else held.append(route))
    item = page.get_by_role("combobox", name="Item", exact=True)
    item.fill("tune")
    expect(page.get_by_role("option", name=re.compile("tune-up"))).to_be_visible()
    with page.expect_request("**/sales/new/prices*"):
        item.press("Enter")
    page.get_by_label("Price", exact=True).press_sequentially("175")
    held[0].continue_()
    expect(page.get_by_label("List price")).to_have_value("189.00")
    expect(page.get_by_label("Price", exact=True)).to_have_value("175.00")
