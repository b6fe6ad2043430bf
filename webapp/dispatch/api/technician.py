"""A technician's own jobs: `/tech/dispatch`."""

from typing import Any

from webapp.dispatch import schemas, service, settings
from webapp.dispatch.api.office import step_of
from webapp.dispatch.permissions import DISPATCH_OWN
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import own
from webapp.kit import clock, paging
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD

api = Api("dispatch_tech_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Technician dispatch")


@api.get("/tech/dispatch/my-jobs", permission=DISPATCH_OWN, query=schemas.MyJobsQuery, returns=schemas.JobOut,
         paged=True)  # fmt: skip
def my_jobs(query: schemas.MyJobsQuery) -> Any:
    """The jobs you are sent on that day, in their order."""
    zone = settings.zone()
    day = query.date or clock.today(zone)
    statement = own.jobs_of_day(own.me(), *clock.day_bounds(day, zone), updated_since=query.updated_since)
    page = paging.numbered(statement, query, lambda j: j, scalars=True)
    return paging.Page(schemas.shape_all(page.items), page.total, page.page, page.limit)


@api.get("/tech/dispatch/my-jobs/<int:job_id>", permission=DISPATCH_OWN, returns=schemas.JobOut)
def my_job(job_id: int) -> dict[str, Any]:
    """One of your jobs."""
    return schemas.shape_one(reading.own_job(job_id))


@api.patch("/tech/dispatch/my-jobs/<int:job_id>/acknowledge", permission=DISPATCH_OWN, returns=schemas.JobOut)
def acknowledge(job_id: int) -> dict[str, Any]:
    """Say that you have seen a job and take it."""
    service.report(own.visit_of(job_id).id, service.Report(status="acknowledged"))
    return schemas.shape_one(reading.own_job(job_id))


@api.patch("/tech/dispatch/my-jobs/<int:job_id>/status", permission=DISPATCH_OWN, body=schemas.StatusIn,
           returns=schemas.JobOut)  # fmt: skip
def my_status(job_id: int, body: schemas.StatusIn) -> dict[str, Any]:
    """Take a step, with your position. Refused with 409 naming the steps that are allowed."""
    service.report(own.visit_of(job_id, body.visit_id).id, step_of(body))
    return schemas.shape_one(reading.own_job(job_id))
