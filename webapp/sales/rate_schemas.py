"""Shapes of the commission rate API."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from webapp.kit import errors
from webapp.kit.money import MAX_CENTS
from webapp.kit.paging import PageQuery
from webapp.sales import rules
from webapp.sales.queries.rates import rule_of_named
from webapp.sales.schemas import Bps, Id
from webapp.sales.service.rates import Rate

Structure = Literal["percentage", "flat", "tiered"]
Level = Literal["technician_item", "technician_category", "item", "category", "technician", "company"]


class TierIn(BaseModel):
    """A rate for the part of the price up to `up_to_cents`; null in the last one: all the rest."""

    model_config = ConfigDict(extra="forbid")
    up_to_cents: Annotated[int, Field(ge=1, le=MAX_CENTS)] | None = None
    rate_bps: Bps


class StepIn(BaseModel):
    """A discount of so much or more off list price pays so much of the commission."""

    model_config = ConfigDict(extra="forbid")
    discount_bps: Bps
    pays_bps: Bps


class RateIn(BaseModel):
    """A commission rate. `ov_rate_bps` is the supervisor's override: null takes that of the next less specific rate, 0
    is none. An empty `discount_scale` is the company's own."""

    model_config = ConfigDict(extra="forbid")
    structure: Structure = "percentage"
    commission_rate_bps: Bps | None = Field(None, description="Of a percentage")
    flat_cents: Annotated[int, Field(ge=0, le=rules.MAX_FLAT_CENTS)] | None = Field(
        None, description="Of a flat amount"
    )
    tiers: list[TierIn] = Field(default_factory=list, max_length=20)
    ov_rate_bps: Bps | None = None
    discount_scale_enabled: bool = False
    discount_scale: list[StepIn] = Field(default_factory=list, max_length=20)


class RateOut(BaseModel):
    """A commission rate and what it is for."""

    id: int
    level: Level
    technician_id: int | None
    technician_name: str | None
    item_id: int | None
    item_name: str | None
    category_id: int | None
    category_name: str | None
    structure: Structure
    commission_rate_bps: int | None
    flat_cents: int | None
    tiers: list[TierIn]
    ov_rate_bps: int | None
    discount_scale_enabled: bool
    discount_scale: list[StepIn]
    description: str = Field(description="The rate in words")
    updated_at: datetime


class RateQuery(PageQuery):
    """Which rates to list, the most general first."""

    technician_id: Id | None = None
    item_id: Id | None = None
    category_id: Id | None = None
    level: Level | None = None


class ResolveQuery(BaseModel):
    """Who sells what."""

    model_config = ConfigDict(extra="forbid")
    technician_id: Id
    item_id: Id


class ConsideredOut(BaseModel):
    """A rate that applies, whether it is used, and why or why not."""

    id: int | None
    level: Level
    label: str
    description: str
    used: bool
    why: str


class ResolveOut(BaseModel):
    """The rate that wins."""

    technician_id: int
    item_id: int
    level: Level | None = Field(description="null: no rate is set")
    rate_id: int | None
    label: str
    description: str
    structure: Structure
    commission_rate_bps: int | None
    flat_cents: int | None
    tiers: list[TierIn]
    ov_rate_bps: int
    ov_rate_from: str | None
    discount_scale_enabled: bool
    discount_scale: list[StepIn]
    considered: list[ConsideredOut]


class Removed(BaseModel):
    """The rate is gone; the next less specific one applies."""

    removed: bool


class ScaleIn(BaseModel):
    """The company's discount scale, the smallest discount first."""

    model_config = ConfigDict(extra="forbid")
    discount_scale: list[StepIn] = Field(max_length=20)


class ScaleOut(BaseModel):
    """The company's discount scale."""

    discount_scale: list[StepIn]


def rate_of(body: RateIn) -> Rate:
    """What a body says, as the service takes it. Raises Invalid for a field that its structure does not use."""
    known: dict[str, dict[str, Any]] = {
        "percentage": {"flat_cents": body.flat_cents, "tiers": body.tiers},
        "flat": {"commission_rate_bps": body.commission_rate_bps, "tiers": body.tiers},
        "tiered": {"commission_rate_bps": body.commission_rate_bps, "flat_cents": body.flat_cents},
    }
    for name, value in known[body.structure].items():
        if value:
            raise errors.Invalid.one(
                name, f"{name} is not used by a {body.structure} rate. Send the structure it needs."
            )
    return Rate(
        structure=body.structure,
        rate_bps=body.commission_rate_bps,
        flat_cents=body.flat_cents,
        tiers=tuple(rules.Tier(t.up_to_cents, t.rate_bps) for t in body.tiers),
        discount_scale_enabled=body.discount_scale_enabled,
        discount_scale=steps_of(body.discount_scale),
        ov_rate_bps=body.ov_rate_bps,
    )


def steps_of(given: list[StepIn]) -> tuple[rules.ScaleStep, ...]:
    """A discount scale as the rules take it."""
    return tuple(rules.ScaleStep(s.discount_bps, s.pays_bps) for s in given)


def renamed(problem: errors.Invalid) -> errors.Invalid:
    """A refusal of the rules in the API's own names: it says `commission_rate_bps` where they say `rate_bps`."""
    named = [
        errors.FieldProblem("commission_rate_bps" if p.field == "rate_bps" else p.field, p.message)
        for p in problem.problems
    ]
    return errors.Invalid(problems=named) if named else problem


def terms(rule: rules.RateRule) -> dict[str, Any]:
    """What a rate says, as the API answers it."""
    return {
        "structure": rule.structure,
        "commission_rate_bps": rule.rate_bps,
        "flat_cents": rule.flat_cents,
        "tiers": [{"up_to_cents": t.up_to_cents, "rate_bps": t.rate_bps} for t in rule.tiers],
        "ov_rate_bps": rule.ov_rate_bps,
        "discount_scale_enabled": rule.discount_scale_enabled,
        "discount_scale": [
            {"discount_bps": s.discount_bps, "pays_bps": s.pays_bps} for s in rule.discount_scale
        ],
        "description": rules.describe_rate(rule),
    }


def shape(row: Any) -> dict[str, Any]:
    """A row of `queries.rates.listed` as the API answers it."""
    said = terms(rule_of_named(row))
    return {name: said[name] if name in said else getattr(row, name) for name in RateOut.model_fields}
