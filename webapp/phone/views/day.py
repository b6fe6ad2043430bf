"""My day and a job of mine as pages: what a browser without scripts works with, and what everybody sees first.

Where there are scripts, the application takes over with what the phone keeps (`static/src/js/pages/phone.js`).
"""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import Response, request

from webapp.dispatch import service as dispatch
from webapp.dispatch.permissions import DISPATCH_OWN
from webapp.dispatch.queries import basis, own
from webapp.dispatch.rules import statuses, values
from webapp.dispatch.service import fieldwork, positions
from webapp.kit import clock, errors, pages
from webapp.kit.permissions import requires
from webapp.phone import queries, shapes
from webapp.phone.views import bp

STEP_LABELS = {
    "acknowledged": "Acknowledge",
    "en_route": "Start driving",
    "on_site": "I have arrived",
    "in_progress": "Begin work",
    "completed": "Complete job",
}
STAGES = {"": "Neither", "before": "Before", "after": "After"}


@bp.get("")
@requires(DISPATCH_OWN)
def index() -> Response:
    """My day in order, with drive times."""
    found = shapes.day()
    days = [(day, list(jobs)) for day, jobs in groupby(found["jobs"], key=lambda j: j["day"])]
    return pages.render(
        "phone/day.html", page_title="My day", day=found, days=days, states=basis.STATUSES, steps=STEP_LABELS,
        following=statuses.next_for_technician,
    )  # fmt: skip


@bp.get("/jobs/<int:job_id>")
@requires(DISPATCH_OWN)
def show(job_id: int) -> Response:
    """One of my jobs, with everything on it."""
    me = own.me()
    visit = own.visit_of(job_id)
    stops = queries.stops(me, basis.zone(), basis.present().drive_mph, job_id=job_id)
    stop = next((s for s in stops if s.visit.id == visit.id), None)
    if stop is None:
        raise errors.NotFound("This job was cancelled.")
    return pages.render(
        "phone/job.html", page_title=stop.job.title, back_url="/my/day", job=shapes.job(stop, me), states=basis.STATUSES,
        following=statuses.next_for_technician(visit.status), steps=STEP_LABELS, stages=STAGES, prices=queries.prices(),
        machines=[(u.id, " ".join(x for x in (u.kind, u.make) if x)) for u in stop.units],
    )  # fmt: skip


@bp.post("/jobs/<int:job_id>/step")
@requires(DISPATCH_OWN)
def step(job_id: int) -> Response:
    """Take the next step, with the position if the phone gave one."""
    to = request.form.get("status", "")
    data: dict[str, Any] = {"status": to, "outcome": request.form.get("outcome", ""), **_position()}
    return _act(job_id, "status", data, f"{basis.STATUSES.get(to, 'Done')}.")


def _position() -> dict[str, float]:
    """The position of the form; one that is none is left out, because it must not keep anybody from working."""
    try:
        found = {name: float(request.form.get(name, "")) for name in ("latitude", "longitude")}
    except ValueError:
        return {}
    return found if abs(found["latitude"]) <= 90 and abs(found["longitude"]) <= 180 else {}


@bp.post("/jobs/<int:job_id>/notes")
@requires(DISPATCH_OWN)
def note(job_id: int) -> Response:
    """Write a note."""
    data = {"body": request.form.get("body", ""), "public": "public" in request.form}
    return _act(job_id, "note", data, "The note is kept.")


@bp.post("/jobs/<int:job_id>/checklist/<int:step_id>")
@requires(DISPATCH_OWN)
def checklist(job_id: int, step_id: int) -> Response:
    """Tick a step, or write why it was passed over."""
    done = request.form.get("done") == "1"
    data = {"step_id": step_id, "done": done, "note": request.form.get("note", "")}
    return _act(job_id, "checklist", data, "Ticked." if done else "Kept.")


@bp.post("/jobs/<int:job_id>/photos")
@requires(DISPATCH_OWN)
def photo(job_id: int) -> Response:
    """Keep a photo."""
    sent = request.files.get("picture")
    if sent is None or not sent.filename:
        pages.toast("Take or choose a photo first.", "warning")
        return pages.redirect(_home(job_id))
    data = {"caption": request.form.get("caption", ""), "stage": request.form.get("stage", "")}
    return _act(job_id, "photo", data, "The photo is kept.", sent.read())


@bp.post("/jobs/<int:job_id>/materials")
@requires(DISPATCH_OWN)
def material(job_id: int) -> Response:
    """Note something that was used."""
    item = request.form.get("item_id", "")
    data = {
        "item_id": int(item) if item.isascii() and item.isdigit() and len(item) < 19 else None,
        "description": request.form.get("description", ""),
        "quantity_milli": values.milli(request.form.get("quantity", "1")),
    }
    return _act(job_id, "material", data, "Noted.")


@bp.post("/jobs/<int:job_id>/materials/<int:material_id>/remove")
@requires(DISPATCH_OWN)
def remove_material(job_id: int, material_id: int) -> Response:
    """Take a material off again."""
    return _act(job_id, "material-removed", {"material_id": material_id}, "Removed.")


@bp.post("/jobs/<int:job_id>/files/<int:job_file_id>/remove")
@requires(DISPATCH_OWN)
def remove_file(job_id: int, job_file_id: int) -> Response:
    """Remove a photo or signature of one's own."""
    return _act(job_id, "file-removed", {"file_id": job_file_id}, "Removed.")


@bp.post("/jobs/<int:job_id>/readings")
@requires(DISPATCH_OWN)
def reading(job_id: int) -> Response:
    """Note what was measured on a unit."""
    data: dict[str, Any] = {name: request.form.get(name, "") for name in ("name", "value", "unit")}
    number = request.form.get("equipment_id", "")
    data["equipment_id"] = int(number) if number.isascii() and number.isdigit() and len(number) < 19 else 0
    return _act(job_id, "reading", data, "Noted.")


@bp.post("/jobs/<int:job_id>/conflicts/<int:conflict_id>")
@requires(DISPATCH_OWN)
def decide(job_id: int, conflict_id: int) -> Response:
    """Say which version holds."""
    try:
        dispatch.resolve_conflict(conflict_id, request.form.get("choice", ""), job_id=job_id)
    except (errors.Conflict, errors.Invalid) as problem:
        pages.toast(problem.message, "warning")
    else:
        pages.toast("Decided.")
    return pages.redirect(_home(job_id))


@bp.post("/consent")
@requires(DISPATCH_OWN)
def consent() -> Response:
    """Agree that the position is recorded while clocked in, or take that back."""
    if request.form.get("agreed") == "1":
        positions.agree()
        pages.toast("Thank you. Your position is recorded while you are clocked in.")
    else:
        positions.withdraw()
        pages.toast("Your position is not recorded any more.")
    return pages.redirect("/my/day")


def _act(job_id: int, kind: str, data: Mapping[str, Any], said: str, picture: bytes = b"") -> Response:
    """Do one thing on a job of mine; what is in the way is said in words."""
    own.visit_of(job_id)
    try:
        done = fieldwork.perform(fieldwork.Act(kind, job_id, data, picture), clock.now())
    except (errors.Conflict, errors.Invalid, errors.TooLarge) as problem:
        pages.toast(problem.message, "warning")
    else:
        pages.toast(done.clash.words if done.clash else said, "warning" if done.clash else "success")
    return pages.redirect(_home(job_id))


def _home(job_id: int) -> str:
    return f"/my/day/jobs/{job_id}"
