"""Finding out which customer is meant.

Recognising takes one SELECT where what was said names somebody outright, and one more only for a name that nobody has
just so. Nothing is locked but the rows that were found; who is certain is therefore still there when the caller writes.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from webapp.customers import rules
from webapp.customers.permissions import CREATE, LOOKUP
from webapp.customers.queries import candidates
from webapp.customers.service import people, records
from webapp.kit import clean, db, errors, journal, locks, permissions
from webapp.models import Customer


@dataclass(frozen=True, slots=True)
class Unsure:
    """Nobody can say by rule which of these is meant; most likely first."""

    candidates: tuple[rules.Candidate, ...]


def match(*, name: str = "", phone: str = "", email: str = "", address: str = "", unit: str = "", city: str = "",
          state: str = "", zip_code: str = "") -> rules.Verdict:  # fmt: skip
    """Look who it is: the one it certainly is, and all it might be. Changes nothing.

    Candidates carry the :class:`Customer`, a score from 0 to 100 and the reasons in words; those merged into another
    appear as that one. Raises Invalid for a phone number or an email that cannot be one.
    """
    permissions.demand(LOOKUP)
    asked = _asked(name, phone, email, rules.read_address(address, unit, city, state, zip_code))
    return _looked_up(asked, name, lock=False)


def resolve(*, name: str, phone: str = "", email: str = "", address: str = "", unit: str = "", city: str = "",
            state: str = "", zip_code: str = "", kind: str = "residential", company: str = "",
            anyway: bool = False) -> Customer | Unsure:  # fmt: skip
    """The customer meant, made when nobody is like it; Unsure, with nothing changed, when a person must decide.

    What was not known of a customer (phone, email, this property) is filled in; what is known is never replaced. An
    address may come on one line. `anyway` makes a new one although others are like it (a person has decided). Two
    callers who say the same at the same time get the same customer.
    """
    permissions.demand(CREATE)
    place = rules.in_parts({"address": address, "unit": unit, "city": city, "state": state, "zip": zip_code})
    asked = _asked(name, phone, email, rules.read_address(address, unit, city, state, zip_code))
    if not anyway:
        found = _settled(_looked_up(asked, name, lock=True), asked, place)
        if found is not None:
            return found
    for said in sorted({asked.name_key, asked.phone, asked.email} - {""}):
        locks.hold("customer", said)
    if not anyway:
        # somebody may have said the same meanwhile; they said the very same, so that nearly the same need not be asked
        found = _settled(
            _judged(asked, lambda: candidates.candidates(asked, lock=True), lock=True), asked, place
        )
        if found is not None:
            return found
    values = {"name": name, "phone": phone, "email": email, "kind": kind, "company": company}
    return records.create(values, properties=[place] if asked.address else [])


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


def _asked(name: str, phone: str, email: str, address: rules.Address | None) -> rules.Asked:
    problems = clean.Problems()
    number = problems.of("phone", clean.phone, phone)
    mail = problems.of("email", clean.email, email)
    problems.done()
    return rules.Asked(rules.name_key(name), number or "", mail or "", address)


def _settled(verdict: rules.Verdict, asked: rules.Asked, place: dict[str, Any]) -> Customer | Unsure | None:
    if verdict.certain is not None:
        return _filled(verdict.certain, asked, place)
    return Unsure(verdict.candidates) if verdict.unsure else None


# Filling in -------------------------------------------------------------------------------------------------------


def _filled(certain: rules.Candidate, asked: rules.Asked, place: dict[str, Any]) -> Customer:
    """Write down what was not known of a customer that was recognised."""
    customer: Customer = certain.customer
    reach = {"phone": asked.phone, "email": asked.email}
    missing = any(value and not getattr(customer, name) for name, value in reach.items())
    new_place = asked.address is not None and certain.property_id is None
    town = _town_to_add(certain, place)
    if not (missing or new_place or town):
        return customer
    records.hold(customer)  # somebody may be filling it in as well
    before = journal.snapshot(customer)
    for name, value in reach.items():
        if value and not getattr(customer, name):
            setattr(customer, name, value)
    diff = records.difference(before, customer)
    if diff:
        db.db.session.flush()
        journal.audit("customer.updated", customer, diff=diff)
    if new_place:
        new_place = people.attach_unknown(customer, asked.address, place)
    if town and certain.property_id is not None:
        people.complete_property(certain.property_id, town)
    if diff or new_place or town:
        records.index(customer)
        records.changed(customer, *diff, *(["properties"] if new_place or town else []))
    return customer


def _town_to_add(certain: rules.Candidate, place: dict[str, Any]) -> dict[str, str]:
    """What was said of the town of a property that was known by its street alone."""
    known = certain.place
    if known is None or known.city or known.state or known.zip or not (place["city"] or place["zip"]):
        return {}
    return {name: place[name] for name in ("city", "state", "zip") if place[name]}


# Looking up -------------------------------------------------------------------------------------------------------


def _looked_up(asked: rules.Asked, name: str, *, lock: bool) -> rules.Verdict:
    verdict = _judged(asked, lambda: candidates.candidates(asked, lock=lock), lock=lock)
    if verdict.certain is not None or verdict.unsure or not asked.name_key:
        return verdict
    alike = _judged(asked, lambda: candidates.alike(asked, name, lock=lock), lock=lock)
    known = {c.id for c in alike.candidates}
    rest = tuple(c for c in verdict.candidates if c.id not in known)
    return rules.Verdict(alike.certain, (*alike.candidates, *rest))


def _judged(asked: rules.Asked, read: Callable[[], Sequence[Any]], *, lock: bool) -> rules.Verdict:
    return rules.judge(asked, _known(asked, read(), lock=lock))


def _known(asked: rules.Asked, found: Sequence[Any], *, lock: bool) -> list[rules.Known]:
    """Everybody found, those merged into another as that one, with all that is on record of them."""
    by_id = {row.Customer.id: row for row in found}
    while missing := _missing(by_id):
        by_id |= {row.Customer.id: row for row in candidates.became(asked, missing, lock=lock)}
    parts: dict[int, list[Any]] = defaultdict(list)
    for row in by_id.values():
        if row.Customer.merged_into_id is not None:
            parts[_root(row.Customer, by_id)].append(row.Customer)
    whole = [number for number, row in by_id.items() if row.parts]
    if whole:
        for part in candidates.merged_parts(whole):
            parts[part.root].append(part)
    return [_one(row, parts[number]) for number, row in by_id.items() if row.Customer.merged_into_id is None]


def _missing(by_id: dict[int, Any]) -> set[int]:
    """Those whom some of these were merged into and who are not among them."""
    into = {row.Customer.merged_into_id for row in by_id.values()} - {None}
    return into - by_id.keys()


def _root(customer: Customer, by_id: dict[int, Any]) -> int:
    while customer.merged_into_id is not None:
        customer = by_id[customer.merged_into_id].Customer
    return customer.id


def _one(row: Any, parts: Iterable[Any]) -> rules.Known:
    return known(row.Customer, parts, row.contacts or (), row.places or (), has_places=row.has_places)


def known(
    customer: Customer,
    parts: Iterable[Any] = (),
    contacts: Sequence[Any] = (),
    places: Sequence[Any] = (),
    *,
    has_places: bool = False,
) -> rules.Known:
    """A customer as the rules weigh it: with those merged into it, contacts as `(name, phone, email)` and properties as
    `(id, address, unit, city, state, zip)`."""
    every = (customer, *parts)
    names = {name for one in every for name in (one.name, one.company) if name}
    read = ((place[0], rules.read_address(*place[1:])) for place in places)
    return rules.Known(
        customer=customer,
        id=customer.id,
        name_keys=frozenset(rules.name_key(name) for name in names),
        other_names=frozenset(rules.name_key(name) for name, _, _ in contacts),
        phones=frozenset({one.phone for one in every} | {phone for _, phone, _ in contacts}) - {""},
        emails=frozenset({one.email for one in every} | {email for _, _, email in contacts}) - {""},
        places=tuple((number, address) for number, address in read if address is not None),
        has_places=has_places or bool(places),
        archived=customer.archived,
    )


def like(customer: Customer, of: rules.Known) -> list[rules.Candidate]:
    """Everybody who may be a customer that is on record, itself among them; `of` is what is known of it."""
    address = of.places[0][1] if of.places else None
    asked = rules.Asked(rules.name_key(customer.name), customer.phone, customer.email, address)
    found = {
        one.id: one
        for read in (
            candidates.candidates(asked, lock=False),
            candidates.alike(asked, customer.name, lock=False),
        )
        for one in _known(asked, read, lock=False)
    }
    return list(rules.judge(asked, list(found.values())).candidates)
