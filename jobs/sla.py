"""Jobs of promises by the clock: looking every minute, and telling every clock anew after a policy changed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from webapp.kit import context, jobs
from webapp.sla import service

PIECE = 100  # jobs whose clocks are told anew in one transaction


@jobs.job("sla.watch", every=timedelta(minutes=1))
def watch(run: jobs.Run) -> dict[str, Any]:
    """Warn of promises about to be broken, and write down those that were."""
    found = {"warned": 0, "breached": 0}
    # timelines say who noticed: nobody knows the name of a job
    with context.acting(replace(context.principal(), name="Truckroll")):
        for name, look in (("breached", service.watch.breach), ("warned", service.watch.warn)):
            while count := look():
                found[name] += count
                run.checkpoint()
    return found


@jobs.job("sla.recalculate", queue=jobs.LONG, every=timedelta(days=1))
def recalculate(run: jobs.Run) -> dict[str, Any]:
    """Tell the clocks of every open job anew."""
    done, after = run.state.get("done", 0), run.state.get("after", 0)
    while True:
        count, following = service.clocks.recalculate(after, PIECE)
        done += count
        if following is None:
            return {"jobs": done}
        after = following
        run.report(done)
        run.checkpoint(done=done, after=after)
