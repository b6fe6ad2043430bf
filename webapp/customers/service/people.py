"""A customer's contacts and properties."""

from collections.abc import Mapping
from typing import Any

from webapp.customers import queries, rules
from webapp.customers.permissions import EDIT
from webapp.customers.service import records
from webapp.kit import db, errors, journal, permissions
from webapp.models import Customer, CustomerContact, Property


def add_contact(customer_id: int, values: Mapping[str, Any]) -> CustomerContact:
    """Add somebody to talk to, from the fields of :data:`rules.CONTACT_FIELDS`; `name` is needed."""
    permissions.demand(EDIT)
    customer = records.living(customer_id)
    contact = attach_contact(customer, values)
    records.index(customer)
    records.changed(customer, "contacts")
    return contact


def attach_contact(customer: Customer, values: Mapping[str, Any]) -> CustomerContact:
    contact = db.add(
        CustomerContact(customer_id=customer.id, **rules.cleaned_contact({"name": "", **values}))
    )
    _note("customer.contact_added", contact, {}, name=contact.name)
    return contact


def update_contact(customer_id: int, contact_id: int, changes: Mapping[str, Any]) -> CustomerContact:
    """Change a contact."""
    permissions.demand(EDIT)
    customer = records.living(customer_id)
    contact = contact_of(customer_id, contact_id)
    before = journal.snapshot(contact)
    found = {k: v for k, v in rules.cleaned_contact(changes).items() if before[k] != v}
    if found:
        for name, value in found.items():
            setattr(contact, name, value)
        db.db.session.flush()
        _note("customer.contact_changed", contact, before, name=contact.name)
        records.index(customer)
        records.changed(customer, "contacts")
    return contact


def remove_contact(customer_id: int, contact_id: int) -> dict[str, Any]:
    """Delete a contact; what it held, to add it again."""
    permissions.demand(EDIT)
    customer = records.living(customer_id)
    contact = contact_of(customer_id, contact_id)
    held = {name: getattr(contact, name) for name in rules.CONTACT_FIELDS}
    gone = {name: {"from": value, "to": None} for name, value in held.items() if value}
    _note("customer.contact_removed", contact, None, diff=gone, name=contact.name)
    db.db.session.delete(contact)
    db.db.session.flush()
    records.index(customer)
    records.changed(customer, "contacts")
    return held


def contact_of(customer_id: int, contact_id: int) -> CustomerContact:
    """A contact of this very customer. Raises NotFound."""
    contact = db.get(CustomerContact, contact_id, what="contact")
    if contact.customer_id != customer_id:
        raise errors.NotFound(f"No contact of this customer has the number {contact_id}.")
    return contact


def contact_like(customer_id: int, values: Mapping[str, Any]) -> bool:
    """Whether the customer has a contact with just these values: an undo clicked twice adds nobody twice."""
    return any(all(getattr(c, k) == v for k, v in values.items()) for c in queries.contacts(customer_id))


def add_property(customer_id: int, values: Mapping[str, Any]) -> Property:
    """Add a place where work is done, from the fields of :data:`rules.PROPERTY_FIELDS`; `address` is needed.

    The first one of a customer is its primary one.
    """
    permissions.demand(EDIT)
    customer = records.living(customer_id)
    place = attach_property(customer, values)
    records.index(customer)
    records.changed(customer, "properties")
    return place


def attach_property(customer: Customer, values: Mapping[str, Any]) -> Property:
    found = rules.cleaned_property({"address": "", **values})
    if not queries.properties(customer.id, archived=False):
        found["primary"] = True
    place = db.add(Property(customer_id=customer.id, **found))
    if place.primary:
        _only_primary(place)
    _note("customer.property_added", place, {}, place=_line(place))
    return place


def attach_unknown(customer: Customer, address: rules.Address | None, place: Mapping[str, Any]) -> bool:
    """Add a place to a customer unless it has one there by now; whether it did."""
    if rules.place_of(address, known_places(customer.id)) is not None:
        return False
    attach_property(customer, place)
    return True


