"""Commission rules: what one says, what is wrong with it, and which of several applies to a sale.

Source: the API contract, "Commission rate, most specific first".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from webapp.kit.errors import FieldProblem as RuleError
from webapp.kit.errors import Invalid
from webapp.kit.money import FULL, dollars, percent
from webapp.sales.rules.plain import Jsonable, listed

Level = Literal["technician_item", "technician_category", "item", "category", "technician", "company"]
Structure = Literal["percentage", "flat", "tiered"]

LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""Most specific first."""
STRUCTURES: Final[tuple[Structure, ...]] = get_args(Structure)
MAX_FLAT_CENTS: Final = 100_000_000
"""$1,000,000.00: no flat commission is meant to be more; a larger one is a slip of the keyboard."""


class InvalidRule(Invalid):
    """A commission rule or a discount scale does not make sense; `problems` lists all of it."""


@dataclass(frozen=True, slots=True)
class Tier(Jsonable):
    """A rate for the part of the price above the tier before and up to `up_to_cents` (None: all the rest)."""

    up_to_cents: int | None
    rate_bps: int


@dataclass(frozen=True, slots=True)
class ScaleStep(Jsonable):
    """A discount of `discount_bps` or more off list price pays `pays_bps` of the commission."""

    discount_bps: int
    pays_bps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRule(Jsonable):
    """A commission rule at one level. Only the fields that its structure uses are read.

    An empty `discount_scale` means the company's default scale. `ov_rate_bps` None inherits the override rate
    of the next less specific rule that names one; 0 is an explicit nothing.
    """

    level: Level
    structure: Structure
    label: str
    id: int | None = None
    rate_bps: int | None = None
    flat_cents: int | None = None
    tiers: tuple[Tier, ...] = ()
    discount_scale_enabled: bool = False
    discount_scale: tuple[ScaleStep, ...] = ()
    ov_rate_bps: int | None = None

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RateRule:
        """The rule that `as_json()` wrote. Raises TypeError or KeyError on anything else."""
        return cls(
            **{
                **data,
                "tiers": tuple(Tier(**tier) for tier in data["tiers"]),
                "discount_scale": tuple(ScaleStep(**step) for step in data["discount_scale"]),
            }
        )


NO_RATE: Final = RateRule(
    level="company", structure="percentage", label="No commission rate is set", rate_bps=0, ov_rate_bps=None
)
"""What applies when nobody has set anything: 0%."""


def describe_rate(rule: RateRule) -> str:
    """`7.5%`, `a flat $25.00`, or `5% of the first $1,000.00, 8% above`."""
    if rule.structure == "flat":
        return f"a flat {dollars(rule.flat_cents or 0)}"
    if rule.structure == "percentage":
        return percent(rule.rate_bps or 0)
    parts = []
    for position, tier in enumerate(rule.tiers):
        if tier.up_to_cents is None:
            parts.append(f"{percent(tier.rate_bps)} above" if position else percent(tier.rate_bps))
        else:
            reach = "of the first" if not position else "up to"
            parts.append(f"{percent(tier.rate_bps)} {reach} {dollars(tier.up_to_cents)}")
    return ", ".join(parts)


def by_specificity(candidates: Iterable[RateRule]) -> list[RateRule]:
    """Most specific first. Of two rules at one level, which storage should prevent, the lower id is first."""

    def order(rule: RateRule) -> tuple[int, bool, int]:
        return LEVELS.index(rule.level), rule.id is None, rule.id or 0

    return sorted(candidates, key=order)


def choose_rule(candidates: Iterable[RateRule]) -> RateRule:
    """The most specific of the rules that apply to a sale, or `NO_RATE` when there is none.

    The order: technician and item, technician and category, item, category, technician's default, company's.
    """
    ordered = by_specificity(candidates)
    return ordered[0] if ordered else NO_RATE


def choose_override(candidates: Iterable[RateRule]) -> RateRule | None:
    """The rule whose override rate applies: the most specific that names one, be it 0. None: no rule does."""
    return next((rule for rule in by_specificity(candidates) if rule.ov_rate_bps is not None), None)


def validate_rule(rule: RateRule) -> None:
    """Raise InvalidRule listing every problem of a rule, in a contractor's words."""
    errors = list(_rule_errors(rule))
    if errors:
        raise InvalidRule(problems=errors)


def validate_scale(scale: Sequence[ScaleStep], field: str = "discount_scale") -> None:
    """Raise InvalidRule listing every problem of a discount scale, such as the company's default one."""
    errors = list(_scale_errors(scale, field))
    if errors:
        raise InvalidRule(problems=errors)


