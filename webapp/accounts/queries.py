"""Reading accounts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select

from webapp.kit import context, errors
from webapp.kit.db import db
from webapp.models import ApiKey, ApiUsage, ApiUsageMark, OneTimeToken, Organization, SsoIdentity, User


def organization() -> Organization:
    """The present organization."""
    found = db.session.get(Organization, context.tenant_id())
    assert found is not None  # a principal's organization exists
    # a session forgets what nobody holds, and would read it again
    db.session().info["organization"] = found
    return found


def user_by_username(username: str) -> User | None:
    statement = select(User).where(
        User.tenant_id == context.tenant_id(), User.username == username.strip().lower()
    )
    return db.session.scalar(statement)


def user_by_name_or_address(name: str) -> User | None:
    """Whom somebody means who signs in: by username, else by an address that one active user has."""
    if "\x00" in name:
        return None
    found = user_by_username(name)
    if found is not None or "@" not in name:
        return found
    statement = select(User).where(
        User.tenant_id == context.tenant_id(), User.email == name.strip().lower(), User.active
    )
    several = db.session.scalars(statement.limit(2)).all()
    return several[0] if len(several) == 1 else None


def joined() -> ColumnElement[bool]:
    """Whether a user has a way to sign in: a password, or a linked account. Before, they are invited only."""
    linked = select(SsoIdentity.id).where(
        SsoIdentity.tenant_id == User.tenant_id, SsoIdentity.user_id == User.id
    )
    return or_(User.password_hash.is_not(None), linked.exists())


def has_joined(user: User) -> bool:
    """:func:`joined` of one user."""
    statement = select(joined()).where(User.tenant_id == user.tenant_id, User.id == user.id)
    return bool(db.session.scalar(statement))


def open_invitation(user: User) -> OneTimeToken | None:
    """The last invitation of somebody who has not accepted one; it may have expired."""
    statement = (
        select(OneTimeToken)
        .where(OneTimeToken.tenant_id == user.tenant_id, OneTimeToken.user_id == user.id,
               OneTimeToken.purpose == "invite", OneTimeToken.used_at.is_(None))
        .order_by(OneTimeToken.id.desc())
        .limit(1)
    )  # fmt: skip
    return db.session.scalar(statement)


def api_keys() -> Sequence[ApiKey]:
    """Every key of the organization, the newest first."""
    return db.session.scalars(
        select(ApiKey).where(ApiKey.tenant_id == context.tenant_id()).order_by(ApiKey.id.desc()).limit(500)
    ).all()


def expiring_keys(after: datetime, until: datetime) -> Sequence[ApiKey]:
    """Living keys that end between two moments, the first to end first; locked."""
    return db.session.scalars(
        select(ApiKey)
        .where(ApiKey.tenant_id == context.tenant_id(), ApiKey.revoked_at.is_(None), ApiKey.expires_at > after,
               ApiKey.expires_at <= until)
        .order_by(ApiKey.expires_at, ApiKey.id)
        .with_for_update()
    ).all()  # fmt: skip


def people_of_key(key: ApiKey) -> Sequence[User]:
    """Whom a key's end concerns: who made it, if they are still there, and the company's owners."""
    return db.session.scalars(
        select(User)
        .where(User.tenant_id == key.tenant_id, User.active, or_(User.id == key.created_by, User.roles.contains(["owner"])))
        .order_by(User.id)
    ).all()  # fmt: skip


def filed_batch() -> str:
    """The last batch of counts that was filed; empty before the first."""
    found = db.session.scalar(select(ApiUsageMark.batch).where(ApiUsageMark.tenant_id == context.tenant_id()))
    return found or ""


def usage_by_day(first: date, key_id: int | None = None) -> Sequence[Row[Any]]:
    """Requests of keys since a day: `day`, `outcome`, `requests`."""
    return _usage(first, key_id, ApiUsage.day)


def usage_by_route(first: date, key_id: int | None = None) -> Sequence[Row[Any]]:
    """Requests of keys since a day: `route`, `outcome`, `requests`."""
    return _usage(first, key_id, ApiUsage.route)


def usage_by_key(first: date) -> Sequence[Row[Any]]:
    """Requests since a day by key: `key_id`, `outcome`, `requests`."""
    return _usage(first, None, ApiUsage.key_id)


def _usage(first: date, key_id: int | None, column: Any) -> Sequence[Row[Any]]:
    statement = (
        select(column, ApiUsage.outcome, func.sum(ApiUsage.requests).label("requests"))
        .where(ApiUsage.tenant_id == context.tenant_id(), ApiUsage.day >= first)
        .group_by(column, ApiUsage.outcome)
    )
    if key_id is not None:
        statement = statement.where(ApiUsage.key_id == key_id)
    return db.session.execute(statement).all()


def key_names() -> dict[int, str]:
    """Every key's name by its number."""
    return {r.id: r.name for r in db.session.execute(
        select(ApiKey.id, ApiKey.name).where(ApiKey.tenant_id == context.tenant_id()))}  # fmt: skip


def listed_keys(limit: int = 200) -> Sequence[Row[ApiKey, str]]:
    """Keys with their makers' names, the living ones first, then the newest."""
    return db.session.execute(
        select(ApiKey, User.name)
        .outerjoin(User, (User.tenant_id == ApiKey.tenant_id) & (User.id == ApiKey.created_by))
        .where(ApiKey.tenant_id == context.tenant_id())
        .order_by(ApiKey.revoked_at.is_not(None), ApiKey.id.desc())
        .limit(limit)
    ).all()


def key_with_maker(key_id: int) -> tuple[ApiKey, str]:
    """One key and its maker's name, empty when it was made by nobody. Raises NotFound."""
    found = db.session.execute(
        select(ApiKey, User.name)
        .outerjoin(User, (User.tenant_id == ApiKey.tenant_id) & (User.id == ApiKey.created_by))
        .where(ApiKey.tenant_id == context.tenant_id(), ApiKey.id == key_id)
    ).one_or_none()
    if found is None:
        raise errors.NotFound(f"No API key has the number {key_id}.")
    return found[0], found[1] or ""
