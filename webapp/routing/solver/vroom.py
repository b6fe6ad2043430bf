"""VROOM through `pyvroom`: knows breaks, skills and priorities by itself."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from webapp.routing.rules.problem import Order, Problem, Rest, Task, Worker, able

DEEPEST: Final = 5
_NOWHERE_FAR: Final = 0  # a place that is not known costs nothing to reach


def solve(problem: Problem, *, level: int = DEEPEST, threads: int = 2, limit: float | None = None) -> Order:
    """The order of every route. `level` 0 to 5 is how hard it looks; `limit` seconds. Tasks that nobody may do are left out.

    The library raises on an empty job list; there is nothing to order then.
    """
    import vroom

    tasks = [t for t in problem.tasks if any(able(w, t) for w in problem.workers)]
    if not tasks or not problem.workers:
        return {}
    given = vroom.Input()
    places, nowhere = len(problem.time), len(problem.time)
    time, drive = (_square(m, places) for m in (problem.time, problem.drive))
    given.set_durations_matrix("car", time)
    given.set_costs_matrix("car", drive)
    tokens = _tokens(problem.workers, tasks)
    loads = any(w.capacity is not None for w in problem.workers)
    rests: dict[int, int] = {}
    for number, worker in enumerate(problem.workers):
        breaks = []
        for rest in in_order(worker.rests):
            rests[len(rests) + 1] = rest.id
            breaks.append(
                vroom.Break(len(rests), [vroom.TimeWindow(rest.earliest, rest.latest)], rest.seconds)
            )
        given.add_vehicle(
            vroom.Vehicle(
                number + 1, start=nowhere if worker.start is None else worker.start,
                end=nowhere if worker.end is None else worker.end, time_window=vroom.TimeWindow(worker.begins, worker.ends),
                breaks=breaks, skills={t for allowed, t in tokens.items() if number in allowed},
                capacity=[worker.capacity if worker.capacity is not None else 2**31] if loads else (),
            )
        )  # fmt: skip
    for number, task in enumerate(tasks):
        given.add_job(
            vroom.Job(
                number + 1, location=task.place, default_service=task.seconds, skills={tokens[_who(problem.workers, task)]},
                priority=task.priority, time_windows=[vroom.TimeWindow(a, b) for a, b in task.windows],
                **({"delivery": [task.load]} if loads else {}),
            )
        )  # fmt: skip
    timeout = timedelta(seconds=limit) if limit is not None else None
    return _order(
        given.solve(exploration_level=level, nb_threads=threads, timeout=timeout), problem.workers, tasks
    )


def in_order(rests: Sequence[Rest]) -> list[Rest]:
    """Rests as VROOM can take them: one after the other, in the order in which they may begin.

    One that may lie before or after another, which is fixed, is put on the side with more room.
    """
    found: list[Rest] = []
    for rest in sorted(rests, key=lambda r: (r.latest - r.earliest, r.earliest)):  # the fixed ones first
        earliest, latest = rest.earliest, rest.latest
        for other in found:
            before, after = other.earliest - rest.seconds, other.latest + other.seconds
            if latest <= before or earliest >= after:
                continue
            if before - earliest >= latest - after:
                latest = before
            else:
                earliest = after
        found.append(replace(rest, earliest=earliest, latest=latest) if earliest <= latest else rest)
    return sorted(found, key=lambda r: (r.earliest, r.latest))


def _square(matrix: Any, places: int) -> list[list[int]]:
    """A matrix with one more place, nowhere, which is next to every other."""
    return [[*row, _NOWHERE_FAR] for row in matrix] + [[_NOWHERE_FAR] * (places + 1)]


def _who(workers: Sequence[Worker], task: Task) -> frozenset[int]:
    return frozenset(n for n, w in enumerate(workers) if able(w, task))


def _tokens(workers: Sequence[Worker], tasks: Sequence[Task]) -> dict[frozenset[int], int]:
    """A made-up skill for each set of workers that some tasks may be done by."""
    return {allowed: n + 1 for n, allowed in enumerate(dict.fromkeys(_who(workers, t) for t in tasks))}


def _order(solution: Any, workers: Sequence[Worker], tasks: Sequence[Task]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    routes = solution.routes
    for vehicle, kind, number in zip(routes["vehicle_id"], routes["type"], routes["id"], strict=True):
        if kind == "job":
            found.setdefault(workers[int(vehicle) - 1].id, []).append(tasks[int(number) - 1].id)
    return found
