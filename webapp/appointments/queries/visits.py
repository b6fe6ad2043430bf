"""Visits as their customers are concerned, and what they were told and asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, or_, select

from webapp.kit import context
from webapp.kit.db import db, rows
from webapp.models import (
    ContactChoice,
    Customer,
    DispatchJob,
    DispatchProfile,
    JobFile,
    JobMaterial,
    JobNote,
    Message,
    StoredFile,
    Technician,
    TechnicianPosition,
    Visit,
    VisitLink,
    VisitMessage,
    VisitRequest,
    VisitTechnician,
)

BEFORE = "before:"  # begins the mark of what an earlier customer of the job was told
WORKDAY = timedelta(hours=14)
TIMED = ("booked", "changed", "reminder")  # kinds that tell when


@dataclass(frozen=True, slots=True)
class Found:
    """A visit with its job; `technician` leads it, `crew` is how many are sent."""

    visit: Visit
    job: DispatchJob
    technician: str
    technician_id: int | None
    crew: int


def visit(visit_id: int) -> Found | None:
    """A visit with its job and who leads it, in one statement."""
    tenant = context.tenant_id()
    lead = and_(
        VisitTechnician.tenant_id == Visit.tenant_id,
        VisitTechnician.visit_id == Visit.id,
        VisitTechnician.lead,
    )
    crew = (
        select(func.count()).select_from(VisitTechnician)
        .where(VisitTechnician.tenant_id == Visit.tenant_id, VisitTechnician.visit_id == Visit.id)
        .correlate(Visit).scalar_subquery()
    )  # fmt: skip
    found = db.session.execute(
        select(Visit, DispatchJob, Technician.name, Technician.id, crew)
        .join(DispatchJob, and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id))
        .outerjoin(VisitTechnician, lead)
        .outerjoin(Technician, and_(Technician.tenant_id == Visit.tenant_id, Technician.id == VisitTechnician.technician_id))
        .where(Visit.tenant_id == tenant, Visit.id == visit_id)
        .execution_options(populate_existing=True)
    ).one_or_none()  # fmt: skip
    return None if found is None else Found(found[0], found[1], found[2] or "", found[3], int(found[4]))


def address(job: DispatchJob) -> str:
    """Where a job is, on one line."""
    street = " ".join(x for x in (job.service_address, job.service_unit) if x)
    town = " ".join(x for x in (job.service_city, job.service_state, job.service_zip) if x)
    return ", ".join(x for x in (street, town) if x)


def visit_ids(job_id: int) -> list[int]:
    """The visits of a job, in their order."""
    statement = select(Visit.id).where(Visit.tenant_id == context.tenant_id(), Visit.job_id == job_id)
    return list(db.session.scalars(statement.order_by(Visit.position)))


def told(visit_id: int) -> tuple[datetime, datetime] | None:
    """The arrival window that a customer was told last; None when nothing was told."""
    row = db.session.execute(
        select(VisitMessage.told_start, VisitMessage.told_end)
        .where(VisitMessage.tenant_id == context.tenant_id(), VisitMessage.visit_id == visit_id,
               VisitMessage.kind.in_(TIMED), VisitMessage.told_start.is_not(None))
        .order_by(VisitMessage.id.desc()).limit(1)
    ).one_or_none()  # fmt: skip
    return None if row is None or row[0] is None or row[1] is None else (row[0], row[1])


def replaced(visit_id: int) -> bool:
    """Whether an earlier customer of the job was told of a visit."""
    found = select(VisitMessage.id).where(
        VisitMessage.tenant_id == context.tenant_id(), VisitMessage.visit_id == visit_id,
        VisitMessage.mark.like(f"{BEFORE}%"),
    )  # fmt: skip
    return db.session.scalar(found.limit(1)) is not None


def choice(customer_id: int | None) -> ContactChoice | None:
    """How a customer wants to be told; None: however they can be."""
    if customer_id is None:
        return None
    return db.session.scalar(
        select(ContactChoice)
        .where(ContactChoice.tenant_id == context.tenant_id(), ContactChoice.customer_id == customer_id)
        .order_by(ContactChoice.id.desc())
        .limit(1)
    )


def customer(customer_id: int | None) -> Customer | None:
    """The customer of a job."""
    return None if customer_id is None else db.session.get(Customer, (context.tenant_id(), customer_id))


def link(token_hash: bytes) -> VisitLink | None:
    """A customer's link by the hash of its token."""
    return db.session.scalar(
        select(VisitLink).where(
            VisitLink.tenant_id == context.tenant_id(), VisitLink.token_hash == token_hash
        )
    )


def position(technician_id: int) -> TechnicianPosition | None:
    """Where a technician was seen last."""
    return db.session.get(TechnicianPosition, (context.tenant_id(), technician_id))


