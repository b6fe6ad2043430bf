"""The field API of checklists: `/admin/checklists`, and those on a job."""

from typing import Any

from webapp.dispatch import checklist_schemas as schemas
from webapp.dispatch.permissions import DISPATCH_EDIT, DISPATCH_READ, DISPATCH_SETTINGS
from webapp.dispatch.queries import checklists as queries
from webapp.dispatch.queries import pages
from webapp.dispatch.service import checklists as service
from webapp.kit import paging
from webapp.kit.api import Api
from webapp.kit.db import get
from webapp.kit.dialects import FIELD
from webapp.models import ChecklistTemplate, DispatchJob

api = Api("checklists_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Checklists")
LIST, ONE = "/admin/checklists", "/admin/checklists/<int:checklist_id>"


@api.get(
    LIST, permission=DISPATCH_READ, query=schemas.ChecklistQuery, returns=schemas.ChecklistOut, paged=True
)
def list_checklists(query: schemas.ChecklistQuery) -> Any:
    """List checklists in the order they were added."""
    statement = queries.numbered(query.archived, query.updated_since)
    return paging.numbered(statement, query, schemas.checklist, scalars=True)


@api.post(
    LIST, permission=DISPATCH_SETTINGS, body=schemas.ChecklistIn, returns=schemas.ChecklistOut, status=201
)
def create_checklist(body: schemas.ChecklistIn) -> dict[str, Any]:
    """Add a checklist."""
    return schemas.checklist(service.create(body.model_dump()))


@api.get(ONE, permission=DISPATCH_READ, returns=schemas.ChecklistOut)
def get_checklist(checklist_id: int) -> dict[str, Any]:
    """One checklist."""
    return schemas.checklist(get(ChecklistTemplate, checklist_id, what="checklist"))


@api.patch(ONE, permission=DISPATCH_SETTINGS, body=schemas.ChecklistChange, returns=schemas.ChecklistOut)
def update_checklist(checklist_id: int, body: schemas.ChecklistChange) -> dict[str, Any]:
    """Change a checklist, or put it away."""
    return schemas.checklist(service.update(checklist_id, body.model_dump(exclude_unset=True)))


@api.delete(ONE, permission=DISPATCH_SETTINGS, returns=schemas.Removed)
def delete_checklist(checklist_id: int) -> dict[str, Any]:
    """Put a checklist away: jobs that have it keep their steps."""
    service.update(checklist_id, {"archived": True})
    return {"id": checklist_id, "deleted": False, "archived": True}


@api.get("/admin/dispatch/<int:job_id>/checklist", permission=DISPATCH_READ, returns=[schemas.JobStepOut])
def job_checklist(job_id: int) -> list[dict[str, Any]]:
    """The steps on a job, in their order."""
    job = get(DispatchJob, job_id, what="job")
    return [schemas.step(s) for s in pages.steps(job.id)]


@api.patch(
    "/admin/dispatch/<int:job_id>/checklist",
    permission=DISPATCH_EDIT,
    body=schemas.PutOnIn,
    returns=[schemas.JobStepOut],
)
def put_checklist_on_job(job_id: int, body: schemas.PutOnIn) -> list[dict[str, Any]]:
    """Put a checklist on a job, behind the steps it has."""
    job = service.put_on(job_id, body.checklist_id)
    return [schemas.step(s) for s in pages.steps(job.id)]
