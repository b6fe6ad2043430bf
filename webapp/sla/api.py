"""The field API of promises by the clock: `/admin/sla`."""

from datetime import date, timedelta
from typing import Any

from webapp.dispatch.queries import jobs as dispatch
from webapp.kit import clock, errors, paging
from webapp.kit.api import Api
from webapp.kit.db import get
from webapp.kit.dialects import FIELD
from webapp.models import Holiday, SlaPolicy, SlaViolation
from webapp.sla import queries, schemas, service
from webapp.sla.permissions import SLA_EDIT, SLA_EXCUSE, SLA_READ
from webapp.sla.queries import basis, broken, report
from webapp.sla.rules.clocks import KINDS

api = Api("sla_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="SLA")
POLICIES, ONE = "/admin/sla/policies", "/admin/sla/policies/<int:policy_id>"
BROKEN, BROKEN_ONE = "/admin/sla/violations", "/admin/sla/violations/<int:violation_id>"
LONGEST_REPORT = timedelta(days=2 * 366)


@api.get(POLICIES, permission=SLA_READ, query=schemas.PolicyQuery, returns=schemas.PolicyOut, paged=True)
def list_sla_policies(query: schemas.PolicyQuery) -> Any:
    """List policies in the order in which they are tried; `active` is true unless something else is asked for."""
    statement = basis.policies_numbered(query.active, query.updated_since)
    return paging.numbered(statement, query, schemas.policy, scalars=True)


@api.post(POLICIES, permission=SLA_EDIT, body=schemas.PolicyIn, returns=schemas.PolicyOut, status=201)
def create_sla_policy(body: schemas.PolicyIn) -> dict[str, Any]:
    """Add a policy behind the others. Open jobs that it fits are under it at once."""
    return schemas.policy(service.policies.create(body.model_dump()))


@api.put(f"{POLICIES}/order", permission=SLA_EDIT, body=schemas.OrderIn, returns=[schemas.PolicyOut])
def order_sla_policies(body: schemas.OrderIn) -> list[dict[str, Any]]:
    """Put the policies in force in another order."""
    return [schemas.policy(p) for p in service.policies.reorder(body.ids)]


@api.get(ONE, permission=SLA_READ, returns=schemas.PolicyOut)
def get_sla_policy(policy_id: int) -> dict[str, Any]:
    """One policy."""
    return schemas.policy(get(SlaPolicy, policy_id, what="SLA policy"))


@api.patch(ONE, permission=SLA_EDIT, body=schemas.PolicyChange, returns=schemas.PolicyOut)
def update_sla_policy(policy_id: int, body: schemas.PolicyChange) -> dict[str, Any]:
    """Change a policy. The promises of open jobs are counted anew in the background."""
    return schemas.policy(service.policies.update(policy_id, body.model_dump(exclude_unset=True)))


@api.delete(ONE, permission=SLA_EDIT, returns=schemas.Removed)
def delete_sla_policy(policy_id: int) -> dict[str, Any]:
    """Remove a policy that no job ever had; one that was used is ended instead."""
    gone = service.policies.remove(policy_id)
    return {"id": policy_id, "deleted": gone, "archived": not gone}


@api.get(BROKEN, permission=SLA_READ, query=schemas.ViolationQuery, returns=schemas.ViolationOut, paged=True)
def list_sla_violations(query: schemas.ViolationQuery) -> Any:
    """List promises that were broken, in the order they were noticed."""
    zone = basis.zone()
    filters = broken.Filters(
        states=tuple(query.state),
        kinds=(query.kind,) if query.kind else (),
        policy_ids=(query.policy_id,) if query.policy_id else (),
        technician_ids=(query.technician_id,) if query.technician_id else (),
        job_id=query.job_id,
        due_from=clock.day_bounds(query.date_from, zone)[0] if query.date_from else None,
        due_before=clock.day_bounds(query.date_to, zone)[1] if query.date_to else None,
        updated_since=query.updated_since,
    )
    return paging.numbered(broken.numbered(filters), query, schemas.violation, scalars=True)


@api.get(BROKEN_ONE, permission=SLA_READ, returns=schemas.ViolationOut)
def get_sla_violation(violation_id: int) -> dict[str, Any]:
    """One broken promise."""
    return schemas.violation(get(SlaViolation, violation_id, what="broken promise"))


@api.patch(f"{BROKEN_ONE}/excuse", permission=SLA_EXCUSE, body=schemas.ExcuseIn, returns=schemas.ViolationOut)
def excuse_sla_violation(violation_id: int, body: schemas.ExcuseIn) -> dict[str, Any]:
    """Say why a broken promise does not count."""
    return schemas.violation(service.violations.excuse(violation_id, body.reason))


@api.patch(f"{BROKEN_ONE}/unexcuse", permission=SLA_EXCUSE, returns=schemas.ViolationOut)
def unexcuse_sla_violation(violation_id: int) -> dict[str, Any]:
    """Take an excuse back."""
    return schemas.violation(service.violations.unexcuse(violation_id))


@api.get("/admin/sla/holidays", permission=SLA_READ, query=schemas.HolidayQuery, returns=[schemas.HolidayOut])
def list_holidays(query: schemas.HolidayQuery) -> list[dict[str, Any]]:
    """Days without business hours, in order."""
    year = query.year
    found = basis.holidays(date(year, 1, 1), date(year, 12, 31)) if year else basis.holidays()
    return [_holiday(h) for h in found]


@api.post(
    "/admin/sla/holidays",
    permission=SLA_EDIT,
    body=schemas.HolidayIn,
    returns=schemas.HolidayOut,
    status=201,
)
def create_holiday(body: schemas.HolidayIn) -> dict[str, Any]:
    """Add a day without business hours."""
    return _holiday(service.holidays.create(body.date, body.name))


@api.post(
    "/admin/sla/holidays/federal",
    permission=SLA_EDIT,
    body=schemas.FederalIn,
    returns=[schemas.HolidayOut],
)
def add_federal_holidays(body: schemas.FederalIn) -> list[dict[str, Any]]:
    """Add the US federal holidays of a year that are not there yet; answers those that were added."""
    return [_holiday(h) for h in service.holidays.add_federal(body.year)]


@api.delete("/admin/sla/holidays/<int:holiday_id>", permission=SLA_EDIT, returns=schemas.Removed)
def delete_holiday(holiday_id: int) -> dict[str, Any]:
    """Let a holiday have business hours again."""
    service.holidays.remove(holiday_id)
    return {"id": holiday_id, "deleted": True, "archived": False}


@api.get("/admin/sla/jobs/<int:job_id>", permission=SLA_READ, returns=[schemas.PromiseOut])
def promises_of_job(job_id: int) -> list[dict[str, Any]]:
    """How the promises on a job stand now."""
    job = dispatch.own_job(job_id)
    return [
        {**{n: getattr(s, n) for n in schemas.PromiseOut.model_fields if n != "minutes_left"}, "minutes_left": s.left}
        for s in queries.of_jobs([job.id]).get(job.id, [])
    ]  # fmt: skip


@api.get("/admin/sla/report", permission=SLA_READ, query=schemas.ReportQuery, returns=schemas.ReportOut)
def sla_report(query: schemas.ReportQuery) -> dict[str, Any]:
    """How well promises were kept, over jobs booked on some days."""
    last = query.date_to or basis.today()
    first = query.date_from or last - timedelta(days=29)
    check_span(first, last)
    filters = report.Filters(
        first,
        last,
        (query.kind,) if query.kind else KINDS,
        (query.policy_id,) if query.policy_id else (),
        (query.technician_id,) if query.technician_id else (),
    )
    lines = report.lines(query.by, filters)
    return {
        "by": query.by,
        "date_from": first,
        "date_to": last,
        "items": [_line(line) for line in lines],
        "total": _line(report.whole(lines)),
    }


def check_span(first: date, last: date) -> None:
    """Refuse days that end before they begin, or are more than two years. Raises Invalid."""
    if last < first:
        raise errors.Invalid.one("date_to", "The last day lies before the first.")
    if last - first > LONGEST_REPORT:
        raise errors.Invalid.one("date_from", "A report covers at most two years.")


def _line(line: report.Line) -> dict[str, Any]:
    return {n: getattr(line, n) for n in schemas.LineOut.model_fields}


def _holiday(holiday: Holiday) -> dict[str, Any]:
    return {"id": holiday.id, "date": holiday.on_date, "name": holiday.name}
