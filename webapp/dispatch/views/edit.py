"""Booking a job and changing its details."""

from typing import Any

from flask import Response, request

from webapp.customers.permissions import LOOKUP
from webapp.dispatch import forms, service, settings, words
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import pages as queries
from webapp.dispatch.rules import values
from webapp.dispatch.views import bp
from webapp.kit import clean, errors, pages, permissions
from webapp.kit import forms as kit_forms
from webapp.kit.db import find, get
from webapp.kit.permissions import requires
from webapp.models import Customer, DispatchJob
from webapp.technicians import queries as technicians

_TIMES = ("window_start", "window_end")


@bp.get("/new")
@requires(DISPATCH_EDIT)
def new() -> Response:
    """The form of a new job; `?customer=` begins with one."""
    chosen = find(Customer, request.args.get("customer", 0, type=int))
    form = forms.NewJobForm(formdata=None, customer_id=chosen.id if chosen else None)
    return _page(form, None, chosen.name if chosen else "")


@bp.post("")
@requires(DISPATCH_EDIT)
def create() -> Response:
    """Book a job."""
    form = forms.NewJobForm()
    _fill(form)
    if form.validate():
        try:
            job = service.create(
                service.NewJob(
                    values=_values(form), customer_id=form.customer_id.data,
                    scheduled_start=forms.moment(form.scheduled_start.data, settings.zone()),
                    technician_ids=[form.technician_id.data] if form.technician_id.data else (),
                    override_reason=form.override_reason.data,
                    skills=[service.SkillNeed(n) for n in form.skills.data or []],
                    equipment_ids=_units(),
                )
            )  # fmt: skip
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"Job {job.id} is booked.")
            return pages.redirect(f"/jobs/{job.id}")
    return _page(form, None, _name(form), status=422)


@bp.get("/<int:job_id>/edit")
@requires(DISPATCH_EDIT)
def edit(job_id: int) -> Response:
    """The form of a job's details."""
    job = get(DispatchJob, job_id, what="job")
    zone = settings.zone()
    data = {name: getattr(job, name) for name in values.FIELDS} | {"customer_id": job.customer_id}
    data |= {name: forms.local(getattr(job, name), zone) for name in _TIMES}
    data |= {
        "customer_phone": clean.phone_words(job.customer_phone),
        "tags": ", ".join(job.tags),
        "skills": [s["skill_id"] for s in reading.skills_needed([job.id]).get(job.id, [])],
    }
    return _page(forms.JobForm(formdata=None, data=data), job, job.customer_name if job.customer_id else "")


@bp.post("/<int:job_id>")
@requires(DISPATCH_EDIT)
def update(job_id: int) -> Response:
    """Save a job's details. Somebody else's change meanwhile is shown, not written over."""
    job = get(DispatchJob, job_id, what="job")
    form = forms.JobForm()
    _fill(form)
    if form.validate():
        levels = {s["skill_id"]: s["level"] for s in reading.skills_needed([job.id]).get(job.id, [])}
        try:
            changes = _values(form)
            if form.customer_id.data != job.customer_id:
                changes["customer_id"] = form.customer_id.data
            service.update(job_id, changes, version=request.form.get("version", type=int),
                           skills=[service.SkillNeed(n, levels.get(n, 1)) for n in form.skills.data or []])  # fmt: skip
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"Job {job_id} was saved.")
            return pages.redirect(f"/jobs/{job_id}")
    return _page(form, job, _name(form), status=422)


def _units() -> list[int]:
    """The units that the job is to be about, where its form was opened from one."""
    return list(dict.fromkeys(request.args.getlist("equipment", type=int)))[:50]


def _values(form: forms.JobForm) -> dict[str, Any]:
    zone = settings.zone()
    found = {name: getattr(form, name).data for name in values.FIELDS if hasattr(form, name)}
    found |= {name: forms.moment(getattr(form, name).data, zone) for name in _TIMES}
    found["tags"] = [t.strip() for t in (form.tags.data or "").split(",") if t.strip()]
    if found["expected_minutes"] is None:
        del found["expected_minutes"]
    return found


def _name(form: forms.JobForm) -> str:
    chosen = find(Customer, form.customer_id.data or 0)
    return chosen.name if chosen else ""


def _fill(form: forms.JobForm) -> None:
    form.skills.choices = kit_forms.choices(queries.skill_choices())
    if isinstance(form, forms.NewJobForm):
        form.technician_id.choices = kit_forms.choices([("", "Nobody yet"), *technicians.choices()])


def _page(form: forms.JobForm, job: DispatchJob | None, customer: str, status: int = 200) -> Response:
    _fill(form)
    return pages.render(
        "dispatch/form.html", block="form", status=status, page_title=f"Edit job {job.id}" if job else "New job", form=form,
        job=job, customer=customer, words=words, units=_units(), finds_customers=permissions.may(LOOKUP),
        clashing=any("reason to do it all the same" in e for e in form.form_errors),
    )  # fmt: skip
