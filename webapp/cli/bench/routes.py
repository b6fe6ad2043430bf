"""The study of route plans: Solomon's instances against the best known, and made-up technician days against VROOM."""

import json
import math
import os
import platform
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import click

from webapp.routing import solver
from webapp.routing.rules import checker, timing
from webapp.routing.rules.problem import Problem, Task, Worker
from webapp.routing.solver import made_up, vroom

# the least distance known, with distances cut to one decimal (the convention of the 12th DIMACS challenge); all are proven
# optimal but for a few of R2 and RC2
BEST_KNOWN: Final = {
    "C101": 827.3, "C102": 827.3, "C103": 826.3, "C104": 822.9, "C105": 827.3, "C106": 827.3, "C107": 827.3, "C108": 827.3,
    "C109": 827.3, "C201": 589.1, "C202": 589.1, "C203": 588.7, "C204": 588.1, "C205": 586.4, "C206": 586.0, "C207": 585.8,
    "C208": 585.8, "R101": 1637.7, "R102": 1466.6, "R103": 1208.7, "R104": 971.5, "R105": 1355.3, "R106": 1234.6,
    "R107": 1064.6, "R108": 932.1, "R109": 1146.9, "R110": 1068.0, "R111": 1048.7, "R112": 948.6, "R201": 1143.2,
    "R202": 1029.6, "R203": 870.8, "R204": 731.3, "R205": 949.8, "R206": 875.9, "R207": 794.0, "R208": 701.0, "R209": 854.8,
    "R210": 900.5, "R211": 746.7, "RC101": 1619.8, "RC102": 1457.4, "RC103": 1258.0, "RC104": 1132.3, "RC105": 1513.7,
    "RC106": 1372.7, "RC107": 1207.8, "RC108": 1114.2, "RC201": 1261.8, "RC202": 1092.3, "RC203": 923.7, "RC204": 783.5,
    "RC205": 1154.0, "RC206": 1051.1, "RC207": 962.9, "RC208": 776.1,
}  # fmt: skip
SCALE: Final = 10  # instances count in tenths


@dataclass(frozen=True, slots=True)
class Result:
    """One instance: what was found beside what it is compared with, in percent above it, and in how many seconds.

    `gap` is None where the two do not do the same work; `better` says which is.
    """

    name: str
    other: str
    found: str
    gap: float | None
    seconds: float
    engine: str
    wrong: int
    better: bool = False

    @property
    def words(self) -> str:
        return (
            f"{self.gap:+.2f} %"
            if self.gap is not None
            else "more work done"
            if self.better
            else "less work done"
        )


@click.command()
@click.option("--instances", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help="Folder with Solomon's instances as they are published (C101.txt …).")  # fmt: skip
@click.option("--seconds", default=solver.SECONDS, show_default=True, help="Time for each plan.")
@click.option("--days", default=12, show_default=True, help="Made-up days of technicians.")
@click.option("--jobs", "count", default=40, show_default=True, help="Jobs of a day.")
@click.option("--technicians", default=8, show_default=True, help="Technicians of a day.")
@click.option("--only", default="", help="Only instances with this in their name.")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON instead of tables.")
def routes(
    instances: Path | None, seconds: float, days: int, count: int, technicians: int, only: str, as_json: bool
) -> None:
    """Measure route plans: the gap to the best known of Solomon's instances, and technician days beside VROOM's deepest.

    \b
    Examples:
      truckroll bench routes --days 12
      truckroll bench routes --instances ~/solomon --seconds 8 --days 0
    """
    found = [*_solomon(instances, seconds, only), *_days(days, count, technicians, seconds, only)]
    if as_json:
        click.echo(json.dumps([asdict(r) for r in found], indent=1))
        return
    click.echo(
        f"\n{platform.processor() or platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n"
    )
    _table("Solomon", "best known", [r for r in found if r.name in BEST_KNOWN])
    _table("technician days", "VROOM, deepest", [r for r in found if r.name not in BEST_KNOWN])


