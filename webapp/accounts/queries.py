"""Reading accounts."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, or_, select

from webapp.kit import context
from webapp.kit.db import db
from webapp.models import ApiKey, OneTimeToken, Organization, SsoIdentity, User


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
