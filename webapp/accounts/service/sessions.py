"""Sessions: a row behind every signed-in browser and API client, so that each can be seen and ended."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import current_app, request
from sqlalchemy import and_, exists, select, update

from webapp.accounts.service import policy, principals, providers
from webapp.accounts.service.cache import Known, PrincipalCache
from webapp.config import Settings
from webapp.kit import clock, context, crypto, errors, ids, journal, tenancy
from webapp.kit.context import Principal
from webapp.kit.db import add, db, get
from webapp.models import Organization, SsoIdentity, User, UserSession

BROWSER, API = "browser", "api"
TOUCH_EVERY = timedelta(minutes=1)
RECENT = timedelta(minutes=10)

_cache: PrincipalCache[int] = PrincipalCache()


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def hashed(secret: str) -> bytes:
    """SHA-256: the secrets are 130 random bits, so nothing slower is needed."""
    return crypto.digest(secret)


def start(user: User, kind: str, *, method: str) -> tuple[UserSession, str]:
    """Sign a user in: a new session and its secret. From here on the request acts as that user."""
    now, secret = clock.now(), ids.token(22)
    agent = request.headers.get("User-Agent", "")[:300] if request else ""
    row = add(UserSession(
        user_id=user.id, kind=kind, token_hash=hashed(secret), address=context.origin().address, agent=agent,
        created_at=now, last_used_at=now, expires_at=now + timedelta(minutes=_settings().session_absolute_minutes),
    ))  # fmt: skip
    user.last_sign_in_at = now
    context.set_principal(principals.of_user(user, session_id=row.id))
    journal.audit("user.signed_in", record_type="user", record_id=user.id, session_id=row.id, client=kind,
                  method=method)  # fmt: skip
    return row, secret


def idle_since(now: datetime) -> datetime:
    """A session last used before this moment is over."""
    # a use is noted at most once a minute, so the last one may be that much later than the row says
    return now - timedelta(minutes=_settings().session_idle_minutes) - TOUCH_EVERY


def alive(row: Any, now: datetime) -> bool:
    """Whether a session is neither revoked, nor too old, nor unused for too long."""
    return row.revoked_at is None and row.expires_at > now and row.last_used_at > idle_since(now)


def find(tenant_id: UUID, session_id: int, kind: str, secret: str | None = None) -> Principal | None:
    """Whom a session stands for, or None when it is over, not of this kind, or the secret is not its own.

    A token of ours needs no secret: its MAC was checked. Works in the present database session, which it binds to
    the organization; the use is noted in another.
    """
    known = _cache.get(session_id)
    if known is None or known.principal.tenant_id != tenant_id:
        known = _look_up(tenant_id, session_id)
        if known is None:
            return None
        _cache.put(session_id, known)
    who = known.principal
    if who.extra["client"] != kind:
        return None
    if secret is not None and not hmac.compare_digest(hashed(secret), known.secret_hash):
        return None
    if known.last_used_at is not None and clock.now() - known.last_used_at >= TOUCH_EVERY:
        known.last_used_at = clock.now()
        _touch(tenant_id, session_id)
    return who


def _look_up(tenant_id: UUID, session_id: int) -> Known | None:
    bind(tenant_id)
    linked = exists().where(
        SsoIdentity.tenant_id == UserSession.tenant_id, SsoIdentity.user_id == UserSession.user_id,
        SsoIdentity.provider.in_([p.name for p in providers.offered()]),
    )  # fmt: skip
    found = db.session.execute(
        select(UserSession, User, Organization.require_mfa, Organization.settings, linked)
        .join(User, and_(User.tenant_id == UserSession.tenant_id, User.id == UserSession.user_id))
        .join(Organization, Organization.tenant_id == UserSession.tenant_id)
        .where(UserSession.tenant_id == tenant_id, UserSession.id == session_id)
    ).one_or_none()
    if found is None:
        return None
    row, user, require_mfa, settings, has_linked = found
    if not user.active or not alive(row, clock.now()):
        return None
    who = principals.of_user(user, session_id=row.id)
    who.extra.update(
        client=row.kind,
        must_set_up=require_mfa and not (user.totp_on or user.email_codes),
        must_link=not has_linked and "owner" not in user.roles and policy.requires(settings),
    )
    return Known(who, bytes(row.token_hash), row.last_used_at, row.expires_at)


def bind(tenant_id: UUID) -> None:
    """Make the present database session the organization's, ending a transaction that it began as another's."""
    if db.session().info.get("tenant_id") != tenant_id:
        db.session.rollback()
        tenancy.use(tenant_id)


def is_recent(session_id: int) -> bool:
    """Whether somebody signed in within the last minutes, so that what matters needs no password once more."""
    row = get(UserSession, session_id, what="session")
    return clock.now() - row.created_at < RECENT


def must_link(who: Principal) -> bool:
    """Whether this user still has to link an account of a provider, as the company asks; asked of the database."""
    assert who.id is not None  # a user
    rule = policy.for_user(get(User, who.id))
    return rule.required and not rule.linked


def must_set_up(who: Principal) -> bool:
    """Whether this user still lacks the second factor that the company asks for; asked of the database."""
    statement = (
        select(User.id)
        .join(Organization, Organization.tenant_id == User.tenant_id)
        .where(User.tenant_id == who.tenant_id, User.id == who.id, Organization.require_mfa,
               ~User.totp_on, ~User.email_codes)
    )  # fmt: skip
    return db.session.scalar(statement) is not None


def _touch(tenant_id: UUID, session_id: int) -> None:
    # in a transaction of its own: the request's may be undone, or last long
    now = clock.now()
    with tenancy.across(tenant_id):
        db.session.execute(
            update(UserSession)
            .where(UserSession.tenant_id == tenant_id, UserSession.id == session_id,
                   UserSession.last_used_at <= now - TOUCH_EVERY)
            .values(last_used_at=now)
            .execution_options(synchronize_session=False)
        )  # fmt: skip


def forget(*, session_id: int | None = None, user_id: int | None = None) -> None:
    """Let this process ask the database again about a session, or about all of a user's, once this commits."""

    def meant(who: Principal) -> bool:
        return who.session_id == session_id if session_id is not None else who.id == user_id

    journal.after_commit(lambda: _cache.forget(meant))


