"""What happened, told upward. A lower domain emits; a higher one subscribes in `wiring.py`.

A handler runs at once, in the emitter's transaction, or later as a job of its own.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.kit import journal

Handler = Callable[[str, int | None, Mapping[str, Any]], None]  # name, record id, payload


@dataclass(frozen=True, slots=True)
class EventKind:
    """One entry of the catalogue."""

    name: str
    description: str
    record_type: str
    example: Mapping[str, Any]


CATALOGUE: dict[str, EventKind] = {}
_now: dict[str, list[Handler]] = defaultdict(list)
_later: dict[str, list[str]] = defaultdict(list)


def declare(name: str, description: str, example: Mapping[str, Any] | None = None) -> EventKind:
    """Add an event to the catalogue; `sale.created` belongs to records of type `sale`."""
    kind = EventKind(name, description, name.split(".")[0], example or {})
    CATALOGUE[name] = kind
    return kind


def groups(name: str) -> list[str]:
    """The groups that an event belongs to, widest first: `*`, `outreach.*`, `outreach.email.*`."""
    parts = name.split(".")
    return ["*", *(".".join(parts[:n]) + ".*" for n in range(1, len(parts)))]


def schema(kind: EventKind) -> dict[str, Any]:
    """JSON Schema of an event's data, from its example: the types of its values, each of which may be null."""
    return _schema_of(dict(kind.example))


def _schema_of(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        found: dict[str, Any] = {"type": ["object", "null"]}
        if value:
            found["properties"] = {name: _schema_of(inner) for name, inner in value.items()}
        return found
    if isinstance(value, list | tuple):
        return {"type": ["array", "null"]} | ({"items": _schema_of(value[0])} if value else {})
    for python, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string")):
        if isinstance(value, python):
            return {"type": [name, "null"]}
    return {}


def emit(kind: EventKind, record_id: int | None, payload: Mapping[str, Any]) -> None:
    """Record that something happened, in the transaction of the change. Never put a secret in the payload."""
    journal.pending().events.append(journal.event_row(kind.name, kind.record_type, record_id, payload))
    for handler in _now[kind.name]:
        handler(kind.name, record_id, payload)
    if _later[kind.name]:
        from webapp.kit import jobs

        for job_kind in _later[kind.name]:
            jobs.add(
                job_kind,
                {"event": kind.name, "record_id": record_id, "payload": journal.plain(dict(payload))},
            )


def subscribe(name: str, handler: Handler) -> None:
    """Run `handler` inside the emitter's transaction: an error undoes the change."""
    if handler not in _now[name]:
        _now[name].append(handler)


def subscribe_job(name: str, job_kind: str) -> None:
    """Run a job of this kind after the emitter's commit, with the event in its arguments."""
    if job_kind not in _later[name]:
        _later[name].append(job_kind)
