"""Webhooks over the growth API, as its document shows them, and what goes with them."""

from typing import Any
from uuid import UUID

from webapp.integrations import catalogue, queries, schemas, shapes
from webapp.integrations.permissions import WEBHOOKS_MANAGE, WEBHOOKS_READ
from webapp.integrations.service import deliveries, endpoints, hooks
from webapp.integrations.service.endpoints import Wanted
from webapp.kit import errors, paging
from webapp.kit.api import Api
from webapp.kit.db import db
from webapp.kit.dialects import GROWTH
from webapp.kit.paging import CursorQuery, Slice
from webapp.models import WebhookDelivery, WebhookEndpoint

api = Api("webhooks_growth_api", __name__, dialect=GROWTH, url_prefix="/api/v1", tag="Webhooks")


def _after(cursor: str) -> int:
    number = paging.decode(cursor).get("place")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**63:
        raise errors.BadRequest("cursor is not one that this API gave out.")
    return number


@api.get(
    "/webhooks",
    permission=WEBHOOKS_READ,
    scope="read",
    query=CursorQuery,
    returns=schemas.GrowthEndpoint,
    paged=True,
)
def webhooks(query: CursorQuery) -> Slice[dict[str, Any]]:
    """List webhook subscriptions."""
    statement = queries.endpoints()
    if query.cursor:
        statement = statement.where(WebhookEndpoint.id > _after(query.cursor))
    found = list(db.session.scalars(statement.order_by(WebhookEndpoint.id).limit(query.limit + 1)))
    shown = found[: query.limit]
    cursor = paging.encode({"place": shown[-1].id}) if len(found) > query.limit else None
    return Slice([shapes.growth(row) for row in shown], cursor)


@api.post("/webhooks", permission=WEBHOOKS_MANAGE, scope="admin", body=schemas.EndpointIn, returns=schemas.GrowthMade,
          status=201)  # fmt: skip
def register(body: schemas.EndpointIn) -> dict[str, Any]:
    """Register a webhook endpoint. The answer holds its signing secret, which is not shown again."""
    return shapes.growth_made(endpoints.register(Wanted(**body.model_dump()), "growth"))


@api.get("/webhooks/events", permission=WEBHOOKS_READ, scope="read", returns=schemas.EventsOut)
def events() -> dict[str, Any]:
    """Every event that can be subscribed to, with the schema and an example of its data."""
    return {"data": [shapes.event(kind) for kind in catalogue.names()], "next_cursor": None}


@api.get(
    "/webhooks/<uuid:webhook_id>", permission=WEBHOOKS_READ, scope="read", returns=schemas.GrowthEndpoint
)
def webhook(webhook_id: UUID) -> dict[str, Any]:
    """Fetch a webhook subscription."""
    return shapes.growth(queries.by_public_id(webhook_id))


@api.patch("/webhooks/<uuid:webhook_id>", permission=WEBHOOKS_MANAGE, scope="admin", body=schemas.EndpointChange,
           returns=schemas.GrowthSettings)  # fmt: skip
def change(webhook_id: UUID, body: schemas.EndpointChange) -> dict[str, Any]:
    """Change, pause or resume a webhook."""
    row = queries.by_public_id(webhook_id)
    shapes.apply(row, body)
    return shapes.growth_settings(row)


@api.delete(
    "/webhooks/<uuid:webhook_id>", permission=WEBHOOKS_MANAGE, scope="admin", returns=schemas.GrowthGone
)
def delete(webhook_id: UUID) -> dict[str, Any]:
    """Delete a webhook. Stops sending events to this endpoint immediately."""
    row = queries.by_public_id(webhook_id)
    endpoints.remove(row)
    return {"id": row.public_id, "deleted": True}


@api.post("/webhooks/<uuid:webhook_id>/rotate-secret", permission=WEBHOOKS_MANAGE, scope="admin",
          returns=schemas.GrowthRotated)  # fmt: skip
def rotate(webhook_id: UUID) -> dict[str, Any]:
    """Rotate the signing secret. The previous one signs beside the new one for 24 hours."""
    return shapes.growth_rotated(endpoints.rotate(queries.by_public_id(webhook_id)))


@api.post("/webhooks/<uuid:webhook_id>/test", permission=WEBHOOKS_MANAGE, scope="admin", returns=schemas.GrowthDelivery,
          status=202)  # fmt: skip
