"""Deliveries sent again: one, or a range."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from webapp.integrations import queries, rules
from webapp.integrations.permissions import WEBHOOKS_MANAGE
from webapp.integrations.service.endpoints import RUN
from webapp.kit import clock, context, errors, journal, wakes
from webapp.kit.db import db
from webapp.kit.permissions import demand
from webapp.models import WebhookDelivery, WebhookEndpoint

MOST = 10_000  # deliveries that are sent again at once


@dataclass(frozen=True, slots=True)
class Range:
    """Which deliveries: by when their event happened, by state and by name; empty is all."""

    since: datetime | None = None
    until: datetime | None = None
    statuses: tuple[str, ...] = ()
    event: str = ""


def replay(delivery: WebhookDelivery) -> None:
    """Send a delivery again, under its own id, with ten more attempts. Raises Conflict for one on its way."""
    demand(WEBHOOKS_MANAGE)
    endpoint = queries.live(delivery.endpoint_id, lock=True)
    if endpoint is None:
        raise errors.NotFound("The webhook of this delivery does not exist any more.")
    db.session.refresh(delivery, with_for_update=True)
    if delivery.status == "pending":
        raise errors.Conflict("This delivery is on its way already.")
    if delivery.status != "retrying":  # else: the present round goes on, now
        delivery.attempt = 0
        delivery.status = "pending"
    delivery.next_attempt_at = clock.now()
    journal.audit(
        "webhook.replayed", record_type="webhook", record_id=endpoint.id, delivery=delivery.public_id
    )
    wakes.wake(RUN)


def replay_range(endpoint: WebhookEndpoint, wanted: Range) -> int:
    """Send all deliveries of a range again that are settled; how many. At most 10,000, the oldest first."""
    demand(WEBHOOKS_MANAGE)
    locked = queries.live(endpoint.id, lock=True)
    if locked is None:
        raise errors.NotFound("This webhook does not exist any more.")
    settled = tuple(s for s in rules.STATUSES if s not in rules.UNSETTLED)
    unknown = [s for s in wanted.statuses if s not in settled]
    if unknown:
        raise errors.Invalid.one("status", f"Choose of {', '.join(settled)}.")
    which = (
        queries.deliveries(endpoint.id, wanted.statuses or settled, event=wanted.event, since=wanted.since,
                           until=wanted.until)
        .with_only_columns(WebhookDelivery.id).order_by(WebhookDelivery.id).limit(MOST)
    )  # fmt: skip
    changed = db.session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.tenant_id == context.tenant_id(), WebhookDelivery.id.in_(select(which.subquery().c.id)))
        .values(status="pending", attempt=0, next_attempt_at=clock.now())
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    count = int(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
    if count:
        journal.audit("webhook.replayed", record_type="webhook", record_id=endpoint.id, deliveries=count,
                      since=wanted.since, until=wanted.until, statuses=list(wanted.statuses), event=wanted.event)  # fmt: skip
        wakes.wake(RUN)
    return count
