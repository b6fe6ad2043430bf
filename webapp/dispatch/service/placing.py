"""When a visit is and who is sent: one command for drag, keyboard, page, phone and API."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete

from webapp.dispatch import events as told
from webapp.dispatch import settings
from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_EDIT, DISPATCH_OVERRIDE
from webapp.dispatch.queries import capacity, lanes
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.rules import clashes, statuses, values
from webapp.dispatch.service import current
from webapp.kit import clean, clock, context, errors, events, journal, locks, timeline
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import demand, may
from webapp.models import DispatchJob, Technician, Visit, VisitTechnician


class Stale(errors.Conflict):
    """Somebody changed the job since the caller saw it; `details` say how it stands now."""


class Clashing(errors.Conflict):
    """A placement with something in its way; `details["clashes"]` lists it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a visit is to go. What is None stays. `technician_ids`: the lead first; () takes everybody off.

    `version`: the visit's, as the caller saw it; `override_reason` accepts what is in the way.
    """

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    unschedule: bool = False
    technician_ids: tuple[int, ...] | None = None
    override_reason: str = ""
    pinned: bool | None = None
    version: int | None = None


def place(visit_id: int, to: Placement) -> Visit:
    """Move a visit in time, to other technicians, or both.

    Raises Stale when it was changed meanwhile, Clashing with every clash unless overridden by someone who may,
    Conflict when the visit is over, Invalid and NotFound.
    """
    demand(DISPATCH_ASSIGN)
    visit = _locked(visit_id)
    job = get(DispatchJob, visit.job_id)
    if to.version is not None and to.version != visit.version:
        raise Stale(_meanwhile(job, visit), details={"visit": brief(visit)})
    if visit.status in statuses.OVER:
        raise errors.Conflict(f"This visit is {statuses.WORDS[visit.status]}; it cannot be moved.")
    reason = _reason(to.override_reason)
    before, job_before = journal.snapshot(visit), journal.snapshot(job)
    was = [s.technician_id for s in reading.sent([visit.id])[visit.id]]
    crew = list(dict.fromkeys(to.technician_ids)) if to.technician_ids is not None else was
    start, end = _span(job, visit, to)
    if visit.status in statuses.STARTED and (crew != was or start != visit.scheduled_start) and not reason:
        raise errors.Conflict(
            f"This visit is {statuses.WORDS[visit.status]} already; moving it needs a reason.",
            details={"overridable": True},
        )
    for technician_id in sorted({*crew, *was}):
        locks.hold("lane", technician_id)
    _check_crew(crew)
    if crew and start is not None and end is not None:
        if settings.present().emergency_minutes > 0:
            locks.hold("reserve")  # two moves on different lanes may not both take the last free hour
        _refuse_clashes(clashes_of(job, crew, start, end, without_visit=visit.id), reason)
    visit.scheduled_start, visit.scheduled_end = start, end
    if to.pinned is not None:
        visit.pinned = to.pinned
    _send(visit, crew, reason)
    _follow_status(job, visit, crew, was)
    if before == journal.snapshot(visit) and crew == was:
        return visit
    if start != before["scheduled_start"]:
        job.confirmed_at = None  # what the customer confirmed was another time
    visit.version += 1
    current.refresh(job)
    _tell(job, visit, before, job_before, was, crew, reason)
    return visit


def assign(job_id: int, technician_ids: Sequence[int], *, starts_at: datetime | None = None, ends_at: datetime | None = None,
           override_reason: str = "") -> DispatchJob:  # fmt: skip
    """Send technicians on a job's present visit. Raises as :func:`place`."""
    demand(DISPATCH_ASSIGN)
    job = get(DispatchJob, job_id, lock=True, what="job")
    place(current.visit_of(job).id, Placement(technician_ids=tuple(technician_ids), starts_at=starts_at, ends_at=ends_at,
                                              override_reason=override_reason))  # fmt: skip
    return job


