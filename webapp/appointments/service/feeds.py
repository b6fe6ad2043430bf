"""Secret addresses at which calendar programs read visits: made, read, revoked."""

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask import current_app

from webapp.accounts import queries as accounts
from webapp.appointments.permissions import FEEDS_MANAGE, FEEDS_OWN
from webapp.appointments.queries import feeds as queries
from webapp.appointments.queries import visits as visit_queries
from webapp.appointments.rules import calendars
from webapp.dispatch.queries import lanes
from webapp.kit import clean, clock, context, crypto, errors, ids, journal
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import may
from webapp.models import CalendarFeed, DispatchJob, LaneBlock, Technician, Visit
from webapp.technicians import queries as technicians

PURPOSE: Final = "calendar-feed"
BACK, AHEAD = timedelta(days=60), timedelta(days=400)
MOST_EACH: Final = 10  # addresses in use for one calendar
NOTED: Final = timedelta(minutes=10)  # how exact “last read” is: reading must not write each time
GONE: Final = "This calendar address is no longer in use."


def make(technician_id: int | None, name: str = "") -> str:
    """A new secret address for a technician's visits, or everybody's (None); it is shown this once.

    Raises Forbidden for somebody else's calendar, NotFound, Conflict when there are too many.
    """
    _demand(technician_id)
    if technician_id is not None:
        get(Technician, technician_id)
    known = [row for row in queries.listed(technician_id) if row.CalendarFeed.technician_id == technician_id]
    if len(known) >= MOST_EACH:
        raise errors.Conflict(f"There are {MOST_EACH} addresses of this calendar already. Revoke one first.")
    token = crypto.sign(PURPOSE, [context.tenant_id().hex, ids.token(24)])
    try:
        label = clean.line(name or "", 80)
    except ValueError as problem:
        raise errors.Invalid.one("name", str(problem)) from None
    made = add(CalendarFeed(technician_id=technician_id, name=label, token_hash=crypto.digest(PURPOSE, token),
                            created_at=clock.now(), created_by=context.principal().name))  # fmt: skip
    journal.audit("calendar-feed.created", diff={}, record_type="calendar_feed", record_id=made.id, name=label,
                  technician_id=technician_id)  # fmt: skip
    return f"{current_app.config['SETTINGS'].base_url}/calendar/{token}.ics"


def revoke(feed_id: int) -> None:
    """End an address at once. Raises NotFound, Forbidden."""
    feed = get(CalendarFeed, feed_id, what="calendar address")
    if not may(FEEDS_MANAGE) and feed.technician_id != context.principal().technician_id:
        raise errors.NotFound(f"No calendar address has the number {feed_id}.")
    _demand(feed.technician_id)
    if feed.revoked_at is None:
        feed.revoked_at = clock.now()
        db.session.flush()
        journal.audit("calendar-feed.revoked", diff={}, record_type="calendar_feed", record_id=feed.id, name=feed.name,
                      technician_id=feed.technician_id)  # fmt: skip


def _demand(technician_id: int | None) -> None:
    who = context.principal()
    own = technician_id is not None and technician_id == who.technician_id and may(FEEDS_OWN)
    if not own and not may(FEEDS_MANAGE):
        raise errors.Forbidden("You may only make an address of your own calendar.")


def tenant_of(token: str) -> UUID | None:
    """The organization of an address, None for one that is none of ours. Asks no database."""
    found = crypto.unsign(PURPOSE, token) if len(token) < 400 else None
    try:
        return UUID(found[0]) if isinstance(found, list) and len(found) == 2 else None
    except (TypeError, ValueError):
        return None


def read(token: str) -> bytes:
    """A feed's calendar in the present organization. Raises NotFound for an address that was revoked, or whose
    technician has left or may not sign in any more."""
    feed = queries.by_hash(crypto.digest(PURPOSE, token))
    if feed is None:
        raise errors.NotFound(GONE)
    now = clock.now()
    company = accounts.organization()
    name = company.display_name
    if feed.technician_id is not None:
        who = find(Technician, feed.technician_id)
        if who is None or (who.ends_on is not None and who.ends_on < clock.today(company.time_zone)):
            raise errors.NotFound(GONE)
        user = technicians.sign_in_of(who.id)
        if user is not None and not user.active:
            raise errors.NotFound(
                GONE
            )  # whoever may not sign in any more does not read customers' addresses here either
        name = f"{who.name}, {name}"
    if feed.read_at is None or now - feed.read_at > NOTED:
        feed.read_at = now
    first, last = now - BACK, now + AHEAD
    crews = {} if feed.technician_id is not None else queries.crews(first, last)
    entries = [
        _visit(row.Visit, row.DispatchJob, crews.get(row.Visit.id, ()))
        for row in queries.visits(feed.technician_id, first, last)
    ]
    if feed.technician_id is not None:
        entries += [_block(b) for b in queries.blocks(feed.technician_id, first, last)]
    return calendars.feed(name, company.time_zone, entries)


def _host() -> str:
    return f"{context.tenant_id().hex[:12]}.truckroll"


def _visit(visit: Visit, job: DispatchJob, crew: Any) -> calendars.Entry:
    assert visit.scheduled_start is not None  # it was searched by it
    assert visit.scheduled_end is not None
    status = (
        "cancelled"
        if visit.status == "cancelled"
        else "tentative"
        if job.held_at is not None
        else "confirmed"
    )
    lines = [job.customer_name, clean.phone_words(job.customer_phone), job.description,
             f"On hold: {job.hold_reason}" if job.held_at is not None else ""]  # fmt: skip
    title = " – ".join(x for x in (job.title, job.customer_name) if x)
    return calendars.Entry(
        uid=f"visit-{visit.id}@{_host()}", title=f"{', '.join(crew)}: {title}" if crew else title,
        starts_at=visit.scheduled_start, ends_at=visit.scheduled_end, created=visit.created_at,
        stamp=max(visit.updated_at, job.updated_at), sequence=visit.version - 1, status=status,
        location=visit_queries.address(job), description="\n".join(x for x in lines if x),
        url=f"{current_app.config['SETTINGS'].base_url}/jobs/{job.id}",
        geo=lanes.place_of(job),
    )  # fmt: skip


WORDS: Final = {
    "parts_run": "Parts run",
    "meeting": "Meeting",
    "training": "Training",
    "time_off": "Time off",
    "other": "Blocked",
}


def _block(block: LaneBlock) -> calendars.Entry:
    return calendars.Entry(
        uid=f"block-{block.id}@{_host()}", title=block.title or WORDS.get(block.kind, "Blocked"), starts_at=block.starts_at,
        ends_at=block.ends_at, created=block.created_at, stamp=block.updated_at, sequence=block.version - 1,
        description=block.note,
    )  # fmt: skip
