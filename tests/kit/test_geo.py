"""Places: distances, areas, ZIP codes."""

import math
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.kit import errors, geo

TAMPA, ORLANDO = (27.9506, -82.4572), (28.5384, -81.3789)
SQUARE = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]


def moved(polygon: list[list[float]], east: float, north: float = 0.0) -> list[list[float]]:
    return [[x + east, y + north] for x, y in polygon]


def test_tampa_to_orlando_is_as_far_as_the_atlas_says() -> None:
    assert geo.haversine_metres(TAMPA, ORLANDO) == pytest.approx(124_300, rel=0.01)
    assert geo.haversine_metres(TAMPA, TAMPA) == 0
    assert geo.haversine_metres((0, 0), (0, 180)) == pytest.approx(math.pi * geo.EARTH_METRES)


points = st.tuples(st.floats(-90, 90), st.floats(-180, 180))


@given(points, points)
def test_it_is_as_far_there_as_back_and_never_more_than_half_around(one: geo.Point, other: geo.Point) -> None:
    there = geo.haversine_metres(one, other)
    assert there == pytest.approx(geo.haversine_metres(other, one), abs=1e-3)
    assert 0 <= there <= math.pi * geo.EARTH_METRES + 1


def test_driving_takes_the_stated_speed() -> None:
    assert geo.drive_minutes(0) == 0
    assert geo.drive_minutes(1) == 1
    assert geo.drive_minutes(10 * geo.METRES_PER_MILE) == 26  # 13 miles by road at 30 miles an hour
    assert geo.drive_minutes(10 * geo.METRES_PER_MILE, 60) == 13


@pytest.mark.parametrize(("latitude", "longitude", "names"), [
    (91, 0, ["latitude"]), (-90.1, 0, ["latitude"]), (0, 180.5, ["longitude"]), (0, "west", ["longitude"]),
    (float("nan"), float("inf"), ["latitude", "longitude"]), (None, None, ["latitude", "longitude"]),
    (10**400, 0, ["latitude"]),
])  # fmt: skip
def test_a_place_outside_the_earth_is_named(latitude: object, longitude: object, names: list[str]) -> None:
    with pytest.raises(errors.Invalid) as caught:
        geo.position(latitude, longitude)
    assert [p.field for p in caught.value.problems] == names
    assert "must lie between -" in str(caught.value)


def test_a_place_is_kept_to_a_tenth_of_a_metre() -> None:
    assert geo.position("27.95061234", -82) == (27.950612, -82.0)
    assert math.copysign(1, geo.position(-0.0, 0)[0]) == 1
    with pytest.raises(errors.Invalid, match="lat must lie between -90 and 90"):
        geo.position(99, 0, ("lat", "lon"))


# Areas ------------------------------------------------------------------------------------------------------------

STAR = [[0.0, 0.0], [2.0, 2.0], [2.0, 0.0], [0.0, 2.0]]
HORSESHOE = [[0, 0], [3, 0], [3, 3], [2, 3], [2, 1], [1, 1], [1, 3], [0, 3]]


@pytest.mark.parametrize(("polygon", "words"), [
    ([], "at least 3 corners"),
    ([[0, 0], [1, 1]], "at least 3 corners"),
    ([[0, 0], [1, 1], [0, 0], [1, 1]], "at least 3 corners"),
    (STAR, "crosses itself"),
    ([[0, 0], [4, 0], [2, 0], [2, 2]], "crosses itself"),  # folds back over its own edge
    ([[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]], "crosses itself"),  # a corner touches an edge
    ([[0, 0], [1, 1], [2, 2]], "on one line"),
    ([[0, 0], [0, 91], [1, 1]], "outside the earth"),
    ([[0, 0], [-181, 1], [1, 1]], "outside the earth"),
    ([[0, 0], [float("nan"), 1], [1, 1]], "outside the earth"),
    ([[0, 0], [1], [1, 1]], "outside the earth"),
    ([[math.cos(n / 100), math.sin(n / 100)] for n in range(600)], "at most 500 corners"),
])  # fmt: skip
def test_what_is_no_area_says_why(polygon: list[list[float]], words: str) -> None:
    (problem,) = geo.polygon_problems(polygon)
    assert words in problem