def _table(title: str, other: str, results: list[Result]) -> None:
    if not results:
        return
    click.echo(f"| {title} | {other} | ours | above | seconds | found by |\n|---|---:|---:|---:|---:|---|")
    for r in results:
        click.echo(f"| {r.name} | {r.other} | {r.found} | {r.words} | {r.seconds:.1f} | {r.engine} |")
    gaps = [r.gap for r in results if r.gap is not None]
    same = f"mean {statistics.mean(gaps):+.2f} %, worst {max(gaps):+.2f} %, " if gaps else ""
    worse = sum(not r.better and (r.gap is None or r.gap > 0) for r in results)
    click.echo(
        f"\n{len(results)}: {same}{sum(r.better for r in results)} better, {worse} worse; "
        f"{sum(r.wrong for r in results)} violations; mean {statistics.mean(r.seconds for r in results):.1f} s\n"
    )


def _solomon(folder: Path | None, seconds: float, only: str) -> list[Result]:
    found = []
    for path in sorted(folder.glob("*.txt")) if folder is not None else ():
        name = path.stem.upper()
        if name not in BEST_KNOWN or only.upper() not in name:
            continue
        problem = read(path)
        started = time.perf_counter()
        plan = solver.solve(problem, seconds=seconds)
        taken = time.perf_counter() - started
        distance = plan.verdict.drive / SCALE
        missing = len(problem.tasks) - len(plan.verdict.done)
        gap = (distance / BEST_KNOWN[name] - 1) * 100 if not missing else None
        found.append(_said(Result(name, f"{BEST_KNOWN[name]:.1f}", f"{distance:.1f}", gap, taken, plan.engine,
                                  len(plan.verdict.violations) + missing, gap is not None and gap < 0)))  # fmt: skip
    return found


def read(path: Path) -> Problem:
    """An instance as Solomon published it: a depot, customers with windows, vehicles of one capacity."""
    rows = [line.split() for line in path.read_text().splitlines()]
    vehicles, capacity = map(int, next(r for r in rows if len(r) == 2 and r[0].isdigit()))
    spots = [[round(float(v)) for v in r] for r in rows if len(r) == 7 and r[0].isdigit()]
    way = [[int(math.hypot(a[1] - b[1], a[2] - b[2]) * SCALE) for b in spots] for a in spots]
    tasks = [
        Task(number, place, spot[6] * SCALE, [(spot[4] * SCALE, spot[5] * SCALE)], load=spot[3])
        for place, spot in enumerate(spots) if (number := spot[0])
    ]  # fmt: skip
    opens, closes = spots[0][4] * SCALE, spots[0][5] * SCALE
    workers = [Worker(n + 1, opens, closes, 0, 0, capacity=capacity) for n in range(vehicles)]
    return Problem(tasks, workers, way, way, way)


def _days(days: int, jobs: int, technicians: int, seconds: float, only: str) -> list[Result]:
    """Made-up days, each beside VROOM alone at its deepest, both read by the checker."""
    found = []
    for seed in range(days):
        name = f"{jobs} jobs, {technicians} technicians, day {seed + 1}"
        if only.lower() not in name:
            continue
        problem = made_up.day(workers=technicians, jobs=jobs, seed=seed)
        alone = timing.timed(problem, vroom.solve(problem))
        assert alone is not None  # VROOM keeps its own constraints
        other = checker.check(problem, alone)
        started = time.perf_counter()
        plan = solver.solve(problem, seconds=seconds)
        taken = time.perf_counter() - started
        ours = plan.verdict
        found.append(_said(Result(name, _worth(other), _worth(ours), above(ours, other), taken, plan.engine,
                                  len(ours.violations), ours.rank < other.rank)))  # fmt: skip
    return found


def above(ours: checker.Verdict, other: checker.Verdict) -> float | None:
    """How much more driving in percent for the same work; None where one does more, or more important, work."""
    return (ours.drive / max(1, other.drive) - 1) * 100 if ours.rank[:3] == other.rank[:3] else None


def _worth(verdict: checker.Verdict) -> str:
    return f"{verdict.drive / 60:.0f} min, {len(verdict.done)} jobs (priority {verdict.priority})"


def _said(result: Result) -> Result:
    click.echo(f"  {result.name}: {result.found} ({result.words}) in {result.seconds:.1f} s", err=True)
    return result
