"""What pay tells the other domains."""

from typing import Any

from webapp.kit import events
from webapp.models import PayPeriod
from webapp.sales.pay import periods

_EXAMPLE: dict[str, Any] = {
    "pay_period_id": 3,
    "label": "Nov 1–15, 2026",
    "start_date": "2026-11-01",
    "end_date": "2026-11-15",
    "pay_date": "2026-11-20",
    "status": "closed",
    "total_cents": 1_284_350,
}

CLOSED = events.declare("pay-period.closed", "A pay period was closed and its commissions frozen", _EXAMPLE)
REOPENED = events.declare(
    "pay-period.reopened",
    "A closed pay period was opened again",
    _EXAMPLE | {"status": "open", "reason": "Typo"},
)
APPROVED = events.declare(
    "pay-period.approved", "A pay period was approved for closing", _EXAMPLE | {"status": "open"}
)

SIGNED_OFF = events.declare(
    "pay-period.signed-off",
    "A technician approved their pay of a period",
    _EXAMPLE | {"technician_id": 7, "total_cents": 187_250},
)
DISPUTED = events.declare(
    "pay-period.disputed",
    "A technician says that something is wrong with their pay of a period",
    _EXAMPLE | {"technician_id": 7, "total_cents": 187_250, "note": "The Harper furnace is missing"},
)


def payload(period: PayPeriod, **more: Any) -> dict[str, Any]:
    """What every event about a pay period carries; `more` is added."""
    return {
        "pay_period_id": period.id,
        "label": periods.label(period),
        "start_date": period.start_date,
        "end_date": period.end_date,
        "pay_date": period.pay_date,
        "status": period.status,
        **more,
    }