def living(user_id: int) -> Sequence[UserSession]:
    """A user's sessions that still work, the last used first."""
    now = clock.now()
    return db.session.scalars(
        select(UserSession)
        .where(UserSession.tenant_id == context.tenant_id(), UserSession.user_id == user_id,
               UserSession.revoked_at.is_(None), UserSession.expires_at > now,
               UserSession.last_used_at > idle_since(now))
        .order_by(UserSession.last_used_at.desc(), UserSession.id.desc())
        .limit(200)
    ).all()  # fmt: skip


def revoke(session_id: int, *, user_id: int, why: str) -> None:
    """End one session of a user. Raises NotFound for anybody else's; ending an ended one changes nothing."""
    row = get(UserSession, session_id, what="session", lock=True)
    if row.user_id != user_id:
        raise errors.NotFound(f"No session has the number {session_id}.")
    _end(row, why)


def _end(row: UserSession, why: str) -> None:
    if row.revoked_at is not None:
        return
    row.revoked_at, row.revoked_why = clock.now(), why
    forget(session_id=row.id)
    journal.audit("session.revoked", record_type="session", record_id=row.id, user_id=row.user_id, reason=why)


def revoke_all(user_id: int, *, why: str, but: int | None = None) -> int:
    """End every session of a user, except perhaps one; how many."""
    rows = db.session.scalars(
        select(UserSession)
        .where(UserSession.tenant_id == context.tenant_id(), UserSession.user_id == user_id,
               UserSession.revoked_at.is_(None), UserSession.expires_at > clock.now())
        .order_by(UserSession.id)
        .with_for_update()
    ).all()  # fmt: skip
    ended = [row for row in rows if row.id != but]
    for row in ended:
        _end(row, why)
    return len(ended)


def refresh(
    tenant_id: UUID, session_id: int, secret: str, *, rotate: bool
) -> tuple[User, UserSession, str | None]:
    """Use a refresh token: the user, the session, and a new secret when one was asked for.

    A token that was rotated away and comes back is in two hands: the session ends, for both. Raises RefusedSignIn.
    """
    row = db.session.scalar(
        select(UserSession)
        .where(UserSession.tenant_id == tenant_id, UserSession.id == session_id, UserSession.kind == API)
        .with_for_update()
    )
    user = db.session.get(User, (tenant_id, row.user_id)) if row is not None else None
    now = clock.now()
    if row is None or user is None or not user.active or not alive(row, now):
        raise errors.Unauthorized("The session is over. Sign in again.")
    if not hmac.compare_digest(hashed(secret), bytes(row.token_hash)):
        _end(row, "a refresh token that had been replaced was used again")
        raise errors.RefusedSignIn(
            "This refresh token was replaced by a newer one. The session was ended; sign in again."
        )
    fresh: str | None = None
    if rotate:
        fresh = ids.token(22)
        row.previous_hash, row.token_hash, row.rotates = row.token_hash, hashed(fresh), True
        forget(session_id=row.id)
        context.set_principal(principals.of_user(user, session_id=row.id))
        journal.audit("session.token_replaced", record_type="session", record_id=row.id, user_id=row.user_id)
    if now - row.last_used_at >= TOUCH_EVERY:
        row.last_used_at = now
    return user, row, fresh
