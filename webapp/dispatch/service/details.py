"""Notes, checklist steps and readings of a job: written by the office, a phone, or a partner."""

from datetime import datetime

from webapp.dispatch import events as told
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.service.authors import Author, present, writable
from webapp.kit import clean, clock, errors, events, journal
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import may
from webapp.models import ChecklistStep, DispatchJob, Equipment, EquipmentReading, JobNote


def write_note(
    job_id: int, body: str, *, public: bool = False, pinned: bool = False, at: datetime | None = None,
    by: Author | None = None,
) -> JobNote:  # fmt: skip
    """Write a note on a job, by the office or by a technician who is sent on it. Raises Invalid when it is empty."""
    job = writable(job_id)
    try:
        text = clean.lines(body)
    except ValueError as problem:
        raise errors.Invalid.one("body", str(problem)) from None
    if not text:
        raise errors.Invalid.one("body", "Write something.")
    who = by or present()
    note = add(
        JobNote(job_id=job.id, body=text, public=public, pinned=pinned and may(DISPATCH_EDIT), author=who.name,
                technician_id=who.technician_id, written_at=at or clock.now())
    )  # fmt: skip
    journal.audit("dispatch.noted", job, diff={}, note=text, note_id=note.id, public=public)
    events.emit(told.DETAIL, job.id, told.payload(job, what="note", detail_id=note.id))
    return note


def set_step(
    job_id: int, step_id: int, *, done: bool, note: str = "", at: datetime | None = None, by: Author | None = None
) -> ChecklistStep:  # fmt: skip
    """Tick a step of a job's checklist, or take the tick back. A note explains one that was passed over.

    Raises NotFound for a step of another job.
    """
    job = writable(job_id)
    step = find(ChecklistStep, step_id, lock=True)
    if step is None or step.job_id != job.id:
        raise errors.NotFound(f"Job {job_id} has no checklist step with the number {step_id}.")
    try:
        tidy = clean.line(note, 500) if note else ""
    except ValueError as problem:
        raise errors.Invalid.one("note", str(problem)) from None
    if (step.done_at is not None) == done and step.note == tidy:
        return step
    step.done_at = (at or clock.now()) if done else None
    step.done_by, step.note, step.version = ((by or present()).name if done else ""), tidy, step.version + 1
    db.session.flush()
    journal.audit(
        f"dispatch.step-{'done' if done else 'undone'}",
        get(DispatchJob, job.id),
        diff={},
        step=step.body,
        note=tidy,
    )
    events.emit(told.DETAIL, job.id, told.payload(job, what="checklist", detail_id=step.id))
    return step


def take_reading(
    job_id: int, equipment_id: int, name: str, value: str, *, unit: str = "", at: datetime | None = None,
    by: Author | None = None,
) -> EquipmentReading:  # fmt: skip
    """Note what was measured on a unit at the job's property; the value is kept as it was written.

    Raises NotFound for a unit that is not there, Invalid without a name or a value.
    """
    job = writable(job_id)
    machine = find(Equipment, equipment_id)
    # a unit of the customer, wherever it stands: which one the job names may be a mistake of the booking
    if machine is None or machine.customer_id != job.customer_id:
        raise errors.NotFound(f"The customer has no equipment with the number {equipment_id}.")
    problems = clean.Problems()
    what = problems.of("name", clean.line, name, 80) or ""
    said = problems.of("value", clean.line, value, 80) or ""
    measure = problems.of("unit", clean.line, unit, 20) or ""
    problems.done()
    if not what:
        raise errors.Invalid.one("name", "Say what was measured.")
    if not said:
        raise errors.Invalid.one("value", "Write what it showed.")
    who = by or present()
    made = add(
        EquipmentReading(equipment_id=machine.id, job_id=job.id, name=what, value=said, unit=measure,
                         taken_at=at or clock.now(), taken_by=who.name)
    )  # fmt: skip
    journal.audit("dispatch.reading-taken", job, diff={}, reading=f"{what}: {said} {measure}".strip(),
                  equipment_id=machine.id, by=who.name)  # fmt: skip
    events.emit(told.DETAIL, job.id, told.payload(job, what="reading", detail_id=made.id))
    return made
