"""A day of the board as a problem of routes: what may move, what stays, who works, and what a plan may leave out.

What a customer was promised stays: a visit begins inside its arrival window, a confirmed one without a window at its time.
Pinned visits, started ones, and those of several technicians keep their time and their people. From the middle of a day on,
everybody begins where they are, or will be once the visit under way is over.
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Final

from webapp.dispatch.rules import statuses, travel
from webapp.kit import geo
from webapp.routing.rules import lanes, timing
from webapp.routing.rules.problem import Matrix, Order, Plan, Problem, Rest, Span, Step, Task, Worker

KEEP: Final = 100  # of a visit that somebody is sent on: nothing that waits is worth leaving it out
NEW: Final = {"urgent": 12, "high": 6, "normal": 3, "low": 2}
OPTIONAL: Final = 1
MOST: Final = 400  # visits in one plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit of the day, or one that waits. Moments are minutes since 1970; `crew`: the technicians, the lead first."""

    visit_id: int
    job_id: int
    title: str
    customer: str = ""
    address: str = ""
    status: str = "pending"
    starts: int | None = None
    ends: int | None = None
    window: Span | None = None  # promised
    confirmed: bool = False
    minutes: int
    priority: str = "normal"
    optional: bool = False
    pinned: bool = False
    version: int = 1
    zone_id: int | None = None
    zone_name: str = ""
    place: travel.Place | None = None
    needs: Mapping[int, tuple[str, int]] = field(default_factory=dict)
    crew: tuple[int, ...] = ()
    on_site: int | None = None
    over_at: int | None = None  # completed at


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The day, the clock, and how the company works."""

    day: date
    zone: str
    business: Mapping[int, lanes.Span]
    now: int
    midnight: int
    emergency: int = 0


@dataclass(slots=True)
class Day:
    """The problem, and how it comes from the board.

    `moves`: the visits that a plan may move; `present`: the routes as they are; `left`: visits that no plan can place, why.
    """

    problem: Problem
    moves: dict[int, Visit]
    fixed: dict[int, Visit]
    present: dict[int, list[int]]
    begun: dict[int, list[Visit]]  # visits that are over or under way, by technician
    left: dict[int, str]
    alone: dict[int, str]  # technicians whose day is left as it is, why
    orphans: frozenset[int]  # visits whose technician does not work that day

    def at(self, visit: Visit, midnight: int) -> Span:
        """When a visit is now, in seconds of the day."""
        assert visit.starts is not None
        start = (visit.starts - midnight) * 60
        return start, start + visit.minutes * 60


Ways = Callable[[Sequence[travel.Place]], tuple[Matrix, Matrix, Matrix]]
"""Places → seconds between them as they are kept, seconds of driving, metres."""


def straight(places: Sequence[travel.Place], mph: int) -> tuple[Matrix, Matrix, Matrix]:
    """Ways without a road server: the great circle, a detour for roads, one speed. Kept in whole minutes, rounded up."""
    metres = [[round(geo.haversine_metres(a, b) * geo.DETOUR) for b in places] for a in places]
    speed = mph * geo.METRES_PER_MILE / 3600
    drive = [[round(m / speed) for m in row] for row in metres]
    time = [[0 if a == b else travel.minutes(a, b, mph) * 60 for b in places] for a in places]
    return time, drive, metres


def build(team: Sequence[lanes.Lane], visits: Sequence[Visit], terms: Terms, ways: Ways) -> Day:
    """The day's problem. Times are seconds after local midnight."""
    return _Builder(team, visits, terms, ways).day()


