"""Promises, equipment, checklists and recurring jobs in a real browser: dragged, typed, and as axe sees them."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visit
from tests.browser.test_accessible import AXE, wrong
from tests.factories import dispatch as make
from tests.factories import sla
from tests.factories.world import Company
from webapp.customers import service as customers
from webapp.dispatch.service import checklists, recurring
from webapp.equipment import queries, service
from webapp.kit import clock


@pytest.fixture
def addresses(company: Company) -> list[str]:
    """Pages with something on each."""
    with company.acting("manager"):
        sla.policy("Urgent", priority="urgent", response_minutes=30, business_hours=False)
        sla.policy("Repairs", job_type="repair", response_minutes=120, resolution_minutes=960)
        sla.policy("Everything", response_minutes=480)
        customer = customers.create({"name": "Ann Lee"}, properties=[{"address": "9 Elm St", "zip": "33602"}])
        place = queries.properties_of(customer.id)[0]
        soon = queries.today() + timedelta(days=20)
        unit = service.create(place.id, {"kind": "Furnace", "make": "Carrier", "warranty_until": soon})
        service.measure(unit.id, "Gas pressure", "3.5", unit="in. w.c.")
        listed = checklists.create(
            {"name": "Repair", "job_type": "repair", "steps": [{"text": "Check for gas", "required": True}]}
        )
        with clock.at(clock.now() - timedelta(hours=2)):
            job = make.job("No heat", priority="urgent", customer_id=customer.id, equipment_ids=[unit.id])
        sla.look()
        series = recurring.create(
            recurring.NewRecurring(
                values={"title": "Filters"}, rule="FREQ=WEEKLY", starts_at=clock.now() + timedelta(days=2)
            )
        )
        return [
            "/sla", "/sla/violations", "/sla/policies", "/sla/policies/new", "/sla/holidays", f"/jobs/{job.id}", "/equipment",
            f"/equipment/{unit.id}", f"/equipment/{unit.id}/edit", "/settings/checklists", f"/settings/checklists/{listed.id}",
            "/recurring-jobs", f"/recurring-jobs/{series.id}", f"/recurring-jobs/{series.id}/edit",
        ]  # fmt: skip


def names(page: Page) -> list[str]:
    return page.locator(".tr-sortable-item .tr-list-label").all_inner_texts()


def test_policies_are_put_in_order_with_the_mouse_and_with_the_keyboard(
    company: Company, addresses: list[str], visit: Visit
) -> None:
    page = visit(company, "manager")
    page.goto("/sla/policies")
    grip = page.locator("[data-grip]")
    expect(grip).to_have_count(3)
    page.locator('[data-module="order"][data-ready]').wait_for()
    start, end = grip.nth(2).bounding_box(), page.locator(".tr-sortable-item").nth(0).bounding_box()
    assert start is not None and end is not None
    page.mouse.move(start["x"] + 5, start["y"] + 5)
    page.mouse.down()
    page.mouse.move(start["x"] + 5, start["y"] - 30, steps=6)
    page.mouse.move(end["x"] + 20, end["y"] + 4, steps=12)
    with page.expect_response("**/sla/policies/order"):
        page.mouse.up()
    expect(page.locator(".tr-sortable-item .tr-list-label").last).to_have_text("Repairs")
    page.reload()
    assert names(page)[-1] == "Repairs"
    down = page.get_by_role("button", name=f"Move {names(page)[0]} down")
    first, second, _ = names(page)
    down.focus()
    with page.expect_response("**/down"):
        page.keyboard.press("Enter")
    expect(page.locator(".tr-sortable-item .tr-list-label").first).to_have_text(second)
    assert names(page)[:2] == [second, first]


def test_a_checklist_is_typed_without_the_mouse(company: Company, visit: Visit) -> None:
    page = visit(company, "manager")
    page.goto("/settings/checklists/new")
    page.get_by_label("Name").fill("Tune-up")
    steps = page.locator('input[name="step"]')
    expect(steps).to_have_count(1)  # the empty rows are for whoever has no JavaScript
    steps.first.fill("One")
    for text in ("Two", "Three"):
        page.keyboard.press("Enter")
        page.keyboard.type(text)
    page.keyboard.press("Alt+ArrowUp")
    page.get_by_label("Step 2 is required").check()
    page.get_by_role("button", name="Add checklist").click()
    page.wait_for_url("**/settings/checklists")
    expect(page.get_by_text("3 steps, 1 required")).to_be_visible()
    expect(page.get_by_text("One, Three, Two")).to_be_visible()


def test_the_pages_can_be_used_by_everybody_and_fit_a_phone(
    company: Company, addresses: list[str], visit: Visit
) -> None:
    page = visit(company, "manager")
    page.context.add_init_script(path=AXE)
    problems = [problem for address in addresses for problem in wrong(page, address, "main")]
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # its width and height
    for address in addresses:
        page.goto(address)
        over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        problems += [f"{address}: {over} pixels wider than a phone"] if over > 0 else []
    assert not problems, "\n".join(problems)
