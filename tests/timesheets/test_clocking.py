"""Clocking in and out, and breaks: on the phone, over the API, by the office."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import timesheets as make
from tests.factories.timesheets import NOON, at
from tests.factories.world import ApiClient, Company
from webapp.kit import clock, journal
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry, Event
from webapp.models import Notice, TimeBreak, TimeEntry
from webapp.technicians import service as technicians
from webapp.timesheets import queries, service
from webapp.timesheets.service import Punch

IN, OUT = "/time-tracking/clock-in", "/time-tracking/clock-out"
START, END = "/time-tracking/breaks/start", "/time-tracking/breaks/end"


def data(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.json["data"]


def refused(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return str(answer.json["error"]["message"])


def later(company: Company, **by: int) -> ApiClient:
    """Some time later, the technician with a fresh token."""
    clock.advance(timedelta(**by))
    return company.api("technician")


def names_of_events(company: Company) -> list[str]:
    with company.acting():
        found = db.session.query(Event.name).filter_by(tenant_id=company.tenant_id).order_by(Event.seq)
        return [name for (name,) in found if name.startswith("time.")]


def test_the_documents_own_calls_work_and_the_duration_is_out_less_in_less_breaks(company: Company) -> None:
    mike = make.technician(company)
    with clock.at(NOON):
        entry = data(company.api("technician").post(IN, {"latitude": 27.9506, "longitude": -82.4572}), 201)
        assert (entry["technician_id"], entry["clock_out"], entry["duration_minutes"]) == (mike, None, None)
        assert (entry["latitude"], entry["longitude"]) == (27.9506, -82.4572)
        assert (
            data(later(company, hours=2).post(START, {"kind": "lunch"}), 201)["on_break_since"]
            == "2026-11-18T19:00:00Z"
        )
        assert data(later(company, minutes=30).post(END))["break_minutes"] == 30
        done = data(later(company, hours=2).post(OUT, {"latitude": 27.96, "longitude": -82.46}))
    assert (done["duration_minutes"], done["break_minutes"]) == (240, 30)
    assert (done["clock_out"], done["clock_out_latitude"]) == ("2026-11-18T21:30:00Z", 27.96)
    assert done["days"] == [{"date": "2026-11-18", "minutes": 240}]
    assert [(b["kind"], b["paid"]) for b in done["breaks"]] == [("lunch", False)]
    assert names_of_events(company) == [
        "time.clocked-in",
        "time.break-started",
        "time.break-ended",
        "time.clocked-out",
    ]


def test_clocking_in_twice_says_since_when(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        first = data(company.api("technician").post(IN), 201)
        answer = later(company, hours=1).post(IN)
    assert refused(answer, 409) == "You have been clocked in since today 12:00 PM."
    assert answer.json["error"]["details"] == {"entry_id": first["id"], "clock_in": "2026-11-18T17:00:00Z"}


def test_clocking_out_without_being_in_is_a_conflict(company: Company) -> None:
    make.technician(company)
    api = company.api("technician")
    assert refused(api.post(OUT), 409) == "You are not clocked in."
    assert refused(api.post(START), 409) == "You are not clocked in."
    assert refused(api.post(END), 409) == "You are not clocked in."


def test_clocking_out_before_in_is_refused_naming_the_field(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        api = company.api("technician")
        data(api.post(IN), 201)
        answer = api.post(OUT, {"happened_at": "2026-11-18T16:59:00Z"})
    assert "before the clock-in" in refused(answer, 422)
    assert "happened_at" in answer.json["error"]["details"]["fields"]


def test_in_and_out_within_one_second_is_an_entry_of_a_second(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        api = company.api("technician")
        data(api.post(IN), 201)
        done = data(api.post(OUT))
    assert (done["clock_out"], done["duration_minutes"]) == ("2026-11-18T17:00:01Z", 0)


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"latitude": 91, "longitude": 0}, "latitude", "latitude must lie between -90 and 90"),
        ({"latitude": 0, "longitude": -180.5}, "longitude", "longitude must lie between -180 and 180"),
        ({"latitude": 27.9}, "longitude", "longitude is missing"),
        ({"latitude": "27.9", "longitude": 1}, "latitude", "must be a number"),
        ({"happened_at": "2026-11-18T17:03:00Z"}, "happened_at", "future"),
        ({"happened_at": "2026-11-11T16:59:59Z"}, "happened_at", "7 days"),
        ({"happened_at": "2026-11-18T17:00:00"}, "happened_at", "time zone"),
        ({"happened_at": "0001-01-01T00:00:00+14:00"}, "happened_at", "7 days"),
        ({"happened_at": "9999-12-31T23:59:59-12:00"}, "happened_at", "future"),
        ({"notes": "x" * 1001}, "notes", "1000"),
        ({"mood": "good"}, "mood", "not a field"),
    ],
)
def test_a_tap_that_cannot_be_is_refused_naming_the_field(
    company: Company, body: dict[str, Any], field: str, sentence: str
) -> None:
    make.technician(company)
    with clock.at(NOON):
        answer = company.api("technician").post(IN, body)
        assert sentence in refused(answer, 422)
        assert field in answer.json["error"]["details"]["fields"]
        assert company.api("technician").get("/time-tracking/status").json["data"]["clocked_in"] is False


# Breaks ---------------------------------------------------------------------------------------------------


def test_a_rest_break_counts_as_work_and_lunch_does_not(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        data(company.api("technician").post(IN), 201)
        data(later(company, hours=1).post(START, {"kind": "rest"}), 201)
        assert data(later(company, minutes=15).post(END))["break_minutes"] == 0
        done = data(later(company, minutes=45).post(OUT))
    assert done["duration_minutes"] == 120


def test_breaks_come_one_after_the_other_within_the_entry(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        data(company.api("technician").post(IN), 201)
        api = later(company, hours=1)
        assert "before the clock-in" in refused(api.post(START, {"happened_at": "2026-11-18T16:00:00Z"}), 422)
        assert refused(api.post(END), 409) == "You are not on a break."
        data(api.post(START), 201)
        assert refused(api.post(START), 409) == "You have been at lunch since today 1:00 PM. End it first."
        assert "before it started" in refused(api.post(END, {"happened_at": "2026-11-18T17:30:00Z"}), 422)
        data(later(company, minutes=30).post(END))
        api = later(company, minutes=10)
        again = {"happened_at": "2026-11-18T18:20:00Z"}
        assert "before the last one ended" in refused(api.post(START, again), 422)
        assert "before the end of a break" in refused(api.post(OUT, again), 422)
        assert "must be one of" in refused(api.post(START, {"kind": "nap"}), 422)


def test_clocking_out_ends_the_break_under_way(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        data(company.api("technician").post(IN), 201)
        data(later(company, hours=3).post(START), 201)
        done = data(later(company, minutes=45).post(OUT))
    assert (done["break_minutes"], done["duration_minutes"], done["on_break_since"]) == (45, 180, None)
    assert done["breaks"][0]["ended_at"] == done["clock_out"]


# Phones that were offline ---------------------------------------------------------------------------------


def test_taps_from_a_dead_spot_are_taken_in_order_when_they_arrive(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        api = company.api("technician")
        data(api.post(IN, {"happened_at": "2026-11-16T13:00:00Z"}), 201)
        data(api.post(START, {"happened_at": "2026-11-16T17:00:00Z"}), 201)
        data(api.post(END, {"happened_at": "2026-11-16T17:30:00Z"}))
        done = data(api.post(OUT, {"happened_at": "2026-11-16T21:30:00Z"}))
    assert (done["duration_minutes"], done["break_minutes"], done["flags"]) == (480, 30, [])


def test_a_phone_whose_clock_is_five_hours_wrong_is_corrected_and_flagged(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        body = {"happened_at": "2026-11-18T20:00:00Z", "sent_at": "2026-11-18T22:00:00Z"}
        entry = data(company.api("technician").post(IN, body), 201)
    assert (entry["clock_in"], entry["flags"]) == ("2026-11-18T15:00:00Z", ["clock_skew"])


def test_a_clock_that_is_right_to_two_minutes_is_not_flagged(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        body = {"happened_at": "2026-11-18T16:01:30Z", "sent_at": "2026-11-18T17:01:30Z"}
        entry = data(company.api("technician").post(IN, body), 201)
    assert (entry["clock_in"], entry["flags"]) == ("2026-11-18T16:00:00Z", [])


def test_a_wrong_clock_at_clocking_out_flags_the_entry_too(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        data(company.api("technician").post(IN), 201)
        api = later(company, hours=4)
        done = data(api.post(OUT, {"happened_at": "2026-11-18T23:00:00Z", "sent_at": "2026-11-19T00:00:00Z"}))
    assert (done["clock_out"], done["flags"]) == ("2026-11-18T20:00:00Z", ["clock_skew"])


def test_a_tap_that_overlaps_another_entry_is_refused_naming_it(company: Company) -> None:
    make.technician(company)
    first = make.clocked(company, at(8), at(11))
    with clock.at(NOON):
        api = company.api("technician")
        for moment in (at(9), at(7)):  # within it, and before it: that would run over it
            answer = api.post(IN, {"happened_at": clock.iso(moment)})
            assert refused(answer, 409) == "This overlaps the entry from today 8:00 AM to today 11:00 AM."
            assert answer.json["error"]["details"] == {"entry_id": first}
        assert data(api.post(IN, {"happened_at": clock.iso(at(11))}), 201)["clock_in"] == clock.iso(at(11))


# The office -----------------------------------------------------------------------------------------------


def test_the_office_clocks_somebody_in_and_out_with_a_reason(company: Company) -> None:
    mike = make.technician(company)
    with clock.at(NOON):
        office = company.api("dispatcher")
        assert "Give a reason" in refused(office.post(IN, {"technician_id": mike}), 422)
        entry = data(office.post(IN, {"technician_id": mike, "reason": "His phone is dead"}), 201)
        assert entry["source"] == "office"
        again = office.post(IN, {"technician_id": mike, "reason": "Again"})
        assert refused(again, 409) == "Mike Johnson has been clocked in since today 12:00 PM."
        clock.advance(timedelta(minutes=10))
        data(office.post(OUT, {"technician_id": mike, "reason": "Went home sick"}))
        assert (
            refused(office.post(OUT, {"technician_id": mike, "reason": "x"}), 409)
            == "Mike Johnson is not clocked in."
        )
    with company.acting():
        log = (
            db.session.query(AuditEntry)
            .filter_by(tenant_id=company.tenant_id, action="time.clocked-out")
            .one()
        )
        assert (log.payload["reason"], log.actor_name) == ("Went home sick", "Dispatcher Person")
        notices = db.session.query(Notice).filter_by(
            tenant_id=company.tenant_id, user_id=company.users["technician"]
        )
        assert [n.text for n in notices.order_by(Notice.id)] == ["His phone is dead", "Went home sick"]


def test_who_is_no_technician_must_say_whom(company: Company) -> None:
    answer = company.api("manager").post(IN, {})
    assert "technician_id" in refused(answer, 422)


def test_a_technician_clocks_nobody_else_and_learns_nothing_of_them(company: Company) -> None:
    mike, una = make.technician(company), make.somebody(company)
    api = company.api("technician")
    other, nobody = (api.post(IN, {"technician_id": i, "reason": "x"}) for i in (una, una + 1000))
    assert refused(other, 404).replace(str(una), "#") == refused(nobody, 404).replace(str(una + 1000), "#")
    assert data(api.post(IN, {"technician_id": mike}), 201)["technician_id"] == mike


def test_another_organizations_technician_is_not_found(company: Company, other_company: Company) -> None:
    stranger = make.somebody(other_company)
    answer = company.api("manager").post(IN, {"technician_id": stranger, "reason": "x"})
    assert refused(answer, 404) == f"No technician has the number {stranger}."


@pytest.mark.parametrize("role", ["accountant"])
def test_the_accountant_clocks_nobody(company: Company, role: str) -> None:
    mike = make.technician(company)
    refused(company.api(role).post(IN, {"technician_id": mike, "reason": "x"}), 403)


def test_who_left_cannot_clock_in(company: Company) -> None:
    mike = make.technician(company)
    with company.acting():
        technicians.deactivate(mike, queries.today() - timedelta(days=1))
    assert refused(company.api("technician").post(IN), 409) == "Mike Johnson does not work here at present."


# Long days ------------------------------------------------------------------------------------------------


def test_an_entry_of_more_than_sixteen_hours_is_flagged(company: Company) -> None:
    make.technician(company)
    day = make.entry(company, make.clocked(company, at(0, 30), at(16, 31)))
    assert day.flag == "long_day"


def test_after_more_than_a_day_only_a_correction_says_when_the_work_ended(company: Company) -> None:
    make.technician(company)
    make.clocked(company, at(8))
    with clock.at(at(8, 1) + timedelta(days=1)):
        answer = company.api("technician").post(OUT)
        assert "more than 24 hours" in refused(answer, 409)
        assert "correction" in refused(company.api("technician").post(IN), 409)


# Once, however often --------------------------------------------------------------------------------------


def test_the_same_key_clocks_once(company: Company) -> None:
    make.technician(company)
    api = company.api("technician")
    first, again = (api.post(IN, {}, Idempotency_Key="k1") for _ in range(2))
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    out, out_again = (api.post(OUT, {}, Idempotency_Key="k2") for _ in range(2))
    assert (out.status_code, out_again.status_code) == (200, 200)
    assert out.json == out_again.json


def test_many_taps_at_once_make_one_entry_and_the_others_are_told(company: Company) -> None:
    make.technician(company)
    api = company.api("technician")
    statuses: list[int] = []
    barrier = threading.Barrier(5)

    def tap() -> None:
        barrier.wait()
        own = ApiClient(company.app.test_client(), api.token, api.tenant_id)
        statuses.append(own.post(IN).status_code)

    threads = [threading.Thread(target=tap) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 409, 409, 409, 409]
    with company.acting():
        assert db.session.query(TimeEntry).filter_by(tenant_id=company.tenant_id).count() == 1


def test_an_entry_that_is_being_written_beside_the_commands_is_met_by_the_index(
    company: Company, superuser: Any
) -> None:
    mike = make.technician(company)
    api = company.api("technician")
    answers: list[Any] = []
    tap = threading.Thread(target=lambda: answers.append(api.post(IN)))
    with superuser.transaction():
        superuser.execute(
            "insert into time_entries (tenant_id, technician_id, clock_in, break_minutes, notes, source, flag,"
            " created_at, updated_at) values (%s, %s, now() - interval '1 hour', 0, '', 'api', '', now(), now())",
            (company.tenant_id, mike),
        )
        tap.start()
        waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ilike '%%time_entries%%'"
        for _ in range(200):
            if superuser.execute(waiting).fetchone()[0]:
                break
            time.sleep(0.02)
    tap.join()
    assert refused(answers[0], 409).startswith("You have been clocked in since")


# Reading --------------------------------------------------------------------------------------------------


def test_who_is_clocked_in_is_told_by_technician(company: Company) -> None:
    mike, una = make.technician(company), make.somebody(company)
    make.clocked(company, at(8))
    with company.acting():
        assert set(queries.clocked_in([mike, una])) == {mike}
        assert queries.clocked_in([mike])[mike].clock_in == at(8)
        assert queries.clocked_in([]) == {}
        assert set(queries.clocked_in()) == {mike}


def test_a_break_is_kept_with_its_entry(company: Company) -> None:
    make.technician(company)
    with clock.at(at(8)), company.acting("technician"):
        service.clock_in(Punch(notes=" Truck 4 \n"))
        service.start_break(Punch(), "rest")
        journal.commit()
        kept = db.session.query(TimeBreak).filter_by(tenant_id=company.tenant_id).one()
        assert (kept.kind, kept.paid, kept.started_at) == ("rest", True, at(8))
        assert db.session.query(TimeEntry.notes).filter_by(tenant_id=company.tenant_id).scalar() == "Truck 4"
