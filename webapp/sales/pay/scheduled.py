"""Work on pay that repeats by itself."""

from datetime import timedelta
from typing import Any

from webapp.kit import jobs
from webapp.sales.pay import periods


def ahead(run: jobs.Run) -> dict[str, Any]:
    """See that the present pay period and the next exist."""
    return {"made": periods.ensure_ahead()}


def install() -> None:
    """Register the repeating jobs."""
    jobs.job("pay.periods", every=timedelta(hours=6))(ahead)
