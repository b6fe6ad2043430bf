"""Finding sales by what people type: a number, or words of customer, item and technician."""

import re
from dataclasses import dataclass

import pytest

from tests.factories import people, sales
from tests.factories.queries import counted
from tests.factories.world import Company
from webapp.sales.queries import words
from webapp.sales.service import Buyer


@dataclass(frozen=True, slots=True)
class Sold:
    """Ids of four sales."""

    tune_up: int  # Mike's, to Evelyn Harper
    furnace: int  # Mike's, to Walter Boone
    thermostat: int  # Ana's, to Evelyn Harper
    open: int  # Ana's, to a Harper nobody knows for sure


@pytest.fixture
def sold(company: Company) -> Sold:
    with company.acting():
        mike, ana = people.technician(name="Mike Johnson"), people.technician(name="Ana Reyes")
        tune, furnace = people.item(name="AC tune-up"), people.item(name="Gas furnace", code="GF-80")
        evelyn = people.customer(
            name="Evelyn Harper", phone="(512) 555-0123", address="12 Oak Street", zip="78701"
        )
        walter = people.customer(name="Walter Boone")
        thermostat = people.item(name="Smart thermostat")

        def made(who: object, what: object, buyer: Buyer) -> int:
            return sales.sale(who, what, buyer=buyer).number  # type: ignore[arg-type]  # a Technician, an Item

        return Sold(
            made(mike, tune, Buyer(customer_id=evelyn.id)),
            made(mike, furnace, Buyer(customer_id=walter.id)),
            made(ana, thermostat, Buyer(customer_id=evelyn.id)),
            made(ana, furnace, Buyer(name="Harper", phone="5125559999")),
        )


def found(company: Company, q: str, path: str = "/sales") -> set[int]:
    html = company.sign_in("manager").get(path, query_string={"q": q}, hx="results").get_data(as_text=True)
    return {int(number) for number in re.findall(r">#(\d+)</a>", html)}


@pytest.mark.parametrize(
    ("q", "which"),
    [
        ("evelyn", {"tune_up", "thermostat"}),
        ("harper", {"tune_up", "thermostat", "open"}),
        ("(512) 555-0123", {"tune_up", "thermostat"}),
        ("furn", {"furnace", "open"}),
        ("gf-80", {"furnace", "open"}),
        ("Mike", {"tune_up", "furnace"}),
        ("mike evelyn", {"tune_up"}),
        ("HARPER furnace", {"open"}),
        ("reyes thermo evelyn", {"thermostat"}),
        ("walter thermostat", set()),
        ("zebra", set()),
        ("-", {"tune_up", "furnace", "thermostat", "open"}),
    ],
)
@pytest.mark.parametrize("few", [500, 0], ids=["rare words", "common words"])
def test_sales_are_found_by_customer_item_and_technician_and_by_several_of_them(
    company: Company, sold: Sold, q: str, which: set[str], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "FEW", few)
    assert found(company, q) == {getattr(sold, name) for name in which}


def test_a_number_finds_that_sale(company: Company, sold: Sold) -> None:
    assert sold.furnace in found(company, f"#{sold.furnace}")
    assert sold.furnace in found(company, f"{sold.furnace} boone")
    assert found(company, f"{sold.furnace} evelyn") == set()
    assert found(company, "1234567890123456") == set()


def test_nothing_found_says_so_and_the_file_and_the_api_find_the_same(company: Company, sold: Sold) -> None:
    client = company.sign_in("manager")
    assert "Nothing matches" in client.get("/sales?q=zebra").get_data(as_text=True)
    sheet = client.get("/sales?format=csv&cols=number&q=mike+evelyn").get_data(as_text=True)
    assert sheet == f"Sale\n{sold.tune_up}\n"
    answer = company.api("admin").get("/sales?q=reyes+thermo")
    assert [one["number"] for one in answer.json["data"]["items"]] == [sold.thermostat]


def test_words_of_another_company_find_nothing(company: Company, sold: Sold, other_company: Company) -> None:
    assert found(other_company, "mike") == set()


def test_what_words_name_is_looked_up_in_one_query(company: Company, sold: Sold) -> None:
    client = company.sign_in("manager")
    for q in ("mike", "mike evelyn tune"):
        with counted() as statements:
            client.get("/sales", query_string={"q": q}, hx="results")
        assert len([s for s in statements if "search_words" in s]) == 1
        assert len([s for s in statements if "FROM sales" in s]) == 2  # totals and rows
