"""Bonuses, draws, guarantees, deductions: added, decided, limited, never on a closed period."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise

import pytest

from tests.factories import pay
from tests.factories.world import Company
from webapp.kit import clock, errors, journal
from webapp.kit.db import db
from webapp.models import Organization, PayLine, Sale
from webapp.sales.pay import closing, manual, plans, queries, totals

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
EARLY = date(2026, 11, 3)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def draft(
    technician_id: int, kind: str = "bonus", cents: int = 5_000, reason: str = "Because"
) -> manual.Draft:
    return manual.Draft(technician_id=technician_id, kind=kind, amount_cents=cents, reason=reason)


def approved(technician_id: int, kind: str, cents: int, day: date = EARLY) -> PayLine:
    return manual.approve(manual.add(pay.period_of(day).id, draft(technician_id, kind, cents)).id)


def test_an_amount_counts_only_once_approved_and_with_its_sign(company: Company) -> None:
    with company.acting("payroll"):
        tech = pay.technician().id
        period = pay.period_of(EARLY)
        line = manual.add(period.id, draft(tech, "deduction", 2_500))
        assert (line.state, line.amount_cents) == ("pending", -2_500)
        assert totals.of_technician(period, tech).total_cents == 0
        manual.approve(line.id)
        assert totals.of_technician(period, tech).manual_cents == -2_500
        manual.reject(line.id, "A mistake")
        assert totals.of_technician(period, tech).total_cents == 0
        with pytest.raises(errors.Conflict, match="already taken out"):
            manual.approve(line.id)


def test_a_reason_and_a_sane_amount_are_asked_for(company: Company) -> None:
    with company.acting("payroll"):
        tech, period = pay.technician().id, pay.period_of(EARLY)
        for wrong in (draft(tech, cents=0), draft(tech, cents=-1), draft(tech, cents=10**9), draft(tech, reason=" "),
                      draft(tech, kind="gift")):  # fmt: skip
            with pytest.raises(errors.Invalid):
                manual.add(period.id, wrong)


def test_the_guarantee_tops_up_what_was_earned_and_follows_it(company: Company) -> None:
    with company.acting("payroll"):
        tech = pay.technician()
        period = pay.period_of(EARLY)
        line = approved(tech.id, "guarantee", 30_000)
        assert line.amount_cents == 30_000
        sale = pay.sale(tech, sold_on=EARLY, approved=True)
        db.session.refresh(line)
        assert line.amount_cents == 30_000 - 11_250
        approved(tech.id, "draw", 9_999)  # a loan is nothing earned
        bonus = approved(tech.id, "bonus", 50_000)
        db.session.refresh(line)
        assert line.amount_cents == 0
        manual.reject(bonus.id)
        pay.void(sale)
        db.session.refresh(line)
        assert line.amount_cents == 30_000
        assert closing.close(period.id).total_cents == 30_000 + 9_999


def test_no_more_is_kept_back_than_was_drawn(company: Company) -> None:
    with company.acting("payroll"):
        tech = pay.technician().id
        approved(tech, "draw", 50_000)
        assert manual.draw_balances() == {tech: 50_000}
        approved(tech, "draw_recovery", 20_000, date(2026, 11, 20))
        assert manual.draw_balances([tech]) == {tech: 30_000}
        with pytest.raises(errors.Conflict, match=r"owes \$300\.00 on draws"):
            manual.add(pay.period_of(EARLY).id, draft(tech, "draw_recovery", 30_001))


def test_two_recoveries_approved_at_once_do_not_keep_back_twice(company: Company) -> None:
    with company.acting("payroll"):
        tech = pay.technician().id
        approved(tech, "draw", 10_000)
        ids = [manual.add(pay.period_of(EARLY).id, draft(tech, "draw_recovery", 10_000)).id for _ in range(2)]
    outcomes: list[str] = []

    def decide(line_id: int) -> None:
        try:
            with company.acting("payroll"):
                manual.approve(line_id)
            outcomes.append("approved")
        except errors.Conflict as problem:
            outcomes.append(problem.message)

    people = [threading.Thread(target=decide, args=(line_id,)) for line_id in ids]
    for person in people:
        person.start()
    for person in people:
        person.join(20)
    assert sorted(o.split()[0] for o in outcomes) == ["Mike", "approved"]


def test_a_draw_that_was_kept_back_cannot_be_taken_out(company: Company) -> None:
    with company.acting("payroll"):
        tech = pay.technician().id
        drawn = approved(tech, "draw", 50_000)
        kept = approved(tech, "draw_recovery", 20_000)
        with pytest.raises(errors.Conflict, match=r"\$200\.00 of Mike.* draws were kept back already"):
            manual.reject(drawn.id)
        assert drawn.state == "posted"
        manual.reject(kept.id)
        assert manual.reject(drawn.id).state == "void"
        assert manual.draw_balances() == {}


def test_two_sales_approved_at_once_both_count_against_the_guarantee(company: Company) -> None:
    with company.acting("payroll"):
        tech = pay.technician()
        line_id = approved(tech.id, "guarantee", 90_000).id
        ids = [pay.sale(tech, sold_on=EARLY).id for _ in range(2)]
    ready = threading.Barrier(2)

    def approve(sale_id: int) -> None:
        with company.acting("payroll"):
            sale = db.session.get_one(Sale, (company.tenant_id, sale_id), with_for_update=True)
            ready.wait(10)
            pay.approve(sale)
            time.sleep(0.3)  # the other one looks at the earnings before this one commits

    people = [threading.Thread(target=approve, args=(sale_id,)) for sale_id in ids]
    for person in people:
        person.start()
    for person in people:
        person.join(20)
    with company.acting("payroll"):
        line = db.session.get_one(PayLine, (company.tenant_id, line_id))
        assert line.amount_cents == 90_000 - 2 * 11_250


def test_where_a_second_person_is_asked_for_nobody_approves_their_own(company: Company) -> None:
    with company.acting("payroll"):
        db.session.get_one(Organization, company.tenant_id).second_person = True
        line = manual.add(pay.period_of(EARLY).id, draft(pay.technician().id))
        with pytest.raises(errors.Conflict, match="someone else must approve it"):
            manual.approve(line.id)
        line_id = line.id
    with company.acting("manager"):
        assert manual.approve(line_id).state == "posted"


def test_a_pending_amount_is_changed_or_taken_back_but_not_a_decided_one(company: Company) -> None:
    with company.acting("payroll"):
        tech, period = pay.technician().id, pay.period_of(EARLY)
        line = manual.add(period.id, draft(tech))
        assert manual.edit(line.id, draft(tech, "deduction", 100)).amount_cents == -100
        assert manual.withdraw(line.id).state == "void"
        other = manual.approve(manual.add(period.id, draft(tech)).id)
        for act in (lambda: manual.edit(other.id, draft(tech)), lambda: manual.withdraw(other.id)):
            with pytest.raises(errors.Conflict, match="already approved"):
                act()


def test_a_closed_period_takes_no_amount_and_its_pending_ones_move_on(company: Company) -> None:
    with company.acting("payroll"):
        tech, period = pay.technician().id, pay.period_of(EARLY)
        kept = approved(tech, "bonus", 100)
        line = manual.add(period.id, draft(tech))
        closing.close(period.id)
        assert line.pay_period_id == pay.period_of(date(2026, 11, 20)).id
        assert line.note == "Moved from Nov 1–15: still pending when it closed"
        with pytest.raises(errors.Conflict, match="is closed"):
            manual.add(period.id, draft(tech))
        with pytest.raises(errors.Conflict, match="closed pay period"):
            manual.reject(kept.id)
        moved = [row.id for row in db.session.execute(queries.moved(period.id))]
        assert moved == [line.id]


def test_who_may_add_and_who_may_approve(company: Company) -> None:
    with company.acting("payroll"):
        tech, period_id = pay.technician().id, pay.period_of(EARLY).id
        line_id = manual.add(period_id, draft(tech)).id
    for role in ("dispatcher", "technician", "accountant"):
        with company.acting(role):
            with pytest.raises(errors.Forbidden):
                manual.add(period_id, draft(tech))
            with pytest.raises(errors.Forbidden):
                manual.approve(line_id)


# The plan


def test_a_new_rhythm_begins_after_the_last_period_that_anything_lies_in(company: Company) -> None:
    with company.acting("payroll"):
        pay.sale(pay.technician(), sold_on=date(2026, 12, 3))
        wanted = plans.NewPlan(frequency="weekly", anchor=date(2026, 11, 2), pay_days_after=2, basis="sold")
        coming = [c.label for c in plans.preview(wanted)]
        assert coming == ["Nov 16–30, 2026", "Dec 1–15, 2026", "Dec 16–20, 2026", "Dec 21–27, 2026"]
        plans.change(wanted)
        journal.commit()
        for day in (date(2026, 12, 17), date(2026, 12, 23)):
            pay.period_of(day)
        made = list(db.session.scalars(queries.every()))[::-1]
        for one, following in pairwise(made):
            assert (following.start_date - one.end_date).days == 1
        assert [f"{p.start_date:%b %d}" for p in made][-2:] == ["Dec 16", "Dec 21"]
        assert pay.period_of(date(2026, 12, 23)).pay_date == date(2026, 12, 29)


def test_a_wrong_plan_is_refused_with_every_reason(company: Company) -> None:
    with company.acting("payroll"), pytest.raises(errors.Invalid) as refused:
        plans.change(
            plans.NewPlan(frequency="daily", anchor=date(1900, 1, 1), pay_days_after=-1, basis="felt")
        )
    assert set(refused.value.details["fields"]) == {"frequency", "anchor", "pay_days_after", "basis"}
