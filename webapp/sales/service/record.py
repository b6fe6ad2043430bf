"""Recording a sale: its commission is calculated with the rates of now and frozen."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from webapp.kit import clean, context, errors, events, journal, permissions
from webapp.kit.db import add, db
from webapp.kit.money import percent
from webapp.models import Sale, SaleSplit
from webapp.sales import events as told
from webapp.sales import rights, rules
from webapp.sales.pay import periods, posting
from webapp.sales.permissions import SALES_PAYMENT, SALES_RECORD
from webapp.sales.queries import figures
from webapp.sales.service import people, tallies
from webapp.sales.service.calculation import Share, Terms, calculate, check_day
from webapp.sales.service.people import Buyer
from webapp.sales.service.store import at_once

MOST_NOTES = 5_000
MOST_PAYMENT_TYPE = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSale:
    """A sale to record. `sold_on` None is today; `list_price_cents` None is the item's own list price."""

    technician_id: int
    item_id: int
    sale_price_cents: int
    list_price_cents: int | None = None
    sold_on: date | None = None
    completed_on: date | None = None
    splits: tuple[Share, ...] = ()
    buyer: Buyer = people.NOBODY
    payment_type: str = ""
    payment_status: str = "unpaid"
    payment_date: date | None = None
    notes: str = ""
    source: str = "web"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A sale as recorded, its frozen commission, and who the customer may be where that is not certain."""

    sale: Sale
    snapshot: rules.Snapshot
    customer: people.Match


def preview(new: NewSale) -> rules.Snapshot:
    """What a sale would earn if it were recorded now. Raises as :func:`record`; nothing is written."""
    permissions.demand(SALES_RECORD)
    rights.demand_technician(new.technician_id)
    basis = _basis(new)
    return calculate(_terms(new, basis), basis)


def record(new: NewSale) -> Recorded:
    """Record a sale.

    Raises NotFound for a technician, item or customer that does not exist, Invalid for values that make no sense,
    WhoIsThis when the buyer is to be asked about, Conflict when the day lies in a closed pay period.
    """
    permissions.demand(SALES_RECORD)
    rights.demand_technician(new.technician_id)
    basis = _basis(new)
    if basis.item.archived:
        raise errors.Invalid.one("item_id", f"{basis.item.name} is archived and no longer sold.")
    terms, today = _terms(new, basis), basis.calendar.today()
    payment_type, notes = _texts(new)
    payment_date = _payment(new, terms.sold_on, today)
    check_day("sold_on", "The day of the sale", terms.sold_on, today)
    check_day("completed_on", "The day of completion", new.completed_on, today)
    snapshot = calculate(terms, basis)
    match = people.match(new.buyer)
    sale = Sale(
        technician_id=terms.technician_id, item_id=terms.item_id, customer_id=match.customer_id,
        property_id=match.property_id, customer_name=match.name, sale_price_cents=terms.sale_price_cents,
        list_price_cents=terms.list_price_cents, sold_on=terms.sold_on, completed_on=new.completed_on,
        payment_type=payment_type, payment_status=new.payment_status, payment_date=payment_date,
        notes=people.with_given(notes, match), status="pending", source=new.source,
        recorded_by=context.principal().label,
    )  # fmt: skip
    store(sale, terms, snapshot, calendar=basis.calendar)
    people.index(sale)
    tallies.moved(None, tallies.counted(sale))
    journal.audit("sale.created", sale, commission=earned(snapshot), splits=shares_of(terms.splits))
    tell_new(sale, snapshot)
    return Recorded(sale, snapshot, match)


def store(
    sale: Sale,
    terms: Terms,
    snapshot: rules.Snapshot,
    *,
    late: bool = False,
    calendar: periods.Calendar | None = None,
) -> None:
    """Write a new sale with its shares, its frozen commission and its pending pay lines.

    Raises Conflict when its day lies in a closed pay period, unless `late` puts it into the next open one.
    """
    sale.snapshot = snapshot.as_json()
    sale.commission_cents, sale.override_cents = snapshot.total_cents, override_paid(snapshot)
    if calendar is not None and at_once(sale, terms.splits, snapshot, calendar):
        return
    posting.place(sale, late=late, calendar=calendar)
    add(sale)
    write_splits(sale, terms.splits)
    posting.record(sale, snapshot)


def write_splits(sale: Sale, splits: tuple[Share, ...]) -> None:
    """Add a sale's shares; flushed with what comes next."""
    db.session.add_all(
        SaleSplit(tenant_id=context.tenant_id(), sale_id=sale.id, technician_id=share.technician_id,
                  share_bps=share.share_bps, position=position)
        for position, share in enumerate(splits)
    )  # fmt: skip


