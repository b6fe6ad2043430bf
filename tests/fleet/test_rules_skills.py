"""Skills, purely: levels, expiries, and when somebody is reminded."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.fleet.rules import skills as rules
from webapp.kit import errors

TODAY = date(2026, 11, 18)


def on(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.mark.parametrize("level", [0, 6, -1, 10**30, True])
def test_a_level_outside_one_to_five_is_refused(level: int) -> None:
    with pytest.raises(errors.Invalid, match=r"from 1 \(helper\) to 5 \(expert\)"):
        rules.cleaned({"level": level})


def test_a_missing_level_is_asked_for() -> None:
    with pytest.raises(errors.Invalid, match="Choose a level"):
        rules.cleaned({"level": None})
    assert rules.cleaned({"level": 5, "certificate": "  12  A ", "notes": "x"}) == {
        "level": 5, "certificate": "12 A", "notes": "x"}  # fmt: skip


@pytest.mark.parametrize(("days", "state", "words"), [
    (-400, "expired", "expired 400 days ago"), (-2, "expired", "expired 2 days ago"), (-1, "expired", "expired yesterday"),
    (0, "expiring", "expires today"), (1, "expiring", "expires tomorrow"), (60, "expiring", "expires in 60 days"),
    (61, "valid", "expires in 61 days"), (4000, "valid", "expires in 4,000 days"),
])  # fmt: skip
def test_an_expiry_is_told_in_words(days: int, state: str, words: str) -> None:
    assert rules.expiry_state(on(days), TODAY) == state
    assert rules.expiry_words(on(days), TODAY) == words
    assert rules.expiry_state(None, TODAY) == ""


@pytest.mark.parametrize(("days", "given_days", "due"), [
    (61, None, None),
    (60, None, 60), (59, None, 60), (31, None, 60), (30, None, 30), (8, None, 30), (7, None, 7), (1, None, 7), (0, None, 0),
    (-1, None, 0), (-30, None, 0), (-31, None, None),
    (59, 60, None), (31, 60, None), (30, 60, 30), (29, 30, None), (7, 30, 7), (6, 7, None), (0, 7, 0), (-1, 0, None),
])  # fmt: skip
def test_a_reminder_is_due_once_at_each_mark(days: int, given_days: int | None, due: int | None) -> None:
    given = on(days) - timedelta(days=given_days) if given_days is not None else None
    expected = on(days) - timedelta(days=due) if due is not None else None
    assert rules.reminder_day(on(days), given, TODAY) == expected


@given(st.integers(-40, 80), st.lists(st.integers(0, 9), min_size=1, max_size=120))
def test_walking_through_the_days_reminds_at_most_four_times_and_never_twice_at_a_mark(
    first: int, steps: list[int]
) -> None:
    expires, today, given = on(first), TODAY, None
    told = []
    for step in steps:
        today += timedelta(days=step)
        due = rules.reminder_day(expires, given, today)
        if due is not None:
            told.append(due)
            given = due
    assert len(told) == len(set(told)) <= 4
    assert told == sorted(told)


@given(st.dates(), st.dates())
def test_no_day_of_the_calendar_breaks_it(expires: date, today: date) -> None:
    rules.reminder_day(expires, None, today)
    rules.expiry_words(expires, today)


def test_what_is_held_is_told_in_words() -> None:
    held = {"level": 4, "expires_on": "2027-03-01", "certificate": "12-A"}
    assert rules.held_words(held) == "level 4, to Mar 1, 2027, certificate 12-A"
    assert rules.held_words({"level": 1}) == "level 1"
