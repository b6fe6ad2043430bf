"""What a technician's phone does on a job, perhaps hours after it happened: each act once, and never over the office's head.

An act carries what the phone saw before (`seen`). Where the record is not so any more and not as the phone wants it, both
versions are a :class:`Clash`; what only adds something (a note, a photo) never clashes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from webapp.dispatch import events as told
from webapp.dispatch import words
from webapp.dispatch.queries import own
from webapp.dispatch.rules import statuses
from webapp.dispatch.service import attachments, current, details, materials, positions, reported, steps
from webapp.dispatch.service.authors import Author
from webapp.kit import clock, context, errors, events, files, journal, timeline
from webapp.kit.db import db, find, get
from webapp.models import ChecklistStep, DispatchJob, JobFile, Visit

REASON = "As the technician's phone has it"
KEPT = "kept_file"  # where a clash keeps the picture that came with the act
PICTURED: Final = ("photo", "signature")
WHOLE: Final = ("visit_id", "step_id", "material_id", "file_id", "equipment_id", "item_id", "quantity_milli",
         "unit_price_cents")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Act:
    """One thing done on a job. `picture` are the bytes of a photo or signature."""

    kind: str
    job_id: int
    data: Mapping[str, Any]
    picture: bytes = b""


@dataclass(frozen=True, slots=True)
class Clash:
    """Both versions of one thing. `words` says in a sentence what the office has."""

    subject: str
    words: str
    found: Mapping[str, Any]
    sent: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Done:
    """What an act came to: the id of what was made, and what could not be taken over beside it."""

    record_id: int | None = None
    clash: Clash | None = None


class Clashed(errors.Conflict):
    """The whole act clashes: nothing of it was done."""

    def __init__(self, clash: Clash) -> None:
        super().__init__(clash.words)
        self.clash = clash


Perform = Callable[[Act, datetime, Author | None], Done]


def perform(act: Act, at: datetime) -> Done:
    """Do what a technician did on one of their jobs at a moment (UTC).

    Raises Clashed, NotFound for a job that is not theirs (any more), Invalid for what cannot be.
    """
    if act.kind not in ACTS:
        raise errors.Invalid.one("kind", f"must be one of {', '.join(ACTS)}.")
    return ACTS[act.kind](act, at, None)


def check(data: Mapping[str, Any]) -> None:
    """Whether the numbers that come with an act are numbers. Raises Invalid: a phone would send again for ever what broke."""
    whole = all(data.get(n) is None or (type(data[n]) is int and abs(data[n]) < 2**63) for n in WHOLE)
    if not whole or any(type(data.get(n)) not in (int, float, type(None)) for n in ("latitude", "longitude")):
        raise errors.Invalid.one("data", "This cannot be read.")


def force(act: Act, at: datetime, author: Author) -> None:
    """Do it all the same, because somebody decided for the phone's version. Raises Conflict where that cannot be."""
    data = {k: v for k, v in act.data.items() if not k.startswith("seen")}
    if act.kind == "status":
        _force_status(act, at, author)
    else:
        kept = files.seek(data.get(KEPT))
        picture = files.read(kept) if kept is not None else b""
        ACTS[act.kind](Act(act.kind, act.job_id, data, picture), at, author)
        if kept is not None:
            files.delete(kept)


def _force_status(act: Act, at: datetime, author: Author) -> None:
    visit = _visit(act)
    if visit.status != act.data["status"]:
        at = max(at, clock.now() - reported.BACK)  # decided late, it is written all the same
        given = steps.Report(status=act.data["status"], happened_at=at, reason=REASON, technician_id=author.technician_id,
                             outcome=act.data.get("outcome") or None)  # fmt: skip
        steps.report(visit.id, given)


# Steps ------------------------------------------------------------------------------------------------------------


