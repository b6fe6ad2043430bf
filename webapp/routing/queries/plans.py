"""Reading route plans."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import and_, func, or_, select

from webapp.kit import clock, context, jobs
from webapp.kit.db import db, rows
from webapp.kit.tables import Job
from webapp.models import DispatchJob, DispatchProfile, RoutePlan, Technician, Visit


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


def looks(technician_ids: Sequence[int]) -> dict[int, tuple[str, list[float] | None]]:
    """The colour of each technician, and where their day starts."""
    one, profile = Technician, DispatchProfile
    found = rows(
        select(one.id, one.color, profile.latitude, profile.longitude)
        .outerjoin(profile, and_(profile.tenant_id == one.tenant_id, profile.technician_id == one.id))
        .where(one.tenant_id == context.tenant_id(), one.id.in_(list(technician_ids)))
    )
    return {
        r.id: (r.color, None if r.latitude is None else [float(r.latitude), float(r.longitude)])
        for r in found
    }


def counts(day: date, zone: str) -> dict[str, int]:
    """How many visits lie on a day's lanes, and how many wait for it or for no day in particular: one statement."""
    starts_at, ends_at = clock.day_bounds(day, zone)
    job = DispatchJob
    on_day = and_(Visit.scheduled_start >= starts_at, Visit.scheduled_start < ends_at)
    waits = and_(Visit.status == "pending", or_(on_day, and_(
        Visit.scheduled_start.is_(None),
        or_(job.window_start.is_(None), and_(job.window_start < ends_at, job.window_end > starts_at)),
    )))  # fmt: skip
    row = rows(
        select(
            func.count().filter(and_(on_day, Visit.status.not_in(("pending", "completed")))).label("placed"),
            func.count().filter(waits).label("waiting"),
        )
        .select_from(Visit)
        .join(job, and_(job.tenant_id == Visit.tenant_id, job.id == Visit.job_id))
        .where(
            Visit.tenant_id == context.tenant_id(),
            Visit.status.not_in(("cancelled", "completed")),
            job.held_at.is_(None),
        )
    )[0]
    return {"placed": int(row.placed), "waiting": int(row.waiting)}
