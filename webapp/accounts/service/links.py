"""Links that work once: invitations and password resets. The token carries its organization under a MAC."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from flask import current_app
from sqlalchemy import select, update

from webapp.accounts import queries
from webapp.accounts.service import alerts, passwords, policy, principals, providers, sessions, sign_in
from webapp.kit import clock, context, crypto, errors, ids, journal
from webapp.kit.db import add, db, get
from webapp.models import OneTimeToken, User

RESET, INVITE, ADDRESS = "reset", "invite", "address"
PURPOSES = (RESET, INVITE, ADDRESS)
LIFETIMES = {RESET: timedelta(hours=1), INVITE: timedelta(days=7), ADDRESS: timedelta(days=1)}
INVITE_PREFIX = "itok_"


class LinkOver(Exception):
    """A link that cannot be used; `why` is `used`, `expired` or `unknown`."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Link:
    """An open link: its row and its user, in the organization it was made for."""

    row: OneTimeToken
    user: User
    about: str = ""  # what it was made for, e.g. the address it proves


def make(user: User, purpose: str, about: str = "") -> str:
    """A new link's token, carrying `about` under its MAC; earlier ones of this kind stop working."""
    now, secret = clock.now(), ids.token(22)
    void(user, purpose)
    row = add(OneTimeToken(user_id=user.id, purpose=purpose, token_hash=sessions.hashed(secret), created_at=now,
                           expires_at=now + LIFETIMES[purpose]))  # fmt: skip
    signed = crypto.sign(f"link:{purpose}", [str(user.tenant_id), row.id, secret, *filter(None, [about])])
    return f"{INVITE_PREFIX}{signed}" if purpose == INVITE else signed


