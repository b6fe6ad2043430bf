"""Equipment from a CSV file. A unit is known by its serial number at its property; its customer as people know them."""

from typing import Any

from sqlalchemy import func, select

from webapp.customers import queries as customer_queries
from webapp.customers import rules as addresses
from webapp.customers import service as customers
from webapp.equipment import queries, rules, service
from webapp.equipment.permissions import EDIT
from webapp.imports import rules as cells
from webapp.imports.registry import (
    CHANGED,
    NEW,
    SAME,
    UNSURE,
    WRONG,
    Choice,
    Context,
    FieldSpec,
    ImportSpec,
    Outcome,
    Problem,
    Values,
    register,
)
from webapp.kit import clean, context, errors
from webapp.kit.db import db, get
from webapp.models import Customer, Equipment, Property

PLACE = ("address", "unit", "city", "state", "zip")
STATES = {
    "In use": "used",
    "Active": "used",
    "Retired": "retired",
    "Removed": "retired",
    "Inactive": "retired",
}
FIELDS = (
    FieldSpec("kind", "Kind", required=True, most=60, example="Furnace",
              synonyms=("Equipment", "Equipment type", "Type", "Unit", "Asset", "System")),
    FieldSpec("make", "Make", most=60, example="Carrier", synonyms=("Brand", "Manufacturer")),
    FieldSpec("model", "Model", most=80, example="58CVA070", synonyms=("Model number", "Model no")),
    FieldSpec("serial", "Serial", most=80, example="4402A12345",
              synonyms=("Serial number", "Serial no", "S/N", "SN"), hint="Recognizes a unit that is here already."),
    FieldSpec("customer", "Customer", required=True, most=160, example="John Smith",
              synonyms=("Customer name", "Client", "Name", "Owner")),
    FieldSpec("phone", "Phone", example="(512) 555-0123", synonyms=("Customer phone", "Mobile")),
    FieldSpec("email", "Email", example="john@example.com", synonyms=("Customer email", "E-mail")),
    FieldSpec("address", "Address", most=200, example="123 Oak St",
              synonyms=("Street", "Street address", "Service address", "Location address"),
              hint="The customer's main property when left empty."),
    FieldSpec("unit", "Unit", most=40, synonyms=("Apt", "Apartment", "Suite")),
    FieldSpec("city", "City", most=80, example="Tampa", synonyms=("Town",)),
    FieldSpec("state", "State", most=40, example="FL", synonyms=("Province",)),
    FieldSpec("zip", "ZIP code", most=12, example="33601", synonyms=("Zip", "Postal code", "ZIP")),
    FieldSpec("location", "Location", most=80, example="Basement", synonyms=("Where", "Room", "Placement")),
    FieldSpec("installed_on", "Installed on", parse=cells.parse_date, example="2019-10-04",
              synonyms=("Install date", "Installed", "Installation date")),
    FieldSpec("warranty_until", "Warranty until", parse=cells.parse_date, example="2029-10-04",
              synonyms=("Warranty", "Warranty end", "Warranty expires", "Warranty expiration")),
    FieldSpec("status", "State of use", parse=cells.one_of(STATES), example="In use", synonyms=("Status", "Active")),
    FieldSpec("notes", "Notes", most=10_000, synonyms=("Note", "Comment", "Comments")),
)  # fmt: skip
OWN = ("kind", "make", "model", "serial", "location", "installed_on", "warranty_until", "notes")


def natural_key(values: Values) -> str | None:
    """A serial number is one of its maker; where the maker is not said, of the whole file."""
    return (
        f"serial:{(values['make'] or '').casefold()}:{values['serial'].casefold()}"
        if values["serial"]
        else None
    )


def check(values: Values, ctx: Context) -> Outcome:
    """Find whose a row's unit is and whether it is here already. Writes nothing."""
    wrong = _wrong(values)
    if wrong:
        return Outcome(WRONG, wrong)
    unit = _known(values, ctx)
    if unit is not None:
        return Outcome(CHANGED if _changes(values, unit) else SAME, record_id=unit.id)
    try:
        verdict = customers.match(**_said(values))
    except errors.Invalid as problem:
        return Outcome(WRONG, [Problem(p.field, p.message) for p in problem.problems])
    if verdict.unsure:
        question = Problem("customer", f"{values['customer']} may be somebody who is here already.")
        return Outcome(UNSURE, [question], _choices(verdict.candidates))
    if verdict.certain is not None:
        place = _place(verdict.certain.customer.id, values)
        if place is None and not values["address"]:
            return Outcome(
                WRONG, [Problem("address", "The customer has no property yet. Write the address.")]
            )
        return Outcome(NEW, also=() if place else (f"Property {values['address']}",))
    if not values["address"]:
        return Outcome(WRONG, [Problem("address", "Write the address of a customer who is new.")])
    return Outcome(NEW, also=(f"Customer {values['customer']}",))


