"""Kinds of jobs for the fault tests, and a program that runs a worker or a clock knowing them.

`python -m tests.faults.kinds worker quick`, with the application's usual environment.
"""

import sys
import time
from typing import Any

from webapp.kit import jobs
from webapp.kit.db import add
from webapp.models import Item


def register() -> None:
    @jobs.job("faults.effect", lease=2)
    def effect(run: jobs.Run) -> None:
        add(Item(name=f"effect {run.args['n']}"))
        time.sleep(run.args.get("seconds", 0))

    @jobs.job("faults.empty")
    def empty(run: jobs.Run) -> None:
        return None

    @jobs.job("faults.pieces", lease=2, queue=jobs.LONG)
    def pieces(run: jobs.Run) -> dict[str, Any]:
        for n in range(run.state.get("next", 0), run.args["pieces"]):
            add(Item(name=f"piece {n}"))
            time.sleep(run.args["seconds"])
            run.report(n + 1, run.args["pieces"])
            run.checkpoint(next=n + 1)
        return {"attempt": run.attempt}

    @jobs.job("faults.flaky", max_attempts=20)
    def flaky(run: jobs.Run) -> None:
        add(Item(name="flaky"))
        if run.attempt == 1:
            raise RuntimeError("first time")

    jobs.BACKOFF = (1,)  # type: ignore[assignment]  # tests do not wait half a minute


def main() -> None:
    import logging

    from webapp import create_app
    from webapp.cli import clock, couriers, worker

    register()
    logging.basicConfig(level=logging.INFO)
    if sys.argv[1:] == ["worker", jobs.HOOKS]:
        couriers.serve(create_app(), max_rss_mb=1000, grown=worker.rss_mb)
    elif sys.argv[1] == "worker":
        worker.serve(create_app(), tuple(sys.argv[2:]))
    else:
        clock.clock.main([], standalone_mode=False)


if __name__ == "__main__":
    main()
