"""One unit: its page, adding and changing it, retiring and replacing it, what was measured on it."""

from typing import Any

from flask import Response, request

from webapp.customers import queries as customers
from webapp.customers import rules as addresses
from webapp.equipment import forms, queries, rules, service
from webapp.equipment.permissions import EDIT, MEASURE, READ
from webapp.equipment.views import bp
from webapp.equipment.views.lists import HOME
from webapp.kit import errors, files, pages
from webapp.kit import forms as kit_forms
from webapp.kit.db import find, get
from webapp.kit.permissions import requires
from webapp.models import Customer, Equipment


@bp.get("/<int:equipment_id>")
@requires(READ)
def show(equipment_id: int) -> Response:
    """The page of one unit."""
    unit = get(Equipment, equipment_id)
    place, day = queries.place_of(unit), queries.today()
    entries, following = queries.history(unit.id)
    new = find(Equipment, unit.replaced_by_id) if unit.replaced_by_id else None
    return pages.render(
        "equipment/show.html",
        block={"record": "record"},
        page_title=rules.title(unit),
        unit=unit,
        title=rules.title(unit),
        place=place,
        address=addresses.one_line(dict(place._mapping)),
        warranty=rules.warranty_state(unit.warranty_until, day),
        warranty_words=rules.warranty_words(unit.warranty_until, day),
        age=rules.age_words(unit.installed_on, day),
        readings=queries.readings(unit.id, 50),
        jobs=[{**row._mapping, "status": _state(row)} for row in queries.jobs_of(unit.id)],
        photos=[{"link": files.link(p.StoredFile), "file": p.JobFile, "name": p.StoredFile.name}
                for p in queries.photos_of(unit.id)],
        new=new,
        new_title=rules.title(new) if new else "",
        old=queries.replaced(unit.id),
        title_of=rules.title,
        twin=queries.with_serial(unit.serial, unit.id) if unit.serial and unit.retired_on is None else None,
        entries=entries,
        more_url=_more(unit.id, following),
    )  # fmt: skip


def _more(equipment_id: int, following: int | None) -> str | None:
    return f"{HOME}/{equipment_id}/timeline?before={following}" if following else None


@bp.get("/<int:equipment_id>/timeline")
@requires(READ)
def timeline(equipment_id: int) -> Response:
    """Earlier entries of a unit's timeline."""
    unit = get(Equipment, equipment_id)
    entries, following = queries.history(unit.id, request.args.get("before", type=int))
    return pages.render("equipment/timeline.html", block="entries", page_title=rules.title(unit), unit=unit,
                        title=rules.title(unit), entries=entries, more_url=_more(unit.id, following))  # fmt: skip


# Adding and changing --------------------------------------------------------------------------------------------------


@bp.get("/new")
@requires(EDIT)
def new() -> Response:
    """The form of a new unit; first whose it is, then where it stands."""
    customer = find(Customer, request.args.get("customer", 0, type=int))
    if customer is None:
        return pages.render("equipment/whose.html", page_title="New equipment")
    customer = customers.root(customer)
    return _form_page(
        forms.UnitForm(formdata=None, property_id=request.args.get("property", type=int)), customer, None
    )


@bp.post("")
@requires(EDIT)
def create() -> Response:
    customer = find(Customer, request.args.get("customer", 0, type=int))
    if customer is None:
        raise errors.NotFound("Choose the customer first.")
    form = forms.UnitForm()
    _fill(form, customer.id)
    if form.validate():
        values = form.values()
        try:
            unit = service.create(values.pop("property_id"), values)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{rules.title(unit)} was added.")
            return pages.redirect(f"{HOME}/{unit.id}")
    return _form_page(form, customer, None, status=422)


@bp.get("/<int:equipment_id>/edit")
@requires(EDIT)
def edit(equipment_id: int) -> Response:
    unit = get(Equipment, equipment_id)
    return _form_page(forms.UnitForm(obj=unit), get(Customer, unit.customer_id), unit)


@bp.post("/<int:equipment_id>")
@requires(EDIT)
def update(equipment_id: int) -> Response:
    unit = get(Equipment, equipment_id)
    customer = get(Customer, unit.customer_id)
    form = forms.UnitForm()
    _fill(form, customer.id, unit.property_id)
    if form.validate():
        try:
            service.update(equipment_id, form.values())
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{rules.title(unit)} was saved.")
            return pages.redirect(f"{HOME}/{equipment_id}")
    return _form_page(form, customer, unit, status=422)


