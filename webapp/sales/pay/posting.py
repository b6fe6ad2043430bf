"""A sale's lines in the pay periods. The sales service calls this after changing a sale, in one transaction.

    place(sale)                 # before the sale is added: its period, by the date that the plan names
    db.add(sale)
    record(sale, snapshot)      # its pending lines

Then approve, reject, resubmit, void, unvoid, dates_changed, each with the sale locked and once its own fields
say so. All bring the lines to what the sale now says: lines in open periods are changed in place; what
a closed one holds stays, and the difference is posted in the next open one.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from webapp.kit import clock, context, errors
from webapp.kit.db import db
from webapp.models import PayLine, PayPeriod, Sale
from webapp.sales import rules
from webapp.sales.pay import guarantees, guard, periods

guard.install()
KIND_OF_ROLE = {"seller": "commission", "split": "commission", "override": "override"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sale's lines belong. `late`: the period of its date is closed, this is the next open one."""

    period: PayPeriod | None  # None: the plan's date has not come
    late: str = ""  # in words: For Oct 1–15, which was closed
    own_id: int | None = None  # that closed period


def plan_day(sale: Sale, calendar: periods.Calendar | None = None) -> date | None:
    """The day that decides which period a sale is paid in; None while it has not come."""
    calendar = calendar or periods.calendar()
    zone = ZoneInfo(calendar.time_zone)
    approved = sale.approved_at.astimezone(zone).date() if sale.approved_at else None
    paid = sale.payment_date if sale.payment_status in ("paid", "refunded") else None
    dates = rules.SaleDates(sale.sold_on, approved, sale.completed_on, paid)
    return rules.plan_date(calendar.basis, dates)  # type: ignore[arg-type]  # the table's check allows just these


def place(sale: Sale, *, late: bool = False, calendar: periods.Calendar | None = None) -> PayPeriod | None:
    """Put a sale into the period of its plan's date; None while that date has not come.

    A closed one is refused with Conflict, or passed over to the next open one where `late` is allowed. `calendar` is
    the organization's where the caller has it already.
    """
    found = _place(sale, late=late, calendar=calendar)
    sale.pay_period_id = found.period.id if found.period else None
    sale.period_note = found.late
    return found.period


def _place(sale: Sale, *, late: bool, calendar: periods.Calendar | None = None) -> Place:
    day = plan_day(sale, calendar)
    if day is None:
        return Place(None)
    own = periods.covering(day)
    if own.status == "open":
        return Place(own)
    if not late:
        raise errors.Conflict(
            f"{day:%b} {day.day} is in the pay period {periods.label(own)}, which is closed. Use a date "
            f"after {own.end_date:%b} {own.end_date.day}, or have the period reopened.",
            details={"pay_period_id": own.id},
        )
    return Place(periods.next_open(own.end_date), f"For {periods.short(own)}, which was closed", own.id)


def record(sale: Sale, snapshot: rules.Snapshot, *, moved_from: int | None = None) -> None:
    """Write the pending lines of a new sale, which :func:`place` has put into its period."""
    now = clock.now()
    db.session.add_all(
        PayLine(
            tenant_id=context.tenant_id(),
            pay_period_id=sale.pay_period_id,
            technician_id=line.technician_id,
            kind=KIND_OF_ROLE[line.role],
            state="pending",
            amount_cents=line.amount_cents,
            sale_id=sale.id,
            role=line.role,
            share_bps=line.share_bps,
            description=snapshot.item_name,
            note=sale.period_note,
            moved_from_id=moved_from,
            created_at=now,
            updated_at=now,
        )
        for line in snapshot.lines
    )
    db.session.flush()


def rewrite(sale: Sale, snapshot: rules.Snapshot) -> None:
    """Replace a sale's lines after it was corrected. Raises Conflict once a closed period holds any."""
    held = _lines(sale)
    _hold_open(held)
    if any(line.frozen for line in held):
        raise errors.Conflict("This sale's commission is in a closed pay period. Void it and record it anew.")
    note, moved_from = sale.period_note, next((n.moved_from_id for n in held if n.moved_from_id), None)
    for line in held:
        db.session.delete(line)
    db.session.flush()
    place(sale, late=note != "")
    sale.period_note = _note(note, sale.period_note)
    record(sale, snapshot, moved_from=moved_from)
    if sale.status != "pending":
        settle(sale)


def approve(sale: Sale) -> None:
    """Let a sale's lines count: in its period, or as adjustments in the next open one if that is closed."""
    settle(sale)


def reject(sale: Sale) -> None:
    """Void the lines of a sale that was turned down."""
    settle(sale)


def resubmit(sale: Sale) -> None:
    """Bring back the pending lines of a rejected sale that was sent in again."""
    settle(sale)


def dates_changed(sale: Sale) -> None:
    """Follow a change of the sale's dates or payment: its lines move, come to count, or are taken back."""
    settle(sale)


def is_closed(sale: Sale) -> bool:
    """Whether a closed period holds any of a sale's lines, so that only its reverse can still be posted."""
    return any(line.frozen for line in _lines(sale))


def void(sale: Sale) -> dict[str, Any]:
    """Take back a voided sale's lines: open periods' are voided, closed ones' reversed in the next open one.

    Answers `{"reversed": …, "reversed_cents": …, "pay_period_id": …, "pay_period": "Nov 16–30"}`; the last
    two are of the period that holds the reverse, else None and "".
    """
    before = {line.id for line in _lines(sale) if line.reverses_id and line.state == "posted"}
    settle(sale)
    back = [
        n
        for n in _lines(sale)
        if n.reverses_id and n.state == "posted" and not n.frozen and n.id not in before
    ]
    where = db.session.get(PayPeriod, (context.tenant_id(), back[0].pay_period_id)) if back else None
    return {
        "reversed": bool(back),
        "reversed_cents": sum(line.amount_cents for line in back),
        "pay_period_id": where.id if where else None,
        "pay_period": periods.short(where) if where else "",
    }


