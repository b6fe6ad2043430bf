"""Whose sign-in still stands: asked again and again for those who listen to a stream."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, select

from webapp.accounts.service import keys, sessions
from webapp.kit import clock, tenancy
from webapp.kit.context import Principal
from webapp.kit.db import db
from webapp.models import ApiKey, User, UserSession


def still_valid(tenant_id: UUID, people: Collection[Principal]) -> list[Principal]:
    """Those of some principals whose session is alive and whose key was not revoked. Two statements at most."""
    now = clock.now()
    seats = [who.session_id for who in people if who.kind == "user" and who.session_id is not None]
    numbers = [who.id for who in people if who.kind == "key" and who.id is not None]
    alive: set[int] = set()
    held: set[int] = set()
    tenancy.use(tenant_id)
    if seats:
        found = db.session.scalars(
            select(UserSession)
            .join(User, and_(User.tenant_id == UserSession.tenant_id, User.id == UserSession.user_id))
            .where(UserSession.tenant_id == tenant_id, UserSession.id.in_(seats), User.active)
        )
        alive = {row.id for row in found if sessions.alive(row, now)}
    if numbers:
        rows = db.session.scalars(select(ApiKey).where(ApiKey.tenant_id == tenant_id, ApiKey.id.in_(numbers)))
        held = {row.id for row in rows if keys.stands(row)}
    return [
        who
        for who in people
        if (who.session_id in alive if who.kind == "user" else who.kind == "key" and who.id in held)
    ]
