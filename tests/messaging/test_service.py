"""Queuing messages: what is kept, what is blocked, and why."""

import pytest
from sqlalchemy import select

from tests.factories.world import Company
from webapp.kit import errors
from webapp.kit.db import db, rows
from webapp.kit.tables import AuditEntry, Job
from webapp.messaging import queries, service
from webapp.models import Message


def test_without_a_mail_server_a_mail_is_complete_in_the_outbox_and_says_so(company: Company) -> None:
    with company.acting():
        sent = service.send_email("Sam@Example.com", "Sam", "Your\nstatement", "Hello", html="<p>Hello</p>",
                                  template="statement", record_type="pay_period", record_id=3)  # fmt: skip
    with company.acting():
        found = db.session.get(Message, (company.tenant_id, sent.id))
        assert found is not None
        assert (found.status, found.to_address, found.subject) == (
            "outbox",
            "Sam@example.com".lower(),
            "Your statement",
        )
        assert "no mail server is configured" in found.why
        assert queries.content(found).html == "<p>Hello</p>"
        assert [m.id for m in queries.about("pay_period", 3)] == [sent.id]
        assert not rows(select(Job.id).where(Job.kind == service.DELIVER))
        assert "message.queued" in set(db.session.scalars(select(AuditEntry.action)))


def test_a_message_to_no_address_is_blocked_in_words_and_does_not_stop_the_work(company: Company) -> None:
    with company.acting():
        mail = service.send_email("not an address", "Sam", "Hi", "Hello")
        text = service.send_sms("12", "Hello")
    assert mail.status == text.status == "blocked"
    assert "is not an email address" in mail.why
    assert text.why == "Not sent: “12” is not a phone number."


def test_a_secret_is_not_readable_in_the_table_nor_by_a_dispatcher(
    company: Company, superuser: object
) -> None:
    with company.acting():
        sent = service.send_email("sam@example.com", "Sam", "Sign in", "Your code is 482913", secret=True)
    stored = superuser.execute("select body from messages where id = %s", (sent.id,)).fetchone()[0]  # type: ignore[attr-defined]
    assert "482913" not in stored
    with company.acting("dispatcher"):
        found = db.session.get(Message, (company.tenant_id, sent.id))
        assert found is not None
        assert "482913" not in queries.shown(found).body
    with company.acting("owner"):
        found = db.session.get(Message, (company.tenant_id, sent.id))
        assert found is not None
        assert queries.shown(found).body == "Your code is 482913"


def test_an_unsubscribed_address_gets_its_statement_but_no_marketing(company: Company) -> None:
    with company.acting():
        service.suppress("email", "Sam@example.com", "user_unsubscribe", source="link")
        marketing = service.send_email("sam@example.com", "", "Spring offer", "…", purpose="marketing")
        statement = service.send_email("sam@example.com", "", "Statement", "…")
    assert (marketing.status, marketing.why) == (
        "blocked", "Not sent: sam@example.com unsubscribed from marketing.")  # fmt: skip
    assert statement.status == "outbox"


def test_an_address_that_bounced_gets_nothing(company: Company) -> None:
    with company.acting():
        service.suppress("email", "gone@example.com", "bounced")
        statement = service.send_email("gone@example.com", "", "Statement", "…")
    assert statement.status == "blocked"
    assert "bounced" in statement.why


def test_suppressing_twice_keeps_the_wider_reason(company: Company) -> None:
    with company.acting():
        first = service.suppress("sms", "(404) 555-0114", "no_marketing")
        again = service.suppress("sms", "+14045550114", "stop")
        weaker = service.suppress("sms", "+14045550114", "no_marketing")
    assert first.id == again.id == weaker.id
    assert weaker.reason == "stop"


def test_marketing_texts_need_consent(company: Company) -> None:
    with company.acting():
        without = service.send_sms("+14045550114", "Tune-ups are $99", purpose="marketing")
    assert without.why == "Not sent: +14045550114 has not agreed to marketing by text."


def test_only_who_may_manage_messages_changes_the_list(company: Company) -> None:
    with company.acting("payroll"), pytest.raises(errors.Forbidden):
        service.suppress("email", "sam@example.com", "no_marketing")


def test_another_company_neither_sees_the_list_nor_the_messages(
    company: Company, other_company: Company
) -> None:
    with company.acting():
        service.suppress("email", "sam@example.com", "do_not_contact")
        sent = service.send_email("ann@example.com", "", "Hi", "…")
    with other_company.acting():
        assert queries.suppressed("email", "sam@example.com") is None
        assert db.session.scalar(select(Message.id).where(Message.id == sent.id)) is None