def unassign(job_id: int, *, override_reason: str = "") -> DispatchJob:
    """Take everybody off a job's present visit; it waits in the tray again. Raises as :func:`place`."""
    return assign(job_id, (), override_reason=override_reason)


def add_visit(job_id: int, *, reason: str = "", starts_at: datetime | None = None, ends_at: datetime | None = None,
              technician_ids: Sequence[int] = (), override_reason: str = "") -> Visit:  # fmt: skip
    """Add a further visit to a job, also to a completed one, which is open again then."""
    demand(DISPATCH_EDIT)
    job = get(DispatchJob, job_id, lock=True, what="job")
    if job.status == "cancelled":
        raise errors.Conflict("This job is cancelled; book a new one or copy it.")
    span = values.span(starts_at, ends_at, job.expected_minutes)
    before = journal.snapshot(job)
    position = max(v.position for v in reading.visits(job.id)) + 1
    start, end = span or (None, None)
    visit = add(
        Visit(
            job_id=job.id, position=position, scheduled_start=start, scheduled_end=end, reason=_line(reason)
        )
    )
    current.record(job, visit, "", "pending", reason=visit.reason)
    current.refresh(job)
    journal.audit("dispatch.visit-added", job, before=before, visit_id=visit.id, reason=visit.reason)
    events.emit(told.VISIT_ADDED, job.id, told.payload(job, visit_id=visit.id))
    if technician_ids:
        place(visit.id, Placement(technician_ids=tuple(technician_ids), override_reason=override_reason))
    return visit


def clashes_of(job: DispatchJob, technician_ids: Sequence[int], starts_at: datetime, ends_at: datetime, *,
               without_visit: int | None = None) -> dict[int, list[clashes.Clash]]:  # fmt: skip
    """What would be in the way of each technician at a time; the technicians in whose way nothing is are not there.

    A time that is over is being recorded, not planned: nothing is in its way.
    """
    if ends_at <= clock.now():
        return {}
    how, zone = settings.present(), settings.zone()
    need = lanes.need(job, starts_at, ends_at)
    found = lanes.lanes(technician_ids, starts_at, ends_at, settings=how, zone=zone, place=lanes.place_of(job),
                        without_visit=without_visit)  # fmt: skip
    by = {number: clashes.clashes(lane, need, zone) for number, lane in found.items()}
    kept = reserve_of(job, len(technician_ids), starts_at, ends_at, without_visit=without_visit)
    if kept is not None and technician_ids:
        by.setdefault(technician_ids[0], []).append(kept)
    return {number: each for number, each in by.items() if each}


def hints(visit_id: int, technician_ids: Sequence[int], starts_at: datetime, ends_at: datetime, *,
          crew: int = 1) -> tuple[dict[int, list[clashes.Clash]], clashes.Clash | None]:  # fmt: skip
    """What would be in the way of a visit on each of some lanes at a time, and of the day as a whole, before it is moved.

    `crew`: how many would be sent. Raises Invalid for a time that cannot be, NotFound.
    """
    demand(DISPATCH_ASSIGN)
    visit = get(Visit, visit_id, what="visit")
    job = get(DispatchJob, visit.job_id)
    values.span(starts_at, ends_at, job.expected_minutes)
    if ends_at <= clock.now():
        return {}, None
    how, zone = settings.present(), settings.zone()
    need = lanes.need(job, starts_at, ends_at)
    found = lanes.lanes(technician_ids, starts_at, ends_at, settings=how, zone=zone, place=lanes.place_of(job),
                        without_visit=visit.id)  # fmt: skip
    by = {number: clashes.clashes(lane, need, zone) for number, lane in found.items()}
    return by, reserve_of(job, crew, starts_at, ends_at, without_visit=visit.id)