def test(webhook_id: UUID) -> dict[str, Any]:
    """Send a `webhook.test` event; look at the delivery to see what became of it."""
    return shapes.growth_delivery(endpoints.test(queries.by_public_id(webhook_id)))


@api.get("/webhooks/<uuid:webhook_id>/deliveries", permission=WEBHOOKS_READ, scope="read",
         query=schemas.GrowthDeliveriesQuery, returns=schemas.GrowthDelivery, paged=True)  # fmt: skip
def list_deliveries(webhook_id: UUID, query: schemas.GrowthDeliveriesQuery) -> Slice[dict[str, Any]]:
    """Recent deliveries, newest first, with status, response code, latency, and retry count. Kept 90 days."""
    endpoint = queries.by_public_id(webhook_id)
    statement = queries.deliveries(
        endpoint.id, (query.status,) if query.status else (), event=query.event or ""
    )
    if query.cursor:
        statement = statement.where(WebhookDelivery.id < _after(query.cursor))
    found = list(db.session.scalars(statement.order_by(WebhookDelivery.id.desc()).limit(query.limit + 1)))
    shown = found[: query.limit]
    cursor = paging.encode({"place": shown[-1].id}) if len(found) > query.limit else None
    return Slice([shapes.growth_delivery(row) for row in shown], cursor)


@api.get("/webhooks/<uuid:webhook_id>/deliveries/<delivery_id>", permission=WEBHOOKS_READ, scope="read",
         returns=schemas.GrowthDeliveryWhole)  # fmt: skip
def delivery(webhook_id: UUID, delivery_id: str) -> dict[str, Any]:
    """Fetch a delivery with what was sent and every attempt."""
    endpoint = queries.by_public_id(webhook_id)
    found = queries.delivery(endpoint.id, delivery_id)
    return shapes.growth_delivery(found) | shapes.whole(endpoint, found)


@api.post("/webhooks/<uuid:webhook_id>/deliveries/<delivery_id>/replay", permission=WEBHOOKS_MANAGE, scope="admin",
          returns=schemas.GrowthDelivery, status=202)  # fmt: skip
def replay(webhook_id: UUID, delivery_id: str) -> dict[str, Any]:
    """Send a delivery again, under the same id."""
    found = queries.delivery(queries.by_public_id(webhook_id).id, delivery_id)
    deliveries.replay(found)
    return shapes.growth_delivery(found)


@api.post("/webhooks/<uuid:webhook_id>/replay", permission=WEBHOOKS_MANAGE, scope="admin", body=schemas.RangeIn,
          returns=schemas.RangeOut, status=202)  # fmt: skip
def replay_range(webhook_id: UUID, body: schemas.RangeIn) -> dict[str, Any]:
    """Send the settled deliveries of a range again, at most 10,000."""
    return {"replayed": deliveries.replay_range(queries.by_public_id(webhook_id), shapes.wanted_range(body))}


# REST hooks -------------------------------------------------------------------------------------------------------


@api.post(
    "/hooks",
    permission=WEBHOOKS_MANAGE,
    scope="admin",
    body=schemas.HookIn,
    returns=schemas.GrowthHook,
    status=201,
)
def subscribe(body: schemas.HookIn) -> dict[str, Any]:
    """Subscribe an address to one event (REST hook)."""
    made = hooks.subscribe(body.hook_url, body.event, "growth")
    return {"id": made.endpoint.public_id, "hook_url": made.endpoint.url, "event": body.event,
            "signing_secret": made.secret, "_warning": schemas.WARNING}  # fmt: skip


@api.get("/hooks/samples", permission=WEBHOOKS_READ, scope="read", query=schemas.SampleQuery,
         returns=[schemas.SampleOut])  # fmt: skip
def samples(query: schemas.SampleQuery) -> list[dict[str, Any]]:
    """What an event looks like: the newest ones that happened, else an example."""
    return hooks.samples(query.event, "growth")


@api.delete("/hooks/<uuid:hook_key>", permission=WEBHOOKS_MANAGE, scope="admin", returns=schemas.GrowthGone)
def unsubscribe(hook_key: UUID) -> dict[str, Any]:
    """Unsubscribe a REST hook."""
    row = queries.by_public_id(hook_key)
    hooks.unsubscribe(row)
    return {"id": row.public_id, "deleted": True}
