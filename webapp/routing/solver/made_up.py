"""Made-up days of technicians to test and measure with: own starts, shifts, lunch, skills, windows, priorities."""

import math
import random
from typing import Final

from webapp.routing.rules.problem import Matrix, Problem, Rest, Task, Worker

HOUR: Final = 3600
SIDE: Final = 32_000  # metres of the square town
METRES_A_SECOND: Final = 12.0


def day(
    *, workers: int = 8, jobs: int = 40, seed: int = 0, lunch: bool = True, skills: int = 3, side: int = SIDE
) -> Problem:
    """A day; the same one for the same seed. With `skills` 0 everybody can do everything."""
    draw = random.Random(seed)  # noqa: S311  # nothing secret
    spots = [(draw.uniform(0, side), draw.uniform(0, side)) for _ in range(workers + jobs)]
    team = [_worker(n, draw, lunch, skills) for n in range(workers)]
    tasks = [_task(n, workers + n, draw, team, skills) for n in range(jobs)]
    time, metres = ways(spots)
    return Problem(tasks, team, time, time, metres)


def ways(spots: list[tuple[float, float]]) -> tuple[Matrix, Matrix]:
    """Seconds and metres between places of a flat town."""
    metres = [[round(1.3 * math.dist(a, b)) for b in spots] for a in spots]
    return [[math.ceil(m / METRES_A_SECOND) for m in row] for row in metres], metres


def _worker(number: int, draw: random.Random, lunch: bool, skills: int) -> Worker:
    begins = draw.choice((7, 8, 8, 9)) * HOUR
    length = draw.choice((8, 9, 9, 10)) * HOUR
    rests = [Rest(1000 + number, 30 * 60, 11 * HOUR, 14 * HOUR - 1800, "lunch")] if lunch else []
    if lunch and draw.random() < 0.25:
        at = draw.choice((9, 10, 12, 14)) * HOUR
        rests.append(Rest(2000 + number, 45 * 60, at, at, "a meeting"))
    held = {s: draw.randint(1, 5) for s in range(1, skills + 1) if draw.random() < 0.7}
    return Worker(
        number + 1, begins, begins + length, number, number, rests, held, name=f"Technician {number + 1}"
    )


def _task(number: int, place: int, draw: random.Random, team: list[Worker], skills: int) -> Task:
    seconds = draw.choice((30, 45, 60, 60, 90, 120)) * 60
    windows = []
    kind = draw.random()
    if kind < 0.6:
        length = 2 if kind < 0.35 else 4
        start = draw.randint(8, 17 - length)
        windows = [(start * HOUR, (start + length) * HOUR)]
    needs = {}
    if skills and draw.random() < 0.5:
        skill = draw.randint(1, skills)
        most = max((w.skills.get(skill, 0) for w in team), default=0)
        if most:
            needs = {skill: draw.randint(1, most)}
    return Task(
        number + 1,
        place,
        seconds,
        windows,
        needs,
        priority=draw.choice((1, 1, 5, 20)),
        title=f"Job {number + 1}",
    )
