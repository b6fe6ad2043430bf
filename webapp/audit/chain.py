"""Proving that the audit log is as it was written: the hash chain, the journal's head, and heads kept elsewhere."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from flask import current_app
from sqlalchemy import select

from webapp.kit import clock, context, journal
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry

BATCH = 2000
_FIELDS = ("id", "created_at", "action", "source", "actor", "actor_name", "address", "correlation_id", "record_type",
           "record_id", "payload")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """`entries` hold from the first one on; `broken` says in words where the chain ends to hold, `at` which entry."""

    entries: int
    head: str  # hex
    heads_compared: int
    broken: str = ""
    at: int | None = None

    @property
    def intact(self) -> bool:
        return not self.broken


def verify() -> Report:
    """Walk the present organization's whole chain, in batches. The journal's head is read first, so that entries
    written meanwhile do not matter."""
    from webapp.audit import queries

    stand = queries.head()
    wanted, last_hash = stand.audit_seq, bytes(stand.audit_hash)
    exported = exported_heads(context.tenant_id())
    last, count, compared = b"", 0, 0

    def broken(at: int, sentence: str) -> Report:
        return Report(count, last.hex(), compared, sentence, at)

    for row in _rows(wanted):
        if row.seq <= count:
            return broken(row.seq, f"entry {row.seq} is there twice")
        if row.seq != count + 1:
            return broken(count + 1, f"entry {count + 1} is missing")
        fields = {name: getattr(row, name) for name in _FIELDS}
        if journal.chained(last, row.tenant_id, row.seq, fields) != bytes(row.hash):
            return broken(row.seq, f"entry {row.seq} ({row.action}, {row.created_at:%Y-%m-%d %H:%M} UTC) "
                                   "is not as it was written, or the one before it is not")  # fmt: skip
        last, count = bytes(row.hash), row.seq
        if count in exported:
            compared += 1
            if exported[count] != last.hex():
                return broken(
                    count, f"entry {count} differs from the head exported then: the chain was written anew"
                )
    if count != wanted:
        return broken(count + 1, f"the last {wanted - count} entries, from {count + 1} on, are missing")
    if last != last_hash:
        return broken(count, f"the journal's head does not fit entry {count}")
    beyond = [seq for seq in exported if seq > wanted]
    if beyond:
        return broken(wanted + 1, f"entries {wanted + 1} to {max(beyond)} were exported once and are gone")
    return Report(count, last.hex(), compared)


def _rows(upto: int) -> Iterator[Any]:
    tenant, done = context.tenant_id(), 0
    while done < upto:
        # every position is asked for, so a batch that finds fewer shows a gap
        statement = (
            select(*AuditEntry.__table__.c)
            .where(
                AuditEntry.tenant_id == tenant,
                AuditEntry.seq > done,
                AuditEntry.seq <= min(done + BATCH, upto),
            )
            .order_by(AuditEntry.seq, AuditEntry.created_at)
        )
        yield from db.session.execute(statement)
        done += BATCH


# Heads kept outside the database ----------------------------------------------------------------------------------


def heads_file(tenant_id: UUID) -> Path:
    folder: Path = current_app.config["SETTINGS"].data_dir / "audit-heads"
    return folder / f"{tenant_id}.jsonl"


def export_head() -> dict[str, Any] | None:
    """Append the present head to the organization's file of heads, unless nothing happened since the last one.

    Whoever may write to the database cannot write there: keep a copy of the folder elsewhere.
    """
    from webapp.audit import queries

    stand = queries.head()
    tenant = context.tenant_id()
    if stand.audit_seq == 0 or stand.audit_seq in exported_heads(tenant):
        return None
    line = {"tenant_id": str(tenant), "seq": stand.audit_seq, "hash": bytes(stand.audit_hash).hex(),
            "at": clock.iso(clock.now())}  # fmt: skip
    path = heads_file(tenant)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        file.write(orjson.dumps(line) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return line


def exported_heads(tenant_id: UUID) -> dict[int, str]:
    """Position → hash of every head exported; a torn last line is passed over."""
    path = heads_file(tenant_id)
    if not path.exists():
        return {}
    found: dict[int, str] = {}
    for line in path.read_bytes().splitlines():
        try:
            head = orjson.loads(line)
            found[int(head["seq"])] = str(head["hash"])
        except (ValueError, KeyError, TypeError):
            continue
    return found
