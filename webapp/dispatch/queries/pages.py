"""Reading jobs for their pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, case, func, select

from webapp.accounts import queries as accounts
from webapp.dispatch import words
from webapp.dispatch.queries.jobs import Filters, conditions
from webapp.kit import clean, context, csv, money, timeline
from webapp.kit import words as kit_words
from webapp.kit.db import db, rows
from webapp.models import (
    ChecklistStep,
    DispatchJob,
    Equipment,
    EquipmentReading,
    JobEquipment,
    JobFile,
    JobMaterial,
    JobNote,
    PhoneConflict,
    Skill,
    StoredFile,
    Technician,
)
from webapp.technicians import queries as technicians


def listed() -> Any:
    """The rows of the list page."""
    return select(
        DispatchJob.id, DispatchJob.title, DispatchJob.job_type, DispatchJob.priority, DispatchJob.status,
        DispatchJob.customer_id, DispatchJob.customer_name, DispatchJob.customer_phone, DispatchJob.service_address,
        DispatchJob.service_unit, DispatchJob.service_city, DispatchJob.service_state, DispatchJob.service_zip,
        DispatchJob.scheduled_start, DispatchJob.scheduled_end, DispatchJob.window_start, DispatchJob.window_end,
        DispatchJob.technician_id, DispatchJob.held_at, DispatchJob.confirmed_at, DispatchJob.tags, DispatchJob.price_cents,
        DispatchJob.created_at, DispatchJob.updated_at, Technician.name.label("technician"),
    ).outerjoin(Technician, and_(Technician.tenant_id == DispatchJob.tenant_id,
                                 Technician.id == DispatchJob.technician_id))  # fmt: skip


def csv_columns() -> dict[str, list[Any]]:
    """The list's columns as a file has them."""
    job, zone = DispatchJob, accounts.organization().time_zone
    return {
        "number": [job.id.label("Job"), csv.safe(job.title).label("Title")],
        "scheduled_start": [csv.moment(job.scheduled_start, zone).label("Starts"),
                            csv.moment(job.scheduled_end, zone).label("Ends")],
        "customer": [csv.safe(job.customer_name).label("Customer"), csv.phone(job.customer_phone).label("Phone")],
        "address": [csv.safe(job.service_address).label("Address"), csv.safe(job.service_city).label("City"),
                    csv.safe(job.service_zip).label("ZIP")],
        "technician": [csv.safe(Technician.name).label("Technician")],
        "status": [case(*((job.status == k, v) for k, v in words.STATUSES.items())).label("Status")],
        "job_type": [case(*((job.job_type == k, v) for k, v in words.TYPES.items())).label("Type")],
        "priority": [case(*((job.priority == k, v) for k, v in words.PRIORITIES.items())).label("Priority")],
        "price_cents": [csv.dollars(job.price_cents).label("Price")],
        "created_at": [csv.moment(job.created_at, zone).label("Booked")],
        "updated_at": [csv.moment(job.updated_at, zone).label("Changed")],
    }  # fmt: skip


def states() -> dict[str, int]:
    """How many jobs there are in each state of the tabs, in one statement."""
    job = DispatchJob
    open_ = job.status.not_in(("completed", "cancelled"))
    row = rows(
        select(
            func.count().filter(and_(job.status == "pending", job.held_at.is_(None))).label("unassigned"),
            func.count().filter(and_(job.held_at.is_not(None), open_)).label("on_hold"),
            func.count().filter(open_).label("open"),
        ).where(job.tenant_id == context.tenant_id(), open_)
    )[0]
    return dict(row._mapping)


def ids(filters: Filters, limit: int) -> list[int]:
    """Ids of all jobs that match, for “all that match” of a bulk action."""
    statement = select(DispatchJob.id).where(*conditions(filters)).order_by(DispatchJob.id).limit(limit)
    return list(db.session.scalars(statement))


def skill_choices() -> list[tuple[int, str]]:
    """Skills as choices of a form."""
    found = rows(
        select(Skill.id, Skill.name)
        .where(Skill.tenant_id == context.tenant_id(), Skill.archived.is_(False))
        .order_by(Skill.name)
    )
    return [(row.id, row.name) for row in found]


def notes(job_id: int) -> Sequence[JobNote]:
    """A job's notes, pinned ones first, then the newest."""
    return db.session.scalars(
        select(JobNote)
        .where(JobNote.tenant_id == context.tenant_id(), JobNote.job_id == job_id)
        .order_by(JobNote.pinned.desc(), JobNote.id.desc())
        .limit(200)
    ).all()


