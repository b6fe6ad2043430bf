"""What sales tells on the pages of customers, technicians and items, and to the technicians' scorecard."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Row, func, select

from webapp.catalog import queries as catalog
from webapp.customers import queries as customers
from webapp.kit import context, permissions
from webapp.kit.db import rows
from webapp.models import Sale, SaleTally
from webapp.sales.pay import periods
from webapp.sales.permissions import COMMISSION_READ, SALES_READ_ALL
from webapp.sales.queries import lookups
from webapp.sales.queries import sales as queries
from webapp.technicians import queries as technicians

LATEST = 5
_COUNTED = ("pending", "approved")


def install() -> None:
    """Register with the domains below. Safe to call again."""
    registers: tuple[tuple[list[Any], Any], ...] = (
        (customers.CUSTOMER_PANELS, of_customer),
        (technicians.TECHNICIAN_PANELS, of_technician),
        (catalog.ITEM_PANELS, of_item),
        (technicians.METRICS_PROVIDERS, metrics),
    )
    for register, what in registers:
        if what not in register:
            register.append(what)


def of_customer(customer_id: int) -> dict[str, Any]:
    """A customer's sales: what they came to and the latest."""
    filters = queries.Filters(statuses=_COUNTED, customer_id=customer_id)
    return _panel("Sales", filters, f"/sales?customer={customer_id}", "technician")


def of_technician(technician_id: int) -> dict[str, Any]:
    """A technician's sales of this month and the latest."""
    first, last = lookups.span("this-month", periods.today())
    filters = queries.Filters(statuses=_COUNTED, technician_ids=(technician_id,))
    month = queries.Filters(_COUNTED, first, last, (technician_id,))
    return _panel("Sales this month", filters, f"/sales?technician={technician_id}", "customer", month)


def of_item(item_id: int) -> dict[str, Any]:
    """An item's sales: what they came to and the latest."""
    filters = queries.Filters(statuses=_COUNTED, item_ids=(item_id,))
    return _panel("Sales", filters, f"/sales?item={item_id}", "technician")


def _panel(
    title: str, filters: queries.Filters, url: str, other: str, summed: queries.Filters | None = None
) -> dict[str, Any]:
    if not permissions.may(SALES_READ_ALL):
        return {"title": title, "empty": "You may not see sales."}
    totals = queries.totals(summed or filters)
    latest = rows(
        queries.listed()
        .where(*queries.conditions(filters))
        .order_by(Sale.sold_on.desc(), Sale.id.desc())
        .limit(LATEST)
    )
    stats = [
        {"label": "Sales", "value": totals.count, "kind": "number"},
        {"label": "Sold", "value": totals.price_cents, "kind": "money"},
    ]
    if permissions.may(COMMISSION_READ):
        stats.append({"label": "Commission", "value": totals.commission_cents, "kind": "money"})
    return {
        "title": title,
        "stats": stats if totals.count else [],
        "columns": [
            {"key": "sold_on", "label": "Sold on", "kind": "date"},
            {"key": "item_name" if other != "item" else "customer_name", "label": "Item"},
            {"key": f"{other}_name", "label": other.capitalize()},
            {"key": "sale_price_cents", "label": "Price", "kind": "money"},
            {"key": "state", "label": "Status", "kind": "pill"},
        ],
        "rows": [_row(row) for row in latest],
        "row_url": "/sales/{}",
        "url": url,
        "url_label": "All sales",
        "empty": "No sales yet.",
    }


def _row(row: Row[Any]) -> dict[str, Any]:
    return dict(row._mapping)


def metrics(first: date, last: date) -> Mapping[int, Mapping[str, Any]]:
    """What each technician sold between two days, inclusive, and its commission for who may see that.

    Voided and rejected sales are left out.
    """
    found = rows(
        select(
            SaleTally.technician_id,
            func.sum(SaleTally.count).label("sales"),
            func.sum(SaleTally.price_cents).label("price"),
            func.sum(SaleTally.commission_cents).label("commission"),
        )
        .where(
            SaleTally.tenant_id == context.tenant_id(),
            SaleTally.technician_id != queries.EVERYBODY,
            SaleTally.sold_on >= first,
            SaleTally.sold_on <= last,
            SaleTally.status.in_(_COUNTED),
        )
        .group_by(SaleTally.technician_id)
    )
    return {
        row.technician_id: {
            "sales_count": int(row.sales),
            "revenue_cents": int(row.price),
            "commission_cents": int(row.commission) if permissions.may(COMMISSION_READ) else None,
        }
        for row in found
        if row.sales
    }
