"""Booking a call: who is calling, what it is about, the next best times, and the job with its confirmation."""

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.factories import appointments as make
from tests.factories import dispatch, people
from tests.factories.world import Company, csrf_of
from webapp.accounts.queries import organization
from webapp.appointments.service import booking
from webapp.customers import service as customers
from webapp.dispatch import service
from webapp.kit import clock, errors
from webapp.kit.db import add, db
from webapp.models import Customer, DispatchJob, Equipment, Holiday, Technician

PLACE = {"address": "12 Maple St", "city": "Tampa", "state": "FL", "zip": "33606"}


@pytest.fixture
def tina(company: Company) -> Technician:
    with clock.at(make.NOW), company.acting():
        tina = dispatch.technician()
        for weekday in range(5):
            dispatch.shift(tina, weekday=weekday)
        return tina


@pytest.fixture
def evelyn(company: Company, tina: Technician) -> Customer:
    with clock.at(make.NOW), company.acting():
        return customers.create(
            {"name": "Evelyn Harper", "phone": "813-555-0142", "email": "evelyn@example.com"},
            properties=[PLACE],
        )


def fields(page: str, **more: Any) -> dict[str, Any]:
    return {"csrf_token": csrf_of(page), "priority": "normal", "start": "", "preset": "repair", **more}


def slots(page: str) -> list[str]:
    return re.findall(r'name="slot" value="([^"]+)"', page)


@pytest.mark.parametrize("typed", ["813 555 01", "0142", "evel", "maple"])
def test_a_caller_is_found_by_number_name_and_address_as_it_is_typed(
    company: Company, evelyn: Customer, typed: str
) -> None:
    part = company.sign_in("dispatcher").get(f"/dispatch/book?q={typed}", hx="callers").get_data(as_text=True)
    assert f'href="/dispatch/book?customer={evelyn.id}"' in part
    assert "Somebody new" in part


def test_without_javascript_the_only_one_found_is_chosen_at_once(company: Company, evelyn: Customer) -> None:
    answer = company.sign_in("dispatcher").get("/dispatch/book?q=evelyn")
    assert answer.headers["Location"] == f"/dispatch/book?customer={evelyn.id}"


def test_history_and_equipment_stand_beside_the_call(
    company: Company, evelyn: Customer, tina: Technician
) -> None:
    with clock.at(make.NOW):
        with company.acting():
            make.booked("Furnace clicking", crew=(tina,), customer_id=evelyn.id)
            place = customers.add_property(evelyn.id, {**PLACE, "address": "9 Oak St"})
            add(
                Equipment(
                    property_id=place.id,
                    customer_id=evelyn.id,
                    kind="Furnace",
                    make="Carrier",
                    model="59SC5B",
                )
            )
            add(
                Equipment(
                    property_id=place.id, customer_id=evelyn.id, kind="Boiler", retired_on=make.NOW.date()
                )
            )
        page = (
            company.sign_in("dispatcher").get(f"/dispatch/book?customer={evelyn.id}").get_data(as_text=True)
        )
    assert "Furnace clicking" in page
    assert "1 open of 1" in page
    assert "Carrier 59SC5B" in page
    assert "Boiler" not in page
    assert "9 Oak St" in page, "where it is, for several places"


def test_a_call_is_booked_into_an_offered_time_and_confirmed_at_once(
    company: Company, evelyn: Customer, tina: Technician
) -> None:
    with clock.at(make.NOW):
        with company.acting():
            item = people.item(name="Service call", list_price_cents=8900)
            gas = dispatch.skill("Gas fitting", tina, level=3)
            booking.save_preset(None, booking.Preset("", "No heat", "repair", 75, ((gas.id, 2),), item.id))
        browser = company.sign_in("dispatcher")
        page = browser.get(f"/dispatch/book?customer={evelyn.id}").get_data(as_text=True)
        given = fields(page, customer_id=evelyn.id, preset="0", description="Clicks, then nothing")
        part = browser.post("/dispatch/book/times", data=given, hx="times").get_data(as_text=True)
        assert "$89.00" in part
        assert "Tina Torres" in part
        free = slots(part)
        assert len(free) >= 3
        answer = browser.post("/dispatch/book", data=given | {"do": "book", "slot": free[0]})
        assert answer.status_code == 303
        with company.acting():
            job = db.session.query(DispatchJob).one()
            assert answer.headers["Location"] == f"/jobs/{job.id}"
            assert (job.title, job.expected_minutes, job.price_cents, job.source) == (
                "No heat",
                75,
                8900,
                "phone",
            )
            assert (job.customer_id, job.status, job.technician_id) == (evelyn.id, "dispatched", tina.id)
            assert job.window_start is not None
            assert [m.template for m in make.messages(job)] == ["appointments.booked"] * 2
            clock.advance(timedelta(minutes=3))
            assert make.work() == [], "once is enough"


