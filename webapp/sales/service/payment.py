"""What the customer has paid on a sale."""

from datetime import date

from webapp.kit import errors, events, journal, permissions
from webapp.models import Sale
from webapp.sales import events as told
from webapp.sales import rights, rules
from webapp.sales.pay import periods, posting
from webapp.sales.permissions import SALES_PAYMENT
from webapp.sales.service.calculation import check_day


def set_payment(sale_id: int, status: rules.PaymentStatus, payment_date: date | None = None) -> Sale:
    """Say what the customer has paid, and when (today by default; none while unpaid).

    Raises Conflict when that cannot follow from how it stands, Invalid for a date that makes no sense.
    """
    permissions.demand(SALES_PAYMENT)
    sale = rights.get(sale_id, lock=True)
    current: rules.PaymentStatus = sale.payment_status  # type: ignore[assignment]  # the table's check allows these
    decision = rules.may_change_payment(current, status, voided=sale.voided_at is not None)
    if not decision.allowed:
        details = {"payment_status": current, "allowed": list(decision.allowed_moves)}
        raise errors.Conflict(decision.sentence, details=details)
    check_day("payment_date", "The payment date", payment_date)
    if status == "unpaid" and payment_date is not None:
        raise errors.Invalid.one("payment_date", "An unpaid sale has no payment date.")
    before = journal.snapshot(sale)
    sale.payment_status = status
    sale.payment_date = _day(sale, current, status, payment_date)
    if status == "refunded":
        sale.refund_due = False
    if journal.snapshot(sale) == before:
        return sale
    posting.dates_changed(sale)
    journal.audit("sale.payment-changed", sale, before=before)
    events.emit(told.PAYMENT_CHANGED, sale.id, told.payload(sale, payment_date=sale.payment_date))
    return sale


def _day(sale: Sale, current: str, status: str, given: date | None) -> date | None:
    if status == "unpaid":
        return None
    if given is not None:
        return given
    if status == current or status == "refunded":
        return sale.payment_date  # the day it was paid on: a refund does not change that
    return periods.today()
