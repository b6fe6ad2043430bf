"""Pages of vehicles: the list, one vehicle, who drives it, its odometer."""

from datetime import timedelta
from typing import Any

from flask import Response, request

from webapp.accounts.service import saved_views
from webapp.fleet import forms, rules
from webapp.fleet.permissions import VEHICLES_DRIVE, VEHICLES_EDIT, VEHICLES_READ
from webapp.fleet.queries import maintenance as plans
from webapp.fleet.queries import vehicles as queries
from webapp.fleet.service import maintenance as planning
from webapp.fleet.service import vehicles as service
from webapp.fleet.views import maps
from webapp.fleet.views import vehicles_bp as bp
from webapp.kit import crypto, csv, db, errors, json, listing, lists, pages, words
from webapp.kit import forms as kit_forms
from webapp.kit.db import rows as read_rows
from webapp.kit.permissions import requires
from webapp.models import Vehicle
from webapp.technicians import queries as technicians

COLUMNS: list[dict[str, Any]] = [
    {"key": "name", "label": "Vehicle", "kind": "link", "sort": "name", "always": True},
    {"key": "status", "label": "State", "kind": "cell", "sort": "status"},
    {"key": "driver", "label": "Driver", "kind": "cell", "sort": "driver"},
    {"key": "title", "label": "Make and model", "kind": "text", "sort": "year"},
    {"key": "plate", "label": "Plate", "kind": "text", "sort": "plate"},
    {"key": "odometer_miles", "label": "Odometer", "kind": "number", "sort": "odometer"},
    {"key": "maintenance", "label": "Next maintenance", "kind": "cell"},
    {"key": "odometer_at", "label": "Odometer read", "kind": "ago", "hidden": True},
    {"key": "vin", "label": "VIN", "kind": "text", "hidden": True},
    {"key": "position_at", "label": "Seen", "kind": "ago", "hidden": True},
    {"key": "updated_at", "label": "Changed", "kind": "ago", "sort": "updated_at", "hidden": True},
]
TABS = (("", "Vehicles"), ("in_shop", "In the shop"), ("retired", "Retired"), ("all", "All"))
MAINTENANCE = {"overdue": "Overdue", "soon": "Due soon"}
DRIVEN = {"yes": "With a driver", "no": "Without a driver"}
HOME = "/vehicles"
UNDO_SECONDS = 24 * 3600


def tabs(active: str, waiting: int = 0) -> list[dict[str, Any]]:
    """The three lists of the fleet, the present one marked."""
    found: list[dict[str, Any]] = [
        {"label": "Vehicles", "url": HOME, "active": active == "vehicles"},
        {"label": "Maintenance", "url": f"{HOME}/maintenance", "active": active == "due"},
        {"label": "Work done", "url": f"{HOME}/work", "active": active == "work"},
    ]
    if waiting:
        found[1]["count"] = waiting
    return found


def read() -> listing.ListQuery:
    return listing.read(
        queries.SORTS,
        "name",
        labels={"maintenance": "Maintenance", "driven": "Driver", "technician": "Driver"},
        words={"maintenance": MAINTENANCE, "driven": DRIVEN},
    )


def filters(query: listing.ListQuery) -> queries.Filters:
    state = query.get("state")
    statuses = {"all": (), "in_shop": ("in_shop",), "retired": ("retired",)}.get(state, ("active", "in_shop"))
    who = query.numbers("technician")
    return queries.Filters(
        q=query.get("q"),
        statuses=statuses,
        technician_id=who[0] if who else None,
        driven={"yes": True, "no": False}.get(query.get("driven")),
        maintenance=tuple(m for m in query.getlist("maintenance") if m in MAINTENANCE),
    )


@bp.get("")
@requires(VEHICLES_READ)
def index() -> Response:
    """The list of vehicles."""
    query = read()
    statement = queries.rows(filters(query))
    if query.get("format") == "csv":
        statement = statement.with_only_columns(*lists.chosen(COLUMNS, query, queries.csv_columns()))
        return csv.response(lists.ordered(statement, query, queries.SORTS, Vehicle.id), "vehicles")
    tallies = queries.tallies()
    page = listing.rows(statement, query, queries.SORTS, Vehicle.id, total=lists.total(statement))
    planned = plans.plans_of(row.id for row in page.rows)
    day = queries.today()
    page.rows = [_row(row, planned.get(row.id, []), day) for row in page.rows]
    if query.numbers("technician"):
        named = technicians.names(set(query.numbers("technician")))
        query.words["technician"] = {str(number): name for number, name in named.items()}
    views = lists.tabbed(query, TABS, {**tallies, "": tallies["current"]}, saved=saved_views.listed(HOME))
    parked = queries.parked() if not pages.is_htmx() else []
    return pages.render(
        "fleet/vehicles.html",
        block={"results": "results"},
        page_title="Vehicles",
        query=query,
        page=page,
        columns=COLUMNS,
        views=views,
        states=rules.vehicles.STATUSES,
        maintenance=MAINTENANCE,
        driven=DRIVEN,
        tabs=tabs("vehicles"),
        empty=not tallies["all"],
        retired_view=query.get("state") == "retired",
        map={**maps.of_vehicles(parked), **maps.ground()} if parked else None,
    )


