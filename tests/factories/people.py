"""Technicians, items and customers to test with, made by the services that people use.

Call them inside `with company.acting("admin"):`.
"""

import itertools
from typing import Any

from webapp.catalog import service as catalog
from webapp.models import Item, ItemCategory, Technician
from webapp.technicians import service as technicians

_numbers = itertools.count(1)


def technician(**values: Any) -> Technician:
    """A technician paid by the hour."""
    number = next(_numbers)
    return technicians.create({"name": f"Technician {number}", "pay_type": "hourly", "base_pay_cents": 2500, **values})


def category(name: str = "") -> ItemCategory:
    """A category of the price book."""
    return catalog.create_category({"name": name or f"Category {next(_numbers)}"})


def item(**values: Any) -> Item:
    """An item at $150."""
    return catalog.create({"name": f"Item {next(_numbers)}", "list_price_cents": 150_00, **values})
