"""A technician's own time on the phone."""

import re
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient

from tests.factories import timesheets as make
from tests.factories.queries import counted
from tests.factories.timesheets import MONDAY, NOON, at
from tests.factories.world import Company, csrf_of
from webapp.kit import clock
from webapp.kit.db import db
from webapp.models import TimeCorrection
from webapp.timesheets import queries, service
from webapp.timesheets.service import Ask
from webapp.timesheets.service.bulk import Worked


def post(browser: FlaskClient, url: str, **fields: Any) -> Any:
    token = csrf_of(browser.get("/account").text)
    return browser.post(url, data={"csrf_token": token, **fields})


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_one_button_clocks_in_and_out_with_the_position(company: Company) -> None:
    mike = make.technician(company)
    with clock.at(at(8)):
        browser = company.sign_in("technician")
        page = browser.get("/my/time").text
        assert (
            "Not clocked in" in page
            and 'action="/my/time/clock-in"' in page
            and 'data-module="locate"' in page
        )
        assert (
            post(browser, "/my/time/clock-in", latitude="27.950600", longitude="-82.457200").status_code
            == 303
        )
    with clock.at(at(11, 7)):
        page = browser.get("/my/time").text
        assert "Clocked in since" in page and 'data-seconds="11220"' in page and "3:07" in page
        assert 'action="/my/time/clock-out"' in page and 'action="/my/time/clock-in"' not in page
        answer = post(browser, "/my/time/clock-out", latitude="", longitude="")
        assert answer.status_code == 303
        assert "You are clocked out after 3 h 7 min." in browser.get("/my/time").text
    with company.acting("technician"):
        (entry,) = queries.entries.latest(mike, 5)
        assert (str(entry.latitude), entry.out_latitude, entry.source) == ("27.950600", None, "phone")


