"""One organization per session. PostgreSQL's row-level security enforces it; this module says which one.

Only :func:`across` may touch a second organization while one is in use.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID

from flask import current_app
from sqlalchemy import text

from webapp.kit import context
from webapp.kit.db import db


class TenantChanged(RuntimeError):
    """The organization was changed inside an open transaction, which would go on with the old one."""


def use(tenant_id: UUID | None) -> None:
    """Bind the present session to an organization. Raises TenantChanged inside another one's transaction."""
    session = db.session()
    if session.info.get("tenant_id") != tenant_id and session.in_transaction():
        raise TenantChanged("end the transaction before changing the organization")
    session.info["tenant_id"] = tenant_id


@contextmanager
def across(tenant_id: UUID) -> Iterator[None]:
    """Work in another organization, in a session and transaction of its own, committed at the end.

    For registering, parent organizations and jobs that serve all. Nothing of the outer session is visible inside
    before it is committed.
    """
    from webapp.kit import journal

    who = context.principal()
    # an application context of its own means a session of its own
    with current_app.app_context(), context.acting(replace(who, tenant_id=tenant_id)):
        use(tenant_id)
        try:
            yield
            journal.commit()
        except BaseException:
            db.session.rollback()
            raise


def every_tenant() -> list[UUID]:
    """All organizations of this server, from the directory (which knows no more of them than this)."""
    found = db.session.execute(text("select distinct tenant_id from directory where kind = 'organization'"))
    return [row.tenant_id for row in found]
