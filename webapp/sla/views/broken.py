"""The list of broken promises, and excusing one."""

from typing import Any

from flask import Response, request

from webapp.accounts.service import saved_views
from webapp.kit import clock, csv, errors, listing, lists, pages
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import DispatchJob, SlaViolation
from webapp.sla import forms, service
from webapp.sla.permissions import SLA_EXCUSE, SLA_READ
from webapp.sla.queries import basis
from webapp.sla.queries import broken as queries
from webapp.sla.rules import clocks as counting
from webapp.sla.rules import minutes
from webapp.sla.views import HOME, bp, tabs
from webapp.technicians import queries as technicians

LIST = f"{HOME}/violations"
COLUMNS: list[dict[str, Any]] = [
    {"key": "job", "label": "Job", "kind": "cell", "always": True},
    {"key": "kind", "label": "Promise", "kind": "cell"},
    {"key": "due_at", "label": "Due", "kind": "when", "sort": "due"},
    {"key": "late", "label": "Late by", "kind": "cell", "sort": "late", "align": "end"},
    {"key": "technician", "label": "Technician", "kind": "cell"},
    {"key": "state", "label": "State", "kind": "cell"},
    {"key": "policy", "label": "Policy"},
    {"key": "met_at", "label": "Kept", "kind": "when", "hidden": True},
    {"key": "more", "label": "Excuse", "kind": "cell", "align": "end", "hide_label": True},
]
TABS = (("", "All"), *queries.STATES.items())


@bp.get("/violations")
@requires(SLA_READ)
def violations() -> Response:
    """Promises that were broken."""
    query = listing.read(
        queries.SORTS,
        "due",
        labels={"kind": "Promise", "policy": "Policy", "technician": "Technician", "job": "Job", "from": "Due from",
                "to": "Due to"},
        words={"kind": counting.WORDS},
    )  # fmt: skip
    statement = queries.listed(_filters(query))
    if query.get("format") == "csv":
        statement = statement.with_only_columns(*lists.chosen(COLUMNS, query, queries.csv_columns()))
        return csv.response(lists.ordered(statement, query, queries.SORTS, SlaViolation.id), "sla-breaches")
    page = listing.rows(statement, query, queries.SORTS, SlaViolation.id, total=lists.total(statement))
    company, now = basis.calendar(), clock.now()
    policies = {p.id: p for p in basis.policies(active=None)}
    page.rows = [_row(row, policies, company, now) for row in page.rows]
    people = technicians.choices()
    query.words["technician"] = {str(n): name for n, name in people}
    query.words["policy"] = {str(p.id): p.name for p in policies.values()}
    tallies = queries.tallies()
    return pages.render(
        "sla/violations.html",
        block={"results": "results"},
        page_title="SLA breaches",
        tabs=tabs("violations", tallies["open"]),
        query=query,
        page=page,
        columns=COLUMNS,
        views=lists.tabbed(query, TABS, tallies, saved=saved_views.listed(LIST)),
        kinds=list(counting.WORDS.items()),
        policies=[(p.id, p.name) for p in policies.values()],
        technicians=people,
        states=queries.STATES,
        promised=bool(policies),
    )


def _filters(query: listing.ListQuery) -> queries.Filters:
    zone = basis.zone()
    first, last = query.date("from"), query.date("to")
    state = query.get("state")
    job = query.numbers("job")
    return queries.Filters(
        q=query.get("q"),
        states=(state,) if state in queries.STATES else (),
        kinds=tuple(k for k in query.getlist("kind") if k in counting.KINDS),
        policy_ids=tuple(query.numbers("policy")),
        technician_ids=tuple(query.numbers("technician")),
        job_id=job[0] if job else None,
        due_from=clock.day_bounds(first, zone)[0] if first else None,
        due_before=clock.day_bounds(last, zone)[1] if last else None,
    )


def _row(row: Any, policies: dict[int, Any], company: Any, now: Any) -> dict[str, Any]:
    state = "excused" if row.excused_at else "met" if row.met_at else "open"
    late = row.late_minutes
    if late is None:
        calendar = company if policies[row.policy_id].business_hours else None
        late = minutes.between(calendar, row.due_at, now)
    return {
        **row._mapping,
        "state": state,
        "late": counting.words(late) if state != "excused" or row.late_minutes is not None else "",
        "row_class": {"open": "late", "excused": "muted"}.get(state, ""),
    }


@bp.route("/violations/<int:violation_id>/excuse", methods=["GET", "POST"])
@requires(SLA_EXCUSE)
def excuse(violation_id: int) -> Response:
    """Ask why a broken promise does not count."""
    violation = get(SlaViolation, violation_id, what="broken promise")
    job = get(DispatchJob, violation.job_id)
    form = forms.ExcuseForm()
    refused = request.method == "POST"
    back = pages.back(LIST)
    if refused and form.validate():
        try:
            service.violations.excuse(violation_id, form.reason.data)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            pages.toast("It is excused.", undo_url=f"{LIST}/{violation_id}/unexcuse")
            return pages.done("dispatch-changed") if pages.is_htmx() else pages.redirect(back)
    return pages.render(
        "sla/excuse.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title="Excuse a broken promise",
        form=form,
        violation=violation,
        job=job,
        kind=counting.WORDS[violation.kind],
        back=back,
    )


@bp.post("/violations/<int:violation_id>/unexcuse")
@requires(SLA_EXCUSE)
def unexcuse(violation_id: int) -> Response:
    service.violations.unexcuse(violation_id)
    pages.toast("The excuse is taken back.")
    return pages.done("dispatch-changed") if pages.is_htmx() else pages.redirect(pages.back(LIST))
