"""Time entries of everybody: the list, one of them, and what the office does to it."""

from typing import Any

from flask import Response, request

from webapp.accounts.service import saved_views
from webapp.kit import clock, csv, errors, listing, lists, pages, permissions
from webapp.kit import forms as kit_forms
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import Technician, TimeEntry
from webapp.technicians import queries as technicians
from webapp.timesheets import queries, rights, rules, service, shown
from webapp.timesheets.forms import MissedForm, ReasonForm, TimesForm, kept
from webapp.timesheets.permissions import CLOCK, EDIT, READ
from webapp.timesheets.queries import corrections as correction_queries
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.queries import history
from webapp.timesheets.queries import sheets as sheet_queries
from webapp.timesheets.service.changes import Times
from webapp.timesheets.views import bp, tabs
from webapp.timesheets.views.sheet import ask

COLUMNS: list[dict[str, Any]] = [
    {"key": "technician", "label": "Technician", "kind": "cell", "sort": "technician", "always": True},
    {"key": "clock_in", "label": "Clock in", "kind": "when", "sort": "clock_in"},
    {"key": "clock_out", "label": "Clock out", "kind": "cell"},
    {"key": "break_minutes", "label": "Breaks", "kind": "minutes"},
    {"key": "minutes", "label": "Worked", "kind": "minutes"},
    {"key": "flags", "label": "Look at", "kind": "cell"},
    {"key": "source", "label": "How", "hidden": True},
    {"key": "notes", "label": "Notes", "hidden": True},
    {"key": "position", "label": "Where", "hidden": True},
]
LABELS = {"technician": "Technician", "flag": "Flag", "from": "From", "to": "To", "in": "Only"}


def read() -> listing.ListQuery:
    """The list's address, understood."""
    return listing.read(entry_queries.SORTS, "clock_in", labels=LABELS,
                        words={"flag": rules.FLAGS, "in": {"1": "clocked in now"}})  # fmt: skip


def filters(query: listing.ListQuery) -> entry_queries.Filters:
    """What the address narrows the list to."""
    first, last = (_day(query, name) for name in ("from", "to"))
    return entry_queries.Filters(
        date_from=first,
        date_to=last,
        technician_ids=tuple(query.numbers("technician")),
        flags=tuple(f for f in query.getlist("flag") if f in rules.FLAGS),
        running=True if query.get("in") == "1" else None,
        q=query.get("q"),
    )


def _day(query: listing.ListQuery, name: str) -> Any:
    found = query.date(name)
    return found if found is not None and 1970 <= found.year <= 2200 else None


@bp.get("/entries")
@requires(READ)
def entries() -> Response:
    """The list of entries."""
    query = read()
    wanted = filters(query)
    statement = entry_queries.listed(wanted)
    if query.get("format") == "csv":
        chosen = lists.chosen(COLUMNS, query, entry_queries.csv_columns())
        statement = statement.with_only_columns(*chosen)
        return csv.response(
            lists.ordered(statement, query, entry_queries.SORTS, TimeEntry.id), "time-entries"
        )
    page = listing.rows(statement, query, entry_queries.SORTS, TimeEntry.id, total=lists.total(statement))
    page.rows = [_row(row) for row in page.rows]
    everybody = technicians.choices()
    named = technicians.names(set(query.numbers("technician")) - {i for i, _ in everybody})
    query.words["technician"] = {str(i): name for i, name in (*everybody, *named.items())}
    return pages.render(
        "timesheets/entries.html",
        block={"results": "results"},
        page_title="Time entries",
        query=query,
        page=page,
        columns=COLUMNS,
        technicians=everybody,
        flags=rules.FLAGS,
        tabs=tabs("entries"),
        views=[{"key": "", "label": "All entries"}, *saved_views.listed("/time-sheets/entries")],
        bare=not query.filters and not query.get("q"),
    )


def _row(row: Any) -> dict[str, Any]:
    done = row.clock_out is not None
    where = f"{row.latitude:.4f}, {row.longitude:.4f}" if row.latitude is not None else ""
    return {
        **row._mapping,
        "technician": row.technician_name,
        "minutes": rules.duration(row.clock_in, row.clock_out, row.break_minutes) if done else None,
        "ends": shown.end(row) if done else "",
        "flags": rules.flags_of(row.flag),
        "source": rules.SOURCES[row.source],
        "position": where,
    }


@bp.get("/entries/<int:time_entry_id>")
@requires(READ)
def entry(time_entry_id: int) -> Response:
    """One entry: when, where, its breaks, what waits and what happened."""
    found = rights.entry(time_entry_id)
    technician = get(Technician, found.technician_id)
    breaks = entry_queries.breaks_of([found.id])[found.id]
    until = rules.ends_at(found, clock.now(), queries.missing_after())
    taken = rules.taken(found, breaks, until)
    days = rules.by_day(found.clock_in, until, taken, breaks, queries.zone())
    week = queries.week_of(shown.day(found.clock_in))
    log, following = history.entry(found.id)
    waiting = correction_queries.pending_of(found.id)
    sheet = sheet_queries.sheet(found.technician_id, week.start)
    return pages.render(
        "timesheets/entry.html",
        page_title=f"{technician.name}, {shown.day_words(found.clock_in)}",
        entry=found,
        technician=technician,
        breaks=breaks,
        break_words=rules.BREAKS,
        until=until,
        minutes=rules.duration(found.clock_in, until, taken),
        taken=taken,
        days=sorted(days.items()),
        flags=rules.flags_of(found.flag),
        flag_words=rules.FLAGS,
        sources=rules.SOURCES,
        clocked=shown.clocked(found),
        week=week,
        sheet=sheet,
        waiting=waiting,
        actions=actions(
            found, locked=waiting is not None or (sheet is not None and sheet.status == "approved")
        ),
        entries=log,
        more_url=_more_url(found.id, following),
    )


