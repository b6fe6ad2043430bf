"""Jobs of the accounts domain."""

from typing import Any

from webapp.accounts.service import links
from webapp.kit import jobs


@jobs.job("accounts.password_reset")
def password_reset(run: jobs.Run) -> dict[str, Any] | None:
    """Mail a link for a new password to whoever the given name means."""
    links.ask_reset(run.args["name"])
    return None