def test_a_position_that_is_nonsense_keeps_nobody_from_the_clock(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        browser = company.sign_in("technician")
        assert post(browser, "/my/time/clock-in", latitude="999", longitude="x").status_code == 303
        assert "Clocked in since" in browser.get("/my/time").text


def test_breaks_show_their_own_time_and_stop_the_works(company: Company) -> None:
    make.technician(company)
    with clock.at(at(8)):
        browser = company.sign_in("technician")
        post(browser, "/my/time/clock-in")
        clock.advance(timedelta(hours=2))
        assert post(browser, "/my/time/break", kind="lunch").status_code == 303
        clock.advance(timedelta(minutes=25))
        page = browser.get("/my/time").text
        assert "Lunch since" in page and 'data-seconds="1500"' in page and "2:00 worked so far" in page
        assert 'action="/my/time/break/end"' in page
        post(browser, "/my/time/break/end")
        clock.advance(timedelta(minutes=35))
        assert 'data-seconds="9300"' in browser.get("/my/time").text  # 2:35 of work
        assert post(browser, "/my/time/break", kind="nap").status_code == 422


def test_a_refusal_is_a_page_or_a_toast_in_words(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):
        browser = company.sign_in("technician")
        post(browser, "/my/time/clock-in")
        again = post(browser, "/my/time/clock-in")
    assert again.status_code == 409
    assert "You have been clocked in since today 12:00 PM." in again.text


def test_the_week_is_shown_day_by_day_and_submitted(company: Company) -> None:
    mike = make.technician(company)
    make.clocked(company, at(8, day=MONDAY), at(16, day=MONDAY))
    make.clocked(company, at(8), at(11))
    sheet = make.sheet_of(company, mike)
    with clock.at(NOON):
        browser = company.sign_in("technician")
        text = words_of(browser.get("/my/time").text)
        assert re.search(r"This week, Nov 16–22 11:00", text)
        assert "Monday, Nov 16 8:00 8:00 AM – 4:00 PM" in text and "Today 3:00" in text
        page = browser.get(f"/my/time/sheets/{sheet}").text
        assert "Submit this week" in page
        assert post(browser, f"/my/time/sheets/{sheet}/submit").status_code == 303
        assert "Submit this week" not in browser.get(f"/my/time/sheets/{sheet}").text
        with company.acting("manager"):
            service.sheets.approve(sheet)
        page = browser.get(f"/my/time/sheets/{sheet}").text
        assert "It is approved" in page and "/correct" not in page
        assert browser.get(f"/my/time/sheets/{sheet}/sheet.pdf").data.startswith(b"%PDF")


def test_a_correction_is_asked_for_followed_and_withdrawn(company: Company) -> None:
    make.technician(company)
    entry = make.clocked(company, at(8), at(11))
    with clock.at(NOON):
        browser = company.sign_in("technician")
        form = browser.get(f"/my/time/entries/{entry}/correct").text
        assert 'value="2026-11-18T08:00"' in form
        times = {"clock_in": "2026-11-18T07:30", "clock_out": "2026-11-18T11:00", "break_minutes": "0"}
        bad = post(browser, f"/my/time/entries/{entry}/correct", **times, reason="")
        assert bad.status_code == 422 and "Give a reason" in bad.text
        assert (
            post(browser, f"/my/time/entries/{entry}/correct", **times, reason="At the shop").status_code
            == 303
        )
        page = browser.get("/my/time").text
        found = re.search(r'href="(/my/time/corrections/\d+)"', page)
        assert found and "Correction waits" in page
        shown = words_of(browser.get(found[1]).text)
        assert "8:00 AM – 11:00 AM" in shown and "7:30 AM – 11:00 AM" in shown and "At the shop" in shown
        assert post(browser, f"{found[1]}/withdraw").status_code == 303
        assert "Withdrawn" in browser.get(found[1]).text


def test_missed_time_and_a_removal_are_asked_for(company: Company) -> None:
    make.technician(company)
    entry = make.clocked(company, at(8), at(11))
    with clock.at(NOON):
        browser = company.sign_in("technician")
        missed = {"clock_in": "2026-11-17T18:00", "clock_out": "2026-11-17T19:00", "reason": "Call"}
        assert post(browser, "/my/time/corrections/new", **missed).status_code == 303
        over = {"clock_in": "2026-11-18T09:00", "clock_out": "2026-11-18T10:00", "reason": "Call"}
        refused = post(browser, "/my/time/corrections/new", **over)
        assert refused.status_code == 422 and "overlaps the entry" in refused.text
        assert post(browser, f"/my/time/entries/{entry}/remove", reason="By mistake").status_code == 303
    with company.acting():
        kept = (
            db.session.query(TimeCorrection)
            .filter_by(tenant_id=company.tenant_id)
            .order_by(TimeCorrection.id)
        )
        assert [(c.entry_id, c.remove) for c in kept] == [(None, False), (entry, True)]


def test_nothing_of_anybody_else_is_shown(company: Company, other_company: Company) -> None:
    make.technician(company)
    una = make.somebody(company)
    with clock.at(NOON):
        entry = make.worked(company, una, at(8), at(9))
        sheet = make.sheet_of(company, una)
        with company.acting("manager"):
            asked = service.corrections.request(Ask(entry_id=entry, clock_in=at(7), reason="x")).id
        for owner in (company, other_company):
            if owner is other_company:
                make.technician(other_company)
            browser = owner.sign_in("technician")
            for path in (f"sheets/{sheet}", f"sheets/{sheet}/sheet.pdf", f"corrections/{asked}", f"entries/{entry}/correct",
                         f"entries/{entry}/remove"):  # fmt: skip
                assert browser.get(f"/my/time/{path}").status_code == 404, path
            for path in (f"sheets/{sheet}/submit", f"corrections/{asked}/withdraw"):
                assert post(browser, f"/my/time/{path}").status_code == 404, path


def test_who_is_no_technician_is_told_so(company: Company) -> None:
    answer = company.sign_in("technician").get("/my/time")
    assert answer.status_code == 403
    assert "not connected to a technician" in answer.text


def test_the_office_has_no_clock_of_its_own(company: Company) -> None:
    assert company.sign_in("manager").get("/my/time").status_code == 403


def test_the_page_costs_the_same_queries_however_much_was_clocked(company: Company) -> None:
    mike = make.technician(company)
    make.clocked(company, at(6), at(7))
    make.clocked(company, at(11))
    with clock.at(NOON):
        browser = company.sign_in("technician")
        with company.acting("technician"):
            service.corrections.request(Ask(clock_in=at(1), clock_out=at(2), reason="x"))
        with company.acting("manager"):
            service.bulk.add_entries(
                [Worked(mike, at(8, day=MONDAY - timedelta(days=7)), at(9, day=MONDAY - timedelta(days=7)))]
            )
        browser.get("/my/time")
        with counted() as few:
            browser.get("/my/time")
        with company.acting("manager"):
            service.bulk.add_entries(
                [Worked(mike, at(8, day=MONDAY - timedelta(days=n)), at(9, day=MONDAY - timedelta(days=n)))
                 for n in range(8, 60)] + [Worked(mike, at(n), at(n, 30)) for n in range(3, 6)]
            )  # fmt: skip
        with counted() as many:
            browser.get("/my/time")
    assert len(many) == len(few) <= 18, many


def test_the_phones_navigation_leads_there(company: Company) -> None:
    make.technician(company)
    assert 'href="/my/time"' in company.sign_in("technician").get("/my/sales").text
