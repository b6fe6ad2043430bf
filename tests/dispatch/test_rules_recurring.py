"""Rules by which a job comes again: read, said in words, expanded by the wall clock."""

import time
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.dispatch.rules import recurring as rules

START = datetime.fromisoformat("2026-03-03T09:00")  # a Tuesday, five days before the clocks are put forward
ZONE = "America/New_York"


def expand(rule: str, days: int = 60, start: datetime = START, **more: object) -> list[str]:
    until = start + timedelta(days=days)
    found = rules.occurrences(rule, start, start - timedelta(seconds=1), until, ZONE, **more)  # type: ignore[arg-type]
    return [f"{at:%m-%d %H:%M}" for at in found]


def test_nine_in_the_morning_stays_nine_in_the_morning_across_daylight_saving() -> None:
    found = rules.occurrences(
        "FREQ=WEEKLY;BYDAY=TU", START, START - timedelta(1), START + timedelta(14), ZONE
    )
    assert [rules.moment(at, ZONE).hour for at in found] == [14, 13, 13]
    assert {rules.wall(rules.moment(at, ZONE), ZONE).hour for at in found} == {9}


def test_a_time_that_a_spring_night_does_not_have_is_an_hour_later() -> None:
    night = datetime.fromisoformat("2026-03-08T02:30")
    assert rules.wall(rules.moment(night, ZONE), ZONE) == datetime.fromisoformat("2026-03-08T03:30")


@pytest.mark.parametrize(
    ("rule", "found"),
    [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR", ["03-03 09:00", "03-06 09:00", "03-17 09:00", "03-20 09:00"]),
        ("FREQ=MONTHLY;BYDAY=1TU", ["03-03 09:00", "04-07 09:00"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["03-31 09:00"]),
        ("FREQ=DAILY;COUNT=2", ["03-03 09:00", "03-04 09:00"]),
        ("FREQ=DAILY;UNTIL=20260304", ["03-03 09:00", "03-04 09:00"]),
        ("FREQ=DAILY;UNTIL=20260304T040000Z", ["03-03 09:00"]),
    ],
)
def test_a_rule_is_followed(rule: str, found: list[str]) -> None:
    days = {
        "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR": 20,
        "FREQ=MONTHLY;BYMONTHDAY=-1": 40,
        "FREQ=MONTHLY;BYDAY=1TU": 40,
    }
    assert expand(rules.cleaned(rule), days.get(rule, 30)) == found


def test_a_rule_that_nothing_fits_is_given_up_soon() -> None:
    assert expand("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", 6 * 366) == []


def test_times_that_are_left_out_are_not_made() -> None:
    assert expand("FREQ=DAILY;COUNT=3", skipped=["2026-03-04T09:00"]) == ["03-03 09:00", "03-05 09:00"]


@pytest.mark.parametrize(
    "rule",
    ["", "FREQ=HOURLY", "FREQ=DAILY;BYHOUR=9", "FREQ=WEEKLY;INTERVAL=0", "FREQ=WEEKLY;INTERVAL=9999", "FREQ=DAILY;COUNT=x",
     "FREQ=DAILY;COUNT=2;UNTIL=20270101", "FREQ=DAILY;UNTIL=soon", "FREQ=MONTHLY;BYDAY=XX", "FREQ=MONTHLY;BYMONTH=13",
     "FREQ=MONTHLY;BYMONTHDAY=1;BYMONTHDAY=2", "BYDAY=MO", "FREQ=DAILY;EXDATE=1", "x" * 400, "FREQ=MONTHLY;BYSETPOS=0;BYDAY=MO"],
)  # fmt: skip
def test_what_is_no_rule_is_refused_with_a_sentence(rule: str) -> None:
    with pytest.raises(rules.NotARule, match=r"\w+ \w+"):
        rules.cleaned(rule)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("FREQ=DAILY", "Every day"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,FR", "Every 2 weeks on Tuesday and Friday"),
        ("FREQ=MONTHLY;BYDAY=1MO", "Every month on the first Monday"),
        ("FREQ=MONTHLY;BYDAY=-1FR;COUNT=3", "Every month on the last Friday, 3 times"),
        (
            "FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=15;UNTIL=20271231",
            "Every 6 months on day 15, until Dec 31, 2027",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "Every month on day 31, or the month’s last"),
        ("FREQ=YEARLY;BYMONTH=4,10", "Every year in April and October"),
    ],
)
def test_a_rule_in_words(rule: str, said: str) -> None:
    assert rules.words(rules.cleaned(rule)) == said


def test_the_rule_a_form_asks_for() -> None:
    def built(frequency: str, interval: int = 1, start: datetime = START, **more: object) -> str:
        return rules.build(rules.Asked(frequency, interval, start, **more))  # type: ignore[arg-type]

    assert built("WEEKLY") == "FREQ=WEEKLY;BYDAY=TU"
    assert built("WEEKLY", 2, weekdays=["FR", "MO"]) == "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR"
    assert built("MONTHLY", 3) == "FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=3"
    assert built("MONTHLY", by_weekday=True) == "FREQ=MONTHLY;BYDAY=1TU"
    assert (
        built("MONTHLY", by_weekday=True, start=datetime.fromisoformat("2026-03-31T09:00"))
        == "FREQ=MONTHLY;BYDAY=-1TU"
    )
    assert built("YEARLY", until=date(2030, 1, 1)) == "FREQ=YEARLY;UNTIL=20300101"
    assert built("DAILY", count=3) == "FREQ=DAILY;COUNT=3"


@given(
    st.sampled_from(list(rules.FREQUENCIES)), st.integers(1, 12),
    st.datetimes(datetime.fromisoformat("2026-01-01T00:00"), datetime.fromisoformat("2027-12-31T00:00")), st.booleans(),
)  # fmt: skip
def test_whatever_a_form_asks_for_begins_at_its_start_and_keeps_its_time_of_day(
    frequency: str, interval: int, start: datetime, by_weekday: bool
) -> None:
    start = start.replace(second=0, microsecond=0)
    rule = rules.cleaned(rules.build(rules.Asked(frequency, interval, start, by_weekday=by_weekday)))
    found = rules.occurrences(rule, start, start - timedelta(1), start + timedelta(days=400), ZONE)
    assert found[0] == start
    assert {at.time() for at in found} == {start.time()}
    assert found == sorted(set(found))
    assert rules.words(rule).startswith("Every ")


@pytest.mark.parametrize("rule", ["FREQ=DAILY;BYMONTHDAY=31;BYMONTH=2", "FREQ=WEEKLY;BYSETPOS=300", "FREQ=MONTHLY;BYDAY=99MO",
                                  "FREQ=DAILY;COUNT=0000010001234567890", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"])  # fmt: skip
def test_a_rule_that_no_day_fits_or_that_hides_a_number_is_refused_at_once(rule: str) -> None:
    began = time.monotonic()
    with pytest.raises(rules.NotARule):
        rules.cleaned(rule)
    assert time.monotonic() - began < 2, "looking on to the year 9999 takes longer"


def test_an_end_at_the_edge_of_all_years_keeps_no_zone_from_working() -> None:
    for end, zone in (("00010101T000000Z", ZONE), ("99991231T235959Z", "Asia/Tokyo")):
        rule = rules.cleaned(f"FREQ=DAILY;UNTIL={end}")
        rules.occurrences(rule, START, START, START + timedelta(days=3), zone)