class _Builder:
    def __init__(self, team: Sequence[lanes.Lane], visits: Sequence[Visit], terms: Terms, ways: Ways) -> None:
        self.terms, self.ways = terms, ways
        self.lanes = {lane.technician_id: lane for lane in team}
        self.hours = {
            n: lanes.hours_of(lane, terms.day, terms.zone, terms.business) for n, lane in self.lanes.items()
        }
        self.visits = visits
        self.places: list[travel.Place | None] = []
        self.spots: dict[travel.Place, int] = {}
        self.home_at: set[int] = set()  # places from which the way lies before the shift
        self.home_to: set[int] = set()  # places to which it lies after it
        self.now = max(0, (terms.now - terms.midnight) * 60)

    # Places

    def _spot(self, place: travel.Place | None) -> int:
        if place is None:
            self.places.append(None)
            return len(self.places) - 1
        if place not in self.spots:
            self.places.append(place)
            self.spots[place] = len(self.places) - 1
        return self.spots[place]

    def _own_spot(self, place: travel.Place) -> int:
        self.places.append(place)
        return len(self.places) - 1

    def _matrices(self) -> tuple[Matrix, Matrix, Matrix]:
        known = list(dict.fromkeys(p for p in self.places if p is not None))
        number = {p: n for n, p in enumerate(known)}
        found = self.ways(known) if known else ((), (), ())
        rows = [None if p is None else number[p] for p in self.places]

        def whole(matrix: Matrix) -> list[list[int]]:
            return [[0 if a is None or b is None else matrix[a][b] for b in rows] for a in rows]

        time, drive, metres = (whole(m) for m in found)
        for spot in self.home_at:
            time[spot] = [0] * len(rows)
        for spot in self.home_to:
            for row in time:
                row[spot] = 0
        return time, drive, metres

    # The day

    def day(self) -> Day:
        placed, waiting, begun = self._sorted()
        workers = {
            n: w
            for n in self.lanes
            if self._works(n) and (w := self._worker(n, begun.get(n, []))) is not None
        }
        fixed: dict[int, Visit] = {}
        moves: dict[int, Visit] = {}
        left: dict[int, str] = {}
        tasks: list[Task] = []
        present: dict[int, list[int]] = {n: [] for n in workers}
        orphans = frozenset(v.visit_id for v in placed if not any(n in workers for n in v.crew))
        for visit in placed:
            on_duty = [(k, n) for k, n in enumerate(visit.crew) if n in workers]
            if self._stays(visit) and on_duty:
                fixed[visit.visit_id] = visit
                tasks += [self._fixed(visit, technician_id, position) for position, technician_id in on_duty]
            elif visit.place is None or (visit.pinned and not on_duty):
                left[visit.visit_id] = (
                    "It is pinned, or nobody knows where it is, and its technician does not work then."
                )
                continue
            else:
                moves[visit.visit_id] = visit
                tasks.append(self._movable(visit, KEEP))
            for position, technician_id in on_duty:
                present[technician_id].append(_task_id(visit.visit_id, position))
        for visit in self._within(waiting, workers, left):
            moves[visit.visit_id] = visit
            tasks.append(self._movable(visit, OPTIONAL if visit.optional else NEW[visit.priority]))
        problem, alone = _leave_alone(Problem(tasks, list(workers.values()), *self._matrices()), present)
        for technician_id in alone:
            for task_id in present.pop(technician_id):
                moves.pop(task_id, None)
        return Day(problem, moves, fixed, present, begun, left, alone, orphans)

    def _works(self, technician_id: int) -> bool:
        hours = self.hours.get(technician_id)
        if hours is None or not hours.spans:
            return False
        free = sum(b - a for a, b in hours.spans) - sum(
            max(0, min(s.ends, b) - max(s.starts, a))
            for s in hours.stops
            if s.kind != "visit"
            for a, b in hours.spans
        )
        return free > 0

    def _sorted(self) -> tuple[list[Visit], list[Visit], dict[int, list[Visit]]]:
        """What is placed and not begun, what waits, and what is over or under way by technician."""
        placed: list[Visit] = []
        waiting: list[Visit] = []
        begun: dict[int, list[Visit]] = {}
        for visit in sorted(self.visits, key=lambda v: (v.starts or 0, v.visit_id)):
            if visit.status in (*statuses.STARTED, "completed"):
                for technician_id in visit.crew:
                    begun.setdefault(technician_id, []).append(visit)
            elif visit.starts is not None and visit.crew:
                placed.append(visit)
            else:
                waiting.append(visit)
        return placed, waiting, begun

    def _stays(self, visit: Visit) -> bool:
        return visit.pinned or len(visit.crew) > 1 or visit.place is None

    def _fixed(self, visit: Visit, technician_id: int | None, position: int) -> Task:
        assert visit.starts is not None
        start = (visit.starts - self.terms.midnight) * 60
        # a fixed visit that should have begun already begins now
        at = max(start, self.now)
        return Task(_task_id(visit.visit_id, position), self._spot(visit.place), visit.minutes * 60, [(at, at)], only=technician_id,
                    priority=KEEP, title=visit.title)  # fmt: skip

    def _movable(self, visit: Visit, priority: int) -> Task:
        window = self._window(visit)
        needs = {skill: level for skill, (_, level) in visit.needs.items()}
        return Task(visit.visit_id, self._spot(visit.place), visit.minutes * 60, [window] if window else [], needs, visit.zone_id,
                    priority=priority, title=visit.title)  # fmt: skip

    def _window(self, visit: Visit) -> Span | None:
        """The seconds of the day in which a visit may begin; None: any. One that is over already counts no more."""
        ends_day = 36 * 3600
        window = visit.window
        if window is None and visit.confirmed and visit.starts is not None:
            window = (visit.starts, visit.starts)
        if window is None:
            return None
        start, end = ((m - self.terms.midnight) * 60 for m in window)
        if end < 0 or start > ends_day or end < self.now:
            return None
        return max(start, self.now), end

    def _within(
        self, waiting: list[Visit], workers: Mapping[int, Worker], left: dict[int, str]
    ) -> list[Visit]:
        """Those that wait and may be planned: with a known place, and as far as the time kept for emergencies allows."""
        free = sum(w.ends - w.begins - sum(r.seconds for r in w.rests) for w in workers.values()) // 60
        free -= sum(v.minutes for v in self.visits if v.crew and v.status in ("dispatched", "acknowledged"))
        room = free - self.terms.emergency
        rank = {"urgent": 0, "high": 1, "normal": 2, "low": 3}
        kept: list[Visit] = []
        for visit in sorted(
            waiting, key=lambda v: (v.optional, rank[v.priority], v.window is None, v.visit_id)
        ):
            if visit.place is None:
                left[visit.visit_id] = "Nobody knows where it is: give it an address or a ZIP code."
            elif len(kept) >= MOST:
                left[visit.visit_id] = f"A plan holds at most {MOST} waiting jobs; this one can wait longest."
            elif visit.priority != "urgent" and self.terms.emergency and visit.minutes > room:
                left[visit.visit_id] = "The time that is left is kept free for emergencies."
            else:
                kept.append(visit)
                room -= visit.minutes
        return kept

    # Workers

    def _worker(self, technician_id: int, begun: Sequence[Visit]) -> Worker | None:
        lane, hours = self.lanes[technician_id], self.hours[technician_id]
        begins, ends = ((m - self.terms.midnight) * 60 for m in (hours.spans[0][0], hours.spans[-1][1]))
        start, at_home = self._start(lane, begins, begun)
        begins = max(begins, self._free_at(begins, begun))
        if begins >= ends:
            return None
        rests = self._rests(hours, begins, ends)
        spot = end_spot = None
        if start is not None:
            spot = self._own_spot(start)
            if at_home:
                self.home_at.add(spot)
        if lane.end is not None:
            end_spot = self._own_spot(lane.end)
            self.home_to.add(end_spot)
        held = {
            skill: one.level for skill, one in lane.skills.items()
            if one.expires_on is None or one.expires_on >= self.terms.day
        }  # fmt: skip
        return Worker(technician_id, begins, ends, spot, end_spot, rests, held, lane.zones, name=lane.name)

    def _start(
        self, lane: lanes.Lane, begins: int, begun: Sequence[Visit]
    ) -> tuple[travel.Place | None, bool]:
        """Where somebody begins, and whether the way from there lies before the shift."""
        last = max((v for v in begun if v.place is not None), key=lambda v: v.starts or 0, default=None)
        if last is not None and last.status != "completed":
            return last.place, False
        if self.now > begins and lane.here is not None:
            return lane.here, False
        if last is not None:
            return last.place, False
        return lane.home, True

    def _free_at(self, begins: int, begun: Sequence[Visit]) -> int:
        """From when on somebody can be sent: now, or once the visit under way is over, as far as can be told."""
        at = self.now
        for visit in begun:
            if visit.status == "completed" or visit.starts is None:
                continue
            since = visit.on_site if visit.on_site is not None else max(visit.starts, self.terms.now)
            at = max(at, (since + visit.minutes - self.terms.midnight) * 60, self.now)
        return -(-at // 60) * 60

    def _rests(self, hours: lanes.Hours, begins: int, ends: int) -> list[Rest]:
        """Breaks between spans, blocks, and lunch where none is on the lane yet; what is over is left out."""
        blocked: list[tuple[int, int, str]] = []
        for (_, a), (b, _) in pairwise(hours.spans):
            blocked.append((a, b, "a break"))
        blocked += [
            (s.starts, s.ends, s.title or s.kind.replace("_", " ")) for s in hours.stops if s.kind != "visit"
        ]
        merged: list[tuple[int, int, str]] = []
        for a, b, title in sorted(blocked):
            start, end = (
                max((a - self.terms.midnight) * 60, begins),
                min((b - self.terms.midnight) * 60, ends),
            )
            if end <= start:
                continue
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], end), merged[-1][2])
            else:
                merged.append((start, end, title))
        rests = [
            Rest(n + 1, end - start, start, start, title) for n, (start, end, title) in enumerate(merged)
        ]
        if hours.lunch is not None:
            earliest, latest, minutes = hours.lunch
            first, last = (
                max((earliest - self.terms.midnight) * 60, begins),
                (latest - self.terms.midnight) * 60,
            )
            if _has_room(rests, minutes * 60, first, last):
                rests.append(Rest(len(rests) + 1, minutes * 60, first, last, "lunch"))
        return rests


