"""What a commission is calculated from: the item, the people, the rates that could apply, and the company's scale."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import aliased

from webapp.kit import context, errors
from webapp.kit.db import rows
from webapp.models import CommissionRate, Item, ItemCategory, Technician
from webapp.sales import rules
from webapp.sales.pay import periods


@dataclass(frozen=True, slots=True)
class ItemFacts:
    """An item as it is when something of it is sold."""

    id: int
    name: str
    archived: bool
    list_price_cents: int | None
    category_id: int | None
    category_name: str


@dataclass(frozen=True, slots=True)
class TechnicianFacts:
    """A technician, the days they work here (None: no limit), and whom they answer to."""

    id: int
    name: str
    starts_on: date | None
    ends_on: date | None
    supervisor_id: int | None
    supervisor_name: str | None
    supervisor_starts_on: date | None
    supervisor_ends_on: date | None

    def active_on(self, day: date) -> bool:
        """Whether the technician works here on a day."""
        return _active(self.starts_on, self.ends_on, day)

    def earning_on(self, day: date) -> rules.SaleTechnician:
        """The technician as the commission rules take one; a supervisor who is not active that day earns nothing."""
        if self.supervisor_id is None or not _active(self.supervisor_starts_on, self.supervisor_ends_on, day):
            return rules.SaleTechnician(self.id, self.name)
        return rules.SaleTechnician(self.id, self.name, self.supervisor_id, self.supervisor_name)


def _active(starts_on: date | None, ends_on: date | None, day: date) -> bool:
    return (starts_on is None or starts_on <= day) and (ends_on is None or day <= ends_on)


def item(item_id: int) -> ItemFacts:
    """An item of the price book. Raises NotFound."""
    found = rows(
        select(
            Item.id,
            Item.name,
            Item.archived,
            Item.list_price_cents,
            Item.category_id,
            ItemCategory.name.label("category"),
        )
        .outerjoin(
            ItemCategory, and_(ItemCategory.tenant_id == Item.tenant_id, ItemCategory.id == Item.category_id)
        )
        .where(Item.tenant_id == context.tenant_id(), Item.id == _number(item_id))
    )
    if not found:
        raise errors.NotFound(f"No item has the number {item_id}.")
    row = found[0]
    return ItemFacts(
        row.id, row.name, row.archived, row.list_price_cents, row.category_id, row.category or ""
    )


def technicians(ids: Collection[int]) -> dict[int, TechnicianFacts]:
    """Some technicians by id, with their supervisors. Raises NotFound naming the first that does not exist."""
    supervisor = aliased(Technician)
    found = rows(
        select(
            Technician.id, Technician.name, Technician.starts_on, Technician.ends_on, Technician.supervisor_id,
            supervisor.name.label("supervisor_name"), supervisor.starts_on.label("supervisor_starts_on"),
            supervisor.ends_on.label("supervisor_ends_on"),
        )
        .outerjoin(supervisor, and_(supervisor.tenant_id == Technician.tenant_id,
                                    supervisor.id == Technician.supervisor_id))
        .where(Technician.tenant_id == context.tenant_id(), Technician.id.in_({_number(i) for i in ids}))
    )  # fmt: skip
    by_id = {row.id: TechnicianFacts(**row._mapping) for row in found}
    for wanted in ids:
        if wanted not in by_id:
            raise errors.NotFound(f"No technician has the number {wanted}.")
    return by_id


def _number(value: int) -> int:
    # what no bigint can hold is nobody's number; asking for it would be a database error
    return value if 0 < value < 2**63 else 0


def candidates(technician: TechnicianFacts, sold: ItemFacts) -> list[rules.RateRule]:
    """Every rate that applies to a technician selling an item, in one query."""
    found = rows(
        select(*RATE_COLUMNS).where(
            CommissionRate.tenant_id == context.tenant_id(),
            _could_apply(technician.id, sold.id, sold.category_id),
        )
    )
    return [
        rule_of(row, technician=technician.name, item=sold.name, category=sold.category_name) for row in found
    ]


def _could_apply(technician_id: int, item_id: int, category_id: int | None) -> ColumnElement[bool]:
    """The places in the hierarchy, each spelled out so that the unique index finds it."""

    def place(technician: int | None, an_item: int | None, category: int | None) -> ColumnElement[bool]:
        return and_(
            CommissionRate.technician_id.is_(None)
            if technician is None
            else CommissionRate.technician_id == technician,
            CommissionRate.item_id.is_(None) if an_item is None else CommissionRate.item_id == an_item,
            CommissionRate.category_id.is_(None)
            if category is None
            else CommissionRate.category_id == category,
        )

    places = [
        place(technician_id, item_id, None),
        place(None, item_id, None),
        place(technician_id, None, None),
        place(None, None, None),
    ]
    if category_id is not None:
        places += [place(technician_id, None, category_id), place(None, None, category_id)]
    return or_(*places)


RATE_COLUMNS: Sequence[Any] = (
    CommissionRate.id, CommissionRate.level, CommissionRate.technician_id, CommissionRate.item_id,
    CommissionRate.category_id, CommissionRate.structure, CommissionRate.rate_bps, CommissionRate.flat_cents,
    CommissionRate.tiers, CommissionRate.discount_scale_enabled, CommissionRate.discount_scale,
    CommissionRate.ov_rate_bps,
)  # fmt: skip
"""The columns that :func:`rule_of` reads."""


def rule_of(row: Any, *, technician: str = "", item: str = "", category: str = "") -> rules.RateRule:
    """A stored rate as the commission rules take it; the names make its label."""
    return rules.RateRule(
        id=row.id,
        level=row.level,
        label=label(row.level, technician=technician, item=item, category=category),
        structure=row.structure,
        rate_bps=row.rate_bps,
        flat_cents=row.flat_cents,
        tiers=tuple(rules.Tier(t["up_to_cents"], t["rate_bps"]) for t in row.tiers),
        discount_scale_enabled=row.discount_scale_enabled,
        discount_scale=steps(row.discount_scale),
        ov_rate_bps=row.ov_rate_bps,
    )


def label(level: str, *, technician: str = "", item: str = "", category: str = "") -> str:
    """What a rate is for, in words: `Mike on AC tune-up`, `everyone on Maintenance`, `the company's default`."""
    return {
        "technician_item": f"{technician} on {item}",
        "technician_category": f"{technician} on {category}",
        "item": f"Everyone on {item}",
        "category": f"Everyone on {category}",
        "technician": f"{technician}'s default",
        "company": "Company default",
    }[level]


def steps(stored: Sequence[dict[str, Any]]) -> tuple[rules.ScaleStep, ...]:
    """A stored discount scale as the rules take it."""
    return tuple(rules.ScaleStep(s["discount_bps"], s["pays_bps"]) for s in stored)


def default_scale() -> tuple[rules.ScaleStep, ...]:
    """The company's own discount scale, for rates that use one and name none."""
    return steps(periods.plan().discount_scale)
