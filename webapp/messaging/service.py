"""Commands on messages. Everything that leaves Truckroll for a person goes through here."""

from collections.abc import Sequence
from typing import Any

from webapp.kit import clock, context, crypto, errors, events, jobs, journal, search, secrets
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import demand
from webapp.kit.tables import StoredFile
from webapp.messaging import queries, rules
from webapp.messaging.permissions import MESSAGING_MANAGE
from webapp.models import Message, Suppression

secrets.declare(Message, "body", "html")
DELIVER = "messaging.deliver"
MOST_ATTACHED = 20 * 1024 * 1024  # bytes of all attachments together: what mail servers commonly take

_EXAMPLE = {"message_id": "msg_2k4n8qa1b2c3", "channel": "email", "purpose": "transactional",
            "to": "sam@example.com", "template": "statement"}  # fmt: skip
SENT = events.declare("message.sent", "A message was handed to the mail server or text provider", _EXAMPLE)
BLOCKED = events.declare("message.blocked", "A message was not sent, and why", _EXAMPLE | {"why": "…"})
FAILED = events.declare("message.failed", "A message could not be delivered", _EXAMPLE | {"why": "…"})


def send_email(
    to_address: str,
    to_name: str,
    subject: str,
    body: str,
    *,
    html: str = "",
    purpose: str = "transactional",
    template: str = "",
    secret: bool = False,
    record_type: str = "",
    record_id: int | None = None,
    attachments: Sequence[StoredFile] = (),
    zone: str = "",
) -> Message:
    """Queue a mail in the present transaction; it leaves after the commit.

    Without a configured server it is complete on the Outbox page instead (status `outbox`), and one that may not
    leave is `blocked` with its `why`. `secret` for mail that holds a sign-in link or a code: kept encrypted and shown
    to few; read it back with `messaging.queries.content(message)`. `zone` is the recipient's, for quiet hours.
    `record_type`/`record_id` tie it to a record's timeline.
    """
    message = Message(channel="email", purpose=purpose, template=template, to_address=to_address, to_name=to_name,
                      subject=" ".join(subject.split()), body=body, html=html, secret=secret,
                      record_type=record_type, record_id=record_id, attachments=_attached(attachments))  # fmt: skip
    return _queue(message, zone=zone, consent="")


def send_sms(
    to_number: str,
    body: str,
    *,
    to_name: str = "",
    purpose: str = "transactional",
    template: str = "",
    secret: bool = False,
    record_type: str = "",
    record_id: int | None = None,
    zone: str = "",
    consent: str = "",
) -> Message:
    """Queue a text message, as :func:`send_email`. Marketing needs `consent`: how the recipient agreed."""
    message = Message(channel="sms", purpose=purpose, template=template, to_address=to_number, to_name=to_name,
                      body=body, secret=secret, record_type=record_type, record_id=record_id)  # fmt: skip
    return _queue(message, zone=zone, consent=consent)


def _attached(files: Sequence[StoredFile]) -> list[dict[str, Any]]:
    total = sum(f.size for f in files)
    if total > MOST_ATTACHED:
        raise errors.Invalid(f"The attachments are {total // 1024 // 1024} MB together; a mail takes 20 MB.")
    return [{"file_id": f.id, "name": f.name, "media_type": f.media_type, "size": f.size} for f in files]


def _queue(message: Message, *, zone: str, consent: str) -> Message:
    if message.purpose not in rules.PURPOSES:
        raise ValueError(f"a message is transactional or marketing, not {message.purpose!r}")
    try:
        message.to_address = rules.address_key(message.channel, message.to_address)
    except ValueError as problem:
        verdict = rules.Verdict("block", f"Not sent: {problem}")
    else:
        verdict = judge(message, zone=zone, consent=consent)
    message.to_name = " ".join(message.to_name.split())  # it becomes a header
    if message.secret:
        message.body, message.html = _sealed(message.body), _sealed(message.html)
    message.status, message.why = "queued", verdict.why
    if verdict.action == "block":
        message.status = "blocked"
    elif verdict.action == "send" and (kept := queries.kept_here(message.channel)):
        message.status, message.why = "outbox", kept
    message = add(message)
    search.index("message", message.id, message.to_address, message.to_name, message.subject)
    journal.audit("message.queued", message, diff={}, to=message.to_address, channel=message.channel,
                  purpose=message.purpose, template=message.template, status=message.status, consent=consent)  # fmt: skip
    if message.status == "blocked":
        events.emit(BLOCKED, message.id, summary(message) | {"why": message.why})
    elif message.status == "queued":
        _job(message, {"zone": zone, "consent": consent}, verdict)
    return message


def _sealed(text: str) -> str:
    return crypto.encrypt(text).decode() if text else ""


def _job(message: Message, extra: dict[str, Any], verdict: rules.Verdict = rules.SEND) -> None:
    # the time is part of the key: a job that puts a message off is itself not finished yet
    key = f"{message.id}:{int(verdict.until.timestamp())}" if verdict.until else str(message.id)
    jobs.add(DELIVER, {"message_id": message.id} | extra, dedupe_key=key, run_after=verdict.until)


