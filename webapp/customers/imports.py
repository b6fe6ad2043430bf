"""Customers from a CSV file. One is known by the other system's number, else as people know each other: by name,
phone, email and address; where that is not certain a person is asked."""

from typing import Any

from sqlalchemy import select

from webapp.customers import queries, rules, service
from webapp.customers.permissions import EDIT
from webapp.customers.service import people
from webapp.imports import rules as cells
from webapp.imports.registry import (
    CHANGED,
    NEW,
    SAME,
    UNSURE,
    Change,
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
from webapp.models import Customer

KINDS = {
    "Residential": "residential",
    "Commercial": "commercial",
    "Home": "residential",
    "Business": "commercial",
}
PLACE = ("address", "unit", "city", "state", "zip")
OWN = ("name", "company", "kind", "email", "phone", "reference", "notes", "tags")
MOST_CHOICES = 8


def _tags(text: str, ctx: Context) -> list[str]:
    return [tag.strip() for tag in text.replace(";", ",").split(",") if tag.strip()]


FIELDS = (
    FieldSpec("name", "Name", required=True, most=160, example="John Smith",
              synonyms=("Customer", "Customer name", "Client", "Client name", "Full name", "Contact")),
    FieldSpec("company", "Company", most=160, synonyms=("Company name", "Business", "Organization")),
    FieldSpec("phone", "Phone", example="(512) 555-0123",
              synonyms=("Mobile", "Cell", "Phone number", "Telephone", "Primary phone", "Home phone")),
    FieldSpec("email", "Email", example="john@example.com", synonyms=("E-mail", "Email address", "Mail")),
    FieldSpec("address", "Address", most=200, example="123 Oak St",
              synonyms=("Street", "Street address", "Address line 1", "Address 1", "Service address")),
    FieldSpec("unit", "Unit", most=40, synonyms=("Apt", "Apartment", "Suite", "Address line 2", "Address 2")),
    FieldSpec("city", "City", most=80, example="Tampa", synonyms=("Town",)),
    FieldSpec("state", "State", most=40, example="FL", synonyms=("Province", "Region")),
    FieldSpec("zip", "ZIP code", most=12, example="33601", synonyms=("Zip", "Postal code", "Postcode")),
    FieldSpec("kind", "Kind", parse=cells.one_of(KINDS), example="Residential", synonyms=("Type", "Customer type")),
    FieldSpec("reference", "External number", most=80, example="C-1007",
              synonyms=("Reference", "Customer ID", "Customer number", "Account", "Account number", "ID", "External ID"),
              hint="The number another system gave; recognizes somebody who is here already."),
    FieldSpec("tags", "Tags", parse=_tags, example="Maintenance plan, VIP", synonyms=("Labels", "Tag")),
    FieldSpec("notes", "Notes", most=10_000, synonyms=("Note", "Comment", "Comments", "Remarks")),
)  # fmt: skip


def natural_key(values: Values) -> str | None:
    return f"reference:{values['reference'].casefold()}" if values["reference"] else None


def check(values: Values, ctx: Context) -> Outcome:
    """Look who it is. What the file leaves empty stays as it is."""
    _cleaned(values)
    customer = _referred(values)
    if customer is None:
        verdict = service.match(**_said(values))
        if verdict.unsure:
            question = Problem("name", f"{values['name']} may be somebody who is here already.")
            return Outcome(UNSURE, [question], _choices(verdict.candidates))
        if verdict.certain is None:
            return Outcome(NEW)
        customer = verdict.certain.customer
    changes = cells.compared(customer, _missing(customer, values, all_of_it=bool(values["reference"])))
    if _new_place(customer, values):
        changes.append(Change("address", "", rules.one_line(_whole_place(values))))
    return Outcome(CHANGED if changes else SAME, record_id=customer.id, changes=changes)


def write(values: Values, ctx: Context) -> int:
    """Add a customer, or fill in what was not known of the one who is meant."""
    customer = _meant(values, ctx)
    if customer is None:
        given = {k: values[k] for k in OWN if values[k] is not None}
        return service.create(given, properties=[_whole_place(values)] if values["address"] else []).id
    customer = queries.root(customer)
    missing = _missing(customer, values, all_of_it=bool(values["reference"]))
    if missing:
        service.update(customer.id, missing)
    if _new_place(customer, values):
        service.add_property(customer.id, _whole_place(values))
    return customer.id


def _meant(values: Values, ctx: Context) -> Customer | None:
    if ctx.chosen == NEW:
        return None
    if ctx.chosen:
        return get(Customer, int(ctx.chosen))
    customer = _referred(values)
    if customer is not None:
        return customer
    verdict = service.match(**_said(values))
    if verdict.unsure:
        likely = ", ".join(c.customer.name for c in verdict.candidates[:3])
        raise errors.Conflict(
            f"{values['name']} may be {likely}, who came in meanwhile. Import this row again."
        )
    found: Customer | None = verdict.certain.customer if verdict.certain else None
    return found


def _cleaned(values: Values) -> None:
    """Raises Invalid naming every cell that cannot be kept."""
    problems: list[errors.FieldProblem] = []
    for clean_up, given in (
        (rules.cleaned, {k: values[k] for k in OWN if values[k] is not None}),
        (rules.cleaned_property, _place(values) if values["address"] else {}),
    ):
        try:
            clean_up(given)
        except errors.Invalid as problem:
            problems += problem.problems
    if problems:
        raise errors.Invalid(problems=problems)


def _referred(values: Values) -> Customer | None:
    if not values["reference"]:
        return None
    found = db.session.scalar(
        select(Customer)
        .where(Customer.tenant_id == context.tenant_id(), Customer.reference == values["reference"])
        .order_by(Customer.id)
        .limit(1)
    )
    return queries.root(found) if found is not None else None


def _said(values: Values) -> dict[str, str]:
    said = {k: values[k] or "" for k in ("name", "phone", "email", "address", "unit", "city", "state")}
    return said | {"zip_code": values["zip"] or ""}


def _place(values: Values) -> dict[str, Any]:
    return {k: values[k] for k in PLACE if values[k] is not None}


def _whole_place(values: Values) -> dict[str, Any]:
    """A row's place, its parts read out of the address where that holds all of them."""
    return rules.in_parts(_place(values))


def _missing(customer: Customer, values: Values, *, all_of_it: bool) -> dict[str, Any]:
    """What a row tells of a customer beyond what is known; with `all_of_it` also what it says otherwise.

    Another system's number makes its file the word on its customers; somebody recognised by name keeps what is known.
    """
    given = rules.cleaned({k: values[k] for k in OWN if values[k] is not None})
    found = {}
    for name, value in given.items():
        held = getattr(customer, name)
        if name == "tags":
            value = [*held, *(tag for tag in value if tag not in held)]
        if value != held and value and (all_of_it or name == "tags" or not held):
            found[name] = value
    found.pop("name_key", None)
    return found


def _new_place(customer: Customer, values: Values) -> bool:
    if not values["address"]:
        return False
    address = rules.read_address(*(values[name] or "" for name in PLACE))
    return rules.place_of(address, people.known_places(customer.id)) is None


def _choices(candidates: Any) -> list[Choice]:
    likely = [c for c in candidates if c.score >= rules.UNSURE][:MOST_CHOICES]
    places = queries.brief([c.id for c in likely])
    return [
        Choice(
            c.id,
            c.customer.name,
            " · ".join(
                part
                for part in (
                    clean.phone_words(c.customer.phone),
                    rules.one_line(places[c.id]._asdict()) if c.id in places else "",
                    ", ".join(c.reasons).lower(),
                )
                if part
            ),
        )
        for c in likely
    ]


SPEC = register(
    ImportSpec(
        kind="customers",
        title="Customers",
        permission=EDIT,
        fields=FIELDS,
        check=check,
        write=write,
        natural_key=natural_key,
        record_url="/customers/{}",
        list_url="/customers",
        one="customer",
        many="customers",
        help="Households and companies with phone, email and address.",
    )
)
