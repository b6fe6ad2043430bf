"""Pages of jobs that come again."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request
from wtforms import BooleanField, IntegerField, RadioField, SelectField, SelectMultipleField
from wtforms.validators import InputRequired, NumberRange, Optional

from webapp.dispatch import forms as job_forms
from webapp.dispatch import settings, words
from webapp.dispatch.permissions import DISPATCH_ASSIGN, DISPATCH_EDIT, DISPATCH_READ
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import recurring as queries
from webapp.dispatch.rules import recurring as rules
from webapp.dispatch.service import recurring as service
from webapp.kit import clock, errors, forms, pages, permissions
from webapp.kit.db import find, get
from webapp.kit.permissions import requires
from webapp.models import Customer, DispatchJob, RecurringJob
from webapp.technicians import queries as technicians

recurring_bp = Blueprint("recurring", __name__, url_prefix="/recurring-jobs")
HOME = "/recurring-jobs"
FREQUENCIES = (("WEEKLY", "Weeks"), ("MONTHLY", "Months"), ("YEARLY", "Years"), ("DAILY", "Days"))
MONTHLY = (
    ("day", "On the same day of the month"),
    ("weekday", "On the same weekday, such as the second Tuesday"),
)
ENDS = (("never", "Never"), ("until", "On a day"), ("count", "After a number of times"))


class RepeatForm(forms.Form):
    """When a job comes again."""

    starts_at = job_forms._when("First time", validators=[InputRequired("Say when it comes first.")])
    interval = IntegerField("Every", default=1, validators=[InputRequired("Write a number."), NumberRange(1, rules.MOST_INTERVAL)],
                            render_kw={"inputmode": "numeric"})  # fmt: skip
    frequency = SelectField("Unit", choices=forms.choices(FREQUENCIES), default="MONTHLY")
    weekdays = SelectMultipleField("On these days", choices=forms.choices(rules.WEEKDAYS.items()),
                                   description="Only for weeks; the day of the first time when none is ticked")  # fmt: skip
    monthly = RadioField("In the month", choices=forms.choices(MONTHLY), default="day")
    ends = RadioField("Ends", choices=forms.choices(ENDS), default="never")
    until = forms.DayField("Last day")
    count = IntegerField("Times", validators=[Optional(), NumberRange(1, rules.MOST_COUNT)])
    weeks_ahead = IntegerField("Make jobs ahead", default=4, validators=[InputRequired("Write a number."), NumberRange(1, 52)],
                               description="Weeks before they are due", render_kw={"inputmode": "numeric"})  # fmt: skip

    def rule(self) -> str:
        """The rule that was asked for. Raises Invalid naming the field that lacks something."""
        assert self.starts_at.data is not None  # it is required
        until = self.until.data if self.ends.data == "until" else None
        count = self.count.data if self.ends.data == "count" else None
        if self.ends.data == "until" and until is None:
            raise errors.Invalid.one("until", "Choose the last day.")
        if self.ends.data == "count" and count is None:
            raise errors.Invalid.one("count", "Write how many times.")
        return rules.build(
            rules.Asked(self.frequency.data, self.interval.data or 1, self.starts_at.data, self.weekdays.data or (),
                        self.monthly.data == "weekday", until, count)
        )  # fmt: skip


class NewForm(RepeatForm):
    """A job that is to come again."""

    keep_technicians = BooleanField("Send the same technicians", default=True)


class ChangeForm(RepeatForm):
    """What comes again, when, and who is sent."""

    title = forms.text("What is to be done", required="Say in a few words what is to be done.", limit=200)
    description = forms.area("Details", rows=3)
    priority = SelectField("Priority", choices=forms.choices(words.PRIORITIES.items()))
    minutes = IntegerField(
        "Minutes of a visit", validators=[InputRequired("Write a number."), NumberRange(1, 1440)]
    )
    technician_id = forms.NumberChoice("Technician")
    price_cents = forms.MoneyField("Price told to the customer")
    keep_rule = BooleanField("Leave when it comes as it is", default=True)


class EndForm(forms.Form):
    """Whether the jobs that are made go too, and why."""

    cancel_made = BooleanField("Cancel the jobs that are made and not begun", default=True)
    reason = forms.text("Why", limit=500)


@recurring_bp.get("")
@requires(DISPATCH_READ)
def index() -> Response:
    """Jobs that come again."""
    state = request.args.get("state", "active")
    counts, zone = queries.counts(), settings.zone()
    rows = [
        {
            "id": row.RecurringJob.id,
            "title": row.RecurringJob.title,
            "customer": row.customer or row.RecurringJob.template["values"].get("customer_name", ""),
            "customer_id": row.RecurringJob.customer_id,
            "words": rules.words(row.RecurringJob.rule),
            "next": queries.next_of(row.RecurringJob, zone),
            "state": queries.state(row.RecurringJob),
        }
        for row in queries.listed(state)
    ]
    tabs = [
        {"label": label, "url": f"{HOME}?state={key}", "active": key == state, "count": counts[key]}
        for key, label in queries.STATES.items()
    ]
    return pages.render(
        "dispatch/recurring_list.html", page_title="Recurring jobs", rows=rows, tabs=tabs, states=queries.STATES,
        nothing=not any(counts.values()),
    )  # fmt: skip


@recurring_bp.route("/new", methods=["GET", "POST"])
@requires(DISPATCH_EDIT)
def new() -> Response:
    """Make a job come again: `?job=` says which."""
    job = find(DispatchJob, request.args.get("job", 0, type=int))
    if job is None:
        pages.toast("Open the job that is to come again, and choose Repeat.", "info")
        return pages.redirect("/jobs")
    zone = settings.zone()
    refused = request.method == "POST"
    form = NewForm() if refused else NewForm(formdata=None, starts_at=_first(job, zone))
    if refused and form.validate():
        try:
            starts_at = rules.moment(form.starts_at.data, zone)  # type: ignore[arg-type]  # it is required
            made = service.from_job(job.id, form.rule(), starts_at, weeks_ahead=form.weeks_ahead.data or 4,
                                    keep_technicians=form.keep_technicians.data)  # fmt: skip
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"It comes again: {rules.words(made.rule).lower()}.")
            return pages.redirect(f"{HOME}/{made.id}")
    crew = reading.sent([v.id for v in reading.visits(job.id)][:1])
    return pages.render(
        "dispatch/recurring_form.html", block="form", status=422 if refused else 200, page_title="Repeat this job", form=form,
        record=None, job=job, action=f"{HOME}/new?job={job.id}", back=f"/jobs/{job.id}",
        crew=", ".join(s.name for each in crew.values() for s in each) if permissions.may(DISPATCH_ASSIGN) else "",
    )  # fmt: skip


def _first(job: DispatchJob, zone: str) -> datetime:
    """The first time that is offered: the job's own, else nine tomorrow."""
    if job.scheduled_start is not None:
        return rules.wall(job.scheduled_start, zone)
    today = clock.today(zone)
    return datetime(today.year, today.month, today.day, 9, tzinfo=ZoneInfo(zone)).replace(tzinfo=None)


