"""What a sale leaves in the pay periods as it is recorded, approved, rejected, voided and paid."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from tests.factories import pay
from tests.factories.world import Company
from webapp.kit import clock, context, errors, journal
from webapp.kit.db import db
from webapp.models import PayLine, PayPeriod, Sale
from webapp.sales.pay import closing, periods, posting, totals

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)  # in the period Nov 16–30
EARLY = date(2026, 11, 3)  # in Nov 1–15


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def lines(sale: Sale) -> list[tuple[str, str, int, str]]:
    """kind, state, cents, start of the period, in order."""
    found = (
        select(PayLine.kind, PayLine.state, PayLine.amount_cents, PayPeriod.start_date)
        .outerjoin(PayPeriod, PayPeriod.id == PayLine.pay_period_id)
        .where(PayLine.tenant_id == context.tenant_id(), PayLine.sale_id == sale.id)
        .order_by(PayLine.id)
    )
    return [(r[0], r[1], r[2], f"{r[3]:%b %d}" if r[3] else "-") for r in db.session.execute(found)]


def basis(name: str) -> None:
    periods.plan().basis = name
    journal.commit()


def test_a_new_sale_is_pending_in_the_period_of_its_date_and_counts_once_approved(company: Company) -> None:
    with company.acting():
        sale = pay.sale(pay.technician(), price=150_000, rate_bps=750)
        assert lines(sale) == [("commission", "pending", 11_250, "Nov 16")]
        pay.approve(sale)
        assert lines(sale) == [("commission", "posted", 11_250, "Nov 16")]
        assert sale.period_note == ""


def test_a_shared_sale_pays_each_and_the_supervisor(company: Company) -> None:
    with company.acting():
        boss = pay.technician("Bea Boss")
        seller, helper = pay.technician("Sam", supervisor_id=boss.id), pay.technician("Hal")
        sale = pay.sale(
            seller, price=100_00, rate_bps=1000, ov_rate_bps=200, splits={helper.id: 3333}, approved=True
        )
        assert sorted(lines(sale)) == [
            ("commission", "posted", 333, "Nov 16"),
            ("commission", "posted", 667, "Nov 16"),
            ("override", "posted", 133, "Nov 16"),
        ]


def test_a_rejected_sale_counts_nothing_until_it_is_sent_in_again(company: Company) -> None:
    with company.acting():
        sale = pay.sale(pay.technician())
        sale.status = "rejected"
        posting.reject(sale)
        assert lines(sale) == [("commission", "void", 11_250, "Nov 16")]
        sale.status = "pending"
        posting.resubmit(sale)
        assert lines(sale) == [("commission", "pending", 11_250, "Nov 16")]


def test_a_void_in_an_open_period_takes_the_line_out_and_undoing_brings_it_back(company: Company) -> None:
    with company.acting():
        sale = pay.sale(pay.technician(), approved=True)
        answer = pay.void(sale)
        assert answer == {"reversed": False, "reversed_cents": 0, "pay_period_id": None, "pay_period": ""}
        assert lines(sale) == [("commission", "void", 11_250, "Nov 16")]
        posting.unvoid(sale)
        assert sale.voided_at is None
        assert lines(sale) == [("commission", "posted", 11_250, "Nov 16")]


def test_a_correction_replaces_the_lines_and_moves_them_with_the_date(company: Company) -> None:
    with company.acting():
        tech = pay.technician()
        sale = pay.sale(tech)
        sale.sold_on = EARLY
        posting.rewrite(sale, pay.snapshot(tech, price=200_000, sold_on=EARLY))
        assert lines(sale) == [("commission", "pending", 15_000, "Nov 01")]


def test_a_sale_dated_in_a_closed_period_is_refused_and_told_what_to_do(company: Company) -> None:
    with company.acting():
        closing.close(pay.period_of(EARLY).id)
        with pytest.raises(
            errors.Conflict, match=r"Nov 1–15, 2026, which is closed\. Use a date after Nov 15"
        ):
            pay.sale(pay.technician(), sold_on=EARLY)


def test_a_sale_still_pending_at_the_close_moves_on_and_says_so_then_counts_as_an_adjustment(
    company: Company,
) -> None:
    with company.acting():
        sale = pay.sale(pay.technician(), sold_on=EARLY)
        closing.close(pay.period_of(EARLY).id)
        assert lines(sale) == [("commission", "pending", 11_250, "Nov 16")]
        assert sale.period_note == "Moved from Nov 1–15: still pending when it closed"
        assert sale.pay_period_id == pay.period_of(date(2026, 11, 20)).id
        pay.approve(sale)
        assert lines(sale) == [("adjustment", "posted", 11_250, "Nov 16")]


def test_a_void_after_the_close_is_taken_back_in_the_next_open_period(company: Company) -> None:
    with company.acting():
        sale = pay.sale(pay.technician(), sold_on=EARLY, approved=True)
        closing.close(pay.period_of(EARLY).id)
        answer = pay.void(sale)
        assert answer["reversed"] is True
        assert answer["reversed_cents"] == -11_250
        assert answer["pay_period"] == "Nov 16–30"
        taken = totals.of_technician(pay.period_of(date(2026, 11, 20)), sale.technician_id)
        assert (taken.sales_cents, taken.adjustment_cents) == (-150_000, -11_250)
        assert lines(sale) == [
            ("commission", "posted", 11_250, "Nov 01"),
            ("adjustment", "posted", -11_250, "Nov 16"),
        ]
        posting.unvoid(sale)
        assert lines(sale)[1][1] == "void"
        pay.void(sale)
        assert lines(sale)[1][1] == "posted", "voiding again takes the same line, not one more"
        assert len(lines(sale)) == 2


def test_a_void_stays_once_a_period_was_closed_after_it(company: Company) -> None:
    with company.acting():
        sale = pay.sale(pay.technician(), approved=True)
        pay.void(sale)
        with clock.at(datetime(2026, 11, 19, 17, tzinfo=UTC)):
            closing.close(pay.period_of(EARLY).id)
            with pytest.raises(errors.Conflict, match="closed after this sale was voided"):
                posting.unvoid(sale)


def test_a_sale_paid_later_counts_when_it_is_paid_where_the_plan_goes_by_payment(company: Company) -> None:
    with company.acting():
        basis("paid")
        sale = pay.sale(pay.technician(), approved=True)
        assert sale.pay_period_id is None
        assert lines(sale) == [("commission", "pending", 11_250, "-")]
        sale.payment_status, sale.payment_date = "paid", date(2026, 11, 5)
        posting.dates_changed(sale)
        assert lines(sale) == [("commission", "posted", 11_250, "Nov 01")]
        sale.payment_status = "unpaid"  # the cheque bounced
        posting.dates_changed(sale)
        assert lines(sale) == [("commission", "pending", 11_250, "-")]


def test_a_payment_dated_in_a_closed_period_counts_in_the_next_and_says_for_which(company: Company) -> None:
    with company.acting():
        basis("paid")
        sale = pay.sale(pay.technician(), approved=True)
        closing.close(pay.period_of(EARLY).id)
        sale.payment_status, sale.payment_date = "paid", EARLY
        posting.dates_changed(sale)
        assert lines(sale) == [("adjustment", "posted", 11_250, "Nov 16")]
        assert sale.period_note == "For Nov 1–15, which was closed"


def test_a_cheque_that_bounces_after_the_close_is_taken_back_and_paid_again(company: Company) -> None:
    with company.acting():
        basis("paid")
        sale = pay.sale(pay.technician(), approved=True)
        sale.payment_status, sale.payment_date = "paid", EARLY
        posting.dates_changed(sale)
        closing.close(pay.period_of(EARLY).id)
        sale.payment_status = "unpaid"
        posting.dates_changed(sale)
        assert lines(sale)[1:] == [("adjustment", "posted", -11_250, "Nov 16")]
        closing.close(pay.period_of(date(2026, 11, 20)).id)
        sale.payment_status, sale.payment_date = "paid", date(2026, 12, 2)
        posting.dates_changed(sale)
        assert lines(sale)[1:] == [
            ("adjustment", "posted", -11_250, "Nov 16"),
            ("adjustment", "posted", 11_250, "Dec 01"),
        ]


def test_where_the_plan_goes_by_approval_a_pending_sale_has_no_period(company: Company) -> None:
    with company.acting():
        basis("approved")
        sale = pay.sale(pay.technician(), sold_on=EARLY)
        assert lines(sale) == [("commission", "pending", 11_250, "-")]
        pay.approve(sale)
        assert lines(sale) == [("commission", "posted", 11_250, "Nov 16")]


def test_the_day_of_approval_is_the_companys_own(company: Company) -> None:
    with company.acting(), clock.at(datetime(2026, 12, 1, 3, tzinfo=UTC)):  # Nov 30, 10 PM in New York
        basis("approved")
        sale = pay.sale(pay.technician(), sold_on=EARLY, approved=True)
        assert lines(sale) == [("commission", "posted", 11_250, "Nov 16")]