def _row(row: Any, planned: list[Any], day: Any) -> dict[str, Any]:
    """A vehicle with the plan that is most pressing."""
    stands = [
        (plan, rules.vehicles.due(plan.due_on, plan.due_miles, row.odometer_miles, day)) for plan in planned
    ]
    stands.sort(key=lambda pair: rules.vehicles.pressing(pair[1]))
    plan, due = stands[0] if stands and row.status != "retired" else (None, None)
    return {
        **row._mapping,
        "title": rules.vehicles.title(row.year, row.make, row.model),
        "plan": plan.name if plan else "",
        "due": due,
        "odometer_miles": row.odometer_miles if row.odometer_at else None,
        "row_class": "muted" if row.status == "retired" else "late" if due and due.state == "overdue" else "",
    }


@bp.get("/options")
@requires(VEHICLES_READ)
def options() -> Response:
    """Vehicles in use to choose from, for fields that find as one types."""
    found = read_rows(
        queries.rows(queries.Filters(q=request.args.get("q", ""), statuses=("active", "in_shop")))
        .order_by(Vehicle.name, Vehicle.id)
        .limit(20)
    )
    return json.answer([{"id": r.id, "label": r.name, "hint": r.driver or r.plate} for r in found])


# Adding and changing ------------------------------------------------------------------------------------------------


@bp.get("/new")
@requires(VEHICLES_EDIT)
def new() -> Response:
    return _form_page(forms.NewVehicleForm(), None)


@bp.post("")
@requires(VEHICLES_EDIT)
def create() -> Response:
    """Add a vehicle, with its driver and the usual maintenance where that is asked for."""
    form = forms.NewVehicleForm()
    _fill(form)
    if form.validate():
        values = form.values()
        driver, usual = values.pop("driver_id"), values.pop("usual_plans")
        try:
            vehicle = service.create(values)
            paired = service.pair(vehicle.id, driver) if driver else None
            if usual:
                planning.plan_usual(vehicle.id)
        except errors.AppError as problem:
            db.db.session.rollback()  # all or none
            form.blame(problem)
        else:
            said = f" {paired.words}" if paired else ""
            pages.toast(f"{vehicle.name} was added.{said}")
            _warn(vehicle)
            return pages.redirect(f"{HOME}/{vehicle.id}")
    return _form_page(form, None, status=422)


@bp.get("/<int:vehicle_id>/edit")
@requires(VEHICLES_EDIT)
def edit(vehicle_id: int) -> Response:
    vehicle = db.get(Vehicle, vehicle_id)
    return _form_page(forms.VehicleForm(obj=vehicle), vehicle)


@bp.post("/<int:vehicle_id>")
@requires(VEHICLES_EDIT)
def update(vehicle_id: int) -> Response:
    vehicle = db.get(Vehicle, vehicle_id)
    form = forms.VehicleForm()
    if vehicle.status == "retired":
        del form.status
    if form.validate():
        try:
            service.update(vehicle_id, form.values())
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{vehicle.name} was saved.")
            _warn(vehicle)
            return pages.redirect(f"{HOME}/{vehicle_id}")
    return _form_page(form, vehicle, status=422)


def _warn(vehicle: Vehicle) -> None:
    for sentence in service.doubts(vehicle):
        pages.toast(sentence, "warning")


def _fill(form: forms.VehicleForm) -> None:
    if isinstance(form, forms.NewVehicleForm):
        form.driver_id.choices = kit_forms.choices([("", "Nobody"), *technicians.choices()])


def _form_page(form: forms.VehicleForm, vehicle: Vehicle | None, status: int = 200) -> Response:
    _fill(form)
    if vehicle is not None and vehicle.status == "retired" and "status" in form:
        del form.status
    title = f"Edit {vehicle.name}" if vehicle else "New vehicle"
    return pages.render(
        "fleet/vehicle_form.html", block="form", status=status, page_title=title, form=form, vehicle=vehicle
    )


