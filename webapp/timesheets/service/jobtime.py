"""What visits take: dispatch says when somebody sets off, begins and ends. A technician is on one visit at a time."""

from datetime import datetime

from webapp.kit.db import add, db
from webapp.models import JobTime
from webapp.timesheets import rules
from webapp.timesheets.queries import jobtime as queries
from webapp.timesheets.service import sheets

KINDS = ("travel", "work")


def start_job_time(visit_id: int, technician_id: int, kind: str, at: datetime) -> JobTime:
    """A technician sets off to a visit (`travel`) or begins there (`work`) at a moment (UTC).

    Whatever they were on ends then. Told twice, it is begun once: the running piece is returned. Raises ValueError
    for another kind. Called by dispatch, within its own command and permission; for a crew in the order of their ids,
    so that two commands never wait for each other.
    """
    if kind not in KINDS:
        raise ValueError(f"job time is one of {KINDS}, not {kind!r}")
    at = rules.whole(at)
    sheets.hold(technician_id)
    running = queries.running_job_times(technician_id)
    same = next((j for j in running if (j.visit_id, j.kind) == (visit_id, kind)), None)
    for other in running:
        if other is not same:
            other.ended_at = max(at, other.started_at)
    if same is not None:
        db.session.flush()
        return same
    return add(JobTime(visit_id=visit_id, technician_id=technician_id, kind=kind, started_at=at))


def end_job_time(visit_id: int, technician_id: int, at: datetime) -> JobTime | None:
    """A technician is done with a visit at a moment (UTC); what ended, or None when nothing ran."""
    ended = None
    sheets.hold(technician_id)
    for running in queries.running_job_times(technician_id):
        if running.visit_id == visit_id:
            running.ended_at = max(rules.whole(at), running.started_at)
            ended = running
    db.session.flush()
    return ended


def end_all(technician_id: int, at: datetime) -> None:
    """Nobody is on a visit after clocking out."""
    for running in queries.running_job_times(technician_id):
        running.ended_at = max(at, running.started_at)
