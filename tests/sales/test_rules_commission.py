"""What a sale pays, to whom, and with which arithmetic."""

import json
from dataclasses import replace
from datetime import date

import pytest

from webapp.sales.rules import (
    InvalidRule,
    InvalidSale,
    RateRule,
    SaleFacts,
    SaleSplit,
    SaleTechnician,
    ScaleStep,
    Snapshot,
    SnapshotError,
    Tier,
    calculate,
    discount_bps,
    scale_step,
)

MIKE = SaleTechnician(1, "Mike", 9, "Dana Reed")
ANA = SaleTechnician(2, "Ana", 9, "Dana Reed")
BO = SaleTechnician(3, "Bo")
SALE = SaleFacts(sold_on=date(2026, 11, 3), sale_price_cents=150_000, technician=MIKE, item_name="AC tune-up")
OWN = RateRule(
    level="technician_item", structure="percentage", label="Mike on AC tune-up", id=7, rate_bps=750
)
TIERED = RateRule(
    level="item", structure="tiered", label="AC tune-up", id=5, tiers=(Tier(100_000, 500), Tier(None, 800))
)
FLAT = RateRule(level="item", structure="flat", label="AC tune-up", id=6, flat_cents=2_500)
COMPANY = RateRule(
    level="company", structure="percentage", label="Company", id=1, rate_bps=500, ov_rate_bps=100
)
SCALE = (ScaleStep(500, 8_000), ScaleStep(1_000, 6_000))


def amounts(snapshot: Snapshot) -> list[tuple[str, str, int]]:
    return [(line.technician_name, line.role, line.amount_cents) for line in snapshot.lines]


def problems(facts: SaleFacts) -> list[tuple[str, str]]:
    with pytest.raises(InvalidSale) as caught:
        calculate(facts, [OWN])
    return [(problem.field, problem.message) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("rule", "price_cents", "total_cents"),
    [
        (OWN, 150_000, 11_250),
        (OWN, 0, 0),
        (replace(OWN, rate_bps=0), 150_000, 0),
        (replace(OWN, rate_bps=10_000), 150_001, 150_001),
        # exactly half a cent goes to the even cent
        (replace(OWN, rate_bps=5_000), 1, 0),
        (replace(OWN, rate_bps=5_000), 3, 2),
        (replace(OWN, rate_bps=5_000), 5, 2),
        (replace(OWN, rate_bps=50), 100, 0),
        (replace(OWN, rate_bps=50), 300, 2),
        (FLAT, 150_000, 2_500),
        (FLAT, 0, 2_500),
        (TIERED, 0, 0),
        (TIERED, 80_000, 4_000),
        (TIERED, 100_000, 5_000),
        (TIERED, 100_001, 5_000),
        (TIERED, 150_000, 9_000),
        (replace(TIERED, tiers=(Tier(100, 100), Tier(200, 200), Tier(None, 300))), 300, 6),
    ],
)
def test_a_sale_pays_what_its_rule_says(rule: RateRule, price_cents: int, total_cents: int) -> None:
    snapshot = calculate(replace(SALE, sale_price_cents=price_cents), [rule])
    assert snapshot.total_cents == total_cents
    assert amounts(snapshot) == [("Mike", "seller", total_cents)]


def test_a_sale_without_any_rule_pays_nothing_and_says_so() -> None:
    snapshot = calculate(SALE, [])
    assert snapshot.total_cents == 0
    assert snapshot.rule.label == "No commission rate is set"
    assert [(one.used, one.why) for one in snapshot.considered] == [(True, "No rule applies to this sale.")]


def test_tiers_that_do_not_add_up_by_rounding_show_a_rounding_line() -> None:
    rule = replace(TIERED, tiers=(Tier(50, 100), Tier(None, 100)))
    snapshot = calculate(replace(SALE, sale_price_cents=100), [rule])
    assert [(step.kind, step.amount_cents) for step in snapshot.steps] == [
        ("tier", 0),
        ("tier", 0),
        ("rounding", 1),
        ("base", 1),
    ]
    assert snapshot.total_cents == 1


@pytest.mark.parametrize(
    ("price_cents", "list_cents", "bps"),
    [
        (150_000, 160_000, 625),
        (150_000, 150_000, 0),
        (170_000, 160_000, 0),
        (150_000, None, 0),
        (150_000, 0, 0),
        (0, 160_000, 10_000),
        (95_001, 100_000, 499),  # 4.999% must not read as the 5% that it did not reach
    ],
)
def test_the_discount_is_measured_against_the_list_price(
    price_cents: int, list_cents: int | None, bps: int
) -> None:
    assert discount_bps(price_cents, list_cents) == bps


@pytest.mark.parametrize(
    ("discount", "pays"),
    [(0, None), (499, None), (500, 8_000), (999, 8_000), (1_000, 6_000), (10_000, 6_000)],
)
def test_the_deepest_step_that_the_discount_reaches_applies(discount: int, pays: int | None) -> None:
    step = scale_step(SCALE, discount)
    assert (step.pays_bps if step else None) == pays


