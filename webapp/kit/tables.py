"""The kit's own tables: directory, jobs, events, audit entries, journal heads, numbers, idempotency keys, search words."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, Integer, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from webapp.kit import clock
from webapp.kit.db import Base, Stamped, Tenanted


class DirectoryEntry(Base):
    """The one table outside the policies: finds the organization before it is known, by hash only."""

    __tablename__ = "directory"
    kind: Mapped[str] = mapped_column(
        Text, primary_key=True
    )  # organization, code, key, host, sso, email, visit-link
    lookup_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    __table_args__ = (
        # a business code, a host and a key name one organization; an address or an SSO subject may belong to several
        Index("uq_directory_single", "kind", "lookup_hash", unique=True,
              postgresql_where=text("kind in ('organization', 'code', 'key', 'host')")),
        Index("ix_directory_tenant_id", "tenant_id"),
    )  # fmt: skip


class NumberHead(Base):
    """The last number given to a kind of record in an organization (`kit/numbers.py`)."""

    __tablename__ = "number_heads"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger)


class Job(Base, Tenanted):
    """A piece of work: the truth about it is this row, Redis only rings."""

    __tablename__ = "jobs"
    kind: Mapped[str] = mapped_column(Text)
    queue: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, default="waiting")  # waiting, running, done, failed, cancelled
    args: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    state: Mapped[dict[str, Any]] = mapped_column(
        JSONB, default=dict
    )  # what a checkpointed job has done so far
    dedupe_key: Mapped[str | None] = mapped_column(Text)  # at most one unfinished job per kind and key
    run_after: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: clock.now())
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    lease_token: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    max_attempts: Mapped[int] = mapped_column(Integer, default=8)
    progress: Mapped[int] = mapped_column(Integer, default=0)  # pieces done
    progress_total: Mapped[int | None] = mapped_column(Integer)  # of how many, once known
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    error: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # who asked for it
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: clock.now())
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("uq_jobs_dedupe", "tenant_id", "kind", "dedupe_key", unique=True,
              postgresql_where=text("status in ('waiting', 'running') and dedupe_key is not null")),
        Index("ix_jobs_claim", "tenant_id", "queue", "run_after",
              postgresql_where=text("status = 'waiting'")),
        Index("ix_jobs_due", "run_after", postgresql_where=text("status = 'waiting'")),
        Index("ix_jobs_lapsed", "lease_until", postgresql_where=text("status = 'running'")),
        Index("ix_jobs_finished", "tenant_id", "finished_at"),
    )  # fmt: skip


class Event(Base):
    """Something that happened to a record, in the order of the organization's journal."""

    __tablename__ = "events"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(Text)  # sale.created
    record_type: Mapped[str] = mapped_column(Text)
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    correlation_id: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    __table_args__ = (
        Index("ix_events_record", "tenant_id", "record_type", "record_id", "seq"),
        Index("ix_events_name", "tenant_id", "name", "seq"),
    )


class AuditEntry(Base):
    """A link of an organization's hash chain: who changed what, from what to what. Partitioned by month."""

    __tablename__ = "audit_entries"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(Uuid)
    action: Mapped[str] = mapped_column(Text)  # sale.approved
    source: Mapped[str] = mapped_column(Text)  # web, api, cron, worker, system
    actor: Mapped[str] = mapped_column(Text)  # user:12, key:3, job:…
    actor_name: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    correlation_id: Mapped[str] = mapped_column(Text)
    record_type: Mapped[str] = mapped_column(Text)
    record_id: Mapped[int | None] = mapped_column(BigInteger)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)  # diff per field, reason, key_id
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (
        Index("ix_audit_entries_seq", "tenant_id", "seq"),
        Index("ix_audit_entries_id", "tenant_id", "id"),
        Index("ix_audit_entries_action", "tenant_id", "action", "created_at"),
        Index("ix_audit_entries_actor", "tenant_id", "actor", "created_at"),
        Index("ix_audit_entries_correlation_id", "tenant_id", "correlation_id"),
        Index("ix_audit_entries_record", "tenant_id", "record_type", "record_id", "seq"),
        {"postgresql_partition_by": "RANGE (created_at)"},
    )


class JournalHead(Base):
    """Where an organization's journal stands. Locked last in a transaction, so nobody queues behind work."""

    __tablename__ = "journal_heads"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    event_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    audit_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    audit_hash: Mapped[bytes] = mapped_column(LargeBinary, default=b"")


class IdempotencyKey(Base):
    """The first answer to a keyed request, kept 30 days, encrypted."""

    __tablename__ = "idempotency_keys"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    key_hash: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True
    )  # of principal, method, path and key
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int] = mapped_column(Integer)
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: clock.now())
    __table_args__ = (Index("ix_idempotency_keys_created_at", "tenant_id", "created_at"),)


class SearchWord(Base):
    """A word of a record's searchable text. Ranges on `word` stay indexed under the policies, LIKE would not."""

    __tablename__ = "search_words"
    tenant_id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    word: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)  # customer, technician, sale, item
    record_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    __table_args__ = (Index("ix_search_words_record", "tenant_id", "kind", "record_id"),)


class StoredFile(Base, Tenanted, Stamped):
    """A file kept for an organization; the bytes are in :mod:`webapp.kit.files`."""

    __tablename__ = "stored_files"
    name: Mapped[str] = mapped_column(Text)  # as people see it
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    path: Mapped[str] = mapped_column(Text)  # <tenant>/<year>/<random>
    purpose: Mapped[str] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(BigInteger)
    delete_after: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    __table_args__ = (Index("ix_stored_files_delete_after", "tenant_id", "delete_after"),)
