"""Commands on working time. Domains above use `start_job_time` and `end_job_time`."""

from webapp.timesheets.service import bulk, changes, clocking, corrections, missing, settings, sheets
from webapp.timesheets.service.clocking import Punch, clock_in, clock_out, end_break, start_break
from webapp.timesheets.service.corrections import Ask
from webapp.timesheets.service.jobtime import end_job_time, start_job_time

__all__ = [
    "Ask",
    "Punch",
    "bulk",
    "changes",
    "clock_in",
    "clock_out",
    "clocking",
    "corrections",
    "end_break",
    "end_job_time",
    "missing",
    "settings",
    "sheets",
    "start_break",
    "start_job_time",
]
