"""Pay as files: CSV in dollars, statements and reports as PDF."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Response
from sqlalchemy import case, func, literal, select

from webapp.accounts.service import letterhead
from webapp.downloads.registry import PDF, Made, Progress, exporter
from webapp.kit import context, csv, money, pdf
from webapp.kit.db import rows
from webapp.models import Item, ItemCategory, PayLine, PayPeriod, Sale, Technician
from webapp.sales import rules
from webapp.sales.pay import periods, queries, reports, totals
from webapp.sales.pay.permissions import PAYROLL_READ

FILE_PURPOSE = "pay"


# CSV --------------------------------------------------------------------------------------------------------


def period_csv(period: PayPeriod, detail: str = "technicians") -> Response:
    """A pay period as CSV: one row per technician, or with `lines` one per posted line."""
    source = _line_rows(period) if detail == "lines" else _technician_rows(period)
    return csv.response(source, f"pay-period-{period.id}" + ("-lines" if detail == "lines" else ""))


def list_rows(conditions: Sequence[Any]) -> Any:
    """Pay periods as CSV rows, newest first."""
    closed = PayPeriod.total_cents.is_not(None)
    return (
        select(
            func.to_char(PayPeriod.start_date, "YYYY-MM-DD").label("Start date"),
            func.to_char(PayPeriod.end_date, "YYYY-MM-DD").label("End date"),
            func.to_char(PayPeriod.pay_date, "YYYY-MM-DD").label("Pay date"),
            PayPeriod.status.label("Status"),
            csv.dollars(case((closed, PayPeriod.total_cents), else_=totals.live_total())).label("Total"),
        )
        .where(PayPeriod.tenant_id == context.tenant_id(), *conditions)
        .order_by(PayPeriod.start_date.desc())
    )


def _heading(column: str) -> str:
    """`override_cents` → `Override`: files name a thing as the pages and the other files do."""
    return {"sales_cents": "Sold"}.get(column, column.removesuffix("_cents").replace("_", " ").capitalize())


def _of_period(period: PayPeriod) -> list[Any]:
    return [
        literal(periods.label(period)).label("Pay period"),
        literal(period.start_date.isoformat()).label("Start date"),
        literal(period.end_date.isoformat()).label("End date"),
        literal(period.pay_date.isoformat()).label("Pay date"),
        literal(period.status).label("Status"),
    ]


def _technician_rows(period: PayPeriod) -> Any:
    source = (totals.frozen if period.status == "closed" else totals.live)(period.id).subquery()
    sums = [csv.dollars(source.c[name]).label(_heading(name)) for name in totals.AMOUNTS]
    return select(
        *_of_period(period),
        csv.safe(func.coalesce(source.c.employee_number, "")).label("Employee number"),
        csv.safe(source.c.technician_name).label("Technician"),
        source.c.lines.label("Lines"),
        *sums,
    ).order_by(func.lower(source.c.technician_name), source.c.technician_id)


_LINE_COLUMNS: Sequence[Any] = (
    csv.safe(func.coalesce(Technician.employee_number, "")).label("Employee number"),
    csv.safe(Technician.name).label("Technician"),
    PayLine.kind.label("Kind"),
    PayLine.role.label("Role"),
    Sale.number.label("Sale"),
    func.coalesce(func.to_char(Sale.sold_on, "YYYY-MM-DD"), "").label("Sold on"),
    csv.safe(PayLine.description).label("Item"),
    csv.safe(func.coalesce(Sale.customer_name, "")).label("Customer"),
    func.coalesce(csv.dollars(Sale.sale_price_cents), "").label("Price"),
    func.coalesce(csv.percent(PayLine.share_bps), "").label("Share %"),
    csv.dollars(PayLine.amount_cents).label("Amount"),
    csv.safe(PayLine.reason).label("Reason"),
    csv.safe(PayLine.note).label("Note"),
)


def _line_rows(period: PayPeriod) -> Any:
    return (
        queries.counted_lines(period.id)
        .with_only_columns(*_of_period(period), *_LINE_COLUMNS)
        .order_by(None)
        .order_by(func.lower(Technician.name), Technician.id, Sale.sold_on.asc().nulls_last(), PayLine.id)
    )


def report_csv(first: date, last: date) -> Response:
    """Every commission line of sales from `first` to `last`, pending ones marked."""
    mine = [
        Sale.number.label("Sale"),
        func.to_char(Sale.sold_on, "YYYY-MM-DD").label("Sold on"),
        csv.safe(func.coalesce(Technician.employee_number, "")).label("Employee number"),
        csv.safe(Technician.name).label("Technician"),
        csv.safe(Item.name).label("Item"),
        csv.safe(func.coalesce(ItemCategory.name, "")).label("Category"),
        csv.safe(Sale.customer_name).label("Customer"),
        csv.dollars(Sale.sale_price_cents).label("Price"),
        PayLine.kind.label("Kind"),
        PayLine.role.label("Role"),
        func.coalesce(csv.percent(PayLine.share_bps), "").label("Share %"),
        csv.dollars(PayLine.amount_cents).label("Amount"),
        PayLine.state.label("State"),
        func.coalesce(func.to_char(PayPeriod.start_date, "YYYY-MM-DD"), "").label("Pay period start"),
        func.coalesce(func.to_char(PayPeriod.end_date, "YYYY-MM-DD"), "").label("Pay period end"),
        csv.safe(PayLine.note).label("Note"),
    ]
    return csv.response(reports.report_lines(mine, first, last), "commission-report")


def grouped_csv(first: date, last: date, group: str) -> Response:
    """The commission report as its page shows it: one row per group."""
    source = reports.report(first, last, group).subquery()
    if group == "period":
        names = [
            func.coalesce(func.to_char(source.c[column], "YYYY-MM-DD"), "").label(label)
            for column, label in (("name", "Pay period start"), ("detail", "Pay period end"))
        ]
        order: Any = source.c.name.asc().nulls_last()
    else:
        names = [csv.safe(func.coalesce(source.c.name, "")).label(group.capitalize())]
        order = func.lower(source.c.name).asc().nulls_last()
    sums = [
        csv.dollars(source.c[name]).label(_heading(name))
        for name in ("sales_cents", "commission_cents", "override_cents", "total_cents", "pending_cents")
    ]
    chosen = select(*names, source.c.sales.label("Sales"), *sums).order_by(order)
    return csv.response(chosen, f"commissions-by-{group}")


# PDF --------------------------------------------------------------------------------------------------------


def statement_pdf(period: PayPeriod, technician_id: int, *, reader_id: int | None = None) -> bytes:
    """A technician's commission statement."""
    statement = queries.statement(period, technician_id, reader_id=reader_id)
    said = queries.answer(period.id, technician_id)
    is_approved = (
        said is not None and said.answer == "approved" and said.total_cents == statement.totals.total_cents
    )
    return pdf.render(
        "sales/pay/statement_pdf.html",
        statement=statement,
        approved_at=said.answered_at if said is not None and is_approved else None,
        **_common(period),
    )


