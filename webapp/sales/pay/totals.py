"""What a pay period comes to. Page, PDF, CSV and API all read these, so they cannot disagree."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select

from webapp.kit import context
from webapp.kit.db import db, rows
from webapp.models import PayLine, PayPeriod, PayStatement, Sale, Technician

Columns: TypeAlias = Select[*tuple[Any, ...]]
MANUAL = ("bonus", "draw", "draw_recovery", "guarantee", "deduction")
AMOUNTS = (
    "sales_cents",
    "commission_cents",
    "override_cents",
    "adjustment_cents",
    "manual_cents",
    "total_cents",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums of posted lines in cents. `sales_cents`: what the technician sold, less what was taken back."""

    lines: int = 0
    sales_cents: int = 0
    commission_cents: int = 0
    override_cents: int = 0
    adjustment_cents: int = 0
    manual_cents: int = 0
    total_cents: int = 0

    def as_json(self) -> dict[str, int]:
        return {f.name: getattr(self, f.name) for f in fields(Totals)}


@dataclass(frozen=True, slots=True, kw_only=True)
class TechnicianTotals(Totals):
    """One technician's sums in one period."""

    technician_id: int
    technician_name: str
    employee_number: str | None

    @property
    def id(self) -> int:
        return self.technician_id


def amount_columns() -> list[ColumnElement[int]]:
    """The sums of :class:`Totals` over posted lines joined (outer) with their sales."""
    amount = PayLine.amount_cents
    # a sale counts for its seller only, so that shared ones are not counted twice
    sold = case(
        (PayLine.role != "seller", 0),
        (PayLine.reverses_id.is_not(None), -Sale.sale_price_cents),
        else_=Sale.sale_price_cents,
    )

    def of(*kinds: str) -> ColumnElement[int]:
        return func.sum(case((PayLine.kind.in_(kinds), amount), else_=0))

    def whole(value: ColumnElement[Any], name: str) -> ColumnElement[int]:
        return func.coalesce(value, 0).cast(PayLine.amount_cents.type).label(name)

    return [
        func.count().label("lines"),
        whole(func.sum(sold), "sales_cents"),
        whole(of("commission"), "commission_cents"),
        whole(of("override"), "override_cents"),
        whole(of("adjustment"), "adjustment_cents"),
        whole(of(*MANUAL), "manual_cents"),
        whole(func.sum(amount), "total_cents"),
    ]


def live(period_id: int) -> Columns:
    """Sums of the posted lines per technician, as columns of a pay statement."""
    return (
        select(
            PayLine.technician_id,
            Technician.name.label("technician_name"),
            Technician.employee_number,
            *amount_columns(),
        )
        .join(
            Technician,
            and_(Technician.tenant_id == PayLine.tenant_id, Technician.id == PayLine.technician_id),
        )
        .outerjoin(Sale, and_(Sale.tenant_id == PayLine.tenant_id, Sale.id == PayLine.sale_id))
        .where(
            PayLine.tenant_id == context.tenant_id(),
            PayLine.pay_period_id == period_id,
            PayLine.state == "posted",
        )
        .group_by(PayLine.technician_id, Technician.name, Technician.employee_number)
    )


def live_total() -> ColumnElement[int]:
    """The sum of a period's posted lines, beside a statement on pay periods."""
    found = select(func.coalesce(func.sum(PayLine.amount_cents), 0).cast(PayLine.amount_cents.type)).where(
        PayLine.tenant_id == PayPeriod.tenant_id,
        PayLine.pay_period_id == PayPeriod.id,
        PayLine.state == "posted",
    )
    return found.correlate(PayPeriod).scalar_subquery()


def frozen(period_id: int) -> Columns:
    """The same columns of a closed period, as they were frozen."""
    return select(
        PayStatement.technician_id,
        PayStatement.technician_name,
        PayStatement.employee_number,
        PayStatement.lines,
        *(getattr(PayStatement, name) for name in AMOUNTS),
    ).where(PayStatement.tenant_id == context.tenant_id(), PayStatement.pay_period_id == period_id)


def by_technician(period: PayPeriod) -> list[TechnicianTotals]:
    """Every technician with a posted line in a period, by name."""
    statement = frozen(period.id) if period.status == "closed" else live(period.id)
    found = [TechnicianTotals(**row._mapping) for row in rows(statement)]
    return sorted(found, key=lambda t: (t.technician_name.casefold(), t.technician_id))


def of_technician(period: PayPeriod, technician_id: int) -> Totals:
    """One technician's sums in a period; zeros where there is nothing."""
    if period.status == "closed":
        found = rows(frozen(period.id).where(PayStatement.technician_id == technician_id))
    else:
        found = rows(live(period.id).where(PayLine.technician_id == technician_id))
    return TechnicianTotals(**found[0]._mapping) if found else Totals()


def together(parts: Iterable[Totals]) -> Totals:
    """Sums of sums."""
    held = list(parts)
    return Totals(**{f.name: sum(getattr(p, f.name) for p in held) for f in fields(Totals)})


def of_periods(held: Iterable[PayPeriod]) -> dict[int, Totals]:
    """The sums of several periods by id, in two queries whatever their number."""
    periods = list(held)
    closed = [p.id for p in periods if p.status == "closed"]
    opened = [p.id for p in periods if p.status != "closed"]
    found = {p.id: Totals() for p in periods}
    if closed:
        sums = select(
            PayStatement.pay_period_id,
            *(
                func.sum(getattr(PayStatement, n)).cast(PayLine.amount_cents.type).label(n)
                for n in ("lines", *AMOUNTS)
            ),
        ).where(PayStatement.tenant_id == context.tenant_id(), PayStatement.pay_period_id.in_(closed))
        found |= _by_period(sums.group_by(PayStatement.pay_period_id))
    if opened:
        statement = (
            select(PayLine.pay_period_id, *amount_columns())
            .outerjoin(Sale, and_(Sale.tenant_id == PayLine.tenant_id, Sale.id == PayLine.sale_id))
            .where(
                PayLine.tenant_id == context.tenant_id(),
                PayLine.pay_period_id.in_(opened),
                PayLine.state == "posted",
            )
            .group_by(PayLine.pay_period_id)
        )
        found |= _by_period(statement)
    return found


def _by_period(statement: Columns) -> dict[int, Totals]:
    found = {}
    for row in rows(statement):
        values = dict(row._mapping)
        period_id = values.pop("pay_period_id")
        found[period_id] = Totals(**values)
    return found


def freeze(period: PayPeriod) -> tuple[int, int, int]:
    """Write the statements of a period that is being closed: technicians, lines and cents in all."""
    columns = ("technician_id", "technician_name", "employee_number", "lines", *AMOUNTS)
    from_lines = live(period.id).subquery()
    source = select(
        literal(context.tenant_id(), PayStatement.tenant_id.type),
        literal(period.id, PayStatement.pay_period_id.type),
        *(from_lines.c[name] for name in columns),
    )
    db.session.execute(
        PayStatement.__table__.insert().from_select(["tenant_id", "pay_period_id", *columns], source)  # type: ignore[attr-defined]  # a Table
    )
    sums = db.session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(PayStatement.lines), 0),
            func.coalesce(func.sum(PayStatement.total_cents), 0),
        ).where(PayStatement.tenant_id == context.tenant_id(), PayStatement.pay_period_id == period.id)
    ).one()
    return int(sums[0]), int(sums[1]), int(sums[2])
