"""Who suits a job, and why."""

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.factories import dispatch as make
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from tests.routing.test_slots import DOWNTOWN, FAR, NEAR, complete, profile
from webapp.dispatch import service as dispatch
from webapp.dispatch.queries import jobs as reading
from webapp.kit import clock, errors
from webapp.kit.db import add
from webapp.models import DispatchJob, Technician, TechnicianSkill
from webapp.routing import service
from webapp.routing.queries import lanes as lane_queries
from webapp.routing.rules import lanes, suit


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(7)):
        yield


def ranked(job: DispatchJob) -> list[suit.Suggestion]:
    return service.suggestions(job.id).ranked


def waiting(place: tuple[float, float] = DOWNTOWN, **more: Any) -> DispatchJob:
    """A job at nine that nobody is sent on."""
    return make.job("AC not cooling", latitude=place[0], longitude=place[1],
                    **{"start": make.at(9), "end": make.at(10)} | more)  # fmt: skip


def visit(someone: Technician, hour: int, place: tuple[float, float]) -> DispatchJob:
    return make.job(f"Booked at {hour}", start=make.at(hour), end=make.at(hour + 1), crew=(someone,), latitude=place[0],
                    longitude=place[1], override_reason="far")  # fmt: skip


def driven(someone: Technician) -> int:
    """Minutes that a technician drives on the day, home to home, counted from the visits themselves."""
    day = make.MONDAY
    lane = next(
        one for one in lane_queries.read(day, day, "America/New_York") if one.technician_id == someone.id
    )
    drive = lanes.drive_by(30)
    places = [lane.home, *(s.place for s in lane.stops if s.place), lane.end]
    return sum(drive(a, b) for a, b in pairwise(places))


def test_the_nearest_who_is_free_comes_first_and_it_is_said_why(company: Company) -> None:
    with company.acting("dispatcher"):
        near, far, busy = (
            make.technician("Nora Near"),
            make.technician("Fred Far"),
            make.technician("Bea Busy"),
        )
        for someone, place in ((near, NEAR), (far, (28.1, -82.4572)), (busy, NEAR)):
            profile(someone, place)
        visit(busy, 9, NEAR)
        found = ranked(waiting())
    assert [s.name for s in found] == ["Nora Near", "Fred Far", "Bea Busy"]
    assert [bool(s.missing) for s in found] == [False, False, True]
    assert "has no time then: “Booked at 9”" in found[2].why
    assert found[0].why.startswith("Nora Near: 2 minutes from the start of their day, which adds ")
    assert all(part.why for s in found for part in s.parts.values())


