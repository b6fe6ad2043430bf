"""A customer's links: one document each, known by a token of which only the hash is kept.

A token is short, for a text message pays for each part of 160 characters. It is random and says nothing; the directory
finds its organization, by hash too. Longer ones of before carry their organization under a MAC, and still open.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from flask import current_app
from sqlalchemy import update

from webapp.appointments.queries import visits as queries
from webapp.kit import clock, context, crypto, directory, errors, ids
from webapp.kit.db import add, db
from webapp.models import VisitLink

PURPOSE: Final = "visit-link"
LENGTH: Final = 22  # letters and digits: 131 bits
EXAMPLE: Final = (
    "8fK2pQ7mXc4Lw9RtYb3ZsN"  # leads nowhere: as long as a real one, to show and count texts with
)
GONE: Final = "This link is no longer in use. Call us if you need something."
SUMMARY_DAYS: Final = timedelta(days=365)
AFTER_VISIT: Final = timedelta(days=2)  # the visit's own page stays that long after it
LONGEST_DRIVE: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Link:
    """An open link and what it leads to."""

    link: VisitLink
    found: queries.Found


def make(visit_id: int, purpose: str, ends_at: datetime | None) -> str:
    """A new address of a purpose (visit, track, summary) for a visit's customer. The token is in it and nowhere else."""
    token = _unused()
    directory.put(PURPOSE, token, context.tenant_id())
    add(
        VisitLink(
            visit_id=visit_id,
            purpose=purpose,
            token_hash=hashed(token),
            created_at=clock.now(),
            ends_at=ends_at,
        )
    )
    return address(token)


def address(token: str) -> str:
    """Where the document of a token is."""
    return f"{current_app.config['SETTINGS'].base_url}/v/{token}"


def _unused() -> str:
    """A new token. Chance repeats none; the seeded one of tests and demo data may."""
    token = ids.token(LENGTH)
    while directory.find(PURPOSE, token) is not None:
        token = ids.token(LENGTH)
    return token


def hashed(token: str) -> bytes:
    return crypto.digest(PURPOSE, token)


def tenant_of(token: str) -> UUID | None:
    """The organization of a token, None for one that is none of ours.

    Both ways compare hashes or MACs only, so that the time it takes tells nothing of a token that is nearly right.
    """
    if len(token) == LENGTH:
        return directory.find(PURPOSE, token) if token.isascii() and token.isalnum() else None
    return _signed_tenant(token)


def _signed_tenant(token: str) -> UUID | None:
    found = crypto.unsign(PURPOSE, token) if len(token) < 400 else None
    try:
        return UUID(found[0]) if isinstance(found, list) and len(found) == 2 else None
    except (TypeError, ValueError):
        return None


def enter(token: str) -> Link:
    """The link of a token in the present organization, noted as opened. Raises NotFound for one that has ended, whatever
    the reason: a link says nothing about what it no longer shows."""
    link = queries.link(hashed(token))
    now = clock.now()
    if link is None or (link.ends_at is not None and link.ends_at <= now):
        raise errors.NotFound(GONE)
    found = queries.visit(link.visit_id)
    if found is None:
        raise errors.NotFound(GONE)
    if link.opened_at is None:
        link.opened_at = now
    return Link(link, found)


def end_tracking(visit_id: int) -> None:
    """The technician has arrived, or does not come: nobody follows any more."""
    now = clock.now()
    db.session.execute(
        update(VisitLink)
        .where(VisitLink.tenant_id == context.tenant_id(), VisitLink.visit_id == visit_id, VisitLink.purpose == "track",
               (VisitLink.ends_at > now) | VisitLink.ends_at.is_(None))
        .values(ends_at=now)
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def end_all(job_id: int) -> None:
    """The job is somebody else's now: whoever had a link to its visits sees nothing of it any more."""
    now = clock.now()
    db.session.execute(
        update(VisitLink)
        .where(VisitLink.tenant_id == context.tenant_id(), VisitLink.visit_id.in_(queries.visit_ids(job_id)),
               (VisitLink.ends_at > now) | VisitLink.ends_at.is_(None))
        .values(ends_at=now)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
