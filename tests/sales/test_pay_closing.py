"""Closing freezes, moves on what is pending, adds up; reopening undoes it; two people cannot do it twice."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event, func, insert, select

from tests.factories import pay
from tests.factories.world import Company
from webapp.kit import clock, context, errors
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry, Event
from webapp.models import Organization, PayLine, PayPeriod, PayStatement, Sale
from webapp.sales.pay import closing, posting, queries, totals

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
EARLY = date(2026, 11, 3)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def ask_for_second_person(company: Company) -> None:
    db.session.get_one(Organization, company.tenant_id).second_person = True
    db.session.flush()


def test_closing_freezes_every_posted_line_and_writes_each_statement(company: Company) -> None:
    with company.acting("payroll") as who:
        boss = pay.technician("Bea Boss", employee_number="B-1")
        seller = pay.technician("Sam Seller", supervisor_id=boss.id, employee_number="S-1")
        pay.sale(seller, price=150_000, rate_bps=750, ov_rate_bps=100, sold_on=EARLY, approved=True)
        pay.sale(seller, price=80_001, rate_bps=500, sold_on=EARLY, approved=True)
        period = closing.close(pay.period_of(EARLY).id)
        assert (period.status, period.closed_by, period.closed_by_name) == (
            "closed",
            who.id,
            "Payroll Person",
        )
        assert (period.total_cents, period.line_count) == (11_250 + 1_500 + 4_000, 3)
        found = {t.technician_name: t for t in totals.by_technician(period)}
        assert found["Sam Seller"].sales_cents == 230_001
        assert found["Sam Seller"].commission_cents == 15_250
        assert found["Bea Boss"].override_cents == 1_500
        assert found["Bea Boss"].sales_cents == 0
        assert (
            db.session.scalar(
                select(func.count()).where(
                    PayLine.tenant_id == company.tenant_id, PayLine.frozen, PayLine.state == "posted"
                )
            )
            == 3
        )
    with company.acting():
        told = db.session.execute(
            select(Event.payload).where(
                Event.tenant_id == company.tenant_id, Event.name == "pay-period.closed"
            )
        ).one()
        assert told.payload["total_cents"] == 16_750
        assert told.payload["label"] == "Nov 1–15, 2026"
        entry = select(AuditEntry).where(
            AuditEntry.tenant_id == company.tenant_id, AuditEntry.action == "pay_period.closed"
        )
        assert db.session.scalars(entry).one().payload["diff"]["status"] == {"from": "open", "to": "closed"}


def test_the_totals_stay_as_frozen_when_a_technician_is_renamed(company: Company) -> None:
    with company.acting():
        tech = pay.technician("Ann Before")
        pay.sale(tech, sold_on=EARLY, approved=True)
        period = closing.close(pay.period_of(EARLY).id)
        tech.name = "Ann After"
        db.session.flush()
        assert [t.technician_name for t in totals.by_technician(period)] == ["Ann Before"]


def test_a_closed_periods_line_cannot_be_changed(company: Company) -> None:
    with company.acting():
        sale = pay.sale(pay.technician(), sold_on=EARLY, approved=True)
        closing.close(pay.period_of(EARLY).id)
        with pytest.raises(errors.Conflict, match="closed pay period"):
            posting.rewrite(sale, pay.snapshot(pay.technician("Eve"), price=1, sold_on=EARLY))
        line = db.session.scalars(select(PayLine).where(PayLine.tenant_id == company.tenant_id)).one()
        line.amount_cents = 1
        with pytest.raises(errors.Conflict, match="closed pay period"):
            db.session.flush()
        db.session.rollback()


def test_a_period_that_has_not_begun_cannot_be_closed(company: Company) -> None:
    with company.acting(), pytest.raises(errors.Conflict, match="Dec 1–15 has not begun yet"):
        closing.close(pay.period_of(date(2026, 12, 2)).id)


def test_closing_twice_is_refused_by_name(company: Company) -> None:
    with company.acting("payroll"):
        closing.close(pay.period_of(EARLY).id)
        with pytest.raises(errors.Conflict, match="was closed by Payroll Person already"):
            closing.close(pay.period_of(EARLY).id)


def test_a_dispatcher_cannot_close(company: Company) -> None:
    with company.acting("dispatcher"), pytest.raises(errors.Forbidden, match="Close and reopen pay periods"):
        closing.close(pay.period_of(EARLY).id)


def test_a_second_person_must_approve_and_cannot_be_the_one_who_closes(company: Company) -> None:
    with company.acting("payroll"):
        ask_for_second_person(company)
        period_id = pay.period_of(EARLY).id
        with pytest.raises(errors.Conflict, match="someone else must approve"):
            closing.close(period_id)
        closing.approve(period_id)
        with pytest.raises(errors.Conflict, match="someone else must close it"):
            closing.close(period_id)
    with company.acting("admin"):
        with pytest.raises(errors.Conflict, match="approved already by Payroll Person"):
            closing.approve(period_id)
        assert closing.close(period_id).status == "closed"


def test_a_key_neither_approves_nor_closes_where_a_second_person_is_asked_for(company: Company) -> None:
    with company.acting("admin") as who:
        ask_for_second_person(company)
        period_id = pay.period_of(EARLY).id
        with (
            context.acting(replace(who, kind="key")),
            pytest.raises(errors.Conflict, match="an API key cannot approve"),
        ):
            closing.approve(period_id)
        closing.approve(period_id)
        with (
            context.acting(replace(who, kind="key")),
            pytest.raises(errors.Conflict, match="an API key cannot close"),
        ):
            closing.close(period_id)


def test_lines_that_change_after_the_approval_are_counted(company: Company) -> None:
    with company.acting("manager"):
        tech, period = pay.technician(), pay.period_of(EARLY)
        pay.sale(tech, sold_on=EARLY, approved=True)
        with clock.at(datetime(2026, 11, 18, 18, tzinfo=UTC)):
            closing.approve(period.id)
        assert queries.standing(period).changed_since_approval == 0
        with clock.at(datetime(2026, 11, 18, 19, tzinfo=UTC)):
            pay.sale(tech, sold_on=EARLY, approved=True)
        assert queries.standing(period).changed_since_approval == 1


def test_an_approval_can_be_taken_back(company: Company) -> None:
    with company.acting("manager"):
        period_id = pay.period_of(EARLY).id
        closing.approve(period_id)
        assert closing.withdraw_approval(period_id).approved_at is None
        with pytest.raises(errors.Conflict, match="not approved"):
            closing.withdraw_approval(period_id)


def test_two_people_closing_at_once_one_wins_and_the_other_is_told(company: Company) -> None:
    with company.acting():
        period_id = pay.period_of(EARLY).id
        for _ in range(5):
            pay.sale(pay.technician(), sold_on=EARLY, approved=True)
    outcomes: list[str] = []
    ready = threading.Barrier(2)

    def try_it(role: str) -> None:
        try:
            with company.acting(role):
                ready.wait()
                closing.close(period_id)
                time.sleep(0.2)
            outcomes.append("closed")
        except errors.Conflict as problem:
            outcomes.append(problem.message)

    people = [threading.Thread(target=try_it, args=(role,)) for role in ("payroll", "admin")]
    for person in people:
        person.start()
    for person in people:
        person.join(20)
    assert max(outcomes) == "closed"
    assert "was closed by" in min(outcomes)
    with company.acting():
        assert (
            db.session.scalar(
                select(func.count()).where(
                    PayStatement.tenant_id == company.tenant_id, PayStatement.pay_period_id == period_id
                )
            )
            == 5
        )


def test_a_sale_approved_while_the_period_closes_is_either_in_it_or_after_it(company: Company) -> None:
    with company.acting():
        sale_id = pay.sale(pay.technician(), sold_on=EARLY).id
        period_id = pay.period_of(EARLY).id
    approving, problems = threading.Event(), []

    def approve_slowly() -> None:
        try:
            with company.acting():
                sale = db.session.get_one(Sale, (company.tenant_id, sale_id), with_for_update=True)
                approving.set()
                time.sleep(0.4)
                pay.approve(sale)
        except Exception as problem:
            problems.append(problem)
            raise

    person = threading.Thread(target=approve_slowly)
    person.start()
    approving.wait(10)
    with company.acting():
        period = closing.close(period_id)
        assert period.total_cents == 11_250, "the close waited for the approval"
    person.join(10)
    assert not problems


def test_a_sale_that_comes_while_the_period_closes_is_refused(company: Company) -> None:
    with company.acting():
        period_id = pay.period_of(EARLY).id
    closing_now, outcome = threading.Event(), []

    def close_slowly() -> None:
        with company.acting():
            closing.close(period_id)
            closing_now.set()
            time.sleep(0.4)

    person = threading.Thread(target=close_slowly)
    person.start()
    closing_now.wait(10)
    try:
        with company.acting():
            pay.sale(pay.technician(), sold_on=EARLY)
    except errors.Conflict as problem:
        outcome.append(problem.message)
    person.join(10)
    assert outcome
    assert "which is closed" in outcome[0]


def test_a_period_is_reopened_while_somebody_changes_a_sale_that_moved_on_from_it(company: Company) -> None:
    with company.acting():
        sale_id = pay.sale(pay.technician(), sold_on=EARLY).id
        period_id = pay.period_of(EARLY).id
        closing.close(period_id)
    changing, problems = threading.Event(), []

    def change_slowly() -> None:
        try:
            with company.acting():
                sale = db.session.get_one(Sale, (company.tenant_id, sale_id), with_for_update=True)
                changing.set()
                time.sleep(0.4)
                posting.dates_changed(sale)
        except Exception as problem:
            problems.append(problem)
            raise

    person = threading.Thread(target=change_slowly)
    person.start()
    changing.wait(10)
    with company.acting():
        assert closing.reopen(period_id, "a bonus was forgotten").status == "open"
    person.join(10)
    assert not problems, "each would have waited for the other for ever"
    with company.acting():
        assert db.session.get_one(Sale, (company.tenant_id, sale_id)).pay_period_id == period_id


# Reopening


def test_closing_and_reopening_leaves_everything_as_it_was(company: Company) -> None:
    with company.acting():
        tech = pay.technician()
        pay.sale(tech, sold_on=EARLY, approved=True)
        pending = pay.sale(tech, sold_on=EARLY)
        period = pay.period_of(EARLY)
        before = (totals.by_technician(period), pending.pay_period_id, pending.period_note)
        closing.approve(period.id)
        closing.close(period.id)
        reopened = closing.reopen(period.id, "A sale was missing")
        assert (reopened.status, reopened.approved_at, reopened.closed_at, reopened.total_cents) == (
            "open",
        ) + (None,) * 3
        assert reopened.reopen_reason == "A sale was missing"
        assert (totals.by_technician(period), pending.pay_period_id, pending.period_note) == before
        held = select(PayLine.frozen, PayLine.note).where(PayLine.tenant_id == company.tenant_id)
        assert {tuple(row) for row in db.session.execute(held)} == {(False, "")}


def test_reopening_brings_home_what_was_taken_back_or_came_late(company: Company) -> None:
    with company.acting():
        tech = pay.technician()
        voided = pay.sale(tech, sold_on=EARLY, approved=True)
        late = pay.sale(tech, sold_on=EARLY, price=200_000)
        period = closing.close(pay.period_of(EARLY).id)
        pay.void(voided)
        pay.approve(late)
        closing.reopen(period.id, "Two mistakes")
        assert totals.of_technician(period, tech.id).total_cents == 15_000
        following = pay.period_of(date(2026, 11, 20))
        assert totals.by_technician(following) == []


def test_only_the_latest_closed_period_can_be_reopened(company: Company) -> None:
    with company.acting():
        first, second = pay.period_of(EARLY), pay.period_of(date(2026, 11, 20))
        closing.close(first.id)
        closing.close(second.id)
        with pytest.raises(errors.Conflict, match="which is Nov 16–30"):
            closing.reopen(first.id, "why not")
        closing.reopen(second.id, "why not")
        closing.reopen(first.id, "why not")


def test_reopening_wants_a_reason_and_a_closed_period(company: Company) -> None:
    with company.acting():
        period = pay.period_of(EARLY)
        with pytest.raises(errors.Conflict, match="Nov 1–15 is open"):
            closing.reopen(period.id, "why")
        closing.close(period.id)
        with pytest.raises(errors.Invalid, match="Say why"):
            closing.reopen(period.id, "  ")


# Size


def fill(company: Company, amount: int) -> int:
    """Put many sales into Nov 1–15, every tenth still pending; the period's id."""
    techs = [pay.technician(f"Technician {n}") for n in range(10)]
    one = pay.sale(techs[0], sold_on=EARLY, rate_bps=0, approved=True)
    period = pay.period_of(EARLY)
    common = {c.key: getattr(one, c.key) for c in Sale.__table__.columns if c.key not in ("id", "public_id")}
    sales = [
        common
        | {
            "number": 1_000 + n,
            "technician_id": techs[n % 10].id,
            "status": "approved" if n % 10 else "pending",
        }
        for n in range(amount)
    ]
    ids = db.session.scalars(insert(Sale).returning(Sale.id, sort_by_parameter_order=True), sales).all()
    values = [
        {"tenant_id": company.tenant_id, "pay_period_id": period.id, "technician_id": techs[n % 10].id, "sale_id": sale_id,
         "kind": "commission", "state": "posted" if n % 10 else "pending", "amount_cents": 100, "role": "seller"}
        for n, sale_id in enumerate(ids)
    ]  # fmt: skip
    db.session.execute(insert(PayLine), values)
    return period.id


