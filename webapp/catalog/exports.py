"""The price book as a file to download."""

from typing import Any

from webapp.catalog import queries
from webapp.catalog.permissions import READ
from webapp.downloads.registry import Made, Progress, csv_of, exporter
from webapp.models import Item


@exporter("items.csv", permission=READ, title="Price book")
def items(args: dict[str, Any], progress: Progress) -> Made:
    """Every item, archived ones too."""
    columns = [column for columns in queries.csv_columns().values() for column in columns]
    statement = queries.rows(queries.Filters(archived=None)).with_only_columns(*columns)
    return csv_of(statement.order_by(Item.name, Item.id), "price-book")
