"""What must hold for working time: minutes, days, weeks, overtime, moments of phones, positions, flags."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.kit import errors
from webapp.timesheets import rules
from webapp.timesheets.rules import minutes
from webapp.timesheets.rules.weeks import Change, TimeSettings

ZONE = "America/New_York"
NOW = datetime(2026, 11, 18, 17, tzinfo=UTC)


@dataclass
class Break:
    started_at: datetime
    ended_at: datetime | None
    paid: bool = False


@dataclass
class Entry:
    clock_in: datetime
    clock_out: datetime | None
    break_minutes: int = 0
    break_started_at: datetime | None = None
    flag: str = ""


@dataclass
class Job:
    kind: str
    started_at: datetime
    ended_at: datetime | None


def utc(day: int, hour: int, minute: int = 0, second: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, second, tzinfo=UTC)


# Minutes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "breaks", "expected"),
    [
        (0, 0, 0),
        (59, 0, 0),
        (60, 0, 1),
        (8 * 3600, 30, 450),
        (8 * 3600 + 59, 30, 450),
        (1200, 30, 0),
        (1800, 30, 0),
    ],
)
def test_a_duration_is_out_less_in_less_breaks_and_never_below_zero(
    seconds: int, breaks: int, expected: int
) -> None:
    start = utc(18, 12)
    assert rules.duration(start, start + timedelta(seconds=seconds), breaks) == expected


def test_an_entry_over_midnight_lies_on_both_days_with_the_minutes_of_each() -> None:
    start, end = utc(19, 3), utc(19, 9, 30)  # 10 in the evening until 4:30 in New York
    assert rules.by_day(start, end, 0, [], ZONE) == {date(2026, 11, 18): 120, date(2026, 11, 19): 270}


def test_a_break_is_taken_from_the_day_it_lay_on() -> None:
    start, end = utc(19, 3), utc(19, 9, 30)
    after_midnight = Break(utc(19, 6), utc(19, 6, 30))
    assert rules.by_day(start, end, 30, [after_midnight], ZONE) == {
        date(2026, 11, 18): 120,
        date(2026, 11, 19): 240,
    }


def test_a_break_over_midnight_is_taken_from_both_days() -> None:
    start, end = utc(19, 3), utc(19, 9, 30)
    over = Break(utc(19, 4, 50), utc(19, 5, 20))
    assert rules.by_day(start, end, 30, [over], ZONE) == {date(2026, 11, 18): 110, date(2026, 11, 19): 250}


def test_a_paid_break_is_not_taken_off() -> None:
    rest = Break(utc(18, 14), utc(18, 14, 15), paid=True)
    assert rules.by_day(utc(18, 13), utc(18, 17), 0, [rest], ZONE) == {date(2026, 11, 18): 240}


def test_a_total_of_breaks_without_their_times_is_taken_from_the_longer_day() -> None:
    assert rules.by_day(utc(19, 3), utc(19, 9, 30), 45, [], ZONE) == {
        date(2026, 11, 18): 120,
        date(2026, 11, 19): 225,
    }


def test_the_night_clocks_go_forward_has_an_hour_less_and_the_one_back_an_hour_more() -> None:
    spring = rules.by_day(utc(8, 4, month=3), utc(8, 13, month=3), 0, [], ZONE)  # 11 in the evening until 9
    assert spring == {date(2026, 3, 7): 60, date(2026, 3, 8): 480}
    autumn = rules.by_day(utc(1, 3, month=11), utc(1, 14, month=11), 0, [], ZONE)
    assert autumn == {date(2026, 10, 31): 60, date(2026, 11, 1): 600}
    assert sum(autumn.values()) == rules.duration(utc(1, 3, month=11), utc(1, 14, month=11), 0)


MOMENTS = st.integers(0, 365 * 86_400).map(lambda s: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=s))


@given(
    MOMENTS,
    st.timedeltas(timedelta(seconds=1), timedelta(hours=24)),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=4),
    st.sampled_from(["America/New_York", "America/Los_Angeles", "Pacific/Chatham", "Asia/Kathmandu", "UTC"]),
    st.one_of(st.none(), st.integers(0, 2000)),
)
def test_the_days_of_an_entry_always_add_up_to_it_and_none_is_below_zero(
    start: datetime, length: timedelta, fractions: list[tuple[float, float]], zone: str, total: int | None
) -> None:
    end = start + length
    edges = sorted({start + length * f for pair in fractions for f in pair})
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    breaks = [Break(a, b) for a, b in pairs]
    taken = sum(rules.between(a, b) for a, b in pairs) if total is None else total
    found = rules.by_day(start, end, taken, breaks, zone)
    assert sum(found.values()) == rules.duration(start, end, taken)
    assert all(m >= 0 for m in found.values())
    assert len(found) <= 3


@pytest.mark.parametrize(("given_minutes", "words"), [(0, "0.00"), (1, "0.02"), (30, "0.50"), (95, "1.58"), (455, "7.58"),
                                                      (20, "0.33"), (40, "0.67"), (2401, "40.02"), (6, "0.10")])  # fmt: skip
def test_minutes_read_as_decimal_hours(given_minutes: int, words: str) -> None:
    assert rules.decimal_hours(given_minutes) == words


# Overtime -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "rule", "expected"),
    [
        ([480] * 5 + [0, 0], "weekly", (2400, 0, 0)),
        ([540] * 5 + [0, 0], "weekly", (2400, 300, 0)),
        ([900, 0, 0, 0, 0, 0, 0], "weekly", (900, 0, 0)),
        ([480] * 5 + [0, 0], "california", (2400, 0, 0)),
        ([600, 480, 480, 0, 0, 0, 0], "california", (1440, 120, 0)),
        ([900, 0, 0, 0, 0, 0, 0], "california", (480, 240, 180)),  # over 12 hours is double
        ([480] * 6 + [0], "california", (2400, 480, 0)),  # the sixth day is over 40 hours
        ([480] * 6 + [600], "california", (2400, 960, 120)),  # the seventh in a row, and over 8 on it
        ([60] * 7, "california", (360, 60, 0)),
        ([480] * 5, "california", (2400, 0, 0)),  # a shorter week has no seventh day
    ],
)
def test_overtime_is_over_forty_a_week_or_by_the_day_as_in_california(
    days: list[int], rule: str, expected: tuple[int, int, int]
) -> None:
    found = rules.overtime(days, rule)
    assert (found.regular, found.overtime, found.double) == expected


@given(st.lists(st.integers(0, 1440), min_size=7, max_size=7), st.sampled_from(["weekly", "california"]))
def test_overtime_never_makes_or_loses_a_minute(days: list[int], rule: str) -> None:
    found = rules.overtime(days, rule)
    assert found.regular + found.overtime + found.double == sum(days)
    assert 0 <= found.regular <= 2400


# Weeks ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("weekday", "start", "end"), [(0, 16, 22), (6, 15, 21), (2, 18, 24), (3, 12, 18)])
def test_a_week_begins_on_the_day_that_is_set(weekday: int, start: int, end: int) -> None:
    week = TimeSettings(weekday).week_of(date(2026, 11, 18))
    assert (week.start.day, week.end.day, len(week.days())) == (start, end, 7)


def test_another_beginning_holds_from_its_next_day_on_and_the_past_stays() -> None:
    monday = TimeSettings()
    sunday = monday.beginning_on(6, date(2026, 11, 18))
    assert sunday.week_of(date(2026, 11, 11)) == monday.week_of(date(2026, 11, 11))
    assert sunday.week_of(date(2026, 11, 18)) == rules.Week(date(2026, 11, 16), date(2026, 11, 21))  # shorter
    assert sunday.week_of(date(2026, 11, 22)) == rules.Week(date(2026, 11, 22), date(2026, 11, 28))


def test_a_change_that_has_not_begun_is_replaced_by_the_next_one() -> None:
    today = date(2026, 11, 18)
    twice = TimeSettings().beginning_on(6, today).beginning_on(0, today)
    assert twice.changes == ()
    assert TimeSettings().beginning_on(6, today).beginning_on(3, today).changes == (
        Change(date(2026, 11, 19), 3),
    )


def test_settings_are_read_back_as_they_were_kept() -> None:
    known = TimeSettings(0, (Change(date(2026, 11, 22), 6),), 10, "california")
    assert TimeSettings.of({"time": known.as_json()}) == known
    assert TimeSettings.of({}) == TimeSettings(0, (), 12, "weekly")


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 40)), max_size=4), st.integers(0, 400))
def test_every_day_lies_in_exactly_one_week(changes: list[tuple[int, int]], offset: int) -> None:
    known, today = TimeSettings(), date(2026, 1, 1)
    for weekday, later in changes:
        today += timedelta(days=later)
        known = known.beginning_on(weekday, today)
    day = date(2025, 12, 1) + timedelta(days=offset)
    week = known.week_of(day)
    assert week.start <= day <= week.end
    assert 1 <= len(week.days()) <= 7
    assert all(known.week_of(other) == week for other in week.days())
    assert known.week_of(week.end + timedelta(days=1)).start == week.end + timedelta(days=1)


# A week's hours -------------------------------------------------------------------------------------------

WEEK = rules.Week(date(2026, 11, 16), date(2026, 11, 22))


def hours(entries: list[tuple[Entry, list[Break]]], jobs: list[Job] | None = None) -> rules.Hours:
    return rules.hours(WEEK, entries, jobs or [], zone=ZONE, now=NOW, missing_after=timedelta(hours=12),
                       overtime_rule="weekly")  # fmt: skip


def test_an_entry_over_the_end_of_a_week_gives_each_week_its_part() -> None:
    over = Entry(utc(16, 3), utc(16, 8))  # Sunday 10 in the evening until Monday 3
    found = hours([(over, [])])
    assert [d.minutes for d in found.days] == [180, 0, 0, 0, 0, 0, 0]
    assert found.entries == [over]


def test_a_running_entry_counts_until_now_without_the_break_under_way() -> None:
    entry = Entry(utc(18, 13), None, 0, utc(18, 16, 30))
    found = hours([(entry, [Break(utc(18, 16, 30), None)])])
    assert (found.minutes, found.break_minutes, found.running) == (210, 30, True)
    paid = hours([(entry, [Break(utc(18, 16, 30), None, paid=True)])])
    assert (paid.minutes, paid.break_minutes) == (240, 0)


def test_a_forgotten_clock_out_counts_nothing_and_stands_on_its_day() -> None:
    entry = Entry(utc(17, 13), None, flag="missing_clock_out")
    found = hours([(entry, [])])
    assert (found.minutes, found.running, found.flags) == (0, False, {"missing_clock_out"})
    assert [bool(d.entries) for d in found.days] == [False, True, False, False, False, False, False]


def test_travel_work_and_what_is_neither_are_told_apart_by_day() -> None:
    entry = Entry(utc(18, 13), utc(18, 17))
    jobs = [
        Job("travel", utc(18, 13, 10), utc(18, 13, 40)),
        Job("work", utc(18, 13, 40), utc(18, 15)),
        Job("work", utc(18, 16, 30), None),
    ]
    day = hours([(entry, [])], jobs).days[2]
    assert (day.minutes, day.travel, day.work, day.unassigned) == (240, 30, 110, 100)


def test_more_time_on_visits_than_was_clocked_leaves_nothing_unassigned() -> None:
    found = hours([(Entry(utc(18, 13), utc(18, 14)), [])], [Job("work", utc(18, 12), utc(18, 15))])
    assert (found.days[2].unassigned, found.unassigned) == (0, 0)


# Moments of phones ----------------------------------------------------------------------------------------


def test_without_a_time_of_its_own_it_happens_now_to_the_second() -> None:
    assert rules.moment(None, None, NOW.replace(microsecond=999_999)) == rules.Moment(NOW)


def test_a_phone_that_was_offline_may_tell_up_to_seven_days_later() -> None:
    assert rules.moment(NOW - timedelta(days=7), None, NOW) == rules.Moment(NOW - timedelta(days=7))
    with pytest.raises(errors.Invalid, match="7 days"):
        rules.moment(NOW - timedelta(days=7, seconds=1), None, NOW)


def test_the_future_is_refused_but_for_two_minutes_which_count_as_now() -> None:
    assert rules.moment(NOW + timedelta(minutes=2), None, NOW) == rules.Moment(NOW)
    with pytest.raises(errors.Invalid, match="future"):
        rules.moment(NOW + timedelta(minutes=2, seconds=1), None, NOW)


@pytest.mark.parametrize("off", [timedelta(hours=5), timedelta(hours=-5), timedelta(days=-20_000)])
def test_a_phone_whose_clock_is_wrong_by_hours_is_corrected_by_the_difference(off: timedelta) -> None:
    true = NOW - timedelta(hours=3)
    found = rules.moment(true + off, NOW + off, NOW)
    assert found == rules.Moment(true, skewed=True)


def test_a_clock_that_is_off_by_two_minutes_is_corrected_without_a_word() -> None:
    off = timedelta(minutes=2)
    assert rules.moment(NOW - timedelta(hours=1) + off, NOW + off, NOW) == rules.Moment(
        NOW - timedelta(hours=1)
    )


def test_what_lies_after_the_telling_is_in_the_future_whatever_the_clock_says() -> None:
    with pytest.raises(errors.Invalid, match="future"):
        rules.moment(NOW - timedelta(hours=4), NOW - timedelta(hours=5), NOW)


# Order ----------------------------------------------------------------------------------------------------


def test_a_clock_out_before_the_clock_in_or_within_a_break_is_refused() -> None:
    with pytest.raises(errors.Invalid, match="before the clock-in"):
        rules.clock_out_at(NOW, NOW - timedelta(seconds=1), None)
    with pytest.raises(errors.Invalid, match="before the end of a break"):
        rules.clock_out_at(NOW, NOW + timedelta(minutes=5), NOW + timedelta(minutes=6))
    assert rules.clock_out_at(NOW, NOW, None) == NOW + timedelta(seconds=1)


@pytest.mark.parametrize(
    ("start", "end", "breaks", "field"),
    [
        (None, NOW, 0, "clock_in"),
        (NOW - timedelta(hours=1), None, 0, "clock_out"),
        (NOW, NOW - timedelta(hours=1), 0, "clock_out"),
        (NOW - timedelta(hours=1), NOW - timedelta(hours=1), 0, "clock_out"),
        (NOW + timedelta(minutes=3), NOW + timedelta(hours=1), 0, "clock_in"),
        (NOW - timedelta(hours=1), NOW + timedelta(minutes=3), 0, "clock_out"),
        (NOW - timedelta(days=1, minutes=2), NOW, 0, "clock_out"),
        (NOW - timedelta(days=400), NOW - timedelta(days=399, hours=23), 0, "clock_in"),
        (NOW - timedelta(hours=1), NOW, 60, "break_minutes"),
        (NOW - timedelta(hours=1), NOW, -1, "break_minutes"),
        (datetime(1, 1, 1, tzinfo=UTC), NOW, 0, "clock_in"),
        (datetime(9999, 12, 31, tzinfo=UTC), NOW, 0, "clock_in"),
    ],
)
def test_times_that_no_entry_can_have_are_refused_naming_the_field(
    start: Any, end: Any, breaks: int, field: str
) -> None:
    with pytest.raises(errors.Invalid) as refused:
        rules.check_times(start, end, breaks, NOW)
    assert field in {p.field for p in refused.value.problems}


def test_a_running_entry_needs_no_end() -> None:
    rules.check_times(NOW - timedelta(hours=1), None, 30, NOW, open_ended=True)


# Where and flags ------------------------------------------------------------------------------------------


def test_a_position_is_kept_to_six_places() -> None:
    assert rules.position(27.9506, -82.45720049) == (Decimal("27.950600"), Decimal("-82.457200"))
    assert rules.position(None, None) == (None, None)
    assert rules.position(-90, 180) == (Decimal("-90.000000"), Decimal("180.000000"))


@pytest.mark.parametrize(
    ("latitude", "longitude", "sentence"),
    [
        (90.01, 0, "latitude must lie between -90 and 90"),
        (-91, 0, "latitude must lie between -90 and 90"),
        (0, 180.01, "longitude must lie between -180 and 180"),
        ("x", 0, "latitude must lie between -90 and 90"),
        (float("nan"), 0, "latitude must lie between -90 and 90"),
        (float("inf"), 0, "latitude must lie between -90 and 90"),
        (1, None, "longitude is missing"),
        (None, 1, "latitude is missing"),
    ],
)
def test_a_position_that_cannot_be_is_refused_in_words(latitude: Any, longitude: Any, sentence: str) -> None:
    with pytest.raises(errors.Invalid, match=sentence):
        rules.position(latitude, longitude)


def test_an_entry_can_have_several_flags_in_a_fixed_order() -> None:
    flag = rules.with_flags("long_day", "missing_clock_out")
    assert rules.flags_of(flag) == ["missing_clock_out", "long_day"]
    assert rules.with_flags(flag, without=("long_day",)) == "missing_clock_out"


def test_more_than_sixteen_hours_is_a_long_day_and_no_longer_once_it_is_shorter() -> None:
    assert rules.length_flag("", NOW, NOW + timedelta(hours=16)) == ""
    flag = rules.length_flag("clock_skew", NOW, NOW + timedelta(hours=16, seconds=1))
    assert rules.flags_of(flag) == ["clock_skew", "long_day"]
    assert rules.length_flag(flag, NOW, NOW + timedelta(hours=8)) == "clock_skew"


def test_a_week_is_named_by_its_days() -> None:
    assert WEEK.label == "Nov 16–22"
    assert rules.Week(date(2026, 11, 30), date(2026, 12, 6)).label == "Nov 30 – Dec 6"
    assert rules.Week(date(2026, 11, 30), date(2026, 11, 30)).label == "Nov 30"


def test_cutting_nothing_gives_nothing() -> None:
    assert minutes.cut(NOW, NOW, ZONE) == {}