@bp.route("/<int:equipment_id>/replace", methods=["GET", "POST"])
@requires(EDIT)
def replace(equipment_id: int) -> Response:
    """The form of the unit that comes in another's place."""
    old = get(Equipment, equipment_id)
    if old.retired_on is not None:
        raise errors.Conflict(f"This {old.kind} is retired already.")
    form = (
        forms.ReplaceForm()
        if request.method == "POST"
        else forms.ReplaceForm(
            formdata=None, kind=old.kind, location=old.location, installed_on=queries.today()
        )
    )
    del form.property_id
    refused = request.method == "POST"
    if refused and form.validate():
        values = form.values()
        reason = values.pop("reason")
        try:
            unit = service.replace(equipment_id, values, reason=reason)
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{rules.title(unit)} is in the place of {rules.title(old)}.")
            return pages.redirect(f"{HOME}/{unit.id}")
    return _form_page(form, get(Customer, old.customer_id), None, status=422 if refused else 200, old=old)


def _fill(form: Any, customer_id: int, besides: int | None = None) -> bool:
    """Offer the customer's properties; whether there is any."""
    if "property_id" not in form:
        return True
    places = [p for p in customers.properties(customer_id) if not p.archived or p.id == besides]
    named = [
        (p.id, addresses.one_line({"address": p.address, "unit": p.unit, "city": p.city, "zip": p.zip}))
        for p in places
    ]
    form.property_id.choices = kit_forms.choices(named if len(named) == 1 else [("", "Choose…"), *named])
    return bool(places)


def _form_page(
    form: Any, customer: Customer, unit: Equipment | None, status: int = 200, old: Equipment | None = None
) -> Response:
    placed = _fill(form, customer.id, unit.property_id if unit else None)
    title = f"Edit {rules.title(unit)}" if unit else f"Replace {rules.title(old)}" if old else "New equipment"
    return pages.render(
        "equipment/form.html",
        block="form",
        status=status,
        page_title=title,
        form=form,
        customer=customer,
        unit=unit,
        old=old,
        placeless=not placed,
        kinds=sorted({*rules.KINDS, *queries.choices_of(Equipment.kind)}),
        makes=queries.choices_of(Equipment.make),
    )


# Retiring, measuring --------------------------------------------------------------------------------------------------


@bp.route("/<int:equipment_id>/retire", methods=["GET", "POST"])
@requires(EDIT)
def retire(equipment_id: int) -> Response:
    """Ask since when and why, and take a unit out of use."""
    unit = get(Equipment, equipment_id)
    refused = request.method == "POST"
    form = forms.RetireForm() if refused else forms.RetireForm(formdata=None, retired_on=queries.today())
    if refused and form.validate():
        try:
            service.retire(equipment_id, on=form.retired_on.data, reason=form.reason.data)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            pages.toast(f"{rules.title(unit)} is retired.", undo_url=f"{HOME}/{equipment_id}/restore")
            return _changed(equipment_id)
    return _dialog(
        unit,
        form,
        "Retire",
        "retire",
        "Its readings and jobs stay. Replace it instead when another comes.",
        refused,
    )


@bp.post("/<int:equipment_id>/restore")
@requires(EDIT)
def restore(equipment_id: int) -> Response:
    unit = service.restore(equipment_id)
    pages.toast(f"{rules.title(unit)} is in use again.")
    return pages.redirect(f"{HOME}/{equipment_id}")


@bp.route("/<int:equipment_id>/readings/new", methods=["GET", "POST"])
@requires(MEASURE)
def measure(equipment_id: int) -> Response:
    """Write down what was measured."""
    unit = get(Equipment, equipment_id)
    refused = request.method == "POST"
    form = forms.ReadingForm() if refused else forms.ReadingForm(formdata=None)
    if refused and form.validate():
        try:
            made = service.measure(equipment_id, form.name.data, form.value.data, unit=form.unit.data)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            pages.toast(f"{made.name}: {made.value} {made.unit}".strip() + ".")
            return _changed(equipment_id)
    return _dialog(unit, form, "Add a reading", "readings/new", "", refused, readings=rules.READINGS)


@bp.post("/<int:equipment_id>/readings/<int:reading_id>/remove")
@requires(EDIT)
def remove_reading(equipment_id: int, reading_id: int) -> Response:
    service.remove_reading(equipment_id, reading_id)
    pages.toast("The reading is removed.")
    return _changed(equipment_id)


def _dialog(
    unit: Equipment, form: Any, title: str, path: str, text: str, refused: bool, **more: Any
) -> Response:
    return pages.render(
        "equipment/ask.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=title,
        form=form,
        unit=unit,
        title=title,
        subtitle=rules.title(unit),
        text=text,
        action=f"{HOME}/{unit.id}/{path}",
        **more,
    )


def _changed(equipment_id: int) -> Response:
    return pages.done("equipment-changed") if pages.is_htmx() else pages.redirect(f"{HOME}/{equipment_id}")


def _state(job: Any) -> str:
    """A job's state as its pill shows it."""
    return "on_hold" if job.held_at else "unassigned" if job.status == "pending" else str(job.status)
