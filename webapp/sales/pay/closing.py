"""Approving, closing and reopening pay periods."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Row, Select, delete, exists, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import aliased

from webapp.accounts import queries as accounts
from webapp.kit import clock, context, errors, events, journal
from webapp.kit.db import db, get
from webapp.kit.permissions import demand
from webapp.models import PayLine, PayPeriod, PayStatement, Sale, User
from webapp.sales.pay import events as pay_events
from webapp.sales.pay import guarantees, periods, posting, totals
from webapp.sales.pay.permissions import PAYROLL_APPROVE, PAYROLL_CLOSE

_LOCK_NOT_AVAILABLE = "55P03"
_TRIES, _PAUSE = 40, 0.05  # together two seconds: longer than any request holds a sale


def approve(period_id: int) -> PayPeriod:
    """Say that a period may be closed. Where the company asks for a second person, that one closes it."""
    demand(PAYROLL_APPROVE)
    period = get(PayPeriod, period_id, lock=True)
    _refuse_closed(period)
    if period.approved_at is not None:
        by = approver(period)
        raise errors.Conflict(f"{periods.short(period)} is approved already{' by ' + by if by else ''}.")
    who = context.principal()
    if accounts.organization().second_person and who.kind != "user":
        raise errors.Conflict("Your company asks for a second person here, so an API key cannot approve.")
    before = journal.snapshot(period)
    period.approved_by = who.id if who.kind == "user" else None
    period.approved_at = clock.now()
    journal.audit("pay_period.approved", period, before=before)
    events.emit(pay_events.APPROVED, period.id, pay_events.payload(period, approved_by=who.name))
    return period


def withdraw_approval(period_id: int) -> PayPeriod:
    """Take an approval back while the period is open."""
    demand(PAYROLL_APPROVE)
    period = get(PayPeriod, period_id, lock=True)
    _refuse_closed(period)
    if period.approved_at is None:
        raise errors.Conflict(f"{periods.short(period)} is not approved.")
    before = journal.snapshot(period)
    period.approved_by = period.approved_at = None
    journal.audit("pay_period.approval_withdrawn", period, before=before)
    return period


def approver(period: PayPeriod) -> str:
    """The name of who approved a period, empty for an API key."""
    found = db.session.get(User, (context.tenant_id(), period.approved_by)) if period.approved_by else None
    return found.name if found else ""


def following_label(period: PayPeriod) -> str:
    """The period that takes what is still pending when this one closes, in words."""
    return periods.short(periods.next_open(period.end_date))


def _refuse_closed(period: PayPeriod) -> None:
    if period.status == "closed":
        by = f" by {period.closed_by_name}" if period.closed_by_name else ""
        raise errors.Conflict(f"{periods.short(period)} was closed{by} already.")


def why_not_close(period: PayPeriod) -> str:
    """Why the present person may not close an open period now; empty when they may."""
    if period.start_date > periods.today():
        return f"{periods.short(period)} has not begun yet."
    if not accounts.organization().second_person:
        return ""
    who = context.principal()
    if period.approved_at is None or period.approved_by is None:
        return (
            "Your company asks for a second person: someone else must approve this period before you close."
        )
    if who.kind != "user":
        return "Your company asks for a second person here, so an API key cannot close the period."
    if who.id == period.approved_by:
        return (
            "You approved this period, so someone else must close it: your company asks for a second person."
        )
    return ""


# Closing ----------------------------------------------------------------------------------------------------


def close(period_id: int) -> PayPeriod:
    """Close a period: resolve guarantees, freeze what is posted, move on what is pending, write statements.

    Raises Conflict when it is closed, has not begun, or waits for a second person; and where sales in it are
    being changed for longer than two seconds.
    """
    demand(PAYROLL_CLOSE)
    period = _lock_whole(period_id, "open", lambda found: [_pending_sales(found.id)])
    _refuse_closed(period)
    refusal = why_not_close(period)
    if refusal:
        raise errors.Conflict(refusal)
    following = periods.next_open(period.end_date)
    before = journal.snapshot(period)
    _resolve_guarantees(period)
    sales, manual, moved_cents = _move_pending(period, following)
    _freeze_lines(period)
    technicians, lines, cents = totals.freeze(period)
    who = context.principal()
    period.status, period.closed_at = "closed", clock.now()
    period.closed_by = who.id if who.kind == "user" else None
    period.closed_by_name = who.name
    period.total_cents, period.line_count = cents, lines
    journal.audit(
        "pay_period.closed",
        period,
        before=before,
        technicians=technicians,
        moved_to=periods.label(following),
        moved_sales=sales,
        moved_manual_lines=manual,
        moved_cents=moved_cents,
    )
    events.emit(
        pay_events.CLOSED,
        period.id,
        pay_events.payload(
            period,
            total_cents=cents,
            lines=lines,
            technicians=technicians,
            closed_by=who.name,
            moved_sales=len(sales),
            moved_manual_lines=manual,
        ),
    )
    db.session.flush()
    return period


def _lock_whole(
    period_id: int, status: str, sales: Callable[[PayPeriod], Sequence[Select[Sale]]]
) -> PayPeriod:
    """Lock a period and, if it has this status, some sales, waiting for who changes them but never while holding it.

    They lock the sale first and the period after: waiting with the period in hand would be for ever.
    """
    for _ in range(_TRIES):
        inner = db.session.begin_nested()
        try:
            period = get(PayPeriod, period_id, lock=True)
            for wanted in sales(period) if period.status == status else ():
                db.session.execute(wanted.with_only_columns(Sale.id).with_for_update(nowait=True))
            inner.commit()
        except OperationalError as problem:
            inner.rollback()  # lets go of the period as well
            if getattr(problem.orig, "sqlstate", "") != _LOCK_NOT_AVAILABLE:
                raise
            time.sleep(_PAUSE)
        else:
            return period
    raise errors.Conflict("Sales in this pay period are being changed right now. Try again in a moment.")


def _pending_sales(period_id: int) -> Select[Sale]:
    return select(Sale).where(
        Sale.tenant_id == context.tenant_id(),
        Sale.pay_period_id == period_id,
        Sale.status == "pending",
        Sale.voided_at.is_(None),
    )


def _resolve_guarantees(period: PayPeriod) -> None:
    found = select(PayLine.technician_id).where(
        PayLine.tenant_id == context.tenant_id(),
        PayLine.pay_period_id == period.id,
        PayLine.state == "posted",
        PayLine.kind == "guarantee",
    )
    guarantees.refresh((period.id, technician) for technician in set(db.session.scalars(found)))


def _move_pending(period: PayPeriod, following: PayPeriod) -> tuple[list[int], int, int]:
    """Move what is still pending to the next open period: ids of sales, manual lines, cents in all."""
    note, now = f"Moved from {periods.short(period)}: still pending when it closed", clock.now()
    sales = _changed(
        update(Sale)
        .where(
            Sale.tenant_id == context.tenant_id(),
            Sale.pay_period_id == period.id,
            Sale.status == "pending",
            Sale.voided_at.is_(None),
        )
        .values(pay_period_id=following.id, period_note=note, updated_at=now)
        .returning(Sale.id)
    )
    lines = _changed(
        update(PayLine)
        .where(
            PayLine.tenant_id == context.tenant_id(),
            PayLine.pay_period_id == period.id,
            PayLine.state == "pending",
        )
        .values(pay_period_id=following.id, moved_from_id=period.id, note=note, updated_at=now)
        .returning(PayLine.sale_id, PayLine.amount_cents)
    )
    manual = sum(1 for line in lines if line.sale_id is None)
    return sorted(row.id for row in sales), manual, sum(line.amount_cents for line in lines)


def _changed(statement: Any) -> Sequence[Row[Any]]:
    db.session.flush()
    # the session's copies would go stale, and thousands of them need not be loaded
    found = db.session.execute(statement, execution_options={"synchronize_session": False}).all()
    db.session.expire_all()
    return found


def _freeze_lines(period: PayPeriod) -> None:
    db.session.execute(
        update(PayLine)
        .where(
            PayLine.tenant_id == context.tenant_id(),
            PayLine.pay_period_id == period.id,
            PayLine.state == "posted",
        )
        .values(frozen=True, updated_at=clock.now()),
        execution_options={"synchronize_session": False},
    )
    db.session.expire_all()


# Reopening --------------------------------------------------------------------------------------------------


def reopen(period_id: int, reason: str) -> PayPeriod:
    """Open the latest closed period again: its statements are removed, its lines can change.

    What had moved on from it and is still open comes back. Raises Invalid without a reason, Conflict when it
    is open or a later one is closed.
    """
    demand(PAYROLL_CLOSE)
    reason = reason.strip()
    if not reason:
        raise errors.Invalid.one("reason", "Say why the period is opened again.")
    period = _lock_whole(period_id, "closed", lambda found: [_moved_on(found), _settled_elsewhere(found)])
    refusal = why_not_reopen(period)
    if refusal:
        raise errors.Conflict(refusal)
    before = journal.snapshot(period)
    removed_cents = period.total_cents
    period.status, period.reopened_at, period.reopen_reason = "open", clock.now(), reason[:500]
    period.approved_by = period.approved_at = period.closed_by = period.closed_at = None
    period.closed_by_name, period.total_cents, period.line_count = "", None, None
    db.session.execute(
        delete(PayStatement).where(
            PayStatement.tenant_id == context.tenant_id(), PayStatement.pay_period_id == period.id
        ),
        execution_options={"synchronize_session": False},
    )
    _changed(
        update(PayLine)
        .where(PayLine.tenant_id == context.tenant_id(), PayLine.pay_period_id == period.id, PayLine.frozen)
        .values(frozen=False, updated_at=clock.now())
        .returning(PayLine.id)
    )
    _bring_back(period)
    journal.audit("pay_period.reopened", period, before=before, reason=reason)
    events.emit(
        pay_events.REOPENED, period.id, pay_events.payload(period, reason=reason, total_cents=removed_cents)
    )
    db.session.flush()
    return period


def why_not_reopen(period: PayPeriod) -> str:
    """Why a period cannot be opened again; empty when it can."""
    if period.status != "closed":
        return f"{periods.short(period)} is open."
    later = db.session.scalar(
        select(PayPeriod)
        .where(
            PayPeriod.tenant_id == context.tenant_id(),
            PayPeriod.status == "closed",
            PayPeriod.start_date > period.end_date,
        )
        .order_by(PayPeriod.start_date.desc())
        .limit(1)
    )
    if later is None:
        return ""
    return f"Only the latest closed period can be opened again, which is {periods.short(later)}."


def _bring_back(period: PayPeriod) -> None:
    """Undo what the close passed on to later periods, as far as it has not been paid there."""
    mine = (PayLine.tenant_id == context.tenant_id(), PayLine.moved_from_id == period.id)
    _changed(
        update(Sale)
        .where(*_still_pending(period))
        .values(pay_period_id=period.id, period_note="", updated_at=clock.now())
        .returning(Sale.id)
    )
    _changed(
        update(PayLine)
        .where(*mine, PayLine.state == "pending")
        .values(pay_period_id=period.id, moved_from_id=None, note="", updated_at=clock.now())
        .returning(PayLine.id)
    )
    for sale in db.session.scalars(_settled_elsewhere(period)).all():
        posting.settle(sale)


def _still_pending(period: PayPeriod) -> tuple[Any, ...]:
    """The condition of sales that moved on from a period and still wait."""
    moved = select(PayLine.sale_id).where(
        PayLine.tenant_id == context.tenant_id(),
        PayLine.moved_from_id == period.id,
        PayLine.state == "pending",
    )
    return (
        Sale.tenant_id == context.tenant_id(),
        Sale.status == "pending",
        Sale.voided_at.is_(None),
        Sale.id.in_(moved),
    )


def _moved_on(period: PayPeriod) -> Select[Sale]:
    return select(Sale).where(*_still_pending(period)).order_by(Sale.id)


def _settled_elsewhere(period: PayPeriod) -> Select[Sale]:
    """Sales with lines in this period whose reverse, or lines of it that came late, are in an open one."""
    later, here = aliased(PayLine), aliased(PayLine)
    own = exists().where(
        here.tenant_id == later.tenant_id, here.sale_id == later.sale_id, here.pay_period_id == period.id
    )
    loose = select(later.sale_id).where(
        later.tenant_id == context.tenant_id(),
        later.kind == "adjustment",
        later.state == "posted",
        later.frozen.is_(False),
        later.pay_period_id != period.id,
        later.sale_id.is_not(None),
        or_(later.moved_from_id == period.id, own),
    )
    return (
        select(Sale)
        .where(Sale.tenant_id == context.tenant_id(), Sale.id.in_(loose))
        .order_by(Sale.id)
        .with_for_update()
    )
