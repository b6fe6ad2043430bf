"""When two names, two addresses, two customers are the same; and what may be kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.customers import rules
from webapp.kit import errors


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("John Smith", "john smith"),
        ("  JOHN   smith ", "john smith"),
        ("Smith, John", "john smith"),
        ("Mr. John Smith", "john smith"),
        ("Dr. José O'Brien", "jose obrien"),
        ("Ann Smith-Jones", "ann smith jones"),
        ("John & Mary Smith", "john and mary smith"),
        ("John Smith, Jr.", "john smith jr"),
        ("The Home Depot, Inc.", "home depot"),
        ("ACME Holdings L.L.C.", "acme holdings"),
        ("Acme Co", "acme"),
        ("Co", "co"),
        ("李明", "李明"),
        ("", ""),
    ],
)
def test_a_name_is_reduced_to_what_makes_it_the_same(name: str, key: str) -> None:
    assert rules.name_key(name) == key


@given(st.text(max_size=80))
def test_reducing_a_name_twice_changes_nothing_more(name: str) -> None:
    key = rules.name_key(name)
    assert rules.name_key(key) == key


SAME_PLACE = [
    ("123 Oak Street", "", "33601"),
    ("123 OAK ST.", "", "33601-1234"),
    ("123  oak   st", "", "336011234"),
]
SAME_UNIT = [
    ("123 Oak Street, Apt. 4", "", "33601"),
    ("123 Oak St #4", "", "33601"),
    ("123 Oak St", "4", "33601"),
    ("123 Oak St", "Apartment 4", "33601"),
    ("123 Oak St, Unit #4", "", "33601"),
]


@pytest.mark.parametrize("group", [SAME_PLACE, SAME_UNIT])
def test_one_place_has_one_key_however_it_is_written(group: list[tuple[str, str, str]]) -> None:
    assert len({rules.address_key(*parts) for parts in group}) == 1


@pytest.mark.parametrize(
    ("address", "unit", "code", "key"),
    [
        ("12 North Main Avenue", "Suite B", "33601", "12 n main ave|b|33601"),
        ("P.O. Box 12", "", "", "pobox 12||"),
        ("po box 12", "", "", "pobox 12||"),
        ("99 First St Bldg 4 Apt 12", "", "", "99 1st st|b4 12|"),
        ("1 Saint Louis Ave", "", "", "1 st louis ave||"),
        ("Unit 5", "", "", "unit 5||"),
        ("", "4", "33601", ""),
        ("...", "", "33601", ""),
        ("12 Rue Émile", "", "K1A 0B1", "12 rue emile||"),
    ],
)
def test_an_address_is_reduced_by_the_postal_services_words(
    address: str, unit: str, code: str, key: str
) -> None:
    assert rules.address_key(address, unit, code) == key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("123 oak st||33601", "123 oak st||33601", True),
        ("123 oak st||33601", "123 oak st||", True),
        ("123 oak st||", "123 oak st||", True),
        ("123 oak st||33601", "123 oak st||33602", False),
        ("123 oak st|4|33601", "123 oak st||33601", False),
        ("123 oak st|4|33601", "123 oak st|5|33601", False),
        ("", "", False),
        ("", "123 oak st||", False),
    ],
)
def test_a_missing_zip_contradicts_nothing_and_another_unit_does(one: str, other: str, same: bool) -> None:
    assert rules.same_address(one, other) is same
    assert rules.same_address(other, one) is same


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("John Smith", "john smith", True),
        ("J Smith", "John Smith", True),
        ("Bob Smith", "Robert Smith", True),
        ("Liz Jones", "Elizabeth Jones", True),
        ("John A Smith", "John Smith", True),
        ("Mary Smith", "John & Mary Smith", True),
        ("Smith", "John Smith", True),
        ("John", "John Smith", True),
        ("Smith Plumbing", "Smith Plumbing Supply Inc", True),
        ("", "John Smith", True),
        ("John Smith Jr", "John Smith", True),
        ("John Smith Jr", "John Smith Sr", False),
        ("John Smith", "Jane Smith", False),
        ("John Smith", "John Jones", False),
        ("K Smith", "John Smith", False),
        ("Bob Smith", "Bill Smith", False),
        ("Jane Doe", "John & Mary Smith", False),
    ],
)
def test_names_that_may_be_one_person_agree(one: str, other: str, agree: bool) -> None:
    assert rules.names_agree(rules.name_key(one), rules.name_key(other)) is agree
    assert rules.names_agree(rules.name_key(other), rules.name_key(one)) is agree


@given(st.text(max_size=40), st.text(max_size=40))
def test_agreeing_is_mutual_and_with_oneself(one: str, other: str) -> None:
    a, b = rules.name_key(one), rules.name_key(other)
    assert rules.names_agree(a, a)
    assert rules.names_agree(a, b) is rules.names_agree(b, a)


def known(number: int, name: str, *, phones: tuple[str, ...] = (), emails: tuple[str, ...] = (), places: tuple[str, ...] = (),
          contacts: tuple[str, ...] = (), company: str = "", archived: bool = False) -> rules.Known:  # fmt: skip
    return rules.Known(
        number, number, frozenset({rules.name_key(name), rules.name_key(company)} - {""}),
        frozenset(rules.name_key(c) for c in contacts), frozenset(phones), frozenset(emails),
        frozenset(rules.address_key(p, "", "33601") for p in places), archived,
    )  # fmt: skip


def asked(
    name: str = "", phone: str = "", email: str = "", place: str = "", code: str = "33601"
) -> rules.Asked:
    return rules.Asked(rules.name_key(name), phone, email, rules.address_key(place, "", code))


P, Q, E, F = "+18135550142", "+18135550199", "john@example.com", "other@example.com"
JOHN = known(1, "John Smith", phones=(P,), emails=(E,), places=("123 Oak St",))
BARE = known(2, "John Smith")
COUPLE = known(3, "John & Mary Smith", phones=(Q,))
FIRM = known(4, "Acme Management", phones=(P,), contacts=("Dana Ellis",), company="Acme LLC")

TABLE = [
    # said, on record, certain, unsure
    ("same phone, same name", asked("John Smith", P), [JOHN], 1, False),
    ("same phone, initial", asked("J. Smith", P), [JOHN], 1, False),
    ("same email, nickname", asked("Johnny Smith", email=E), [JOHN], 1, False),
    ("same phone, no name", asked(phone=P), [JOHN], 1, False),
    ("same phone, other name", asked("Jane Doe", P), [JOHN], None, True),
    ("same phone and another's email", asked("John Smith", P, F), [JOHN], 1, False),
    ("same name, same address", asked("John Smith", place="123 Oak Street"), [JOHN], 1, False),
    ("same name, same address, no zip", asked("John Smith", place="123 Oak Street", code=""), [JOHN], 1, False),
    ("agreeing name, same address", asked("J Smith", place="123 Oak Street"), [JOHN], None, True),
    ("same name, another address", asked("John Smith", place="9 Elm St"), [JOHN], None, True),
    ("same name, another phone", asked("John Smith", Q), [JOHN], None, True),
    ("same name, a phone it had not", asked("John Smith", Q), [BARE], None, True),
    ("only a name, one has it", asked("John Smith"), [BARE], 2, False),
    ("only a name, two have it", asked("John Smith"), [JOHN, BARE], None, True),
    ("only a name, one has it, another is like it", asked("John Smith"), [BARE, COUPLE], 2, False),
    ("one of a couple by phone", asked("Mary Smith", Q), [COUPLE], 3, False),
    ("a contact by the firm's phone", asked("Dana Ellis", P), [FIRM], 4, False),
    ("the company's name by phone", asked("Acme", P), [FIRM], 4, False),
    ("two share the phone, one the name too", asked("John Smith", P), [JOHN, FIRM], 1, False),
    ("two share the phone, nobody the name", asked("Eve Adams", P), [JOHN, FIRM], None, True),
    ("phone of one, address and email of the same", asked("John Smith", P, E, "123 Oak St"), [JOHN, BARE], 1, False),
    ("phone of one, email of another, same name", asked("John Smith", P, F),
     [JOHN, known(5, "John Smith", emails=(F,))], None, True),
    ("a spouse at the same address", asked("Jane Smith", place="123 Oak St"), [JOHN], None, True),
    ("strangers at the same address", asked("Eve Adams", place="123 Oak St"), [JOHN], None, False),
    ("nobody alike", asked("Eve Adams", Q, F, "9 Elm St"), [JOHN], None, False),
    ("an archived one is known too", asked("John Smith", P), [known(6, "John Smith", phones=(P,), archived=True)], 6, False),
    ("nothing said", asked(), [JOHN], None, False),
    ("nobody known", asked("John Smith", P), [], None, False),
]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "records", "certain", "unsure"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_who_is_meant(
    said: rules.Asked, records: list[rules.Known], certain: int | None, unsure: bool
) -> None:
    verdict = rules.judge(said, records)
    assert (verdict.certain.id if verdict.certain else None) == certain
    assert verdict.unsure is unsure


def test_reasons_are_given_in_words() -> None:
    verdict = rules.judge(asked("Jane Doe", P, F), [JOHN])
    assert verdict.candidates[0].reasons == ("Same phone number", "Another name", "Another email")
    assert rules.judge(asked("J Smith", P), [JOHN]).candidates[0].reasons == (
        "Same phone number",
        "A name that agrees",
    )


_some = st.sampled_from
_said = st.builds(asked, _some(["", "John Smith", "J Smith", "Jane Doe"]), _some(["", P, Q]), _some(["", E, F]),
                  _some(["", "123 Oak St", "9 Elm St"]))  # fmt: skip


@given(_said, st.permutations([JOHN, BARE, COUPLE, FIRM]), st.integers(0, 4))
def test_the_order_of_the_records_never_matters(
    said: rules.Asked, records: list[rules.Known], amount: int
) -> None:
    chosen = records[:amount]
    there, back = rules.judge(said, chosen), rules.judge(said, chosen[::-1])
    assert there == back
    assert not (there.certain and there.unsure)


@given(_said)
def test_a_customer_of_the_same_name_is_never_doubled_silently(said: rules.Asked) -> None:
    verdict = rules.judge(said, [JOHN])
    if said.name_key == "john smith":
        assert verdict.certain or verdict.unsure


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 161}, "name"),
        ({"name": "A", "kind": "other"}, "kind"),
        ({"name": "A", "phone": "555-0142"}, "phone"),
        ({"name": "A", "email": "nope"}, "email"),
        ({"name": "A", "tags": ["x" * 41]}, "tags"),
        ({"name": "A", "tags": [str(n) for n in range(21)]}, "tags"),
    ],
)
def test_a_customer_value_that_cannot_be_is_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        rules.cleaned(values)
    assert list(caught.value.details["fields"]) == [field]


@pytest.mark.parametrize(("values", "field"), [({"address": " "}, "address"), ({"address": "..."}, "address"),
                                               ({"address": "1 A St", "zip": "3360"}, "zip"),
                                               ({"address": "1 A St", "zip": "33601-12"}, "zip")])  # fmt: skip
def test_a_property_value_that_cannot_be_is_named(values: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        rules.cleaned_property(values)
    assert list(caught.value.details["fields"]) == [field]


def test_values_are_kept_tidy() -> None:
    found = rules.cleaned(
        {"name": " John  Smith ", "tags": ["VIP", " vip ", "", "Gold plan"], "reference": ""}
    )
    assert found == {
        "name": "John Smith",
        "tags": ["VIP", "Gold plan"],
        "reference": None,
        "name_key": "john smith",
    }
    place = rules.cleaned_property({"address": "1 Oak Street", "state": "fl", "zip": "336011234"})
    assert (place["state"], place["zip"], place["address_key"]) == ("FL", "33601-1234", "1 oak st||33601")
    assert (
        rules.cleaned_property({"unit": "4"}, {"address": "1 Oak St", "zip": ""})["address_key"]
        == "1 oak st|4|"
    )


def test_an_address_reads_on_one_line() -> None:
    whole = {"address": "123 Oak St", "unit": "4", "city": "Tampa", "state": "FL", "zip": "33601"}
    assert rules.one_line(whole) == "123 Oak St #4, Tampa, FL 33601"
    assert rules.one_line({"address": "123 Oak St", "unit": "Building 7"}) == "123 Oak St Building 7"
    assert rules.one_line({}) == ""


KEPT = {"name": "John Smith", "company": "", "kind": "residential", "phone": P, "email": "", "reference": None,
        "tags": ["VIP"], "notes": "Dogs."}  # fmt: skip
OTHER = {"name": "Jon Smith", "company": "Smith LLC", "kind": "residential", "phone": Q, "email": E, "reference": None,
         "tags": ["vip", "Gold"], "notes": "Gate 1."}  # fmt: skip


def test_a_merge_keeps_what_is_there_fills_what_is_missing_and_joins_notes() -> None:
    assert rules.default_choices(KEPT, OTHER) == {
        "name": "kept", "company": "other", "phone": "kept", "email": "other", "tags": "both", "notes": "both"}  # fmt: skip
    assert rules.chosen_values(KEPT, OTHER, {}) == {
        "company": "Smith LLC", "email": E, "tags": ["VIP", "Gold"], "notes": "Dogs.\n\nGate 1."}  # fmt: skip


def test_choices_of_a_merge_are_followed_and_nonsense_is_not() -> None:
    chosen = rules.chosen_values(
        KEPT, OTHER, {"name": "other", "company": "kept", "phone": "both", "email": "evil", "notes": "kept"}
    )
    assert chosen == {"name": "Jon Smith", "email": E, "tags": ["VIP", "Gold"]}
