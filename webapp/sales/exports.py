"""Sales as a file to download."""

from datetime import date
from typing import Any

from sqlalchemy import select

from webapp.downloads.registry import Made, Progress, csv_of, exporter
from webapp.kit import errors
from webapp.models import Sale
from webapp.sales.permissions import SALES_READ_ALL
from webapp.sales.queries import files, sales


def _words(args: dict[str, Any]) -> str:
    parts = [f"from {args['from']}" if args.get("from") else "", f"to {args['to']}" if args.get("to") else "",
             f"in the state {' or '.join(_several(args.get('status')))}" if args.get("status") else ""]  # fmt: skip
    said = " ".join(part for part in parts if part)
    return f"Sales {said}." if said else "All sales."


@exporter("sales.csv", permission=SALES_READ_ALL, title="Sales", words=_words)
def all_sales(args: dict[str, Any], progress: Progress) -> Made:
    """Sales, the latest first; `from`, `to`, `status`, `technician` and `q` narrow them as on the page."""
    wanted = sales.Filters(
        statuses=tuple(_several(args.get("status"))),
        date_from=_day(args.get("from")),
        date_to=_day(args.get("to")),
        technician_ids=tuple(int(t) for t in _several(args.get("technician")) if t.isdigit()),
        q=str(args.get("q") or ""),
    )
    columns = [column for columns in files.columns().values() for column in columns]
    statement = sales.with_names(select(*columns)).where(*sales.conditions(wanted))
    return csv_of(statement.order_by(Sale.sold_on.desc(), Sale.id.desc()), "sales")


def _several(value: Any) -> list[str]:
    return [] if not value else [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _day(value: Any) -> date | None:
    try:
        return date.fromisoformat(str(value)) if value else None
    except ValueError:
        raise errors.Invalid.one("date", f"{value} is no day; write 2026-03-15.") from None
