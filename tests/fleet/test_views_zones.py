"""The pages of service zones, as a browser sees them."""

import csv
import io
import json
import re

import pytest
from flask.testing import FlaskClient

from tests.factories import fleet, people
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.fleet.queries import zones as queries

HOME = "/service-zones"


def token(client: FlaskClient) -> str:
    return csrf_of(client.get(HOME).text)


def names(client: FlaskClient, url: str) -> list[str]:
    """Names in the order of the list."""
    return re.findall(
        r'<a class="tr-zone-name" href="/service-zones/\d+">.*?</span>\s*([^<]+)</a>', client.get(url).text
    )


def undo_of(text: str) -> str:
    found = re.search(r'action="(/service-zones/[^"]*)"[^>]*><input[^>]*><button[^>]*tr-toast-undo', text)
    assert found, "no undo in the toast"
    return found[1].replace("&amp;", "&")


def order(company: Company) -> list[str]:
    with company.acting():
        return [z.name for z in queries.in_order()]


def test_without_zones_the_page_says_what_to_do(company: Company) -> None:
    page = company.sign_in().get(HOME).text
    assert "No service zones yet" in page
    assert "data-map" not in page


def test_filters_search_and_tabs_come_from_the_address(company: Company) -> None:
    with company.acting():
        mike = people.technician(name="Mike").id
        fleet.zone("North", zips=["33606"], technician_ids=[mike], notes="Bridge toll")
        fleet.zone("Drawn", polygon=fleet.SQUARE)
        fleet.zone("West", zips=["90210"])
        gone = fleet.zone("Gone", zips=["33609"])
        from webapp.fleet.service import zones as service

        service.update(gone.id, {"archived": True})
    client = company.sign_in()
    assert names(client, HOME) == ["North", "Drawn", "West"]
    assert names(client, f"{HOME}?q=north") == names(client, f"{HOME}?q=toll") == ["North"]
    assert names(client, f"{HOME}?q=902") == ["West"]  # by the beginning of a ZIP code
    assert names(client, f"{HOME}?kind=polygon") == ["Drawn"]
    assert names(client, f"{HOME}?technician={mike}") == ["North"]
    assert names(client, f"{HOME}?sort=name&dir=desc") == ["West", "North", "Drawn"]
    assert names(client, f"{HOME}?state=archived") == ["Gone"]
    assert len(names(client, f"{HOME}?state=all")) == 4
    assert "Served by</span> Mike" in client.get(f"{HOME}?technician={mike}").text


