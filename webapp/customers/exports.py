"""Customers as a file to download."""

from typing import Any

from webapp.customers import queries
from webapp.customers.permissions import READ
from webapp.downloads.registry import Made, Progress, csv_of, exporter
from webapp.models import Customer

KEYS = ("name", "phone", "email", "place", "kind", "tags", "reference", "added", "updated_at")


@exporter("customers.csv", permission=READ, title="Customers")
def customers(args: dict[str, Any], progress: Progress) -> Made:
    """Every customer, archived ones too, with the main address."""
    statement = queries.csv_rows(queries.Filters(archived=None), KEYS)
    return csv_of(statement.order_by(Customer.name, Customer.id), "customers")
