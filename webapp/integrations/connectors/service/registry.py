"""Connectors: described, changed, paused, resumed, taken away."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from webapp.integrations.connectors import describing, queries, rules
from webapp.integrations.connectors.service import keys
from webapp.integrations.permissions import CONNECTORS_MANAGE
from webapp.integrations.queries import host_of, journal_head
from webapp.integrations.service import shared
from webapp.kit import clock, context, errors, journal, wakes
from webapp.kit.db import add, db
from webapp.kit.permissions import demand
from webapp.models import Connector, ConnectorCall, ConnectorRule

RUN = "connectors.run"  # the job that wakes a courier for an organization
MOST = 500  # connectors of one organization
SHOWN = ("name", "description", "url", "method", "inputs", "outputs", "enabled", "concurrency",
         "rate_per_second")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a connector shall be; `inputs` and `outputs` in any form that :func:`describing.compiled` takes.
    `rate_per_second` 0 is as fast as it answers."""

    name: str
    description: str
    url: str
    method: str
    inputs: Any
    outputs: Any
    concurrency: int = 5
    rate_per_second: int = 0


@dataclass(frozen=True, slots=True)
class Made:
    """A connector, and whether its host has an address now."""

    connector: Connector
    resolves: bool


def create(wanted: Wanted) -> Made:
    """Describe an API that can be called from now on.

    Raises Invalid for an address that may not be called and for descriptions that are none, Conflict for a name that is
    taken.
    """
    demand(CONNECTORS_MANAGE)
    values, resolves = _checked(wanted, None)
    if queries.count() >= MOST:
        raise errors.Conflict(f"There are {MOST} connectors already, which is the most.")
    keys.ensure()
    who = context.principal()
    made = add(Connector(**values, created_by=who.id if who.kind == "user" else None))
    _told("connector.created", made, dict.fromkeys(SHOWN))
    return Made(made, resolves)


def change(connector: Connector, wanted: Wanted) -> Made:
    """Change a connector. Raises as :func:`create`, and Invalid when a rule that calls it would not fit any more."""
    demand(CONNECTORS_MANAGE)
    row = _locked(connector)
    values, resolves = _checked(wanted, row)
    unfit = [
        rule.name
        for rule in queries.rules_of([row.id])[row.id]
        if not _fits(rule, values["inputs"], row.inputs)
    ]
    if unfit:
        raise errors.Invalid.one(
            "inputs",
            f"The rule “{unfit[0]}” does not fit these inputs. Change or delete it first.",
        )
    before = _shown(row)
    for name, value in values.items():
        setattr(row, name, value)
    _told("connector.changed", row, before)
    return Made(row, resolves)


def _fits(rule: ConnectorRule, inputs: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    from webapp.integrations.connectors import mapping
    from webapp.integrations.connectors.service import acting

    if inputs == before:
        return True
    return not mapping.faults(acting.sources_of(rule), inputs)


def _checked(wanted: Wanted, present: Connector | None) -> tuple[dict[str, Any], bool]:
    problems: list[errors.FieldProblem] = []
    name = wanted.name.strip()
    if not name:
        problems.append(errors.FieldProblem("name", "Give it a name."))
    twin = queries.by_name(name) if name else None
    if twin is not None and (present is None or twin.id != present.id):
        raise errors.Conflict(f"Another connector is called “{name}” already.")
    if wanted.method not in rules.METHODS:
        problems.append(errors.FieldProblem("method", "Choose GET or POST."))
    described: dict[str, Any] = {}
    for part in ("inputs", "outputs"):
        try:
            described[part] = describing.compiled(getattr(wanted, part))
        except describing.Wrong as problem:
            problems.append(errors.FieldProblem(part, str(problem)))
    url, resolves = "", True
    try:
        url, resolves = shared.address(wanted.url)
    except errors.Invalid as problem:
        problems.extend(problem.problems)
    if wanted.method == "GET" and url and "inputs" in described:
        twice = rules.doubled(url, list(described["inputs"].get("properties", {})))
        if twice:
            problems.append(
                errors.FieldProblem("url", f"“{twice[0]}” is in the address and among the inputs, or twice.")
            )
    if problems:
        raise errors.Invalid(problems=problems)
    return {
        "name": name, "description": wanted.description.strip(), "url": url, "method": wanted.method, **described,
        "concurrency": wanted.concurrency, "rate_per_second": wanted.rate_per_second,
    }, resolves  # fmt: skip


def pause(connector: Connector) -> None:
    """Call nothing until it is resumed; what happens meanwhile is kept. Pausing a paused one changes nothing."""
    demand(CONNECTORS_MANAGE)
    row = _locked(connector)
    if row.enabled:
        _pause(row, "person")


def pause_by_itself(connector_id: int, why: str) -> None:
    """Pause a connector that is gone or does nothing but fail, and tell the owners. For the courier."""
    row = queries.live(connector_id, lock=True)
    if row is None or not row.enabled:
        return
    _pause(row, why)
    shared.tell_paused(
        "connector", row.id, row.created_by, title=f"Connector paused: {row.name}",
        text=f"{shared.WHY[why]}. Nothing is lost: resume it and the calls that wait are made.",
        begins=f"{host_of(row.url)} is no longer called by the connector “{row.name}”.",
        url=f"/settings/connectors/{row.id}",
    )  # fmt: skip


def _pause(row: Connector, why: str) -> None:
    before = _shown(row)
    shared.pause(row, why)
    _told("connector.paused", row, before, reason=shared.WHY[why])


def resume(connector: Connector, *, skip_missed: bool = False) -> None:
    """Call again: what happened while it was paused first, unless that is to be skipped."""
    demand(CONNECTORS_MANAGE)
    row = _locked(connector)
    if row.enabled:
        return
    before = _shown(row)
    shared.go_on(row)
    if skip_missed:
        db.session.execute(
            update(ConnectorRule)
            .where(ConnectorRule.tenant_id == row.tenant_id, ConnectorRule.connector_id == row.id)
            .values(cursor_seq=journal_head().event_seq)
            .execution_options(synchronize_session=False)
        )
        shared.cancel(ConnectorCall, ConnectorCall.connector_id == row.id)
    _told("connector.resumed", row, before, skipped=skip_missed)
    shared.settle_paused("connector", row.id, row.created_by)
    wakes.wake(RUN)


def remove(connector: Connector) -> None:
    """Call it no more, by hand or by rules, for good."""
    demand(CONNECTORS_MANAGE)
    row = _locked(connector)
    before = _shown(row)
    row.enabled, row.deleted_at = False, clock.now()
    shared.cancel(ConnectorCall, ConnectorCall.connector_id == row.id)
    _told("connector.deleted", row, before)


def _locked(connector: Connector) -> Connector:
    row = queries.live(connector.id, lock=True)
    if row is None:
        raise errors.NotFound("This connector does not exist any more.")
    return row


def _shown(row: Connector) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SHOWN}


def _told(action: str, row: Connector, before: dict[str, Any], **more: Any) -> None:
    diff = journal.difference(before, _shown(row))
    journal.audit(action, record_type="connector", record_id=row.id, diff=diff, **more)
