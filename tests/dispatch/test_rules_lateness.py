"""What the day so far says about what comes."""

from datetime import timedelta

from tests.factories.dispatch import at
from webapp.dispatch.rules.lateness import Stop, forecast

TAMPA, CLEARWATER = (
    (27.9506, -82.4572),
    (27.9659, -82.8001),
)  # about 21 miles apart: 55 minutes at 30 mph with roads


def stop(number: int, start: int, end: int, status: str = "dispatched", **more: object) -> Stop:
    return Stop(number, status, at(start), at(end), at(start), **more)  # type: ignore[arg-type]


def test_a_day_as_planned_is_on_time() -> None:
    found = forecast([stop(1, 9, 10), stop(2, 11, 12)], at(8), 30)
    assert [(f.arrives_at, f.state) for f in found.values()] == [(at(9), "on_time"), (at(11), "on_time")]


def test_work_that_runs_over_pushes_the_rest_of_the_lane() -> None:
    begun = stop(1, 9, 10, "in_progress", on_site_at=at(9, 50))
    found = forecast([begun, stop(2, 10, 11), stop(3, 11, 12)], at(10), 30)
    assert found[1].ends_at == at(10, 50)
    assert (found[2].arrives_at, found[2].late_minutes, found[2].state) == (at(10, 50), 50, "late")
    assert found[3].arrives_at == at(11, 50)


def test_a_break_between_visits_takes_the_delay_up() -> None:
    begun = stop(1, 9, 10, "in_progress", on_site_at=at(9, 30))
    assert forecast([begun, stop(2, 13, 14)], at(10), 30)[2].state == "on_time"


def test_the_way_counts_and_a_window_gives_room() -> None:
    first = stop(1, 9, 10, "in_progress", on_site_at=at(9), place=TAMPA)
    second = stop(2, 10, 11, place=CLEARWATER)
    found = forecast([first, second], at(9, 30), 30)
    assert at(10, 50) < found[2].arrives_at < at(11, 5)
    assert found[2].state == "late"
    roomy = Stop(2, "dispatched", at(10), at(11), at(12), CLEARWATER)
    assert forecast([first, roomy], at(9, 30), 30)[2].state == "on_time"


def test_on_the_way_is_measured_from_where_the_technician_is() -> None:
    driving = stop(1, 9, 10, "en_route", place=CLEARWATER, en_route_at=at(8, 50))
    near = forecast([driving], at(9), 30, position=(27.9659, -82.79))
    far = forecast([driving], at(9), 30, position=TAMPA)
    assert near[1].arrives_at < at(9, 5)
    assert far[1].arrives_at > at(9, 45)


def test_lunch_on_the_lane_delays_who_has_not_left() -> None:
    found = forecast([stop(1, 12, 13)], at(12, 10), 30, blocks=[(at(12), at(12, 45))])
    assert found[1].arrives_at >= at(12)
    done = stop(1, 9, 12, "completed", on_site_at=at(9), completed_at=at(12))
    after = forecast([done, stop(2, 12, 13)], at(12, 10), 30, blocks=[(at(12), at(12, 45))])
    assert after[2].arrives_at == at(12, 45)


def test_what_is_done_is_told_as_it_was_and_cancelled_visits_do_not_count() -> None:
    done = stop(1, 9, 10, "completed", on_site_at=at(9, 30), completed_at=at(9, 45))
    found = forecast([done, stop(2, 10, 11, "cancelled"), stop(3, 10, 11)], at(9, 50), 30)
    assert (found[1].arrives_at, found[1].late_minutes, found[1].state) == (at(9, 30), 30, "late")
    assert 2 not in found
    assert found[3].arrives_at == at(10)


def test_nobody_has_moved_and_the_time_is_past() -> None:
    found = forecast([stop(1, 9, 10)], at(9) + timedelta(minutes=40), 30)
    assert (found[1].late_minutes, found[1].state) == (40, "late")
