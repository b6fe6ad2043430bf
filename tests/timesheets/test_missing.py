"""Forgotten clock-outs: found by the clock, told once, settled by a correction with the technician's own estimate."""

from datetime import timedelta

import pytest

from tests.factories import timesheets as make
from tests.factories.queries import counted
from tests.factories.timesheets import at
from tests.factories.world import Company, csrf_of
from webapp.kit import clock, errors, jobs
from webapp.kit.db import db, get
from webapp.kit.tables import Event
from webapp.models import Job, Message, Notice, User
from webapp.timesheets import service
from webapp.timesheets.service import Ask, Punch


@pytest.fixture
def forgotten(company: Company) -> int:
    """Mike clocked in on Wednesday at 8 and never out; the entry."""
    make.technician(company, phone="8135550142", email="mike@example.com")
    return make.clocked(company, at(8))


def look(company: Company) -> list[int]:
    with company.acting():
        return service.missing.find()


def notices(company: Company, role: str) -> list[str]:
    with company.acting():
        found = db.session.query(Notice).filter_by(tenant_id=company.tenant_id, user_id=company.users[role])
        return [n.title for n in found]


def messages(company: Company) -> list[Message]:
    with company.acting():
        return db.session.query(Message).filter_by(tenant_id=company.tenant_id).order_by(Message.id).all()


def test_twelve_hours_after_clocking_in_the_clock_out_is_missing(company: Company, forgotten: int) -> None:
    with clock.at(at(20) - timedelta(seconds=1)):
        assert look(company) == []
    with clock.at(at(20)):
        assert look(company) == [forgotten]
    assert make.entry(company, forgotten).flag == "missing_clock_out"


def test_the_hours_are_a_setting(company: Company, forgotten: int) -> None:
    with company.acting("payroll"):
        service.settings.change(weekday=0, missing_after_hours=9, overtime="weekly")
    with clock.at(at(17)):
        assert look(company) == [forgotten]


def test_the_technician_and_the_office_are_told_once(company: Company, forgotten: int) -> None:
    with clock.at(at(21)):
        look(company)
        look(company)
    with clock.at(at(23)):
        look(company)
    assert notices(company, "technician") == ["You did not clock out"]
    assert notices(company, "manager") == notices(company, "payroll") == ["Mike Johnson did not clock out"]
    assert notices(company, "dispatcher") == notices(company, "accountant") == []
    sent = messages(company)
    texts = [m for m in sent if m.channel == "sms"]
    assert [m.to_address for m in texts] == ["+18135550142"]
    assert "clocked in since today 8:00 AM" in texts[0].body
    mails = {m.to_address.split("@")[0]: m.subject for m in sent if m.channel == "email"}
    assert set(mails) == {"owner", "admin", "manager", "payroll"}
    assert set(mails.values()) == {"A clock-out is missing"}
    with company.acting():
        told = (
            db.session.query(Event)
            .filter_by(tenant_id=company.tenant_id, name="time.clock-out-missing")
            .all()
        )
        assert [e.payload["flags"] for e in told] == [["missing_clock_out"]]


def test_several_forgotten_clock_outs_are_one_mail_for_each_of_the_office(
    company: Company, forgotten: int
) -> None:
    una = make.somebody(company)
    with clock.at(at(8, 30)), company.acting("manager"):
        service.clock_in(Punch(technician_id=una, reason="No phone"))
    with clock.at(at(21)):
        assert len(look(company)) == 2
    mine = [m for m in messages(company) if m.to_address.startswith("manager@")]
    assert [m.subject for m in mine] == ["2 clock-outs are missing"]
    assert "Mike Johnson" in mine[0].body and "Una Ode" in mine[0].body


def test_a_technician_without_a_phone_gets_a_mail(company: Company) -> None:
    make.technician(company, email="mike@example.com")
    make.clocked(company, at(8))
    with clock.at(at(21)):
        look(company)
    assert "mike@example.com" in [m.to_address for m in messages(company)]


def test_the_clock_looks_every_quarter_of_an_hour(company: Company, forgotten: int) -> None:
    assert jobs.KINDS["timesheets.missing_clock_outs"].every == timedelta(minutes=15)
    with clock.at(at(21)):
        with company.acting():
            jobs.add("timesheets.missing_clock_outs")
        with company.app.app_context():
            jobs.drain(jobs.QUICK, company.tenant_id)
        with company.acting():
            done = (
                db.session.query(Job)
                .filter_by(tenant_id=company.tenant_id, kind="timesheets.missing_clock_outs", status="done")
                .one()
            )
            assert done.result == {"found": 1}
    assert make.entry(company, forgotten).flag == "missing_clock_out"


def test_looking_reads_only_what_still_runs(company: Company, forgotten: int) -> None:
    with clock.at(at(12)), company.acting():
        with counted() as asked:
            service.missing.find()
        assert len(asked) <= 2, asked


# Settling it ----------------------------------------------------------------------------------------------


