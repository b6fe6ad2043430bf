"""Who is clocked in now; the office clocks somebody in or out."""

from typing import Any

from flask import Response, request

from webapp.kit import clean, errors, pages
from webapp.kit import forms as kit_forms
from webapp.kit.permissions import requires
from webapp.technicians import queries as technicians
from webapp.timesheets import rules, service
from webapp.timesheets.forms import ClockForm
from webapp.timesheets.permissions import CLOCK, READ
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.views import bp, tabs
from webapp.timesheets.views.sheet import ask

COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Technician", "kind": "cell", "always": True},
    {"key": "clock_in", "label": "Since", "kind": "when"},
    {"key": "minutes", "label": "Worked", "kind": "minutes"},
    {"key": "state", "label": "Now", "kind": "cell"},
    {"key": "phone", "label": "Phone", "kind": "phone"},
    {"key": "actions", "label": "What to do", "kind": "cell", "align": "end", "hide_label": True},
]


@bp.get("/now")
@requires(READ)
def now() -> Response:
    """Who is clocked in, the longest first, and who is not."""
    people = entry_queries.people_in()
    inside = {p.entry.technician_id for p in people}
    rows = [
        {"id": p.entry.id, "technician_id": p.entry.technician_id, "name": p.name, "clock_in": p.entry.clock_in,
         "minutes": p.minutes, "break_since": p.entry.break_started_at, "visit": p.visit, "doing": p.doing,
         "missing": p.missing, "flags": rules.flags_of(p.entry.flag), "phone": clean.phone_words(p.phone),
         "row_class": "late" if p.missing else ""}
        for p in people
    ]  # fmt: skip
    outside = [name for technician_id, name in technicians.choices() if technician_id not in inside]
    return pages.render(
        "timesheets/now.html",
        block={"present": "present"},
        page_title="Clocked in now",
        rows=rows,
        columns=COLUMNS,
        outside=outside,
        tabs=tabs("now"),
    )


@bp.route("/now/clock-in", methods=["GET", "POST"])
@requires(CLOCK)
def clock_in() -> Response:
    """The office clocks somebody in."""
    return _clock("in")


@bp.route("/now/clock-out", methods=["GET", "POST"])
@requires(CLOCK)
def clock_out() -> Response:
    """The office clocks somebody out."""
    return _clock("out")


def _clock(way: str) -> Response:
    asked = request.args.get("technician", type=int)
    form = ClockForm() if request.method == "POST" else ClockForm(technician_id=asked)
    people = technicians.choices(with_id=asked)
    inside = entry_queries.clocked_in() if request.method == "GET" else {}
    offered = [(i, name) for i, name in people if request.method == "POST" or (i in inside) == (way == "out")]
    form.technician_id.choices = kit_forms.choices([("", "Choose a technician"), *offered])
    if request.method == "POST" and form.validate():
        punch = service.Punch(
            technician_id=form.technician_id.data, reason=form.reason.data, happened_at=form.happened_at.data
        )
        try:
            done = service.clock_in(punch) if way == "in" else service.clock_out(punch)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            name = dict(people).get(done.technician_id, "")
            pages.toast(f"{name} is clocked {way}.")
            return pages.redirect("/time-sheets/now")
    return ask(
        form, f"Clock somebody {way}", f"Clock {way}", f"/time-sheets/now/clock-{way}", "/time-sheets/now"
    )
