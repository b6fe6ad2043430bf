"""Business time against a brute-force count of minutes, pauses, the story of a job, which policy fits."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.kit import errors
from webapp.sla.rules import clocks, minutes, policies, story
from webapp.sla.rules.minutes import Calendar
from webapp.sla.rules.story import Change

# New York, a zone whose clocks change at midnight, one with half an hour, one without change
ZONES = ("America/New_York", "America/Santiago", "Australia/Lord_Howe", "America/Phoenix", "America/Havana")
MINUTE = timedelta(minutes=1)
WEEK = dict.fromkeys(range(5), (480, 1020))
NEW_YORK = Calendar.of("America/New_York", WEEK, [date(2026, 11, 26)])
# around the days on which clocks are changed in 2026
STARTS = [datetime(2026, *day, tzinfo=UTC) for day in ((3, 7), (3, 28), (4, 4), (10, 3), (10, 31), (9, 5), (12, 31))]  # fmt: skip


@st.composite
def calendars(draw: Any) -> Calendar:
    hours = {}
    for day in draw(st.sets(st.integers(0, 6), min_size=1)):
        opens = draw(st.integers(0, 1439))
        hours[day] = (opens, opens + draw(st.integers(30, 1200)))
    start = date(2026, 1, 1)
    free = draw(st.sets(st.integers(0, 364), max_size=12))
    made = Calendar.of(draw(st.sampled_from(ZONES)), hours, [start + timedelta(days=n) for n in free])
    assert made is not None
    return made


moments = st.builds(
    lambda start, count: start + count * MINUTE, st.sampled_from(STARTS), st.integers(0, 4 * 1440)
)


def is_open(calendar: Calendar, moment: datetime) -> bool:
    """The rule in its plainest form: what the wall's clock shows, for one minute."""
    there = moment.astimezone(ZoneInfo(calendar.zone))
    shown, day = there.hour * 60 + there.minute, there.date()
    before = day - timedelta(days=1)
    return any(
        (w == day.weekday() and day not in calendar.holidays and a <= shown < b)
        or (w == before.weekday() and before not in calendar.holidays and a - 1440 <= shown < b - 1440)
        for w, a, b in calendar.hours
    )


@given(calendars(), moments, st.integers(0, 5 * 1440))
def test_business_minutes_are_those_that_a_brute_force_count_finds(
    calendar: Calendar, start: datetime, length: int
) -> None:
    counted = sum(is_open(calendar, start + n * MINUTE) for n in range(length))
    assert minutes.between(calendar, start, start + length * MINUTE) == counted


@given(calendars(), moments, st.integers(1, 3000))
def test_a_due_moment_is_the_first_at_which_the_time_has_gone(
    calendar: Calendar, start: datetime, amount: int
) -> None:
    due = minutes.after(calendar, start, amount * MINUTE)
    assert minutes.elapsed(calendar, start, due) == amount * MINUTE
    assert minutes.elapsed(calendar, start, due - MINUTE) == (amount - 1) * MINUTE


@given(calendars(), moments, st.integers(0, 3000), st.integers(0, 3000))
def test_business_time_adds_up(calendar: Calendar, start: datetime, one: int, other: int) -> None:
    middle, end = start + one * MINUTE, start + (one + other) * MINUTE
    whole = minutes.elapsed(calendar, start, end)
    assert minutes.elapsed(calendar, start, middle) + minutes.elapsed(calendar, middle, end) == whole


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        # Friday 4:30 PM in New York, an hour: half of it on Friday, half on Monday
        (datetime(2026, 11, 20, 21, 30, tzinfo=UTC), 60, datetime(2026, 11, 23, 13, 30, tzinfo=UTC)),
        # until closing is until closing, not until the next opening
        (datetime(2026, 11, 20, 21, 0, tzinfo=UTC), 60, datetime(2026, 11, 20, 22, 0, tzinfo=UTC)),
        # Wednesday evening over Thanksgiving to Friday
        (datetime(2026, 11, 25, 23, 0, tzinfo=UTC), 30, datetime(2026, 11, 27, 13, 30, tzinfo=UTC)),
        # Friday over the Sunday on which the clocks are put forward: Monday 8:30 is an hour earlier in UTC
        (datetime(2026, 3, 6, 22, 0, tzinfo=UTC), 30, datetime(2026, 3, 9, 12, 30, tzinfo=UTC)),
    ],
)
def test_examples_of_due_moments(start: datetime, amount: int, due: datetime) -> None:
    assert minutes.after(NEW_YORK, start, amount * MINUTE) == due