@pytest.mark.parametrize(
    ("list_cents", "total_cents"),
    [(None, 11_250), (150_000, 11_250), (157_000, 11_250), (160_000, 9_000), (170_000, 6_750)],
)
def test_a_deeper_discount_pays_less(list_cents: int | None, total_cents: int) -> None:
    facts = replace(SALE, list_price_cents=list_cents)
    rule = replace(OWN, discount_scale_enabled=True)
    assert calculate(facts, [rule], SCALE).total_cents == total_cents
    assert calculate(facts, [OWN], SCALE).total_cents == 11_250, "the rule does not use the scale"


def test_the_rule_s_own_scale_comes_before_the_company_s() -> None:
    facts = replace(SALE, list_price_cents=160_000)
    rule = replace(OWN, discount_scale_enabled=True, discount_scale=(ScaleStep(600, 5_000),))
    snapshot = calculate(facts, [rule], SCALE)
    assert (snapshot.total_cents, snapshot.scale_source) == (5_625, "rule")
    assert calculate(facts, [replace(rule, discount_scale=())], SCALE).scale_source == "company"


def test_the_scale_is_applied_to_the_exact_commission_and_the_difference_shown() -> None:
    facts = replace(SALE, sale_price_cents=5, list_price_cents=10)
    rule = replace(
        OWN, rate_bps=5_000, discount_scale_enabled=True, discount_scale=(ScaleStep(5_000, 6_000),)
    )
    snapshot = calculate(facts, [rule])
    assert snapshot.total_cents == 2  # 2.5 cents x 60% = 1.5; from the shown 2 cents it would be 1.2
    assert [(step.kind, step.amount_cents) for step in snapshot.steps] == [
        ("base", 2),
        ("discount", 2),
        ("rounding", 1),
    ]


def test_the_seller_gets_what_the_named_shares_leave() -> None:
    snapshot = calculate(replace(SALE, splits=(SaleSplit(ANA, 3_333), SaleSplit(BO, 3_333))), [OWN])
    assert [(line.share_bps, line.amount_cents) for line in snapshot.lines] == [
        (3_334, 3_751),
        (3_333, 3_750),
        (3_333, 3_749),
    ]


def test_a_seller_who_is_named_gets_the_named_share() -> None:
    snapshot = calculate(replace(SALE, splits=(SaleSplit(ANA, 6_000), SaleSplit(MIKE, 4_000))), [OWN])
    assert amounts(snapshot) == [("Ana", "split", 6_750), ("Mike", "seller", 4_500)]


def test_a_seller_may_leave_the_whole_commission_to_others() -> None:
    snapshot = calculate(replace(SALE, splits=(SaleSplit(ANA, 10_000),)), [OWN])
    assert amounts(snapshot) == [("Mike", "seller", 0), ("Ana", "split", 11_250)]


def test_an_odd_cent_goes_to_the_earlier_of_two_equal_shares() -> None:
    rule = replace(FLAT, flat_cents=2_501)
    snapshot = calculate(replace(SALE, splits=(SaleSplit(ANA, 5_000),)), [rule])
    assert amounts(snapshot) == [("Mike", "seller", 1_251), ("Ana", "split", 1_250)]


def test_the_commission_follows_the_seller_s_rule_for_everyone_who_shares_it() -> None:
    snapshot = calculate(replace(SALE, splits=(SaleSplit(BO, 5_000),)), [OWN, COMPANY])
    assert snapshot.rule == OWN
    assert amounts(snapshot)[1] == ("Bo", "split", 5_625)


@pytest.mark.parametrize(
    ("splits", "field", "words"),
    [
        ((SaleSplit(ANA, 6_000), SaleSplit(BO, 4_001)), "splits", "The shares come to 100.01%"),
        ((SaleSplit(ANA, 0),), "splits.0.share_bps", "Ana's share must be more than 0%"),
        ((SaleSplit(ANA, -1),), "splits.0.share_bps", "Ana's share must be more than 0%"),
        ((SaleSplit(ANA, 10), SaleSplit(ANA, 10)), "splits.1.technician_id", "Ana is named twice"),
        ((SaleSplit(MIKE, 5_000), SaleSplit(ANA, 4_999)), "splits", "must come to exactly 100%"),
    ],
)
def test_shares_that_make_no_sense_are_refused(splits: tuple[SaleSplit, ...], field: str, words: str) -> None:
    [(found_field, message)] = problems(replace(SALE, splits=splits))
    assert found_field == field
    assert words in message


def test_everything_wrong_with_a_sale_is_told_at_once() -> None:
    facts = replace(
        SALE, sale_price_cents=-1, list_price_cents=-1, splits=(SaleSplit(ANA, 0), SaleSplit(ANA, 1))
    )
    assert [field for field, _ in problems(facts)] == [
        "sale_price_cents",
        "list_price_cents",
        "splits.0.share_bps",
        "splits.1.technician_id",
    ]


