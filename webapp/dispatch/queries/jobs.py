"""Reading jobs and their visits."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from webapp.dispatch.permissions import DISPATCH_READ
from webapp.kit import context, errors, listing, permissions, search
from webapp.kit.db import db, find, rows
from webapp.models import DispatchJob, JobSkill, JobStatusChange, Skill, Technician, Visit, VisitTechnician


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of jobs is narrowed to; times are moments, the end excluded."""

    q: str = ""
    statuses: tuple[str, ...] = ()
    starts_from: datetime | None = None
    starts_before: datetime | None = None
    technician_ids: tuple[int, ...] = ()
    unassigned: bool = False
    customer_id: int | None = None
    job_types: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    zone_ids: tuple[int, ...] = ()
    on_hold: bool | None = None
    tag: str = ""
    late_by: datetime | None = None  # promised for before this moment, and not begun
    confirmed: bool | None = None
    hold_due: datetime | None = None  # to be come back to by then
    updated_since: datetime | None = None


LATE_STATUSES = ("pending", "dispatched", "acknowledged", "en_route")  # nobody is there yet
LATE_FOR = timedelta(days=7)  # what is later than this is forgotten, not late


SORTS = {
    "scheduled": listing.Sort(DispatchJob.scheduled_start),
    "number": listing.Sort(DispatchJob.id, descending=True),
    "updated_at": listing.Sort(DispatchJob.updated_at, descending=True),
}


def conditions(filters: Filters) -> list[Any]:
    """The filters as conditions over `dispatch_jobs`."""
    job, f = DispatchJob, filters
    found: list[Any] = [job.tenant_id == context.tenant_id(), *search.conditions("dispatch", f.q, job.id)]
    for column, wanted in ((job.status, f.statuses), (job.job_type, f.job_types), (job.priority, f.priorities),
                           (job.zone_id, f.zone_ids)):  # fmt: skip
        if wanted:
            found.append(column.in_(wanted))
    if f.technician_ids:
        found.append(_sent(f.technician_ids))
    if f.unassigned:
        found.append(job.technician_id.is_(None))
    if f.customer_id is not None:
        found.append(job.customer_id == f.customer_id)
    if f.starts_from is not None:
        found.append(job.scheduled_start >= f.starts_from)
    if f.starts_before is not None:
        found.append(job.scheduled_start < f.starts_before)
    if f.on_hold is not None:
        found.append(job.held_at.is_not(None) if f.on_hold else job.held_at.is_(None))
    if f.tag:
        found.append(job.tags.contains([f.tag]))
    found += _attention(f)
    if f.updated_since is not None:
        found.append(job.updated_at >= f.updated_since)
    return found


def _attention(f: Filters) -> list[Any]:
    """What somebody has to see to: late, not confirmed, to be come back to."""
    job = DispatchJob
    found: list[Any] = []
    if f.late_by is not None:
        promised = func.coalesce(job.window_end, job.scheduled_start)
        found += [job.scheduled_start.between(f.late_by - LATE_FOR, f.late_by), promised < f.late_by,
                  job.held_at.is_(None), job.status.in_(LATE_STATUSES)]  # fmt: skip
    if f.confirmed is not None:
        found.append(job.confirmed_at.is_not(None) if f.confirmed else job.confirmed_at.is_(None))
    if f.hold_due is not None:
        found += [job.held_at.is_not(None), job.hold_until <= f.hold_due]
    return found


def _sent(technician_ids: Sequence[int]) -> Any:
    """Jobs on which one of these is sent, as lead or helper, on any visit."""
    return or_(
        DispatchJob.technician_id.in_(technician_ids),
        exists().where(
            Visit.tenant_id == DispatchJob.tenant_id, Visit.job_id == DispatchJob.id,
            VisitTechnician.tenant_id == Visit.tenant_id, VisitTechnician.visit_id == Visit.id,
            VisitTechnician.technician_id.in_(technician_ids),
        ),
    )  # fmt: skip


