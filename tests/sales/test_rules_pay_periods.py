"""When a pay period begins, ends and is paid, and what guarantees and draws come to."""

import json
from datetime import date, timedelta

import pytest

from webapp.sales.rules import (
    Basis,
    DrawLine,
    Frequency,
    Period,
    SaleDates,
    draw_balance,
    guarantee_top_up,
    label,
    next_period,
    next_period_after_change,
    pay_date,
    period_for,
    plan_date,
)

MONDAY = date(2026, 11, 2)


@pytest.mark.parametrize(
    ("frequency", "day", "start", "end"),
    [
        ("weekly", "2026-11-02", "2026-11-02", "2026-11-08"),
        ("weekly", "2026-11-08", "2026-11-02", "2026-11-08"),
        ("weekly", "2026-11-01", "2026-10-26", "2026-11-01"),
        ("weekly", "2027-01-01", "2026-12-28", "2027-01-03"),
        ("biweekly", "2026-11-15", "2026-11-02", "2026-11-15"),
        ("biweekly", "2026-11-01", "2026-10-19", "2026-11-01"),
        ("biweekly", "2026-12-31", "2026-12-28", "2027-01-10"),
        ("semi_monthly", "2026-11-15", "2026-11-01", "2026-11-15"),
        ("semi_monthly", "2026-11-16", "2026-11-16", "2026-11-30"),
        ("semi_monthly", "2028-02-29", "2028-02-16", "2028-02-29"),
        ("semi_monthly", "2027-02-28", "2027-02-16", "2027-02-28"),
        ("monthly", "2028-02-01", "2028-02-01", "2028-02-29"),
        ("monthly", "2100-02-28", "2100-02-01", "2100-02-28"),
        ("monthly", "2026-12-31", "2026-12-01", "2026-12-31"),
    ],
)
def test_a_day_falls_in_the_period_on_the_calendar(
    frequency: Frequency, day: str, start: str, end: str
) -> None:
    found = period_for(frequency, MONDAY, date.fromisoformat(day))
    assert found == Period(date.fromisoformat(start), date.fromisoformat(end))
    assert tuple(found) == (found.start, found.end)


def test_an_unknown_frequency_is_refused() -> None:
    with pytest.raises(ValueError, match="hourly"):
        period_for("hourly", MONDAY, MONDAY)  # type: ignore[arg-type]


def test_a_period_contains_its_first_and_last_day_only() -> None:
    period = Period(date(2026, 11, 1), date(2026, 11, 15))
    inside = [day for day in range(1, 31) if date(2026, 11, day) in period]
    assert inside == list(range(1, 16))
    assert json.loads(json.dumps(period.as_json())) == {"start": "2026-11-01", "end": "2026-11-15"}


def test_the_next_period_begins_the_day_after() -> None:
    assert next_period("semi_monthly", MONDAY, date(2026, 12, 31)) == Period(
        date(2027, 1, 1), date(2027, 1, 15)
    )
    assert next_period("weekly", MONDAY, date(2026, 11, 8)) == Period(date(2026, 11, 9), date(2026, 11, 15))


@pytest.mark.parametrize(
    ("last_end", "frequency", "start", "end"),
    [
        ("2026-11-08", "semi_monthly", "2026-11-09", "2026-11-15"),
        ("2026-11-15", "semi_monthly", "2026-11-16", "2026-11-30"),  # the rhythms meet: no bridge is needed
        ("2026-11-15", "weekly", "2026-11-16", "2026-11-22"),
        ("2026-11-30", "biweekly", "2026-12-01", "2026-12-13"),
        ("2026-11-14", "semi_monthly", "2026-11-15", "2026-11-15"),
        ("2026-12-27", "monthly", "2026-12-28", "2026-12-31"),
    ],
)
def test_a_new_frequency_starts_with_a_bridge(
    last_end: str, frequency: Frequency, start: str, end: str
) -> None:
    bridge = next_period_after_change(date.fromisoformat(last_end), frequency, MONDAY)
    assert bridge == Period(date.fromisoformat(start), date.fromisoformat(end))