def test_one_supervisor_of_two_technicians_is_paid_on_one_line() -> None:
    snapshot = calculate(replace(SALE, splits=(SaleSplit(ANA, 4_000),)), [COMPANY])
    assert amounts(snapshot)[2:] == [("Dana Reed", "override", 1_500)]
    assert snapshot.lines[2].technician_id == 9
    assert snapshot.lines[2].share_bps == 10_000


def test_an_override_without_a_supervisor_is_paid_to_nobody_and_says_so() -> None:
    alone = SaleTechnician(4, "Cy", 4, "Cy")
    snapshot = calculate(replace(SALE, splits=(SaleSplit(BO, 2_500), SaleSplit(alone, 2_500))), [COMPANY])
    assert amounts(snapshot)[3:] == [("Dana Reed", "override", 750)]
    assert [(part.amount_cents, part.why_not) for part in snapshot.override.parts] == [
        (750, ""),
        (375, "Bo has no supervisor"),
        (375, "Cy is entered as their own supervisor"),
    ]
    assert snapshot.override.total_cents == 1_500


@pytest.mark.parametrize(
    ("own_ov", "category_ov", "company_ov", "rate", "source"),
    [
        (50, 70, 100, 50, "technician_item"),
        (None, 70, 100, 70, "category"),
        (None, None, 100, 100, "company"),
        (0, 70, 100, 0, "technician_item"),
        (None, 0, 100, 0, "category"),
        (None, None, None, 0, None),
    ],
)
def test_the_override_comes_from_the_next_rule_that_names_one_and_zero_is_a_name(
    own_ov: int | None, category_ov: int | None, company_ov: int | None, rate: int, source: str | None
) -> None:
    rules = [
        replace(COMPANY, ov_rate_bps=company_ov),
        replace(TIERED, level="category", ov_rate_bps=category_ov),
        replace(OWN, ov_rate_bps=own_ov),
    ]
    override = calculate(SALE, rules).override
    assert override.rate_bps == rate
    assert (override.source.level if override.source else None) == source


def test_the_override_counts_from_the_price_half_to_even_whatever_the_discount() -> None:
    rule = replace(COMPANY, discount_scale_enabled=True, ov_rate_bps=50)
    for price_cents, override_cents in ((100, 0), (300, 2), (500, 2)):
        facts = replace(SALE, sale_price_cents=price_cents, list_price_cents=10_000)
        assert calculate(facts, [rule], SCALE).override.total_cents == override_cents


def test_the_snapshot_says_of_every_rule_why_it_was_or_was_not_used() -> None:
    snapshot = calculate(SALE, [COMPANY, OWN, replace(OWN, id=8), TIERED])
    assert [(one.rule.id, one.used, one.why) for one in snapshot.considered] == [
        (7, True, "The most specific rule that applies."),
        (8, False, "Mike on AC tune-up is set for the same thing and was there first."),
        (5, False, "Mike on AC tune-up is more specific."),
        (
            1,
            False,
            (
                "Mike on AC tune-up is more specific. "
                "Its override of 1% is used: no more specific rule names one."
            ),
        ),
    ]


def test_a_rule_that_makes_no_sense_calculates_nothing() -> None:
    with pytest.raises(InvalidRule):
        calculate(SALE, [replace(OWN, rate_bps=10_001)])
    with pytest.raises(InvalidRule):
        calculate(SALE, [replace(OWN, discount_scale_enabled=True)], tuple(reversed(SCALE)))


def test_a_broken_rule_that_is_not_used_stops_no_sale() -> None:
    assert calculate(SALE, [OWN, replace(FLAT, flat_cents=-1)]).total_cents == 11_250


def test_a_snapshot_survives_storage_as_json() -> None:
    facts = replace(SALE, list_price_cents=160_000, splits=(SaleSplit(ANA, 4_000), SaleSplit(BO, 1_000)))
    rules = [replace(TIERED, discount_scale_enabled=True), COMPANY]
    snapshot = calculate(facts, rules, SCALE)
    stored = json.loads(json.dumps(snapshot.as_json()))
    assert stored["version"] == 1
    assert stored["sold_on"] == "2026-11-03"
    assert Snapshot.from_json(stored) == snapshot


@pytest.mark.parametrize(
    "damage",
    [
        {"version": 2},
        {"version": None},
        {"sold_on": "yesterday"},
        {"surprise": 1},
        {"lines": [{"role": "seller"}]},
    ],
)
def test_a_snapshot_that_cannot_be_read_is_refused(damage: dict[str, object]) -> None:
    stored = calculate(SALE, [OWN]).as_json()
    with pytest.raises(SnapshotError):
        Snapshot.from_json({**stored, **damage})


def test_the_facts_of_a_sale_are_plain_json_too() -> None:
    facts = replace(SALE, splits=(SaleSplit(ANA, 4_000),))
    assert json.loads(json.dumps(facts.as_json()))["splits"][0]["technician"]["name"] == "Ana"
