"""Telling customers of their visits."""

from typing import Any

from webapp.appointments.service import telling
from webapp.kit import jobs


@jobs.job(telling.JOB)
def tell(run: jobs.Run) -> dict[str, Any]:
    """How a job's visits stand, a reminder, on the way, or what was done: whatever is still true is told, once."""
    return telling.run(run.args)