@recurring_bp.get("/<int:recurring_id>")
@requires(DISPATCH_READ)
def show(recurring_id: int) -> Response:
    """The page of one."""
    record = get(RecurringJob, recurring_id, what="recurring job")
    template = record.template
    entries, following = queries.history(record.id)
    customer = find(Customer, record.customer_id) if record.customer_id else None
    names = technicians.names(set(template.get("technician_ids", ())))
    return pages.render(
        "dispatch/recurring.html", block={"record": "record"}, page_title=record.title, record=record,
        state=queries.state(record), states=queries.STATES, said=rules.words(record.rule), template=template, words=words,
        customer=customer, names=[names[n] for n in template.get("technician_ids", ()) if n in names],
        coming=queries.coming(record), past=queries.history_of(record.id), entries=entries, more_url=_more(record.id, following),
        next=queries.next_of(record, settings.zone()),
    )  # fmt: skip


def _more(recurring_id: int, following: int | None) -> str | None:
    return f"{HOME}/{recurring_id}/timeline?before={following}" if following else None


@recurring_bp.get("/<int:recurring_id>/timeline")
@requires(DISPATCH_READ)
def timeline(recurring_id: int) -> Response:
    """Earlier entries of the timeline."""
    record = get(RecurringJob, recurring_id, what="recurring job")
    entries, following = queries.history(record.id, request.args.get("before", type=int))
    return pages.render("dispatch/recurring_timeline.html", block="entries", page_title=record.title, record=record,
                        entries=entries, more_url=_more(record.id, following))  # fmt: skip


@recurring_bp.route("/<int:recurring_id>/edit", methods=["GET", "POST"])
@requires(DISPATCH_EDIT)
def edit(recurring_id: int) -> Response:
    """Change what comes again, or when."""
    record = get(RecurringJob, recurring_id, what="recurring job")
    refused = request.method == "POST"
    form = ChangeForm() if refused else ChangeForm(formdata=None, **_present(record))
    form.technician_id.choices = forms.choices([("", "Nobody yet"), *technicians.choices()])
    if refused and form.validate():
        try:
            service.update(recurring_id, _changes(form, record))
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast("Saved. Jobs that are made and not begun follow.")
            return pages.redirect(f"{HOME}/{recurring_id}")
    return pages.render(
        "dispatch/recurring_form.html", block="form", status=422 if refused else 200, page_title=f"Edit {record.title}", form=form,
        record=record, job=None, action=f"{HOME}/{recurring_id}/edit", back=f"{HOME}/{recurring_id}", crew="",
        said=rules.words(record.rule),
    )  # fmt: skip


