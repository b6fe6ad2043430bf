"""The page that plans a day's routes, as a dispatcher uses it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.factories import dispatch as make
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from tests.routing.test_plans import EAST, MIDDLE, WEST, lane, team, visit, waits
from webapp.kit import clock, jobs
from webapp.kit.db import get
from webapp.models import RoutePlan, Technician, User
from webapp.routing.queries import plans as reading

PAGE = "/dispatch/optimize?date=2026-11-30"


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(6)):
        yield


def post(client: Any, url: str, **form: Any) -> Any:
    token = csrf_of(client.get(PAGE).get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **form})


def work(company: Company) -> None:
    with company.app.app_context():
        jobs.drain(jobs.LONG, company.tenant_id)


def newest(company: Company) -> RoutePlan:
    with company.acting("dispatcher"):
        found = reading.latest(make.MONDAY)
        assert found is not None
        return found


def crossed(company: Company) -> tuple[int, int]:
    with company.acting("dispatcher"):
        wes, eve = team()
        visit("In the east", 9, EAST, wes)
        visit("In the west", 9, WEST, eve)
        waits("Furnace", MIDDLE, customer_name="Ann Lee")
        waits("Nowhere", None)
        return wes.id, eve.id


def test_a_day_is_planned_looked_at_and_accepted(company: Company) -> None:
    wes, eve = crossed(company)
    office = company.sign_in("dispatcher")
    assert "2 visits on the lanes, 2 waiting" in office.get(PAGE).get_data(as_text=True)
    assert post(office, "/dispatch/optimize", date="2026-11-30").location == PAGE
    page = office.get(PAGE).get_data(as_text=True)
    plan = newest(company)
    assert f"/dispatch/optimize/{plan.id}/progress" in page
    bar = office.get(f"/dispatch/optimize/{plan.id}/progress", headers={"HX-Request": "true"})
    assert "every 1s" in bar.get_data(as_text=True)
    work(company)
    bar = office.get(f"/dispatch/optimize/{plan.id}/progress", headers={"HX-Request": "true"})
    assert "routes-changed" in bar.headers["HX-Trigger"]
    page = office.get(PAGE).get_data(as_text=True)
    for words in ("Minutes saved", "min saved", "Accept with Eve East", "Accept with Wes West", "from Wes West", "In the west",
                  "Nobody knows where it is", "Ann Lee", "Before", "After"):  # fmt: skip
        assert words in page, words
    sent = office.post(f"/dispatch/optimize/{plan.id}/accept", data={"csrf_token": csrf_of(page), "technician_id": str(wes)},
                       headers={"HX-Request": "true", "HX-Target": "plan"})  # fmt: skip
    assert sent.status_code == 200
    assert "2 technicians are on the board" in sent.headers["HX-Trigger"]
    assert "These routes are on the board." in sent.get_data(as_text=True)
    with company.acting("dispatcher"):
        assert "In the west" in [t for t, _ in lane(get(Technician, wes))]
        assert eve
    undo = json.loads(sent.headers["HX-Trigger"])["toast"][0]["undo_url"]
    assert post(office, undo).location == PAGE
    with company.acting("dispatcher"):
        assert "In the west" not in [t for t, _ in lane(get(Technician, wes))]
        who = get(User, company.users["dispatcher"]).name
    page = office.get(PAGE).get_data(as_text=True)
    assert f"The last plan of this day was taken back by {who} (Today 6:00 AM)." in page
    assert "discarded" not in page
    refused = post(office, f"/dispatch/optimize/{plan.id}/accept")
    assert "This plan was taken back." in refused.get_data(as_text=True)


def test_an_outdated_plan_is_refused_in_words_and_a_discarded_one_is_gone(company: Company) -> None:
    wes, _ = crossed(company)
    office = company.sign_in("dispatcher")
    post(office, "/dispatch/optimize", date="2026-11-30")
    work(company)
    plan = newest(company)
    with company.acting("dispatcher"):
        make.block(get(Technician, wes), make.at(12), make.at(13))
    refused = post(office, f"/dispatch/optimize/{plan.id}/accept")
    assert refused.status_code == 409
    assert "The blocked times of Wes West were changed." in refused.get_data(as_text=True)
    assert post(office, f"/dispatch/optimize/{plan.id}/discard").status_code == 303
    assert "The last plan of this day was discarded." in office.get(PAGE).get_data(as_text=True)


def test_a_day_that_is_over_and_a_day_that_is_none(company: Company) -> None:
    office = company.sign_in("dispatcher")
    assert "This day is over" in office.get("/dispatch/optimize?date=2026-11-01").get_data(as_text=True)
    assert office.get("/dispatch/optimize?date=someday").status_code == 400
    assert post(office, "/dispatch/optimize", date="2026-11-01").status_code == 422


def test_who_may_only_look_sees_no_buttons(company: Company) -> None:
    crossed(company)
    office = company.sign_in("dispatcher")
    post(office, "/dispatch/optimize", date="2026-11-30")
    work(company)
    page = company.sign_in("payroll").get(PAGE).get_data(as_text=True)
    assert "Minutes saved" in page
    assert "Accept" not in page
    assert company.sign_in("technician").get(PAGE).status_code == 403


def test_the_page_asks_as_many_statements_however_many_routes_there_are(company: Company) -> None:
    crossed(company)
    office = company.sign_in("dispatcher")
    post(office, "/dispatch/optimize", date="2026-11-30")
    work(company)
    office.get(PAGE)
    with counted() as few:
        office.get(PAGE)
    with company.acting("dispatcher"):
        for n in range(4):
            visit(f"More {n}", 10, MIDDLE, make.technician(f"Tech {n}"))
    post(office, "/dispatch/optimize", date="2026-11-30")
    work(company)
    office.get(PAGE)
    with counted() as many:
        office.get(PAGE)
    assert len(few) == len(many)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_the_page_of_a_day_at_the_edge_of_all_years_is_there(company: Company, day: str) -> None:
    assert company.sign_in("manager").get(f"/dispatch/optimize?date={day}").status_code == 200