@pytest.mark.parametrize(
    ("end", "days_after", "paid"),
    [
        ("2026-11-15", 5, "2026-11-20"),  # a Friday
        ("2026-11-15", 6, "2026-11-20"),  # Saturday
        ("2026-11-15", 7, "2026-11-20"),  # Sunday
        ("2026-11-15", 8, "2026-11-23"),  # Monday
        ("2026-12-31", 2, "2027-01-01"),
        ("2026-11-15", 0, "2026-11-13"),  # the period itself ends on a Sunday
    ],
)
def test_pay_day_is_never_on_a_weekend(end: str, days_after: int, paid: str) -> None:
    assert pay_date(date.fromisoformat(end), days_after) == date.fromisoformat(paid)


def test_pay_day_cannot_be_planned_before_the_end() -> None:
    with pytest.raises(ValueError, match="negative"):
        pay_date(MONDAY, -1)


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ("2026-11-01", "2026-11-15", "Nov 1–15, 2026"),
        ("2026-10-26", "2026-11-08", "Oct 26 – Nov 8, 2026"),
        ("2026-12-28", "2027-01-10", "Dec 28, 2026 – Jan 10, 2027"),
        ("2026-11-15", "2026-11-15", "Nov 15, 2026"),
        ("2025-11-15", "2026-11-15", "Nov 15, 2025 – Nov 15, 2026"),
    ],
)
def test_a_period_is_named_as_on_a_pay_slip(start: str, end: str, text: str) -> None:
    assert label(date.fromisoformat(start), date.fromisoformat(end)) == text


@pytest.mark.parametrize(("basis", "days"), [("sold", 0), ("approved", 1), ("completed", 2), ("paid", 3)])
def test_the_plan_decides_which_day_of_a_sale_counts(basis: Basis, days: int) -> None:
    everything = SaleDates(*(MONDAY + timedelta(days=number) for number in range(4)))
    assert plan_date(basis, everything) == MONDAY + timedelta(days=days)
    assert plan_date(basis, SaleDates(MONDAY)) == (MONDAY if basis == "sold" else None)


def test_an_unknown_basis_is_refused() -> None:
    with pytest.raises(ValueError, match="invoiced"):
        plan_date("invoiced", SaleDates(MONDAY))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("guaranteed", "earned", "top_up"),
    [(100_000, 40_000, 60_000), (100_000, 100_000, 0), (100_000, 140_000, 0), (0, 0, 0), (100, -50, 150)],
)
def test_a_guarantee_tops_up_to_its_amount(guaranteed: int, earned: int, top_up: int) -> None:
    assert guarantee_top_up(guaranteed, earned) == top_up


def test_a_negative_guarantee_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        guarantee_top_up(-1, 0)


def test_a_draw_is_owed_until_it_is_kept_back_from_pay() -> None:
    lines = [DrawLine("draw", 50_000), DrawLine("draw_recovery", -20_000), DrawLine("draw", 5_000)]
    assert draw_balance([]) == 0
    assert draw_balance(lines) == 35_000
    assert draw_balance([*lines, DrawLine("draw_recovery", -35_000)]) == 0


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([DrawLine("draw_recovery", -1)], "More was kept back"),
        ([DrawLine("draw_recovery", -1), DrawLine("draw", 1)], "More was kept back"),
        ([DrawLine("draw", 1), DrawLine("draw_recovery", -2)], "More was kept back"),
        ([DrawLine("draw", -1)], "above zero"),
        ([DrawLine("draw", 5), DrawLine("draw_recovery", 1)], "below zero"),
    ],
)
def test_more_than_is_owed_cannot_be_kept_back(lines: list[DrawLine], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        draw_balance(lines)
