"""Connectors: described APIs of a customer's own systems, rules that call them, every call with its attempts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CheckConstraint, DateTime, Index, Integer, LargeBinary, Text, Uuid
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY, JSON, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit import clock, ids
from webapp.kit.db import Base, Stamped, Tenanted, tenant_fk

UNSETTLED = "status in ('pending', 'retrying')"


class ConnectorKey(Base, Tenanted):
    """A key that signs an organization's calls from a moment on, until the next one begins."""

    __tablename__ = "connector_keys"
    sealed: Mapped[bytes] = mapped_column(LargeBinary)  # encrypted
    prefix: Mapped[str] = mapped_column(Text)
    starts_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: clock.now())
    __table_args__ = (
        Index("ix_connector_keys_starts_at", "tenant_id", "starts_at"),
        Index("ix_connector_keys_created_by", "tenant_id", "created_by"),
        tenant_fk("created_by", table="users"),
    )


class Connector(Base, Tenanted, Stamped):
    """A described API. `inputs` and `outputs` are JSON Schemas, kept as text so that their order stays."""

    __tablename__ = "connectors"
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text, default="")
    url: Mapped[str] = mapped_column(Text)
    method: Mapped[str] = mapped_column(Text)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON)
    outputs: Mapped[dict[str, Any]] = mapped_column(JSON)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    paused_why: Mapped[str] = mapped_column(Text, default="")  # person, gone (410), failing
    paused_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    concurrency: Mapped[int] = mapped_column(Integer, default=5)  # requests at once
    rate_per_second: Mapped[int] = mapped_column(Integer, default=0)  # 0: as fast as it answers
    failing_since: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    failures: Mapped[int] = mapped_column(Integer, default=0)  # one after the other
    not_before: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # it asked us to wait
    last_delivery_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # the last attempt
    last_delivery_status: Mapped[int | None] = mapped_column(Integer)
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))  # one courier serves it
    lease_token: Mapped[str | None] = mapped_column(Text)
    served_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        CheckConstraint("method in ('GET', 'POST')", name="method"),
        CheckConstraint("concurrency between 1 and 10", name="concurrency"),
        CheckConstraint("rate_per_second between 0 and 1000", name="rate_per_second"),
        Index("uq_connectors_name", "tenant_id", "name", unique=True, postgresql_where=sql("deleted_at is null")),
        Index("ix_connectors_created_by", "tenant_id", "created_by"),
        tenant_fk("created_by", table="users"),
    )  # fmt: skip


class ConnectorRule(Base, Tenanted, Stamped):
    """When one of these events happens and the conditions hold, the connector is called with mapped inputs."""

    __tablename__ = "connector_rules"
    connector_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(Text)
    events: Mapped[list[str]] = mapped_column(ARRAY(Text))  # names, and groups: `*`, `sale.*`
    conditions: Mapped[list[dict[str, str]]] = mapped_column(JSON)  # path, op, value; all must hold
    mapping: Mapped[dict[str, dict[str, str]]] = mapped_column(JSON)  # input → from, value
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    cursor_seq: Mapped[int] = mapped_column(BigInteger)  # events up to here have their call
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_connector_rules_connector_id", "tenant_id", "connector_id"),
        Index("ix_connector_rules_created_by", "tenant_id", "created_by"),
        Index("ix_connector_rules_live", "tenant_id", "id", postgresql_where=sql("enabled and deleted_at is null")),
        tenant_fk("connector_id", table="connectors", ondelete="CASCADE"),
        tenant_fk("created_by", table="users"),
    )  # fmt: skip


