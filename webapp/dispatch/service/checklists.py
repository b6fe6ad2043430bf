"""Checklists that jobs get: written once, put on every job of a type by itself, and on others by hand."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select

from webapp.dispatch import events as told
from webapp.dispatch.permissions import DISPATCH_EDIT, DISPATCH_SETTINGS
from webapp.dispatch.queries import checklists as reading
from webapp.dispatch.rules import checklists as rules
from webapp.dispatch.rules import statuses, values
from webapp.kit import context, errors, events, journal, streams
from webapp.kit.db import add, db, get
from webapp.kit.permissions import demand
from webapp.models import ChecklistStep, ChecklistTemplate, DispatchJob

streams.TOPICS["checklist"] = "checklists-changed"
_EXAMPLE = {"id": 3, "name": "Furnace tune-up", "job_type": "maintenance", "steps": [{"text": "Check for gas", "required": True}],
            "archived": False}  # fmt: skip
CREATED = events.declare("checklist.created", "A checklist was added", _EXAMPLE)
UPDATED = events.declare("checklist.updated", "A checklist was changed, put away or taken back", _EXAMPLE)


def create(given: Mapping[str, Any]) -> ChecklistTemplate:
    """Add a checklist; jobs of its type get it from now on. Raises Invalid, Conflict for a name that is taken."""
    demand(DISPATCH_SETTINGS)
    found = rules.cleaned({"name": "", "steps": [], **given})
    _check_name(found["name"], None)
    made = add(ChecklistTemplate(**found))
    journal.audit("checklist.created", made)
    events.emit(CREATED, made.id, payload(made))
    return made


def update(checklist_id: int, changes: Mapping[str, Any]) -> ChecklistTemplate:
    """Change a checklist, for jobs booked from now on; what is not named stays. Raises as :func:`create`."""
    demand(DISPATCH_SETTINGS)
    checklist = get(ChecklistTemplate, checklist_id, what="checklist", lock=True)
    before = journal.snapshot(checklist)
    found = rules.cleaned(changes)
    if changes.get("archived") is not None:
        found["archived"] = bool(changes["archived"])
    found = {k: v for k, v in found.items() if before[k] != v}
    if not found:
        return checklist
    if "name" in found or found.get("archived") is False:
        _check_name(found.get("name", checklist.name), checklist.id)
    for name, value in found.items():
        setattr(checklist, name, value)
    db.session.flush()
    journal.audit("checklist.updated", checklist, before=before)
    events.emit(UPDATED, checklist.id, payload(checklist))
    return checklist


def put_on(job_id: int, checklist_id: int) -> DispatchJob:
    """Put a checklist on a job, behind the steps it has. Raises Conflict when it has it already, is over, or has too many steps."""
    demand(DISPATCH_EDIT)
    job = get(DispatchJob, job_id, lock=True, what="job")
    checklist = get(ChecklistTemplate, checklist_id, what="checklist")
    if job.status in statuses.OVER:
        raise errors.Conflict(f"This job is {statuses.WORDS[job.status]}.")
    if checklist.archived:
        raise errors.Conflict(f"{checklist.name} is put away.")
    tenant = context.tenant_id()
    mine = select(ChecklistStep.checklist).where(
        ChecklistStep.tenant_id == tenant, ChecklistStep.job_id == job.id
    )
    there = db.session.scalars(mine).all()
    if checklist.name in there:
        raise errors.Conflict(f"The job has {checklist.name} already.")
    if len(there) + len(checklist.steps) > values.MOST_STEPS:
        raise errors.Conflict(f"A job has at most {values.MOST_STEPS} steps.")
    first = reading.last_position(job.id) + 1
    db.session.add_all(
        ChecklistStep(tenant_id=tenant, job_id=job.id, position=first + n, checklist=checklist.name, body=step["text"],
                      required=bool(step.get("required")))
        for n, step in enumerate(checklist.steps)
    )  # fmt: skip
    return _changed(job, "dispatch.checklist-added", checklist.name)


def take_off(job_id: int, name: str) -> DispatchJob:
    """Take a checklist off a job; steps that were done stay. Raises Conflict when nothing of it can be taken off."""
    demand(DISPATCH_EDIT)
    job = get(DispatchJob, job_id, lock=True, what="job")
    gone = db.session.execute(
        delete(ChecklistStep).where(
            ChecklistStep.tenant_id == context.tenant_id(),
            ChecklistStep.job_id == job.id,
            ChecklistStep.checklist == name,
            ChecklistStep.done_at.is_(None),
        )
    )
    if not gone.rowcount:  # type: ignore[attr-defined]  # a DELETE gives a CursorResult
        raise errors.Conflict("No step of this list is open on the job.")
    return _changed(job, "dispatch.checklist-removed", name)


def payload(checklist: ChecklistTemplate) -> dict[str, Any]:
    """What events tell of a checklist."""
    return {name: getattr(checklist, name) for name in _EXAMPLE}


def _changed(job: DispatchJob, action: str, name: str) -> DispatchJob:
    db.session.flush()
    journal.audit(action, job, diff={}, checklist=name)
    events.emit(told.DETAIL, job.id, told.payload(job, what="checklist", detail_id=None))
    return job


def _check_name(name: str, checklist_id: int | None) -> None:
    if reading.named(name, checklist_id) is not None:
        sentence = f"There is a checklist {name} already."
        raise errors.Conflict(sentence, details={"fields": {"name": sentence}})
