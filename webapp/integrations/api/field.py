"""Webhooks over the field API."""

from typing import Any

from webapp.integrations import catalogue, queries, schemas, shapes
from webapp.integrations.permissions import WEBHOOKS_MANAGE, WEBHOOKS_READ
from webapp.integrations.service import deliveries, endpoints, hooks
from webapp.integrations.service.endpoints import Wanted
from webapp.kit import paging
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.kit.paging import Page, PageQuery
from webapp.models import WebhookDelivery, WebhookEndpoint

api = Api("webhooks_field_api", __name__, dialect=FIELD, url_prefix="/api/v1/admin", tag="Webhooks")


def _one(endpoint_id: int) -> WebhookEndpoint:
    return queries.one(endpoint_id)


@api.get("/webhooks", permission=WEBHOOKS_READ, query=PageQuery, returns=[schemas.FieldEndpoint], paged=True)
def webhooks(query: PageQuery) -> Page[dict[str, Any]]:
    """List webhook endpoints."""
    statement = queries.endpoints()
    if query.updated_since:
        statement = statement.where(WebhookEndpoint.updated_at >= query.updated_since)
    return paging.numbered(statement.order_by(WebhookEndpoint.id), query, shapes.field, scalars=True)


@api.post(
    "/webhooks", permission=WEBHOOKS_MANAGE, body=schemas.EndpointIn, returns=schemas.FieldMade, status=201
)
def register(body: schemas.EndpointIn) -> dict[str, Any]:
    """Create a webhook endpoint. The answer holds its signing secret, which is not shown again."""
    return shapes.field_made(endpoints.register(Wanted(**body.model_dump()), "field"))


@api.get("/webhooks/events", permission=WEBHOOKS_READ, returns=[schemas.EventOut])
def events() -> list[dict[str, Any]]:
    """Every event that can be subscribed to, with the schema and an example of its data."""
    return [shapes.event(kind) for kind in catalogue.names()]


@api.get("/webhooks/<int:endpoint_id>", permission=WEBHOOKS_READ, returns=schemas.FieldEndpoint)
def webhook(endpoint_id: int) -> dict[str, Any]:
    """Fetch a webhook endpoint."""
    return shapes.field(_one(endpoint_id))


@api.patch("/webhooks/<int:endpoint_id>", permission=WEBHOOKS_MANAGE, body=schemas.EndpointChange,
           returns=schemas.FieldEndpoint)  # fmt: skip
def change(endpoint_id: int, body: schemas.EndpointChange) -> dict[str, Any]:
    """Change, pause or resume a webhook endpoint."""
    row = _one(endpoint_id)
    shapes.apply(row, body)
    return shapes.field(row)


@api.delete("/webhooks/<int:endpoint_id>", permission=WEBHOOKS_MANAGE, returns=schemas.Gone)
def delete(endpoint_id: int) -> dict[str, Any]:
    """Delete a webhook endpoint. Nothing is sent to it any more."""
    endpoints.remove(_one(endpoint_id))
    return {"id": endpoint_id, "deleted": True}


@api.post("/webhooks/<int:endpoint_id>/rotate-secret", permission=WEBHOOKS_MANAGE, returns=schemas.FieldMade)
def rotate(endpoint_id: int) -> dict[str, Any]:
    """Rotate the signing secret. The previous one signs beside the new one for 24 hours."""
    return shapes.field_made(endpoints.rotate(_one(endpoint_id)), schemas.WARNING + schemas.OVERLAP)


@api.post(
    "/webhooks/<int:endpoint_id>/test", permission=WEBHOOKS_MANAGE, returns=schemas.FieldDelivery, status=202
)
def test(endpoint_id: int) -> dict[str, Any]:
    """Send a `webhook.test` event to the endpoint; look at the delivery to see what became of it."""
    return shapes.field_delivery(endpoints.test(_one(endpoint_id)))


@api.get("/webhooks/<int:endpoint_id>/deliveries", permission=WEBHOOKS_READ, query=schemas.FieldDeliveriesQuery,
         returns=[schemas.FieldDelivery], paged=True)  # fmt: skip
def list_deliveries(endpoint_id: int, query: schemas.FieldDeliveriesQuery) -> Page[dict[str, Any]]:
    """List the deliveries of an endpoint, newest first. Kept 90 days."""
    statement = queries.deliveries(
        _one(endpoint_id).id, (query.status,) if query.status else (), event=query.event or "",
        since=query.updated_since,
    )  # fmt: skip
    return paging.numbered(
        statement.order_by(WebhookDelivery.id.desc()), query, shapes.field_delivery, scalars=True
    )


@api.get("/webhooks/<int:endpoint_id>/deliveries/<delivery_id>", permission=WEBHOOKS_READ,
         returns=schemas.FieldDeliveryWhole)  # fmt: skip
def delivery(endpoint_id: int, delivery_id: str) -> dict[str, Any]:
    """Fetch a delivery with what was sent and every attempt."""
    endpoint = _one(endpoint_id)
    found = queries.delivery(endpoint.id, delivery_id)
    return shapes.field_delivery(found) | shapes.whole(endpoint, found)


@api.post("/webhooks/<int:endpoint_id>/deliveries/<delivery_id>/replay", permission=WEBHOOKS_MANAGE,
          returns=schemas.FieldDelivery, status=202)  # fmt: skip
def replay(endpoint_id: int, delivery_id: str) -> dict[str, Any]:
    """Send a delivery again, under the same id."""
    found = queries.delivery(_one(endpoint_id).id, delivery_id)
    deliveries.replay(found)
    return shapes.field_delivery(found)


@api.post("/webhooks/<int:endpoint_id>/replay", permission=WEBHOOKS_MANAGE, body=schemas.RangeIn,
          returns=schemas.RangeOut, status=202)  # fmt: skip
def replay_range(endpoint_id: int, body: schemas.RangeIn) -> dict[str, Any]:
    """Send the settled deliveries of a range again, at most 10,000."""
    return {"replayed": deliveries.replay_range(_one(endpoint_id), shapes.wanted_range(body))}


# REST hooks -------------------------------------------------------------------------------------------------------


@api.post("/hooks", permission=WEBHOOKS_MANAGE, body=schemas.HookIn, returns=schemas.Hook, status=201)
def subscribe(body: schemas.HookIn) -> dict[str, Any]:
    """Subscribe an address to one event (REST hook)."""
    made = hooks.subscribe(body.hook_url, body.event, "field")
    return {"id": made.endpoint.id, "hook_url": made.endpoint.url, "event": body.event, "signing_secret": made.secret,
            "_warning": schemas.WARNING}  # fmt: skip


@api.get("/hooks/samples", permission=WEBHOOKS_READ, query=schemas.SampleQuery, returns=[schemas.SampleOut])
def samples(query: schemas.SampleQuery) -> list[dict[str, Any]]:
    """What an event looks like: the newest ones that happened, else an example."""
    return hooks.samples(query.event, "field")


@api.delete("/hooks/<int:hook_id>", permission=WEBHOOKS_MANAGE, returns=schemas.Gone)
def unsubscribe(hook_id: int) -> dict[str, Any]:
    """Unsubscribe a REST hook."""
    hooks.unsubscribe(_one(hook_id))
    return {"id": hook_id, "deleted": True}
