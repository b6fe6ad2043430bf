"""Proving that the audit log is as it was written: the hash chain, the journal's head, and heads kept elsewhere.

Entries older than seven years are let go of (:mod:`webapp.audit.retention`); the walk passes the gap by its kept hash.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from flask import current_app
from sqlalchemy import select

from webapp.audit import queries, rules
from webapp.kit import clock, context, journal
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry

BATCH = 2000
_FIELDS = ("id", "created_at", "action", "source", "actor", "actor_name", "address", "correlation_id", "record_type",
           "record_id", "payload")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """`entries` hold; `broken` says in words where the chain ends to hold, `at` which entry. `dropped` older ones were
    let go of after seven years: the chain is proved from the hash that was kept of the last of them."""

    entries: int
    head: str  # hex
    heads_compared: int
    broken: str = ""
    at: int | None = None
    dropped: int = 0

    @property
    def intact(self) -> bool:
        return not self.broken


class _Broken(Exception):  # says what happened
    def __init__(self, at: int, sentence: str) -> None:
        super().__init__(sentence)
        self.at = at


class _Walk:
    """One walk along the present organization's chain, from the first entry kept to the journal's head."""

    def __init__(self) -> None:
        stand = queries.head()
        self.wanted, self.last_hash = stand.audit_seq, bytes(stand.audit_hash)
        self.note = queries.dropped()
        self.gaps = {gap.first: gap for gap in queries.gaps_in(self.note.payload)} if self.note else {}
        self.kept_hashes = {gap.last: gap.hash for gap in self.gaps.values()}
        self.exported = exported_heads(context.tenant_id())
        self.last, self.at = b"", 0  # the hash and position reached
        self.entries = self.dropped = self.compared = 0

    def walk(self) -> None:
        """Raises _Broken where the chain ends to hold."""
        self._check_note()
        for row in _rows(self._start(), self.wanted):
            if row.seq <= self.at:
                raise _Broken(row.seq, f"entry {row.seq} is there twice")
            self._pass_gaps(row.seq)
            if row.seq != self.at + 1:
                raise _Broken(self.at + 1, f"entry {self.at + 1} is missing")
            fields = {name: getattr(row, name) for name in _FIELDS}
            if journal.chained(self.last, row.tenant_id, row.seq, fields) != bytes(row.hash):
                raise _Broken(row.seq, f"entry {row.seq} ({row.action}, {row.created_at:%Y-%m-%d %H:%M} UTC) "
                                       "is not as it was written, or the one before it is not")  # fmt: skip
            self.entries += 1
            self._reach(row.seq, bytes(row.hash))
        self._check_end()

    def _start(self) -> int:
        """Behind which position entries are kept: the dropped ones before it need not be looked for."""
        first = self.gaps.get(1)
        if first is None:
            return 0
        still_there = select(AuditEntry.seq).where(
            AuditEntry.tenant_id == context.tenant_id(), AuditEntry.seq <= first.last
        )
        return 0 if db.session.scalar(still_there.limit(1)) else first.last

    def _pass_gaps(self, seq: int) -> None:
        while self.at + 1 < seq and (gap := self.gaps.get(self.at + 1)) and gap.last < seq:
            self.dropped += gap.entries
            self._reach(gap.last, gap.hash)

    def _reach(self, seq: int, last: bytes) -> None:
        self.at, self.last = seq, last
        if self.kept_hashes.get(seq, last) != last:
            raise _Broken(
                seq, f"entry {seq} differs from the hash that was kept when older ones were let go of"
            )
        head = self.exported.get(seq)
        if head is not None:
            self.compared += 1
            if head.hash != last.hex():
                raise _Broken(
                    seq, f"entry {seq} differs from the head exported then: the chain was written anew"
                )

    def _check_note(self) -> None:
        """What was let go of must have been old enough: by the entry that says so, and by the heads exported."""
        if self.note is None:
            return
        before = datetime.fromisoformat(self.note.payload["older_than"])
        if before > rules.kept_since(self.note.created_at):
            raise _Broken(
                self.note.seq,
                f"entry {self.note.seq} let go of entries before {rules.KEPT_YEARS} years were over",
            )
        # what follows an exported head was written after that moment; a day, because a transaction takes its time
        late = [seq for seq, head in self.exported.items() if head.at > before + timedelta(days=1)]
        young = [gap for gap in self.gaps.values() if late and gap.last > min(late)]
        if young:
            raise _Broken(
                young[0].last,
                f"entry {young[0].last} was let go of before {rules.KEPT_YEARS} years were over",
            )

    def _check_end(self) -> None:
        if self.at != self.wanted:
            at = self.at + 1
            raise _Broken(at, f"the last {self.wanted - self.at} entries, from {at} on, are missing")
        if self.last != self.last_hash:
            raise _Broken(self.at, f"the journal's head does not fit entry {self.at}")
        beyond = [seq for seq in self.exported if seq > self.wanted]
        if beyond:
            at = self.wanted + 1
            raise _Broken(at, f"entries {at} to {max(beyond)} were exported once and are gone")


def verify() -> Report:
    """Walk the present organization's whole chain, in batches. The journal's head is read first, so that entries
    written meanwhile do not matter."""
    walk = _Walk()
    sentence, at = "", None
    try:
        walk.walk()
    except _Broken as broken:
        sentence, at = str(broken), broken.at
    return Report(walk.entries, walk.last.hex(), walk.compared, sentence, at, walk.dropped)


def _rows(done: int, upto: int) -> Iterator[Any]:
    tenant = context.tenant_id()
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


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stood when it was exported."""

    hash: str  # hex
    at: datetime


def export_head() -> dict[str, Any] | None:
    """Append the present head to the organization's file of heads, unless nothing happened since the last one.

    Whoever may write to the database cannot write there: keep a copy of the folder elsewhere.
    """
    stand = queries.head()
    tenant = context.tenant_id()
    path = heads_file(tenant)
    end = _end_of(path)
    if stand.audit_seq == 0 or stand.audit_seq in _heads_in(end):
        return None
    line = {"tenant_id": str(tenant), "seq": stand.audit_seq, "hash": bytes(stand.audit_hash).hex(),
            "at": clock.iso(clock.now())}  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    torn = b"\n" if end and not end.endswith(b"\n") else b""  # by a kill: the new line must not join it
    with path.open("ab") as file:
        file.write(torn + orjson.dumps(line) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return line


def exported_heads(tenant_id: UUID) -> dict[int, Head]:
    """Position → head, of every head exported; a torn line is passed over."""
    path = heads_file(tenant_id)
    return _heads_in(path.read_bytes()) if path.exists() else {}


def _heads_in(lines: bytes) -> dict[int, Head]:
    found: dict[int, Head] = {}
    for line in lines.splitlines():
        try:
            head = orjson.loads(line)
            found[int(head["seq"])] = Head(str(head["hash"]), datetime.fromisoformat(head["at"]))
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _end_of(path: Path) -> bytes:
    """The last line of a file of heads and a little before it: years of them are not read every hour."""
    if not path.exists():
        return b""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1000))
        return file.read()