def test_somebody_new_becomes_a_customer(company: Company, tina: Technician) -> None:
    with clock.at(make.NOW):
        browser = company.sign_in("dispatcher")
        page = browser.get("/dispatch/book?new=1&q=813-555-0199").get_data(as_text=True)
        assert 'value="813-555-0199"' in page
        given = fields(page, customer_name="Noah Bennett", customer_phone="813-555-0199", service_address="5 Palm Dr",
                       service_city="Tampa",
                       service_state="FL", service_zip="33606")  # fmt: skip
        times = browser.post("/dispatch/book", data=given | {"do": "times"}).get_data(as_text=True)
        answer = browser.post("/dispatch/book", data=given | {"do": "book", "slot": slots(times)[0]})
        assert answer.status_code == 303
        with company.acting():
            job = db.session.query(DispatchJob).one()
            who = db.session.get_one(Customer, (job.tenant_id, job.customer_id))
            assert (who.name, who.phone, job.service_address) == ("Noah Bennett", "+18135550199", "5 Palm Dr")
            assert job.latitude is not None


def test_who_may_be_somebody_on_record_is_asked_about(company: Company, evelyn: Customer) -> None:
    with clock.at(make.NOW):
        browser = company.sign_in("dispatcher")
        page = browser.get("/dispatch/book?new=1").get_data(as_text=True)
        given = fields(page, customer_name="Evelyn Harper", customer_phone="813-555-0777", service_address="77 Swann Ave",
                       service_zip="33606")  # fmt: skip
        times = browser.post("/dispatch/book", data=given | {"do": "times"}).get_data(as_text=True)
        given |= {"do": "book", "slot": slots(times)[0]}
        asked = browser.post("/dispatch/book", data=given)
        text = asked.get_data(as_text=True)
        assert asked.status_code == 422
        assert "Is it one of these?" in text
        assert f'name="who" value="{evelyn.id}"' in text
        assert slots(text), "the times are still there"
        with company.acting():
            assert db.session.query(DispatchJob).count() == 0
            before = db.session.query(Customer).count()
        assert browser.post("/dispatch/book", data=given | {"who": str(evelyn.id)}).status_code == 303
        with company.acting():
            job = db.session.query(DispatchJob).one()
            assert (job.customer_id, job.service_address) == (evelyn.id, "77 Swann Ave")
            assert db.session.query(Customer).count() == before


def test_a_time_that_was_taken_meanwhile_is_refused_with_others(
    company: Company, evelyn: Customer, tina: Technician
) -> None:
    with clock.at(make.NOW):
        browser = company.sign_in("dispatcher")
        page = browser.get(f"/dispatch/book?customer={evelyn.id}").get_data(as_text=True)
        given = fields(page, customer_id=evelyn.id)
        free = slots(browser.post("/dispatch/book/times", data=given, hx="times").get_data(as_text=True))
        with company.acting():
            call = booking.Call(preset=booking.presets()[0], customer_id=evelyn.id)
            first = booking.offers(call)[0]
            other = dispatch.job("Urgent", start=first.starts_at, end=first.ends_at)
            service.assign(other.id, [tina.id], override_reason="Urgent")
        answer = browser.post("/dispatch/book", data=given | {"do": "book", "slot": free[0]})
        text = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "has just been taken" in text
    assert slots(text)
    assert free[0] not in slots(text)
    with company.acting():
        assert db.session.query(DispatchJob).filter_by(customer_id=evelyn.id).count() == 0, (
            "nothing half done"
        )


def test_the_time_that_is_ticked_stays_ticked_and_is_never_one_that_is_not_offered(
    company: Company, evelyn: Customer, tina: Technician
) -> None:
    with clock.at(make.NOW):
        browser = company.sign_in("dispatcher")
        page = browser.get(f"/dispatch/book?customer={evelyn.id}").get_data(as_text=True)
        given = fields(page, customer_id=evelyn.id)
        soon = browser.post("/dispatch/book/times", data=given, hx="times").get_data(as_text=True)
        assert ticked(soon) == [0]
        third = given | {"slot": slots(soon)[2]}
        assert ticked(
            browser.post("/dispatch/book/times", data=third, hx="times").get_data(as_text=True)
        ) == [2]
        with clock.at(make.NOW + timedelta(seconds=30)):  # signed anew, and the same time
            again = browser.post("/dispatch/book/times", data=third, hx="times").get_data(as_text=True)
            assert ticked(again) == [2]
        later = browser.post("/dispatch/book/times", data=third | {"start": "7"}, hx="times")
        assert ticked(later.get_data(as_text=True)) == [0], "another day's times: the first of them"
        answer = browser.post("/dispatch/book", data=given | {"do": "book", "slot": ""}, hx="call")
    assert answer.status_code == 422, "a script shows only these"
    assert "Choose one of these times." in answer.get_data(as_text=True)
    assert ticked(answer.get_data(as_text=True)) == [], "nobody books by accident what they did not choose"