def _rule_errors(rule: RateRule) -> Iterator[RuleError]:
    if rule.level not in LEVELS:
        yield RuleError("level", f"A commission can be set for {listed(LEVELS, 'or')}, not for {rule.level}.")
    if rule.structure not in STRUCTURES:
        yield RuleError("structure", f"A commission is {listed(STRUCTURES, 'or')}, not {rule.structure}.")
    if rule.structure == "percentage":
        yield from _rate_errors(rule.rate_bps, "rate_bps", "The commission rate")
    elif rule.structure == "flat":
        yield from _flat_errors(rule.flat_cents)
    elif rule.structure == "tiered":
        yield from _tier_errors(rule.tiers)
    yield from _scale_errors(rule.discount_scale, "discount_scale")
    if rule.ov_rate_bps is not None:
        yield from _rate_errors(rule.ov_rate_bps, "ov_rate_bps", "The supervisor's override")


def _rate_errors(bps: int | None, field: str, subject: str) -> Iterator[RuleError]:
    if bps is None:
        yield RuleError(field, f"{subject} is missing. Enter 0 for none.")
    elif bps < 0:
        yield RuleError(field, f"{subject} is {percent(bps)}. It cannot be less than nothing.")
    elif bps > FULL:
        yield RuleError(field, f"{subject} is {percent(bps)}. It cannot be more than 100%.")


def _flat_errors(cents: int | None) -> Iterator[RuleError]:
    if cents is None:
        yield RuleError("flat_cents", "The flat amount is missing. Enter $0.00 for none.")
    elif cents < 0:
        yield RuleError("flat_cents", f"The flat amount is {dollars(cents)}. It cannot be less than nothing.")
    elif cents > MAX_FLAT_CENTS:
        most = dollars(MAX_FLAT_CENTS)
        yield RuleError(
            "flat_cents", f"The flat amount is {dollars(cents)}. The most that can be set is {most}."
        )


def _tier_errors(tiers: Sequence[Tier]) -> Iterator[RuleError]:
    if not tiers:
        yield RuleError("tiers", "Add at least one tier.")
        return
    highest = 0
    for position, tier in enumerate(tiers):
        number, is_last = position + 1, position == len(tiers) - 1
        yield from _rate_errors(tier.rate_bps, f"tiers.{position}.rate_bps", f"The rate of tier {number}")
        field = f"tiers.{position}.up_to_cents"
        if tier.up_to_cents is None:
            if not is_last:
                yield RuleError(field, f"Tier {number} has no upper end, so no tier can come after it.")
            continue
        if is_last:
            yield RuleError(
                field, f"Leave the upper end of tier {number}, the last, empty: it covers all the rest."
            )
        yield from _tier_end_errors(field, number, tier.up_to_cents, highest)
        highest = max(highest, tier.up_to_cents)


def _tier_end_errors(field: str, number: int, end_cents: int, highest_cents: int) -> Iterator[RuleError]:
    if end_cents <= 0:
        yield RuleError(field, f"Tier {number} ends at {dollars(end_cents)}. It must end above $0.00.")
    elif end_cents == highest_cents:
        yield RuleError(field, f"Tier {number} ends at {dollars(end_cents)}, just as an earlier tier does.")
    elif end_cents < highest_cents:
        yield RuleError(
            field,
            f"Tier {number} ends at {dollars(end_cents)}, below an earlier tier's {dollars(highest_cents)}. "
            "List the tiers from the lowest to the highest.",
        )


def _scale_errors(scale: Sequence[ScaleStep], field: str) -> Iterator[RuleError]:
    for position, step in enumerate(scale):
        number, where = position + 1, f"{field}.{position}"
        yield from _rate_errors(step.discount_bps, f"{where}.discount_bps", f"The discount of step {number}")
        yield from _rate_errors(step.pays_bps, f"{where}.pays_bps", f"What step {number} pays")
        if not position:
            continue
        before = scale[position - 1]
        if step.discount_bps == before.discount_bps:
            yield RuleError(
                f"{where}.discount_bps",
                f"Steps {number - 1} and {number} are both for {percent(step.discount_bps)} off.",
            )
        elif step.discount_bps < before.discount_bps:
            yield RuleError(
                f"{where}.discount_bps",
                f"Step {number} ({percent(step.discount_bps)} off) is less than step {number - 1} "
                f"({percent(before.discount_bps)} off). List them smallest first.",
            )
        elif step.pays_bps > before.pays_bps:
            yield RuleError(
                f"{where}.pays_bps",
                f"Step {number} pays {percent(step.pays_bps)} for a deeper discount than step {number - 1}, "
                f"which pays {percent(before.pays_bps)}. The deeper the discount, the lower the commission.",
            )
