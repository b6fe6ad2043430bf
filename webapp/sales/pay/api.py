"""The field API of pay: periods, closing, amounts by hand, the plan, reports, CSV and PDF."""

from datetime import date
from typing import Any

from flask import Response

from webapp.kit import clock, context, errors, paging, pdf, permissions
from webapp.kit.api import Api
from webapp.kit.db import get, rows
from webapp.kit.dialects import FIELD
from webapp.models import PayLine, PayPeriod, PayPlan
from webapp.sales.pay import closing, exports, manual, periods, plans, queries, reports, schemas, totals
from webapp.sales.pay.permissions import (
    PAY_OWN,
    PAYROLL_APPROVE,
    PAYROLL_CLOSE,
    PAYROLL_MANUAL,
    PAYROLL_PLAN,
    PAYROLL_READ,
)

api = Api("pay_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Pay periods")


def _iso(moment: Any) -> str | None:
    return clock.iso(moment) if moment else None


def shape(period: PayPeriod, sums: totals.Totals) -> dict[str, Any]:
    """A period as the API shows it."""
    return {
        "id": period.id,
        "label": periods.label(period),
        "start_date": period.start_date,
        "end_date": period.end_date,
        "pay_date": period.pay_date,
        "status": period.status,
        "approved_at": _iso(period.approved_at),
        "approved_by": period.approved_by,
        "closed_at": _iso(period.closed_at),
        "closed_by_name": period.closed_by_name,
        "reopened_at": _iso(period.reopened_at),
        "reopen_reason": period.reopen_reason,
        "created_at": clock.iso(period.created_at),
        "updated_at": clock.iso(period.updated_at),
        "totals": totals.Totals.as_json(sums),
    }


def _whole(period: PayPeriod) -> dict[str, Any]:
    people = totals.by_technician(period)
    held = queries.standing(period)
    return shape(period, totals.together(people)) | {
        "technicians": [
            {
                "technician_id": p.technician_id,
                "technician_name": p.technician_name,
                "employee_number": p.employee_number,
                **p.as_json(),
            }
            for p in people
        ],
        "pending": {
            "sales": held.pending_sales,
            "sales_cents": held.pending_sales_cents,
            "manual_lines": held.pending_manual,
            "manual_cents": held.pending_manual_cents,
        },
    }


@api.get(
    "/admin/pay-periods",
    permission=PAYROLL_READ,
    query=schemas.PeriodQuery,
    returns=schemas.PeriodOut,
    paged=True,
)
def list_periods(query: schemas.PeriodQuery) -> paging.Page[dict[str, Any]]:
    """Pay periods, newest first."""
    periods.ensure_ahead()
    statement: Any = queries.every(query.status, query.updated_since)
    page: paging.Page[Any] = paging.numbered(statement, query, lambda found: found, scalars=True)
    sums = totals.of_periods(page.items)
    return paging.Page([shape(p, sums[p.id]) for p in page.items], page.total, page.page, page.limit)


@api.get("/admin/pay-periods/<int:period_id>", permission=PAYROLL_READ, returns=schemas.PeriodDetailOut)
def get_period(period_id: int) -> dict[str, Any]:
    """One pay period with the totals of each technician."""
    return _whole(queries.period(period_id))


@api.post("/admin/pay-periods", permission=PAYROLL_CLOSE, returns=schemas.PeriodDetailOut, status=201)
def create_period() -> dict[str, Any]:
    """Make the next pay period after the last one."""
    return _whole(periods.add_next())


@api.patch(
    "/admin/pay-periods/<int:period_id>/close", permission=PAYROLL_CLOSE, returns=schemas.PeriodDetailOut
)
def close_period(period_id: int) -> dict[str, Any]:
    """Close a pay period: what counts in it is frozen, what is pending moves to the next."""
    return _whole(closing.close(period_id))


@api.patch(
    "/admin/pay-periods/<int:period_id>/approve",
    permission=PAYROLL_APPROVE,
    returns=schemas.PeriodDetailOut,
)
def approve_period(period_id: int) -> dict[str, Any]:
    """Approve a pay period for closing."""
    return _whole(closing.approve(period_id))


@api.patch(
    "/admin/pay-periods/<int:period_id>/reopen",
    permission=PAYROLL_CLOSE,
    body=schemas.ReopenIn,
    returns=schemas.PeriodDetailOut,
)
def reopen_period(period_id: int, body: schemas.ReopenIn) -> dict[str, Any]:
    """Open the latest closed pay period again."""
    return _whole(closing.reopen(period_id, body.reason))


