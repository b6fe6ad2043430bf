"""Notes and checklist steps of a job: written by the office, a phone, or a partner."""

from datetime import datetime

from webapp.dispatch import events as told
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.queries import jobs as reading
from webapp.kit import clean, clock, context, errors, events, journal
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import may
from webapp.models import ChecklistStep, DispatchJob, JobNote


def write_note(
    job_id: int, body: str, *, public: bool = False, pinned: bool = False, at: datetime | None = None
) -> JobNote:
    """Write a note on a job, by the office or by a technician who is sent on it. Raises Invalid when it is empty."""
    job = reading.own_job(job_id)
    try:
        text = clean.lines(body)
    except ValueError as problem:
        raise errors.Invalid.one("body", str(problem)) from None
    if not text:
        raise errors.Invalid.one("body", "Write something.")
    who = context.principal()
    note = add(
        JobNote(job_id=job.id, body=text, public=public, pinned=pinned and may(DISPATCH_EDIT), author=who.name,
                technician_id=who.technician_id, written_at=at or clock.now())
    )  # fmt: skip
    journal.audit("dispatch.noted", job, diff={}, note=text, note_id=note.id, public=public)
    events.emit(told.DETAIL, job.id, told.payload(job, what="note", detail_id=note.id))
    return note


def set_step(
    job_id: int, step_id: int, *, done: bool, note: str = "", at: datetime | None = None
) -> ChecklistStep:
    """Tick a step of a job's checklist, or take the tick back. A note explains one that was passed over.

    Raises NotFound for a step of another job.
    """
    job = reading.own_job(job_id)
    step = find(ChecklistStep, step_id, lock=True)
    if step is None or step.job_id != job.id:
        raise errors.NotFound(f"Job {job_id} has no checklist step with the number {step_id}.")
    tidy = clean.line(note, 500) if note else ""
    if (step.done_at is not None) == done and step.note == tidy:
        return step
    step.done_at = (at or clock.now()) if done else None
    step.done_by, step.note, step.version = (context.principal().name if done else ""), tidy, step.version + 1
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
