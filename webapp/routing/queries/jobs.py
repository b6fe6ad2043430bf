"""What a job asks of whoever is sent."""

from sqlalchemy import select

from webapp.dispatch.queries import jobs
from webapp.dispatch.rules import statuses
from webapp.kit import context
from webapp.kit.db import db
from webapp.models import JobEquipment, Visit


def equipment_of(job_id: int) -> tuple[int, ...]:
    """The units a job is about."""
    return tuple(
        db.session.scalars(
            select(JobEquipment.equipment_id)
            .where(JobEquipment.tenant_id == context.tenant_id(), JobEquipment.job_id == job_id)
            .order_by(JobEquipment.equipment_id)
        )
    )


def visit_of(job_id: int) -> Visit:
    """The visit a job stands at: the first that is not over, else its last."""
    found = jobs.visits(job_id)
    return next((v for v in found if v.status not in statuses.OVER), found[-1])
