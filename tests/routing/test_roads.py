"""Drive times from a road server, asked over real HTTP; by distance when there is none or it fails, and that is said."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.factories import dispatch as make
from tests.factories.world import Company
from tests.routing.roads import RoadServer, roads
from tests.routing.test_plans import EAST, MIDDLE, WEST, planned, team, visit
from webapp.kit import clock
from webapp.kit.web import App
from webapp.routing.rules import day as days
from webapp.routing.service.roads import NoRoads, Roads, table


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(6)):
        yield


@pytest.fixture
def server(app: App) -> Iterator[RoadServer]:
    before = app.config["SETTINGS"]
    with roads() as made:
        host = made.url.removeprefix("http://")
        app.config["SETTINGS"] = replace(before, roads_url=made.url, outbound_allow=(host,))
        yield made
    app.config["SETTINGS"] = before


PLACES = [(27.95, -82.45), (27.95, -82.46), (27.96, -82.45)]


def test_times_and_distances_come_from_the_server_in_whole_minutes_to_keep(
    app: App, server: RoadServer
) -> None:
    with app.app_context():
        ways = Roads(30)
        time, drive, metres = ways(PLACES)
    assert ways.used == "server"
    assert ways.said == ""
    # a hundredth of a degree is 360 seconds, and sources are told from targets by their place in the question
    assert drive[0][1] == 360
    assert time[0][1] == 360
    assert metres[0][1] == 3600
    assert drive[0][0] == 0
    assert "annotations=duration,distance" in server.asked[0]
    assert "-82.45000,27.95000" in server.asked[0]


def test_many_places_are_asked_in_blocks_that_a_server_takes(app: App, server: RoadServer) -> None:
    many = [(27.0 + n / 1000, -82.0) for n in range(120)]
    with app.app_context():
        time, drive, _ = Roads(30)(many)
    assert len(server.asked) == 16
    assert drive[0][119] == round(0.119 * 36_000)
    assert len(time) == 120


def test_where_the_server_knows_no_way_the_straight_one_counts(app: App, server: RoadServer) -> None:
    places = [PLACES[0], (27.9, 10.0)]
    with app.app_context():
        _, drive, _ = Roads(30)(places)
    assert drive[0][1] == days.straight(places, 30)[1][0][1] > 0


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (400, {"code": "TooBig"}, "answered 400 TooBig"),
        (200, {"code": "Ok", "durations": [[1]]}, "does not have the shape"),
        (200, {"code": "Ok", "durations": [["x", 1, 2]] * 3}, "does not have the shape"),
        (500, "down", "answered 500"),
    ],
)
def test_a_server_that_fails_leaves_the_plan_with_distances_and_says_so(
    app: App, server: RoadServer, status: int, answer: Any, said: str
) -> None:
    server.status, server.answer = status, answer
    with app.app_context():
        ways = Roads(30)
        found = ways(PLACES)
        with pytest.raises(NoRoads, match=said):
            table(server.url, PLACES, days.straight(PLACES, 30))
    assert found == days.straight(PLACES, 30)
    assert ways.used == "straight"
    assert said in ways.said


def test_an_address_that_may_not_be_called_is_not(app: App, server: RoadServer) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], outbound_allow=())
    with app.app_context():
        ways = Roads(30)
        ways(PLACES)
    assert server.asked == []
    assert "must begin with https" in ways.said


def test_a_plan_uses_the_roads_and_says_that_it_did(company: Company, server: RoadServer) -> None:
    with company.acting("dispatcher"):
        wes, eve = team()
        visit("In the east", 9, EAST, wes)
        visit("In the west", 9, WEST, eve)
        visit("In the middle", 14, MIDDLE, eve)
    plan = planned(company)
    assert plan.proposal is not None
    assert plan.proposal["roads"] == "server"
    assert plan.before_minutes is not None
    assert plan.after_minutes is not None
    assert plan.before_minutes > plan.after_minutes > 0
    server.status = 503
    again = planned(company)
    assert again.proposal is not None
    assert again.proposal["roads"] == "straight"
    assert again.proposal["note"].startswith(
        "Drive times are estimated by distance: the road server answered 503"
    )
