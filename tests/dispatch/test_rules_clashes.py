"""What is in the way of sending a technician at a time."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

import pytest

from tests.factories.dispatch import MONDAY, at
from webapp.dispatch.rules import shifts
from webapp.dispatch.rules.clashes import Blocked, Booked, Clash, Held, Lane, Need, clashes

ZONE = "America/New_York"
NEED = Need(at(10), at(12))


def booked(start: datetime, end: datetime, travel: int | None = None) -> Booked:
    return Booked(7, 3, "Water heater", start, end, travel)


def sentences(need: Need = NEED, **lane: Any) -> list[str]:
    return [c.sentence for c in clashes(Lane(1, "Tina", **lane), need, ZONE)]


def test_nothing_is_in_the_way_of_a_free_lane() -> None:
    assert sentences() == []


@pytest.mark.parametrize(
    ("start", "end"),
    [(9, 11), (11, 13), (10, 12), (11, 12), (9, 13)],
    ids=["before", "after", "same", "inside", "around"],
)
def test_another_job_over_any_part_of_the_length(start: int, end: int) -> None:
    assert sentences(booked=[booked(at(start), at(end))])[0].startswith("Tina has “Water heater”")


@pytest.mark.parametrize(("start", "end"), [(8, 10), (12, 14)])
def test_jobs_that_only_touch_do_not_clash(start: int, end: int) -> None:
    assert sentences(booked=[booked(at(start), at(end))]) == []


def test_too_little_time_for_the_way_there_and_on() -> None:
    assert sentences(booked=[booked(at(8), at(9, 45), 30), booked(at(12, 10), at(13), 25)]) == [
        "It is 30 minutes from “Water heater”, and there are 15.",
        "It is 25 minutes to “Water heater”, and there are 10.",
    ]
    assert sentences(booked=[booked(at(8), at(9, 30), 30)]) == []


def test_time_off_and_meetings() -> None:
    assert sentences(blocks=[Blocked(1, "time_off", "", at(11), at(17))]) == ["Tina has time off 11 AM–5 PM."]
    assert sentences(blocks=[Blocked(1, "meeting", "Safety talk", at(9), at(10, 30))]) == [
        "Tina has Safety talk 9 AM–10:30 AM."
    ]


def test_outside_the_shift_and_a_day_off() -> None:
    assert sentences(hours=[(at(8), at(11))]) == ["Tina works 8 AM–11 AM."]
    assert sentences(hours=[]) == ["Tina does not work that day."]
    assert sentences(hours=[(at(8), at(11)), (at(11), at(17))]) == []  # two shifts that meet
    assert sentences(hours=None) == []  # nobody wrote down when Tina works


def test_skills_missing_expired_and_too_low() -> None:
    need = replace(NEED, skills={5: ("Gas fitting", 3)})
    assert sentences(need) == ["Tina does not have the skill Gas fitting."]
    assert sentences(need, skills={5: Held(2)}) == ["Tina has Gas fitting at level 2; the job needs 3."]
    assert sentences(need, skills={5: Held(3, date(2026, 11, 29))}) == [
        "Tina’s Gas fitting expired on November 29."
    ]
    assert sentences(need, skills={5: Held(3, MONDAY)}) == []


def test_another_zone() -> None:
    need = replace(NEED, zone_id=2, zone_name="North")
    assert sentences(need, zones=frozenset({1})) == ["Tina does not work in North."]
    assert sentences(need, zones=frozenset({2})) == sentences(need) == []


def test_nobody_who_left_or_has_not_started_can_be_sent_for_any_reason() -> None:
    left = clashes(Lane(1, "Tina", ends_on=date(2026, 11, 29)), NEED, ZONE)
    assert left == [Clash("left", "Tina left on November 29, 2026.")]
    assert not left[0].overridable
    assert sentences(starts_on=date(2026, 12, 1)) == ["Tina starts on December 1, 2026."]


def test_weekly_shifts_give_way_to_those_of_one_day() -> None:
    weekly = [shifts.Pattern(480, 1020, weekday=0), shifts.Pattern(480, 720, on_date=MONDAY)]
    assert shifts.of_day(weekly, MONDAY) == [(480, 720)]
    assert shifts.of_day(weekly, date(2026, 12, 7)) == [(480, 1020)]
    assert shifts.of_day(weekly, date(2026, 12, 1)) == []
    assert shifts.of_day([], MONDAY) is None
    off = [*weekly, shifts.Pattern(0, 0, on_date=date(2026, 12, 7))]
    assert shifts.of_day(off, date(2026, 12, 7)) == []


def test_a_shift_follows_the_wall_clock_over_the_change_to_summer_time() -> None:
    spans = shifts.spans([shifts.Pattern(480, 1020, weekday=6)], [date(2026, 3, 8)], ZONE, {})
    assert [m.isoformat() for m in spans[0]] == ["2026-03-08T12:00:00+00:00", "2026-03-08T21:00:00+00:00"]
