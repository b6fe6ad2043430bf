"""Jobs as the office and partners see them: `/admin/dispatch`."""

from typing import Any

from webapp.dispatch import schemas, service, settings
from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_EDIT, DISPATCH_READ
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.service import current
from webapp.kit import clock, errors, paging
from webapp.kit.api import Api
from webapp.kit.db import get
from webapp.kit.dialects import FIELD
from webapp.models import DispatchJob

api = Api("dispatch_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Dispatch")
_ELSEWHERE = ("customer_id", "property_id", "skills", "equipment_ids", "scheduled_start", "scheduled_end", "technician_id",
              "technician_ids", "override_reason", "checklist_ids", "version")  # fmt: skip


@api.get(
    "/admin/dispatch", permission=DISPATCH_READ, query=schemas.JobQuery, returns=schemas.JobOut, paged=True
)
def list_jobs(query: schemas.JobQuery) -> Any:
    """List jobs in the order they were booked."""
    zone = settings.zone()
    filters = reading.Filters(
        q=query.q, statuses=tuple(query.status), technician_ids=tuple(query.technician_id),
        unassigned=query.unassigned, customer_id=query.customer_id, job_types=tuple(query.job_type),
        priorities=tuple(query.priority), zone_ids=tuple(query.zone_id), on_hold=query.on_hold, tag=query.tag,
        starts_from=clock.day_bounds(query.date_from, zone)[0] if query.date_from else None,
        starts_before=clock.day_bounds(query.date_to, zone)[1] if query.date_to else None,
        updated_since=query.updated_since,
    )  # fmt: skip
    page = paging.numbered(reading.numbered(filters), query, lambda j: j, scalars=True)
    return paging.Page(schemas.shape_all(page.items), page.total, page.page, page.limit)


@api.post("/admin/dispatch", permission=DISPATCH_EDIT, body=schemas.JobIn, returns=schemas.JobOut, status=201)
def create_job(body: schemas.JobIn) -> dict[str, Any]:
    """Book a job."""
    values = body.model_dump(exclude_unset=True)
    if values.get("expected_minutes") is None:
        values.pop("expected_minutes", None)
    crew = tuple(dict.fromkeys(([body.technician_id] if body.technician_id else []) + body.technician_ids))
    job = service.create(
        service.NewJob(
            values={k: v for k, v in values.items() if k not in _ELSEWHERE}, customer_id=body.customer_id,
            property_id=body.property_id, scheduled_start=body.scheduled_start, scheduled_end=body.scheduled_end,
            technician_ids=crew, override_reason=body.override_reason, source="api",
            skills=[service.SkillNeed(s.skill_id, s.level) for s in body.skills],
            equipment_ids=body.equipment_ids, checklist_ids=body.checklist_ids,
        )
    )  # fmt: skip
    return schemas.shape_one(job)


@api.get("/admin/dispatch/<int:job_id>", permission=DISPATCH_READ, returns=schemas.JobOut)
def get_job(job_id: int) -> dict[str, Any]:
    """One job with its visits."""
    return schemas.shape_one(get(DispatchJob, job_id, what="job"))


@api.patch(
    "/admin/dispatch/<int:job_id>", permission=DISPATCH_EDIT, body=schemas.JobChange, returns=schemas.JobOut
)
def update_job(job_id: int, body: schemas.JobChange) -> dict[str, Any]:
    """Change a job's details."""
    sent = body.model_dump(exclude_unset=True)
    skills = [service.SkillNeed(s.skill_id, s.level) for s in body.skills] if "skills" in sent else None
    changes = {k: v for k, v in sent.items() if k not in ("skills", "equipment_ids", "version")}
    job = service.update(
        job_id, changes, skills=skills, equipment_ids=sent.get("equipment_ids"), version=body.version
    )
    return schemas.shape_one(job)


@api.patch("/admin/dispatch/<int:job_id>/assign", permission=DISPATCH_ASSIGN, body=schemas.AssignIn,
           returns=schemas.JobOut)  # fmt: skip
def assign_job(job_id: int, body: schemas.AssignIn) -> dict[str, Any]:
    """Send a technician, or several. Refused with 409 and every clash unless a reason to override is given."""
    sent = body.model_fields_set
    if not {"technician_id", "technician_ids"} & sent:
        raise errors.Invalid.one("technician_id", "is required.")
    crew = (
        body.technician_ids
        if body.technician_ids is not None
        else [body.technician_id]
        if body.technician_id
        else []
    )
    job = service.assign(job_id, crew, starts_at=body.scheduled_start, ends_at=body.scheduled_end,
                         override_reason=body.override_reason)  # fmt: skip
    return schemas.shape_one(job)


@api.patch("/admin/dispatch/<int:job_id>/visits/<int:visit_id>", permission=DISPATCH_ASSIGN, body=schemas.PlaceIn,
           returns=schemas.JobOut)  # fmt: skip
