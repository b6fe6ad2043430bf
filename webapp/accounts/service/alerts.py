"""Mails about one's own account: what changed that decides who can sign in. They go out whoever changed it."""

from zoneinfo import ZoneInfo

from webapp.accounts import queries
from webapp.kit import clock, context
from webapp.models import User


def tell(user: User, what: str, *, to: str = "") -> None:
    """Mail a user that something changed; `to` is another address than the present one (the one that was replaced).

    Nothing is sent to somebody without an address.
    """
    address = to or user.email
    if not address:
        return
    from webapp.messaging import service as messaging

    company = queries.organization()
    who = context.principal()
    by = "" if who.id == user.id or not who.name else f" It was done by {who.name}."
    moment = clock.now().astimezone(ZoneInfo(company.time_zone)).strftime("%A, %B %-d, %Y at %-I:%M %p %Z")
    origin = context.origin().address
    messaging.send_email(
        address, user.name, "Your account was changed",
        f"Hello {user.name},\n\n{what}{by}\n\nAccount: {user.username} at {company.display_name}\nWhen: {moment}\n"
        + (f"From: {origin}\n" if origin else "")
        + "\nIf this surprises you, set a new password and tell an administrator of your company.\n",
        template="account_changed", record_type="user", record_id=user.id,
    )  # fmt: skip
