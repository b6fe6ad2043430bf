"""The pages of promises, as an office uses them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import dispatch as make
from tests.factories import sla
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.dispatch import registry
from webapp.dispatch import service as dispatch
from webapp.dispatch.queries import jobs as reading
from webapp.kit import clock
from webapp.kit.db import db
from webapp.models import Holiday, SlaPolicy, SlaViolation
from webapp.sla.views.policies import hours_words


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(9)):
        yield


def post(client: Any, url: str, **form: Any) -> Any:
    token = csrf_of(client.get("/sla/policies").get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **form})


def broken(company: Company, count: int = 1) -> list[int]:
    """Jobs whose answer is two hours late, with their breaches noticed."""
    with company.acting("manager"):
        sla.policy("Within the hour", response_minutes=60)
        numbers = [make.job(f"Job {n}").id for n in range(count)]
        with clock.at(make.at(12)):
            sla.look()
    return numbers


def names(company: Company) -> list[str]:
    with company.acting():
        mine = select(SlaPolicy.name).where(SlaPolicy.tenant_id == company.tenant_id, SlaPolicy.active)
        return list(db.session.scalars(mine.order_by(SlaPolicy.position)))


def test_a_policy_is_added_changed_put_in_order_and_ended(company: Company) -> None:
    office = company.sign_in("manager")
    assert "Nothing is promised yet" in office.get("/sla/policies").get_data(as_text=True)
    form = {"name": "Urgent repairs", "priority": "urgent", "job_type": "repair", "response_minutes": "30 min",
            "resolution_minutes": "4 h", "business_hours": "y", "warn_percent": "75"}  # fmt: skip
    assert post(office, "/sla/policies/new", **form).status_code == 303
    post(office, "/sla/policies/new", name="Everything", response_minutes="1 h 30 min", warn_percent="80")
    page = office.get("/sla/policies").get_data(as_text=True)
    for words in ("Urgent repairs", "Urgent · Repair", "30 min", "4 h", "warned at 75%", "Every job", "1 h 30 min",
                  "Around the clock", "Mon–Fri 8:00 AM–5:00 PM"):  # fmt: skip
        assert words in page, words
    with company.acting():
        first, other = db.session.scalars(
            select(SlaPolicy.id).where(SlaPolicy.tenant_id == company.tenant_id).order_by(SlaPolicy.position)
        )
    moved = office.post(f"/sla/policies/{other}/up", data={"csrf_token": csrf_of(page)}, hx="policies")
    assert "No job comes to it" in moved.get_data(as_text=True)  # everything comes first now
    assert names(company) == ["Everything", "Urgent repairs"]
    assert post(office, "/sla/policies/order", ids=[first, other]).status_code == 303
    assert names(company) == ["Urgent repairs", "Everything"]
    assert post(office, "/sla/policies/order", ids=[first]).status_code == 409
    assert post(office, f"/sla/policies/{first}/edit", **form | {"name": "Emergencies"}).status_code == 303
    assert names(company) == ["Emergencies", "Everything"]
    post(office, f"/sla/policies/{first}/end")
    assert names(company) == ["Everything"]  # no job ever had it: it is gone


def test_a_policy_that_cannot_be_comes_back_with_what_is_wrong(company: Company) -> None:
    office = company.sign_in("manager")
    post(office, "/sla/policies/new", name="Urgent", response_minutes="30", warn_percent="80")
    wrong = post(office, "/sla/policies/new", name="URGENT", response_minutes="30", warn_percent="80")
    assert wrong.status_code == 422
    assert "There is a policy URGENT already." in wrong.get_data(as_text=True)
    wrong = post(office, "/sla/policies/new", name="Other", response_minutes="soon", warn_percent="80")
    assert "Write a length of time such as 30 min" in wrong.get_data(as_text=True)
    wrong = post(office, "/sla/policies/new", name="Other", warn_percent="80")
    assert "Promise a response, a resolution, or both." in wrong.get_data(as_text=True)


def test_the_federal_holidays_come_with_one_click_and_ones_own_beside_them(company: Company) -> None:
    office = company.sign_in("manager")
    assert post(office, "/sla/holidays/federal?year=2026").status_code == 303
    page = office.get("/sla/holidays?year=2026").get_data(as_text=True)
    assert "Thanksgiving Day" in page
    assert "Independence Day (observed)" in page
    assert "Thursday, November 26" in page
    with company.acting():
        mine = select(Holiday).where(Holiday.tenant_id == company.tenant_id)
        assert len(db.session.scalars(mine).all()) == 12  # eleven, and July 3 for the 4th
    post(office, "/sla/holidays/federal?year=2026")
    with company.acting():
        assert len(db.session.scalars(mine).all()) == 12
        columbus = db.session.scalars(mine.where(Holiday.name == "Columbus Day")).one().id
    post(office, f"/sla/holidays/{columbus}/remove")
    assert post(office, "/sla/holidays", date="2026-12-24", name="Christmas Eve").status_code == 303
    page = office.get("/sla/holidays?year=2026").get_data(as_text=True)
    assert "Christmas Eve" in page
    assert "Columbus Day" not in page
    refused = post(office, "/sla/holidays", date="2026-12-24", name="Again")
    assert refused.status_code == 422
    assert "That day is a holiday already: Christmas Eve." in refused.get_data(as_text=True)


def test_a_jobs_page_says_how_its_promises_stand_and_the_board_gets_a_mark(company: Company) -> None:
    (number,) = broken(company)
    with clock.at(make.at(12)):
        office = company.sign_in("dispatcher")
        page = office.get(f"/jobs/{number}").get_data(as_text=True)
        for words in (
            "Promised by the clock",
            "Within the hour",
            "Broken",
            "2 h late",
            "noticed that the response is late",
        ):
            assert words in page, words
        with company.acting("dispatcher"):
            (mark,) = registry.marks_of([number])[number]
            assert (mark.key, mark.level, mark.text) == (
                "sla-response-breached",
                "danger",
                "Response 2 h late",
            )
    with company.acting("manager"):
        assert registry.marks_of([make.job("Fresh").id]) == {}


def test_a_breach_is_listed_and_excused(company: Company) -> None:
    (number,) = broken(company)
    with company.acting():
        violation = db.session.scalars(select(SlaViolation).where(SlaViolation.job_id == number)).one().id
    with clock.at(make.at(12)):
        office = company.sign_in("manager")
        page = office.get("/sla/violations").get_data(as_text=True)
        for words in ("Job 0", "Response", "2 h", "Not kept yet", "Within the hour"):
            assert words in page, words
        assert post(office, f"/sla/violations/{violation}/excuse", reason="").status_code == 422
        post(office, f"/sla/violations/{violation}/excuse", reason="The customer asked us to wait")
        page = office.get("/sla/violations?state=excused").get_data(as_text=True)
        assert "The customer asked us to wait" in page
        assert "Job 0" not in office.get("/sla/violations?state=open").get_data(as_text=True)
        assert "Excused" in office.get(f"/jobs/{number}").get_data(as_text=True)
        csv = office.get("/sla/violations?format=csv").get_data(as_text=True)
        assert csv.splitlines()[1].startswith(f"{number},Job 0,Response,2026-11-30 10:00")
        post(office, f"/sla/violations/{violation}/unexcuse")
        assert "Job 0" in office.get("/sla/violations?state=open").get_data(as_text=True)


def test_the_report_counts_kept_broken_and_excused_by_policy_technician_and_month(company: Company) -> None:
    broken(company, 2)
    with company.acting("manager"):
        tina = make.technician()
        kept = make.job("Kept")
        dispatch.assign(kept.id, [tina.id])
        dispatch.report(reading.visits(kept.id)[0].id, dispatch.Report(status="acknowledged"))
        cancelled = make.job("Cancelled")
        dispatch.cancel(cancelled.id, "Sold the house")
        with clock.at(make.at(9) - timedelta(days=31)):
            make.job("In October")
    with clock.at(make.at(12)):
        office = company.sign_in("manager")
        page = office.get("/sla?days=90").get_data(as_text=True)
        assert "25%" in page  # one of four
        rows = office.get("/sla?days=90&format=csv").get_data(as_text=True).splitlines()
        assert rows == ["Policy,Kept,Broken,Excused,Running,Kept %", "Within the hour,1,3,0,0,25.00"]
        by_person = office.get("/sla?by=technician&format=csv").get_data(as_text=True).splitlines()
        assert by_person[1:] == ["Nobody assigned,0,2,0,0,0.00", "Tina Torres,1,0,0,0,100.00"]
        by_month = office.get("/sla?by=month&days=90&format=csv").get_data(as_text=True).splitlines()
        assert by_month[1:] == ["2026-10,0,1,0,0,0.00", "2026-11,1,2,0,0,33.33"]
        assert office.get("/sla?from=2020-01-01&to=2026-11-30").status_code == 200


def test_the_pages_cost_the_same_however_much_is_on_them(company: Company) -> None:
    broken(company, 1)
    office = company.sign_in("manager")
    costs: dict[str, list[int]] = {}
    for turn in range(2):
        for url in ("/sla", "/sla/violations", "/sla/policies", "/sla/holidays"):
            office.get(url)
            with counted() as asked:
                office.get(url)
            costs.setdefault(url, []).append(len(asked))
        with company.acting("manager"):
            for n in range(5):
                make.job(f"More {n}")
                sla.policy(f"Policy {turn} {n}")
            with clock.at(make.at(13)):
                sla.look()
    assert all(first == second for first, second in costs.values()), costs


def test_who_may_see_and_who_may_change(company: Company) -> None:
    assert company.sign_in("technician").get("/sla").status_code == 403
    dispatcher = company.sign_in("dispatcher")
    page = dispatcher.get("/sla/policies").get_data(as_text=True)
    assert "New policy" not in page
    assert post(dispatcher, "/sla/policies/new", name="Mine", response_minutes="5").status_code == 403


def test_hours_in_words() -> None:
    week = dict.fromkeys(range(5), (480, 1020)) | {5: (540, 720)}
    assert hours_words(week) == "Mon–Fri 8:00 AM–5:00 PM; Sat 9:00 AM–12:00 PM"
    assert hours_words({}) == ""


def test_whoever_may_not_open_promises_sees_no_mark_of_them_on_the_board(company: Company) -> None:
    numbers = broken(company)
    with clock.at(make.at(12)):
        with company.acting("dispatcher"):
            assert registry.marks_of(numbers)
        with company.acting("accountant"):
            assert registry.marks_of(numbers) == {}
