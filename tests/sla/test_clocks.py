"""The clocks of jobs: begun, paused, met, broken, warned of, moved; told once."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories import dispatch as make
from tests.factories import sla
from tests.factories.queries import counted
from tests.factories.world import Company
from webapp.dispatch import service as dispatch
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.service import preferences
from webapp.kit import clock, context, errors, jobs
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry, Event
from webapp.models import Notice, SlaViolation
from webapp.sla import queries, service

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(9)):  # Monday, 9 in the morning
        yield


def step(job_id: int, *statuses: str, reason: str = "") -> None:
    for status in statuses:
        dispatch.report(reading.visits(job_id)[-1].id, dispatch.Report(status=status, reason=reason))


def sent(title: str = "AC not cooling", **more: Any) -> int:
    number = make.job(title, **more).id
    dispatch.assign(number, [make.technician().id])
    return number


def standing(job_id: int, kind: str = "response") -> queries.Standing | None:
    return next((s for s in queries.of_jobs([job_id]).get(job_id, []) if s.kind == kind), None)


def broken(job_id: int) -> list[SlaViolation]:
    return list(
        db.session.scalars(
            select(SlaViolation)
            .where(SlaViolation.tenant_id == context.tenant_id(), SlaViolation.job_id == job_id)
            .order_by(SlaViolation.id)
        )
    )


def told(name: str) -> int:
    db.session.commit()
    mine = select(func.count()).where(Event.tenant_id == context.tenant_id(), Event.name == name)
    return db.session.scalar(mine) or 0


def test_the_clocks_begin_when_the_job_is_booked_and_stop_when_they_are_met(company: Company) -> None:
    with company.acting("manager"):
        sla.policy(response_minutes=60, resolution_minutes=240)
        number = sent()
        first = standing(number)
        assert first is not None
        assert (first.state, first.due_at, first.left, first.words) == (
            "running",
            make.at(10),
            60,
            "1 h left",
        )
        clock.advance(30 * MINUTE)
        step(number, "acknowledged")
        assert standing(number).state == "met"  # type: ignore[union-attr]
        clock.advance(HOUR)
        step(number, "en_route", "on_site", "in_progress", "completed")
        done = standing(number, "resolution")
        assert done is not None
        assert (done.state, done.met_at) == ("met", make.at(10, 30))
        clock.advance(24 * HOUR)
        assert sla.look() == (0, 0)
        assert broken(number) == []


def test_a_job_without_a_fitting_policy_has_no_clocks(company: Company) -> None:
    with company.acting("manager"):
        assert queries.of_jobs([make.job().id]) == {}
        sla.policy(priority="urgent")
        number = make.job().id
        assert standing(number) is None
        dispatch.update(number, {"priority": "urgent"})
        assert standing(number) is not None
        dispatch.update(number, {"priority": "low"})
        assert standing(number) is None


def test_somebody_is_warned_once_and_a_breach_is_noticed_once(company: Company) -> None:
    with company.acting("manager"):
        sla.policy(response_minutes=60, warn_percent=80)
        number = sent()
        clock.advance(47 * MINUTE)
        assert sla.look() == (0, 0)
        clock.advance(MINUTE)
        assert sla.look() == (1, 0)
        assert sla.look() == (0, 0)
        assert standing(number).state == "warned"  # type: ignore[union-attr]
        clock.advance(12 * MINUTE)
        assert sla.look() == (0, 1)
        assert sla.look() == (0, 0)
        assert (told("sla.warning"), told("sla.breached")) == (1, 1)
        mine = select(Notice).where(Notice.tenant_id == company.tenant_id, Notice.url == f"/jobs/{number}")
        notices = db.session.scalars(mine.order_by(Notice.id)).all()
        people = {company.users["manager"], company.users["dispatcher"]}
        assert {n.user_id for n in notices} == people
        assert notices[0].title == "A promise is about to be broken"
        assert notices[-1].title == "A promise was broken"
        assert "response due Mon, Nov 30 10:00 AM" in notices[0].text.replace("Today", "Mon, Nov 30")
        clock.advance(HOUR)
        step(number, "acknowledged")
        assert broken(number)[0].late_minutes == 60
        assert standing(number).words == "1 h late"  # type: ignore[union-attr]


def test_a_promise_broken_and_kept_within_one_minute_is_written_down_too(company: Company) -> None:
    with company.acting("manager"):
        sla.policy(response_minutes=60)
        number = sent()
        clock.advance(HOUR + timedelta(seconds=20))
        step(number, "acknowledged")
        assert [v.late_minutes for v in broken(number)] == [0]
        assert told("sla.breached") == 1
        assert sla.look() == (0, 0)


def test_on_hold_the_clock_pauses_and_no_breach_comes_of_it(company: Company) -> None:
    with company.acting("manager"):
        sla.policy(response_minutes=60)
        number = sent()
        clock.advance(30 * MINUTE)
        dispatch.hold(number, "Part ordered")
        clock.advance(5 * HOUR)
        held = standing(number)
        assert held is not None
        assert (held.state, held.left) == ("paused", 30)
        assert sla.look() == (0, 0)
        dispatch.release(number)
        assert standing(number).due_at == make.at(15)  # type: ignore[union-attr]
        clock.advance(30 * MINUTE)
        assert sla.look() == (0, 1)
        assert len(broken(number)) == 1
        # what was broken already stays broken when it is put on hold afterwards
        dispatch.hold(number, "Waits again")
        clock.advance(HOUR)
        assert standing(number).state == "breached"  # type: ignore[union-attr]


def test_a_cancelled_job_ends_its_clocks(company: Company) -> None:
    with company.acting("manager"):
        sla.policy(response_minutes=60)
        number = sent()
        clock.advance(30 * MINUTE)
        dispatch.cancel(number, "Sold the house")
        clock.advance(2 * HOUR)
        assert standing(number).state == "ended"  # type: ignore[union-attr]
        assert sla.look() == (0, 0)


def test_another_technician_leaves_it_answered(company: Company) -> None:
    with company.acting("manager"):
        sla.policy(response_minutes=60)
        number = sent()
        step(number, "acknowledged")
        dispatch.assign(number, [make.technician("Tom Tanner").id])
        assert standing(number).state == "met"  # type: ignore[union-attr]
        assert standing(number).met_at == make.at(9)  # type: ignore[union-attr]


def test_a_further_visit_lets_the_resolution_go_on_where_it_stopped(company: Company) -> None:
    with company.acting("manager"):
        sla.policy(response_minutes=None, resolution_minutes=240)
        number = sent()
        clock.advance(HOUR)
        step(number, "acknowledged", "en_route", "on_site", "in_progress", "completed")
        clock.advance(48 * HOUR)
        dispatch.add_visit(number, reason="Noise is back")
        again = standing(number, "resolution")
        assert again is not None
        assert (again.state, again.left) == ("running", 180)


def test_another_priority_is_another_promise_and_excuses_what_the_former_one_broke(company: Company) -> None:
    with company.acting("manager"):
        sla.policy("Urgent", priority="urgent", response_minutes=30)
        sla.policy("Any", response_minutes=240)
        number = sent(priority="urgent")
        clock.advance(31 * MINUTE)
        sla.look()
        assert len(broken(number)) == 1
        dispatch.update(number, {"priority": "normal"})
        now = standing(number)
        assert now is not None
        assert (now.policy, now.state, now.due_at) == ("Any", "running", make.at(13))
        assert broken(number)[0].excused_at is not None
        dispatch.update(number, {"priority": "urgent"})
        assert standing(number).state == "breached"  # type: ignore[union-attr]


def test_a_changed_policy_changes_the_promises_of_open_jobs(company: Company) -> None:
    with company.acting("manager"):
        policy = sla.policy(response_minutes=60)
        number, done = sent(), sent("Done")
        step(done, "acknowledged", "en_route", "on_site", "in_progress", "completed")
        service.policies.update(policy.id, {"response_minutes": 120})
        assert service.clocks.recalculate(0, 100) == (1, None)
        assert standing(number).due_at == make.at(11)  # type: ignore[union-attr]
        assert standing(done).due_at == make.at(10)  # type: ignore[union-attr]
        service.policies.update(policy.id, {"active": False})
        service.clocks.recalculate(0, 100)
        assert standing(number) is None


def test_holidays_and_nights_do_not_count_unless_the_policy_says_so(company: Company) -> None:
    with company.acting("manager"):
        service.holidays.create(date(2026, 12, 1), "Founders’ day")
        sla.policy("Day and night", priority="urgent", response_minutes=600, business_hours=False)
        sla.policy("Office hours", response_minutes=600)
        assert standing(sent(priority="urgent")).due_at == make.at(9) + 10 * HOUR  # type: ignore[union-attr]
        # eight hours on Monday, Tuesday is a holiday, two on Wednesday
        assert standing(sent()).due_at == make.at(10, day=date(2026, 12, 2))  # type: ignore[union-attr]


def test_other_business_hours_have_the_clocks_told_anew(company: Company) -> None:
    with company.acting("manager"):
        sla.policy(response_minutes=600)
        number = sent()
        assert standing(number).due_at == make.at(10, day=date(2026, 12, 1))  # type: ignore[union-attr]
        preferences.change({"business_hours": {"0": [480, 1380]}})
    with company.app.app_context():
        jobs.drain(jobs.LONG, company.tenant_id)
    with company.acting("manager"):
        assert standing(number).due_at == make.at(9) + 10 * HOUR  # type: ignore[union-attr]


def test_a_breach_is_excused_with_a_reason_and_the_excuse_can_be_taken_back(company: Company) -> None:
    with company.acting("manager"):
        sla.policy(response_minutes=60)
        number = sent()
        clock.advance(2 * HOUR)
        sla.look()
        violation = broken(number)[0]
        with pytest.raises(errors.Invalid):
            service.violations.excuse(violation.id, "  ")
        service.violations.excuse(violation.id, "The customer asked us to wait")
        assert standing(number).excuse == "The customer asked us to wait"  # type: ignore[union-attr]
        with pytest.raises(errors.Conflict):
            service.violations.excuse(violation.id, "Again")
        service.violations.unexcuse(violation.id)
        assert standing(number).excuse is None  # type: ignore[union-attr]
        with pytest.raises(errors.Conflict):
            service.violations.unexcuse(violation.id)
        assert told("sla.excused") == 2
        mine = select(AuditEntry.action).where(
            AuditEntry.tenant_id == company.tenant_id,
            AuditEntry.record_id == number,
            AuditEntry.action.like("sla.%"),
        )
        assert list(db.session.scalars(mine.order_by(AuditEntry.seq))) == [
            "sla.breached",
            "sla.excused",
            "sla.unexcused",
        ]
    with company.acting("dispatcher"), pytest.raises(errors.Forbidden):
        service.violations.excuse(violation.id, "Mine")


def test_the_standings_of_many_jobs_cost_as_much_as_those_of_one(company: Company) -> None:
    with company.acting("manager"):
        sla.policy()
        numbers = [sent(f"Job {n}") for n in range(6)]
        db.session.commit()
        with counted() as one:
            queries.of_jobs(numbers[:1])
        with counted() as six:
            assert len(queries.of_jobs(numbers)) == 6
        assert len(one) == len(six) == 3


def test_a_job_of_another_company_has_no_clocks_here(company: Company, other_company: Company) -> None:
    with company.acting("manager"):
        sla.policy()
        number = sent()
    with other_company.acting("manager"):
        assert queries.of_jobs([number]) == {}
        assert sla.look() == (0, 0)
