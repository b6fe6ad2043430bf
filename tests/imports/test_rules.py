"""Which column is which field, and what cells mean."""

from datetime import date

import pytest

from tests.imports.things import TOOLS
from webapp.imports import rules
from webapp.imports.registry import Context

CTX = Context("UTC")


def test_headings_are_recognised_by_name_label_and_synonym_in_any_spelling() -> None:
    header = ["SKU", "description of TOOL", "  Brand:", "Colour", "bought_on"]
    assert rules.recognise(TOOLS, header) == {
        "code": "SKU",
        "name": "description of TOOL",
        "maker": "  Brand:",
        "bought": "bought_on",
    }


def test_a_name_goes_before_a_synonym() -> None:
    assert rules.recognise(TOOLS, ["Tool", "Name"])["name"] == "Name"


def test_a_required_field_without_column_a_column_twice_and_one_that_is_gone_are_named() -> None:
    header = ["A", "B"]
    assert rules.mapping_problems(TOOLS, {"code": "A", "price": "A", "maker": "Z"}, header) == {
        "name": "Choose the column that holds the name.",
        "price": "“A” is already used for Code.",
        "maker": "The file has no column “Z”.",
    }
    assert rules.mapping_problems(TOOLS, {"name": "A", "code": ""}, header) == {}


def test_every_wrong_cell_of_a_row_is_named() -> None:
    found = rules.understand(TOOLS, ["", "12,5", "x" * 501, "2/30/2026"],
                             {"name": 0, "price": 1, "code": 2, "bought": 3}, CTX)  # fmt: skip
    assert [(p.field, p.message) for p in found.problems] == [
        ("name", "Name is missing."),
        ("code", "Code has 501 characters; at most 500 fit."),
        ("price", "“12,5” is no amount in dollars; write 1500.00."),
        ("bought", "There is no day “2/30/2026”; write 2026-03-15 or 3/15/2026."),
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [("2026-03-15", (2026, 3, 15)), ("3/15/2026", (2026, 3, 15)), ("03-15-26", (2026, 3, 15)),
     ("15 Mar 2026", (2026, 3, 15)), ("March 15, 2026", (2026, 3, 15)), ("Sun, Mar 15 2026", (2026, 3, 15)),
     ("2026-03-15 14:30:00", (2026, 3, 15)), ("2026/3/5", (2026, 3, 5))],
)  # fmt: skip
def test_days_are_read_as_people_write_them(text: str, day: tuple[int, int, int]) -> None:
    assert rules.parse_date(text, CTX) == date(*day)


@pytest.mark.parametrize(
    "text", ["15/3/2026", "yesterday", "3/15", "2026-13-01", "12345", "1/2/345", "Foo 12, 2026"]
)
def test_other_days_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2026-03-15"):
        rules.parse_date(text, CTX)


@pytest.mark.parametrize(
    ("text", "cents"),
    [("1500", 150000), ("$1,500.50", 150050), ("1 500", 150000), ("0.99", 99), ("USD 12", 1200)],
)
def test_amounts_are_read_as_cents(text: str, cents: int) -> None:
    assert rules.parse_money(text, CTX) == cents


def test_a_closed_list_is_read_in_any_spelling_and_offers_what_there_is() -> None:
    parse = rules.one_of({"Hourly": "hourly", "Commission only": "commission", "commission": "commission"})
    assert parse("COMMISSION-ONLY", CTX) == "commission"
    with pytest.raises(ValueError, match=r"Hourly, Commission only\.$"):
        parse("weekly", CTX)


def test_yes_and_no() -> None:
    assert rules.parse_yes("Y", CTX)
    assert not rules.parse_yes("no", CTX)
    with pytest.raises(ValueError, match="neither"):
        rules.parse_yes("maybe", CTX)


def test_equal_rows_are_told_apart_by_how_often_they_came() -> None:
    values = {"name": "Gauge", "code": None, "price": 100, "maker": None, "bought": None}
    keys = {rules.row_key(TOOLS, values, n) for n in (1, 2, 1)}
    assert len(keys) == 2
    named = values | {"code": "G-1"}
    assert rules.row_key(TOOLS, named, 1) == rules.row_key(TOOLS, named | {"price": 5}, 2)
