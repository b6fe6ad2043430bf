"""Phone numbers, emails and lines of text as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.kit import clean, errors

NUMBERS = [
    ("(813) 555-0142", "+18135550142"),
    ("813.555.0142", "+18135550142"),
    ("8135550142", "+18135550142"),
    ("1 813 555 0142", "+18135550142"),
    ("+1 813-555-0142", "+18135550142"),
    ("+44 20 7946 0958", "+442079460958"),
    ("1-800-FLOWERS", "+18003569377"),
    ("  ", ""),
    ("", ""),
]


@pytest.mark.parametrize(("typed", "kept"), NUMBERS)
def test_a_phone_number_is_kept_in_one_form(typed: str, kept: str) -> None:
    assert clean.phone(typed) == kept
    assert clean.phone(kept) == kept


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("555-0142", "area code"),
        ("12", "can be called"),
        ("123 456 7890", "can be called"),
        ("call me", "not a phone number"),
        ("813-555-0142 x12", "extension"),
        ("+999 123", "phone number"),
    ],
)
def test_what_is_no_phone_number_is_refused_in_words(typed: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        clean.phone(typed)


def test_a_kept_number_reads_as_people_write_it() -> None:
    assert clean.phone_words("+18135550142") == "(813) 555-0142"
    assert clean.phone_words("+442079460958") == "+44 20 7946 0958"
    assert clean.phone_words("") == clean.phone_words(None) == ""


@pytest.mark.parametrize("typed", ["nope", "a@", "@b.com", "a b@c.com", "a@b..com", "a@b.com, c@d.com"])
def test_what_is_no_email_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="not an email address"):
        clean.email(typed)


def test_an_email_is_kept_in_lower_case() -> None:
    assert clean.email(" Jane.Doe@Example.COM ") == "jane.doe@example.com"


@given(st.text(max_size=300))
def test_a_line_never_holds_control_characters_or_outer_blanks(text: str) -> None:
    try:
        tidy = clean.line(text, 200)
    except ValueError:
        return
    assert tidy == clean.line(tidy, 200)
    assert tidy == tidy.strip()
    assert "\x00" not in tidy
    assert "\n" not in tidy


def test_several_wrong_fields_are_named_together() -> None:
    problems = clean.Problems()
    values = {"phone": "12", "email": "nope", "name": "Ann"}
    problems.each(values, {"phone": clean.phone, "email": clean.email, "name": clean.name})
    with pytest.raises(errors.Invalid) as caught:
        problems.done()
    assert set(caught.value.details["fields"]) == {"phone", "email"}
    assert values["name"] == "Ann"
