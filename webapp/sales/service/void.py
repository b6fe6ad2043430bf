"""Voiding a sale, and undoing that."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from webapp.kit import clock, context, errors, events, journal, permissions
from webapp.kit.db import db
from webapp.models import Sale
from webapp.sales import events as told
from webapp.sales import rights, rules
from webapp.sales.pay import posting
from webapp.sales.permissions import SALES_VOID
from webapp.sales.service import tallies
from webapp.sales.service.decide import reason_of


@dataclass(frozen=True, slots=True)
class Voided:
    """A voided sale, what follows in words, and where its commission was taken back (see `posting.void`)."""

    sale: Sale
    sentence: str
    posted: dict[str, Any]


def void(sale_id: int, reason: str) -> Voided:
    """Void a sale, also a paid one. Raises Conflict when it is voided already, Invalid without a reason."""
    permissions.demand(SALES_VOID)
    why = reason_of(reason)
    return take_back(rights.get(sale_id, lock=True), why)


def take_back(sale: Sale, why: str, *, refund: bool = True) -> Voided:
    """Void a locked sale. `refund` False: what the customer paid stays, on the sale that replaces this one."""
    status: rules.SaleStatus = sale.status  # type: ignore[assignment]  # the table's check allows just these
    payment: rules.PaymentStatus = sale.payment_status  # type: ignore[assignment]  # as above
    voided = sale.voided_at is not None
    closed = not voided and status == "approved" and posting.is_closed(sale)
    decision = rules.may_void(status, payment, voided=voided, period_closed=closed)
    if not decision.allowed:
        raise errors.Conflict(decision.sentence)
    before, was = journal.snapshot(sale), tallies.counted(sale)
    who = context.principal()
    sale.voided_at, sale.void_reason = clock.now(), why
    sale.voided_by = who.id if who.kind == "user" else None
    sale.refund_due = refund and decision.refund_due
    posted = posting.void(sale)
    tallies.moved(was, tallies.counted(sale))
    journal.audit("sale.voided", sale, before=before, reason=why, **posted)
    events.emit(told.VOIDED, sale.id, told.payload(sale, reason=why, refund_due=sale.refund_due, **posted))
    return Voided(sale, decision.sentence, posted)


def unvoid(sale_id: int) -> Sale:
    """Undo a void. Raises Conflict when it is not voided, replaced by a sale, or a pay period closed since."""
    permissions.demand(SALES_VOID)
    sale = rights.get(sale_id, lock=True)
    replacement = None if sale.voided_at is None else replaced_by(sale.id)
    if replacement is not None:
        raise errors.Conflict(
            f"Sale {replacement.number} replaces this one. Void that one first, or correct it.",
            details={"replaced_by_id": replacement.id},
        )
    before, was = journal.snapshot(sale), tallies.counted(sale)
    posting.unvoid(sale)
    sale.voided_by, sale.void_reason, sale.refund_due = None, "", False
    db.session.flush()
    tallies.moved(was, tallies.counted(sale))
    journal.audit("sale.unvoided", sale, before=before)
    events.emit(told.UNVOIDED, sale.id, told.payload(sale))
    return sale


def replaced_by(sale_id: int) -> Sale | None:
    """The sale that corrects a voided one, unless it is voided itself."""
    return db.session.scalar(
        select(Sale).where(
            Sale.tenant_id == context.tenant_id(), Sale.replaces_id == sale_id, Sale.voided_at.is_(None)
        )
    )
