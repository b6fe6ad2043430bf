"""Signing in with a password: limits, the check itself, and what is written about it."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from flask import current_app

from webapp.accounts import queries
from webapp.accounts.service import passwords
from webapp.config import Limits
from webapp.kit import addresses, context, crypto, directory, errors, journal, limits, tenancy
from webapp.kit.context import PUBLIC
from webapp.kit.db import db
from webapp.models import User

WRONG = "Wrong username or password."
TOO_MANY = "Too many attempts to sign in."


def enter(tenant_id: UUID) -> None:
    """Turn to an organization that a code, header or token named, as nobody yet. Ends the present transaction."""
    db.session.rollback()
    tenancy.use(tenant_id)
    context.set_principal(replace(PUBLIC, tenant_id=tenant_id))


def find_organization(business_code: str) -> UUID | None:
    """The organization of a business code, in any case."""
    code = business_code.strip()
    return directory.find("code", code) if 0 < len(code) <= 64 else None


def exists(tenant_id: UUID) -> bool:
    return directory.find("organization", str(tenant_id)) is not None


def _limits() -> Limits:
    found: Limits = current_app.config["SETTINGS"].limits
    return found


def network() -> str:
    """Whom a count by address is about."""
    return addresses.network(context.origin().address)


def count_request(endpoint: str, *whose: object) -> None:
    """Count a request to an endpoint of the API's sign-in, whatever comes of it. Raises TooMany.

    The document gives such endpoints five requests a minute, right ones too. They are counted by account (session,
    challenge) and address together, since a whole office has one address; and apart from the wrong guesses, so that
    a partner's program that signs in too often does not keep its user out of the website.
    """
    named = crypto.digest(endpoint, *whose).hex()[:32]
    limits.hit(_limits().sign_in_account, "auth", named, network(), message=TOO_MANY)


def count_address() -> None:
    """Count a try against the address alone. Raises TooMany."""
    limits.hit(_limits().sign_in_address, "sign-in", network(), message=TOO_MANY)


def _account(tenant_id: UUID | None, user: User | None, username: str) -> str:
    # a user has one count, whichever of name and address is typed; unknown names are counted too, so that a limit
    # tells nobody who exists
    named = f"user:{user.id}" if user is not None else f"name:{username.strip().casefold()}"
    return crypto.digest(tenant_id, named).hex()[:32]


def forget_attempts(user: User) -> None:
    """A success starts the account's count anew."""
    account = _account(user.tenant_id, user, "")
    limits.reset(_limits().sign_in_account, "sign-in", account, network())
    limits.reset(_limits().sign_in_everywhere, "sign-in", account)


def count_account(tenant_id: UUID | None, user: User | None, username: str = "") -> None:
    """Count a try against account and address together. Raises TooMany."""
    account = _account(tenant_id, user, username)
    limits.hit(_limits().sign_in_account, "sign-in", account, network(), message=TOO_MANY)


def _count_everywhere(tenant_id: UUID | None, user: User | None, username: str) -> None:
    """Count a try against the account alone, wherever it comes from: many addresses must not add up to a guess."""
    limits.hit(_limits().sign_in_everywhere, "sign-in", _account(tenant_id, user, username), message=TOO_MANY)


def check_password(tenant_id: UUID | None, username: str, password: str,
                   familiar: Callable[[User], bool] = lambda user: False) -> User:  # fmt: skip
    """The user whose name and password these are, in the organization that was entered.

    `familiar` says whether the user has signed in before from where the try comes: others' wrong guesses from all over
    the world then do not lock them out.

    Raises TooMany, or RefusedSignIn, which says no more than that it was wrong and takes as long for a name that
    nobody has.
    """
    count_address()
    user = (
        queries.user_by_name_or_address(username) if tenant_id is not None and len(username) <= 200 else None
    )
    count_account(tenant_id, user, username)
    if user is None or not familiar(user):
        _count_everywhere(tenant_id, user, username)
    usable = user if user is not None and user.active else None
    stored = usable.password_hash if usable is not None and len(password) <= passwords.LONGEST else None
    if not passwords.matches(stored, password[: passwords.LONGEST]) or usable is None:
        if tenant_id is not None:
            _note_failure(user, username)
        raise errors.RefusedSignIn(WRONG)
    if stored is not None and passwords.outdated(stored):
        usable.password_hash = passwords.hashed(password)
    return usable


def _note_failure(user: User | None, username: str) -> None:
    reason = "no such user" if user is None else "inactive" if not user.active else "wrong password"
    journal.audit("user.sign_in_failed", record_type="user", record_id=user.id if user else None,
                  username=username[:100].replace("\x00", ""), reason=reason)  # fmt: skip
