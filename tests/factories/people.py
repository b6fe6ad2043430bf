"""Technicians, items and customers to test with, made by the services that people use.

Call them inside `with company.acting("admin"):`.
"""

import itertools
from typing import Any

from webapp.catalog import service as catalog
from webapp.customers import service as customers
from webapp.models import Customer, Item, ItemCategory, Technician
from webapp.technicians import service as technicians

_numbers = itertools.count(1)


def technician(**values: Any) -> Technician:
    """A technician paid by the hour."""
    number = next(_numbers)
    return technicians.create(
        {"name": f"Technician {number}", "pay_type": "hourly", "base_pay_cents": 2500, **values}
    )


def category(name: str = "") -> ItemCategory:
    """A category of the price book."""
    return catalog.create_category({"name": name or f"Category {next(_numbers)}"})


def item(**values: Any) -> Item:
    """An item at $150."""
    return catalog.create({"name": f"Item {next(_numbers)}", "list_price_cents": 150_00, **values})


def customer(**values: Any) -> Customer:
    """A residential customer. `address` (and `city`, `state`, `zip`) gives it a property, `contacts` contacts."""
    place = {k: values.pop(k) for k in ("address", "unit", "city", "state", "zip") if k in values}
    contacts = values.pop("contacts", ())
    values = {"name": f"Customer {next(_numbers)}", **values}
    return customers.create(values, contacts=contacts, properties=[place] if place else ())
