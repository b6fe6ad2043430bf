"""How endpoints fare, from their figures by the hour."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from webapp.integrations import queries
from webapp.kit import clock, context
from webapp.kit.db import db
from webapp.models import ConnectorHour, WebhookHour

Hours = type[WebhookHour] | type[ConnectorHour]  # of what the figures are


@dataclass(frozen=True, slots=True)
class Sum:
    """Attempts of some hours; latencies in milliseconds."""

    delivered: int
    failed: int
    latency_ms: int
    slowest_ms: int

    @property
    def average(self) -> int:
        made = self.delivered + self.failed
        return self.latency_ms // made if made else 0


def _table(hours: Hours) -> tuple[Any, Any]:
    """The figures of webhooks or connectors, and whose they are."""
    found: Any = hours
    return found, found.endpoint_id if hours is WebhookHour else found.connector_id


def sums(target_ids: Sequence[int], since: datetime, hours: Hours = WebhookHour) -> dict[int, Sum]:
    """The figures of some endpoints (or connectors) since a moment, by hours."""
    if not target_ids:
        return {}
    table, target = _table(hours)
    statement = (
        select(target, func.sum(table.delivered), func.sum(table.failed), func.sum(table.latency_ms),
               func.max(table.slowest_ms))
        .where(table.tenant_id == context.tenant_id(), target.in_(target_ids),
               table.hour >= since.replace(minute=0, second=0, microsecond=0))
        .group_by(target)
    )  # fmt: skip
    return {
        row[0]: Sum(int(row[1]), int(row[2]), int(row[3]), row[4]) for row in db.session.execute(statement)
    }


def by_day(target_id: int, days: int, hours: Hours = WebhookHour) -> list[tuple[date, Sum]]:
    """The figures of the last days of the organization's calendar, the oldest first."""
    zone = queries.time_zone()
    today = clock.today(zone)
    first = today - timedelta(days=days - 1)
    table, target = _table(hours)
    statement = select(table).where(
        table.tenant_id == context.tenant_id(), target == target_id,
        table.hour >= clock.day_bounds(first, zone)[0],
    )  # fmt: skip
    found = {first + timedelta(days=n): Sum(0, 0, 0, 0) for n in range(days)}
    for row in db.session.scalars(statement):
        day = row.hour.astimezone(ZoneInfo(zone)).date()
        old = found.get(day, Sum(0, 0, 0, 0))
        found[day] = Sum(old.delivered + row.delivered, old.failed + row.failed, old.latency_ms + row.latency_ms,
                         max(old.slowest_ms, row.slowest_ms))  # fmt: skip
    return sorted(found.items())
