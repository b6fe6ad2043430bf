"""Jobs of dispatch: making recurring jobs ahead, finding where jobs are."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from webapp.dispatch.queries import recurring as queries
from webapp.dispatch.service import geocoding, recurring
from webapp.kit import context, jobs

SERIES = 20  # recurring jobs that are looked up at once


@jobs.job("dispatch.recur", queue=jobs.LONG, every=timedelta(hours=1))
def recur(run: jobs.Run) -> dict[str, Any]:
    """Make the jobs of recurring ones whose time to be made has come, each exactly once."""
    made = run.state.get("made", 0)
    # timelines say who booked: nobody knows the name of a job
    with context.acting(replace(context.principal(), name="Truckroll")):
        if "recurring_id" in run.args:
            return {"made": _all_of(run, run.args["recurring_id"], made, 0)}
        after = run.state.get("after", 0)
        while found := queries.due(after, SERIES):
            for number in found:
                made = _all_of(run, number, made, after)
                after = number
    return {"made": made}


def _all_of(run: jobs.Run, recurring_id: int, made: int, after: int) -> int:
    """Make all that is due of one, a commit after each piece; how many in all."""
    while True:
        count, more = recurring.make(recurring_id, recurring.PIECE)
        made += count
        run.report(made)
        if count or more:
            run.checkpoint(made=made, after=after if more else recurring_id)
        if not more:
            return made


@jobs.job("dispatch.geocode", max_attempts=6)
def geocode(run: jobs.Run) -> dict[str, Any]:
    """Ask the geocoder where a job is; while it fails, the middle of the ZIP code stands."""
    return {"located": geocoding.locate(run.args["job_id"])}
