"""A day's routes as a problem: who works, what there is to do, how long the ways take. No domain beyond that.

Times are seconds from a common beginning (the local midnight of the day). A way has three sizes: the `time` that has to lie
between two things, what it costs (`drive`, seconds behind the wheel, which is what a plan makes small), and `metres`. They
differ where driving lies outside the shift: from home to the first job and from the last one home.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Span = tuple[int, int]  # seconds, both ends included
Matrix = Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Task:
    """A visit to be made. It begins inside one of its `windows`; none: whenever somebody works.

    `needs`: skill → level; `only`: the one worker it is bound to; `priority` 1 to 100: a plan leaves out the least sum of
    them; `load` counts against a worker's capacity.
    """

    id: int
    place: int
    seconds: int
    windows: Sequence[Span] = ()
    needs: Mapping[int, int] = field(default_factory=dict)
    zone: int | None = None
    only: int | None = None
    priority: int = 1
    load: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class Rest:
    """Time of a worker that is no task and lies nowhere: lunch, a meeting. It begins within `earliest` and `latest`."""

    id: int
    seconds: int
    earliest: int
    latest: int
    title: str = ""


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who makes visits between `begins` and `ends`, from `start` to `end` where those are known.

    `skills`: skill → level, those that hold on the day; `zones`: none means everywhere.
    """

    id: int
    begins: int
    ends: int
    start: int | None = None
    end: int | None = None
    rests: Sequence[Rest] = ()
    skills: Mapping[int, int] = field(default_factory=dict)
    zones: frozenset[int] = frozenset()
    capacity: int | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """All of it. The matrices are indexed by place."""

    tasks: Sequence[Task]
    workers: Sequence[Worker]
    time: Matrix
    drive: Matrix
    metres: Matrix

    def task(self, task_id: int) -> Task:
        return next(t for t in self.tasks if t.id == task_id)

    def worker(self, worker_id: int) -> Worker:
        return next(w for w in self.workers if w.id == worker_id)


def able(worker: Worker, task: Task) -> bool:
    """Whether a worker may make a visit at all: bound to them or to nobody, skills, zone."""
    return (
        (task.only is None or task.only == worker.id)
        and all(worker.skills.get(skill, 0) >= level for skill, level in task.needs.items())
        and (task.zone is None or not worker.zones or task.zone in worker.zones)
    )


Order = Mapping[int, Sequence[int]]  # worker → the tasks in their order


@dataclass(frozen=True, slots=True)
class Step:
    """Something on a route: a task or a rest, from when to when."""

    kind: str  # task, rest
    id: int
    begins: int
    ends: int


Plan = Mapping[int, Sequence[Step]]  # worker → steps in their order
