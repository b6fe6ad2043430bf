"""Calls made by hand: from the test console, and again."""

from collections.abc import Mapping
from typing import Any

from webapp.integrations.connectors import describing, queries, rules
from webapp.integrations.connectors.queries import sql
from webapp.integrations.connectors.rules import Built
from webapp.integrations.connectors.service.registry import RUN
from webapp.integrations.permissions import CONNECTORS_MANAGE
from webapp.kit import clock, context, errors, journal, outbound, wakes
from webapp.kit.db import add, db, find
from webapp.kit.permissions import demand
from webapp.models import Connector, ConnectorCall


def checked(connector: Connector, inputs: Mapping[str, Any]) -> Built:
    """The request of some inputs. Raises Invalid, naming each input, for what the connector does not take."""
    found = describing.problems(connector.inputs, dict(inputs))
    unknown = [n for n in inputs if n not in connector.inputs.get("properties", {})]
    if connector.inputs.get("properties") and not found and unknown:
        found = [describing.Problem((unknown[0],), "is no input of this connector.")]
    if found:
        raise errors.Invalid(
            problems=[
                errors.FieldProblem(f"input-{p.path[0]}" if p.path else "inputs", p.words) for p in found
            ]
        )
    try:
        built = rules.build(connector.method, connector.url, inputs)
        outbound.parse(built.url)
    except outbound.Refused as problem:
        long = len(built.url) > rules.LONGEST
        words = (
            "Together these inputs make the address too long; describe the API as a POST."
            if long
            else problem.message
        )
        raise errors.Invalid.one("inputs", words) from None
    except (ValueError, RecursionError):
        raise errors.Invalid.one("inputs", "These inputs cannot be written as JSON.") from None
    if len(built.content) > rules.MOST_BODY:
        raise errors.Invalid.one("inputs", f"Inputs may have {rules.MOST_BODY // 1024} KB at the most.")
    return built


def make(connector: Connector, inputs: Mapping[str, Any], *, once: bool = True) -> ConnectorCall:
    """Call a connector now, from the console. `once`: without further attempts. Raises Invalid for inputs that do not
    fit, Conflict for a paused connector."""
    demand(CONNECTORS_MANAGE)
    row = _locked(connector.id)
    checked(row, inputs)
    made = _queued(row, dict(inputs), "console", 1 if once else rules.ATTEMPTS)
    journal.audit("connector.called", record_type="connector", record_id=row.id, call=made.public_id)
    return made


def again(call: ConnectorCall) -> ConnectorCall:
    """Make a call once more, as a new one with a key of its own: a key is never used again after its five minutes, and a
    receiver that remembers it would answer with what it answered then. Raises Conflict while it is under way."""
    demand(CONNECTORS_MANAGE)
    row = _locked(call.connector_id)
    locked = find(ConnectorCall, call.id, lock=True)
    if locked is None:
        raise errors.NotFound("This call does not exist any more.")
    call = locked
    if call.status in ("pending", "retrying"):
        raise errors.Conflict("This call is on its way already.")
    checked(row, call.inputs)
    made = _queued(row, call.inputs, "again", rules.ATTEMPTS, call)
    journal.audit("connector.called", record_type="connector", record_id=row.id, call=made.public_id,
                  again=call.public_id)  # fmt: skip
    return made


def _queued(
    row: Connector, inputs: dict[str, Any], origin: str, most: int, before: ConnectorCall | None = None
) -> ConnectorCall:
    who = context.principal()
    made = add(ConnectorCall(
        connector_id=row.id, rule_id=before.rule_id if before else None, origin=origin, inputs=inputs, most=most,
        event=before.event if before else "", event_id=before.event_id if before else None,
        record_type=before.record_type if before else "", record_id=before.record_id if before else None,
        repeats=before.public_id if before else None, next_attempt_at=clock.now(),
        made_by=who.id if who.kind == "user" else None,
    ))  # fmt: skip
    if not made.record_type:
        made.record_type, made.record_id = "connector-call", made.id  # waits for nobody
    db.session.flush()
    db.session.execute(sql.QUEUE_BEHIND, {"tenant": made.tenant_id, "ids": [made.id]})
    db.session.refresh(made)
    wakes.wake(RUN, made.next_attempt_at)
    return made


def _locked(connector_id: int) -> Connector:
    row = queries.live(connector_id, lock=True)
    if row is None:
        raise errors.NotFound("This connector does not exist any more.")
    if not row.enabled:
        raise errors.Conflict("This connector is paused. Resume it first.")
    return row
