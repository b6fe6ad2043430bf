"""Route plans: asking for one, making it, accepting it whole or for some technicians, discarding it.

Nothing changes before somebody accepts. What a plan was made from is kept with it, so that one that does not fit the board any
more is refused, saying what changed.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from webapp.dispatch import settings
from webapp.dispatch.permissions import DISPATCH_ASSIGN
from webapp.dispatch.service import Placement, together, undo
from webapp.kit import clock, context, errors, events, jobs, journal, locks
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import demand
from webapp.models import RoutePlan, Technician
from webapp.routing import events as told
from webapp.routing import solver
from webapp.routing.queries import day as day_queries
from webapp.routing.queries import lanes as lane_queries
from webapp.routing.queries import plans as reading
from webapp.routing.rules import checker, lanes, proposal
from webapp.routing.rules import day as days
from webapp.routing.rules.problem import Problem
from webapp.routing.service.roads import Roads

GRAIN: Final = 300  # seconds on which visits begin where that breaks nothing
FURTHEST: Final = timedelta(days=90)
BACK: Final = timedelta(days=1)
DAY_SECONDS: Final = 8.0  # of search, for a day of 100 visits
MOST_SECONDS: Final = 30.0
LATER: Final = (
    30,
    60,
    120,
    240,
    24 * 60,
)  # minutes after its window that a visit may begin which cannot be kept in it


OVER: Final = "This day is over; there is nothing left to plan."


class Outdated(errors.Conflict):
    """The board is not any more what a plan was made from; `details["changes"]` says what changed."""


def ask(day: date, *, technician_ids: Sequence[int] | None = None) -> RoutePlan:
    """Have a day planned in the background; a plan of that day that is not decided yet is discarded.

    A day that is over is taken too, as the field document's example has one: its plan changes nothing and says so.
    Raises Invalid for a day too far ahead, NotFound for technicians, Conflict when one is being planned.
    """
    demand(DISPATCH_ASSIGN)
    today = clock.today(settings.zone())
    if day > today + FURTHEST:
        raise errors.Invalid.one("date", f"Routes are planned at most {FURTHEST.days} days ahead.")
    for technician_id in technician_ids or ():
        get(Technician, technician_id)
    locks.hold("route-plan", day.toordinal())
    present = reading.latest(day)
    if present is not None and present.status in ("queued", "planning"):
        raise errors.Conflict("This day is being planned already.", details={"plan_id": present.id})
    if present is not None and present.status == "ready":
        _close(present, "discarded")
    plan = add(
        RoutePlan(on_date=day, status="queued", asked_by=context.principal().label,
                  request={"technician_ids": sorted(set(technician_ids)) if technician_ids else None})
    )  # fmt: skip
    plan.job_id = jobs.add("routing.plan", {"plan_id": plan.id})
    db.session.flush()
    journal.audit("route.asked", plan)
    return plan


def gather(plan: RoutePlan, roads: Roads) -> tuple[days.Day, days.Terms, list[lanes.Lane], list[days.Visit]]:
    """The day of a plan as it stands now, as a problem."""
    how, zone = settings.present(), settings.zone()
    only = plan.request.get("technician_ids")
    over = plan.on_date < clock.today(zone)
    team = [] if over else lane_queries.read(plan.on_date, plan.on_date, zone, technician_ids=only)
    visits = [] if over else day_queries.visits(plan.on_date, zone)
    if over:
        roads.said = OVER
    if only is not None:
        wanted = set(only)
        visits = [v for v in visits if not v.crew or wanted & set(v.crew)]
    terms = days.Terms(
        day=plan.on_date, zone=zone, business=how.business_hours, now=lanes.minute_up(clock.now()),
        midnight=lanes.minute(clock.day_bounds(plan.on_date, zone)[0]), emergency=how.emergency_minutes,
    )  # fmt: skip
    return days.build(team, visits, terms, roads), terms, team, visits


def make(plan: RoutePlan, report: Any = lambda share: None) -> dict[str, Any]:
    """Plan a day and keep the proposal; what comes out is checked by the independent checker before anybody sees it."""
    roads = Roads(settings.present().drive_mph)
    day, terms, team, visits = gather(plan, roads)
    before_plan = days.present_plan(day, terms.midnight)
    before = checker.check(day.problem, before_plan)
    found = _search(day, before, days.present_times(day, terms.midnight), report)
    better = found is not None and is_better(day, found.verdict, before)
    after_plan, after = (found.plan, found.verdict) if better and found is not None else (before_plan, before)
    routes = proposal.Routes(before_plan, before), proposal.Routes(after_plan, after)
    plan.proposal = proposal.compose(
        day, terms.midnight, team, visits, *routes, kept=not better, note=roads.said, roads=roads.used
    )
    plan.engine = found.engine if better and found is not None else "as it is"
    plan.before_minutes, plan.after_minutes = round(before.drive / 60), round(after.drive / 60)
    plan.before_metres, plan.after_metres = before.metres, after.metres
    plan.status = "ready"
    db.session.flush()
    events.emit(told.READY, plan.id, _payload(plan))
    return {"before_minutes": plan.before_minutes, "after_minutes": plan.after_minutes}


def _search(
    day: days.Day, before: checker.Verdict, wished: Mapping[int, int], report: Any
) -> solver.Solved | None:
    """The best plan that leaves out nobody who is placed now; None when there is none, or nothing to plan."""
    if not day.problem.tasks or not day.problem.workers:
        return None
    seconds = min(MOST_SECONDS, DAY_SECONDS * max(1.0, len(day.problem.tasks) / 100))
    found = solver.solve(day.problem, seconds=seconds, grain=GRAIN, wished=wished, report=report)
    if not days.dropped(day, found.verdict.done):
        return found
    for problem in _eased(day, found, before):
        again = solver.solve(problem, seconds=seconds, grain=GRAIN, wished=wished, report=report)
        found = solver.Solved(again.order, again.plan, checker.check(day.problem, again.plan), again.engine)
        if not days.dropped(day, found.verdict.done):
            break
    return found


def _eased(day: days.Day, found: solver.Solved, before: checker.Verdict) -> Iterator[Problem]:
    """The day made easier, where not everybody who is placed can be kept: without the breaks that the routes have no room for
    now either; then with somebody who waits too long already served late, as little as it can be, rather than not at all.
    The checker still counts what is wrong with it.
    """
    problem = day.problem
    without = {v.worker_id for v in before.violations if v.kind == "rest"}
    if without:
        problem = days.relaxed(day, without)
        yield problem
    behind = {v.task_id for v in before.violations if v.kind in ("window", "way", "shift")}
    late = {n for n in days.dropped(day, found.verdict.done) if n in behind}
    for minutes in LATER if late else ():
        eased = days.later(problem, late, minutes * 60)
        if minutes == LATER[-1] or not days.dropped(day, solver.placed(eased)):
            yield eased
            return


def is_better(day: days.Day, after: checker.Verdict, before: checker.Verdict) -> bool:
    """Whether a plan may replace the routes as they are: nobody placed is left out, nothing more is wrong, and it is better."""
    if days.dropped(day, after.done):
        return False
    return after.rank < before.rank


def accept(plan_id: int, technician_ids: Sequence[int] | None = None) -> RoutePlan:
    """Put a plan on the board: whole, or for some technicians and those with whom they exchange visits. All of it or nothing.

    Raises Outdated saying what changed since, Clashing, Conflict when it was decided already, NotFound.
    """
    demand(DISPATCH_ASSIGN)
    plan = get(RoutePlan, plan_id, what="route plan", lock=True)
    if plan.status not in ("ready", "accepted") or plan.proposal is None:
        raise errors.Conflict(_not_ready(plan))
    open_for = [
        t
        for t in plan.proposal["technicians"]
        if t["changed"] and t["technician_id"] not in plan.accepted_for
    ]
    if technician_ids is not None:
        known = {t["technician_id"] for t in plan.proposal["technicians"]}
        for technician_id in technician_ids:
            if technician_id not in known:
                raise errors.NotFound(f"Technician {technician_id} is not in this plan.")
        groups = {t["group"] for t in open_for if t["technician_id"] in set(technician_ids)}
        open_for = [t for t in open_for if t["group"] in groups]
    if not open_for:
        raise errors.Conflict("There is nothing left in this plan to accept.")
    chosen = {t["technician_id"] for t in open_for}
    _refuse_outdated(plan, chosen)
    moves = _moves(plan, open_for)
    was = undo.state(moves)
    placed = together.place_all(
        moves,
        reason=f"Route plan {plan.id}",
        ignore=("travel",) if plan.proposal.get("roads") == "server" else (),
    )
    plan.accepted_for = sorted({*plan.accepted_for, *chosen})
    plan.status = "accepted"
    versions = {v.id: v.version for v in placed}
    put = {
        "technicians": sorted(chosen),
        "visits": {str(n): old | {"version": versions[n]} for n, old in was.items()},
    }
    before = {k: v for k, v in plan.proposal.items() if k != "taken_back"}
    plan.proposal = before | {"put": [*before.get("put", []), put]}
    db.session.flush()
    journal.audit("route.accepted", plan, diff={}, technician_ids=sorted(chosen), visit_ids=sorted(moves))
    events.emit(
        told.ACCEPTED, plan.id, _payload(plan, technician_ids=sorted(chosen), visit_ids=sorted(moves))
    )
    return plan


def take_back(plan_id: int, number: int) -> RoutePlan:
    """Put back what the `number`-th accepting of a plan (from 0) moved: all of it or nothing.

    Raises Conflict when that is not the case any more or somebody moved one of the visits since, Clashing, NotFound.
    """
    demand(DISPATCH_ASSIGN)
    plan = get(RoutePlan, plan_id, what="route plan", lock=True)
    kept = list((plan.proposal or {}).get("put", []))
    if plan.status != "accepted" or not 0 <= number < len(kept) or kept[number] is None:
        raise errors.Conflict("This plan is taken back already, or another one took its place.")
    put, kept[number] = kept[number], None
    undo.put_all_back({int(n): old for n, old in put["visits"].items()}, f"Route plan {plan.id} taken back")
    plan.accepted_for = sorted(set(plan.accepted_for) - set(put["technicians"]))
    plan.status = "accepted" if plan.accepted_for else "discarded"
    assert plan.proposal is not None
    taken = {"by": context.principal().name, "at": clock.iso(clock.now()), "technicians": put["technicians"]}
    plan.proposal = plan.proposal | {"put": kept, "taken_back": taken}
    db.session.flush()
    journal.audit("route.taken-back", plan, diff={}, technician_ids=put["technicians"])
    events.emit(told.DISCARDED, plan.id, _payload(plan))
    return plan


def discard(plan_id: int) -> RoutePlan:
    """Put a plan away; one that is being made stops. Raises Conflict when it was decided already."""
    demand(DISPATCH_ASSIGN)
    plan = get(RoutePlan, plan_id, what="route plan", lock=True)
    if plan.status not in ("queued", "planning", "ready"):
        raise errors.Conflict(_not_ready(plan))
    if plan.job_id is not None and plan.status != "ready":
        jobs.cancel(plan.job_id)
    _close(plan, "discarded")
    return plan


def _close(plan: RoutePlan, status: str) -> None:
    before = journal.snapshot(plan)
    plan.status = status
    db.session.flush()
    journal.audit(f"route.{status}", plan, before=before)
    events.emit(told.DISCARDED, plan.id, _payload(plan))


def failed(run: jobs.Run, sentence: str) -> None:
    """Note on the plan why it could not be made."""
    plan = find(RoutePlan, run.args["plan_id"])
    if plan is None or plan.status not in ("queued", "planning"):
        return
    plan.status, plan.error = "failed", sentence[:500]
    db.session.flush()
    events.emit(told.FAILED, plan.id, _payload(plan, error=plan.error))


def _refuse_outdated(plan: RoutePlan, chosen: set[int]) -> None:
    assert plan.proposal is not None
    zone = settings.zone()
    team = lane_queries.read(plan.on_date, plan.on_date, zone, technician_ids=chosen)
    visits = day_queries.visits(plan.on_date, zone)
    changes = proposal.changes(plan.proposal["base"], proposal.base(team, visits), chosen, plan.proposal)
    if changes:
        raise Outdated("The board has changed since this plan was made: " + " ".join(changes) + " Plan the day again.",
                       details={"changes": changes})  # fmt: skip


def _moves(plan: RoutePlan, chosen: Sequence[dict[str, Any]]) -> dict[int, Placement]:
    assert plan.proposal is not None
    versions = plan.proposal["base"]["visits"]
    return {
        stop["visit_id"]: Placement(
            technician_ids=(one["technician_id"],), starts_at=datetime.fromisoformat(stop["starts_at"]),
            ends_at=datetime.fromisoformat(stop["ends_at"]), version=versions[str(stop["visit_id"])]["version"],
        )
        for one in chosen
        for stop in one["after"]["stops"]
        if stop["kind"] == "visit" and stop["changed"]
    }  # fmt: skip


def _not_ready(plan: RoutePlan) -> str:
    if plan.status == "discarded" and "taken_back" in (plan.proposal or {}):
        return "This plan was taken back."
    return {
        "queued": "This plan is not made yet.",
        "planning": "This plan is not made yet.",
        "accepted": "This plan was accepted already.",
        "discarded": "This plan was discarded.",
        "failed": "This plan could not be made.",
    }.get(plan.status, "This plan cannot be accepted.")


def _payload(plan: RoutePlan, **more: Any) -> dict[str, Any]:
    return {"id": plan.id, "date": plan.on_date, "status": plan.status, "before_minutes": plan.before_minutes,
            "after_minutes": plan.after_minutes, **more}  # fmt: skip
