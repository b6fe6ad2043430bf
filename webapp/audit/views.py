"""Pages of the audit log."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, Response

from webapp.audit import queries, rules
from webapp.audit.api import export_statement
from webapp.audit.permissions import AUDIT_READ
from webapp.kit import clock, csv, errors, listing, pages
from webapp.kit.listing import ListQuery, Sort
from webapp.kit.permissions import requires
from webapp.kit.tables import AuditEntry

pages_of_audit = Blueprint("audit", __name__, url_prefix="/settings/audit-log")
SORTS = {"when": Sort(AuditEntry.created_at, descending=True)}
COLUMNS = [
    {"key": "created_at", "label": "When", "kind": "when", "sort": "when", "always": True},
    {"key": "what", "label": "What", "kind": "cell", "always": True},
    {"key": "changes", "label": "Changes", "kind": "cell"},
    {"key": "source_words", "label": "From", "kind": "text"},
    {"key": "address", "label": "Address", "kind": "text", "hidden": True},
    {"key": "action", "label": "Action", "kind": "text", "hidden": True},
    {"key": "correlation_id", "label": "Correlation", "kind": "text", "hidden": True},
    {"key": "id", "label": "Position", "kind": "number", "hidden": True},
]
LABELS = {"action": "Action", "source": "From", "actor": "Who", "from": "Since", "to": "Until"}
_RECORD = re.compile(r"^([a-z][a-z_ ]*?)\s*#?\s*(\d{1,18})$", re.IGNORECASE)


@pages_of_audit.get("")
@requires(AUDIT_READ)
def entries() -> Response:
    """The list with its filters; `?format=csv` streams what it shows."""
    actions, people = queries.actions(), queries.people()
    query = listing.read(
        SORTS, "when", labels=LABELS,
        words={"actor": dict(people), "source": rules.SOURCE_WORDS, "action": {a: _name(a) for a in actions}},
    )  # fmt: skip
    wanted = _wanted(query)
    if dict(query.pairs).get("format") == "csv":
        return csv.response(export_statement(wanted), "audit-log")
    total = None if wanted.any else queries.kept(queries.head())
    page = listing.rows(queries.entries(wanted), query, SORTS, AuditEntry.seq, total=total)
    page.rows = _in_words(page.rows)
    return pages.render(
        "audit/list.html", block={"results": "results"}, page_title="Audit log", page=page, query=query, columns=COLUMNS,
        actions=[(a, _name(a)) for a in actions], people=people, sources=list(rules.SOURCE_WORDS.items()),
    )  # fmt: skip


def _name(action: str) -> str:
    thing, _, verb = action.rpartition(".")
    return f"{rules.thing_words(thing)}: {verb.replace('_', ' ')}".capitalize()


def _wanted(query: ListQuery) -> queries.Filter:
    zone, given = queries.zone(), query.get("q").strip()
    start, end = query.date("from"), query.date("to")
    record = _RECORD.match(given)
    return queries.Filter(
        action=query.get("action"), source=query.get("source"), actor=query.get("actor"),
        start_at=clock.day_bounds(start, zone)[0] if start else None,
        end_at=clock.day_bounds(end, zone)[1] - timedelta(microseconds=1) if end else None,
        record_type=_record_type(record[1]) if record else "", record_id=int(record[2]) if record else None,
        correlation_id=given if given and not record else "",
    )  # fmt: skip


def _record_type(words: str) -> str:
    wanted = " ".join(words.lower().replace("_", " ").split())
    known = {said.lower(): stored for stored, said in rules.THINGS.items()}
    return known.get(wanted, wanted.replace(" ", "_"))


def _in_words(rows: Any) -> list[dict[str, Any]]:
    told = queries.timeline(rows)
    return [
        {"id": row.id, "created_at": row.created_at, "who": line["who"], "text": line["text"], "icon": line["icon"],
         "tone": line["tone"], "record": f"{rules.thing_words(row.record_type)} {row.record_id}" if row.record_id else "",
         "record_url": queries.page_of(row.record_type, row.record_id), "diff": line["diff"], "body": line["body"],
         "source_words": rules.SOURCE_WORDS.get(row.source, row.source), "address": row.address,
         "action": row.action, "correlation_id": row.correlation_id}
        for row, line in zip(rows, told, strict=True)
    ]  # fmt: skip


@pages_of_audit.get("/<int:position>")
@requires(AUDIT_READ)
def entry(position: int) -> Response:
    """One entry, whole, with its place in the chain and what else the same request changed."""
    found = queries.one(position)
    if found is None:
        raise errors.NotFound(f"The audit log has no entry {position}.")
    return _entry(found)


@pages_of_audit.get("/<uuid:entry_id>")
@requires(AUDIT_READ)
def entry_by_id(entry_id: UUID) -> Response:
    """The same by the id that the API shows."""
    found = queries.by_id(entry_id)
    if found is None:
        raise errors.NotFound("The audit log has no entry with this id.")
    return pages.redirect(f"/settings/audit-log/{found.seq}")


def _entry(found: AuditEntry) -> Response:
    phrase = rules.in_words(found.action)
    diff = queries.changes(found.payload, queries.zone(), queries.names_in([found.payload]))
    shown = {"diff", "reason", "key_id", "gaps", f"{found.record_type}_id"}
    rest = {k: v for k, v in found.payload.items() if k not in shown and v not in ("", None)}
    others = queries.together(found.correlation_id, found.seq)
    previous = queries.one(found.seq - 1) if found.seq > 1 else None
    gone = {} if previous or found.seq == 1 else {gap.last: gap.hash for gap in queries.gaps()}
    previous_hash = previous.hash if previous else gone.get(found.seq - 1, b"")
    head = queries.head()
    return pages.render(
        "audit/entry.html", page_title=f"Audit entry {found.seq}", entry=found, phrase=phrase,
        who=rules.actor_words(found.actor, found.actor_name), source=rules.SOURCE_WORDS.get(found.source, found.source),
        thing=rules.thing_words(found.record_type), record=queries.name_of(found.record_type, found.record_id),
        record_url=queries.page_of(found.record_type, found.record_id),
        diff=diff, reason=queries.reason(found.payload),
        rest=[{"label": rules.label(k), "value": v if isinstance(v, str | int) else str(v)} for k, v in rest.items()],
        hash=found.hash.hex(), previous_hash=previous_hash.hex(), previous=previous, last=head.audit_seq,
        together=queries.timeline(others[:8]), more=len(others) > 8,
    )  # fmt: skip
