"""Jobs of the accounts domain."""

from datetime import timedelta
from typing import Any

from webapp.accounts.service import key_reminders, key_usage, links
from webapp.kit import context, counts, jobs, journal


@jobs.job("accounts.password_reset")
def password_reset(run: jobs.Run) -> dict[str, Any] | None:
    """Mail a link for a new password to whoever the given name means."""
    links.ask_reset(run.args["name"])
    return None


@jobs.job(key_usage.JOB)
def file_key_usage(run: jobs.Run) -> dict[str, Any]:
    """File what was counted of keys since the last time."""
    filed = key_usage.file()
    tenant = context.tenant_id()
    journal.after_commit(lambda: counts.drop(key_usage.KIND, tenant))
    return filed


@jobs.job("accounts.forget_key_usage", queue=jobs.LONG, every=timedelta(days=1))
def forget_key_usage(run: jobs.Run) -> dict[str, Any]:
    """Delete figures of keys older than a year and a month."""
    return {"deleted": key_usage.forget()}


@jobs.job("accounts.key_reminders", every=timedelta(hours=1))
def remind_of_keys(run: jobs.Run) -> dict[str, Any]:
    """Tell who made a key, and the owners, 14 and 3 days before it expires."""
    return {"told": key_reminders.tell()}
