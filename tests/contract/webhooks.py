"""Webhooks of a company under the contract's tests."""

from typing import Any

from tests.contract.house import House
from webapp.integrations.service import endpoints, hooks
from webapp.integrations.service.endpoints import Wanted
from webapp.kit import clock, ids
from webapp.kit.db import add
from webapp.models import WebhookDelivery

NOWHERE = "http://127.0.0.1:9"  # the settings of the tests let it through; nobody listens there
PATHS = ("/api/v1/admin/webhooks/<int:endpoint_id>", "/api/v1/webhooks/<uuid:webhook_id>")


def fill(house: House) -> None:
    """Two endpoints, REST hooks, and deliveries that are over."""
    house.values |= endpoint(house)
    house.values |= delivery(house)
    house.values |= hook(house)
    for _ in range(8):  # more than a page of the tests
        endpoint(house)
        delivery(house)


def url(house: House) -> str:
    return f"{NOWHERE}/{house.number()}/{ids.token(6)}"


def endpoint(house: House) -> dict[str, Any]:
    made = endpoints.register(Wanted(url(house), ("claim.*",)), "growth").endpoint
    return {"endpoint_id": made.id, "webhook_id": str(made.public_id)}


def hook(house: House) -> dict[str, Any]:
    made = hooks.subscribe(url(house), "claim.scope.ready", "field").endpoint
    return {"hook_id": made.id, "hook_key": str(made.public_id)}


def delivery(house: House) -> dict[str, Any]:
    """One that arrived, of the first endpoint."""
    now = clock.now()
    made = add(WebhookDelivery(
        endpoint_id=house.values["endpoint_id"], event="webhook.test", event_id=ids.uuid4(), event_at=now,
        record_type="webhook", record_id=1, data={"message": "Hello"}, status="delivered", attempt=1, tries=1,
        response_status=200, latency_ms=12, delivered_at=now,
    ))  # fmt: skip
    return {"delivery_id": made.public_id}


def _arrived(house: House) -> dict[str, Any]:
    with house.acting():
        return delivery(house)


def ways(house: House, maker: Any) -> None:
    """For calls that use an endpoint up."""
    for name in ("endpoint_id", "webhook_id"):
        maker(name, lambda name=name: {name: endpoint(house)[name]})
    for name in ("hook_id", "hook_key"):
        maker(name, lambda name=name: {name: hook(house)[name]})


PREPARED = {
    ("POST", f"{path.removeprefix('/api/v1')}/deliveries/<delivery_id>/replay"): _arrived for path in PATHS
}
BODIES = {
    **{("POST", path): lambda house: {"url": url(house), "events": ["sale.created"]}
       for path in ("/api/v1/admin/webhooks", "/api/v1/webhooks")},
    **{("PATCH", path): lambda house: {"description": "Production bridge"} for path in PATHS},
    **{("POST", path): lambda house: {"hook_url": url(house), "event": "sale.created"}
       for path in ("/api/v1/admin/hooks", "/api/v1/hooks")},
}  # fmt: skip
