"""The commission report: what sales of some days have earned."""

from datetime import date, timedelta
from typing import Any

from flask import Response

from webapp.kit import errors, listing, pages
from webapp.kit.permissions import requires
from webapp.models import PayLine
from webapp.sales.pay import exports, periods, reports
from webapp.sales.pay.permissions import PAYROLL_READ
from webapp.sales.pay.views import report_bp
from webapp.sales.pay.views.listing import quiet

PRESETS = {  # beside the present month, which is shown without a choice
    "last-month": "last month",
    "quarter": "this quarter",
    "90-days": "in the last 90 days",
    "year": "this year",
}
_SORTS = {"total": listing.Sort(PayLine.amount_cents)}
_MOST_BARS = 15


@report_bp.get("")
@requires(PAYROLL_READ)
def index() -> Response:
    """Commissions of a span of days, grouped, as chart, table and CSV."""
    query = listing.read(_SORTS, "total", labels={"from": "From", "to": "To"})
    group = query.get("by") if query.get("by") in reports.GROUPS else "technician"
    first, last = span(query, periods.today())
    if query.get("format") == "csv":
        return exports.grouped_csv(first, last, group)
    if query.get("format") == "lines":
        return exports.report_csv(first, last)
    groups = reports.groups(first, last, group)
    whole = reports.sum_of(groups)
    return pages.render(
        "sales/pay/commissions.html",
        block={"results": "results"},
        page_title="Commissions",
        query=query,
        group=group,
        groups=groups,
        rows=[{"id": g.id, "name": g.name, "detail": g.detail} | quiet(g.as_json()) for g in groups],
        names=reports.GROUPS,
        whole=whole,
        sums=quiet(whole.as_json()),
        first=first,
        last=last,
        presets=PRESETS.items(),
        columns=_columns(group),
        chart=_chart(groups, group),
        weeks=reports.by_week(first, last),
    )


def span(query: listing.ListQuery, today: date) -> tuple[date, date]:
    """The days the address asks for; the present month where it says nothing. Raises BadRequest."""
    first, last = query.date("from"), query.date("to")
    if first or last:
        last = last or max(first or today, today)
        first = first or last.replace(day=1)
        if first > last:
            raise errors.BadRequest("The first day is after the last one. Choose them the other way round.")
        return first, last
    month = today.replace(day=1)
    return {
        "last-month": ((month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)),
        "quarter": (today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1), today),
        "90-days": (today - timedelta(days=89), today),
        "year": (today.replace(month=1, day=1), today),
    }.get(query.get("when"), (month, today))


def _columns(group: str) -> list[dict[str, Any]]:
    return [
        {"key": "name", "label": reports.GROUPS[group], "kind": "cell"},
        {"key": "sales", "label": "Sales", "kind": "number"},
        {"key": "sales_cents", "label": "Sold", "kind": "money"},
        {"key": "commission_cents", "label": "Commission", "kind": "money"},
        {"key": "override_cents", "label": "Overrides", "kind": "money"},
        {"key": "total_cents", "label": "Total", "kind": "money"},
        {"key": "pending_cents", "label": "Pending", "kind": "money"},
    ]


def _chart(groups: list[reports.Group], group: str) -> dict[str, Any]:
    shown = groups[-_MOST_BARS:] if group == "period" else groups[:_MOST_BARS]
    return {
        "type": "bar",
        "money": True,
        "data": {
            "labels": [g.name for g in shown],
            "datasets": [
                {"label": "Commission", "data": [g.commission_cents for g in shown]},
                {"label": "Overrides", "data": [g.override_cents for g in shown]},
            ],
        },
        "options": {"scales": {"x": {"stacked": True}, "y": {"stacked": True}}},
    }
