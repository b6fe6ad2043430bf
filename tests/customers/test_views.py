"""The pages of customers, as a browser sees them."""

import csv
import io
import re

import pytest
from flask.testing import FlaskClient

from tests.factories import people
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.customers import queries, service
from webapp.kit.db import db
from webapp.models import Customer

PHONE = "(813) 555-0142"


def token(client: FlaskClient) -> str:
    return csrf_of(client.get("/customers").text)


def names(client: FlaskClient, url: str) -> list[str]:
    """Names in the order of the list."""
    return re.findall(r'<a href="/customers/\d+">([^<]+)</a>', client.get(url).text)


def undo_of(text: str) -> str:
    found = re.search(r'action="([^"]+)"><input[^>]*><button[^>]*tr-toast-undo', text)
    assert found, "no undo in the toast"
    return found[1].replace("&amp;", "&")


def test_the_first_customer_is_asked_for_where_there_is_none(company: Company) -> None:
    text = company.sign_in().get("/customers").text
    assert "No customers yet" in text
    assert "No customers yet" not in company.sign_in("accountant").get("/customers?state=archived&q=x").text


def test_search_filters_and_tabs_come_from_the_address(company: Company) -> None:
    with company.acting():
        people.customer(
            name="Ann Ames", phone=PHONE, tags=["VIP", "Gold plan"], address="12 Oak St", city="Tampa"
        )
        people.customer(name="Bell Management", kind="commercial", tags=["vip"])
        people.customer(name="Cid Cole", archived=True)
    client = company.sign_in()
    assert names(client, "/customers") == ["Ann Ames", "Bell Management"]
    assert names(client, "/customers?q=oak") == ["Ann Ames"]
    assert names(client, "/customers?q=555-0142") == ["Ann Ames"]
    assert names(client, "/customers?kind=commercial") == ["Bell Management"]
    assert names(client, "/customers?tag=Gold+plan") == ["Ann Ames"]
    assert names(client, "/customers?tag=VIP") == ["Ann Ames"]
    assert names(client, "/customers?tag=nothing") == []
    assert names(client, "/customers?state=archived") == ["Cid Cole"]
    assert names(client, "/customers?state=all&sort=added&dir=desc") == [
        "Cid Cole",
        "Bell Management",
        "Ann Ames",
    ]
    text = client.get("/customers?tag=VIP&kind=residential").text
    assert "Tag</span> VIP" in text
    assert "Kind</span> Residential" in text
    assert "12 Oak St" in text
    assert "Nothing matches" in client.get("/customers?q=zzzz").text


