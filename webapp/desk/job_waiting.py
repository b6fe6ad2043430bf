"""The cards of dispatch: late jobs, jobs without a technician, visits of tomorrow not confirmed, holds that are due, my jobs."""

from datetime import datetime, timedelta

from flask import g

from webapp.accounts.queries import organization
from webapp.desk.cards import Card, card
from webapp.dispatch.permissions import DISPATCH_OWN, DISPATCH_READ
from webapp.dispatch.queries import waiting
from webapp.kit import clock, context, words


def _zone() -> str:
    return organization().time_zone


def _tomorrow() -> tuple[datetime, datetime]:
    return clock.day_bounds(clock.today(_zone()) + timedelta(days=1), _zone())


def _counts() -> waiting.Waiting:
    """Read once for all cards of an answer."""
    found = g.get("jobs_waiting") if g else None
    if not isinstance(found, waiting.Waiting):
        found = g.jobs_waiting = waiting.waiting(clock.now(), _tomorrow())
    return found


@card(DISPATCH_READ, 1)
def late_jobs() -> Card | None:
    count = _counts().late
    if not count:
        return None
    title = f"{words.plural(count, 'job')} {'is' if count == 1 else 'are'} late"
    return Card(
        title,
        "/jobs?when=late",
        "Promised for earlier, and nobody is there yet",
        "alarm-clock",
        "danger",
        count=count,
    )


@card(DISPATCH_READ, 2)
def unassigned_jobs() -> Card | None:
    counts = _counts()
    if not counts.unassigned:
        return None
    title = f"{words.plural(counts.unassigned, 'job')} {'has' if counts.unassigned == 1 else 'have'} no technician"
    text = f"{counts.urgent} of them urgent" if counts.urgent else "Nobody is sent yet"
    return Card(title, "/jobs?status=pending&hold=no&view=unassigned", text, "user-plus", "danger" if counts.urgent else "warning",
                count=counts.unassigned)  # fmt: skip


@card(DISPATCH_READ, 3)
def unconfirmed_tomorrow() -> Card | None:
    count = _counts().unconfirmed
    if not count:
        return None
    title = f"{words.plural(count, 'visit')} of tomorrow {'is' if count == 1 else 'are'} not confirmed"
    return Card(title, "/jobs?when=tomorrow&confirmed=no", "Call, or wait for the reply to the reminder", "calendar-clock", "info",
                count=count)  # fmt: skip


@card(DISPATCH_READ, 4)
def holds_due() -> Card | None:
    count = _counts().hold_due
    if not count:
        return None
    title = f"{words.plural(count, 'job')} on hold {'is' if count == 1 else 'are'} to be come back to"
    return Card(title, "/jobs?hold=due", "The day that was set has come", "pause", "warning", count=count)


@card(DISPATCH_OWN, 5)
def my_jobs() -> Card | None:
    """For who works in the office and drives as well."""
    me = context.principal().technician_id
    if me is None:
        return None
    day = waiting.day_of(me, clock.day_bounds(clock.today(_zone()), _zone()))
    if day.next is None:
        return None
    at = words.date_words(day.next.starts_at, "time", zone=_zone())
    return Card(f"My jobs today: {day.done} of {day.total} done", f"/jobs/{day.next.job_id}",
                f"Next at {at}: {day.next.title}, {day.next.customer_name}".rstrip(", "), "calendar-days", "accent")  # fmt: skip
