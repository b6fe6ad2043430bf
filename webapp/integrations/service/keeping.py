"""Letting go of what is older than it is kept."""

from sqlalchemy import text

from webapp.integrations import rules
from webapp.kit import clock, context
from webapp.kit.db import db

BATCH = 5_000  # deliveries of one statement

# ids are given in the order of time: the oldest are the first, without an index of their own
_OLD = text("""
delete from webhook_deliveries where tenant_id = :tenant and id in (
    select id from (select id, created_at from webhook_deliveries where tenant_id = :tenant order by id limit :batch) first
    where created_at < :before
)
""")
_HOURS = text("delete from webhook_hours where tenant_id = :tenant and hour < :before")
_ENDPOINTS = text("""
delete from webhook_endpoints p where p.tenant_id = :tenant and p.deleted_at < :before
  and not exists (select 1 from webhook_deliveries d where d.tenant_id = :tenant and d.endpoint_id = p.id)
""")


def forget() -> int:
    """Delete one batch of deliveries past their 90 days, with their attempts; how many."""
    values = {"tenant": context.tenant_id(), "before": clock.now() - rules.KEPT, "batch": BATCH}
    return int(db.session.execute(_OLD, values).rowcount)  # type: ignore[attr-defined]  # a DELETE gives a CursorResult


def forget_endpoints() -> int:
    """Delete figures of as long ago, and endpoints that were taken away then; how many of these."""
    values = {"tenant": context.tenant_id(), "before": clock.now() - rules.KEPT}
    db.session.execute(_HOURS, values)
    return int(db.session.execute(_ENDPOINTS, values).rowcount)  # type: ignore[attr-defined]  # a CursorResult
