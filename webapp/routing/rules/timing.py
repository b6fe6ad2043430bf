"""When everything on a route happens, once its order is known: as early as can be, the rests where they cost the least time."""

from collections.abc import Sequence
from typing import Final

from webapp.routing.rules.problem import Order, Plan, Problem, Rest, Step, Task, Worker

NEVER: Final = 1 << 60


def timed(problem: Problem, order: Order, *, grain: int = 1) -> Plan | None:
    """Every route with its times; None when one of them cannot be kept.

    With a `grain` (seconds) visits begin on it where that breaks nothing: nobody is told to come at 9:13.
    """
    tasks = {t.id: t for t in problem.tasks}
    found: dict[int, Sequence[Step]] = {}
    for worker in problem.workers:
        wanted = [tasks[n] for n in order.get(worker.id, ())]
        if not wanted:
            continue
        steps = route(problem, worker, wanted, grain) or (
            route(problem, worker, wanted, 1) if grain > 1 else None
        )
        if steps is None:
            return None
        found[worker.id] = steps
    return found


def route(problem: Problem, worker: Worker, wanted: Sequence[Task], grain: int = 1) -> list[Step] | None:
    """One route's steps, over as early as can be; None when it cannot be kept."""
    search = _Search(problem, worker, wanted, grain)
    return search.found()


class _Search:
    """Walks the order and tries every place for the rests. After a task only the time counts, so few states are left."""

    def __init__(self, problem: Problem, worker: Worker, wanted: Sequence[Task], grain: int) -> None:
        self.time, self.worker, self.wanted, self.grain = problem.time, worker, wanted, grain
        self.best_end = NEVER
        self.best: list[Step] | None = None
        self.seen: dict[tuple[int, int], int] = {}
        self.rests = list(worker.rests)

    def found(self) -> list[Step] | None:
        first = self._way(self.worker.start, self.wanted[0].place)
        self._walk(0, (1 << len(self.rests)) - 1, self.worker.begins, first, [])
        return self.best

    def _way(self, a: int | None, b: int | None) -> int:
        return 0 if a is None or b is None else self.time[a][b]

    def _walk(self, position: int, left: int, now: int, way: int, steps: list[Step]) -> None:
        """`left`: the rests yet to take, as bits; `way`: seconds still to drive to what comes next."""
        for number, rest in enumerate(self.rests):
            if left >> number & 1 and self._can_begin(rest, now):
                begins = max(now, rest.earliest)
                steps.append(Step("rest", rest.id, begins, begins + rest.seconds))
                driven = begins - now
                self._walk(
                    position, left & ~(1 << number), begins + rest.seconds, max(0, way - driven), steps
                )
                steps.pop()
        if position == len(self.wanted):
            if not left and now + way <= self.worker.ends and now + way < self.best_end:
                self.best_end, self.best = now + way, list(steps)
            return
        task = self.wanted[position]
        starts = self._begin(task, now + way)
        if starts is None or starts + task.seconds > self.worker.ends:
            return
        ends = starts + task.seconds
        if self.seen.get((position, left), NEVER) <= ends:
            return  # was here before, and earlier
        self.seen[position, left] = ends
        following = self.wanted[position + 1].place if position + 1 < len(self.wanted) else self.worker.end
        steps.append(Step("task", task.id, starts, ends))
        self._walk(position + 1, left, ends, self._way(task.place, following), steps)
        steps.pop()

    def _can_begin(self, rest: Rest, now: int) -> bool:
        return now <= rest.latest

    def _begin(self, task: Task, arrives: int) -> int | None:
        """The earliest moment to begin a task, on the grain where its window allows."""
        tidy = -(-arrives // self.grain) * self.grain
        if not task.windows:
            return tidy
        for start, end in task.windows:
            if arrives <= end:
                at = max(arrives, start)
                return max(tidy, start) if start <= tidy <= end else at
        return None
