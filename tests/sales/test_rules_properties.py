"""What holds for every sale and every calendar, not only for the examples."""

import json
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from webapp.sales.rules import (
    FREQUENCIES,
    LEVELS,
    Frequency,
    RateRule,
    SaleFacts,
    SaleSplit,
    SaleTechnician,
    ScaleStep,
    Snapshot,
    Tier,
    calculate,
    explain,
    explain_rules,
    next_period,
    next_period_after_change,
    pay_date,
    period_for,
    validate_rule,
    validate_scale,
)

settings.register_profile("rules", derandomize=True, deadline=None, max_examples=150)
steady = settings(settings.get_profile("rules"))

bps = st.integers(0, 10_000)
prices = st.one_of(st.integers(0, 500), st.integers(0, 50_000_000))
days = st.dates(date(1999, 1, 1), date(2101, 12, 31))
frequencies = st.sampled_from(FREQUENCIES)


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    ends = sorted(draw(st.sets(st.integers(1, 1_000_000), max_size=4)))
    return (*(Tier(end, draw(bps)) for end in ends), Tier(None, draw(bps)))


@st.composite
def scales(draw: st.DrawFn) -> tuple[ScaleStep, ...]:
    discounts = sorted(draw(st.sets(bps, max_size=4)))
    pays = sorted((draw(bps) for _ in discounts), reverse=True)
    return tuple(ScaleStep(off, pay) for off, pay in zip(discounts, pays, strict=True))


rules = st.builds(
    RateRule,
    level=st.sampled_from(LEVELS),
    structure=st.sampled_from(["percentage", "flat", "tiered"]),
    label=st.sampled_from(["Company", "Mike on AC tune-up", "Heating"]),
    id=st.integers(1, 99),
    rate_bps=bps,
    flat_cents=st.integers(0, 100_000),
    tiers=tiers(),
    discount_scale_enabled=st.booleans(),
    discount_scale=scales(),
    ov_rate_bps=st.none() | bps,
)


@st.composite
def technicians(draw: st.DrawFn, number: int) -> SaleTechnician:
    supervisor = draw(st.none() | st.integers(0, 4))
    return SaleTechnician(number, f"T{number}", supervisor, None if supervisor is None else f"T{supervisor}")


@st.composite
def sales(draw: st.DrawFn) -> SaleFacts:
    left, splits = 10_000, []
    for number in range(1, draw(st.integers(1, 5))):
        if left:
            part = draw(st.integers(1, left))
            left -= part
            splits.append(SaleSplit(draw(technicians(number)), part))
    return SaleFacts(
        sold_on=draw(days),
        sale_price_cents=draw(prices),
        list_price_cents=draw(st.none() | prices),
        technician=draw(technicians(0)),
        splits=tuple(splits),
    )


def rational_commission(snapshot: Snapshot) -> Fraction:
    """The commission by the definition, written a second way: each tier as an overlap of intervals."""
    rule, price = snapshot.rule, snapshot.sale_price_cents
    if rule.structure == "flat":
        base = Fraction(rule.flat_cents or 0)
    elif rule.structure == "percentage":
        base = Fraction(price) * Fraction(rule.rate_bps or 0, 10_000)
    else:
        starts = [0, *(tier.up_to_cents or 0 for tier in rule.tiers[:-1])]
        base = sum(
            (
                Fraction(max(0, min(price, tier.up_to_cents or price) - start) * tier.rate_bps, 10_000)
                for start, tier in zip(starts, rule.tiers, strict=True)
            ),
            Fraction(0),
        )
    return base * Fraction(snapshot.scale_step.pays_bps if snapshot.scale_step else 10_000, 10_000)


@steady
@given(sales(), st.lists(rules, max_size=4), scales())
def test_no_cent_is_lost_between_total_and_shares(
    facts: SaleFacts, candidates: list[RateRule], scale: tuple[ScaleStep, ...]
) -> None:
    snapshot = calculate(facts, candidates, scale)
    earned = [line for line in snapshot.lines if line.role != "override"]
    assert sum(line.amount_cents for line in earned) == snapshot.total_cents
    assert sum(line.share_bps for line in earned) == 10_000
    assert all(line.amount_cents >= 0 for line in snapshot.lines)
    for line in earned:
        assert abs(Fraction(snapshot.total_cents * line.share_bps, 10_000) - line.amount_cents) < 1


@steady
@given(sales(), st.lists(rules, max_size=4), scales())
def test_the_override_is_paid_or_says_why_not_to_the_last_cent(
    facts: SaleFacts, candidates: list[RateRule], scale: tuple[ScaleStep, ...]
) -> None:
    snapshot = calculate(facts, candidates, scale)
    paid = [line for line in snapshot.lines if line.role == "override"]
    unpaid = [part for part in snapshot.override.parts if part.why_not]
    in_all = sum(line.amount_cents for line in paid) + sum(part.amount_cents for part in unpaid)
    assert in_all == snapshot.override.total_cents
    assert len({line.technician_id for line in paid}) == len(paid), "one line for each supervisor"


