"""When everything on a route happens, once its order is known: as early as can be, the rests where they cost the least time."""

from collections.abc import Mapping, Sequence
from typing import Final

from webapp.routing.rules.problem import Order, Plan, Problem, Rest, Step, Task, Worker

NEVER: Final = 1 << 60


def timed(
    problem: Problem, order: Order, *, grain: int = 1, wished: Mapping[int, int] | None = None
) -> Plan | None:
    """Every route with its times; None when one of them cannot be kept.

    A visit begins at the time `wished` for it (that it has now), else on the `grain` (seconds), so that nobody is told to come
    at 9:13, where that breaks nothing; else as early as can be.
    """
    tasks = {t.id: t for t in problem.tasks}
    found: dict[int, Sequence[Step]] = {}
    for worker in problem.workers:
        wanted = [tasks[n] for n in order.get(worker.id, ())]
        if not wanted:
            continue
        steps = _tidiest(problem, worker, wanted, grain, wished or {})
        if steps is None:
            return None
        found[worker.id] = steps
    return found


def _tidiest(
    problem: Problem, worker: Worker, wanted: Sequence[Task], grain: int, wished: Mapping[int, int]
) -> list[Step] | None:
    """A route with as many of its first visits at tidy times as can be."""
    if grain > 1 or wished:
        for tidy in range(len(wanted), 0, -1):
            steps = route(problem, worker, wanted, grain, wished, tidy)
            if steps is not None:
                return steps
    return route(problem, worker, wanted)


def route(
    problem: Problem, worker: Worker, wanted: Sequence[Task], grain: int = 1, wished: Mapping[int, int] | None = None,
    tidy: int = 0,
) -> list[Step] | None:  # fmt: skip
    """One route's steps, over as early as can be; None when it cannot be kept. The first `tidy` visits begin at tidy times."""
    return _Search(problem, worker, wanted, grain, wished or {}, tidy).found()


class _Search:
    """Walks the order and tries every place for the rests. After a task only the time counts, so few states are left."""

    def __init__(
        self,
        problem: Problem,
        worker: Worker,
        wanted: Sequence[Task],
        grain: int,
        wished: Mapping[int, int],
        tidy: int,
    ) -> None:
        self.time, self.worker, self.wanted = problem.time, worker, wanted
        self.grain, self.wished, self.tidy = grain, wished, tidy
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
        starts = self._begin(task, now + way, tidy=position < self.tidy)
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

    def _begin(self, task: Task, arrives: int, *, tidy: bool) -> int | None:
        """The earliest moment to begin a task, or the tidy one where its window allows it."""
        wish = self._tidy(task, arrives) if tidy else arrives
        if not task.windows:
            return wish
        for start, end in task.windows:
            if arrives <= end:
                return wish if start <= wish <= end else max(arrives, start)
        return None

    def _tidy(self, task: Task, arrives: int) -> int:
        wish = self.wished.get(task.id)
        return wish if wish is not None and wish >= arrives else -(-arrives // self.grain) * self.grain
