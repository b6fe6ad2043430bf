"""Settings: the checklists that jobs get; and putting one on a job."""

from typing import Any

from flask import Blueprint, Response, request
from wtforms import SelectField
from wtforms.validators import InputRequired

from webapp.dispatch import words
from webapp.dispatch.permissions import DISPATCH_EDIT, DISPATCH_SETTINGS
from webapp.dispatch.queries import checklists as queries
from webapp.dispatch.queries import pages as job_pages
from webapp.dispatch.service import checklists as service
from webapp.dispatch.views import bp
from webapp.dispatch.views.show import after, dialog
from webapp.kit import errors, forms, pages
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import ChecklistTemplate, DispatchJob

checklists_bp = Blueprint("checklists", __name__, url_prefix="/settings/checklists")
HOME = "/settings/checklists"
BLANK = 4  # empty rows for whoever has no JavaScript


class ChecklistForm(forms.Form):
    """A checklist; its steps are rows beside it."""

    name = forms.text("Name", required="Write what you call it, such as Furnace tune-up.", limit=80,
                      render_kw={"autocomplete": "off"})  # fmt: skip
    job_type = SelectField(
        "Put on by itself",
        choices=forms.choices(
            [("", "Never, only by hand"), *((k, f"Every {v.lower()}") for k, v in words.TYPES.items())]
        ),
        default="",
    )


class PutOnForm(forms.Form):
    """Which checklist a job gets besides."""

    checklist_id = forms.NumberChoice("Checklist", validators=[InputRequired("Choose a checklist.")])


@checklists_bp.get("")
@requires(DISPATCH_SETTINGS)
def index() -> Response:
    """The checklists there are."""
    every = queries.lists(archived=None)
    return pages.render(
        "dispatch/checklists.html",
        page_title="Checklists",
        rows=[_row(c) for c in every if not c.archived],
        put_away=[_row(c) for c in every if c.archived],
    )


def _row(checklist: ChecklistTemplate) -> dict[str, Any]:
    required = sum(bool(s.get("required")) for s in checklist.steps)
    return {
        "id": checklist.id,
        "name": checklist.name,
        "type": words.TYPES.get(checklist.job_type or "", ""),
        "steps": len(checklist.steps),
        "required": required,
        "first": ", ".join(s["text"] for s in checklist.steps[:3]),
    }


@checklists_bp.get("/new")
@requires(DISPATCH_SETTINGS)
def new() -> Response:
    return _page(ChecklistForm(formdata=None), None, [])


@checklists_bp.post("")
@requires(DISPATCH_SETTINGS)
def create() -> Response:
    return _save(None)


@checklists_bp.get("/<int:checklist_id>")
@requires(DISPATCH_SETTINGS)
def edit(checklist_id: int) -> Response:
    """The form of one checklist."""
    checklist = get(ChecklistTemplate, checklist_id, what="checklist")
    return _page(ChecklistForm(obj=checklist), checklist, checklist.steps)


@checklists_bp.post("/<int:checklist_id>")
@requires(DISPATCH_SETTINGS)
def update(checklist_id: int) -> Response:
    return _save(get(ChecklistTemplate, checklist_id, what="checklist"))


def _save(checklist: ChecklistTemplate | None) -> Response:
    form, steps = ChecklistForm(), _steps()
    if form.validate():
        given = {"name": form.name.data, "job_type": form.job_type.data, "steps": steps}
        try:
            saved = service.update(checklist.id, given) if checklist else service.create(given)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            said = "was saved; jobs that have it keep their steps" if checklist else "was added"
            pages.toast(f"{saved.name} {said}.")
            return pages.redirect(HOME)
    return _page(form, checklist, steps, status=422)


def _steps() -> list[dict[str, Any]]:
    """The rows in the order in which they were sent."""
    required = set(request.form.getlist("required"))
    rows = zip(request.form.getlist("key"), request.form.getlist("step"), strict=False)
    return [{"text": text, "required": key in required} for key, text in rows]


def _page(
    form: ChecklistForm, checklist: ChecklistTemplate | None, steps: Any, status: int = 200
) -> Response:
    return pages.render(
        "dispatch/checklist.html",
        block="form",
        status=status,
        page_title=checklist.name if checklist else "New checklist",
        form=form,
        checklist=checklist,
        steps=list(steps),
        blank=BLANK,
    )


@checklists_bp.post("/<int:checklist_id>/<any(archive, unarchive):verb>")
@requires(DISPATCH_SETTINGS)
def archive(checklist_id: int, verb: str) -> Response:
    """Put a checklist away, or take it back."""
    checklist = service.update(checklist_id, {"archived": verb == "archive"})
    other, said = ("unarchive", "is put away") if verb == "archive" else ("archive", "is in use again")
    pages.toast(f"{checklist.name} {said}.", undo_url=f"{HOME}/{checklist_id}/{other}")
    return pages.redirect(HOME)


# On a job -------------------------------------------------------------------------------------------------------------


@bp.route("/<int:job_id>/checklists", methods=["GET", "POST"])
@requires(DISPATCH_EDIT)
def put_on(job_id: int) -> Response:
    """Ask which checklist, and put it on the job."""
    job = get(DispatchJob, job_id, what="job")
    form = PutOnForm()
    there = {step.checklist for step in job_pages.steps(job_id)}
    known = [(c.id, f"{c.name} ({len(c.steps)})") for c in queries.lists() if c.name not in there]
    form.checklist_id.choices = forms.choices([("", "Choose…"), *known])

    def act() -> None:
        service.put_on(job_id, form.checklist_id.data or 0)
        pages.toast("The checklist is on the job.")

    return dialog(job, form, "Add a checklist", "checklists", "Add", act)


@bp.post("/<int:job_id>/checklists/remove")
@requires(DISPATCH_EDIT)
def take_off(job_id: int) -> Response:
    """Take the open steps of a checklist off the job."""
    name = request.form.get("checklist") or request.args.get("checklist", "")
    service.take_off(job_id, name)
    pages.toast(f"{name or 'The list'} is taken off.")
    return after(job_id)
