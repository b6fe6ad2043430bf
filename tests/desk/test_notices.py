"""Notices: told once, counted at the bell, read by opening."""

from tests.factories.world import Company, csrf_of
from webapp.accounts.service import notices
from webapp.kit.db import db
from webapp.models import Notice


def test_the_bell_counts_what_is_unread_and_opening_reads_it(company: Company) -> None:
    with company.acting("manager") as who:
        assert who.id is not None
        first = notices.notify(who.id, "success", "Your export is ready", "sales.csv", url="/downloads")
        notices.notify(who.id, "danger", "The import failed")
    browser = company.sign_in("manager")
    page = browser.get("/notices").get_data(as_text=True)
    assert "2 unread" in page
    assert "Your export is ready" in page
    answer = browser.get(f"/notices/{first}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/downloads")
    assert "1 unread" in browser.get("/notices").get_data(as_text=True)
    token = csrf_of(page)
    assert browser.post("/notices/read-all", data={"csrf_token": token}).status_code == 303
    assert "Everything read" in browser.get("/notices").get_data(as_text=True)


def test_the_same_matter_is_told_once_and_again_when_it_changed(company: Company) -> None:
    with company.acting("manager") as who:
        assert who.id is not None
        assert notices.notify(who.id, "info", "Export", "10%", dedupe_key="export:1") is not None
        assert notices.notify(who.id, "info", "Export", "10%", dedupe_key="export:1") is None
        notices.read_all()
        assert notices.notify(who.id, "success", "Export", "ready", dedupe_key="export:1") is not None
        assert notices.unread_count() == 1
        assert [n.text for n in db.session.query(Notice)] == ["ready"]
        notices.settle(who.id, "export:1")
        assert notices.unread_count() == 0


def test_somebody_elses_notice_is_not_found(company: Company) -> None:
    with company.acting("manager") as who:
        assert who.id is not None
        number = notices.notify(who.id, "info", "Private")
    browser = company.sign_in("payroll")
    assert browser.get(f"/notices/{number}").status_code == 404
    assert "Private" not in browser.get("/notices").get_data(as_text=True)


def test_a_notice_never_leads_away_from_this_site(company: Company) -> None:
    with company.acting("manager") as who:
        assert who.id is not None
        bad = [
            notices.notify(who.id, "info", "x", url=url)
            for url in ("https://evil.example", "//evil.example", "/\\evil.example")
        ]
    browser = company.sign_in("manager")
    assert {browser.get(f"/notices/{n}").headers["Location"] for n in bad} == {"/notices"}


def test_a_technician_reads_notices_on_the_phone(company: Company) -> None:
    with company.acting("technician") as who:
        assert who.id is not None
        notices.notify(who.id, "success", "Your sale was approved")
    page = company.sign_in("technician").get("/notices").get_data(as_text=True)
    assert "tr-phone" in page
    assert "Your sale was approved" in page


def test_no_notices_says_what_will_be_there(company: Company) -> None:
    assert "No notices" in company.sign_in("manager").get("/notices").get_data(as_text=True)
