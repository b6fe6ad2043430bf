"""Jobs of the audit log."""

from datetime import timedelta
from typing import Any

from webapp.audit import chain
from webapp.kit import jobs


@jobs.job("audit.export_head", every=timedelta(hours=1), max_attempts=3)
def export_head(run: jobs.Run) -> dict[str, Any] | None:
    """Write the head of the organization's chain to a file outside the database."""
    return chain.export_head()
