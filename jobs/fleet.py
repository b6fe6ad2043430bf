"""Reminders of the fleet: certificates that expire, maintenance that is due."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from webapp.fleet.service import reminders
from webapp.kit import context, jobs


@jobs.job("fleet.remind", queue=jobs.LONG, every=timedelta(hours=2))
def remind(run: jobs.Run) -> dict[str, Any]:
    """By day, tell of what came due since the last time; each matter once."""
    if not reminders.is_time():
        return {}
    # timelines say who reminded: nobody knows the name of a job
    with context.acting(replace(context.principal(), name="Truckroll")):
        return {
            "certificates": _all(run, reminders.certificates),
            "maintenance": _all(run, reminders.maintenance_due),
        }


def _all(run: jobs.Run, remind_of: Callable[[int], tuple[int, int | None]]) -> int:
    told, after = 0, 0
    while True:
        count, following = remind_of(after)
        told += count
        if following is None:
            return told
        after = following
        run.checkpoint()
