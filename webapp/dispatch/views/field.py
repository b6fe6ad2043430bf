"""What was kept in the field, on the office's page of a job: materials, files, and where phone and office differ."""

from flask import Response, request

from webapp.dispatch import forms, service
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.rules import values
from webapp.dispatch.views import bp
from webapp.dispatch.views.show import after, dialog
from webapp.kit import errors, pages
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import DispatchJob


@bp.route("/<int:job_id>/materials", methods=["GET", "POST"])
@requires(DISPATCH_EDIT)
def add_material(job_id: int) -> Response:
    """Ask what was used, and note it."""
    job = get(DispatchJob, job_id, what="job")
    form = forms.MaterialForm()

    def act() -> None:
        service.add_material(
            job_id, item_id=form.item_id.data, description=form.description.data,
            quantity_milli=values.milli(form.quantity.data), unit_price_cents=form.unit_price_cents.data,
        )  # fmt: skip
        pages.toast("Noted.")

    return dialog(
        job, form, "Add material", "materials", "Add material", act, template="dispatch/material.html"
    )


@bp.post("/<int:job_id>/materials/<int:material_id>/remove")
@requires(DISPATCH_EDIT)
def remove_material(job_id: int, material_id: int) -> Response:
    """Take a material off."""
    service.remove_material(job_id, material_id)
    pages.toast("The material is off the job.")
    return after(job_id)


@bp.route("/<int:job_id>/files", methods=["GET", "POST"])
@requires(DISPATCH_EDIT)
def add_files(job_id: int) -> Response:
    """Ask for photos and documents, and keep them."""
    job = get(DispatchJob, job_id, what="job")
    form = forms.FilesForm()

    def act() -> None:
        sent = [f for f in request.files.getlist("files") if f.filename]
        if not sent:
            raise errors.Invalid.one("files", "Choose a file.")
        for each in sent[:20]:
            service.add_document(
                job_id, each.filename or "", each.mimetype, each.read(), caption=form.caption.data
            )
        pages.toast("Kept." if len(sent) == 1 else f"{len(sent)} files are kept.")

    return dialog(job, form, "Add files", "files", "Add", act, template="dispatch/files.html")


@bp.post("/<int:job_id>/files/<int:job_file_id>/remove")
@requires(DISPATCH_EDIT)
def remove_file(job_id: int, job_file_id: int) -> Response:
    """Remove a file."""
    service.remove_file(job_id, job_file_id)
    pages.toast("The file is removed.")
    return after(job_id)


@bp.post("/<int:job_id>/conflicts/<int:conflict_id>")
@requires(DISPATCH_EDIT)
def decide(job_id: int, conflict_id: int) -> Response:
    """Say which version holds, the phone's or the office's."""
    choice = request.form.get("choice", "")
    service.resolve_conflict(conflict_id, choice, job_id=job_id)
    pages.toast("The phone’s version holds." if choice == "phone" else "The office’s version holds.")
    return after(job_id)