# One vehicle ----------------------------------------------------------------------------------------------------------


@bp.get("/<int:vehicle_id>")
@requires(VEHICLES_READ)
def show(vehicle_id: int) -> Response:
    """The page of one vehicle."""
    vehicle = db.get(Vehicle, vehicle_id)
    day = queries.today()
    names = technicians.names({vehicle.technician_id}) if vehicle.technician_id else {}
    planned: list[dict[str, Any]] = [
        {"plan": plan, "due": rules.vehicles.due(plan.due_on, plan.due_miles, vehicle.odometer_miles, day),
         "every": rules.vehicles.every_words(plan.every_miles, plan.every_days)}
        for plan in plans.plans_of([vehicle_id]).get(vehicle_id, [])
    ]  # fmt: skip
    planned.sort(key=lambda p: rules.vehicles.pressing(p["due"]))
    drivers = read_rows(queries.drivers(vehicle_id).limit(10))
    entries, following = queries.history(vehicle_id)
    here = maps.of_vehicle(vehicle, names.get(vehicle.technician_id or 0, ""))
    return pages.render(
        "fleet/vehicle.html",
        block={"record": "record"},
        page_title=vehicle.name,
        vehicle=vehicle,
        states=rules.vehicles.STATUSES,
        title=rules.vehicles.title(vehicle.year, vehicle.make, vehicle.model),
        driver=names.get(vehicle.technician_id or 0),
        drivers=drivers,
        doubts=service.doubts(vehicle),
        plans=planned,
        records=plans.records(vehicle_id, 10),
        spent=plans.spent(vehicle_id, day - timedelta(days=365)),
        pace=queries.miles_a_month(vehicle_id),
        map={**here, **maps.ground()} if here else None,
        entries=entries,
        more_url=_more_url(vehicle_id, following),
    )


@bp.get("/<int:vehicle_id>/timeline")
@requires(VEHICLES_READ)
def timeline(vehicle_id: int) -> Response:
    """Earlier entries of a vehicle's timeline."""
    vehicle = db.get(Vehicle, vehicle_id)
    entries, following = queries.history(vehicle_id, request.args.get("before", type=int))
    return pages.render("fleet/timeline.html", block="entries", page_title=vehicle.name, home=HOME, home_label="Vehicles",
                        record=vehicle, entries=entries, more_url=_more_url(vehicle_id, following))  # fmt: skip


def _more_url(vehicle_id: int, following: int | None) -> str | None:
    return f"{HOME}/{vehicle_id}/timeline?before={following}" if following else None


def changed(vehicle_id: int) -> Response:
    """After a dialog: the page reads itself anew; without JavaScript it is opened."""
    return pages.done("vehicle-changed") if pages.is_htmx() else pages.redirect(f"{HOME}/{vehicle_id}")


