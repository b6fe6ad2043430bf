"""Who suits a job: the ranked technicians, each explained, and sending one of them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.dispatch import service as dispatch
from webapp.dispatch import settings
from webapp.dispatch.queries import jobs as job_queries
from webapp.dispatch.queries import lanes as dispatch_lanes
from webapp.dispatch.service import undo
from webapp.kit import clock, errors, words
from webapp.kit.db import get
from webapp.models import DispatchJob, Visit
from webapp.routing.queries import jobs as reading
from webapp.routing.queries import lanes as lane_queries
from webapp.routing.rules import lanes, suit

AHEAD = timedelta(days=2)  # that is looked at for a job without a time


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Everybody weighed for a job's present visit, which takes `minutes`; `at_a_time` where it has one already."""

    job: DispatchJob
    visit: Visit
    minutes: int
    at_a_time: bool
    ranked: list[suit.Suggestion]


def suggestions(job_id: int) -> Suggestions:
    """Rank every technician for a job's present visit. A fixed number of statements.

    Raises Conflict when the job is over, NotFound.
    """
    job = get(DispatchJob, job_id, what="job")
    if job.status in ("completed", "cancelled"):
        raise errors.Conflict(f"This job is {job.status}; nobody needs to be sent.")
    visit, now, zone, how = reading.visit_of(job.id), clock.now(), settings.zone(), settings.present()
    earliest, latest, minutes = _span(job, visit, now)
    need = dispatch_lanes.need(job, earliest, latest)
    begins = visit.scheduled_start is not None and visit.scheduled_start >= now
    ask = suit.Ask(
        minutes=minutes, earliest=lanes.minute_up(earliest), latest=lanes.minute(latest),
        begins=lanes.minute(earliest) if begins else None, place=dispatch_lanes.place_of(job), skills=need.skills,
        zone_id=job.zone_id, zone_name=need.zone_name,
    )  # fmt: skip
    first, last = (m.astimezone(ZoneInfo(zone)).date() for m in (earliest, latest - timedelta(minutes=1)))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    team = lane_queries.read(first, last, zone, without_visit=visit.id)
    been = lane_queries.has_been_there(job.customer_id, reading.equipment_of(job.id))
    ranked = suit.rank(
        team, ask, days, zone, how.business_hours, lanes.minute_up(now), lanes.drive_by(how.drive_mph), been,
        lambda at: words.date_words(lanes.moment(at), zone=zone).replace("Today", "today").replace("Tomorrow", "tomorrow"),
    )  # fmt: skip
    return Suggestions(job, visit, minutes, begins, ranked)


def _span(job: DispatchJob, visit: Visit, now: datetime) -> tuple[datetime, datetime, int]:
    """From when, until before when a visit may begin, and how many minutes it takes."""
    if visit.scheduled_start is not None and visit.scheduled_end is not None and visit.scheduled_start >= now:
        minutes = int((visit.scheduled_end - visit.scheduled_start).total_seconds() // 60)
        return visit.scheduled_start, visit.scheduled_start + timedelta(minutes=1), max(1, minutes)
    if job.window_start is not None and job.window_end is not None and job.window_end > now:
        return max(job.window_start, now), job.window_end, job.expected_minutes
    return now, now + AHEAD, job.expected_minutes


def send(job_id: int, technician_id: int, *, starts_at: datetime | None = None, override_reason: str = "",
         version: int | None = None) -> tuple[Visit, str]:  # fmt: skip
    """Send a suggested technician on a job's present visit, at the suggested time where it had none.

    They go in place of who leads it now; those who help stay. Besides the visit a token that takes it back.

    Raises as :func:`webapp.dispatch.service.place`: Clashing with everything in the way, Stale, Conflict, NotFound.
    """
    job = get(DispatchJob, job_id, what="job")
    visit = reading.visit_of(job.id)
    helpers = [s.technician_id for s in job_queries.sent([visit.id])[visit.id] if not s.lead]
    crew = (technician_id, *(n for n in helpers if n != technician_id))
    ends_at = starts_at + timedelta(minutes=job.expected_minutes) if starts_at is not None else None
    return undo.move(
        visit.id,
        dispatch.Placement(technician_ids=crew, starts_at=starts_at, ends_at=ends_at,
                           override_reason=override_reason, version=version),
    )  # fmt: skip
