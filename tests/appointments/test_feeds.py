"""Calendar feeds: what a calendar program reads, when it has to read anew, and who may make an address."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from icalendar import Calendar

from tests.factories import appointments as make
from tests.factories import dispatch
from tests.factories.world import Company, csrf_of
from webapp.appointments.service import feeds
from webapp.dispatch import service
from webapp.kit import clock, errors
from webapp.kit.db import db, get
from webapp.models import CalendarFeed, Technician, User


def path(address: str) -> str:
    return "/calendar/" + address.split("/calendar/", 1)[1]


def read(client: FlaskClient, address: str) -> Calendar:
    answer = client.get(path(address))
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert all(len(line) <= 75 for line in answer.data.split(b"\r\n")), "RFC 5545, 3.1: long lines are folded"
    found = Calendar.from_ical(answer.data)
    assert not found.errors
    return found


def test_a_technician_s_feed_holds_their_visits_and_blocks_in_the_company_s_zone(
    company: Company, client: FlaskClient
) -> None:
    with clock.at(make.NOW):
        with company.acting():
            tina, vic = dispatch.technician(), dispatch.technician("Vic")
            job = make.booked(
                "AC; not cooling, again\\", crew=(tina,), description="Gate code 4417\nDog in the yard"
            )
            make.booked("Vic’s", start=make.at(13), crew=(vic,))
            dispatch.block(tina, make.at(14), make.at(15), title="Team meeting")
            dispatch.block(tina, make.at(12), make.at(12, 30), "lunch")
            address = feeds.make(tina.id)
        found = read(client, address)
    events = {str(e["SUMMARY"]): e for e in found.events}
    assert set(events) == {"AC; not cooling, again\\ – Evelyn Harper", "Team meeting"}
    event = events["AC; not cooling, again\\ – Evelyn Harper"]
    assert event.start == make.at(9)
    assert event["DTSTART"].params["TZID"] == "America/New_York"
    assert len(found.timezones) == 1
    assert event["LOCATION"] == "12 Maple St, Tampa 33606"
    assert "Gate code 4417\nDog" in event["DESCRIPTION"]
    assert str(event["URL"]).endswith(f"/jobs/{job.id}")


def test_changes_count_up_and_a_cancelled_visit_says_so(company: Company, client: FlaskClient) -> None:
    with clock.at(make.NOW):
        with company.acting():
            tina = dispatch.technician()
            job = make.booked(crew=(tina,))
            address = feeds.make(tina.id)
        (first,) = read(client, address).events
        clock.advance(timedelta(minutes=1))
        (same,) = read(client, address).events
        assert same["DTSTAMP"].dt == first["DTSTAMP"].dt, "reading is no change"
        with company.acting():
            service.place(make.visit(job).id, service.Placement(starts_at=make.at(14)))
        (moved,) = read(client, address).events
        assert moved["UID"] == first["UID"]
        assert moved["SEQUENCE"] > first["SEQUENCE"]
        assert moved["DTSTAMP"].dt > first["DTSTAMP"].dt
        assert moved.start == make.at(14)
        with company.acting():
            service.hold(job.id, "Part ordered")
        assert read(client, address).events[0]["STATUS"] == "TENTATIVE"
        with company.acting():
            service.release(job.id)
            service.cancel(job.id, "Sold the house")
        (gone,) = read(client, address).events
    assert gone["STATUS"] == "CANCELLED"
    assert gone["SEQUENCE"] > moved["SEQUENCE"]


def test_a_calendar_that_has_not_changed_is_not_sent_again(company: Company, client: FlaskClient) -> None:
    with clock.at(make.NOW):
        with company.acting():
            tina = dispatch.technician()
            job = make.booked(crew=(tina,))
            address = path(feeds.make(tina.id))
        tag = client.get(address).headers["ETag"]
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
        clock.advance(timedelta(hours=3))
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 304
        with company.acting():
            service.update(job.id, {"title": "Something else"})
        assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_the_company_s_feed_names_who_comes(company: Company, client: FlaskClient) -> None:
    with clock.at(make.NOW):
        with company.acting():
            tina, vic = dispatch.technician(), dispatch.technician("Vic")
            make.booked(crew=(tina, vic))
            make.booked("Nobody’s yet", start=make.at(13))
            address = feeds.make(None)
        assert [str(e["SUMMARY"]) for e in read(client, address).events] == [
            "Tina Torres, Vic: AC tune-up – Evelyn Harper"
        ]


@pytest.mark.parametrize("change", ["revoked", "technician left", "forged", "cut"])
def test_an_address_that_is_over_shows_nothing(company: Company, client: FlaskClient, change: str) -> None:
    with clock.at(make.NOW):
        with company.acting():
            tina = dispatch.technician()
            address = path(feeds.make(tina.id))
        assert client.get(address).status_code == 200
        with company.acting():
            if change == "revoked":
                feeds.revoke(db.session.query(CalendarFeed).one().id)
            if change == "technician left":
                get(Technician, tina.id).ends_on = make.NOW.date() - timedelta(days=1)
        if change == "forged":
            address = address.replace(".ics", "x.ics")
        if change == "cut":
            address = address[:40] + ".ics"
        assert client.get(address).status_code == 404


def test_a_technician_makes_and_revokes_only_the_own_address(company: Company) -> None:
    with company.acting("owner"):
        tina, vic = dispatch.technician(), dispatch.technician("Vic")
        dispatch.signed_in_as(company.users["technician"], tina)
    browser = company.sign_in("technician")
    page = browser.get("/my/calendar").get_data(as_text=True)
    made = browser.post("/my/calendar", data={"csrf_token": csrf_of(page)}).get_data(as_text=True)
    assert "webcal://" in made
    assert "only time the address is shown" in made
    with company.acting("owner"):
        others = feeds.make(vic.id)
        theirs = db.session.query(CalendarFeed).filter_by(technician_id=vic.id).one().id
        mine = db.session.query(CalendarFeed).filter_by(technician_id=tina.id).one().id
    assert others
    assert (
        browser.post(f"/my/calendar/{theirs}/revoke", data={"csrf_token": csrf_of(page)}).status_code == 404
    )
    assert browser.post(f"/my/calendar/{mine}/revoke", data={"csrf_token": csrf_of(page)}).status_code == 303
    assert browser.get("/settings/calendars").status_code == 403
    with company.acting("technician"), pytest.raises(errors.Forbidden):
        feeds.make(None)


def test_the_office_makes_sees_and_revokes_addresses(company: Company) -> None:
    browser = company.sign_in("dispatcher")
    page = browser.get("/settings/calendars").get_data(as_text=True)
    made = browser.post(
        "/settings/calendars", data={"csrf_token": csrf_of(page), "technician_id": "", "name": "The wall"}
    )
    assert "/calendar/" in made.get_data(as_text=True)
    page = browser.get("/settings/calendars").get_data(as_text=True)
    assert "The whole company · The wall" in page
    assert "/calendar/" not in page.replace("/settings/calendar", ""), "the address is not kept"
    with company.acting():
        feed = db.session.query(CalendarFeed).one().id
    assert (
        browser.post(f"/settings/calendars/{feed}/revoke", data={"csrf_token": csrf_of(page)}).status_code
        == 303
    )
    assert "The wall" not in browser.get("/settings/calendars").get_data(as_text=True)


def test_a_feed_costs_the_same_however_many_visits_it_holds(company: Company, client: FlaskClient) -> None:
    from sqlalchemy import event

    counts = []
    with clock.at(make.NOW):
        with company.acting():
            tina = dispatch.technician()
            address, engine = path(feeds.make(tina.id)), db.engine
        for number in range(2):
            with company.acting():
                make.booked(start=make.at(9, days=3 + number), crew=(tina,))
            client.get(address)
            seen: list[object] = []

            def note(*args: object, seen: list[object] = seen) -> None:
                seen.append(args[2])

            event.listen(engine, "before_cursor_execute", note)
            client.get(address)
            event.remove(engine, "before_cursor_execute", note)
            counts.append(len(seen))
    assert counts[0] == counts[1] <= 9, seen


def test_the_feed_of_somebody_who_may_not_sign_in_any_more_shows_nothing(
    company: Company, client: FlaskClient
) -> None:
    with clock.at(make.NOW):
        with company.acting():
            tina = dispatch.technician()
            dispatch.signed_in_as(company.users["technician"], tina)
            make.booked(crew=(tina,))
            address = feeds.make(tina.id)
        assert len(read(client, address).events) == 1
        with company.acting():
            get(User, company.users["technician"]).active = False
        answer = client.get(path(address))
    assert answer.status_code == 404
    assert "Evelyn" not in answer.get_data(as_text=True)
