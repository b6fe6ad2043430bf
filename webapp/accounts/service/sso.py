"""Signing in through Google, Apple or Microsoft: whose identity it is, and linking one to an account."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from webapp.accounts.permissions import USERS_MANAGE
from webapp.accounts.service import (
    alerts,
    links,
    policy,
    principals,
    providers,
    registration,
    sessions,
    sign_in,
    users,
)
from webapp.accounts.service.id_tokens import Identity
from webapp.accounts.service.links import Link
from webapp.accounts.service.providers import PROVIDERS
from webapp.kit import clock, context, directory, errors, journal, permissions, tenancy
from webapp.kit.db import add, db, get
from webapp.models import Organization, SsoIdentity, User


@dataclass(frozen=True, slots=True)
class Place:
    """An organization that an identity opens."""

    tenant_id: UUID
    business_code: str
    name: str
    display_name: str
    off: bool  # it does not allow providers


def places(identity: Identity) -> list[Place]:
    """The organizations whose active user this identity is, by name."""
    found = [_place(tenant, identity) for tenant in directory.find_all("sso", identity.lookup)]
    return sorted(
        (p for p in found if p is not None), key=lambda p: (p.display_name.casefold(), p.business_code)
    )


def _place(tenant: UUID, identity: Identity) -> Place | None:
    with tenancy.across(tenant):
        user = _user_here(identity)
        if user is None:
            return None
        if not user.active:
            _note_refusal(user, identity, "inactive")
            return None
        company = db.session.get(Organization, tenant)
        assert company is not None  # the directory names organizations only
        return Place(tenant, company.business_code, company.name, company.display_name,
                     policy.sso_of(company.settings) == policy.OFF)  # fmt: skip


def _user_here(identity: Identity) -> User | None:
    statement = (
        select(User)
        .join(SsoIdentity, (SsoIdentity.tenant_id == User.tenant_id) & (SsoIdentity.user_id == User.id))
        .where(SsoIdentity.tenant_id == context.tenant_id(), SsoIdentity.issuer == identity.issuer,
               SsoIdentity.subject == identity.subject)
    )  # fmt: skip
    return db.session.scalar(statement)


def _note_refusal(user: User, identity: Identity, reason: str) -> None:
    journal.audit("user.sign_in_failed", record_type="user", record_id=user.id, username=user.username, reason=reason,
                  provider=identity.provider)  # fmt: skip


def find(identity: Identity, named: UUID | None) -> User:
    """The user an identity belongs to, in the organization entered for it.

    `named` is the organization asked for. Raises Unauthorized for an identity that nobody linked, Forbidden where the
    company does not allow it, and Conflict listing the organizations of someone who belongs to several.
    """
    linked = [p for p in places(identity) if named is None or p.tenant_id == named]
    title = PROVIDERS[identity.provider].title
    if not linked:
        raise errors.Unauthorized(f"No account is linked to this {title} account. Sign in with your password and link "
                                  "it, or register.")  # fmt: skip
    open_ = [p for p in linked if not p.off]
    if len(open_) > 1:
        listed = [{"tenant_id": str(p.tenant_id), "business_code": p.business_code, "business_name": p.name}
                  for p in sorted(open_, key=lambda p: p.tenant_id)]  # fmt: skip
        raise errors.Conflict("You belong to several organizations. Send X-Tenant-Id with the one you mean.",
                              details={"organizations": listed})  # fmt: skip
    sign_in.enter((open_ or linked)[0].tenant_id)
    user = _user_here(identity)
    assert user is not None  # found a moment ago
    if not open_:
        _note_refusal(user, identity, "the company does not allow providers")
        error = errors.Forbidden(
            f"{linked[0].display_name} does not allow signing in with {title}. Use your password."
        )
        error.keep = True
        raise error
    return user


# Linking ----------------------------------------------------------------------------------------------------------


def link(user_id: int, identity: Identity, *, announce: bool = True) -> bool:
    """Let an identity sign this user in. False when it did already. `announce`: tell the user by mail.

    Raises Conflict when it is somebody else's here, Forbidden where the company does not allow providers.
    """
    user, provider = get(User, user_id), PROVIDERS[identity.provider]
    policy.refuse_if_off(provider)
    row = db.session.scalar(
        select(SsoIdentity).where(SsoIdentity.tenant_id == user.tenant_id, SsoIdentity.issuer == identity.issuer,
                                  SsoIdentity.subject == identity.subject)
    )  # fmt: skip
    if row is not None:
        if row.user_id != user.id:
            raise errors.Conflict(f"This {provider.title} account is linked to another user.")
        return False
    add(SsoIdentity(user_id=user.id, provider=identity.provider, issuer=identity.issuer, subject=identity.subject,
                    email=identity.email, created_at=clock.now()))  # fmt: skip
    directory.put("sso", identity.lookup, user.tenant_id)
    sessions.forget(user_id=user.id)
    journal.audit("user.identity_linked", record_type="user", record_id=user.id, provider=identity.provider,
                  email=identity.email)  # fmt: skip
    if announce:
        named = f" ({identity.email})" if identity.email else ""
        alerts.tell(
            user, f"A {provider.title} account{named} was linked to your account and can sign you in now."
        )
    return True


def linked(user_id: int) -> list[SsoIdentity]:
    """A user's identities, oldest first."""
    return list(db.session.scalars(
        select(SsoIdentity)
        .where(SsoIdentity.tenant_id == context.tenant_id(), SsoIdentity.user_id == user_id)
        .order_by(SsoIdentity.id)
    ))  # fmt: skip


