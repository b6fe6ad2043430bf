"""What dispatch tells on the pages of customers and technicians."""

from datetime import timedelta
from typing import Any

from webapp.customers import queries as customers
from webapp.dispatch import settings, words
from webapp.dispatch.permissions import DISPATCH_READ
from webapp.dispatch.queries import recurring, waiting
from webapp.dispatch.rules import recurring as rules
from webapp.kit import clock, files, permissions
from webapp.kit import words as kit_words
from webapp.kit.db import db
from webapp.models import Property
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
    for what_of_place in (of_property, coming_again, notes_of_property, photos_of_property):
        if what_of_place not in customers.PROPERTY_PANELS:
            customers.PROPERTY_PANELS.append(what_of_place)


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


def of_property(place: Property) -> dict[str, Any] | None:
    """What is to be done at an address, and what was."""
    if not permissions.may(DISPATCH_READ):
        return None
    return {
        "title": "Jobs",
        "columns": [
            {"key": "title", "label": "Job", "kind": "link", "sub": "hint"},
            {"key": "scheduled_start", "label": "When", "kind": "when", "until": "scheduled_end", "sub": "technician"},
            _STATUS,
        ],
        "rows": [
            {**row._mapping, "status": words.shown(row.status, row.held_at),
             "hint": f"#{row.id} · {row.outcome or words.TYPES[row.job_type]}"}
            for row in waiting.at_property(place.id)
        ],
        "row_url": "/jobs/{}",
        "empty": "No job was booked here yet.",
    }  # fmt: skip


def coming_again(place: Property) -> dict[str, Any] | None:
    """Recurring jobs of an address; None where there is none."""
    if not permissions.may(DISPATCH_READ):
        return None
    found = db.session.scalars(recurring.numbered("active", customer_id=place.customer_id)).all()
    zone = settings.zone()
    here = [r for r in found if r.template.get("property_id") == place.id]
    if not here:
        return None
    return {
        "title": "Recurring jobs",
        "columns": [
            {"key": "title", "label": "Job", "kind": "link"},
            {"key": "how", "label": "How often"},
            {"key": "next", "label": "Next", "kind": "when"},
        ],
        "rows": [{"id": r.id, "title": r.title, "how": rules.words(r.rule), "next": recurring.next_of(r, zone)} for r in here],
        "row_url": "/recurring-jobs/{}",
    }  # fmt: skip


def notes_of_property(place: Property) -> dict[str, Any] | None:
    """What technicians and the office wrote on the jobs of an address."""
    if not permissions.may(DISPATCH_READ):
        return None
    zone = settings.zone()
    return {
        "title": "Notes", "beside": True, "empty": "Nothing was written on the jobs here yet.",
        "notes": [
            {"body": note.body, "url": f"/jobs/{note.job_id}",
             "hint": " · ".join(x for x in (title, note.author, kit_words.date_words(note.written_at, "date", zone=zone)) if x)}
            for note, title in ((row.JobNote, row.title) for row in waiting.notes_at(place.id))
        ],
    }  # fmt: skip


def photos_of_property(place: Property) -> dict[str, Any] | None:
    """The last photos of an address."""
    if not permissions.may(DISPATCH_READ):
        return None
    zone = settings.zone()
    return {
        "title": "Photos", "beside": True, "empty": "No photo was taken here yet.",
        "photos": [
            {"src": files.link(stored, inline=True), "url": f"/jobs/{photo.job_id}", "caption": photo.caption or "Photo",
             "hint": f"{title}, {kit_words.date_words(photo.taken_at, 'date', zone=zone)}"}
            for photo, stored, title in ((r.JobFile, r.StoredFile, r.title) for r in waiting.photos_at(place.id))
        ],
    }  # fmt: skip