@bp.route("/<int:vehicle_id>/driver", methods=["GET", "POST"])
@requires(VEHICLES_DRIVE)
def driver(vehicle_id: int) -> Response:
    """Say who drives the vehicle."""
    vehicle = db.get(Vehicle, vehicle_id)
    refused = request.method == "POST"
    form = (
        forms.DriverForm()
        if refused
        else forms.DriverForm(formdata=None, technician_id=vehicle.technician_id)
    )
    people = technicians.choices(with_id=vehicle.technician_id)
    drive = queries.vehicle_of(number for number, _ in people)
    form.technician_id.choices = kit_forms.choices(
        [
            ("", "Nobody"),
            *((n, f"{name} – drives {drive[n].name}" if n in drive else name) for n, name in people),
        ]
    )
    if refused and form.validate():
        before = vehicle.technician_id
        try:
            paired = service.pair(vehicle_id, form.technician_id.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            left = queries.driven_by(before) if before else None
            undo = (
                _pair_undo(vehicle, before, drive.get(form.technician_id.data or 0)) if left is None else ""
            )
            pages.toast(paired.words, undo_url=undo)
            return changed(vehicle_id)
    subtitle = "A technician drives one vehicle: taking this one over leaves the other without a driver."
    return _dialog(form, vehicle, f"Driver of {vehicle.name}", subtitle, "driver", refused=refused)


def _dialog(form: Any, vehicle: Vehicle, title: str, subtitle: str, verb: str, *, refused: bool) -> Response:
    return pages.render(
        "fleet/dialog.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=title,
        form=form,
        title=title,
        subtitle=subtitle,
        action=f"{HOME}/{vehicle.id}/{verb}",
        back=f"{HOME}/{vehicle.id}",
    )


def _pair_undo(vehicle: Vehicle, before: int | None, left: queries.Drives | None) -> str:
    """The address that pairs as before: this vehicle's driver, and whoever drove the other."""
    if before == vehicle.technician_id:
        return ""
    pairs = [[vehicle.id, before]]
    if left is not None and left.id != vehicle.id:
        pairs.append([left.id, vehicle.technician_id])
    return f"{HOME}/undo/{crypto.sign('vehicles.pair', [vehicle.id, pairs])}"


@bp.post("/undo/<token>")
@requires(VEHICLES_DRIVE)
def undo_pairing(token: str) -> Response:
    """Pair drivers and vehicles as they were before."""
    payload = crypto.unsign("vehicles.pair", token, max_age_seconds=UNDO_SECONDS)
    if payload is None:
        raise errors.Conflict("This is too long ago to be undone. Choose the driver by hand.")
    vehicle_id, pairs = payload
    for number, technician_id in pairs:
        service.pair(number, technician_id)
    pages.toast("The drivers are as they were.")
    return pages.redirect(f"{HOME}/{vehicle_id}")


@bp.route("/<int:vehicle_id>/odometer", methods=["GET", "POST"])
@requires(VEHICLES_DRIVE)
def odometer(vehicle_id: int) -> Response:
    """Record a reading."""
    vehicle = db.get(Vehicle, vehicle_id)
    refused = request.method == "POST"
    form = forms.OdometerForm() if refused else forms.OdometerForm(formdata=None)
    if refused and form.validate():
        miles = form.odometer_miles.data or 0
        try:
            service.read_odometer(vehicle_id, miles, reason=form.reason.data)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{vehicle.name} has gone {words.plural(vehicle.odometer_miles, 'mile')}.")
            return changed(vehicle_id)
    last = f"Last read: {vehicle.odometer_miles:,} miles" if vehicle.odometer_at else "Never read so far"
    return _dialog(form, vehicle, f"Odometer of {vehicle.name}", last, "odometer", refused=refused)


@bp.post("/<int:vehicle_id>/<any(retire, restore, shop, back):verb>")
@requires(VEHICLES_EDIT)
def set_status(vehicle_id: int, verb: str) -> Response:
    """Retire a vehicle, bring it back, take it to the shop, or out of it."""
    vehicle = db.get(Vehicle, vehicle_id)
    driver = vehicle.technician_id
    if verb == "restore":
        kept = crypto.unsign("vehicles.driver", request.args.get("driver", ""), max_age_seconds=UNDO_SECONDS)
        service.restore(vehicle_id, kept if isinstance(kept, int) else None)
    else:
        status = {"retire": "retired", "shop": "in_shop", "back": "active"}[verb]
        if verb != "retire" and vehicle.status == "retired":
            raise errors.Conflict(f"{vehicle.name} is retired. Bring it back into use first.")
        service.update(vehicle_id, {"status": status})
    said = {
        "retire": "is retired",
        "restore": "is in use again",
        "shop": "is in the shop",
        "back": "is back in use",
    }[verb]
    other = {"retire": "restore", "restore": "retire", "shop": "back", "back": "shop"}[verb]
    kept_driver = f"?driver={crypto.sign('vehicles.driver', driver)}" if verb == "retire" and driver else ""
    pages.toast(f"{vehicle.name} {said}.", undo_url=f"{HOME}/{vehicle_id}/{other}{kept_driver}")
    return pages.redirect(f"{HOME}/{vehicle_id}")


@bp.post("/bulk/<any(retire, restore):verb>")
@requires(VEHICLES_EDIT)
def bulk_status(verb: str) -> Response:
    """Retire the ticked vehicles, or bring them back."""
    query = read()
    chosen = lists.selected(lambda most: queries.ids(filters(query), most))
    done = 0
    for vehicle_id in chosen:
        before = db.get(Vehicle, vehicle_id).status
        if verb == "retire" or before == "retired":
            done += (
                service.update(vehicle_id, {"status": "retired" if verb == "retire" else "active"}).status
                != before
            )
    pages.toast(
        f"{words.plural(done, 'vehicle')} {'retired' if verb == 'retire' else 'brought back into use'}."
    )
    return pages.redirect(lists.back_to(HOME, query))
