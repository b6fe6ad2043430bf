"""A search around a good plan: neighbouring routes are taken out and planned anew together, as long as that helps.

A small part of a day is solved to its depth in some milliseconds; what a whole day's search passed by is found there.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from webapp.routing.rules import checker, timing
from webapp.routing.rules.problem import Order, Problem, Worker
from webapp.routing.solver import vroom

PART: Final = 28  # tasks that are planned anew together, about
LEVEL: Final = 3


def improve(
    problem: Problem, order: Order, *, running: Callable[[], bool], seed: int = 0, threads: int = 2
) -> dict[int, list[int]]:
    """A plan no worse than `order`, by the checker. Ends when no neighbourhood gives anything, or `running()` says so."""
    draw = random.Random(seed)  # noqa: S311  # of neighbourhoods
    best = {w: list(tasks) for w, tasks in order.items() if tasks}
    tried: set[tuple[frozenset[int], tuple[tuple[int, ...], ...]]] = set()
    while running():
        better = False
        for part in _parts(problem, best, draw):
            if not running():
                break
            state = frozenset(w.id for w in part), tuple(tuple(best.get(w.id, ())) for w in part)
            if state in tried:
                continue
            tried.add(state)
            found = _anew(problem, best, part, threads)
            if found is not None:
                best, better = found, True
        if not better:
            break
    return best


def _parts(problem: Problem, order: Order, draw: random.Random) -> list[list[Worker]]:
    """Each worker with those whose routes come nearest, until there are enough tasks between them; in any order."""
    places = {t.id: t.place for t in problem.tasks}
    spots = {w.id: [places[n] for n in order.get(w.id, ())] + [p for p in (w.start,) if p is not None]
             for w in problem.workers}  # fmt: skip
    found = []
    for worker in problem.workers:
        others = sorted((w for w in problem.workers if w.id != worker.id),
                        key=lambda w: _apart(problem, spots[worker.id], spots[w.id]))  # fmt: skip
        part, size = [worker], len(order.get(worker.id, ()))
        for other in others:
            size += len(order.get(other.id, ()))
            if len(part) >= 2 and size > PART:
                break
            part.append(other)
        found.append(part)
    draw.shuffle(found)
    return found


def _apart(problem: Problem, ours: Sequence[int], theirs: Sequence[int]) -> float:
    """How far two routes are from each other: the mean of the shortest ways between their places."""
    if not ours or not theirs:
        return float("inf")
    return sum(min(problem.drive[a][b] for b in theirs) for a in ours) / len(ours)


def _anew(
    problem: Problem, order: Order, part: Sequence[Worker], threads: int
) -> dict[int, list[int]] | None:
    """The plan with some routes made anew; None when that is no better. Tasks that are left out may come in."""
    inside = {n for w in part for n in order.get(w.id, ())}
    out = {t.id for t in problem.tasks} - {n for each in order.values() for n in each}
    small = replace(problem, workers=list(part), tasks=[t for t in problem.tasks if t.id in inside | out])
    if not small.tasks:
        return None
    found = vroom.solve(small, level=LEVEL, threads=threads)
    before, after = (_rank(small, o) for o in ({w.id: order.get(w.id, ()) for w in part}, found))
    if after is None or (before is not None and after >= before):
        return None
    rest = {w: list(tasks) for w, tasks in order.items() if w not in {p.id for p in part}}
    return rest | {w: list(tasks) for w, tasks in found.items()}


def _rank(problem: Problem, order: Order) -> tuple[int, int, int, int] | None:
    plan = timing.timed(problem, order)
    return None if plan is None else checker.check(problem, plan).rank
