"""Letting go of what is older than it is kept."""

from webapp.integrations.connectors.queries import sql
from webapp.integrations.rules import KEPT
from webapp.kit import clock, context
from webapp.kit.db import db

BATCH = 5_000  # calls of one statement


def forget() -> int:
    """Delete one batch of calls past their 90 days, with their attempts; how many."""
    values = {"tenant": context.tenant_id(), "before": clock.now() - KEPT, "batch": BATCH}
    return int(db.session.execute(sql.FORGET, values).rowcount)  # type: ignore[attr-defined]  # a CursorResult


def forget_connectors() -> int:
    """Delete figures of as long ago, and connectors that were taken away then; how many of these."""
    values = {"tenant": context.tenant_id(), "before": clock.now() - KEPT}
    db.session.execute(sql.FORGET_HOURS, values)
    return int(db.session.execute(sql.FORGET_CONNECTORS, values).rowcount)  # type: ignore[attr-defined]  # a CursorResult
