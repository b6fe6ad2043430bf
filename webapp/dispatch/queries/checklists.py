"""Reading checklists that jobs get."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select

from webapp.kit import context
from webapp.kit.db import db
from webapp.models import ChecklistStep, ChecklistTemplate


def lists(*, archived: bool | None = False) -> Sequence[ChecklistTemplate]:
    """Checklists by name; put-away ones only where they are asked for."""
    return db.session.scalars(
        numbered(archived).order_by(None).order_by(func.lower(ChecklistTemplate.name))
    ).all()


def numbered(archived: bool | None = False, updated_since: Any = None) -> Any:
    """Checklists in the order they were added, for the API."""
    statement = select(ChecklistTemplate).where(ChecklistTemplate.tenant_id == context.tenant_id())
    if archived is not None:
        statement = statement.where(ChecklistTemplate.archived.is_(archived))
    if updated_since is not None:
        statement = statement.where(ChecklistTemplate.updated_at >= updated_since)
    return statement.order_by(ChecklistTemplate.id)


def named(name: str, besides: int | None = None) -> ChecklistTemplate | None:
    """The checklist in use of this name, in any case."""
    return db.session.scalar(
        select(ChecklistTemplate)
        .where(
            ChecklistTemplate.tenant_id == context.tenant_id(),
            func.lower(ChecklistTemplate.name) == name.lower(),
            ChecklistTemplate.archived.is_(False),
            ChecklistTemplate.id != (besides or 0),
        )
        .limit(1)
    )


def last_position(job_id: int) -> int:
    """The position of the last step of a job's checklist, -1 without any."""
    found = db.session.scalar(
        select(func.max(ChecklistStep.position)).where(
            ChecklistStep.tenant_id == context.tenant_id(), ChecklistStep.job_id == job_id
        )
    )
    return -1 if found is None else found
