"""Customers who may be one: shown to a person, who merges them or says that they are two."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from sqlalchemy import delete

from webapp.customers import rules
from webapp.customers.permissions import MERGE
from webapp.customers.queries import duplicates
from webapp.customers.service import matching, merging
from webapp.kit import clock, context, db, journal, permissions
from webapp.models import Customer, CustomerMerge

MOST = 50


@dataclass(frozen=True, slots=True)
class Pair:
    """Two customers who may be one, the older first, and what speaks for it."""

    one: Customer
    other: Customer
    reasons: tuple[str, ...]


def pairs() -> tuple[list[Pair], bool]:
    """Those likeliest to be one, most likely first, and whether there are more.

    They share a phone number or an email under names that agree, or a name and an address, or a name with nothing that
    speaks against it. Pairs of whom a person said that they are two are left out.
    """
    permissions.demand(MERGE)
    groups = duplicates.groups()
    numbers = sorted({number for group in groups for number in group})
    if not numbers:
        return [], False
    known = _known(numbers)
    wanted = {frozenset(pair) for group in groups for pair in combinations(group, 2)}
    found = []
    for pair in wanted - duplicates.told_apart(numbers):
        one, other = sorted(pair)
        likely = rules.compare_customers(known[one], known[other])
        if likely.score >= rules.CERTAIN or (likely.same_name and not likely.against):
            found.append((-likely.score, -likely.facts, one, other, likely.reasons))
    found.sort()
    shown = [
        Pair(known[one].customer, known[other].customer, reasons)
        for _, _, one, other, reasons in found[:MOST]
    ]
    return shown, len(found) > MOST


def like(customer: Customer, most: int = 5) -> list[rules.Candidate]:
    """Other customers who may be this one, most likely first."""
    permissions.demand(MERGE)
    known = _known([customer.id])[customer.id]
    apart = duplicates.told_apart([customer.id])
    found = matching.like(customer, known)
    return [
        c
        for c in found
        if c.score >= rules.UNSURE and c.id != customer.id and frozenset((c.id, customer.id)) not in apart
    ][:most]


def tell_apart(one_id: int, other_id: int) -> tuple[Customer, Customer]:
    """Note that two customers are two: they are not shown as possible duplicates again. Raises NotFound, Conflict."""
    permissions.demand(MERGE)
    one, other = merging.mergeable(min(one_id, other_id), max(one_id, other_id), lock=True)
    if frozenset((one.id, other.id)) not in duplicates.told_apart([other.id]):
        who, now = context.principal(), clock.now()
        # as a merge that was undone at once: it says just the same
        db.add(CustomerMerge(kept_id=one.id, merged_id=other.id, moved={"tables": {}, "fields": {}, "apart": True},
                             created_at=now, created_by=who.id if who.kind == "user" else None, undone_at=now))  # fmt: skip
        _note("customer.told_apart", one, other)
    return one, other


def untell_apart(one_id: int, other_id: int) -> None:
    """Take :func:`tell_apart` back."""
    permissions.demand(MERGE)
    one, other = (db.get(Customer, number) for number in (one_id, other_id))
    said = delete(CustomerMerge).where(
        CustomerMerge.tenant_id == context.tenant_id(),
        CustomerMerge.kept_id == min(one_id, other_id),
        CustomerMerge.merged_id == max(one_id, other_id),
        CustomerMerge.moved["apart"].as_boolean(),
    )
    if db.rows(said.returning(CustomerMerge.id)):
        _note("customer.apart_forgotten", one, other)


def _note(action: str, one: Customer, other: Customer) -> None:
    for mine, theirs in ((one, other), (other, one)):
        journal.audit(action, mine, diff={}, other_id=theirs.id, other_name=theirs.name)


def _known(numbers: Sequence[int]) -> dict[int, rules.Known]:
    customers, contacts, places = duplicates.whole(numbers)
    contacts_of: dict[int, list[Any]] = defaultdict(list)
    places_of: dict[int, list[Any]] = defaultdict(list)
    for contact in contacts:
        contacts_of[contact.customer_id].append((contact.name, contact.phone, contact.email))
    for place in places:
        parts = place.address, place.unit, place.city, place.state, place.zip
        places_of[place.customer_id].append((place.id, *parts))
    return {
        customer.id: matching.known(
            customer, contacts=contacts_of[customer.id], places=places_of[customer.id]
        )
        for customer in customers
    }
