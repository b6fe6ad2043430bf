"""A technician's own time on the phone: the clock, this week, earlier weeks, corrections."""

from typing import Any

from flask import Response, request

from webapp.kit import clock, context, errors, pages, pdf
from webapp.kit.permissions import requires
from webapp.models import TimeBreak, TimeEntry, TimeSheet
from webapp.timesheets import files, queries, rights, rules, service, shown
from webapp.timesheets.forms import OwnMissedForm, ReasonForm, StoppedForm, TimesForm, kept, local
from webapp.timesheets.permissions import OWN
from webapp.timesheets.queries import corrections as correction_queries
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.queries import sheets as sheet_queries
from webapp.timesheets.views import own_bp
from webapp.timesheets.views.corrections import row_of

EARLIER = 8


@own_bp.get("")
@requires(OWN)
def index() -> Response:
    """The clock, what this week comes to, and what waits."""
    return _page()


def _page(stopped: StoppedForm | None = None) -> Response:
    me = rights.own_technician()
    entry = entry_queries.running(me)
    breaks = entry_queries.breaks_of([entry.id])[entry.id] if entry is not None else []
    week = queries.week_of(queries.today())
    sheets = sheet_queries.recent(me, EARLIER)
    present = next((s for s in sheets if s.week_start == week.start), None)
    corrections = correction_queries.of_technician(me, 5)
    is_missing = entry is not None and clock.now() - entry.clock_in >= queries.missing_after()
    form = stopped
    if is_missing and form is None:
        form = StoppedForm(formdata=None)
    hours = sheet_queries.hours([me], week)[me]
    earlier = [s for s in sheets if s.week_start < week.start]
    totals = sheet_queries.hours_of_sheets(earlier)
    return pages.render(
        "timesheets/own.html",
        block="stopped" if stopped is not None else None,
        status=422 if stopped is not None else 200,
        page_title="My time",
        state=_state(entry, breaks),
        entry=entry,
        since=shown.day_words(entry.clock_in) if entry is not None else "",
        is_missing=is_missing,
        waiting=correction_queries.pending_for(me),
        form=form,
        earliest=f"{local(entry.clock_in):%Y-%m-%dT%H:%M}" if entry is not None else "",
        latest=f"{local(clock.now()):%Y-%m-%dT%H:%M}",
        week=week,
        sheet=present,
        hours=hours,
        clocked=shown.clocked,
        today=queries.today(),
        earlier=[(s, queries.week_of(s.week_start).label, totals[s.id].minutes) for s in earlier],
        corrections=_rows(corrections),
        flags=rules.FLAGS,
        flags_of=rules.flags_of,
    )


def _state(entry: TimeEntry | None, breaks: list[TimeBreak]) -> dict[str, Any]:
    """What the clock shows: since when, seconds worked until now, and the break under way."""
    if entry is None:
        return {"in": False}
    now = clock.now()
    pause = next((b for b in breaks if b.ended_at is None), None)
    until = pause.started_at if pause is not None and not pause.paid else now
    worked = int((until - entry.clock_in).total_seconds()) - 60 * entry.break_minutes
    return {
        "in": True,
        "seconds": max(0, worked),
        "runs": pause is None or pause.paid,
        "pause": rules.BREAKS[pause.kind] if pause is not None else "",
        "pause_since": pause.started_at if pause is not None else None,
        "pause_seconds": int((now - pause.started_at).total_seconds()) if pause is not None else 0,
    }


# The clock ------------------------------------------------------------------------------------------------


@own_bp.post("/clock-in")
@requires(OWN)
def clock_in() -> Response:
    """Clock in, with the position if the phone gave one."""
    service.clock_in(_punch())
    pages.toast("You are clocked in.")
    return pages.redirect("/my/time")


@own_bp.post("/clock-out")
@requires(OWN)
def clock_out() -> Response:
    """Clock out."""
    entry = service.clock_out(_punch())
    assert entry.clock_out is not None  # it was just set
    minutes = rules.duration(entry.clock_in, entry.clock_out, entry.break_minutes)
    pages.toast(f"You are clocked out after {rules.words(minutes)}.")
    return pages.redirect("/my/time")


@own_bp.post("/break")
@requires(OWN)
def start_break() -> Response:
    """Go on a break."""
    service.start_break(_punch(), request.form.get("kind", "lunch"))
    return pages.redirect("/my/time")


@own_bp.post("/break/end")
@requires(OWN)
def end_break() -> Response:
    """Come back from a break."""
    service.end_break(_punch())
    return pages.redirect("/my/time")


def _punch() -> service.Punch:
    """A tap; a position that is no pair of numbers is left out, because it must not keep anybody from the clock."""
    try:
        latitude, longitude = rules.position(
            request.form.get("latitude") or None, request.form.get("longitude") or None
        )
    except errors.Invalid:
        latitude = longitude = None
    return service.Punch(latitude=latitude, longitude=longitude, source="phone")


@own_bp.post("/stopped")
@requires(OWN)
def stopped() -> Response:
    """Say when the work ended that one forgot to clock out of."""
    me = rights.own_technician()
    entry = entry_queries.running(me)
    if entry is None:
        raise errors.Conflict("You are not clocked in.")
    form = StoppedForm()
    if form.validate():
        ask = service.Ask(
            entry_id=entry.id,
            clock_out=form.clock_out.data,
            break_minutes=form.break_minutes.data,
            reason=form.reason.data,
        )
        if _sent(form, ask):
            pages.toast("Sent. The office looks at it; you can clock in again.")
            return pages.redirect("/my/time")
    return _page(form)


def _sent(form: Any, ask: service.Ask) -> bool:
    """Ask for a correction; False with the reason on the form."""
    try:
        service.corrections.request(ask)
    except errors.AppError as problem:
        form.blame(problem)
        return False
    return True