def test_the_map_shows_every_zone_in_force(company: Company) -> None:
    with company.acting():
        fleet.zone("North <b>", zips=["33606", "33609"])
        fleet.zone("Drawn", polygon=fleet.SQUARE)
    page = company.sign_in().get(HOME).text
    found = re.search(r'data-module="map".*?<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found
    told = json.loads(found[1])
    assert [a["name"] for a in told["areas"]] == ["North <b>", "Drawn"]
    assert [z[0] for z in told["areas"][0]["zips"]] == ["33606", "33609"]
    assert told["areas"][1]["polygon"][0] == [27.8, -82.6]
    assert told["outlines"].startswith("/static/us-counties-")
    assert told["tiles"] == ""


def test_the_list_costs_the_same_queries_for_one_row_and_for_many(company: Company) -> None:
    client = company.sign_in()
    with company.acting():
        mike = people.technician().id
        fleet.zone(technician_ids=[mike])
    client.get(HOME)
    with counted() as few:
        client.get(HOME)
    with company.acting():
        for n in range(25):
            fleet.zone(
                technician_ids=[mike], **({"polygon": fleet.SQUARE} if n % 2 else {"zips": ["33606-33616"]})
            )
    with counted() as many:
        client.get(HOME)
    assert len(many) == len(few) <= 13, many


def test_the_csv_has_what_is_shown_and_no_formula(company: Company) -> None:
    with company.acting():
        mike = people.technician(name="=Mike").id
        fleet.zone("=1+1", zips=["33606", "33609"], technician_ids=[mike])
        fleet.zone("Drawn", polygon=fleet.SQUARE)
    text = company.sign_in().get(f"{HOME}?format=csv").text
    assert list(csv.reader(io.StringIO(text))) == [
        ["Zone", "Kind", "ZIP codes", "Technicians"],
        ["'=1+1", "ZIP codes", "33606 33609", "'=Mike"],
        ["Drawn", "Drawn area", "", ""],
    ]


def test_a_zone_of_zip_codes_is_added_changed_archived_and_brought_back(company: Company) -> None:
    with company.acting():
        mike = people.technician(name="Mike").id
    client = company.sign_in("manager")
    data = {"csrf_token": token(client), "name": "North", "kind": "zip", "zips": "33601-33604, 33606", "points": "",
            "color": "#2563eb", "technician_ids": str(mike), "notes": ""}  # fmt: skip
    url = client.post(HOME, data=data).headers["Location"]
    page = client.get(url).text
    assert "5 ZIP codes" in page
    assert "Mike" in page
    assert "added this zone: 5 ZIP codes" in page
    again = client.post(HOME, data=data, hx=True)
    assert again.status_code == 422
    assert "There is a zone North already." in again.text
    client.post(url, data={**data, "zips": "33606", "technician_ids": []})
    page = client.get(url).text
    assert "Removed 33601, 33602, 33603 and 33604. No longer served by Mike." in page
    client.post(f"{url}/archive", data=data)
    page = client.get(url).text
    assert "North is archived." in page
    assert client.post(undo_of(page), data=data).status_code == 303
    assert order(company) == ["North"]


def test_a_zone_is_drawn_by_typing_its_corners(company: Company) -> None:
    client = company.sign_in()
    data = {"csrf_token": token(client), "name": "Drawn", "kind": "polygon", "zips": "33606", "color": "#2563eb",
            "points": "27.8, -82.6\n27.8, -82.3\n28.1, -82.3\n28.1, -82.6"}  # fmt: skip
    url = client.post(HOME, data=data).headers["Location"]
    assert "An area with 4 corners" in client.get(url).text
    assert "28.100000, -82.600000" in client.get(f"{url}/edit").text


@pytest.mark.parametrize(("change", "words"), [
    ({"name": ""}, "Write the zone’s name."),
    ({"zips": ""}, "Write at least one ZIP code"),
    ({"zips": "Tampa"}, "is not a ZIP code"),
    ({"zips": "33606 99999"}, "99999 is no ZIP code that we know."),
    ({"kind": "polygon", "points": ""}, "Draw the area"),
    ({"kind": "polygon", "points": "27.8, -82.6\nnorth"}, "Line 2"),
    ({"kind": "polygon", "points": "0 0\n2 2\n0 2\n2 0"}, "crosses itself"),
    ({"kind": "polygon", "points": "0 0\n0 1"}, "at least 3 corners"),
    ({"kind": "polygon", "points": "99 0\n0 1\n1 1"}, "outside the earth"),
    ({"color": "red"}, "Write a color"),
    ({"technician_ids": "99999999"}, "somebody chosen is not in it"),
])  # fmt: skip
def test_what_is_wrong_comes_back_at_its_field(company: Company, change: dict[str, str], words: str) -> None:
    client = company.sign_in()
    data = {
        "csrf_token": token(client),
        "name": "A",
        "kind": "zip",
        "zips": "33606",
        "points": "",
        "color": "#2563eb",
    }
    answer = client.post(HOME, data=data | change, hx=True)
    assert answer.status_code == 422
    assert words in answer.text
    assert order(company) == []


def test_unknown_zip_codes_may_be_kept_once_they_were_named(company: Company) -> None:
    client = company.sign_in()
    data = {
        "csrf_token": token(client),
        "name": "A",
        "kind": "zip",
        "zips": "33606 99999",
        "color": "#2563eb",
    }
    asked = client.post(HOME, data=data, hx=True).text
    assert 'name="keep_unknown"' in asked
    assert 'name="keep_unknown"' not in client.get(f"{HOME}/new").text
    url = client.post(HOME, data={**data, "keep_unknown": "y"}).headers["Location"]
    assert "<li>99999</li>" in client.get(url).text


def test_what_a_list_means_is_told_while_typing(company: Company) -> None:
    client = company.sign_in()
    answer = client.post(
        f"{HOME}/zips", data={"csrf_token": token(client), "zips": "33601-33603 99999 x"}, hx=True
    ).text
    assert "3 ZIP codes: 33601 to 33603." in answer
    assert "99999 is no ZIP code that we know." in answer
    assert "is not a ZIP code" in answer
    assert [z for z, *_ in json.loads(re.findall(r'id="zip-dots">(.*?)</script>', answer)[0])] == [
        "33601",
        "33602",
        "33603",
    ]


def test_zones_move_up_and_down_in_place(company: Company) -> None:
    with company.acting():
        ids = [fleet.zone(name).id for name in "ABC"]
    client = company.sign_in()
    data = {"csrf_token": token(client)}
    answer = client.post(f"{HOME}/{ids[2]}/up?kind=zip", data=data, hx="results")
    assert answer.status_code == 200
    assert re.findall(r"tr-zone-name.*?</span>\s*([A-C])</a>", answer.text) == ["A", "C", "B"]
    assert f'action="{HOME}/{ids[2]}/up?kind=zip"' in answer.text  # the filter stays
    assert client.post(f"{HOME}/{ids[2]}/up", data=data).status_code == 303
    assert order(company) == ["C", "A", "B"]
    assert "move-up" not in client.get(f"{HOME}?sort=name").text  # only where the order is in view


def test_the_ticked_are_archived_and_taken_back_from_the_toast(company: Company) -> None:
    with company.acting():
        mike = people.technician().id
        for name in ("Pump A", "Pump B"):
            fleet.zone(name, technician_ids=[mike])
        fleet.zone("Other")
    client = company.sign_in()
    data = {"csrf_token": token(client), "everything": "1"}
    client.post(f"{HOME}/bulk/archive?q=pump", data=data)
    page = client.get(HOME).text
    assert "2 zones archived. 1 technician served no other zone, and now serves all." in page
    assert order(company) == ["Other"]
    client.post(undo_of(page), data=data)
    assert len(order(company)) == 3


def test_overlaps_and_the_zone_of_a_zip_code_are_answered(company: Company) -> None:
    with company.acting():
        mike = people.technician(name="Mike").id
        fleet.zone("North", zips=["33606"], technician_ids=[mike])
        fleet.zone("Drawn", polygon=fleet.SQUARE)
    client = company.sign_in("dispatcher")
    said = re.sub(r"<[^>]+>", "", client.get(f"{HOME}/overlaps").text)
    assert "North wins over Drawn in 33606." in said
    answer = client.get(f"{HOME}/resolve?zip=33606", hx=True).text
    assert "North" in answer
    assert "Mike" in answer
    assert "is in no zone" in client.get(f"{HOME}/resolve?zip=10001", hx=True).text
    assert "Write the five digits" in client.get(f"{HOME}/resolve?zip=abc", hx=True).text
    with company.acting():
        zone = queries.in_order()[1].id
    assert "33606, served as North" in re.sub(r"<[^>]+>", "", client.get(f"{HOME}/{zone}").text)


def test_a_dispatcher_sees_and_does_not_change(company: Company) -> None:
    with company.acting():
        zone = fleet.zone("North").id
    client = company.sign_in("dispatcher")
    page = client.get(HOME).text
    assert "North" in page
    assert "New zone" not in page
    assert "move-up" not in page
    assert client.get(f"{HOME}/new").status_code == 403
    assert client.post(f"{HOME}/{zone}/archive", data={"csrf_token": token(client)}).status_code == 403


def test_another_companys_zone_is_not_there(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign = fleet.zone().id
    client = company.sign_in()
    data = {"csrf_token": token(client)}
    assert [client.get(f"{HOME}/{foreign}{p}").status_code for p in ("", "/edit", "/timeline")] == [404] * 3
    assert [client.post(f"{HOME}/{foreign}{p}", data=data).status_code for p in ("", "/archive", "/up")] == [
        404
    ] * 3
    assert client.post(f"{HOME}/bulk/archive", data=data | {"ids": str(foreign)}).status_code == 404


def test_tiles_come_only_from_where_they_are_configured(company: Company) -> None:
    with company.acting():
        fleet.zone()
    client = company.sign_in()
    policy = client.get(HOME).headers["Content-Security-Policy"]
    assert "img-src 'self' data: blob:; " in policy
    before = company.app.config["SETTINGS"]
    tiles = "https://{s}.tiles.example.com/{z}/{x}/{y}.png?key=1"
    company.app.config["SETTINGS"] = before.with_(map_tiles_url=tiles, map_tiles_attribution="© Somebody")
    try:
        answer = client.get(HOME)
    finally:
        company.app.config["SETTINGS"] = before
    assert (
        "img-src 'self' data: blob: https://*.tiles.example.com; "
        in answer.headers["Content-Security-Policy"]
    )
    assert "{z}/{x}/{y}.png" in answer.text