def known_places(customer_id: int) -> list[tuple[int, rules.Address]]:
    """Where a customer's properties are, archived ones too, for :func:`rules.place_of`."""
    read = (
        (p.id, rules.read_address(p.address, p.unit, p.city, p.state, p.zip))
        for p in queries.properties(customer_id)
    )
    return [(number, address) for number, address in read if address is not None]


def property_at(customer_id: int, address: str) -> int | None:
    """The number of a customer's property at an address, which may be written on one line; None for another place."""
    return rules.place_of(rules.read_address(address), known_places(customer_id))


def complete_property(property_id: int, parts: Mapping[str, str]) -> None:
    """Write down the town of a property that was known by its street alone."""
    place = db.get(Property, property_id)
    before = journal.snapshot(place)
    for name, value in rules.cleaned_property(parts, before).items():
        if not getattr(place, name) or name == "address_key":
            setattr(place, name, value)
    db.db.session.flush()
    _note("customer.property_changed", place, before, place=_line(place))


def update_property(customer_id: int, property_id: int, changes: Mapping[str, Any]) -> Property:
    """Change a property. Making it the primary one takes that from the others; `archived` as below."""
    permissions.demand(EDIT)
    customer = records.living(customer_id)
    place = property_of(customer_id, property_id)
    before = journal.snapshot(place)
    found = {k: v for k, v in rules.cleaned_property(changes, before).items() if before[k] != v}
    if not found:
        return place
    if found.get("primary") is False:
        raise errors.Invalid.one("primary", "Make another property the primary one instead.")
    for name, value in found.items():
        setattr(place, name, value)
    db.db.session.flush()
    action = "customer.property_changed"
    if "archived" in found:
        action = "customer.property_archived" if place.archived else "customer.property_unarchived"
    if place.archived:
        place.primary = False
    settle_primary(customer_id, place.id if place.primary else None)
    _note(action, place, before, place=_line(place))
    records.index(customer)
    records.changed(customer, "properties")
    return place


def set_property_archived(customer_id: int, property_id: int, *, archived: bool) -> Property:
    """Put a property away, or bring it back; sales made there keep it."""
    return update_property(customer_id, property_id, {"archived": archived})


def property_of(customer_id: int, property_id: int) -> Property:
    """A property of this very customer. Raises NotFound."""
    place = db.get(Property, property_id)
    if place.customer_id != customer_id:
        raise errors.NotFound(f"No property of this customer has the number {property_id}.")
    return place


def settle_primary(customer_id: int, *preferred: int | None) -> None:
    """Exactly one property that is not archived is the primary one: the first preferred one that is there.

    None among the preferred stands for whichever is the primary one now; where none of them is there, the oldest is it.
    """
    there = {p.id: p for p in sorted(queries.properties(customer_id, archived=False), key=lambda p: p.id)}
    now = next((p.id for p in there.values() if p.primary), None)
    wanted = [now if number is None else number for number in (*preferred, None)]
    heir = next((number for number in wanted if number in there), next(iter(there), None))
    for number, place in there.items():
        place.primary = number == heir
    db.db.session.flush()


def _only_primary(place: Property) -> None:
    for other in queries.properties(place.customer_id):
        if other.id != place.id and other.primary:
            other.primary = False
    db.db.session.flush()


def _line(place: Property) -> str:
    return rules.one_line(journal.snapshot(place))


def _note(
    action: str, record: CustomerContact | Property, before: Mapping[str, Any] | None,
    diff: Mapping[str, Any] | None = None, **facts: Any,
) -> None:  # fmt: skip
    """An audit entry in the customer's own line."""
    kind = "contact_id" if isinstance(record, CustomerContact) else "property_id"
    told: dict[str, Any] = {kind: record.id, **facts}
    if diff is None:
        diff = records.difference(before or {}, record)
    journal.audit(action, record_type="customer", record_id=record.customer_id, diff=diff, **told)
