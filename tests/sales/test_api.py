"""The sales and commission API as partners use it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.factories import sales
from tests.factories.world import ApiClient, Company
from webapp.kit import clock

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


@dataclass(slots=True)
class World:
    """A company with a technician, an item and a rate of 7.5 %, and an admin's client."""

    api: ApiClient
    technician_id: int
    item_id: int

    def body(self, **more: Any) -> dict[str, Any]:
        """The document's own example, with ids that exist."""
        return {
            "technician_id": self.technician_id,
            "item_id": self.item_id,
            "sale_price_cents": 150000,
            "customer_name": "John Doe",
            "notes": "Annual maintenance package",
            "payment_type": "credit_card",
        } | more

    def record(self, **more: Any) -> dict[str, Any]:
        answer = self.api.post("/sales", self.body(**more))
        assert answer.status_code == 201, answer.json
        found: dict[str, Any] = answer.json["data"]
        return found


@pytest.fixture
def world(company: Company) -> World:
    with company.acting():
        mike, tune_up = sales.technician(), sales.item()
        sales.rate(mike.id, tune_up.id)
        ids = mike.id, tune_up.id
    return World(company.api("admin"), *ids)


def test_the_documents_sale_is_recorded_with_its_commission(world: World) -> None:
    sale = world.record()
    assert (sale["commission_cents"], sale["status"], sale["voided"]) == (11_250, "pending", False)
    assert sale["commission"]["explanation"] == [
        "Mike Johnson's rate for AC tune-up is 7.5 % (set for Mike Johnson on this item).",
        "7.5 % of $1,500.00 = $112.50",
    ]
    again = world.api.get(f"/sales/{sale['id']}").json["data"]
    assert again["commission"] == sale["commission"]
