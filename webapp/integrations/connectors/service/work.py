"""The trade of connectors: calls made of events by rules, and the calls that are due."""

import json
from typing import Any

from flask import Flask

from webapp.integrations import rules as webhook_rules
from webapp.integrations.connectors import describing, mapping, queries, rules
from webapp.integrations.connectors.calling import Caller
from webapp.integrations.connectors.queries import sql
from webapp.integrations.connectors.service import acting, registry
from webapp.integrations.connectors.service.registry import RUN
from webapp.integrations.trade import CHUNK, Due, Held, Trade
from webapp.kit import clock, context, wakes
from webapp.kit.db import db
from webapp.models import Connector, ConnectorCall, ConnectorRule

PIECE = 500  # events that are looked through at once


class Connectors(Trade):
    """Signed calls to the organization's own systems."""

    name, run, lanes = "Connectors", RUN, sql.LANES
    marks_beginnings = True

    def derive(self) -> None:
        event_seq, _ = wakes.read_journal()
        while _follow(event_seq):
            db.session.commit()

    def held(self, row: Any) -> Held:
        return Held(row.id, row.method, row.url, [], True, row.concurrency, row.rate_per_second, row.failures,
                    row.failing_since, outputs=row.outputs)  # fmt: skip

    def fill(self, held: dict[int, Held], token: str, busy: dict[int, tuple[int, ...]]) -> None:
        ids = sorted(held)
        if not ids:
            return
        keys = queries.keys()
        for one in held.values():
            one.keys = keys
        under_way = [n for i in ids for n in busy.get(i, ())]
        values = {"tenant": context.tenant_id(), "ids": ids, "now": clock.now(), "busy": under_way, "most": CHUNK,
                  "token": token}  # fmt: skip
        for row in db.session.execute(sql.FETCH, values):
            held[row.connector_id].rows.append(_due(row, held[row.connector_id]))

    def carrier(self, app: Flask) -> Caller:
        return Caller(app)

    def pause(self, target_id: int, why: str) -> None:
        registry.pause_by_itself(target_id, why)

    def begin(self, due: Due) -> bool:
        """The five minutes of a key begin before it is used, so that nobody's death makes them longer."""
        values = {"tenant": context.tenant_id(), "id": due.id, "now": clock.now()}
        return bool(db.session.execute(sql.BEGIN, values).rowcount)  # type: ignore[attr-defined]  # a CursorResult


CONNECTORS = Connectors()


def _due(row: Any, held: Held) -> Due:
    built = rules.build(held.api, held.url, row.inputs)
    return Due(row.id, row.connector_id, f"{row.record_type}:{row.record_id}", row.idempotency_key, built.content,
               row.attempt, built.query, built.signed, row.most, row.first_at)  # fmt: skip


def _follow(head: int) -> bool:
    """Make the calls of one piece of the journal; False when every rule has seen all of it."""
    following = queries.following(head)
    if not following:
        return False
    # the connectors first, as everybody who changes them does: then nobody waits in a circle
    connectors = queries.locked(sorted({rule.connector_id for rule in following}))
    following = queries.following(head, list(connectors))
    if not following:
        return False
    behind = min(rule.cursor_seq for rule in following)
    up_to = min(head, behind + PIECE)
    at_work = [rule for rule in following if rule.cursor_seq < up_to]
    made = []
    for event in queries.happened(behind, up_to):
        body = None
        for rule in at_work:
            if event.seq > rule.cursor_seq and webhook_rules.matches(rule.events, event.name):
                body = body or acting.body_of(event.id, event.name, event.created_at, event.payload)
                call = _called(rule, connectors[rule.connector_id], event, body)
                if call is not None:
                    made.append(call)
    for rule in at_work:
        rule.cursor_seq = up_to
    db.session.add_all(made)
    db.session.flush()
    waiting = [call.id for call in made if call.next_attempt_at is not None]
    if waiting:
        db.session.execute(sql.QUEUE_BEHIND, {"tenant": context.tenant_id(), "ids": waiting})
    return True


def _called(
    rule: ConnectorRule, connector: Connector, event: Any, body: dict[str, Any]
) -> ConnectorCall | None:
    """The call of a rule for an event; one whose inputs do not fit is kept as given up, with what is wrong."""
    if not mapping.holds(acting.conditions_of(rule), body):
        return None
    sources = acting.sources_of(rule)
    problems = mapping.faults(sources, connector.inputs)
    inputs = {} if problems else mapping.inputs(sources, connector.inputs, body)
    wrong = describing.words(problems or describing.problems(connector.inputs, inputs))
    if not wrong and len(json.dumps(inputs)) > rules.MOST_BODY:
        wrong = f"The inputs have more than {rules.MOST_BODY // 1024} KB."
    return ConnectorCall(
        tenant_id=context.tenant_id(), connector_id=connector.id, rule_id=rule.id, origin="event", event=event.name,
        event_id=event.id, record_type=event.record_type, record_id=event.record_id, inputs=inputs, most=rules.ATTEMPTS,
        status="dead_letter" if wrong else "pending", next_attempt_at=None if wrong else clock.now(),
        error=f"Not called: the inputs do not fit. {wrong}"[:1000] if wrong else "",
    )  # fmt: skip
