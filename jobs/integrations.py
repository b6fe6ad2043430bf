"""Jobs of webhooks: the wake that brings a courier, and letting go of old deliveries."""

from datetime import timedelta
from typing import Any

from flask import current_app

from webapp.integrations import courier
from webapp.integrations.queries import sql
from webapp.integrations.service import keeping
from webapp.integrations.service.endpoints import RUN
from webapp.kit import jobs, wakes


@jobs.job(RUN, queue=jobs.HOOKS, lease=30, max_attempts=1000)
def deliver(run: jobs.Run) -> dict[str, Any]:
    """Deliver what is due. Couriers take this job over and serve many organizations at once; see `courier.work_off`."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the threads need the real object
    return {"endpoints": courier.work_off(app, run.tenant_id)}


@jobs.job("webhooks.forget", queue=jobs.LONG, every=timedelta(hours=6))
def forget(run: jobs.Run) -> dict[str, Any]:
    """Delete deliveries older than 90 days, and endpoints taken away that have none left."""
    gone = 0
    while deleted := keeping.forget():
        gone += deleted
        run.report(gone)
        run.checkpoint()
    return {"deliveries": gone, "endpoints": keeping.forget_endpoints()}


wakes.follow(RUN, sql.LISTENED)
