"""Technicians, items, rates and sales, as small as they can be; sales are recorded by the real service."""

from datetime import date
from typing import Any

from webapp.kit import ids
from webapp.kit.db import add, db
from webapp.models import CommissionRate, Customer, Item, ItemCategory, Sale, Technician, User
from webapp.sales import service
from webapp.sales.pay import plug_pay
from webapp.sales.queries.rates import Place
from webapp.sales.service import rates

assert plug_pay  # a new organization gets its pay plan once this is imported


def technician(name: str = "Mike Johnson", **columns: Any) -> Technician:
    """Someone in the field, paid on commission."""
    columns = {"pay_type": "commission", "employee_number": f"E-{ids.token(6, '0123456789')}"} | columns
    return add(Technician(name=name, **columns))


def category(name: str = "Maintenance") -> ItemCategory:
    return add(ItemCategory(name=name))


def item(name: str = "AC tune-up", **columns: Any) -> Item:
    return add(Item(name=name, **columns))


def customer(name: str = "John Doe", **columns: Any) -> Customer:
    return add(Customer(name=name, name_key=name.lower(), **columns))


def rate(
    technician_id: int | None = None, item_id: int | None = None, category_id: int | None = None, **terms: Any
) -> CommissionRate:
    """A rate at a place, 7.5% unless said otherwise."""
    terms = terms or {"rate_bps": 750}
    return rates.set_rate(Place(technician_id, item_id, category_id), rates.Rate(**terms))


def sale(
    seller: Technician | None = None, sold: Item | None = None, *, price: int = 150_000, sold_on: date | None = None,
    approved: bool = False, **more: Any,
) -> Sale:  # fmt: skip
    """A sale of $1,500.00, recorded today and perhaps approved."""
    seller, sold = seller or technician(), sold or item()
    made = service.record(
        service.NewSale(
            technician_id=seller.id, item_id=sold.id, sale_price_cents=price, sold_on=sold_on, **more
        )
    ).sale
    return service.approve(made.id) if approved else made


def link(user_id: int, who: Technician) -> None:
    """Make a user of the company the given technician."""
    db.session.get_one(User, (who.tenant_id, user_id)).technician_id = who.id
    db.session.flush()