def void(user: User, purpose: str) -> None:
    """Make a user's open links of a kind unusable."""
    db.session.execute(
        update(OneTimeToken)
        .where(OneTimeToken.tenant_id == user.tenant_id, OneTimeToken.user_id == user.id,
               OneTimeToken.purpose == purpose, OneTimeToken.used_at.is_(None))
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def open_(purpose: str, token: str, *, lock: bool = False) -> Link:
    """Follow a link: enter its organization and find its user. Raises LinkOver."""
    payload = (
        crypto.unsign(f"link:{purpose}", token.removeprefix(INVITE_PREFIX)) if len(token) <= 1000 else None
    )
    if payload is None:
        raise LinkOver("unknown")
    tenant, number, secret = UUID(payload[0]), int(payload[1]), str(payload[2])
    sign_in.enter(tenant)
    statement = select(OneTimeToken).where(
        OneTimeToken.tenant_id == tenant, OneTimeToken.id == number, OneTimeToken.purpose == purpose,
        OneTimeToken.token_hash == sessions.hashed(secret),
    )  # fmt: skip
    row = db.session.scalar(statement.with_for_update() if lock else statement)
    user = db.session.get(User, (tenant, row.user_id)) if row is not None else None
    if row is None or user is None or not user.active:
        raise LinkOver("unknown")
    if row.used_at is not None:
        raise LinkOver("used")
    if row.expires_at <= clock.now():
        raise LinkOver("expired")
    return Link(row, user, str(payload[3]) if len(payload) > 3 else "")


def spend(link: Link) -> None:
    """A link was followed to its end: it and every other open one of the user stop working."""
    link.row.used_at = clock.now()
    for purpose in PURPOSES:
        void(link.user, purpose)


def ask_reset(name: str) -> None:
    """Mail a reset link to whoever this username or address means here; nothing happens when it is nobody."""
    user = queries.user_by_name_or_address(name[:200])
    if user is None or not user.active or not user.email:
        return
    from webapp.messaging import service as messaging

    rule = policy.for_user(user)
    if rule.linked:
        titles, base = providers.titles(list(rule.linked)), current_app.config["SETTINGS"].base_url
        messaging.send_email(
            user.email, user.name, "How you sign in",
            f"Hello {user.name},\n\nsomebody, we hope you, asked to set a new password for “{user.username}”. "
            f"{queries.organization().display_name} signs in with {titles}, so there is no password to set: open "
            f"{base}/sign-in and choose {titles}.\n\nIf it was not you, do nothing.\n",
            template="password_not_used", record_type="user", record_id=user.id,
        )  # fmt: skip
        return
    url = f"{current_app.config['SETTINGS'].base_url}/reset-password/{make(user, RESET)}"
    messaging.send_email(
        user.email, user.name, "Set a new password",
        f"Hello {user.name},\n\nsomebody, we hope you, asked to set a new password for “{user.username}”. Open this "
        f"link to do it; it works once, within the hour:\n\n{url}\n\nIf it was not you, do nothing: your password stays.\n",
        template="password_reset", secret=True, record_type="user", record_id=user.id,
    )  # fmt: skip
    journal.audit("user.password_reset_asked", record_type="user", record_id=user.id)


def reset(link: Link, password: str) -> None:
    """Set a new password by a link; every session of the user ends. Raises Invalid for a weak one."""
    user = link.user
    passwords.check(password, username=user.username, email=user.email, company=_company())
    context.set_principal(principals.of_user(user))
    user.password_hash = passwords.hashed(password)
    spend(link)
    sign_in.forget_attempts(user)  # a way in for somebody whom others' wrong guesses keep out
    sessions.revoke_all(user.id, why="the password was set anew")
    journal.audit("user.password_reset", record_type="user", record_id=user.id)
    alerts.tell(user, "Your password was set anew by a mailed link, and you were signed out everywhere.")


def _company() -> tuple[str, ...]:
    company = queries.organization()
    return company.name, company.display_name, company.business_code


def accept(link: Link, *, name: str, password: str) -> None:
    """Accept an invitation: one's name and first password. Raises Invalid for a weak one."""
    user = link.user
    if policy.for_user(user).required:
        titles = providers.titles(providers.offered())
        raise errors.Conflict(f"{queries.organization().display_name} signs in with {titles}. Go on with it instead of "
                              "a password.")  # fmt: skip
    passwords.check(password, username=user.username, email=user.email, company=_company())
    context.set_principal(principals.of_user(user))
    before = journal.snapshot(user)
    user.name, user.password_hash = name, passwords.hashed(password)
    spend(link)
    journal.audit("user.invitation_accepted", user, before=before)


def check_present(user: User, present: str) -> None:
    """Ask for one's password before something that matters. Raises Invalid at `present`, or TooMany.

    Whoever signs in through a provider only has none to be asked for.
    """
    if user.password_hash is None:
        return
    sign_in.count_account(user.tenant_id, user)
    if not passwords.matches(user.password_hash, present[: passwords.LONGEST]):
        raise errors.Invalid.one("present", "This is not your password.")
    sign_in.forget_attempts(user)


def change_password(user_id: int, *, present: str, new: str, but_session: int | None) -> int:
    """Change one's own password; the other sessions end. How many did.

    Raises Invalid when the present one is wrong or the new one weak, Conflict where there is none yet.
    """
    user = get(User, user_id, lock=True)
    if user.password_hash is None:
        raise errors.Conflict(
            "You have no password yet. Set one with “Forgotten your password?” on the sign-in page."
        )
    check_present(user, present)
    passwords.check(new, username=user.username, email=user.email, company=_company())
    if passwords.matches(user.password_hash, new):
        raise errors.Invalid.one("password", "This is the password you have now.")
    user.password_hash = passwords.hashed(new)
    # a link for a new password that was asked for earlier must not undo this
    void(user, RESET)
    journal.audit("user.password_changed", record_type="user", record_id=user.id)
    alerts.tell(user, "Your password was changed, and your other devices were signed out.")
    return sessions.revoke_all(user.id, why="the password was changed", but=but_session)
