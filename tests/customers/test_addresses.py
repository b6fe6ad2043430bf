"""When two addresses are one place, however they are written: in parts, on one line, in full or short."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.customers import rules
from webapp.customers.rules import Place


def at(address: str, unit: str = "", city: str = "", state: str = "", code: str = "") -> rules.Address | None:
    return rules.read_address(address, unit, city, state, code)


PARTS = at("123 Oak St", "", "Tampa", "FL", "33601")
UNIT = at("123 Oak St", "4", "Tampa", "FL", "33601")

ONE_LINE = [
    "123 Oak St, Tampa, FL 33601",
    "123 Oak Street, Tampa FL 33601-1234",
    "123 oak st tampa fl 33601",
    "123 Oak St. Tampa, FL 33601",
    "123 OAK STREET, TAMPA, FLORIDA, 33601",
    "123 Oak St, Tampa, FL, 33601, USA",
    "123 Oak St, Tampa, FL 33601, United States",
    "123 Oak St, Tampa 33601",
    "123 Oak St, 33601",
    "123 Oak St 33601",
    "123 Oak St FL 33601",
    "Oakwood Plaza, 123 Oak St, Tampa, FL 33601",
    "123 Oak St, Oakwood Estates, Tampa, FL 33601",
]
ONE_LINE_UNIT = [
    "123 Oak Street Apt 4, Tampa FL 33601-1234",
    "123 Oak St #4, Tampa, FL 33601",
    "123 Oak St # 4 Tampa FL 33601",
    "123 Oak St, Apt. 4, Tampa, FL 33601",
    "123 Oak St, Unit #4, Tampa, FL 33601",
    "123 Oak St Unit 4 Tampa FL 33601",
    "123 Oak St, Apartment 04, Tampa, FL 336011234",
    "Apt 4, 123 Oak St, Tampa, FL 33601",
    "#4 123 Oak St, Tampa, FL 33601",
]


@pytest.mark.parametrize("line", ONE_LINE)
def test_an_address_on_one_line_is_the_place_kept_in_parts(line: str) -> None:
    assert rules.compare_places(at(line), PARTS) is Place.SAME
    assert rules.compare_places(PARTS, at(line)) is Place.SAME


@pytest.mark.parametrize("line", ONE_LINE_UNIT)
def test_a_unit_on_the_line_is_the_unit_kept_apart(line: str) -> None:
    assert rules.compare_places(at(line), UNIT) is Place.SAME
    assert rules.compare_places(at(line), PARTS) is Place.BUILDING
    assert rules.compare_places(at(line), at("123 Oak St", "5", "Tampa", "FL", "33601")) is Place.OTHER


def test_parts_said_twice_are_read_once() -> None:
    for line in ("123 Oak St, Tampa, FL 33601", "123 Oak St, Tampa", "123 Oak St Tampa"):
        assert at(line, "", "Tampa", "FL", "33601") == PARTS, line
    assert at("123 Oak St, Apt 4", "Apt 4", "Tampa", "FL", "33601") == UNIT


def test_a_street_without_a_town_is_weaker_than_the_full_address() -> None:
    bare = at("123 Oak St")
    assert rules.compare_places(bare, PARTS) is Place.STREET
    assert rules.compare_places(bare, bare) is Place.STREET
    assert Place.OTHER < Place.BUILDING < Place.STREET < Place.SAME
    assert (
        rules.compare_places(at("123 Oak St, Tampa"), PARTS) is Place.SAME
    )  # the town says as much as the ZIP code
    assert rules.compare_places(at("123 Oak St, FL"), PARTS) is Place.STREET  # the state does not


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("123 Oak St, Austin, TX 78701", "123 Oak St, Tampa, FL 33601"),
        ("123 Oak St, Austin", "123 Oak St, Tampa"),
        ("123 Oak St, Austin, TX", "123 Oak St, Tampa, FL 33601"),
        ("123 Oak St, Springfield, IL", "123 Oak St, Springfield, MO"),
        ("123 Oak St, FL", "123 Oak St, Springfield, MO"),
        ("123 Oak St, Tampa, FL 33602", "123 Oak St, Tampa, FL 33601"),
        ("123 Oak St, Tampa", "123 Oak Ave, Tampa"),
        ("123 Oak St, Tampa", "124 Oak St, Tampa"),
        ("123 N Oak St, Tampa", "123 S Oak St, Tampa"),
        ("123 Oak St Apt 4, Tampa", "123 Oak St Apt 5, Tampa"),
        ("", "123 Oak St"),
        ("", ""),
    ],
)
def test_different_places_stay_different(one: str, other: str) -> None:
    assert rules.compare_places(at(one), at(other)) is Place.OTHER
    assert rules.compare_places(at(other), at(one)) is Place.OTHER


def test_one_zip_code_with_two_names_of_the_town_is_one_place() -> None:
    assert (
        rules.compare_places(at("9 Elm St, Temple Terrace, FL 33617"), at("9 Elm St, Tampa, FL 33617"))
        is Place.SAME
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 North Main Avenue", "12 N. Main Ave"),
        ("12 N.W. 5th Street", "12 NW Fifth St"),
        ("1 Saint Louis Ave", "1 St. Louis Avenue"),
        ("One Main Street", "1 Main St"),
        ("99 First St Bldg 4 Apt 12", "99 1st Street, Building 4, #12"),
        ("P.O. Box 12", "po box 12"),
        ("P O Box 12", "Post Office Box 12"),
        ("123 1/2 Oak St", "123 1/2 Oak Street"),
        ("500 US Highway 41", "500 U.S. Hwy 41"),
        ("500 US-41", "500 US Hwy 41"),
        ("500 State Road 60", "500 SR 60"),
        ("500 County Road 12", "500 CR 12"),
        ("7 Rue Émile", "7 rue emile"),
        ("123 Oak St 4B", "123 Oak St Apt 4-B"),
        ("123 Oak St Rear", "123 Oak Street, rear"),
        ("1 O'Brien Ct", "1 OBrien Court"),
        ("12 Mount Vernon Pkwy", "12 Mt Vernon Parkway"),
        ("12 Martin Luther King Blvd", "12 martin luther king boulevard"),
    ],
)
def test_the_postal_services_short_words_are_the_long_ones(one: str, other: str) -> None:
    assert rules.compare_places(at(one), at(other)) is Place.STREET


@pytest.mark.parametrize(
    ("line", "street", "city", "state"),
    [
        ("123 Oak Ave St Petersburg FL 33701", "123 oak ave", "st petersburg", "fl"),
        ("123 Main St St Louis MO 63101", "123 main st", "st louis", "mo"),
        ("123 Lake Shore Dr Chicago IL 60601", "123 lk shr dr", "chicago", "il"),
        ("123 N St NW Washington DC 20001", "123 n st nw", "washington", "dc"),
        ("123 Avenue B Austin TX 78701", "123 ave b", "austin", "tx"),
        ("123 Highway 41 N Tampa FL 33601", "123 hwy 41 n", "tampa", "fl"),
        ("123 Garden Way Dr Tampa FL 33601", "123 gdn way dr", "tampa", "fl"),
        ("123 Oak St Palm Springs CA 92262", "123 oak st", "palm springs", "ca"),
        ("123 Oak St, New York, NY 10001", "123 oak st", "new york", "ny"),
        ("123 Oak St, New York, New York", "123 oak st", "new york", "ny"),
        ("123 Oak St, New York", "123 oak st", "new york", ""),
        ("123 Oak St, Washington", "123 oak st", "washington", ""),
        ("123 Oak St Albany New York 12207", "123 oak st", "albany", "ny"),
        ("123 Main St NE", "123 main st ne", "", ""),
        ("123 Main St NE 68501", "123 main st ne", "", ""),
        ("123 Oak Park Ct", "123 oak park ct", "", ""),
        ("123 Oak Park Ct, CT 06101", "123 oak park ct", "", "ct"),
        ("123 Via La", "123 via la", "", ""),
        ("1200 Highway 33601", "1200 hwy 33601", "", ""),
        ("1200 County Road 12345", "1200 county rd 12345", "", ""),
        ("33601 Oak St", "33601 oak st", "", ""),
        ("Unit 5", "unit 5", "", ""),
        ("Main Campus", "main campus", "", ""),
    ],
)
def test_a_line_is_taken_apart_where_its_parts_end(line: str, street: str, city: str, state: str) -> None:
    found = at(line)
    assert found is not None
    assert (found.street, found.city, found.state) == (street, city, state)


def test_a_street_without_a_street_word_is_found_although_no_comma_ends_it() -> None:
    found = at("123 Broadway New York NY 10001")
    assert rules.compare_places(found, at("123 Broadway", "", "New York", "NY", "10001")) is Place.SAME
    assert found is not None
    assert "123 broadway" in rules.street_keys(found)


def test_nothing_is_no_address() -> None:
    assert at("") is None
    assert at("...") is None
    assert at("", "4", "Tampa", "FL", "33601") is None
    assert rules.address_key("") == ""


@given(st.text(max_size=60), st.text(max_size=12))
def test_a_place_is_the_same_as_itself_whatever_is_written(address: str, unit: str) -> None:
    found = at(address, unit, "Tampa")
    if found is not None:
        assert rules.compare_places(found, found) is Place.SAME
        assert found.street


_words = st.lists(st.sampled_from(["123", "n", "oak", "st", "ave", "apt", "4", "#4", ",", "tampa", "fl", "33601", "st.", "nw"]),
                  max_size=9)  # fmt: skip


@given(_words, _words)
def test_comparing_is_the_same_both_ways(one: list[str], other: list[str]) -> None:
    a, b = at(" ".join(one)), at(" ".join(other))
    assert rules.compare_places(a, b) is rules.compare_places(b, a)


@given(_words)
def test_a_place_is_looked_up_by_the_street_it_is_kept_under(words: list[str]) -> None:
    found = at(" ".join(words))
    if found is not None:
        assert rules.address_key(" ".join(words)) in rules.street_keys(found)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (
            "123 Oak Street Apt 4, Tampa FL 33601-1234",
            ("123 Oak Street", "Apt 4", "Tampa", "FL", "33601-1234"),
        ),
        ("123 Oak St #4 Tampa, fl 33601", ("123 Oak St", "4", "Tampa", "FL", "33601")),
        ("123 Oak St, Tampa, Florida", ("123 Oak St", "", "Tampa", "FL", "")),
        ("123 Oak Ave St Petersburg FL 33701", ("123 Oak Ave", "", "St Petersburg", "FL", "33701")),
        ("123 Oak St", ("123 Oak St", "", "", "", "")),
        ("123 Oak St, Tampa", ("123 Oak St", "", "Tampa", "", "")),
        # what cannot be taken apart for certain stays as it was written
        ("123 Broadway New York NY 10001", ("123 Broadway New York NY 10001", "", "", "", "")),
        (
            "Oakwood Plaza, 123 Oak St, Tampa, FL 33601",
            ("Oakwood Plaza, 123 Oak St, Tampa, FL 33601", "", "", "", ""),
        ),
        ("", ("", "", "", "", "")),
    ],
)
def test_a_line_told_of_a_customer_is_kept_in_parts(line: str, parts: tuple[str, ...]) -> None:
    found = rules.in_parts({"address": line})
    assert tuple(found[name] for name in ("address", "unit", "city", "state", "zip")) == parts


def test_parts_that_were_given_are_not_read_out_of_the_line() -> None:
    given = {"address": "123 Oak St, Tampa", "unit": "", "city": "Lutz", "state": "", "zip": ""}
    assert rules.in_parts(given) == given
