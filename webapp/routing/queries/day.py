"""The visits of a day, and those that wait, as a plan looks at them: three statements."""

from collections import defaultdict
from datetime import date
from typing import Any

from sqlalchemy import and_, or_, select

from webapp.dispatch.queries import jobs
from webapp.kit import clock, context
from webapp.kit.db import rows
from webapp.models import DispatchJob, ServiceZone, Visit, VisitTechnician
from webapp.routing.rules import day as days
from webapp.routing.rules import lanes

_ADDRESS = ("service_address", "service_city")


def visits(day: date, zone: str) -> list[days.Visit]:
    """Everything on the lanes of a local day, and what waits for that day or for none in particular."""
    starts_at, ends_at = clock.day_bounds(day, zone)
    job, visit, tenant = DispatchJob, Visit, context.tenant_id()
    found = rows(
        select(
            visit.id, visit.job_id, visit.status, visit.scheduled_start, visit.scheduled_end, visit.pinned, visit.version,
            visit.on_site_at, visit.completed_at, job.title, job.customer_name, job.service_address, job.service_city,
            job.latitude, job.longitude, job.zone_id, job.expected_minutes, job.window_start, job.window_end,
            job.confirmed_at, job.priority, job.optional, ServiceZone.name.label("zone_name"),
        )
        .join(job, and_(job.tenant_id == visit.tenant_id, job.id == visit.job_id))
        .outerjoin(ServiceZone, and_(ServiceZone.tenant_id == job.tenant_id, ServiceZone.id == job.zone_id))
        .where(
            visit.tenant_id == tenant, visit.status != "cancelled", job.held_at.is_(None),
            or_(
                and_(visit.scheduled_start >= starts_at, visit.scheduled_start < ends_at),
                and_(visit.status == "pending", visit.scheduled_start.is_(None),
                     or_(job.window_start.is_(None), and_(job.window_start < ends_at, job.window_end > starts_at))),
            ),
        )
        .order_by(visit.scheduled_start, visit.id)
        .limit(2000)
    )  # fmt: skip
    crews: dict[int, list[int]] = defaultdict(list)
    if found:
        for row in rows(
            select(VisitTechnician.visit_id, VisitTechnician.technician_id)
            .where(VisitTechnician.tenant_id == tenant, VisitTechnician.visit_id.in_([r.id for r in found]))
            .order_by(VisitTechnician.visit_id, VisitTechnician.lead.desc(), VisitTechnician.technician_id)
        ):
            crews[row.visit_id].append(row.technician_id)
    needs = jobs.skills_needed({r.job_id for r in found})
    return [_visit(row, crews.get(row.id, []), needs.get(row.job_id, [])) for row in found]


def _visit(row: Any, crew: list[int], needs: list[dict[str, Any]]) -> days.Visit:
    starts = lanes.minute(row.scheduled_start) if row.scheduled_start else None
    ends = lanes.minute_up(row.scheduled_end) if row.scheduled_end else None
    return days.Visit(
        visit_id=row.id, job_id=row.job_id, title=row.title, customer=row.customer_name,
        address=", ".join(x for x in (getattr(row, n) for n in _ADDRESS) if x), status=row.status, starts=starts, ends=ends,
        window=(lanes.minute(row.window_start), lanes.minute(row.window_end)) if row.window_start and row.window_end else None,
        confirmed=row.confirmed_at is not None,
        minutes=max(1, ends - starts if starts is not None and ends is not None else row.expected_minutes),
        priority=row.priority, optional=row.optional, pinned=row.pinned, version=row.version, zone_id=row.zone_id,
        zone_name=row.zone_name or "", place=None if row.latitude is None else (float(row.latitude), float(row.longitude)),
        needs={n["skill_id"]: (n["name"], n["level"]) for n in needs}, crew=tuple(crew),
        on_site=lanes.minute(row.on_site_at) if row.on_site_at else None,
        over_at=lanes.minute(row.completed_at) if row.completed_at else None,
    )  # fmt: skip
