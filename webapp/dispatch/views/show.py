"""The page of one job, and what can be done from it."""

from typing import Any

from flask import Response, request

from webapp.dispatch import forms, registry, service, settings, words
from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_EDIT, DISPATCH_OVERRIDE, DISPATCH_READ
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import pages as queries
from webapp.dispatch.rules import statuses
from webapp.dispatch.service import current
from webapp.dispatch.service.materials import quantity
from webapp.dispatch.views import bp
from webapp.kit import clean, errors, files, pages, permissions
from webapp.kit import forms as kit_forms
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import DispatchJob, Visit
from webapp.technicians import queries as technicians


@bp.get("/<int:job_id>")
@requires(DISPATCH_READ)
def show(job_id: int) -> Response:
    """The page of one job."""
    return _page(get(DispatchJob, job_id, what="job"))


def _page(job: DispatchJob) -> Response:
    visits = reading.visits(job.id)
    crews = reading.sent([v.id for v in visits])
    now = current.visit_of(job)
    entries, following = queries.history(job.id)
    return pages.render(
        "dispatch/show.html", block={"record": "record"}, page_title=job.title, job=job, visits=visits, crews=crews, now=now,
        words=words, address=words.address(job), phone=clean.phone_words(job.customer_phone),
        skills=reading.skills_needed([job.id]).get(job.id, []),
        notes=queries.notes(job.id), steps=queries.steps(job.id), materials=queries.materials(job.id),
        units=queries.units(job.id), entries=entries, more_url=_more(job.id, following), actions=actions(job, now),
        photos=[_photo(row) for row in queries.files(job.id)], readings=queries.readings(job.id), quantity=quantity,
        conflicts=[_versions(row) for row in queries.conflicts(job.id)],
        note_form=forms.NoteForm(formdata=None), over=statuses.OVER, panels=registry.panels_of(job),
    )  # fmt: skip


def _versions(row: Any) -> dict[str, Any]:
    found = row.PhoneConflict
    return {"id": found.id, "subject": found.subject, "at": found.happened_at, "technician": row.name,
            **service.conflict_words(found)}  # fmt: skip


def _photo(row: Any) -> dict[str, Any]:
    return {"link": files.link(row.StoredFile, inline=True), "file": row.JobFile, "name": row.StoredFile.name,
            "shown": row.JobFile.kind != "document"}  # fmt: skip


def _more(job_id: int, following: int | None) -> str | None:
    return f"/jobs/{job_id}/timeline?before={following}" if following else None


@bp.get("/<int:job_id>/timeline")
@requires(DISPATCH_READ)
def timeline(job_id: int) -> Response:
    """Earlier entries of a job's timeline."""
    job = get(DispatchJob, job_id, what="job")
    entries, following = queries.history(job_id, request.args.get("before", type=int))
    return pages.render("dispatch/timeline.html", block="entries", page_title=job.title, job=job, entries=entries,
                        more_url=_more(job_id, following))  # fmt: skip


def actions(job: DispatchJob, visit: Visit) -> dict[str, Any]:
    """The primary action of a job's page, and what is behind “More”: only what may happen now."""
    home, edits, assigns = f"/jobs/{job.id}", permissions.may(DISPATCH_EDIT), permissions.may(DISPATCH_ASSIGN)
    primary: dict[str, Any] | None = None
    more: list[dict[str, Any]] = []
    if job.held_at is not None and edits:
        primary = {
            "label": "Release",
            "url": f"{home}/release",
            "post": True,
            "icon": "play",
            "target": "#record",
            "key": "r",
        }
    elif visit.status == "pending" and assigns:
        primary = {
            "label": "Assign",
            "url": f"{home}/visits/{visit.id}/place",
            "dialog": True,
            "icon": "user-plus",
            "key": "a",
        }
    elif assigns and (step := statuses.next_for_technician(visit.status)) is not None:
        primary = {"label": words.STEPS[step], "url": f"{home}/status/{step}", "post": True, "icon": "arrow-right",
                   "target": "#record"}  # fmt: skip
    open_now = job.status not in statuses.OVER
    if open_now and assigns:
        more.append({"label": "Move or reassign", "url": f"{home}/visits/{visit.id}/place", "icon": "calendar-clock",
                     "dialog": True, "key": "m"})  # fmt: skip
    if edits:
        more.append({"label": "Edit", "url": f"{home}/edit", "icon": "pencil", "key": "e"})
        if open_now and job.held_at is None:
            more.append(
                {"label": "Put on hold", "url": f"{home}/hold", "icon": "pause", "dialog": True, "key": "h"}
            )
        if open_now and visit.scheduled_start:
            verb = "Take the confirmation back" if job.confirmed_at else "Customer confirmed"
            more.append(
                {
                    "label": verb,
                    "url": f"{home}/confirm",
                    "icon": "circle-check",
                    "post": True,
                    "target": "#record",
                }
            )
        if job.status != "cancelled":
            more.append(
                {"label": "Add a visit", "url": f"{home}/visits/new", "icon": "calendar-plus", "dialog": True}
            )
        if open_now:
            more.append(
                {
                    "label": "Add a checklist",
                    "url": f"{home}/checklists",
                    "icon": "list-checks",
                    "dialog": True,
                }
            )
        more.append({"label": "Repeat", "url": f"/recurring-jobs/new?job={job.id}", "icon": "repeat"})
        more.append({"label": "Copy", "url": f"{home}/copy", "icon": "copy", "post": True})
    if assigns and permissions.may(DISPATCH_OVERRIDE) and visit.status not in ("pending", "cancelled"):
        more.append(
            {"label": "Set another status", "url": f"{home}/status", "icon": "undo-2", "dialog": True}
        )
    if edits and open_now:
        more += [
            {"divider": True},
            {"label": "Cancel job", "url": f"{home}/cancel", "icon": "ban", "dialog": True, "danger": True},
        ]
    return {"primary": primary, "more": more}


