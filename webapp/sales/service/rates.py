"""Setting and removing commission rates, the company's discount scale, and what a change would have paid."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from webapp.kit import clock, errors, events, journal, locks, permissions
from webapp.kit.db import add, db, get
from webapp.models import CommissionRate, Item, ItemCategory, Technician
from webapp.sales import events as told
from webapp.sales import rules
from webapp.sales.pay import periods
from webapp.sales.permissions import COMMISSION_EDIT
from webapp.sales.queries.figures import label, rule_of
from webapp.sales.queries.rates import Place, at


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a rate says. Only the fields that its structure uses are kept; the others are emptied."""

    structure: rules.Structure = "percentage"
    rate_bps: int | None = None
    flat_cents: int | None = None
    tiers: tuple[rules.Tier, ...] = ()
    discount_scale_enabled: bool = False
    discount_scale: tuple[rules.ScaleStep, ...] = ()
    ov_rate_bps: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A place that exists, with the names of what is there."""

    place: Place
    technician: str = ""
    item: str = ""
    category: str = ""

    @property
    def label(self) -> str:
        """`Mike on AC tune-up`."""
        return label(self.place.level, technician=self.technician, item=self.item, category=self.category)


def named(place: Place) -> Named:
    """The names of a place. Raises NotFound when its technician, item or category does not exist."""
    return Named(
        place,
        get(Technician, place.technician_id).name if place.technician_id is not None else "",
        get(Item, place.item_id).name if place.item_id is not None else "",
        get(ItemCategory, place.category_id, what="category").name if place.category_id is not None else "",
    )


def as_rule(rate: Rate, where: Named, rate_id: int | None = None) -> rules.RateRule:
    """A rate as the rules take it, checked. Raises InvalidRule naming every field that is wrong."""
    uses = rate.structure
    rule = rules.RateRule(
        id=rate_id,
        level=where.place.level,
        label=where.label,
        structure=uses,
        rate_bps=rate.rate_bps if uses == "percentage" else None,
        flat_cents=rate.flat_cents if uses == "flat" else None,
        tiers=rate.tiers if uses == "tiered" else (),
        discount_scale_enabled=rate.discount_scale_enabled,
        discount_scale=rate.discount_scale,
        ov_rate_bps=rate.ov_rate_bps,
    )
    rules.validate_rule(rule)
    return rule


def set_rate(place: Place, rate: Rate) -> CommissionRate:
    """Set the rate of a place, for sales recorded from now on. Raises NotFound, InvalidRule."""
    permissions.demand(COMMISSION_EDIT)
    where = named(place)
    rule = as_rule(rate, where)
    found = _locked(place)
    columns = _columns(rule)
    before = None if found is None else journal.snapshot(found)
    if found is None:
        found = add(CommissionRate(
            level=place.level, technician_id=place.technician_id, item_id=place.item_id, category_id=place.category_id,
            **columns,
        ))  # fmt: skip
    else:
        for name, value in columns.items():
            if getattr(found, name) != value:
                setattr(found, name, value)
        if journal.snapshot(found) == before:
            return found
        db.session.flush()
    journal.audit(
        "commission_rate.set", found, before=before, place=where.label, rate=rules.describe_rate(rule)
    )
    _tell(place, rules.describe_rate(rule))
    return found


def remove_rate(place: Place) -> None:
    """Take the rate of a place away; the next less specific one applies again. Raises NotFound when none is set."""
    permissions.demand(COMMISSION_EDIT)
    where = named(place)
    found = _locked(place)
    if found is None:
        raise errors.NotFound(f"No rate is set for {where.label}.")
    before = journal.snapshot(found)
    was = rules.describe_rate(rule_of(found))
    gone = {
        name: {"from": journal.plain(value), "to": None}
        for name, value in before.items()
        if value is not None
    }
    journal.audit("commission_rate.removed", record_type="commission_rate", record_id=found.id, diff=gone,
                  place=where.label, rate=was)  # fmt: skip
    db.session.delete(found)
    db.session.flush()
    _tell(place, None)


def set_default_scale(scale: Sequence[rules.ScaleStep]) -> None:
    """Set the company's discount scale, for sales recorded from now on. Raises InvalidRule."""
    permissions.demand(COMMISSION_EDIT)
    rules.validate_scale(scale)
    plan = periods.plan()
    before = journal.snapshot(plan)
    stored = [{"discount_bps": s.discount_bps, "pays_bps": s.pays_bps} for s in scale]
    if plan.discount_scale == stored:
        return
    plan.discount_scale = stored
    plan.updated_at = clock.now()
    db.session.flush()
    journal.audit("commission_scale.set", plan, before=before, record_type="pay_plan")
    events.emit(told.RATES_CHANGED, None, {"level": "discount_scale", "discount_scale": stored})


def _locked(place: Place) -> CommissionRate | None:
    locks.hold("commission-rate", place.technician_id, place.item_id, place.category_id)
    return db.session.scalar(select(CommissionRate).where(*at(place)).with_for_update())


def _columns(rule: rules.RateRule) -> Mapping[str, Any]:
    return {
        "structure": rule.structure,
        "rate_bps": rule.rate_bps,
        "flat_cents": rule.flat_cents,
        "tiers": [{"up_to_cents": t.up_to_cents, "rate_bps": t.rate_bps} for t in rule.tiers],
        "discount_scale_enabled": rule.discount_scale_enabled,
        "discount_scale": [
            {"discount_bps": s.discount_bps, "pays_bps": s.pays_bps} for s in rule.discount_scale
        ],
        "ov_rate_bps": rule.ov_rate_bps,
    }


def _tell(place: Place, rate: str | None) -> None:
    payload = {
        "level": place.level,
        "technician_id": place.technician_id,
        "item_id": place.item_id,
        "category_id": place.category_id,
        "rate": rate,
    }
    events.emit(told.RATES_CHANGED, None, payload)
