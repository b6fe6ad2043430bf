"""Messages really leaving: a real SMTP server and a real HTTP provider on loopback."""

import base64
import email
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiosmtpd.controller import Controller

from tests.factories.world import Company
from webapp import create_app
from webapp.config import ROOT, Settings
from webapp.kit import clock, files, jobs
from webapp.kit.db import db
from webapp.messaging import links, queries, service
from webapp.models import Message

MONDAY_NOON = datetime(2026, 11, 16, 17, tzinfo=UTC)  # 12:00 in New York


class Mailbox:
    """An SMTP server that keeps what it gets; `says` are answers to give first."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.says: list[str] = []
        self.refuses: dict[str, str] = {}
        self.kill_after: subprocess.Popen[bytes] | None = None
        self.port = _free_port()
        self.controller = self.opened()

    def opened(self) -> Controller:
        found = Controller(self, hostname="127.0.0.1", port=self.port)
        found.start()
        return found

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refuses:
            return self.refuses[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.says:
            return self.says.pop(0)
        parsed = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(parsed, EmailMessage)
        self.mails.append(parsed)
        if self.kill_after is not None:
            os.kill(self.kill_after.pid, signal.SIGKILL)
            self.kill_after = None
        return "250 2.0.0 queued as 17"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


class Provider(ThreadingHTTPServer):
    """A Twilio-compatible API that keeps what it gets."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.answers: list[tuple[int, dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), _ProviderHandler)

    @property
    def url(self) -> str:
        return f"http://AC123:s%20cret@127.0.0.1:{self.server_address[1]}"


