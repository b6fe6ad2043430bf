"""Between password and second factor: a challenge, good for one sign-in, ten minutes and five tries."""

from datetime import timedelta

from sqlalchemy import select

from webapp.accounts.service import factors, sessions, sign_in, tokens
from webapp.kit import clock, errors, ids, journal, limits
from webapp.kit.db import add, db
from webapp.models import OneTimeToken, User

MINUTES, TRIES = 10, 5
WRONG_CODES = "20/hour"  # per user, from everywhere: the tries of many challenges must not add up to a guess

OVER = "This sign-in took too long or was finished already. Sign in again."


def begin(user: User, via: str) -> str:
    """Ask for the second factor: the challenge's token. Someone with mailed codes only is sent one at once.

    `via` is how the first step was taken: `password`, or a provider's name.
    """
    now, secret = clock.now(), ids.token(22)
    row = add(OneTimeToken(user_id=user.id, purpose="challenge", token_hash=sessions.hashed(secret), created_at=now,
                           expires_at=now + timedelta(minutes=MINUTES)))  # fmt: skip
    if user.email_codes and user.email and not user.totp_on:
        factors.mail_code(user)
    return tokens.issue(tokens.CHALLENGE, tenant_id=user.tenant_id, user_id=user.id, session_id=row.id,
                        seconds=MINUTES * 60, secret=secret, via=via)  # fmt: skip


def read(token: str) -> tokens.Claims:
    """Verify a challenge's token. Raises Unauthorized."""
    return tokens.read(tokens.CHALLENGE, token, "challenge token")


def pending(claims: tokens.Claims, *, lock: bool = False) -> tuple[OneTimeToken, User]:
    """The open challenge and its user, in the organization that was entered. Raises Unauthorized when it is over."""
    statement = select(OneTimeToken).where(
        OneTimeToken.tenant_id == claims.tenant_id, OneTimeToken.id == claims.session_id,
        OneTimeToken.purpose == "challenge", OneTimeToken.token_hash == sessions.hashed(claims.secret),
    )  # fmt: skip
    row = db.session.scalar(statement.with_for_update() if lock else statement)
    if row is None or row.used_at is not None or row.expires_at <= clock.now():
        raise errors.Unauthorized(OVER)
    if row.tries >= TRIES:
        raise errors.Unauthorized("Too many wrong codes. Sign in again.")
    user = db.session.get(
        User, (claims.tenant_id, row.user_id), with_for_update=lock or None, populate_existing=lock
    )
    if user is None or not user.active or not factors.needed(user):
        raise errors.Unauthorized(OVER)
    return row, user


def mail(claims: tokens.Claims) -> None:
    """Mail a code for an open challenge. Raises Conflict for a user who has not chosen mailed codes."""
    _, user = pending(claims)
    if not user.email_codes:
        raise errors.Conflict("Mailed codes are not set up for this account. Use your app or a backup code.")
    factors.mail_code(user)


def answer(claims: tokens.Claims, code: str) -> tuple[User, str]:
    """Check a code: an app's, a mailed one or a backup code. The user, and which it was.

    Raises TooMany, Unauthorized when the challenge is over, RefusedSignIn for a wrong code.
    """
    sign_in.count_address()
    row, user = pending(claims, lock=True)
    limits.hit(WRONG_CODES, "second-factor", str(user.tenant_id), str(user.id), message="Too many codes.")
    found = _method(user, factors.plain(code[:200]))
    if found is None or found == factors.SPENT:
        row.tries += 1
        spent = found == factors.SPENT
        journal.audit("user.second_factor_failed", record_type="user", record_id=user.id,
                      reason="a code used before" if spent else "a wrong code", tries=row.tries)  # fmt: skip
        raise errors.RefusedSignIn(factors.USED_ALREADY if spent else _wrong(row.tries))
    row.used_at = clock.now()
    limits.reset(WRONG_CODES, "second-factor", str(user.tenant_id), str(user.id))
    return user, f"{claims.via or 'password'} and {found}"


def _wrong(tries: int) -> str:
    left = TRIES - tries
    if left <= 0:
        return "That code is not right. Sign in again."
    return f"That code is not right. {left} {'try is' if left == 1 else 'tries are'} left."


def _method(user: User, code: str) -> str | None:
    if user.totp_on:
        found = factors.check_totp(user, code)
        if found == factors.SPENT:
            return found
        if found == factors.GOOD:
            return "app code"
    if user.email_codes and factors.spend_mailed_code(user, code):
        return "mailed code"
    return "backup code" if factors.spend_backup_code(user, code) else None
