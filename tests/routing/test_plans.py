"""Route plans: made in the background, shown before anything changes, accepted whole or for some, refused when outdated."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import dispatch as make
from tests.factories.world import Company
from tests.routing.test_slots import profile
from webapp.accounts import queries as accounts
from webapp.dispatch import service as dispatch
from webapp.dispatch.queries import jobs as reading
from webapp.kit import clock, errors, jobs, timeline
from webapp.kit.db import db, get
from webapp.models import DispatchJob, RoutePlan, Technician
from webapp.routing import service
from webapp.routing.queries import lanes as lane_queries
from webapp.routing.rules import lanes

WEST, MIDDLE, EAST = (27.95, -82.60), (27.95, -82.45), (27.95, -82.30)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(6)):
        yield


def visit(
    title: str, hour: int, place: tuple[float, float], *crew: Technician, minutes: int = 60, **more: Any
) -> DispatchJob:
    start = make.at(hour)
    return make.job(title, start=start, end=start + timedelta(minutes=minutes), crew=crew, latitude=place[0],
                    longitude=place[1], expected_minutes=minutes, override_reason="as it came in", **more)  # fmt: skip


def waits(title: str, place: tuple[float, float] | None = MIDDLE, **more: Any) -> DispatchJob:
    if place is not None:
        more |= {"latitude": place[0], "longitude": place[1]}
    return make.job(title, **{"expected_minutes": 60} | more)


def team(*, lunch: int = 0) -> tuple[Technician, Technician]:
    """Wes who lives in the west, and Eve in the east, an hour's drive apart."""
    wes, eve = make.technician("Wes West"), make.technician("Eve East")
    profile(wes, WEST, lunch=lunch)
    profile(eve, EAST, lunch=lunch)
    return wes, eve


def planned(company: Company, **more: Any) -> RoutePlan:
    """Ask for a plan of Monday and have it made."""
    with company.acting("dispatcher"):
        plan_id = service.ask(make.MONDAY, **more).id
    with company.app.app_context():
        jobs.drain(jobs.LONG, company.tenant_id)
    with company.acting("dispatcher"):
        return get(RoutePlan, plan_id)


def of(plan: RoutePlan, name: str, key: str = "after") -> list[str]:
    """The titles on somebody's route."""
    assert plan.proposal is not None
    one = next(t for t in plan.proposal["technicians"] if t["name"] == name)
    return [s["title"] for s in one[key]["stops"] if s["kind"] == "visit"]


def lane(someone: Technician) -> list[tuple[str, datetime]]:
    found = lane_queries.read(make.MONDAY, make.MONDAY, "America/New_York", technician_ids=[someone.id])[0]
    return [(s.title, lanes.moment(s.starts)) for s in found.stops]


def test_visits_that_cross_town_change_hands_and_nothing_changes_before_it_is_accepted(
    company: Company,
) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        visit("In the east", 9, EAST, wes)
        visit("In the west", 9, WEST, eve)
    plan = planned(company)
    assert plan.status == "ready"
    assert (of(plan, "Wes West"), of(plan, "Eve East")) == (["In the west"], ["In the east"])
    assert (of(plan, "Wes West", "before"), of(plan, "Eve East", "before")) == (
        ["In the east"],
        ["In the west"],
    )
    assert plan.before_minutes is not None
    assert plan.before_minutes > 90
    assert plan.after_minutes == 0
    with company.acting("dispatcher"):
        assert [t for t, _ in lane(wes)] == ["In the east"]
        service.accept(plan.id)
        assert [t for t, _ in lane(wes)] == ["In the west"]
        assert [t for t, _ in lane(eve)] == ["In the east"]
        assert get(RoutePlan, plan.id).accepted_for == sorted([wes.id, eve.id])
        with pytest.raises(errors.Conflict, match="nothing left"):
            service.accept(plan.id)