def test_closing_takes_the_same_few_statements_however_many_lines_there_are(
    company: Company, other_company: Company
) -> None:
    counted = []
    for one, amount in ((company, 20), (other_company, 3_000)):
        with one.acting():
            period_id = fill(one, amount)
        statements: list[str] = []

        def note(
            conn: object, cursor: object, statement: str, *rest: object, held: list[str] = statements
        ) -> None:
            held.append(statement)

        with one.acting():
            event.listen(db.engine, "before_cursor_execute", note)
            try:
                closed = closing.close(period_id)
            finally:
                event.remove(db.engine, "before_cursor_execute", note)
            assert closed.total_cents == amount * 9 // 10 * 100
            moved = select(func.count()).where(
                PayLine.tenant_id == one.tenant_id,
                PayLine.moved_from_id == period_id,
                PayLine.state == "pending",
            )
            assert db.session.scalar(moved) == amount // 10
        counted.append(len(statements))
    assert counted[0] == counted[1] < 30


def test_another_companys_period_does_not_exist(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign = pay.period_of(EARLY).id
    with company.acting(), pytest.raises(errors.NotFound):
        closing.close(foreign)
    with other_company.acting():
        assert db.session.get_one(PayPeriod, (context.tenant_id(), foreign)).status == "open"
