"""When two names, two addresses, two customers are the same; and what may be kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.customers import rules
from webapp.kit import errors


def known(number: int, name: str, *, phones: tuple[str, ...] = (), emails: tuple[str, ...] = (), places: tuple[str, ...] = (),
          contacts: tuple[str, ...] = (), company: str = "", archived: bool = False, town: str = "Tampa",
          code: str = "33601") -> rules.Known:  # fmt: skip
    there = tuple(
        (n, found) for n, p in enumerate(places, 1) if (found := rules.read_address(p, "", town, "", code))
    )
    return rules.Known(
        number, number, frozenset({rules.name_key(name), rules.name_key(company)} - {""}),
        frozenset(rules.name_key(c) for c in contacts), frozenset(phones), frozenset(emails),
        there, bool(there), archived,
    )  # fmt: skip


def asked(
    name: str = "", phone: str = "", email: str = "", place: str = "", code: str = "33601"
) -> rules.Asked:
    return rules.Asked(rules.name_key(name), phone, email, rules.read_address(place, zip_code=code))


P, Q, E, F = "+18135550142", "+18135550199", "john@example.com", "other@example.com"
JOHN = known(1, "John Smith", phones=(P,), emails=(E,), places=("123 Oak St",))
BARE = known(2, "John Smith")
COUPLE = known(3, "John & Mary Smith", phones=(Q,))
GONE = known(6, "John Smith", archived=True)
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
    ("phone of one, email of another of another name", asked("John Smith", P, F),
     [JOHN, known(5, "Jane Doe", emails=(F,))], None, True),
    ("email of one, phone of another of another name", asked("John Smith", Q, E), [JOHN, COUPLE], None, True),
    ("same name and address, but the phone of another", asked("John Smith", Q, place="123 Oak St"),
     [JOHN, known(5, "Jane Doe", phones=(Q,))], None, True),
    ("a phone two share, one of them with the name and the email", asked("Dana Ellis", P, F),
     [FIRM, known(5, "Dana Ellis", phones=(P,), emails=(F,))], 5, False),
    ("phone of one, address of another of the same name", asked("John Smith", P, place="9 Elm St"),
     [JOHN, known(5, "John Smith", places=("9 Elm St",))], None, True),
    ("phone of one, address of a stranger", asked("John Smith", P, place="9 Elm St"),
     [JOHN, known(5, "Eve Adams", places=("9 Elm St",))], 1, False),
    ("two of one name at one street, one in the town that was said", asked("John Smith", place="123 Oak St"),
     [JOHN, known(5, "John Smith", places=("123 Oak St",), code="", town="")], 1, False),
    ("two of one name at one street in two towns, no town said", asked("John Smith", place="123 Oak St", code=""),
     [JOHN, known(5, "John Smith", places=("123 Oak St",), code="78701", town="Austin")], None, True),
    ("same name at the same street in another town", asked("John Smith", place="123 Oak St, Austin, TX", code=""),
     [JOHN], None, True),
    ("same name, same building, a unit that was not known", asked("John Smith", place="123 Oak St Apt 4"), [JOHN], None, True),
    ("only a name, an archived one has it", asked("John Smith"), [GONE], None, True),
    ("only a name, an archived one and another have it", asked("John Smith"), [BARE, GONE], 2, False),
    ("only a name, with a middle initial", asked("John Q. Smith"), [BARE], None, True),
    ("a middle initial and another phone", asked("John Q. Smith", Q), [JOHN], None, True),
    ("only a name, a nickname", asked("Johnny Smith"), [BARE], None, True),
    ("a nickname with another phone", asked("Johnny Smith", Q), [JOHN], None, False),
    ("only a name, one of a couple", asked("Mary Smith"), [COUPLE], None, True),
    ("only a name, the couple the other way round", asked("Mary & John Smith"), [COUPLE], 3, False),
    ("only a name, the company’s", asked("Acme LLC"), [FIRM], 4, False),
    ("only a name, a contact’s", asked("Dana Ellis"), [FIRM], None, True),
    ("only a name, the last name alone", asked("Smith"), [JOHN], None, True),
    ("only a name, of the same family", asked("Eve Smith"), [JOHN], None, False),
    ("a spouse at the same address", asked("Jane Smith", place="123 Oak St"), [JOHN], None, True),
    ("strangers at the same address", asked("Eve Adams", place="123 Oak St"), [JOHN], None, False),
    ("nobody alike", asked("Eve Adams", Q, F, "9 Elm St"), [JOHN], None, False),
    ("an archived one is known too", asked("John Smith", P), [known(7, "John Smith", phones=(P,), archived=True)], 7, False),
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


def test_evidence_that_contradicts_itself_lists_both_with_their_reasons() -> None:
    verdict = rules.judge(asked("John Smith", P, F), [JOHN, known(5, "Jane Doe", emails=(F,))])
    assert [(c.id, c.reasons) for c in verdict.candidates] == [
        (1, ("Same phone number", "Same name", "Another email")),
        (5, ("Same email", "Another name")),
    ]


def test_the_full_address_weighs_more_than_the_street_and_that_more_than_the_building() -> None:
    def score(name: str, place: str, code: str) -> int:
        return rules.judge(asked(name, place=place, code=code), [JOHN]).candidates[0].score

    for name in ("John Smith", "J Smith", "Eve Adams", "Jane Smith"):
        full, street = score(name, "123 Oak St", "33601"), score(name, "123 Oak St", "")
        building = score(name, "123 Oak St Apt 4", "33601")
        assert full > street > building, name


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
    assert (place["state"], place["zip"], place["address_key"]) == ("FL", "33601-1234", "1 oak st")
    assert rules.cleaned_property({"address": "1 Oak St, Tampa"})["address_key"] == "1 oak st"
    assert "address_key" not in rules.cleaned_property({"unit": "4"}, {"address": "1 Oak St"})


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
