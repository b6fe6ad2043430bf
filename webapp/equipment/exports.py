"""Equipment as files to download."""

from typing import Any

from webapp.downloads.registry import Made, Progress, csv_of, exporter
from webapp.equipment import queries
from webapp.equipment.permissions import READ
from webapp.models import Customer, Equipment


@exporter("equipment.csv", permission=READ, title="Equipment")
def equipment(args: dict[str, Any], progress: Progress) -> Made:
    """Every unit with whose it is and where it stands, retired ones too; the import understands the file again."""
    columns = [column for several in queries.csv_columns().values() for column in several]
    statement = queries.listed(queries.Filters(retired=None)).with_only_columns(*columns)
    return csv_of(statement.order_by(Customer.name, Equipment.id), "equipment")
