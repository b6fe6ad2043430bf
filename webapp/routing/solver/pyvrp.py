"""PyVRP: the better of the two where nobody has a break to take."""

from collections.abc import Sequence
from typing import Any, Final

from webapp.routing.rules.problem import Order, Problem, Task, able

STILL: Final = 20_000  # iterations without a better plan after which it stops


def fits(problem: Problem) -> bool:
    """Whether PyVRP can look at a problem: no breaks, and one window a task."""
    return not any(w.rests for w in problem.workers) and all(len(t.windows) <= 1 for t in problem.tasks)


def solve(
    problem: Problem, *, limit: float, seed: int = 0, begin: Order | None = None, still: int = STILL
) -> Order:
    """The order of every route with the least driving, found within `limit` seconds; {} when it found none.

    It makes all visits, or all of those in `begin`, the plan that it goes on from: which are left out is decided before.
    Raises ValueError for a problem that it cannot look at (:func:`fits`).
    """
    import numpy as np
    import pyvrp
    from pyvrp.stop import MaxRuntime, MultipleCriteria, NoImprovement

    if not fits(problem):
        raise ValueError("PyVRP knows neither breaks nor several windows")
    wanted = {n for order in begin.values() for n in order} if begin else {t.id for t in problem.tasks}
    tasks = [t for t in problem.tasks if t.id in wanted and any(able(w, t) for w in problem.workers)]
    if not tasks:
        return {}
    profiles, kinds = _kinds(problem, tasks)
    places = len(problem.time)
    time, drive = (np.zeros((places + 1, places + 1), dtype=np.int64) for _ in range(2))
    time[:places, :places], drive[:places, :places] = np.array(problem.time), np.array(problem.drive)
    far = int(drive.max()) * 20 + 1  # the way to a task that a worker may not do: never worth it
    depots = sorted({p for w in problem.workers for p in (_at(w.start, places), _at(w.end, places))})
    times: list[Any] = []
    drives: list[Any] = []
    for allowed in profiles:
        barred = [t.place for n, t in enumerate(tasks) if n not in allowed]
        there = drive.copy()
        # places may be shared: a task that is barred must not bar another at the same place
        free = {t.place for n, t in enumerate(tasks) if n in allowed}
        there[:, [p for p in barred if p not in free]] = far
        np.fill_diagonal(there, 0)
        times.append(time)
        drives.append(there)
    loads = any(w.capacity is not None for w in problem.workers)
    data = pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(places + 1)],
        [
            pyvrp.Client(
                t.place, delivery=[t.load] if loads else [], service_duration=t.seconds,
                tw_early=t.windows[0][0] if t.windows else 0, tw_late=t.windows[0][1] if t.windows else 2**40,
            )
            for t in tasks
        ],
        [pyvrp.Depot(p) for p in depots],
        [
            pyvrp.VehicleType(
                len(members), [one.capacity if one.capacity is not None else 2**31] if loads else [],
                depots.index(_at(one.start, places)), depots.index(_at(one.end, places)), tw_early=one.begins,
                tw_late=one.ends, profile=profile,
            )
            for (one, members, profile) in kinds
        ],
        drives, times,
    )  # fmt: skip
    stop = MultipleCriteria([MaxRuntime(limit), NoImprovement(still)])
    first = _solution(pyvrp, data, begin, kinds, tasks) if begin else None
    result = pyvrp.solve(data, stop, seed=seed, collect_stats=False, display=False, initial_solution=first)
    return _order(result.best, kinds, tasks) if result.best.is_feasible() else {}


def _at(place: int | None, nowhere: int) -> int:
    return nowhere if place is None else place


def _kinds(
    problem: Problem, tasks: Sequence[Task]
) -> tuple[list[frozenset[int]], list[tuple[Any, list[int], int]]]:
    """Which tasks each profile may do, and the kinds of workers: (one of them, their ids, their profile)."""
    profiles: dict[frozenset[int], int] = {}
    kinds: dict[Any, tuple[Any, list[int], int]] = {}
    for worker in problem.workers:
        allowed = frozenset(n for n, t in enumerate(tasks) if able(worker, t))
        profile = profiles.setdefault(allowed, len(profiles))
        key = (worker.start, worker.end, worker.begins, worker.ends, worker.capacity, profile)
        kinds.setdefault(key, (worker, [], profile))[1].append(worker.id)
    return list(profiles), list(kinds.values())


def _solution(pyvrp: Any, data: Any, begin: Order, kinds: Any, tasks: Any) -> Any:
    numbers = {t.id: n for n, t in enumerate(tasks)}
    kind_of = {member: n for n, (_, members, _) in enumerate(kinds) for member in members}
    routes = [
        pyvrp.Route(
            data, [pyvrp.Activity(pyvrp.ActivityType.CLIENT, numbers[n]) for n in order], kind_of[worker]
        )
        for worker, order in begin.items()
        if order
    ]
    return pyvrp.Solution(data, routes)


def _order(best: Any, kinds: Any, tasks: Any) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    free = [list(members) for _, members, _ in kinds]
    for one in best.routes():
        visits = [tasks[a.idx].id for a in one if a.is_client()]
        if visits:
            found[free[one.vehicle_type()].pop(0)] = visits
    return found
