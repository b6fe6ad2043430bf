"""From a stored user or key to the principal that acts."""

from dataclasses import replace
from uuid import UUID

from webapp.kit import permissions
from webapp.kit.context import Principal
from webapp.models import User


def of_user(user: User, *, session_id: int | None = None) -> Principal:
    """The principal of a signed-in user, with the permissions of the roles less what was narrowed."""
    return Principal(
        kind="user",
        tenant_id=user.tenant_id,
        id=user.id,
        name=user.name,
        roles=tuple(user.roles),
        permissions=permissions.of_roles(user.roles, user.narrowed),
        technician_id=user.technician_id,
        session_id=session_id,
    )


def of_role(tenant_id: UUID, role: str, name: str = "") -> Principal:
    """A principal with one role and no user behind it, for commands and tests."""
    return replace(Principal(kind="system", tenant_id=tenant_id, name=name or role),
                   roles=(role,), permissions=permissions.of_roles((role,)))  # fmt: skip
