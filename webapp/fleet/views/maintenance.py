"""Pages of vehicles' maintenance: what is due, what was done, and the plans of one vehicle."""

from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Response, request

from webapp.accounts.service import saved_views
from webapp.fleet import forms, rules
from webapp.fleet.permissions import VEHICLES_EDIT, VEHICLES_READ
from webapp.fleet.queries import maintenance as queries
from webapp.fleet.queries import vehicles
from webapp.fleet.service import maintenance as service
from webapp.fleet.views import vehicles_bp as bp
from webapp.fleet.views.vehicles import HOME, UNDO_SECONDS, changed, tabs
from webapp.kit import crypto, csv, db, errors, listing, lists, pages
from webapp.kit import forms as kit_forms
from webapp.kit.permissions import requires
from webapp.models import MaintenancePlan, MaintenanceRecord, Vehicle

# What is due ------------------------------------------------------------------------------------------------------------

COLUMNS: list[dict[str, Any]] = [
    {"key": "vehicle", "label": "Vehicle", "kind": "cell", "sort": "vehicle", "always": True},
    {"key": "name", "label": "Maintenance", "kind": "text", "sort": "plan", "always": True},
    {"key": "state", "label": "State", "kind": "cell", "sort": "urgency"},
    {"key": "due", "label": "Due", "kind": "cell", "sort": "due_on"},
    {"key": "odometer_miles", "label": "Odometer", "kind": "number"},
    {"key": "driver", "label": "Driver", "kind": "cell"},
    {"key": "every", "label": "Every", "kind": "text", "hidden": True},
    {"key": "last", "label": "Last done", "kind": "cell", "hidden": True},
    {"key": "done", "label": "Record work", "kind": "cell", "align": "end", "hide_label": True},
]
TABS = (("", "Due"), ("overdue", "Overdue"), ("soon", "Due soon"), ("all", "All plans"))
DUE = f"{HOME}/maintenance"


@bp.get("/maintenance")
@requires(VEHICLES_READ)
def due() -> Response:
    """Maintenance that is due, the most pressing first."""
    sorts = queries.sorts()
    query = listing.read(sorts, "urgency", labels={"vehicle": "Vehicle"})
    states = {"overdue": ("overdue",), "soon": ("soon",), "all": ()}.get(
        query.get("state"), ("overdue", "soon")
    )
    vehicle = query.numbers("vehicle")
    statement = queries.rows(queries.Filters(query.get("q"), states, vehicle[0] if vehicle else None))
    if query.get("format") == "csv":
        statement = statement.with_only_columns(*lists.chosen(COLUMNS, query, queries.csv_columns()))
        return csv.response(lists.ordered(statement, query, sorts, MaintenancePlan.id), "maintenance-due")
    tallies = queries.tallies()
    page = listing.rows(statement, query, sorts, MaintenancePlan.id, total=lists.total(statement))
    day = vehicles.today()
    page.rows = [_row(row, day) for row in page.rows]
    choices = vehicles.choices()
    query.words["vehicle"] = {str(number): name for number, name in choices}
    counts = {**tallies, "": tallies["overdue"] + tallies["soon"]}
    return pages.render(
        "fleet/due.html",
        block={"results": "results"},
        page_title="Maintenance",
        query=query,
        page=page,
        columns=COLUMNS,
        views=lists.tabbed(query, TABS, counts, saved=saved_views.listed(DUE)),
        choices=choices,
        tabs=tabs("due", counts[""]),
        empty=not tallies["all"],
    )


def _row(row: Any, day: date) -> dict[str, Any]:
    stands = rules.vehicles.due(row.due_on, row.due_miles, row.odometer_miles, day)
    return {**row._mapping, "stands": stands, "every": rules.vehicles.every_words(row.every_miles, row.every_days),
            "row_class": "late" if stands.state == "overdue" else ""}  # fmt: skip


# What was done ----------------------------------------------------------------------------------------------------------

WORK_COLUMNS: list[dict[str, Any]] = [
    {"key": "done_on", "label": "Done on", "kind": "date", "sort": "done_on", "always": True},
    {"key": "vehicle", "label": "Vehicle", "kind": "cell", "sort": "vehicle"},
    {"key": "name", "label": "Work", "kind": "text", "sort": "name"},
    {"key": "odometer_miles", "label": "Odometer", "kind": "number"},
    {"key": "cost_cents", "label": "Cost", "kind": "money", "sort": "cost"},
    {"key": "vendor", "label": "Done by", "kind": "text"},
    {"key": "notes", "label": "Notes", "kind": "cell", "hidden": True},
]
WORK = f"{HOME}/work"


