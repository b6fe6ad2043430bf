"""Rules: when something happens, a connector is called with inputs taken from it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from webapp.integrations import queries as webhooks
from webapp.integrations import rules as webhook_rules
from webapp.integrations.connectors import describing, mapping, queries
from webapp.integrations.connectors.mapping import Condition, Source
from webapp.integrations.connectors.service.registry import RUN
from webapp.integrations.permissions import CONNECTORS_MANAGE
from webapp.integrations.service import shared
from webapp.kit import clock, context, errors, events, ids, journal, wakes
from webapp.kit.db import add
from webapp.kit.permissions import demand
from webapp.models import Connector, ConnectorRule

SHOWN = ("name", "events", "conditions", "mapping", "enabled")
MOST_RULES, MOST_CONDITIONS = 50, 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a rule shall be."""

    name: str
    events: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    mapping: Mapping[str, Source] | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule makes of an event. `real`: it happened; else it is the catalogue's example."""

    event: str
    real: bool
    body: dict[str, Any]
    holds: bool
    inputs: dict[str, Any]
    problems: list[describing.Problem]


def conditions_of(row: ConnectorRule) -> list[Condition]:
    return [Condition(**given) for given in row.conditions]


def sources_of(row: ConnectorRule) -> dict[str, Source]:
    return {name: Source(given["from"], given["value"]) for name, given in row.mapping.items()}


def sample(names: Sequence[str]) -> tuple[str, bool, dict[str, Any]]:
    """An event that a rule would be run by, as its body: the newest that happened of the first name that ever did, else
    the example of the first one."""
    kinds = [name for name in sorted(events.CATALOGUE) if webhook_rules.matches(names, name)]
    wanted = [name for name in names if name in kinds] or kinds
    if not wanted:
        raise errors.Invalid.one("events", "Choose at least one event.")
    happened = webhooks.newest_of(wanted)
    if happened is not None:
        return happened.name, True, body_of(happened.id, happened.name, happened.created_at, happened.payload)
    kind = events.CATALOGUE[wanted[0]]
    return kind.name, False, body_of(ids.uuid4(), kind.name, clock.now(), dict(kind.example))


def body_of(event_id: Any, name: str, at: Any, payload: Mapping[str, Any]) -> dict[str, Any]:
    """An event as a webhook tells it: what conditions and paths look into."""
    written = webhook_rules.body(event_id, name, at, context.tenant_id(), payload, "field")
    found: dict[str, Any] = orjson.loads(written)
    return found


def preview(connector: Connector, wanted: Wanted) -> Preview:
    """What a rule would make of the newest event of its kind. Raises Invalid for unknown events."""
    names = shared.event_names(wanted.events)
    event, real, body = sample(names)
    sources = wanted.mapping or {}
    problems = mapping.faults(sources, connector.inputs)
    inputs: dict[str, Any] = {}
    if not problems:
        inputs = mapping.inputs(sources, connector.inputs, body)
        problems = describing.problems(connector.inputs, inputs)
    return Preview(event, real, body, mapping.holds(wanted.conditions, body), inputs, problems)


def create(connector: Connector, wanted: Wanted) -> ConnectorRule:
    """Call a connector whenever one of these events happens from now on. Raises Invalid for what does not fit."""
    demand(CONNECTORS_MANAGE)
    values = _checked(connector, wanted)
    if len(queries.rules_of([connector.id])[connector.id]) >= MOST_RULES:
        raise errors.Conflict(f"{MOST_RULES} rules call this connector already, which is the most.")
    head, who = webhooks.journal_head(), context.principal()
    row = add(ConnectorRule(connector_id=connector.id, **values, cursor_seq=head.event_seq,
                            created_by=who.id if who.kind == "user" else None))  # fmt: skip
    journal.audit("connector.rule_created", record_type="connector", record_id=connector.id, rule=row.name,
                  events=row.events, conditions=row.conditions, mapping=row.mapping)  # fmt: skip
    wakes.wake(RUN)  # something may have happened while this was decided
    return row


def change(connector: Connector, row: ConnectorRule, wanted: Wanted) -> None:
    """Change a rule, for what happens from now on. Raises as :func:`create`."""
    demand(CONNECTORS_MANAGE)
    values = _checked(connector, wanted)
    locked = queries.rule(connector.id, row.id, lock=True)
    before = _shown(locked)
    for name, value in values.items():
        setattr(locked, name, value)
    _told("connector.rule_changed", locked, before)


def switch(row: ConnectorRule, *, on: bool) -> None:
    """Turn a rule off, or on again: what happened while it was off is not made up for."""
    demand(CONNECTORS_MANAGE)
    locked = queries.rule(row.connector_id, row.id, lock=True)
    if locked.enabled is on:
        return
    before = _shown(locked)
    locked.enabled = on
    if on:
        locked.cursor_seq = webhooks.journal_head().event_seq
        wakes.wake(RUN)
    _told("connector.rule_changed", locked, before)


def remove(row: ConnectorRule) -> None:
    """Take a rule away; the calls that it made stay."""
    demand(CONNECTORS_MANAGE)
    locked = queries.rule(row.connector_id, row.id, lock=True)
    before = _shown(locked)
    locked.enabled, locked.deleted_at = False, clock.now()
    _told("connector.rule_deleted", locked, before)


def _checked(connector: Connector, wanted: Wanted) -> dict[str, Any]:
    problems: list[errors.FieldProblem] = []
    if not wanted.name.strip():
        problems.append(errors.FieldProblem("name", "Give the rule a name."))
    for number, condition in enumerate(wanted.conditions):
        if not mapping.valid_path(condition.path):
            problems.append(
                errors.FieldProblem(
                    f"conditions-{number}-path", "Write a field of the event, such as data.job_id."
                )
            )
        elif condition.op not in mapping.OPERATORS:
            problems.append(errors.FieldProblem(f"conditions-{number}-op", "Choose one."))
    if len(wanted.conditions) > MOST_CONDITIONS:
        problems.append(errors.FieldProblem("conditions", f"At most {MOST_CONDITIONS} conditions."))
    try:
        shown = preview(connector, wanted)
    except errors.Invalid as problem:
        raise errors.Invalid(problems=[*problems, *problem.problems]) from None
    for found in shown.problems:
        name = f"mapping-{found.path[0]}" if found.path else "mapping"
        problems.append(errors.FieldProblem(name, found.words))
    if problems:
        raise errors.Invalid(problems=problems)
    return {
        "name": wanted.name.strip(), "events": shared.event_names(wanted.events),
        "conditions": [asdict(c) for c in wanted.conditions],
        "mapping": {n: {"from": s.kind, "value": s.value} for n, s in (wanted.mapping or {}).items()},
    }  # fmt: skip


def _shown(row: ConnectorRule) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SHOWN}


def _told(action: str, row: ConnectorRule, before: dict[str, Any]) -> None:
    diff = journal.difference(before, _shown(row))
    journal.audit(action, record_type="connector", record_id=row.connector_id, diff=diff, rule=row.name)