@pytest.mark.parametrize("polygon", [SQUARE, SQUARE[::-1], HORSESHOE, [*SQUARE, SQUARE[0]], [[0, 0], [1, 0], [0, 1]],
                                     [[0, 0], [1, 0], [2, 0], [2, 2], [0, 2]]])  # fmt: skip
def test_an_area_is_one_either_way_around_closed_or_with_a_corner_on_an_edge(
    polygon: list[list[float]],
) -> None:
    assert geo.polygon_problems(polygon) == []


def test_inside_and_outside() -> None:
    assert geo.in_polygon((1, 1), SQUARE)
    assert not geo.in_polygon((1, 3), SQUARE)
    assert not geo.in_polygon((2, 1.5), HORSESHOE)  # between the arms
    assert geo.in_polygon((2, 0.5), HORSESHOE)


@given(st.floats(-1, 5), st.floats(-1, 3))
def test_a_place_on_the_border_of_two_neighbours_belongs_to_one(x: float, y: float) -> None:
    assert geo.in_polygon((y, x), SQUARE) + geo.in_polygon((y, x), moved(SQUARE, 2)) <= 1
    assert geo.in_polygon((1.0, 2.0), SQUARE) != geo.in_polygon((1.0, 2.0), moved(SQUARE, 2))


@pytest.mark.parametrize(("other", "answer"), [
    (moved(SQUARE, 1), True), (moved(SQUARE, 2), False), (moved(SQUARE, 5), False), (SQUARE, True),
    (moved(SQUARE, 2, 2), False),  # share a corner
    ([[0.5, 0.5], [1, 0.5], [1, 1]], True),  # inside
    ([[-5, -5], [9, -5], [9, 9], [-5, 9]], True),  # around
    ([[0, 0], [2, 0], [2, 1], [0, 1]], True),  # the lower half, sharing three edges
    ([[0, 2], [2, 2], [2, 4]], False),
])  # fmt: skip
def test_areas_overlap_when_they_share_more_than_an_edge(other: list[list[float]], answer: bool) -> None:
    assert geo.polygons_overlap(SQUARE, other) is answer
    assert geo.polygons_overlap(other, SQUARE) is answer


def test_the_arms_of_a_horseshoe_hold_another_without_overlap() -> None:
    assert not geo.polygons_overlap(HORSESHOE, [[1.2, 1.2], [1.8, 1.2], [1.8, 2.8], [1.2, 2.8]])


@pytest.mark.parametrize("polygon", [SQUARE, HORSESHOE, [[0, 0], [1, 0], [0, 1]]])
def test_a_name_is_written_inside_its_area(polygon: list[list[float]]) -> None:
    assert geo.in_polygon(geo.centre(polygon), polygon)


# ZIP codes --------------------------------------------------------------------------------------------------------


def test_a_zip_code_has_a_middle() -> None:
    found = geo.zip_centroid("33606")
    assert found is not None
    assert geo.haversine_metres(found, TAMPA) < 5_000
    assert geo.zip_centroid("33606-1234") == found
    assert [geo.zip_centroid(z) for z in ("00000", "99999", "3360", "abcde", "", "٣٣٦٠١")] == [None] * 6


def test_ranges_and_beginnings_hold_only_codes_that_exist() -> None:
    assert geo.zips_between("33601", "33606") == ["33601", "33602", "33603", "33604", "33605", "33606"]
    assert "33608" in geo.zips_beginning("336")
    assert all(z.startswith("336") for z in geo.zips_beginning("336"))
    assert geo.zips_between("33606", "33601") == []
    assert geo.zips_between("x", "33601") == []
    assert geo.zips_beginning("99999") == []
    assert geo.zips_beginning("") == []
    assert len(geo.zips_beginning("3")) > 3000


def test_the_application_starts_without_the_zip_codes() -> None:
    code = "import sys, webapp.kit.geo, webapp.wiring; sys.exit('zipcodes' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
