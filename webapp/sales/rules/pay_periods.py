"""Pay periods: where one begins and ends, when it is paid, which day of a sale counts, guarantees, draws.

Dates are the organization's own calendar days.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, get_args

from webapp.sales.rules.plain import Jsonable

Frequency = Literal["weekly", "biweekly", "semi_monthly", "monthly"]
Basis = Literal["sold", "approved", "completed", "paid"]
DrawKind = Literal["draw", "draw_recovery"]

FREQUENCIES: Final[tuple[Frequency, ...]] = get_args(Frequency)
BASES: Final[tuple[Basis, ...]] = get_args(Basis)

_DAY = timedelta(days=1)
_SATURDAY: Final = 5
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Period(Jsonable):
    """The days from `start` to `end`, both included. Unpacks as `start, end`."""

    start: date
    end: date

    def __iter__(self) -> Iterator[date]:
        return iter((self.start, self.end))

    def __contains__(self, day: date) -> bool:
        return self.start <= day <= self.end


@dataclass(frozen=True, slots=True)
class SaleDates(Jsonable):
    """The days on which things happened to a sale; None: not yet."""

    sold: date
    approved: date | None = None
    completed: date | None = None
    paid: date | None = None


@dataclass(frozen=True, slots=True)
class DrawLine(Jsonable):
    """Money advanced against commissions to come (cents, positive), or kept back from them (negative)."""

    kind: DrawKind
    amount_cents: int


def period_for(frequency: Frequency, anchor: date, day: date) -> Period:
    """The period that `day` falls in.

    Weekly and biweekly periods begin on `anchor` and every 7 or 14 days from it, in both directions.
    Semi-monthly ones run from the 1st to the 15th and from the 16th to the month's end, monthly ones over the
    month, whatever the anchor. Raises ValueError for another frequency.
    """
    if frequency in ("weekly", "biweekly"):
        length = 7 if frequency == "weekly" else 14
        start = day - timedelta(days=(day - anchor).days % length)
        return Period(start, start + timedelta(days=length - 1))
    last_day = calendar.monthrange(day.year, day.month)[1]
    if frequency == "monthly":
        return Period(day.replace(day=1), day.replace(day=last_day))
    if frequency == "semi_monthly":
        if day.day <= 15:
            return Period(day.replace(day=1), day.replace(day=15))
        return Period(day.replace(day=16), day.replace(day=last_day))
    raise ValueError(f"{frequency!r} is not a pay frequency")


def next_period(frequency: Frequency, anchor: date, last_end: date) -> Period:
    """The period that begins on the day after `last_end`, when the frequency has not changed."""
    return period_for(frequency, anchor, last_end + _DAY)


def next_period_after_change(last_end: date, new_frequency: Frequency, anchor: date) -> Period:
    """The first period after the frequency or its anchor changed.

    It begins on the day after `last_end` and ends where the new rhythm's period ends: a shorter, bridging one
    unless the two meet. Nothing overlaps and no day is left out. It is right without a change as well.
    """
    start = last_end + _DAY
    return Period(start, period_for(new_frequency, anchor, start).end)


def pay_date(end: date, days_after: int) -> date:
    """The day a period that ends on `end` is paid: `days_after` later, or the Friday before a weekend.

    With few days after, that Friday can come before the period ends. Raises ValueError when `days_after` is
    negative.
    """
    if days_after < 0:
        raise ValueError("The days after the end cannot be negative.")
    day = end + timedelta(days=days_after)
    return day - timedelta(days=max(0, day.weekday() - _SATURDAY + 1))


def label(start: date, end: date) -> str:
    """`Nov 1–15, 2026`, `Oct 26 – Nov 8, 2026`, `Dec 28, 2026 – Jan 10, 2027`."""
    first, last = f"{_MONTHS[start.month - 1]} {start.day}", f"{_MONTHS[end.month - 1]} {end.day}"
    if start == end:
        return f"{last}, {end.year}"
    if start.year != end.year:
        return f"{first}, {start.year} – {last}, {end.year}"
    if start.month != end.month:
        return f"{first} – {last}, {end.year}"
    return f"{first}–{end.day}, {end.year}"


def plan_date(basis: Basis, dates: SaleDates) -> date | None:
    """The day that decides which period a sale is paid in; None while that has not happened.

    Raises ValueError for another basis.
    """
    days = {"sold": dates.sold, "approved": dates.approved, "completed": dates.completed, "paid": dates.paid}
    if basis not in days:
        raise ValueError(f"{basis!r} is not something a pay plan can go by")
    return days[basis]


def guarantee_top_up(guaranteed_cents: int, earned_cents: int) -> int:
    """What is added so that the period pays at least the guarantee.

    `earned_cents` is below zero when reversals outweigh sales; the guarantee covers that too. Raises
    ValueError for a negative guarantee.
    """
    if guaranteed_cents < 0:
        raise ValueError("A guarantee cannot be negative.")
    return max(0, guaranteed_cents - earned_cents)


def draw_balance(lines: Iterable[DrawLine]) -> int:
    """What a technician still owes on draws, in cents, after `lines` in the order they happened.

    Raises ValueError when a line has the other kind's sign or keeps back more than was owed at that moment.
    """
    balance = 0
    for line in lines:
        if line.amount_cents and (line.amount_cents > 0) != (line.kind == "draw"):
            raise ValueError("A draw is an amount above zero, what is kept back for it one below zero.")
        balance += line.amount_cents
        if balance < 0:
            raise ValueError("More was kept back than was drawn.")
    return balance
