"""Events and audit entries: collected while a request works, written as the last statements before it commits.

The organization's journal head is locked once, at the very end; the rows are numbered, the audit entries chained by
SHA-256, and all are inserted. A number is therefore given in the order of commits, and no reader can skip one.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import event, inspect, text
from sqlalchemy.orm import Session

from webapp.kit import clock, context, ids
from webapp.kit.db import db

HIDDEN = frozenset({"updated_at", "created_at", "password_hash", "totp_secret", "secret_hash", "tenant_id", "id",
                    "search_key", "snapshot", "lookup_key", "previous_hash"})  # fmt: skip


@dataclass(slots=True)
class Pending:
    """What one transaction will add to the journal."""

    events: list[dict[str, Any]] = field(default_factory=list)
    audit: list[dict[str, Any]] = field(default_factory=list)
    tallies: list[Callable[[Session], None]] = field(default_factory=list)
    after_commit: list[Callable[[], None]] = field(default_factory=list)


def pending() -> Pending:
    """The present transaction's collection."""
    info: dict[str, Any] = db.session().info
    found = info.get("journal")
    if found is None:
        found = info["journal"] = Pending()
    return found


def commit() -> None:
    """Commit the present session; the journal is written by the session's own hook."""
    db.session.commit()


def snapshot(record: Any) -> dict[str, Any]:
    """A record's columns as they stand, for the `before` of :func:`audit`."""
    state = inspect(record)
    return {a.key: state.dict.get(a.key) for a in state.mapper.column_attrs if a.key not in HIDDEN}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """`{"field": {"from": …, "to": …}}` for what differs, in JSON's types."""
    return {
        name: {"from": plain(before.get(name)), "to": plain(after.get(name))}
        for name in after
        if before.get(name) != after.get(name)
    }


def plain(value: Any) -> Any:
    """A value as JSON holds it."""
    if isinstance(value, datetime):
        return clock.iso_ms(value)
    if isinstance(value, date | UUID | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    return value


def audit(
    action: str,
    record: Any = None,
    *,
    before: Mapping[str, Any] | None = None,
    diff: Mapping[str, Any] | None = None,
    record_type: str = "",
    record_id: int | None = None,
    **payload: Any,
) -> None:
    """Write an audit entry when this transaction commits.

    `before` is :func:`snapshot` from ahead of the change; the difference to the record now becomes the diff.
    Without it every set field of a new record is shown as changed from nothing. `payload` takes what else a reader
    needs (a reason). Never put a secret in it.
    """
    who, where = context.principal(), context.origin()
    if record is not None:
        record_type = record_type or record.__tablename__.removesuffix("s")
        record_id = record_id if record_id is not None else getattr(record, "id", None)
        if diff is None:
            now = snapshot(record)
            diff = difference(before if before is not None else dict.fromkeys(now), now)
    body: dict[str, Any] = {}
    if record_type:
        body[f"{record_type}_id"] = plain(record_id)
    if diff is not None:
        body["diff"] = dict(diff)
    if who.kind == "key":
        body["key_id"] = who.extra.get("public_id") or who.id
    body |= {k: plain(v) for k, v in payload.items()}
    pending().audit.append(
        {
            "id": ids.uuid4(),
            "created_at": clock.now(),
            "action": action,
            "source": where.source,
            "actor": who.label,
            "actor_name": who.name,
            "address": where.address,
            "correlation_id": where.correlation_id,
            "record_type": record_type,
            "record_id": record_id if isinstance(record_id, int) else None,
            "payload": body,
        }
    )


def event_row(
    name: str, record_type: str, record_id: int | None, payload: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "id": ids.uuid4(),
        "name": name,
        "record_type": record_type,
        "record_id": record_id,
        "payload": plain(dict(payload)),
        "correlation_id": context.origin().correlation_id,
        "created_at": clock.now(),
    }


def tally(change: Callable[[Session], None]) -> None:
    """Run `change` after the journal head is locked: for counters, which then need no lock of their own."""
    pending().tallies.append(change)


def after_commit(call: Callable[[], None]) -> None:
    """Run `call` once the transaction is committed; forgotten when it is rolled back."""
    pending().after_commit.append(call)


def chained(previous: bytes, tenant_id: UUID, seq: int, entry: Mapping[str, Any]) -> bytes:
    """The hash of one audit entry: over the previous hash and every field, in a fixed order."""
    fields = [
        str(tenant_id), seq, str(entry["id"]), _micro(entry["created_at"]), entry["action"], entry["source"],
        entry["actor"], entry["actor_name"], entry["address"], entry["correlation_id"], entry["record_type"],
        entry["record_id"], entry["payload"],
    ]  # fmt: skip
    return hashlib.sha256(previous + orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)).digest()


def _micro(moment: datetime) -> int:
    # microseconds since 1970 as an integer: PostgreSQL gives back just these
    delta = moment - datetime(1970, 1, 1, tzinfo=moment.tzinfo)
    return (delta.days * 86400 + delta.seconds) * 1_000_000 + delta.microseconds


# SQL that follows an event into a job, by the job's kind: made by `kit.wakes`
_followers: dict[str, tuple[str, Callable[[UUID], None]]] = {}


def follow(name: str, insert: str, woken: Callable[[UUID], None]) -> None:
    """Run `insert` in the statement that writes the journal, behind its lock; `woken` after a commit in which it
    inserted something. It may use %(tenant)s, %(now)s and %(told)s: whether there are events beside audit entries."""
    _followers[name] = (insert, woken)


# told after the commit that an organization's journal grew; `kit.web` hands in the streams
listeners: Callable[[UUID], None] = lambda tenant: None  # noqa: E731  # a default that does nothing


