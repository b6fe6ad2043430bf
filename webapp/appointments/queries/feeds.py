"""Reading calendar feeds and what is in them. A fixed number of statements."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, exists, select

from webapp.kit import context
from webapp.kit.db import db, rows
from webapp.models import CalendarFeed, DispatchJob, LaneBlock, Technician, Visit, VisitTechnician

MOST = 5_000  # visits of one feed


def listed(technician_id: int | None = None) -> Sequence[Row[Any]]:
    """Feeds in use, of everybody or of one technician: `CalendarFeed, technician`."""
    statement = (
        select(CalendarFeed, Technician.name.label("technician"))
        .outerjoin(Technician, and_(Technician.tenant_id == CalendarFeed.tenant_id, Technician.id == CalendarFeed.technician_id))
        .where(CalendarFeed.tenant_id == context.tenant_id(), CalendarFeed.revoked_at.is_(None))
        .order_by(Technician.name.asc().nulls_first(), CalendarFeed.id)
        .limit(500)
    )  # fmt: skip
    if technician_id is not None:
        statement = statement.where(CalendarFeed.technician_id == technician_id)
    return rows(statement)


def by_hash(token_hash: bytes) -> CalendarFeed | None:
    """A feed in use by the hash of its token."""
    return db.session.scalar(
        select(CalendarFeed).where(CalendarFeed.tenant_id == context.tenant_id(), CalendarFeed.token_hash == token_hash,
                                   CalendarFeed.revoked_at.is_(None))
    )  # fmt: skip


def visits(technician_id: int | None, first: datetime, last: datetime) -> Sequence[Row[Any]]:
    """Visits between two moments, of one technician or of all, cancelled ones too: `Visit, DispatchJob`."""
    statement = (
        select(Visit, DispatchJob)
        .join(DispatchJob, and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id))
        .where(Visit.tenant_id == context.tenant_id(), Visit.scheduled_start >= first, Visit.scheduled_start < last)
        .order_by(Visit.scheduled_start, Visit.id)
        .limit(MOST)
    )  # fmt: skip
    if technician_id is not None:
        statement = statement.where(
            exists().where(VisitTechnician.tenant_id == Visit.tenant_id, VisitTechnician.visit_id == Visit.id,
                           VisitTechnician.technician_id == technician_id)
        )  # fmt: skip
    else:
        statement = statement.where(Visit.status != "pending")
    return rows(statement)


def crews(first: datetime, last: datetime) -> dict[int, list[str]]:
    """Names of who is sent, by visit, the lead first."""
    by: dict[int, list[str]] = defaultdict(list)
    for row in rows(
        select(VisitTechnician.visit_id, Technician.name)
        .join(Technician, and_(Technician.tenant_id == VisitTechnician.tenant_id, Technician.id == VisitTechnician.technician_id))
        .where(VisitTechnician.tenant_id == context.tenant_id(), VisitTechnician.starts_at >= first,
               VisitTechnician.starts_at < last)
        .order_by(VisitTechnician.lead.desc(), Technician.name)
    ):  # fmt: skip
        by[row.visit_id].append(row.name)
    return by


def blocks(technician_id: int, first: datetime, last: datetime) -> Sequence[LaneBlock]:
    """What else is on a technician's lane, without lunch."""
    return db.session.scalars(
        select(LaneBlock)
        .where(LaneBlock.tenant_id == context.tenant_id(), LaneBlock.technician_id == technician_id,
               LaneBlock.status == "approved", LaneBlock.kind != "lunch", LaneBlock.starts_at < last, LaneBlock.ends_at > first)
        .order_by(LaneBlock.starts_at)
    ).all()  # fmt: skip
