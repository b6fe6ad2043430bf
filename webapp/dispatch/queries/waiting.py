"""What of dispatch waits for somebody, for Today; and jobs as other domains' pages show them. Index ranges, few statements."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, select

from webapp.dispatch.queries.jobs import Filters, conditions
from webapp.dispatch.rules import lateness, statuses
from webapp.kit import context
from webapp.kit.db import rows
from webapp.models import DispatchJob, JobFile, JobNote, StoredFile, Technician, Visit, VisitTechnician


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many jobs wait, by why. A held job counts only when the day to come back to it has come."""

    late: int
    unassigned: int
    urgent: int  # of the unassigned
    unconfirmed: int  # of tomorrow
    hold_due: int


def waiting(now: datetime, tomorrow: tuple[datetime, datetime]) -> Waiting:
    """The counts, in one statement of index ranges. `tomorrow`: its bounds, the end excluded."""

    def count(*where: Any) -> Any:
        return select(func.count()).select_from(DispatchJob).where(*where).scalar_subquery()

    job, tenant = DispatchJob, DispatchJob.tenant_id == context.tenant_id()
    unassigned = (tenant, job.status == "pending", job.held_at.is_(None))
    row = rows(
        select(
            count(*conditions(Filters(late_by=now - lateness.GRACE))).label("late"),
            count(*unassigned).label("unassigned"),
            count(*unassigned, job.priority == "urgent").label("urgent"),
            count(tenant, job.scheduled_start >= tomorrow[0], job.scheduled_start < tomorrow[1], job.confirmed_at.is_(None),
                  job.held_at.is_(None), job.status.in_(("pending", "dispatched", "acknowledged"))).label("unconfirmed"),
            count(tenant, job.held_at.is_not(None), job.hold_until <= now, job.status.not_in(statuses.OVER)).label("hold_due"),
        )
    )[0]  # fmt: skip
    return Waiting(**{k: int(v) for k, v in row._mapping.items()})


@dataclass(frozen=True, slots=True)
class Own:
    """A technician's day: how many visits, how many are done, and the one under way or next."""

    total: int
    done: int
    next: Row[Any] | None


def day_of(technician_id: int, bounds: tuple[datetime, datetime]) -> Own:
    """A technician's visits of a day. `next` has `job_id, title, status, starts_at, customer_name`."""
    found = _visits_of(technician_id, bounds)
    open_now = [row for row in found if row.status not in statuses.OVER]
    return Own(len(found), len(found) - len(open_now), open_now[0] if open_now else None)


def _visits_of(technician_id: int, bounds: tuple[datetime, datetime]) -> Sequence[Row[Any]]:
    sent, visit, job = VisitTechnician, Visit, DispatchJob
    return rows(
        select(visit.job_id, job.title, visit.status, sent.starts_at, sent.ends_at, job.customer_name, job.service_city,
               job.held_at)
        .join(visit, and_(visit.tenant_id == sent.tenant_id, visit.id == sent.visit_id))
        .join(job, and_(job.tenant_id == visit.tenant_id, job.id == visit.job_id))
        .where(sent.tenant_id == context.tenant_id(), sent.technician_id == technician_id, sent.starts_at >= bounds[0],
               sent.starts_at < bounds[1], visit.status != "cancelled")
        .order_by(sent.starts_at, sent.visit_id)
    )  # fmt: skip


def lane_of(technician_id: int, bounds: tuple[datetime, datetime]) -> Sequence[Row[Any]]:
    """A technician's visits between two moments, in their order."""
    return _visits_of(technician_id, bounds)


@dataclass(frozen=True, slots=True)
class OfCustomer:
    """A customer's jobs: how many, how many are open, the next one's start; the next ones first, then the latest."""

    total: int
    open: int
    next_start: datetime | None
    rows: list[Row[Any]]


def of_customer(customer_id: int, now: datetime, limit: int = 6) -> OfCustomer:
    """What a customer's page shows of jobs."""
    job = DispatchJob
    open_ = job.status.not_in(statuses.OVER)
    sums = rows(
        select(
            func.count().label("total"),
            func.count().filter(open_).label("open"),
            func.min(job.scheduled_start).filter(open_, job.scheduled_start >= now - timedelta(hours=12)).label("next"),
        ).where(job.tenant_id == context.tenant_id(), job.customer_id == customer_id)
    )[0]  # fmt: skip
    shown = (
        select(job.id, job.title, job.job_type, job.status, job.held_at, job.scheduled_start, job.scheduled_end,
               job.service_address, job.property_id, Technician.name.label("technician"))
        .outerjoin(Technician, and_(Technician.tenant_id == job.tenant_id, Technician.id == job.technician_id))
        .where(job.tenant_id == context.tenant_id(), job.customer_id == customer_id)
        .order_by(open_.desc(), func.coalesce(job.scheduled_start, job.created_at).desc(), job.id.desc())
        .limit(limit)
    )  # fmt: skip
    return OfCustomer(int(sums.total), int(sums.open), sums.next, list(rows(shown)) if sums.total else [])


def at_property(property_id: int, limit: int = 20) -> Sequence[Row[Any]]:
    """Jobs at an address: those that are open first, then the latest."""
    job = DispatchJob
    return rows(
        select(job.id, job.title, job.job_type, job.status, job.held_at, job.scheduled_start, job.scheduled_end, job.outcome,
               Technician.name.label("technician"))
        .outerjoin(Technician, and_(Technician.tenant_id == job.tenant_id, Technician.id == job.technician_id))
        .where(job.tenant_id == context.tenant_id(), job.property_id == property_id)
        .order_by(job.status.not_in(statuses.OVER).desc(), func.coalesce(job.scheduled_start, job.created_at).desc(), job.id.desc())
        .limit(limit)
    )  # fmt: skip


def notes_at(property_id: int, limit: int = 6) -> Sequence[Row[Any]]:
    """What was last written on the jobs of an address, pinned notes first."""
    return rows(
        select(JobNote, DispatchJob.title)
        .join(DispatchJob, and_(DispatchJob.tenant_id == JobNote.tenant_id, DispatchJob.id == JobNote.job_id))
        .where(JobNote.tenant_id == context.tenant_id(), DispatchJob.property_id == property_id)
        .order_by(JobNote.pinned.desc(), JobNote.id.desc())
        .limit(limit)
    )


def photos_at(property_id: int, limit: int = 12) -> Sequence[Row[Any]]:
    """The last photos that were taken at an address, with their files."""
    return rows(
        select(JobFile, StoredFile, DispatchJob.title)
        .join(StoredFile, and_(StoredFile.tenant_id == JobFile.tenant_id, StoredFile.id == JobFile.file_id))
        .join(DispatchJob, and_(DispatchJob.tenant_id == JobFile.tenant_id, DispatchJob.id == JobFile.job_id))
        .where(JobFile.tenant_id == context.tenant_id(), JobFile.kind == "photo", DispatchJob.property_id == property_id)
        .order_by(JobFile.id.desc())
        .limit(limit)
    )  # fmt: skip
