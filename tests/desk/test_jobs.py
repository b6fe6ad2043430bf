"""Dispatch on Today, in the search, and on the pages of customers and technicians."""

from datetime import timedelta

import pytest

from tests.desk.test_find import urls
from tests.factories import dispatch as make
from tests.factories.world import Company
from webapp.customers import service as customers
from webapp.desk import cards
from webapp.dispatch import service
from webapp.dispatch.service import current
from webapp.kit import clock
from webapp.kit.db import db
from webapp.models import DispatchJob, PayAnswer, PayPeriod, Technician

NOW = make.NOW  # Tuesday, 10:00 in New York
TODAY, TOMORROW = NOW.date(), NOW.date() + timedelta(days=1)


def titles(company: Company, role: str = "dispatcher") -> dict[str, str]:
    with company.acting(role):
        return {c.title: c.url for c in cards.now()}


def test_a_job_promised_for_earlier_where_nobody_is_yet_is_late(company: Company) -> None:
    with clock.at(NOW), company.acting():
        tina = make.technician()
        late = make.job("Late", start=make.at(8, day=TODAY), crew=(tina,))
        made = make.job("Begun", start=make.at(11, day=TODAY), crew=(tina,))
        with clock.at(make.at(8, day=TODAY)):
            for status in ("acknowledged", "en_route", "on_site"):
                visit = current.visit_of(made)
                service.report(visit.id, service.Report(status=status))
        window = {"window_start": make.at(8, day=TODAY), "window_end": make.at(12, day=TODAY)}
        make.job("Promised until noon", start=make.at(8, day=TODAY), crew=(make.technician("Vic"),), **window)
        make.job("Later", start=make.at(15, day=TODAY), crew=(tina,))
    with clock.at(NOW):
        assert titles(company)["1 job is late"] == "/jobs?when=late"
        page = company.sign_in("dispatcher").get("/jobs?when=late").get_data(as_text=True)
        assert f'href="/jobs/{late.id}"' in page
        assert page.count(">Late<") == 1
        assert "Promised until noon" not in page
        with company.acting():
            service.hold(late.id, "Part ordered")
        assert not [t for t in titles(company) if "late" in t]


def test_jobs_without_a_technician_are_counted_and_the_urgent_ones_said(company: Company) -> None:
    with clock.at(NOW), company.acting():
        make.job("A", priority="urgent")
        make.job("B")
        service.hold(make.job("Held").id, "Part ordered")
    with clock.at(NOW), company.acting("dispatcher"):
        card = next(c for c in cards.now() if "no technician" in c.title)
    assert (card.title, card.text, card.tone) == ("2 jobs have no technician", "1 of them urgent", "danger")


def test_tomorrows_visits_wait_for_their_confirmation(company: Company) -> None:
    with clock.at(NOW), company.acting():
        tina = make.technician()
        make.job("Open", start=make.at(9, day=TOMORROW), crew=(tina,))
        service.confirm(make.job("Sure", start=make.at(13, day=TOMORROW), crew=(tina,)).id)
        make.job("The day after", start=make.at(9, day=TOMORROW + timedelta(days=1)), crew=(tina,))
    with clock.at(NOW):
        url = titles(company)["1 visit of tomorrow is not confirmed"]
        page = company.sign_in("dispatcher").get(url).get_data(as_text=True)
    assert ">Open<" in page
    assert ">Sure<" not in page
    assert ">The day after<" not in page


def test_a_hold_is_shown_when_its_day_has_come(company: Company) -> None:
    with clock.at(NOW), company.acting():
        service.hold(make.job().id, "Part ordered", NOW + timedelta(days=1))
        service.hold(make.job("Some day").id, "Waits for the HOA")
    with clock.at(NOW):
        assert not [t for t in titles(company) if "hold" in t]
    with clock.at(NOW + timedelta(days=1, minutes=1)):
        assert titles(company)["1 job on hold is to be come back to"] == "/jobs?hold=due"


