"""Hours as a file to download."""

from datetime import date
from typing import Any

from webapp.downloads.registry import CSV, Made, Progress, exporter
from webapp.kit import errors
from webapp.timesheets import files, queries
from webapp.timesheets.permissions import READ


def _words(args: dict[str, Any]) -> str:
    first, last = _span(args)
    return f"Hours by {'week' if args.get('detail') == 'weeks' else 'day'} from {first} to {last}."


@exporter("timesheets.hours", permission=READ, title="Hours", words=_words)
def hours(args: dict[str, Any], progress: Progress) -> Made:
    """Hours of everybody between `from` and `to`, a row for each day, or with `detail=weeks` for each week."""
    first, last = _span(args)
    detail = "weeks" if args.get("detail") == "weeks" else "days"
    return Made(f"hours-{first}-{last}.csv", CSV, files.hours(first, last, detail=detail))


def _span(args: dict[str, Any]) -> tuple[date, date]:
    last = _day(args.get("to")) or queries.today()
    first = _day(args.get("from")) or last.replace(month=1, day=1)
    if last < first:
        raise errors.Invalid.one("to", "The last day cannot be before the first.")
    return first, last


def _day(value: Any) -> date | None:
    try:
        found = date.fromisoformat(str(value)) if value else None
    except ValueError:
        raise errors.Invalid.one("date", f"{value} is no day; write 2026-03-15.") from None
    if found is not None and not 2000 <= found.year <= 2099:
        raise errors.Invalid.one("date", "Choose a day between 2000 and 2099.")
    return found
