"""The board: who works, what is on the lanes, what waits."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.factories import dispatch as make
from tests.factories.queries import counted
from tests.factories.world import Company
from webapp.dispatch import service, settings
from webapp.dispatch.queries import board as reading
from webapp.kit import clock


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(8)):
        yield


def board(days: int = 1) -> reading.Board:
    return reading.board(make.MONDAY, days, settings.present(), settings.zone())


def test_lanes_carry_shifts_blocks_and_visits(company: Company) -> None:
    with company.acting("dispatcher"):
        tina, tom = make.technician(), make.technician("Tom Tanner")
        make.technician("Gone Gary", ends_on=make.MONDAY - timedelta(days=1))
        make.shift(tina, 7, 15)
        make.block(tina, make.at(12), make.at(12, 30), "lunch")
        make.job("Furnace", start=make.at(9), end=make.at(11), crew=(tina, tom))
        found = board()
        lanes = {lane.name: lane for lane in found.lanes}
        assert set(lanes) == {"Tina Torres", "Tom Tanner"}
        assert lanes["Tina Torres"].hours == [(make.at(7), make.at(15))]
        assert lanes["Tom Tanner"].hours == [(make.at(8), make.at(17))]  # the company's
        assert not lanes["Tom Tanner"].scheduled_hours
        assert lanes["Tina Torres"].blocks[0].kind == "lunch"
        assert lanes["Tina Torres"].visit_ids == lanes["Tom Tanner"].visit_ids == list(found.visits)


def test_each_tab_of_the_tray_holds_what_waits_there(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        make.job("Nobody yet")
        make.job("Gas smell", priority="urgent")
        make.job("Tomorrow", start=make.at(9), end=make.at(10), crew=(tina,))
        held = make.job("Waits for a part")
        service.hold(held.id, "Part ordered")
        late = make.job("Should have begun", start=make.at(7), end=make.at(7, 30), crew=(tina,))
        titles = {tab: [v.title for v in reading.tray(tab)] for tab in reading.TABS}
        assert titles == {
            "unassigned": ["Gas smell", "Nobody yet"],
            "unconfirmed": ["Tomorrow"],
            "on_hold": ["Waits for a part"],
            "alerts": ["Gas smell", "Should have begun"],
        }
        assert reading.tray_counts() == {tab: len(found) for tab, found in titles.items()}
        assert board().forecasts[board().lanes[0].visit_ids[0]].state == "late"
        assert late.status == "dispatched"


def test_the_number_of_statements_does_not_grow_with_the_board(company: Company) -> None:
    with company.acting("dispatcher"):
        crew = [make.technician(f"Tech {n}") for n in range(5)]
        make.job("First", start=make.at(9), end=make.at(10), crew=(crew[0],))
        with counted() as few:
            board()
        for someone in crew:
            for hour in (11, 13, 15):
                make.job("More", start=make.at(hour), end=make.at(hour + 1), crew=(someone,))
            make.block(someone, make.at(16), make.at(16, 30))
        with counted() as many:
            found = board()
        assert len(found.visits) == 16
        assert len(few) == len(many) == 6  # people, visits, crews, shifts, blocks, who is clocked in


def test_the_board_over_the_api(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        make.job("Furnace", start=make.at(9), end=make.at(11), crew=(tina,), latitude=27.95, longitude=-82.45)
        make.job("Waits")
    data = company.api("dispatcher").get("/admin/dispatch/board?date=2026-11-30").json["data"]
    assert [lane["name"] for lane in data["lanes"]] == ["Tina Torres"]
    assert (data["visits"][0]["title"], data["visits"][0]["punctuality"]) == ("Furnace", "on_time")
    assert [v["title"] for v in data["unassigned"]] == ["Waits"]
    assert data["counts"]["unassigned"] == 1
    assert company.api("technician").get("/admin/dispatch/board").status_code == 403
