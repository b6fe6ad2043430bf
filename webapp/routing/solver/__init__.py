"""What finds good routes: VROOM, PyVRP where nobody has a break, and a search around the best of them.

Pure functions over :mod:`webapp.routing.rules.problem`; their libraries are imported when they are called, in the worker.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Final

from webapp.routing.rules import checker, timing
from webapp.routing.rules.problem import Order, Plan, Problem
from webapp.routing.solver import around, pyvrp, vroom

SECONDS: Final = 8.0  # that a plan may take
QUICK: Final = 1  # VROOM's level for a first plan
THREADS: Final = min(2, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Solved:
    """A plan, what the checker says of it, and what found it."""

    order: Order
    plan: Plan
    verdict: checker.Verdict
    engine: str


def solve(
    problem: Problem,
    *,
    seconds: float = SECONDS,
    grain: int = 1,
    wished: Mapping[int, int] | None = None,
    seed: int = 0,
    report: Callable[[float], None] = lambda share: None,
) -> Solved:
    """The best plan found in some seconds, by the checker; earlier when no better one is to be found.

    `grain`: seconds on which visits begin, and `wished`: when they would rather, where that breaks nothing. `report` hears the
    share of the time that is over; what it raises ends the search.
    """
    began = monotonic()

    def left() -> float:
        return seconds - (monotonic() - began)

    def heard(engine: str, order: Order) -> Solved | None:
        report(min(1.0, (monotonic() - began) / seconds))
        return judged(problem, order, engine)

    best = Solved({}, {}, checker.check(problem, {}), "")
    best = _better(best, heard("VROOM", vroom.solve(problem, level=QUICK, threads=THREADS, limit=seconds)))
    if pyvrp.fits(problem) and left() > 0.5:
        found = pyvrp.solve(
            problem, limit=left(), seed=seed, begin=best.order, still=2_000 + 200 * len(problem.tasks)
        )
        best = _better(best, heard("VROOM and PyVRP", found))
    elif left() > 0:
        best = _better(best, heard("VROOM", vroom.solve(problem, threads=THREADS, limit=left())))

        def running() -> bool:
            report(min(1.0, (monotonic() - began) / seconds))
            return left() > 0

        best = _better(
            best, heard("VROOM, in parts", around.improve(problem, best.order, running=running, seed=seed))
        )
    if grain > 1 or wished:
        plan = timing.timed(problem, best.order, grain=grain, wished=wished) or best.plan
        best = Solved(best.order, plan, checker.check(problem, plan), best.engine)
    return best


def placed(problem: Problem) -> set[int]:
    """The tasks that a first, quick plan finds a place for."""
    return {
        n for tasks in vroom.solve(problem, level=QUICK, threads=THREADS, limit=1.0).values() for n in tasks
    }


def judged(problem: Problem, order: Order, engine: str) -> Solved | None:
    """An order with its times and the checker's verdict; None when its times cannot be kept."""
    plan = timing.timed(problem, order)
    return None if plan is None else Solved(order, plan, checker.check(problem, plan), engine)


def _better(one: Solved, other: Solved | None) -> Solved:
    return other if other is not None and other.verdict.rank < one.verdict.rank else one