def write(values: Values, ctx: Context) -> int:
    """Add the unit, or change the one that is meant."""
    unit = _known(values, ctx)
    if unit is not None:
        changes = _changes(values, unit)
        retired = changes.pop("retired", None)
        service.update(unit.id, changes)
        if retired is True:
            service.retire(unit.id)
        elif retired is False:
            service.restore(unit.id)
        return unit.id
    customer = _customer(values, ctx)
    place = _place(customer.id, values)
    if place is None:
        if not values["address"]:
            raise errors.Invalid.one("address", "The customer has no property yet. Write the address.")
        place = customers.add_property(customer.id, {n: values[n] or "" for n in PLACE})
    made = service.create(place.id, {n: values[n] for n in OWN if values[n] is not None})
    if values["status"] == "retired":
        service.retire(made.id)
    return made.id


def _wrong(values: Values) -> list[Problem]:
    try:
        rules.cleaned({n: values[n] for n in OWN if values[n] is not None}, queries.today())
    except errors.Invalid as problem:
        return [Problem(p.field, p.message) for p in problem.problems]
    return []


def _known(values: Values, ctx: Context) -> Equipment | None:
    """The unit a row was written as before, else the one with its serial number and maker."""
    if ctx.written is not None:
        return get(Equipment, ctx.written)
    if not values["serial"]:
        return None
    statement = select(Equipment).where(
        Equipment.tenant_id == context.tenant_id(), Equipment.serial == clean.line(values["serial"], 80)
    )
    if values["make"]:
        statement = statement.where(func.lower(Equipment.make).in_((values["make"].lower(), "")))
    return db.session.scalars(statement.order_by(Equipment.id).limit(1)).first()


def _changes(values: Values, unit: Equipment) -> dict[str, Any]:
    wanted = {n: values[n] for n in OWN if values[n] is not None}
    tidy = rules.cleaned(wanted, queries.today())
    found = {n: v for n, v in tidy.items() if getattr(unit, n) != v}
    if values["status"] == "retired" and unit.retired_on is None:
        found["retired"] = True
    elif values["status"] == "used" and unit.retired_on is not None and unit.replaced_by_id is None:
        found["retired"] = False
    return found


def _said(values: Values) -> dict[str, str]:
    place = {n if n != "zip" else "zip_code": values[n] or "" for n in PLACE}
    return {
        "name": values["customer"],
        "phone": values["phone"] or "",
        "email": values["email"] or "",
        **place,
    }


def _customer(values: Values, ctx: Context) -> Customer:
    answers = ctx.answers
    if answers:
        return get(Customer, answers[0])
    found = customers.resolve(**_said(values), anyway=answers is not None)
    if isinstance(found, Customer):
        return found
    raise errors.Conflict(f"{values['customer']} may be one of several customers.")


def _place(customer_id: int, values: Values) -> Property | None:
    """The customer's property at the row's address, or their main one where the row has none."""
    places = [p for p in customer_queries.properties(customer_id) if not p.archived]
    if not values["address"]:
        return next((p for p in places if p.primary), places[0] if places else None)
    line = addresses.one_line({n: values[n] or "" for n in PLACE})
    number = customers.property_at(customer_id, line)
    return next((p for p in places if p.id == number), None)


def _choices(candidates: Any) -> list[Choice]:
    likely = [c for c in candidates if c.score >= addresses.UNSURE][:8]
    brief = customer_queries.brief([c.id for c in likely])
    return [
        Choice(c.id, c.customer.name, " · ".join(
            x for x in (clean.phone_words(brief[c.id].phone), addresses.one_line(dict(brief[c.id]._mapping))) if x))
        for c in likely
    ]  # fmt: skip


SPEC = register(
    ImportSpec(
        kind="equipment",
        title="Equipment",
        permission=EDIT,
        fields=FIELDS,
        check=check,
        write=write,
        natural_key=natural_key,
        record_url="/equipment/{}",
        list_url="/equipment",
        one="unit",
        many="units",
        asks_for="customer",
        help="Units at your customers' properties: make, model, serial number, warranty.",
    )
)
