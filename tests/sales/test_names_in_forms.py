"""The form of a sale where people write names: no list helped them, or they came back to it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories import people, sales
from tests.factories.world import Company, csrf_of
from webapp.catalog import service as catalog
from webapp.kit import clock
from webapp.kit.db import db
from webapp.models import Sale


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(datetime(2026, 11, 18, 17, tzinfo=UTC)):
        yield


@dataclass(slots=True)
class Desk:
    """A manager's browser, and the ids of what can be sold."""

    client: FlaskClient
    company: Company
    technician: int
    furnace: int
    line: int
    evelyn: int

    def send(self, path: str = "/sales/new", **fields: Any) -> Any:
        given = {
            "technician_id": self.technician,
            "sale_price_cents": "100",
            "sold_on": "2026-11-18",
        } | fields
        token = csrf_of(self.client.get("/sales/new").get_data(as_text=True))
        return self.client.post(path, data={"csrf_token": token, **given})

    def sold(self) -> list[tuple[int, int, int | None]]:
        with self.company.acting():
            found = db.session.execute(
                select(Sale.item_id, Sale.sale_price_cents, Sale.customer_id).order_by(Sale.id)
            )
            return [tuple(row) for row in found]  # type: ignore[misc]  # three columns


@pytest.fixture
def desk(company: Company) -> Desk:
    with company.acting():
        mike = people.technician(name="Mike Johnson")
        furnace = people.item(name="Gas furnace", code="GF-80", list_price_cents=540_000)
        line = people.item(name="Gas line", code="77", list_price_cents=None)
        evelyn = people.customer(name="Evelyn Harper")
        ids = mike.id, furnace.id, line.id, evelyn.id
    return Desk(company.sign_in("manager"), company, *ids)


def values(html: str, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', html)
    assert found, name
    value = re.search(r'value="([^"]*)"', found[0])
    return value[1] if value else ""


def offered(html: str) -> list[str]:
    return [t.strip() for t in re.findall(r'name="item_choice"[^>]*><span>([^<]*)<', html)]


@pytest.mark.parametrize("words", ["Gas furnace", "gas FURNACE", "gf-80"])
def test_a_whole_name_or_code_is_that_item(desk: Desk, words: str) -> None:
    assert desk.send(item_id=words).status_code == 303
    assert desk.sold() == [(desk.furnace, 10_000, None)]


def test_words_that_fit_several_are_asked_about_and_the_answer_counts_for_those_words_only(
    desk: Desk,
) -> None:
    asked = desk.send(item_id="gas", notes="Side door")
    html = asked.get_data(as_text=True)
    assert (asked.status_code, offered(html)) == (422, ["Gas furnace · GF-80 · $5,400.00", "Gas line · 77"])
    assert (values(html, "item_id"), values(html, "item_asked"), "Side door" in html) == ("gas", "gas", True)
    assert desk.sold() == []
    changed = desk.send(item_id="furnace", item_asked="gas", item_choice=desk.line)
    assert changed.status_code == 422  # other words: what was chosen for the first is no answer to these
    assert desk.send(item_id="gas", item_asked="gas", item_choice=desk.line).status_code == 303
    assert [row[0] for row in desk.sold()] == [desk.line]


def test_a_number_that_is_another_items_code_is_asked_about(desk: Desk) -> None:
    with desk.company.acting():
        catalog.update(desk.line, {"code": str(desk.furnace)})
    html = desk.send(item_id=str(desk.furnace)).get_data(as_text=True)
    assert len(offered(html)) == 2
    assert desk.sold() == []


def test_words_of_no_item_say_so_and_no_words_show_a_small_price_book(desk: Desk) -> None:
    assert "No item has these words." in desk.send(item_id="zebra").get_data(as_text=True)
    empty = desk.send(item_id="").get_data(as_text=True)
    assert "Choose what was sold." in empty
    assert len(offered(empty)) == 2
    assert re.search(
        r"<div class=\"tr-nojs\"><div class=\"tr-callout[^>]*>.{,300}Which item is this", empty, re.DOTALL
    )
    with desk.company.acting():
        for _ in range(20):
            people.item(name="Gas pipe")
    assert offered(desk.send(item_id="").get_data(as_text=True)) == []
    many = desk.send(item_id="gas").get_data(as_text=True)
    assert "Many items have these words." in many
    assert offered(many) == []


def test_an_archived_item_is_not_found_by_its_name(desk: Desk) -> None:
    with desk.company.acting():
        catalog.update(desk.furnace, {"archived": True})
    assert "No item has these words." in desk.send(item_id="gas furnace").get_data(as_text=True)


def test_without_a_price_the_list_price_is_filled_in_and_asked_to_be_looked_at(desk: Desk) -> None:
    html = desk.send(item_id="gas furnace", sale_price_cents="").get_data(as_text=True)
    assert values(html, "sale_price_cents") == "5400.00"
    assert "The list price is filled in." in html
    wrong = desk.send(item_id="gas furnace", sale_price_cents="a lot").get_data(as_text=True)
    assert values(wrong, "sale_price_cents") == "a lot"
    unknown = desk.send(item_id="gas line", sale_price_cents="").get_data(as_text=True)
    assert "Enter the price it was sold at." in unknown
    assert desk.sold() == []


def test_the_form_shows_names_and_keeps_the_numbers_beside_them(desk: Desk) -> None:
    html = desk.client.get(f"/sales/new?item={desk.furnace}&customer={desk.evelyn}").get_data(as_text=True)
    shown = {n: values(html, n) for n in ("item_id", "item_known", "customer", "customer_known")}
    assert shown == {"item_id": "Gas furnace", "item_known": str(desk.furnace), "customer": "Evelyn Harper",
                     "customer_known": str(desk.evelyn)}  # fmt: skip
    with desk.company.acting():  # two of one name: only the number tells them apart
        people.item(name="Gas furnace", code="GF-81")
        people.customer(name="Evelyn Harper")
    assert desk.send(**shown).status_code == 303
    assert desk.sold() == [(desk.furnace, 10_000, desk.evelyn)]
    other = desk.send(**shown | {"item_id": "Gas line"})
    assert other.status_code == 303
    assert desk.sold()[1][0] == desk.line


def test_looking_first_records_nothing(desk: Desk) -> None:
    with desk.company.acting():
        sales.rate(None, None, None, rate_bps=750)
    page = desk.send(item_id="gas furnace", then="look")
    assert page.status_code == 200
    assert "$7.50" in page.get_data(as_text=True)
    assert desk.sold() == []