def test_an_accepted_plan_is_taken_back_whole_and_only_once(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        visit("East job", 9, EAST, wes)
        visit("West job", 9, WEST, eve)
        waits("Waits", MIDDLE)
        dispatch.confirm(visit("Stays", 15, WEST, wes).id)
    plan = planned(company)
    with company.acting("dispatcher"):
        before = lane(wes), lane(eve)
        service.accept(plan.id)
        assert (lane(wes), lane(eve)) != before
        service.take_back(plan.id, 0)
        assert (lane(wes), lane(eve)) == before
        waiting = db.session.scalars(select(DispatchJob).filter_by(title="Waits")).one()
        assert (waiting.status, waiting.scheduled_start) == ("pending", None)
        now = get(RoutePlan, plan.id)
        assert (now.status, now.accepted_for) == ("discarded", [])
        with pytest.raises(errors.Conflict, match="taken back already"):
            service.take_back(plan.id, 0)


def test_a_plan_is_not_taken_back_over_what_somebody_changed_since(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        east = visit("East job", 9, EAST, wes)
        visit("West job", 9, WEST, eve)
    plan = planned(company)
    with company.acting("dispatcher"):
        service.accept(plan.id)
        start = make.at(14)
        dispatch.place(
            reading.visits(east.id)[0].id,
            dispatch.Placement(starts_at=start, ends_at=start + timedelta(hours=1)),
        )
        now = lane(wes), lane(eve)
        with pytest.raises(dispatch.Stale, match="changed meanwhile"):
            service.take_back(plan.id, 0)
        assert (lane(wes), lane(eve)) == now


def test_those_who_exchange_visits_are_accepted_together_others_are_left(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        sam = make.technician("Sam South")
        profile(sam, (27.6, -82.45))
        visit("In the east", 9, EAST, wes)
        visit("In the west", 9, WEST, eve)
        south = waits("In the south", (27.6, -82.45))
    plan = planned(company)
    assert plan.proposal is not None
    groups = {t["name"]: t["group"] for t in plan.proposal["technicians"]}
    assert groups["Wes West"] == groups["Eve East"] != groups["Sam South"]
    with company.acting("dispatcher"):
        service.accept(plan.id, [wes.id])
        assert ([t for t, _ in lane(wes)], [t for t, _ in lane(eve)], lane(sam)) == (
            ["In the west"],
            ["In the east"],
            [],
        )
        service.accept(plan.id, [sam.id])
        assert [t for t, _ in lane(sam)] == ["In the south"]
        assert get(DispatchJob, south.id).status == "dispatched"


def test_what_waits_is_placed_and_what_cannot_be_says_why(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        gas = make.skill("Gas fitting", wes, level=2)
        waits("Easy")
        waits("Expert", skills=[dispatch.SkillNeed(gas.id, 4)])
        waits("Nowhere", None)
        waits("At night", window_start=make.at(17, 30), window_end=make.at(18, 30))
        waits("Too long", expected_minutes=700)
        north = make.zone("North")
        make.zone("South", wes, eve)
        waits("In the north").zone_id = north.id
    plan = planned(company)
    assert plan.proposal is not None
    said = {u["title"]: u["reason"] for u in plan.proposal["unassigned"]}
    assert plan.proposal["placed"] == 1
    assert said["Expert"] == "Nobody who works that day has Gas fitting at level 4; the best is 2."
    assert said["Nowhere"] == "Nobody knows where it is: give it an address or a ZIP code."
    assert said["At night"] == "Its window lies outside everybody’s shift."
    assert said["Too long"] == "It takes longer than everybody’s shift."
    assert said["In the north"] == "Nobody who could do it works in North."


def test_promised_windows_pins_confirmed_times_and_lunch_are_kept(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team(lunch=60)
        pinned = visit("Pinned", 15, EAST, wes)
        dispatch.place(
            reading.visits(pinned.id)[0].id, dispatch.Placement(pinned=True, override_reason="far")
        )
        visit("Promised", 9, MIDDLE, eve, window_start=make.at(13), window_end=make.at(15))
        confirmed = visit("Confirmed", 10, MIDDLE, eve)
        dispatch.confirm(confirmed.id)
        visit("Together", 8, MIDDLE, wes, eve)
    plan = planned(company)
    assert plan.proposal is not None
    stops = {s["title"]: (s, t["name"]) for t in plan.proposal["technicians"] for s in t["after"]["stops"]}
    assert (stops["Pinned"][1], stops["Pinned"][0]["starts_at"], stops["Pinned"][0]["fixed"]) == (
        "Wes West", clock.iso(make.at(15)), "pinned")  # fmt: skip
    assert clock.iso(make.at(13)) <= stops["Promised"][0]["starts_at"] <= clock.iso(make.at(15))
    assert stops["Confirmed"][0]["starts_at"] == clock.iso(make.at(10))
    assert {t["name"] for t in plan.proposal["technicians"] for s in t["after"]["stops"] if s["title"] == "Together"} == {
        "Wes West", "Eve East"}  # fmt: skip
    assert all(any(s["title"] == "Lunch" for s in t["after"]["stops"]) for t in plan.proposal["technicians"])
    assert plan.proposal["warnings"] == []
    with company.acting("dispatcher"):
        service.accept(plan.id)
        assert ("Pinned", make.at(15)) in lane(wes)
        assert ("Together", make.at(8)) in lane(wes)
        assert ("Together", make.at(8)) in lane(eve)


def test_a_day_that_is_good_already_stays_and_says_so(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        visit("In the west", 9, WEST, wes)
        visit("In the east", 9, EAST, eve)
    plan = planned(company)
    assert plan.proposal is not None
    assert plan.proposal["kept"]
    assert plan.before_minutes == plan.after_minutes
    assert not any(t["changed"] for t in plan.proposal["technicians"])
    with company.acting("dispatcher"), pytest.raises(errors.Conflict, match="nothing left"):
        service.accept(plan.id)


@pytest.mark.parametrize("what", ["moved", "block", "new", "cancelled"])
def test_a_plan_that_the_board_has_overtaken_is_refused_with_what_changed(
    company: Company, what: str
) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        job = visit("In the east", 9, EAST, wes)
        visit("In the west", 9, WEST, eve)
    plan = planned(company)
    with company.acting("dispatcher"):
        if what == "moved":
            dispatch.assign(job.id, [wes.id], starts_at=make.at(11))
        elif what == "block":
            make.block(wes, make.at(12), make.at(13))
        elif what == "new":
            visit("Just in", 14, MIDDLE, eve)
        else:
            dispatch.cancel(job.id, "Sold the house")
        said = {
            "moved": "“In the east” was changed.",
            "block": "The blocked times of Wes West were changed.",
            "new": "“Just in” is new on the day of Eve East.",
            "cancelled": "“In the east” is not on this day any more.",
        }
        with pytest.raises(service.Outdated) as refused:
            service.accept(plan.id)
        assert said[what] in refused.value.message
        assert refused.value.details["changes"] == [said[what]]
        assert lane(eve)[0][0] == "In the west"


def test_from_the_middle_of_the_day_on_what_has_happened_stays(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        done = visit("Done", 8, WEST, wes)
        under_way = visit("Under way", 11, EAST, wes, minutes=120)
        visit("Should have begun", 10, EAST, eve)
        visit("Later", 15, WEST, eve)
    with clock.at(make.at(12)):
        with company.acting("dispatcher"):
            for job, steps in (
                (done, ("on_site", "in_progress", "completed")),
                (under_way, ("on_site", "in_progress")),
            ):
                for status in steps:
                    dispatch.report(
                        reading.visits(job.id)[0].id, dispatch.Report(status=status, reason="by phone")
                    )
        plan = planned(company)
        assert plan.proposal is not None
        stops = {
            s["title"]: (s, t["name"]) for t in plan.proposal["technicians"] for s in t["after"]["stops"]
        }
        assert "Done" not in stops
        assert "Under way" not in stops
        assert [s["title"] for t in plan.proposal["technicians"] for s in t["begun"]] == ["Done", "Under way"]
        assert stops["Should have begun"][0]["starts_at"] >= clock.iso(make.at(12))
        # Wes is in the east until two; nothing of his begins before
        wes_starts = [s["starts_at"] for s, name in stops.values() if name == "Wes West"]
        assert all(s >= clock.iso(make.at(14)) for s in wes_starts)
        with company.acting("dispatcher"):
            service.accept(plan.id)


def test_a_visit_that_cannot_be_kept_any_more_is_late_and_does_not_stop_the_plan(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, _ = team()
        long = visit("Under way", 9, WEST, wes, minutes=150)
        visit("Promised", 10, EAST, wes, window_start=make.at(10), window_end=make.at(11))
        waits("Waits", MIDDLE, priority="urgent")
    with clock.at(make.at(9)), company.acting("dispatcher"):
        for status in ("on_site", "in_progress"):
            dispatch.report(reading.visits(long.id)[0].id, dispatch.Report(status=status, reason="by phone"))
    with clock.at(
        make.at(10, 55)
    ):  # Wes is in the west until half past eleven: nobody can be in the east by eleven
        plan = planned(company, technician_ids=[wes.id])
    assert plan.proposal is not None
    assert sorted(of(plan, "Wes West")) == ["Promised", "Waits"]
    assert plan.proposal["unassigned"] == []
    stops = [s for t in plan.proposal["technicians"] for s in t["after"]["stops"]]
    promised = next(s["starts_at"] for s in stops if s["title"] == "Promised")
    assert promised < make.at(14).isoformat()  # as little late as can be, not at the end of the day
    assert plan.proposal["warnings"] == ["Wes West: “Promised” begins outside its window."]


def test_someone_who_is_off_gives_their_visits_to_others(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        visit("His", 10, MIDDLE, wes)
        make.block(wes, make.at(0), make.at(18), "time_off")
    plan = planned(company)
    assert of(plan, "Eve East") == ["His"]
    with company.acting("dispatcher"):
        service.accept(plan.id)
        assert [t for t, _ in lane(eve)] == ["His"]


def test_time_for_emergencies_is_kept_free_also_by_a_plan(company: Company) -> None:
    with company.acting("admin"):
        make.technician()  # nine hours
        organization = accounts.organization()
        organization.settings = organization.settings | {"dispatch": {"emergency_minutes": 400}}
        for n in range(3):
            waits(f"Job {n}")
        waits("Gas smell", priority="urgent")
    plan = planned(company)
    assert plan.proposal is not None
    assert [u["reason"] for u in plan.proposal["unassigned"]] == [
        "The time that is left is kept free for emergencies."
    ] * 2
    assert "Gas smell" in of(plan, "Tina Torres")


def test_a_day_without_technicians_a_day_that_is_over_and_one_asked_twice(company: Company) -> None:
    with company.acting("dispatcher"):
        waits("Alone")
    plan = planned(company)
    assert plan.status == "ready"
    assert plan.proposal is not None
    assert plan.proposal["unassigned"][0]["reason"] == "Nobody works that day."
    with company.acting("dispatcher"):
        with pytest.raises(errors.Invalid, match="at most 90 days"):
            service.ask(make.MONDAY + timedelta(days=91))
        with pytest.raises(errors.NotFound):
            service.ask(make.MONDAY, technician_ids=[2**40])
        second = service.ask(make.MONDAY)
        assert get(RoutePlan, plan.id).status == "discarded"  # the ready one before
        with pytest.raises(errors.Conflict, match="being planned already"):
            service.ask(make.MONDAY)
        service.discard(second.id)
        with pytest.raises(errors.Conflict, match="was discarded"):
            service.accept(second.id)
        assert jobs.statuses([second.job_id or 0])[second.job_id or 0].status == "cancelled"


def test_only_those_named_are_planned(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        visit("In the east", 9, EAST, wes)
        visit("In the west", 9, WEST, eve)
        waits("Waits")
    plan = planned(company, technician_ids=[wes.id])
    assert plan.proposal is not None
    assert [t["name"] for t in plan.proposal["technicians"]] == ["Wes West"]
    assert sorted(of(plan, "Wes West")) == ["In the east", "Waits"]


def test_the_history_of_a_job_says_that_a_plan_moved_it(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        job = visit("In the east", 9, EAST, wes)
        visit("In the west", 9, WEST, eve)
    plan = planned(company)
    with company.acting("dispatcher"):
        service.accept(plan.id)
    with company.acting("dispatcher"):
        found, _ = timeline.read("dispatch_job", job.id, limit=1)
        assert (found[0].action, found[0].payload["reason"]) == ("dispatch.assigned", f"Route plan {plan.id}")


def test_plans_over_the_api(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        visit("In the east", 9, EAST, wes)
        visit("In the west", 9, WEST, eve)
    api = company.api("dispatcher")
    asked = api.post("/admin/dispatch/optimize-routes", {"date": "2026-11-30"})
    assert (asked.status_code, asked.json["data"]["status"], asked.json["data"]["technicians"]) == (
        201,
        "queued",
        [],
    )
    with company.app.app_context():
        jobs.drain(jobs.LONG, company.tenant_id)
    url = f"/admin/dispatch/route-plans/{asked.json['data']['id']}"
    data = api.get(url).json["data"]
    assert (data["status"], data["progress"], data["saved_minutes"]) == ("ready", 100, data["before_minutes"])
    assert [t["after"]["stops"][0]["title"] for t in data["technicians"]] == ["In the east", "In the west"]
    assert api.get("/admin/dispatch/route-plans?date=2026-11-30").json["data"]["total"] == 1
    assert api.patch(f"{url}/accept", {"technician_ids": [2**40]}).status_code == 404
    assert api.patch(f"{url}/accept", {}).json["data"]["accepted_for"] == sorted([wes.id, eve.id])
    assert api.patch(f"{url}/discard").status_code == 409
    assert (
        company.api("technician").post("/admin/dispatch/optimize-routes", {"date": "2026-11-30"}).status_code
        == 403
    )


def test_a_day_that_is_over_is_planned_without_changing_anything(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, _ = team()
        visit("Yesterday", 9, EAST, wes)
    with clock.at(make.at(9) + timedelta(days=3)):
        plan = planned(company)
    assert (plan.status, plan.before_minutes, plan.after_minutes) == ("ready", 0, 0)
    assert plan.proposal is not None
    assert (plan.proposal["note"], plan.proposal["kept"]) == (
        "This day is over; there is nothing left to plan.",
        True,
    )


def test_a_meeting_over_lunchtime_and_overlapping_pins_do_not_stop_a_plan(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, eve = team(lunch=60)
        sam = make.technician("Sam Stuck")
        make.block(wes, make.at(10, 30), make.at(14))
        for hour, minutes in ((9, 120), (10, 60)):
            stuck = visit(f"Pinned at {hour}", hour, MIDDLE, sam, minutes=minutes)
            dispatch.place(
                reading.visits(stuck.id)[0].id, dispatch.Placement(pinned=True, override_reason="both")
            )
        visit("In the east", 8, EAST, wes)
        visit("In the west", 8, WEST, eve)
    plan = planned(company)
    assert plan.proposal is not None
    assert plan.status == "ready"
    assert of(plan, "Eve East") == ["In the east"]
    assert [t["name"] for t in plan.proposal["technicians"]] == ["Eve East", "Wes West"]
    assert plan.proposal["warnings"] == [
        "Sam Stuck’s fixed visits overlap each other or other time, so this day is left as it is."
    ]


def test_a_full_day_leaves_nobody_out_who_is_placed_however_much_that_would_save(company: Company) -> None:
    with company.acting("dispatcher"):
        wes, _ = team(lunch=60)
        # no time for lunch, and far too much driving: but they were told that somebody comes
        for hour in (8, 10, 12, 14):
            visit(f"Promised at {hour}", hour, EAST if hour % 4 else WEST, wes, minutes=90, window_start=make.at(hour),
                  window_end=make.at(hour, 15))  # fmt: skip
        waits(
            "Urgent", priority="urgent", expected_minutes=480, window_start=make.at(8), window_end=make.at(9)
        )
    plan = planned(company, technician_ids=[wes.id])
    assert plan.proposal is not None
    assert len(of(plan, "Wes West")) == 4
    assert [u["title"] for u in plan.proposal["unassigned"]] == ["Urgent"]