def test_the_own_estimate_ends_the_entry_at_once_and_waits_for_the_office(
    company: Company, forgotten: int
) -> None:
    with clock.at(at(21)):
        look(company)
    with clock.at(at(31)):  # Thursday, 7 in the morning
        technician = company.api("technician")
        assert technician.post("/time-tracking/clock-in").status_code == 409
        body = {
            "entry_id": forgotten,
            "clock_out": clock.iso(at(16, 45)),
            "break_minutes": 30,
            "reason": "Forgot",
        }
        asked = technician.post("/time-tracking/corrections", body).json["data"]
        entry = make.entry(company, forgotten)
        assert (entry.clock_out, entry.break_minutes, entry.flag) == (at(16, 45), 30, "missing_clock_out")
        assert technician.post("/time-tracking/clock-in").status_code == 201
        office = company.api("manager")
        done = office.patch(f"/time-tracking/corrections/{asked['id']}/approve", {}).json["data"]
        assert done["before"]["clock_out"] is None
        assert done["after"]["clock_out"] == clock.iso(at(16, 45))
    assert make.entry(company, forgotten).flag == ""


def test_a_rejected_estimate_leaves_the_flag_and_the_office_says_it(company: Company, forgotten: int) -> None:
    with clock.at(at(31)):
        look(company)
        with company.acting("technician"):
            asked = service.corrections.request(
                Ask(entry_id=forgotten, clock_out=at(23), reason="I guess")
            ).id
        with company.acting("manager"):
            service.corrections.reject(asked, "The van was back at 5")
        assert make.entry(company, forgotten).flag == "missing_clock_out"
        with company.acting("manager"):
            service.changes.change_entry(forgotten, {"clock_out": at(17)}, "The van was back at 5")
    entry = make.entry(company, forgotten)
    assert (entry.clock_out, entry.flag) == (at(17), "")


def test_an_estimate_of_more_than_a_day_is_refused(company: Company, forgotten: int) -> None:
    with clock.at(at(31) + timedelta(days=1)):
        look(company)
        with company.acting("technician"), pytest.raises(errors.Invalid, match="24 hours"):
            service.corrections.request(Ask(entry_id=forgotten, clock_out=at(33), reason="I guess"))


def test_the_estimate_is_asked_for_on_the_phone(company: Company, forgotten: int) -> None:
    with clock.at(at(21)):
        look(company)
        browser = company.sign_in("technician")
        page = browser.get("/my/time").text
        assert "You did not clock out" in page
        assert 'action="/my/time/clock-in"' not in page
        data = {
            "csrf_token": csrf_of(page),
            "clock_out": "2026-11-18T16:45",
            "break_minutes": "30",
            "reason": "Forgot",
        }
        empty = browser.post("/my/time/stopped", data={**data, "clock_out": ""})
        assert empty.status_code == 422 and "Say when you stopped" in empty.text
        assert browser.post("/my/time/stopped", data=data).status_code == 303
        page = browser.get("/my/time").text
    assert 'action="/my/time/clock-in"' in page
    assert "Correction waits" in page
    assert make.entry(company, forgotten).clock_out == at(16, 45)


def test_who_is_still_at_work_clocks_out_as_ever(company: Company, forgotten: int) -> None:
    with clock.at(at(21)):
        look(company)
        done = company.api("technician").post("/time-tracking/clock-out").json["data"]
    assert (done["duration_minutes"], done["flags"]) == (780, [])


def test_the_office_clocks_out_who_forgot_with_a_reason(company: Company, forgotten: int) -> None:
    with clock.at(at(31)):
        look(company)
        with company.acting("dispatcher"):
            out = Punch(technician_id=make.entry(company, forgotten).technician_id, reason="The van was back at 5",
                        happened_at=at(17))  # fmt: skip
            service.clock_out(out)
    entry = make.entry(company, forgotten)
    assert (entry.clock_out, entry.flag) == (at(17), "")


def test_a_missing_clock_out_stands_on_today_and_goes_when_it_is_settled(
    company: Company, forgotten: int
) -> None:
    with clock.at(at(21)):
        look(company)
        for role, seen in (("manager", True), ("dispatcher", True)):
            assert ("Mike Johnson did not clock out" in company.sign_in(role).get("/").text) is seen
        with company.acting("technician"):
            service.corrections.request(Ask(entry_id=forgotten, clock_out=at(17), reason="Forgot"))
        page = company.sign_in("manager").get("/").text
    assert "did not clock out" not in page
    assert "1 correction of time waits to be decided" in page


def test_sheets_to_approve_stand_on_today_for_who_approves(company: Company) -> None:
    mike = make.technician(company)
    make.clocked(company, at(8), at(11))
    sheet = make.sheet_of(company, mike)
    with clock.at(at(12)):
        with company.acting("technician"):
            service.sheets.submit(sheet)
        assert "1 time sheet waits for approval" in company.sign_in("payroll").get("/").text
        assert "waits for approval" not in company.sign_in("dispatcher").get("/").text


def test_an_entry_that_ended_meanwhile_is_left_alone(company: Company, forgotten: int) -> None:
    with clock.at(at(21)), company.acting("technician"):
        service.clock_out(Punch())
    with clock.at(at(22)):
        assert look(company) == []
    assert make.entry(company, forgotten).flag == ""


def test_a_closed_account_gets_no_notice(company: Company, forgotten: int) -> None:
    with company.acting():
        get(User, company.users["manager"]).active = False
    with clock.at(at(21)):
        look(company)
    assert notices(company, "manager") == []