class _ProviderHandler(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.calls.append((self.path, {k: v[0] for k, v in form.items()}, dict(self.headers)))
        status, body = self.server.answers.pop(0) if self.server.answers else (201, {"sid": "SM42"})
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    box = Mailbox()
    yield box
    box.controller.stop()


@pytest.fixture
def provider() -> Iterator[Provider]:
    server = Provider()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sending(company: Company, settings: Settings, mailbox: Mailbox, provider: Provider) -> Company:
    """The company, served by an application that has a mail server and a text provider."""
    app = create_app(settings.with_(smtp_url=mailbox.url, mail_from="Truckroll <no-reply@truckroll.test>",
                                    sms_url=provider.url, sms_from="+14045550100"))  # fmt: skip
    return Company(app, company.tenant_id, company.code, company.users)


def work(company: Company) -> None:
    with company.app.app_context():
        jobs.drain(jobs.QUICK, company.tenant_id)


def stored(company: Company, message: Message) -> Message:
    with company.acting("owner"):
        found = db.session.get(Message, (company.tenant_id, message.id))
        assert found is not None
        return found


def test_a_mail_arrives_with_text_html_attachment_and_its_own_id(sending: Company, mailbox: Mailbox) -> None:
    with sending.acting():
        pdf = files.store("Statement März.pdf", "application/pdf", b"%PDF-1.7", purpose="statement")
        sent = service.send_email("sam@example.com", "Sam “Whit” Field", "Your statement – March", "Hello Sam",
                                  html="<p>Hello <b>Sam</b></p>", attachments=[pdf])  # fmt: skip
        assert sent.status == "queued"
    work(sending)
    (mail,) = mailbox.mails
    assert mail["Message-ID"] == f"<{sent.public_id}@truckroll.test>"
    assert mail["X-Entity-Ref-ID"] == sent.public_id
    assert mail["To"] == "Sam “Whit” Field <sam@example.com>"
    assert mail["Subject"] == "Your statement – March"
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().strip() == "Hello Sam"
    assert "<b>Sam</b>" in html.get_content()
    (attached,) = mail.iter_attachments()
    assert (attached.get_filename(), attached.get_content()) == ("Statement März.pdf", b"%PDF-1.7")
    found = stored(sending, sent)
    assert (found.status, found.attempts, found.why) == ("sent", 1, "")
    assert found.sent_at is not None


def test_a_server_that_says_later_is_asked_again_under_the_same_id(
    sending: Company, mailbox: Mailbox
) -> None:
    mailbox.says = ["451 4.3.0 try later"]
    with clock.at(MONDAY_NOON):
        with sending.acting():
            sent = service.send_email("sam@example.com", "", "Hi", "Hello")
        work(sending)
        assert mailbox.mails == []
        assert stored(sending, sent).status == "queued"
        clock.advance(timedelta(seconds=6))
        work(sending)
    assert [m["Message-ID"] for m in mailbox.mails] == [f"<{sent.public_id}@truckroll.test>"]
    assert stored(sending, sent).attempts == 2


def test_an_address_that_does_not_exist_fails_at_once_and_is_not_written_to_again(
    sending: Company, mailbox: Mailbox
) -> None:
    mailbox.refuses["gone@example.com"] = "550 5.1.1 no such user"
    with sending.acting():
        sent = service.send_email("gone@example.com", "", "Hi", "Hello")
    work(sending)
    found = stored(sending, sent)
    assert (found.status, found.why) == ("failed", "The mail server refused it: 550 5.1.1 no such user")
    with sending.acting():
        assert queries.suppressed("email", "gone@example.com") == "bounced"


def test_a_refusal_that_is_about_us_does_not_condemn_the_address(sending: Company, mailbox: Mailbox) -> None:
    mailbox.refuses["sam@example.com"] = "550 5.7.1 relaying denied"
    with sending.acting():
        sent = service.send_email("sam@example.com", "", "Hi", "Hello")
    work(sending)
    assert stored(sending, sent).status == "failed"
    with sending.acting():
        assert queries.suppressed("email", "sam@example.com") is None


def test_a_server_that_stays_away_makes_the_message_fail_with_a_reason_and_a_retry_sends_it(
    sending: Company, mailbox: Mailbox
) -> None:
    mailbox.controller.stop()
    with clock.at(MONDAY_NOON):
        with sending.acting():
            sent = service.send_email("sam@example.com", "", "Hi", "Hello")
        for _ in range(8):
            work(sending)
            clock.advance(timedelta(hours=7))
        found = stored(sending, sent)
        assert found.status == "failed"
        assert found.attempts == 8
        assert "cannot be reached" in found.why
        mailbox.controller = mailbox.opened()
        with sending.acting("dispatcher"):
            service.retry(sent.id)
        work(sending)
    assert stored(sending, sent).status == "sent"
    assert len(mailbox.mails) == 1


def test_a_worker_killed_between_sending_and_committing_sends_again_under_the_same_id(
    sending: Company, mailbox: Mailbox, settings: Settings
) -> None:
    with sending.acting():
        sent = service.send_email("sam@example.com", "", "Hi", "Hello")
    script = ("from webapp import create_app\nfrom webapp.kit import jobs\nfrom uuid import UUID\n"
              f"with create_app().app_context():\n    jobs.drain('quick', UUID('{sending.tenant_id}'))\n")  # fmt: skip
    env = os.environ | {
        "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url, "TRUCKROLL_ENV": "test",
        "TRUCKROLL_SECRET_KEYS": settings.secret_keys[0], "TRUCKROLL_DATA_DIR": str(settings.data_dir),
        "TRUCKROLL_SMTP_URL": mailbox.url, "TRUCKROLL_MAIL_FROM": "Truckroll <no-reply@truckroll.test>",
    }  # fmt: skip
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, env=env)
    mailbox.kill_after = process
    assert process.wait(timeout=60) == -signal.SIGKILL
    assert stored(sending, sent).status == "queued"
    with clock.at(clock.now() + timedelta(minutes=5)):  # the dead worker's lease lapses
        work(sending)
    assert [m["Message-ID"] for m in mailbox.mails] == [f"<{sent.public_id}@truckroll.test>"] * 2
    assert stored(sending, sent).status == "sent"


def test_a_text_message_leaves_through_the_provider(sending: Company, provider: Provider) -> None:
    with sending.acting():
        sent = service.send_sms("(404) 555-0114", "Your technician is on the way")
    work(sending)
    ((path, form, headers),) = provider.calls
    assert path == "/2010-04-01/Accounts/AC123/Messages.json"
    assert form == {"To": "+14045550114", "From": "+14045550100", "Body": "Your technician is on the way"}
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"AC123:s cret"
    assert headers["Idempotency-Key"] == sent.public_id
    assert (stored(sending, sent).status, stored(sending, sent).provider_id) == ("sent", "SM42")