def test_the_night_the_clocks_are_put_back_counts_its_repeated_hour_twice() -> None:
    night = Calendar.of("America/New_York", {6: (0, 180)})  # Sunday from midnight to 3
    sunday = datetime(2026, 11, 1, 4, tzinfo=UTC)
    assert minutes.between(night, sunday, sunday + timedelta(hours=8)) == 240
    spring = datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert minutes.between(night, spring, spring + timedelta(hours=8)) == 120


def test_a_company_that_opens_on_no_day_counts_around_the_clock_and_one_of_holidays_comes_to_an_end() -> None:
    start = STARTS[0]
    assert Calendar.of("America/New_York", {0: (480, 480)}) is None
    assert minutes.after(None, start, 90 * MINUTE) == start + 90 * MINUTE
    never = [date(2026, 1, 1) + timedelta(days=n) for n in range(minutes.FURTHEST + 400)]
    closed = Calendar.of("America/New_York", {0: (480, 1020)}, never)
    assert minutes.after(closed, start, MINUTE) == start + timedelta(days=minutes.FURTHEST)
    assert minutes.elapsed(closed, start, start - MINUTE) == timedelta()


# Pauses ---------------------------------------------------------------------------------------------------------------


def test_a_pause_moves_what_is_due_by_its_business_time_and_one_after_the_end_by_nothing() -> None:
    start = datetime(2026, 11, 23, 14, tzinfo=UTC)  # Monday, 9 in New York
    two = clocks.Promise(120, NEW_YORK)
    hour = timedelta(hours=1)
    assert two.due(start, []) == start + 2 * hour
    assert two.due(start, [(start + hour, start + 2 * hour)]) == start + 3 * hour
    # on hold over night: only the hours of work count
    evening, morning = datetime(2026, 11, 23, 15, tzinfo=UTC), datetime(2026, 11, 24, 15, tzinfo=UTC)
    assert two.due(start, [(evening, morning)]) == morning + hour
    assert two.due(start, [(start + 2 * hour, start + 5 * hour)]) == start + 2 * hour
    assert two.due(start, [(start + hour, None)]) == start + 2 * hour
    assert two.warn(start, []) == start + timedelta(minutes=96)
    assert clocks.paused(NEW_YORK, [(evening, morning), (morning, None)]) == 9 * 60


@given(calendars(), moments, st.integers(1, 2000), st.lists(st.integers(1, 900), max_size=6))
def test_with_pauses_what_is_due_is_where_a_brute_force_count_comes_to_the_promise(
    calendar: Calendar, start: datetime, amount: int, lengths: list[int]
) -> None:
    pauses, at = [], start
    for position, length in enumerate(lengths):
        if position % 2:
            pauses.append((at, at + length * MINUTE))
        at += length * MINUTE
    due = clocks.Promise(amount, calendar).due(start, pauses)
    gone = minutes.elapsed(calendar, start, due) - sum(
        (minutes.elapsed(calendar, max(a, start), min(b, due)) for a, b in pauses), timedelta()
    )
    assert gone == amount * MINUTE
    if not any(a < due <= b for a, b in pauses):
        assert is_open(calendar, due - MINUTE)


def test_how_a_promise_stands() -> None:
    due, early = STARTS[1], STARTS[0]
    later = due + MINUTE
    assert clocks.state(due, early) == "running"
    assert clocks.state(due, early, warn_at=early) == "warned"
    assert clocks.state(due, due) == "breached"
    assert clocks.state(due, later, paused_at=early) == "paused"
    assert clocks.state(due, later, paused_at=due) == "breached"
    assert clocks.state(due, later, met_at=due) == "met"
    assert clocks.state(due, later, met_at=later) == "late"
    assert clocks.state(due, later, ended_at=early) == "ended"
    assert [clocks.words(n) for n in (0, 45, 120, 90, 4560)] == [
        "0 min",
        "45 min",
        "2 h",
        "1 h 30 min",
        "76 h",
    ]


