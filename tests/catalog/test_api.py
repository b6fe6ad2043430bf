"""The field API of the price book."""

from typing import Any

import pytest

from tests.factories import people
from tests.factories.world import Company
from webapp.kit import money

ITEMS, CATEGORIES = "/admin/items", "/admin/item-categories"


def test_items_are_created_read_changed_archived_and_listed(company: Company) -> None:
    api = company.api("manager")
    category = api.post(CATEGORIES, {"name": "Cooling"}).json["data"]["id"]
    made = api.post(
        ITEMS, {"name": "AC tune-up", "code": "AC-1", "category_id": category, "list_price_cents": 18900}
    )
    assert made.status_code == 201
    item = made.json["data"]
    assert item["description"] == ""
    assert api.get(f"{ITEMS}/{item['id']}").json["data"] == item
    changed = api.patch(
        f"{ITEMS}/{item['id']}", {"list_price_cents": None, "code": None, "archived": True}
    ).json["data"]
    assert (changed["list_price_cents"], changed["code"], changed["archived"], changed["name"]) == (
        None,
        None,
        True,
        "AC tune-up",
    )
    assert api.get(f"{ITEMS}?archived=false").json["data"]["total"] == 0
    assert api.get(f"{ITEMS}?archived=true&category_id={category}&q=tune").json["data"]["total"] == 1
    assert api.get(ITEMS).json["data"]["items"][0]["id"] == item["id"]


def test_categories_are_created_read_changed_and_listed(company: Company) -> None:
    api = company.api()
    made = api.post(CATEGORIES, {"name": "Cooling"}).json["data"]
    assert api.get(f"{CATEGORIES}/{made['id']}").json["data"] == made
    assert (
        api.patch(f"{CATEGORIES}/{made['id']}", {"name": "Cold", "archived": True}).json["data"]["archived"]
        is True
    )
    assert api.get(f"{CATEGORIES}?archived=false").json["data"]["total"] == 0
    assert api.get(CATEGORIES).json["data"]["items"][0]["name"] == "Cold"
    assert api.post(CATEGORIES, {"name": "COLD"}).status_code == 409
    assert api.patch(f"{CATEGORIES}/{made['id']}", {"name": ""}).status_code == 422
    assert api.post(CATEGORIES, {"name": "A", "color": "x"}).status_code == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": 1}, "name"),
        ({"name": "A", "list_price_cents": -1}, "list_price_cents"),
        ({"name": "A", "list_price_cents": money.MAX_CENTS + 1}, "list_price_cents"),
        ({"name": "A", "list_price_cents": 10**30}, "list_price_cents"),
        ({"name": "A", "list_price_cents": 1.5}, "list_price_cents"),
        ({"name": "A", "list_price_cents": "1"}, "list_price_cents"),
        ({"name": "A", "category_id": 0}, "category_id"),
        ({"name": "A", "category_id": 10**30}, "category_id"),
        ({"name": "A", "archived": True}, "archived"),
        ({"name": "A", "price": 1}, "price"),
    ],
)
def test_a_wrong_body_is_refused_naming_the_field(company: Company, body: dict[str, Any], field: str) -> None:
    answer = company.api().post(ITEMS, body)
    assert answer.status_code == 422
    assert field in answer.json["error"]["details"]["fields"]


def test_a_taken_code_is_a_conflict(company: Company) -> None:
    api = company.api()
    assert api.post(ITEMS, {"name": "A", "code": "X"}).status_code == 201
    assert api.post(ITEMS, {"name": "B", "code": "X"}).json["error"]["code"] == "CONFLICT"


def test_another_companys_ids_are_404_in_every_place(company: Company, other_company: Company) -> None:
    with other_company.acting():
        item, category = people.item().id, people.category().id
    with company.acting():
        own = people.item().id
    api = company.api()
    answers = [
        api.get(f"{ITEMS}/{item}"),
        api.patch(f"{ITEMS}/{item}", {"name": "Mine"}),
        api.post(ITEMS, {"name": "A", "category_id": category}),
        api.patch(f"{ITEMS}/{own}", {"category_id": category}),
        api.get(f"{CATEGORIES}/{category}"),
        api.patch(f"{CATEGORIES}/{category}", {"name": "Mine"}),
    ]
    assert [a.status_code for a in answers] == [404] * len(answers)


def test_technicians_read_the_price_book_and_do_not_change_it(company: Company) -> None:
    with company.acting():
        made = people.item().id
    api = company.api("technician")
    assert api.get(ITEMS).json["data"]["total"] == 1
    assert api.patch(f"{ITEMS}/{made}", {"name": "A"}).status_code == 403
    assert api.post(CATEGORIES, {"name": "A"}).status_code == 403