def place_visit(job_id: int, visit_id: int, body: schemas.PlaceIn) -> dict[str, Any]:
    """Move a visit in time, to other technicians, or both. The rules are those of the board."""
    job = get(DispatchJob, job_id, what="job")
    if visit_id not in {v.id for v in reading.visits(job_id)}:
        raise errors.NotFound(f"Job {job_id} has no visit with the number {visit_id}.")
    crew = tuple(body.technician_ids) if body.technician_ids is not None else None
    service.place(visit_id, service.Placement(
        starts_at=body.scheduled_start, ends_at=body.scheduled_end, unschedule=body.unschedule, technician_ids=crew,
        override_reason=body.override_reason, pinned=body.pinned, version=body.version,
    ))  # fmt: skip
    return schemas.shape_one(job)


@api.post("/admin/dispatch/<int:job_id>/visits", permission=DISPATCH_EDIT, body=schemas.VisitIn, returns=schemas.JobOut,
          status=201)  # fmt: skip
def add_visit(job_id: int, body: schemas.VisitIn) -> dict[str, Any]:
    """Add a further visit."""
    service.add_visit(job_id, reason=body.reason, starts_at=body.scheduled_start, ends_at=body.scheduled_end,
                      technician_ids=body.technician_ids, override_reason=body.override_reason)  # fmt: skip
    return schemas.shape_one(get(DispatchJob, job_id, what="job"))


@api.patch("/admin/dispatch/<int:job_id>/status", permission=DISPATCH_ASSIGN, body=schemas.StatusIn,
           returns=schemas.JobOut)  # fmt: skip
def set_status(job_id: int, body: schemas.StatusIn) -> dict[str, Any]:
    """Take a step for a technician; `cancelled` needs a reason. Refused with 409 naming the steps that are allowed."""
    if body.status == "cancelled":
        return schemas.shape_one(service.cancel(job_id, body.reason))
    job = get(DispatchJob, job_id, what="job")
    service.report(visit_for(job, body.visit_id), step_of(body))
    return schemas.shape_one(job)


@api.patch(
    "/admin/dispatch/<int:job_id>/hold", permission=DISPATCH_EDIT, body=schemas.HoldIn, returns=schemas.JobOut
)
def hold_job(job_id: int, body: schemas.HoldIn) -> dict[str, Any]:
    """Put a job on hold."""
    return schemas.shape_one(service.hold(job_id, body.reason, body.until))


@api.patch("/admin/dispatch/<int:job_id>/release", permission=DISPATCH_EDIT, returns=schemas.JobOut)
def release_job(job_id: int) -> dict[str, Any]:
    """Let a held job go on."""
    return schemas.shape_one(service.release(job_id))


@api.patch(
    "/admin/dispatch/<int:job_id>/cancel",
    permission=DISPATCH_EDIT,
    body=schemas.ReasonIn,
    returns=schemas.JobOut,
)
def cancel_job(job_id: int, body: schemas.ReasonIn) -> dict[str, Any]:
    """Cancel a job."""
    return schemas.shape_one(service.cancel(job_id, body.reason))


@api.patch("/admin/dispatch/<int:job_id>/confirm", permission=DISPATCH_EDIT, body=schemas.ConfirmIn,
           returns=schemas.JobOut)  # fmt: skip
def confirm_job(job_id: int, body: schemas.ConfirmIn) -> dict[str, Any]:
    """Note that the customer confirmed the visit."""
    return schemas.shape_one(service.confirm(job_id, body.confirmed))


@api.post("/admin/dispatch/<int:job_id>/copy", permission=DISPATCH_EDIT, body=schemas.CopyIn, returns=schemas.JobOut,
          status=201)  # fmt: skip
def copy_job(job_id: int, body: schemas.CopyIn) -> dict[str, Any]:
    """Book the same work again."""
    return schemas.shape_one(service.copy(job_id, scheduled_start=body.scheduled_start))


@api.get("/admin/dispatch/<int:job_id>/history", permission=DISPATCH_READ, returns=[schemas.StepOut])
def job_history(job_id: int) -> list[dict[str, Any]]:
    """Every step of a job's visits, in the order it happened."""
    job = get(DispatchJob, job_id, what="job")
    return [schemas.shape_step(s) for s in reading.status_history(job.id)]


def visit_for(job: DispatchJob, visit_id: int | None) -> int:
    """The visit a step is meant for: the one named, else the job's present one. Raises NotFound."""
    if visit_id is None:
        return current.visit_of(job).id
    if visit_id not in {v.id for v in reading.visits(job.id)}:
        raise errors.NotFound(f"Job {job.id} has no visit with the number {visit_id}.")
    return visit_id


def step_of(body: schemas.StatusIn) -> service.Report:
    """The step a body asks for."""
    return service.Report(status=body.status, happened_at=body.happened_at, latitude=body.latitude,
                          longitude=body.longitude, reason=body.reason, outcome=body.outcome)  # fmt: skip
