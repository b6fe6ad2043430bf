"""The pay plan and the periods that follow from it: without gaps, without overlaps, always some ahead."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from webapp.accounts import queries as accounts
from webapp.kit import clock, context, errors, journal, tenancy
from webapp.kit.db import db
from webapp.models import PayPeriod, PayPlan
from webapp.sales import rules

YEARS_BACK, DAYS_AHEAD = 20, 400
_DAY = timedelta(days=1)
_MONDAY = date(
    2024, 1, 1
)  # some Monday: weekly and biweekly periods start on it and every 7 or 14 days from it


@dataclass(frozen=True, slots=True)
class Calendar:
    """What days are counted by: the organization's zone, and the date that its plan pays by."""

    time_zone: str
    basis: str

    def today(self) -> date:
        """The present day."""
        return clock.today(self.time_zone)


def calendar() -> Calendar:
    """The present organization's."""
    return Calendar(accounts.organization().time_zone, plan().basis)


def today() -> date:
    """The present day in the organization's zone."""
    return clock.today(accounts.organization().time_zone)


def label(period: PayPeriod) -> str:
    """`Nov 1–15, 2026`."""
    return rules.label(period.start_date, period.end_date)


def short(period: PayPeriod) -> str:
    """`Nov 1–15` in the present year, else as :func:`label`: for notes and sentences."""
    text, year = label(period), clock.now().year
    if period.start_date.year == period.end_date.year == year:
        return text.removesuffix(f", {year}")
    return text


def plan() -> PayPlan:
    """How the present organization pays; made with the defaults where there is none yet."""
    found = db.session.get(PayPlan, context.tenant_id())
    if found is None:
        found = _make_plan()
    return found


def _make_plan() -> PayPlan:
    made = insert(PayPlan).values(tenant_id=context.tenant_id(), anchor=_MONDAY).on_conflict_do_nothing()
    db.session.execute(made)
    return db.session.get_one(PayPlan, context.tenant_id())


def set_up() -> None:
    """Give a new organization its plan and first periods, in the transaction that creates it."""
    plan()
    extend(today())


def covering(day: date) -> PayPeriod:
    """The period that a day lies in, made if need be; nobody can close it before this transaction ends.

    Raises Invalid for a day so far off that it must be a slip.
    """
    found = _covering(day)
    if found is None:
        make(day)
        found = _covering(day)
    assert found is not None  # make() leaves no day without a period
    return found


def _covering(day: date) -> PayPeriod | None:
    found = _shared(PayPeriod.start_date <= day, order=PayPeriod.start_date.desc())
    return found if found is not None and found.end_date >= day else None


def next_open(after: date) -> PayPeriod:
    """The first open period that begins after a day; nobody can close it before this transaction ends."""
    for _ in range(3):
        found = _shared(
            PayPeriod.start_date > after, PayPeriod.status == "open", order=PayPeriod.start_date.asc()
        )
        if found is not None and found.status == "open":
            return found
        if found is None:
            make(max(after, last_end()) + _DAY)
    raise errors.Conflict("Pay periods are being closed right now. Try again in a moment.")


def _shared(*conditions: Any, order: Any) -> PayPeriod | None:
    # FOR SHARE waits for a close under way and then sees it
    return db.session.scalar(
        select(PayPeriod)
        .where(PayPeriod.tenant_id == context.tenant_id(), *conditions)
        .order_by(order)
        .limit(1)
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )


def last_end() -> date:
    """The last day that has a period; yesterday where there is none."""
    found = db.session.scalar(
        select(func.max(PayPeriod.end_date)).where(PayPeriod.tenant_id == context.tenant_id())
    )
    return found or today() - _DAY


def make(day: date) -> None:
    """Make every period that is missing up to a day, past or to come, and the one after it.

    In a transaction of its own: a period is nobody's draft, and no lock is held while waiting for another.
    """
    now = today()
    if day < now - timedelta(days=366 * YEARS_BACK) or day > now + timedelta(days=DAYS_AHEAD):
        raise errors.Invalid(f"There are no pay periods for {day:%B} {day.day}, {day.year}. Check the date.")
    with tenancy.across(context.tenant_id()):
        # whoever changed the plan in this very transaction would wait for itself
        db.session.execute(text("set local lock_timeout = '5s'"))
        extend(day)


def add_next() -> PayPeriod:
    """Make the period after the last one. Raises Conflict when that lies too far ahead."""
    day = last_end() + _DAY
    if day > today() + timedelta(days=DAYS_AHEAD):
        raise errors.Conflict(f"Pay periods exist up to {day:%B} {day.day}, {day.year} already.")
    with tenancy.across(context.tenant_id()):
        extend(day, ahead=False)
    return covering(day)


def ensure_ahead() -> int:
    """See that the present period and the one after it exist; how many were made."""
    present = today()
    newest = db.session.scalar(
        select(func.max(PayPeriod.start_date)).where(PayPeriod.tenant_id == context.tenant_id())
    )
    if newest is not None and newest > present:
        return 0
    with tenancy.across(context.tenant_id()):
        return extend(present)


def extend(day: date, *, ahead: bool = True) -> int:
    """Insert what is missing up to `day`, and `ahead` the one after, under the plan's lock; how many."""
    plan()
    locked = db.session.scalar(
        select(PayPlan)
        .where(PayPlan.tenant_id == context.tenant_id())
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    assert locked is not None
    first, newest, ends = db.session.execute(
        select(
            func.min(PayPeriod.start_date), func.max(PayPeriod.start_date), func.max(PayPeriod.end_date)
        ).where(PayPeriod.tenant_id == context.tenant_id())
    ).one()
    known = rules.Period(newest, ends) if newest is not None else None
    made = missing(locked.frequency, locked.anchor, first, known, day, today(), ahead=ahead)
    if not made:
        return 0
    values = [
        {
            "tenant_id": context.tenant_id(),
            "start_date": p.start,
            "end_date": p.end,
            "pay_date": rules.pay_date(p.end, locked.pay_days_after),
        }
        for p in made
    ]
    rows = db.session.execute(
        insert(PayPeriod).returning(PayPeriod.id, PayPeriod.start_date, PayPeriod.end_date), values
    )
    for row in rows:
        journal.audit(
            "pay_period.created",
            record_type="pay_period",
            record_id=row.id,
            period=rules.label(row.start_date, row.end_date),
        )
    return len(made)


def missing(
    frequency: str,
    anchor: date,
    first: date | None,
    newest: rules.Period | None,
    day: date,
    present: date,
    ahead: bool = True,
) -> list[rules.Period]:
    """The periods to make so that `day` and the present have one, and `ahead` one more follows; in order.

    `first` is where the earliest known period begins, `newest` the last known one; both None without any.
    """
    rhythm: rules.Frequency = frequency  # type: ignore[assignment]  # the table's check allows just these
    found: list[rules.Period] = []
    if first is None or newest is None:
        newest = rules.period_for(rhythm, anchor, present)
        first = newest.start
        found.append(newest)
    while first > day:
        earlier = rules.Period(rules.period_for(rhythm, anchor, first - _DAY).start, first - _DAY)
        found.append(earlier)
        first = earlier.start
    wanted = max(day, present)
    while newest.end < wanted or (ahead and newest.start <= wanted):
        newest = rules.next_period_after_change(newest.end, rhythm, anchor)
        found.append(newest)
    return sorted(found, key=lambda period: period.start)
