"""The night in which every worker is killed in the middle of its job, and Redis is emptied.

`python -m tests.faults.night <folder> <count>` forks so many workers. Each does its work as any worker, but stops for
ever at the point of the job that `<folder>/points.json` names, after writing its process number to a file. The tests
kill them there.
"""

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from tests.faults import scenes
from webapp.kit import jobs
from webapp.kit.db import db

LEASE = 6  # seconds, on a machine busy with two dozen workers, after which the job of a killed worker begins again


def main() -> None:
    from webapp import create_app
    from webapp.cli import worker

    folder, number = Path(sys.argv[1]), int(sys.argv[2])
    app = create_app()  # imported once for all; nothing is connected yet
    for place, size in scenes.SMALL.items():
        module, _, name = place.partition(":")
        assert isinstance(getattr(import_module(module), name), int)
        setattr(import_module(module), name, size)
    arm(folder)
    for _ in range(number):
        if os.fork() == 0:
            worker.serve(app, (jobs.QUICK, jobs.LONG))
            os._exit(0)
    # webhooks and connectors are carried by workers of another kind; the jobs themselves are done the same way by any.
    # Each stops at its scene's point, so there is one for each scene
    for _ in [scene for scene in scenes.SCENES if jobs.KINDS[scene.kind].queue == jobs.HOOKS]:
        if os.fork() == 0:
            while True:
                worker.work_off(app, (jobs.HOOKS,))
                time.sleep(0.2)
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def arm(folder: Path) -> None:
    """Make the jobs of the scenes stop at their points, on the first attempt only."""
    points: dict[str, list[str]] = orjson.loads((folder / "points.json").read_bytes())

    def here(run: jobs.Run, point: str) -> bool:
        return points.get(str(run.tenant_id)) == [run.kind.name, point] and run.attempt == 1

    for name, kind in list(jobs.KINDS.items()):
        jobs.KINDS[name] = replace(kind, lease=LEASE, run=_to_the_end(kind.run, here, folder))
    commit_piece = jobs.Run.checkpoint

    def checkpoint(run: jobs.Run, **state: Any) -> None:
        commit_piece(run, **state)
        (folder / f"pieces {run.kind.name}").touch()
        if here(run, scenes.PIECE):
            stop_for_ever(run, folder)

    jobs.Run.checkpoint = checkpoint  # type: ignore[method-assign]


def _to_the_end(
    work: Callable[[jobs.Run], Any], here: Callable[[jobs.Run, str], bool], folder: Path
) -> Callable[[jobs.Run], Any]:
    def run_and_stop(run: jobs.Run) -> Any:
        result = work(run)
        if here(run, scenes.END):
            db.session.flush()
            stop_for_ever(run, folder)
        return result

    return run_and_stop


def stop_for_ever(run: jobs.Run, folder: Path) -> None:
    marker = folder / f"stopped {run.tenant_id}"
    marker.with_suffix(".new").write_text(str(os.getpid()))
    marker.with_suffix(".new").rename(marker)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main()
