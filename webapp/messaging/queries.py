"""Reading messages and the do-not-contact list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import Select, select

from webapp.kit import context, crypto
from webapp.kit.db import db
from webapp.kit.permissions import may, of_roles
from webapp.kit.tables import Job
from webapp.messaging.permissions import MESSAGING_SECRETS
from webapp.models import Message, Organization, Suppression, User

NOT_CONFIGURED = {
    "email": "Kept here: no mail server is configured, so nothing was sent.",
    "sms": "Kept here: no text message provider is configured, so nothing was sent.",
}
_HIDDEN = "This message holds a sign-in link or a code. Only an owner or admin may read it."


@dataclass(frozen=True, slots=True)
class Content:
    """A message's text as it was written."""

    subject: str
    body: str
    html: str


def kept_here(channel: str) -> str:
    """Why messages of a channel stay in the Outbox, empty where they really leave."""
    if organization().sandbox_of is not None:
        return "Kept here: this is test mode, which sends nothing."
    return "" if _configured(channel) else NOT_CONFIGURED[channel]


def _configured(channel: str) -> bool:
    settings = current_app.config["SETTINGS"]
    return bool(settings.smtp_url if channel == "email" else settings.sms_url and settings.sms_from)


def organization() -> Organization:
    found = db.session.get(Organization, context.tenant_id())
    assert found is not None  # a principal's organization exists
    return found


def content(message: Message) -> Content:
    """The text of a message, also of a secret one: for sending and for who may see secrets."""
    if not message.secret:
        return Content(message.subject, message.body, message.html)

    def opened(text: str) -> str:
        return crypto.decrypt(text.encode()).decode() if text else ""

    return Content(message.subject, opened(message.body), opened(message.html))


def shown(message: Message) -> Content:
    """The text of a message as the present person may see it."""
    if message.secret and not (may(MESSAGING_SECRETS) and _not_above(message)):
        return Content(message.subject, _HIDDEN, "")
    return content(message)


def _not_above(message: Message) -> bool:
    """Whether the link or code in a message signs nobody in who may do more than the present person."""
    who = context.principal()
    if message.record_type != "user" or message.record_id is None or who.kind != "user":
        return True
    user = db.session.get(User, (message.tenant_id, message.record_id))
    if user is None:
        return False
    owners = "owner" in user.roles and "owner" not in who.roles
    return not owners and of_roles(user.roles, user.narrowed) <= who.permissions


def suppression(channel: str, address: str) -> Suppression | None:
    return db.session.scalar(
        select(Suppression).where(Suppression.tenant_id == context.tenant_id(), Suppression.channel == channel,
                                  Suppression.address == address)
    )  # fmt: skip


def suppressed(channel: str, address: str) -> str | None:
    """Why an address is on the do-not-contact list, None when it is not."""
    found = suppression(channel, address)
    return found.reason if found else None


@dataclass(frozen=True, slots=True)
class Attempts:
    """How far the job that sends a message is."""

    made: int
    last_error: str
    next_at: datetime | None


def attempts(message: Message) -> Attempts | None:
    """The unfinished job of a message that is on its way, None when there is none."""
    if message.status != "queued":
        return None
    job = db.session.scalar(
        select(Job)
        .where(Job.tenant_id == context.tenant_id(), Job.kind == "messaging.deliver",
               Job.dedupe_key.between(str(message.id), f"{message.id}:~"), Job.status.in_(("waiting", "running")),
               Job.args["message_id"].as_integer() == message.id)
        .order_by(Job.id.desc())
        .limit(1)
    )  # fmt: skip
    if job is None:
        return None
    return Attempts(job.attempts, job.error or "", job.run_after if job.status == "waiting" else None)


def about(record_type: str, record_id: int, limit: int = 20) -> list[Message]:
    """The newest messages that belong to a record, for its timeline."""
    statement = (
        select(Message)
        .where(Message.tenant_id == context.tenant_id(), Message.record_type == record_type,
               Message.record_id == record_id)
        .order_by(Message.id.desc())
        .limit(limit)
    )  # fmt: skip
    return list(db.session.scalars(statement))


def outbox() -> Select[Any]:
    """The rows of the Outbox page."""
    columns: Any = (
        Message.id, Message.created_at, Message.channel, Message.purpose, Message.to_address, Message.to_name,
        Message.subject, Message.template, Message.status, Message.why, Message.secret, Message.sent_at,
    )  # fmt: skip
    return select(*columns).where(Message.tenant_id == context.tenant_id())
