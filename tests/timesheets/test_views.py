"""The office's pages of working time, as a browser sees them."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories import people
from tests.factories import timesheets as make
from tests.factories.queries import counted
from tests.factories.timesheets import MONDAY, NOON, at
from tests.factories.world import Company, csrf_of
from webapp.kit import clock
from webapp.kit.db import db
from webapp.models import Organization, TimeEntry, TimeSheet
from webapp.timesheets import service
from webapp.timesheets.service import Ask, Punch
from webapp.timesheets.service.bulk import Worked

NEXT = at(12, day=MONDAY + timedelta(days=7))
THAT_WEEK = f"/time-sheets?week={MONDAY}"


def post(browser: FlaskClient, url: str, hx: bool | str = False, **fields: Any) -> Any:
    token = csrf_of(browser.get("/account").text)
    return browser.post(url, data={"csrf_token": token, **fields}, hx=hx)


def words_of(page: str) -> str:
    """A page's text without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


# Weeks ----------------------------------------------------------------------------------------------------


def test_the_week_shows_everybody_with_their_days_totals_and_state(company: Company) -> None:
    una = make.somebody(company)
    make.somebody(company, "Nobody Yet")
    with clock.at(NEXT):
        make.worked(company, una, at(8), at(17, 5), 30)
        page = company.sign_in("manager").get(THAT_WEEK).text
    text = words_of(page)
    assert "Nov 16–22" in text
    assert re.search(r"Una Ode.*8:35.*8:35.*Open", text)
    assert "No time" in text
    assert 'href="/time-sheets?week=2026-11-15"' in page and 'href="/time-sheets?week=2026-11-23"' in page


def test_the_present_week_has_none_after_it(company: Company) -> None:
    make.somebody(company)
    with clock.at(NOON):
        page = company.sign_in("manager").get("/time-sheets").text
    assert "this week" in page
    assert "week=2026-11-23" not in page


@pytest.mark.parametrize("week", ["nonsense", "0001-01-01", "9999-12-31", "2026-13-45", ""])
def test_a_week_that_cannot_be_is_the_present_one(company: Company, week: str) -> None:
    with clock.at(NOON):
        assert "Nov 16–22" in company.sign_in("manager").get(f"/time-sheets?week={week}").text


def test_the_week_is_narrowed_by_state_flag_and_name(company: Company) -> None:
    mike, una = make.technician(company), make.somebody(company)
    make.clocked(company, at(0, 30), at(17))
    with clock.at(NEXT):
        make.worked(company, una, at(8), at(9))
        with company.acting("technician"):
            service.sheets.submit(sheet_id(company, mike))
        browser = company.sign_in("manager")

        def names(query: str) -> list[str]:
            return re.findall(
                r'<a class="tr-nowrap" href="/time-sheets/\d+">([^<]+)</a>',
                browser.get(f"{THAT_WEEK}&{query}").text,
            )

        assert names("") == ["Mike Johnson", "Una Ode"]
        assert names("status=submitted") == ["Mike Johnson"]
        assert names("status=submitted&status=open") == ["Mike Johnson", "Una Ode"]
        assert names("flagged=1") == ["Mike Johnson"]
        assert names("q=una") == ["Una Ode"]
        assert names("sort=name&dir=desc") == ["Una Ode", "Mike Johnson"]


def sheet_id(company: Company, technician_id: int) -> int:
    found = db.session.query(TimeSheet.id).filter_by(tenant_id=company.tenant_id, technician_id=technician_id)
    return int(found.order_by(TimeSheet.week_start.desc()).first()[0])


def test_htmx_gets_the_rows_of_the_week_alone(company: Company) -> None:
    make.somebody(company)
    with clock.at(NOON):
        text = company.sign_in("manager").get("/time-sheets", hx="results").text
    assert text.lstrip().startswith("<section")
    assert "<html" not in text


