"""Approving and rejecting sales, one or many; sending a rejected one in again."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from webapp.kit import clean, clock, context, errors, events, ids, journal, permissions, timeline
from webapp.kit.db import db
from webapp.models import Sale
from webapp.sales import events as told
from webapp.sales import rights, rules
from webapp.sales.pay import posting
from webapp.sales.permissions import SALES_APPROVE, SALES_CORRECT
from webapp.sales.service import tallies

MOST_AT_ONCE = 500
MOST_REASON = 500


@dataclass(slots=True)
class Decided:
    """What became of several sales: those done, and why each other one was not."""

    done: list[int] = field(default_factory=list)
    refused: dict[int, str] = field(default_factory=dict)
    numbers: dict[int, int] = field(default_factory=dict)  # what people call them
    batch: str = ""  # for the undo of several


def approve(sale_id: int) -> Sale:
    """Approve a pending sale: its commission counts. Raises Conflict when it is not pending (any more)."""
    permissions.demand(SALES_APPROVE)
    sale = rights.get(sale_id, lock=True)
    _approve(sale)
    return sale


def reject(sale_id: int, reason: str) -> Sale:
    """Turn a pending sale down, with a reason for the technician. Raises Invalid without one, Conflict as above."""
    permissions.demand(SALES_APPROVE)
    why = reason_of(reason)
    sale = rights.get(sale_id, lock=True)
    _reject(sale, why)
    return sale


def approve_many(sale_ids: Sequence[int]) -> Decided:
    """Approve several sales; those that cannot be are left as they are and named. Raises NotFound for unknown ones."""
    permissions.demand(SALES_APPROVE)
    batch = ids.prefixed("batch")
    result = _each(sale_ids, lambda sale: _approve(sale, batch=batch))
    result.batch = batch
    return result


def unapprove(sale_id: int) -> Sale:
    """Take an approval of the last day back: the sale is pending again.

    Raises Conflict when it is not approved (any more), was approved longer ago, or a closed pay period holds it.
    """
    permissions.demand(SALES_APPROVE)
    sale = rights.get(sale_id, lock=True)
    _unapprove(sale)
    return sale


def unapprove_batch(batch: str) -> Decided:
    """Take back what :func:`approve_many` approved together; what cannot be is left as it is and named."""
    permissions.demand(SALES_APPROVE)
    found = [row.record_id for row in timeline.batch(batch, (told.APPROVED.name,))]
    if not found:
        raise errors.Conflict("This cannot be undone any more.")
    return _each(found, _unapprove)


def reject_many(sale_ids: Sequence[int], reason: str) -> Decided:
    """As :func:`approve_many`, turning them down for one reason."""
    permissions.demand(SALES_APPROVE)
    why = reason_of(reason)
    return _each(sale_ids, lambda sale: _reject(sale, why))


def resubmit(sale_id: int) -> Sale:
    """Send a rejected sale in again as it is; it is pending then. Raises Conflict when it is not rejected."""
    permissions.demand(SALES_CORRECT)
    sale = rights.get_own(sale_id)
    _demand_move(sale, "pending")
    before, was = journal.snapshot(sale), tallies.counted(sale)
    back_to_pending(sale)
    posting.resubmit(sale)
    tallies.moved(was, tallies.counted(sale))
    journal.audit("sale.resubmitted", sale, before=before)
    events.emit(told.UPDATED, sale.id, told.payload(sale))
    return sale


def back_to_pending(sale: Sale) -> None:
    """Forget a rejection."""
    sale.status, sale.rejected_at, sale.rejected_by, sale.rejected_reason = "pending", None, None, ""


def reason_of(text: str, field_name: str = "reason") -> str:
    """A reason as typed, tidied. Raises Invalid when there is none or it is too long."""
    problems = clean.Problems()
    found = problems.of(field_name, clean.line, text, MOST_REASON) or ""
    problems.done()
    if not found:
        raise errors.Invalid.one(field_name, "Give a reason; the technician and the record will show it.")
    return found


def _each(sale_ids: Sequence[int], act: Callable[[Sale], None]) -> Decided:
    wanted = list(dict.fromkeys(sale_ids))
    if not wanted:
        raise errors.Invalid.one("ids", "Choose at least one sale.")
    if len(wanted) > MOST_AT_ONCE:
        raise errors.Invalid.one("ids", f"At most {MOST_AT_ONCE} sales can be decided at once.")
    found = {sale.id: sale for sale in _locked(wanted)}
    for sale_id in wanted:
        if sale_id not in found:
            raise errors.NotFound(f"No sale has the number {sale_id}.")
    result = Decided(numbers={sale.id: sale.number for sale in found.values()})
    for sale_id in wanted:
        try:
            act(found[sale_id])
        except errors.Conflict as refusal:
            result.refused[sale_id] = refusal.message
        else:
            result.done.append(sale_id)
    return result


def _locked(sale_ids: Sequence[int]) -> Sequence[Sale]:
    # always in the order of their ids, so that two people's choices cannot wait for each other
    return db.session.scalars(
        select(Sale)
        .where(Sale.tenant_id == context.tenant_id(), Sale.id.in_([i for i in sale_ids if 0 < i < 2**63]))
        .order_by(Sale.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def _demand_move(sale: Sale, to: rules.SaleStatus) -> None:
    current: rules.SaleStatus = sale.status  # type: ignore[assignment]  # the table's check allows just these
    decision = rules.may_move(current, to, voided=sale.voided_at is not None)
    if not decision.allowed:
        details = {"status": sale.status, "allowed": list(decision.allowed_moves)}
        raise errors.Conflict(decision.sentence, details=details)


def _approve(sale: Sale, **facts: Any) -> None:
    _demand_move(sale, "approved")
    before, was = journal.snapshot(sale), tallies.counted(sale)
    sale.status, sale.approved_at, sale.approved_by = "approved", clock.now(), _user()
    posting.approve(sale)
    tallies.moved(was, tallies.counted(sale))
    journal.audit("sale.approved", sale, before=before, **facts)
    events.emit(told.APPROVED, sale.id, told.payload(sale))


def _unapprove(sale: Sale) -> None:
    decision = rules.may_unapprove(
        sale.status,  # type: ignore[arg-type]  # the table's check allows just these
        voided=sale.voided_at is not None,
        age=clock.now() - sale.approved_at if sale.approved_at else timedelta.max,
        period_closed=posting.is_closed(sale),
    )
    if not decision.allowed:
        raise errors.Conflict(decision.sentence)
    before, was = journal.snapshot(sale), tallies.counted(sale)
    sale.status, sale.approved_at, sale.approved_by = "pending", None, None
    posting.settle(sale)
    tallies.moved(was, tallies.counted(sale))
    journal.audit("sale.approval-undone", sale, before=before)
    events.emit(told.UPDATED, sale.id, told.payload(sale))


def _reject(sale: Sale, why: str) -> None:
    _demand_move(sale, "rejected")
    before, was = journal.snapshot(sale), tallies.counted(sale)
    sale.status, sale.rejected_at, sale.rejected_by, sale.rejected_reason = (
        "rejected",
        clock.now(),
        _user(),
        why,
    )
    posting.reject(sale)
    tallies.moved(was, tallies.counted(sale))
    journal.audit("sale.rejected", sale, before=before, reason=why)
    events.emit(told.REJECTED, sale.id, told.payload(sale, reason=why))


def _user() -> int | None:
    who = context.principal()
    return who.id if who.kind == "user" else None
