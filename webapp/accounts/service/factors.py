"""Second factors: codes from an app (TOTP, RFC 6238), mailed codes, and backup codes on paper."""

import hmac
import re
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pyotp
import segno
from sqlalchemy import delete, func, select, update

from webapp.accounts.service import alerts, sessions
from webapp.kit import clock, context, crypto, errors, ids, journal, limits, secrets
from webapp.kit.db import add, db, get
from webapp.models import BackupCode, OneTimeToken, Organization, User

secrets.declare(User, "totp_secret")
STEP = 30  # seconds that a TOTP code is shown
BACKUP_CODES = 10
CODE_MINUTES = 10  # how long a mailed code is good
PAPER = "abcdefghjkmnpqrstuvwxyz23456789"  # no l, i, o, 0, 1: people copy these by hand
MAILS = "5/10 minutes"  # mailed codes per user

GOOD, SPENT, WRONG = "good", "spent", "wrong"
NOT_THE_APPS = "That is not the code your app shows. Check your phone’s clock, and try the next code."
USED_ALREADY = "This code was used already. Wait until your app shows the next one."


def needed(user: User) -> bool:
    """Whether the password alone does not sign this user in."""
    return user.totp_on or user.email_codes


# Codes from an app ------------------------------------------------------------------------------------------------


