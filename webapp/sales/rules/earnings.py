"""What a sale earns whom, in bare numbers: for calculating a month of sales once more while somebody waits.

The same arithmetic as `calculate`, without the words; a test holds the two together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

from webapp.kit.money import FULL, half_even, split
from webapp.sales.rules.commission import discount_bps, scale_step, tier_parts
from webapp.sales.rules.facts import SaleFacts, shares_of
from webapp.sales.rules.rates import RateRule, ScaleStep, by_specificity, choose_override, choose_rule
from webapp.sales.rules.sharing import override_for


def earnings(
    facts: SaleFacts, candidates: Iterable[RateRule], default_scale: Sequence[ScaleStep] = ()
) -> dict[int, int]:
    """Cents by technician: commissions and overrides together. Facts and rules must have been checked before."""
    ordered = by_specificity(candidates)
    rule = choose_rule(ordered)
    total = _total(rule, facts, default_scale)
    shares = shares_of(facts)
    earned: dict[int, int] = defaultdict(int)
    for part, amount in zip(shares, split(total, [part.share_bps for part in shares]), strict=True):
        earned[part.technician.id] += amount
    for paid in override_for(facts.sale_price_cents, choose_override(ordered), shares).parts:
        if paid.supervisor_id is not None and not paid.why_not:
            earned[paid.supervisor_id] += paid.amount_cents
    return dict(earned)


def _total(rule: RateRule, facts: SaleFacts, default_scale: Sequence[ScaleStep]) -> int:
    """The whole commission in cents, rounded once."""
    scale = (rule.discount_scale or default_scale) if rule.discount_scale_enabled else ()
    step = scale_step(scale, discount_bps(facts.sale_price_cents, facts.list_price_cents)) if scale else None
    pays = step.pays_bps if step else FULL
    if rule.structure == "flat":
        return half_even(Fraction((rule.flat_cents or 0) * pays, FULL))
    if rule.structure == "percentage":
        return half_even(Fraction(facts.sale_price_cents * (rule.rate_bps or 0) * pays, FULL * FULL))
    exact = sum(width * tier.rate_bps for _, width, tier in tier_parts(rule.tiers, facts.sale_price_cents))
    return half_even(Fraction(exact * pays, FULL * FULL))
