"""Corrections: the queue, one of them with before and after, and the decision."""

from datetime import datetime
from typing import Any

from flask import Response, request

from webapp.kit import context, errors, listing, lists, pages, permissions
from webapp.kit.permissions import requires
from webapp.models import TimeCorrection
from webapp.timesheets import rights, rules, service, shown
from webapp.timesheets.forms import NoteForm
from webapp.timesheets.permissions import APPROVE, READ
from webapp.timesheets.queries import corrections as correction_queries
from webapp.timesheets.queries import history
from webapp.timesheets.views import bp, tabs
from webapp.timesheets.views.sheet import ask

COLUMNS: list[dict[str, Any]] = [
    {"key": "technician", "label": "Technician", "kind": "cell", "sort": "technician", "always": True},
    {"key": "before", "label": "As it was", "kind": "cell"},
    {"key": "after", "label": "As asked for", "kind": "cell"},
    {"key": "reason", "label": "Reason"},
    {"key": "status", "label": "State", "kind": "cell"},
    {"key": "created_at", "label": "Asked", "kind": "ago", "sort": "id"},
    {"key": "actions", "label": "What to do", "kind": "cell", "align": "end", "hide_label": True},
]
TABS = (("", "Pending"), ("approved", "Approved"), ("rejected", "Turned down"), ("all", "All"))


def withdrawn(row: Any) -> bool:
    """Whether whoever asked took it back."""
    return row.status == "rejected" and row.decided_by is not None and row.decided_by == row.requested_by


def may_decide(row: Any) -> bool:
    """Whether the present person may decide: not on what they asked for, nor on their own time."""
    who = context.principal()
    mine = who.kind == "user" and who.id == row.requested_by
    return (
        permissions.may(APPROVE)
        and row.status == "pending"
        and not mine
        and not rights.is_own(row.technician_id)
    )


@bp.get("/corrections")
@requires(READ)
def corrections() -> Response:
    """What was asked for, side by side with what is."""
    query = listing.read(correction_queries.SORTS, "id", labels={"technician": "Technician"})
    state = query.get("state")
    statuses = () if state == "all" else (state,) if state in rules.CORRECTION_STATES else ("pending",)
    wanted = correction_queries.Filters(statuses, tuple(query.numbers("technician")), query.get("q"))
    statement = correction_queries.listed(wanted)
    page = listing.rows(
        statement, query, correction_queries.SORTS, TimeCorrection.id, total=lists.total(statement)
    )
    was = correction_queries.before(page.rows)
    page.rows = [row_of(row, was[row.id]) for row in page.rows]
    return pages.render(
        "timesheets/corrections.html",
        block={"results": "results"},
        page_title="Corrections of time",
        query=query,
        page=page,
        columns=COLUMNS,
        views=lists.tabbed(query, TABS),
        tabs=tabs("corrections"),
        pending=statuses == ("pending",),
    )


def row_of(row: Any, was: Any) -> dict[str, Any]:
    """A correction as pages show it: its times in words, before and after."""
    return {
        **row._mapping,
        "technician": row.technician_name,
        "before": shown.times(was) if was else None,
        "after": None if row.remove else shown.times(row._mapping),
        "withdrawn": withdrawn(row),
        "may_decide": may_decide(row),
        "seen": row.entry_updated_at.isoformat() if row.entry_updated_at else "",
    }


@bp.get("/corrections/<int:correction_id>")
@requires(READ)
def correction(correction_id: int) -> Response:
    """One correction: what was, what is asked for, why, and what became of it."""
    rights.correction(correction_id)
    row = correction_queries.one(correction_id)
    assert row is not None  # it was found just now
    return pages.render(
        "timesheets/correction.html",
        page_title=f"Correction for {row.technician_name}",
        correction=row_of(row, correction_queries.before([row])[row.id]),
        flags=rules.flags_of(row.entry_flag or ""),
        flag_words=rules.FLAGS,
        entries=history.correction(correction_id),
    )


@bp.post("/corrections/<int:correction_id>/approve")
@requires(APPROVE)
def approve_correction(correction_id: int) -> Response:
    """Carry the correction out, unless the entry changed since it was shown."""
    service.corrections.approve(correction_id, seen=_seen())
    pages.toast("The correction is approved.")
    return pages.redirect(pages.back(f"/time-sheets/corrections/{correction_id}"))


def _seen() -> datetime | None:
    given = request.values.get("seen", "")
    if not given:
        return None
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise errors.BadRequest("This form cannot be read. Load the page again.")
    return found


@bp.route("/corrections/<int:correction_id>/reject", methods=["GET", "POST"])
@requires(APPROVE)
def reject_correction(correction_id: int) -> Response:
    """Ask why, then turn the correction down."""
    rights.correction(correction_id)
    form = NoteForm()
    home = f"/time-sheets/corrections/{correction_id}"
    if request.method == "POST" and form.validate():
        try:
            service.corrections.reject(correction_id, form.note.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast("The correction is turned down.")
            return pages.redirect(home)
    return ask(form, "Turn the correction down", "Turn down", f"{home}/reject", home, danger=True)