def judge(message: Message, *, zone: str, consent: str) -> rules.Verdict:
    """The rules on a message as things stand now."""
    company = queries.organization()
    return rules.judge(
        channel=message.channel, purpose=message.purpose, address=message.to_address,
        suppressed=queries.suppressed(message.channel, message.to_address), consent=consent, now=clock.now(),
        zone=zone or company.time_zone, hours=rules.QuietHours.of(company.settings),
    )  # fmt: skip


def summary(message: Message) -> dict[str, Any]:
    """What an event says of a message: never its text."""
    return {"message_id": message.public_id, "channel": message.channel, "purpose": message.purpose,
            "to": message.to_address, "template": message.template, "record_type": message.record_type,
            "record_id": message.record_id}  # fmt: skip


# Doing it ---------------------------------------------------------------------------------------------------------


def deliver(message_id: int, *, attempt: int = 1, zone: str = "", consent: str = "") -> str:
    """Send one queued message, or say why not; returns its new status.

    Sending comes before the commit: a worker that dies between them sends again under the same id, which mail
    servers and providers recognise. Raises `mail.Unreachable` or `sms.Unreachable` when trying later may help.
    """
    message = find(Message, message_id)
    if message is None or message.status != "queued":
        return message.status if message else "gone"
    verdict = judge(message, zone=zone, consent=consent)
    message.attempts = attempt
    if verdict.action == "wait":
        message.why = verdict.why
        _job(message, {"zone": zone, "consent": consent}, verdict)
    elif verdict.action == "block":
        _settle(message, "blocked", verdict.why)
    elif kept := queries.kept_here(message.channel):
        _settle(message, "outbox", kept)
    else:
        from webapp.messaging import transport

        outcome = transport.send(message)
        if outcome.bounced:
            suppress(message.channel, message.to_address, outcome.bounced, source="provider")
        message.provider_id = outcome.provider_id
        _settle(message, "failed" if outcome.refused else "sent", outcome.refused)
    db.session.flush()
    return message.status


def _settle(message: Message, status: str, why: str) -> None:
    before = {"status": message.status, "why": message.why}
    message.status, message.why = status, why
    if status == "sent":
        message.sent_at = clock.now()
    diff = journal.difference(before, {"status": status, "why": why})
    journal.audit(f"message.{status}", message, diff=diff)
    kind = {"sent": SENT, "blocked": BLOCKED, "failed": FAILED}.get(status)
    if kind is not None:
        events.emit(kind, message.id, summary(message) | ({"why": why} if why else {}))


def give_up(message_id: int, sentence: str, attempts: int) -> None:
    """Mark a message as failed after the last attempt."""
    message = find(Message, message_id)
    if message is not None and message.status == "queued":
        message.attempts = attempts
        _settle(message, "failed", sentence)


def retry(message_id: int) -> Message:
    """Send a message again that was blocked, failed or kept in the Outbox; every rule applies afresh.

    Raises Conflict for one that was sent or is on its way."""
    demand(MESSAGING_MANAGE)
    message = get(Message, message_id, lock=True)
    if message.status not in ("blocked", "failed", "outbox"):
        raise errors.Conflict(
            f"This message is {message.status}; only one that did not leave can be sent again."
        )
    verdict = judge(message, zone="", consent="")
    if verdict.action == "block":
        raise errors.Conflict(verdict.why)
    if kept := queries.kept_here(message.channel):
        raise errors.Conflict(kept)
    before = journal.snapshot(message)
    message.status, message.why, message.attempts = "queued", verdict.why, 0
    journal.audit("message.retried", message, diff=journal.difference(
        {"status": before["status"], "why": before["why"]}, {"status": "queued", "why": verdict.why}))  # fmt: skip
    _job(message, {}, verdict)
    return message


# The do-not-contact list ------------------------------------------------------------------------------------------


def suppress(channel: str, address: str, reason: str, *, source: str = "") -> Suppression:
    """Put an address on the do-not-contact list; one that is on it takes the wider of both reasons.

    Raises Invalid for what is no address. Jobs and the public unsubscribe page may as well as people.
    """
    if context.principal().kind == "user":
        demand(MESSAGING_MANAGE)
    if channel not in rules.CHANNELS:
        raise errors.Invalid.one("channel", "Choose email or text message.")
    try:
        key = rules.address_key(channel, address)
    except ValueError as problem:
        raise errors.Invalid.one("address", str(problem)) from None
    found = queries.suppression(channel, key)
    if found is not None:
        if found.reason in rules.MARKETING_ONLY and reason not in rules.MARKETING_ONLY:
            before = journal.snapshot(found)
            found.reason, found.source = reason, source or found.source
            journal.audit("suppression.widened", found, before=before)
        return found
    found = add(
        Suppression(channel=channel, address=key, reason=reason, source=source, created_at=clock.now())
    )
    journal.audit("suppression.added", found)
    return found


def unsuppress(suppression_id: int) -> Suppression:
    """Take an address off the do-not-contact list; gives back what was there, for an undo."""
    demand(MESSAGING_MANAGE)
    found = get(Suppression, suppression_id, what="do-not-contact entry")
    journal.audit("suppression.removed", found, diff={
        k: {"from": v, "to": None} for k, v in journal.plain(journal.snapshot(found)).items()})  # fmt: skip
    db.session.delete(found)
    return found
