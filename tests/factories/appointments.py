"""Visits that customers are told of, and what they were told."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.factories import dispatch as make
from webapp.appointments.service import links, telling
from webapp.dispatch import service as dispatch
from webapp.dispatch.service import current
from webapp.kit import clock, context, jobs
from webapp.kit.db import db
from webapp.kit.tables import Job
from webapp.models import DispatchJob, Message, Technician, Visit

NOW = make.NOW  # Tuesday, 10:00 in New York
DAY = NOW.date() + timedelta(days=3)  # Friday


def at(hour: int, minute: int = 0, days: int = 3) -> datetime:
    """A time of day in New York, some days on."""
    day = NOW.date() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour + 5, minutes=minute)


def booked(
    title: str = "AC tune-up",
    *,
    start: datetime | None = None,
    crew: tuple[Technician, ...] = (),
    **more: Any,
) -> DispatchJob:
    """A job whose customer can be reached both ways."""
    reach = {"customer_name": "Evelyn Harper", "customer_email": "evelyn@example.com", "customer_phone": "813-555-0142",
             "service_address": "12 Maple St", "service_city": "Tampa", "service_zip": "33606"}  # fmt: skip
    return make.job(title, start=start or at(9), crew=crew, **(reach | more))


def visit(job: DispatchJob) -> Visit:
    return current.visit_of(job)


def waiting() -> list[dict[str, Any]]:
    """What the jobs that wait are to tell, in the order in which they are due."""
    rows = (
        db.session.query(Job)
        .filter(Job.kind == telling.JOB, Job.status == "waiting")
        .order_by(Job.run_after, Job.id)
    )
    return [{**row.args, "at": row.run_after} for row in rows]


def work() -> list[str]:
    """Do what is due now, as a worker does; the kinds that were told."""
    told: list[str] = []
    for row in db.session.query(Job).filter(
        Job.kind == telling.JOB, Job.status == "waiting", Job.run_after <= clock.now()
    ):
        told += telling.run(row.args)["told"]
        row.status = "done"
    db.session.flush()
    assert jobs.KINDS[telling.JOB]
    return told


def messages(job: DispatchJob) -> list[Message]:
    return db.session.query(Message).filter(
        Message.tenant_id == context.tenant_id(), Message.record_type == "dispatch_job", Message.record_id == job.id
    ).order_by(Message.id).all()  # fmt: skip


def link_in(message: Message) -> str:
    """The path of the link in a message."""
    found = re.search(r"/v/[\w.\-]+", message.body)
    assert found is not None, message.body
    return found[0]


def steps(job: DispatchJob, *statuses: str) -> None:
    for status in statuses:
        dispatch.report(visit(job).id, dispatch.Report(status=status))


def url(job: DispatchJob, purpose: str = "visit", *, ends_at: datetime | None = None) -> str:
    """The path of a link to a job's present visit."""
    return "/v/" + links.make(visit(job).id, purpose, ends_at).split("/v/", 1)[1]