def _status(act: Act, at: datetime, author: Author | None) -> Done:
    visit, job = _own_visit(act), get(DispatchJob, act.job_id, lock=True)
    to, seen = str(act.data.get("status", "")), act.data.get("seen")
    outcome, clash = _outcome_beside(act, job)
    if visit.status == to or _is_behind(to, visit, seen):
        _fill_in(job, visit, to, at)
        if outcome is not None:
            _write_outcome(job, outcome)
        return Done(visit.id, clash)
    given = steps.Report(status=to, happened_at=at, outcome=outcome, latitude=act.data.get("latitude"),
                         longitude=act.data.get("longitude"))  # fmt: skip
    try:
        steps.report(visit.id, given)
    except errors.Conflict as problem:
        if to not in statuses.STATUSES:
            raise
        raise Clashed(_status_clash(job, visit, problem)) from None
    positions.along(given.latitude, given.longitude, at)
    return Done(visit.id, clash)


def _is_behind(to: str, visit: Visit, seen: Any) -> bool:
    """Whether the office has taken this step and more meanwhile: no contradiction, only later news."""
    order = statuses.ORDER
    return to in order and visit.status in order and seen in order and (
        order.index(seen) <= order.index(to) < order.index(visit.status))  # fmt: skip


def _fill_in(job: DispatchJob, visit: Visit, to: str, at: datetime) -> None:
    """When a step happened that nobody had reported. Promises are measured by it, so the history says whose word it is."""
    column = f"{to}_at"
    if hasattr(visit, column) and getattr(visit, column) is None:
        before = journal.snapshot(visit)
        setattr(visit, column, at)
        db.session.flush()
        diff = journal.difference(before, journal.snapshot(visit))
        journal.audit("dispatch.step-time", job, diff=diff, visit_id=visit.id, step=words.STATUSES[to])


def _status_clash(job: DispatchJob, visit: Visit, problem: errors.Conflict) -> Clash:
    now = words.STATUSES[visit.status]
    found = {"status": visit.status, "words": now, "why": problem.message, "by": _who_changed(job)}
    if job.status == "cancelled":
        found["words"] = f"Cancelled: {job.cancel_reason}"
    elif job.held_at is not None:
        found["words"] = f"On hold: {job.hold_reason}"
    return Clash("status", f"{found['words']}. {problem.message}", found)


def _who_changed(job: DispatchJob) -> str:
    """Who of the others changed a job last, as far as the last entries of its history tell."""
    found, _ = timeline.read("dispatch_job", job.id)
    me = context.principal().label
    return next((entry.actor_name for entry in found if entry.actor != me), "")


# What was done ----------------------------------------------------------------------------------------------------


def _outcome(act: Act, at: datetime, author: Author | None) -> Done:
    if author is None:
        _own_visit(act)
    job = get(DispatchJob, act.job_id, lock=True)
    text, clash = _outcome_beside(act, job)
    if clash is not None:
        raise Clashed(clash)
    if text is not None:
        _write_outcome(job, text)
    return Done(job.id)


def _outcome_beside(act: Act, job: DispatchJob) -> tuple[str | None, Clash | None]:
    """The text to write, if any, and the clash where the office wrote another one meanwhile."""
    text = act.data.get("outcome")
    if not isinstance(text, str) or not text.strip() or text.strip() == job.outcome:
        return None, None
    seen = act.data.get("seen_outcome")
    if isinstance(seen, str) and job.outcome and job.outcome != seen:
        found = {"words": job.outcome, "by": _who_changed(job)}
        return None, Clash(
            "what was done", f"The office has: {job.outcome[:200]}", found, {"outcome": text.strip()}
        )
    return text.strip(), None


def _write_outcome(job: DispatchJob, text: str) -> None:
    before = journal.snapshot(job)
    job.outcome = text[:10_000]
    job.version += 1
    db.session.flush()
    journal.audit("dispatch.updated", job, before=before)
    events.emit(told.UPDATED, job.id, told.payload(job, changed=["outcome"]))


