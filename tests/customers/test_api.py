"""The field API of customers."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import people
from tests.factories.world import Company
from webapp.customers import queries
from webapp.kit import clock

URL = "/admin/customers"


def test_a_customer_is_created_with_contacts_and_properties_read_and_listed(company: Company) -> None:
    api = company.api("manager")
    made = api.post(URL, {
        "name": "Jane Doe", "phone": "(813) 555-0142", "email": "Jane@Example.com", "tags": ["VIP"],
        "contacts": [{"name": "Dana", "role": "Tenant"}],
        "properties": [{"address": "123 Oak St", "zip": "33601"}, {"address": "9 Elm St", "primary": True}],
    })  # fmt: skip
    assert made.status_code == 201
    customer = made.json["data"]
    assert (customer["phone"], customer["email"], customer["kind"]) == (
        "+18135550142",
        "jane@example.com",
        "residential",
    )
    assert [(p["address"], p["primary"]) for p in customer["properties"]] == [
        ("9 Elm St", True),
        ("123 Oak St", False),
    ]
    assert customer["contacts"][0]["role"] == "Tenant"
    assert api.get(f"{URL}/{customer['id']}").json["data"] == customer
    listed = api.get(f"{URL}?page=1&limit=50").json["data"]
    assert (listed["total"], listed["items"][0]["name"]) == (1, "Jane Doe")
    assert "name_key" not in customer


def test_lists_are_narrowed(company: Company) -> None:
    with company.acting():
        people.customer(name="Ann Ames", tags=["VIP"], address="1 Oak St")
        people.customer(name="Bell Co", kind="commercial", archived=True)
    api = company.api()

    def found(query: str) -> list[str]:
        return [c["name"] for c in api.get(f"{URL}?{query}").json["data"]["items"]]

    assert found("q=oak") == ["Ann Ames"]
    assert found("kind=commercial") == ["Bell Co"]
    assert found("archived=false") == ["Ann Ames"]
    assert found("tag=VIP") == ["Ann Ames"]
    assert found("") == ["Ann Ames", "Bell Co"]


def test_a_change_changes_what_is_sent_and_nothing_else(company: Company) -> None:
    with company.acting():
        made = people.customer(name="Ann", phone="8135550142", tags=["VIP"], reference="C-1").id
    api = company.api("dispatcher")
    changed = api.patch(f"{URL}/{made}", {"email": "ann@example.com", "reference": None}).json["data"]
    assert (changed["email"], changed["phone"], changed["tags"], changed["reference"]) == (
        "ann@example.com", "+18135550142", ["VIP"], None)  # fmt: skip
    assert api.patch(f"{URL}/{made}", {"archived": True}).json["data"]["archived"] is True
    assert api.patch(f"{URL}/{made}", {}).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"name": 5}, "name"),
        ({"name": "A" * 161}, "name"),
        ({"name": "A", "kind": "other"}, "kind"),
        ({"name": "A", "phone": "555-0142"}, "phone"),
        ({"name": "A", "phone": 8135550142}, "phone"),
        ({"name": "A", "email": "nope"}, "email"),
        ({"name": "A", "tags": "VIP"}, "tags"),
        ({"name": "A", "tags": [""]}, "tags.0"),
        ({"name": "A", "archived": True}, "archived"),
        ({"name": "A", "merged_into_id": 1}, "merged_into_id"),
        ({"name": "A", "contacts": [{"role": "x"}]}, "contacts.0.name"),
        ({"name": "A", "properties": [{"address": ""}]}, "properties.0.address"),
        ({"name": "A", "properties": [{"address": "1 A St", "zip": "12"}]}, "zip"),
        ({"name": "A", "properties": {}}, "properties"),
    ],
)
def test_a_wrong_body_is_refused_naming_the_field_and_nothing_is_kept(
    company: Company, body: dict[str, Any], field: str
) -> None:
    api = company.api()
    answer = api.post(URL, body)
    assert answer.status_code == 422
    assert field in answer.json["error"]["details"]["fields"]
    assert api.get(URL).json["data"]["total"] == 0


def test_contacts_and_properties_have_addresses_of_their_own(company: Company) -> None:
    with company.acting():
        made = people.customer().id
    api = company.api()
    contact = api.post(f"{URL}/{made}/contacts", {"name": "Dana", "phone": "8135550142"})
    assert contact.status_code == 201
    one = f"{URL}/{made}/contacts/{contact.json['data']['id']}"
    assert api.get(one).json["data"]["phone"] == "+18135550142"
    assert api.patch(one, {"role": "Tenant"}).json["data"]["name"] == "Dana"
    assert api.get(f"{URL}/{made}/contacts").json["data"]["total"] == 1
    assert api.delete(one).json["data"] == {
        "id": contact.json["data"]["id"],
        "deleted": True,
        "archived": False,
    }
    assert api.get(one).status_code == 404
    assert api.delete(one).status_code == 404
    place = api.post(f"{URL}/{made}/properties", {"address": "1 Oak St", "state": "fl"}).json["data"]
    assert (place["primary"], place["state"]) == (True, "FL")
    one = f"{URL}/{made}/properties/{place['id']}"
    assert api.patch(one, {"unit": "4", "access_notes": "Gate"}).json["data"]["unit"] == "4"
    assert api.patch(one, {"primary": False}).status_code == 422
    assert api.delete(one).json["data"]["archived"] is True
    assert api.get(f"{URL}/{made}/properties?archived=false").json["data"]["total"] == 0
    assert api.get(one).json["data"]["archived"] is True
    assert api.patch(one, {"archived": False}).json["data"]["primary"] is True


def test_merging_keeps_one_and_the_other_names_it(company: Company) -> None:
    with company.acting():
        kept = people.customer(name="Jane Doe").id
        other = people.customer(name="Jane Do", email="jane@example.com", address="1 Oak St").id
    api = company.api("manager")
    merged = api.post(f"{URL}/{kept}/merge", {"other_id": other})
    assert merged.status_code == 200
    assert (merged.json["data"]["email"], len(merged.json["data"]["properties"])) == ("jane@example.com", 1)
    assert api.get(f"{URL}/{other}").json["data"]["merged_into_id"] == kept
    assert [c["id"] for c in api.get(URL).json["data"]["items"]] == [kept]
    assert [c["id"] for c in api.get(f"{URL}?merged=true").json["data"]["items"]] == [other]
    assert api.patch(f"{URL}/{other}", {"name": "A"}).status_code == 409
    assert api.post(f"{URL}/{other}/contacts", {"name": "A"}).status_code == 409
    assert api.post(f"{URL}/{kept}/merge", {"other_id": other}).status_code == 409
    assert api.post(f"{URL}/{kept}/merge", {"other_id": kept}).status_code == 409
    assert api.post(f"{URL}/{kept}/unmerge").status_code == 409
    parted = api.post(f"{URL}/{other}/unmerge")
    assert parted.status_code == 200
    assert (parted.json["data"]["merged_into_id"], len(parted.json["data"]["properties"])) == (None, 1)
    assert api.get(URL).json["data"]["total"] == 2


@pytest.mark.parametrize(
    "body", [{}, {"other_id": "5"}, {"other_id": -1}, {"other_id": 2**63}, {"other_id": 1, "x": 1}]
)
def test_a_wrong_merge_is_refused(company: Company, body: dict[str, Any]) -> None:
    with company.acting():
        made = people.customer().id
    assert company.api().post(f"{URL}/{made}/merge", body).status_code == 422


def test_the_same_key_makes_one_customer(company: Company) -> None:
    api = company.api()
    first = api.post(URL, {"name": "Jane"}, Idempotency_Key="k")
    assert api.post(URL, {"name": "Jane"}, Idempotency_Key="k").json == first.json
    assert api.get(URL).json["data"]["total"] == 1


def test_updated_since_gives_what_changed_since(company: Company) -> None:
    with company.acting(), clock.at(clock.now() - timedelta(days=10)):
        people.customer(name="Old")
        changed = people.customer(name="Changed", contacts=[{"name": "X"}], address="1 A St").id
    api = company.api()
    since = clock.iso(clock.now() - timedelta(days=1))
    for path in ("", f"/{changed}/contacts", f"/{changed}/properties"):
        assert api.get(f"{URL}{path}?updated_since={since}").json["data"]["total"] == 0, path
    api.patch(f"{URL}/{changed}", {"notes": "x"})
    assert [c["name"] for c in api.get(f"{URL}?updated_since={since}").json["data"]["items"]] == ["Changed"]


def test_another_companys_ids_are_404_in_every_place(company: Company, other_company: Company) -> None:
    with other_company.acting():
        made = people.customer(address="1 A St", contacts=[{"name": "X"}])
        foreign, place, contact = made.id, queries.properties(made.id)[0].id, queries.contacts(made.id)[0].id
    with company.acting():
        own, second = people.customer(address="1 A St", contacts=[{"name": "X"}]), people.customer().id
        own_place, own_contact, own_id = (
            queries.properties(own.id)[0].id,
            queries.contacts(own.id)[0].id,
            own.id,
        )
    api = company.api()
    paths = [f"{foreign}", f"{foreign}/contacts", f"{foreign}/properties"]
    paths += [f"{who}/contacts/{contact}" for who in (foreign, own_id)]
    paths += [f"{who}/properties/{place}" for who in (foreign, own_id)]
    paths += [
        f"{second}/contacts/{own_contact}",
        f"{second}/properties/{own_place}",
        f"{foreign}/contacts/{own_contact}",
    ]
    for path in paths:
        assert api.get(f"{URL}/{path}").status_code == 404, path
        if not path.endswith(("contacts", "properties")):
            assert api.patch(f"{URL}/{path}", {}).status_code == 404, path
        if "/" in path and path[-1].isdigit():
            assert api.delete(f"{URL}/{path}").status_code == 404, path
    posts = [
        (f"{foreign}/contacts", {"name": "A"}),
        (f"{foreign}/properties", {"address": "1 A St"}),
        (f"{foreign}/merge", {"other_id": own_id}),
        (f"{own_id}/merge", {"other_id": foreign}),
        (f"{foreign}/unmerge", {}),
    ]
    for path, body in posts:
        assert api.post(f"{URL}/{path}", body).status_code == 404, path


def test_roles_decide(company: Company) -> None:
    with company.acting():
        made, other = people.customer().id, people.customer().id
    accountant, technician = company.api("accountant"), company.api("technician")
    assert accountant.get(URL).status_code == 200
    assert accountant.post(URL, {"name": "A"}).status_code == 403
    assert accountant.post(f"{URL}/{made}/merge", {"other_id": other}).status_code == 403
    assert technician.get(URL).status_code == 403
    assert technician.patch(f"{URL}/{made}", {"name": "A"}).status_code == 403


def test_the_list_costs_the_same_queries_for_one_row_and_for_many(company: Company) -> None:
    from tests.factories.queries import counted

    with company.acting():
        people.customer(address="1 A St")
    api = company.api()
    api.get(URL)
    with counted() as few:
        api.get(URL)
    with company.acting():
        for _ in range(20):
            people.customer(address="1 A St", contacts=[{"name": "X"}])
    with counted() as many:
        api.get(URL)
    assert len(many) == len(few)
