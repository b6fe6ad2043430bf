"""Jobs of routes: planning a day."""

from typing import Any

from webapp.kit import jobs
from webapp.kit.db import get
from webapp.models import RoutePlan
from webapp.routing.service import plans


@jobs.job("routing.plan", queue=jobs.LONG, lease=120, max_attempts=3, failed=plans.failed)
def plan(run: jobs.Run) -> dict[str, Any]:
    """Plan a day's routes and keep the proposal."""
    found = get(RoutePlan, run.args["plan_id"])
    if found.status not in ("queued", "planning"):
        return {}
    found.status = "planning"
    run.report(0, 100)
    run.checkpoint()
    return plans.make(found, report=lambda share: run.report(round(share * 100), 100))
