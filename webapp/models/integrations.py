"""Webhooks: where events are sent, every delivery with its attempts, and figures by the hour."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Index, Integer, LargeBinary, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit import clock, ids
from webapp.kit.db import Base, Stamped, Tenanted, tenant_fk

UNSETTLED = "status in ('pending', 'retrying')"


class WebhookEndpoint(Base, Tenanted, Stamped):
    """An address that an organization's events are sent to."""

    __tablename__ = "webhook_endpoints"
    public_id: Mapped[UUID] = mapped_column(Uuid, default=lambda: ids.uuid4())
    api: Mapped[str] = mapped_column(Text)  # field, growth: whose signature header and times it gets
    url: Mapped[str] = mapped_column(Text)
    hook_event: Mapped[str] = mapped_column(
        Text, default=""
    )  # of a REST hook: the one event it subscribed to
    description: Mapped[str] = mapped_column(Text, default="")
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))  # names, and groups: `*`, `sale.*`
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    paused_why: Mapped[str] = mapped_column(Text, default="")  # person, gone (410), failing
    paused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sealed: Mapped[bytes] = mapped_column(
        LargeBinary
    )  # encrypted: the signing secrets, newest first, with their ends
    secret_prefix: Mapped[str] = mapped_column(Text)
    in_order: Mapped[bool] = mapped_column(Boolean, default=False)  # strictly, per record
    concurrency: Mapped[int] = mapped_column(Integer, default=5)  # requests at once
    rate_per_second: Mapped[int] = mapped_column(Integer, default=0)  # 0: as fast as it answers
    cursor_seq: Mapped[int] = mapped_column(BigInteger)  # events up to here have their delivery
    audit_cursor: Mapped[int | None] = mapped_column(BigInteger)  # the same of audit entries, where asked for
    failing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failures: Mapped[int] = mapped_column(Integer, default=0)  # one after the other
    not_before: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # it asked us to wait
    last_delivery_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_delivery_status: Mapped[int | None] = mapped_column(Integer)
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # one worker serves it
    lease_token: Mapped[str | None] = mapped_column(Text)
    served_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # the longest waiting is next
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        CheckConstraint("api in ('field', 'growth')", name="api"),
        CheckConstraint("concurrency between 1 and 10", name="concurrency"),
        CheckConstraint("rate_per_second between 0 and 1000", name="rate_per_second"),
        Index("uq_webhook_endpoints_public_id", "tenant_id", "public_id", unique=True),
        Index("uq_webhook_endpoints_url", "tenant_id", "api", "url", "hook_event", unique=True,
              postgresql_where=sql("deleted_at is null")),
        Index("ix_webhook_endpoints_live", "tenant_id", "id",
              postgresql_where=sql("enabled and deleted_at is null")),
        Index("ix_webhook_endpoints_created_by", "tenant_id", "created_by"),
        tenant_fk("created_by", table="users"),
    )  # fmt: skip


class WebhookDelivery(Base, Tenanted):
    """One event for one endpoint. Its body is built from the event; only what no event holds is kept here."""

    __tablename__ = "webhook_deliveries"
    public_id: Mapped[str] = mapped_column(Text, default=lambda: ids.prefixed("whd", 16))
    endpoint_id: Mapped[int] = mapped_column(BigInteger)
    event: Mapped[str] = mapped_column(Text)
    event_seq: Mapped[int | None] = mapped_column(
        BigInteger
    )  # in the journal; an audit entry's for audit.log.event
    event_id: Mapped[UUID] = mapped_column(Uuid)  # the message's id: the same however often it is sent
    event_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    record_type: Mapped[str] = mapped_column(Text)
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    data: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # of a test: no event holds it
    status: Mapped[str] = mapped_column(Text, default="pending")
    attempt: Mapped[int] = mapped_column(Integer, default=0)  # attempts of the present round of ten
    tries: Mapped[int] = mapped_column(Integer, default=0)  # attempts in all
    next_attempt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    response_status: Mapped[int | None] = mapped_column(Integer)
    latency_ms: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str] = mapped_column(Text, default="")  # of the last attempt, in words
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: clock.now())
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        CheckConstraint("status in ('pending', 'retrying', 'delivered', 'dead_letter', 'cancelled')", name="status"),
        Index("uq_webhook_deliveries_public_id", "tenant_id", "public_id", unique=True),
        Index("ix_webhook_deliveries_endpoint_id", "tenant_id", "endpoint_id", "id"),
        Index("ix_webhook_deliveries_due", "tenant_id", "endpoint_id", "next_attempt_at", "id",
              postgresql_where=sql(UNSETTLED)),
        Index("ix_webhook_deliveries_record", "tenant_id", "endpoint_id", "record_type", "record_id", "id",
              postgresql_where=sql(UNSETTLED)),
        Index("ix_webhook_deliveries_dead", "tenant_id", "endpoint_id", "id",
              postgresql_where=sql("status = 'dead_letter'")),
        tenant_fk("endpoint_id", table="webhook_endpoints", ondelete="CASCADE"),
    )  # fmt: skip


class WebhookAttempt(Base, Tenanted):
    """One request and what came of it. What was sent follows from the delivery and the moment."""

    __tablename__ = "webhook_attempts"
    delivery_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    status: Mapped[int | None] = mapped_column(Integer)  # of HTTP; none came without an answer
    latency_ms: Mapped[int] = mapped_column(Integer)
    error_kind: Mapped[str] = mapped_column(
        Text, default=""
    )  # refused, resolve, connect, tls, timeout, protocol, answer
    error: Mapped[str] = mapped_column(Text, default="")
    response_headers: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    response_body: Mapped[str] = mapped_column(Text, default="")  # its beginning
    __table_args__ = (
        Index("ix_webhook_attempts_delivery_id", "tenant_id", "delivery_id", "number"),
        tenant_fk("delivery_id", table="webhook_deliveries", ondelete="CASCADE"),
    )


class WebhookHour(Base):
    """What an endpoint took and refused in one hour (UTC): the health chart reads these, not the attempts."""

    __tablename__ = "webhook_hours"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hour: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    delivered: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    latency_ms: Mapped[int] = mapped_column(BigInteger)  # of all attempts together
    slowest_ms: Mapped[int] = mapped_column(Integer)
    __table_args__ = (tenant_fk("endpoint_id", table="webhook_endpoints", ondelete="CASCADE"),)
