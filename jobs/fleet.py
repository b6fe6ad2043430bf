"""Reminders of the fleet: certificates that expire, maintenance that is due."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from webapp.fleet.service import reminders
from webapp.kit import jobs


@jobs.job("fleet.remind", queue=jobs.LONG, every=timedelta(hours=2))
def remind(run: jobs.Run) -> dict[str, Any]:
    """By day, tell of what came due since the last time; each matter once."""
    if not reminders.is_time():
        return {}
    return {
        "certificates": _all(run, "certificates", reminders.certificates),
        "maintenance": _all(run, "maintenance", reminders.maintenance_due),
    }


def _all(run: jobs.Run, name: str, remind_of: Callable[[int], tuple[int, int | None]]) -> int:
    told, after = 0, 0
    while True:
        count, following = remind_of(after)
        told += count
        if following is None:
            return told
        after = following
        run.checkpoint()
