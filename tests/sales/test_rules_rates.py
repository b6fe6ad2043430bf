"""Which commission rule applies, and what is refused when one is set."""

from dataclasses import replace
from itertools import permutations

import pytest

from webapp.sales.rules import (
    LEVELS,
    MAX_FLAT_CENTS,
    NO_RATE,
    InvalidRule,
    RateRule,
    ScaleStep,
    Tier,
    choose_rule,
    describe_rate,
    validate_rule,
    validate_scale,
)

PERCENTAGE = RateRule(level="company", structure="percentage", label="Company", rate_bps=500)
TIERED = replace(PERCENTAGE, structure="tiered", rate_bps=None, tiers=(Tier(100_000, 500), Tier(None, 800)))
FLAT = replace(PERCENTAGE, structure="flat", rate_bps=None, flat_cents=2_500)


def problems(rule: RateRule) -> list[tuple[str, str]]:
    with pytest.raises(InvalidRule) as caught:
        validate_rule(rule)
    return [(problem.field, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize("position", range(len(LEVELS)))
def test_the_most_specific_rule_is_used_whatever_order_they_come_in(position: int) -> None:
    rules = [replace(PERCENTAGE, level=level, id=9 - i) for i, level in enumerate(LEVELS)][position:]
    for order in permutations(rules):
        assert choose_rule(order).level == LEVELS[position]


def test_the_order_is_the_one_the_contract_names() -> None:
    assert LEVELS == (
        "technician_item",
        "technician_category",
        "item",
        "category",
        "technician",
        "company",
    )


def test_of_two_rules_for_the_same_thing_the_older_is_used_in_either_order() -> None:
    older, newer = replace(PERCENTAGE, id=3, rate_bps=100), replace(PERCENTAGE, id=8, rate_bps=900)
    assert choose_rule([newer, older]) == choose_rule([older, newer]) == older


def test_without_any_rule_the_rate_is_nothing() -> None:
    assert choose_rule([]) == NO_RATE
    assert (NO_RATE.rate_bps, NO_RATE.label) == (0, "No commission rate is set")


@pytest.mark.parametrize(
    "rule",
    [
        PERCENTAGE,
        TIERED,
        FLAT,
        NO_RATE,
        replace(PERCENTAGE, rate_bps=0),
        replace(PERCENTAGE, rate_bps=10_000, ov_rate_bps=10_000),
        replace(FLAT, flat_cents=MAX_FLAT_CENTS),
        replace(FLAT, rate_bps=99_999),  # a flat rule reads no rate, so a leftover one is no problem
        replace(TIERED, tiers=(Tier(None, 500),)),
        replace(PERCENTAGE, discount_scale=(ScaleStep(0, 10_000), ScaleStep(500, 10_000), ScaleStep(900, 0))),
    ],
)
def test_a_sensible_rule_is_accepted(rule: RateRule) -> None:
    validate_rule(rule)


@pytest.mark.parametrize(
    ("rule", "field", "words"),
    [
        (replace(PERCENTAGE, rate_bps=10_001), "rate_bps", "is 100.01%. It cannot be more than 100%"),
        (replace(PERCENTAGE, rate_bps=-1), "rate_bps", "cannot be less than nothing"),
        (replace(PERCENTAGE, rate_bps=None), "rate_bps", "The commission rate is missing"),
        (replace(PERCENTAGE, ov_rate_bps=-5), "ov_rate_bps", "The supervisor's override is -0.05%"),
        (replace(PERCENTAGE, ov_rate_bps=20_000), "ov_rate_bps", "200%"),
        (replace(FLAT, flat_cents=None), "flat_cents", "missing"),
        (replace(FLAT, flat_cents=-1), "flat_cents", "-$0.01"),
        (
            replace(FLAT, flat_cents=MAX_FLAT_CENTS + 1),
            "flat_cents",
            "The most that can be set is $1,000,000.00",
        ),
        (replace(TIERED, tiers=()), "tiers", "at least one tier"),
        (replace(TIERED, tiers=(Tier(100, 5),)), "tiers.0.up_to_cents", "the last, empty"),
        (
            replace(TIERED, tiers=(Tier(None, 5), Tier(None, 5))),
            "tiers.0.up_to_cents",
            "no tier can come after",
        ),
        (
            replace(TIERED, tiers=(Tier(200, 5), Tier(100, 6), Tier(None, 7))),
            "tiers.1.up_to_cents",
            "Tier 2 ends at $1.00, below an earlier tier's $2.00",
        ),
        (
            replace(TIERED, tiers=(Tier(200, 5), Tier(200, 6), Tier(None, 7))),
            "tiers.1.up_to_cents",
            "just as an earlier tier does",
        ),
        (replace(TIERED, tiers=(Tier(0, 5), Tier(None, 7))), "tiers.0.up_to_cents", "above $0.00"),
        (replace(TIERED, tiers=(Tier(None, 10_001),)), "tiers.0.rate_bps", "The rate of tier 1 is 100.01%"),
        (
            replace(PERCENTAGE, discount_scale=(ScaleStep(500, 8_000), ScaleStep(900, 8_001))),
            "discount_scale.1.pays_bps",
            "The deeper the discount, the lower the commission",
        ),
        (
            replace(PERCENTAGE, discount_scale=(ScaleStep(900, 8_000), ScaleStep(500, 7_000))),
            "discount_scale.1.discount_bps",
            "List them smallest first",
        ),
        (
            replace(PERCENTAGE, discount_scale=(ScaleStep(500, 8_000), ScaleStep(500, 7_000))),
            "discount_scale.1.discount_bps",
            "Steps 1 and 2 are both for 5% off",
        ),
        (
            replace(PERCENTAGE, discount_scale=(ScaleStep(500, 10_001),)),
            "discount_scale.0.pays_bps",
            "What step 1 pays is 100.01%",
        ),
        (
            replace(PERCENTAGE, discount_scale=(ScaleStep(10_001, 5_000),)),
            "discount_scale.0.discount_bps",
            "The discount of step 1 is 100.01%",
        ),
        (replace(PERCENTAGE, level="planet"), "level", "not for planet"),  # type: ignore[arg-type]
        (replace(PERCENTAGE, structure="guess"), "structure", "not guess"),  # type: ignore[arg-type]
    ],
)
def test_a_senseless_rule_is_refused_at_the_field_that_is_wrong(
    rule: RateRule, field: str, words: str
) -> None:
    [(found_field, message)] = problems(rule)
    assert found_field == field
    assert words in message


def test_all_the_problems_are_told_at_once() -> None:
    rule = replace(
        TIERED,
        tiers=(Tier(100, 10_001), Tier(100, -1)),
        discount_scale=(ScaleStep(-1, 10_001),),
        ov_rate_bps=10_001,
    )
    assert [field for field, _ in problems(rule)] == [
        "tiers.0.rate_bps",
        "tiers.1.rate_bps",
        "tiers.1.up_to_cents",
        "tiers.1.up_to_cents",
        "discount_scale.0.discount_bps",
        "discount_scale.0.pays_bps",
        "ov_rate_bps",
    ]


def test_the_company_scale_is_checked_under_its_own_field_name() -> None:
    with pytest.raises(InvalidRule) as caught:
        validate_scale((ScaleStep(1, 10_001),), "default_discount_scale")
    assert caught.value.problems[0].field == "default_discount_scale.0.pays_bps"


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (PERCENTAGE, "5%"),
        (FLAT, "a flat $25.00"),
        (TIERED, "5% of the first $1,000.00, 8% above"),
        (
            replace(TIERED, tiers=(Tier(100, 5), Tier(200, 6), Tier(None, 7))),
            "0.05% of the first $1.00, 0.06% up to $2.00, 0.07% above",
        ),
        (replace(TIERED, tiers=(Tier(None, 750),)), "7.5%"),
    ],
)
def test_a_rate_reads_like_a_pay_plan(rule: RateRule, words: str) -> None:
    assert describe_rate(rule) == words
