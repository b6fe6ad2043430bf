"""What customers are told of their visits, when, how often, and in whose words."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.factories import appointments as make
from tests.factories import dispatch
from tests.factories.world import Company, csrf_of
from webapp.accounts.queries import organization
from webapp.appointments.rules import texts
from webapp.appointments.service import configuring, telling
from webapp.customers import service as customers
from webapp.dispatch import service
from webapp.kit import clock, errors
from webapp.kit.db import add
from webapp.messaging import service as messaging
from webapp.models import ContactChoice, TechnicianPosition

LATER = timedelta(minutes=2)


def test_a_booked_visit_is_confirmed_by_mail_and_text_in_the_company_s_zone(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(crew=(dispatch.technician(),))
        assert make.work() == [], "not before the dispatcher is done"
        clock.advance(LATER)
        assert make.work() == ["booked"]
        mail, text = make.messages(job)
    assert (mail.to_address, text.to_address) == ("evelyn@example.com", "+18135550142")
    assert mail.subject.endswith("Friday, November 27")
    assert "When: Friday, November 27, 9:00–11:00 AM" in mail.body
    assert "Hello Evelyn," in mail.body
    assert "12 Maple St" in mail.body
    assert "/v/" in text.body
    assert "9:00-11:00 AM" in text.body, "a sign outside the GSM alphabet would make it twice as long"
    assert texts.sms_parts(text.body) <= 2
    assert "<html" in mail.html
    assert "{" not in mail.body + mail.subject + text.body


def test_the_same_is_told_once_however_often_it_is_asked_for(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(crew=(dispatch.technician(),))
        visit = make.visit(job)
        assert telling.tell_standing(visit.id) == "booked"
        assert telling.tell_standing(visit.id) is None
        assert telling.tell(visit.id, "booked") == []
        assert len(make.messages(job)) == 2


def test_what_is_undone_before_it_was_told_is_never_told(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(crew=(dispatch.technician(),))
        service.cancel(job.id, "Booked by mistake")
        clock.advance(LATER)
        assert make.work() == []
        assert make.messages(job) == []


def test_another_time_is_told_and_a_shift_within_the_promised_window_is_not(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(crew=(dispatch.technician(),), window_start=make.at(8), window_end=make.at(12))
        visit = make.visit(job)
        telling.tell_standing(visit.id)
        service.place(visit.id, service.Placement(starts_at=make.at(10)))
        clock.advance(LATER)
        assert make.work() == []
        service.place(visit.id, service.Placement(starts_at=make.at(14, days=4)))
        clock.advance(LATER)
        assert make.work() == ["changed"]
        assert "Saturday, November 28, 2:00–4:00 PM" in make.messages(job)[-2].body


NOAH = {"customer_name": "Noah Other", "customer_email": "noah@example.com", "customer_phone": "813-555-0199"}


def test_who_is_put_on_a_job_in_place_of_another_gets_the_confirmation_as_for_a_new_booking(
    company: Company, client: FlaskClient
) -> None:
    with clock.at(make.NOW):
        with company.acting():
            job = make.booked(crew=(dispatch.technician(),))
            telling.tell_standing(make.visit(job).id)
            service.update(job.id, {"customer_name": "Evelyn Harper-Jones"})
            clock.advance(LATER)
            assert make.work() == [], "the same person, spelt otherwise"
            service.update(job.id, NOAH)
            assert make.work() == [], "not before the dispatcher is done"
            clock.advance(LATER)
            assert make.work() == ["booked"]
            mail, text = make.messages(job)[2:]
            assert (mail.to_address, text.to_address) == ("noah@example.com", "+18135550199")
            assert "Hello Noah," in mail.body
            assert "When: Friday, November 27, 9:00–11:00 AM" in mail.body
            assert telling.tell_standing(make.visit(job).id) is None, "once"
        assert client.get(make.link_in(text)).status_code == 200
        with company.acting():
            service.cancel(job.id, "No parts")
            clock.advance(LATER)
            assert make.work() == ["cancelled"], "and hears of all that follows"
            assert make.messages(job)[-1].to_address == "+18135550199"


def test_a_new_customer_of_a_visit_that_repeats_or_was_just_moved_gets_a_confirmation_too(
    company: Company,
) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(crew=(dispatch.technician(),))
        job.source = "recurring"
        clock.advance(LATER)
        assert make.work() == []
        service.update(job.id, NOAH)
        clock.advance(LATER)
        assert make.work() == ["booked"]
        service.place(make.visit(job).id, service.Placement(starts_at=make.at(14, days=4)))
        service.update(job.id, {"customer_name": "Zoe Third", "customer_email": "zoe@example.com"})
        clock.advance(LATER)
        assert make.work() == ["booked"], "they know of no other time"


def test_a_new_customer_is_told_by_the_ways_they_want_and_not_by_text_at_night(company: Company) -> None:
    with clock.at(make.at(23, days=0)), company.acting():
        job = make.booked(crew=(dispatch.technician(),))
        telling.tell_standing(make.visit(job).id)
        before = len(make.messages(job))
        service.update(job.id, NOAH)
        clock.advance(LATER)
        assert make.work() == ["booked"]
        assert [(m.channel, m.to_address) for m in make.messages(job)[before:]] == [
            ("email", "noah@example.com")
        ]
        waits = next(w for w in make.waiting() if w.get("channel") == "sms")
        clock.advance(waits["at"] - clock.now())
        make.work()
        assert [m.to_address for m in make.messages(job) if m.channel == "sms"] == ["+18135550199"]
        other = customers.create({"name": "Olga Other", "email": "olga@example.com", "phone": "813-555-0177"})
        add(ContactChoice(customer_id=other.id, email=True, sms=False, chosen_at=clock.now()))
        before = len(make.messages(job))
        service.update(job.id, {"customer_id": other.id, "customer_name": other.name, "customer_email": other.email,
                                "customer_phone": other.phone})  # fmt: skip
        clock.advance(LATER)
        assert make.work() == ["booked"]
        assert [m.to_address for m in make.messages(job)[before:]] == ["olga@example.com"]


def test_a_cancelled_visit_is_told_with_the_time_that_was_promised(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(crew=(dispatch.technician(),))
        telling.tell_standing(make.visit(job).id)
        service.cancel(job.id, "No parts")
        clock.advance(LATER)
        assert make.work() == ["cancelled"]
        mail = make.messages(job)[-2]
    assert mail.subject == "Your appointment on Friday, November 27 is cancelled"
    assert "No parts" not in mail.body, "the reason is the office's"


def test_a_reminder_comes_the_hours_before_that_the_company_chose(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        organization().settings = {**organization().settings, "dispatch": {"reminder_hours": 48}}
        job = make.booked(crew=(dispatch.technician(),))
        telling.tell_standing(make.visit(job).id)
        planned = make.waiting()[-1]
        assert (planned["what"], planned["at"]) == ("reminder", make.at(9, days=1))
        clock.advance(planned["at"] - clock.now())
        assert make.work() == ["reminder"]
        assert "Reminder" in make.messages(job)[-2].subject


@pytest.mark.parametrize("change", ["moved", "cancelled", "held", "begun"])
def test_a_reminder_of_what_is_not_true_any_more_is_not_sent(company: Company, change: str) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(crew=(dispatch.technician(),))
        visit = make.visit(job)
        telling.tell_standing(visit.id)
        reminder = next(w for w in make.waiting() if w["what"] == "reminder")
        if change == "moved":
            service.place(visit.id, service.Placement(starts_at=make.at(15, days=5)))
        elif change == "cancelled":
            service.cancel(job.id, "Sold the house")
        elif change == "held":
            service.hold(job.id, "Part ordered")
        else:
            make.steps(job, "on_site")
        before = len(make.messages(job))
        clock.advance(reminder["at"] - clock.now())
        assert telling.run(reminder) == {"told": []}
        assert len(make.messages(job)) == before


def test_a_text_waits_for_the_morning_and_the_mail_does_not(company: Company) -> None:
    with clock.at(make.at(23, days=0)), company.acting():
        job = make.booked(crew=(dispatch.technician(),))
        telling.tell_standing(make.visit(job).id)
        assert [m.channel for m in make.messages(job)] == ["email"]
        waits = next(w for w in make.waiting() if w.get("channel") == "sms")
        assert waits["at"] == make.at(8, days=1)
        clock.advance(waits["at"] - clock.now())
        assert telling.run(waits) == {"told": ["booked"]}
        assert telling.run(waits) == {"told": []}
        assert [m.channel for m in make.messages(job)] == ["email", "sms"]


def test_on_the_way_is_told_at_once_with_the_drive_and_only_once(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        tina = dispatch.technician()
        job = make.booked(start=make.at(11, days=0), crew=(tina,))
        make.steps(job, "acknowledged", "en_route")
        add(TechnicianPosition(tenant_id=job.tenant_id, technician_id=tina.id, latitude=float(job.latitude) + 0.05,
                               longitude=job.longitude, seen_at=clock.now()))  # fmt: skip
        assert make.work() == ["on_the_way"]
        mail, text = make.messages(job)
        assert "Tina from" in mail.body
        assert "Torres" not in mail.body + text.body, "a first name is enough"
        assert "is on the way and arrives in about 10 minutes." in text.body
        assert telling.run({"what": "on_the_way", "visit_id": make.visit(job).id}) == {"told": []}


def test_on_the_way_reported_late_or_over_is_not_told(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(start=make.at(11, days=0), crew=(dispatch.technician(),))
        make.steps(job, "acknowledged", "en_route", "on_site")
        assert make.work() == []
        assert make.messages(job) == []


def test_what_was_done_is_told_some_minutes_after_the_visit_with_the_paper(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(start=make.at(11, days=0), crew=(dispatch.technician(),))
        make.steps(job, "on_site", "in_progress")
        service.report(make.visit(job).id, service.Report(status="completed", outcome="Coils cleaned."))
        assert make.work() == []
        clock.advance(timedelta(minutes=15))
        assert make.work() == ["summary"]
        (mail,) = make.messages(job)
    assert "Coils cleaned." in mail.body
    assert mail.attachments[0]["media_type"] == "application/pdf"


def test_nobody_is_told_of_history_that_is_loaded_or_times_that_are_over(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        with telling.silent():
            make.booked(crew=(dispatch.technician(),))
        make.booked(start=make.at(9, days=-2), crew=(dispatch.technician("Vic"),))
        assert make.waiting() == []


def test_a_job_without_a_time_tells_when_it_gets_one(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = dispatch.job("Leak", customer_name="Evelyn Harper", customer_email="evelyn@example.com")
        assert make.waiting() == []
        service.assign(job.id, [dispatch.technician().id], starts_at=make.at(13))
        clock.advance(LATER)
        assert make.work() == ["booked"]


def test_a_recurring_visit_is_reminded_of_and_not_confirmed_months_ahead(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(crew=(dispatch.technician(),), source="recurring")
        clock.advance(LATER)
        assert make.work() == []
        assert [w["what"] for w in make.waiting()] == ["reminder"]
        assert make.messages(job) == []


def test_the_customer_s_choice_and_the_do_not_contact_list_hold(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        who = customers.create({"name": "Evelyn Harper"})
        add(ContactChoice(customer_id=who.id, email=True, sms=False, chosen_at=clock.now()))
        messaging.suppress("email", "evelyn@example.com", "do_not_contact")
        job = make.booked(crew=(dispatch.technician(),), customer_id=who.id)
        telling.tell_standing(make.visit(job).id)
        (mail,) = make.messages(job)
        assert (mail.channel, mail.status) == ("email", "blocked")
    page = company.sign_in("dispatcher").get(f"/jobs/{job.id}").get_data(as_text=True)
    assert "could not tell the customer at evelyn@example.com: confirmation" in page
    assert "asked not to be contacted" in page


def test_every_message_stands_on_the_job_s_timeline(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        job = make.booked(crew=(dispatch.technician(),))
        telling.tell_standing(make.visit(job).id)
    page = company.sign_in("dispatcher").get(f"/jobs/{job.id}").get_data(as_text=True)
    assert "told the customer at evelyn@example.com: confirmation" in page
    assert "told the customer at (813) 555-0142: confirmation" in page


# Words --------------------------------------------------------------------------------------------------------------


def test_the_company_s_own_words_are_sent(company: Company) -> None:
    with clock.at(make.NOW), company.acting():
        own = texts.Text("Hi {first_name}", "See you {when}: {link}", "{company} {day}", by_sms=False)
        configuring.set_text("booked", own)
        job = make.booked(crew=(dispatch.technician(),))
        telling.tell_standing(make.visit(job).id)
        (mail,) = make.messages(job)
    assert mail.subject == "Hi Evelyn"
    assert mail.body.startswith("See you Friday, November 27, 9:00–11:00 AM: http")


@pytest.mark.parametrize(("words", "sentence"), [
    ("Hello {firstname}", "There is no {firstname} here."),
    ("Hello {eta}", "There is no {eta} here."),  # it is known elsewhere
    ("Hello {first_name", "A brace"),
    ("Hello {} there", "There is no {} here."),
])  # fmt: skip
def test_a_variable_that_does_not_exist_is_refused(company: Company, words: str, sentence: str) -> None:
    with company.acting(), pytest.raises(errors.Invalid, match=r".") as refused:
        configuring.set_text("booked", texts.Text(words, "Body", "Text"))
    assert sentence in refused.value.message


def test_a_dispatcher_may_not_change_the_words(company: Company) -> None:
    with company.acting("dispatcher"), pytest.raises(errors.Forbidden):
        configuring.set_text("booked", texts.Text("a", "b", "c"))


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 81, 2), ("ж" * 70, 1), ("ж" * 71, 2), ("😀" * 36, 2)],
)
def test_the_length_of_a_text_is_counted_as_the_networks_do(text: str, parts: int) -> None:
    assert texts.sms_parts(text) == parts


def test_a_variable_without_a_value_leaves_no_gap() -> None:
    assert (
        texts.fill("Hello {first_name} , {technician} comes.\n\n{link}\n", {"first_name": "Eve"})
        == "Hello Eve , comes."
    )


def test_the_texts_page_saves_previews_and_refuses(company: Company) -> None:
    browser = company.sign_in("manager")
    assert "Confirmation" in browser.get("/settings/appointments").get_data(as_text=True)
    page = browser.get("/settings/appointments/texts/booked").get_data(as_text=True)
    assert "{first_name}" in page
    assert "Evelyn" in page
    form = {
        "subject": "Hello {first_name}",
        "body": "See you {when}",
        "sms": "Hi {first_name}",
        "by_email": "y",
        "by_sms": "y",
        "csrf_token": csrf_of(page),
    }
    part = browser.post("/settings/appointments/texts/booked/preview", data=form, hx="preview").get_data(
        as_text=True
    )
    assert "Hello Evelyn" in part
    wrong = browser.post("/settings/appointments/texts/booked", data=form | {"sms": "Hi {nobody}"})
    assert wrong.status_code == 422
    assert "There is no {nobody} here" in wrong.get_data(as_text=True)
    assert browser.post("/settings/appointments/texts/booked", data=form).status_code == 303
    assert "Hello {first_name}" in browser.get("/settings/appointments/texts/booked").get_data(as_text=True)
