"""How webhooks and connectors fare, as their pages say it: the state, the chart of the last days, when to look again."""

import math
from datetime import datetime
from typing import Any

from webapp.integrations.queries import figures
from webapp.kit import clock
from webapp.models import Connector, WebhookEndpoint, WebhookHour

STATES = {"active": "Active", "failing": "Failing", "paused": "Paused"}
TONES = {"active": "success", "failing": "danger", "paused": "warning"}
DAYS = 14
CHART_COLUMNS = [{"key": "day", "label": "Day", "kind": "date"}, {"key": "delivered", "label": "Delivered", "kind": "number"},
                 {"key": "failed", "label": "Failed attempts", "kind": "number"},
                 {"key": "average", "label": "Average answer, ms", "kind": "number"}]  # fmt: skip


def state_of(row: WebhookEndpoint | Connector) -> str:
    """active, failing or paused."""
    if not row.enabled:
        return "paused"
    return "failing" if row.failing_since else "active"


def chart(target_id: int, hours: figures.Hours = WebhookHour, good: str = "Delivered") -> dict[str, Any]:
    """The health of the last days as a chart and the table behind it."""
    days = figures.by_day(target_id, DAYS, hours)
    rows = [
        {"day": day, "delivered": s.delivered, "failed": s.failed, "average": s.average} for day, s in days
    ]
    data = {"type": "bar", "data": {"labels": [f"{day:%b} {day.day}" for day, _ in days], "datasets": [
                {"label": good, "data": [s.delivered for _, s in days], "stack": "all"},
                {"label": "Failed attempts", "data": [s.failed for _, s in days], "stack": "all"}]},
            "options": {"scales": {"x": {"stacked": True}, "y": {"stacked": True, "ticks": {"precision": 0}}}}}  # fmt: skip
    return {"data": data, "rows": rows[::-1], "any": any(s.delivered or s.failed for _, s in days)}


# One delivery or call ---------------------------------------------------------------------------------------------

DELIVERY_TONES = {"pending": "info", "retrying": "warning", "delivered": "success", "dead_letter": "danger",
                  "cancelled": "neutral"}  # fmt: skip
LONGEST_LOOK = 10  # seconds until the page of one that waits asks again


def look_again(next_at: datetime | None) -> str:
    """When a page asks how a delivery stands, for `hx-trigger`: soon when it is due, else now and then."""
    left = math.ceil((next_at - clock.now()).total_seconds()) if next_at is not None else LONGEST_LOOK
    return f"{min(LONGEST_LOOK, max(1, left))}s"