def test_the_week_costs_the_same_queries_for_one_technician_and_for_many(company: Company) -> None:
    browser = company.sign_in("manager")
    with clock.at(NEXT):
        first = make.somebody(company)
        make.worked(company, first, at(8), at(16), 30)
        browser = company.sign_in("manager")
        browser.get(THAT_WEEK)
        with counted() as few:
            browser.get(THAT_WEEK)
        with company.acting("manager"):
            more = [people.technician().id for _ in range(30)]
            service.bulk.add_entries(
                [Worked(t, at(8, day=MONDAY + timedelta(days=n)), at(16, day=MONDAY + timedelta(days=n)),
                        (("lunch", at(12, day=MONDAY + timedelta(days=n)), at(12, 30, day=MONDAY + timedelta(days=n))),))
                 for t in more for n in range(5)]
            )  # fmt: skip
        with counted() as many:
            assert browser.get(THAT_WEEK).text.count('name="ids"') == 31
    assert len(many) == len(few) <= 14, many


def test_many_weeks_are_approved_from_the_table(company: Company) -> None:
    mike, una = make.somebody(company, "Mike Johnson"), make.somebody(company)
    with clock.at(NEXT):
        make.worked(company, mike, at(8), at(9))
        make.worked(company, una, at(8), at(9))
        browser = company.sign_in("payroll")
        answer = post(browser, f"/time-sheets/bulk/approve?week={MONDAY}", everything="1")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/time-sheets?week={MONDAY}")
        page = browser.get(THAT_WEEK).text
        assert "2 time sheets approved." in page
        again = post(
            browser, f"/time-sheets/bulk/approve?week={MONDAY}", ids=str(make.sheet_of(company, mike))
        )
        assert again.status_code == 303
        assert "approved already" in browser.get(THAT_WEEK).text
        assert post(browser, "/time-sheets/bulk/approve", hx=True).status_code == 409


def test_the_csv_of_a_week_is_by_day_or_by_week(company: Company) -> None:
    una = make.somebody(company)
    with clock.at(NEXT):
        make.worked(company, una, at(8), at(17), 30)
        browser = company.sign_in("manager")
        days = list(csv.DictReader(io.StringIO(browser.get(f"{THAT_WEEK}&format=csv").text)))
        weeks = list(csv.DictReader(io.StringIO(browser.get(f"{THAT_WEEK}&format=csv-weeks").text)))
    assert [(r["Date"], r["Worked minutes"], r["Worked hours"]) for r in days] == [
        ("2026-11-18", "510", "8.50")
    ]
    assert [(r["Week from"], r["Regular minutes"]) for r in weeks] == [("2026-11-16", "510")]


# One sheet ------------------------------------------------------------------------------------------------


def test_a_sheet_shows_its_days_and_what_may_be_done(company: Company) -> None:
    mike = make.technician(company)
    with clock.at(NEXT):
        make.worked(company, mike, at(22), at(25, 30))
        path = f"/time-sheets/{make.sheet_of(company, mike)}"
        manager = company.sign_in("manager")
        page = manager.get(path).text
        text = words_of(page)
        assert "10:00 PM – 1:30 AM +1 day" in text and "until 1:30 AM, since Wed 10:00 PM" in text
        assert "Approve" in text and "Submit for them" in text and "Reopen" not in text
        assert "Approve" not in words_of(company.sign_in("accountant").get(path).text)
        assert post(manager, f"{path}/submit").status_code == 303
        assert "Send back" in words_of(manager.get(path).text)
        assert post(manager, f"{path}/send-back", note="").status_code == 422
        assert post(manager, f"{path}/send-back", note="Lunch is missing").status_code == 303
        assert "Lunch is missing" in manager.get(path).text
        assert post(manager, f"{path}/approve").status_code == 303
        assert "Reopen" in words_of(manager.get(path).text)
        assert post(manager, f"{path}/reopen", reason="").status_code == 422
        assert post(manager, f"{path}/reopen", reason="A call was missing").status_code == 303
        text = words_of(manager.get(path).text)
        for deed in (
            "submitted the week",
            "sent the week back",
            "approved the week",
            "opened the week again",
        ):
            assert deed in text


