"""What every page knows of who uses it: `current_user` and `organization` (`g.organization` in views)."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import g, has_request_context
from flask_login import AnonymousUserMixin, UserMixin, current_user
from sqlalchemy import select

from webapp.kit import context
from webapp.kit.context import Principal
from webapp.kit.db import db
from webapp.models import Organization

NOBODY = AnonymousUserMixin()


class SignedIn(UserMixin):
    """The person at the browser, as Flask-Login and the templates know them."""

    def __init__(self, who: Principal, cookie: str) -> None:
        self.principal, self.cookie = who, cookie
        self.id, self.name, self.roles = who.id, who.name, who.roles
        self.technician_id = who.technician_id

    def get_id(self) -> str:
        """What Flask's signed cookie carries: organization, session and its secret."""
        return self.cookie


@dataclass(frozen=True, slots=True)
class Company:
    """The organization as pages show it: a copy of its row, which no rollback can take away."""

    tenant_id: UUID
    business_code: str
    name: str
    display_name: str
    primary_color: str
    logo_file_id: int | None
    time_zone: str
    locale: str
    industry: str
    phone: str
    email: str
    address: str
    require_mfa: bool
    second_person: bool
    settings: dict[str, Any]
    sandbox_of: UUID | None

    @property
    def id(self) -> UUID:
        return self.tenant_id

    @property
    def logo_url(self) -> str:
        """Where the logo is, also for people who are not signed in; empty without one."""
        return f"/logo/{self.business_code}/{self.logo_file_id}" if self.logo_file_id else ""


def company(tenant_id: UUID) -> Company | None:
    """The organization, read for a page. The present session must be bound to it."""
    columns = [getattr(Organization, name) for name in Company.__dataclass_fields__]
    row = db.session.execute(select(*columns).where(Organization.tenant_id == tenant_id)).one_or_none()
    return Company(*row) if row is not None else None


def values() -> dict[str, Any]:
    """The shell's context for every template."""
    # an error page for an unknown address is drawn for nobody: nothing was asked of the database
    known = has_request_context() and context.principal().kind == "user"
    return {"current_user": current_user if known else NOBODY, "organization": g.get("organization")}
