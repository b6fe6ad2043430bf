"""A day's routes planned in a browser: asked for, made by a worker, looked at, accepted; who suits a job, and sent."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Visit, toast
from tests.browser.test_accessible import AXE, wrong
from tests.browser.test_board import at, next_monday
from tests.factories import dispatch as make
from tests.factories.world import Company
from tests.routing.test_plans import EAST, WEST
from tests.routing.test_slots import profile
from webapp.dispatch import service
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.service import NewJob


@pytest.fixture
def crossed(company: Company) -> int:
    """Two technicians, each sent to the other end of town; a job waits. Its number."""
    with company.acting("dispatcher"):
        wes, eve = make.technician("Wes West"), make.technician("Eve East")
        profile(wes, WEST)
        profile(eve, EAST)
        for title, who, place in (("In the east", wes, EAST), ("In the west", eve, WEST)):
            make.job(title, start=at(9), end=at(10), crew=(who,), latitude=place[0], longitude=place[1])
        waits = service.create(NewJob(values={"title": "Waits", "latitude": EAST[0], "longitude": EAST[1]}))
        return waits.id


def test_routes_are_planned_in_the_background_and_accepted_from_the_page(
    company: Company, crossed: int, visit: Visit
) -> None:
    page = visit(company, "dispatcher", viewport={"width": 1440, "height": 900})
    page.goto(f"/dispatch/optimize?date={next_monday()}")
    expect(page.get_by_text("2 visits on the lanes, 1 waiting")).to_be_visible()
    page.get_by_role("button", name="Plan the routes").click()
    expect(page.get_by_role("heading", name="Wes West")).to_be_visible()
    expect(page.locator(".tr-route-saved").first).to_be_visible()
    expect(page.locator(".tr-map[data-ready]")).to_be_visible()
    page.get_by_label("Before", exact=True).check()
    page.context.add_init_script(path=AXE)
    assert wrong(page, f"/dispatch/optimize?date={next_monday()}", "main") == []
    page.get_by_role("button", name="Accept all").click()
    toast(page, "on the board")
    expect(page.get_by_text("These routes are on the board.")).to_be_visible()
    with company.acting("dispatcher"):
        assert (
            reading.sent([reading.visits(crossed)[0].id])[reading.visits(crossed)[0].id][0].name == "Eve East"
        )


def test_who_suits_a_job_is_read_and_sent_with_one_thumb(
    company: Company, crossed: int, visit: Visit
) -> None:
    page = visit(company, "dispatcher", viewport=PHONE)
    page.goto(f"/jobs/{crossed}")
    fragment = page.locator(f"#suggestions-{crossed}")
    expect(fragment.get_by_text("Eve East").first).to_be_visible()
    fragment.get_by_text("How the score comes about").first.click()
    expect(fragment.get_by_text("Load").first).to_be_visible()
    page.context.add_init_script(path=AXE)
    assert wrong(page, f"/dispatch/jobs/{crossed}/suggestions", "main") == []
    fragment.get_by_role("button", name="Assign Eve East").click()
    toast(page, "Eve East is sent.")
