"""The commission of one sale: calculated once with the seller's rule, then shared, then the override.

All arithmetic is exact (rational numbers of cents) and rounded once, at the end, half to even.
Source: the API contract, "Commission rate, most specific first".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from webapp.kit.money import FULL, dollars, half_even, percent
from webapp.kit.money import share as share_of
from webapp.sales.rules.facts import SaleFacts, shares_of, validate_sale
from webapp.sales.rules.rates import (
    NO_RATE,
    RateRule,
    ScaleStep,
    Tier,
    by_specificity,
    choose_override,
    choose_rule,
    validate_rule,
    validate_scale,
)
from webapp.sales.rules.sharing import override_for, override_lines, share_lines
from webapp.sales.rules.snapshot import (
    Considered,
    ScaleSource,
    Snapshot,
    Step,
)


def calculate(
    facts: SaleFacts, candidates: Iterable[RateRule], default_scale: Sequence[ScaleStep] = ()
) -> Snapshot:
    """The commission of a sale under the rules that apply to it, with all that led to it.

    `default_scale` is the company's discount scale, for rules that use one and name none. Raises InvalidSale,
    or InvalidRule when the rule that would be used does not make sense.
    """
    validate_sale(facts)
    ordered = by_specificity(candidates)
    rule, ov_rule = choose_rule(ordered), choose_override(ordered)
    for used in (rule, ov_rule):
        if used is not None:
            validate_rule(used)
    scale, scale_source = _scale(rule, default_scale)
    discount = discount_bps(facts.sale_price_cents, facts.list_price_cents)
    step = scale_step(scale, discount)
    total, steps = _arithmetic(rule, facts, scale, step)
    shares = shares_of(facts)
    override = override_for(facts.sale_price_cents, ov_rule, shares)
    return Snapshot(
        sold_on=facts.sold_on,
        item_name=facts.item_name,
        technician_id=facts.technician.id,
        technician_name=facts.technician.name,
        sale_price_cents=facts.sale_price_cents,
        list_price_cents=facts.list_price_cents,
        discount_bps=discount,
        scale_step=step,
        scale_source=scale_source if step else None,
        rule=rule,
        considered=tuple(_considered(ordered, rule, ov_rule)),
        steps=tuple(steps),
        total_cents=total,
        lines=(*share_lines(facts, total, shares), *override_lines(facts.sale_price_cents, override)),
        override=override,
    )


def discount_bps(sale_price_cents: int, list_price_cents: int | None) -> int:
    """How far below list price a sale is, in basis points rounded down; 0 without a list price."""
    if not list_price_cents or sale_price_cents >= list_price_cents:
        return 0
    return (list_price_cents - sale_price_cents) * FULL // list_price_cents


def scale_step(scale: Sequence[ScaleStep], discount: int) -> ScaleStep | None:
    """The deepest step that a discount (basis points, rounded down) reaches, or None."""
    reached = [step for step in scale if step.discount_bps <= discount]
    return max(reached, key=lambda step: step.discount_bps, default=None)


def tier_parts(tiers: Sequence[Tier], price_cents: int) -> Iterator[tuple[int, int, Tier]]:
    """Where each tier that a price reaches begins and how many cents of the price lie in it."""
    begins = 0
    for tier in tiers:
        ends = price_cents if tier.up_to_cents is None else min(tier.up_to_cents, price_cents)
        yield begins, ends - begins, tier
        begins = ends
        if ends == price_cents:
            return


def _scale(
    rule: RateRule, default_scale: Sequence[ScaleStep]
) -> tuple[tuple[ScaleStep, ...], ScaleSource | None]:
    if not rule.discount_scale_enabled:
        return (), None
    if rule.discount_scale:
        return rule.discount_scale, "rule"
    validate_scale(default_scale)
    return tuple(default_scale), "company"


def _arithmetic(
    rule: RateRule, facts: SaleFacts, scale: Sequence[ScaleStep], step: ScaleStep | None
) -> tuple[int, list[Step]]:
    """The total in cents, rounded once, and the lines that show how it comes about."""
    base, steps = _base(rule, facts.sale_price_cents)
    total = half_even(base * Fraction(step.pays_bps, FULL)) if step else half_even(base)
    steps += _discount_steps(rule, facts, scale, step, half_even(base), total)
    return total, steps


def _base(rule: RateRule, price_cents: int) -> tuple[Fraction, list[Step]]:
    """The commission before any discount scale, exact, and its lines."""
    if rule.structure == "tiered":
        return _tiered(rule.tiers, price_cents)
    if rule.structure == "flat":
        flat = rule.flat_cents or 0
        return Fraction(flat), [Step("base", f"A flat {dollars(flat)} for the sale", flat)]
    rate = rule.rate_bps or 0
    exact = Fraction(price_cents * rate, FULL)
    cents = half_even(exact)
    return exact, [Step("base", f"{percent(rate)} of {dollars(price_cents)} = {dollars(cents)}", cents)]


def _tiered(tiers: Sequence[Tier], price_cents: int) -> tuple[Fraction, list[Step]]:
    exact, steps = Fraction(0), []
    for begins, width, tier in tier_parts(tiers, price_cents):
        part = Fraction(width * tier.rate_bps, FULL)
        exact += part
        steps.append(_tier_step(begins, width, tier, half_even(part), is_all=width == price_cents))
    total, shown = half_even(exact), sum(step.amount_cents or 0 for step in steps)
    if total != shown:
        text = f"Rounding: the tiers are added exactly, then rounded: {dollars(total)}, not {dollars(shown)}"
        steps.append(Step("rounding", text, total - shown))
    if len(steps) > 1:
        steps.append(Step("base", f"Commission from the tiers: {dollars(total)}", total))
    return exact, steps


def _tier_step(begins: int, width: int, tier: Tier, cents: int, *, is_all: bool) -> Step:
    rate = percent(tier.rate_bps)
    if is_all:
        return Step("tier", f"{rate} of {dollars(width)} = {dollars(cents)}", cents)
    if not begins:
        return Step("tier", f"{rate} of the first {dollars(width)} = {dollars(cents)}", cents)
    return Step("tier", f"{rate} of the {dollars(width)} above {dollars(begins)} = {dollars(cents)}", cents)


def _discount_steps(
    rule: RateRule,
    facts: SaleFacts,
    scale: Sequence[ScaleStep],
    step: ScaleStep | None,
    base_cents: int,
    total_cents: int,
) -> Iterator[Step]:
    sold = _sold_below_list(facts)
    if step is None:
        if sold:
            yield Step("discount", sold + _full_pay(rule, scale), None)
        elif scale and not facts.list_price_cents:
            yield Step("discount", "There is no list price, so no discount was counted.", None)
        return
    reach = f"Discounts of {percent(step.discount_bps)} or more pay"
    if not step.discount_bps:
        reach = "Any discount pays" if sold else "Without a discount it pays"
    worth = f"{dollars(base_cents)} × {percent(step.pays_bps)} = {dollars(total_cents)}"
    yield Step("discount", f"{sold}{reach} {percent(step.pays_bps)} of the commission: {worth}", total_cents)
    from_shown = share_of(base_cents, step.pays_bps)
    if from_shown != total_cents:
        text = f"Rounding: counted from the exact commission, not from the rounded {dollars(base_cents)}"
        yield Step("rounding", text, total_cents - from_shown)


def _sold_below_list(facts: SaleFacts) -> str:
    """The two prices and the discount as the beginning of a sentence; empty for a sale at list price."""
    if not facts.list_price_cents or facts.sale_price_cents >= facts.list_price_cents:
        return ""
    off = discount_bps(facts.sale_price_cents, facts.list_price_cents)
    off_text = f"{percent(off)} off" if off else "less than 0.01% off"
    prices = f"List price {dollars(facts.list_price_cents)}, sold at {dollars(facts.sale_price_cents)}"
    return f"{prices}: {off_text}. "


def _full_pay(rule: RateRule, scale: Sequence[ScaleStep]) -> str:
    if scale:
        return f"Discounts below {percent(scale[0].discount_bps)} pay the full commission."
    if rule.discount_scale_enabled:
        return "No discount scale is set, so the full commission is paid."
    return "A discount does not change this commission."


def _considered(
    ordered: Sequence[RateRule], chosen: RateRule, ov_rule: RateRule | None
) -> Iterator[Considered]:
    for position, rule in enumerate(ordered or [NO_RATE]):
        if not ordered:
            why = "No rule applies to this sale."
        elif not position:
            why = "The most specific rule that applies."
        elif rule.level == chosen.level:
            why = f"{chosen.label} is set for the same thing and was there first."
        else:
            why = f"{chosen.label} is more specific."
        if rule is ov_rule and position:
            rate = percent(rule.ov_rate_bps or 0)
            why += f" Its override of {rate} is used: no more specific rule names one."
        yield Considered(rule, used=position == 0, why=why)
