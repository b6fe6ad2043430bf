"""Route plans: `/admin/dispatch/optimize-routes` and `/admin/dispatch/route-plans`."""

from typing import Any

from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_READ
from webapp.kit import paging
from webapp.kit.api import Api
from webapp.kit.db import get
from webapp.kit.dialects import FIELD
from webapp.models import RoutePlan
from webapp.routing import schemas, service
from webapp.routing.queries import plans as reading

api = Api("routing_plans_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Dispatch")
PLANS = "/admin/dispatch/route-plans"


@api.post("/admin/dispatch/optimize-routes", permission=DISPATCH_ASSIGN, body=schemas.OptimizeIn, returns=schemas.PlanOut,
          status=201)  # fmt: skip
def optimize_routes(body: schemas.OptimizeIn) -> dict[str, Any]:
    """Have a day's routes planned in the background. Read the plan until it is `ready`, then accept or discard it."""
    return _one(service.ask(body.date, technician_ids=body.technician_ids))


@api.get(PLANS, permission=DISPATCH_READ, query=schemas.PlanQuery, returns=schemas.PlanOut, paged=True)
def list_plans(query: schemas.PlanQuery) -> Any:
    """List route plans, the newest first."""
    page = paging.numbered(
        reading.numbered(query.date, query.updated_since), query, lambda p: p, scalars=True
    )
    done = reading.progress(page.items)
    return paging.Page(
        [schemas.shape_plan(p, done.get(p.id, 0)) for p in page.items], page.total, page.page, page.limit
    )


@api.get(f"{PLANS}/<int:route_plan_id>", permission=DISPATCH_READ, returns=schemas.PlanOut)
def get_plan(route_plan_id: int) -> dict[str, Any]:
    """One route plan, with its progress while it is made."""
    return _one(get(RoutePlan, route_plan_id, what="route plan"))


@api.patch(
    f"{PLANS}/<int:route_plan_id>/accept",
    permission=DISPATCH_ASSIGN,
    body=schemas.AcceptIn,
    returns=schemas.PlanOut,
)
def accept_plan(route_plan_id: int, body: schemas.AcceptIn) -> dict[str, Any]:
    """Put a plan on the board, whole or for some technicians; 409 with what changed when it does not fit any more."""
    return _one(service.accept(route_plan_id, body.technician_ids))


@api.patch(f"{PLANS}/<int:route_plan_id>/discard", permission=DISPATCH_ASSIGN, returns=schemas.PlanOut)
def discard_plan(route_plan_id: int) -> dict[str, Any]:
    """Put a plan away; one that is being made stops."""
    return _one(service.discard(route_plan_id))


def _one(plan: RoutePlan) -> dict[str, Any]:
    return schemas.shape_plan(plan, reading.progress([plan]).get(plan.id, 0))