def unlink(user_id: int, identity_id: int) -> SsoIdentity:
    """Stop an identity from signing this user in; the identity as it was.

    Raises Conflict when it is the only way in, or the only one that the company accepts.
    """
    row, user = get(SsoIdentity, identity_id, what="linked account"), get(User, user_id, lock=True)
    if row.user_id != user.id:
        raise errors.NotFound(f"No linked account has the number {identity_id}.")
    rest = {other.provider for other in linked(user_id) if other.id != row.id}
    if user.password_hash is None and not rest:
        raise errors.Conflict("This is your only way to sign in. Set a password first.")
    if policy.for_user(user).required and not any(p.name in rest for p in providers.offered()):
        raise errors.Conflict(
            "Your company asks you to sign in with a linked account. Link another one first."
        )
    _remove(row, user)
    return row


def unlink_for(user_id: int, identity_id: int) -> None:
    """For an administrator: somebody has lost that account, or it is not theirs. Their sessions end.

    Whoever is left without any way to sign in can be invited again.
    """
    permissions.demand(USERS_MANAGE)
    row, user = get(SsoIdentity, identity_id, what="linked account"), get(User, user_id, lock=True)
    if row.user_id != user.id:
        raise errors.NotFound(f"No linked account has the number {identity_id}.")
    users.refuse_owner(set(user.roles))
    _remove(row, user)
    sessions.revoke_all(user.id, why="a linked account was removed")


def _remove(row: SsoIdentity, user: User) -> None:
    db.session.delete(row)
    directory.remove("sso", f"{row.issuer}|{row.subject}", row.tenant_id)
    sessions.forget(user_id=user.id)
    journal.audit("user.identity_unlinked", record_type="user", record_id=user.id, provider=row.provider,
                  email=row.email)  # fmt: skip
    alerts.tell(user, f"A {PROVIDERS[row.provider].title} account was unlinked from your account. It does not sign "
                      "you in any more.")  # fmt: skip


# Coming in by one -------------------------------------------------------------------------------------------------


def accept(invitation: Link, identity: Identity) -> None:
    """Accept an invitation with an identity in place of a password. Raises Conflict when it is somebody else's here."""
    user = invitation.user
    context.set_principal(principals.of_user(user))
    link(user.id, identity, announce=False)
    links.spend(invitation)
    journal.audit(
        "user.invitation_accepted", record_type="user", record_id=user.id, provider=identity.provider
    )


def register(identity: Identity, new: registration.Registration) -> User:
    """Register a company whose owner signs in by this identity. Raises Conflict when it is linked already."""
    refuse_known(identity)
    user = registration.register(new)
    link(user.id, identity, announce=False)
    return user


def refuse_known(identity: Identity) -> None:
    """Raises Conflict for an identity that opens an organization already."""
    if directory.find("sso", identity.lookup) is not None:
        title = PROVIDERS[identity.provider].title
        raise errors.Conflict(f"This {title} account is linked to an organization already. Sign in with it.")


def suggested(identity: Identity, *, company_name: str = "", username: str = "") -> registration.Registration:
    """What a registration is made of where a phone app sends the token alone. Raises Invalid without an address."""
    if not identity.email:
        title = PROVIDERS[identity.provider].title
        raise errors.Invalid.one("id_token", f"{title} has not verified an email address for this account.")
    first = identity.first_name or identity.email.split("@")[0]
    return registration.Registration(
        company_name=company_name or f"{first}’s company", username=username or identity.email, email=identity.email,
        first_name=first, last_name=identity.last_name,
    )  # fmt: skip
