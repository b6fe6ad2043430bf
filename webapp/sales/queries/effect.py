"""What is needed to calculate a month's sales once more under other rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

from webapp.kit import context
from webapp.kit.db import rows
from webapp.models import CommissionRate, Item, PayLine, Sale, SaleSplit, Technician
from webapp.sales import rules
from webapp.sales.queries import figures
from webapp.sales.queries.rates import Place, listed, rule_of_named

_MANY = 5_000  # ids in one statement


@dataclass(frozen=True, slots=True)
class World:
    """Everything around some sales: shares, people, the company's scale, and what was paid on them."""

    splits: dict[int, tuple[tuple[int, int], ...]]  # sale → technician, basis points
    people: dict[int, figures.TechnicianFacts]
    scale: tuple[rules.ScaleStep, ...]
    paid: dict[int, int]  # technician → cents
    names: dict[int, str]

    def supervisors(self) -> dict[int, str]:
        """Names of those whom they answer to."""
        return {p.supervisor_id: p.supervisor_name or "" for p in self.people.values() if p.supervisor_id}


def sold(place: Place, first: date, last: date, limit: int) -> Sequence[Row[Any]]:
    """The sales between two days, inclusive, that a rate at a place reaches; the latest first."""
    reached: list[ColumnElement[bool]] = []
    if place.technician_id is not None:
        reached.append(Sale.technician_id == place.technician_id)
    if place.item_id is not None:
        reached.append(Sale.item_id == place.item_id)
    if place.category_id is not None:
        reached.append(Item.category_id == place.category_id)
    statement = (
        select(
            Sale.id, Sale.sold_on, Sale.technician_id, Sale.item_id, Item.category_id, Sale.sale_price_cents,
            Sale.list_price_cents, Sale.commission_cents, Sale.override_cents,
        )
        .join(Item, and_(Item.tenant_id == Sale.tenant_id, Item.id == Sale.item_id))
        .where(
            Sale.tenant_id == context.tenant_id(), Sale.sold_on >= first, Sale.sold_on <= last,
            Sale.voided_at.is_(None), Sale.status != "rejected", *reached,
        )
        .order_by(Sale.sold_on.desc(), Sale.id.desc())
        .limit(limit)
    )  # fmt: skip
    return rows(statement)


def world(found: Sequence[Any]) -> World:
    """Everything around some sales of :func:`sold`."""
    tenant, ids = context.tenant_id(), [row.id for row in found]
    splits: dict[int, tuple[tuple[int, int], ...]] = {}
    paid: dict[int, int] = {}
    names: dict[int, str] = {}
    for piece in (ids[i : i + _MANY] for i in range(0, len(ids), _MANY)):
        for row in rows(
            select(SaleSplit.sale_id, SaleSplit.technician_id, SaleSplit.share_bps)
            .where(SaleSplit.tenant_id == tenant, SaleSplit.sale_id.in_(piece))
            .order_by(SaleSplit.sale_id, SaleSplit.position)
        ):
            splits[row.sale_id] = (*splits.get(row.sale_id, ()), (row.technician_id, row.share_bps))
        for row in rows(
            select(PayLine.technician_id, Technician.name, func.sum(PayLine.amount_cents).label("cents"))
            .join(Technician, and_(Technician.tenant_id == tenant, Technician.id == PayLine.technician_id))
            .where(PayLine.tenant_id == tenant, PayLine.sale_id.in_(piece), PayLine.state != "void")
            .group_by(PayLine.technician_id, Technician.name)
        ):
            paid[row.technician_id] = paid.get(row.technician_id, 0) + int(row.cents)
            names[row.technician_id] = row.name
    sellers = {row.technician_id for row in found}
    shared = {who for shares in splits.values() for who, _ in shares}
    people = figures.technicians(sellers | shared) if sellers else {}
    return World(splits, people, figures.default_scale(), paid, names)


def rates_of(found: Sequence[Any]) -> dict[Place, rules.RateRule]:
    """Every rate of now that applies to some sales of :func:`sold`, by its place."""
    categories = {row.category_id for row in found if row.category_id}
    return _rates({row.technician_id for row in found}, {row.item_id for row in found}, categories)


def _rates(technicians: set[int], items: set[int], categories: set[int]) -> dict[Place, rules.RateRule]:
    statement = listed().where(
        or_(CommissionRate.technician_id.is_(None), CommissionRate.technician_id.in_(technicians)),
        or_(CommissionRate.item_id.is_(None), CommissionRate.item_id.in_(items)),
        or_(CommissionRate.category_id.is_(None), CommissionRate.category_id.in_(categories)),
    )
    return {Place(r.technician_id, r.item_id, r.category_id): rule_of_named(r) for r in rows(statement)}