def numbered(filters: Filters) -> Any:
    """Jobs in the order they were booked, for the API."""
    return select(DispatchJob).where(*conditions(filters)).order_by(DispatchJob.id)


def own_job(job_id: int, *, lock: bool = False) -> DispatchJob:
    """A job that the caller may see: the office any, a technician those they are sent on. Raises NotFound."""
    found = find(DispatchJob, job_id, lock=lock)
    if found is None or not (
        permissions.may(DISPATCH_READ) or is_sent(job_id, context.principal().technician_id)
    ):
        raise errors.NotFound(f"No job has the number {job_id}.")
    return found


def is_sent(job_id: int, technician_id: int | None) -> bool:
    """Whether a technician is on a visit of a job that was not cancelled."""
    if technician_id is None:
        return False
    there = (
        exists()
        .where(Visit.tenant_id == context.tenant_id(), Visit.job_id == job_id, Visit.status != "cancelled")
        .where(VisitTechnician.tenant_id == Visit.tenant_id, VisitTechnician.visit_id == Visit.id)
        .where(VisitTechnician.technician_id == technician_id)
    )
    return bool(db.session.scalar(select(there)))


def visits(job_id: int) -> Sequence[Visit]:
    """A job's visits in their order."""
    return db.session.scalars(
        select(Visit)
        .where(Visit.tenant_id == context.tenant_id(), Visit.job_id == job_id)
        .order_by(Visit.position)
        .execution_options(populate_existing=True)
    ).all()


@dataclass(frozen=True, slots=True)
class Sent:
    """Somebody sent on a visit."""

    technician_id: int
    name: str
    lead: bool
    color: str
    phone: str


def sent(visit_ids: Collection[int]) -> dict[int, list[Sent]]:
    """Who is sent on some visits, the lead first."""
    by: dict[int, list[Sent]] = defaultdict(list)
    if not visit_ids:
        return by
    for row in rows(
        select(
            VisitTechnician.visit_id, VisitTechnician.technician_id, VisitTechnician.lead, Technician.name,
            Technician.color, Technician.phone,
        )
        .join(Technician, and_(Technician.tenant_id == VisitTechnician.tenant_id,
                               Technician.id == VisitTechnician.technician_id))
        .where(VisitTechnician.tenant_id == context.tenant_id(), VisitTechnician.visit_id.in_(list(visit_ids)))
        .order_by(VisitTechnician.lead.desc(), Technician.name)
    ):  # fmt: skip
        by[row.visit_id].append(Sent(row.technician_id, row.name, row.lead, row.color, row.phone))
    return by


def visits_of(job_ids: Collection[int]) -> dict[int, list[Visit]]:
    """The visits of several jobs, in their order."""
    by: dict[int, list[Visit]] = defaultdict(list)
    if job_ids:
        for visit in db.session.scalars(
            select(Visit)
            .where(Visit.tenant_id == context.tenant_id(), Visit.job_id.in_(list(job_ids)))
            .order_by(Visit.job_id, Visit.position)
        ):
            by[visit.job_id].append(visit)
    return by


def skills_needed(job_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
    """The skills some jobs ask for, by job."""
    by: dict[int, list[dict[str, Any]]] = defaultdict(list)
    if job_ids:
        for row in rows(
            select(JobSkill.job_id, JobSkill.skill_id, JobSkill.level, Skill.name)
            .join(Skill, and_(Skill.tenant_id == JobSkill.tenant_id, Skill.id == JobSkill.skill_id))
            .where(JobSkill.tenant_id == context.tenant_id(), JobSkill.job_id.in_(list(job_ids)))
            .order_by(Skill.name)
        ):
            by[row.job_id].append({"skill_id": row.skill_id, "name": row.name, "level": row.level})
    return by


def status_history(job_id: int) -> Sequence[JobStatusChange]:
    """Every step of a job's visits, in the order it happened."""
    return db.session.scalars(
        select(JobStatusChange)
        .where(JobStatusChange.tenant_id == context.tenant_id(), JobStatusChange.job_id == job_id)
        .order_by(JobStatusChange.happened_at, JobStatusChange.id)
    ).all()
