"""Telling technicians of new, changed and cancelled jobs: by push, and by text message where that does not reach them."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from flask import current_app
from sqlalchemy import exists, select

from webapp.accounts import queries as accounts
from webapp.accounts.service import notices
from webapp.appointments.service import telling as appointments
from webapp.dispatch.queries import basis
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.rules import statuses
from webapp.kit import clock, context, events, jobs, words
from webapp.kit.db import db, find
from webapp.kit.tables import Job
from webapp.messaging import service as messaging
from webapp.models import DispatchJob, Technician, Visit
from webapp.phone.service import push
from webapp.technicians import queries as technicians

TELL: Final = "phone.tell"
GATHER: Final = timedelta(seconds=10)  # a job that is dragged about is told of once
TITLES: Final = {
    "new": "New job",
    "moved": "Job moved",
    "changed": "Job changed",
    "held": "Job on hold",
    "released": "Job goes on",
    "removed": "Job taken off your day",
    "cancelled": "Job cancelled",
}
OFF: Final = ("removed", "cancelled")
MATTERS: Final = {
    "title", "description", "priority", "customer_name", "customer_phone", "service_address", "service_unit",
    "service_city", "service_zip", "window_start", "window_end", "expected_minutes", "held_at",
}  # fmt: skip  # what a technician wants to know of


def install() -> None:
    """Listen to dispatch. Safe to call again."""
    for name, handler in (
        ("dispatch.assigned", _assigned),
        ("dispatch.unassigned", _assigned),
        ("dispatch.moved", _moved),
        ("dispatch.cancelled", _to_crew("cancelled")),
        ("dispatch.held", _to_crew("held")),
        ("dispatch.released", _to_crew("released")),
        ("dispatch.updated", _updated),
    ):
        events.subscribe(name, handler)


def _assigned(name: str, job_id: int | None, payload: Mapping[str, Any]) -> None:
    now, was = set(payload["technician_ids"]), set(payload.get("previous_technician_ids") or ())
    _later(now - was, payload, "new")
    _later({t for t in was - now if not _untold(t, payload["id"])}, payload, "removed")


def _untold(technician_id: int, job_id: int) -> bool:
    """Whether somebody was to be told of a job just now: what is taken back at once is no news either."""
    waiting = exists().where(
        Job.tenant_id == context.tenant_id(),
        Job.kind == TELL,
        Job.dedupe_key == _key(technician_id, job_id, "new"),
        Job.status == "waiting",
    )
    return bool(db.session.scalar(select(waiting)))


def _key(technician_id: int, job_id: int, what: str) -> str:
    return f"{technician_id}:{job_id}:{what}"


def _moved(name: str, job_id: int | None, payload: Mapping[str, Any]) -> None:
    now, was = set(payload["technician_ids"]), set(payload.get("previous_technician_ids") or ())
    _later(now & was, payload, "moved")


_HANDLERS: dict[str, events.Handler] = {}


def _to_crew(what: str) -> events.Handler:
    def tell(name: str, job_id: int | None, payload: Mapping[str, Any]) -> None:
        _later(_crew(job_id), payload, what)

    return _HANDLERS.setdefault(what, tell)


def _updated(name: str, job_id: int | None, payload: Mapping[str, Any]) -> None:
    if MATTERS & set(payload.get("changed") or ()):
        _later(_crew(job_id), payload, "changed")


def _crew(job_id: int | None) -> set[int]:
    visits = reading.visits(job_id or 0)
    # of a cancelled job those are told who would still have come
    numbers = [v.id for v in visits if v.status != "completed"]
    return {s.technician_id for crew in reading.sent(numbers).values() for s in crew}


def _later(technician_ids: Collection[int], payload: Mapping[str, Any], what: str) -> None:
    """Tell them in a few seconds, unless they did it themselves or it is about the past."""
    start: datetime | None = payload["scheduled_start"]
    if appointments.is_silent():
        return  # history that is loaded is no news
    if start is not None and start < clock.now() - timedelta(days=1):
        return
    me = context.principal().technician_id
    for technician_id in sorted(set(technician_ids) - {me}):
        jobs.add(TELL, {"technician_id": technician_id, "job_id": payload["id"], "what": what},
                 dedupe_key=_key(technician_id, payload["id"], what), run_after=clock.now() + GATHER)  # fmt: skip


# The telling ------------------------------------------------------------------------------------------------------


def tell(technician_id: int, job_id: int, what: str) -> str:
    """Tell a technician of a job as it stands now; `push`, `sms`, `notice`, or empty when there is nothing to tell."""
    job, technician = find(DispatchJob, job_id), find(Technician, technician_id)
    if job is None or technician is None or not _holds(job, technician_id, what):
        return ""
    visit = _visit(job, technician_id)
    when = _when(
        visit.scheduled_start if visit else job.scheduled_start,
        visit.scheduled_end if visit else job.scheduled_end,
    )
    title = f"{'Urgent' if job.priority == 'urgent' and what == 'new' else TITLES[what]}: {job.title}"
    text = " · ".join(x for x in (when, basis.address(job)) if x)
    url = "/my/day" if what in OFF else f"/my/day/jobs/{job.id}"
    user = technicians.sign_in_of(technician_id)
    if user is not None and not user.active:
        user = None  # their browsers are told nothing of customers any more
    if user is not None:
        notices.notify(user.id, "info", title, text, url, f"job:{job.id}")
        message = {"title": title, "body": text, "url": url, "tag": f"job-{job.id}"}
        if push.send(user.id, message, topic=f"job:{job.id}"):
            return "push"
    if technician.phone:
        name = accounts.organization().display_name
        link = f"{current_app.config['SETTINGS'].base_url}{url}"
        said = ". ".join(x for x in (f"{name}: {title}", text) if x)
        messaging.send_sms(technician.phone, f"{said}. {link}", to_name=technician.name, template="job",
                           record_type="dispatch_job", record_id=job.id)  # fmt: skip
        return "sms"
    return "notice" if user is not None else ""


def _holds(job: DispatchJob, technician_id: int, what: str) -> bool:
    """Whether it is still so: a job that was given and taken back within seconds is no news."""
    if job.scheduled_end is not None and job.scheduled_end < clock.now() - timedelta(days=1):
        return False  # what is over is no news
    there = reading.is_sent(job.id, technician_id)
    if what == "cancelled":
        return job.status == "cancelled"
    if what == "removed":
        return not there and job.status not in statuses.OVER
    if what == "held":
        return there and job.held_at is not None
    return there and job.status not in statuses.OVER


def _visit(job: DispatchJob, technician_id: int) -> Visit | None:
    visits = [v for v in reading.visits(job.id) if v.status not in statuses.OVER]
    crews = reading.sent([v.id for v in visits])
    return next((v for v in visits if any(s.technician_id == technician_id for s in crews[v.id])), None)


def _when(start: datetime | None, end: datetime | None) -> str:
    return words.date_words(start, "datetime", end, basis.zone()) if start is not None else "no time yet"
