"""Money: reading it as people write it, dividing it without losing a cent."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.kit import money


@pytest.mark.parametrize(
    ("text", "cents"),
    [("1500", 150000), ("1,500.00", 150000), ("$1,500.5", 150050), ("-$3.5", -350), ("$-3.50", -350), (" .99 ", 99),
     ("(20.00)", -2000), ("0", 0)],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(text: str, cents: int) -> None:
    assert money.parse_cents(text) == cents


@pytest.mark.parametrize(
    "text", ["", "abc", "1.234", "1,50", "--5", "1e5", "NaN", "$", "12,3456", "99999999999999999"]
)
def test_what_is_no_amount_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=r"amount"):
        money.parse_cents(text)


@pytest.mark.parametrize(("text", "bps"), [("7.5", 750), ("7.5%", 750), ("0.05%", 5), ("100", 10000)])
def test_percentages_are_read_as_basis_points(text: str, bps: int) -> None:
    assert money.parse_bps(text) == bps


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10_000), min_size=1, max_size=8))
def test_splitting_loses_no_cent_and_mirrors_when_reversed(total: int, weights: list[int]) -> None:
    parts = money.split(total, weights)
    assert sum(parts) == (total if sum(weights) else 0)
    assert money.split(-total, weights) == [-p for p in parts]
    if sum(weights):
        for part, weight in zip(parts, weights, strict=True):
            assert abs(part - Fraction(total * weight, sum(weights))) < 1


@pytest.mark.parametrize(
    ("cents", "bps", "expected"), [(50, 100, 0), (150, 100, 2), (250, 100, 2), (350, 100, 4)]
)
def test_halves_go_to_the_even_cent(cents: int, bps: int, expected: int) -> None:
    assert money.share(cents, bps) == expected


@given(st.integers(-money.MAX_CENTS, money.MAX_CENTS))
def test_what_is_written_reads_back_the_same(cents: int) -> None:
    assert money.parse_cents(money.dollars(cents)) == cents
    assert money.parse_cents(money.plain(cents)) == cents
