"""Messages on their way out, and the addresses that must not be written to."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit import ids
from webapp.kit.db import Base, Stamped, Tenanted


class Message(Base, Tenanted, Stamped):
    """One mail or text message, complete, with what became of it."""

    __tablename__ = "messages"
    public_id: Mapped[str] = mapped_column(Text, default=lambda: ids.prefixed("msg"))  # also its Message-ID
    channel: Mapped[str] = mapped_column(Text)  # email, sms
    purpose: Mapped[str] = mapped_column(Text)  # transactional, marketing
    template: Mapped[str] = mapped_column(Text, default="")
    to_address: Mapped[str] = mapped_column(Text)
    to_name: Mapped[str] = mapped_column(Text, default="")
    subject: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text, default="")
    attachments: Mapped[list[dict[str, Any]]] = mapped_column(
        JSONB, default=list
    )  # stored file ids and names
    # queued, sent, outbox (kept here: nothing is configured to send it), blocked, failed
    status: Mapped[str] = mapped_column(Text, default="queued")
    why: Mapped[str] = mapped_column(Text, default="")  # why it was blocked or failed, in words
    secret: Mapped[bool] = mapped_column(
        default=False
    )  # holds a link or code: shown only to who may see secrets
    provider_id: Mapped[str] = mapped_column(Text, default="")
    attempts: Mapped[int] = mapped_column(BigInteger, default=0)
    record_type: Mapped[str] = mapped_column(Text, default="")
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_messages_created_at", "tenant_id", "created_at", "id"),
        Index("ix_messages_to_address", "tenant_id", "to_address"),
        Index("ix_messages_record", "tenant_id", "record_type", "record_id"),
        Index("uq_messages_public_id", "tenant_id", "public_id", unique=True),
    )


class Suppression(Base, Tenanted):
    """An address that must not be written to: unsubscribed, bounced, or asked for by hand."""

    __tablename__ = "suppressions"
    public_id: Mapped[str] = mapped_column(Text, default=lambda: ids.prefixed("sup", 6))
    channel: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (Index("uq_suppressions_address", "tenant_id", "channel", "address", unique=True),)
