"""What a changed rate would have paid on last month's sales, by technician, before anybody saves it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    now = read.rates_of(sold)
    then = {**now, **{k: v for k, v in changed.items() if v is not None}}
    for gone in (k for k, v in changed.items() if v is None):
        then.pop(gone, None)
    sold = _touched(sold[:MOST_SALES], place, now, then) if scale is None else sold[:MOST_SALES]
    result.sales = len(sold)
    world = read.world(sold)
    new = _recalculated(sold, world, then, scale if scale is not None else world.scale)
    result.changed = sum(1 for row in sold if new.totals[row.id] != row.commission_cents + row.override_cents)
    result.rows = _rows(sold, world, new)
    return result


def _touched(sold: Sequence[Any], place: Place, *worlds: Mapping[Place, rules.RateRule]) -> list[Any]:
    """The sales whose commission or override comes, or would come, from a place; others it cannot change."""
    known: dict[Any, bool] = {}

    def used(row: Any, stored: Mapping[Place, rules.RateRule]) -> bool:
        ordered = [
            step for step in chain(Place(row.technician_id, row.item_id), row.category_id) if step in stored
        ]
        override = next((step for step in ordered if stored[step].ov_rate_bps is not None), None)
        return place in (*ordered[:1], override)

    found = []
    for row in sold:
        key = row.technician_id, row.item_id
        if key not in known:
            known[key] = any(used(row, stored) for stored in worlds)
        if known[key]:
            found.append(row)
    return found


@dataclass(slots=True)
class _New:
    by_technician: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    totals: dict[int, int] = field(default_factory=dict)  # by sale: commission and override together


def _recalculated(
    sold: Sequence[Any],
    world: read.World,
    stored: Mapping[Place, rules.RateRule],
    scale: tuple[rules.ScaleStep, ...],
) -> _New:
    new = _New()
    rates: dict[Any, list[rules.RateRule]] = {}
    for row in sold:
        key = row.technician_id, row.item_id
        if key not in rates:
            steps = chain(Place(row.technician_id, row.item_id), row.category_id)
            rates[key] = [stored[step] for step in steps if step in stored]
        earned = rules.earnings(_facts(row, world), rates[key], scale)
        for who, cents in earned.items():
            new.by_technician[who] += cents
        new.totals[row.id] = sum(earned.values())
    return new


def _facts(row: Any, world: read.World) -> rules.SaleFacts:
    shares = world.splits.get(row.id, ())
    return rules.SaleFacts(
        sold_on=row.sold_on,
        sale_price_cents=row.sale_price_cents,
        list_price_cents=row.list_price_cents,
        technician=world.people[row.technician_id].earning_on(row.sold_on),
        splits=tuple(rules.SaleSplit(world.people[who].earning_on(row.sold_on), bps) for who, bps in shares),
    )


def _rows(sold: Sequence[Any], world: read.World, new: _New) -> list[Row]:
    sales: dict[int, int] = defaultdict(int)
    for row in sold:
        sales[row.technician_id] += 1
    names = {**world.supervisors(), **{p.id: p.name for p in world.people.values()}, **world.names}
    found = [
        Row(
            who,
            names.get(who, f"Technician {who}"),
            sales[who],
            world.paid.get(who, 0),
            new.by_technician.get(who, 0),
        )
        for who in {*world.paid, *new.by_technician}
    ]
    return sorted(found, key=lambda row: (-abs(row.difference_cents), row.name))