# one statement for whatever was collected, and one value for each table: every further one costs more than
# PostgreSQL takes for the rows
_EVENT = ("id", "name", "record_type", "record_id", "payload", "correlation_id", "created_at")
_AUDIT = ("id", "created_at", "action", "source", "actor", "actor_name", "address", "correlation_id", "record_type",
          "record_id", "payload", "hash")  # fmt: skip
_TYPES = {
    "id": "uuid",
    "record_id": "bigint",
    "created_at": "timestamptz",
    "payload": "jsonb",
    "hash": "bytea",
}


def _given(names: tuple[str, ...]) -> str:
    return ", ".join(["seq bigint", *(f"{name} {_TYPES.get(name, 'text')}" for name in names)])


_LOCK_HEAD = (
    "select event_seq, audit_seq, audit_hash from journal_heads where tenant_id = %(tenant)s for update"
)
_WRITE = f"""
with told as (
    insert into events (tenant_id, seq, {", ".join(_EVENT)})
    select %(tenant)s, seq, {", ".join(_EVENT)} from json_to_recordset(%(events)s::json) as given ({_given(_EVENT)})
), audited as (
    insert into audit_entries (tenant_id, seq, {", ".join(_AUDIT)})
    select %(tenant)s, seq, {", ".join(_AUDIT)} from json_to_recordset(%(audits)s::json) as given ({_given(_AUDIT)})
){{followers}}
update journal_heads set event_seq = %(event_seq)s, audit_seq = %(audit_seq)s, audit_hash = %(hash)s
where tenant_id = %(tenant)s
returning {{woken}}
"""  # noqa: S608  # constants of this module


@lru_cache(maxsize=8)
def _statement(followers: tuple[tuple[str, str], ...]) -> str:
    """The writing of the journal with what follows it, in one statement: a further round trip would be felt."""
    parts = "".join(f", follow_{n} as ({sql} returning 1)" for n, (_, sql) in enumerate(followers))
    counts = [f"(select count(*) from follow_{n})" for n in range(len(followers))]  # noqa: S608  # a number
    return _WRITE.format(followers=parts, woken=f"array[{', '.join(counts)}]::bigint[]")


@event.listens_for(Session, "before_commit")
def _write(session: Session) -> None:
    waiting: Pending | None = session.info.get("journal")
    if waiting is None or not (waiting.events or waiting.audit or waiting.tallies):
        return
    session.flush()
    tenant = session.info.get("tenant_id")
    if tenant is None:
        raise RuntimeError(f"{[e['action'] for e in waiting.audit]}: no organization to write the journal of")
    connection = session.connection()
    head = connection.exec_driver_sql(_LOCK_HEAD, {"tenant": tenant}).one_or_none()
    if head is None:
        raise RuntimeError(f"organization {tenant} has no journal")
    events, audits, tallies = waiting.events, waiting.audit, waiting.tallies
    waiting.events, waiting.audit, waiting.tallies = [], [], []
    if events or audits:
        last = bytes(head.audit_hash)
        for number, row in enumerate(events, head.event_seq + 1):
            row["seq"] = number
        for number, row in enumerate(audits, head.audit_seq + 1):
            last = chained(last, tenant, number, row)
            row["seq"], row["hash"] = number, f"\\x{last.hex()}"
        values = {"tenant": tenant, "event_seq": head.event_seq + len(events), "hash": last,
                  "audit_seq": head.audit_seq + len(audits), "events": orjson.dumps(events).decode(),
                  "audits": orjson.dumps(audits).decode(), "now": clock.now(), "told": bool(events)}  # fmt: skip
        following = tuple((name, sql) for name, (sql, _) in _followers.items())
        counts = connection.exec_driver_sql(_statement(following), values).scalar_one()
        for (name, _), count in zip(following, counts, strict=True):
            if count:
                waiting.after_commit.append(partial(_followers[name][1], tenant))
    if events:
        waiting.after_commit.append(lambda: listeners(tenant))
    for change in tallies:
        change(session)
    session.flush()


@event.listens_for(Session, "after_commit")
def _ring(session: Session) -> None:
    waiting: Pending | None = session.info.get("journal")
    if waiting is not None and waiting.after_commit:
        calls, waiting.after_commit = waiting.after_commit, []
        for call in calls:
            call()


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, previous: Any) -> None:
    # an inner savepoint's rollback keeps what the outer work collected; a whole rollback forgets it
    if (
        session.info.get("journal") is not None
        and not session.in_nested_transaction()
        and previous.parent is None
    ):
        session.info["journal"] = None


def open_journal(tenant_id: UUID) -> None:
    """Give a new organization its journal head."""
    db.session.execute(
        text("insert into journal_heads (tenant_id, event_seq, audit_seq, audit_hash) values (:t, 0, 0, '')"),
        {"t": tenant_id},
    )


def verify(entries: Iterable[Any], previous: bytes = b"") -> tuple[int, bytes, str | None]:
    """Walk a chain of audit rows in order: how many hold, the last hash, and the first break in words."""
    count, last, expected = 0, previous, None
    for entry in entries:
        if expected is not None and entry.seq != expected:
            return count, last, f"entry {expected} is missing"
        row = {c: getattr(entry, c) for c in ("id", "created_at", "action", "source", "actor", "actor_name",
               "address", "correlation_id", "record_type", "record_id", "payload")}  # fmt: skip
        if chained(last, entry.tenant_id, entry.seq, row) != bytes(entry.hash):
            return count, last, f"entry {entry.seq} was changed after it was written"
        last, count, expected = bytes(entry.hash), count + 1, entry.seq + 1
    return count, last, None