def test_a_busy_provider_is_asked_again_and_a_stopped_number_never_more(
    sending: Company, provider: Provider
) -> None:
    provider.answers = [
        (429, {"message": "Too many requests"}),
        (400, {"code": 21610, "message": "unsubscribed"}),
    ]
    with clock.at(MONDAY_NOON):
        with sending.acting():
            sent = service.send_sms("+14045550114", "Hello")
        work(sending)
        assert stored(sending, sent).status == "queued"
        clock.advance(timedelta(seconds=6))
        work(sending)
        assert stored(sending, sent).status == "failed"
        assert provider.calls[0][2]["Idempotency-Key"] == provider.calls[1][2]["Idempotency-Key"]
        with sending.acting():
            again = service.send_sms("+14045550114", "Hello once more")
    assert again.why == "Not sent: +14045550114 answered STOP."


def test_marketing_waits_out_the_recipients_quiet_hours(sending: Company, mailbox: Mailbox) -> None:
    with clock.at(MONDAY_NOON + timedelta(hours=10)):  # 10 in the evening in New York
        with sending.acting():
            sent = service.send_email("sam@example.com", "", "Spring offer", "…", purpose="marketing")
            west = service.send_email("lee@example.com", "", "Spring offer", "…", purpose="marketing",
                                      zone="America/Los_Angeles")  # fmt: skip
            bill = service.send_email("sam@example.com", "", "Statement", "…")
        work(sending)
        assert [m["Subject"] for m in mailbox.mails] == [
            "Spring offer",
            "Statement",
        ]  # it is 7 in Los Angeles
        assert mailbox.mails[0]["To"] == "lee@example.com"
        assert (
            stored(sending, sent).why
            == "Waits until Tue, Nov 17, 8:00 AM EST: quiet hours where the recipient is."
        )
        clock.advance(timedelta(hours=10))
        work(sending)
    assert len(mailbox.mails) == 3
    assert (
        stored(sending, sent).status == stored(sending, west).status == stored(sending, bill).status == "sent"
    )


def test_marketing_mail_carries_a_way_out_that_works_with_one_click(
    sending: Company, mailbox: Mailbox
) -> None:
    with clock.at(MONDAY_NOON):
        with sending.acting():
            service.send_email("sam@example.com", "", "Spring offer", "…", purpose="marketing")
        work(sending)
    (mail,) = mailbox.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = mail["List-Unsubscribe"].strip("<>").rpartition("/")[2]
    with sending.app.app_context():
        assert links.read_unsubscribe(token) == (sending.tenant_id, "email", "sam@example.com")
        assert links.read_unsubscribe(token + "x") is None


def test_an_address_suppressed_while_the_message_waited_is_not_written_to(
    sending: Company, mailbox: Mailbox
) -> None:
    with sending.acting():
        sent = service.send_email("sam@example.com", "", "Hi", "Hello")
        service.suppress("email", "sam@example.com", "do_not_contact")
    work(sending)
    assert mailbox.mails == []
    assert stored(sending, sent).status == "blocked"


def test_test_mode_sends_nothing(sending: Company, mailbox: Mailbox, superuser: Any) -> None:
    superuser.execute(
        "update organizations set sandbox_of = tenant_id where tenant_id = %s", (sending.tenant_id,)
    )
    with sending.acting():
        sent = service.send_email("sam@example.com", "", "Hi", "Hello")
    work(sending)
    assert (mailbox.mails, sent.status, sent.why) == (
        [],
        "outbox",
        "Kept here: this is test mode, which sends nothing.",
    )


def test_a_name_and_an_address_of_any_script_arrive_and_no_name_adds_a_header(
    sending: Company, mailbox: Mailbox
) -> None:
    with sending.acting():
        service.send_email("jürgen@example.com", "Jürgen\r\nBcc: all@example.com", "Grüße", "Hallo")
    work(sending)
    (mail,) = mailbox.mails
    assert mail["Bcc"] is None
    assert "Jürgen Bcc: all@example.com" in mail["To"]


def test_a_secret_is_sent_as_written(sending: Company, mailbox: Mailbox) -> None:
    with sending.acting():
        service.send_email("sam@example.com", "", "Code", "Your code is 482913", secret=True)
    work(sending)
    assert "482913" in mailbox.mails[0].get_content()
