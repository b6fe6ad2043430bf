"""The list of jobs."""

from datetime import timedelta
from typing import Any

from flask import Response, request

from webapp.accounts.service import saved_views
from webapp.customers import queries as customers
from webapp.dispatch import settings, words
from webapp.dispatch.permissions import DISPATCH_READ
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import pages as queries
from webapp.dispatch.rules import lateness
from webapp.dispatch.views import bp
from webapp.kit import clock, csv, listing, lists, pages
from webapp.kit.permissions import requires
from webapp.models import DispatchJob
from webapp.technicians import queries as technicians

COLUMNS: list[dict[str, Any]] = [
    {"key": "number", "label": "Job", "kind": "cell", "sort": "number", "always": True},
    {"key": "scheduled_start", "label": "When", "kind": "cell", "sort": "scheduled"},
    {"key": "customer", "label": "Customer", "kind": "cell"},
    {"key": "address", "label": "Address", "kind": "cell"},
    {"key": "technician", "label": "Technician", "kind": "cell"},
    {"key": "status", "label": "Status", "kind": "cell"},
    {"key": "priority", "label": "Priority", "kind": "cell"},
    {"key": "job_type", "label": "Type", "kind": "cell", "hidden": True},
    {"key": "price_cents", "label": "Price", "kind": "money", "hidden": True},
    {"key": "created_at", "label": "Booked", "kind": "ago", "hidden": True},
    {"key": "updated_at", "label": "Changed", "kind": "ago", "sort": "updated_at", "hidden": True},
]
LABELS = {
    "status": "Status", "type": "Type", "priority": "Priority", "technician": "Technician", "when": "When",
    "from": "From", "to": "To", "hold": "On hold", "tag": "Tag", "customer": "Customer", "confirmed": "Confirmed",
}  # fmt: skip
PRESETS = (
    ("today", "Today"),
    ("tomorrow", "Tomorrow"),
    ("week", "Next 7 days"),
    ("past", "Before today"),
    ("late", "Late now"),
)
VIEWS = (
    ("", "Open", "/jobs"),
    ("unassigned", "Unassigned", "/jobs?status=pending&hold=no&view=unassigned"),
    ("on_hold", "On hold", "/jobs?hold=yes&view=on_hold"),
    ("completed", "Completed", "/jobs?status=completed&sort=number&view=completed"),
    ("all", "All", "/jobs?state=all&sort=number&view=all"),
)
OPEN = ("pending", "dispatched", "acknowledged", "en_route", "on_site", "in_progress")


def read() -> listing.ListQuery:
    """The list's address, understood."""
    fixed = {"status": words.STATUSES, "type": words.TYPES, "priority": words.PRIORITIES, "when": dict(PRESETS),
             "hold": {"yes": "yes", "no": "no", "due": "to be come back to"}, "confirmed": {"yes": "yes", "no": "no"}}  # fmt: skip
    return listing.read(reading.SORTS, "scheduled", labels=LABELS, words=fixed)


def filters(query: listing.ListQuery) -> reading.Filters:
    """What the address narrows the list to; open jobs unless something else is asked for."""
    zone = settings.zone()
    today = clock.today(zone)
    spans = {"today": (today, today), "tomorrow": (today + timedelta(days=1),) * 2, "week": (today, today + timedelta(days=6)),
             "past": (None, today - timedelta(days=1))}  # fmt: skip
    first, last = spans.get(query.get("when"), (None, None))
    first, last = query.date("from") or first, query.date("to") or last
    statuses = tuple(s for s in query.getlist("status") if s in words.STATUSES)
    if not statuses and query.get("state") != "all" and not query.get("q"):
        statuses = OPEN
    return reading.Filters(
        q=query.get("q"), statuses=statuses,
        job_types=tuple(t for t in query.getlist("type") if t in words.TYPES),
        priorities=tuple(p for p in query.getlist("priority") if p in words.PRIORITIES),
        technician_ids=tuple(query.numbers("technician")),
        starts_from=clock.day_bounds(first, zone)[0] if first else None,
        starts_before=clock.day_bounds(last, zone)[1] if last else None,
        on_hold={"yes": True, "no": False}.get(query.get("hold")), tag=query.get("tag"),
        customer_id=next(iter(query.numbers("customer")), None),
        confirmed={"yes": True, "no": False}.get(query.get("confirmed")),
        late_by=clock.now() - lateness.GRACE if query.get("when") == "late" else None,
        hold_due=clock.now() if query.get("hold") == "due" else None,
    )  # fmt: skip


@bp.get("")
@requires(DISPATCH_READ)
def index() -> Response:
    """The list of jobs."""
    query = read()
    statement = queries.listed().where(*reading.conditions(filters(query)))
    if query.get("format") == "csv":
        chosen = lists.chosen(COLUMNS, query, queries.csv_columns())
        ordered = lists.ordered(statement.with_only_columns(*chosen), query, reading.SORTS, DispatchJob.id)
        return csv.response(ordered, "jobs")
    page = listing.rows(statement, query, reading.SORTS, DispatchJob.id, total=lists.total(statement))
    page.rows = [
        {
            **row._mapping,
            "address": words.address(row),
            "row_class": "muted" if row.status == "cancelled" else "",
        }
        for row in page.rows
    ]
    whole = not (pages.is_htmx() and request.headers.get("HX-Target") == "results")
    everybody = technicians.choices()
    query.words["customer"] = {
        str(k): row.name for k, row in customers.brief(query.numbers("customer")).items()
    }
    query.words["technician"] = {str(number): name for number, name in everybody}
    return pages.render(
        "dispatch/list.html", block={"results": "results"}, page_title="Jobs", query=query, page=page, columns=COLUMNS,
        views=_views() if whole else [], statuses=list(words.STATUSES.items()), types=list(words.TYPES.items()),
        priorities=list(words.PRIORITIES.items()), presets=PRESETS, technicians=everybody, words=words,
        bare=not query.filters and not query.get("q"),
    )  # fmt: skip


def _views() -> list[dict[str, Any]]:
    counts = queries.states()
    known = {"": counts["open"], "unassigned": counts["unassigned"], "on_hold": counts["on_hold"]}
    fixed = [{"key": key, "label": label, "url": url, "count": known.get(key)} for key, label, url in VIEWS]
    return fixed + saved_views.listed("/jobs")