class ConnectorCall(Base, Tenanted):
    """One call of a connector, under one idempotency key. What is sent follows from its inputs."""

    __tablename__ = "connector_calls"
    public_id: Mapped[str] = mapped_column(Text, default=lambda: ids.prefixed("cnc", 16))
    connector_id: Mapped[int] = mapped_column(BigInteger)
    rule_id: Mapped[int | None] = mapped_column(BigInteger)
    origin: Mapped[str] = mapped_column(Text)  # event, console, again
    event: Mapped[str] = mapped_column(Text, default="")
    event_id: Mapped[UUID | None] = mapped_column(Uuid)
    record_type: Mapped[str] = mapped_column(Text, default="")
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON)
    idempotency_key: Mapped[str] = mapped_column(Text, default=lambda: ids.prefixed("idem", 24))
    most: Mapped[int] = mapped_column(Integer)  # attempts that are made
    status: Mapped[str] = mapped_column(Text, default="pending")
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    tries: Mapped[int] = mapped_column(Integer, default=0)
    first_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True)
    )  # its key is used from then on, for five minutes
    next_attempt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    response_status: Mapped[int | None] = mapped_column(Integer)
    latency_ms: Mapped[int | None] = mapped_column(Integer)
    error: Mapped[str] = mapped_column(Text, default="")  # of the last attempt, in words
    misfit: Mapped[str | None] = mapped_column(
        Text
    )  # how the answer does not fit the outputs; "" when it does
    repeats: Mapped[str | None] = mapped_column(Text)  # the call that this one makes again
    made_by: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: clock.now())
    delivered_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        CheckConstraint("status in ('pending', 'retrying', 'delivered', 'dead_letter', 'cancelled')", name="status"),
        CheckConstraint("origin in ('event', 'console', 'again')", name="origin"),
        Index("uq_connector_calls_public_id", "tenant_id", "public_id", unique=True),
        Index("uq_connector_calls_idempotency_key", "tenant_id", "idempotency_key", unique=True),
        Index("ix_connector_calls_connector_id", "tenant_id", "connector_id", "id"),
        Index("ix_connector_calls_rule_id", "tenant_id", "rule_id"),
        Index("ix_connector_calls_made_by", "tenant_id", "made_by"),
        Index("ix_connector_calls_due", "tenant_id", "connector_id", "next_attempt_at", "id",
              postgresql_where=sql(UNSETTLED)),
        Index("ix_connector_calls_record", "tenant_id", "connector_id", "record_type", "record_id", "id",
              postgresql_where=sql(UNSETTLED)),
        Index("ix_connector_calls_dead", "tenant_id", "connector_id", "id",
              postgresql_where=sql("status = 'dead_letter'")),
        tenant_fk("connector_id", table="connectors", ondelete="CASCADE"),
        tenant_fk("rule_id", table="connector_rules"),
        tenant_fk("made_by", table="users"),
    )  # fmt: skip


class ConnectorAttempt(Base, Tenanted):
    """One request of a call and what came of it."""

    __tablename__ = "connector_attempts"
    call_id: Mapped[int] = mapped_column(BigInteger)
    number: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    status: Mapped[int | None] = mapped_column(Integer)  # of HTTP; none came without an answer
    latency_ms: Mapped[int] = mapped_column(Integer)
    error_kind: Mapped[str] = mapped_column(Text, default="")
    error: Mapped[str] = mapped_column(Text, default="")
    request_line: Mapped[str] = mapped_column(Text, default="")  # method and address as they were sent
    request_headers: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    response_headers: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    response_body: Mapped[str] = mapped_column(Text, default="")  # its beginning
    __table_args__ = (
        Index("ix_connector_attempts_call_id", "tenant_id", "call_id", "number"),
        tenant_fk("call_id", table="connector_calls", ondelete="CASCADE"),
    )


class ConnectorHour(Base):
    """What a connector answered well and badly in one hour (UTC)."""

    __tablename__ = "connector_hours"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    connector_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    hour: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    delivered: Mapped[int] = mapped_column(Integer)
    failed: Mapped[int] = mapped_column(Integer)
    latency_ms: Mapped[int] = mapped_column(BigInteger)  # of all attempts together
    slowest_ms: Mapped[int] = mapped_column(Integer)
    __table_args__ = (tenant_fk("connector_id", table="connectors", ondelete="CASCADE"),)