def period_pdf(period: PayPeriod) -> bytes:
    """The report of a whole period: totals per technician and, up to a number that can be read, every line."""
    people = totals.by_technician(period)
    whole = totals.together(people)
    lines: dict[int, list[queries.Line]] = {}
    if whole.lines <= queries.MOST_LINES:
        for row in rows(queries.counted_lines(period.id)):
            lines.setdefault(row.technician_id, []).append(queries.line_of(row))
    return pdf.render(
        "sales/pay/period_pdf.html",
        people=people,
        whole=whole,
        lines=lines,
        most=queries.MOST_LINES,
        standing=queries.standing(period),
        **_common(period),
    )


def _common(period: PayPeriod) -> dict[str, Any]:
    return {"period": period, "label": periods.label(period), **letterhead.values()}


def statement_name(period: PayPeriod, name: str) -> str:
    """`statement-2026-11-01-mike-johnson`."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "technician"
    return f"statement-{period.start_date}-{plain}"


@exporter("pay.report", permission=PAYROLL_READ, title="Pay period report")
def report(args: dict[str, Any], progress: Progress) -> Made:
    """The report of a whole period."""
    period = queries.period(int(args["pay_period_id"]))
    return Made(f"pay-period-{period.start_date}.pdf", PDF, period_pdf(period))


def scale_words(scale: Sequence[rules.ScaleStep]) -> list[str]:
    """A discount scale in sentences."""
    return [f"{money.percent(s.discount_bps)} off or more pays {money.percent(s.pays_bps)}" for s in scale]
