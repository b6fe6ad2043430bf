"""Adding, changing and archiving customers."""

from collections.abc import Mapping, Sequence
from typing import Any

from webapp.customers import queries, rules
from webapp.customers.permissions import CREATE, EDIT
from webapp.customers.queries.candidates import merged_parts
from webapp.kit import db, errors, events, ids, journal, permissions, search, timeline
from webapp.models import Customer

_EXAMPLE = {"id": 7, "name": "John Smith", "company": "", "kind": "residential", "email": "john@example.com",
            "phone": "+15125550123", "reference": None, "tags": [], "archived": False, "merged_into_id": None}  # fmt: skip
CREATED = events.declare("customer.created", "A customer was added", _EXAMPLE)
UPDATED = events.declare(
    "customer.updated", "A customer, its contacts or its properties were changed", _EXAMPLE
)
MERGED = events.declare(
    "customer.merged", "Another customer was merged into this one", {**_EXAMPLE, "merged_id": 9}
)
UNMERGED = events.declare("customer.unmerged", "A merge was undone; this customer stands by itself again",
                          {**_EXAMPLE, "kept_id": 7, "id": 9})  # fmt: skip
BATCHED = ("customer.updated", "customer.archived", "customer.unarchived")


def create(
    values: Mapping[str, Any],
    *,
    contacts: Sequence[Mapping[str, Any]] = (),
    properties: Sequence[Mapping[str, Any]] = (),
) -> Customer:
    """Add a customer from the fields of :data:`rules.FIELDS`, with contacts and properties; `name` is needed.

    Does not look whether it is known already: see :func:`service.resolve`. Raises Invalid for values that cannot be.
    """
    from webapp.customers.service import people

    permissions.demand(CREATE)
    customer = db.add(Customer(**rules.cleaned({"name": "", "kind": "residential", **values})))
    journal.audit("customer.created", customer, diff=difference({}, customer))
    for contact in contacts:
        people.attach_contact(customer, contact)
    for position, place in enumerate(properties):
        people.attach_property(customer, {"primary": position == 0, **place})
    index(customer, new=True)
    events.emit(CREATED, customer.id, payload(customer))
    return customer


def update(customer_id: int, changes: Mapping[str, Any], **facts: Any) -> Customer:
    """Change some fields of a customer; `archived` archives it or takes it out again.

    Raises Conflict for one that was merged into another. `facts` are kept with the audit entry.
    """
    permissions.demand(EDIT)
    customer = living(customer_id)
    before = journal.snapshot(customer)
    found = {name: value for name, value in rules.cleaned(changes).items() if before[name] != value}
    if not found:
        return customer
    for name, value in found.items():
        setattr(customer, name, value)
    db.db.session.flush()
    index(customer)
    action = "customer.updated"
    if "archived" in found:
        action = "customer.archived" if customer.archived else "customer.unarchived"
    journal.audit(action, customer, diff=difference(before, customer), **facts)
    changed(customer, *found)
    return customer


def set_archived_for_all(customer_ids: Sequence[int], *, archived: bool) -> tuple[str, int]:
    """Archive several customers, or take them out again: the batch, for :func:`undo`, and how many it changed."""
    batch, count = ids.prefixed("batch"), 0
    for customer_id in customer_ids:
        was = living(customer_id).archived
        count += update(customer_id, {"archived": archived}, batch=batch).archived != was
    return batch, count


def tag_all(customer_ids: Sequence[int], tag: str) -> tuple[str, int]:
    """Give several customers a tag: the batch, for :func:`undo`, and how many did not have it yet."""
    batch, count = ids.prefixed("batch"), 0
    for customer_id in customer_ids:
        tags = list(living(customer_id).tags)
        count += update(customer_id, {"tags": [*tags, tag]}, batch=batch).tags != tags
    return batch, count


def undo(batch: str) -> int:
    """Take a bulk action of the last day back, where nobody changed the same since. How many customers."""
    permissions.demand(EDIT)
    undone = 0
    for row in timeline.batch(batch, BATCHED):
        customer = db.find(Customer, row.record_id)
        if customer is None or customer.merged_into_id is not None:
            continue
        changes = {k: v["from"] for k, v in row.diff.items() if getattr(customer, k) == v["to"]}
        if changes:
            update(customer.id, changes)
            undone += 1
    return undone


def living(customer_id: int) -> Customer:
    """A customer to change, locked. Raises NotFound, and Conflict for one that was merged into another."""
    customer = db.get(Customer, customer_id, lock=True)
    if customer.merged_into_id is not None:
        kept = queries.root(customer)
        raise errors.Conflict(
            f"{customer.name} was merged into customer {kept.id}, {kept.name}. Change that one."
        )
    return customer


def hold(customer: Customer) -> None:
    """Lock a customer against others who change it, and read it afresh; sales may still be recorded on it."""
    db.db.session.refresh(customer, with_for_update={"key_share": True})


def changed(customer: Customer, *fields: str) -> None:
    """Tell that a customer, or something of it, was changed."""
    events.emit(UPDATED, customer.id, {**payload(customer), "changed": sorted(set(fields) - {"name_key"})})


def payload(customer: Customer) -> dict[str, Any]:
    """What events tell of a customer."""
    return {
        "id": customer.id,
        "name": customer.name,
        "company": customer.company,
        "kind": customer.kind,
        "email": customer.email,
        "phone": customer.phone,
        "reference": customer.reference,
        "tags": customer.tags,
        "archived": customer.archived,
        "merged_into_id": customer.merged_into_id,
    }


def difference(before: Mapping[str, Any], record: Any) -> dict[str, Any]:
    """What changed in a record, without the keys that are made from its other fields."""
    now = journal.snapshot(record)
    derived = ("name_key", "address_key", "public_id", "customer_id")
    return journal.difference(before, {k: v for k, v in now.items() if k not in derived})


def index(customer: Customer, *, new: bool = False) -> None:
    """Make a customer findable by its names, numbers, addresses and tags, and by those of all merged into it."""
    words: list[Any] = [customer.name, customer.company, customer.phone, customer.email, customer.reference]
    for part in () if new else merged_parts([customer.id]):
        words += [part.name, part.company, part.phone, part.email, part.reference]
    for place in queries.properties(customer.id, archived=False):
        words += [place.address, place.unit, place.city, place.zip]
    for contact in queries.contacts(customer.id):
        words += [contact.name, contact.phone, contact.email]
    search.index("customer", customer.id, *words)
    search.index("customer_tag", customer.id, *customer.tags)
    # what few customers are, so that a list of those few need not walk past all the others
    flags = ["commercial"] * (customer.kind == "commercial") + ["archived"] * customer.archived
    search.index("customer_flag", customer.id, *flags)
