"""The day totals are what counting the sales gives."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, update

from tests.factories import sales
from tests.factories.world import Company
from webapp.kit import clock, jobs
from webapp.kit.db import db
from webapp.models import Sale, SaleTally
from webapp.sales import service
from webapp.sales.queries import sales as queries
from webapp.sales.service import tallies

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def test_the_day_totals_follow_everything_that_happens_to_sales(company: Company) -> None:
    with company.acting("manager"):
        mike, ana, tune_up = sales.technician(), sales.technician("Ana"), sales.item()
        sales.rate(rate_bps=1000)
        numbers = [sales.sale(who, tune_up, price=p).id for who in (mike, ana) for p in (100, 200, 300)]
    with company.acting("manager"):
        assert tallies.differences() == []
        service.approve(numbers[0])
        service.reject(numbers[1], "no")
        service.correct(numbers[2], {"sale_price_cents": 999, "technician_id": ana.id}, "Ana's")
        service.void(numbers[3], "no")
        service.approve(numbers[4])
        service.correct(numbers[4], {"sold_on": date(2026, 11, 17)}, "the day before")
    with company.acting("manager"):
        assert tallies.differences() == []
        service.unvoid(numbers[3])
    with company.acting("manager"):
        assert tallies.differences() == []
        sales.sale(mike, tune_up)
        db.session.rollback()
        sales.sale(mike, tune_up)
    with company.acting("manager"):
        assert tallies.differences() == []
        db.session.execute(update(SaleTally).values(count=SaleTally.count + 1))
        assert tallies.differences() != []
        tallies.rebuild()
    with company.acting("manager"):
        assert tallies.differences() == []


def test_more_sales_than_somebody_would_wait_for_are_decided_in_the_background(company: Company) -> None:
    with company.acting("manager"):
        mike, tune_up = sales.technician(), sales.item()
        numbers = [sales.sale(mike, tune_up, price=n).id for n in range(7)]
        service.void(numbers[0], "x")
        filters = queries.Filters(statuses=("pending",), date_from=date(2026, 11, 1))
        jobs.add("sales.decide", {"decision": "approve", "filters": filters.as_json()})
    with company.app.app_context():
        jobs.drain(jobs.LONG, company.tenant_id)
    with company.acting("manager"):
        states = (
            db.session.execute(select(Sale.status).where(Sale.id.in_(numbers)).order_by(Sale.id))
            .scalars()
            .all()
        )
        assert states == ["pending"] + ["approved"] * 6
        assert tallies.differences() == []
