"""When two names are one person, one couple, one company."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.customers import rules
from webapp.customers.rules import Alike


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("John Smith", "john smith"),
        ("  JOHN   smith ", "john smith"),
        ("Smith, John", "john smith"),
        ("SMITH, JANE", "jane smith"),
        ("Smith, Dr. Jane Q.", "jane q smith"),
        ("Smith, John, Jr.", "john smith jr"),
        ("Mr. John Smith", "john smith"),
        ("Dr. Jane Q. Smith", "jane q smith"),
        ("Jane Smith, MD", "jane smith"),
        ("Jane Smith, M.D., Ph.D.", "jane smith"),
        ("Smith, Jane, MD", "jane smith"),
        ("Jane Smith Esq.", "jane smith"),
        ("Dr. José O'Brien", "jose obrien"),
        ("Zoë Müller-Núñez", "zoe muller nunez"),
        ("Ann Smith-Jones", "ann smith jones"),
        ("John & Mary Smith", "john and mary smith"),
        ("Smith, John & Mary", "john and mary smith"),
        ("Mr. & Mrs. John Smith", "john smith"),
        ("Mr. and Mrs. Smith", "smith"),
        ("John Smith, Jr.", "john smith jr"),
        ("The Home Depot, Inc.", "home depot"),
        ("ACME Holdings L.L.C.", "acme holdings"),
        ("Acme, LLC", "acme"),
        ("Acme Co., Inc.", "acme"),
        ("Smith & Sons Plumbing, LLC", "smith and sons plumbing"),
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


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("John Smith", "john smith", Alike.SAME),
        ("Jane & Bob Smith", "Bob and Jane Smith", Alike.SAME),
        ("Jane & Bob Smith", "Jane Smith & Bob Smith", Alike.SAME),
        ("Dr. Jane Q. Smith", "SMITH, JANE", Alike.NEAR),
        ("Jane Quinn Smith", "Jane Q. Smith", Alike.NEAR),
        ("John A Smith", "John Smith", Alike.NEAR),
        ("J Smith", "John Smith", Alike.AGREE),
        ("Bob Smith", "Robert Smith", Alike.AGREE),
        ("Bob A Smith", "Robert Smith", Alike.AGREE),
        ("Liz Jones", "Elizabeth Jones", Alike.AGREE),
        ("Mary Smith", "John & Mary Smith", Alike.AGREE),
        ("Jane Q. Smith", "Jane & Bob Smith", Alike.AGREE),
        ("Mr. & Mrs. John Smith", "John & Mary Smith", Alike.AGREE),
        ("Smith", "John Smith", Alike.AGREE),
        ("John", "John Smith", Alike.AGREE),
        ("Ann Smith", "Ann Smith-Jones", Alike.AGREE),
        ("Smith Plumbing", "Smith Plumbing Supply Inc", Alike.AGREE),
        ("", "John Smith", Alike.AGREE),
        ("John Smith Jr", "John Smith", Alike.AGREE),
        ("John Smith Jr", "John Smith Sr", Alike.FAMILY),
        ("John A Smith", "John B Smith", Alike.FAMILY),
        ("John Smith", "Jane Smith", Alike.FAMILY),
        ("K Smith", "John Smith", Alike.FAMILY),
        ("Bob Smith", "Bill Smith", Alike.FAMILY),
        ("John Smith", "John Jones", Alike.NOT),
        ("Jane Doe", "John & Mary Smith", Alike.NOT),
        ("Acme LLC", "Apex LLC", Alike.NOT),
    ],
)
def test_how_alike_two_names_are(one: str, other: str, alike: Alike) -> None:
    assert rules.compare_names(rules.name_key(one), rules.name_key(other)) is alike
    assert rules.compare_names(rules.name_key(other), rules.name_key(one)) is alike


_names = st.lists(
    st.sampled_from(["john", "j", "mary", "bob", "robert", "smith", "jones", "and", "jr", "sr", "acme"]),
    max_size=6,
)


@given(_names, _names)
def test_being_alike_is_mutual(one: list[str], other: list[str]) -> None:
    a, b = rules.name_key(" ".join(one)), rules.name_key(" ".join(other))
    assert rules.compare_names(a, b) is rules.compare_names(b, a)


@given(st.text(max_size=40))
def test_a_name_is_the_same_as_itself(name: str) -> None:
    key = rules.name_key(name)
    assert rules.compare_names(key, key) is (Alike.SAME if key else Alike.AGREE)
