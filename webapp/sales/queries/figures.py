"""What a commission is calculated from: the item, the people, the rates that could apply, and the company's scale."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.orm import aliased

from webapp.kit import context, errors
from webapp.kit.db import db, rows
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
    _demand(by_id, ids)
    return by_id


def _number(value: int) -> int:
    # what no bigint can hold is nobody's number; asking for it would be a database error
    return value if 0 < value < 2**63 else 0


# One statement, because a sale is recorded in a few milliseconds: each of its parts asked for alone would cost as much
# as the whole. Each place in the hierarchy of rates is spelled out, so that the unique index finds it.
_BASIS = """
    select o.time_zone, p.basis, p.discount_scale, i.id as item_id, i.name as item_name, i.archived,
        i.list_price_cents, i.category_id, coalesce(c.name, '') as category_name,
        (select json_agg(json_build_array(t.id, t.name, t.starts_on, t.ends_on, s.id, s.name, s.starts_on, s.ends_on))
         from technicians t left join technicians s on s.tenant_id = t.tenant_id and s.id = t.supervisor_id
         where t.tenant_id = %(tenant)s and t.id = any(%(people)s::bigint[])) as people,
        (select json_agg(r) from commission_rates r where r.tenant_id = %(tenant)s and (
            (r.technician_id = %(seller)s::bigint and r.item_id = %(item)s::bigint and r.category_id is null)
            or (r.technician_id = %(seller)s::bigint and r.item_id is null and r.category_id = i.category_id)
            or (r.technician_id is null and r.item_id = %(item)s::bigint and r.category_id is null)
            or (r.technician_id is null and r.item_id is null and r.category_id = i.category_id)
            or (r.technician_id = %(seller)s::bigint and r.item_id is null and r.category_id is null)
            or (r.technician_id is null and r.item_id is null and r.category_id is null))) as rates
    from organizations o
    left join pay_plans p on p.tenant_id = o.tenant_id
    left join items i on i.tenant_id = o.tenant_id and i.id = %(item)s::bigint
    left join item_categories c on c.tenant_id = i.tenant_id and c.id = i.category_id
    where o.tenant_id = %(tenant)s
"""


@dataclass(frozen=True, slots=True)
class Basis:
    """All that the commission of a sale is calculated from."""

    calendar: periods.Calendar
    scale: tuple[rules.ScaleStep, ...]  # the company's own
    item: ItemFacts
    people: dict[int, TechnicianFacts]
    rates: list[rules.RateRule]  # every one that could apply to the seller and the item


def basis(seller_id: int, item_id: int, others: Collection[int] = ()) -> Basis:
    """What a sale of an item by a technician, shared with others, is calculated from: one query.

    Raises NotFound for an item or technician that does not exist.
    """
    people = [seller_id, *others]
    values = {"tenant": context.tenant_id(), "seller": _number(seller_id), "item": _number(item_id),
              "people": [_number(i) for i in people]}  # fmt: skip
    row = _read(values)
    if row.basis is None:
        periods.plan()  # makes it
        row = _read(values)
    if row.item_id is None:
        raise errors.NotFound(f"No item has the number {item_id}.")
    known = {facts[0]: _person(facts) for facts in row.people or ()}
    _demand(known, people)
    sold = ItemFacts(
        row.item_id, row.item_name, row.archived, row.list_price_cents, row.category_id, row.category_name
    )
    named = {"technician": known[seller_id].name, "item": sold.name, "category": sold.category_name}
    return Basis(
        periods.Calendar(row.time_zone, row.basis), steps(row.discount_scale), sold, known,
        [rule_of(SimpleNamespace(**rate), **named) for rate in row.rates or ()],
    )  # fmt: skip


def _read(values: dict[str, Any]) -> Row[Any]:
    db.session.flush()
    return db.session.connection().exec_driver_sql(_BASIS, values).one()


def _person(facts: list[Any]) -> TechnicianFacts:
    number, name, starts, ends, boss, boss_name, boss_starts, boss_ends = facts
    return TechnicianFacts(
        number, name, _day(starts), _day(ends), boss, boss_name, _day(boss_starts), _day(boss_ends)
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _demand(known: dict[int, TechnicianFacts], wanted: Collection[int]) -> None:
    for one in wanted:
        if one not in known:
            raise errors.NotFound(f"No technician has the number {one}.")


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
