"""Registering a company: a new organization, ready to work, with its owner."""

from dataclasses import dataclass

from sqlalchemy import func, select

from webapp.accounts import rules
from webapp.accounts.service import organizations, sign_in
from webapp.accounts.service.users import checked
from webapp.kit import crypto, directory, errors
from webapp.kit.db import db, get
from webapp.models import User

TAKEN = "There is an account with this email address already. Sign in, or set a new password."


@dataclass(frozen=True, slots=True)
class Registration:
    """What somebody says who registers a company. Without a password they sign in through a provider."""

    company_name: str
    username: str
    email: str
    first_name: str
    last_name: str
    password: str | None = None
    time_zone: str = "America/New_York"

    @property
    def name(self) -> str:
        return " ".join(f"{self.first_name} {self.last_name}".split())


def register(new: Registration) -> User:
    """Create the organization and enter it as its owner. Raises Invalid, or Conflict for a known address."""
    email = checked("email", rules.email, new.email)
    if not email:
        raise errors.Invalid.one("email", "Enter an email address.")
    company = " ".join(new.company_name.split())
    if not 2 <= len(company) <= 120:
        raise errors.Invalid.one("company_name", "Enter a name of 2 to 120 characters.")
    if not new.name:
        raise errors.Invalid.one("first_name", "Enter your name.")
    username = checked("username", rules.username, new.username)
    # two registrations at once with one address: the second waits here, then sees the first
    lock = int.from_bytes(crypto.digest("register", email)[:8], "big", signed=True)
    db.session.execute(select(func.pg_advisory_xact_lock(lock)))
    if directory.find("email", email) is not None:
        raise errors.Conflict(TAKEN, details={"fields": {"email": TAKEN}})
    made = organizations.create(
        organizations.NewOrganization(
            name=company, owner_username=username, owner_name=new.name[:120], owner_email=email,
            owner_password=new.password, time_zone=new.time_zone,
        )
    )  # fmt: skip
    sign_in.enter(made.tenant_id)
    return get(User, made.owner_id)
