"""Pages of policies and holidays."""

from datetime import date
from typing import Any

from flask import Response, request

from webapp.dispatch.queries import hours
from webapp.dispatch.rules.values import JOB_TYPES, PRIORITIES
from webapp.kit import errors, pages, words
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import Holiday, SlaPolicy
from webapp.sla import forms, rules, service
from webapp.sla.permissions import SLA_EDIT, SLA_READ
from webapp.sla.queries import basis
from webapp.sla.views import HOME, bp, tabs

POLICIES, HOLIDAYS = f"{HOME}/policies", f"{HOME}/holidays"
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@bp.get("/policies")
@requires(SLA_READ)
def policies() -> Response:
    """What is promised to which jobs, in the order in which policies are tried."""
    return _list()


def _list(status: int = 200) -> Response:
    every = basis.policies(active=None)
    in_force = [p for p in every if p.active]
    under = basis.jobs_under()
    hidden = {p.id for p in rules.policies.never_reached(in_force)}
    return pages.render(
        "sla/policies.html",
        block={"policies": "policies"},
        status=status,
        page_title="SLA policies",
        tabs=tabs("policies"),
        rows=[_row(p, under, hidden) for p in in_force],
        ended=[_row(p, under, hidden) for p in every if not p.active],
        hours=hours_words(hours.business_hours()),
    )


def _row(policy: SlaPolicy, under: dict[int, int], hidden: set[int]) -> dict[str, Any]:
    who = [PRIORITIES.get(policy.priority or "", ""), JOB_TYPES.get(policy.job_type or "", "")]
    said = " · ".join(w for w in who if w) or "Every job"
    return {
        "id": policy.id,
        "name": policy.name,
        "fits": said,
        "response": rules.clocks.words(policy.response_minutes) if policy.response_minutes else "",
        "resolution": rules.clocks.words(policy.resolution_minutes) if policy.resolution_minutes else "",
        "hours": "Business hours" if policy.business_hours else "Around the clock",
        "warn": policy.warn_percent,
        "jobs": under.get(policy.id, 0),
        "hidden": policy.id in hidden,
    }


def hours_words(by_day: Any) -> str:
    """`Mon–Fri 8:00 AM–5:00 PM`, several spans divided by semicolons."""
    spans: list[tuple[list[int], tuple[int, int]]] = []
    for day in range(7):
        if day not in by_day:
            continue
        if spans and spans[-1][0][-1] == day - 1 and spans[-1][1] == tuple(by_day[day]):
            spans[-1][0].append(day)
        else:
            spans.append(([day], tuple(by_day[day])))
    return "; ".join(
        f"{DAYS[days[0]]}{'–' + DAYS[days[-1]] if len(days) > 1 else ''} {_time(a)}–{_time(b)}"
        for days, (a, b) in spans
    )


def _time(minute: int) -> str:
    hour, rest = divmod(minute % 1440, 60)
    return f"{hour % 12 or 12}:{rest:02d} {'AM' if hour < 12 else 'PM'}"


@bp.route("/policies/new", methods=["GET", "POST"])
@requires(SLA_EDIT)
def new_policy() -> Response:
    return _policy_dialog(forms.PolicyForm(), None)


@bp.route("/policies/<int:policy_id>/edit", methods=["GET", "POST"])
@requires(SLA_EDIT)
def edit_policy(policy_id: int) -> Response:
    policy = get(SlaPolicy, policy_id, what="SLA policy")
    return _policy_dialog(forms.PolicyForm(obj=policy), policy)


def _policy_dialog(form: forms.PolicyForm, policy: SlaPolicy | None) -> Response:
    refused = request.method == "POST"
    if refused and form.validate():
        try:
            saved = (
                service.policies.update(policy.id, form.values())
                if policy
                else service.policies.create(form.values())
            )
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{saved.name} was {'saved' if policy else 'added'}. Open jobs are counted anew.")
            return pages.done("sla-changed") if pages.is_htmx() else pages.redirect(POLICIES)
    return pages.render(
        "sla/policy_form.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=f"Edit {policy.name}" if policy else "New SLA policy",
        form=form,
        policy=policy,
    )


