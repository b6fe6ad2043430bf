"""A technician's own jobs and visits."""

from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, select

from webapp.dispatch.rules import statuses
from webapp.kit import context, errors
from webapp.kit.db import db
from webapp.models import DispatchJob, Visit, VisitTechnician


def me() -> int:
    """The caller as a technician. Raises Forbidden for someone who is none."""
    found = context.principal().technician_id
    if found is None:
        raise errors.Forbidden(
            "Your account is not connected to a technician, so there are no jobs of yours."
        )
    return found


def jobs_of_day(
    technician_id: int, first: datetime, after: datetime, *, updated_since: datetime | None = None
) -> Any:
    """Jobs with a visit of this technician that begins in a span, in the order of their visits."""
    tenant = context.tenant_id()
    mine = (
        select(Visit.job_id, func.min(VisitTechnician.starts_at).label("starts_at"))
        .join(Visit, and_(Visit.tenant_id == VisitTechnician.tenant_id, Visit.id == VisitTechnician.visit_id))
        .where(
            VisitTechnician.tenant_id == tenant, VisitTechnician.technician_id == technician_id,
            VisitTechnician.starts_at >= first, VisitTechnician.starts_at < after, Visit.status != "cancelled",
        )
        .group_by(Visit.job_id)
        .subquery()
    )  # fmt: skip
    statement = (
        select(DispatchJob).join(mine, mine.c.job_id == DispatchJob.id).where(DispatchJob.tenant_id == tenant)
    )
    if updated_since is not None:
        statement = statement.where(DispatchJob.updated_at >= updated_since)
    return statement.order_by(mine.c.starts_at, DispatchJob.id)


def visit_of(job_id: int, visit_id: int | None = None) -> Visit:
    """The caller's visit of a job: the one named, else the first that is not over, else the last.

    Raises NotFound for a job they are not sent on.
    """
    statement = select(Visit).where(
        Visit.tenant_id == context.tenant_id(), Visit.job_id == job_id,
        exists().where(VisitTechnician.tenant_id == Visit.tenant_id, VisitTechnician.visit_id == Visit.id,
                       VisitTechnician.technician_id == me()),
    )  # fmt: skip
    if visit_id is not None:
        statement = statement.where(Visit.id == visit_id)
    found = db.session.scalars(statement.order_by(Visit.position)).all() if 0 < job_id < 2**63 else []
    if not found:
        raise errors.NotFound(f"No job of yours has the number {job_id}.")
    return next((v for v in found if v.status not in statuses.OVER), found[-1])


def latest_visit(job_id: int, technician_id: int | None) -> int | None:
    """The visit a technician was on last of a job, else the job's last; None for a job without any."""
    mine = exists().where(
        VisitTechnician.tenant_id == Visit.tenant_id, VisitTechnician.visit_id == Visit.id,
        VisitTechnician.technician_id == (technician_id or 0),
    )  # fmt: skip
    found: int | None = db.session.scalar(
        select(Visit.id)
        .where(Visit.tenant_id == context.tenant_id(), Visit.job_id == job_id, Visit.status != "cancelled")
        .order_by(mine.desc(), Visit.status.in_(statuses.OVER), Visit.position.desc())
        .limit(1)
    )
    return found


def visit_under_way(technician_id: int) -> int | None:
    """The visit a technician has set out for or is at, the latest; None between visits."""
    found: int | None = db.session.scalar(
        select(Visit.id)
        .join(VisitTechnician, and_(VisitTechnician.tenant_id == Visit.tenant_id, VisitTechnician.visit_id == Visit.id))
        .where(Visit.tenant_id == context.tenant_id(), VisitTechnician.technician_id == technician_id,
               Visit.status.in_(statuses.STARTED))
        .order_by(func.greatest(Visit.en_route_at, Visit.on_site_at, Visit.in_progress_at).desc().nulls_last())
        .limit(1)
    )  # fmt: skip
    return found