def set_off_from(technician_id: int, visit: Visit, set_off: datetime) -> tuple[float, float] | None:
    """Where a technician was when setting off for a visit: at the last stop of that day, else where their days start.
    None when that is not known."""
    tenant = context.tenant_id()
    last = db.session.execute(
        select(DispatchJob.latitude, DispatchJob.longitude)
        .select_from(VisitTechnician)
        .join(Visit, and_(Visit.tenant_id == VisitTechnician.tenant_id, Visit.id == VisitTechnician.visit_id))
        .join(DispatchJob, and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id))
        .where(VisitTechnician.tenant_id == tenant, VisitTechnician.technician_id == technician_id,
               VisitTechnician.starts_at > set_off - WORKDAY, Visit.id != visit.id,
               Visit.on_site_at > set_off - WORKDAY, Visit.on_site_at <= set_off)
        .order_by(Visit.on_site_at.desc()).limit(1)
    ).one_or_none()  # fmt: skip
    if last is None:
        last = db.session.execute(
            select(DispatchProfile.latitude, DispatchProfile.longitude)
            .where(DispatchProfile.tenant_id == tenant, DispatchProfile.technician_id == technician_id)
        ).one_or_none()  # fmt: skip
    return None if last is None or last[0] is None else (float(last[0]), float(last[1]))


def moves(visit_id: int) -> int:
    """How often the customer has moved a visit."""
    return int(
        db.session.scalar(
            select(func.count())
            .select_from(VisitRequest)
            .where(VisitRequest.tenant_id == context.tenant_id(), VisitRequest.visit_id == visit_id,
                   VisitRequest.kind == "move", VisitRequest.status == "done")
        ) or 0
    )  # fmt: skip


def cancel_request(visit_id: int) -> VisitRequest | None:
    """The customer's wish to cancel a visit that the office has not decided on."""
    return db.session.scalar(
        select(VisitRequest).where(VisitRequest.tenant_id == context.tenant_id(), VisitRequest.visit_id == visit_id,
                                   VisitRequest.kind == "cancel", VisitRequest.status == "open").limit(1)
    )  # fmt: skip


def open_requests(limit: int = 50) -> Sequence[Row[Any]]:
    """What customers asked for and nobody has decided, the oldest first: `id, job_id, note, created_at, title, customer_name`."""
    return rows(
        select(VisitRequest.id, VisitRequest.job_id, VisitRequest.kind, VisitRequest.note, VisitRequest.created_at,
               DispatchJob.title, DispatchJob.customer_name, DispatchJob.scheduled_start, DispatchJob.scheduled_end)
        .join(DispatchJob, and_(DispatchJob.tenant_id == VisitRequest.tenant_id, DispatchJob.id == VisitRequest.job_id))
        .where(VisitRequest.tenant_id == context.tenant_id(), VisitRequest.status == "open")
        .order_by(VisitRequest.id)
        .limit(limit)
    )  # fmt: skip


def messages(job_id: int, limit: int = 30) -> Sequence[Row[Any]]:
    """What was told of a job's visits, newest first, with what became of each message."""
    return rows(
        select(VisitMessage.kind, VisitMessage.channel, VisitMessage.created_at, Message.id, Message.status, Message.why,
               Message.to_address)
        .join(Message, and_(Message.tenant_id == VisitMessage.tenant_id, Message.id == VisitMessage.message_id))
        .where(VisitMessage.tenant_id == context.tenant_id(), VisitMessage.job_id == job_id)
        .order_by(VisitMessage.id.desc())
        .limit(limit)
    )  # fmt: skip


# The summary --------------------------------------------------------------------------------------------------------


def public_files(job_id: int, visit_id: int | None = None) -> Sequence[Row[Any]]:
    """Photos and signatures that the customer may see: of one visit, with those of none, or of the whole job."""
    statement = (
        select(JobFile, StoredFile)
        .join(StoredFile, and_(StoredFile.tenant_id == JobFile.tenant_id, StoredFile.id == JobFile.file_id))
        .where(JobFile.tenant_id == context.tenant_id(), JobFile.job_id == job_id, JobFile.public,
               JobFile.kind.in_(("photo", "signature")))
        .order_by(JobFile.taken_at, JobFile.id)
        .limit(60)
    )  # fmt: skip
    if visit_id is not None:
        statement = statement.where(or_(JobFile.visit_id == visit_id, JobFile.visit_id.is_(None)))
    return rows(statement)


def materials(job_id: int) -> Sequence[Row[Any]]:
    """What was used: `description, quantity_milli`, the same things added up."""
    return rows(
        select(JobMaterial.description, func.sum(JobMaterial.quantity_milli).label("quantity_milli"))
        .where(JobMaterial.tenant_id == context.tenant_id(), JobMaterial.job_id == job_id)
        .group_by(JobMaterial.description)
        .order_by(func.min(JobMaterial.id))
    )


def public_notes(job_id: int) -> Sequence[str]:
    """Notes that the customer may read, in their order."""
    statement = select(JobNote.body).where(
        JobNote.tenant_id == context.tenant_id(), JobNote.job_id == job_id, JobNote.public
    )
    return db.session.scalars(statement.order_by(JobNote.id).limit(20)).all()


def crew(visit_id: int) -> list[str]:
    """Names of who is sent on a visit, the lead first."""
    statement = (
        select(Technician.name)
        .join(VisitTechnician, and_(VisitTechnician.tenant_id == Technician.tenant_id,
                                    VisitTechnician.technician_id == Technician.id))
        .where(VisitTechnician.tenant_id == context.tenant_id(), VisitTechnician.visit_id == visit_id)
        .order_by(VisitTechnician.lead.desc(), Technician.name)
    )  # fmt: skip
    return list(db.session.scalars(statement))
