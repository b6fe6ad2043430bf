"""How much working time of a day is left, over all technicians: for what is kept free for emergencies."""

from collections import defaultdict
from datetime import date, datetime, timedelta

from sqlalchemy import and_, or_, select

from webapp.dispatch.queries import lanes
from webapp.dispatch.rules import shifts
from webapp.dispatch.settings import DispatchSettings
from webapp.kit import clock, context
from webapp.kit.db import rows
from webapp.models import DispatchProfile, LaneBlock, Technician, Visit, VisitTechnician


def free_minutes(
    day: date, settings: DispatchSettings, zone: str, *, without_visit: int | None = None
) -> int:
    """Minutes of a local day in which some technician works and has neither a visit nor a block. Four statements."""
    tenant = context.tenant_id()
    starts_at, ends_at = clock.day_bounds(day, zone)
    people = [
        row.id
        for row in rows(
            select(Technician.id)
            .outerjoin(DispatchProfile, and_(DispatchProfile.tenant_id == Technician.tenant_id,
                                             DispatchProfile.technician_id == Technician.id))
            .where(Technician.tenant_id == tenant,
                   or_(Technician.starts_on.is_(None), Technician.starts_on <= day),
                   or_(Technician.ends_on.is_(None), Technician.ends_on >= day),
                   or_(DispatchProfile.technician_id.is_(None), DispatchProfile.dispatched))
        )
    ]  # fmt: skip
    if not people:
        return 0
    patterns = lanes.shift_patterns(people, day, day)
    taken: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    for row in rows(
        select(VisitTechnician.technician_id, VisitTechnician.starts_at, VisitTechnician.ends_at)
        .join(Visit, and_(Visit.tenant_id == VisitTechnician.tenant_id, Visit.id == VisitTechnician.visit_id))
        .where(VisitTechnician.tenant_id == tenant, VisitTechnician.technician_id.in_(people),
               VisitTechnician.starts_at > starts_at - timedelta(days=1), VisitTechnician.starts_at < ends_at,
               VisitTechnician.ends_at > starts_at, Visit.status != "cancelled",
               VisitTechnician.visit_id != (without_visit or 0))
    ):  # fmt: skip
        taken[row.technician_id].append((row.starts_at, row.ends_at))
    for row in rows(
        select(LaneBlock.technician_id, LaneBlock.starts_at, LaneBlock.ends_at)
        .where(LaneBlock.tenant_id == tenant, LaneBlock.technician_id.in_(people), LaneBlock.status == "approved",
               LaneBlock.starts_at < ends_at, LaneBlock.ends_at > starts_at)
    ):  # fmt: skip
        taken[row.technician_id].append((row.starts_at, row.ends_at))
    return sum(
        shifts.free(shifts.spans(patterns.get(n, ()), [day], zone, settings.business_hours), taken[n])
        for n in people
    )