def test_who_drives_and_works_in_the_office_sees_the_next_job(company: Company) -> None:
    with clock.at(NOW), company.acting("owner"):
        tina = make.technician()
        make.signed_in_as(company.users["owner"], tina)
        job = make.job(start=make.at(11, day=TODAY), crew=(tina,))
        assert job.id
    with clock.at(NOW):
        assert "My jobs today: 0 of 1 done" in company.sign_in("owner").get("/").get_data(as_text=True)
        assert "My jobs today" not in company.sign_in("admin").get("/").get_data(as_text=True)


def test_disputed_pay_is_shown_to_who_answers_it(company: Company) -> None:
    with clock.at(NOW):
        with company.acting():
            someone = db.session.query(Technician).first() or make.technician()
            period = db.session.query(PayPeriod).first()
            assert period is not None
            db.session.add(PayAnswer(tenant_id=period.tenant_id, pay_period_id=period.id, technician_id=someone.id,
                                     answer="disputed", total_cents=100, note="No bonus?", answered_at=NOW))  # fmt: skip
            where, name = f"/pay-periods/{period.id}/technicians/{someone.id}", someone.name
        title = f"{name} says something is wrong with their pay"
        assert titles(company, "manager")[title] == where
        assert title not in titles(company, "dispatcher")
        with company.acting():
            db.session.query(PayAnswer).one().answer = "answered"
        assert title not in titles(company, "manager")


@pytest.mark.parametrize("query", ["job {}", "{}", "#{}", "furnace", "harper", "maple"])
def test_a_job_is_found_by_number_title_customer_and_address(company: Company, query: str) -> None:
    with clock.at(NOW), company.acting():
        job = make.job(
            "No heat, furnace clicking", customer_name="Evelyn Harper", service_address="12 Maple St"
        )
    assert f"/jobs/{job.id}" in urls(company, "dispatcher", query.format(job.id).replace("#", "%23"))
    assert f"/jobs/{job.id}" not in urls(company, "accountant", "zebra")


def test_a_job_can_be_begun_from_the_search(company: Company) -> None:
    assert "/jobs/new" in urls(company, "dispatcher", "new job")
    assert "/jobs/new" not in urls(company, "accountant", "new job")


def test_a_customer_s_page_shows_the_next_visit_and_the_jobs(company: Company) -> None:
    with clock.at(NOW), company.acting():
        who = customers.create({"name": "Evelyn Harper"}, properties=[
            {"address": "12 Maple St", "city": "Tampa", "zip": "33606"},
            {"address": "9 Oak St", "city": "Tampa", "zip": "33606"}])  # fmt: skip
        tina = make.technician()
        make.job("AC tune-up", start=make.at(9, day=TOMORROW), crew=(tina,), customer_id=who.id)
        make.job("Leak", customer_id=who.id, service_address="9 Oak St")
        make.job("Somebody else’s")
    with clock.at(NOW):
        page = company.sign_in("dispatcher").get(f"/customers/{who.id}").get_data(as_text=True)
        assert "Tomorrow 9:00" in page
        assert "Tina Torres" in page
        assert "9 Oak St" in page
        assert "Somebody else’s" not in page
        assert f"/jobs?customer={who.id}" in page
        listed = (
            company.sign_in("dispatcher").get(f"/jobs?customer={who.id}&state=all").get_data(as_text=True)
        )
    assert ">AC tune-up<" in listed
    assert "Somebody else’s" not in listed
    assert "Evelyn Harper" in listed


def test_a_technician_s_page_shows_how_far_the_day_is(company: Company) -> None:
    with clock.at(NOW), company.acting():
        tina = make.technician()
        first = make.job("Done already", start=make.at(8, day=TODAY), crew=(tina,))
        make.job("AC tune-up", start=make.at(13, day=TODAY), crew=(tina,), customer_name="Evelyn Harper")
        for status in ("on_site", "in_progress", "completed"):
            service.report(current.visit_of(first).id, service.Report(status=status))
        assert db.session.get_one(DispatchJob, (first.tenant_id, first.id)).status == "completed"
    with clock.at(NOW):
        page = company.sign_in("dispatcher").get(f"/technicians/{tina.id}").get_data(as_text=True)
    assert "1 of 2 done" in page
    assert "Evelyn Harper" in page
