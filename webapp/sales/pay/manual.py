"""Amounts added by hand: bonuses, draws and what is kept back for them, guarantees, deductions.

They wait until someone approves them, and count from then on. None can be on a closed period.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from webapp.accounts import queries as accounts
from webapp.kit import clock, context, errors, journal, money
from webapp.kit.db import add as insert
from webapp.kit.db import db, get
from webapp.kit.permissions import demand, may
from webapp.models import PayLine, PayPeriod, Technician
from webapp.sales.pay import guarantees, periods
from webapp.sales.pay.permissions import PAYROLL_APPROVE, PAYROLL_MANUAL

KINDS: Final[Mapping[str, str]] = {
    "bonus": "Bonus",
    "draw": "Draw",
    "draw_recovery": "Draw kept back",
    "guarantee": "Guarantee",
    "deduction": "Deduction",
}
"""Each kind and its name on statements."""
SIGNS: Final[Mapping[str, int]] = {
    "bonus": 1,
    "draw": 1,
    "draw_recovery": -1,
    "guarantee": 1,
    "deduction": -1,
}
MOST_CENTS: Final = 100_000_000  # a million dollars: above it somebody's finger slipped
REASON_LENGTH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An amount to add. `amount_cents` is above zero for every kind; of a guarantee, what it tops up to."""

    technician_id: int
    kind: str
    amount_cents: int
    reason: str


def add(period_id: int, draft: Draft) -> PayLine:
    """Add an amount to an open period; it waits for approval. Raises Invalid, Conflict or NotFound."""
    demand(PAYROLL_MANUAL)
    _check(draft)
    period = _open_period(period_id)
    technician = get(Technician, draft.technician_id)
    _check_draw(draft.kind, draft.amount_cents, technician)
    who = context.principal()
    line = PayLine(
        pay_period_id=period.id,
        technician_id=technician.id,
        state="pending",
        description=KINDS[draft.kind],
        requested_by=who.id if who.kind == "user" else None,
    )
    _write(line, draft)
    insert(line)
    journal.audit("pay_line.added", line, period=periods.label(period), technician=technician.name)
    return line


def edit(line_id: int, draft: Draft) -> PayLine:
    """Change an amount that is still pending. Its technician stays."""
    demand(PAYROLL_MANUAL)
    _check(draft)
    line = _lock(line_id)
    _refuse_unless(line, "pending")
    _check_draw(draft.kind, draft.amount_cents, get(Technician, line.technician_id))
    before = journal.snapshot(line)
    _write(line, draft)
    line.description = KINDS[draft.kind]
    db.session.flush()
    journal.audit("pay_line.changed", line, before=before)
    return line


def approve(line_id: int) -> PayLine:
    """Let a pending amount count. Where the company asks for a second person, not by who added it."""
    demand(PAYROLL_APPROVE)
    line = _lock(line_id)
    _refuse_unless(line, "pending")
    who = context.principal()
    if accounts.organization().second_person and who.kind == "user" and who.id == line.requested_by:
        raise errors.Conflict("You added this amount, so someone else must approve it.")
    # one draw after the other: two approvals at once could keep back more than was drawn
    technician = get(Technician, line.technician_id, lock=True)
    _check_draw(line.kind, abs(line.amount_cents), technician)
    return _decide(line, "posted", "pay_line.approved")


def reject(line_id: int, reason: str = "") -> PayLine:
    """Turn an amount down, or take an approved one out again while its period is open.

    Raises Conflict for a draw that was kept back meanwhile.
    """
    demand(PAYROLL_APPROVE)
    line = _lock(line_id)
    _refuse_unless(line, "pending", "posted")
    if line.kind == "draw" and line.state == "posted":
        _check_kept_back(line.amount_cents, get(Technician, line.technician_id, lock=True))
    return _decide(line, "void", "pay_line.rejected", reason.strip()[:REASON_LENGTH])


def withdraw(line_id: int) -> PayLine:
    """Take back an amount that nobody has decided on yet."""
    demand(PAYROLL_MANUAL)
    line = _lock(line_id)
    _refuse_unless(line, "pending")
    return _decide(line, "void", "pay_line.withdrawn")