@bp.post("/policies/<int:policy_id>/<any(up, down):direction>")
@requires(SLA_EDIT)
def move_policy(policy_id: int, direction: str) -> Response:
    """One place up or down."""
    service.policies.move(policy_id, direction)
    return _list() if pages.is_htmx() else pages.redirect(POLICIES)


@bp.post("/policies/order")
@requires(SLA_EDIT)
def order_policies() -> Response:
    """The order as it was dragged."""
    given = [int(v) for v in request.form.getlist("ids") if v.isascii() and v.isdigit() and len(v) < 19]
    try:
        service.policies.reorder(given)
    except errors.Invalid:
        raise errors.Conflict(
            "Somebody changed the policies meanwhile. Here they are as they are now."
        ) from None
    return _list() if pages.is_htmx() else pages.redirect(POLICIES)


@bp.post("/policies/<int:policy_id>/<any(end, restart):verb>")
@requires(SLA_EDIT)
def end_policy(policy_id: int, verb: str) -> Response:
    """End a policy, or put it in force again; one that no job ever had is removed."""
    policy = get(SlaPolicy, policy_id, what="SLA policy")
    name = policy.name
    if verb == "restart":
        service.policies.update(policy_id, {"active": True})
        pages.toast(f"{name} is in force again, behind the others.")
    elif service.policies.remove(policy_id):
        pages.toast(f"{name} was removed: no job ever had it.")
    else:
        pages.toast(f"{name} has ended.", undo_url=f"{POLICIES}/{policy_id}/restart")
    return pages.redirect(POLICIES)


# Holidays -------------------------------------------------------------------------------------------------------------


@bp.get("/holidays")
@requires(SLA_READ)
def holidays() -> Response:
    """Days without business hours."""
    return _holiday_page(forms.HolidayForm(formdata=None))


@bp.post("/holidays")
@requires(SLA_EDIT)
def add_holiday() -> Response:
    """Add a day of one's own."""
    form = forms.HolidayForm()
    if form.validate() and form.date.data is not None:
        try:
            made = service.holidays.create(form.date.data, form.name.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{made.name} is a holiday.", undo_url=f"{HOLIDAYS}/{made.id}/remove")
            return pages.redirect(f"{HOLIDAYS}?year={made.on_date.year}")
    return _holiday_page(form, status=422)


@bp.post("/holidays/federal")
@requires(SLA_EDIT)
def add_federal() -> Response:
    """Add a year of US federal holidays."""
    year = request.args.get("year", basis.today().year, type=int)
    made = service.holidays.add_federal(year)
    if made:
        pages.toast(
            f"{words.plural(len(made), 'federal holiday')} of {year} added. Remove those on which you work."
        )
    else:
        pages.toast(f"All federal holidays of {year} were there already.", "info")
    return pages.redirect(f"{HOLIDAYS}?year={year}")


@bp.post("/holidays/<int:holiday_id>/remove")
@requires(SLA_EDIT)
def remove_holiday(holiday_id: int) -> Response:
    holiday = get(Holiday, holiday_id)
    day, name = holiday.on_date, holiday.name
    service.holidays.remove(holiday_id)
    pages.toast(f"{name}, {day:%B} {day.day}, has business hours.")
    return pages.redirect(f"{HOLIDAYS}?year={day.year}")


def _holiday_page(form: forms.HolidayForm, status: int = 200) -> Response:
    this = basis.today().year
    year = request.args.get("year", this, type=int)
    year = min(max(year, this - 5), this + 3)
    found = basis.holidays(date(year, 1, 1), date(year, 12, 31))
    return pages.render(
        "sla/holidays.html",
        block="form" if status == 422 else None,
        status=status,
        page_title="Holidays",
        tabs=tabs("holidays"),
        form=form,
        rows=found,
        year=year,
        years=[
            {"label": str(y), "url": f"{HOLIDAYS}?year={y}", "active": y == year}
            for y in range(this - 1, this + 3)
        ],
        can_add=this - 1 <= year <= this + 2 and not set(basis.federal(year)) <= {h.on_date for h in found},
    )
