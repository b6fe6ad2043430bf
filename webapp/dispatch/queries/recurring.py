"""Reading recurring jobs and the jobs made of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, func, select

from webapp.dispatch import settings
from webapp.dispatch.rules import recurring as rules
from webapp.kit import clock, context, timeline
from webapp.kit.db import db, rows
from webapp.models import Customer, DispatchJob, RecurringJob, Technician

STATES = {"active": "Running", "paused": "Paused", "ended": "Ended"}
NEXT = 8  # occurrences shown


def state(record: RecurringJob) -> str:
    """`active`, `paused` or `ended`."""
    return "ended" if record.ended_at is not None else "active" if record.active else "paused"


def of_state(wanted: str) -> Any:
    """The condition of :func:`state`."""
    if wanted == "ended":
        return RecurringJob.ended_at.is_not(None)
    return and_(RecurringJob.ended_at.is_(None), RecurringJob.active.is_(wanted == "active"))


def numbered(wanted: str | None = None, customer_id: int | None = None, updated_since: Any = None) -> Any:
    """Recurring jobs in the order they were made, for the API."""
    statement = select(RecurringJob).where(RecurringJob.tenant_id == context.tenant_id())
    if wanted is not None:
        statement = statement.where(of_state(wanted))
    if customer_id is not None:
        statement = statement.where(RecurringJob.customer_id == customer_id)
    if updated_since is not None:
        statement = statement.where(RecurringJob.updated_at >= updated_since)
    return statement.order_by(RecurringJob.id)


def listed(wanted: str) -> Sequence[Row[Any]]:
    """The rows of the list page with their customers; the newest first."""
    statement = (
        select(RecurringJob, Customer.name.label("customer"))
        .outerjoin(
            Customer,
            and_(Customer.tenant_id == RecurringJob.tenant_id, Customer.id == RecurringJob.customer_id),
        )
        .where(RecurringJob.tenant_id == context.tenant_id())
        .order_by(RecurringJob.id.desc())
        .limit(500)
    )
    return rows(statement.where(of_state(wanted)) if wanted in STATES else statement)


def counts() -> dict[str, int]:
    """How many there are in each state."""
    row = rows(
        select(*(func.count().filter(of_state(s)).label(s) for s in STATES)).where(
            RecurringJob.tenant_id == context.tenant_id()
        )
    )[0]
    return dict(row._mapping)


def due(after: int, limit: int) -> list[int]:
    """Ids of those that run, from one on."""
    statement = (
        select(RecurringJob.id)
        .where(RecurringJob.tenant_id == context.tenant_id(), of_state("active"), RecurringJob.id > after)
        .order_by(RecurringJob.id)
        .limit(limit)
    )
    return list(db.session.scalars(statement))


def made(recurring_id: int, since: datetime | None = None, limit: int = 400) -> Sequence[DispatchJob]:
    """The jobs made of one, in the order of their occurrences; from a moment on."""
    statement = select(DispatchJob).where(
        DispatchJob.tenant_id == context.tenant_id(),
        DispatchJob.recurring_id == recurring_id,
        DispatchJob.occurrence_at.is_not(None),
    )
    if since is not None:
        statement = statement.where(DispatchJob.occurrence_at >= since)
    return db.session.scalars(statement.order_by(DispatchJob.occurrence_at).limit(limit)).all()


def history_of(recurring_id: int, limit: int = 20) -> Sequence[Row[Any]]:
    """The latest jobs made of one whose time has come, with who was sent."""
    j = DispatchJob
    return rows(
        select(j.id, j.title, j.status, j.scheduled_start, j.completed_at, j.occurrence_at, Technician.name.label("technician"))
        .outerjoin(Technician, and_(Technician.tenant_id == j.tenant_id, Technician.id == j.technician_id))
        .where(j.tenant_id == context.tenant_id(), j.recurring_id == recurring_id, j.occurrence_at < clock.now())
        .order_by(j.occurrence_at.desc())
        .limit(limit)
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A time at which a job comes: what was made of it, or that it is left out."""

    at: datetime
    local: datetime
    job: DispatchJob | None = None
    skipped: bool = False

    @property
    def key(self) -> str:
        return rules.key(self.local)


def coming(record: RecurringJob, limit: int = NEXT) -> list[Occurrence]:
    """The next times, left-out ones among them, each with its job where that is made."""
    if record.ended_at is not None:
        return []
    zone, now = settings.zone(), clock.now()
    start = rules.wall(record.starts_at, zone)
    found = rules.occurrences(
        record.rule, start, rules.wall(now, zone), rules.wall(now + rules.AHEAD, zone), zone, limit=limit
    )
    there = {j.occurrence_at: j for j in made(record.id, now)}
    return [
        Occurrence(at, local, there.get(at), rules.key(local) in record.skipped)
        for local in found
        for at in (rules.moment(local, zone),)
    ]


def next_of(record: RecurringJob, zone: str) -> datetime | None:
    """When it comes next; None when it never does, or does not run."""
    if state(record) != "active":
        return None
    start, now = rules.wall(record.starts_at, zone), rules.wall(clock.now(), zone)
    ahead = rules.wall(clock.now() + timedelta(days=3 * 366), zone)
    found = rules.occurrences(record.rule, start, now, ahead, zone, record.skipped, limit=1)
    return rules.moment(found[0], zone) if found else None


DEEDS = {
    "recurring.created": timeline.Deed("made it come again: {words}", "repeat", "success"),
    "recurring.updated": timeline.Deed("changed it: {words}", "pencil", "accent", diff=True),
    "recurring.paused": timeline.Deed("paused it", "pause", "warning"),
    "recurring.resumed": timeline.Deed("let it go on", "play", "success"),
    "recurring.ended": timeline.Deed("ended it", "ban", "danger", body="reason"),
    "recurring.skipped": timeline.Deed("left out {words}", "calendar-x", "warning"),
    "recurring.unskipped": timeline.Deed("took {words} back in", "calendar-check", "success"),
}


def history(recurring_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to a recurring job, newest first, and where the next piece begins."""
    found, following = timeline.read("recurring_job", recurring_id, before=before)
    fields = {
        "title": timeline.Shown("Title"),
        "rule": timeline.Shown("When", lambda v: rules.words(v) if v else ""),
        "weeks_ahead": timeline.Shown("Made ahead, weeks"),
    }
    return [timeline.entry(row, DEEDS, fields) for row in found], following
