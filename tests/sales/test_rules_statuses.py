"""What may happen to a sale next, and what a refusal says."""

import json
from itertools import product

import pytest

from webapp.sales.rules import (
    PAYMENT_STATUSES,
    SALE_STATUSES,
    PaymentStatus,
    SaleStatus,
    may_change_payment,
    may_move,
    may_unvoid,
    may_void,
)

SALE_MOVES = {("pending", "approved"), ("pending", "rejected"), ("rejected", "pending")}
PAYMENT_MOVES = {
    ("unpaid", "partial"),
    ("unpaid", "paid"),
    ("partial", "unpaid"),
    ("partial", "paid"),
    ("partial", "refunded"),
    ("paid", "unpaid"),
    ("paid", "partial"),
    ("paid", "refunded"),
    ("refunded", "paid"),
}


@pytest.mark.parametrize(("current", "to"), list(product(SALE_STATUSES, SALE_STATUSES)))
def test_a_sale_moves_only_as_the_office_decides(current: SaleStatus, to: SaleStatus) -> None:
    assert may_move(current, to).allowed == ((current, to) in SALE_MOVES)
    assert not may_move(current, to, voided=True).allowed


@pytest.mark.parametrize(
    ("current", "to", "voided", "sentence"),
    [
        ("pending", "pending", False, "This sale is already pending. It can become approved or rejected."),
        ("approved", "rejected", False, "This sale is approved. From here it can only be voided."),
        ("approved", "approved", False, "This sale is already approved. From here it can only be voided."),
        (
            "rejected",
            "approved",
            False,
            "This sale is rejected. Correct it and send it in again; it is then pending.",
        ),
        ("pending", "approved", True, "This sale is voided. Undo the void before changing its status."),
    ],
)
def test_a_refused_move_says_what_is_possible(
    current: SaleStatus, to: SaleStatus, voided: bool, sentence: str
) -> None:
    assert may_move(current, to, voided=voided).sentence == sentence


@pytest.mark.parametrize(("current", "to"), list(product(PAYMENT_STATUSES, PAYMENT_STATUSES)))
def test_a_payment_moves_forward_back_or_is_refunded(current: PaymentStatus, to: PaymentStatus) -> None:
    decision = may_change_payment(current, to)
    assert decision.allowed == (current == to or (current, to) in PAYMENT_MOVES)
    assert set(decision.allowed_moves) == {after for before, after in PAYMENT_MOVES if before == current}


@pytest.mark.parametrize(
    ("current", "to", "voided", "sentence"),
    [
        (
            "unpaid",
            "refunded",
            False,
            "The payment is unpaid and cannot become refunded. It can become partial or paid.",
        ),
        (
            "refunded",
            "unpaid",
            False,
            "The payment is refunded and cannot become unpaid. It can become paid.",
        ),
        (
            "paid",
            "partial",
            True,
            "This sale is voided. Its payment is paid and cannot become partial. It can become refunded.",
        ),
        (
            "unpaid",
            "paid",
            True,
            "This sale is voided. Its payment is unpaid and cannot become paid. Nothing can follow that.",
        ),
    ],
)
def test_a_refused_payment_status_says_what_is_possible(
    current: PaymentStatus, to: PaymentStatus, voided: bool, sentence: str
) -> None:
    assert may_change_payment(current, to, voided=voided).sentence == sentence


def test_a_voided_sale_that_was_paid_can_be_refunded() -> None:
    assert may_change_payment("paid", "refunded", voided=True).allowed
    assert may_change_payment("partial", "refunded", voided=True).allowed


@pytest.mark.parametrize(
    ("status", "payment", "closed", "refund_due", "reverse"),
    [
        ("approved", "paid", True, True, True),
        ("approved", "partial", False, True, False),
        ("approved", "unpaid", True, False, True),
        ("approved", "refunded", False, False, False),
        ("pending", "paid", True, True, False),  # a pending sale was in no closed period
        ("rejected", "unpaid", True, False, False),
    ],
)
def test_voiding_says_what_follows(
    status: SaleStatus, payment: PaymentStatus, closed: bool, refund_due: bool, reverse: bool
) -> None:
    decision = may_void(status, payment, voided=False, period_closed=closed)
    assert decision.allowed
    assert (decision.refund_due, decision.reverse_in_open_period) == (refund_due, reverse)
    assert ("refund" in decision.sentence) == refund_due
    assert ("taken back in the open one" in decision.sentence) == reverse


def test_a_sale_is_voided_once() -> None:
    decision = may_void("approved", "paid", voided=True, period_closed=False)
    assert decision.as_json() == {
        "allowed": False,
        "sentence": "This sale is voided already. The void can be undone.",
        "refund_due": False,
        "reverse_in_open_period": False,
    }


def test_a_void_is_undone_only_while_no_period_was_closed() -> None:
    assert may_unvoid(voided=True, closed_since=False).allowed
    refused = may_unvoid(voided=True, closed_since=True)
    assert not refused.allowed
    assert refused.sentence == (
        "A pay period was closed after this sale was voided, so the void stays. "
        "The sale can be recorded anew."
    )
    never = may_unvoid(voided=False, closed_since=False)
    assert not never.allowed
    assert never.sentence == "This sale is not voided. There is nothing to undo; it can be voided."
    assert json.loads(json.dumps(never.as_json()))["allowed_moves"] == ["void"]
