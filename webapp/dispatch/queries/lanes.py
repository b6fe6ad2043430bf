"""A technician's lane around a time: what the rules of clashes look at. A fixed number of statements for any crew."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, Uuid, and_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY

from webapp.dispatch.rules import clashes, shifts, travel
from webapp.dispatch.settings import DispatchSettings
from webapp.kit import context
from webapp.kit.db import columns, rows
from webapp.models import (
    DispatchJob,
    JobSkill,
    LaneBlock,
    ServiceZone,
    Shift,
    Skill,
    Technician,
    TechnicianSkill,
    TechnicianZone,
    Visit,
    VisitTechnician,
)

REACH = timedelta(hours=6)  # how far around a visit its neighbours on the lane matter


def need(job: DispatchJob, starts_at: datetime, ends_at: datetime) -> clashes.Need:
    """What a job asks of whoever is sent at a time."""
    tenant = context.tenant_id()
    skills = rows(
        select(JobSkill.skill_id, JobSkill.level, Skill.name)
        .join(Skill, and_(Skill.tenant_id == JobSkill.tenant_id, Skill.id == JobSkill.skill_id))
        .where(JobSkill.tenant_id == tenant, JobSkill.job_id == job.id)
    )
    zone_name = ""
    if job.zone_id is not None:
        zone_name = rows(
            select(ServiceZone.name).where(ServiceZone.tenant_id == tenant, ServiceZone.id == job.zone_id)
        )[0].name
    return clashes.Need(
        starts_at, ends_at, {s.skill_id: (s.name, s.level) for s in skills}, job.zone_id, zone_name
    )


def lanes(
    technician_ids: Collection[int],
    starts_at: datetime,
    ends_at: datetime,
    *,
    settings: DispatchSettings,
    zone: str,
    place: travel.Place | None = None,
    without_visit: int | None = None,
) -> dict[int, clashes.Lane]:
    """The lanes of some technicians around a span, `without_visit` itself. `place`: where the job is, for travel."""
    if not technician_ids:
        return {}
    tenant, wanted = context.tenant_id(), list(technician_ids)
    people = rows(
        select(Technician.id, Technician.name, Technician.starts_on, Technician.ends_on).where(
            Technician.tenant_id == tenant, Technician.id.in_(wanted)
        )
    )
    booked = _booked(wanted, starts_at - REACH, ends_at + REACH, settings, place, without_visit)
    blocks = _blocks(wanted, starts_at, ends_at)
    first, last = (m.astimezone(ZoneInfo(zone)).date() for m in (starts_at, ends_at))
    days = [first - timedelta(days=1) + timedelta(days=n) for n in range((last - first).days + 2)]
    patterns = shift_patterns(wanted, days[0], days[-1])
    skills = skills_of(wanted)
    zones = zones_of(wanted)
    return {
        p.id: clashes.Lane(
            p.id, p.name, p.starts_on, p.ends_on, booked[p.id], blocks[p.id],
            _hours(patterns.get(p.id, ()), days, first, zone, settings), skills.get(p.id, {}), zones.get(p.id, frozenset()),
        )
        for p in people
    }  # fmt: skip


def _hours(
    patterns: Sequence[shifts.Pattern],
    days: Sequence[date],
    first: date,
    zone: str,
    settings: DispatchSettings,
) -> list[tuple[datetime, datetime]] | None:
    if shifts.of_day(patterns, first) is None:
        return None  # nobody has written down when this technician works
    found = shifts.spans(patterns, days, zone, settings.business_hours)
    begin = shifts.moment(first, 0, zone)
    return [span for span in found if span[1] > begin]  # of the day before only what runs into this one


def _booked(
    wanted: Sequence[int],
    first: datetime,
    last: datetime,
    settings: DispatchSettings,
    place: travel.Place | None,
    without_visit: int | None,
) -> Mapping[int, list[clashes.Booked]]:
    found = rows(
        select(
            VisitTechnician.technician_id, VisitTechnician.visit_id, VisitTechnician.starts_at, VisitTechnician.ends_at,
            DispatchJob.id.label("job_id"), DispatchJob.title, DispatchJob.latitude, DispatchJob.longitude,
        )
        .join(Visit, and_(Visit.tenant_id == VisitTechnician.tenant_id, Visit.id == VisitTechnician.visit_id))
        .join(DispatchJob, and_(DispatchJob.tenant_id == Visit.tenant_id, DispatchJob.id == Visit.job_id))
        .where(
            VisitTechnician.tenant_id == context.tenant_id(), VisitTechnician.technician_id.in_(wanted),
            # no visit is longer than a day: an index range, not every visit there ever was
            VisitTechnician.starts_at > first - timedelta(days=1), VisitTechnician.starts_at < last,
            VisitTechnician.ends_at > first, Visit.status.not_in(("completed", "cancelled")),
            VisitTechnician.visit_id != (without_visit or 0),
        )
        .order_by(VisitTechnician.starts_at)
    )  # fmt: skip
    by: dict[int, list[clashes.Booked]] = defaultdict(list)
    for row in found:
        drive = None
        if place is not None and row.latitude is not None:
            drive = travel.minutes((float(row.latitude), float(row.longitude)), place, settings.drive_mph)
        by[row.technician_id].append(
            clashes.Booked(row.visit_id, row.job_id, row.title, row.starts_at, row.ends_at, drive)
        )
    return by


def _blocks(wanted: Sequence[int], first: datetime, last: datetime) -> Mapping[int, list[clashes.Blocked]]:
    by: dict[int, list[clashes.Blocked]] = defaultdict(list)
    for row in rows(
        select(LaneBlock.id, LaneBlock.technician_id, LaneBlock.kind, LaneBlock.title, LaneBlock.starts_at, LaneBlock.ends_at)
        .where(
            LaneBlock.tenant_id == context.tenant_id(), LaneBlock.technician_id.in_(wanted),
            LaneBlock.status == "approved", LaneBlock.starts_at < last, LaneBlock.ends_at > first,
        )
        .order_by(LaneBlock.starts_at)
    ):  # fmt: skip
        by[row.technician_id].append(clashes.Blocked(row.id, row.kind, row.title, row.starts_at, row.ends_at))
    return by


_SHIFTS = select(
    Shift.technician_id, Shift.starts_minute, Shift.ends_minute, Shift.weekday, Shift.on_date, Shift.valid_from,
    Shift.valid_until,
).where(
    Shift.tenant_id == bindparam("tenant", type_=Uuid()),
    Shift.technician_id == func.any(bindparam("wanted", type_=ARRAY(BigInteger()))),
    or_(Shift.on_date.is_(None), Shift.on_date.between(bindparam("first"), bindparam("last"))),
)  # fmt: skip


def shift_patterns(wanted: Sequence[int], first: date, last: date) -> dict[int, list[shifts.Pattern]]:
    """The shifts that matter between two days, inclusive, by technician."""
    by: dict[int, list[shifts.Pattern]] = defaultdict(list)
    bound = {"tenant": context.tenant_id(), "wanted": list(wanted), "first": first, "last": last}
    for row in columns(_SHIFTS, bound):
        by[row[0]].append(shifts.Pattern(*tuple(row)[1:]))
    return by


def skills_of(wanted: Sequence[int]) -> dict[int, dict[int, clashes.Held]]:
    """What each technician can, by skill."""
    by: dict[int, dict[int, clashes.Held]] = defaultdict(dict)
    for row in rows(
        select(
            TechnicianSkill.technician_id,
            TechnicianSkill.skill_id,
            TechnicianSkill.level,
            TechnicianSkill.expires_on,
        ).where(TechnicianSkill.tenant_id == context.tenant_id(), TechnicianSkill.technician_id.in_(wanted))
    ):
        by[row.technician_id][row.skill_id] = clashes.Held(row.level, row.expires_on)
    return by


def zones_of(wanted: Sequence[int]) -> dict[int, frozenset[int]]:
    """The zones each technician is limited to; who is not in it works everywhere."""
    by: dict[int, set[int]] = defaultdict(set)
    for row in rows(
        select(TechnicianZone.technician_id, TechnicianZone.zone_id).where(
            TechnicianZone.tenant_id == context.tenant_id(), TechnicianZone.technician_id.in_(wanted)
        )
    ):
        by[row.technician_id].add(row.zone_id)
    return {k: frozenset(v) for k, v in by.items()}


def place_of(job: Any) -> travel.Place | None:
    """Where a job is, if that is known."""
    return None if job.latitude is None else (float(job.latitude), float(job.longitude))
