"""Links that work without signing in: the way out of marketing."""

from uuid import UUID

from flask import current_app

from webapp.kit import context, crypto


def unsubscribe_url(channel: str, address: str) -> str:
    """The address at which a recipient leaves our marketing; it names the organization under a MAC, and stays valid."""
    token = crypto.sign("unsubscribe", [str(context.tenant_id()), channel, address])
    return f"{current_app.config['SETTINGS'].base_url}/unsubscribe/{token}"


def read_unsubscribe(token: str) -> tuple[UUID, str, str] | None:
    """Organization, channel and address of a link, or None when it is not one of ours."""
    found = crypto.unsign("unsubscribe", token)
    if not isinstance(found, list) or len(found) != 3:
        return None
    return UUID(found[0]), str(found[1]), str(found[2])
