"""Changing one's own email address: only by a link that was mailed to the new one.

New passwords and mailed codes go there, so a mistyped address, or somebody at an unlocked screen, must not get them.
"""

from flask import current_app

from webapp.accounts import queries, rules
from webapp.accounts.service import links, principals, sessions, users
from webapp.accounts.service.links import Link
from webapp.kit import context, errors, journal, limits
from webapp.kit.db import get
from webapp.models import User

MAILS = "5/hour"  # per user: our mail must not be a way to bother strangers


def ask(user_id: int, address: str, *, present: str) -> str:
    """Mail a link to a new address; the address. Raises Invalid for a wrong password or address, or TooMany."""
    user = get(User, user_id, lock=True)
    found = users.checked("email", rules.email, address)
    if not found:
        raise errors.Invalid.one("email", "Enter an email address.")
    if found == user.email:
        raise errors.Invalid.one("email", "This is your address already.")
    links.check_present(user, present)
    limits.hit(MAILS, "address", str(user.tenant_id), str(user.id), message="Too many mails were sent.")
    from webapp.messaging import service as messaging

    url = f"{current_app.config['SETTINGS'].base_url}/confirm-email/{links.make(user, links.ADDRESS, found)}"
    messaging.send_email(
        found, user.name, "Confirm your email address",
        f"Hello {user.name},\n\nto use this address for “{user.username}” at {queries.organization().display_name}, open "
        f"this link; it works once, within a day:\n\n{url}\n\nIf you do not know what this is about, do nothing.\n",
        template="confirm_address", secret=True, record_type="user", record_id=user.id,
    )  # fmt: skip
    journal.audit("user.address_asked", record_type="user", record_id=user.id, email=found)
    return found


def confirm(link: Link) -> User:
    """Take the address that a link proves; the old one is told."""
    user = get(User, link.user.id, lock=True)
    context.set_principal(principals.of_user(user))
    before = journal.snapshot(user)
    users.set_address(user, link.about)
    links.spend(link)
    sessions.forget(user_id=user.id)
    journal.audit("user.changed", user, before=before)
    return user
