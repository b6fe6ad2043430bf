"""What must hold for items, and how list prices change."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.catalog import rules
from webapp.kit import errors, money


@pytest.mark.parametrize(
    ("cents", "bps", "step", "after"),
    [
        (10_000, 750, 1, 10_750),
        (10_000, -750, 1, 9_250),
        (18_900, 500, 100, 19_800),  # 198.45 → 198
        (18_850, 0, 100, 18_800),  # a half goes to the even dollar
        (18_950, 0, 100, 19_000),
        (12_345, 1_000, 500, 13_500),
        (1, -9_000, 1, 1),  # a price never becomes zero
        (10, -9_000, 500, 500),
        (0, 750, 1, 0),
        (10, 250, 1, 10),  # 10.25 cents
    ],
)
def test_a_price_is_changed_then_rounded(cents: int, bps: int, step: int, after: int) -> None:
    assert rules.changed_price(cents, bps, step) == after


@given(st.integers(1, 10**9), st.integers(-9_000, 100_000), st.sampled_from(sorted(rules.ROUNDINGS)))
def test_a_changed_price_is_within_half_a_step_of_the_exact_one(cents: int, bps: int, step: int) -> None:
    found = rules.changed_price(cents, bps, step)
    exact = Fraction(cents * (10_000 + bps), 10_000)
    assert found % step == 0
    assert found > 0
    assert abs(found - exact) <= Fraction(step, 2) + Fraction(1, 2) or found == step


@pytest.mark.parametrize("bps", [None, 0, -9_001, 100_001])
def test_a_percentage_that_makes_no_sense_is_refused(bps: int | None) -> None:
    with pytest.raises(ValueError, match=r"percent|Prices"):
        rules.check_change(bps)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 161}, "name"),
        ({"name": "A", "list_price_cents": -1}, "list_price_cents"),
        ({"name": "A", "list_price_cents": money.MAX_CENTS + 1}, "list_price_cents"),
        ({"name": "A", "code": "x" * 61}, "code"),
        ({"name": "A", "description": "x" * 4_001}, "description"),
    ],
)
def test_a_value_that_cannot_be_is_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        rules.cleaned(values)
    assert list(caught.value.details["fields"]) == [field]


def test_an_empty_code_is_none_and_no_price_is_kept() -> None:
    assert rules.cleaned({"code": " ", "list_price_cents": None}) == {"code": None, "list_price_cents": None}
