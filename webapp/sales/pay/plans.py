"""Changing how an organization pays. What is closed, or under way, keeps its days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, select

from webapp.kit import context, errors, journal
from webapp.kit.db import db
from webapp.kit.permissions import demand
from webapp.models import PayLine, PayPeriod, PayPlan, Sale
from webapp.sales import rules
from webapp.sales.pay import periods
from webapp.sales.pay.permissions import PAYROLL_PLAN

MOST_DAYS_AFTER = 60
FREQUENCY_WORDS = {
    "weekly": "Every week",
    "biweekly": "Every two weeks",
    "semi_monthly": "Twice a month (1st–15th and 16th–end)",
    "monthly": "Once a month",
}
BASIS_WORDS = {
    "sold": "The day it was sold",
    "approved": "The day it was approved",
    "completed": "The day the work was completed",
    "paid": "The day the customer paid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPlan:
    """A pay plan as somebody wants it. `anchor` is a day on which some weekly or biweekly period begins."""

    frequency: str
    anchor: date
    pay_days_after: int
    basis: str
    discount_scale: tuple[rules.ScaleStep, ...] = ()


@dataclass(frozen=True, slots=True)
class Coming:
    """A period that a plan leads to. `is_new`: the plan in force would not lead to it."""

    period: rules.Period
    pay_date: date
    is_new: bool
    is_bridge: bool = False  # shorter than the rhythm, because it leads over from the old one

    @property
    def label(self) -> str:
        return rules.label(self.period.start, self.period.end)


def changed(plan: PayPlan, values: Mapping[str, Any]) -> NewPlan:
    """A plan with some of its columns otherwise; a scale comes as JSON."""
    held = {
        name: getattr(plan, name)
        for name in ("frequency", "anchor", "pay_days_after", "basis", "discount_scale")
    }
    held |= values
    scale = tuple(rules.ScaleStep(s["discount_bps"], s["pays_bps"]) for s in held.pop("discount_scale"))
    return NewPlan(**held, discount_scale=scale)


def check(wanted: NewPlan) -> None:
    """Raise Invalid listing what is wrong with a plan."""
    problems = []
    if wanted.frequency not in rules.FREQUENCIES:
        problems.append(errors.FieldProblem("frequency", f"Choose one of {', '.join(rules.FREQUENCIES)}."))
    if wanted.basis not in rules.BASES:
        problems.append(errors.FieldProblem("basis", f"Choose one of {', '.join(rules.BASES)}."))
    if not 0 <= wanted.pay_days_after <= MOST_DAYS_AFTER:
        problems.append(errors.FieldProblem("pay_days_after", f"Give 0 to {MOST_DAYS_AFTER} days."))
    if not date(2000, 1, 1) <= wanted.anchor <= date(2099, 12, 31):
        problems.append(errors.FieldProblem("anchor", "Choose a day between 2000 and 2099."))
    try:
        rules.validate_scale(wanted.discount_scale)
    except errors.Invalid as wrong:
        problems += wrong.problems
    if problems:
        raise errors.Invalid(" ".join(p.message for p in problems), problems=problems)


def preview(wanted: NewPlan, amount: int = 4) -> list[Coming]:
    """The present period and those after it, as they would be under a plan. Changes nothing."""
    check(wanted)
    kept, present = _kept(), periods.today()
    as_now = _course(changed(periods.plan(), {}), kept[-1].end_date if kept else present, amount)
    found = [
        Coming(rules.Period(p.start_date, p.end_date), _pay_date(p, wanted, present), is_new=False)
        for p in kept
        if p.end_date >= present
    ]
    last = kept[-1].end_date if kept else present - timedelta(days=1)
    rhythm: rules.Frequency = wanted.frequency  # type: ignore[assignment]  # checked above
    while len(found) < amount:
        coming = rules.next_period_after_change(last, rhythm, wanted.anchor)
        regular = rules.period_for(rhythm, wanted.anchor, coming.start)
        day = rules.pay_date(coming.end, wanted.pay_days_after)
        found.append(Coming(coming, day, is_new=coming not in as_now, is_bridge=coming != regular))
        last = coming.end
    return found[:amount]


def _course(plan: NewPlan, last: date, amount: int) -> list[rules.Period]:
    """The periods after `last` under a plan."""
    rhythm: rules.Frequency = plan.frequency  # type: ignore[assignment]  # the table's check allows just these
    found = []
    for _ in range(amount):
        found.append(rules.next_period_after_change(last, rhythm, plan.anchor))
        last = found[-1].end
    return found


def _pay_date(period: PayPeriod, wanted: NewPlan, present: date) -> date:
    if period.status == "closed" or period.end_date < present:
        return period.pay_date
    return rules.pay_date(period.end_date, wanted.pay_days_after)


def change(wanted: NewPlan) -> PayPlan:
    """Pay by another plan from the next period on that nothing lies in yet. Raises Invalid."""
    demand(PAYROLL_PLAN)
    check(wanted)
    periods.plan()
    plan = db.session.scalars(
        select(PayPlan)
        .where(PayPlan.tenant_id == context.tenant_id())
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    before = journal.snapshot(plan)
    rhythm_changes = (plan.frequency, plan.anchor) != (wanted.frequency, wanted.anchor)
    plan.frequency, plan.anchor = wanted.frequency, wanted.anchor
    plan.pay_days_after, plan.basis = wanted.pay_days_after, wanted.basis
    plan.discount_scale = [step.as_json() for step in wanted.discount_scale]
    db.session.flush()
    if rhythm_changes:
        _remove(_not_kept())
    _pay_again(wanted)
    periods.extend(periods.today())
    journal.audit("pay_plan.changed", plan, before=before, record_type="pay_plan")
    return plan


def _future() -> Any:
    return (
        PayPeriod.tenant_id == context.tenant_id(),
        PayPeriod.status == "open",
        PayPeriod.start_date > periods.today(),
    )


def _used() -> Any:
    """Whether anything lies in a period or ever did."""
    line = exists().where(
        PayLine.tenant_id == PayPeriod.tenant_id,
        (PayLine.pay_period_id == PayPeriod.id) | (PayLine.moved_from_id == PayPeriod.id),
    )
    sale = exists().where(Sale.tenant_id == PayPeriod.tenant_id, Sale.pay_period_id == PayPeriod.id)
    return line | sale


def _last_used() -> date:
    """The end of the last period that cannot be made anew: it is under way, closed, or something lies in it."""
    fixed = select(func.max(PayPeriod.end_date)).where(
        PayPeriod.tenant_id == context.tenant_id(),
        (PayPeriod.start_date <= periods.today()) | (PayPeriod.status == "closed") | _used(),
    )
    return db.session.scalar(fixed) or periods.today() - timedelta(days=1)


def _kept() -> Sequence[PayPeriod]:
    found = select(PayPeriod).where(
        PayPeriod.tenant_id == context.tenant_id(), PayPeriod.end_date <= _last_used()
    )
    return db.session.scalars(found.order_by(PayPeriod.start_date)).all()


def _from(day: date) -> Sequence[PayPeriod]:
    """The known periods that end on or after a day."""
    found = select(PayPeriod).where(PayPeriod.tenant_id == context.tenant_id(), PayPeriod.end_date >= day)
    return db.session.scalars(found.order_by(PayPeriod.start_date)).all()


def _not_kept() -> list[int]:
    found = select(PayPeriod.id).where(*_future(), PayPeriod.start_date > _last_used())
    return list(db.session.scalars(found.with_for_update()))


def _remove(ids: list[int]) -> None:
    if ids:
        db.session.execute(
            delete(PayPeriod).where(PayPeriod.tenant_id == context.tenant_id(), PayPeriod.id.in_(ids)),
            execution_options={"synchronize_session": False},
        )
        db.session.expire_all()
        journal.audit("pay_period.removed", record_type="pay_period", removed=ids)


def _pay_again(wanted: NewPlan) -> None:
    """Give the periods that are still to end their new pay dates."""
    for period in _from(periods.today()):
        day = rules.pay_date(period.end_date, wanted.pay_days_after)
        if period.status == "open" and day != period.pay_date:
            period.pay_date = day
    db.session.flush()
