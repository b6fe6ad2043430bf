"""What working time tells on a technician's page."""

from typing import Any

from webapp.kit import permissions
from webapp.technicians import queries as technicians
from webapp.timesheets import queries, rules
from webapp.timesheets.permissions import READ
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.queries import sheets as sheet_queries

LATEST = 5


def install() -> None:
    """Register with the domain below. Safe to call again."""
    if of_technician not in technicians.TECHNICIAN_PANELS:
        technicians.TECHNICIAN_PANELS.append(of_technician)


def of_technician(technician_id: int) -> dict[str, Any]:
    """This week's hours and the latest entries."""
    if not permissions.may(READ):
        return {"title": "Working time", "empty": "You may not see working time."}
    week = queries.week_of(queries.today())
    hours = sheet_queries.hours([technician_id], week)[technician_id]
    latest = entry_queries.latest(technician_id, LATEST)
    stats = [
        {"label": "This week", "value": rules.words(hours.minutes)},
        {"label": "Overtime", "value": rules.words(hours.over.any) if hours.over.any else "None"},
        {"label": "Now", "value": "Clocked in" if hours.running else "Not clocked in"},
    ]
    return {
        "title": "Working time",
        "stats": stats if latest else [],
        "columns": [
            {"key": "clock_in", "label": "Clock in", "kind": "when"},
            {"key": "clock_out", "label": "Clock out", "kind": "time"},
            {"key": "break_minutes", "label": "Breaks", "kind": "minutes"},
            {"key": "minutes", "label": "Worked", "kind": "minutes"},
        ],
        "rows": [_row(entry) for entry in latest],
        "row_url": "/time-sheets/entries/{}",
        "url": f"/time-sheets/entries?technician={technician_id}",
        "url_label": "All entries",
        "empty": "No time yet.",
    }


def _row(entry: Any) -> dict[str, Any]:
    done = entry.clock_out is not None
    return {
        "id": entry.id,
        "clock_in": entry.clock_in,
        "clock_out": entry.clock_out,
        "break_minutes": entry.break_minutes,
        "minutes": rules.duration(entry.clock_in, entry.clock_out, entry.break_minutes) if done else None,
    }
