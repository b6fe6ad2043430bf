"""Signing in through Google, Apple or Microsoft: whose identity it is, and linking one to an account."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from webapp.accounts.service import registration, sign_in
from webapp.accounts.service.id_tokens import PROVIDERS, Identity
from webapp.kit import clock, context, directory, errors, journal, tenancy
from webapp.kit.db import add, db, get
from webapp.models import Organization, SsoIdentity, User


def find(identity: Identity, named: UUID | None) -> User:
    """The user an identity belongs to, in the organization entered for it.

    `named` is the organization asked for. Raises Unauthorized for an identity that nobody linked, and Conflict
    listing the organizations of someone who belongs to several.
    """
    tenants = directory.find_all("sso", identity.lookup)
    if named is not None:
        tenants = [t for t in tenants if t == named]
    holders = [t for t in tenants if _holder(t, identity) is not None]
    if not holders:
        title = PROVIDERS[identity.provider].title
        raise errors.Unauthorized(f"No account is linked to this {title} account. Sign in with your password and link "
                                  "it, or register.")  # fmt: skip
    if len(holders) > 1:
        raise errors.Conflict("You belong to several organizations. Send X-Tenant-Id with the one you mean.",
                              details={"organizations": [_named(t) for t in sorted(holders)]})  # fmt: skip
    sign_in.enter(holders[0])
    user = _user_here(identity)
    assert user is not None  # found a moment ago
    return user


def _holder(tenant: UUID, identity: Identity) -> int | None:
    with tenancy.across(tenant):
        user = _user_here(identity)
        return user.id if user is not None else None


def _user_here(identity: Identity) -> User | None:
    statement = (
        select(User)
        .join(SsoIdentity, (SsoIdentity.tenant_id == User.tenant_id) & (SsoIdentity.user_id == User.id))
        .where(SsoIdentity.tenant_id == context.tenant_id(), SsoIdentity.issuer == identity.issuer,
               SsoIdentity.subject == identity.subject, User.active)
    )  # fmt: skip
    return db.session.scalar(statement)


def _named(tenant: UUID) -> dict[str, Any]:
    with tenancy.across(tenant):
        found = db.session.get(Organization, tenant)
        assert found is not None  # the directory names organizations only
        return {"tenant_id": str(tenant), "business_code": found.business_code, "business_name": found.name}


def link(user_id: int, identity: Identity) -> bool:
    """Let an identity sign this user in. False when it did already; raises Conflict when it is somebody else's here."""
    user = get(User, user_id)
    row = db.session.scalar(
        select(SsoIdentity).where(SsoIdentity.tenant_id == user.tenant_id, SsoIdentity.issuer == identity.issuer,
                                  SsoIdentity.subject == identity.subject)
    )  # fmt: skip
    title = PROVIDERS[identity.provider].title
    if row is not None:
        if row.user_id != user.id:
            raise errors.Conflict(f"This {title} account is linked to another user.")
        return False
    add(SsoIdentity(user_id=user.id, provider=identity.provider, issuer=identity.issuer, subject=identity.subject,
                    email=identity.email, created_at=clock.now()))  # fmt: skip
    directory.put("sso", identity.lookup, user.tenant_id)
    journal.audit("user.identity_linked", record_type="user", record_id=user.id, provider=identity.provider)
    return True


def linked(user_id: int) -> list[SsoIdentity]:
    """A user's identities, oldest first."""
    return list(db.session.scalars(
        select(SsoIdentity)
        .where(SsoIdentity.tenant_id == context.tenant_id(), SsoIdentity.user_id == user_id)
        .order_by(SsoIdentity.id)
    ))  # fmt: skip


def unlink(user_id: int, identity_id: int) -> None:
    """Stop an identity from signing this user in. Raises Conflict when it is the only way in."""
    row, user = get(SsoIdentity, identity_id, what="linked account"), get(User, user_id)
    if row.user_id != user.id:
        raise errors.NotFound(f"No linked account has the number {identity_id}.")
    if user.password_hash is None and len(linked(user_id)) == 1:
        raise errors.Conflict("This is your only way to sign in. Set a password first.")
    db.session.delete(row)
    directory.remove("sso", f"{row.issuer}|{row.subject}", row.tenant_id)
    journal.audit("user.identity_unlinked", record_type="user", record_id=user.id, provider=row.provider)


def register(identity: Identity, *, company_name: str, username: str) -> User:
    """Register a company whose owner signs in by this identity. Raises Conflict when it is linked already."""
    title = PROVIDERS[identity.provider].title
    if directory.find("sso", identity.lookup) is not None:
        raise errors.Conflict(f"This {title} account is linked to an organization already. Sign in with it.")
    if not identity.email:
        raise errors.Invalid.one("id_token", f"{title} has not verified an e-mail address for this account.")
    first = identity.first_name or identity.email.split("@")[0]
    new = registration.Registration(
        company_name=company_name or f"{first}’s company", username=username or identity.email, email=identity.email,
        first_name=first, last_name=identity.last_name,
    )  # fmt: skip
    user = registration.register(new)
    link(user.id, identity)
    return user