# Lines ------------------------------------------------------------------------------------------------------


def _line(row: Any, period_id: int | None) -> dict[str, Any]:
    line = queries.line_of(row)
    names = schemas.LineOut.model_fields.keys() - {"pay_period_id", "explanation", "created_at"}
    return {
        **{name: getattr(line, name) for name in names},
        "pay_period_id": period_id,
        "explanation": list(line.sentences),
        "created_at": clock.iso(line.created_at),
    }


def _lines(period_id: int, query: schemas.LineQuery, *conditions: Any) -> paging.Page[dict[str, Any]]:
    queries.period(period_id)
    statement = queries.lines(explained=True).where(PayLine.pay_period_id == period_id, *conditions)
    for column, value in (
        (PayLine.technician_id, query.technician_id),
        (PayLine.state, query.state),
        (PayLine.kind, query.kind),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if query.updated_since:
        statement = statement.where(PayLine.updated_at >= query.updated_since)
    ordered: Any = statement.order_by(PayLine.id)
    return paging.numbered(ordered, query, lambda row: _line(row, period_id))


@api.get(
    "/admin/pay-periods/<int:period_id>/lines",
    permission=PAYROLL_READ,
    query=schemas.LineQuery,
    returns=schemas.LineOut,
    paged=True,
)
def list_lines(period_id: int, query: schemas.LineQuery) -> paging.Page[dict[str, Any]]:
    """Every line of a pay period with its arithmetic."""
    return _lines(period_id, query)


@api.get(
    "/admin/pay-periods/<int:period_id>/manual-lines",
    permission=PAYROLL_READ,
    query=schemas.LineQuery,
    returns=schemas.LineOut,
    paged=True,
)
def list_manual_lines(period_id: int, query: schemas.LineQuery) -> paging.Page[dict[str, Any]]:
    """Amounts added by hand to a pay period."""
    return _lines(period_id, query, PayLine.kind.in_(manual.KINDS))


def _one(line: PayLine) -> dict[str, Any]:
    row = rows(queries.lines().where(PayLine.id == line.id))[0]
    return _line(row, line.pay_period_id)


@api.post(
    "/admin/pay-periods/<int:period_id>/manual-lines",
    permission=PAYROLL_MANUAL,
    body=schemas.ManualIn,
    returns=schemas.LineOut,
    status=201,
)
def add_manual_line(period_id: int, body: schemas.ManualIn) -> dict[str, Any]:
    """Add a bonus, draw, guarantee or deduction; it counts once approved."""
    draft = manual.Draft(
        technician_id=body.technician_id, kind=body.kind, amount_cents=body.amount_cents, reason=body.reason
    )
    return _one(manual.add(period_id, draft))


@api.patch(
    "/admin/pay-periods/<int:period_id>/manual-lines/<int:line_id>",
    permission=PAYROLL_MANUAL,
    body=schemas.ManualChange,
    returns=schemas.LineOut,
)
def change_manual_line(period_id: int, line_id: int, body: schemas.ManualChange) -> dict[str, Any]:
    """Change an amount that is still pending."""
    line = queries.manual_line(period_id, line_id)
    present = line.guarantee_cents if line.guarantee_cents is not None else abs(line.amount_cents)
    draft = manual.Draft(
        technician_id=line.technician_id,
        kind=body.kind or line.kind,
        amount_cents=body.amount_cents if body.amount_cents is not None else present,
        reason=body.reason or line.reason,
    )
    return _one(manual.edit(line_id, draft))


@api.patch(
    "/admin/pay-periods/<int:period_id>/manual-lines/<int:line_id>/approve",
    permission=PAYROLL_APPROVE,
    returns=schemas.LineOut,
)
def approve_manual_line(period_id: int, line_id: int) -> dict[str, Any]:
    """Let an amount count."""
    queries.manual_line(period_id, line_id)
    return _one(manual.approve(line_id))


@api.patch(
    "/admin/pay-periods/<int:period_id>/manual-lines/<int:line_id>/reject",
    permission=PAYROLL_APPROVE,
    body=schemas.RejectIn,
    returns=schemas.LineOut,
)
def reject_manual_line(period_id: int, line_id: int, body: schemas.RejectIn) -> dict[str, Any]:
    """Turn an amount down, or take an approved one out while its period is open."""
    queries.manual_line(period_id, line_id)
    return _one(manual.reject(line_id, body.reason))


@api.patch(
    "/admin/pay-periods/<int:period_id>/manual-lines/<int:line_id>/withdraw",
    permission=PAYROLL_MANUAL,
    returns=schemas.LineOut,
)
def withdraw_manual_line(period_id: int, line_id: int) -> dict[str, Any]:
    """Take back an amount that nobody has decided on yet."""
    queries.manual_line(period_id, line_id)
    return _one(manual.withdraw(line_id))


# The plan ---------------------------------------------------------------------------------------------------


def _plan(plan: PayPlan) -> dict[str, Any]:
    return {
        "frequency": plan.frequency,
        "anchor": plan.anchor,
        "pay_days_after": plan.pay_days_after,
        "basis": plan.basis,
        "discount_scale": plan.discount_scale,
    }


@api.get("/admin/pay-plan", permission=(PAYROLL_READ, PAYROLL_PLAN), returns=schemas.PlanOut)
def get_plan() -> dict[str, Any]:
    """How the organization pays."""
    return _plan(periods.plan())


@api.patch("/admin/pay-plan", permission=PAYROLL_PLAN, body=schemas.PlanChange, returns=schemas.PlanOut)
def change_plan(body: schemas.PlanChange) -> dict[str, Any]:
    """Change how the organization pays, from the next period on that is still empty."""
    return _plan(plans.change(plans.changed(periods.plan(), body.model_dump(exclude_none=True))))


# Reports and files ------------------------------------------------------------------------------------------


def span(query: schemas.ReportQuery) -> tuple[date, date]:
    """The days a report is asked for. Raises Invalid when they are the wrong way round."""
    last = query.date_to or max(query.date_from or date.min, periods.today())
    first = query.date_from or last.replace(day=1)
    if first > last:
        raise errors.Invalid.one("date_to", "date_to must not be before date_from.")
    return first, last


@api.get(
    "/admin/commission-report", permission=PAYROLL_READ, query=schemas.GroupedQuery, returns=schemas.ReportOut
)
def commission_report(query: schemas.GroupedQuery) -> dict[str, Any]:
    """Commissions on the sales of some days, grouped."""
    first, last = span(query)
    groups = reports.groups(first, last, query.group_by)
    return {
        "date_from": first,
        "date_to": last,
        "group_by": query.group_by,
        "groups": [g.as_json() for g in groups],
        "totals": reports.sum_of(groups).as_json(),
    }


@api.get(
    "/admin/csv-export/commission-report",
    permission=PAYROLL_READ,
    query=schemas.ReportQuery,
    media_type="text/csv",
)
def commission_report_csv(query: schemas.ReportQuery) -> Response:
    """Every commission line on the sales of some days, in dollars."""
    return exports.report_csv(*span(query))


@api.get(
    "/admin/csv-export/pay-period/<int:period_id>",
    permission=PAYROLL_READ,
    query=schemas.CsvQuery,
    media_type="text/csv",
)
def period_csv(period_id: int, query: schemas.CsvQuery) -> Response:
    """A pay period in dollars: one row per technician, or per line."""
    return exports.period_csv(queries.period(period_id), query.detail)


@api.get(
    "/export/commission-statement/<int:technician_id>/<int:period_id>/pdf",
    permission=(PAYROLL_READ, PAY_OWN),
    media_type="application/pdf",
)
def statement_pdf(technician_id: int, period_id: int) -> Response:
    """A technician's commission statement; technicians may fetch their own."""
    who = context.principal()
    is_own = who.technician_id == technician_id
    if not is_own and not permissions.may(PAYROLL_READ):
        raise errors.Forbidden("You may fetch your own statement only.")
    period = get(PayPeriod, period_id)
    name = queries.technician(technician_id).name
    document = exports.statement_pdf(period, technician_id, reader_id=technician_id if is_own else None)
    return pdf.response(document, exports.statement_name(period, name))


@api.get("/export/pay-period/<int:period_id>/pdf", permission=PAYROLL_READ, media_type="application/pdf")
def period_pdf(period_id: int) -> Response:
    """The report of a whole pay period."""
    period = queries.period(period_id)
    return pdf.response(exports.period_pdf(period), f"pay-period-{period.start_date}")
