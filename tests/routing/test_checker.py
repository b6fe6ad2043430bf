"""The independent checker: every way in which a plan can be wrong is seen, and what a plan is worth is counted right."""

from dataclasses import replace
from typing import Any

import pytest

from webapp.routing.rules import checker
from webapp.routing.rules.problem import Problem, Rest, Step, Task, Worker

HOUR = 3600
# places: 0 home, 1 and 2 customers half an hour from each other and from home
WAY = [[0, 1800, 1800], [1800, 0, 1800], [1800, 1800, 0]]
METRES = [[0, 20_000, 20_000], [20_000, 0, 30_000], [20_000, 30_000, 0]]
ANN = Worker(
    1,
    8 * HOUR,
    17 * HOUR,
    0,
    0,
    [Rest(9, 1800, 11 * HOUR, 13 * HOUR, "lunch")],
    {7: 3},
    frozenset({4}),
    10,
    "Ann",
)
FIRST = Task(1, 1, HOUR, [(9 * HOUR, 10 * HOUR)], {7: 2}, 4, None, 5, 4, "Furnace")
SECOND = Task(2, 2, HOUR, [], {}, None, None, 1, 5, "Drain")
PROBLEM = Problem([FIRST, SECOND], [ANN], WAY, WAY, METRES)
GOOD = [
    Step("task", 1, 9 * HOUR, 10 * HOUR),
    Step("rest", 9, 11 * HOUR, 11 * HOUR + 1800),
    Step("task", 2, 12 * HOUR, 13 * HOUR),
]


def kinds(steps: list[Step], problem: Problem = PROBLEM) -> set[str]:
    return {v.kind for v in checker.check(problem, {1: steps}).violations}


def worker(**changes: Any) -> Problem:
    return replace(PROBLEM, workers=[replace(ANN, **changes)])


def task(**changes: Any) -> Problem:
    return replace(PROBLEM, tasks=[replace(FIRST, **changes), SECOND])


def test_a_good_plan_is_counted() -> None:
    verdict = checker.check(PROBLEM, {1: GOOD})
    assert verdict.violations == []
    assert (verdict.drive, verdict.metres, verdict.priority, verdict.done) == (5400, 70_000, 6, {1, 2})
    assert verdict.by_worker == {1: (5400, 70_000)}
    assert verdict.rank == (0, -6, -2, 5400)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("skill", worker(skills={7: 1})),
        ("skill", worker(skills={})),
        ("zone", worker(zones=frozenset({5}))),
        ("bound", task(only=2)),
        ("window", task(windows=[(9 * HOUR + 60, 10 * HOUR)])),
        ("window", task(windows=[(7 * HOUR, 8 * HOUR), (11 * HOUR, 12 * HOUR)])),
        ("length", task(seconds=HOUR + 1)),
        ("shift way", worker(begins=9 * HOUR + 60)),
        ("shift", worker(ends=13 * HOUR + 1799)),  # home is half an hour away
        ("capacity", worker(capacity=8)),
        ("rest", worker(rests=[])),
        ("rest", worker(rests=[Rest(9, 1801, 11 * HOUR, 13 * HOUR)])),
        ("rest", worker(rests=[Rest(9, 1800, 12 * HOUR, 13 * HOUR)])),
        ("rest", worker(rests=[*ANN.rests, Rest(8, 600, 14 * HOUR, 15 * HOUR, "a meeting")])),
    ],
)
def test_each_rule_that_is_broken_is_named(kind: str, problem: Problem) -> None:
    assert kinds(GOOD, problem) == set(kind.split())


def test_a_way_takes_its_time_also_around_a_break() -> None:
    early = [
        GOOD[0],
        Step("rest", 9, 11 * HOUR, 11 * HOUR + 1800),
        Step("task", 2, 11 * HOUR + 1800, 12 * HOUR + 1800),
    ]
    assert kinds(early) == set()  # an hour's gap before the break is enough for the way
    late = [Step("task", 1, 10 * HOUR, 11 * HOUR), *early[1:]]
    assert kinds(late) == {"way"}  # the break fills the gap, nobody drove
    assert kinds([GOOD[0], Step("rest", 9, 9 * HOUR + 1800, 11 * HOUR), GOOD[2]]) == {
        "way",
        "rest",
    }  # during the work
    assert kinds([replace(GOOD[0], begins=8 * HOUR + 1500, ends=9 * HOUR + 1500), *GOOD[1:]]) == {
        "way",
        "window",
    }


def test_a_task_twice_an_unknown_one_and_a_stranger() -> None:
    assert kinds([*GOOD, Step("task", 2, 14 * HOUR, 15 * HOUR)], worker(capacity=None)) == {"twice"}
    assert kinds([*GOOD, Step("task", 3, 14 * HOUR, 15 * HOUR)]) == {"unknown"}
    assert {v.kind for v in checker.check(PROBLEM, {2: GOOD}).violations} == {"unknown"}


def test_a_plan_that_is_wrong_is_never_better_however_short() -> None:
    empty, wrong = checker.check(PROBLEM, {}), checker.check(PROBLEM, {1: [GOOD[0]]})
    assert (empty.violations, [v.kind for v in wrong.violations]) == ([], ["rest"])
    assert checker.check(PROBLEM, {1: GOOD}).rank < empty.rank < wrong.rank
