"""What dispatch tells on the pages of customers and technicians."""

from datetime import timedelta
from typing import Any

from webapp.customers import queries as customers
from webapp.dispatch import settings, words
from webapp.dispatch.permissions import DISPATCH_READ
from webapp.dispatch.queries import waiting
from webapp.kit import clock, permissions
from webapp.technicians import queries as technicians

_STATUS = {"key": "status", "label": "Status", "kind": "pill"}


def install() -> None:
    """Register with the domains below. Safe to call again."""
    for register, what in (
        (customers.CUSTOMER_PANELS, of_customer),
        (technicians.TECHNICIAN_PANELS, of_technician),
    ):
        if what not in register:
            register.insert(0, what)  # work comes before what it sold for


def of_customer(customer_id: int) -> dict[str, Any]:
    """A customer's jobs: the next visit, those that are open, the latest; with the address where there are several."""
    if not permissions.may(DISPATCH_READ):
        return {"title": "Jobs", "empty": "You may not see jobs."}
    found = waiting.of_customer(customer_id, clock.now())
    several = len({row.property_id for row in found.rows}) > 1
    stats = [
        {"label": "Next visit", "value": found.next_start, "kind": "when"},
        {"label": "Open", "value": found.open, "kind": "number"},
        {"label": "Jobs", "value": found.total, "kind": "number"},
    ]
    return {
        "title": "Jobs",
        "stats": stats if found.total else [],
        "columns": [
            {"key": "title", "label": "Job", "kind": "link", "sub": "hint"},
            {"key": "scheduled_start", "label": "When", "kind": "when", "until": "scheduled_end", "sub": "technician"},
            _STATUS,
        ],
        "rows": [
            {**row._mapping, "status": words.shown(row.status, row.held_at),
             "hint": f"#{row.id} · {row.service_address if several and row.service_address else words.TYPES[row.job_type]}"}
            for row in found.rows
        ],
        "row_url": "/jobs/{}",
        "url": f"/jobs?customer={customer_id}&state=all&sort=number",
        "url_label": "All jobs",
        "empty": "No job yet.",
    }  # fmt: skip


def of_technician(technician_id: int) -> dict[str, Any]:
    """A technician's visits of today and tomorrow, and how far today has come."""
    if not permissions.may(DISPATCH_READ):
        return {"title": "Jobs", "empty": "You may not see jobs."}
    zone = settings.zone()
    today = clock.today(zone)
    start, end = clock.day_bounds(today, zone)
    later = clock.day_bounds(today + timedelta(days=1), zone)[1]
    visits = waiting.lane_of(technician_id, (start, later))
    todays = [row for row in visits if row.starts_at < end]
    done = sum(row.status == "completed" for row in todays)
    upcoming = next((row for row in visits if row.status != "completed"), None)
    stats = [
        {"label": "Today", "value": f"{done} of {len(todays)} done" if todays else "Nothing"},
        {"label": "Tomorrow", "value": len(visits) - len(todays), "kind": "number"},
        {"label": "Next", "value": upcoming.starts_at if upcoming else None, "kind": "when"},
    ]
    return {
        "title": "Jobs",
        "stats": stats if visits else [],
        "columns": [
            {"key": "title", "label": "Job", "kind": "link", "sub": "hint"},
            {"key": "starts_at", "label": "When", "kind": "when", "until": "ends_at"},
            _STATUS,
        ],
        "rows": [
            {**row._mapping, "id": row.job_id, "status": words.shown(row.status, row.held_at),
             "hint": " · ".join(x for x in (row.customer_name, row.service_city) if x)}
            for row in visits
        ],
        "row_url": "/jobs/{}",
        "url": f"/jobs?technician={technician_id}",
        "url_label": "All jobs",
        "empty": "No job today or tomorrow.",
    }  # fmt: skip
