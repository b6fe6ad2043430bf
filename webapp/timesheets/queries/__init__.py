"""Reading working time. Domains above use `clocked_in` and `job_minutes`."""

from webapp.timesheets.queries import corrections, entries, jobtime, sheets
from webapp.timesheets.queries.basis import bounds, missing_after, settings, today, week_of, zone
from webapp.timesheets.queries.entries import clocked_in
from webapp.timesheets.queries.jobtime import JobMinutes, job_minutes

__all__ = [
    "JobMinutes",
    "bounds",
    "clocked_in",
    "corrections",
    "entries",
    "job_minutes",
    "jobtime",
    "missing_after",
    "settings",
    "sheets",
    "today",
    "week_of",
    "zone",
]
