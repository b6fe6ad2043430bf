"""What a changed rate would have paid on last month's sales, by technician, before anybody saves it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from webapp.kit import permissions
from webapp.sales import rules
from webapp.sales.pay import periods
from webapp.sales.permissions import COMMISSION_READ
from webapp.sales.queries import effect as read
from webapp.sales.queries.rates import Place, chain

MOST_SALES = 20_000
"""A preview is made while somebody waits: of more sales it takes the latest and says so."""


@dataclass(frozen=True, slots=True)
class Row:
    """One technician: what their sales of the month paid them, and what they would have."""

    technician_id: int
    name: str
    sales: int
    old_cents: int
    new_cents: int

    @property
    def difference_cents(self) -> int:
        """What would change for them."""
        return self.new_cents - self.old_cents


@dataclass(slots=True)
class Effect:
    """What a change would have meant in the last calendar month. `cut`: only the latest of its sales were taken."""

    first: date
    last: date
    sales: int = 0
    changed: int = 0
    rows: list[Row] = field(default_factory=list)
    cut: bool = False

    @property
    def old_cents(self) -> int:
        """What was paid in all."""
        return sum(row.old_cents for row in self.rows)

    @property
    def new_cents(self) -> int:
        """What would have been paid in all."""
        return sum(row.new_cents for row in self.rows)


def last_month() -> tuple[date, date]:
    """The first and last day of the calendar month before the present one."""
    last = periods.today().replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


def of_rate(place: Place, rule: rules.RateRule | None) -> Effect:
    """What a rate at a place would have meant; None: taking away the one that is there."""
    permissions.demand(COMMISSION_READ)
    return _effect(place, {place: rule}, None)


def of_scale(scale: Sequence[rules.ScaleStep]) -> Effect:
    """What another discount scale of the company would have meant."""
    permissions.demand(COMMISSION_READ)
    rules.validate_scale(scale)
    return _effect(Place(), {}, tuple(scale))


def _effect(
    place: Place, changed: Mapping[Place, rules.RateRule | None], scale: tuple[rules.ScaleStep, ...] | None
) -> Effect:
    first, last = last_month()
    sold = read.sold(place, first, last, MOST_SALES + 1)
    result = Effect(first, last, cut=len(sold) > MOST_SALES)
    sold = sold[:MOST_SALES]
    result.sales = len(sold)
    world = read.world(sold)
    stored = {**world.rates, **{k: v for k, v in changed.items() if v is not None}}
    for gone in (k for k, v in changed.items() if v is None):
        stored.pop(gone, None)
    new = _recalculated(sold, world, stored, scale if scale is not None else world.scale)
    result.changed = sum(1 for row in sold if new.totals[row.id] != row.commission_cents + row.override_cents)
    result.rows = _rows(sold, world, new)
    return result


@dataclass(slots=True)
class _New:
    by_technician: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    names: dict[int, str] = field(default_factory=dict)
    totals: dict[int, int] = field(default_factory=dict)  # by sale: commission and override together


def _recalculated(
    sold: Sequence[Any],
    world: read.World,
    stored: Mapping[Place, rules.RateRule],
    scale: tuple[rules.ScaleStep, ...],
) -> _New:
    new = _New()
    known: dict[Any, rules.Snapshot] = {}  # equal sales earn the same; a month has many
    for row in sold:
        facts = _facts(row, world)
        key = replace(facts, sold_on=date.min), row.category_id, row.item_id
        snapshot = known.get(key)
        if snapshot is None:
            steps = chain(Place(row.technician_id, row.item_id), row.category_id)
            candidates = [stored[step] for step in steps if step in stored]
            snapshot = known[key] = rules.calculate(facts, candidates, scale)
        total = 0
        for line in snapshot.lines:
            new.by_technician[line.technician_id] += line.amount_cents
            new.names[line.technician_id] = line.technician_name
            total += line.amount_cents
        new.totals[row.id] = total
    return new


def _facts(row: Any, world: read.World) -> rules.SaleFacts:
    shares = world.splits.get(row.id, ())
    return rules.SaleFacts(
        sold_on=row.sold_on,
        sale_price_cents=row.sale_price_cents,
        list_price_cents=row.list_price_cents,
        technician=world.people[row.technician_id].earning_on(row.sold_on),
        splits=tuple(rules.SaleSplit(world.people[who].earning_on(row.sold_on), bps) for who, bps in shares),
        item_name="",
    )


def _rows(sold: Sequence[Any], world: read.World, new: _New) -> list[Row]:
    sales: dict[int, int] = defaultdict(int)
    for row in sold:
        sales[row.technician_id] += 1
    names = {**{p.id: p.name for p in world.people.values()}, **world.names, **new.names}
    everyone = {*world.paid, *new.by_technician}
    found = [
        Row(
            who,
            names.get(who, f"Technician {who}"),
            sales[who],
            world.paid.get(who, 0),
            new.by_technician.get(who, 0),
        )
        for who in everyone
    ]
    return sorted(found, key=lambda row: (-abs(row.difference_cents), row.name))
