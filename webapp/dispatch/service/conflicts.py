"""The office and a phone without a signal changed the same thing: both versions are kept until somebody decides."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from webapp.accounts.service import notices
from webapp.dispatch import events as told
from webapp.dispatch.permissions import DISPATCH_EDIT, DISPATCH_OWN
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import pages
from webapp.dispatch.rules import versions
from webapp.dispatch.service import attachments, fieldwork
from webapp.dispatch.service.authors import Author
from webapp.kit import clock, context, errors, events, files, journal
from webapp.kit.db import add, db, get
from webapp.kit.permissions import may
from webapp.models import DispatchJob, PhoneConflict, Technician
from webapp.timesheets.service import telling as time_telling

MOST_OPEN: Final = 50  # conflicts of one technician on one job that nobody has decided
CHOICES: Final = {"phone": "the phone's version", "office": "the office's version"}


def keep(act: fieldwork.Act, clash: fieldwork.Clash, technician_id: int, at: datetime) -> PhoneConflict:
    """Keep both versions of what a phone and the office changed, and tell the office.

    Raises Invalid and TooLarge for a picture that is none.
    """
    job = get(DispatchJob, act.job_id)
    if pages.conflicts_open(job.id, technician_id) >= MOST_OPEN:
        raise errors.Invalid.one(
            "job_id", f"{MOST_OPEN} differences on this job wait for the office. Call them."
        )
    # which file it is says the server alone: a phone that named one could have any of the company's shown or deleted
    sent = {k: v for k, v in act.data.items() if k != fieldwork.KEPT} | dict(clash.sent)
    if act.picture and act.kind in fieldwork.PICTURED:
        sent[fieldwork.KEPT] = files.store(
            "from-the-phone", attachments.media_type(act.kind, act.picture), act.picture, purpose="job"
        ).id
    # what could not be taken over beside a step is an act of its own
    kind = "outcome" if clash.sent else act.kind
    found = add(
        PhoneConflict(job_id=job.id, technician_id=technician_id, subject=clash.subject, action=kind,
                      sent=journal.plain(sent), found=journal.plain(dict(clash.found)), happened_at=at,
                      created_at=clock.now())
    )  # fmt: skip
    name = get(Technician, technician_id).name
    journal.audit("dispatch.phone-conflict", job, diff={}, subject=clash.subject, conflict_id=found.id)
    events.emit(told.DETAIL, job.id, told.payload(job, what="conflict", detail_id=found.id))
    _tell_office(
        job, f"{name}'s phone and the office differ: {clash.subject} of job {job.id}", clash.words, found.id
    )
    return found


def conflict_words(found: PhoneConflict) -> dict[str, str]:
    """Both versions in words: `phone`, `office`, `why`, `by`."""
    return versions.of_conflict(found.action, found.sent, found.found)


def _tell_office(job: DispatchJob, title: str, text: str, conflict_id: int) -> None:
    for user in time_telling.those_who_may(DISPATCH_EDIT):
        notices.notify(user.id, "warning", title, text, f"/jobs/{job.id}", f"phone-conflict:{conflict_id}")


def resolve(conflict_id: int, choice: str, *, job_id: int | None = None) -> PhoneConflict:
    """Decide for one of the versions: `phone` does what the phone asked for, `office` leaves it as it is.

    `job_id`: the job on whose page it stands. The office decides any; a technician their own, where no step out of order
    is needed, and only while they are sent on the job. Raises Conflict when it is decided already or cannot be done (any
    more), NotFound.
    """
    found = get(PhoneConflict, conflict_id, lock=True, what="phone conflict")
    mine = may(DISPATCH_OWN) and found.technician_id == context.principal().technician_id
    if not (mine or may(DISPATCH_EDIT)) or found.job_id != (job_id or found.job_id):
        raise errors.NotFound(f"No phone conflict has the number {conflict_id}.")
    if choice not in CHOICES:
        raise errors.Invalid.one("choice", "must be phone or office.")
    if found.resolved_at is not None:
        raise errors.Conflict(f"This was decided already: {CHOICES[found.choice]} holds.")
    job = get(DispatchJob, found.job_id, lock=True)
    if not may(DISPATCH_EDIT) and not reading.is_sent(job.id, found.technician_id):
        raise errors.Conflict("This job is not yours any more: the office decides.")
    if choice == "phone":
        author = Author(get(Technician, found.technician_id).name, found.technician_id)
        fieldwork.force(fieldwork.Act(found.action, found.job_id, found.sent), found.happened_at, author)
    else:
        _let_go(found.sent)
    found.resolved_at, found.choice = clock.now(), choice
    found.resolved_by = context.principal().name
    db.session.flush()
    journal.audit("dispatch.conflict-decided", job, diff={}, subject=found.subject, conflict_id=found.id,
                  choice=CHOICES[choice])  # fmt: skip
    events.emit(told.DETAIL, job.id, told.payload(job, what="conflict", detail_id=found.id))
    for user in time_telling.those_who_may(DISPATCH_EDIT):
        notices.settle(user.id, f"phone-conflict:{found.id}")
    return found


def _let_go(sent: Mapping[str, Any]) -> None:
    """The picture that the phone sent along is of no use any more."""
    kept = files.seek(sent.get(fieldwork.KEPT))
    if kept is not None:
        files.delete(kept)
