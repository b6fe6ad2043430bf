"""What the board's script asks and says: what is in the way, moves, undo. Answers are JSON; every rule is the service's."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from webapp.dispatch import forms, registry, schemas, service, settings, words
from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_OVERRIDE, DISPATCH_READ, SCHEDULE_EDIT
from webapp.dispatch.queries import board as reading
from webapp.dispatch.queries import jobs
from webapp.dispatch.rules import statuses
from webapp.dispatch.service import undo
from webapp.dispatch.views import board_bp
from webapp.dispatch.views.board import offered, on, read, table
from webapp.kit import clean, errors, json, pages, permissions, requests
from webapp.kit import forms as kit_forms
from webapp.kit import words as kit_words
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import DispatchJob, Visit
from webapp.technicians import queries as technicians

MOST_LANES = 300


def as_json(view: Callable[..., Response]) -> Callable[..., Response]:
    """Refusals as JSON with their details, for the board's script."""

    @wraps(view)
    def call(**path: Any) -> Response:
        try:
            return view(**path)
        except errors.AppError as problem:
            return json.answer({"message": problem.message, "details": problem.details}, problem.status)

    return call


@board_bp.get("/clashes")
@requires(DISPATCH_ASSIGN)
@as_json
def clashes() -> Response:
    """What would be in the way of `visit` from `start` to `end` on each lane named by `technician`."""
    args = request.args
    lanes = [int(v) for v in args.getlist("technician") if v.isascii() and v.isdigit() and len(v) < 19]
    number = args.get("visit", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise errors.Invalid.one("visit", "names no visit.")
    crew = args.get("crew", 1, type=int)
    found, day = service.hints(
        int(number), lanes[:MOST_LANES], _moment("start"), _moment("end"), crew=max(0, min(crew, 20))
    )
    return json.answer({
        "lanes": {n: [c.as_json() for c in each] for n, each in found.items() if each},
        "day": day.as_json() if day is not None else None,
    })  # fmt: skip


def _moment(name: str) -> datetime:
    try:
        found = datetime.fromisoformat(request.args.get(name, ""))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise errors.Invalid.one(name, f"{name} is a moment with its zone, such as 2026-11-30T14:00:00Z.")
    return found


@board_bp.post("/visits/<int:visit_id>/place")
@requires(DISPATCH_ASSIGN)
@as_json
def place(visit_id: int) -> Response:
    """Move a visit. 409 with every clash, or with how it stands now when somebody else was faster."""
    body = requests.body(schemas.PlaceIn)
    crew = tuple(body.technician_ids) if body.technician_ids is not None else None
    visit, token = undo.move(visit_id, service.Placement(
        starts_at=body.scheduled_start, ends_at=body.scheduled_end, unschedule=body.unschedule, technician_ids=crew,
        override_reason=body.override_reason, pinned=body.pinned, version=body.version,
    ))  # fmt: skip
    only_pin = body.model_fields_set <= {"pinned", "version"}
    text = _pinned(visit) if only_pin else _moved(visit)
    return json.answer({
        "id": visit.id, "version": visit.version,
        "toast": {"kind": "success", "text": text, "undo_url": f"/dispatch/undo/{token}" if token else ""},
    })  # fmt: skip


def _pinned(visit: Visit) -> str:
    return (
        "Pinned: route plans leave it where it is."
        if visit.pinned
        else "No longer pinned: route plans may move it."
    )


def _moved(visit: Visit) -> str:
    title = get(DispatchJob, visit.job_id).title
    names = ", ".join(s.name for s in jobs.sent([visit.id])[visit.id])
    if not names:
        return f"{title} waits in the tray."
    when = kit_words.date_words(visit.scheduled_start, until=visit.scheduled_end, zone=settings.zone())
    return f"{title}: {names}, {when}." if visit.scheduled_start else f"{title}: {names}, without a time yet."


@board_bp.post("/undo/<token>")
@requires(DISPATCH_ASSIGN, SCHEDULE_EDIT)
def take_back(token: str) -> Response:
    """Undo from a toast."""
    if request.accept_mimetypes.best == "application/json":
        return as_json(lambda: json.answer({"toast": {"kind": "info", "text": undo.take_back(token)}}))()
    pages.toast(undo.take_back(token), "info")
    return pages.redirect(pages.back("/dispatch"))


# The drawer ---------------------------------------------------------------------------------------------------------


@board_bp.get("/visits/<int:visit_id>")
@requires(DISPATCH_READ)
def visit(visit_id: int) -> Response:
    """A visit with what can be done about it: the board's drawer, a page of its own without script."""
    row = reading.one(visit_id)
    if row is None:
        raise errors.NotFound(f"No visit has the number {visit_id}.")
    job = get(DispatchJob, row.job_id)
    return pages.render(
        "dispatch/visit.html", block={"drawer": "drawer"}, page_title=job.title, visit=row, job=job, words=words,
        crew=jobs.sent([visit_id])[visit_id], address=words.address(job), phone=clean.phone_words(job.customer_phone),
        skills=jobs.skills_needed([job.id]).get(job.id, []), accepted=reading.accepted(visit_id),
        marks=registry.marks_of([job.id]).get(job.id, []), next_step=_next(row), over=row.status in statuses.OVER,
        suggests=offered("/dispatch/jobs/<int:job_id>/suggestions") and row.status not in statuses.OVER,
        overrides=permissions.may(DISPATCH_OVERRIDE),
    )  # fmt: skip


def _next(row: Any) -> tuple[str, str] | None:
    step = statuses.next_for_technician(row.status)
    return (step, words.STEPS[step]) if step is not None and row.held_at is None else None


# Without a script ---------------------------------------------------------------------------------------------------


@board_bp.post("/assign")
@requires(DISPATCH_ASSIGN)
def assign() -> Response:
    """The table's form: send a technician on the chosen visit, or move it. What is in the way comes back with the form."""
    form = forms.TableForm()
    people = technicians.choices()
    form.technician_id.choices = kit_forms.choices([("same", "As it is"), ("", "Nobody"), *people])
    form.visit_id.choices = [(v, "") for v in [form.visit_id.data] if v]
    if form.validate():
        crew = () if form.technician_id.data == "" else (int(form.technician_id.data),)
        try:
            visit, token = undo.move(form.visit_id.data, service.Placement(
                starts_at=forms.moment(form.scheduled_start.data, settings.zone()),
                technician_ids=None if form.technician_id.data == "same" else crew,
                override_reason=form.override_reason.data,
            ))  # fmt: skip
        except (errors.Conflict, errors.Invalid) as problem:
            form.form_errors.append(problem.message)
        else:
            here = on(read(), "table").url()
            back = f"/dispatch/undo/{token}?{urlencode({'next': here})}"
            pages.toast(_moved(visit), undo_url=back if token else "")
            return pages.redirect(here)
    return table(on(read(), "table"), form, status=422)