def _has_room(rests: Sequence[Rest], seconds: int, first: int, last: int) -> bool:
    """Whether a break that begins from `first` to `last` finds a place beside the fixed ones: a long meeting may be lunch."""
    return any(
        first <= at <= last and all(at + seconds <= r.earliest or at >= r.latest + r.seconds for r in rests)
        for at in (first, *(r.latest + r.seconds for r in rests))
    )


def _task_id(visit_id: int, position: int) -> int:
    """The task of a visit for its lead is the visit's id; of helpers a number of their own, which is negative."""
    return visit_id if position == 0 else -(visit_id * 20 + position)


def visit_of(task_id: int) -> tuple[int, int]:
    """The visit of a task, and the position in its crew."""
    return (task_id, 0) if task_id > 0 else divmod(-task_id, 20)


def _leave_alone(problem: Problem, present: Order) -> tuple[Problem, dict[int, str]]:
    """Without those whose fixed visits cannot be kept together: their day is as somebody wanted it, against the rules."""
    alone = {}
    workers: list[Worker] = []
    for worker in problem.workers:
        bound = sorted((t for t in problem.tasks if t.only == worker.id), key=lambda t: t.windows[0])
        hungry = replace(worker, rests=[r for r in worker.rests if r.earliest == r.latest])
        if not bound or timing.route(problem, worker, bound) is not None:
            workers.append(worker)
        elif timing.route(problem, hungry, bound) is not None:
            workers.append(hungry)  # what is fixed leaves no time for lunch; somebody wanted it so
        else:
            alone[worker.id] = (
                f"{worker.name}’s fixed visits overlap each other or other time, so this day is left as it is."
            )
    gone = {n for worker_id in alone for n in present.get(worker_id, ())}
    return replace(problem, workers=workers, tasks=[t for t in problem.tasks if t.id not in gone]), alone


