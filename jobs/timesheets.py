"""Jobs of working time."""

from datetime import timedelta
from typing import Any

from webapp.kit import jobs
from webapp.timesheets import service


@jobs.job("timesheets.missing_clock_outs", every=timedelta(minutes=15))
def missing_clock_outs(run: jobs.Run) -> dict[str, Any]:
    """Find clock-outs that were forgotten and tell about them once."""
    return {"found": len(service.missing.find())}
