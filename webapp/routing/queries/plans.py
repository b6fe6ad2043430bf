"""Reading route plans."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from webapp.kit import context, jobs
from webapp.kit.db import db
from webapp.kit.tables import Job
from webapp.models import RoutePlan


def latest(day: date) -> RoutePlan | None:
    """The newest plan of a day."""
    return db.session.scalars(
        select(RoutePlan)
        .where(RoutePlan.tenant_id == context.tenant_id(), RoutePlan.on_date == day)
        .order_by(RoutePlan.id.desc())
        .limit(1)
    ).first()


def numbered(day: date | None = None, updated_since: datetime | None = None) -> Any:
    """Plans, the newest first, for the API."""
    statement = select(RoutePlan).where(RoutePlan.tenant_id == context.tenant_id())
    if day is not None:
        statement = statement.where(RoutePlan.on_date == day)
    if updated_since is not None:
        statement = statement.where(RoutePlan.updated_at >= updated_since)
    return statement.order_by(RoutePlan.id.desc())


def progress(plans: Sequence[RoutePlan]) -> dict[int, int]:
    """How far plans are, in percent, by plan: one statement."""
    found = jobs.statuses(
        [p.job_id for p in plans if p.job_id is not None and p.status in ("queued", "planning")]
    )
    return {
        p.id: _percent(found.get(p.job_id or 0)) if p.status in ("queued", "planning") else 100 for p in plans
    }


def _percent(row: Job | None) -> int:
    return min(100, 100 * row.progress // row.progress_total) if row is not None and row.progress_total else 0
