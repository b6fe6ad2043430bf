"""Blocks, time off, shifts, on-call turns, profiles and settings, through their services."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from tests.factories import dispatch as make
from tests.factories.world import Company
from webapp.dispatch import service, settings
from webapp.dispatch.queries import board as board_reading
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.queries import schedules
from webapp.dispatch.service import blocks, preferences, profiles, shifts, undo
from webapp.dispatch.service.placing import Clashing, Stale
from webapp.kit import clock, errors, timeline
from webapp.kit.db import find
from webapp.models import LaneBlock, OnCallTurn, Shift


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.NOW):
        yield


def span(first: int, last: int, **more: Any) -> dict[str, Any]:
    return {"kind": "meeting", "starts_at": make.at(first), "ends_at": make.at(last), **more}


def patterns(technician_id: int) -> list[tuple[Any, ...]]:
    found = schedules.shifts_of([technician_id])[technician_id]
    return sorted(
        (
            (s.weekday, s.starts_minute, s.ends_minute, s.valid_from, s.valid_until)
            for s in found
            if s.weekday is not None
        ),
        key=str,
    )


# Blocks -------------------------------------------------------------------------------------------------------------


def test_a_block_stands_on_the_lane_and_in_the_way_of_jobs(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        blocks.create(tina.id, span(9, 10, title="Van inspection"))
        with pytest.raises(Clashing, match="Tina Torres has Van inspection 9 AM–10 AM"):
            make.job(start=make.at(9), crew=(tina,))


def test_a_second_block_of_the_same_kind_at_the_same_time_is_refused(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        blocks.create(tina.id, span(12, 13, kind="lunch"))
        with pytest.raises(errors.Conflict, match="Tina Torres has lunch then already"):
            blocks.create(tina.id, span(12, 13, kind="lunch"))
        blocks.create(tina.id, span(12, 13, kind="training"))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        (span(10, 9), "ends_at"),
        (span(9, 10, kind="nap"), "kind"),
        ({"kind": "meeting", "starts_at": None, "ends_at": make.at(9)}, "starts_at"),
        ({"kind": "meeting", "starts_at": make.at(9), "ends_at": make.at(9) + timedelta(days=2)}, "ends_at"),
        (span(9, 10, title="x" * 121), "title"),
    ],
)
def test_a_block_that_cannot_be_is_refused_by_its_field(
    company: Company, values: dict[str, Any], field: str
) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        with pytest.raises(errors.Invalid) as refused:
            blocks.create(tina.id, values)
        assert list(refused.value.details["fields"]) == [field]


def test_who_saw_an_older_state_of_a_block_is_told_who_changed_it(company: Company) -> None:
    with company.acting("dispatcher"):
        block = blocks.create(make.technician().id, span(9, 10))
        number = block.id
    with company.acting("manager"):
        blocks.update(number, {"title": "Safety"}, version=1)
    with company.acting("dispatcher"), pytest.raises(Stale, match="Manager Person changed this meanwhile"):
        blocks.update(number, {"title": "Mine"}, version=1)


def test_a_block_moves_to_another_lane_and_undo_puts_it_back(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        block = blocks.create(tina.id, span(9, 10))
        before = {n: getattr(block, n) for n in (*blocks.FIELDS, "technician_id")}
        blocks.update(block.id, {"starts_at": make.at(14), "ends_at": make.at(15)}, technician_id=tom.id)
        assert (block.technician_id, block.starts_at) == (tom.id, make.at(14))
        assert undo.take_back(undo.of_block(block, before)) == "The block is back where it was."
        assert (block.technician_id, block.starts_at) == (tina.id, make.at(9))


def test_a_deleted_block_comes_back_and_one_just_made_goes_again(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        block = blocks.create(tina.id, span(9, 10, note="Bring the ladder"))
        token = undo.of_removed("block-removed", blocks.remove(block.id))
        assert schedules.visits_under(tina.id, make.at(9), make.at(10)) == []
        undo.take_back(token)
        (back,) = board_reading.board(make.MONDAY, 1, settings.present(), settings.zone()).lanes[0].blocks
        assert back.note == "Bring the ladder"
        kept = find(LaneBlock, back.id)
        assert kept is not None
        undo.take_back(undo.of_block(kept, None))
        assert find(LaneBlock, back.id) is None


def test_undo_of_another_company_or_of_nothing_is_refused(company: Company, other_company: Company) -> None:
    with company.acting("dispatcher"):
        block = blocks.create(make.technician().id, span(9, 10))
        token = undo.of_block(block, None)
    with other_company.acting("dispatcher"), pytest.raises(errors.BadRequest, match="cannot be undone"):
        undo.take_back(token)
    with company.acting("dispatcher"), pytest.raises(errors.BadRequest, match="cannot be undone"):
        undo.take_back("nonsense")


# Time off -----------------------------------------------------------------------------------------------------------


def test_time_off_is_asked_for_by_a_technician_and_stands_in_the_way_once_approved(company: Company) -> None:
    with company.acting("admin"):
        tina = make.technician()
        make.signed_in_as(company.users["technician"], tina)
        number = tina.id
    with company.acting("technician"):
        asked = blocks.ask_for_leave(make.at(8), make.at(17), "My sister's wedding").id
    with company.acting("dispatcher"):
        assert schedules.leave_waiting() == 1
        make.job("Before it is decided", start=make.at(9), crew=(find_technician(number),))
        blocks.decide(asked, "approved", note="Enjoy it")
        assert schedules.leave_waiting() == 0
        with pytest.raises(Clashing) as refused:
            make.job(start=make.at(14), crew=(find_technician(number),))
        assert [c["kind"] for c in refused.value.details["clashes"]] == ["time_off"]
        with pytest.raises(errors.Conflict, match="approved already"):
            blocks.decide(asked, "approved")
        entries, _ = timeline.read("lane_block", asked)
        assert {e.action for e in entries} | {"lane.time-off-decided"} >= {"lane.time-off-requested"}


def find_technician(number: int) -> Any:
    from webapp.models import Technician

    return find(Technician, number)


def test_a_technician_takes_back_only_an_own_request_that_waits(company: Company) -> None:
    with company.acting("admin"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        make.signed_in_as(company.users["technician"], tina)
        others = make.block(tom, make.at(9), make.at(10), "time_off", status="requested").id
        decided = make.block(tina, make.at(9), make.at(10), "time_off").id
    with company.acting("technician"):
        mine = blocks.ask_for_leave(make.at(12), make.at(13))
        blocks.withdraw(mine.id)
        with pytest.raises(errors.NotFound):
            blocks.withdraw(others)
        with pytest.raises(errors.Conflict, match="decided already"):
            blocks.withdraw(decided)
        with pytest.raises(errors.Invalid, match="That time is over"):
            blocks.ask_for_leave(make.NOW - timedelta(hours=3), make.NOW - timedelta(hours=1))
        with pytest.raises(errors.Forbidden):
            blocks.create(1, span(9, 10))


# Shifts -------------------------------------------------------------------------------------------------------------


def test_new_hours_from_a_day_on_end_the_old_ones_the_day_before(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        shifts.set_week(tina.id, [0, 1], [(480, 1020)])
        shifts.set_week(tina.id, [0], [(420, 720), (780, 960)], valid_from=date(2026, 12, 14))
        assert patterns(tina.id) == [
            (0, 420, 720, date(2026, 12, 14), None),
            (0, 480, 1020, None, date(2026, 12, 13)),
            (0, 780, 960, date(2026, 12, 14), None),
            (1, 480, 1020, None, None),
        ]


def test_hours_for_some_weeks_leave_those_before_and_after(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        shifts.set_week(tina.id, [0], [(480, 1020)])
        shifts.set_week(tina.id, [0], [], valid_from=date(2026, 12, 7), valid_until=date(2026, 12, 20))
        assert patterns(tina.id) == [
            (0, 480, 1020, None, date(2026, 12, 6)),
            (0, 480, 1020, date(2026, 12, 21), None),
        ]


def test_a_day_off_takes_the_place_of_the_week(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        shifts.set_week(tina.id, [0], [(480, 1020)])
        shifts.create(tina.id, {"on_date": make.MONDAY, "starts_minute": 0, "ends_minute": 0})
        with pytest.raises(Clashing, match="Tina Torres does not work that day"):
            make.job(start=make.at(9), crew=(tina,))


def test_a_single_day_off_leaves_the_rest_of_the_week_as_the_companys(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        tuesday = make.MONDAY + timedelta(days=1)
        shifts.create(tina.id, {"on_date": tuesday, "starts_minute": 0, "ends_minute": 0})
        (lane,) = board_reading.board(make.MONDAY, 3, settings.present(), settings.zone()).lanes
        assert lane.hours == [
            (make.at(8), make.at(17)),
            (make.at(8) + timedelta(days=2), make.at(17) + timedelta(days=2)),
        ]
        make.job(
            "Late on Monday", start=make.at(18), crew=(tina,)
        )  # nobody wrote down when she works on Mondays


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"weekday": 0, "on_date": make.MONDAY, "starts_minute": 480, "ends_minute": 1020}, "not both"),
        ({"starts_minute": 480, "ends_minute": 1020}, "not both"),
        ({"weekday": 7, "starts_minute": 480, "ends_minute": 1020}, "0 \\(Monday\\)"),
        ({"weekday": 0, "starts_minute": 1020, "ends_minute": 480}, "ends after it starts"),
        ({"weekday": 0, "starts_minute": 480, "ends_minute": 480}, "ends when it starts"),
        ({"weekday": 0, "starts_minute": 100, "ends_minute": 1700}, "at most 24 hours"),
        ({"weekday": 0, "starts_minute": 480, "ends_minute": 1020, "valid_from": date(2026, 12, 2),
          "valid_until": date(2026, 12, 1)}, "before it begins to hold"),
    ],
)  # fmt: skip
def test_a_shift_that_cannot_be_is_refused(company: Company, values: dict[str, Any], problem: str) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        with pytest.raises(errors.Invalid, match=problem):
            shifts.create(tina.id, values)


def test_a_shift_that_runs_into_another_is_refused(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        shifts.create(tina.id, {"weekday": 0, "starts_minute": 480, "ends_minute": 720})
        with pytest.raises(errors.Conflict, match="run into another shift"):
            shifts.create(tina.id, {"weekday": 0, "starts_minute": 700, "ends_minute": 1020})
        second = shifts.create(tina.id, {"weekday": 0, "starts_minute": 720, "ends_minute": 1020})
        with pytest.raises(errors.Conflict):
            shifts.update(second.id, {"starts_minute": 700})
        shifts.remove(second.id)
        assert find(Shift, second.id) is None


# On call ------------------------------------------------------------------------------------------------------------


def test_a_rotation_deals_out_turns_in_order_by_the_wall_clock(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        made = shifts.deal_out([tina.id, tom.id], first=date(2027, 3, 5), days=7, minute=1020, turns=3)
        assert [t.technician_id for t in made] == [tina.id, tom.id, tina.id]
        # five in the evening in New York, before and after the clocks change on March 14
        assert [t.starts_at.isoformat() for t in made] == [
            "2027-03-05T22:00:00+00:00", "2027-03-12T22:00:00+00:00", "2027-03-19T21:00:00+00:00",
        ]  # fmt: skip
        with clock.at(made[1].starts_at + timedelta(hours=1)):
            assert [t.name for t in schedules.on_call(clock.now())] == ["Tom Tanner"]


def test_a_rotation_that_meets_a_turn_of_the_same_person_makes_nothing(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        shifts.add_turn(tom.id, {"starts_at": make.at(9), "ends_at": make.at(17)})
        with pytest.raises(errors.Conflict, match="Tom Tanner is on call then already"):
            shifts.deal_out(
                [tina.id, tom.id], first=make.MONDAY - timedelta(days=1), days=1, minute=0, turns=4
            )


def test_a_removed_turn_comes_back_by_undo(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        turn = shifts.add_turn(
            tina.id, {"starts_at": make.at(9), "ends_at": make.at(17), "note": "Has the van"}
        )
        token = undo.of_removed("turn-removed", shifts.remove_turn(turn.id))
        assert find(OnCallTurn, turn.id) is None
        undo.take_back(token)
        assert [t.note for t in schedules.turns(make.at(8), make.at(18))] == ["Has the van"]


# Profiles and settings ----------------------------------------------------------------------------------------------


def test_who_is_not_dispatched_has_no_lane(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        profiles.change(tina.id, {"dispatched": False})
        profiles.change(tom.id, {"lunch_minutes": 45})
        found = board_reading.board(make.MONDAY, 1, settings.present(), settings.zone())
        assert [lane.name for lane in found.lanes] == ["Tom Tanner"]
        with pytest.raises(errors.Invalid, match="shorter than lunch"):
            profiles.change(tom.id, {"lunch_from": 700, "lunch_until": 720})
        with pytest.raises(errors.Invalid):
            profiles.change(tom.id, {"latitude": 91, "longitude": 0})


def test_time_kept_free_for_emergencies_is_not_booked_without_a_reason(company: Company) -> None:
    with company.acting("admin"):
        preferences.change({"emergency_minutes": 120})
    with company.acting("dispatcher"):
        tina = make.technician()
        make.shift(tina, 8, 12)  # four hours that day, two of them kept free
        make.job("Fits", start=make.at(8), end=make.at(9), crew=(tina,))
        with pytest.raises(
            Clashing, match="keeps 2 h free for emergencies; 1 h 30 min would be left"
        ) as refused:
            make.job("Too much", start=make.at(9), end=make.at(10, 30), crew=(tina,))
        assert [c["kind"] for c in refused.value.details["clashes"]] == ["reserve"]
        urgent = make.job("Gas smell", priority="urgent", start=make.at(9), end=make.at(11), crew=(tina,))
        visit = reading.visits(urgent.id)[0]
        service.place(visit.id, service.Placement(starts_at=make.at(10), ends_at=make.at(12)))
        first = reading.visits(make.job("All the same", start=make.at(9), end=make.at(9, 30), crew=(tina,),
                                        override_reason="Regular customer").id)[0]  # fmt: skip
        # moved on its own day, a visit takes nothing new
        service.place(first.id, service.Placement(starts_at=make.at(9, 15), ends_at=make.at(9, 45)))


def test_settings_keep_what_is_not_named_and_name_what_is_wrong(company: Company) -> None:
    with company.acting("manager"):
        preferences.change({"drive_mph": 25})
        preferences.change({"board_from": 360})
        assert (settings.present().drive_mph, settings.present().board_from) == (25, 360)
        with pytest.raises(errors.Invalid) as refused:
            preferences.change({"drive_mph": 200, "business_hours": {"0": [1020, 480]}, "board_until": 370})
        assert set(refused.value.details["fields"]) == {"drive_mph", "closes_0", "board_until"}
    with company.acting("dispatcher"), pytest.raises(errors.Forbidden):
        preferences.change({"drive_mph": 30})


# Undo of moves ------------------------------------------------------------------------------------------------------


def test_a_move_is_taken_back_with_the_customers_confirmation(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        job = make.job(start=make.at(9), end=make.at(10), crew=(tina,))
        service.confirm(job.id)
        visit = reading.visits(job.id)[0]
        _, token = undo.move(visit.id, service.Placement(starts_at=make.at(13), technician_ids=(tom.id,)))
        assert job.confirmed_at is None
        undo.take_back(token)
        assert (visit.scheduled_start, job.technician_id) == (make.at(9), tina.id)
        assert job.confirmed_at is not None


def test_undo_is_refused_when_somebody_changed_it_since_or_the_place_is_taken(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        visit = reading.visits(make.job("First", start=make.at(9), end=make.at(10), crew=(tina,)).id)[0]
        _, token = undo.move(visit.id, service.Placement(technician_ids=(tom.id,)))
        make.job("Second", start=make.at(9), end=make.at(10), crew=(tina,))
        with pytest.raises(Clashing, match="Tina Torres has “Second”"):
            undo.take_back(token)
        service.place(visit.id, service.Placement(starts_at=make.at(15)))
        with pytest.raises(Stale, match="moved this visit meanwhile"):
            undo.take_back(token)


def test_a_move_that_changes_nothing_has_nothing_to_undo(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        visit = reading.visits(make.job(start=make.at(9), crew=(tina,)).id)[0]
        assert undo.move(visit.id, service.Placement(starts_at=make.at(9)))[1] == ""
