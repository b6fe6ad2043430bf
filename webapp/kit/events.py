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
