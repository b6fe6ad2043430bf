"""Handing a mail to an SMTP server."""

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from webapp.kit import clock, errors

TIMEOUT = 20  # seconds for each step of the conversation


class Unreachable(errors.Unavailable):
    """The server is away, or says to come again later: another attempt may help."""


class Refused(Exception):
    """The server says no for good. `bounced`: because the address does not exist."""

    def __init__(self, sentence: str, *, bounced: bool = False) -> None:
        super().__init__(sentence)
        self.bounced = bounced


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str  # application/pdf
    data: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it is to be sent. `id` stays the same over retries, so that a repeated one can be recognised."""

    id: str
    sender: str  # Name <address>
    to_address: str
    to_name: str
    subject: str
    text: str
    html: str = ""
    attachments: Sequence[Attachment] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def message_id(self) -> str:
        """`<msg_…@domain of the sender>`."""
        domain = parseaddr(self.sender)[1].rpartition("@")[2] or "localhost"
        return f"<{self.id}@{domain}>"


def build(mail: Mail) -> EmailMessage:
    """The message with its headers. Raises ValueError for a header that holds a line break."""
    message = EmailMessage()
    name, address = parseaddr(mail.sender)
    message["From"] = _address(name, address)
    message["To"] = _address(mail.to_name, mail.to_address)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = mail.message_id
    message["X-Entity-Ref-ID"] = mail.id
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    for header, value in mail.headers.items():
        message[header] = value
    message.set_content(mail.text)
    if mail.html:
        message.add_alternative(mail.html, subtype="html")
    for attached in mail.attachments:
        main, _, sub = attached.media_type.partition("/")
        message.add_attachment(
            attached.data, maintype=main, subtype=sub or "octet-stream", filename=attached.name
        )
    return message


def _address(name: str, address: str) -> Address:
    # in two parts, because the parser of whole addresses takes ASCII names only
    user, _, domain = address.rpartition("@")
    return Address(name, username=user, domain=domain)


def send(smtp_url: str, mail: Mail) -> str:
    """Hand a mail over; returns what the server said. Raises Unreachable or Refused.

    `smtps://` is TLS from the start; `smtp://` turns to TLS when the server offers it, and never sends a password
    without (`?tls=required` refuses to go on without TLS in any case).
    """
    message = build(mail)
    try:
        with _connect(smtp_url) as server:
            refused = server.send_message(message)
            assert not refused  # there is one recipient: its refusal is raised
            return f"accepted by {urlsplit(smtp_url).hostname}"
    except smtplib.SMTPRecipientsRefused as problem:
        code, said = next(iter(problem.recipients.values()))
        raise _judge(code, said) from problem
    except smtplib.SMTPAuthenticationError as problem:
        raise Unreachable(
            f"The mail server does not accept our sign-in: {_text(problem.smtp_error)}"
        ) from problem
    except smtplib.SMTPResponseException as problem:
        raise _judge(problem.smtp_code, problem.smtp_error) from problem
    except smtplib.SMTPNotSupportedError as problem:
        raise Refused(f"The mail server cannot take this message: {problem}") from problem
    except (smtplib.SMTPException, OSError) as problem:
        raise Unreachable(f"The mail server cannot be reached: {problem}") from problem


def _connect(smtp_url: str) -> smtplib.SMTP:
    parts = urlsplit(smtp_url)
    host, implicit = parts.hostname or "localhost", parts.scheme == "smtps"
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if implicit:
        server = smtplib.SMTP_SSL(host, parts.port or 465, timeout=TIMEOUT, context=context)
    else:
        server = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT)
    try:
        server.ehlo_or_helo_if_needed()
        secure = implicit
        if not implicit and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
            secure = True
        if not secure and parse_qs(parts.query).get("tls") == ["required"]:
            raise Unreachable("The mail server offers no TLS, which the setting requires.")
        if parts.username:
            if not secure and host not in ("localhost", "127.0.0.1", "::1"):
                raise Unreachable("The mail server offers no TLS, and the password is not sent without.")
            server.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        server.close()
        raise
    return server


def _judge(code: int, said: bytes | str) -> Exception:
    words = _text(said)
    if 500 <= code < 600:
        # RFC 3463: 5.1.1 bad mailbox, 5.1.10 null MX; others may be about us rather than the address
        return Refused(
            f"The mail server refused it: {code} {words}", bounced=words.startswith(("5.1.1", "5.1.10"))
        )
    return Unreachable(f"The mail server asks to come again later: {code} {words}")


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said