def draw_balances(technician_ids: list[int] | None = None) -> dict[int, int]:
    """What technicians still owe on draws, in cents; those who owe nothing are left out."""
    statement = (
        select(PayLine.technician_id, func.sum(PayLine.amount_cents))
        .where(
            PayLine.tenant_id == context.tenant_id(),
            PayLine.kind.in_(("draw", "draw_recovery")),
            PayLine.state == "posted",
        )
        .group_by(PayLine.technician_id)
    )
    if technician_ids is not None:
        statement = statement.where(PayLine.technician_id.in_(technician_ids))
    return {row[0]: int(row[1]) for row in db.session.execute(statement) if row[1]}


def may_decide_for(requested_by: int | None) -> bool:
    """Whether the present person may approve an amount that someone asked for."""
    who = context.principal()
    is_own = who.kind == "user" and who.id == requested_by
    return may(PAYROLL_APPROVE) and not (is_own and accounts.organization().second_person)


def _check(draft: Draft) -> None:
    problems = []
    if draft.kind not in KINDS:
        problems.append(errors.FieldProblem("kind", f"Choose one of {', '.join(KINDS)}."))
    if not 0 < draft.amount_cents <= MOST_CENTS:
        most = money.dollars(MOST_CENTS)
        problems.append(errors.FieldProblem("amount_cents", f"Give an amount above $0.00 and up to {most}."))
    if not draft.reason.strip():
        problems.append(errors.FieldProblem("reason", "Say what this is for: the technician reads it."))
    if problems:
        raise errors.Invalid(" ".join(p.message for p in problems), problems=problems)


def _check_draw(kind: str, cents: int, technician: Technician) -> None:
    if kind != "draw_recovery":
        return
    owed = draw_balances([technician.id]).get(technician.id, 0)
    if cents > owed:
        raise errors.Conflict(
            f"{technician.name} owes {money.dollars(owed)} on draws; {money.dollars(cents)} cannot be kept back."
        )


def _check_kept_back(cents: int, technician: Technician) -> None:
    """Refuse to take a draw out that was kept back again: the technician would have paid for what was never drawn."""
    owed = draw_balances([technician.id]).get(technician.id, 0)
    if cents > owed:
        raise errors.Conflict(
            f"{money.dollars(cents - owed)} of {technician.name}'s draws were kept back already. "
            "Take that out first."
        )


def _write(line: PayLine, draft: Draft) -> None:
    is_guarantee = draft.kind == "guarantee"
    line.kind, line.reason = draft.kind, draft.reason.strip()[:REASON_LENGTH]
    line.guarantee_cents = draft.amount_cents if is_guarantee else None
    # what a guarantee adds is known once the earnings are; see guarantees.refresh
    line.amount_cents = 0 if is_guarantee else SIGNS[draft.kind] * draft.amount_cents


def _open_period(period_id: int) -> PayPeriod:
    """A period that nobody can close before this transaction ends."""
    get(PayPeriod, period_id)
    period = db.session.scalars(
        select(PayPeriod)
        .where(PayPeriod.tenant_id == context.tenant_id(), PayPeriod.id == period_id)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    ).one()
    if period.status != "open":
        raise errors.Conflict(f"{periods.short(period)} is closed. Add the amount to an open pay period.")
    return period


def _lock(line_id: int) -> PayLine:
    """A manual line and its open period, both held. The period first, as a close takes them."""
    line = get(PayLine, line_id, what="amount")
    if line.kind not in KINDS or line.pay_period_id is None:
        raise errors.NotFound(f"No amount added by hand has the number {line_id}.")
    if line.frozen:
        raise errors.Conflict("This amount is in a closed pay period and cannot be changed.")
    _open_period(line.pay_period_id)
    return get(PayLine, line_id, lock=True)


def _refuse_unless(line: PayLine, *states: str) -> None:
    if line.frozen:
        raise errors.Conflict("This amount is in a closed pay period and cannot be changed.")
    if line.state not in states:
        word = {"posted": "approved", "void": "taken out"}.get(line.state, line.state)
        raise errors.Conflict(f"This amount is already {word}.")


def _decide(line: PayLine, state: str, action: str, reason: str = "") -> PayLine:
    before, who = journal.snapshot(line), context.principal()
    line.state = state
    line.decided_by, line.decided_at = (who.id if who.kind == "user" else None), clock.now()
    if reason:
        line.note = f"Turned down: {reason}"
    db.session.flush()
    assert line.pay_period_id is not None  # a manual line always has one
    guarantees.refresh([(line.pay_period_id, line.technician_id)])
    journal.audit(action, line, before=before, reason=reason)
    return line
