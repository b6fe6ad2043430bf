"""Everybody who may be meant by what was said of a customer, in one statement each.

`candidates` goes by equality on normalised, indexed columns; `alike` by the words of the search index, for names that are
only nearly the same. Neither grows with the number of customers: each part stops at so many rows.

With `lock` the rows are held (FOR KEY SHARE) until the transaction ends, so that none can be merged away between being
recognised and being written on a sale. The rows come in the order of their ids, which keeps two of these and a merge from
waiting for each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from webapp.customers import rules
from webapp.customers.queries.merges import line_ids
from webapp.kit import context, search
from webapp.kit.db import rows
from webapp.kit.tables import SearchWord
from webapp.models import Customer, CustomerContact, Property

MOST = 50  # customers weighed for each thing that was said
MOST_ALIKE = 300  # and looked at for a name that is only nearly the same


def candidates(asked: rules.Asked, *, lock: bool) -> Sequence[Row[Any]]:
    """Customers whom something of what was said names outright, also those merged into another.

    Rows of `(Customer, contacts, places, has_places, parts)`: contacts as `[name, phone, email]`, places at the street
    that was said as `[id, address, unit, city, state, zip]`, and whether others are merged into it.
    """
    if asked.only_a_name:
        return rows(_named(lock), {"tenant": context.tenant_id(), "name_key": asked.name_key})
    parts = _hits(asked)
    if not parts:
        return []
    return _read(asked, Customer.id.in_(union_all(*parts) if len(parts) > 1 else parts[0]), lock=lock)


@cache
def _named(lock: bool) -> Any:
    """The commonest look-up, by a name alone, built once: it is asked for with nearly every sale."""
    found = (
        select(Customer.id)
        .where(Customer.tenant_id == bindparam("tenant"), Customer.name_key == bindparam("name_key"))
        .limit(literal_column(str(MOST), Integer))
        .subquery()
    )
    nothing = rules.Asked()
    return _statement(nothing, bindparam("tenant"), Customer.id.in_(select(found.c.id)), lock=lock)


def became(asked: rules.Asked, merged_ids: Iterable[int], *, lock: bool) -> Sequence[Row[Any]]:
    """Some merged customers and whom they became, step by step, as :func:`candidates` gives them."""
    return _read(asked, Customer.id.in_(line_ids(merged_ids)), lock=lock)


def alike(asked: rules.Asked, name: str, *, lock: bool) -> Sequence[Row[Any]]:
    """Customers whose name, company or contacts share the telling words of a name: its last word and its first one, a
    nickname or an initial of that. As :func:`candidates`."""
    parts = [_with_words(required) for required in _telling_words(asked.name_key, name)]
    if not parts:
        return []
    found = Customer.id.in_(union_all(*parts) if len(parts) > 1 else parts[0])
    return _read(asked, found, contacts=True, lock=lock)


def merged_parts(customer_ids: Iterable[int]) -> Sequence[Row[Any]]:
    """`(root, name, company, phone, email, reference)` of all who were merged into some customers, however deep."""
    first = (
        select(Customer.merged_into_id.label("root"), Customer.id)
        .where(Customer.tenant_id == context.tenant_id(), Customer.merged_into_id.in_(list(customer_ids)))
        .cte("parts", recursive=True)
    )
    below = aliased(Customer)
    parts = first.union_all(
        select(first.c.root, below.id)
        .join(first, below.merged_into_id == first.c.id)
        .where(below.tenant_id == context.tenant_id())
    )
    return rows(
        select(
            parts.c.root, Customer.name, Customer.company, Customer.phone, Customer.email, Customer.reference
        )
        .join(parts, parts.c.id == Customer.id)
        .where(Customer.tenant_id == context.tenant_id())
    )


def _read(asked: rules.Asked, found: Any, *, lock: bool, contacts: bool = False) -> Sequence[Row[Any]]:
    return rows(_statement(asked, context.tenant_id(), found, lock=lock, contacts=contacts))


def _statement(asked: rules.Asked, tenant: Any, found: Any, *, lock: bool, contacts: bool = False) -> Any:
    part, place = aliased(Customer), aliased(Property)
    statement = (
        select(
            Customer,
            (_contacts() if contacts or asked.phone or asked.email else null()).label("contacts"),
            (_places(asked.address) if asked.address else null()).label("places"),
            (
                exists().where(place.tenant_id == Customer.tenant_id, place.customer_id == Customer.id)
                if asked.address
                else literal(False)
            ).label("has_places"),
            (
                exists().where(part.tenant_id == Customer.tenant_id, part.merged_into_id == Customer.id)
                if contacts
                else literal(False)
            ).label("parts"),
        )
        .where(Customer.tenant_id == tenant, found)
        .order_by(Customer.id)
    )
    if lock:
        statement = statement.with_for_update(read=True, key_share=True, of=Customer)
        statement = statement.execution_options(populate_existing=True)
    return statement


def _contacts() -> Any:
    of = CustomerContact
    return (
        select(func.jsonb_agg(func.jsonb_build_array(of.name, of.phone, of.email)))
        .where(of.tenant_id == Customer.tenant_id, of.customer_id == Customer.id)
        .correlate(Customer)
        .scalar_subquery()
    )


def _places(address: rules.Address) -> Any:
    of = Property
    return (
        select(func.jsonb_agg(func.jsonb_build_array(of.id, of.address, of.unit, of.city, of.state, of.zip)))
        .where(
            of.tenant_id == Customer.tenant_id,
            of.customer_id == Customer.id,
            of.address_key.in_(rules.street_keys(address)),
        )
        .correlate(Customer)
        .scalar_subquery()
    )


def _hits(asked: rules.Asked) -> list[Any]:
    """Ids of customers by each thing that was said: index look-ups, no more than so many each."""
    tenant, parts = context.tenant_id(), []

    def add(statement: Any) -> None:
        parts.append(select(statement.limit(MOST).subquery().c.id))

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
    if asked.address:
        add(_at(asked.address))
    return parts


def _at(address: rules.Address) -> Any:
    """Ids of customers at a street; in a building of hundreds those of the unit first."""
    unit = address.unit.split()[0] if address.unit else ""
    ends = func.right(func.lower(Property.unit), len(unit)) == unit if unit else Property.unit == ""
    return (
        select(Property.customer_id.label("id"))
        .where(
            Property.tenant_id == context.tenant_id(),
            Property.address_key.in_(rules.street_keys(address)),
        )
        .order_by(case((ends, 0), else_=1), Property.id)
    )


# Nearly the same name ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of a name in every spelling that may stand for it; with `initial` also any that begins with it."""

    spellings: tuple[str, ...]
    initial: str = ""