def actions(found: TimeEntry, *, locked: bool) -> dict[str, Any]:
    """What may be done to an entry now."""
    home = f"/time-sheets/entries/{found.id}"
    primary: dict[str, Any] | None = None
    more: list[dict[str, Any]] = []
    if found.removed_at is not None or locked:
        return {"primary": None, "more": []}
    if permissions.may(EDIT) and not rights.is_own(found.technician_id):
        primary = {"label": "Change", "url": f"{home}/change", "icon": "pencil", "dialog": True, "key": "e"}
        more.append(
            {"label": "Remove", "url": f"{home}/remove", "icon": "trash-2", "dialog": True, "danger": True}
        )
    if found.clock_out is None and permissions.may(CLOCK) and not rights.is_own(found.technician_id):
        out = f"/time-sheets/now/clock-out?technician={found.technician_id}"
        more.insert(0, {"label": "Clock out", "url": out, "icon": "log-out", "dialog": True})
    return {"primary": primary, "more": more}


def _more_url(entry_id: int, following: int | None) -> str | None:
    return f"/time-sheets/entries/{entry_id}/timeline?before={following}" if following else None


@bp.get("/entries/<int:time_entry_id>/timeline")
@requires(READ)
def entry_timeline(time_entry_id: int) -> Response:
    """Earlier entries of an entry's timeline."""
    rights.entry(time_entry_id)
    log, following = history.entry(time_entry_id, request.args.get("before", type=int))
    return pages.render(
        "timesheets/timeline.html", block="entries", page_title="Time entry",
        back=f"/time-sheets/entries/{time_entry_id}", entries=log, more_url=_more_url(time_entry_id, following),
    )  # fmt: skip


@bp.route("/entries/<int:time_entry_id>/change", methods=["GET", "POST"])
@requires(EDIT)
def change_entry(time_entry_id: int) -> Response:
    """Other times for an entry, with a reason."""
    found = rights.entry(time_entry_id)
    form = TimesForm(obj=found, reason="")
    if request.method == "POST" and form.validate():
        changes = {
            "clock_in": kept(form.clock_in.data, found.clock_in),
            "break_minutes": form.break_minutes.data or 0,
        }
        if form.clock_out.data is not None or found.clock_out is not None:
            changes["clock_out"] = kept(form.clock_out.data, found.clock_out)
        try:
            service.changes.change_entry(time_entry_id, changes, form.reason.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast("The entry is changed.")
            return pages.redirect(f"/time-sheets/entries/{time_entry_id}")
    home = f"/time-sheets/entries/{time_entry_id}"
    return ask(
        form, "Change the entry", "Change", f"{home}/change", home, "The technician is told, with the reason."
    )


@bp.route("/entries/<int:time_entry_id>/remove", methods=["GET", "POST"])
@requires(EDIT)
def remove_entry(time_entry_id: int) -> Response:
    """Take an entry out, with a reason."""
    rights.entry(time_entry_id)
    form = ReasonForm()
    if request.method == "POST" and form.validate():
        try:
            service.changes.remove_entry(time_entry_id, form.reason.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast("The entry is removed.")
            return pages.redirect(f"/time-sheets/entries/{time_entry_id}")
    home = f"/time-sheets/entries/{time_entry_id}"
    return ask(form, "Remove the entry", "Remove", f"{home}/remove", home,
               "It counts no more. The audit log keeps it, and the technician is told.", danger=True)  # fmt: skip


@bp.route("/entries/new", methods=["GET", "POST"])
@requires(EDIT)
def new_entry() -> Response:
    """Time that was not clocked, with a reason."""
    asked = request.args.get("technician", type=int)
    form = MissedForm(technician_id=asked) if request.method == "GET" else MissedForm()
    form.technician_id.choices = kit_forms.choices([("", "Choose a technician"), *technicians.choices()])
    if request.method == "POST" and form.validate():
        assert form.clock_in.data is not None  # the form needs it
        times = Times(form.clock_in.data, form.clock_out.data, form.break_minutes.data or 0)
        try:
            made = service.changes.add_entry(form.technician_id.data, times, form.reason.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast("The entry is added.")
            return pages.redirect(f"/time-sheets/entries/{made.id}")
    return ask(form, "Add time", "Add", "/time-sheets/entries/new", "/time-sheets/entries",
               "For work that was not clocked. The technician is told, with the reason.")  # fmt: skip
