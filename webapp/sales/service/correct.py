"""Correcting a sale: in place until it is approved; after that the old one is voided and a new one takes its place."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, select

from webapp.kit import clean, context, errors, events, journal, permissions
from webapp.kit.db import db, rows
from webapp.models import Sale, SaleSplit
from webapp.sales import events as told
from webapp.sales import rights, rules
from webapp.sales.pay import posting
from webapp.sales.permissions import SALES_CORRECT, SALES_VOID
from webapp.sales.queries import figures
from webapp.sales.service import people, tallies
from webapp.sales.service.calculation import Share, Terms, basis_of, calculate, check_day
from webapp.sales.service.decide import back_to_pending, reason_of
from webapp.sales.service.people import Buyer
from webapp.sales.service.record import (
    MOST_NOTES,
    MOST_PAYMENT_TYPE,
    earned,
    override_paid,
    store,
    tell_calculated,
    tell_new,
    write_splits,
)
from webapp.sales.service.void import take_back

TERMS = ("technician_id", "item_id", "sale_price_cents", "list_price_cents", "sold_on", "splits")
OTHERS = ("completed_on", "buyer", "payment_type", "notes")


@dataclass(frozen=True, slots=True)
class Correction:
    """The sale as corrected. `replaced` is the voided one when a new sale took its place, else None."""

    sale: Sale
    replaced: Sale | None = None
    customer: people.Match | None = None


def correct(sale_id: int, changes: Mapping[str, Any], reason: str) -> Correction:
    """Correct what `changes` names (see TERMS and OTHERS; `splits` of Share, `buyer` a Buyer), with a reason.

    Where its commission depends on a change it is calculated anew with the rates of now. A rejected sale is pending
    again. Raises Conflict for a voided sale and for a technician's own once it is approved, Forbidden when an approved
    one would need to be voided and the caller may not, and as `record` does.
    """
    permissions.demand(SALES_CORRECT)
    why = reason_of(reason)
    sale = rights.get_own(sale_id)
    if sale.voided_at is not None:
        raise errors.Conflict("This sale is voided. Undo the void before correcting it.")
    if sale.status == "approved" and not rights.sees_all():
        raise errors.Conflict("The office has decided on this sale. Ask them to correct it.")
    if "technician_id" in changes:
        rights.demand_technician(changes["technician_id"])
    held = _terms(sale)
    terms = _changed(held, changes)
    given = _others(sale, changes)
    if terms == held:
        return _touch_up(sale, given, why)
    if sale.status == "approved":
        permissions.demand(SALES_VOID)
        return _replace(sale, held, terms, given, why)
    return _recalculate(sale, held, terms, given, why)


def _terms(sale: Sale) -> Terms:
    found = rows(
        select(SaleSplit.technician_id, SaleSplit.share_bps)
        .where(SaleSplit.tenant_id == context.tenant_id(), SaleSplit.sale_id == sale.id)
        .order_by(SaleSplit.position)
    )
    return Terms(
        technician_id=sale.technician_id,
        item_id=sale.item_id,
        sale_price_cents=sale.sale_price_cents,
        list_price_cents=sale.list_price_cents,
        sold_on=sale.sold_on,
        splits=tuple(Share(row.technician_id, row.share_bps) for row in found),
    )


def _changed(held: Terms, changes: Mapping[str, Any]) -> Terms:
    named = {name: changes[name] for name in TERMS if name in changes}
    terms = replace(held, **named)
    if terms.item_id != held.item_id and "list_price_cents" not in named:
        terms = replace(terms, list_price_cents=figures.item(terms.item_id).list_price_cents)
    check_day("sold_on", "The day of the sale", terms.sold_on if terms.sold_on != held.sold_on else None)
    return terms


def _others(sale: Sale, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes that the commission does not depend on, as columns of the sale; the customer as a Match."""
    problems = clean.Problems()
    found: dict[str, Any] = {}
    if "payment_type" in changes:
        found["payment_type"] = problems.of(
            "payment_type", clean.line, changes["payment_type"], MOST_PAYMENT_TYPE
        )
    if "notes" in changes:
        found["notes"] = problems.of("notes", clean.lines, changes["notes"], MOST_NOTES)
    problems.done()
    if "completed_on" in changes:
        check_day("completed_on", "The day of completion", changes["completed_on"])
        found["completed_on"] = changes["completed_on"]
    if isinstance(changes.get("buyer"), Buyer):
        found |= _customer(sale, changes["buyer"], found)
    return found


