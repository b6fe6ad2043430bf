"""What the sales domain tells the others."""

from typing import Any

from webapp.kit import events
from webapp.models import Sale

_EXAMPLE: dict[str, Any] = {
    "sale_id": 42,
    "number": 17,
    "technician_id": 1,
    "item_id": 5,
    "customer_id": 7,
    "customer_name": "John Doe",
    "sale_price_cents": 150_000,
    "sold_on": "2026-03-15",
    "status": "pending",
    "voided": False,
    "payment_status": "unpaid",
    "commission_cents": 11_250,
    "override_cents": 0,
}
_EARNED: dict[str, Any] = {
    "sale_id": 42,
    "rate": "7.5%",
    "rate_level": "technician_item",
    "commission_cents": 11_250,
    "override_cents": 0,
    "lines": [{"technician_id": 1, "role": "seller", "share_bps": 10_000, "amount_cents": 11_250}],
}

CREATED = events.declare("sale.created", "A new sale has been recorded", _EXAMPLE)
CALCULATED = events.declare("commission.calculated", "Commission was calculated for a sale", _EARNED)
UPDATED = events.declare("sale.updated", "A sale was corrected", _EXAMPLE)
APPROVED = events.declare("sale.approved", "A sale has been approved", _EXAMPLE | {"status": "approved"})
REJECTED = events.declare(
    "sale.rejected", "A sale has been rejected", _EXAMPLE | {"status": "rejected", "reason": "Wrong customer"}
)
PAYMENT_CHANGED = events.declare(
    "sale.payment-changed",
    "What the customer has paid on a sale changed",
    _EXAMPLE | {"payment_status": "paid", "payment_date": "2026-03-15"},
)
VOIDED = events.declare("sale.voided", "A sale was voided", _EXAMPLE | {"voided": True, "refund_due": True})
UNVOIDED = events.declare("sale.unvoided", "The void of a sale was undone", _EXAMPLE)
RATES_CHANGED = events.declare(
    "commission.rates-changed",
    "A commission rate was set, changed or removed",
    {"level": "technician_item", "technician_id": 1, "item_id": 5, "category_id": None, "rate": "7.5%"},
)


def payload(sale: Sale, **more: Any) -> dict[str, Any]:
    """What every event about a sale carries; `more` is added."""
    return {
        "sale_id": sale.id,
        "number": sale.number,
        "technician_id": sale.technician_id,
        "item_id": sale.item_id,
        "customer_id": sale.customer_id,
        "customer_name": sale.customer_name,
        "sale_price_cents": sale.sale_price_cents,
        "sold_on": sale.sold_on,
        "status": sale.status,
        "voided": sale.voided_at is not None,
        "payment_status": sale.payment_status,
        "commission_cents": sale.commission_cents,
        "override_cents": sale.override_cents,
        **more,
    }
