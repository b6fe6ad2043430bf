"""Zones drawn on a map, skills set in a matrix, vehicles paired: with a mouse, with the keyboard, on a phone."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, Visit, toast
from tests.browser.test_accessible import AXE, wrong
from tests.factories import fleet, people
from tests.factories.world import Company
from webapp.fleet import queries
from webapp.fleet.service import vehicles


@pytest.fixture
def furnished(company: Company) -> Company:
    """Two technicians, two skills, a zone of each kind, two vehicles."""
    with company.acting("admin"):
        mike, ana = people.technician(name="Mike Johnson"), people.technician(name="Ana Reyes")
        fleet.held(mike, fleet.skill("EPA 608"), 4, certificate="608-1")
        fleet.skill("Gas fitting")
        fleet.zone("South Tampa", zips=["33606", "33609"], technician_ids=[mike.id])
        fleet.zone("Around Tampa", polygon=fleet.SQUARE)
        truck, van = fleet.vehicle("Truck 1", odometer_miles=40_000), fleet.vehicle("Van 2")
        fleet.plan(truck, "Oil change", every_miles=5_000, last_done_miles=30_000)
        vehicles.pair(truck.id, mike.id)
        vehicles.pair(van.id, ana.id)
        vehicles.set_position(truck.id, 27.95, -82.46)
    return company


def ready(page: Page) -> Locator:
    """The map of the page, once its outlines are drawn."""
    found = page.locator("[data-module=map][data-ready], [data-module=area-editor][data-ready]").first
    expect(found).to_be_visible()
    return found.locator(".leaflet-container")


def click_at(frame: Locator, x: float, y: float) -> None:
    """Click at a share of the map's width and height."""
    box = frame.bounding_box()
    assert box
    frame.click(position={"x": box["width"] * x, "y": box["height"] * y})


def test_a_zone_is_drawn_with_the_mouse_and_mended_with_the_keyboard(
    furnished: Company, visit: Visit
) -> None:
    page = visit(furnished, "admin")
    page.goto("/service-zones/new")
    page.get_by_label("Name", exact=True).fill("Drawn")
    page.get_by_label("Drawn area").check()
    frame = ready(page)
    status = page.locator("[data-area-status]")
    expect(status).to_contain_text("Click on the map for each corner")
    for x, y in ((0.3, 0.3), (0.7, 0.3), (0.3, 0.7), (0.7, 0.7)):
        click_at(frame, x, y)
    expect(status).to_contain_text("The outline crosses itself")
    page.get_by_role("button", name="Add zone").click()
    expect(page.locator("[data-error-summary]")).to_contain_text("crosses itself")
    ready(page)  # the form came back with the same corners
    expect(page.locator(".tr-map-corner")).to_have_count(4)
    page.locator(".tr-map-corner").nth(3).press("Delete")
    expect(page.locator(".tr-map-corner")).to_have_count(3)
    expect(status).to_contain_text(re.compile(r"3 corners, about [\d.,]+ square miles"))
    before = page.get_by_label("Corners").input_value()
    page.locator(".tr-map-corner").nth(2).press("ArrowDown")
    expect(page.get_by_label("Corners")).not_to_have_value(before)
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(page.get_by_label("Corners")).to_have_value(before)
    page.get_by_role("button", name="Add zone").click()
    page.wait_for_url(re.compile(r"/service-zones/\d+$"))
    toast(page, "Drawn was added.")
    expect(page.get_by_text("An area with 3 corners").first).to_be_visible()
    ready(page)


def test_corners_typed_show_on_the_map_and_dragging_one_changes_the_text(
    furnished: Company, visit: Visit
) -> None:
    page = visit(furnished, "admin")
    page.goto("/service-zones/new")
    page.get_by_label("Drawn area").check()
    ready(page)
    page.get_by_label("Corners").fill("27.90, -82.55\n27.90, -82.40\n28.00, -82.40")
    corner = page.locator(".tr-map-corner").first
    expect(page.locator(".tr-map-corner")).to_have_count(3)
    box = corner.bounding_box()
    assert box
    page.mouse.move(box["x"] + 9, box["y"] + 9)
    page.mouse.down()
    page.mouse.move(box["x"] - 31, box["y"] + 9, steps=5)
    page.mouse.up()
    expect(page.get_by_label("Corners")).to_have_value(
        re.compile(r"^27\.(89|90)\d+, -82\.[56]\d+\n27\.900000, -82\.400000\n")
    )
    expect(page.get_by_label("Corners")).not_to_have_value(re.compile(r"^27\.900000, -82\.550000"))
    page.locator(".tr-map-between").first.click()
    expect(page.locator(".tr-map-corner")).to_have_count(4)