def override_paid(snapshot: rules.Snapshot) -> int:
    """What the supervisors get on a sale, in cents; what goes to nobody is not in it."""
    return sum(line.amount_cents for line in snapshot.lines if line.role == "override")


def tell_new(sale: Sale, snapshot: rules.Snapshot) -> None:
    """Emit what follows from a newly recorded sale."""
    events.emit(told.CREATED, sale.id, told.payload(sale))
    tell_calculated(sale, snapshot)


def tell_calculated(sale: Sale, snapshot: rules.Snapshot) -> None:
    """Emit what a sale earns whom."""
    lines = [
        {
            "technician_id": line.technician_id,
            "role": line.role,
            "share_bps": line.share_bps,
            "amount_cents": line.amount_cents,
        }
        for line in snapshot.lines
    ]
    payload: dict[str, Any] = {
        "sale_id": sale.id,
        "rate": rules.describe_rate(snapshot.rule),
        "rate_level": snapshot.rule.level,
        "commission_cents": sale.commission_cents,
        "override_cents": sale.override_cents,
        "lines": lines,
    }
    events.emit(told.CALCULATED, sale.id, payload)


def earned(snapshot: rules.Snapshot) -> str:
    """For the audit log: the rate that was used, in words."""
    return f"{rules.describe_rate(snapshot.rule)} ({snapshot.rule.label})"


def shares_of(splits: tuple[Share, ...]) -> list[str]:
    """For the audit log: shares in words."""
    return [f"technician {s.technician_id}: {percent(s.share_bps)}" for s in splits]


def _basis(new: NewSale) -> figures.Basis:
    return figures.basis(new.technician_id, new.item_id, [share.technician_id for share in new.splits])


def _terms(new: NewSale, basis: figures.Basis) -> Terms:
    list_price = new.list_price_cents
    return Terms(
        technician_id=new.technician_id,
        item_id=new.item_id,
        sale_price_cents=new.sale_price_cents,
        list_price_cents=list_price if list_price is not None else basis.item.list_price_cents,
        sold_on=new.sold_on or basis.calendar.today(),
        splits=new.splits,
    )


def _texts(new: NewSale) -> tuple[str, str]:
    problems = clean.Problems()
    payment_type = problems.of("payment_type", clean.line, new.payment_type, MOST_PAYMENT_TYPE)
    notes = problems.of("notes", clean.lines, new.notes, MOST_NOTES)
    problems.done()
    return payment_type or "", notes or ""


def _payment(new: NewSale, sold_on: date, today: date) -> date | None:
    """The payment date that goes with the payment status. Raises Invalid or Forbidden."""
    if new.payment_status == "unpaid":
        if new.payment_date is not None:
            raise errors.Invalid.one("payment_date", "An unpaid sale has no payment date.")
        return None
    if new.payment_status not in ("partial", "paid"):
        raise errors.Invalid.one("payment_status", "A new sale is unpaid, partial or paid.")
    permissions.demand(SALES_PAYMENT)
    check_day("payment_date", "The payment date", new.payment_date, today)
    return new.payment_date or sold_on
