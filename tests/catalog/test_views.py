"""The pages of the price book, as a browser sees them."""

import csv
import io
import re

import pytest
from flask.testing import FlaskClient

from tests.factories import people
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.catalog import queries
from webapp.kit.db import db
from webapp.models import Item


def token(client: FlaskClient) -> str:
    return csrf_of(client.get("/items").text)


def names(client: FlaskClient, url: str) -> list[str]:
    """Names in the order of the list."""
    return re.findall(r'<a href="/items/\d+">([^<]+)</a>', client.get(url).text)


def undo_of(text: str) -> str:
    found = re.search(
        r'action="(/items/[^"]*(?:undo|archive)[^"]*)"[^>]*><input[^>]*><button[^>]*tr-toast-undo', text
    )
    assert found, "no undo in the toast"
    return found[1].replace("&amp;", "&")


def price(company: Company, item_id: int) -> int | None:
    with company.acting():
        found = db.session.get(Item, (company.tenant_id, item_id))
        assert found is not None
        return found.list_price_cents


def test_an_empty_price_book_says_what_to_do(company: Company) -> None:
    assert "Your price book is empty" in company.sign_in().get("/items").text


def test_filters_sorts_and_tabs_come_from_the_address(company: Company) -> None:
    with company.acting():
        cooling = people.category("Cooling").id
        people.item(name="AC tune-up", code="AC-1", category_id=cooling, list_price_cents=300)
        people.item(name="Boiler", list_price_cents=200)
        people.item(name="Custom", list_price_cents=None)
        people.item(name="Gone", archived=True)
    client = company.sign_in()
    assert names(client, "/items") == ["AC tune-up", "Boiler", "Custom"]
    assert names(client, f"/items?category={cooling}") == ["AC tune-up"]
    assert names(client, "/items?category=none") == ["Boiler", "Custom"]
    assert names(client, "/items?q=tun") == ["AC tune-up"]
    assert names(client, "/items?sort=list_price&dir=asc") == ["Custom", "Boiler", "AC tune-up"]
    assert names(client, "/items?state=archived") == ["Gone"]
    assert len(names(client, "/items?state=all")) == 4
    assert "Category</span> Cooling" in client.get(f"/items?category={cooling}").text


def test_the_list_costs_the_same_queries_for_one_row_and_for_many(company: Company) -> None:
    client = company.sign_in()
    with company.acting():
        category = people.category().id
        people.item(category_id=category)
    client.get("/items")
    with counted() as few:
        client.get("/items?q=item")
    with company.acting():
        for _ in range(30):
            people.item(category_id=category)
    with counted() as many:
        client.get("/items?q=item")
    assert len(many) == len(few) <= 10, many


def test_the_csv_has_what_is_shown_and_no_formula(company: Company) -> None:
    with company.acting():
        people.item(
            name="=1+1", code="@x", list_price_cents=123_456_789_01, category_id=people.category("-c").id
        )
        people.item(name="Free", list_price_cents=None)
    rows = list(
        csv.reader(
            io.StringIO(
                company.sign_in().get("/items?format=csv&cols=name,code,category,list_price_cents").text
            )
        )
    )
    assert rows == [
        ["Item", "Code", "Category", "List price"],
        ["'=1+1", "'@x", "'-c", "123456789.01"],
        ["Free", "", "", ""],
    ]


def test_an_item_is_added_changed_archived_and_brought_back(company: Company) -> None:
    client = company.sign_in("manager")
    data = {"csrf_token": token(client), "name": "AC tune-up", "code": "AC-1", "list_price_cents": "1,189.50",
            "category_id": "", "description": "Clean"}  # fmt: skip
    answer = client.post("/items", data=data)
    url = answer.headers["Location"]
    page = client.get(url).text
    assert "$1,189.50" in page
    assert client.post("/items", data=data, hx=True).status_code == 422  # the code is taken
    client.post(url, data={**data, "list_price_cents": ""})
    assert price(company, int(url.rsplit("/", 1)[1])) is None
    answer = client.post(f"{url}/archive", data=data)
    page = client.get(answer.headers["Location"]).text
    assert "is off sale" in page
    client.post(undo_of(page), data=data)
    assert "On sale" in client.get(url).text


def test_what_is_wrong_comes_back_at_its_field(company: Company) -> None:
    client = company.sign_in()
    answer = client.post(
        "/items", data={"csrf_token": token(client), "name": "", "list_price_cents": "-5"}, hx=True
    )
    assert answer.status_code == 422
    assert "Write what is sold." in answer.text
    answer = client.post(
        "/items", data={"csrf_token": token(client), "name": "A", "list_price_cents": "-5"}, hx=True
    )
    assert "must be zero or more" in answer.text