def begin_totp(user: User) -> str:
    """The secret to enter into the app, in base 32; the same until it is confirmed. Raises Conflict once it is."""
    if user.totp_on:
        raise errors.Conflict("Codes from an app are set up already. Turn them off first to use another app.")
    if user.totp_secret is None:
        # 160 bits, as RFC 4226 recommends
        user.totp_secret = crypto.encrypt(ids.token(32, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
    return crypto.decrypt(user.totp_secret).decode()


def totp_address(user: User, organization: str) -> str:
    """The `otpauth://` address that the QR code holds."""
    return pyotp.TOTP(begin_totp(user)).provisioning_uri(name=user.username, issuer_name=organization)


def qr(text: str) -> str:
    """A QR code as a `data:` address for an image, dark on white so that every camera reads it."""
    return str(segno.make(text, error="m").svg_data_uri(scale=5, border=3, dark="#000", light="#fff"))


def check_totp(user: User, code: str) -> str:
    """GOOD, SPENT or WRONG for a code now, one step early or late; a good one is spent by it."""
    if user.totp_secret is None or not re.fullmatch(r"\d{6}", code):
        return WRONG
    totp = pyotp.TOTP(crypto.decrypt(user.totp_secret).decode())
    present = clock.unix() // STEP
    for step in (present, present - 1, present + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            if step <= user.totp_last_step:
                return SPENT
            user.totp_last_step = step
            return GOOD
    return WRONG


def confirm_totp(user_id: int, code: str) -> list[str]:
    """Turn codes from an app on, with a first code as proof. The backup codes, if there were none yet.

    Raises Invalid for a code that is not the app's.
    """
    user = get(User, user_id, lock=True)
    if user.totp_on:
        raise errors.Conflict("Codes from an app are set up already.")
    found = check_totp(user, plain(code))
    if found != GOOD:
        raise errors.Invalid.one("code", USED_ALREADY if found == SPENT else NOT_THE_APPS)
    before = journal.snapshot(user)
    user.totp_on = True
    return _turned_on(user, before)


# Mailed codes -----------------------------------------------------------------------------------------------------


def mail_code(user: User, *, reason: str = "sign in") -> None:
    """Send a fresh code; an earlier one is void. Raises TooMany, or Conflict for a user without an address."""
    if not user.email:
        raise errors.Conflict("There is no email address to send a code to.")
    limits.hit(MAILS, "mailed-code", str(user.tenant_id), str(user.id), message="Too many codes were sent.")
    from webapp.messaging import service as messaging

    now, code = clock.now(), ids.digits(6)
    _void_codes(user)
    add(OneTimeToken(user_id=user.id, purpose="code", token_hash=_hash(user, code), created_at=now,
                     expires_at=now + timedelta(minutes=CODE_MINUTES)))  # fmt: skip
    messaging.send_email(
        user.email, user.name, "Your sign-in code",
        f"Hello {user.name},\n\nYour code to {reason} is\n\n    {code}\n\nIt is good for {CODE_MINUTES} minutes, once. "
        "If you did not ask for it, somebody knows your password: change it.\n",
        template="sign_in_code", secret=True, record_type="user", record_id=user.id,
    )  # fmt: skip


def _void_codes(user: User) -> None:
    db.session.execute(
        update(OneTimeToken)
        .where(OneTimeToken.tenant_id == user.tenant_id, OneTimeToken.user_id == user.id,
               OneTimeToken.purpose == "code", OneTimeToken.used_at.is_(None))
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def spend_mailed_code(user: User, code: str) -> bool:
    """Whether this is the user's mailed code; it is good once."""
    now = clock.now()
    row = db.session.scalar(
        select(OneTimeToken)
        .where(OneTimeToken.tenant_id == user.tenant_id, OneTimeToken.user_id == user.id,
               OneTimeToken.purpose == "code", OneTimeToken.token_hash == _hash(user, code),
               OneTimeToken.used_at.is_(None), OneTimeToken.expires_at > now)
        .limit(1)
        .with_for_update()
    )  # fmt: skip
    if row is None:
        return False
    row.used_at = now
    return True


def confirm_mailed_codes(user_id: int, code: str) -> list[str]:
    """Turn mailed codes on, with one as proof that they arrive. The backup codes, if there were none yet."""
    user = get(User, user_id, lock=True)
    if user.email_codes:
        raise errors.Conflict("Mailed codes are set up already.")
    if not _allow_try(user) or not spend_mailed_code(user, plain(code)):
        raise errors.Invalid.one("code", "That is not the code that was sent, or it is too old.")
    before = journal.snapshot(user)
    user.email_codes = True
    return _turned_on(user, before)


def _allow_try(user: User) -> bool:
    limits.hit(
        "10/10 minutes", "mailed-code-try", str(user.tenant_id), str(user.id), message="Too many wrong codes."
    )
    return True


# Backup codes -----------------------------------------------------------------------------------------------------


def new_backup_codes(user: User) -> list[str]:
    """Ten fresh codes, each good once; earlier ones are void. They are shown now and never again."""
    db.session.execute(
        delete(BackupCode).where(BackupCode.tenant_id == user.tenant_id, BackupCode.user_id == user.id)
    )
    codes = ["-".join(ids.token(4, PAPER) for _ in range(3)) for _ in range(BACKUP_CODES)]
    db.session.add_all(
        BackupCode(tenant_id=user.tenant_id, user_id=user.id, code_hash=_hash(user, plain(c))) for c in codes
    )
    db.session.flush()
    journal.audit("user.backup_codes_made", record_type="user", record_id=user.id)
    return codes


def renew_backup_codes(user: User) -> list[str]:
    """New codes for somebody who has used or lost the old ones. Raises Conflict without a second factor."""
    if not needed(user):
        raise errors.Conflict("Set up a second factor first.")
    return new_backup_codes(user)


def backup_codes_left(user_id: int) -> int:
    found = db.session.scalar(
        select(func.count()).where(
            BackupCode.tenant_id == context.tenant_id(),
            BackupCode.user_id == user_id,
            BackupCode.used_at.is_(None),
        )
    )
    return int(found or 0)


def spend_backup_code(user: User, code: str) -> bool:
    row = db.session.scalar(
        select(BackupCode)
        .where(BackupCode.tenant_id == user.tenant_id, BackupCode.user_id == user.id,
               BackupCode.code_hash == _hash(user, code), BackupCode.used_at.is_(None))
        .with_for_update()
    )  # fmt: skip
    if row is None:
        return False
    row.used_at = clock.now()
    return True


# Turning on and off -----------------------------------------------------------------------------------------------


def _turned_on(user: User, before: dict[str, object]) -> list[str]:
    sessions.forget(user_id=user.id)
    journal.audit("user.second_factor_changed", user, before=before)
    alerts.tell(user, "A second factor was turned on: codes from an app, or mailed codes.")
    return [] if backup_codes_left(user.id) else new_backup_codes(user)


def turn_off(user_id: int, kind: str) -> None:
    """Turn `totp` or `email` off. Raises Conflict when the company asks for a factor and this is the last."""
    user = get(User, user_id, lock=True)
    before = journal.snapshot(user)
    stays = user.email_codes if kind == "totp" else user.totp_on
    if not stays and _required(user.tenant_id):
        raise errors.Conflict("Your company asks everybody for a second factor. Set up the other kind first.")
    _off(user, kind)
    journal.audit("user.second_factor_changed", user, before=before)
    alerts.tell(
        user,
        f"{'Codes from an app' if kind == 'totp' else 'Mailed codes'} were turned off as a second factor.",
    )


def remove_all(user: User) -> None:
    """Take every second factor from a user who has lost them (an admin does this)."""
    before = journal.snapshot(user)
    _off(user, "totp")
    _off(user, "email")
    journal.audit("user.second_factor_removed", user, before=before)
    alerts.tell(
        user, "Your second factors were removed. Your password alone signs you in until you set one up again."
    )


def _off(user: User, kind: str) -> None:
    if kind == "totp":
        # the next app has another secret, whose codes were never used
        user.totp_on, user.totp_secret, user.totp_last_step = False, None, 0
    else:
        user.email_codes = False
        _void_codes(user)
    if not needed(user):
        db.session.execute(
            delete(BackupCode).where(BackupCode.tenant_id == user.tenant_id, BackupCode.user_id == user.id)
        )
    sessions.forget(user_id=user.id)


def _required(tenant_id: UUID) -> bool:
    return bool(
        db.session.scalar(select(Organization.require_mfa).where(Organization.tenant_id == tenant_id))
    )


def plain(code: str) -> str:
    """A code as people type it, without blanks and hyphens."""
    return re.sub(r"[\s\x00-]+", "", code).lower()


def _hash(user: User, code: str) -> bytes:
    return crypto.digest(user.tenant_id, user.id, code)


def kinds(user: User) -> Sequence[str]:
    """What this user may answer a challenge with, for the page."""
    return [k for k, on in (("totp", user.totp_on), ("email", user.email_codes)) if on]
