"""The night's scenes of webhooks and connectors."""

from datetime import timedelta
from functools import lru_cache

from tests.factories.world import Company
from tests.faults.scenes import END, PIECE, ROWS, World, count, due, scene
from tests.integrations.receivers import Receiver
from webapp.integrations.connectors.mapping import Source
from webapp.integrations.connectors.service import acting, registry
from webapp.integrations.service import endpoints
from webapp.kit import clock, events, ids
from webapp.kit.db import add
from webapp.models import Connector, ConnectorCall, WebhookDelivery, WebhookEndpoint


@lru_cache(maxsize=1)
def receiver() -> Receiver:
    """The night's receiver of webhooks."""
    return Receiver().start()


def listening(company: Company) -> WebhookEndpoint:
    with company.acting():
        wanted = endpoints.Wanted(receiver().url(f"/{company.code}"), ("sale.created",))
        return endpoints.register(wanted, "field").endpoint


def check_delivered(company: Company, world: World, record: int) -> None:
    got = [g for g in receiver().got if g.path == f"/{company.code}"]
    assert len({g.id for g in got}) == 1, "once, or again under the same id"
    assert got[0].json["data"] == {"sale_id": record}
    assert count(company, WebhookDelivery, WebhookDelivery.status == "delivered") == 1


@scene("webhooks.run", check_delivered, END)
def webhooks(company: Company) -> int:
    listening(company)
    with company.acting("manager"):
        events.emit(events.CATALOGUE["sale.created"], 42, {"sale_id": 42})
    return 42


def check_old_deliveries(company: Company, world: World, nothing: None) -> None:
    assert count(company, WebhookDelivery) == 1


@scene("webhooks.forget", check_old_deliveries, END, PIECE)
def forget_deliveries(company: Company) -> None:
    endpoint = listening(company)
    with company.acting():
        for n in range(ROWS + 1):
            long_ago = clock.now() - timedelta(days=1 if n == ROWS else 100)
            add(WebhookDelivery(endpoint_id=endpoint.id, event="sale.created", event_id=ids.uuid4(), event_at=long_ago,
                                record_type="sale", record_id=n, status="delivered", created_at=long_ago))  # fmt: skip
    due(company, "webhooks.forget")


def connected(company: Company) -> Connector:
    inputs = {"type": "object", "properties": {"sale": {"type": "integer"}}, "required": ["sale"]}
    with company.acting():
        wanted = registry.Wanted(
            "Book", "", receiver().url(f"/{company.code}"), "POST", inputs, {"type": "object"}
        )
        return registry.create(wanted).connector


def check_called(company: Company, world: World, record: int) -> None:
    got = [g for g in receiver().got if g.path == f"/{company.code}"]
    assert len({g.headers["x-idempotency-key"] for g in got}) == 1, "once, or again under the same key"
    assert got[0].json == {"sale": record}
    assert count(company, ConnectorCall) == 1
    assert count(company, ConnectorCall, ConnectorCall.status == "delivered") == 1


@scene("connectors.run", check_called, END)
def calls_out(company: Company) -> int:
    connector = connected(company)
    with company.acting():
        mapping = {"sale": Source("path", "data.sale_id")}
        acting.create(connector, acting.Wanted("When sold", ("sale.created",), (), mapping))
    with company.acting("manager"):
        events.emit(events.CATALOGUE["sale.created"], 42, {"sale_id": 42})
    return 42


def check_old_calls(company: Company, world: World, nothing: None) -> None:
    assert count(company, ConnectorCall) == 1


@scene("connectors.forget", check_old_calls, END, PIECE)
def forget_calls(company: Company) -> None:
    connector = connected(company)
    with company.acting():
        for n in range(ROWS + 1):
            long_ago = clock.now() - timedelta(days=1 if n == ROWS else 100)
            add(ConnectorCall(connector_id=connector.id, origin="console", inputs={}, most=1, status="delivered",
                              created_at=long_ago))  # fmt: skip
    due(company, "connectors.forget")
