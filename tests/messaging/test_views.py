"""The Outbox as the office sees it, and the way out as a recipient sees it."""

import re

import pytest
from flask.testing import FlaskClient

from tests.factories.world import Company, csrf_of
from webapp.kit.db import db
from webapp.messaging import links, queries, service
from webapp.models import Message


@pytest.fixture
def sent(company: Company) -> Message:
    with company.acting():
        return service.send_email("sam@example.com", "Sam Field", "Your statement", "Hello Sam\nbye",
                                  html='<p style="color:red">Hello</p><script>alert(1)</script>')  # fmt: skip


def test_the_office_finds_a_message_by_recipient_state_and_day(company: Company, sent: Message) -> None:
    with company.acting():
        service.send_sms("+14045550114", "On the way", to_name="Ann Lee")
    browser = company.sign_in("dispatcher")
    for query, there in (
        ("", True), ("q=sam", True), ("q=statement", True), ("q=ann", False), ("status=outbox", True),
        ("status=sent", False), ("channel=sms", False), ("purpose=transactional", True), ("from=2020-01-01", True),
        ("to=2020-01-01", False), ("sort=to&dir=asc", True),
    ):  # fmt: skip
        page = browser.get(f"/outbox?{query}", hx="results").get_data(as_text=True)
        assert ("Your statement" in page) is there, query
    assert "Nothing leaves this server" in browser.get("/outbox").get_data(as_text=True)


def test_a_message_is_shown_whole_and_its_html_can_do_nothing(company: Company, sent: Message) -> None:
    page = company.sign_in("dispatcher").get(f"/outbox/{sent.id}").get_data(as_text=True)
    assert "Hello Sam\nbye" in page
    frame = re.search(r"<iframe[^>]*>", page)
    assert frame is not None
    assert 'sandbox=""' in frame[0]
    assert "&lt;script&gt;" in frame[0]
    assert "<script>alert" not in page
    assert "no mail server is configured" in page


def test_a_link_or_code_is_shown_to_the_owner_only(company: Company) -> None:
    with company.acting():
        secret = service.send_email("sam@example.com", "Sam", "Sign in", "Your code is 482913", secret=True)
    assert "482913" in company.sign_in("owner").get(f"/outbox/{secret.id}").get_data(as_text=True)
    for role in ("manager", "dispatcher", "payroll"):
        page = company.sign_in(role).get(f"/outbox/{secret.id}").get_data(as_text=True)
        assert "482913" not in page
        assert "Only an owner or admin may read it" in page
    assert company.sign_in("technician").get("/outbox").status_code == 403


def test_a_link_that_signs_an_owner_in_is_shown_to_no_admin(company: Company) -> None:
    with company.acting():
        to = {role: service.send_email(f"{role}@example.com", role, "Set a new password", "Open /reset-password/482913",
                                       secret=True, record_type="user", record_id=company.users[role]).id
              for role in ("owner", "manager")}  # fmt: skip
    for reader, role, readable in (
        ("admin", "owner", False),
        ("admin", "manager", True),
        ("owner", "owner", True),
    ):
        page = company.sign_in(reader).get(f"/outbox/{to[role]}").get_data(as_text=True)
        assert ("482913" in page) == readable, (reader, role)


def test_another_companys_message_is_not_found(other_company: Company, sent: Message) -> None:
    assert other_company.sign_in("admin").get(f"/outbox/{sent.id}").status_code == 404


def test_sending_again_without_a_server_says_why_not(company: Company, sent: Message) -> None:
    browser = company.sign_in("dispatcher")
    token = csrf_of(browser.get("/outbox").get_data(as_text=True))
    answer = browser.post(f"/outbox/{sent.id}/retry", data={"csrf_token": token})
    assert answer.status_code == 409
    answer = browser.post("/outbox/bulk/retry?status=outbox", data={"csrf_token": token, "everything": "1"})
    assert answer.status_code == 303
    assert "1 not sent again" in browser.get("/outbox").get_data(as_text=True)


def test_the_outbox_downloads_as_csv(company: Company, sent: Message) -> None:
    answer = company.sign_in("dispatcher").get("/outbox?format=csv")
    assert answer.mimetype == "text/csv"
    assert "sam@example.com" in answer.get_data(as_text=True)


def test_the_office_keeps_the_do_not_contact_list(company: Company) -> None:
    browser = company.sign_in("dispatcher")
    token = csrf_of(browser.get("/outbox/do-not-contact").get_data(as_text=True))
    wrong = browser.post("/outbox/do-not-contact", hx="this", data={"csrf_token": token, "channel": "sms", "address": "12",
                                                                  "reason": "no_marketing"})  # fmt: skip
    assert wrong.status_code == 422
    assert "is not a phone number" in wrong.get_data(as_text=True)
    good = {"csrf_token": token, "channel": "sms", "address": "(404) 555-0114", "reason": "do_not_contact"}
    assert browser.post("/outbox/do-not-contact", data=good).status_code == 303
    page = browser.get("/outbox/do-not-contact?q=555-0114").get_data(as_text=True)
    assert "(404) 555-0114" in page
    assert "Everything" in page
    with company.acting():
        entry = queries.suppression("sms", "+14045550114")
        assert entry is not None
    assert company.sign_in("payroll").post(f"/outbox/do-not-contact/{entry.id}/remove",
                                          data={"csrf_token": token}).status_code in (400, 403)  # fmt: skip
    assert (
        browser.post(f"/outbox/do-not-contact/{entry.id}/remove", data={"csrf_token": token}).status_code
        == 303
    )
    with company.acting():
        assert queries.suppressed("sms", "+14045550114") is None


def unsubscribe_path(company: Company, address: str) -> str:
    with company.acting():
        return links.unsubscribe_url("email", address).partition("/unsubscribe")[2]


def test_a_recipient_leaves_marketing_with_the_button(company: Company, client: FlaskClient) -> None:
    path = "/unsubscribe" + unsubscribe_path(company, "sam@example.com")
    page = client.get(path).get_data(as_text=True)
    assert "Stop offers and news" in page
    with company.acting():
        assert (
            queries.suppressed("email", "sam@example.com") is None
        )  # a scanner that opens links changes nothing
    assert "You are unsubscribed" in client.post(path, data={"csrf_token": csrf_of(page)}).get_data(
        as_text=True
    )
    with company.acting():
        assert queries.suppressed("email", "sam@example.com") == "user_unsubscribe"


def test_a_mail_program_leaves_marketing_with_one_click(company: Company, client: FlaskClient) -> None:
    path = "/unsubscribe" + unsubscribe_path(company, "sam@example.com")
    assert client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    with company.acting():
        entry = queries.suppression("email", "sam@example.com")
        assert entry is not None
        assert entry.source == "list-unsubscribe-header"


def test_a_forged_way_out_is_not_found(client: FlaskClient) -> None:
    assert client.get("/unsubscribe/abc").status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_messages(company: Company, sent: Message) -> None:
    from sqlalchemy import event

    browser, counts = company.sign_in("dispatcher"), []
    for _ in range(2):
        with company.acting():
            service.send_email("ann@example.com", "Ann", "Hi", "…")
            engine = db.engine
        seen: list[object] = []

        def note(*args: object, seen: list[object] = seen) -> None:
            seen.append(args[2])

        event.listen(engine, "before_cursor_execute", note)
        browser.get("/outbox")
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 15, seen
