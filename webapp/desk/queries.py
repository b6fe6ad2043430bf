"""What Today shows, read from the day's tallies and small indexed lists: the same cost at a million sales."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, func, select

from webapp.kit import context
from webapp.kit.db import db, rows
from webapp.models import (
    ApiKey,
    CommissionRate,
    Download,
    Import,
    Item,
    Message,
    PayAnswer,
    PayLine,
    PayPeriod,
    Sale,
    SaleTally,
    Technician,
)

SOLD = ("pending", "approved")  # statuses that count as sold: rejected and voided sales do not
BY_HAND = ("bonus", "draw", "draw_recovery", "guarantee", "deduction", "adjustment")


@dataclass(frozen=True, slots=True)
class Sum:
    """Sales of some days: how many, their price and the commission on them, in cents."""

    count: int = 0
    price_cents: int = 0
    commission_cents: int = 0


def sums_by_day(first: date, last: date) -> dict[date, Sum]:
    """What was sold on each day from `first` to `last`; days without sales are left out."""
    statement = (
        select(SaleTally.sold_on, func.sum(SaleTally.count).label("amount"), func.sum(SaleTally.price_cents).label("price"),
               func.sum(SaleTally.commission_cents).label("commission"))
        .where(SaleTally.tenant_id == context.tenant_id(), SaleTally.technician_id == 0,
               SaleTally.sold_on.between(first, last), SaleTally.status.in_(SOLD))
        .group_by(SaleTally.sold_on)
    )  # fmt: skip
    return {r.sold_on: Sum(int(r.amount), int(r.price), int(r.commission)) for r in rows(statement)}


def total(days: dict[date, Sum], first: date, last: date) -> Sum:
    """The days from `first` to `last` together."""
    inside = [s for day, s in days.items() if first <= day <= last]
    return Sum(
        sum(s.count for s in inside),
        sum(s.price_cents for s in inside),
        sum(s.commission_cents for s in inside),
    )


def best_sellers(first: date, last: date, limit: int = 5) -> Sequence[Any]:
    """Technicians by what they sold: `id, name, count, price_cents`."""
    price = func.sum(SaleTally.price_cents)
    statement = (
        select(Technician.id, Technician.name, func.sum(SaleTally.count).label("count"), price.label("price_cents"))
        .join(Technician, and_(Technician.tenant_id == SaleTally.tenant_id, Technician.id == SaleTally.technician_id))
        .where(SaleTally.tenant_id == context.tenant_id(), SaleTally.sold_on.between(first, last),
               SaleTally.technician_id > 0, SaleTally.status.in_(SOLD))
        .group_by(Technician.id, Technician.name)
        .having(func.sum(SaleTally.count) > 0)
        .order_by(price.desc(), Technician.name)
        .limit(limit)
    )  # fmt: skip
    return rows(statement)


def latest_sales(limit: int = 6) -> Sequence[Any]:
    """The newest sales by number: `id, item, technician, customer_name, price_cents, status, sold_on`."""
    statement = (
        select(Sale.id, Item.name.label("item"), Technician.name.label("technician"), Sale.customer_name,
               Sale.sale_price_cents, Sale.sold_on,
               case((Sale.voided_at.is_not(None), "voided"), else_=Sale.status).label("status"))
        .join(Item, and_(Item.tenant_id == Sale.tenant_id, Item.id == Sale.item_id))
        .join(Technician, and_(Technician.tenant_id == Sale.tenant_id, Technician.id == Sale.technician_id))
        .where(Sale.tenant_id == context.tenant_id())
        .order_by(Sale.id.desc())
        .limit(limit)
    )  # fmt: skip
    return rows(statement)


@dataclass(frozen=True, slots=True)
class Begun:
    """Which first steps a new company has taken."""

    technicians: bool
    items: bool
    rates: bool
    sales: bool

    @property
    def done(self) -> bool:
        return self.sales


def begun() -> Begun:
    tenant = context.tenant_id()
    asked: list[Any] = [
        select(model.id).where(model.tenant_id == tenant).limit(1).exists()
        for model in (Technician, Item, CommissionRate, Sale)
    ]
    technicians, items, rates, sales = db.session.execute(select(*asked)).one()
    return Begun(technicians, items, rates, sales)


# What waits -------------------------------------------------------------------------------------------------------


def pending_sales() -> tuple[int, int, date | None]:
    """How many sales wait for approval, their price in cents, and the oldest one's day."""
    statement = select(func.coalesce(func.sum(SaleTally.count), 0), func.coalesce(func.sum(SaleTally.price_cents), 0),
                       func.min(SaleTally.sold_on)).where(
        SaleTally.tenant_id == context.tenant_id(), SaleTally.technician_id == 0, SaleTally.status == "pending",
        SaleTally.count > 0,
    )  # fmt: skip
    row = db.session.execute(statement).one()
    return int(row[0]), int(row[1]), row[2]