def after(job_id: int) -> Response:
    """The answer to what was done: the record anew, or its page."""
    if pages.is_htmx() and request.headers.get("HX-Target") == "record":
        return _page(get(DispatchJob, job_id))
    if pages.is_htmx():
        return pages.done("dispatch-changed")
    return pages.redirect(f"/jobs/{job_id}")


@bp.post("/<int:job_id>/release")
@requires(DISPATCH_EDIT)
def release(job_id: int) -> Response:
    service.release(job_id)
    pages.toast("The job goes on.")
    return after(job_id)


@bp.post("/<int:job_id>/confirm")
@requires(DISPATCH_EDIT)
def confirm(job_id: int) -> Response:
    """Note the customer's confirmation, or take it back."""
    job = get(DispatchJob, job_id, what="job")
    confirmed = job.confirmed_at is None
    service.confirm(job_id, confirmed)
    pages.toast(
        "Confirmed by the customer." if confirmed else "Not confirmed any more.",
        undo_url=f"/jobs/{job_id}/confirm",
    )
    return after(job_id)


@bp.post("/<int:job_id>/copy")
@requires(DISPATCH_EDIT)
def copy(job_id: int) -> Response:
    made = service.copy(job_id)
    pages.toast(f"Job {made.id} is a copy of {job_id}. Give it a time.")
    return pages.redirect(f"/jobs/{made.id}")


@bp.post("/<int:job_id>/status/<any(acknowledged, en_route, on_site, in_progress, completed):status>")
@requires(DISPATCH_ASSIGN)
def step(job_id: int, status: str) -> Response:
    """Take the next step for the technician."""
    job = get(DispatchJob, job_id, what="job")
    service.report(current.visit_of(job).id, service.Report(status=status))
    pages.toast(f"Job {job_id} is {words.STATUSES[status].lower()}.")
    return after(job_id)


@bp.route("/<int:job_id>/status", methods=["GET", "POST"])
@requires(DISPATCH_OVERRIDE)
def override(job_id: int) -> Response:
    """Set a status out of order, with a reason."""
    job = get(DispatchJob, job_id, what="job")
    form = forms.StepForm()
    names = [(s, words.STATUSES[s]) for s in statuses.ORDER if s not in ("pending", "dispatched")]
    form.status.choices = kit_forms.choices(names)

    def act() -> None:
        service.report(
            current.visit_of(job).id, service.Report(status=form.status.data, reason=form.reason.data)
        )

    return dialog(job, form, "Set another status", "status", "Set status", act,
                  text="Going back, or passing over more than acknowledged and on the way, needs a reason.")  # fmt: skip


@bp.route("/<int:job_id>/hold", methods=["GET", "POST"])
@requires(DISPATCH_EDIT)
def hold(job_id: int) -> Response:
    """Ask why, and put the job on hold."""
    job = get(DispatchJob, job_id, what="job")
    form = forms.HoldForm()

    def act() -> None:
        service.hold(job_id, form.reason.data, forms.moment(form.until.data, settings.zone()))
        pages.toast("The job is on hold.", undo_url=f"/jobs/{job_id}/release")

    return dialog(
        job, form, "Put on hold", "hold", "Put on hold", act, text="Its clocks pause until it is released."
    )