def steps(job_id: int) -> Sequence[ChecklistStep]:
    """A job's checklist in its order."""
    return db.session.scalars(
        select(ChecklistStep)
        .where(ChecklistStep.tenant_id == context.tenant_id(), ChecklistStep.job_id == job_id)
        .order_by(ChecklistStep.position)
    ).all()


def files(job_id: int) -> Sequence[Row[Any]]:
    """A job's photos, signatures and documents with their stored files."""
    return rows(
        select(JobFile, StoredFile)
        .join(StoredFile, and_(StoredFile.tenant_id == JobFile.tenant_id, StoredFile.id == JobFile.file_id))
        .where(JobFile.tenant_id == context.tenant_id(), JobFile.job_id == job_id)
        .order_by(JobFile.id)
        .limit(200)
    )


def materials(job_id: int) -> Sequence[JobMaterial]:
    """What was used on a job."""
    return db.session.scalars(
        select(JobMaterial)
        .where(JobMaterial.tenant_id == context.tenant_id(), JobMaterial.job_id == job_id)
        .order_by(JobMaterial.id)
    ).all()


def units(job_id: int) -> Sequence[Equipment]:
    """The equipment a job is about."""
    return db.session.scalars(
        select(Equipment)
        .join(
            JobEquipment,
            and_(JobEquipment.tenant_id == Equipment.tenant_id, JobEquipment.equipment_id == Equipment.id),
        )
        .where(JobEquipment.tenant_id == context.tenant_id(), JobEquipment.job_id == job_id)
        .order_by(Equipment.kind, Equipment.id)
    ).all()


def readings(job_id: int) -> Sequence[EquipmentReading]:
    """What was measured on a job."""
    return db.session.scalars(
        select(EquipmentReading)
        .where(EquipmentReading.tenant_id == context.tenant_id(), EquipmentReading.job_id == job_id)
        .order_by(EquipmentReading.taken_at, EquipmentReading.id)
        .limit(200)
    ).all()


def conflicts(job_id: int) -> Sequence[Row[Any]]:
    """Where a phone and the office differ on a job and nobody has decided, with the technician's name."""
    return rows(
        select(PhoneConflict, Technician.name)
        .join(Technician, and_(Technician.tenant_id == PhoneConflict.tenant_id,
                               Technician.id == PhoneConflict.technician_id))
        .where(PhoneConflict.tenant_id == context.tenant_id(), PhoneConflict.job_id == job_id,
               PhoneConflict.resolved_at.is_(None))
        .order_by(PhoneConflict.id)
    )  # fmt: skip


def conflicts_open(job_id: int, technician_id: int) -> int:
    """How many of a technician's conflicts on a job nobody has decided."""
    return int(
        db.session.scalar(
            select(func.count())
            .select_from(PhoneConflict)
            .where(PhoneConflict.tenant_id == context.tenant_id(), PhoneConflict.job_id == job_id,
                   PhoneConflict.technician_id == technician_id, PhoneConflict.resolved_at.is_(None))
        ) or 0
    )  # fmt: skip