# What belongs to it -----------------------------------------------------------------------------------------------


def _checklist(act: Act, at: datetime, author: Author | None) -> Done:
    data = act.data
    step = find(ChecklistStep, int(data.get("step_id") or 0))
    if step is None or step.job_id != act.job_id:
        raise errors.NotFound("This step is not on the checklist any more.")
    done, note = bool(data.get("done")), str(data.get("note") or "").strip()
    now = {"done": step.done_at is not None, "note": step.note}
    seen = data.get("seen")
    if author is None and isinstance(seen, dict) and now not in (seen, {"done": done, "note": note}):
        said = "done" if now["done"] else "not done"
        shown = f"{said}: {step.note}" if step.note else said
        found = {
            **now,
            "words": shown[0].upper() + shown[1:],
            "by": step.done_by or _who_changed(get(DispatchJob, act.job_id)),
        }
        raise Clashed(Clash(f"checklist step “{step.body}”", f"The office has: {shown}.", found))
    details.set_step(act.job_id, step.id, done=done, note=note, at=at, by=author)
    return Done(step.id)


def _note(act: Act, at: datetime, author: Author | None) -> Done:
    body = str(act.data.get("body") or "")
    return Done(
        details.write_note(act.job_id, body, public=bool(act.data.get("public")), at=at, by=author).id
    )


def _material(act: Act, at: datetime, author: Author | None) -> Done:
    data = act.data
    made = materials.add_material(
        act.job_id, item_id=data.get("item_id"), description=str(data.get("description") or ""),
        quantity_milli=int(data.get("quantity_milli") or 0), unit_price_cents=data.get("unit_price_cents"), at=at, by=author,
    )  # fmt: skip
    return Done(made.id)


def _remove_material(act: Act, at: datetime, author: Author | None) -> Done:
    try:
        materials.remove_material(act.job_id, int(act.data.get("material_id") or 0))
    except errors.NotFound:
        if author is None:
            _own_visit(act)  # gone already is as wished; a job of somebody else is not
    return Done()


def _photo(act: Act, at: datetime, author: Author | None) -> Done:
    data = act.data
    made = attachments.add_photo(act.job_id, act.picture, caption=str(data.get("caption") or ""),
                                 stage=str(data.get("stage") or ""), at=at, by=author)  # fmt: skip
    return Done(made.id)


def _signature(act: Act, at: datetime, author: Author | None) -> Done:
    return Done(
        attachments.add_signature(
            act.job_id, act.picture, str(act.data.get("signer") or ""), at=at, by=author
        ).id
    )


def _remove_file(act: Act, at: datetime, author: Author | None) -> Done:
    number = int(act.data.get("file_id") or 0)
    if find(JobFile, number) is not None:
        attachments.remove_file(act.job_id, number)
    elif author is None:
        _own_visit(act)
    return Done()


def _reading(act: Act, at: datetime, author: Author | None) -> Done:
    data = act.data
    made = details.take_reading(
        act.job_id, int(data.get("equipment_id") or 0), str(data.get("name") or ""), str(data.get("value") or ""),
        unit=str(data.get("unit") or ""), at=at, by=author,
    )  # fmt: skip
    return Done(made.id)


ACTS: Final[Mapping[str, Perform]] = {
    "status": _status,
    "outcome": _outcome,
    "checklist": _checklist,
    "note": _note,
    "material": _material,
    "material-removed": _remove_material,
    "photo": _photo,
    "signature": _signature,
    "file-removed": _remove_file,
    "reading": _reading,
}


def _own_visit(act: Act) -> Visit:
    return own.visit_of(act.job_id, act.data.get("visit_id"))


def _visit(act: Act) -> Visit:
    """The visit that an act names, else the job's present one, whoever asks."""
    named = find(Visit, int(act.data.get("visit_id") or 0))
    if named is not None and named.job_id == act.job_id:
        return named
    return current.visit_of(get(DispatchJob, act.job_id))
