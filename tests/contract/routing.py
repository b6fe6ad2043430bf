"""Route plans of a company under the contract's tests."""

from datetime import date, timedelta
from typing import Any

from tests.contract.house import House
from tests.factories import dispatch as make
from webapp.kit import clock, jobs
from webapp.routing import service

PLANS = "/api/v1/admin/dispatch/route-plans/<int:route_plan_id>"


def fill(house: House) -> None:
    """Two plans that are not made yet."""
    for _ in range(2):
        house.values |= asked(house)


def day(house: House) -> date:
    """A working day ahead, another one each time."""
    weeks, weekday = divmod(house.number() % 55, 5)
    monday = clock.today("America/New_York") + timedelta(days=7)
    return monday - timedelta(days=monday.weekday()) + timedelta(days=7 * weeks + weekday)


def free_day(house: House) -> date:
    """One of which no plan is under way."""
    from webapp.routing.queries import plans

    while (found := plans.latest(chosen := day(house))) is not None and found.status in (
        "queued",
        "planning",
    ):
        pass
    return chosen


def asked(house: House) -> dict[str, Any]:
    """A plan that waits to be made."""
    with house.acting("dispatcher"):
        return {"route_plan_id": service.ask(free_day(house)).id}


def ready(house: House) -> dict[str, Any]:
    """A plan that would place a job that waits."""
    with house.acting("dispatcher"):
        make.job("Waits to be planned", latitude=27.95, longitude=-82.45, expected_minutes=30)
        plan_id = service.ask(free_day(house)).id
    with house.app.app_context():
        jobs.drain(jobs.LONG, house.company.tenant_id)
    return {"route_plan_id": plan_id}


def body(house: House) -> dict[str, Any]:
    """A day that can be planned."""
    with house.acting("dispatcher"):
        return {"date": str(free_day(house))}


BODIES = {
    ("POST", "/api/v1/admin/dispatch/optimize-routes"): body,
    ("PATCH", f"{PLANS}/accept"): lambda house: {},
}
PREPARED = {
    ("PATCH", "/admin/dispatch/route-plans/<int:route_plan_id>/accept"): ready,
    ("PATCH", "/admin/dispatch/route-plans/<int:route_plan_id>/discard"): asked,
}
