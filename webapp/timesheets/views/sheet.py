"""One time sheet: its days, what waits, and what happened to it."""

from typing import Any

from flask import Response, request

from webapp.kit import errors, pages, pdf, permissions
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import Technician, TimeSheet
from webapp.timesheets import files, queries, rights, rules, service, shown
from webapp.timesheets.forms import NoteForm, ReasonForm
from webapp.timesheets.permissions import APPROVE, READ
from webapp.timesheets.queries import corrections as correction_queries
from webapp.timesheets.queries import history
from webapp.timesheets.queries import sheets as sheet_queries
from webapp.timesheets.views import bp


@bp.get("/<int:sheet_id>")
@requires(READ)
def show(sheet_id: int) -> Response:
    """A technician's week."""
    sheet = rights.sheet(sheet_id)
    technician = get(Technician, sheet.technician_id)
    week = queries.week_of(sheet.week_start)
    before, after = sheet_queries.neighbours(sheet)
    entries, following = history.sheet(sheet_id)
    return pages.render(
        "timesheets/sheet.html",
        page_title=f"{technician.name}, {week.label}",
        sheet=sheet,
        technician=technician,
        week=week,
        hours=sheet_queries.hours_of_sheets([sheet])[sheet_id],
        states=rules.SHEET_STATES,
        flags=rules.FLAGS,
        flags_of=rules.flags_of,
        clocked=shown.clocked,
        overtime_words=rules.OVERTIME_WORDS[queries.settings().overtime],
        waiting=correction_queries.in_week(sheet.technician_id, queries.bounds(week.start, week.end)),
        before=before,
        after=after,
        entries=entries,
        more_url=_more_url(sheet_id, following),
        actions=actions(sheet, week),
    )


def _more_url(sheet_id: int, following: int | None) -> str | None:
    return f"/time-sheets/{sheet_id}/timeline?before={following}" if following else None


def actions(sheet: TimeSheet, week: rules.Week) -> dict[str, Any]:
    """The primary action, and what is behind “More”: only what may happen now."""
    home = f"/time-sheets/{sheet.id}"
    primary: dict[str, Any] | None = None
    more: list[dict[str, Any]] = [
        {"label": "PDF", "url": f"{home}/sheet.pdf", "icon": "file-text", "key": "p"}
    ]
    if not permissions.may(APPROVE) or rights.is_own(sheet.technician_id):
        return {"primary": None, "more": more}
    if sheet.status != "approved":
        primary = {"label": "Approve", "url": f"{home}/approve", "post": True, "icon": "check", "key": "a"}
        if week.end >= queries.today():
            primary["confirm"] = (
                "This week is not over. Once it is approved, nobody can clock in it. Approve it now?"
            )
    if sheet.status == "open":
        more.append({"label": "Submit for them", "url": f"{home}/submit", "icon": "send", "post": True})
    elif sheet.status == "submitted":
        more.append({"label": "Send back", "url": f"{home}/send-back", "icon": "corner-down-left",
                     "dialog": True, "key": "b"})  # fmt: skip
    else:
        more.append(
            {"label": "Reopen", "url": f"{home}/reopen", "icon": "rotate-ccw", "dialog": True, "danger": True}
        )
    return {"primary": primary, "more": more}


@bp.get("/<int:sheet_id>/timeline")
@requires(READ)
def timeline(sheet_id: int) -> Response:
    """Earlier entries of a sheet's timeline."""
    rights.sheet(sheet_id)
    entries, following = history.sheet(sheet_id, request.args.get("before", type=int))
    return pages.render(
        "timesheets/timeline.html", block="entries", page_title="Time sheet", back=f"/time-sheets/{sheet_id}",
        entries=entries, more_url=_more_url(sheet_id, following),
    )  # fmt: skip


@bp.get("/<int:sheet_id>/sheet.pdf")
@requires(READ)
def document(sheet_id: int) -> Response:
    """The sheet on paper."""
    sheet = rights.sheet(sheet_id)
    return pdf.response(files.sheet_pdf(sheet), files.sheet_name(sheet))


@bp.post("/<int:sheet_id>/approve")
@requires(APPROVE)
def approve(sheet_id: int) -> Response:
    """Approve the week."""
    service.sheets.approve(sheet_id)
    pages.toast("The week is approved.")
    return pages.redirect(f"/time-sheets/{sheet_id}")


@bp.post("/<int:sheet_id>/submit")
@requires(APPROVE)
def submit(sheet_id: int) -> Response:
    """Submit the week for the technician."""
    service.sheets.submit(sheet_id)
    pages.toast("The week is submitted.")
    return pages.redirect(f"/time-sheets/{sheet_id}")


@bp.route("/<int:sheet_id>/send-back", methods=["GET", "POST"])
@requires(APPROVE)
def send_back(sheet_id: int) -> Response:
    """Ask why, then give the week back."""
    sheet = rights.sheet(sheet_id)
    form = NoteForm()
    if request.method == "POST" and form.validate():
        try:
            service.sheets.send_back(sheet_id, form.note.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast("The week went back to the technician.")
            return pages.redirect(f"/time-sheets/{sheet_id}")
    return _ask(sheet, form, "Send the week back", "Send back", "send-back",
                "The technician reads why, and submits it again.")  # fmt: skip


@bp.route("/<int:sheet_id>/reopen", methods=["GET", "POST"])
@requires(APPROVE)
def reopen(sheet_id: int) -> Response:
    """Ask why, then unlock the week."""
    sheet = rights.sheet(sheet_id)
    form = ReasonForm()
    if request.method == "POST" and form.validate():
        try:
            service.sheets.reopen(sheet_id, form.reason.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast("The week is open again.")
            return pages.redirect(f"/time-sheets/{sheet_id}")
    return _ask(sheet, form, "Reopen the week", "Reopen", "reopen",
                "Its time can be changed then, and it must be approved again.")  # fmt: skip


def _ask(sheet: TimeSheet, form: Any, title: str, submit: str, action: str, text: str) -> Response:
    home = f"/time-sheets/{sheet.id}"
    return ask(form, title, submit, f"{home}/{action}", home, text)


def ask(
    form: Any, title: str, submit: str, action: str, back: str, text: str = "", *, danger: bool = False
) -> Response:
    """A form in the dialog, or as a page of its own; its fields one under the other."""
    refused = request.method == "POST"
    return pages.render(
        "timesheets/ask.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=title,
        title=title,
        text=text,
        submit=submit,
        form=form,
        action=action,
        back=back,
        danger=danger,
    )
