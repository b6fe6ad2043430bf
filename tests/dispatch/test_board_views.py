"""The board's pages and what its script asks, through a browser."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.factories import dispatch as make
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.dispatch import registry, service
from webapp.dispatch.queries import jobs
from webapp.dispatch.service import preferences
from webapp.kit import clock
from webapp.kit.db import add, db
from webapp.models import (
    DispatchJob,
    Holiday,
    LaneBlock,
    Technician,
    TechnicianPosition,
    TimeBreak,
    TimeEntry,
    Visit,
)

BOARD = "/dispatch?date=2026-11-30"


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(8)):
        yield


def embedded(html: str) -> dict[str, Any]:
    found = re.search(r"<script type=\"application/json\" data-board>(.*?)</script>", html, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def post(client: Any, url: str, body: Any) -> Any:
    token = csrf_of(client.get("/jobs").get_data(as_text=True))
    return client.post(url, json=body, headers={"X-CSRFToken": token, "Accept": "application/json"})


def send(client: Any, url: str, **form: Any) -> Any:
    token = csrf_of(client.get("/jobs").get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **form})


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def visit_of(job: DispatchJob) -> Visit:
    return jobs.visits(job.id)[0]


# Looking ------------------------------------------------------------------------------------------------------------


def test_the_page_carries_lanes_visits_and_the_tray(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        make.shift(tina, 7, 15)
        make.block(tina, make.at(12), make.at(12, 30), "lunch")
        make.job(
            "Furnace </script ><b>",
            start=make.at(9),
            end=make.at(11),
            crew=(tina,),
            latitude=27.9,
            longitude=-82.4,
        )
        make.job("Near by", start=make.at(13), end=make.at(14), crew=(tina,), latitude=27.95, longitude=-82.4)
        make.job("Waits", priority="urgent")
    page = company.sign_in("dispatcher").get(BOARD).get_data(as_text=True)
    assert "Furnace </" not in page  # a title ends no script
    data = embedded(page)
    (lane,) = data["lanes"]
    assert (lane["name"], lane["hours"], lane["booked"], lane["works"]) == (
        "Tina Torres", [[seconds(make.at(7)), seconds(make.at(15))]], 180, 480,
    )  # fmt: skip
    assert [b["title"] for b in lane["blocks"]] == ["Lunch"]
    first, second = (data["visits"][str(n)] for n in lane["visits"])
    assert (first["title"], first["s"], first["status"]) == (
        "Furnace </script ><b>",
        seconds(make.at(9)),
        "dispatched",
    )
    assert lane["drives"] == {str(second["id"]): 9}  # 5.6 km and a detour at 30 miles an hour
    assert [v["title"] for v in data["tray"]] == ["Waits"]
    assert data["counts"] == {"unassigned": 1, "unconfirmed": 2, "on_hold": 0, "alerts": 1}
    assert (data["from"], data["until"]) == (
        seconds(make.at(7)),
        seconds(make.at(18)) + 3600,
    )  # the settings' hours


def test_hours_outside_the_settings_are_shown_when_something_is_there(company: Company) -> None:
    with company.acting("dispatcher"):
        make.job(start=make.at(5, 30), end=make.at(6), crew=(make.technician(),))
    data = embedded(company.sign_in("dispatcher").get(BOARD).get_data(as_text=True))
    assert data["from"] == seconds(make.at(5))


def test_what_a_technician_does_now_is_said_on_the_lane(company: Company) -> None:
    with company.acting("admin"):
        lunch, works, driving, off = (make.technician(n) for n in ("Ann", "Bob", "Cyd", "Dan"))
        make.shift(off, 12, 20)
        entry = add(TimeEntry(technician_id=lunch.id, clock_in=make.at(6), source="web"))
        add(TimeBreak(entry_id=entry.id, kind="lunch", started_at=make.at(7, 50)))
        add(TimeEntry(technician_id=works.id, clock_in=make.at(7), source="web"))
        visit = visit_of(make.job(start=make.at(8), crew=(driving,)))
        service.report(visit.id, service.Report(status="en_route"))
        add(
            TechnicianPosition(
                technician_id=driving.id, latitude=27.9, longitude=-82.4, seen_at=make.at(7, 59)
            )
        )
    lanes = embedded(company.sign_in("dispatcher").get(BOARD).get_data(as_text=True))["lanes"]
    assert [lane["state"]["word"] for lane in lanes] == ["At lunch", "Clocked in", "On the way", "Off now"]
    assert lanes[2]["at"] == [27.9, -82.4]
    tomorrow = company.sign_in("dispatcher").get("/dispatch/data?date=2026-12-01").json
    assert {lane["state"] for lane in tomorrow["lanes"]} == {None}


def test_a_visit_that_will_be_late_is_an_alert_before_its_time(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        make.job("Takes long", start=make.at(7), end=make.at(10), crew=(tina,))
        first = visit_of(db.session.query(DispatchJob).one())
        for step in ("acknowledged", "en_route", "on_site"):
            service.report(first.id, service.Report(status=step))
        make.job("Will wait", start=make.at(10), end=make.at(11), crew=(tina,))
    with clock.at(make.at(9, 50)):
        data = company.sign_in("dispatcher").get(f"{BOARD.replace('?', '/data?')}&tab=alerts").json
    assert [(v["title"], v["punct"], v["late"]) for v in data["tray"]] == [("Will wait", "late", 60)]
    assert data["counts"]["alerts"] == 1


def test_filters_narrow_lanes_and_tray_and_leave_the_rest_of_a_lane_paler(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        make.technician("Tom Tanner")
        make.job("Checks", job_type="inspection", start=make.at(9), crew=(tina,))
        make.job("Waits to be checked", job_type="inspection")
        make.job("Waits for repair")
        number = tina.id
    office = company.sign_in("dispatcher")
    data = office.get(f"/dispatch/data?date=2026-11-30&technician={number}&type=repair").json
    assert [lane["name"] for lane in data["lanes"]] == ["Tina Torres"]
    assert [v["title"] for v in data["tray"]] == ["Waits for repair"]
    assert data["counts"]["unassigned"] == 1
    assert len(data["visits"]) == 1  # still there: its time is taken
    assert data["filters"] == {"zones": [], "types": ["repair"]}
    page = office.get(f"{BOARD}&technician={number}&type=repair&view=week").get_data(as_text=True)
    assert (
        f"date=2026-12-07&amp;view=week&amp;technician={number}&amp;type=repair" in page
    )  # the next week keeps them


@pytest.mark.parametrize("nonsense", ["date=31.12.", "date=9999-12-31", "date=0001-01-01", "view=x&tab=y&span=z",
                                      "technician=x&zone=99999999999999999999&type=z", "view=calendar&date=2100-01-01",
                                      "view=week&date=1999-01-01"])  # fmt: skip
def test_an_address_that_cannot_be_read_shows_what_can(company: Company, nonsense: str) -> None:
    assert company.sign_in("dispatcher").get(f"/dispatch?{nonsense}").status_code == 200


def test_marks_of_other_domains_are_shown_on_their_jobs(company: Company) -> None:
    with company.acting("dispatcher"):
        job = make.job("Promised soon").id

    def mark(wanted: Any) -> dict[int, list[registry.Mark]]:
        return {n: [registry.Mark("soon", "Answer in 20 min", "warning")] for n in wanted if n == job}

    registry.MARKS.append(mark)
    try:
        office = company.sign_in("dispatcher")
        data = office.get("/dispatch/data?date=2026-11-30").json
        assert "Answer in 20 min" in office.get(f"{BOARD}&view=table").get_data(as_text=True)
    finally:
        registry.MARKS.remove(mark)
    assert data["tray"][0]["marks"] == [{"text": "Answer in 20 min", "tone": "warning"}]


def test_the_number_of_statements_does_not_grow_with_the_day(company: Company) -> None:
    office = company.sign_in("dispatcher")

    def statements(view: str) -> int:
        with counted() as found:
            assert office.get(f"{BOARD}&view={view}").status_code == 200
        return len(found)

    with company.acting("dispatcher"):
        crew = [make.technician(f"Tech {n}") for n in range(6)]
        make.job("First", start=make.at(9), crew=(crew[0],))
        make.job("Waits")
    views = ("day", "week", "map", "calendar", "table")
    few = {view: statements(view) for view in views}
    with company.acting("dispatcher"):
        for someone in crew:
            make.job("More", start=make.at(12), crew=(someone,))
            make.job("Waits too")
            make.block(someone, make.at(15), make.at(16))
    assert {view: statements(view) for view in views} == few
    assert few == {"day": 18, "week": 18, "map": 18, "calendar": 10, "table": 17}


def test_a_holiday_is_marked_on_the_board(company: Company) -> None:
    with company.acting("dispatcher"):
        make.technician()
        db.session.add(Holiday(tenant_id=company.tenant_id, on_date=date(2026, 11, 30), name="Founders Day"))
    office = company.sign_in("dispatcher")
    week = json.loads(office.get("/dispatch/data?date=2026-11-30&view=week").data)
    assert [day["holiday"] for day in week["days"]] == ["Founders Day", "", "", "", "", "", ""]


# Calendar and table -------------------------------------------------------------------------------------------------


def test_the_calendar_counts_every_visit_of_a_day_and_shows_the_first(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        for hour in range(9, 15):
            make.job(f"At {hour}", start=make.at(hour), end=make.at(hour, 30), crew=(tina,))
        make.job("Nobody yet", start=make.at(16))
        held = make.job("Held", start=make.at(10))
        service.hold(held.id, "Part ordered")
        add(Holiday(on_date=make.MONDAY, name="Founders’ Day"))
    office = company.sign_in("dispatcher")
    month = office.get(f"{BOARD}&view=calendar").get_data(as_text=True)
    for words in ("November 2026", "7 visits · 4.5 h", "1 unassigned", "At 12", "3 more", "Founders’ Day"):
        assert words in month, words
    assert "At 13" not in month
    assert "Held" not in month
    week = office.get(f"{BOARD}&view=calendar&span=week").get_data(as_text=True)
    assert "At 14" in week
    assert "Nov 30 – Dec 6, 2026" in week


def test_the_table_assigns_the_chosen_visit(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        number, visit = tina.id, visit_of(make.job("Waits")).id
    office = company.sign_in("dispatcher")
    form = {"technician_id": str(number), "scheduled_start": "2026-11-30T09:00"}
    missing = send(office, "/dispatch/assign?date=2026-11-30&view=table", **form)
    assert missing.status_code == 422
    assert "Choose a visit in the table." in missing.get_data(as_text=True)
    done = send(office, "/dispatch/assign?date=2026-11-30&view=table", visit_id=str(visit), **form)
    assert (done.status_code, done.location) == (303, "/dispatch?date=2026-11-30&view=table")
    page = office.get(done.location).get_data(as_text=True)
    assert "Waits: Tina Torres, Today 9:00–10:30 AM." in page
    off = send(office, "/dispatch/assign?date=2026-11-30", visit_id=str(visit), technician_id="")
    assert off.status_code == 303
    with company.acting("dispatcher"):
        assert jobs.sent([visit])[visit] == []


# Moving -------------------------------------------------------------------------------------------------------------


def test_what_is_in_the_way_is_told_for_every_lane_at_once(company: Company) -> None:
    with company.acting("admin"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        gas = make.skill("Gas fitting", tina)
        make.job("Taken", start=make.at(9), end=make.at(10), crew=(tina,))
        visit = visit_of(make.job("Gas line", skills=[service.SkillNeed(gas.id)])).id
        numbers = [tina.id, tom.id]
        preferences.change({"emergency_minutes": 2_000})
    asked = {
        "visit": visit,
        "start": "2026-11-30T14:30:00Z",
        "end": "2026-11-30T15:30:00Z",
        "technician": numbers,
    }
    office = company.sign_in("dispatcher")
    with counted() as found:
        answer = office.get("/dispatch/clashes", query_string=asked)
    assert len(found) <= 22
    told = answer.json
    assert {n: [c["kind"] for c in each] for n, each in told["lanes"].items()} == {
        str(numbers[0]): ["job"], str(numbers[1]): ["skill"],
    }  # fmt: skip
    assert told["day"]["kind"] == "reserve"
    for wrong in (
        {"start": "then"},
        {"start": "2026-11-30T14:30:00"},
        {"end": "2026-11-30T13:00:00Z"},
        {"visit": "x"},
    ):
        assert office.get("/dispatch/clashes", query_string=asked | wrong).status_code == 422
    assert office.get("/dispatch/clashes", query_string=asked | {"visit": 2**40}).status_code == 404


def test_a_move_is_refused_with_reasons_and_done_with_one_and_undone(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        make.job("Taken", start=make.at(9), end=make.at(10), crew=(tom,))
        moving = visit_of(make.job("Moves", start=make.at(9), end=make.at(10), crew=(tina,)))
        visit, version, target, home = moving.id, moving.version, tom.id, tina.id
    office = company.sign_in("dispatcher")
    body = {"technician_ids": [target], "version": version}
    refused = post(office, f"/dispatch/visits/{visit}/place", body)
    assert refused.status_code == 409
    assert [c["kind"] for c in refused.json["details"]["clashes"]] == ["job"]
    assert refused.json["details"]["overridable"] is True
    done = post(office, f"/dispatch/visits/{visit}/place", body | {"override_reason": "Same house"})
    assert done.status_code == 200
    assert done.json["toast"]["text"] == "Moves: Tom Tanner, Today 9:00–10:00 AM."
    stale = post(
        company.sign_in("manager"),
        f"/dispatch/visits/{visit}/place",
        {"technician_ids": [home], "version": version},
    )
    assert stale.status_code == 409
    assert "Dispatcher Person moved this visit meanwhile: it is with Tom Tanner now" in stale.json["message"]
    assert stale.json["details"]["visit"]["version"] == done.json["version"]
    back = post(office, done.json["toast"]["undo_url"], {})
    assert back.json["toast"]["text"] == "Put back: Moves is with Tina Torres again."
    assert post(office, done.json["toast"]["undo_url"], {}).status_code == 409  # not twice


def test_a_refused_move_writes_nothing_and_a_wrong_body_is_named(company: Company) -> None:
    with company.acting("dispatcher"):
        visit = visit_of(make.job("Waits")).id
    office = company.sign_in("dispatcher")
    for body in (
        {"technician_ids": "x"},
        {"surprise": 1},
        {"scheduled_start": "then"},
        {"technician_ids": [2**40]},
    ):
        assert post(office, f"/dispatch/visits/{visit}/place", body).status_code in (400, 404, 422)
    end_first = {"scheduled_start": "2026-11-30T15:00:00Z", "scheduled_end": "2026-11-30T14:00:00Z"}
    assert post(office, f"/dispatch/visits/{visit}/place", end_first).status_code == 422
    assert (
        post(company.sign_in("payroll"), f"/dispatch/visits/{visit}/place", {"pinned": True}).status_code
        == 403
    )
    with company.acting("dispatcher"):
        found = db.session.get_one(Visit, (company.tenant_id, visit))
        assert (found.version, found.pinned, found.scheduled_start) == (1, False, None)


def test_a_block_is_made_moved_and_deleted_from_the_board(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        make.job("Under it", start=make.at(9), end=make.at(10), crew=(tina,))
        number, other = tina.id, tom.id
    office = company.sign_in("dispatcher")
    form = office.get(
        f"/dispatch/blocks/new?technician={number}&start=2026-11-30T14:00:00Z&end=2026-11-30T15:00:00Z"
    )
    assert 'value="2026-11-30T09:00"' in form.get_data(as_text=True)
    made = send(office, "/dispatch/blocks/new", technician_id=str(number), kind="training", title="",
                starts_at="2026-11-30T09:00", ends_at="2026-11-30T10:00", note="")  # fmt: skip
    assert made.status_code == 303
    assert "Training is on the lane: Tina Torres, Today 9:00–10:00 AM. 1 visit lies under it." in office.get(
        "/jobs"
    ).get_data(as_text=True)
    block = office.get("/dispatch/data?date=2026-11-30").json["lanes"][0]["blocks"][0]
    place = {"technician_id": other, "starts_at": "2026-11-30T16:00:00Z", "ends_at": "2026-11-30T17:30:00Z"}
    moved = post(office, f"/dispatch/blocks/{block['id']}/move", place | {"version": 1})
    assert moved.json["toast"]["text"] == "Training is moved: Tom Tanner, Today 11:00 AM–12:30 PM."
    assert (
        post(office, f"/dispatch/blocks/{block['id']}/move", {"title": "x", "version": 1}).status_code == 409
    )
    assert send(office, f"/dispatch/blocks/{block['id']}/delete").status_code == 303
    assert office.get(f"/dispatch/blocks/{block['id']}").status_code == 404


def test_the_drawer_says_what_can_be_done_now(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        waits = visit_of(make.job("Waits")).id
        sent = visit_of(make.job("Sent", start=make.at(9), crew=(tina,), customer_name="Ann Lee")).id
    office = company.sign_in("dispatcher")
    drawer = office.get(f"/dispatch/visits/{waits}", hx="drawer").get_data(as_text=True)
    assert "Nobody yet" in drawer
    assert ">Assign<" in drawer
    drawer = office.get(f"/dispatch/visits/{sent}", hx="drawer").get_data(as_text=True)
    for words in ("Ann Lee", "Mark acknowledged", "Back to the tray", "Customer confirmed", "Not confirmed"):
        assert words in drawer, words
    reader = company.sign_in("payroll").get(f"/dispatch/visits/{sent}", hx="drawer").get_data(as_text=True)
    assert "Back to the tray" not in reader
    assert office.get("/dispatch/visits/99999999").status_code == 404


# Schedules ----------------------------------------------------------------------------------------------------------


def test_shifts_of_a_week_are_set_from_the_grid(company: Company) -> None:
    with company.acting("dispatcher"):
        number = make.technician().id
    office = company.sign_in("dispatcher")
    assert "Company’s hours" in office.get("/dispatch/shifts").get_data(as_text=True)
    wrong = send(
        office, f"/dispatch/shifts/{number}/week", weekdays=["0"], starts_minute="07:30", ends_minute=""
    )
    assert wrong.status_code == 422
    assert "Give both times" in wrong.get_data(as_text=True)
    form = {"weekdays": ["0", "1"], "starts_minute": "22:00", "ends_minute": "06:00"}
    assert send(office, f"/dispatch/shifts/{number}/week", **form).status_code == 303
    assert (
        send(
            office, "/dispatch/shifts/days/new", technician_id=str(number), on_date="2026-12-07", off="y"
        ).status_code
        == 303
    )
    page = office.get("/dispatch/shifts").get_data(as_text=True)
    assert "10 PM–6 AM" in page
    assert "Tina Torres, Mon, Dec 7" in page or "Tina Torres, Dec 7" in page
    with counted() as few:
        office.get("/dispatch/shifts")
    with company.acting("dispatcher"):
        for n in range(5):
            make.shift(make.technician(f"Tech {n}"))
    with counted() as many:
        office.get("/dispatch/shifts")
    assert len(few) == len(many) <= 7


def test_a_profile_is_saved_with_the_place_of_its_zip_code(company: Company) -> None:
    with company.acting("dispatcher"):
        number = make.technician().id
    office = company.sign_in("dispatcher")
    form = {"dispatched": "y", "position": "2", "start_address": "9 Elm St, Tampa 33602", "end_address": "", "lunch_minutes": "45",
            "lunch_from": "11:30", "lunch_until": "13:30"}  # fmt: skip
    assert send(office, f"/dispatch/profiles/{number}", **form).status_code == 303
    (found,) = company.api("dispatcher").get("/admin/dispatch/profiles").json["data"]["items"]
    assert (found["technician_id"], found["lunch_minutes"], found["lunch_from"], found["position"]) == (
        number,
        45,
        690,
        2,
    )
    assert abs(found["latitude"] - 27.95) < 0.1


def test_the_rota_shows_who_is_on_call_and_the_gaps(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        numbers = [str(tina.id), str(tom.id)]
    office = company.sign_in("dispatcher")
    form = {"technician_ids": numbers, "begins_with": numbers[1], "first_day": "2026-11-29", "change_minute": "17:00",
            "days": "7", "turns": "3"}  # fmt: skip
    assert send(office, "/dispatch/on-call/rotation", **form).status_code == 303
    page = office.get("/dispatch/on-call").get_data(as_text=True)
    assert "Tom Tanner is on call, until Sun, Dec 6 5:00 PM" in page
    turns = company.api("dispatcher").get("/admin/dispatch/on-call").json["data"]["items"]
    assert [t["technician_id"] for t in turns] == [int(numbers[1]), int(numbers[0]), int(numbers[1])]
    assert send(office, f"/dispatch/on-call/{turns[1]['id']}/delete").status_code == 303
    page = office.get("/dispatch/on-call").get_data(as_text=True)
    assert "Gap" in page
    assert (
        company.api("dispatcher").get("/admin/dispatch/on-call/now").json["data"][0]["name"] == "Tom Tanner"
    )


def test_time_off_goes_from_the_phone_to_the_office_and_back(company: Company) -> None:
    with company.acting("admin"):
        tina = make.technician()
        make.signed_in_as(company.users["technician"], tina)
        make.job("In the way", start=make.at(13), crew=(tina,))
    phone, office = company.sign_in("technician"), company.sign_in("dispatcher")
    token = csrf_of(phone.get("/my/time-off").get_data(as_text=True))
    form = {
        "csrf_token": token,
        "first_day": "2026-11-30",
        "from_minute": "12:00",
        "until_minute": "17:00",
        "note": "Dentist",
    }
    assert phone.post("/my/time-off", data=form | {"until_minute": "11:00"}).status_code == 422
    assert phone.post("/my/time-off", data=form).status_code == 303
    page = office.get("/dispatch/time-off").get_data(as_text=True)
    assert "Dentist" in page
    assert "1 visit in the way" in page
    assert "requests for time off" in office.get(BOARD).get_data(as_text=True)
    number = int(re.findall(r"/dispatch/time-off/(\d+)/approve", page)[0])
    assert "In the way" in office.get(f"/dispatch/time-off/{number}/approve").get_data(as_text=True)
    assert (
        send(office, f"/dispatch/time-off/{number}/decline", note="Not on Mondays", version="1").status_code
        == 303
    )
    assert "Declined" in phone.get("/my/time-off").get_data(as_text=True)
    assert (
        send(office, f"/dispatch/time-off/{number}/approve", version="1").status_code == 422
    )  # decided meanwhile
    assert send(office, f"/dispatch/time-off/{number}/approve", version="2").status_code == 303


def test_a_technician_asks_for_whole_days_in_the_company_s_zone(company: Company) -> None:
    with company.acting("admin"):
        tina = make.technician()
        make.signed_in_as(company.users["technician"], tina)
    phone, office = company.sign_in("technician"), company.sign_in("dispatcher")
    page = phone.get("/my/time-off").get_data(as_text=True)
    form = {"csrf_token": csrf_of(page), "first_day": "2026-12-21", "last_day": "2026-12-24", "note": "Home"}
    assert 'type="datetime-local"' not in page
    for change, sentence in (
        ({"last_day": "2026-12-20"}, "The last day is before the first."),
        ({"first_day": ""}, "Choose the first day."),
        ({"first_day": "2025-12-21", "last_day": ""}, "That time is over."),
        ({"last_day": "2028-12-21"}, "at most a year"),
        ({"last_day": "9999-12-31"}, "Choose a day from 2000 to 2099."),
        ({"first_day": "0001-01-01"}, "Choose a day from 2000 to 2099."),
    ):
        refused = phone.post("/my/time-off", data=form | change)
        assert refused.status_code == 422
        assert sentence in refused.get_data(as_text=True), change
    assert phone.post("/my/time-off", data=form).status_code == 303
    assert (
        phone.post("/my/time-off", data=form | {"first_day": "2026-12-28", "last_day": ""}).status_code == 303
    )
    with company.acting():
        first, second = db.session.query(LaneBlock).order_by(LaneBlock.id).all()
        new_york = ZoneInfo("America/New_York")
        assert first.starts_at == datetime(2026, 12, 21, tzinfo=new_york)
        assert first.ends_at == datetime(2026, 12, 25, tzinfo=new_york)
        assert second.ends_at - second.starts_at == timedelta(days=1)
    for client, path in ((phone, "/my/time-off"), (office, "/dispatch/time-off")):
        text = client.get(path).get_data(as_text=True)
        assert "Dec 21 – Dec 24" in text
        assert "Dec 28, all day" in text


def test_settings_of_dispatch_are_changed_by_who_may(company: Company) -> None:
    boss = company.sign_in("manager")
    page = boss.get("/settings/dispatch").get_data(as_text=True)
    values = dict(re.findall(r'name="(\w+)"[^>]*? value="([^"]*)"', page))
    form = {k: v for k, v in values.items() if k != "csrf_token"} | {
        "opens_5": "09:00",
        "closes_5": "",
        "emergency_minutes": "90",
    }
    refused = send(boss, "/settings/dispatch", **form)
    assert refused.status_code == 422
    assert "Give both times, or neither" in refused.get_data(as_text=True)
    assert (
        send(boss, "/settings/dispatch", **(form | {"closes_5": "13:00", "tracking": "y"})).status_code == 303
    )
    with company.acting("manager"):
        from webapp.dispatch import settings

        assert settings.present().business_hours[5] == (540, 780)
        assert settings.present().emergency_minutes == 90
    assert company.sign_in("dispatcher").get("/settings/dispatch").status_code == 403
    assert company.sign_in("technician").get("/dispatch").status_code == 403


def test_schedules_over_the_api(company: Company) -> None:
    with company.acting("dispatcher"):
        number = make.technician().id
    api = company.api("dispatcher")
    since = clock.now() + timedelta(hours=1)
    block = api.post("/admin/dispatch/blocks", {"technician_id": number, "kind": "parts_run", "starts_at": "2026-11-30T15:00:00Z",
                                                "ends_at": "2026-11-30T16:00:00Z"}).json["data"]  # fmt: skip
    assert (block["status"], block["version"]) == ("approved", 1)
    assert api.patch(f"/admin/dispatch/blocks/{block['id']}", {"starts_at": None}).status_code == 422
    assert (
        api.patch(f"/admin/dispatch/blocks/{block['id']}", {"title": "Pump", "version": 1}).json["data"][
            "version"
        ]
        == 2
    )
    assert (
        api.patch(f"/admin/dispatch/blocks/{block['id']}", {"title": "Tank", "version": 1}).status_code == 409
    )
    narrowed = api.get(
        "/admin/dispatch/blocks?starts_from=2026-11-30T15:30:00Z&starts_before=2026-11-30T15:40:00Z"
    ).json["data"]
    assert narrowed["total"] == 1
    assert (
        api.get(f"/admin/dispatch/blocks?updated_since={since.isoformat().replace('+00:00', 'Z')}").json[
            "data"
        ]["total"]
        == 0
    )
    assert api.delete(f"/admin/dispatch/blocks/{block['id']}").json["data"] == {
        "id": block["id"],
        "deleted": True,
    }
    shift = api.post("/admin/dispatch/shifts", {"technician_id": number, "weekday": 0, "starts_minute": 480,
                                                "ends_minute": 1020}).json["data"]  # fmt: skip
    assert (
        api.patch(f"/admin/dispatch/shifts/{shift['id']}", {"ends_minute": 900}).json["data"]["ends_minute"]
        == 900
    )
    assert api.get(f"/admin/dispatch/profiles/{number}").json["data"]["dispatched"] is True
    assert (
        api.patch(f"/admin/dispatch/profiles/{number}", {"dispatched": False}).json["data"]["dispatched"]
        is False
    )
    assert api.get("/admin/dispatch/board?date=2026-11-30").json["data"]["lanes"] == []
    assert company.api("technician").get("/admin/dispatch/shifts").status_code == 403


def test_times_are_those_of_the_company_also_when_the_clocks_change(company: Company) -> None:
    with company.acting("dispatcher"):
        make.job("After", start=datetime(2027, 3, 14, 15, tzinfo=UTC), crew=(make.technician(),))
    data = company.sign_in("dispatcher").get("/dispatch/data?date=2027-03-14").json
    assert data["ends"] - data["starts"] == 23 * 3600
    assert data["from"] == seconds(
        datetime(2027, 3, 14, 11, tzinfo=UTC)
    )  # seven in the morning, in summer time


def test_a_technician_who_left_has_no_lane(company: Company) -> None:
    with company.acting("dispatcher"):
        make.technician("Gone Gary", ends_on=make.MONDAY - timedelta(days=1))
        assert db.session.query(Technician).count() == 1
    assert company.sign_in("dispatcher").get("/dispatch/data?date=2026-11-30").json["lanes"] == []
