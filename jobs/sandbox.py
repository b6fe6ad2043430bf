"""Jobs of the sandbox."""

from typing import Any

from webapp.accounts.service import sandboxes
from webapp.kit import jobs
from webapp.sandbox import retiring, service


@jobs.job(service.FILL, queue=jobs.LONG)
def fill(run: jobs.Run) -> dict[str, Any]:
    """Put made-up records into a sandbox that was just made."""
    return dict(service.fill())


@jobs.job(sandboxes.FORGET, queue=jobs.LONG, lease=300)
def forget(run: jobs.Run) -> dict[str, Any]:
    """Delete what a sandbox holds that was replaced by a fresh one."""
    return {"left": retiring.forget(run)}
