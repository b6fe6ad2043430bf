"""Finding out which customer is meant."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, union

from webapp.customers import queries, rules
from webapp.customers.permissions import CREATE, LOOKUP
from webapp.customers.service import people, records
from webapp.kit import clean, context, db, errors, journal, locks, permissions
from webapp.models import Customer, CustomerContact, Property

MOST = 50  # customers weighed for each thing that was said


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nobody can say by rule which of these is meant; most likely first."""

    candidates: tuple[rules.Candidate, ...]


def match(*, name: str = "", phone: str = "", email: str = "", address: str = "", unit: str = "",
          zip_code: str = "") -> rules.Verdict:  # fmt: skip
    """Look who it is: the one it certainly is, and all it might be. Changes nothing.

    Candidates carry the :class:`Customer`, a score from 0 to 100 and the reasons in words; those merged into another
    appear as that one. Raises Invalid for a phone number or an email that cannot be one.
    """
    permissions.demand(LOOKUP)
    asked = _asked(name, phone, email, address, unit, zip_code)
    return rules.judge(asked, _known(asked))


def resolve(*, name: str, phone: str = "", email: str = "", address: str = "", unit: str = "", city: str = "",
            state: str = "", zip_code: str = "", kind: str = "residential", company: str = "",
            anyway: bool = False) -> Customer | Unsure:  # fmt: skip
    """The customer meant, made when nobody is like it; Unsure, with nothing changed, when a person must decide.

    What was not known of a customer (phone, email, this property) is filled in; what is known is never replaced.
    `anyway` makes a new one although others are like it (a person has decided). Two callers who say the same at the
    same time get the same customer.
    """
    permissions.demand(CREATE)
    asked = _asked(name, phone, email, address, unit, zip_code)
    for said in sorted({asked.name_key, asked.phone, asked.email} - {""}):
        locks.hold("customer", said)
    place = {"address": address, "unit": unit, "city": city, "state": state, "zip": zip_code}
    if not anyway:
        verdict = rules.judge(asked, _known(asked))
        if verdict.certain is not None:
            return _filled(verdict.certain.customer, asked, place)
        if verdict.unsure:
            return Unsure(verdict.candidates)
    values = {"name": name, "phone": phone, "email": email, "kind": kind, "company": company}
    return records.create(values, properties=[place] if asked.address_key else [])


def find_or_create(**said: Any) -> Customer:
    """As :func:`resolve`, for callers who can ask nobody. Raises Conflict naming the candidates when unsure."""
    found = resolve(**said)
    if isinstance(found, Customer):
        return found
    likely = [c for c in found.candidates if c.score >= rules.UNSURE]
    names = ", ".join(f"{c.customer.name} (customer {c.id})" for c in likely[:3])
    raise errors.Conflict(
        f"“{said.get('name', '')}” may be {names}. Choose one of them, or add a new customer.",
        details={
            "candidates": [
                {"customer_id": c.id, "score": c.score, "reasons": list(c.reasons)} for c in likely
            ]
        },
    )


def _asked(name: str, phone: str, email: str, address: str, unit: str, zip_code: str) -> rules.Asked:
    problems = clean.Problems()
    number = problems.of("phone", clean.phone, phone)
    mail = problems.of("email", clean.email, email)
    problems.done()
    key = rules.address_key(address, unit, zip_code)
    return rules.Asked(rules.name_key(name), number or "", mail or "", key)


def _filled(customer: Customer, asked: rules.Asked, place: dict[str, Any]) -> Customer:
    """Write down what was not known of a customer that was recognised."""
    before = journal.snapshot(customer)
    if asked.phone and not customer.phone:
        customer.phone = asked.phone
    if asked.email and not customer.email:
        customer.email = asked.email
    diff = records.difference(before, customer)
    if diff:
        db.db.session.flush()
        journal.audit("customer.updated", customer, diff=diff)
    known = [p.address_key for p in queries.properties(customer.id)]
    new_place = bool(asked.address_key) and not any(
        rules.same_address(asked.address_key, key) for key in known
    )
    if new_place:
        people.attach_property(customer, place)
    if diff or new_place:
        records.index(customer)
        records.changed(customer, *diff, *(["properties"] if new_place else []))
    return customer


def _known(asked: rules.Asked) -> list[rules.Known]:
    """Everybody for whom something of what was said speaks, with all that is on record of them."""
    found = db.db.session.scalars(
        select(Customer).where(Customer.tenant_id == context.tenant_id(), Customer.id.in_(_hits(asked)))
    ).all()
    roots = {queries.root(customer).id: queries.root(customer) for customer in found}
    if not roots:
        return []
    merged = defaultdict(list)
    for customer in found:
        merged[queries.root(customer).id].append(customer)
    contacts = _by_customer(CustomerContact, roots)
    places = _by_customer(Property, roots)
    return [
        _one(customer, merged[customer_id], contacts[customer_id], places[customer_id])
        for customer_id, customer in roots.items()
    ]


def _one(
    customer: Customer, merged: Sequence[Customer], contacts: Sequence[Any], places: Sequence[Any]
) -> rules.Known:
    rows = {c.id: c for c in (customer, *merged)}.values()
    return rules.Known(
        customer=customer,
        id=customer.id,
        name_keys=frozenset(
            {c.name_key for c in rows} | {rules.name_key(c.company) for c in rows if c.company}
        ),
        other_names=frozenset(rules.name_key(c.name) for c in contacts),
        phones=frozenset({c.phone for c in (*rows, *contacts)} - {""}),
        emails=frozenset({c.email for c in (*rows, *contacts)} - {""}),
        address_keys=frozenset(p.address_key for p in places),
        archived=customer.archived,
    )


def _by_customer(model: Any, customers: Any) -> dict[int, list[Any]]:
    found = defaultdict(list)
    statement = select(model).where(model.tenant_id == context.tenant_id(), model.customer_id.in_(customers))
    for row in db.db.session.scalars(statement):
        found[row.customer_id].append(row)
    return found


def _hits(asked: rules.Asked) -> Any:
    """Ids of customers by each thing that was said: index look-ups, no more than so many each."""
    tenant = context.tenant_id()
    parts: list[Any] = []

    def add(statement: Any) -> None:
        parts.append(statement.limit(MOST).subquery())

    if asked.name_key:
        add(
            select(Customer.id.label("id")).where(
                Customer.tenant_id == tenant, Customer.name_key == asked.name_key
            )
        )
    for column, value in (("phone", asked.phone), ("email", asked.email)):
        if value:
            own, other = getattr(Customer, column), getattr(CustomerContact, column)
            add(select(Customer.id.label("id")).where(Customer.tenant_id == tenant, own == value))
            add(
                select(CustomerContact.customer_id.label("id")).where(
                    CustomerContact.tenant_id == tenant, other == value
                )
            )
    if asked.address_key:
        # one kept without its ZIP code is the same place too
        keys = {asked.address_key, asked.address_key.rpartition("|")[0] + "|"}
        add(
            select(Property.customer_id.label("id")).where(
                Property.tenant_id == tenant, Property.address_key.in_(keys)
            )
        )
    if not parts:
        return []
    return union(*(select(part.c.id) for part in parts)) if len(parts) > 1 else select(parts[0].c.id)