DEEDS = {
    "dispatch.created": timeline.Deed("booked this job", "calendar-plus", "success"),
    "dispatch.updated": timeline.Deed("changed the details", "pencil", "accent", diff=True),
    "dispatch.assigned": timeline.Deed("sent technicians", "user-check", "accent", body="reason", diff=True),
    "dispatch.unassigned": timeline.Deed(
        "took the technicians off", "user-x", "warning", body="reason", diff=True
    ),
    "dispatch.moved": timeline.Deed("moved a visit", "calendar-clock", "accent", body="reason", diff=True),
    "dispatch.status": timeline.Deed("set another status", "arrow-right", "accent", body="reason", diff=True),
    "dispatch.held": timeline.Deed("put it on hold", "pause", "warning", body="reason"),
    "dispatch.released": timeline.Deed("released it", "play", "success"),
    "dispatch.cancelled": timeline.Deed("cancelled it", "ban", "danger", body="reason"),
    "dispatch.confirmed": timeline.Deed("noted that the customer confirmed", "circle-check", "success"),
    "dispatch.unconfirmed": timeline.Deed("took the confirmation back", "circle-help", "warning"),
    "dispatch.visit-added": timeline.Deed("added a visit", "calendar-plus", "accent", body="reason"),
    "dispatch.noted": timeline.Deed("wrote a note", "message-square-text", "accent", body="note"),
    "dispatch.checklist-added": timeline.Deed("put the checklist {checklist} on it", "list-checks", "accent"),
    "dispatch.checklist-removed": timeline.Deed("took the checklist {checklist} off", "list-x", "warning"),
    "dispatch.located": timeline.Deed("found where it is ({source})", "map-pin", "info"),
    "dispatch.step-time": timeline.Deed("said when “{step}” was", "clock", diff=True),
    "dispatch.step-done": timeline.Deed("did “{step}”", "list-checks", "success", body="note"),
    "dispatch.material-added": timeline.Deed("used {material}", "package-plus", "accent"),
    "dispatch.material-removed": timeline.Deed("took {material} off", "package-open", "warning"),
    "dispatch.photo-added": timeline.Deed("added a photo", "camera", "accent", body="caption"),
    "dispatch.signature-added": timeline.Deed("had {signer} sign", "signature", "success"),
    "dispatch.document-added": timeline.Deed("added a file", "file-text", "accent", body="caption"),
    "dispatch.file-removed": timeline.Deed("removed a {kind}", "trash-2", "warning", body="file"),
    "dispatch.reading-taken": timeline.Deed("measured {reading}", "gauge", "accent"),
    "dispatch.phone-conflict": timeline.Deed(
        "sent another version from the phone: {subject}", "git-compare", "warning"
    ),
    "dispatch.conflict-decided": timeline.Deed("decided on {subject}: {choice}", "circle-check", "success"),
    "phone.refused": timeline.Deed(
        "sent something from the phone that could not be kept", "circle-alert", "warning", body="message"
    ),
    "dispatch.step-undone": timeline.Deed("took “{step}” back", "list-x", "warning"),
}


def history(job_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to a job, newest first, and where the next piece begins."""
    found, following = timeline.read("dispatch_job", job_id, before=before)
    numbers = {v for row in found for v in _people(row.payload)}
    names = technicians.names(numbers)
    moment = _moment(accounts.organization().time_zone)
    fields = {
        "status": timeline.Shown("Status", lambda v: words.STATUSES.get(v, v or "")),
        "technician_id": timeline.Shown("Technician", lambda v: names.get(v, "") if v else "nobody"),
        "scheduled_start": timeline.Shown("Starts", moment),
        "scheduled_end": timeline.Shown("Ends", moment),
        "window_start": timeline.Shown("Promised from", moment),
        "window_end": timeline.Shown("Promised until", moment),
        "title": timeline.Shown("Title"),
        "description": timeline.Shown("Details"),
        "job_type": timeline.Shown("Type", lambda v: words.TYPES.get(v, v or "")),
        "priority": timeline.Shown("Priority", lambda v: words.PRIORITIES.get(v, v or "")),
        "customer_name": timeline.Shown("Customer"),
        "customer_phone": timeline.Shown("Phone", clean.phone_words),
        "service_address": timeline.Shown("Address"),
        "service_zip": timeline.Shown("ZIP"),
        "expected_minutes": timeline.Shown("Expected minutes"),
        "price_cents": timeline.Shown("Price", lambda v: "" if v is None else money.dollars(v)),
        "outcome": timeline.Shown("Outcome"),
        "skills": timeline.Shown("Needs", lambda v: ", ".join(v or ())),
        "equipment": timeline.Shown("Equipment", lambda v: ", ".join(v or ())),
        "tags": timeline.Shown("Tags", lambda v: ", ".join(v or ())),
        "service_unit": timeline.Shown("Unit"),
        "service_city": timeline.Shown("City"),
        "service_state": timeline.Shown("State"),
        "customer_email": timeline.Shown("Email"),
    }
    return [_entry(row, fields) for row in found], following


def _entry(row: Any, fields: dict[str, timeline.Shown]) -> dict[str, Any]:
    """One entry; a step reads as the status it led to, which then needs no line of its own."""
    shown = timeline.entry(row, DEEDS, fields)
    change = (row.payload.get("diff") or {}).get("status") or {}
    if row.action == "dispatch.status" and change.get("to") in words.STATUSES:
        shown["text"] = f"marked it {words.STATUSES[change['to']].lower()}"
        shown["diff"] = [line for line in shown["diff"] or () if line["field"] != "Status"]
    return shown


def _people(payload: dict[str, Any]) -> list[int]:
    change = (payload.get("diff") or {}).get("technician_id") or {}
    return [v for v in (change.get("from"), change.get("to")) if isinstance(v, int)]


def _moment(zone: str) -> Any:
    def show(value: Any) -> str:
        if not value:
            return ""
        return kit_words.date_words(datetime.fromisoformat(str(value)), "datetime", None, zone)

    return show
