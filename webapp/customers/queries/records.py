"""Reading customers.

`CUSTOMER_PANELS`: what domains above know of a customer, functions from an id to a dict as `components/panel.html`
takes it. `PROPERTY_PANELS`: the same of a property.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, case, func, select, true

from webapp.accounts import queries as accounts
from webapp.customers import rules
from webapp.kit import clean, context, csv, listing, search, timeline
from webapp.kit.db import db
from webapp.kit.db import rows as read_rows
from webapp.models import Customer, CustomerContact, Property

CUSTOMER_PANELS: list[Callable[[int], dict[str, Any]]] = []
PROPERTY_PANELS: list[Callable[[Property], dict[str, Any] | None]] = []


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of customers is narrowed to."""

    q: str = ""
    kind: str = ""
    tag: str = ""
    archived: bool | None = False  # None: both
    merged: bool = False  # only those merged into another, instead of none of them


SORTS = {
    "name": listing.Sort(Customer.name),
    "added": listing.Sort(Customer.id, descending=True),
    "updated_at": listing.Sort(Customer.updated_at, descending=True),
}


def matching(statement: Any, filters: Filters) -> Any:
    """Narrow a statement over customers."""
    statement = statement.where(Customer.tenant_id == context.tenant_id())
    statement = statement.where(
        Customer.merged_into_id.is_not(None) if filters.merged else Customer.merged_into_id.is_(None)
    )
    if filters.archived is not None:
        statement = statement.where(Customer.archived.is_(filters.archived))
    if filters.kind:
        statement = statement.where(Customer.kind == filters.kind)
    few = ["commercial"] * (filters.kind == "commercial") + ["archived"] * (filters.archived is True)
    statement = statement.where(*search.conditions("customer_flag", " ".join(few), Customer.id))
    if filters.tag:
        # the words lead to the few that may have it, the list of tags decides
        statement = statement.where(
            Customer.tags.has_key(filters.tag), *search.conditions("customer_tag", filters.tag, Customer.id)
        )
    return statement.where(*search.conditions("customer", filters.q, Customer.id))


def _main_place() -> Any:
    """The address to show for a customer: the primary property, else the oldest."""
    return (
        select(Property.address, Property.unit, Property.city, Property.state, Property.zip)
        .where(
            Property.tenant_id == Customer.tenant_id, Property.customer_id == Customer.id, ~Property.archived
        )
        .order_by(Property.primary.desc(), Property.id)
        .limit(1)
        .lateral("place")
    )


def rows(filters: Filters) -> Any:
    """The rows of the list page, with the main address."""
    place = _main_place()
    statement = select(
        Customer.id, Customer.name, Customer.company, Customer.kind, Customer.phone, Customer.email, Customer.tags,
        Customer.reference, Customer.archived, Customer.created_at, Customer.updated_at,
        place.c.address, place.c.unit, place.c.city, place.c.state, place.c.zip,
    ).outerjoin(place, true())  # fmt: skip
    return matching(statement, filters)


def csv_rows(filters: Filters, keys: Sequence[str]) -> Any:
    """What the list shows, as a file; `keys` are its columns in view."""
    place, zone = _main_place(), accounts.organization().time_zone
    tags = select(
        func.string_agg(func.jsonb_array_elements_text(Customer.tags).column_valued("tag"), ", ")
    ).scalar_subquery()
    kind = case(*((Customer.kind == k, v) for k, v in rules.KINDS.items()))
    sources: dict[str, list[ColumnElement[Any]]] = {
        "name": [csv.safe(Customer.name).label("Customer"), csv.safe(Customer.company).label("Company")],
        "phone": [csv.phone(Customer.phone).label("Phone")],
        "email": [csv.safe(Customer.email).label("Email")],
        "place": [
            csv.safe(place.c[name]).label(words)
            for name, words in (("address", "Address"), ("unit", "Unit"), ("city", "City"), ("state", "State"), ("zip", "ZIP"))
        ],
        "kind": [kind.label("Kind")],
        "tags": [csv.safe(tags).label("Tags")],
        "reference": [csv.safe(Customer.reference).label("Reference")],
        "added": [csv.moment(Customer.created_at, zone).label("Added")],
        "updated_at": [csv.moment(Customer.updated_at, zone).label("Changed")],
    }  # fmt: skip
    columns = [source for key in keys for source in sources.get(key, ())]
    statement = select(*columns).select_from(Customer).outerjoin(place, true())
    return matching(statement, filters)


def bare(filters: Filters) -> Any:
    """The ids of the customers that match: for counting, which needs no addresses."""
    return matching(select(Customer.id), filters)


def ids(filters: Filters, limit: int) -> list[int]:
    """Ids of all customers that match, for “all that match” of a bulk action."""
    return list(db.session.scalars(bare(filters).order_by(Customer.id).limit(limit)))


def any_customer() -> bool:
    """Whether there is any customer yet."""
    return (
        db.session.scalar(select(Customer.id).where(Customer.tenant_id == context.tenant_id()).limit(1))
        is not None
    )