@bp.get("/work")
@requires(VEHICLES_READ)
def work() -> Response:
    """Work that was done on vehicles, and what it came to."""
    query = listing.read(
        queries.WORK_SORTS, "done_on", labels={"vehicle": "Vehicle", "from": "From", "to": "To"}
    )
    wanted = queries.WorkFilters(
        query.get("q"), tuple(query.numbers("vehicle")[:50]), query.date("from"), query.date("to")
    )
    statement = queries.work_rows(wanted)
    if query.get("format") == "csv":
        statement = statement.with_only_columns(*lists.chosen(WORK_COLUMNS, query, queries.work_csv()))
        return csv.response(
            lists.ordered(statement, query, queries.WORK_SORTS, MaintenanceRecord.id), "vehicle-work"
        )
    count, cents = queries.work_total(wanted)
    page = listing.rows(statement, query, queries.WORK_SORTS, MaintenanceRecord.id, total=count)
    choices = vehicles.choices()
    query.words["vehicle"] = {str(number): name for number, name in choices}
    columns = [{**c, "total": cents} if c["key"] == "cost_cents" and count else c for c in WORK_COLUMNS]
    return pages.render(
        "fleet/work.html",
        block={"results": "results"},
        page_title="Work done",
        query=query,
        page=page,
        columns=columns,
        views=lists.tabbed(query, (("", "All"),), {"": count}, saved=saved_views.listed(WORK)),
        choices=choices,
        tabs=tabs("work"),
    )


# Plans of one vehicle ---------------------------------------------------------------------------------------------------


@bp.post("/<int:vehicle_id>/plans/usual")
@requires(VEHICLES_EDIT)
def usual_plans(vehicle_id: int) -> Response:
    """Plan what every vehicle needs."""
    made = service.plan_usual(vehicle_id)
    pages.toast(f"Planned: {', '.join(made)}." if made else "The usual maintenance is planned already.")
    return pages.redirect(f"{HOME}/{vehicle_id}")


@bp.route("/<int:vehicle_id>/plans/new", methods=["GET", "POST"])
@requires(VEHICLES_EDIT)
def new_plan(vehicle_id: int) -> Response:
    return _plan_dialog(db.get(Vehicle, vehicle_id), None)


@bp.route("/<int:vehicle_id>/plans/<int:plan_id>/edit", methods=["GET", "POST"])
@requires(VEHICLES_EDIT)
def edit_plan(vehicle_id: int, plan_id: int) -> Response:
    return _plan_dialog(db.get(Vehicle, vehicle_id), _plan(vehicle_id, plan_id))


def _plan(vehicle_id: int, plan_id: int) -> MaintenancePlan:
    plan = db.get(MaintenancePlan, plan_id)
    if plan.vehicle_id != vehicle_id:
        raise errors.NotFound(f"This vehicle has no maintenance plan with the number {plan_id}.")
    return plan


def _plan_dialog(vehicle: Vehicle, plan: MaintenancePlan | None) -> Response:
    refused = request.method == "POST"
    form = forms.PlanForm() if refused else forms.PlanForm(formdata=None, obj=plan)
    if refused and form.validate():
        try:
            if plan:
                service.update_plan(vehicle.id, plan.id, form.values())
            else:
                plan = service.create_plan(vehicle.id, form.values())
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{plan.name} is planned for {vehicle.name}.")
            return changed(vehicle.id)
    home = f"{HOME}/{vehicle.id}"
    return pages.render(
        "fleet/plan.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=f"Plan of {vehicle.name}" if plan else "Plan maintenance",
        form=form,
        vehicle=vehicle,
        plan=plan,
        usual=[name for name, _, _ in rules.vehicles.COMMON_PLANS],
        action=f"{home}/plans/{plan.id}/edit" if plan else f"{home}/plans/new",
    )


