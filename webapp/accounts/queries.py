"""Reading accounts."""

from sqlalchemy import select

from webapp.kit import context
from webapp.kit.db import db
from webapp.models import Organization, User


def organization() -> Organization:
    """The present organization."""
    found = db.session.get(Organization, context.tenant_id())
    assert found is not None  # a principal's organization exists
    return found


def user_by_username(username: str) -> User | None:
    statement = select(User).where(
        User.tenant_id == context.tenant_id(), User.username == username.strip().lower()
    )
    return db.session.scalar(statement)