def reserve_of(job: DispatchJob, crew: int, starts_at: datetime, ends_at: datetime, *,
               without_visit: int | None = None) -> clashes.Clash | None:  # fmt: skip
    """Whether so many technicians on a visit at a time would use what the day keeps free for emergencies.

    A visit that stays as long and on its day takes nothing new.
    """
    how = settings.present()
    if how.emergency_minutes <= 0 or job.priority == "urgent" or crew == 0 or ends_at <= clock.now():
        return None
    zone = settings.zone()
    day = starts_at.astimezone(ZoneInfo(zone)).date()
    asked = crew * int((ends_at - starts_at).total_seconds() // 60)
    if without_visit is not None and asked <= _takes_already(without_visit, day, zone):
        return None
    free = capacity.free_minutes(day, how, zone, without_visit=without_visit)
    return clashes.reserve(free, asked, how.emergency_minutes)


def _takes_already(visit_id: int, day: date, zone: str) -> int:
    visit = find(Visit, visit_id)
    if visit is None or visit.scheduled_start is None or visit.scheduled_end is None:
        return 0
    if visit.scheduled_start.astimezone(ZoneInfo(zone)).date() != day:
        return 0
    crew = len(reading.sent([visit_id])[visit_id])
    return crew * int((visit.scheduled_end - visit.scheduled_start).total_seconds() // 60)


def check_version(job: DispatchJob, version: int | None) -> None:
    """Raises Stale when a job is not any more as the caller saw it."""
    if version is not None and version != job.version:
        raise Stale(f"{_who_changed(job)} changed this job meanwhile. Look at it again, then decide.",
                    details={"version": job.version})  # fmt: skip


def brief(visit: Visit) -> dict[str, Any]:
    """How a visit stands, for whoever saw an older state of it."""
    return {
        "id": visit.id,
        "job_id": visit.job_id,
        "status": visit.status,
        "scheduled_start": visit.scheduled_start,
        "scheduled_end": visit.scheduled_end,
        "version": visit.version,
        "technicians": [{"id": s.technician_id, "name": s.name} for s in reading.sent([visit.id])[visit.id]],
    }


def _locked(visit_id: int) -> Visit:
    visit = find(Visit, visit_id)
    if visit is None:
        raise errors.NotFound(f"No visit has the number {visit_id}.")
    get(
        DispatchJob, visit.job_id, lock=True
    )  # always the job first, then its visit: no two can wait for each other
    return get(Visit, visit_id, lock=True)


def _span(job: DispatchJob, visit: Visit, to: Placement) -> tuple[datetime | None, datetime | None]:
    if to.unschedule:
        return None, None
    if to.starts_at is None and to.ends_at is None:
        return visit.scheduled_start, visit.scheduled_end
    values.moment("scheduled_start", to.starts_at)
    start = to.starts_at or visit.scheduled_start
    end = to.ends_at
    if (
        end is None
        and start is not None
        and visit.scheduled_start is not None
        and visit.scheduled_end is not None
    ):
        end = start + (visit.scheduled_end - visit.scheduled_start)  # moved whole: as long as before
    found = values.span(start, end, job.expected_minutes)
    return found if found is not None else (None, None)


def _check_crew(crew: Sequence[int]) -> None:
    for technician_id in crew:
        if find(Technician, technician_id) is None:
            raise errors.NotFound(f"No technician has the number {technician_id}.")
    if crew:
        today = clock.today(settings.zone())
        gone = [t for t in (get(Technician, n) for n in crew) if t.ends_on is not None and t.ends_on < today]
        if gone:
            raise errors.Conflict(f"{gone[0].name} does not work here any more.")


def _refuse_clashes(found: dict[int, list[clashes.Clash]], reason: str) -> None:
    every = [c for each in found.values() for c in each]
    if not every:
        return
    details = {"clashes": [{"technician_id": n, **c.as_json()} for n, each in found.items() for c in each],
               "overridable": all(c.overridable for c in every)}  # fmt: skip
    sentence = " ".join(c.sentence for c in every)
    if any(not c.overridable for c in every):
        raise Clashing(sentence, details=details)
    if not reason:
        raise Clashing(f"{sentence} Give a reason to do it all the same.", details=details)
    if not may(DISPATCH_OVERRIDE):
        raise Clashing(f"{sentence} You may not override this.", details={**details, "overridable": False})


def _send(visit: Visit, crew: Sequence[int], reason: str) -> None:
    tenant = context.tenant_id()
    db.session.flush()
    db.session.execute(
        delete(VisitTechnician).where(
            VisitTechnician.tenant_id == tenant, VisitTechnician.visit_id == visit.id
        )
    )
    db.session.add_all(
        VisitTechnician(tenant_id=tenant, visit_id=visit.id, technician_id=n, lead=position == 0,
                        starts_at=visit.scheduled_start, ends_at=visit.scheduled_end, override_reason=reason)
        for position, n in enumerate(crew)
    )  # fmt: skip
    db.session.flush()


def _follow_status(job: DispatchJob, visit: Visit, crew: Sequence[int], was: Sequence[int]) -> None:
    """Assigning makes a pending visit dispatched; taking everybody off, or sending another lead, sets it back."""
    now = clock.now()
    if crew and visit.status == "pending":
        visit.status, visit.dispatched_at = "dispatched", now
        current.record(job, visit, "pending", "dispatched", technician_id=crew[0])
    elif not crew and visit.status != "pending":
        current.record(job, visit, visit.status, "pending")
        visit.status = "pending"
        visit.dispatched_at = visit.acknowledged_at = visit.en_route_at = visit.on_site_at = (
            visit.in_progress_at
        ) = None
    elif crew and was and crew[0] != was[0] and visit.status != "dispatched":
        current.record(job, visit, visit.status, "dispatched", technician_id=crew[0])
        visit.status, visit.dispatched_at = "dispatched", now  # the new one has acknowledged nothing yet
        visit.acknowledged_at = visit.en_route_at = visit.on_site_at = visit.in_progress_at = None


def _tell(job: DispatchJob, visit: Visit, before: dict[str, Any], job_before: dict[str, Any], was: Sequence[int],
          crew: Sequence[int], reason: str) -> None:  # fmt: skip
    moved = (before["scheduled_start"], before["scheduled_end"]) != (
        visit.scheduled_start,
        visit.scheduled_end,
    )
    action = "dispatch.moved"
    if list(was) != list(crew):
        action = "dispatch.assigned" if crew else "dispatch.unassigned"
    journal.audit(action, job, before=job_before, visit_id=visit.id, technicians={"from": list(was), "to": list(crew)},
                  reason=reason)  # fmt: skip
    payload = told.payload(
        job, visit_id=visit.id, technician_ids=list(crew), previous_technician_ids=list(was)
    )
    if list(was) != list(crew):
        events.emit(told.ASSIGNED if crew else told.UNASSIGNED, job.id, payload)
    if moved or (list(was) == list(crew)):
        events.emit(told.MOVED, job.id, payload)


def _meanwhile(job: DispatchJob, visit: Visit) -> str:
    names = ", ".join(s.name for s in reading.sent([visit.id])[visit.id]) or "nobody"
    return f"{_who_changed(job)} moved this visit meanwhile: it is with {names} now. Nothing of yours was changed."


def _who_changed(job: DispatchJob) -> str:
    found, _ = timeline.read("dispatch_job", job.id, limit=1)
    return found[0].actor_name if found and found[0].actor_name else "Somebody"


def _reason(text: str) -> str:
    reason = _line(text)
    if reason and not may(DISPATCH_OVERRIDE):
        raise errors.Forbidden("You may not override what is in the way.")
    return reason


def _line(text: str) -> str:
    try:
        return clean.line(text, 500)
    except ValueError as problem:
        raise errors.Invalid.one("reason", str(problem)) from None