def options(q: str, limit: int = 20) -> list[dict[str, Any]]:
    """Customers to choose from, by the beginnings of their words: `{"id", "label", "hint"}`."""
    statement = rows(Filters(q=q)).order_by(Customer.name, Customer.id).limit(limit)
    return [
        {"id": row.id, "label": row.name,
         "hint": " · ".join(p for p in (row.company, clean.phone_words(row.phone), rules.one_line(dict(row._mapping))) if p)}
        for row in read_rows(statement)
    ]  # fmt: skip


def brief(customer_ids: Sequence[int]) -> dict[int, Row[Any]]:
    """What tells some customers apart, by id, also archived ones."""
    if not customer_ids:
        return {}
    statement = rows(Filters(archived=None)).where(Customer.id.in_(customer_ids))
    return {row.id: row for row in read_rows(statement)}


def contacts(customer_id: int) -> Sequence[CustomerContact]:
    """A customer's contacts by name."""
    statement = contacts_of(customer_id).order_by(None).order_by(CustomerContact.name, CustomerContact.id)
    return db.session.scalars(statement).all()


def contacts_of(customer_id: int, updated_since: Any = None) -> Any:
    """A customer's contacts in the order they were added, for the API."""
    statement = select(CustomerContact).where(
        CustomerContact.tenant_id == context.tenant_id(), CustomerContact.customer_id == customer_id
    )
    if updated_since is not None:
        statement = statement.where(CustomerContact.updated_at >= updated_since)
    return statement.order_by(CustomerContact.id)


def properties(customer_id: int, *, archived: bool | None = None) -> Sequence[Property]:
    """A customer's properties, the primary one first."""
    statement = properties_of(customer_id, archived=archived).order_by(None)
    return db.session.scalars(
        statement.order_by(Property.archived, Property.primary.desc(), Property.id)
    ).all()


def properties_of(customer_id: int, *, archived: bool | None = None, updated_since: Any = None) -> Any:
    """A customer's properties in the order they were added, for the API."""
    statement = select(Property).where(
        Property.tenant_id == context.tenant_id(), Property.customer_id == customer_id
    )
    if archived is not None:
        statement = statement.where(Property.archived.is_(archived))
    if updated_since is not None:
        statement = statement.where(Property.updated_at >= updated_since)
    return statement.order_by(Property.id)


def numbered(filters: Filters, updated_since: Any = None) -> Any:
    """Customers in the order they were added, for the API."""
    statement = matching(select(Customer), filters)
    if updated_since is not None:
        statement = statement.where(Customer.updated_at >= updated_since)
    return statement.order_by(Customer.id)


DEEDS = {
    "customer.created": timeline.Deed("added this customer", "user-plus", "success"),
    "customer.updated": timeline.Deed("changed the details", "pencil", "accent", diff=True),
    "customer.archived": timeline.Deed("archived", "archive", "warning"),
    "customer.unarchived": timeline.Deed("took out of the archive", "rotate-ccw", "success"),
    "customer.contact_added": timeline.Deed("added the contact {name}", "user-plus", "accent"),
    "customer.contact_changed": timeline.Deed("changed the contact {name}", "pencil", "accent", diff=True),
    "customer.contact_removed": timeline.Deed("removed the contact {name}", "user-x", "warning"),
    "customer.property_added": timeline.Deed("added the property {place}", "map-pin", "accent"),
    "customer.property_changed": timeline.Deed("changed the property {place}", "pencil", "accent", diff=True),
    "customer.property_archived": timeline.Deed("archived the property {place}", "archive", "warning"),
    "customer.property_unarchived": timeline.Deed("took the property {place} out of the archive", "rotate-ccw", "success"),
    "customer.merged": timeline.Deed("merged {other_name} into this customer", "git-merge", "info", diff=True),
    "customer.merged_away": timeline.Deed("merged this customer into {other_name}", "git-merge", "info"),
    "customer.told_apart": timeline.Deed("said that {other_name} is somebody else", "users", "neutral"),
    "customer.apart_forgotten": timeline.Deed("took back that {other_name} is somebody else", "undo-2", "neutral"),
    "customer.unmerged": timeline.Deed("undid the merge with {other_name}", "undo-2", "warning", diff=True),
}  # fmt: skip


def _list(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else value or ""


SHOWN = {
    "name": timeline.Shown("Name"),
    "company": timeline.Shown("Company"),
    "kind": timeline.Shown("Kind", lambda v: rules.KINDS.get(v, v or "")),
    "role": timeline.Shown("Role"),
    "phone": timeline.Shown("Phone", clean.phone_words),
    "email": timeline.Shown("Email"),
    "reference": timeline.Shown("Reference"),
    "tags": timeline.Shown("Tags", _list),
    "notes": timeline.Shown("Notes"),
    "label": timeline.Shown("Label"),
    "address": timeline.Shown("Address"),
    "unit": timeline.Shown("Unit"),
    "city": timeline.Shown("City"),
    "state": timeline.Shown("State"),
    "zip": timeline.Shown("ZIP"),
    "access_notes": timeline.Shown("Access"),
    "primary": timeline.Shown("Primary", lambda v: "Yes" if v else "No"),
}


def history(customer_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to a customer, newest first, and where the next piece begins."""
    found, following = timeline.read("customer", customer_id, before=before)
    return [timeline.entry(row, DEEDS, SHOWN) for row in found], following