@bp.route("/<int:job_id>/cancel", methods=["GET", "POST"])
@requires(DISPATCH_EDIT)
def cancel(job_id: int) -> Response:
    """Ask why, and cancel the job."""
    job = get(DispatchJob, job_id, what="job")
    form = forms.ReasonForm()

    def act() -> None:
        service.cancel(job_id, form.reason.data)
        pages.toast(f"Job {job_id} is cancelled.")

    return dialog(job, form, f"Cancel job {job_id}", "cancel", "Cancel job", act, danger=True,
                  text="Every visit that is not over is cancelled; copying it books the work anew.")  # fmt: skip


@bp.route("/<int:job_id>/visits/<int:visit_id>/place", methods=["GET", "POST"])
@requires(DISPATCH_ASSIGN)
def place(job_id: int, visit_id: int) -> Response:
    """Ask when and who; what is in the way comes back with the form, where a reason accepts it."""
    job, visit = get(DispatchJob, job_id, what="job"), get(Visit, visit_id)
    if visit.job_id != job.id:
        raise errors.NotFound(f"Job {job_id} has no visit with the number {visit_id}.")
    zone, crew = settings.zone(), reading.sent([visit_id])[visit_id]
    form = forms.PlaceForm(data={
        "scheduled_start": forms.local(visit.scheduled_start, zone), "scheduled_end": forms.local(visit.scheduled_end, zone),
        "technician_id": crew[0].technician_id if crew else None, "helpers": [s.technician_id for s in crew[1:]],
    })  # fmt: skip
    people = technicians.choices(with_id=crew[0].technician_id if crew else None)
    form.technician_id.choices = kit_forms.choices([("", "Nobody"), *people])
    form.helpers.choices = kit_forms.choices(people)

    def act() -> None:
        lead = [form.technician_id.data] if form.technician_id.data else []
        helpers = [n for n in form.helpers.data or [] if n not in lead]
        service.place(visit_id, service.Placement(
            starts_at=forms.moment(form.scheduled_start.data, zone), ends_at=forms.moment(form.scheduled_end.data, zone),
            unschedule=form.scheduled_start.data is None and form.scheduled_end.data is None,
            technician_ids=tuple(lead + helpers) if lead else (), override_reason=form.override_reason.data,
        ))  # fmt: skip
        names = ", ".join(s.name for s in reading.sent([visit_id])[visit_id])
        pages.toast(
            f"{names} {'is' if len(lead + helpers) == 1 else 'are'} sent." if names else "Nobody is sent now."
        )

    return dialog(job, form, "Assign" if not crew else "Move or reassign", f"visits/{visit_id}/place", "Save", act,
                  template="dispatch/place.html")  # fmt: skip


@bp.route("/<int:job_id>/visits/new", methods=["GET", "POST"])
@requires(DISPATCH_EDIT)
def new_visit(job_id: int) -> Response:
    """Add a further visit."""
    job = get(DispatchJob, job_id, what="job")
    form = forms.VisitForm()
    form.technician_id.choices = kit_forms.choices([("", "Nobody yet"), *technicians.choices()])

    def act() -> None:
        crew = [form.technician_id.data] if form.technician_id.data else []
        service.add_visit(job_id, reason=form.reason.data, technician_ids=crew, override_reason=form.override_reason.data,
                          starts_at=forms.moment(form.scheduled_start.data, settings.zone()))  # fmt: skip
        pages.toast("A visit was added.")

    return dialog(job, form, "Add a visit", "visits/new", "Add visit", act)


@bp.post("/<int:job_id>/notes")
@requires(DISPATCH_EDIT)
def note(job_id: int) -> Response:
    """Write a note."""
    get(DispatchJob, job_id, what="job")
    form = forms.NoteForm()
    if not form.validate():
        raise errors.Invalid.one("body", "Write something.")
    service.write_note(job_id, form.body.data, public=form.public.data)
    pages.toast("The note is kept.")
    return after(job_id)


@bp.post("/<int:job_id>/steps/<int:step_id>")
@requires(DISPATCH_EDIT)
def checklist(job_id: int, step_id: int) -> Response:
    """Tick a step of the checklist, or take the tick back."""
    service.set_step(job_id, step_id, done=request.form.get("done") == "1")
    return after(job_id)


def dialog(job: DispatchJob, form: Any, title: str, path: str, submit: str, act: Any, *, text: str = "", danger: bool = False,
           template: str = "dispatch/ask.html") -> Response:  # fmt: skip
    """A dialog over the job's page: asks, acts, shows what is in the way at its form."""
    refused = request.method == "POST"
    if refused and form.validate():
        try:
            act()
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            return after(job.id)
    return pages.render(
        template, block="form" if refused else {"dialog": "dialog"}, status=422 if refused else 200, page_title=title,
        job=job, form=form, title=title, text=text, submit=submit, danger=danger, action=f"/jobs/{job.id}/{path}",
        back=f"/jobs/{job.id}",
    )  # fmt: skip
