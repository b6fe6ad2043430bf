"""The office's sales and pay pages under a thumb: what matters first, nothing that is nothing, nothing out of reach."""

from typing import Any

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Visit, toast
from tests.browser.world import furnish
from tests.factories import sales as make
from tests.factories.world import Company

TOUCH: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}


def test_a_card_of_a_pay_period_shows_name_total_and_state_and_hides_what_is_nothing(
    company: Company, visit: Visit
) -> None:
    small = furnish(company)
    page = visit(company, "payroll", **TOUCH)
    page.goto(f"/pay-periods/{small.period}")
    card = page.locator("#people tbody tr").first
    shown = [line for line in card.inner_text().split("\n") if line.strip()]
    assert shown == ["Mike Johnson", "E-101", "$189.00", "$14.18", "$14.18"]
    labels = card.locator("td:visible").evaluate_all("cells => cells.map((cell) => cell.dataset.label)")
    assert labels == ["Technician", "Sold", "Commission", "Total"]
    name, total = (
        card.get_by_text("Mike Johnson").bounding_box(),
        card.locator("[data-label=Total]").bounding_box(),
    )
    assert name and total
    assert abs(name["y"] - total["y"]) < 8  # side by side
    page.goto("/pay-periods")
    card = page.locator("#results tbody tr").first
    assert (
        card.locator("[data-label=Status]").bounding_box()["y"]
        < card.locator("[data-label=Sold]").bounding_box()["y"]
    )  # type: ignore[index]
    expect(card.locator("[data-label=Adjustments]")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_rates_say_that_there_is_more_beside_and_one_is_changed_with_a_tap(
    company: Company, visit: Visit
) -> None:
    furnish(company)
    with company.acting("admin"):
        for name in ("Bo Ito", "Cy Young", "Di Moss"):
            make.technician(name)
    page = visit(company, "payroll", **TOUCH)
    page.goto("/commission-rates")
    expect(page.get_by_text("Swipe sideways for all 5 technicians.")).to_be_visible()
    frame, grid = page.locator("[data-matrix-frame]"), page.locator(".tr-matrix")
    expect(frame).to_have_attribute("data-more", "end")
    grid.evaluate("element => element.scrollBy(150, 0)")
    expect(frame).to_have_attribute("data-more", "start end")
    item = page.get_by_role("rowheader", name="AC tune-up")
    assert item.bounding_box()["x"] >= grid.bounding_box()["x"]  # type: ignore[index]  # it stayed
    grid.evaluate("element => element.scrollBy(9999, 0)")
    expect(frame).to_have_attribute("data-more", "start")
    cell = page.get_by_role("link", name="Mike Johnson on AC tune-up")
    box = cell.bounding_box()
    assert box
    assert box["height"] >= 44
    assert box["width"] >= 44
    cell.tap()
    page.get_by_label("Rate", exact=True).fill("8.25")
    page.get_by_role("button", name="Save").tap()
    toast(page, "Mike Johnson on AC tune-up")
    expect(page.get_by_role("link", name="Mike Johnson on AC tune-up")).to_have_text("8.25%")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_a_sale_earns_stands_above_the_button_that_records_it(company: Company, visit: Visit) -> None:
    furnish(company)
    page = visit(company, "manager", **TOUCH)
    page.goto("/sales/new")
    earns = page.get_by_role("complementary", name="What it earns").bounding_box()
    button = page.get_by_role("button", name="Record sale", exact=True).bounding_box()
    assert earns
    assert button
    assert earns["y"] + earns["height"] <= button["y"]


def test_a_technician_sees_what_a_sale_earns_as_soon_as_the_item_is_chosen(
    company: Company, visit: Visit
) -> None:
    furnish(company)
    page = visit(company, "technician", **TOUCH)
    page.goto("/my/sales/new")
    page.get_by_role("combobox", name="What did you sell?").fill("tune-up")
    page.get_by_role("option", name="AC tune-up").tap()
    expect(page.get_by_label("Price")).to_have_value("189.00")
    expect(page.get_by_label("What it earns you")).to_contain_text("$14.18")
