"""Vehicles, purely: identification numbers, odometers, and when maintenance is due."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.fleet.rules import vehicles as rules
from webapp.kit import errors

TODAY = date(2026, 11, 18)


# 49 CFR 565's own example, Wikipedia's, and all ones
@pytest.mark.parametrize(
    "vin", ["1M8GDM9AXKP042788", "1HGCM82633A004352", "11111111111111111", "5GZCZ43D13S812715"]
)
def test_a_right_vin_raises_no_doubt(vin: str) -> None:
    assert rules.vin(f" {vin[:8].lower()}-{vin[8:]} ") == vin
    assert rules.vin_warning(vin) == ""


@given(st.integers(0, 16), st.sampled_from("0123456789ABCDEFGHJKLMNPRSTUVWXYZ"))
def test_one_wrong_character_is_nearly_always_noticed(place: int, other: str) -> None:
    right = "1M8GDM9AXKP042788"
    wrong = right[:place] + other + right[place + 1 :]
    same_value = rules._VALUES[right[place]] == rules._VALUES[other] and place != 8
    assert bool(rules.vin_warning(wrong)) != (wrong == right or same_value)


def test_a_bad_check_digit_is_a_warning_that_says_what_it_should_be() -> None:
    said = rules.vin_warning("1M8GDM9A1KP042788")
    assert "9th character is 1, and should be X" in said


@pytest.mark.parametrize(("vin", "words"), [
    ("1M8GDM9AXKP04278", "has 17 characters; this one has 16"),
    ("1M8GDM9AXKP0427888", "this one has 18"),
    ("1M8GDM9AXKP04278O", "never has the letters I, O or Q"),
    ("1M8GDM9AXKP04278!", "letters and digits only"),
    ("É" * 17, "letters and digits only"),
])  # fmt: skip
def test_what_is_no_vin_is_refused(vin: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        rules.vin(vin)
    assert rules.vin("  ") == ""


@pytest.mark.parametrize(("values", "field"), [
    ({"name": ""}, "name"), ({"year": 1899}, "year"), ({"year": 10**12}, "year"), ({"status": "sold"}, "status"),
    ({"vin": "x"}, "vin"), ({"plate": "x" * 21}, "plate"), ({"make": "x" * 61}, "make"),
])  # fmt: skip
def test_details_that_cannot_be_are_named(values: dict[str, object], field: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        rules.cleaned(values)
    assert [p.field for p in caught.value.problems] == [field]


@pytest.mark.parametrize("miles", [-1, 2_000_001, 10**18])
def test_an_odometer_that_cannot_be_is_refused(miles: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 2,000,000 miles"):
        rules.miles(miles)


@pytest.mark.parametrize(("before", "after", "known", "words"), [
    (40_000, 40_000, True, ""), (40_000, 45_000, True, ""), (40_000, 60_000, True, ""),
    (40_000, 39_999, True, "less than the 40,000 miles"), (40_000, 60_001, True, "20,001 miles more"),
    (0, 190_000, False, ""),
])  # fmt: skip
def test_a_reading_backwards_or_far_too_high_needs_a_reason(
    before: int, after: int, known: bool, words: str
) -> None:
    said = rules.reading_doubt(before, after, known)
    assert (words in said) if words else said == ""


# When maintenance is due ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("due_on", "due_miles", "state", "words"), [
    (60, 45_000, "ok", "due in 5,000 miles or in 60 days"),
    (15, None, "ok", "due in 15 days"),
    (14, None, "soon", "due in 14 days"),
    (1, None, "soon", "due in 1 day"),
    (0, None, "soon", "due today"),
    (-1, None, "overdue", "1 day over"),
    (None, 40_501, "ok", "due in 501 miles"),
    (None, 40_500, "soon", "due in 500 miles"),
    (None, 40_000, "soon", "due now"),
    (None, 39_999, "overdue", "1 mile over"),
    (-3, 38_800, "overdue", "1,200 miles and 3 days over"),
    (100, 39_000, "overdue", "1,000 miles over"),
    (-2, 90_000, "overdue", "2 days over"),
])  # fmt: skip
def test_whichever_comes_first_decides(
    due_on: int | None, due_miles: int | None, state: str, words: str
) -> None:
    day = TODAY + timedelta(days=due_on) if due_on is not None else None
    found = rules.due(day, due_miles, 40_000, TODAY)
    assert (found.state, found.words) == (state, words)


def test_the_next_time_is_counted_from_the_last() -> None:
    assert rules.next_due(5_000, 180, date(2026, 1, 1), 40_000) == (date(2026, 6, 30), 45_000)
    assert rules.next_due(None, 365, date(2026, 1, 1), 40_000) == (date(2027, 1, 1), None)
    assert rules.next_due(5_000, None, date(2026, 1, 1), 0) == (None, 5_000)
    assert rules.next_due(None, 3_650, date(9999, 1, 1), 0) == (None, None)


@pytest.mark.parametrize(("values", "words"), [
    ({"name": "Oil"}, "after how many miles or days"),
    ({"name": "Oil", "every_miles": 0}, "from 1 to 500,000 miles"),
    ({"name": "Oil", "every_days": 3_651}, "from 1 to 3,650 days"),
    ({"name": "Oil", "every_miles": 10**20}, "from 1 to 500,000 miles"),
    ({"name": " ", "every_miles": 5}, "Write a name"),
    ({"name": "Oil", "every_miles": 5, "last_done_miles": -1}, "between 0 and"),
])  # fmt: skip
def test_a_plan_that_cannot_be_says_why(values: dict[str, object], words: str) -> None:
    with pytest.raises(errors.Invalid, match=words):
        rules.cleaned_plan(values)


def test_a_plan_may_lose_one_interval_but_not_both() -> None:
    present = {"every_miles": 5_000, "every_days": 180}
    assert rules.cleaned_plan({"every_miles": None}, present) == {"every_miles": None}
    with pytest.raises(errors.Invalid):
        rules.cleaned_plan({"every_miles": None}, {"every_miles": 5_000, "every_days": None})


def test_what_is_overdue_presses_most_then_what_is_nearest() -> None:
    def stands(days: int | None, miles: int | None) -> rules.Due:
        day = TODAY + timedelta(days=days) if days is not None else None
        return rules.due(day, 40_000 + miles if miles is not None else None, 40_000, TODAY)

    ordered = [
        stands(None, -900),
        stands(-1, None),
        stands(None, 100),
        stands(3, None),
        stands(None, 4_000),
        stands(200, None),
    ]
    mixed = [ordered[n] for n in (5, 2, 0, 4, 1, 3)]
    assert sorted(mixed, key=rules.pressing) == ordered


@pytest.mark.parametrize(("state", "reminded", "due", "told"), [
    ("ok", None, 50, False),
    ("soon", None, 10, True),
    ("soon", -3, 10, False),
    ("overdue", None, None, True),  # by miles: the reading that made it so emptied the day
    ("overdue", -3, None, False),
    ("overdue", -10, -1, True),  # told when it was soon, and now the day is over
    ("overdue", 0, -1, False),  # told since
    ("overdue", -1, -1, True),  # told on the last day itself, which was still soon
])  # fmt: skip
def test_a_plan_is_told_of_once_when_soon_and_once_when_overdue(
    state: str, reminded: int | None, due: int | None, told: bool
) -> None:
    day = [TODAY + timedelta(days=n) if n is not None else None for n in (reminded, due)]
    assert rules.to_remind(state, day[0], day[1], TODAY) is told


def test_costs_and_intervals_in_words() -> None:
    assert rules.every_words(5_000, 180) == "every 5,000 miles or 180 days"
    assert rules.every_words(None, 1) == "every 1 day"
    assert rules.title(2021, "Ford", "Transit") == "2021 Ford Transit"
    assert rules.title(None, "", "") == ""
    with pytest.raises(errors.Invalid):
        rules.cleaned_record({"cost_cents": -1})
    with pytest.raises(errors.Invalid):
        rules.cleaned_record({"cost_cents": 10**18})
