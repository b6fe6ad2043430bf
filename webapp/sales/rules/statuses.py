"""What may happen to a sale next: approval, payment, voiding. A refusal says what is allowed instead.

Source: the API contract, "Sales".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, get_args

from webapp.sales.rules.plain import Jsonable, listed

SaleStatus = Literal["pending", "approved", "rejected"]
PaymentStatus = Literal["unpaid", "partial", "paid", "refunded"]

SALE_STATUSES: Final[tuple[SaleStatus, ...]] = get_args(SaleStatus)
PAYMENT_STATUSES: Final[tuple[PaymentStatus, ...]] = get_args(PaymentStatus)

_SALE_MOVES: Final[Mapping[str, tuple[SaleStatus, ...]]] = {
    "pending": ("approved", "rejected"),
    "approved": (),
    "rejected": ("pending",),
}
# Back to unpaid or partial: a cheque that bounced. From refunded to paid: a refund that never left.
_PAYMENT_MOVES: Final[Mapping[str, tuple[PaymentStatus, ...]]] = {
    "unpaid": ("partial", "paid"),
    "partial": ("unpaid", "paid", "refunded"),
    "paid": ("unpaid", "partial", "refunded"),
    "refunded": ("paid",),
}
UNDO: Final = timedelta(days=1)
"""So long after it an approval can be taken back."""
_TAKEN: Final = ("partial", "paid")
_VOIDED: Final = "This sale is voided."


@dataclass(frozen=True, slots=True)
class Decision(Jsonable):
    """Whether something may be done, a sentence on why not or what follows, and the moves open now."""

    allowed: bool
    sentence: str
    allowed_moves: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VoidDecision(Jsonable):
    """Whether a sale may be voided and what follows.

    `refund_due`: the customer has paid something. `reverse_in_open_period`: the commission was counted in a
    period that is closed, so the reverse is posted in the open one.
    """

    allowed: bool
    sentence: str
    refund_due: bool = False
    reverse_in_open_period: bool = False


def may_move(current: SaleStatus, to: SaleStatus, *, voided: bool = False) -> Decision:
    """Whether a sale may go from one status to another: approve, reject, or resubmit a rejected one."""
    moves = () if voided else _SALE_MOVES[current]
    if to in moves:
        return Decision(True, f"The sale becomes {to}.", moves)
    if voided:
        return Decision(False, f"{_VOIDED} Undo the void before changing its status.", moves)
    state = f"This sale is {'already ' if to == current else ''}{current}"
    if current == "approved":
        return Decision(False, f"{state}. From here it can only be voided.", moves)
    if current == "rejected":
        return Decision(False, f"{state}. Correct it and send it in again; it is then pending.", moves)
    return Decision(False, f"{state}. It can become {listed(moves, 'or')}.", moves)


def may_unapprove(current: SaleStatus, *, voided: bool, age: timedelta, period_closed: bool) -> Decision:
    """Whether an approval may be taken back: a slip is, within a day of it and while nothing was paid on it.

    `age`: how long ago it was approved. `period_closed`: a closed pay period holds some of its commission.
    """
    if current != "approved" or voided:
        return Decision(False, "This sale is not approved any more. There is nothing to undo.")
    if period_closed:
        return Decision(False, "The sale's commission is in a closed pay period. It can only be voided.")
    if age > UNDO:
        return Decision(False, "The sale was approved more than a day ago. It can only be voided.")
    return Decision(True, "The sale becomes pending.", ("pending",))


def may_change_payment(current: PaymentStatus, to: PaymentStatus, *, voided: bool = False) -> Decision:
    """Whether the payment status may change. The same one again is allowed: it corrects the date."""
    moves = _PAYMENT_MOVES[current]
    if voided:
        moves = tuple(move for move in moves if move == "refunded")
    if to == current:
        return Decision(True, f"The payment stays {current}.", moves)
    if to in moves:
        return Decision(True, f"The payment becomes {to}.", moves)
    prefix = f"{_VOIDED} Its payment" if voided else "The payment"
    rest = f"It can become {listed(moves, 'or')}." if moves else "Nothing can follow that."
    return Decision(False, f"{prefix} is {current} and cannot become {to}. {rest}", moves)


def may_void(
    status: SaleStatus, payment_status: PaymentStatus, *, voided: bool, period_closed: bool
) -> VoidDecision:
    """Whether a sale may be voided; any sale may, once. `period_closed`: its own pay period is."""
    if voided:
        return VoidDecision(False, "This sale is voided already. The void can be undone.")
    refund_due = payment_status in _TAKEN
    reverse = period_closed and status == "approved"
    sentences = ["The sale is voided."]
    if refund_due:
        sentences.append("What the customer paid is due back as a refund.")
    if reverse:
        sentences.append("Its pay period is closed, so the commission is taken back in the open one.")
    return VoidDecision(True, " ".join(sentences), refund_due, reverse)


def may_unvoid(*, voided: bool, closed_since: bool) -> Decision:
    """Whether a void may be undone: only while no pay period was closed after it (`closed_since`)."""
    if not voided:
        return Decision(
            False, "This sale is not voided. There is nothing to undo; it can be voided.", ("void",)
        )
    if closed_since:
        return Decision(
            False,
            "A pay period was closed after this sale was voided, so the void stays. "
            "The sale can be recorded anew.",
        )
    return Decision(True, "The void is undone; the sale counts again.", ("unvoid",))