def test_a_time_on_a_holiday_says_so(company: Company, evelyn: Customer, tina: Technician) -> None:
    with clock.at(make.NOW):
        with company.acting():
            call = booking.Call(preset=booking.presets()[0], customer_id=evelyn.id)
            first = booking.offers(call)[0].window_start.astimezone(ZoneInfo(organization().time_zone)).date()
            add(Holiday(on_date=first, name="Founders Day"))
        browser = company.sign_in("dispatcher")
        page = browser.get(f"/dispatch/book?customer={evelyn.id}").get_data(as_text=True)
        given = fields(page, customer_id=evelyn.id)
        assert "Founders Day" in browser.post("/dispatch/book/times", data=given, hx="times").get_data(
            as_text=True
        )


def ticked(page: str) -> list[int]:
    """Which of the offered times are ticked."""
    found = re.findall(r'<input type="radio" name="slot" value="[^"]+"( checked)?', page)
    return [n for n, mark in enumerate(found) if mark]


@pytest.mark.parametrize(("change", "sentence"), [
    ({"preset": ""}, "Choose"), ({"minutes": "0"}, "From 1 minute"), ({"minutes": "1800"}, "From 1 minute"),
    ({"slot": ""}, "Choose one"),
    ({"slot": "nonsense"}, "Choose one"), ({"minutes": "200"}, "length has changed"), ({"equipment": "999999"}, ""),
])  # fmt: skip
def test_what_cannot_be_booked_is_refused_in_a_sentence(
    company: Company, evelyn: Customer, change: dict[str, str], sentence: str
) -> None:
    with clock.at(make.NOW):
        browser = company.sign_in("dispatcher")
        page = browser.get(f"/dispatch/book?customer={evelyn.id}").get_data(as_text=True)
        given = fields(page, customer_id=evelyn.id)
        free = slots(browser.post("/dispatch/book/times", data=given, hx="times").get_data(as_text=True))
        answer = browser.post("/dispatch/book", data=given | {"do": "book", "slot": free[0]} | change)
    assert answer.status_code in (409, 422)
    assert sentence in answer.get_data(as_text=True)


def test_only_who_books_jobs_sees_the_screen(company: Company) -> None:
    assert company.sign_in("accountant").get("/dispatch/book").status_code == 403


def test_presets_are_added_changed_and_removed(company: Company) -> None:
    browser = company.sign_in("manager")
    page = browser.get("/settings/booking").get_data(as_text=True)
    given = {
        "csrf_token": csrf_of(page),
        "title": "No heat",
        "job_type": "repair",
        "minutes": "75",
        "item_id": "",
    }
    assert browser.post("/settings/booking", data=given).status_code == 303
    assert "75 minutes" in browser.get("/settings/booking").get_data(as_text=True)
    assert browser.post("/settings/booking/0", data=given | {"title": "No cooling"}).status_code == 303
    assert browser.post("/settings/booking/0", data=given | {"minutes": "0"}).status_code == 422
    assert "No cooling" in browser.get("/settings/booking/0").get_data(as_text=True)
    assert browser.post("/settings/booking/0/remove", data=given).status_code == 303
    assert browser.get("/settings/booking/0").status_code == 404
    with company.acting("dispatcher"), pytest.raises(errors.Forbidden):
        booking.save_preset(None, booking.Preset("", "No heat"))


def test_the_screen_costs_the_same_however_much_history_there_is(
    company: Company, evelyn: Customer, tina: Technician
) -> None:
    from sqlalchemy import event

    counts, browser = [], company.sign_in("dispatcher")
    with clock.at(make.NOW):
        browser.get("/dispatch/book")
    for number in range(2):
        with clock.at(make.NOW):
            with company.acting():
                for hour in (9, 12, 14):
                    make.booked(start=make.at(hour, days=3 - number), crew=(tina,), customer_id=evelyn.id)
                engine = db.engine
            seen: list[object] = []

            def note(*args: object, seen: list[object] = seen) -> None:
                seen.append(args[2])

            event.listen(engine, "before_cursor_execute", note)
            browser.get(f"/dispatch/book?customer={evelyn.id}")
            event.remove(engine, "before_cursor_execute", note)
            counts.append(len(seen))
    assert counts[0] == counts[1] <= 16, seen


@pytest.mark.parametrize("start", ["x", "99999999999"])
def test_a_day_that_the_booking_screen_does_not_offer_counts_as_none(company: Company, start: str) -> None:
    browser = company.sign_in("dispatcher")
    token = csrf_of(browser.get("/dispatch/book?new=1").get_data(as_text=True))
    answer = browser.post("/dispatch/book/times", data={"csrf_token": token, "preset": "repair", "start": start},
                          headers={"HX-Request": "true"})  # fmt: skip
    assert answer.status_code == 200