def present_plan(day: Day, midnight: int) -> Plan:
    """The routes as they are, at their own times; lunch where it fits between them."""
    tasks = {t.id: t for t in day.problem.tasks}
    found: dict[int, Sequence[Step]] = {}
    for worker in day.problem.workers:
        wanted = [tasks[n] for n in day.present.get(worker.id, ()) if n in tasks]
        if not wanted:
            continue
        pinned = []
        for task in wanted:
            visit = day.moves.get(task.id) or day.fixed[visit_of(task.id)[0]]
            at = day.at(visit, midnight)[0]
            pinned.append(replace(task, windows=[(at, at)]))
        steps = timing.route(day.problem, worker, pinned)
        if steps is None:
            steps = [Step("task", t.id, t.windows[0][0], t.windows[0][0] + t.seconds) for t in pinned]
        found[worker.id] = steps
    return found


def present_times(day: Day, midnight: int) -> dict[int, int]:
    """When the visits that may move begin now, in seconds of the day."""
    return {n: day.at(v, midnight)[0] for n, v in day.moves.items() if v.starts is not None and v.crew}


def relaxed(day: Day, violated: set[int]) -> Problem:
    """The problem without the breaks of those whose present day has no room for them either."""
    workers = [replace(w, rests=[r for r in w.rests if r.earliest == r.latest]) if w.id in violated else w
               for w in day.problem.workers]  # fmt: skip
    return replace(day.problem, workers=workers)


def later(problem: Problem, late: Set[int], seconds: int) -> Problem:
    """The problem with some visits that may begin later than they were promised."""
    tasks = [replace(t, windows=[*t.windows[:-1], (t.windows[-1][0], t.windows[-1][1] + seconds)])
             if t.id in late and t.windows else t for t in problem.tasks]  # fmt: skip
    return replace(problem, tasks=tasks)


def dropped(day: Day, done: set[int]) -> list[int]:
    """Visits that somebody who works is sent on now, and that a plan leaves out."""
    now = {n for order in day.present.values() for n in order}
    return sorted((now - done) - set(day.orphans))


def order_of(day: Day) -> Order:
    """The routes as they are."""
    return day.present
