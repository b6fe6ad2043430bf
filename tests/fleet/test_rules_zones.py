"""Zones, purely: ZIP codes that people paste, corners that people type, which zone a place is in."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.fleet.rules import zones as rules
from webapp.fleet.rules.zones import Area, Overlap, Place
from webapp.kit import errors, geo

TAMPA = ((-82.6, 27.8), (-82.3, 27.8), (-82.3, 28.1), (-82.6, 28.1))


@pytest.mark.parametrize(("text", "known"), [
    ("33606", ["33606"]),
    ("33606,33609;33611|33616/33629", ["33606", "33609", "33611", "33616", "33629"]),
    ("33606\n33609\t33611 . 33616", ["33606", "33609", "33611", "33616"]),
    ("33601-33605", ["33601", "33602", "33603", "33604", "33605"]),
    ("33601 – 33603", ["33601", "33602", "33603"]),
    ("33601 to 33603", ["33601", "33602", "33603"]),
    ("33606-1234 33606", ["33606"]),
    ("", []),
    (" , ; ", []),
])  # fmt: skip
def test_any_way_of_writing_zip_codes_is_understood(text: str, known: list[str]) -> None:
    found = rules.read_zips(text)
    assert (list(found.known), found.unknown, found.problems) == (known, (), ())


def test_a_beginning_means_every_zip_code_that_begins_so() -> None:
    for text in ("336*", "336xx", "336XX"):
        found = rules.read_zips(text)
        assert len(found.known) > 30
        assert all(z.startswith("336") for z in found.known)


def test_unknown_zip_codes_are_named_apart_from_the_known() -> None:
    found = rules.read_zips("33606 00000 99999")
    assert (found.known, found.unknown, found.problems) == (("33606",), ("00000", "99999"), ())
    assert found.all == ("00000", "33606", "99999")
    assert rules.unknown_words(["00000"]) == "00000 is no ZIP code that we know."
    assert rules.unknown_words(["00000", "99999"]) == "00000 and 99999 are no ZIP codes that we know."


@pytest.mark.parametrize(("text", "words"), [
    ("3360", "has 4 digits; a ZIP code has 5"),
    ("336060", "has 6 digits"),
    ("Tampa", "is not a ZIP code"),
    ("33610-33601", "runs backwards; write 33601-33610"),
    ("00000-00100", "No ZIP code lies between"),
    ("000*", "No ZIP code begins with 000"),
    ("33606-33", "is not a ZIP code"),
    ("*", "is not a ZIP code"),
    ("٣٣٦٠٦", "is not a ZIP code"),
])  # fmt: skip
def test_what_is_no_zip_code_says_why(text: str, words: str) -> None:
    assert words in " ".join(rules.read_zips(text).problems)


def test_one_zone_cannot_hold_the_whole_country() -> None:
    assert "5,000 ZIP codes" in rules.read_zips("00001-99999").problems[0]


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading(text: str) -> None:
    found = rules.read_zips(text)
    assert all(geo.is_zip(z) for z in found.all)


@pytest.mark.parametrize(("zips", "words"), [
    ([], ""), (["1"], "1"), (["1", "2"], "1 and 2"), (["1", "2", "3"], "1, 2 and 3"),
    ([str(n) for n in range(20)], "0, 1, 2, 3, 4 and 15 more"),
])  # fmt: skip
def test_many_zip_codes_are_said_short(zips: list[str], words: str) -> None:
    assert rules.zip_words(zips) == words


# What a zone may be -------------------------------------------------------------------------------------------------


def problems(values: dict[str, Any], present: dict[str, Any] | None = None) -> dict[str, str]:
    with pytest.raises(errors.Invalid) as caught:
        rules.cleaned(values, present)
    return {p.field: p.message for p in caught.value.problems}


def test_the_kind_follows_from_what_is_given() -> None:
    listed = rules.cleaned({"name": " North  side ", "zips": ["33606"]})
    assert (listed["name"], listed["kind"], listed["zips"].known) == ("North side", "zip", ("33606",))
    drawn = rules.cleaned({"name": "A", "polygon": [*TAMPA, TAMPA[0]]})
    assert (drawn["kind"], len(drawn["polygon"]), drawn["zips"].all) == ("polygon", 4, ())
    assert "zips" not in rules.cleaned({"notes": "x"}, {"kind": "zip"})


@pytest.mark.parametrize(("values", "field", "words"), [
    ({"name": "A"}, "zips", "at least one ZIP code"),
    ({"name": "A", "zips": ""}, "zips", "at least one"),
    ({"name": "A", "zips": " , "}, "zips", "at least one"),
    ({"name": "A", "kind": "polygon", "polygon": []}, "polygon", "click on the map"),
    ({"name": "A", "zips": ["33606"], "polygon": TAMPA}, "polygon", "not both"),
    ({"name": "A", "polygon": TAMPA[:2]}, "polygon", "at least 3 corners"),
    ({"name": "A", "polygon": [[0, 0], [2, 2], [2, 0], [0, 2]]}, "polygon", "crosses itself"),
    ({"name": "A", "polygon": [[0, 0], [500, 2], [2, 0]]}, "polygon", "outside the earth"),
    ({"name": "", "zips": ["33606"]}, "name", "Write a name"),
    ({"name": "A" * 81, "zips": ["33606"]}, "name", "at most 80"),
    ({"name": "A", "zips": ["33606"], "color": "red"}, "color", "#2563eb"),
    ({"name": "A", "zips": ["abc"]}, "zips", "is not a ZIP code"),
])  # fmt: skip
def test_a_zone_that_cannot_be_says_why(values: dict[str, Any], field: str, words: str) -> None:
    assert words in problems(values)[field]


def test_an_emptied_list_is_no_zone() -> None:
    assert "at least one ZIP code" in problems({"zips": []}, {"kind": "zip"})["zips"]
    assert "click on the map" in problems({"polygon": []}, {"kind": "polygon"})["polygon"]


def test_corners_are_typed_as_lines_and_written_back() -> None:
    corners = rules.read_points("27.8, -82.6\n\n(28.1; -82.3)\n27.8 -82.3")
    assert corners == [[-82.6, 27.8], [-82.3, 28.1], [-82.3, 27.8]]
    assert rules.read_points(rules.point_lines(corners)) == corners
    assert rules.point_lines(None) == ""
    with pytest.raises(ValueError, match="Line 2, “north”"):
        rules.read_points("27.8, -82.6\nnorth")
    with pytest.raises(ValueError, match="Line 1"):
        rules.read_points("27.8")


# Which zone ---------------------------------------------------------------------------------------------------------

LISTED = Area(1, frozenset({"33606"}))
DRAWN = Area(2, polygon=TAMPA)


@pytest.mark.parametrize(("areas", "place", "found"), [
    ([LISTED, DRAWN], Place("33606"), 1),
    ([DRAWN, LISTED], Place("33606"), 2),  # the order decides
    ([LISTED, DRAWN], Place("33606-1234"), 1),
    ([LISTED, DRAWN], Place("33609"), 2),  # its middle is inside the area
    ([LISTED, DRAWN], Place("10001"), None),
    ([LISTED, DRAWN], Place("", 27.95, -82.45), 2),
    ([LISTED, DRAWN], Place("33606", 40.0, -74.0), 1),  # the ZIP code is named, wherever the point is
    ([DRAWN], Place("33606", 40.0, -74.0), None),  # a point goes before the ZIP code's middle
    ([LISTED], Place("", 27.95, -82.45), None),
    ([], Place("33606"), None),
    ([LISTED, DRAWN], Place("nonsense"), None),
    ([LISTED, DRAWN], Place(""), None),
])  # fmt: skip
def test_the_first_zone_in_order_gets_a_place(areas: list[Area], place: Place, found: int | None) -> None:
    assert rules.first_zone(areas, place) == found


def test_overlaps_are_found_between_every_kind_of_zone() -> None:
    moved = Area(3, polygon=[(x + 0.2, y) for x, y in TAMPA])
    apart = Area(4, polygon=[(x + 2, y) for x, y in TAMPA])
    twice = Area(5, frozenset({"33606", "33609", "10001"}))
    found = rules.overlaps([LISTED, DRAWN, moved, apart, twice])
    assert found == [
        Overlap(1, 2, ("33606",)), Overlap(1, 5, ("33606",)), Overlap(2, 3), Overlap(2, 5, ("33606", "33609")),
    ]  # fmt: skip
    assert rules.overlaps([DRAWN, apart]) == []