def test_zip_codes_are_understood_while_typing_and_shown_on_the_map(furnished: Company, visit: Visit) -> None:
    page = visit(furnished, "admin")
    page.goto("/service-zones/new")
    ready(page)
    page.locator("#zips").fill("33601-33605 99999")
    expect(page.locator("#zip-found")).to_contain_text("5 ZIP codes: 33601 to 33605.")
    expect(page.locator("#zip-found")).to_contain_text("99999 is no ZIP code that we know.")
    page.get_by_label("Name", exact=True).fill("Downtown")
    page.get_by_role("button", name="Add zone").click()
    page.get_by_label("Keep the ZIP codes that nobody knows").check()
    page.get_by_role("button", name="Add zone").click()
    page.wait_for_url(re.compile(r"/service-zones/\d+$"))
    expect(page.get_by_text("6 ZIP codes").first).to_be_visible()


def test_zones_are_moved_in_the_order_and_asked_for(furnished: Company, visit: Visit) -> None:
    page = visit(furnished, "admin")
    page.goto("/service-zones")
    ready(page)
    expect(page.locator("#overlaps")).to_contain_text(
        "South Tampa wins over Around Tampa in 33606 and 33609."
    )
    page.get_by_role("button", name="Move Around Tampa up").click()
    expect(page.locator("#results tbody tr").first).to_contain_text("Around Tampa")
    page.get_by_role("textbox", name="ZIP code").fill("33606")
    page.get_by_role("button", name="Find").click()
    expect(page.locator("#zone-answer")).to_contain_text("33606 is in Around Tampa")


def test_a_level_is_set_from_the_keyboard_alone(furnished: Company, visit: Visit) -> None:
    page = visit(furnished, "manager")
    page.goto("/technician-skills")
    page.locator("a.tr-rate").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-matrix-where]")).to_contain_text("Mike Johnson, Gas fitting: not set")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("5 – Expert").check()
    dialog.get_by_label("Expires on").fill("2031-05-01")
    page.keyboard.press("Enter")
    toast(page, "Gas fitting of Mike Johnson is saved.")
    expect(page.get_by_role("link", name="Mike Johnson, Gas fitting: level 5, expert")).to_be_visible()
    page.locator(".tr-toast-undo").click()
    expect(page.get_by_role("link", name="Mike Johnson, Gas fitting: not set")).to_be_visible()


def test_a_driver_takes_over_and_the_toast_gives_both_back(furnished: Company, visit: Visit) -> None:
    page = visit(furnished, "dispatcher")
    page.goto("/vehicles")
    page.get_by_role("link", name="Van 2").click()
    page.get_by_role("link", name="Driver", exact=True).click()
    box = page.get_by_role("dialog").get_by_role("combobox")
    box.fill("Mike")
    page.get_by_role("option", name=re.compile("Mike Johnson")).click()
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    toast(page, "Mike Johnson drives Van 2 now, instead of Ana Reyes. Truck 1 has no driver any more.")
    expect(page.locator(".tr-header-facts")).to_contain_text("Mike Johnson")
    page.locator(".tr-toast-undo").click()
    expect(page.locator(".tr-header-facts")).to_contain_text("Ana Reyes")
    with furnished.acting():
        names = {d.name for d in queries.vehicle_of(list(range(1, 10_000))).values()}
        assert names == {"Truck 1", "Van 2"}


def test_overdue_work_is_recorded_from_the_list_on_a_phone(furnished: Company, visit: Visit) -> None:
    page = visit(furnished, "manager", viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto("/vehicles/maintenance")
    expect(page.locator("#results")).to_contain_text("5,000 miles over")
    page.get_by_role("link", name="Record work").tap()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Odometer").fill("40,100")
    dialog.get_by_label("Cost").fill("89.50")
    dialog.get_by_role("button", name="Save").tap()
    expect(page.get_by_text("Nothing is due")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE])
def test_pages_of_the_fleet_can_be_used_by_everybody(
    furnished: Company, visit: Visit, size: dict[str, int]
) -> None:
    page = visit(furnished, "admin", viewport=size)
    page.context.add_init_script(path=AXE)
    with furnished.acting():
        zone = {name: number for number, name in queries.zone_names()}["Around Tampa"]
    problems = []
    for address in ("/service-zones", "/service-zones/new", f"/service-zones/{zone}", f"/service-zones/{zone}/edit",
                    "/technician-skills", "/technician-skills/certificates", "/technician-skills/skills", "/vehicles",
                    "/vehicles/new", "/vehicles/maintenance", "/vehicles/work"):  # fmt: skip
        problems += wrong(page, address, "main")
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            problems.append(f"{address} is wider than the screen")
    assert not problems, "\n".join(problems)
