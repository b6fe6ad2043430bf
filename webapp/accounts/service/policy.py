"""What an organization asks of signing in beyond the password: through a provider or not, a second factor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from webapp.accounts import queries
from webapp.accounts.service import providers
from webapp.accounts.service.providers import Provider
from webapp.kit import errors, journal
from webapp.kit.db import db
from webapp.models import SsoIdentity, User

ALLOWED, REQUIRED, OFF = "allowed", "required", "off"
WORDS = {ALLOWED: "Allowed", REQUIRED: "Required for everyone but owners", OFF: "Not allowed"}


def sso_of(settings: Mapping[str, Any]) -> str:
    """`allowed`, `required` or `off`, from an organization's settings: `{"sign_in": {"sso": "required"}}`."""
    kept = settings.get("sign_in")
    found = kept.get("sso") if isinstance(kept, Mapping) else None
    return found if found in WORDS else ALLOWED


def requires(settings: Mapping[str, Any]) -> bool:
    """Whether people must sign in through a provider. Not while this server offers none: nobody could get in."""
    return sso_of(settings) == REQUIRED and bool(providers.offered())


def sso() -> str:
    """The present organization's rule."""
    return sso_of(queries.organization().settings)


def refuse_if_off(provider: Provider) -> None:
    """Raises Forbidden where the company does not want providers."""
    company = queries.organization()
    if sso_of(company.settings) == OFF:
        raise errors.Forbidden(f"{company.display_name} does not allow signing in with {provider.title}. Use your "
                               "password.")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for one user who came with the right password: `linked` names the providers to use instead."""

    required: bool
    linked: tuple[Provider, ...] = ()


def for_user(user: User) -> Rule:
    """An owner may always use the password, so that a provider that is away locks nobody out for good."""
    if "owner" in user.roles or not requires(queries.organization().settings):
        return Rule(required=False)
    names = set(db.session.scalars(
        select(SsoIdentity.provider).where(SsoIdentity.tenant_id == user.tenant_id, SsoIdentity.user_id == user.id)
    ))  # fmt: skip
    return Rule(True, tuple(p for p in providers.offered() if p.name in names))


def refuse_password(user: User, *, browser: bool) -> None:
    """After the right password: whether it is enough. Raises Forbidden, whose audit entry is kept.

    Somebody who has linked nothing yet is let in at the browser, to link it before anything else opens.
    """
    rule = for_user(user)
    if not rule.required or (browser and not rule.linked):
        return
    company = queries.organization().display_name
    if rule.linked:
        words = f"{company} signs in with {providers.titles(list(rule.linked))}. Use that instead of your password."
    else:
        names = providers.titles(providers.offered())
        words = f"{company} signs in with {names}. Sign in at the website once to link your account."
    journal.audit("user.sign_in_failed", record_type="user", record_id=user.id, username=user.username,
                  reason="a password where the company signs in through a provider")  # fmt: skip
    error = errors.Forbidden(words)
    error.keep = True
    raise error