@steady
@given(sales(), rules, scales())
def test_the_total_is_the_exact_commission_rounded_once_half_to_even(
    facts: SaleFacts, rule: RateRule, scale: tuple[ScaleStep, ...]
) -> None:
    snapshot = calculate(facts, [rule], scale)
    exact = rational_commission(snapshot)
    distance = abs(exact - snapshot.total_cents)
    assert distance <= Fraction(1, 2)
    if distance == Fraction(1, 2):
        assert snapshot.total_cents % 2 == 0


@steady
@given(st.integers(0, 5_000))
def test_half_a_cent_goes_to_the_even_cent(whole: int) -> None:
    rule = RateRule(level="company", structure="percentage", label="Half", rate_bps=5_000)
    facts = SaleFacts(
        sold_on=date(2026, 1, 1), sale_price_cents=2 * whole + 1, technician=SaleTechnician(1, "Mike")
    )
    assert calculate(facts, [rule]).total_cents == (whole if whole % 2 == 0 else whole + 1)


@steady
@given(tiers(), prices, prices)
def test_a_higher_price_never_pays_less_on_tiers(steps: tuple[Tier, ...], one: int, other: int) -> None:
    rule = RateRule(level="company", structure="tiered", label="Tiers", tiers=steps)
    facts = SaleFacts(sold_on=date(2026, 1, 1), sale_price_cents=0, technician=SaleTechnician(1, "Mike"))
    low, high = (
        calculate(replace(facts, sale_price_cents=price), [rule]).total_cents
        for price in sorted((one, other))
    )
    assert low <= high


@steady
@given(sales(), rules, scales())
def test_the_lines_of_the_arithmetic_add_up_on_the_page(
    facts: SaleFacts, rule: RateRule, scale: tuple[ScaleStep, ...]
) -> None:
    steps = calculate(facts, [replace(rule, structure="tiered")], scale).steps
    bases = [index for index, step in enumerate(steps) if step.kind == "base"]
    if bases:
        above = steps[: bases[0]]
        assert sum(step.amount_cents or 0 for step in above) == steps[bases[0]].amount_cents


@steady
@given(sales(), prices, rules, scales())
def test_a_deeper_discount_on_the_same_price_never_pays_more(
    facts: SaleFacts, list_cents: int, rule: RateRule, scale: tuple[ScaleStep, ...]
) -> None:
    nearer = replace(facts, list_price_cents=list_cents)
    deeper = replace(facts, list_price_cents=list_cents + 10_000)
    # a scale that begins at 0% takes something off undiscounted sales too, so both see the same first step
    assert calculate(deeper, [rule], scale).total_cents <= calculate(nearer, [rule], scale).total_cents


@steady
@given(sales(), st.lists(rules, max_size=4), scales())
def test_a_snapshot_reads_back_as_it_was_written_and_explains_itself(
    facts: SaleFacts, candidates: list[RateRule], scale: tuple[ScaleStep, ...]
) -> None:
    snapshot = calculate(facts, candidates, scale)
    again = Snapshot.from_json(json.loads(json.dumps(snapshot.as_json())))
    assert again == snapshot
    assert explain(again, 0) == explain(snapshot, 0)
    assert len(explain_rules(again)) == max(1, len(candidates))


@steady
@given(rules, scales())
def test_what_can_be_saved_can_be_calculated(rule: RateRule, scale: tuple[ScaleStep, ...]) -> None:
    validate_rule(rule)
    validate_scale(scale)
    assert RateRule.from_json(json.loads(json.dumps(rule.as_json()))) == rule


@steady
@given(frequencies, days, days)
def test_periods_tile_the_calendar(frequency: Frequency, anchor: date, day: date) -> None:
    here = period_for(frequency, anchor, day)
    assert here.start <= day <= here.end
    assert period_for(frequency, anchor, here.start) == here == period_for(frequency, anchor, here.end)
    after = next_period(frequency, anchor, here.end)
    assert after.start == here.end + timedelta(days=1)
    before = period_for(frequency, anchor, here.start - timedelta(days=1))
    assert before.end == here.start - timedelta(days=1)


@steady
@given(frequencies, frequencies, days, days, days)
def test_a_change_of_frequency_leaves_no_day_out_and_pays_none_twice(
    old: Frequency, new: Frequency, old_anchor: date, new_anchor: date, day: date
) -> None:
    last = period_for(old, old_anchor, day)
    bridge = next_period_after_change(last.end, new, new_anchor)
    assert bridge.start == last.end + timedelta(days=1)
    rhythm = period_for(new, new_anchor, bridge.start)
    assert bridge.end == rhythm.end
    assert bridge.start >= rhythm.start, "never longer than a full period"
    assert next_period(new, new_anchor, bridge.end).start == bridge.end + timedelta(days=1)


@steady
@given(days, st.integers(0, 40))
def test_pay_day_is_a_weekday_at_most_two_days_early(end: date, days_after: int) -> None:
    paid = pay_date(end, days_after)
    assert paid.weekday() < 5
    assert timedelta(0) <= end + timedelta(days=days_after) - paid <= timedelta(days=2)
