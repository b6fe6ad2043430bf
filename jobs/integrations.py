"""Jobs of webhooks and connectors: the wakes that bring a courier, and letting go of what is old."""

from datetime import timedelta
from typing import Any

from flask import current_app

from webapp.integrations import courier
from webapp.integrations.connectors.queries import sql as connectors_sql
from webapp.integrations.connectors.service import keeping as connectors_keeping
from webapp.integrations.connectors.service.registry import RUN as RUN_CONNECTORS
from webapp.integrations.connectors.service.work import CONNECTORS
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


@jobs.job(RUN_CONNECTORS, queue=jobs.HOOKS, lease=30, max_attempts=1000)
def call(run: jobs.Run) -> dict[str, Any]:
    """Make the calls that are due, as :func:`deliver` does deliveries."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the threads need the real object
    return {"endpoints": courier.work_off(app, run.tenant_id, trade=CONNECTORS)}


@jobs.job("connectors.forget", queue=jobs.LONG, every=timedelta(hours=6))
def forget_calls(run: jobs.Run) -> dict[str, Any]:
    """Delete calls older than 90 days, and connectors taken away that have none left."""
    gone = 0
    while deleted := connectors_keeping.forget():
        gone += deleted
        run.report(gone)
        run.checkpoint()
    return {"calls": gone, "connectors": connectors_keeping.forget_connectors()}


wakes.follow(RUN, sql.LISTENED)
wakes.follow(RUN_CONNECTORS, connectors_sql.LISTENED)
