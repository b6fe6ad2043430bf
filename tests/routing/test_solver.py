"""Plans for made-up days: kept by the checker, no worse than what they go on from, and as good as VROOM's deepest."""

from dataclasses import replace

import pytest

from webapp.routing import solver
from webapp.routing.rules import checker, timing
from webapp.routing.rules.problem import Order, Problem, Rest, Task, Worker
from webapp.routing.solver import around, made_up, pyvrp, vroom

HOUR = 3600
LINE = [[abs(a - b) * 600 for b in range(5)] for a in range(5)]  # places ten minutes apart on a road


def rank(problem: Problem, order: Order) -> tuple[int, int, int, int]:
    plan = timing.timed(problem, order)
    assert plan is not None
    return checker.check(problem, plan).rank


@pytest.mark.parametrize("seed", range(4))
def test_days_with_lunch_and_skills_are_planned_without_a_violation_and_no_worse_than_vroom(
    seed: int,
) -> None:
    problem = made_up.day(workers=5, jobs=22, seed=seed)
    found = solver.solve(problem, seconds=20, seed=seed)
    assert found.verdict.violations == []
    assert found.verdict.rank <= rank(problem, vroom.solve(problem))
    lunches = {w.id for w in problem.workers for s in found.plan.get(w.id, ()) if s.kind == "rest"}
    assert lunches == {w for w, steps in found.plan.items() if steps}


def test_a_tighter_day_leaves_out_the_least_important() -> None:
    problem = made_up.day(workers=2, jobs=30, seed=3)
    found = solver.solve(problem, seconds=20)
    assert found.verdict.violations == []
    out = [t.priority for t in problem.tasks if t.id not in found.verdict.done]
    assert 0 < len(out) < 30
    assert sum(out) / len(out) < sum(t.priority for t in problem.tasks) / 30


def test_without_breaks_pyvrp_plans_too_and_only_what_fits_is_given_to_it() -> None:
    problem = made_up.day(workers=4, jobs=24, seed=1, lunch=False)
    assert pyvrp.fits(problem)
    begun = vroom.solve(problem, level=0)
    order = pyvrp.solve(problem, limit=20, begin=begun, still=500)
    assert rank(problem, order) <= rank(problem, begun)
    assert solver.solve(problem, seconds=3).verdict.violations == []
    with_lunch = made_up.day(workers=4, jobs=24, seed=1)
    assert not pyvrp.fits(with_lunch)
    with pytest.raises(ValueError, match="breaks"):
        pyvrp.solve(with_lunch, limit=1)


def test_the_search_around_a_plan_never_makes_it_worse_and_ends_by_itself() -> None:
    problem = made_up.day(workers=5, jobs=25, seed=9)
    begun = vroom.solve(problem, level=0)
    asked = 0

    def running() -> bool:
        nonlocal asked
        asked += 1
        return asked < 500

    assert rank(problem, around.improve(problem, begun, running=running)) <= rank(problem, begun)
    assert asked < 500
    assert around.improve(problem, begun, running=lambda: False) == {w: list(o) for w, o in begun.items()}


def test_nothing_to_do_nobody_to_do_it_and_nobody_able() -> None:
    worker, task = Worker(1, 8 * HOUR, 17 * HOUR, 0, 0), Task(1, 1, HOUR)
    for problem in (
        Problem([], [worker], LINE, LINE, LINE),
        Problem([task], [], LINE, LINE, LINE),
        Problem([replace(task, needs={5: 1})], [worker], LINE, LINE, LINE),
    ):
        found = solver.solve(problem, seconds=2)
        assert (found.plan, found.verdict.violations) == ({}, [])


def test_a_pinned_visit_stays_with_its_technician_at_its_time() -> None:
    workers = [Worker(n, 8 * HOUR, 17 * HOUR, 0, 0) for n in (1, 2)]
    pinned = Task(1, 4, HOUR, [(10 * HOUR, 10 * HOUR)], only=2, priority=100)
    problem = Problem([pinned, Task(2, 4, HOUR), Task(3, 3, HOUR)], workers, LINE, LINE, LINE)
    found = solver.solve(problem, seconds=2, grain=300)
    step = next(s for s in found.plan[2] if s.id == 1)
    assert step.begins == 10 * HOUR
    assert found.verdict.violations == []
    assert found.verdict.done == {1, 2, 3}


def test_someone_without_a_start_point_begins_at_the_first_job() -> None:
    problem = Problem(
        [Task(1, 3, HOUR), Task(2, 4, HOUR)], [Worker(1, 8 * HOUR, 17 * HOUR)], LINE, LINE, LINE
    )
    found = solver.solve(problem, seconds=2)
    assert found.verdict.drive == 600
    assert min(s.begins for s in found.plan[1]) == 8 * HOUR


def test_a_meeting_in_the_middle_of_lunchtime_leaves_lunch_on_one_side() -> None:
    rests = [
        Rest(1, 1800, 11 * HOUR, 13 * HOUR + 1800, "lunch"),
        Rest(2, HOUR, 12 * HOUR, 12 * HOUR, "a meeting"),
    ]
    problem = Problem(
        [Task(1, 1, HOUR), Task(2, 2, 2 * HOUR)],
        [Worker(1, 8 * HOUR, 17 * HOUR, 0, 0, rests)],
        LINE,
        LINE,
        LINE,
    )
    found = solver.solve(problem, seconds=2)
    assert found.verdict.violations == []
    assert {s.id for s in found.plan[1] if s.kind == "rest"} == {1, 2}


def test_visits_begin_on_five_minutes_where_that_breaks_nothing() -> None:
    ways = [[0 if a == b else 427 for b in range(3)] for a in range(3)]
    worker = Worker(1, 8 * HOUR, 17 * HOUR, 0, 0)

    def begins(window_end: int) -> list[int]:
        tasks = [Task(1, 1, HOUR), Task(2, 2, HOUR, [(9 * HOUR, window_end)])]
        plan = timing.timed(Problem(tasks, [worker], ways, ways, ways), {1: [1, 2]}, grain=300)
        assert plan is not None
        return [s.begins for s in plan[1]]

    assert begins(10 * HOUR) == [8 * HOUR + 600, 9 * HOUR + 1200]
    # arriving at 9:20 would be too late; to the second it can be kept
    assert begins(9 * HOUR + 1000) == [8 * HOUR + 427, 9 * HOUR + 854]


def test_the_search_for_times_finds_what_trying_everything_finds() -> None:
    """Lunch is placed where the day ends earliest; a brute force over its beginning agrees."""
    compared = 0
    for seed in range(12):
        problem = made_up.day(workers=1, jobs=4, seed=seed, skills=0)
        worker = replace(problem.workers[0], ends=24 * HOUR)
        order = [t for t in problem.tasks if not t.windows or t.windows[0][0] > 0][:4]
        steps = timing.route(problem, worker, order)
        best = None
        lunch = worker.rests[0]
        for at in range(lunch.earliest, lunch.latest + 1, 300):
            fixed = replace(worker, rests=[replace(lunch, earliest=at, latest=at), *worker.rests[1:]])
            tried = timing.route(problem, fixed, order)
            if tried is not None and (best is None or tried[-1].ends < best):
                best = tried[-1].ends
        if best is not None:
            assert steps is not None
            assert max(s.ends for s in steps) <= best
            compared += 1
    assert compared > 3