def unvoid(sale: Sale) -> None:
    """Undo a void and clear `voided_at`. Raises Conflict when a pay period was closed after the void."""
    decision = rules.may_unvoid(voided=sale.voided_at is not None, closed_since=closed_since(sale))
    if not decision.allowed:
        raise errors.Conflict(decision.sentence)
    sale.voided_at = None
    settle(sale)


def closed_since(sale: Sale) -> bool:
    """Whether a pay period was closed after a sale was voided."""
    if sale.voided_at is None:
        return False
    found = select(PayPeriod.id).where(
        PayPeriod.tenant_id == context.tenant_id(),
        PayPeriod.status == "closed",
        PayPeriod.closed_at > sale.voided_at,
    )
    return db.session.scalar(found.limit(1)) is not None


# Bringing the lines to what the sale says -----------------------------------------------------------------


def _lines(sale: Sale) -> list[PayLine]:
    db.session.flush()
    found = select(PayLine).where(PayLine.tenant_id == context.tenant_id(), PayLine.sale_id == sale.id)
    return list(db.session.scalars(found.order_by(PayLine.id)))


def _state(sale: Sale) -> str:
    if sale.voided_at is not None or sale.status == "rejected":
        return "void"
    return "posted" if sale.status == "approved" else "pending"


def settle(sale: Sale) -> None:
    """Make the lines say what the sale says, whatever they said before."""
    held = _lines(sale)
    _hold_open(held)
    touched = {(line.pay_period_id, line.technician_id) for line in held}
    state = _state(sale)
    if state == "posted" and plan_day(sale) is None:
        state = "pending"  # the plan's date has not come: it counts nothing yet
    is_free = not any(line.frozen for line in held)
    where = _place(sale, late=True) if is_free and state != "void" else Place(None)
    by_part: dict[tuple[int, str], list[PayLine]] = {}
    for line in held:
        by_part.setdefault((line.technician_id, line.role), []).append(line)
    settled = [_settle_one(lines, state, where) for lines in by_part.values()]
    if is_free and state != "void":
        sale.pay_period_id = where.period.id if where.period else None
        sale.period_note = _note(sale.period_note, where.late)
    db.session.flush()
    touched |= {(line.pay_period_id, line.technician_id) for line in settled if line is not None}
    guarantees.refresh((p, t) for p, t in touched if p is not None)


def _note(before: str, late: str) -> str:
    # “Moved from …” says more than “For …, which was closed”, and is as true
    return before if late and before.startswith("Moved from") else late


def _hold_open(held: list[PayLine]) -> None:
    """Keep the periods of lines about to change from closing meanwhile; read the lines anew."""
    known: set[int] = set()
    while wanted := {n.pay_period_id for n in held if n.pay_period_id is not None} - known:
        known |= wanted
        db.session.execute(
            select(PayPeriod.id)
            .where(PayPeriod.tenant_id == context.tenant_id(), PayPeriod.id.in_(wanted))
            .order_by(PayPeriod.start_date)
            .with_for_update(read=True)
        )
        # a close that was under way has frozen them meanwhile, or moved them into another period
        db.session.scalars(
            select(PayLine)
            .where(PayLine.tenant_id == context.tenant_id(), PayLine.id.in_([line.id for line in held]))
            .execution_options(populate_existing=True)
        ).all()


def _settle_one(lines: list[PayLine], state: str, where: Place) -> PayLine | None:
    """One person's part in the sale: its first line, and what follows once that is frozen."""
    base = lines[0]
    if not base.frozen:
        base.state = state
        if state != "void":
            base.pay_period_id = where.period.id if where.period else None
            base.note = _note(base.note, where.late)
            base.moved_from_id = where.own_id
            late = bool(where.late) and state == "posted"
            base.kind = "adjustment" if late else KIND_OF_ROLE[base.role]
        _void([line for line in lines[1:] if not line.frozen])
        return base
    frozen = [line for line in lines if line.frozen]
    counted = sum(-1 if line.reverses_id else 1 for line in frozen)
    loose = [line for line in lines if not line.frozen]
    wanted = 1 if state == "posted" else 0
    if wanted == counted:
        _void(loose)
        return None
    _void(loose[1:])
    return _follow_up(base, frozen[-1], next(iter(loose), None), reverse=wanted < counted)


def _void(lines: list[PayLine]) -> None:
    for line in lines:
        line.state = "void"


def _follow_up(base: PayLine, last: PayLine, open_line: PayLine | None, *, reverse: bool) -> PayLine:
    """The line in the next open period that takes back, or gives again, what a closed one holds."""
    closed = db.session.get_one(PayPeriod, (context.tenant_id(), last.pay_period_id))
    after = periods.next_open(closed.end_date)
    line = open_line or PayLine(
        tenant_id=context.tenant_id(),
        technician_id=base.technician_id,
        kind="adjustment",
        sale_id=base.sale_id,
        role=base.role,
        share_bps=base.share_bps,
        description=base.description,
    )
    line.pay_period_id, line.state = after.id, "posted"
    line.amount_cents = -base.amount_cents if reverse else base.amount_cents
    line.reverses_id = last.id if reverse else None
    line.moved_from_id = closed.id
    own = f"{periods.short(closed)}, which was closed"
    line.note = (
        f"Takes back what was paid in {own}" if reverse else f"Pays again what was taken back in {own}"
    )
    db.session.add(line)
    return line
