"""Customers who may be one and the same, found by what they share."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select, union_all

from webapp.kit import context
from webapp.kit.db import db, rows
from webapp.models import Customer, CustomerContact, CustomerMerge, Property

MOST_GROUPS = 500  # looked at for each thing that is shared
LARGEST = 12  # what more than this many share (a front desk's phone, a common name) tells nobody apart


def groups() -> list[list[int]]:
    """Numbers of customers who share a phone number, an email, a name, or a name and a street."""
    street = and_(Property.tenant_id == Customer.tenant_id, Property.customer_id == Customer.id)
    parts = [
        _sharing(Customer.phone).where(Customer.phone != ""),
        _sharing(Customer.email).where(Customer.email != ""),
        _sharing(Customer.name_key).where(Customer.name_key != ""),
        _sharing(Customer.name_key, Property.address_key)
        .join(Property, street)
        .where(Customer.name_key != "", Property.address_key != ""),
    ]
    return [sorted(row.numbers) for row in rows(union_all(*(select(p.subquery().c.numbers) for p in parts)))]


def _sharing(*keys: Any) -> Any:
    amount = func.count(Customer.id.distinct())
    return (
        select(func.array_agg(Customer.id.distinct()).label("numbers"))
        .where(
            Customer.tenant_id == context.tenant_id(),
            Customer.merged_into_id.is_(None),
            Customer.archived.is_(False),
        )
        .group_by(*keys)
        .having(amount > 1, amount <= LARGEST)
        .order_by(*keys)
        .limit(MOST_GROUPS)
    )


def told_apart(customer_ids: Iterable[int]) -> set[frozenset[int]]:
    """Pairs, one of them among these, of whom a person said that they are two: outright, or by undoing their merge."""
    numbers = list(customer_ids)
    statement = select(CustomerMerge.kept_id, CustomerMerge.merged_id).where(
        CustomerMerge.tenant_id == context.tenant_id(),
        or_(CustomerMerge.kept_id.in_(numbers), CustomerMerge.merged_id.in_(numbers)),
        CustomerMerge.undone_at.is_not(None),
    )
    return {frozenset((row.kept_id, row.merged_id)) for row in rows(statement)}


def whole(
    customer_ids: Sequence[int],
) -> tuple[Sequence[Customer], Sequence[CustomerContact], Sequence[Property]]:
    """Customers with all their contacts and properties."""
    tenant, numbers = context.tenant_id(), list(customer_ids)
    found = select(Customer).where(Customer.tenant_id == tenant, Customer.id.in_(numbers))
    contacts = select(CustomerContact).where(
        CustomerContact.tenant_id == tenant, CustomerContact.customer_id.in_(numbers)
    )
    places = select(Property).where(Property.tenant_id == tenant, Property.customer_id.in_(numbers))
    return (
        db.session.scalars(found).all(),
        db.session.scalars(contacts).all(),
        db.session.scalars(places).all(),
    )
