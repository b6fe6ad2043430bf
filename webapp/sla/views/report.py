"""How well promises are kept."""

from datetime import timedelta
from typing import Any

from flask import Response

from webapp.kit import csv, errors, listing, pages
from webapp.kit.permissions import requires
from webapp.sla.api import check_span
from webapp.sla.permissions import SLA_READ
from webapp.sla.queries import basis, broken
from webapp.sla.queries import clocks as standing
from webapp.sla.queries import report as queries
from webapp.sla.rules import clocks as counting
from webapp.sla.views import bp, tabs
from webapp.technicians import queries as technicians

PRESETS = (("30", "Last 30 days"), ("90", "Last 90 days"), ("365", "Last 12 months"))
COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Group", "kind": "cell"},
    {"key": "kept_bps", "label": "Kept", "kind": "percent"},
    {"key": "met", "label": "In time", "kind": "number"},
    {"key": "broken", "label": "Broken", "kind": "number"},
    {"key": "excused", "label": "Excused", "kind": "number"},
    {"key": "running", "label": "Running", "kind": "number"},
]


@bp.get("")
@requires(SLA_READ)
def report() -> Response:
    """Kept and broken promises per policy, technician and month."""
    query = listing.read(
        {"name": listing.Sort(None)},
        "name",
        labels={"days": "Booked", "kind": "Promise", "technician": "Technician", "from": "From", "to": "To"},
        words={"days": dict(PRESETS), "kind": counting.WORDS},
    )
    by = query.get("by") if query.get("by") in queries.GROUPS else "policy"
    filters = _filters(query)
    if query.get("format") == "csv":
        return csv.response(queries.csv_rows(by, filters), f"sla-by-{by}")
    lines = queries.lines(by, filters)
    months = lines if by == "month" else queries.lines("month", filters)
    people = technicians.choices()
    query.words["technician"] = {str(n): name for n, name in people}
    now = standing.tallies()
    return pages.render(
        "sla/report.html",
        block={"results": "results"},
        page_title="SLA report",
        tabs=tabs("report", broken.tallies()["open"]),
        query=query,
        by=by,
        groups=queries.GROUPS,
        lines=lines,
        whole=queries.whole(lines),
        months=months,
        chart=_chart(lines) if any(line.met + line.broken + line.excused for line in lines) else None,
        course=_course(months) if len(months) > 1 else None,
        columns=[{**COLUMNS[0], "label": queries.GROUPS[by]}, *COLUMNS[1:]],
        first=filters.first,
        last=filters.last,
        presets=PRESETS,
        kinds=list(counting.WORDS.items()),
        technicians=people,
        now=now,
        promised=bool(basis.policies(active=None)),
    )


def _filters(query: listing.ListQuery) -> queries.Filters:
    today = basis.today()
    days = int(query.get("days")) if query.get("days") in dict(PRESETS) else 30
    last = query.date("to") or today
    first = query.date("from") or last - timedelta(days=days - 1)
    try:
        check_span(first, last)
    except errors.Invalid as problem:
        pages.toast(str(problem.message), "warning")
        first = last - timedelta(days=days - 1)
    kinds = tuple(k for k in query.getlist("kind") if k in counting.KINDS)
    return queries.Filters(
        first, last, kinds or counting.KINDS, technician_ids=tuple(query.numbers("technician"))
    )


def _chart(lines: list[queries.Line]) -> dict[str, Any]:
    shown = lines[:20]
    sets = [{"label": label, "data": [getattr(line, key) for line in shown]} for key, label in
            (("met", "In time"), ("broken", "Broken"), ("excused", "Excused"))]  # fmt: skip
    return {
        "type": "bar",
        "data": {"labels": [line.name for line in shown], "datasets": sets},
        "options": {"scales": {"x": {"stacked": True}, "y": {"stacked": True, "ticks": {"precision": 0}}}},
    }


def _course(months: list[queries.Line]) -> dict[str, Any]:
    kept = [line.kept_bps // 100 if line.kept_bps is not None else None for line in months]
    return {
        "type": "line",
        "data": {
            "labels": [line.name for line in months],
            "datasets": [{"label": "Kept, percent", "data": kept}],
        },
        "options": {"scales": {"y": {"min": 0, "max": 100}}},
    }
