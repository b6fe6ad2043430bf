"""The bare numbers of a commission are those of its explanation."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from tests.sales.test_rules_properties import rules, sales, scales, steady
from webapp.sales.rules import RateRule, SaleFacts, ScaleStep, calculate, earnings


@steady
@given(sales(), st.lists(rules, max_size=4), scales())
def test_everyone_earns_by_the_short_way_what_the_explained_way_says(
    facts: SaleFacts, candidates: list[RateRule], scale: tuple[ScaleStep, ...]
) -> None:
    explained: Counter[int] = Counter()
    for line in calculate(facts, candidates, scale).lines:
        explained[line.technician_id] += line.amount_cents
    short = earnings(facts, candidates, scale)
    assert {k: v for k, v in short.items() if v} == {k: v for k, v in explained.items() if v}
