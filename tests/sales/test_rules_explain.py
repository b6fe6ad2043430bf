"""What a technician reads about a commission."""

from dataclasses import replace
from datetime import date

import pytest

from webapp.sales.rules import (
    Level,
    RateRule,
    SaleFacts,
    SaleSplit,
    SaleTechnician,
    ScaleStep,
    Tier,
    calculate,
    explain,
    explain_rules,
)

MIKE = SaleTechnician(1, "Mike", 9, "Dana Reed")
ANA = SaleTechnician(2, "Ana", 8, "Lee Park")
SALE = SaleFacts(sold_on=date(2026, 11, 3), sale_price_cents=150_000, technician=MIKE, item_name="AC tune-up")
OWN = RateRule(
    level="technician_item", structure="percentage", label="Mike on AC tune-up", id=7, rate_bps=750
)
COMPANY = RateRule(
    level="company",
    structure="tiered",
    label="Company default",
    id=1,
    tiers=(Tier(100_000, 500), Tier(None, 800)),
    ov_rate_bps=100,
)
SCALE = (ScaleStep(500, 8_000), ScaleStep(1_000, 6_000))


def test_the_seller_reads_the_whole_way_from_rate_to_cents() -> None:
    facts = replace(SALE, list_price_cents=160_000, splits=(SaleSplit(replace(ANA, supervisor_id=9), 4_000),))
    rule = replace(OWN, discount_scale_enabled=True, ov_rate_bps=100)
    assert explain(calculate(facts, [rule], SCALE), reader_id=1) == (
        "Your rate for AC tune-up is 7.5% (set for you on this item).",
        "7.5% of $1,500.00 = $112.50",
        (
            "List price $1,600.00, sold at $1,500.00: 6.25% off. "
            "Discounts of 5% or more pay 80% of the commission: $112.50 × 80% = $90.00"
        ),
        "Shared: Mike 60% $54.00, Ana 40% $36.00",
        "Override 1% to Dana Reed (Mike's and Ana's supervisor): $15.00",
    )


def test_the_tiers_are_shown_one_by_one() -> None:
    assert explain(calculate(SALE, [replace(COMPANY, ov_rate_bps=0)])) == (
        "Mike's rate for AC tune-up is 5% of the first $1,000.00, 8% above (the company's default rate).",
        "5% of the first $1,000.00 = $50.00",
        "8% of the $500.00 above $1,000.00 = $40.00",
        "Commission from the tiers: $90.00",
    )


def test_two_supervisors_see_their_part_and_where_the_override_comes_from() -> None:
    facts = replace(SALE, splits=(SaleSplit(ANA, 4_000),))
    assert explain(calculate(facts, [OWN, COMPANY]))[-3:] == (
        "Override 1% to Dana Reed (Mike's supervisor, 60% of it): $9.00",
        "Override 1% to Lee Park (Ana's supervisor, 40% of it): $6.00",
        "The override rate comes from Company default; Mike on AC tune-up names none.",
    )


def test_an_override_that_nobody_gets_is_explained() -> None:
    facts = replace(SALE, technician=SaleTechnician(3, "Bo"))
    assert explain(calculate(facts, [COMPANY]))[-1] == (
        "Override 1% on Bo's 100% is not paid, because Bo has no supervisor: $15.00"
    )


def test_a_technician_reads_nothing_of_an_override_that_nobody_gets() -> None:
    frozen = calculate(replace(SALE, technician=SaleTechnician(3, "Bo")), [COMPANY])
    assert not [line for line in explain(frozen, reader_id=3) if "verride" in line]
    assert [line for line in explain(calculate(SALE, [COMPANY]), reader_id=1) if "verride" in line]


def test_without_a_rate_it_says_so_first() -> None:
    assert (
        explain(calculate(SALE, []))[0]
        == "No commission rate is set for AC tune-up, so it pays no commission."
    )


@pytest.mark.parametrize(
    ("level", "to_the_seller", "to_others"),
    [
        ("technician_item", "set for you on this item", "set for Mike on this item"),
        ("technician_category", "set for you on this category", "set for Mike on this category"),
        ("item", "set for everyone on this item", "set for everyone on this item"),
        ("category", "set for everyone on this category", "set for everyone on this category"),
        ("technician", "your own default rate", "Mike's own default rate"),
        ("company", "the company's default rate", "the company's default rate"),
    ],
)
def test_where_the_rate_is_set_is_said_to_the_seller_and_to_others(
    level: Level, to_the_seller: str, to_others: str
) -> None:
    snapshot = calculate(replace(SALE, item_name=""), [replace(OWN, level=level)])
    assert explain(snapshot, reader_id=1)[0] == f"Your rate for this sale is 7.5% ({to_the_seller})."
    assert explain(snapshot, reader_id=2)[0] == f"Mike's rate for this sale is 7.5% ({to_others})."


@pytest.mark.parametrize(
    ("uses_scale", "scale", "list_cents", "sentence"),
    [
        (True, SCALE, None, "There is no list price, so no discount was counted."),
        (True, SCALE, 151_000, "0.66% off. Discounts below 5% pay the full commission."),
        (True, SCALE, 150_001, "less than 0.01% off. Discounts below 5% pay the full commission."),
        (True, (), 160_000, "6.25% off. No discount scale is set, so the full commission is paid."),
        (False, SCALE, 160_000, "6.25% off. A discount does not change this commission."),
        (True, (ScaleStep(0, 9_000),), 150_000, "Without a discount it pays 90% of the commission: "),
        (True, (ScaleStep(0, 9_000),), 150_001, "off. Any discount pays 90% of the commission: "),
    ],
)
def test_what_a_discount_did_or_did_not_do_is_said(
    uses_scale: bool, scale: tuple[ScaleStep, ...], list_cents: int | None, sentence: str
) -> None:
    facts = replace(SALE, list_price_cents=list_cents)
    last = explain(calculate(facts, [replace(OWN, discount_scale_enabled=uses_scale)], scale))[-1]
    assert sentence in last


def test_a_sale_at_list_price_says_nothing_of_discounts() -> None:
    facts = replace(SALE, list_price_cents=150_000)
    assert len(explain(calculate(facts, [replace(OWN, discount_scale_enabled=True)], SCALE))) == 2


def test_each_rule_is_listed_with_its_fate() -> None:
    assert explain_rules(calculate(SALE, [COMPANY, OWN])) == (
        "Used: Mike on AC tune-up, 7.5%. The most specific rule that applies.",
        (
            "Not used: Company default, 5% of the first $1,000.00, 8% above. "
            "Mike on AC tune-up is more specific. "
            "Its override of 1% is used: no more specific rule names one."
        ),
    )