def test_approving_a_week_that_is_not_over_is_asked_first(company: Company) -> None:
    mike = make.technician(company)
    make.clocked(company, at(8), at(9))
    with clock.at(NOON):
        page = company.sign_in("manager").get(f"/time-sheets/{make.sheet_of(company, mike)}").text
        assert "This week is not over" in page
    with clock.at(NEXT):
        page = company.sign_in("manager").get(f"/time-sheets/{make.sheet_of(company, mike)}").text
        assert "This week is not over" not in page


def test_a_sheet_costs_the_same_queries_however_much_is_in_it(company: Company) -> None:
    mike = make.technician(company)
    with clock.at(NEXT):
        make.worked(company, mike, at(0), at(0, 30))
        path = f"/time-sheets/{make.sheet_of(company, mike)}"
        browser = company.sign_in("manager")
        browser.get(path)
        with counted() as few:
            browser.get(path)
        for n in range(1, 12):
            make.worked(company, mike, at(n), at(n, 30))
        with counted() as many:
            browser.get(path)
    assert len(many) == len(few) <= 15, many


def test_the_sheet_as_pdf_opens_from_its_page(company: Company) -> None:
    mike = make.technician(company)
    make.clocked(company, at(8), at(9))
    with clock.at(NOON):
        answer = company.sign_in("manager").get(f"/time-sheets/{make.sheet_of(company, mike)}/sheet.pdf")
    assert answer.data.startswith(b"%PDF")
    assert 'filename="time-sheet-2026-11-16-mike-johnson.pdf"' in answer.headers["Content-Disposition"]


# Entries --------------------------------------------------------------------------------------------------


def test_entries_are_filtered_by_day_technician_flag_and_who_is_in(company: Company) -> None:
    make.technician(company)
    una = make.somebody(company)
    make.clocked(company, at(0, 30), at(17))
    with clock.at(NEXT):
        make.worked(company, una, at(8, day=MONDAY), at(9, day=MONDAY))
        make.worked(company, una, at(22, day=MONDAY), at(25, day=MONDAY))
    with clock.at(NEXT + timedelta(minutes=5)):
        make.clocked(company, NEXT)
        browser = company.sign_in("dispatcher")

        def rows(query: str) -> int:
            return browser.get(f"/time-sheets/entries?{query}").text.count("<tr data-href=")

        assert rows("") == 4
        assert rows(f"technician={una}") == 2
        assert rows("flag=long_day") == rows("flag=long_day&flag=clock_skew") == 1
        assert rows("flag=missing_clock_out") == 0
        assert rows("in=1") == 1
        assert rows("from=2026-11-17&to=2026-11-17") == 1  # the one over midnight belongs to both days
        assert rows("from=2026-11-16&to=2026-11-16") == 2
        assert rows("q=una") == 2
        assert rows("from=0001-01-01&to=9999-12-31&flag=nonsense&technician=x") == 4