# The story ------------------------------------------------------------------------------------------------------------


def steps(*lines: tuple[int | None, str, str] | tuple[int | None, str, str, str]) -> list[Change]:
    return [
        Change(line[0], line[1], line[2], STARTS[0] + n * MINUTE, line[3] if len(line) > 3 else "")
        for n, line in enumerate(lines)
    ]


def minute(n: int) -> datetime:
    return STARTS[0] + n * MINUTE


def test_the_answer_is_the_first_acknowledgement_or_whatever_passed_it_over() -> None:
    plain = steps((1, "", "pending"), (1, "pending", "dispatched"), (1, "dispatched", "acknowledged"),
                  (1, "acknowledged", "dispatched"), (1, "dispatched", "acknowledged"))  # fmt: skip
    assert story.tell(plain).answered_at == minute(2)  # another technician was sent: it stays answered
    passed = steps((1, "", "pending"), (1, "pending", "dispatched"), (1, "dispatched", "on_site"))
    assert story.tell(passed).answered_at == minute(2)
    corrected = steps((1, "dispatched", "acknowledged"), (1, "acknowledged", "dispatched", "Wrong job"))
    assert story.tell(corrected).answered_at is None


def test_holds_and_a_job_opened_again_are_pauses() -> None:
    told = story.tell(
        steps((1, "", "pending"), (None, "pending", "held"), (None, "held", "released"), (1, "in_progress", "completed"),
              (2, "", "pending"), (None, "pending", "held"))
    )  # fmt: skip
    assert told.pauses == ((minute(1), minute(2)), (minute(3), minute(4)), (minute(5), None))
    overlapping = story.tell(
        steps((1, "in_progress", "completed"), (None, "completed", "held"), (2, "", "pending"),
              (None, "held", "released"))
    )  # fmt: skip
    assert overlapping.pauses == ((minute(0), minute(3)),)


# Policies -------------------------------------------------------------------------------------------------------------


def policy(name: str, priority: str | None = None, job_type: str | None = None) -> SimpleNamespace:
    return SimpleNamespace(name=name, priority=priority, job_type=job_type)


def test_the_first_policy_that_fits_is_the_one() -> None:
    order = [policy("Urgent repairs", "urgent", "repair"), policy("Urgent", "urgent"), policy("Any")]
    assert policies.first(order, "urgent", "repair").name == "Urgent repairs"  # type: ignore[union-attr]
    assert policies.first(order, "urgent", "inspection").name == "Urgent"  # type: ignore[union-attr]
    assert policies.first(order, "low", "repair").name == "Any"  # type: ignore[union-attr]
    assert policies.first(order[:2], "low", "repair") is None
    hidden = policies.never_reached([order[2], order[0]])
    assert [p.name for p in hidden] == ["Urgent repairs"]
    assert policies.never_reached(order) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("30", 30),
        ("30 min", 30),
        ("4h", 240),
        ("1 h 30 min", 90),
        ("1:30", 90),
        ("1.5 hours", 90),
        (" 2 H ", 120),
        ("", None),
    ],
)
def test_a_length_of_time_is_read_as_people_write_it(text: str, found: int | None) -> None:
    assert policies.read_minutes(text) == found


@pytest.mark.parametrize("text", ["soon", "2 days", "1:75", "-5", "4 h 99 x", "9" * 30])
def test_a_length_of_time_that_nobody_understands_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Write"):
        policies.read_minutes(text)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"priority": "asap"}, "priority"),
        ({"job_type": "magic"}, "job_type"),
        ({"response_minutes": 0}, "response_minutes"),
        ({"resolution_minutes": policies.LONGEST + 1}, "resolution_minutes"),
        ({"warn_percent": 100}, "warn_percent"),
        ({"response_minutes": None}, "response_minutes"),
        ({"response_minutes": 60, "resolution_minutes": 30}, "resolution_minutes"),
    ],
)
def test_a_policy_that_cannot_be_is_refused_at_its_field(values: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        policies.cleaned({"name": "Urgent", "response_minutes": 30, **values})
    assert field in refused.value.details["fields"]
