"""REST hooks: one address for one event, for tools that subscribe and unsubscribe by themselves."""

from typing import Any

import orjson

from webapp.integrations import queries, rules
from webapp.integrations.permissions import WEBHOOKS_READ
from webapp.integrations.service import endpoints
from webapp.integrations.service.endpoints import Made, Wanted
from webapp.kit import clock, context, errors, events, ids
from webapp.kit.permissions import demand
from webapp.models import WebhookEndpoint

SAMPLES = 3


def subscribe(url: str, event: str, api: str) -> Made:
    """Send one event to an address. Raises as `endpoints.register`, with the hook's own names of the fields."""
    try:
        return endpoints.register(Wanted(url, (event,)), api, hook_event=event)
    except errors.Invalid as problem:
        given = {"url": "hook_url", "events": "event"}
        found = [errors.FieldProblem(given.get(p.field, p.field), p.message) for p in problem.problems]
        raise errors.Invalid(problems=found) from None


def unsubscribe(endpoint: WebhookEndpoint) -> None:
    """Stop. Raises NotFound for an endpoint that was not made by :func:`subscribe`."""
    if not endpoint.hook_event:
        raise errors.NotFound("This webhook is no hook; delete it where webhooks are.")
    endpoints.remove(endpoint)


def samples(event: str, api: str) -> list[dict[str, Any]]:
    """What an event looks like: the newest that happened, else its example. Raises Invalid for an unknown one."""
    demand(WEBHOOKS_READ)
    kind = events.CATALOGUE.get(event)
    if kind is None:
        raise errors.Invalid.one("event", f"There is no event “{event[:60]}”.")
    tenant = context.tenant_id()
    happened = [(row.id, row.created_at, row.payload) for row in queries.newest_events(event, SAMPLES)]
    shown = happened or [(ids.uuid4(), clock.now(), dict(kind.example))]
    return [orjson.loads(rules.body(number, event, at, tenant, data, api)) for number, at, data in shown]
