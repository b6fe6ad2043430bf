"""Acting in an organization from the command line."""

from collections.abc import Iterator
from contextlib import contextmanager

from webapp.kit import context, directory, errors, permissions, tenancy
from webapp.kit.db import db


@contextmanager
def acting_in(business: str) -> Iterator[context.Principal]:
    """Work inside an organization named by its business code, with every permission.

    Needs an application context. What is not committed at the end is undone. Raises NotFound.
    """
    tenant = directory.find("code", business.strip().upper())
    if tenant is None:
        raise errors.NotFound(f"No organization has the business code {business}.")
    db.session.rollback()
    tenancy.use(tenant)
    who = context.Principal(
        kind="system", tenant_id=tenant, name="Command line", permissions=frozenset(permissions.REGISTRY)
    )
    try:
        with context.acting(who, context.Origin("system")):
            yield who
    finally:
        db.session.rollback()
