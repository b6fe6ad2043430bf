"""A new sale is written in one statement, to the same rows as the session would write."""

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import select

from tests.factories import sales
from tests.factories.queries import counted
from tests.factories.world import Company
from webapp.kit import clock, errors
from webapp.kit.db import db
from webapp.models import PayLine, PayPeriod, PayPlan, Sale, SaleSplit
from webapp.sales import service
from webapp.sales.pay import closing, periods
from webapp.sales.service import Buyer, NewSale, Share, tallies

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
TODAY = date(2026, 11, 18)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def stored(model: Any, sale_id: int) -> list[dict[str, Any]]:
    """The rows of a sale, without what differs from sale to sale."""
    own = model.__table__.columns
    key = own.id if model is Sale else own.sale_id
    rows = db.session.execute(select(*own).where(key == sale_id).order_by(own.id)).all()
    return [
        {k: v for k, v in r._mapping.items() if k not in ("id", "number", "public_id", "sale_id")}
        for r in rows
    ]


@pytest.mark.parametrize("basis", ["sold", "approved", "completed", "paid"])
def test_the_rows_are_those_that_the_session_would_write(
    company: Company, basis: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with company.acting():
        db.session.get_one(PayPlan, company.tenant_id).basis = basis
        boss = sales.technician("Dana Reed")
        mike, ana = sales.technician(supervisor_id=boss.id), sales.technician("Ana")
        sales.rate(rate_bps=1000, ov_rate_bps=100)
        john = sales.customer()
        new = NewSale(
            technician_id=mike.id, item_id=sales.item(list_price_cents=200_00).id, sale_price_cents=150_01,
            completed_on=TODAY, splits=(Share(ana.id, 3_333), Share(boss.id, 1)), buyer=Buyer(customer_id=john.id),
            payment_type="cash", payment_status="paid", payment_date=TODAY, notes="As said\nby phone", source="api",
        )  # fmt: skip
        quick = service.record(new).sale
        assert quick in db.session
        monkeypatch.setattr(import_module("webapp.sales.service.record"), "at_once", lambda *args: False)
        slow = service.record(new).sale
        db.session.expire_all()
        for model in (Sale, SaleSplit, PayLine):
            assert stored(model, quick.id) == stored(model, slow.id), model
        assert len(stored(PayLine, quick.id)) == 4
        assert len(stored(SaleSplit, quick.id)) == 2
        assert quick.public_id != slow.public_id
        assert slow.number == quick.number + 1
        assert (quick.pay_period_id is None) == (basis == "approved")
    with company.acting():
        assert tallies.differences() == []


def test_a_sale_can_be_changed_in_the_transaction_that_records_it(company: Company) -> None:
    with company.acting():
        made = sales.sale()
        service.approve(made.id)
        assert made.status == "approved"
        service.correct(made.id, {"notes": "Late note"}, "forgotten")
        number = made.id
    with company.acting():
        again = db.session.get_one(Sale, (company.tenant_id, number))
        assert (again.status, again.notes) == ("approved", "Late note")


def test_recording_takes_a_statement_each_for_what_it_reads_and_what_it_writes(company: Company) -> None:
    with company.acting():
        mike, ana, tune_up = sales.technician(), sales.technician("Ana"), sales.item()
        sales.sale(mike, tune_up)
        with counted() as statements:
            sales.sale(mike, tune_up, splits=(Share(ana.id, 3_000),))
        assert len(statements) == 2, statements


def test_a_day_long_ago_gets_its_period_and_one_in_a_closed_period_is_refused(company: Company) -> None:
    with company.acting("payroll"):
        mike, tune_up = sales.technician(), sales.item()
        old = sales.sale(mike, tune_up, sold_on=date(2020, 2, 29))
        period = db.session.get_one(PayPeriod, (company.tenant_id, old.pay_period_id))
        assert period.start_date <= date(2020, 2, 29) <= period.end_date
        closing.close(periods.covering(TODAY - timedelta(days=10)).id)
        with pytest.raises(errors.Conflict, match="which is closed"):
            sales.sale(mike, tune_up, sold_on=TODAY - timedelta(days=10))


def test_a_sale_waits_for_a_close_under_way_and_is_then_refused(company: Company) -> None:
    with company.acting("payroll"):
        mike, tune_up = sales.technician().id, sales.item().id
        day = TODAY - timedelta(days=10)
        period = periods.covering(day).id
    outcome: list[str] = []

    def record() -> None:
        with clock.at(NOON):
            try:
                with company.acting():
                    service.record(
                        NewSale(technician_id=mike, item_id=tune_up, sale_price_cents=100, sold_on=day)
                    )
                outcome.append("recorded")
            except errors.Conflict as problem:
                outcome.append(problem.message)

    thread = threading.Thread(target=record)
    with company.acting("payroll"):
        closing.close(period)
        thread.start()
        thread.join(0.5)
        assert outcome == []  # it waits
    thread.join(10)
    assert len(outcome) == 1
    assert "which is closed" in outcome[0]
    with company.acting():
        assert db.session.scalars(select(Sale)).all() == []
