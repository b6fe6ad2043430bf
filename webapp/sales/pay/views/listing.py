"""The list of pay periods."""

from collections.abc import Mapping
from typing import Any

from flask import Response
from sqlalchemy import or_

from webapp.kit import csv, listing, pages, paging
from webapp.kit.permissions import requires
from webapp.models import PayPeriod
from webapp.sales.pay import exports, periods, queries, totals
from webapp.sales.pay.permissions import PAYROLL_READ
from webapp.sales.pay.views import bp

COLUMNS: list[dict[str, Any]] = [
    {"key": "label", "label": "Pay period", "kind": "link", "sort": "start", "always": True},
    {"key": "pay_date", "label": "Pay date", "kind": "date", "sort": "pay"},
    {"key": "state", "label": "Status", "kind": "cell"},
    {"key": "sales_cents", "label": "Sold", "kind": "money"},
    {"key": "commission_cents", "label": "Commission", "kind": "money"},
    {"key": "override_cents", "label": "Overrides", "kind": "money"},
    {"key": "adjustment_cents", "label": "Adjustments", "kind": "money"},
    {"key": "manual_cents", "label": "Other", "kind": "money"},
    {"key": "total_cents", "label": "Total", "kind": "money", "always": True},
    {"key": "lines", "label": "Lines", "kind": "number", "hidden": True},
]
SORTS = {
    "start": listing.Sort(PayPeriod.start_date, descending=True),
    "pay": listing.Sort(PayPeriod.pay_date, descending=True),
}
VIEWS = [("", "To now"), ("open", "Open"), ("closed", "Closed"), ("coming", "Coming")]


def state_of(period: PayPeriod) -> tuple[str, str]:
    """The state of a period as a pill: key and words."""
    if period.status == "closed":
        return "closed", "Closed"
    if period.start_date > periods.today():
        return "scheduled", "Coming"
    if period.approved_at is not None:
        return "approved", "Approved"
    return "open", "Open"


@bp.get("")
@requires(PAYROLL_READ)
def index() -> Response:
    """Pay periods: the one to work on first, then all of them."""
    periods.ensure_ahead()
    query = listing.read(SORTS, "start")
    statement = queries.listed().where(*_conditions(query))
    if query.get("format") == "csv":
        return csv.response(exports.list_rows(_conditions(query)), "pay-periods")
    page = listing.rows(statement, query, SORTS, PayPeriod.id, total=paging.count(statement))
    found = queries.of_ids([row.id for row in page.rows])
    sums = totals.of_periods(found.values())
    page.rows = [_row(found[row.id], sums[row.id]) for row in page.rows]
    whole = not pages.is_htmx()
    return pages.render(
        "sales/pay/list.html",
        block={"results": "results"},
        page_title="Pay periods",
        query=query,
        page=page,
        columns=COLUMNS,
        views=[{"key": key, "label": label} for key, label in VIEWS],
        current=_current() if whole else [],
        dateless=queries.dateless() if whole else 0,
        plan=periods.plan(),
    )


def _conditions(query: listing.ListQuery) -> list[Any]:
    today = periods.today()
    if query.get("waiting"):
        return [PayPeriod.id.in_(queries.with_waiting_amounts())]
    conditions: dict[str, list[Any]] = {
        "open": [PayPeriod.status == "open", PayPeriod.start_date <= today],
        "closed": [PayPeriod.status == "closed"],
        "coming": [PayPeriod.start_date > today],
    }
    beginning = or_(PayPeriod.start_date <= today, PayPeriod.status == "closed")
    return conditions.get(query.view or "", [beginning])


def _row(period: PayPeriod, sums: totals.Totals) -> dict[str, Any]:
    key, words = state_of(period)
    return {
        "id": period.id,
        "label": periods.label(period),
        "pay_date": period.pay_date,
        "state": key,
        "state_label": words,
        **quiet(sums.as_json()),
    }


def quiet(values: Mapping[str, Any]) -> dict[str, Any]:
    """Amounts for a table: what is nothing shows a dash, and on a phone not at all. The total always shows."""
    return {
        name: None if value == 0 and name.endswith("_cents") and name != "total_cents" else value
        for name, value in values.items()
    }


def _current() -> list[dict[str, Any]]:
    """The open periods that have begun, the oldest first, with what they hold: at most three."""
    found = queries.begun_open(periods.today())
    sums = totals.of_periods(found)
    shown = []
    for period in found:
        held = queries.standing(period)
        shown.append(
            _row(period, sums[period.id])
            | {"standing": held, "ended": period.end_date < periods.today(), "end_date": period.end_date}
        )
    return shown
