"""From a stored message to the mail server or the text message provider."""

from dataclasses import dataclass

from flask import current_app

from webapp.config import Settings
from webapp.kit import mail, sms
from webapp.kit.db import get
from webapp.kit.tables import StoredFile
from webapp.messaging import links, queries
from webapp.models import Message


@dataclass(frozen=True, slots=True)
class Outcome:
    """`refused` is why it was turned down for good; `bounced` the reason to write to the address no more."""

    provider_id: str = ""
    refused: str = ""
    bounced: str = ""


def send(message: Message) -> Outcome:
    """Hand a message over. Raises `mail.Unreachable` or `sms.Unreachable` when trying later may help."""
    settings: Settings = current_app.config["SETTINGS"]
    return _mail(message, settings) if message.channel == "email" else _text(message, settings)


def _mail(message: Message, settings: Settings) -> Outcome:
    text = queries.content(message)
    extra: dict[str, str] = {}
    if message.purpose == "marketing":
        way_out = links.unsubscribe_url(message.channel, message.to_address)
        # RFC 8058: one click in the mail program itself
        extra = {"List-Unsubscribe": f"<{way_out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
    ready = mail.Mail(
        id=message.public_id, sender=settings.mail_from, to_address=message.to_address, to_name=message.to_name,
        subject=text.subject, text=text.body, html=text.html, headers=extra,
        attachments=_attachments(message),
    )  # fmt: skip
    try:
        said = mail.send(settings.smtp_url, ready)
    except mail.Refused as problem:
        return Outcome(refused=str(problem), bounced="bounced" if problem.bounced else "")
    return Outcome(provider_id=f"{ready.message_id} {said}")


def _attachments(message: Message) -> list[mail.Attachment]:
    from webapp.kit import files  # its storage client is only loaded where a file is read

    return [mail.Attachment(a["name"], a["media_type"], files.read(get(StoredFile, a["file_id"])))
            for a in message.attachments]  # fmt: skip


def _text(message: Message, settings: Settings) -> Outcome:
    try:
        sid = sms.send(settings.sms_url, sender=settings.sms_from, to_number=message.to_address,
                       body=queries.content(message).body, id=message.public_id)  # fmt: skip
    except sms.Refused as problem:
        bounced = (
            "stop" if problem.code == sms.STOPPED else "bounced" if problem.code in sms.NO_SUCH_NUMBER else ""
        )
        return Outcome(refused=str(problem), bounced=bounced)
    return Outcome(provider_id=sid)