def _present(record: RecurringJob) -> dict[str, Any]:
    found = rules.parts(record.rule)
    kept, crew = record.template["values"], record.template.get("technician_ids", [])
    ends = "until" if "UNTIL" in found else "count" if "COUNT" in found else "never"
    day = found.get("UNTIL", "")[:8]
    return {
        "title": record.title, "description": kept.get("description", ""), "priority": kept.get("priority", "normal"),
        "price_cents": kept.get("price_cents"), "minutes": record.template.get("minutes"),
        "technician_id": crew[0] if crew else None, "weeks_ahead": record.weeks_ahead,
        "starts_at": rules.wall(record.starts_at, settings.zone()), "frequency": found["FREQ"],
        "interval": int(found.get("INTERVAL", "1")), "weekdays": [d[-2:] for d in found.get("BYDAY", "").split(",") if d],
        "monthly": "weekday" if found["FREQ"] == "MONTHLY" and "BYDAY" in found else "day", "ends": ends,
        "until": datetime.fromisoformat(f"{day[:4]}-{day[4:6]}-{day[6:]}").date() if day else None,
        "count": int(found["COUNT"]) if "COUNT" in found else None, "keep_rule": True,
    }  # fmt: skip


def _changes(form: ChangeForm, record: RecurringJob) -> dict[str, Any]:
    kept = record.template.get("technician_ids", [])
    lead = form.technician_id.data
    changes: dict[str, Any] = {
        "values": {n: getattr(form, n).data for n in ("title", "description", "priority", "price_cents")},
        "minutes": form.minutes.data, "weeks_ahead": form.weeks_ahead.data,
    }  # fmt: skip
    if permissions.may(DISPATCH_ASSIGN) and (lead or 0) != (kept[0] if kept else 0):
        changes["technician_ids"] = [lead] if lead else []
    if not form.keep_rule.data:
        changes["rule"] = form.rule()
        changes["starts_at"] = rules.moment(form.starts_at.data, settings.zone())  # type: ignore[arg-type]  # it is required
    return changes


@recurring_bp.post("/<int:recurring_id>/<any(pause, resume):verb>")
@requires(DISPATCH_EDIT)
def switch(recurring_id: int, verb: str) -> Response:
    """Pause it, or let it go on."""
    record = service.pause(recurring_id) if verb == "pause" else service.resume(recurring_id)
    said, other = ("is paused", "resume") if verb == "pause" else ("goes on", "pause")
    pages.toast(f"{record.title} {said}.", undo_url=f"{HOME}/{recurring_id}/{other}")
    return pages.redirect(f"{HOME}/{recurring_id}")


@recurring_bp.route("/<int:recurring_id>/end", methods=["GET", "POST"])
@requires(DISPATCH_EDIT)
def end(recurring_id: int) -> Response:
    """Ask what becomes of the jobs that are made, and end it."""
    record = get(RecurringJob, recurring_id, what="recurring job")
    refused = request.method == "POST"
    form = EndForm() if refused else EndForm(formdata=None)
    if refused and form.validate():
        try:
            service.end(recurring_id, cancel_made=form.cancel_made.data, reason=form.reason.data)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            pages.toast(f"{record.title} has ended.")
            return pages.redirect(f"{HOME}/{recurring_id}")
    return pages.render("dispatch/recurring_end.html", block="form" if refused else {"dialog": "dialog"},
                        status=422 if refused else 200, page_title="End it", form=form, record=record)  # fmt: skip


@recurring_bp.post("/<int:recurring_id>/<any(skip, unskip):verb>")
@requires(DISPATCH_EDIT)
def skip(recurring_id: int, verb: str) -> Response:
    """Leave one out, or take it back in: `?at=2026-12-25T09:00`, as the wall shows it."""
    key = request.args.get("at", "")
    try:
        local = datetime.fromisoformat(key).replace(tzinfo=None)
    except ValueError:
        raise errors.NotFound("It does not come at that time.") from None
    service.skip(recurring_id, rules.moment(local, settings.zone()), skipped=verb == "skip")
    other, said = ("unskip", "That one is left out.") if verb == "skip" else ("skip", "That one is back in.")
    pages.toast(said, undo_url=f"{HOME}/{recurring_id}/{other}?at={rules.key(local)}")
    return pages.redirect(f"{HOME}/{recurring_id}")
