"""The commission report: what sales of some days have earned, grouped, and the lines behind it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, DateTime, and_, cast, func, select

from webapp.kit import context, errors
from webapp.kit.db import db, rows
from webapp.models import Item, ItemCategory, PayLine, PayPeriod, Sale, Technician
from webapp.sales import rules
from webapp.sales.pay.totals import Columns

GROUPS = {"technician": "Technician", "item": "Item", "category": "Category", "period": "Pay period"}


def _report_base(statement: Columns, first: date, last: date) -> Columns:
    return (
        statement.select_from(PayLine)
        .join(Sale, and_(Sale.tenant_id == PayLine.tenant_id, Sale.id == PayLine.sale_id))
        .join(
            Technician,
            and_(Technician.tenant_id == PayLine.tenant_id, Technician.id == PayLine.technician_id),
        )
        .join(Item, and_(Item.tenant_id == Sale.tenant_id, Item.id == Sale.item_id))
        .outerjoin(
            ItemCategory,
            and_(ItemCategory.tenant_id == Item.tenant_id, ItemCategory.id == Item.category_id),
        )
        .outerjoin(
            PayPeriod, and_(PayPeriod.tenant_id == PayLine.tenant_id, PayPeriod.id == PayLine.pay_period_id)
        )
        .where(
            PayLine.tenant_id == context.tenant_id(),
            Sale.tenant_id == context.tenant_id(),
            Sale.sold_on >= first,
            Sale.sold_on <= last,
            PayLine.state.in_(("posted", "pending")),
        )
    )


def report(first: date, last: date, group: str) -> Columns:
    """Commissions on what was sold from `first` to `last`, summed per group: posted and, apart, pending."""
    keys: dict[str, tuple[Any, Any, Any]] = {
        "technician": (Technician.id, Technician.name, Technician.employee_number),
        "item": (Item.id, Item.name, Item.code),
        "category": (ItemCategory.id, ItemCategory.name, ItemCategory.name),
        "period": (PayPeriod.id, PayPeriod.start_date, PayPeriod.end_date),
    }
    if group not in keys:
        raise errors.Invalid.one("group_by", f"Choose one of {', '.join(keys)}.")
    key, name, more = keys[group]
    posted, pending = PayLine.state == "posted", PayLine.state == "pending"
    amount, whole = PayLine.amount_cents, PayLine.amount_cents.type
    is_override = PayLine.role == "override"
    is_first = PayLine.reverses_id.is_(None)
    seller = and_(PayLine.role == "seller", posted)

    def cents(column: Any, *conditions: ColumnElement[bool]) -> ColumnElement[Any]:
        return func.coalesce(func.sum(column).filter(*conditions), 0).cast(whole)

    sold = cents(Sale.sale_price_cents, seller, is_first) - cents(Sale.sale_price_cents, seller, ~is_first)
    columns = (
        key.label("id"),
        name.label("name"),
        more.label("detail"),
        (func.count().filter(seller, is_first) - func.count().filter(seller, ~is_first)).label("sales"),
        sold.label("sales_cents"),
        cents(amount, posted, ~is_override).label("commission_cents"),
        cents(amount, posted, is_override).label("override_cents"),
        cents(amount, posted).label("total_cents"),
        cents(amount, pending).label("pending_cents"),
    )
    return _report_base(select(*columns), first, last).group_by(key, name, more)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """One group of the report, in cents. A sale counts for its seller; `total_cents` has nothing pending in it."""

    id: int | None = None
    name: str = ""
    detail: str = ""
    sales: int = 0
    sales_cents: int = 0
    commission_cents: int = 0
    override_cents: int = 0
    total_cents: int = 0
    pending_cents: int = 0

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


SUMS = ("sales", "sales_cents", "commission_cents", "override_cents", "total_cents", "pending_cents")


def groups(first: date, last: date, group: str) -> list[Group]:
    """The report in order: periods by time, everything else by what it comes to."""
    found = [_group(row, group) for row in rows(report(first, last, group))]
    if group == "period":
        return sorted(found, key=lambda g: (g.id is None, g.detail))
    return sorted(found, key=lambda g: (-g.total_cents, g.name.casefold(), g.id or 0))


def _group(row: Any, group: str) -> Group:
    values = dict(row._mapping)
    name, detail = values.pop("name"), values.pop("detail")
    if group == "period":
        words = rules.label(name, detail) if name else "In no pay period yet"
        return Group(**values, name=words, detail=str(name or ""))
    nameless = {"category": "Without a category"}.get(group, "")
    return Group(**values, name=name or nameless, detail=(detail or "") if group != "category" else "")


def sum_of(held: Sequence[Group]) -> Group:
    """All groups together."""
    return Group(name="Total", **{name: sum(getattr(g, name) for g in held) for name in SUMS})


def report_lines(columns: Sequence[Any], first: date, last: date) -> Columns:
    """The lines behind :func:`report`, oldest sale first."""
    return _report_base(select(*columns), first, last).order_by(Sale.sold_on, Sale.id, PayLine.id)


def by_week(first: date, last: date) -> list[tuple[date, int, int]]:
    """Posted commissions and overrides per week of sale (Mondays), in cents."""
    week = func.date_trunc("week", cast(Sale.sold_on, DateTime))
    amount = PayLine.amount_cents
    found = (
        select(
            week.label("week"),
            func.coalesce(func.sum(amount).filter(PayLine.role != "override"), 0),
            func.coalesce(func.sum(amount).filter(PayLine.role == "override"), 0),
        )
        .select_from(PayLine)
        .join(Sale, and_(Sale.tenant_id == PayLine.tenant_id, Sale.id == PayLine.sale_id))
        .where(
            PayLine.tenant_id == context.tenant_id(),
            Sale.tenant_id == context.tenant_id(),
            Sale.sold_on.between(first, last),
            PayLine.state == "posted",
        )
        .group_by(week)
        .order_by(week)
    )
    return [(row[0].date(), int(row[1]), int(row[2])) for row in db.session.execute(found)]