def _telling_words(name_key: str, name: str) -> list[list[_Word]]:
    """Which words of the search index together speak for a name: of each alternative all."""
    found = []
    for person in rules.persons(name_key):
        required = [_Word(_spellings(person[-1], name))]
        if len(person) > 1:
            firsts = rules.first_names(person[0])
            spellings = dict.fromkeys(s for first in firsts for s in _spellings(first, name))
            required.append(_Word(tuple(spellings), person[0] if len(person[0]) == 1 else ""))
        found.append(required)
    whole = [word for word in name_key.split() if word != "and"]
    if len(whole) > 2:  # a company without its last word
        found.append([_Word(_spellings(word, name)) for word in whole[:2]])
    return found


def _spellings(word: str, name: str) -> tuple[str, ...]:
    """A word of a key as the search index has it: `obrien` of O'Brien is `brien` there."""
    written = [search.words(part) for part in name.split() if rules.name_key(part) == word]
    return tuple(dict.fromkeys([word[: search.LONGEST], *(found[-1] for found in written if found)]))


def _with_words(required: Sequence[_Word]) -> Any:
    """Ids of the customers that have all of these words, the first of them in a name."""
    telling = required[0].spellings[-1]
    contact, part = aliased(CustomerContact), aliased(Customer)
    named = or_(
        Customer.name_key.contains(telling, autoescape=True),
        func.lower(Customer.company).contains(telling, autoescape=True),
        exists().where(
            contact.tenant_id == Customer.tenant_id,
            contact.customer_id == Customer.id,
            func.lower(contact.name).contains(telling, autoescape=True),
        ),
        exists().where(part.tenant_id == Customer.tenant_id, part.merged_into_id == Customer.id),
    )
    found = (
        select(Customer.id)
        .where(
            Customer.tenant_id == context.tenant_id(),
            Customer.merged_into_id.is_(None),
            *(Customer.id.in_(_having(word)) for word in required),
            named,
        )
        .order_by(Customer.id)
        .limit(MOST_ALIKE)
        .subquery()
    )
    return select(found.c.id)


def _having(word: _Word) -> Any:
    written: ColumnElement[bool] = SearchWord.word.in_(word.spellings)
    if word.initial:
        written = or_(
            written, and_(SearchWord.word >= word.initial, SearchWord.word < chr(ord(word.initial) + 1))
        )
    return select(SearchWord.record_id).where(
        SearchWord.tenant_id == context.tenant_id(), SearchWord.kind == "customer", written
    )
