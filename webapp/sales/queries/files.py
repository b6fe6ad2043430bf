"""Sales as a CSV file."""

from collections.abc import Sequence
from typing import Any

from flask import Response
from sqlalchemy import case, select

from webapp.accounts import queries as accounts
from webapp.kit import csv, permissions
from webapp.models import Item, Sale, Technician
from webapp.sales.permissions import COMMISSION_READ
from webapp.sales.queries import sales


def columns() -> dict[str, Sequence[Any]]:
    """What a file holds, by the key of the list's column; commissions only for those who may see them."""
    yes_no = case((Sale.voided_at.is_not(None), "yes"), else_="no")
    found: dict[str, Sequence[Any]] = {
        "number": [Sale.number.label("Sale")],
        "sold_on": [Sale.sold_on.label("Sold on")],
        "technician": [csv.safe(Technician.name).label("Technician")],
        "item": [csv.safe(Item.name).label("Item")],
        "customer": [csv.safe(Sale.customer_name).label("Customer")],
        "sale_price_cents": [csv.dollars(Sale.sale_price_cents).label("Price")],
        "list_price_cents": [csv.dollars(Sale.list_price_cents).label("List price")],
        "commission_cents": [csv.dollars(Sale.commission_cents).label("Commission")],
        "override_cents": [csv.dollars(Sale.override_cents).label("Override")],
        "state": [Sale.status.label("Status"), yes_no.label("Voided")],
        "payment_status": [
            Sale.payment_status.label("Payment"),
            Sale.payment_date.label("Paid on"),
            csv.safe(Sale.payment_type).label("Paid by"),
        ],
        "notes": [csv.safe(Sale.notes).label("Notes")],
        "created_at": [csv.moment(Sale.created_at, accounts.organization().time_zone).label("Recorded")],
    }
    if not permissions.may(COMMISSION_READ):
        del found["commission_cents"], found["override_cents"]
    return found


def response(filters: sales.Filters, keys: Sequence[str] | None = None) -> Response:
    """A download of the sales that match, the latest first; `keys` chooses columns."""
    known = columns()
    chosen = [column for key in (keys or known) for column in known.get(key, ())] or list(known["number"])
    statement = sales.with_names(select(*chosen)).where(*sales.conditions(filters))
    return csv.response(statement.order_by(Sale.sold_on.desc(), Sale.id.desc()), "sales")