@bp.post("/<int:vehicle_id>/plans/<int:plan_id>/<any(end, resume):verb>")
@requires(VEHICLES_EDIT)
def end_plan(vehicle_id: int, plan_id: int, verb: str) -> Response:
    """End a plan, or take it back."""
    plan = service.update_plan(vehicle_id, plan_id, {"active": verb == "resume"})
    said = "is planned again" if verb == "resume" else "is no longer planned"
    other = "end" if verb == "resume" else "resume"
    pages.toast(f"{plan.name} {said}.", undo_url=f"{HOME}/{vehicle_id}/plans/{plan_id}/{other}")
    return pages.redirect(f"{HOME}/{vehicle_id}")


# Recording work -----------------------------------------------------------------------------------------------------------


@bp.route("/<int:vehicle_id>/work/new", methods=["GET", "POST"])
@requires(VEHICLES_EDIT)
def new_work(vehicle_id: int) -> Response:
    """Record work; `?plan=` says what for."""
    vehicle = db.get(Vehicle, vehicle_id)
    asked = request.args.get("plan", type=int)
    plan = _plan(vehicle_id, asked) if asked else None
    usual: dict[str, Any] = {"done_on": vehicles.today()}
    if plan is not None:
        usual |= {"name": plan.name, "plan_id": plan.id}
    return _work_dialog(vehicle, None, usual)


@bp.route("/<int:vehicle_id>/work/<int:record_id>/edit", methods=["GET", "POST"])
@requires(VEHICLES_EDIT)
def edit_work(vehicle_id: int, record_id: int) -> Response:
    return _work_dialog(db.get(Vehicle, vehicle_id), _record(vehicle_id, record_id), {})


def _record(vehicle_id: int, record_id: int) -> MaintenanceRecord:
    record = db.get(MaintenanceRecord, record_id)
    if record.vehicle_id != vehicle_id:
        raise errors.NotFound(f"This vehicle has no maintenance record with the number {record_id}.")
    return record


def _work_dialog(vehicle: Vehicle, record: MaintenanceRecord | None, usual: dict[str, Any]) -> Response:
    refused = request.method == "POST"
    form = forms.WorkForm() if refused else forms.WorkForm(formdata=None, obj=record, **usual)
    choices = [(plan.id, plan.name) for plan in queries.plans_of([vehicle.id]).get(vehicle.id, [])]
    form.plan_id.choices = kit_forms.choices([("", "None"), *choices])
    if record is not None:
        del form.plan_id  # work stays with the plan it was recorded for
    back = pages.back("")
    if refused and form.validate():
        values = form.values()
        plan_id = values.pop("plan_id", None)
        try:
            made = (
                service.update_record(vehicle.id, record.id, values)
                if record
                else service.record(vehicle.id, values, plan_id)
            )
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{made.name} of {vehicle.name} is recorded.")
            return pages.redirect(back) if back else changed(vehicle.id)
    home = f"{HOME}/{vehicle.id}"
    return pages.render(
        "fleet/work_form.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=f"Work on {vehicle.name}",
        form=form,
        vehicle=vehicle,
        record=record,
        usual=[name for name, _, _ in rules.vehicles.COMMON_PLANS],
        action=(f"{home}/work/{record.id}/edit" if record else f"{home}/work/new")
        + (f"?next={quote(back, safe='')}" if back else ""),
        back=back or home,
    )


@bp.post("/<int:vehicle_id>/work/<int:record_id>/remove")
@requires(VEHICLES_EDIT)
def remove_work(vehicle_id: int, record_id: int) -> Response:
    """Remove a record that was made by mistake."""
    gone = service.remove_record(vehicle_id, record_id)
    token = crypto.sign("vehicles.work", [vehicle_id, gone])
    pages.toast(f"The record of {gone['name']} is removed.", undo_url=f"{HOME}/work/restore/{token}")
    return pages.redirect(f"{HOME}/{vehicle_id}")


@bp.post("/work/restore/<token>")
@requires(VEHICLES_EDIT)
def restore_work(token: str) -> Response:
    """Record work again that was removed."""
    payload = crypto.unsign("vehicles.work", token, max_age_seconds=UNDO_SECONDS)
    if payload is None:
        raise errors.Conflict("This is too long ago to be undone. Record the work again.")
    vehicle_id, values = payload
    plan_id = values.pop("plan_id")
    service.record(vehicle_id, {**values, "done_on": service.day_of(values["done_on"])}, plan_id)
    pages.toast(f"{values['name']} is recorded again.")
    return pages.redirect(f"{HOME}/{vehicle_id}")
