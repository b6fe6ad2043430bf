"""The field API of jobs that come again: `/admin/dispatch/recurring`."""

from typing import Any

from webapp.dispatch import recurring_schemas as schemas
from webapp.dispatch.permissions import DISPATCH_EDIT, DISPATCH_READ
from webapp.dispatch.queries import recurring as queries
from webapp.dispatch.service import SkillNeed
from webapp.dispatch.service import recurring as service
from webapp.kit import paging
from webapp.kit.api import Api
from webapp.kit.db import get
from webapp.kit.dialects import FIELD
from webapp.models import RecurringJob

api = Api("recurring_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Recurring jobs")
LIST, ONE = "/admin/dispatch/recurring", "/admin/dispatch/recurring/<int:recurring_id>"
_VALUES = ("title", "description", "job_type", "priority", "price_cents", "tags", "customer_name", "service_address",
           "service_city", "service_state", "service_zip")  # fmt: skip


@api.get(
    LIST, permission=DISPATCH_READ, query=schemas.RecurringQuery, returns=schemas.RecurringOut, paged=True
)
def list_recurring_jobs(query: schemas.RecurringQuery) -> Any:
    """List jobs that come again, in the order they were made."""
    statement = queries.numbered(query.state, query.customer_id, query.updated_since)
    return paging.numbered(statement, query, schemas.shape, scalars=True)


@api.post(LIST, permission=DISPATCH_EDIT, body=schemas.RecurringIn, returns=schemas.RecurringOut, status=201)
def create_recurring_job(body: schemas.RecurringIn) -> dict[str, Any]:
    """Make a job come again, and the jobs of the next weeks."""
    if body.job_id is not None:
        made = service.from_job(body.job_id, body.rule, body.starts_at, weeks_ahead=body.weeks_ahead)
        return schemas.shape(made)
    sent = body.model_dump()
    return schemas.shape(
        service.create(
            service.NewRecurring(
                values={k: sent[k] for k in _VALUES if sent[k] is not None}, rule=body.rule, starts_at=body.starts_at,
                customer_id=body.customer_id, property_id=body.property_id, minutes=body.minutes,
                technician_ids=body.technician_ids, skills=[SkillNeed(s.skill_id, s.level) for s in body.skills],
                equipment_ids=body.equipment_ids, weeks_ahead=body.weeks_ahead,
            )
        )
    )  # fmt: skip


@api.get(ONE, permission=DISPATCH_READ, returns=schemas.RecurringOut)
def get_recurring_job(recurring_id: int) -> dict[str, Any]:
    """One recurring job."""
    return schemas.shape(get(RecurringJob, recurring_id, what="recurring job"))


@api.patch(ONE, permission=DISPATCH_EDIT, body=schemas.RecurringChange, returns=schemas.RecurringOut)
def update_recurring_job(recurring_id: int, body: schemas.RecurringChange) -> dict[str, Any]:
    """Change what comes again, or when; jobs that were made and not begun follow."""
    sent = body.model_dump(exclude_unset=True)
    changes = {
        k: v
        for k, v in sent.items()
        if k in ("rule", "starts_at", "weeks_ahead", "technician_ids", "minutes")
    }
    changes["values"] = {k: v for k, v in sent.items() if k in _VALUES}
    return schemas.shape(service.update(recurring_id, changes))


@api.get(f"{ONE}/occurrences", permission=DISPATCH_READ, returns=[schemas.OccurrenceOut])
def occurrences_of_recurring_job(recurring_id: int) -> list[dict[str, Any]]:
    """The next times at which it comes, with their jobs where those are made."""
    record = get(RecurringJob, recurring_id, what="recurring job")
    return [schemas.occurrence(o) for o in queries.coming(record, 20)]


@api.patch(f"{ONE}/pause", permission=DISPATCH_EDIT, returns=schemas.RecurringOut)
def pause_recurring_job(recurring_id: int) -> dict[str, Any]:
    """Make no further jobs until it goes on."""
    return schemas.shape(service.pause(recurring_id))


@api.patch(f"{ONE}/resume", permission=DISPATCH_EDIT, returns=schemas.RecurringOut)
def resume_recurring_job(recurring_id: int) -> dict[str, Any]:
    """Let it go on."""
    return schemas.shape(service.resume(recurring_id))


@api.patch(f"{ONE}/skip", permission=DISPATCH_EDIT, body=schemas.SkipIn, returns=schemas.RecurringOut)
def skip_occurrence(recurring_id: int, body: schemas.SkipIn) -> dict[str, Any]:
    """Leave one occurrence out, or take it back in."""
    return schemas.shape(service.skip(recurring_id, body.occurrence_at, skipped=body.skipped))


@api.patch(f"{ONE}/end", permission=DISPATCH_EDIT, body=schemas.EndIn, returns=schemas.RecurringOut)
def end_recurring_job(recurring_id: int, body: schemas.EndIn) -> dict[str, Any]:
    """Make no further jobs ever."""
    return schemas.shape(service.end(recurring_id, cancel_made=body.cancel_made, reason=body.reason))
