"""Whose sign-in still stands: asked again and again for those who listen to a stream."""

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, select

from webapp.accounts.service import keyring, sessions
from webapp.kit import clock, tenancy
from webapp.kit.context import Principal
from webapp.kit.db import db
from webapp.models import ApiKey, User, UserSession


def still_valid(tenant_id: UUID, people: Collection[Principal]) -> list[Principal]:
    """Those of some principals whose session is alive and whose key may still what it might when it opened the stream.

    Two statements at most, and one more where test keys listen in a sandbox, whose rows are their organization's.
    """
    now = clock.now()
    seats = [who.session_id for who in people if who.kind == "user" and who.session_id is not None]
    by_owner: dict[UUID, list[Principal]] = defaultdict(list)
    for who in people:
        if who.kind == "key" and who.id is not None:
            by_owner[who.extra["owner"]].append(who)
    alive: set[int] = set()
    tenancy.use(tenant_id)
    if seats:
        found = db.session.scalars(
            select(UserSession)
            .join(User, and_(User.tenant_id == UserSession.tenant_id, User.id == UserSession.user_id))
            .where(UserSession.tenant_id == tenant_id, UserSession.id.in_(seats), User.active)
        )
        alive = {row.id for row in found if sessions.alive(row, now)}
    valid = [who for who in people if who.kind == "user" and who.session_id in alive]
    for owner, listening in by_owner.items():
        sessions.bind(owner)
        numbers = [who.id for who in listening]
        rows = db.session.scalars(select(ApiKey).where(ApiKey.tenant_id == owner, ApiKey.id.in_(numbers)))
        held = {row.id: row for row in rows}
        valid += [who for who in listening if who.id in held and keyring.stands_for(held[who.id], who)]
    return valid