def unmatched_sales() -> int:
    """Sales under a name that is no customer yet; counted up to 100."""
    some = (
        select(Sale.id)
        .where(Sale.tenant_id == context.tenant_id(), Sale.customer_id.is_(None), Sale.customer_name != "",
               Sale.voided_at.is_(None), Sale.status != "rejected")
        .limit(100)
        .subquery()
    )  # fmt: skip
    return int(db.session.scalar(select(func.count()).select_from(some)) or 0)


def lines_waiting() -> tuple[int, int]:
    """Amounts added by hand that nobody has decided: how many, and together in cents."""
    statement = select(func.count(), func.coalesce(func.sum(PayLine.amount_cents), 0)).where(
        PayLine.tenant_id == context.tenant_id(), PayLine.kind.in_(BY_HAND), PayLine.state == "pending",
        PayLine.sale_id.is_(None),
    )  # fmt: skip
    row = db.session.execute(statement).one()
    return int(row[0]), int(row[1])


def disputes() -> tuple[int, Any | None]:
    """How many technicians wait for an answer about their pay, and the one who waits longest."""
    statement = (
        select(PayAnswer.pay_period_id, PayAnswer.technician_id, PayAnswer.note, Technician.name.label("technician"),
               func.count().over().label("amount"))
        .join(Technician, and_(Technician.tenant_id == PayAnswer.tenant_id, Technician.id == PayAnswer.technician_id))
        .where(PayAnswer.tenant_id == context.tenant_id(), PayAnswer.answer == "disputed")
        .order_by(PayAnswer.answered_at)
        .limit(1)
    )  # fmt: skip
    found = rows(statement)
    return (int(found[0].amount), found[0]) if found else (0, None)


def periods_over(today: date) -> Sequence[PayPeriod]:
    """Open pay periods that have ended, the oldest first."""
    statement = (
        select(PayPeriod)
        .where(
            PayPeriod.tenant_id == context.tenant_id(), PayPeriod.status == "open", PayPeriod.end_date < today
        )
        .order_by(PayPeriod.end_date)
        .limit(5)
    )
    return db.session.scalars(statement).all()


def imports_waiting(since: datetime) -> Sequence[Import]:
    """Imports that failed lately, or wait for somebody to say which record a row means."""
    statement = (
        select(Import)
        .where(Import.tenant_id == context.tenant_id(), Import.created_at >= since,
               (Import.status == "failed") | (and_(Import.status == "checked", Import.rows_unsure > 0)))
        .order_by(Import.created_at.desc())
        .limit(5)
    )  # fmt: skip
    return db.session.scalars(statement).all()


def failed_downloads(since: datetime) -> int:
    """The present person's exports that failed lately."""
    statement = select(func.count()).where(
        Download.tenant_id == context.tenant_id(), Download.user_id == context.principal().id,
        Download.created_at >= since, Download.status == "failed",
    )  # fmt: skip
    return int(db.session.scalar(statement) or 0)


def failed_messages(since: datetime) -> int:
    statement = select(func.count()).where(
        Message.tenant_id == context.tenant_id(), Message.created_at >= since, Message.status == "failed"
    )
    return int(db.session.scalar(statement) or 0)


def expiring_keys(now: datetime, within: timedelta) -> Sequence[ApiKey]:
    """API keys in use that end soon, or ended in the last days."""
    statement = (
        select(ApiKey)
        .where(ApiKey.tenant_id == context.tenant_id(), ApiKey.revoked_at.is_(None),
               ApiKey.expires_at.between(now - timedelta(days=3), now + within))
        .order_by(ApiKey.expires_at)
        .limit(5)
    )  # fmt: skip
    return db.session.scalars(statement).all()