@pytest.mark.parametrize("sort", ["clock_in", "technician"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_paging_shows_each_entry_once(
    company: Company, sort: str, direction: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.kit.listing.rows.__kwdefaults__", {"total": None, "per_page": 3})
    with clock.at(NEXT):
        pair = [make.somebody(company), make.somebody(company, "Vic Vane")]
        with company.acting("manager"):
            service.bulk.add_entries([Worked(t, at(n), at(n, 30)) for t in pair for n in range(4)])
        browser = company.sign_in("manager")
        url, seen = f"/time-sheets/entries?sort={sort}&dir={direction}", []
        while url:
            text = browser.get(url).text
            seen += re.findall(r'<tr data-href="/time-sheets/entries/(\d+)"', text)
            found = re.search(r'rel="next" href="([^"]+)"', text)
            url = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 8


def test_entries_cost_the_same_queries_for_one_row_and_for_many(company: Company) -> None:
    with clock.at(NEXT):
        una = make.somebody(company)
        make.worked(company, una, at(20), at(21))
        browser = company.sign_in("manager")
        browser.get("/time-sheets/entries")
        with counted() as few:
            browser.get("/time-sheets/entries")
        with company.acting("manager"):
            service.bulk.add_entries([Worked(una, at(n), at(n, 30)) for n in range(20)])
        with counted() as many:
            browser.get("/time-sheets/entries")
    assert len(many) == len(few) <= 12, many


def test_the_csv_of_entries_agrees_with_the_rules_to_the_minute(company: Company) -> None:
    una = make.somebody(company, "=1+1")
    with clock.at(NEXT):
        with company.acting("manager"):
            day = at(0)
            service.bulk.add_entries(
                [Worked(una, day, day + timedelta(minutes=95, seconds=59), (("lunch", day, day + timedelta(seconds=61)),)),
                 Worked(una, at(3), at(3, 20))]
            )  # fmt: skip
        with company.acting("manager"):
            service.clock_in(Punch(technician_id=una, reason="x", notes="=cmd"))
        browser = company.sign_in("manager")
        rows = list(
            csv.DictReader(
                io.StringIO(
                    browser.get(
                        "/time-sheets/entries?format=csv&cols=technician,minutes,break_minutes,notes,clock_in"
                    ).text
                )
            )
        )
        api = company.api("manager").get("/time-tracking/entries").json["data"]["items"]
    assert [r["Worked minutes"] for r in rows] == [
        "" if e["duration_minutes"] is None else str(e["duration_minutes"]) for e in api
    ]
    assert [(r["Worked minutes"], r["Worked hours"]) for r in rows] == [
        ("", ""),
        ("20", "0.33"),
        ("94", "1.57"),
    ]
    assert {r["Technician"] for r in rows} == {"'=1+1"}
    assert rows[0]["Notes"] == "'=cmd"
    assert rows[1]["Clock in"] == "2026-11-18 03:00"


def test_an_entry_shows_where_when_and_what_happened(company: Company) -> None:
    make.technician(company)
    entry = make.clocked(company, at(22), at(26), latitude="27.950600", longitude="-82.457200")
    with clock.at(NEXT):
        text = words_of(company.sign_in("dispatcher").get(f"/time-sheets/entries/{entry}").text)
    assert "27.950600, -82.457200" in text
    assert "One entry over midnight, counted on both days" in text
    assert "clocked in" in text and "clocked out" in text
    assert "Change" not in text  # not for dispatchers


def test_the_office_changes_removes_and_adds_time_in_dialogs(company: Company) -> None:
    mike = make.technician(company)
    entry = make.clocked(company, at(8) + timedelta(seconds=42), at(9))
    with clock.at(NOON):
        browser = company.sign_in("payroll")
        path = f"/time-sheets/entries/{entry}"
        dialog = browser.get(f"{path}/change", hx="dialog").text
        assert 'value="2026-11-18T08:00"' in dialog and "<html" not in dialog
        times = {"clock_in": "2026-11-18T08:00", "clock_out": "2026-11-18T10:00", "break_minutes": ""}
        assert "Give a reason" in post(browser, f"{path}/change", **times).text
        bad = post(browser, f"{path}/change", **{**times, "clock_out": "soon", "reason": "x"})
        assert bad.status_code == 422 and "2026-03-15T08:00" in bad.text
        late = post(browser, f"{path}/change", **{**times, "clock_out": "2026-11-18T23:00", "reason": "x"})
        assert late.status_code == 422 and "future" in late.text
        assert post(browser, f"{path}/change", **times, reason="Stayed longer").status_code == 303
        kept = make.entry(company, entry)
        assert (kept.clock_in, kept.clock_out) == (
            at(8) + timedelta(seconds=42),
            at(10),
        )  # what was left stays to the second
        assert post(browser, f"{path}/remove", reason="Twice").status_code == 303
        assert "This entry counts no more" in browser.get(path).text
        new = {"technician_id": str(mike), "clock_in": "2026-11-18T06:00", "clock_out": "2026-11-18T07:00"}
        assert post(browser, "/time-sheets/entries/new", **new, reason="").status_code == 422
        made = post(browser, "/time-sheets/entries/new", **new, reason="Paper sheet")
        assert made.status_code == 303
        assert post(browser, "/time-sheets/entries/new", **new, reason="Again").status_code == 422


def test_an_approved_week_locks_its_entries_on_the_page(company: Company) -> None:
    mike = make.technician(company)
    entry = make.clocked(company, at(8), at(9))
    with clock.at(NEXT):
        with company.acting("manager"):
            service.sheets.approve(sheet_id(company, mike))
        page = company.sign_in("manager").get(f"/time-sheets/entries/{entry}").text
        assert "The week is approved, so this entry is locked." in page
        assert f"/time-sheets/entries/{entry}/change" not in page
        assert (
            post(company.sign_in("manager"), f"/time-sheets/entries/{entry}/remove", reason="x").status_code
            == 422
        )


# Corrections ----------------------------------------------------------------------------------------------


def test_the_queue_puts_before_and_after_side_by_side(company: Company) -> None:
    make.technician(company)
    entry = make.clocked(company, at(8), at(11))
    with clock.at(NOON):
        with company.acting("technician"):
            one = service.corrections.request(Ask(entry_id=entry, clock_in=at(7), reason="Came earlier")).id
            two = service.corrections.request(Ask(clock_in=at(5), clock_out=at(6), reason="Call")).id
        browser = company.sign_in("manager")
        text = words_of(browser.get("/time-sheets/corrections").text)
        assert "8:00 AM – 11:00 AM" in text and "7:00 AM – 11:00 AM" in text and "Not clocked" in text
        page = browser.get(f"/time-sheets/corrections/{one}").text
        assert "Came earlier" in page
        seen = re.search(r"/approve\?seen=([^&\"]+)", page)
        assert seen
        assert post(browser, f"/time-sheets/corrections/{one}/approve", seen="yesterday").status_code == 400
        stale = "2026-11-18T10:00:00+00:00"
        assert post(browser, f"/time-sheets/corrections/{one}/approve", seen=stale).status_code == 409
        assert post(browser, f"/time-sheets/corrections/{one}/approve?seen={seen[1]}").status_code == 303
        assert post(browser, f"/time-sheets/corrections/{two}/reject", note="").status_code == 422
        assert (
            post(browser, f"/time-sheets/corrections/{two}/reject", note="No call was booked").status_code
            == 303
        )
        assert "Nothing waits for you" in browser.get("/time-sheets/corrections").text
        done = words_of(browser.get("/time-sheets/corrections?state=all").text)
        assert "8:00 AM – 11:00 AM" in done and "Approved" in done and "Turned down" in done


def test_who_asked_sees_no_button_to_decide(company: Company) -> None:
    make.technician(company)
    entry = make.clocked(company, at(8), at(11))
    with clock.at(NOON):
        with company.acting("manager"):
            asked = service.corrections.request(Ask(entry_id=entry, clock_in=at(7), reason="He called")).id
        path = f"/time-sheets/corrections/{asked}"
        assert f"{path}/reject" not in company.sign_in("manager").get(path).text
        assert f"{path}/reject" in company.sign_in("payroll").get(path).text
        assert post(company.sign_in("manager"), f"{path}/approve").status_code == 403


def test_the_queue_costs_the_same_queries_for_one_and_for_many(company: Company) -> None:
    make.technician(company)
    with clock.at(NOON):

        def ask(hour: int) -> None:
            with company.acting("technician"):
                service.corrections.request(Ask(clock_in=at(hour), clock_out=at(hour, 30), reason="Call"))

        ask(0)
        browser = company.sign_in("manager")
        browser.get("/time-sheets/corrections")
        with counted() as few:
            browser.get("/time-sheets/corrections")
        for hour in range(1, 10):
            ask(hour)
        with counted() as many:
            browser.get("/time-sheets/corrections")
    assert len(many) == len(few) <= 10, many


# Now ------------------------------------------------------------------------------------------------------


def test_the_dispatcher_sees_who_is_in_and_clocks_people(company: Company) -> None:
    mike, una = make.technician(company), make.somebody(company)
    make.clocked(company, at(8))
    with clock.at(NOON):
        browser = company.sign_in("dispatcher")
        text = words_of(browser.get("/time-sheets/now").text)
        assert re.search(r"Mike Johnson.*Today 8:00 AM.*4 h", text)
        assert "Not clocked in Una Ode" in text
        offered = browser.get("/time-sheets/now/clock-in").text
        assert "Una Ode" in offered and "Mike Johnson" not in offered
        assert post(browser, "/time-sheets/now/clock-in", technician_id=str(una)).status_code == 422
        twice = post(browser, "/time-sheets/now/clock-in", technician_id=str(mike), reason="x")
        assert twice.status_code == 422 and "has been clocked in since" in twice.text
        assert (
            post(browser, "/time-sheets/now/clock-in", technician_id=str(una), reason="No phone").status_code
            == 303
        )
        out = {"technician_id": str(mike), "reason": "Went home sick", "happened_at": "2026-11-18T11:30"}
        assert post(browser, "/time-sheets/now/clock-out", **out).status_code == 303
    with company.acting():
        kept = db.session.query(TimeEntry).filter_by(technician_id=mike).one()
        assert kept.clock_out == at(11, 30)


def test_who_is_in_costs_the_same_queries_for_one_and_for_many(company: Company) -> None:
    with clock.at(NOON):
        browser = company.sign_in("dispatcher")

        def enter() -> None:
            t = make.somebody(company)
            with company.acting("dispatcher"):
                service.clock_in(Punch(technician_id=t, reason="x"))

        enter()
        browser.get("/time-sheets/now")
        with counted() as few:
            browser.get("/time-sheets/now")
        for _ in range(6):
            enter()
        with counted() as many:
            browser.get("/time-sheets/now", hx="present")
            many.clear()
            browser.get("/time-sheets/now")
    assert len(many) == len(few) <= 9, many


# Settings and the technician's page -------------------------------------------------------------------------


def test_payroll_sets_the_first_day_of_the_week_and_overtime(company: Company) -> None:
    with clock.at(NOON):
        browser = company.sign_in("payroll")
        assert "Working time" in browser.get("/settings").text
        bad = post(browser, "/settings/time", weekday="6", overtime="california", missing_after_hours="99")
        assert bad.status_code == 422
        good = {"weekday": "6", "overtime": "california", "missing_after_hours": "10"}
        assert post(browser, "/settings/time", **good).status_code == 303
        page = browser.get("/settings/time").text
        assert "Sun, Nov 22" in page
        assert company.sign_in("manager").get("/settings/time").status_code == 403
    with company.acting():
        kept = db.session.get(Organization, company.tenant_id)
        assert kept is not None
        assert kept.settings["time"]["missing_after_hours"] == 10


def test_the_technicians_page_tells_the_hours_of_the_week(company: Company) -> None:
    mike = make.technician(company)
    make.clocked(company, at(8), at(11))
    with clock.at(NOON):
        text = words_of(company.sign_in("manager").get(f"/technicians/{mike}").text)
    assert re.search(r"Working time.*This week 3 h", text)


def test_technicians_are_kept_out_of_the_offices_pages(company: Company) -> None:
    make.technician(company)
    entry = make.clocked(company, at(8), at(11))
    with clock.at(NOON):
        browser = company.sign_in("technician")
        for path in (
            "",
            "/entries",
            f"/entries/{entry}",
            "/corrections",
            "/now",
            "/entries/new",
            "/now/clock-in",
        ):
            assert browser.get(f"/time-sheets{path}").status_code == 403, path