# Weeks ----------------------------------------------------------------------------------------------------


@own_bp.get("/sheets/<int:sheet_id>")
@requires(OWN)
def sheet(sheet_id: int) -> Response:
    """One of one's own weeks."""
    found = _mine(sheet_id)
    week = queries.week_of(found.week_start)
    return pages.render(
        "timesheets/own_sheet.html",
        page_title=week.label,
        back_url="/my/time",
        sheet=found,
        week=week,
        hours=sheet_queries.hours_of_sheets([found])[found.id],
        states=rules.SHEET_STATES,
        clocked=shown.clocked,
        today=queries.today(),
        waiting=correction_queries.pending_for(found.technician_id),
        flags=rules.FLAGS,
        flags_of=rules.flags_of,
    )


def _mine(sheet_id: int) -> TimeSheet:
    found = rights.sheet(sheet_id)
    if found.technician_id != rights.own_technician():
        raise errors.NotFound(f"No time sheet of yours has the number {sheet_id}.")
    return found


@own_bp.post("/sheets/<int:sheet_id>/submit")
@requires(OWN)
def submit(sheet_id: int) -> Response:
    """Say that the week is complete."""
    service.sheets.submit(_mine(sheet_id).id)
    pages.toast("Submitted. The office will approve it.")
    return pages.redirect(f"/my/time/sheets/{sheet_id}")


@own_bp.get("/sheets/<int:sheet_id>/sheet.pdf")
@requires(OWN)
def document(sheet_id: int) -> Response:
    """One's own week on paper."""
    found = _mine(sheet_id)
    return pdf.response(files.sheet_pdf(found), files.sheet_name(found))


# Corrections ----------------------------------------------------------------------------------------------


@own_bp.get("/corrections/<int:correction_id>")
@requires(OWN)
def correction(correction_id: int) -> Response:
    """What one asked for, and what became of it."""
    found = rights.correction(correction_id)
    if found.technician_id != rights.own_technician():
        raise errors.NotFound(f"No correction of yours has the number {correction_id}.")
    row = correction_queries.one(correction_id)
    assert row is not None  # it was found just now
    return pages.render(
        "timesheets/own_correction.html",
        page_title="Correction",
        back_url="/my/time",
        correction=row_of(row, correction_queries.before([row])[row.id]),
        may_withdraw=row.status == "pending" and row.requested_by == context.principal().id,
    )


@own_bp.post("/corrections/<int:correction_id>/withdraw")
@requires(OWN)
def withdraw(correction_id: int) -> Response:
    """Take back what one asked for."""
    service.corrections.withdraw(correction_id)
    pages.toast("Withdrawn.")
    return pages.redirect("/my/time")


@own_bp.route("/corrections/new", methods=["GET", "POST"])
@requires(OWN)
def missed() -> Response:
    """Ask for time that one forgot to clock."""
    rights.own_technician()
    form = OwnMissedForm()
    if request.method == "POST" and form.validate():
        ask = service.Ask(
            clock_in=form.clock_in.data, clock_out=form.clock_out.data, break_minutes=form.break_minutes.data,
            reason=form.reason.data,
        )  # fmt: skip
        if _sent(form, ask):
            return _asked()
    return _form(form, "Add missed time", "/my/time/corrections/new")


@own_bp.route("/entries/<int:time_entry_id>/correct", methods=["GET", "POST"])
@requires(OWN)
def correct(time_entry_id: int) -> Response:
    """Ask for other times of an entry."""
    entry = _own_entry(time_entry_id)
    form = TimesForm(obj=entry, reason="")
    if request.method == "POST" and form.validate():
        ask = service.Ask(
            entry_id=entry.id,
            clock_in=kept(form.clock_in.data, entry.clock_in),
            clock_out=kept(form.clock_out.data, entry.clock_out),
            break_minutes=form.break_minutes.data or 0,
            reason=form.reason.data,
        )
        if _sent(form, ask):
            return _asked()
    return _form(form, "Correct", f"/my/time/entries/{entry.id}/correct", entry)


@own_bp.route("/entries/<int:time_entry_id>/remove", methods=["GET", "POST"])
@requires(OWN)
def remove(time_entry_id: int) -> Response:
    """Ask for an entry to be removed."""
    entry = _own_entry(time_entry_id)
    form = ReasonForm()
    asks = request.method == "POST" and form.validate()
    if asks and _sent(form, service.Ask(entry_id=entry.id, remove=True, reason=form.reason.data)):
        return _asked()
    return _form(form, "Remove", f"/my/time/entries/{entry.id}/remove", entry)


def _own_entry(entry_id: int) -> TimeEntry:
    found = rights.entry(entry_id)
    if found.technician_id != rights.own_technician() or found.removed_at is not None:
        raise errors.NotFound(f"No time entry of yours has the number {entry_id}.")
    return found


def _asked() -> Response:
    pages.toast("Sent. The office will look at it.")
    return pages.redirect("/my/time")


def _form(form: Any, title: str, action: str, entry: TimeEntry | None = None) -> Response:
    refused = request.method == "POST"
    return pages.render(
        "timesheets/own_form.html",
        block="form" if refused else None,
        status=422 if refused else 200,
        page_title=title,
        back_url="/my/time",
        form=form,
        action=action,
        entry=entry,
        day=shown.day_words(entry.clock_in) if entry is not None else "",
        clocked=shown.clocked(entry) if entry is not None else "",
        removes=action.endswith("/remove"),
    )


def _rows(found: list[Any]) -> list[dict[str, Any]]:
    was = correction_queries.before(found)
    return [row_of(row, was[row.id]) for row in found]