def test_the_added_minutes_are_those_of_the_route_with_and_without_the_job(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        profile(tina, (27.90, -82.50))
        visit(tina, 8, NEAR)
        visit(tina, 13, (28.05, -82.40))
        job = waiting((28.0, -82.30), start=make.at(10), end=make.at(11))
        said = ranked(job)[0]
        before = driven(tina)
        service.send(job.id, tina.id)
        after = driven(tina)
    assert said.missing == []
    assert said.added == after - before > 0


def test_skill_level_and_expiry_zone_and_shift_are_reasons_against(company: Company) -> None:
    with company.acting("dispatcher"):
        able, weak, late, none, south = (
            make.technician(n) for n in ("Able", "Weak", "Late", "None", "South")
        )
        gas = make.skill("Gas fitting", able, south, level=4)
        for someone, level, until in ((weak, 2, None), (late, 5, make.MONDAY - timedelta(days=3))):
            add(TechnicianSkill(technician_id=someone.id, skill_id=gas.id, level=level, expires_on=until))
        make.zone("North", able, weak, late, none)
        zone = make.zone("South", south)
        north = make.zone("Here", able)
        make.shift(none, 12, 17)
        job = waiting(skills=[dispatch.SkillNeed(gas.id, 3)])
        job.zone_id = north.id
        by = {s.name: s for s in ranked(job)}
    assert by["Able"].missing == []
    assert "Gas fitting at level 4, 3 needed" in by["Able"].why
    assert by["Weak"].missing[0] == "has Gas fitting only at level 2, 3 needed"
    assert by["Late"].missing[0] == "has an expired Gas fitting (November 27)"
    assert by["None"].missing == [
        "does not have Gas fitting",
        "does not work in Here",
        "has no time then: outside the shift",
    ]
    assert by["South"].missing == ["does not work in Here"]
    assert zone.id != north.id


def test_work_done_there_before_counts(company: Company) -> None:
    with company.acting("dispatcher"):
        make.technician("Ann Other")
        tina = make.technician()
        done = make.job("Done", start=make.at(5), end=make.at(6), crew=(tina,), customer_name="John Smith")
        complete(done)
        found = ranked(waiting(customer_id=done.customer_id))
    assert found[0].name == "Tina Torres"
    assert found[0].parts["history"].why == "Completed one visit for this customer."


def test_a_job_without_a_time_is_given_the_gap_that_adds_least(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        profile(tina, FAR)
        visit(tina, 12, NEAR)
        found = ranked(waiting(start=None, end=None))[0]
    assert found.starts is not None
    assert lanes.moment(found.starts) <= make.at(11)
    assert found.added is not None
    assert found.added < 5


def test_a_day_without_technicians_and_a_job_that_is_over(company: Company) -> None:
    with company.acting("dispatcher"):
        job = waiting()
        assert ranked(job) == []
        dispatch.cancel(job.id, "Sold the house")
        with pytest.raises(errors.Conflict, match="nobody needs to be sent"):
            ranked(job)


def test_the_number_of_statements_does_not_grow_with_technicians(company: Company) -> None:
    with company.acting("dispatcher"):
        first, job = make.technician("First"), waiting()
        ranked(job)
        with counted() as few:
            ranked(job)
        for n in range(5):
            visit(make.technician(f"Tech {n}"), 12, NEAR)
        visit(first, 14, NEAR)
        with counted() as many:
            assert len(ranked(job)) == 6
    assert len(few) == len(many) <= 10


def test_the_work_for_a_technician_does_not_grow_with_the_team() -> None:
    start, asked = lanes.minute(make.at(8)), 0
    team = [
        lanes.Lane(n, f"Tech {n}", home=(27.9 + n / 1000, -82.4), end=(27.9 + n / 1000, -82.4), lunch=lanes.Lunch(30, 660, 840),
                   stops=[lanes.Stop(start + k * 60, start + k * 60 + 40, "x", (27.9 + k / 100, -82.5)) for k in range(8)])
        for n in range(200)
    ]  # fmt: skip

    def drive(a: Any, b: Any) -> int:
        nonlocal asked
        asked += 1
        return lanes.drive_by(30)(a, b)

    ask = suit.Ask(minutes=20, earliest=start, latest=start + 540, place=DOWNTOWN, skills={})
    found = suit.rank(
        team, ask, [make.MONDAY], "America/New_York", {0: (480, 1020)}, start - 60, drive, {}, str
    )
    assert len(found) == 200
    assert asked < 200 * 60


def test_suggestions_over_the_api(company: Company) -> None:
    with company.acting("dispatcher"):
        profile(make.technician(), NEAR)
        job = waiting()
    api = company.api("dispatcher")
    one = api.get(f"/admin/dispatch/{job.id}/suggestions").json["data"][0]
    assert one["technician_name"] == "Tina Torres"
    assert set(one["parts"]) == {"skills", "zone", "distance", "availability", "workload", "history"}
    assert one["starts_at"] == "2026-11-30T14:00:00Z"
    assert 0 <= one["score"] <= 100
    assert company.api("technician").get(f"/admin/dispatch/{job.id}/suggestions").status_code == 403


def test_assigning_from_the_fragment_and_giving_a_reason_where_something_is_in_the_way(
    company: Company,
) -> None:
    with company.acting("dispatcher"):
        tina, bea = make.technician(), make.technician("Bea Busy")
        visit(bea, 9, NEAR)
        job = waiting()
    browser = company.sign_in("dispatcher")
    url = f"/dispatch/jobs/{job.id}/suggestions"
    page = browser.get(url).get_data(as_text=True)
    assert page.index("Tina Torres") < page.index("Bea Busy")
    token = {"csrf_token": csrf_of(page)}
    refused = browser.post(f"{url}/{bea.id}", data=token, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "Give a reason to do it all the same" in refused.get_data(as_text=True)
    sent = browser.post(
        f"{url}/{bea.id}", data=token | {"override_reason": "Asked for her"}, headers={"HX-Request": "true"}
    )
    assert sent.status_code == 200
    assert "Bea Busy is sent." in sent.headers["HX-Trigger"]
    assert json.loads(sent.headers["HX-Trigger"])["toast"][0]["undo_url"].startswith("/dispatch/undo/")
    assert "dispatch-changed" in sent.headers["HX-Trigger"]
    assert browser.post(f"{url}/{tina.id}", data=token).status_code == 303
    with company.acting("dispatcher"):
        assert [s.name for s in reading.sent([reading.visits(job.id)[0].id]).popitem()[1]] == ["Tina Torres"]


def test_who_helps_stays_when_another_leads(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom, ann = (make.technician(n) for n in ("Tina Torres", "Tom Tanner", "Ann Other"))
        job = waiting(crew=(tina, tom))
        service.send(job.id, ann.id)
        crew = reading.sent([reading.visits(job.id)[0].id]).popitem()[1]
    assert [(s.name, s.lead) for s in crew] == [("Ann Other", True), ("Tom Tanner", False)]