def _customer(sale: Sale, buyer: Buyer, found: dict[str, Any]) -> dict[str, Any]:
    match = people.match(buyer)
    return {
        "customer_id": match.customer_id,
        "property_id": match.property_id,
        "customer_name": match.name,
        "notes": people.with_given(found.get("notes", sale.notes), match),
        "match": match,
    }


def _apply(sale: Sale, given: dict[str, Any]) -> people.Match | None:
    for name, value in given.items():
        if name != "match":
            setattr(sale, name, value)
    if "match" in given:
        people.index_anew(sale)
    return given.get("match")


def _touch_up(sale: Sale, given: dict[str, Any], why: str) -> Correction:
    """What the commission does not depend on, in place; the day of completion may move it to another period."""
    before, was = journal.snapshot(sale), tallies.counted(sale)
    match = _apply(sale, given)
    again = sale.status == "rejected"
    if again:
        back_to_pending(sale)
    if again:
        posting.resubmit(sale)
    elif before["completed_on"] != sale.completed_on:
        posting.dates_changed(sale)
    if journal.snapshot(sale) == before:
        return Correction(sale, customer=match)
    db.session.flush()
    tallies.moved(was, tallies.counted(sale))
    journal.audit("sale.corrected", sale, before=before, reason=why)
    events.emit(told.UPDATED, sale.id, told.payload(sale, reason=why))
    return Correction(sale, customer=match)


def _recalculate(sale: Sale, held: Terms, terms: Terms, given: dict[str, Any], why: str) -> Correction:
    """A sale that is not approved yet: changed in place, its commission and pay lines written anew."""
    snapshot = _calculate(held, terms)
    before, was = journal.snapshot(sale), tallies.counted(sale)
    match = _apply(sale, given)
    _put(sale, terms, snapshot)
    if sale.status == "rejected":
        back_to_pending(sale)
    if terms.splits != held.splits:
        db.session.execute(
            delete(SaleSplit).where(SaleSplit.tenant_id == context.tenant_id(), SaleSplit.sale_id == sale.id)
        )
        write_splits(sale, terms.splits)
    posting.rewrite(sale, snapshot)
    tallies.moved(was, tallies.counted(sale))
    journal.audit("sale.corrected", sale, before=before, reason=why, commission=earned(snapshot))
    events.emit(told.UPDATED, sale.id, told.payload(sale, reason=why))
    tell_calculated(sale, snapshot)
    return Correction(sale, customer=match)


def _replace(old: Sale, held: Terms, terms: Terms, given: dict[str, Any], why: str) -> Correction:
    """An approved sale: voided, and recorded anew as one that replaces it and waits for approval."""
    snapshot = _calculate(held, terms)
    kept = ("customer_id", "property_id", "customer_name", "completed_on", "payment_type", "payment_status",
            "payment_date", "notes", "source")  # fmt: skip
    new = Sale(
        **{name: getattr(old, name) for name in kept},
        status="pending",
        replaces_id=old.id,
        recorded_by=context.principal().label,
    )
    _put(new, terms, snapshot)
    match = given.get("match")
    for name, value in given.items():
        if name != "match":
            setattr(new, name, value)
    take_back(old, why, refund=False)
    store(new, terms, snapshot, late=True)
    people.index(new)
    tallies.moved(None, tallies.counted(new))
    journal.audit("sale.created", new, replaces=old.id, reason=why, commission=earned(snapshot))
    tell_new(new, snapshot)
    return Correction(new, replaced=old, customer=match)


def _calculate(held: Terms, terms: Terms) -> rules.Snapshot:
    basis = basis_of(terms)
    if basis.item.archived and terms.item_id != held.item_id:
        raise errors.Invalid.one("item_id", f"{basis.item.name} is archived and no longer sold.")
    who = ("technician_id", "sold_on", "splits")
    return calculate(
        terms, basis, check_active=any(getattr(terms, name) != getattr(held, name) for name in who)
    )


def _put(sale: Sale, terms: Terms, snapshot: rules.Snapshot) -> None:
    sale.technician_id, sale.item_id, sale.sold_on = terms.technician_id, terms.item_id, terms.sold_on
    sale.sale_price_cents, sale.list_price_cents = terms.sale_price_cents, terms.list_price_cents
    sale.snapshot = snapshot.as_json()
    sale.commission_cents, sale.override_cents = snapshot.total_cents, override_paid(snapshot)
