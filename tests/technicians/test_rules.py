"""What must hold for a technician."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.kit import errors, money
from webapp.technicians import rules

NEW = {"name": "Mike Johnson", "pay_type": "hourly"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({**NEW, "name": " "}, "name"),
        ({**NEW, "pay_type": "daily"}, "pay_type"),
        ({**NEW, "base_pay_cents": -1}, "base_pay_cents"),
        ({**NEW, "base_pay_cents": money.MAX_CENTS + 1}, "base_pay_cents"),
        ({**NEW, "pay_type": "commission", "base_pay_cents": 100}, "base_pay_cents"),
        ({**NEW, "phone": "12"}, "phone"),
        ({**NEW, "email": "mike"}, "email"),
        ({**NEW, "color": "blue"}, "color"),
        ({**NEW, "starts_on": date(2026, 3, 2), "ends_on": date(2026, 3, 1)}, "ends_on"),
        ({**NEW, "notes": "x" * 10_001}, "notes"),
    ],
)
def test_a_value_that_cannot_be_is_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        rules.cleaned(values)
    assert list(caught.value.details["fields"]) == [field]


def test_every_wrong_value_is_named_at_once() -> None:
    with pytest.raises(errors.Invalid) as caught:
        rules.cleaned({"name": "", "pay_type": "x", "phone": "1", "email": "y"})
    assert set(caught.value.details["fields"]) == {"name", "pay_type", "phone", "email"}


def test_the_largest_base_pay_and_one_day_of_work_are_accepted() -> None:
    day = date(2026, 3, 1)
    found = rules.cleaned({**NEW, "base_pay_cents": money.MAX_CENTS, "starts_on": day, "ends_on": day})
    assert found["base_pay_cents"] == money.MAX_CENTS


def test_going_over_to_commission_takes_the_base_pay_away() -> None:
    present = {"pay_type": "hourly", "base_pay_cents": 2500, "starts_on": None, "ends_on": None}
    assert rules.cleaned({"pay_type": "commission"}, present) == {
        "pay_type": "commission",
        "base_pay_cents": 0,
    }


def test_an_empty_employee_number_is_none() -> None:
    assert rules.cleaned({**NEW, "employee_number": "  "})["employee_number"] is None


@pytest.mark.parametrize(
    ("starts", "ends", "state"),
    [
        (None, None, "active"),
        (date(2026, 3, 15), None, "active"),
        (date(2026, 3, 16), None, "upcoming"),
        (None, date(2026, 3, 15), "active"),  # the last day is worked
        (None, date(2026, 3, 14), "former"),
        (date(2026, 3, 1), date(2026, 3, 31), "active"),
        (date(2026, 4, 1), date(2026, 4, 2), "upcoming"),
    ],
)
def test_state_by_first_and_last_day(starts: date | None, ends: date | None, state: str) -> None:
    assert rules.state(starts, ends, date(2026, 3, 15)) == state


@pytest.mark.parametrize(
    ("who", "leader", "present", "circle"),
    [
        (1, 2, {}, False),
        (1, 2, {2: 1}, True),
        (1, 3, {3: 2, 2: 1}, True),
        (1, 3, {3: 2, 2: 4}, False),
        (1, 2, {2: 3, 3: 2}, False),  # a circle elsewhere does not hang
        (1, 1, {}, True),
    ],
)
def test_nobody_reports_to_themselves(
    who: int, leader: int, present: dict[int, int | None], circle: bool
) -> None:
    assert rules.leads_in_a_circle(who, leader, present) is circle


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), max_size=30))
def test_what_the_rule_accepts_never_closes_a_circle(wishes: list[tuple[int, int]]) -> None:
    supervisors: dict[int, int | None] = {}
    for who, leader in wishes:
        if not rules.leads_in_a_circle(who, leader, supervisors):
            supervisors[who] = leader
    for start in supervisors:
        seen, above = set(), supervisors.get(start)
        while above is not None:
            assert above != start
            assert above not in seen
            seen.add(above)
            above = supervisors.get(above)


@given(st.integers(0, 10**12), st.integers(1, 10**4))
def test_an_average_is_rounded_half_to_even(total: int, parts: int) -> None:
    from fractions import Fraction

    assert rules.round_half_even(total, parts) == round(Fraction(total, parts))


def test_the_leaderboard_ranks_by_revenue_then_sales_and_shares_ranks() -> None:
    scores = [
        rules.Score(1, "Zoe", 500, 2),
        rules.Score(2, "Amy", 900, 1),
        rules.Score(3, "Bob", 500, 2),
        rules.Score(4, "Cid", 500, 1),
    ]
    assert [(rank, s.name) for rank, s in rules.ranked(scores)] == [
        (1, "Amy"),
        (2, "Bob"),
        (2, "Zoe"),
        (4, "Cid"),
    ]
    assert scores[0].average_sale_cents == 250
    assert rules.Score(9, "New").average_sale_cents is None


def test_a_user_name_is_suggested_from_the_name() -> None:
    assert rules.suggested_username("José  Núñez-Peña") == "jose.nunez.pena"
