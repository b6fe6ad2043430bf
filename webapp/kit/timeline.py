"""What happened to a record, read from the audit log, in words for its page (`ui.timeline`)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from webapp.kit import clock, context
from webapp.kit.db import db, rows
from webapp.kit.tables import AuditEntry

PIECE = 20


@dataclass(frozen=True, slots=True)
class Deed:
    """How an action reads: `{name}` in the text is filled from the entry's payload."""

    text: str
    icon: str = "circle"
    tone: str = "neutral"
    body: str = ""  # the payload's field shown under the line, such as a reason
    diff: bool = False  # show what changed, from what to what


@dataclass(frozen=True, slots=True)
class Shown:
    """How a changed field reads."""

    label: str
    words: Callable[[Any], str] = lambda value: "" if value is None else str(value)


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def read(
    record_type: str, record_id: int, *, before: int | None = None, limit: int = PIECE
) -> tuple[Sequence[AuditEntry], int | None]:
    """Audit entries of a record, newest first, and the `before` of the next piece (None at the end)."""
    statement = select(AuditEntry).where(
        AuditEntry.tenant_id == context.tenant_id(),
        AuditEntry.record_type == record_type,
        AuditEntry.record_id == record_id,
    )
    if before is not None:
        statement = statement.where(AuditEntry.seq < before)
    found = db.session.scalars(statement.order_by(AuditEntry.seq.desc()).limit(limit + 1)).all()
    return found[:limit], found[limit - 1].seq if len(found) > limit else None


def batch(name: str, actions: Sequence[str]) -> Sequence[Any]:
    """What one bulk action of the last day changed: `record_id` and `diff` of entries whose payload names the batch."""
    statement = select(AuditEntry.record_id, AuditEntry.payload["diff"].label("diff")).where(
        AuditEntry.tenant_id == context.tenant_id(),
        AuditEntry.action.in_(actions),
        AuditEntry.created_at > clock.now() - timedelta(days=1),
        AuditEntry.payload["batch"].astext == name,
    )
    return rows(statement)


def entry(row: AuditEntry, deeds: Mapping[str, Deed], fields: Mapping[str, Shown]) -> dict[str, Any]:
    """One entry as `ui.timeline` takes it. An action without a deed is named by its own words."""
    deed = deeds.get(row.action) or Deed(row.action.split(".")[-1].replace("_", " ").replace("-", " "))
    payload = row.payload
    return {
        "icon": deed.icon,
        "tone": deed.tone,
        "who": _who(row),
        "text": " ".join(deed.text.format_map(_Blank(payload)).split()),
        "when": row.created_at,
        "body": payload.get(deed.body) if deed.body else None,
        "diff": _changes(payload.get("diff") or {}, fields) if deed.diff else None,
    }


def _who(row: AuditEntry) -> str:
    """Background work is Truckroll's own: the name of its kind of job says nothing to people."""
    own = row.actor.partition(":")[0] in ("job", "system")
    return "Truckroll" if own or not row.actor_name else row.actor_name


def _changes(diff: Mapping[str, Any], fields: Mapping[str, Shown]) -> list[dict[str, Any]]:
    return [
        {
            "field": shown.label,
            "before": shown.words(diff[name].get("from")),
            "after": shown.words(diff[name].get("to")),
        }
        for name, shown in fields.items()
        if name in diff
    ]
