"""What visits take: one visit at a time, told by dispatch, shown on time sheets."""

from typing import Any

import pytest

from tests.factories import dispatch
from tests.factories import timesheets as make
from tests.factories.queries import counted
from tests.factories.timesheets import NOON, at
from tests.factories.world import Company
from webapp.dispatch.queries import jobs as reading
from webapp.kit import clock
from webapp.kit.db import db
from webapp.models import JobTime
from webapp.timesheets import queries, service


@pytest.fixture
def visits(company: Company) -> list[int]:
    """Two visits."""
    with company.acting():
        return [reading.visits(dispatch.job(title).id)[0].id for title in ("No heat", "Leak")]


def kept(company: Company) -> list[tuple[int, str, Any, Any]]:
    with company.acting():
        found = (
            db.session.query(JobTime)
            .filter_by(tenant_id=company.tenant_id)
            .order_by(JobTime.started_at, JobTime.id)
        )
        return [(j.visit_id, j.kind, j.started_at, j.ended_at) for j in found]


def test_travel_ends_where_work_begins_and_work_where_the_next_travel_does(
    company: Company, visits: list[int]
) -> None:
    mike = make.technician(company)
    first, second = visits
    with company.acting("dispatcher"):
        service.start_job_time(first, mike, "travel", at(8))
        service.start_job_time(first, mike, "work", at(8, 20))
        service.start_job_time(second, mike, "travel", at(10))
        service.end_job_time(second, mike, at(10, 30))
    assert kept(company) == [
        (first, "travel", at(8), at(8, 20)),
        (first, "work", at(8, 20), at(10)),
        (second, "travel", at(10), at(10, 30)),
    ]


def test_told_twice_it_begins_once_and_what_is_over_ends_once(company: Company, visits: list[int]) -> None:
    mike = make.technician(company)
    with company.acting("dispatcher"):
        one = service.start_job_time(visits[0], mike, "work", at(8))
        again = service.start_job_time(visits[0], mike, "work", at(8, 5))
        assert one.id == again.id
        ended = service.end_job_time(visits[0], mike, at(9))
        assert ended is not None
        assert service.end_job_time(visits[0], mike, at(9, 30)) is None
    assert kept(company) == [(visits[0], "work", at(8), at(9))]


def test_an_end_before_the_start_is_no_time_at_all(company: Company, visits: list[int]) -> None:
    mike = make.technician(company)
    with company.acting("dispatcher"):
        service.start_job_time(visits[0], mike, "work", at(8))
        service.end_job_time(visits[0], mike, at(7))
        assert queries.job_minutes(visits[:1])[visits[0]] == queries.JobMinutes(0, 0)


def test_another_kind_is_a_mistake_of_the_program(company: Company, visits: list[int]) -> None:
    mike = make.technician(company)
    with company.acting("dispatcher"), pytest.raises(ValueError, match="travel"):
        service.start_job_time(visits[0], mike, "lunch", at(8))


def test_minutes_of_visits_are_of_all_their_technicians_and_until_now(
    company: Company, visits: list[int]
) -> None:
    mike, una = make.technician(company), make.somebody(company)
    with clock.at(NOON), company.acting("dispatcher"):
        service.start_job_time(visits[0], mike, "travel", at(8))
        service.start_job_time(visits[0], mike, "work", at(8, 30))
        service.end_job_time(visits[0], mike, at(9))
        service.start_job_time(visits[0], una, "work", at(11))
        with counted() as asked:
            found = queries.job_minutes(visits)
        assert len(asked) == 1
        assert found == {visits[0]: queries.JobMinutes(30, 90), visits[1]: queries.JobMinutes(0, 0)}
        assert found[visits[0]].total == 120
        assert queries.job_minutes([]) == {}


def test_clocking_out_ends_the_time_on_a_visit(company: Company, visits: list[int]) -> None:
    mike = make.technician(company)
    make.clocked(company, at(8))
    with company.acting("dispatcher"):
        service.start_job_time(visits[0], mike, "work", at(9))
    with clock.at(at(11)), company.acting("technician"):
        service.clock_out(service.Punch())
    assert kept(company) == [(visits[0], "work", at(9), at(11))]


def test_the_sheet_tells_travel_work_and_the_rest_apart(company: Company, visits: list[int]) -> None:
    mike = make.technician(company)
    make.clocked(company, at(8))
    with company.acting("dispatcher"):
        service.start_job_time(visits[0], mike, "travel", at(8, 30))
        service.start_job_time(visits[0], mike, "work", at(9))
        service.end_job_time(visits[0], mike, at(10, 30))
    with clock.at(at(11)), company.acting("technician"):
        service.clock_out(service.Punch())
    with clock.at(NOON):
        (sheet,) = company.api("manager").get("/time-tracking/time-sheets").json["data"]["items"]
        day = sheet["days"][2]
        page = company.sign_in("manager").get(f"/time-sheets/{sheet['id']}").text
    assert (day["minutes"], day["travel_minutes"], day["work_minutes"], day["unassigned_minutes"]) == (
        180,
        30,
        90,
        60,
    )
    assert "1:30" in page


def test_who_is_clocked_in_now_is_shown_with_the_job_they_are_on(company: Company, visits: list[int]) -> None:
    mike = make.technician(company)
    make.clocked(company, at(8))
    with clock.at(at(9)):
        with company.acting("dispatcher"):
            service.start_job_time(visits[0], mike, "travel", at(8, 50))
        api = company.api("dispatcher").get("/time-tracking/clocked-in").json["data"]
        page = company.sign_in("dispatcher").get("/time-sheets/now").text
    assert [(p["technician_name"], p["minutes"], p["visit"]) for p in api] == [
        ("Mike Johnson", 60, "No heat")
    ]
    assert "Driving" in page and "No heat" in page
