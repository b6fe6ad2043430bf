"""Creating organizations, ready to work."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from webapp.accounts.service import passwords
from webapp.kit import context, directory, errors, events, ids, jobs, journal, tenancy
from webapp.kit.db import add, db
from webapp.models import Organization, User

CREATED = events.declare("organization.created", "An organization was created",
                         {"organization_id": "8c2f0a14-0c8a-4a3a-9a4d-3e0f1d6c2a91", "name": "Smith HVAC"})  # fmt: skip
CODE = re.compile(r"^[A-Z0-9][A-Z0-9-]{1,23}$")


@dataclass(frozen=True, slots=True)
class NewOrganization:
    """What a new organization is made of. `code` is made from the name when empty."""

    name: str
    owner_username: str
    owner_name: str
    owner_email: str = ""
    owner_password: str | None = None  # None: the owner is invited
    code: str = ""
    time_zone: str = "America/New_York"
    industry: str = "home_services"
    owner_roles: tuple[str, ...] = ("owner", "admin")
    extra: dict[str, Any] | None = None  # further columns of the organization
    tenant_id: UUID | None = None  # chosen beforehand: a sandbox's follows from the real one's


@dataclass(frozen=True, slots=True)
class Created:
    tenant_id: UUID
    business_code: str
    owner_id: int


def suggest_code(name: str) -> str:
    """A business code from a company's name: `Smith HVAC, LLC` → `SMITHHVAC`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().upper()
    words = [w for w in re.findall(r"[A-Z0-9]+", plain) if w not in {"LLC", "INC", "CO", "THE", "AND", "LTD"}]
    return "".join(words)[:16] or "COMPANY"


def create(new: NewOrganization) -> Created:
    """Create an organization with its owner, in a transaction of its own.

    Emits `organization.created`, whose subscribers make it ready to work (a pay plan, its first period). Raises
    Conflict when the given code is taken, Invalid when it cannot be one.
    """
    wanted = new.code.strip().upper()
    if wanted and not CODE.match(wanted):
        raise errors.Invalid.one("business_code", "Use 2 to 24 letters, digits and hyphens.")
    if new.owner_password is not None:
        passwords.check(
            new.owner_password, username=new.owner_username, email=new.owner_email, company=(new.name,)
        )
    tenant = new.tenant_id or ids.uuid4()
    base = wanted or suggest_code(new.name)
    for attempt in range(50):
        code = base if attempt == 0 else f"{base}-{ids.token(4, '23456789ABCDEFGHJKMNPQRSTUVWXYZ')}"
        try:
            return _create(tenant, code, new)
        except directory.Taken:
            if wanted:
                raise errors.Conflict(f"The business code {wanted} is taken.") from None
    raise errors.Conflict("No business code could be found for this name; choose one.")


def _create(tenant: UUID, code: str, new: NewOrganization) -> Created:
    with tenancy.across(tenant):
        directory.put("code", code, tenant)
        directory.put("organization", str(tenant), tenant)
        journal.open_journal(tenant)
        organization = Organization(
            tenant_id=tenant, business_code=code, name=new.name, display_name=new.name, time_zone=new.time_zone,
            industry=new.industry, email=new.owner_email, **(new.extra or {}),
        )  # fmt: skip
        db.session.add(organization)
        db.session.flush()
        owner = add(User(
            username=new.owner_username.strip().lower(), email=new.owner_email.strip().lower(), name=new.owner_name,
            roles=list(new.owner_roles),
            password_hash=passwords.hashed(new.owner_password) if new.owner_password is not None else None,
        ))  # fmt: skip
        if owner.email:
            directory.put("email", owner.email, tenant)
        journal.audit("organization.created", organization, record_type="organization")
        journal.audit("user.created", owner)
        with context.acting(context.Principal(kind="system", tenant_id=tenant, name="Truckroll")):
            events.emit(CREATED, None, {"organization_id": str(tenant), "name": new.name})
            jobs.ensure_recurring()
        return Created(tenant, code, owner.id)
