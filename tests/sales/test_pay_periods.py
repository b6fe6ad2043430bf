"""Pay periods come by themselves: no gaps, no overlaps, one ahead."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import select

import tests.factories.pay  # noqa: F401  # plugs pay in
from tests.factories.world import Company
from webapp.kit import clock, context, errors, jobs
from webapp.kit.db import db
from webapp.kit.tables import Job
from webapp.models import PayPeriod
from webapp.sales.pay import periods

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


def all_periods() -> list[PayPeriod]:
    found = select(PayPeriod).where(PayPeriod.tenant_id == context.tenant_id()).order_by(PayPeriod.start_date)
    return list(db.session.scalars(found))


def assert_whole(found: list[PayPeriod]) -> None:
    for one, following in pairwise(found):
        assert following.start_date == one.end_date + timedelta(days=1), (one.end_date, following.start_date)


def test_a_new_company_pays_twice_a_month_and_has_this_period_and_the_next(company: Company) -> None:
    with company.acting():
        the_plan, found = periods.plan(), all_periods()
        today = periods.today()
        assert (the_plan.frequency, the_plan.basis, the_plan.pay_days_after) == ("semi_monthly", "sold", 5)
        assert the_plan.anchor.weekday() == 0
        assert len(found) == 2
        assert found[0].start_date <= today <= found[0].end_date
        assert_whole(found)


def test_a_day_long_past_gets_its_period_and_every_one_between(company: Company) -> None:
    with company.acting():
        day = periods.today() - timedelta(days=200)
        found = periods.covering(day)
        assert found.start_date <= day <= found.end_date
        assert_whole(all_periods())
        assert len(all_periods()) > 12


def test_time_passing_brings_the_next_period(company: Company) -> None:
    with clock.at(NOON + timedelta(days=400)), company.acting():
        assert periods.ensure_ahead() > 20
        assert periods.ensure_ahead() == 0
        found = all_periods()
        assert_whole(found)
        assert found[-2].start_date <= periods.today() <= found[-2].end_date


@pytest.mark.parametrize("day", [date(1026, 11, 1), date(2226, 1, 1)])
def test_a_slip_in_the_year_makes_no_periods(company: Company, day: date) -> None:
    with company.acting():
        with pytest.raises(errors.Invalid, match="Check the date"):
            periods.covering(day)
        assert len(all_periods()) == 2


def test_a_job_of_every_company_makes_the_coming_periods(company: Company) -> None:
    with company.acting():
        waiting = select(Job).where(Job.tenant_id == company.tenant_id, Job.kind == "pay.periods")
        assert db.session.scalars(waiting).one().status == "waiting"
    with clock.at(NOON + timedelta(days=60)), company.app.app_context():
        jobs.drain(jobs.QUICK, company.tenant_id)
    with clock.at(NOON + timedelta(days=60)), company.acting():
        assert all_periods()[-1].start_date > periods.today()
        assert db.session.scalars(waiting.where(Job.status == "waiting")).one().run_after > clock.now()
