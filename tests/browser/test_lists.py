"""Lists as people use them: a view is saved as it is seen, and the keyboard stays where the rows are."""

import re

from playwright.sync_api import expect
from sqlalchemy import update

from tests.browser.conftest import PHONE, Visit, toast
from tests.browser.world import furnish
from tests.factories import people
from tests.factories import sales as make
from tests.factories.world import Company
from webapp.kit.db import db
from webapp.models import Organization


def test_a_view_is_saved_with_the_filters_that_are_seen(company: Company, visit: Visit) -> None:
    furnish(company)
    page = visit(company, "admin")
    page.goto("/sales")
    page.locator("#filters summary", has_text="Status").click()
    page.get_by_label("Approved").check()
    page.wait_for_url("**/sales?status=approved")
    page.get_by_role("link", name="Save view").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Only approved")
    dialog.get_by_role("button", name="Save view").click()
    toast(page, "The view “Only approved” is saved.")
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page.locator("#results tbody tr")).to_contain_text("Approved")


def test_the_next_page_takes_the_focus_with_it(company: Company, visit: Visit) -> None:
    with company.acting("admin"):
        mike, tune = make.technician("Mike Johnson"), people.item(name="AC tune-up", list_price_cents=18_900)
        for _ in range(51):
            make.sale(mike, tune, price=18_900)
    page = visit(company, "admin")
    page.goto("/sales")
    page.get_by_role("link", name="Next").press("Enter")
    page.wait_for_url("**/sales?after=*")
    expect(page.locator("#results")).to_be_focused()


def test_a_choice_of_dates_is_shown_whole(company: Company, visit: Visit) -> None:
    furnish(company)
    page = visit(company, "admin")
    page.goto("/sales")
    page.locator("#filters summary", has_text="Dates").click()
    menu = page.locator(".tr-filter-dates").filter(visible=True)
    edge, legend = menu.bounding_box(), menu.locator("legend").bounding_box()
    assert edge and legend
    assert legend["y"] > edge["y"] + 4


def test_nothing_of_a_row_is_cut_on_a_phone(company: Company, visit: Visit) -> None:
    small = furnish(company)
    page = visit(company, "admin", viewport=PHONE, has_touch=True, is_mobile=True)
    for address in (f"/customers/{small.customer}", f"/technicians/{small.technician}", f"/items/{small.item}",
                    "/settings/people"):  # fmt: skip
        page.goto(address)
        over = page.locator("main td").evaluate_all(
            "cells => cells.filter((c) => c.scrollWidth > c.clientWidth + 1 || c.getBoundingClientRect().right > innerWidth)"
            ".map((c) => c.innerText)"
        )
        assert over == [], address


def test_amounts_stand_inside_their_boxes_on_a_phone(company: Company, visit: Visit) -> None:
    with company.acting("admin"):
        mike, big = (
            make.technician("Mike Johnson"),
            people.item(name="Rooftop unit", list_price_cents=99_999_999),
        )
        make.sale(mike, big, price=99_999_999)
    page = visit(company, "admin", viewport=PHONE, has_touch=True, is_mobile=True)
    expect(page.locator(".tr-stat-value").first).to_be_visible()
    over = page.locator(".tr-stat").evaluate_all(
        "boxes => boxes.filter((b) => b.querySelector('.tr-money')?.getBoundingClientRect().right"
        " > b.getBoundingClientRect().right - 6)"
        ".map((b) => b.innerText)"
    )
    assert over == []


def test_two_series_of_a_chart_differ_in_lightness_in_any_companys_colour(
    company: Company, visit: Visit
) -> None:
    furnish(company)
    with company.acting("admin"):
        db.session.execute(
            update(Organization)
            .where(Organization.tenant_id == company.tenant_id)
            .values(primary_color="#0f766e")
        )
    page = visit(company, "admin", color_scheme="light")
    page.goto("/commissions")
    canvas = page.locator("#commission-chart canvas")
    expect(canvas).to_be_visible()
    page.wait_for_function("c => c.height > 0", arg=canvas.element_handle())
    lights = canvas.evaluate(
        """(canvas) => {
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          const found = {};
          for (let at = 0; at < data.length; at += 4) {
            const [r, g, b, a] = data.slice(at, at + 4);
            if (a < 255 || Math.max(r, g, b) - Math.min(r, g, b) < 40) continue;
            const [x, y, z] = [r, g, b].map((c) => (c / 255) ** 2.2);
            const light = Math.round((0.2126 * x + 0.7152 * y + 0.0722 * z) * 100) / 100;
            found[light] = (found[light] ?? 0) + 1;
          }
          return Object.entries(found).filter(([, amount]) => amount > 40).map(([light]) => Number(light));
        }"""
    )
    assert len(lights) >= 2, lights
    assert (max(lights) + 0.05) / (min(lights) + 0.05) >= 2, lights


def test_what_a_sale_earns_is_shown_once_its_item_is_chosen(company: Company, visit: Visit) -> None:
    furnish(company)
    page = visit(company, "admin")
    page.goto("/sales/new")
    for field, words in (("Technician", "Mike Johnson"), ("Item", "AC tune-up")):
        box = page.get_by_role("combobox", name=field, exact=True).and_(page.locator("input"))
        box.fill(words)
        expect(page.get_by_role("option", name=re.compile(words))).to_be_visible()
        box.press("Enter")
    expect(page.get_by_label("Price", exact=True)).to_have_value("189.00")
    expect(page.get_by_role("complementary", name="What it earns")).to_contain_text("$14.18")


def test_a_technician_finds_the_account_and_the_way_out(company: Company, visit: Visit) -> None:
    furnish(company)
    page = visit(company, "technician", viewport=PHONE, has_touch=True, is_mobile=True)
    page.get_by_role("link", name="My account").click()
    page.get_by_role("button", name="Sign out", exact=True).last.click()
    page.wait_for_url("**/sign-in")


def test_whoever_is_invited_is_shown_on_a_page_of_the_office(company: Company, visit: Visit) -> None:
    page = visit(company, "admin")
    page.goto("/settings/people/new")
    page.get_by_label("Name", exact=True).fill("Ivy Green")
    page.get_by_label("Username").fill("ivy")
    page.get_by_label("Email address").fill("ivy@example.com")
    page.get_by_label(re.compile("^Dispatcher")).check()
    page.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("heading", name="Ivy Green is invited", level=1)).to_be_visible()
    expect(page.get_by_role("main")).to_have_count(1)