@pytest.mark.parametrize("sort", ["name", "added", "updated_at"])
@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_paging_in_any_order_shows_each_customer_once(company: Company, sort: str, direction: str,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setattr("webapp.kit.listing.rows.__kwdefaults__", {"total": None, "per_page": 3})
    with company.acting():
        for number in range(8):
            people.customer(name=f"C {number % 2}")
    client = company.sign_in()
    url, seen = f"/customers?sort={sort}&dir={direction}", []
    while url:
        text = client.get(url).text
        seen += re.findall(r'<tr data-href="/customers/(\d+)"', text)
        found = re.search(r'rel="next" href="([^"]+)"', text)
        url = found[1].replace("&amp;", "&") if found else ""
    assert len(seen) == len(set(seen)) == 8


def test_the_list_costs_the_same_queries_for_one_row_and_for_many(company: Company) -> None:
    client = company.sign_in()
    with company.acting():
        people.customer(address="1 A St")
    client.get("/customers")
    with counted() as few:
        client.get("/customers?q=cust")
    with company.acting():
        for number in range(30):
            people.customer(address=f"{number} B St", contacts=[{"name": "X"}], tags=["a"])
    with counted() as many:
        client.get("/customers?q=cust")
    assert len(many) == len(few) <= 9, many


def test_the_record_costs_the_same_queries_however_much_there_is(company: Company) -> None:
    client = company.sign_in()
    with company.acting():
        made_id = people.customer(address="1 A St", contacts=[{"name": "X"}]).id
    client.get(f"/customers/{made_id}")
    with counted() as few:
        client.get(f"/customers/{made_id}")
    with company.acting():
        for number in range(10):
            service.add_contact(made_id, {"name": f"N {number}"})
            service.add_property(made_id, {"address": f"{number} B St"})
            service.merge(made_id, people.customer().id)
    with counted() as many:
        client.get(f"/customers/{made_id}")
    assert len(many) == len(few) <= 15, many


def test_the_csv_has_what_is_shown_and_no_formula(company: Company) -> None:
    with company.acting():
        people.customer(name="=cmd|' /C calc'!A0", phone=PHONE, email="a@example.com", tags=["+x", "y"], address="-1 Oak St",
                        unit="4", city="@Tampa", state="FL", zip="33601")  # fmt: skip
        people.customer(name="Other Person", archived=True)
    text = company.sign_in().get("/customers?format=csv&cols=name,phone,email,place,kind,tags").text
    rows = list(csv.reader(io.StringIO(text)))
    assert ",".join(rows[0]) == "Customer,Company,Phone,Email,Address,Unit,City,State,ZIP,Kind,Tags"
    assert rows[1][:11] == ["'=cmd|' /C calc'!A0", "", PHONE, "a@example.com", "'-1 Oak St", "4", "'@Tampa", "FL", "33601",
                            "Residential", "'+x, y"]  # fmt: skip
    assert len(rows) == 2


def test_the_csv_is_in_the_order_of_the_list(company: Company) -> None:
    with company.acting():
        for name in ("B", "A", "C"):
            people.customer(name=name)
    client = company.sign_in()
    client.post(
        "/customers/bulk/tag", data={"csrf_token": token(client), "everything": "1", "tag": "100% VIP's"}
    )
    for query, order in (
        ("sort=name&dir=desc", "CBA"),
        ("tag=100%25+VIP's&q=b", "B"),
        ("sort=added&dir=asc", "BAC"),
        ("", "ABC"),
    ):
        text = client.get(f"/customers?format=csv&cols=name&{query}").text
        assert [line[0] for line in text.splitlines()[1:]] == list(order), query


def form(client: FlaskClient, **values: str) -> dict[str, str]:
    return {"csrf_token": token(client), "kind": "residential", "name": "John Smith", **values}


def test_a_customer_is_added_with_property_and_tags(company: Company) -> None:
    client = company.sign_in("dispatcher")
    answer = client.post("/customers", data=form(client, phone="813.555.0142", email="J@Example.com", tags="VIP, Gold plan",
                                                 address="123 Oak Street", city="Tampa", state="fl", zip="33601"))  # fmt: skip
    assert answer.status_code == 303
    page = client.get(answer.headers["Location"]).text
    for words in (
        "John Smith was added.",
        PHONE,
        "j@example.com",
        "Gold plan",
        "123 Oak Street",
        "Tampa, FL 33601",
    ):
        assert words in page, words


def test_somebody_who_may_be_known_is_asked_about_before_it_is_doubled(company: Company) -> None:
    with company.acting():
        known = people.customer(name="Jennifer Ramirez", phone=PHONE).id
    client = company.sign_in()
    data = form(client, name="Jenny Ramirez", phone=PHONE)
    answer = client.post("/customers", data=data, hx=True)
    assert answer.status_code == 422
    assert "Is it one of these?" in answer.text
    assert f'href="/customers/{known}"' in answer.text
    assert client.post("/customers", data={**data, "anyway": "1"}).status_code == 303
    assert len(names(client, "/customers")) == 2


def test_what_is_wrong_comes_back_at_its_fields_with_what_was_typed(company: Company) -> None:
    client = company.sign_in()
    answer = client.post("/customers", data=form(client, name="", phone="555-0142", email="nope"), hx=True)
    assert answer.status_code == 422
    for words in ("Write the customer", "lacks its area code", "not an email", 'value="555-0142"'):
        assert words in answer.text, words
    answer = client.post("/customers", data=form(client, address="1 A St", zip="12"), hx=True)
    assert answer.status_code == 422
    assert "is not a ZIP code" in answer.text
    assert 'href="#zip"' in answer.text


def test_a_customer_is_changed_archived_and_brought_back(company: Company) -> None:
    with company.acting():
        made_id = people.customer(name="John Smith", phone=PHONE, tags=["VIP"]).id
    client = company.sign_in()
    page = client.get(f"/customers/{made_id}/edit").text
    assert f'value="{PHONE}"' in page
    assert 'value="VIP"' in page
    client.post(
        f"/customers/{made_id}",
        data=form(client, name="John Q Smith", kind="commercial", tags="VIP, New", phone=PHONE),
    )
    page = client.get(f"/customers/{made_id}").text
    assert "John Q Smith" in page
    assert "Commercial customer" in page
    answer = client.post(f"/customers/{made_id}/archive", data=form(client))
    page = client.get(answer.headers["Location"]).text
    assert "Archived" in page
    client.post(undo_of(page), data=form(client))
    assert names(client, "/customers") == ["John Q Smith"]


def test_contacts_are_added_changed_removed_and_brought_back_in_dialogs(company: Company) -> None:
    with company.acting():
        made_id = people.customer().id
    client, url = company.sign_in(), f"/customers/{made_id}"
    assert "New contact" in client.get(f"{url}/contacts/new", hx="dialog").text
    answer = client.post(
        f"{url}/contacts/new", data=form(client, name="Dana Ellis", role="Tenant", phone=PHONE), hx=True
    )
    assert answer.status_code == 204
    assert "customer-changed" in answer.headers["HX-Trigger"]
    assert (
        client.post(f"{url}/contacts/new", data=form(client, name="", phone="1"), hx=True).status_code == 422
    )
    with company.acting():
        contact = queries.contacts(made_id)[0].id
    assert f'value="{PHONE}"' in client.get(f"{url}/contacts/{contact}/edit").text
    client.post(
        f"{url}/contacts/{contact}/edit", data=form(client, name="Dana Moss", role="Tenant", phone=PHONE)
    )
    assert "Dana Moss" in client.get(url, hx="record").text
    answer = client.post(f"{url}/contacts/{contact}/remove", data=form(client))
    page = client.get(answer.headers["Location"]).text
    undo = undo_of(page)
    for _ in range(2):  # clicked twice
        client.post(undo, data=form(client))
    with company.acting():
        assert [(c.name, c.role, c.phone) for c in queries.contacts(made_id)] == [
            ("Dana Moss", "Tenant", "+18135550142")
        ]
        other = people.customer().id
    forged = undo.replace(f"/customers/{made_id}/", f"/customers/{other}/")
    assert client.post(forged, data=form(client)).status_code == 409


def test_properties_are_added_made_primary_archived_and_brought_back(company: Company) -> None:
    with company.acting():
        made_id = people.customer(address="1 A St").id
    client, url = company.sign_in(), f"/customers/{made_id}"
    answer = client.post(f"{url}/properties/new", data=form(client, address="2 B St", zip="33601", access_notes="Gate 4471",
                                                            primary="y"), hx=True)  # fmt: skip
    assert answer.status_code == 204
    with company.acting():
        first, second = queries.properties(made_id)
        assert (first.address, first.primary, second.primary) == ("2 B St", True, False)
        first_id = first.id
    assert "Gate 4471" in client.get(url).text
    assert (
        client.post(f"{url}/properties/new", data=form(client, address="", zip="1"), hx=True).status_code
        == 422
    )
    assert "Gate 4471" in client.get(f"{url}/properties/{first_id}/edit", hx="dialog").text
    answer = client.post(
        f"{url}/properties/{first_id}/edit", data=form(client, address="2 B St", unit="7", zip="33601")
    )
    assert "2 B St #7" in client.get(url).text
    answer = client.post(f"{url}/properties/{first_id}/archive", data=form(client))
    page = client.get(answer.headers["Location"]).text
    assert "1 archived" in page
    client.post(undo_of(page), data=form(client))
    assert "1 archived" not in client.get(url).text


def test_two_customers_are_compared_merged_and_parted_again(company: Company) -> None:
    with company.acting():
        kept = people.customer(name="Jennifer Ramirez", phone=PHONE, notes="Dogs.").id
        other = people.customer(
            name="Jenny Ramirez", email="j@example.com", notes="Gate.", contacts=[{"name": "Marco"}]
        ).id
    client = company.sign_in("dispatcher")
    answer = client.post(
        "/customers/bulk/merge", data={"csrf_token": token(client), "ids": [str(other), str(kept)]}
    )
    url = answer.headers["Location"]
    assert url == f"/customers/{kept}/merge-with/{other}"
    page = client.get(url).text
    for words in (
        "Jennifer Ramirez",
        "Jenny Ramirez",
        "Gate.",
        "1 contact",
        'name="field-notes" value="both" checked',
    ):
        assert words in page, words
    answer = client.post(url, data=form(client, **{"field-name": "other", "field-notes": "both"}))
    page = client.get(answer.headers["Location"]).text
    assert "Jenny Ramirez was merged into Jenny Ramirez" in page
    assert "Marco" in page
    assert "Merged into this customer" in page
    assert names(client, "/customers") == ["Jenny Ramirez"]
    led = client.get(f"/customers/{other}")
    assert (led.status_code, led.headers["Location"]) == (303, f"/customers/{kept}")
    client.post(undo_of(page), data=form(client))
    assert names(client, "/customers") == ["Jennifer Ramirez", "Jenny Ramirez"]


def test_an_address_typed_on_one_line_is_kept_in_parts(company: Company) -> None:
    client = company.sign_in()
    line = "123 Oak Street Apt 4, Tampa FL 33601-1234"
    made = client.post("/customers", data=form(client, address=line)).headers["Location"]
    assert "Tampa, FL 33601-1234" in client.get(made).text
    client.post(f"{made}/properties/new", data=form(client, address="9 Elm St, Lutz, FL 33549"), hx=True)
    assert "Lutz, FL 33549" in client.get(made).text


def test_who_may_be_meant_is_told_apart_by_phone_and_address(company: Company) -> None:
    with company.acting():
        people.customer(name="Jennifer Ramirez", phone=PHONE, address="12 Oak St", city="Tampa")
    client = company.sign_in()
    answer = client.post("/customers", data=form(client, name="Jenny Ramirez", phone=PHONE), hx=True)
    assert f"{PHONE} · 12 Oak St, Tampa" in answer.text
    assert "Same phone number, a name that agrees" in answer.text


def test_possible_duplicates_are_shown_compared_and_told_apart(company: Company) -> None:
    with company.acting():
        one = people.customer(name="Jennifer Ramirez", phone=PHONE, address="12 Oak St", city="Tampa").id
        two = people.customer(name="Jenny Ramirez", phone=PHONE).id
        people.customer(name="Eve Adams", phone=PHONE)  # shares the line, and is somebody else
        people.customer(name="Karl Jones", address="9 Elm Street, Tampa, FL 33601")
        people.customer(name="JONES, KARL", address="9 Elm St", city="Tampa", zip="33601")
        people.customer(name="Gone Ramirez", phone=PHONE, archived=True)
    client = company.sign_in("dispatcher")
    assert 'href="/customers/duplicates"' in client.get("/customers").text
    page = client.get("/customers/duplicates").text
    assert page.count("Not the same</span>") == 2
    assert f"/customers/{one}/merge-with/{two}" in page
    assert "Same phone number, a name that agrees" in page
    assert "Same address, same name" in page
    for words in ("Eve Adams", "Gone Ramirez"):
        assert words not in page, words
    answer = client.post(f"/customers/{one}/apart-from/{two}", data=form(client))
    page = client.get(answer.headers["Location"]).text
    assert page.count("Not the same</span>") == 1
    assert "said that Jenny Ramirez is somebody else" in client.get(f"/customers/{one}").text
    client.post(undo_of(page), data=form(client))
    assert client.get("/customers/duplicates").text.count("Not the same</span>") == 2
    client.post(f"/customers/{one}/merge-with/{two}", data=form(client))
    client.post(f"/customers/{two}/unmerge", data=form(client))
    page = client.get("/customers/duplicates").text
    assert page.count("Not the same</span>") == 1  # whoever undoes a merge has said that they are two
    assert company.sign_in("accountant").get("/customers/duplicates").status_code == 403
    assert "/customers/duplicates" not in company.sign_in("accountant").get("/customers").text


def test_the_page_of_duplicates_costs_the_same_queries_for_few_and_for_many(company: Company) -> None:
    client = company.sign_in()
    with company.acting():
        for _ in range(2):
            people.customer(name="Ann Ames", phone=PHONE, address="1 A St")
    client.get("/customers/duplicates")
    with counted() as few:
        client.get("/customers/duplicates")
    with company.acting():
        for number in range(30):
            for _ in range(2):
                people.customer(name=f"N {number}", email=f"n{number}@example.com", address=f"{number} B St")
    with counted() as many:
        page = client.get("/customers/duplicates").text
    assert page.count("Not the same</span>") == 31
    assert len(many) == len(few) <= 10, many


def test_the_dialog_for_merging_offers_who_it_may_be(company: Company) -> None:
    with company.acting():
        one = people.customer(name="Jane Q. Smith", email="jane@example.com").id
        two = people.customer(name="SMITH, JANE", phone=PHONE).id
        other = people.customer(name="Eve Adams").id
    client = company.sign_in()
    page = client.get(f"/customers/{one}/merge", hx="dialog").text
    assert f'href="/customers/{one}/merge-with/{two}"' in page
    assert f"{PHONE} – a name that agrees" in page
    assert f"/merge-with/{other}" not in page
    client.post(f"/customers/{one}/apart-from/{two}", data=form(client))
    assert "/merge-with/" not in client.get(f"/customers/{one}/merge", hx="dialog").text


def test_two_of_one_name_are_told_apart_by_their_numbers_while_they_are_compared(company: Company) -> None:
    with company.acting():
        kept = people.customer(name="John Smith", tags=["VIP"], archived=True).id
        other = people.customer(name="John Smith", tags=["Gold"], phone=PHONE).id
    client = company.sign_in()
    url = f"/customers/{kept}/merge-with/{other}"
    page = client.get(url).text
    for words in (
        f"Keep John Smith ({kept})’s",
        f"Take John Smith ({other})’s",
        "Keep both",
        f"Merge into John Smith ({kept})",
    ):
        assert words in page, words
    assert page.count('value="both"') == 1
    client.post(url, data=form(client))
    assert names(client, "/customers?q=smith") == [
        "John Smith"
    ]  # one of them was in use, so the one they became is
    client.post(f"/customers/{other}/unmerge", data=form(client))
    with company.acting():
        assert db.session.get(Customer, (company.tenant_id, kept)).archived  # type: ignore[union-attr]


def test_the_other_one_is_chosen_in_a_dialog(company: Company) -> None:
    with company.acting():
        one, two = people.customer().id, people.customer().id
    client = company.sign_in()
    assert "/customers/options" in client.get(f"/customers/{one}/merge", hx="dialog").text
    assert (
        client.post(f"/customers/{one}/merge", data=form(client, other_id=str(one)), hx=True).status_code
        == 422
    )
    assert client.post(f"/customers/{one}/merge", data=form(client, other_id="x"), hx=True).status_code == 422
    answer = client.post(f"/customers/{one}/merge", data=form(client, other_id=str(two)), hx=True)
    assert answer.headers["HX-Redirect"] == f"/customers/{one}/merge-with/{two}"
    for ids in ([str(one)], [str(one), str(two), str(two + 1)]):
        assert (
            client.post(
                "/customers/bulk/merge", data={"csrf_token": token(client), "ids": ids}, hx=True
            ).status_code
            == 409
        )


def test_many_are_tagged_and_archived_at_once_and_back(company: Company) -> None:
    with company.acting():
        ids = [str(people.customer(name=f"Member {n}").id) for n in range(3)]
        people.customer(name="Other")
    client = company.sign_in()
    chosen = {"csrf_token": token(client), "ids": ids}
    assert "To 3 customers" in client.post("/customers/bulk/tag", data=chosen, hx="dialog").text
    assert client.post("/customers/bulk/tag", data={**chosen, "tag": ""}, hx=True).status_code == 422
    client.post("/customers/bulk/tag", data={**chosen, "tag": "VIP"})
    assert len(names(client, "/customers?tag=VIP")) == 3
    client.get("/customers")  # the toast of the tag
    client.post(
        "/customers/bulk/archive?q=member", data={"csrf_token": chosen["csrf_token"], "everything": "1"}
    )
    page = client.get("/customers").text
    assert "3 customers archived." in page
    client.post(undo_of(page), data=chosen)
    assert len(names(client, "/customers")) == 4


def test_options_tell_customers_of_one_name_apart(company: Company) -> None:
    with company.acting():
        made = people.customer(name="John Smith", phone=PHONE, address="12 Oak St", city="Tampa").id
        people.customer(name="John Gone", archived=True)
    assert company.sign_in("technician").get("/customers/options?q=john").json == [
        {"id": made, "label": "John Smith", "hint": f"{PHONE} · 12 Oak St, Tampa"}
    ]


def test_another_companys_customer_is_not_there(company: Company, other_company: Company) -> None:
    with other_company.acting():
        made = people.customer(name="Foreign Fred", address="1 A St", contacts=[{"name": "X"}])
        foreign, place, contact = made.id, queries.properties(made.id)[0].id, queries.contacts(made.id)[0].id
    with company.acting():
        own = people.customer().id
    client = company.sign_in()
    gets = [f"{foreign}", f"{foreign}/edit", f"{foreign}/timeline", f"{foreign}/merge", f"{foreign}/contacts/new",
            f"{foreign}/properties/new", f"{own}/contacts/{contact}/edit", f"{own}/properties/{place}/edit",
            f"{own}/merge-with/{foreign}", f"{foreign}/merge-with/{own}"]  # fmt: skip
    for path in gets:
        assert client.get(f"/customers/{path}").status_code == 404, path
    data = form(client, other_id=str(foreign), address="9 Z St")
    posts = [f"{foreign}", f"{foreign}/archive", f"{foreign}/unmerge", f"{own}/merge", f"{own}/merge-with/{foreign}",
             f"{foreign}/merge-with/{own}", f"{foreign}/contacts/new", f"{own}/contacts/{contact}/remove",
             f"{own}/properties/{place}/archive", f"{foreign}/properties/new"]  # fmt: skip
    for path in posts:
        assert client.post(f"/customers/{path}", data=data).status_code == 404, path
    for path in ("bulk/archive", "bulk/tag"):
        assert (
            client.post(f"/customers/{path}", data={**data, "ids": str(foreign), "tag": "x"}).status_code
            == 404
        ), path
    with other_company.acting():
        found = db.session.get(Customer, (other_company.tenant_id, foreign))
        assert found is not None
        assert (found.name, found.archived, found.tags) == ("Foreign Fred", False, [])
    assert client.get("/customers/options?q=foreign").json == []


def test_who_may_not_edit_sees_no_buttons(company: Company) -> None:
    with company.acting():
        made = people.customer(address="1 A St", contacts=[{"name": "X"}]).id
    client = company.sign_in("accountant")
    page = client.get(f"/customers/{made}").text
    for words in ("Edit", "Add contact", "Merge with", "Actions for"):
        assert words not in page, words
    assert client.get(f"/customers/{made}/edit").status_code == 403
    assert company.sign_in("technician").get("/customers").status_code == 403
