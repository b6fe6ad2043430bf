"""Who was merged into whom. A merged customer keeps its row, which points at the one it went into."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Text, bindparam, literal, select
from sqlalchemy.orm import aliased

from webapp.kit import context
from webapp.kit.db import db
from webapp.kit.db import rows as read_rows
from webapp.models import Customer, CustomerMerge

MOST_SHOWN = 50


def _upwards(customer_ids: Iterable[int]) -> Any:
    return _climb(context.tenant_id(), Customer.id.in_(list(customer_ids)))


def _climb(tenant: Any, start: ColumnElement[bool]) -> Any:
    first = (
        select(Customer.id, Customer.merged_into_id)
        .where(Customer.tenant_id == tenant, start)
        .cte("up", recursive=True)
    )
    above = aliased(Customer)
    return first.union(
        select(above.id, above.merged_into_id)
        .join(first, above.id == first.c.merged_into_id)
        .where(above.tenant_id == tenant)
    )


def survivor_ids(customer_ids: Iterable[int]) -> Any:
    """A subquery: the ids of those whom some customers became, however often they were merged on."""
    up = _upwards(customer_ids)
    return select(up.c.id).where(up.c.merged_into_id.is_(None))


def line_ids(customer_ids: Iterable[int]) -> Any:
    """A subquery: the ids of some customers and of all they were merged into, one after the other."""
    return select(_upwards(customer_ids).c.id)


def survivor(customer_id: int, *, hold: bool = False) -> Customer | None:
    """The customer with a number, or whom it became; None where there is none.

    `hold` keeps it from being merged away until the transaction ends (FOR KEY SHARE).
    """
    if not 0 < customer_id < 2**63:
        return None
    statement, values = _survivor(hold), {"tenant": context.tenant_id(), "customer": customer_id}
    found: Customer | None = db.session.scalar(statement, values)
    while hold and found is not None and found.merged_into_id is not None:
        found = db.session.scalar(statement, values)  # merged away while this waited for it
    return found


@cache
def _survivor(hold: bool) -> Select[Any]:
    """Built once: it is asked with every sale, and putting a recursive statement together costs more than its answer."""
    tenant: Any = bindparam("tenant")
    up = _climb(tenant, Customer.id == bindparam("customer"))
    root = select(up.c.id).where(up.c.merged_into_id.is_(None))
    statement: Select[Any] = select(Customer).where(Customer.tenant_id == tenant, Customer.id.in_(root))
    if not hold:
        return statement
    held = statement.with_for_update(read=True, key_share=True, of=Customer)
    return held.execution_options(populate_existing=True)


def survivors(customer_ids: Iterable[int]) -> dict[int, int]:
    """Whom each of some customers became, by number; themselves where they were not merged."""
    first = (
        select(Customer.id.label("start"), Customer.id, Customer.merged_into_id)
        .where(Customer.tenant_id == context.tenant_id(), Customer.id.in_(list(customer_ids)))
        .cte("lines", recursive=True)
    )
    above = aliased(Customer)
    lines = first.union_all(
        select(first.c.start, above.id, above.merged_into_id)
        .join(first, above.id == first.c.merged_into_id)
        .where(above.tenant_id == context.tenant_id())
    )
    found = read_rows(select(lines.c.start, lines.c.id).where(lines.c.merged_into_id.is_(None)))
    return {row.start: row.id for row in found}


def root(customer: Customer) -> Customer:
    """The customer that one was merged into, however often; itself when it was not."""
    if customer.merged_into_id is None:
        return customer
    found = survivor(customer.merged_into_id)
    assert found is not None  # the foreign key holds it
    return found


def path(customer_id: int) -> list[int]:
    """A customer and those it was merged into one after the other, the survivor last; empty where there is none."""
    first = (
        select(Customer.id, Customer.merged_into_id, literal(0).label("step"))
        .where(Customer.tenant_id == context.tenant_id(), Customer.id == customer_id)
        .cte("path", recursive=True)
    )
    above = aliased(Customer)
    steps = first.union_all(
        select(above.id, above.merged_into_id, first.c.step + 1)
        .join(first, above.id == first.c.merged_into_id)
        .where(above.tenant_id == context.tenant_id())
    )
    return list(db.session.scalars(select(steps.c.id).order_by(steps.c.step)))


def merges_into(customer_id: int) -> Sequence[Row[Any]]:
    """Merges that went into a customer, also by way of others, newest first: `(id, merged_id, created_at, name, into)`.

    `into` is the name of the one it was merged into, where that is not this customer itself.
    """
    first = (
        select(Customer.id, literal(None, Text).label("into"))
        .where(Customer.tenant_id == context.tenant_id(), Customer.merged_into_id == customer_id)
        .cte("parts", recursive=True)
    )
    below, kept = aliased(Customer), aliased(Customer)
    parts = first.union_all(
        select(below.id, kept.name)
        .join(first, below.merged_into_id == first.c.id)
        .join(kept, (kept.tenant_id == below.tenant_id) & (kept.id == below.merged_into_id))
        .where(below.tenant_id == context.tenant_id())
    )
    statement = (
        select(
            CustomerMerge.id, CustomerMerge.merged_id, CustomerMerge.created_at, Customer.name, parts.c.into
        )
        .join(parts, parts.c.id == CustomerMerge.merged_id)
        .join(
            Customer,
            (Customer.tenant_id == CustomerMerge.tenant_id) & (Customer.id == CustomerMerge.merged_id),
        )
        .where(CustomerMerge.tenant_id == context.tenant_id(), CustomerMerge.undone_at.is_(None))
    )
    return read_rows(statement.order_by(CustomerMerge.id.desc()).limit(MOST_SHOWN))


def standing_merges(kept_ids: Iterable[int]) -> Sequence[CustomerMerge]:
    """Merges into some customers that were not undone, in the order they were made."""
    statement = select(CustomerMerge).where(
        CustomerMerge.tenant_id == context.tenant_id(),
        CustomerMerge.kept_id.in_(list(kept_ids)),
        CustomerMerge.undone_at.is_(None),
    )
    return db.session.scalars(statement.order_by(CustomerMerge.id)).all()


def customers(customer_ids: Iterable[int]) -> dict[int, Customer]:
    """Customers by number."""
    statement = select(Customer).where(
        Customer.tenant_id == context.tenant_id(), Customer.id.in_(list(customer_ids))
    )
    return {customer.id: customer for customer in db.session.scalars(statement)}
