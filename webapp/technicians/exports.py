"""Technicians as a file to download."""

from typing import Any

from webapp.downloads.registry import Made, Progress, csv_of, exporter
from webapp.models import Technician
from webapp.technicians import queries
from webapp.technicians.permissions import READ


@exporter("technicians.csv", permission=READ, title="Technicians")
def technicians(args: dict[str, Any], progress: Progress) -> Made:
    """Everybody, former ones too."""
    columns = [column for columns in queries.csv_columns().values() for column in columns]
    statement = queries.rows(queries.Filters()).with_only_columns(*columns)
    return csv_of(statement.order_by(Technician.name, Technician.id), "technicians")
