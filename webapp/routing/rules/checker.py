"""The independent checker of route plans: reads a plan's times as they stand and recomputes all of it.

It shares nothing with what makes plans, neither the solvers' arithmetic nor :mod:`timing`. A plan that a person is shown
has passed here without a violation, and two plans are compared by what is counted here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from webapp.routing.rules.problem import Plan, Problem, Step, Task, Worker


@dataclass(frozen=True, slots=True)
class Violation:
    """Something that a plan must not do. `kind`: unknown, twice, window, length, shift, way, rest, skill, zone, bound, capacity."""

    kind: str
    worker_id: int
    task_id: int | None
    sentence: str


@dataclass(slots=True)
class Verdict:
    """What a plan is worth: seconds of driving, metres, the priorities of what it does, and what is wrong with it."""

    drive: int = 0
    metres: int = 0
    priority: int = 0
    done: set[int] = field(default_factory=set)
    by_worker: dict[int, tuple[int, int]] = field(default_factory=dict)  # (seconds of driving, metres)
    violations: list[Violation] = field(default_factory=list)

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """Smaller is better: nothing wrong, then the most important work done, then the most work, then the least driving."""
        return len(self.violations), -self.priority, -len(self.done), self.drive


def check(problem: Problem, plan: Plan) -> Verdict:
    """Everything that is wrong with a plan, and what it is worth."""
    verdict = Verdict()
    tasks = {t.id: t for t in problem.tasks}
    workers = {w.id: w for w in problem.workers}
    for worker_id, steps in plan.items():
        if worker_id not in workers:
            _blame(verdict, "unknown", worker_id, None, "is not one of those who work.")
        elif steps:
            _check_route(problem, workers[worker_id], steps, tasks, verdict)
    made = Counter(s.id for steps in plan.values() for s in steps if s.kind == "task")
    for task_id, times in made.items():
        if times > 1:
            _blame(verdict, "twice", 0, task_id, f"is planned {times} times.")
    verdict.done = {task_id for task_id in made if task_id in tasks}
    verdict.priority = sum(tasks[n].priority for n in verdict.done)
    return verdict


def _check_route(
    problem: Problem, worker: Worker, steps: Sequence[Step], tasks: dict[int, Task], verdict: Verdict
) -> None:
    unknown = [s for s in steps if s.kind == "task" and s.id not in tasks]
    for step in unknown:
        _blame(verdict, "unknown", worker.id, step.id, "is no task of this day.")
    known = [s for s in steps if s not in unknown]
    _check_tasks(worker, known, tasks, verdict)
    _check_rests(worker, known, verdict)
    _check_ways(problem, worker, known, tasks, verdict)
    load = sum(tasks[s.id].load for s in known if s.kind == "task")
    if worker.capacity is not None and load > worker.capacity:
        _blame(verdict, "capacity", worker.id, None, f"carries {load}, {worker.capacity} at most.")
    _count(problem, worker, known, tasks, verdict)


def _check_tasks(worker: Worker, steps: Sequence[Step], tasks: dict[int, Task], verdict: Verdict) -> None:
    for step in steps:
        if step.kind != "task":
            continue
        task = tasks[step.id]
        if task.windows and not any(a <= step.begins <= b for a, b in task.windows):
            _blame(verdict, "window", worker.id, task.id, "begins outside its window.")
        if step.ends - step.begins < task.seconds:
            _blame(verdict, "length", worker.id, task.id, "is given less time than it takes.")
        if step.begins < worker.begins or step.ends > worker.ends:
            _blame(verdict, "shift", worker.id, task.id, "lies outside the shift.")
        if task.only is not None and task.only != worker.id:
            _blame(verdict, "bound", worker.id, task.id, "is bound to somebody else.")
        for skill, level in task.needs.items():
            if worker.skills.get(skill, 0) < level:
                _blame(verdict, "skill", worker.id, task.id, f"needs skill {skill} at level {level}.")
        if task.zone is not None and worker.zones and task.zone not in worker.zones:
            _blame(verdict, "zone", worker.id, task.id, "lies in a zone where they do not work.")


def _check_rests(worker: Worker, steps: Sequence[Step], verdict: Verdict) -> None:
    taken = {s.id: s for s in steps if s.kind == "rest"}
    for rest in worker.rests:
        step = taken.pop(rest.id, None)
        if step is None:
            _blame(verdict, "rest", worker.id, None, f"has no time for {rest.title or 'a break'}.")
        elif not rest.earliest <= step.begins <= rest.latest or step.ends - step.begins < rest.seconds:
            _blame(verdict, "rest", worker.id, None, f"has {rest.title or 'a break'} at the wrong time.")
    for _ in taken:
        _blame(verdict, "rest", worker.id, None, "takes a break that is not theirs.")


def _check_ways(
    problem: Problem, worker: Worker, steps: Sequence[Step], tasks: dict[int, Task], verdict: Verdict
) -> None:
    """Between two places there is time for the way and for every rest in between, and nothing overlaps."""
    for before, after in pairwise(steps):
        if after.begins < before.ends:
            wrong = after.id if after.kind == "task" else before.id
            _blame(verdict, "way", worker.id, wrong, "overlaps with what is before it.")
    at, place, resting = worker.begins, worker.start, 0
    for step in steps:
        if step.kind == "rest":
            resting += step.ends - step.begins
            continue
        here = tasks[step.id].place
        way = problem.time[place][here] if place is not None else 0
        if step.begins - at < way + resting:
            _blame(verdict, "way", worker.id, step.id, "begins before anybody can be there.")
        at, place, resting = step.ends, here, 0
    home = problem.time[place][worker.end] if place is not None and worker.end is not None else 0
    if at + home + resting > worker.ends:
        _blame(verdict, "shift", worker.id, None, "is not back before the shift ends.")


def _count(
    problem: Problem, worker: Worker, steps: Sequence[Step], tasks: dict[int, Task], verdict: Verdict
) -> None:
    places = [tasks[s.id].place for s in steps if s.kind == "task"]
    if not places:
        return
    ends = [p for p in (worker.start, *places, worker.end) if p is not None]
    legs = list(pairwise(ends))
    drive, metres = (sum(matrix[a][b] for a, b in legs) for matrix in (problem.drive, problem.metres))
    verdict.by_worker[worker.id] = (drive, metres)
    verdict.drive += drive
    verdict.metres += metres


def _blame(verdict: Verdict, kind: str, worker_id: int, task_id: int | None, sentence: str) -> None:
    verdict.violations.append(Violation(kind, worker_id, task_id, sentence))
