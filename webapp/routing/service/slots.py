"""The next best slots: what the booking screen and a customer's page to move a visit ask."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.dispatch import settings
from webapp.dispatch.queries import jobs as job_queries
from webapp.dispatch.queries import lanes as dispatch
from webapp.dispatch.rules import values
from webapp.kit import clock, errors
from webapp.models import DispatchJob
from webapp.routing.queries import jobs as reading
from webapp.routing.queries import lanes as lane_queries
from webapp.routing.rules import lanes, slots

FURTHEST = timedelta(days=31)  # ahead that slots are looked for
USUAL = timedelta(days=14)  # ahead, when nothing is said
MOST = 50  # offers at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A visit to find a time for. It begins at `earliest` or later and before `latest`; `skills` are (skill, level).

    `exclude_visit_id`: the visit that is to be moved, so that its present time counts as free.
    """

    job_type: str = "repair"
    priority: str = "normal"
    expected_minutes: int = 60
    skills: tuple[tuple[int, int], ...] = ()
    latitude: float | None = None
    longitude: float | None = None
    zone_id: int | None = None
    customer_id: int | None = None
    equipment_ids: tuple[int, ...] = ()
    earliest: datetime | None = None  # now
    latest: datetime | None = None  # a fortnight later
    exclude_visit_id: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A time that a technician can keep. The customer is told the window; `why` is for the person on the phone.

    `added_minutes`: of driving, to the technician's day; `score` from 0 to 100 and a little above.
    """

    technician_id: int
    technician_name: str
    starts_at: datetime
    ends_at: datetime
    window_start: datetime
    window_end: datetime
    added_minutes: int
    score: float
    why: str


def offers(wanted: Wanted, *, limit: int = 6) -> list[Offer]:
    """The best free slots, best first; empty when nobody can. At most one an arrival window.

    Shifts, blocks, booked visits, skills and their expiry, zones, drives and lunch are kept, and the working time that
    the company keeps free for emergencies, unless the visit is urgent. A fixed number of statements.
    Raises Invalid for a span that ends before it begins and for lengths that no visit has.
    """
    now = clock.now()
    earliest = max(wanted.earliest or now, now)
    latest = min(wanted.latest or earliest + USUAL, earliest + FURTHEST)
    _check(wanted, limit)
    if latest <= earliest:
        return []  # all of it is over
    how, zone = settings.present(), settings.zone()
    first, last = (m.astimezone(ZoneInfo(zone)).date() for m in (earliest, latest))
    team = lane_queries.read(first, last, zone, without_visit=wanted.exclude_visit_id)
    known = lane_queries.has_been_there(wanted.customer_id, wanted.equipment_ids)
    ask = slots.Ask(
        priority=wanted.priority, minutes=wanted.expected_minutes, earliest=lanes.minute_up(earliest),
        latest=lanes.minute(latest), zone_id=wanted.zone_id, skills=wanted.skills, known=frozenset(known),
        place=None if wanted.latitude is None or wanted.longitude is None else (wanted.latitude, wanted.longitude),
    )  # fmt: skip
    terms = slots.Terms(zone=zone, business=how.business_hours, window=how.window_minutes, emergency=how.emergency_minutes,
                        now=lanes.minute_up(now))  # fmt: skip
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    found = slots.best(team, ask, terms, lanes.drive_by(how.drive_mph), days, limit)
    return [
        Offer(
            s.technician_id, s.name, lanes.moment(s.starts), lanes.moment(s.ends), lanes.moment(s.window[0]),
            lanes.moment(s.window[1]), s.added, s.score, s.why,
        )
        for s in found
    ]  # fmt: skip


def _check(wanted: Wanted, limit: int) -> None:
    if wanted.latest is not None and wanted.earliest is not None and wanted.latest <= wanted.earliest:
        raise errors.Invalid.one("latest", "The time to look in ends before it begins.")
    if not 1 <= wanted.expected_minutes <= values.LONGEST:
        raise errors.Invalid.one("expected_minutes", "must be from 1 minute to 24 hours (1440 minutes).")
    if wanted.priority not in values.PRIORITIES:
        raise errors.Invalid.one("priority", f"must be one of {', '.join(values.PRIORITIES)}.")
    if not 1 <= limit <= MOST:
        raise errors.Invalid.one("limit", f"must be from 1 to {MOST}.")


def wanted_by(
    job: DispatchJob, *, earliest: datetime | None = None, latest: datetime | None = None
) -> Wanted:
    """What a job's present visit asks for. Raises Conflict when the job is over."""
    if job.status in ("completed", "cancelled"):
        raise errors.Conflict(f"This job is {job.status}; there is nothing left to find a time for.")
    place = dispatch.place_of(job)
    return Wanted(
        job_type=job.job_type, priority=job.priority, expected_minutes=job.expected_minutes, zone_id=job.zone_id,
        skills=tuple((s["skill_id"], s["level"]) for s in job_queries.skills_needed([job.id]).get(job.id, ())),
        latitude=place[0] if place else None, longitude=place[1] if place else None, customer_id=job.customer_id,
        equipment_ids=reading.equipment_of(job.id), earliest=earliest, latest=latest,
        exclude_visit_id=reading.visit_of(job.id).id,
    )  # fmt: skip
