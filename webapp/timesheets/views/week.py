"""The week of everybody: technicians and days, with totals, flags and approval of many."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from webapp.kit import errors, listing, lists, pages, words
from webapp.kit.permissions import requires
from webapp.models import Technician
from webapp.timesheets import files, queries, rules, service
from webapp.timesheets.permissions import APPROVE, READ
from webapp.timesheets.queries import sheets as sheet_queries
from webapp.timesheets.views import bp, tabs

STATES = rules.SHEET_STATES
LABELS = {"status": "State", "flagged": "Only", "technician": "Technician"}


def read() -> listing.ListQuery:
    """The page's address, understood."""
    return listing.read(sheet_queries.SORTS, "name", labels=LABELS,
                        words={"status": STATES, "flagged": {"1": "flagged"}})  # fmt: skip


def week_of(query: listing.ListQuery) -> rules.Week:
    """The week that the address asks for, the present one when it names none."""
    asked = query.date("week")
    today = queries.today()
    if asked is None or not date(2000, 1, 1) <= asked <= today + timedelta(days=366):
        asked = today
    return queries.week_of(asked)


def filters(query: listing.ListQuery) -> sheet_queries.Filters:
    """What the address narrows the table to."""
    return sheet_queries.Filters(
        week_of(query),
        tuple(s for s in query.getlist("status") if s in STATES),
        query.get("flagged") == "1",
        tuple(query.numbers("technician")),
        query.get("q"),
    )


@bp.get("")
@requires(READ)
def index() -> Response:
    """One week of everybody."""
    query = read()
    wanted = filters(query)
    week = wanted.week
    if query.get("format") in ("csv", "csv-weeks"):
        detail = "weeks" if query.get("format") == "csv-weeks" else "days"
        return files.hours_csv(week.start, week.end, detail=detail)
    statement = sheet_queries.everybody(wanted)
    page = listing.rows(statement, query, sheet_queries.SORTS, Technician.id, total=lists.total(statement))
    ids = [row.id for row in page.rows]
    hours = sheet_queries.hours(ids, week)
    pending = sheet_queries.pending_in(ids, week)
    page.rows = [_row(row, hours[row.id], pending.get(row.id, 0)) for row in page.rows]
    today = queries.today()
    whole = not (pages.is_htmx() and request.headers.get("HX-Target") == "results")
    return pages.render(
        "timesheets/week.html",
        block={"results": "results"},
        page_title="Time sheets",
        query=query,
        page=page,
        columns=_columns(week, page.rows),
        week=week,
        states=STATES,
        flags=rules.FLAGS,
        shown=shown,
        before=_url(week.start - timedelta(days=1)),
        after=_url(week.end + timedelta(days=1)) if week.end < today else None,
        is_present=week.start <= today <= week.end,
        tallies=sheet_queries.tallies(week) if whole else {},
        tabs=tabs("week") if whole else [],
        overtime_words=rules.OVERTIME_WORDS[queries.settings().overtime],
    )


def _url(day: date) -> str:
    kept = [
        (k, v) for k, v in request.args.items(multi=True) if k in ("status", "flagged", "q", "sort", "dir")
    ]
    return f"/time-sheets?{urlencode([('week', day.isoformat()), *kept])}"


def _row(row: Any, hours: rules.Hours, pending: int) -> dict[str, Any]:
    found = row.sheet_id is not None
    return {
        "id": row.sheet_id or "",
        "technician_id": row.id,
        "name": row.name,
        "employee_number": row.employee_number,
        "status": row.status if found else None,
        "url": f"/time-sheets/{row.sheet_id}" if found else None,
        "minutes": hours.minutes,
        "over": hours.over.any,
        "flags": rules.flags_of(" ".join(hours.flags)),
        "pending": pending,
        "row_class": "" if found else "muted",
        **{d.day.isoformat(): d for d in hours.days},
    }


def _columns(week: rules.Week, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    today = queries.today()

    def column(key: str, label: str, total: int) -> dict[str, Any]:
        return {"key": key, "label": label, "kind": "cell", "align": "end", "total": shown(total)}

    days = [
        column(
            day.isoformat(),
            "Today" if day == today else f"{day:%a} {day.day}",
            sum(row[day.isoformat()].minutes for row in rows),
        )
        for day in week.days()
    ]
    return [
        {"key": "name", "label": "Technician", "kind": "cell", "sort": "name", "always": True},
        *days,
        column("minutes", "Total", sum(row["minutes"] for row in rows)),
        column("over", "Over", sum(row["over"] for row in rows)),
        {"key": "status", "label": "State", "kind": "cell"},
    ]


def shown(minutes: int) -> str:
    """`38:05`; a dash for nothing."""
    return f"{minutes // 60}:{minutes % 60:02d}" if minutes else "–"


@bp.post("/bulk/approve")
@requires(APPROVE)
def bulk_approve() -> Response:
    """Approve the ticked weeks, or all that match."""
    query = read()
    chosen = lists.selected(lambda most: sheet_queries.ids_of(filters(query), most))
    most = service.sheets.MOST_AT_ONCE
    if len(chosen) > most:
        raise errors.Conflict(f"At most {most} time sheets at once. Narrow the list first.")
    result = service.sheets.approve_many(chosen)
    if result.done:
        pages.toast(f"{words.plural(len(result.done), 'time sheet')} approved.")
    if result.refused:
        why = next(iter(result.refused.values()))
        left = f"{words.plural(len(result.refused), 'time sheet')} left: " if len(result.refused) > 1 else ""
        pages.toast(f"{left}{why}", "warning")
    return pages.redirect(lists.back_to("/time-sheets", query))