def test_prices_are_shown_before_they_change_and_the_toast_takes_it_back(company: Company) -> None:
    with company.acting():
        ids = [people.item(name=f"Item {n}", list_price_cents=10_000 + n).id for n in range(15)]
        ids.append(people.item(name="Free", list_price_cents=None).id)
    client = company.sign_in("manager")
    chosen = {"csrf_token": token(client), "ids": [str(i) for i in ids]}
    assert "For 16 items" in client.post("/items/bulk/prices", data=chosen, hx="dialog").text
    asked = {**chosen, "percent": "7.5", "rounding": "100"}
    shown = client.post("/items/bulk/prices", data=asked, hx=True).text
    assert "$108.00" in shown
    assert "and 3 more" in shown
    assert "1 without a list price" in shown
    assert price(company, ids[0]) == 10_000  # nothing has happened yet
    stale = client.post("/items/bulk/prices", data={**asked, "percent": "9", "seen": "750:100"}, hx=True)
    assert stale.status_code == 200  # what was not shown is shown first
    assert price(company, ids[0]) == 10_000
    done = client.post("/items/bulk/prices?sort=code", data={**asked, "seen": "750:100"})
    assert done.headers["Location"] == "/items?sort=code"
    assert price(company, ids[0]) == 10_800
    page = client.get("/items").text
    assert "15 items got a new list price." in page
    client.post(undo_of(page), data=chosen)
    assert price(company, ids[0]) == 10_000


@pytest.mark.parametrize(("percent", "words"), [("", "how many percent"), ("0", "how many percent"), ("x", "not a percentage"),
                                                ("-95", "−90%"), ("5000", "−90%")])  # fmt: skip
def test_a_percentage_that_makes_no_sense_is_refused(company: Company, percent: str, words: str) -> None:
    with company.acting():
        made = people.item().id
    client = company.sign_in()
    answer = client.post("/items/bulk/prices", data={"csrf_token": token(client), "ids": str(made), "percent": percent,
                                                     "rounding": "1"}, hx=True)  # fmt: skip
    assert answer.status_code == 422
    assert words in answer.text


def test_all_that_match_are_archived_and_put_back(company: Company) -> None:
    with company.acting():
        for n in range(3):
            people.item(name=f"Pump {n}")
        people.item(name="Other")
    client = company.sign_in()
    client.post("/items/bulk/archive?q=pump", data={"csrf_token": token(client), "everything": "1"})
    assert names(client, "/items") == ["Other"]
    client.post("/items/bulk/unarchive?state=archived", data={"csrf_token": token(client), "everything": "1"})
    assert len(names(client, "/items")) == 4


def test_a_category_is_set_for_several(company: Company) -> None:
    with company.acting():
        cooling = people.category("Cooling").id
        ids = [str(people.item().id) for _ in range(2)]
    client = company.sign_in()
    chosen = {"csrf_token": token(client), "ids": ids}
    assert "Cooling" in client.post("/items/bulk/category", data=chosen, hx="dialog").text
    client.post("/items/bulk/category", data={**chosen, "category_id": str(cooling)})
    assert len(names(client, f"/items?category={cooling}")) == 2
    assert (
        client.post("/items/bulk/category", data={**chosen, "category_id": "999999"}, hx=True).status_code
        == 422
    )


def test_categories_are_added_renamed_and_archived(company: Company) -> None:
    client = company.sign_in()
    data = {"csrf_token": token(client), "name": "Cooling"}
    answer = client.post("/items/categories/new", data=data, hx=True)
    assert answer.status_code == 204
    assert "categories-changed" in answer.headers["HX-Trigger"]
    assert client.post("/items/categories/new", data=data, hx=True).status_code == 422
    with company.acting():
        made = queries.category_table()[0].id
    client.post(f"/items/categories/{made}/edit", data={**data, "name": "Cold"})
    assert "Cold" in client.get("/items/categories").text
    client.post(f"/items/categories/{made}/archive", data=data)
    assert "Archived" in client.get("/items/categories").text
    with company.acting():
        assert queries.category_choices() == []


def test_options_carry_code_and_price(company: Company) -> None:
    with company.acting():
        made = people.item(name="AC tune-up", code="AC-1", list_price_cents=18_900).id
    found = company.sign_in("technician").get("/items/options?q=tune").json
    assert found == [{"id": made, "label": "AC tune-up", "hint": "AC-1 · $189.00"}]


def test_another_companys_item_is_not_there(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign, category = people.item().id, people.category().id
    client = company.sign_in()
    given = {"csrf_token": token(client), "name": "x"}
    for path in (f"{foreign}", f"{foreign}/edit", f"{foreign}/timeline", f"categories/{category}/edit"):
        assert client.get(f"/items/{path}").status_code == 404, path
    for path in (
        f"{foreign}",
        f"{foreign}/archive",
        f"categories/{category}/edit",
        f"categories/{category}/archive",
    ):
        assert client.post(f"/items/{path}", data=given).status_code == 404, path
    assert client.post("/items/bulk/archive", data={**given, "ids": str(foreign)}).status_code == 404
    assert price(other_company, foreign) == 150_00


def test_who_may_not_edit_sees_no_buttons(company: Company) -> None:
    with company.acting():
        made = people.item().id
    client = company.sign_in("dispatcher")
    assert "New item" not in client.get("/items").text
    for url in ("/items/new", f"/items/{made}/edit", "/items/categories/new"):
        assert client.get(url).status_code == 403
    assert company.sign_in("technician").get("/items").status_code == 403
