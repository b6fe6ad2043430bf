"""The pages of vehicles, as a browser sees them."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories import fleet, people
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.fleet import queries
from webapp.fleet.queries import maintenance
from webapp.fleet.queries import vehicles as reading
from webapp.fleet.service import vehicles as service
from webapp.kit.db import get
from webapp.models import MaintenancePlan, MaintenanceRecord, Vehicle

HOME = "/vehicles"


def token(client: FlaskClient) -> str:
    return csrf_of(client.get(HOME).text)


def names(client: FlaskClient, url: str) -> list[str]:
    """Names in the order of the list."""
    return re.findall(r'<a href="/vehicles/\d+">([^<]+)</a>', client.get(url).text)


def undo_of(text: str) -> str:
    found = re.search(r'action="(/vehicles/[^"]*)"[^>]*><input[^>]*><button[^>]*tr-toast-undo', text)
    found = found or re.search(r'"undo_url": "([^"]*)"', text)
    assert found, "no undo in the toast"
    return found[1].replace("&amp;", "&")


def vehicle(company: Company, number: int) -> Vehicle:
    with company.acting():
        return get(Vehicle, number)


def test_without_vehicles_the_page_says_what_to_do(company: Company) -> None:
    assert "No vehicles yet" in company.sign_in().get(HOME).text


def test_filters_search_and_tabs_come_from_the_address(company: Company) -> None:
    with company.acting():
        mike = people.technician(name="Mike").id
        one = fleet.vehicle("Truck 1", plate="ABC 123", make="Ford", odometer_miles=50_000)
        service.pair(one.id, mike)
        two = fleet.vehicle("Truck 2", vin="1M8GDM9AXKP042788")
        service.update(two.id, {"status": "in_shop"})
        fleet.plan(two, every_miles=5_000, last_done_miles=30_000)
        fleet.plan(one, every_days=5)
        service.retire(fleet.vehicle("Old").id)
    client = company.sign_in()
    assert names(client, HOME) == ["Truck 1", "Truck 2"]
    assert names(client, f"{HOME}?q=abc") == names(client, f"{HOME}?q=ford") == ["Truck 1"]
    assert names(client, f"{HOME}?q=1m8gdm") == ["Truck 2"]
    assert names(client, f"{HOME}?state=in_shop") == ["Truck 2"]
    assert names(client, f"{HOME}?state=retired") == ["Old"]
    assert names(client, f"{HOME}?driven=yes") == names(client, f"{HOME}?technician={mike}") == ["Truck 1"]
    assert names(client, f"{HOME}?driven=no") == ["Truck 2"]
    assert names(client, f"{HOME}?maintenance=overdue") == ["Truck 2"]
    assert names(client, f"{HOME}?maintenance=soon") == ["Truck 1"]
    assert names(client, f"{HOME}?maintenance=soon&maintenance=overdue&sort=name&dir=desc") == [
        "Truck 2",
        "Truck 1",
    ]
    page = client.get(HOME).text
    assert "5,000 miles over" in page
    assert "Due in 5 days" in page


def test_the_list_costs_the_same_queries_for_one_row_and_for_many(company: Company) -> None:
    client = company.sign_in()
    with company.acting():
        fleet.plan(fleet.vehicle())
    client.get(HOME)
    with counted() as few:
        client.get(f"{HOME}?q=truck")
    with company.acting():
        for _ in range(20):
            made = fleet.vehicle()
            fleet.plan(made)
            fleet.plan(made, every_days=5)
            service.pair(made.id, people.technician().id)
            service.set_position(made.id, 27.9, -82.4)
    with counted() as many:
        client.get(f"{HOME}?q=truck")
    assert len(many) == len(few) <= 12, many


def test_the_csv_has_what_is_shown_and_no_formula(company: Company) -> None:
    with company.acting():
        made = fleet.vehicle(
            "=1+1", plate="@X", year=2021, make="Ford", model="Transit", odometer_miles=45_210
        )
        fleet.plan(made, "Oil", every_miles=5_000, last_done_miles=30_000)
        service.pair(made.id, people.technician(name="Mike").id)
    text = company.sign_in().get(f"{HOME}?format=csv").text
    assert list(csv.reader(io.StringIO(text))) == [
        ["Vehicle", "State", "Driver", "Year", "Make", "Model", "Plate", "Odometer", "Next maintenance"],
        ["'=1+1", "In use", "Mike", "2021", "Ford", "Transit", "'@X", "45210", "Oil (overdue)"],
    ]


def test_a_vehicle_is_added_with_its_driver_and_the_usual_maintenance(company: Company) -> None:
    with company.acting():
        mike = people.technician(name="Mike").id
        service.pair(fleet.vehicle("Truck 1").id, mike)
    client = company.sign_in("manager")
    data: dict[str, Any] = {"csrf_token": token(client), "name": "Truck 12", "plate": "abc 123", "vin": "1M8GDM9A1KP042788",
                            "year": "2021", "make": "Ford", "model": "Transit", "status": "active", "odometer_miles": "45,210",
                            "driver_id": str(mike), "usual_plans": "y"}  # fmt: skip
    url = client.post(HOME, data=data).headers["Location"]
    page = client.get(url).text
    assert "Mike drives Truck 12 now. Truck 1 has no driver any more." in page
    assert page.count("check digit does not fit") == 2  # as a toast now, and on the page from now on
    assert "45,210 miles" in page
    assert all(
        name in page for name in ("Oil change", "Tire rotation", "State inspection", "Brakes", "Registration")
    )
    again = client.post(HOME, data=data, hx=True)
    assert again.status_code == 422
    assert "There is a vehicle Truck 12 already." in again.text


@pytest.mark.parametrize(("change", "words"), [
    ({"name": ""}, "Write what you call it"), ({"vin": "123"}, "this one has 3"), ({"year": "1850"}, "between 1900 and 2100"),
    ({"year": "x"}, "Write a whole number"), ({"odometer_miles": "9" * 12}, "between 0 and 2,000,000"),
    ({"odometer_miles": "-5"}, "Write a whole number"), ({"driver_id": "999999"}, "Not a valid choice"),
    ({"status": "sold"}, "Not a valid choice"),
])  # fmt: skip
def test_what_is_wrong_comes_back_at_its_field_and_nothing_is_left(
    company: Company, change: dict[str, str], words: str
) -> None:
    client = company.sign_in()
    data = {"csrf_token": token(client), "name": "A", "status": "active", "usual_plans": "y"} | change
    answer = client.post(HOME, data=data, hx=True)
    assert answer.status_code == 422
    assert words in answer.text
    assert names(client, f"{HOME}?state=all") == []


def test_a_vehicle_is_edited_sent_to_the_shop_retired_and_brought_back_with_its_driver(
    company: Company,
) -> None:
    with company.acting():
        van, mike = fleet.vehicle("Truck 1").id, people.technician(name="Mike").id
        service.pair(van, mike)
    client = company.sign_in("manager")
    data = {"csrf_token": token(client), "name": "Truck 9", "status": "active"}
    client.post(f"{HOME}/{van}", data=data)
    assert vehicle(company, van).name == "Truck 9"
    client.post(f"{HOME}/{van}/shop", data=data)
    assert vehicle(company, van).status == "in_shop"
    client.post(undo_of(client.get(f"{HOME}/{van}").text), data=data)
    assert vehicle(company, van).status == "active"
    client.get(HOME)  # what was told has been read
    client.post(f"{HOME}/{van}/retire", data=data)
    page = client.get(f"{HOME}/{van}").text
    assert "Truck 9 is retired." in page
    assert vehicle(company, van).technician_id is None
    client.post(undo_of(page), data=data)
    assert (vehicle(company, van).status, vehicle(company, van).technician_id) == ("active", mike)
    client.get(HOME)
    client.post(f"{HOME}/bulk/retire", data=data | {"ids": str(van)})
    assert vehicle(company, van).status == "retired"
    assert client.post(f"{HOME}/{van}/shop", data=data).status_code == 409
    client.post(f"{HOME}/bulk/restore?state=retired", data=data | {"ids": str(van)})
    assert vehicle(company, van).status == "active"


def test_a_driver_is_paired_in_a_dialog_and_unpaired_from_the_toast(company: Company) -> None:
    with company.acting():
        mike, ana = people.technician(name="Mike").id, people.technician(name="Ana").id
        one, two = fleet.vehicle("Truck 1").id, fleet.vehicle("Truck 2").id
        service.pair(one, mike)
        service.pair(two, ana)
    client = company.sign_in("dispatcher")
    data = {"csrf_token": token(client), "technician_id": str(mike)}
    assert "Mike – drives Truck 1" in client.get(f"{HOME}/{two}/driver", hx="dialog").text
    answer = client.post(f"{HOME}/{two}/driver", data=data, hx=True)
    assert (
        "Mike drives Truck 2 now, instead of Ana. Truck 1 has no driver any more."
        in answer.headers["HX-Trigger"]
    )
    assert "vehicle-changed" in answer.headers["HX-Trigger"]
    with company.acting():
        assert [d.id for d in queries.vehicle_of([mike, ana]).values()] == [two]
    client.post(undo_of(answer.headers["HX-Trigger"]), data=data)
    with company.acting():
        assert {k: d.id for k, d in queries.vehicle_of([mike, ana]).items()} == {mike: one, ana: two}
    assert client.post(f"{HOME}/undo/nonsense", data=data).status_code == 409


def test_an_odometer_is_read_in_a_dialog_that_asks_for_a_reason_when_needed(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle(odometer_miles=40_000).id
    client = company.sign_in("dispatcher")
    data = {"csrf_token": token(client), "odometer_miles": "4,050", "reason": ""}
    assert "Last read: 40,000 miles" in client.get(f"{HOME}/{van}/odometer", hx="dialog").text
    refused = client.post(f"{HOME}/{van}/odometer", data=data, hx=True)
    assert refused.status_code == 422
    assert "an odometer does not run backwards" in refused.text
    assert (
        client.post(f"{HOME}/{van}/odometer", data=data | {"reason": "New panel"}, hx=True).status_code == 204
    )
    assert vehicle(company, van).odometer_miles == 4_050
    page = client.get(f"{HOME}/{van}").text
    assert "read the odometer: 4,050 miles" in page
    assert "New panel" in page


# Maintenance --------------------------------------------------------------------------------------------------------


def test_a_plan_is_made_changed_ended_and_taken_back(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle(odometer_miles=40_000).id
    client = company.sign_in("manager")
    data = {"csrf_token": token(client), "name": "Oil", "every_miles": "5,000", "every_days": ""}
    assert client.post(f"{HOME}/{van}/plans/new", data=data, hx=True).status_code == 204
    with company.acting():
        plan = maintenance.plans_of([van])[van][0].id
    assert "Due in 5,000 miles, at 45,000 miles" in client.get(f"{HOME}/{van}").text
    refused = client.post(f"{HOME}/{van}/plans/{plan}/edit", data=data | {"every_miles": ""}, hx=True)
    assert "after how many miles or days" in refused.text
    client.post(f"{HOME}/{van}/plans/{plan}/edit", data=data | {"every_miles": "6000"})
    client.get(HOME)
    client.post(f"{HOME}/{van}/plans/{plan}/end", data=data)
    page = client.get(f"{HOME}/{van}").text
    assert "Nothing is planned" in page
    client.post(undo_of(page), data=data)
    with company.acting():
        assert get(MaintenancePlan, plan).due_miles == 46_000
    client.post(f"{HOME}/{van}/plans/usual", data=data)
    assert "Planned: Oil change, Tire rotation" in client.get(f"{HOME}/{van}").text


def test_work_is_recorded_from_the_alert_corrected_removed_and_restored(company: Company) -> None:
    with company.acting():
        made = fleet.vehicle("Truck 1", odometer_miles=40_000)
        van, plan = made.id, fleet.plan(made, "Oil change", every_miles=5_000, last_done_miles=30_000).id
        today = reading.today()
    client = company.sign_in("manager")
    due = client.get(f"{HOME}/maintenance").text
    assert "5,000 miles over" in due
    link = re.findall(rf'href="({HOME}/{van}/work/new\?plan={plan}[^"]*)"', due)[0].replace("&amp;", "&")
    form = client.get(link, hx="dialog").text
    assert 'name="plan_id"' in form
    assert 'value="Oil change"' in form
    data = {"csrf_token": token(client), "name": "Oil change", "plan_id": str(plan), "done_on": str(today),
            "odometer_miles": "40,100", "cost_cents": "89.50", "vendor": "Quick Lube", "notes": ""}  # fmt: skip
    answer = client.post(link, data=data, hx=True)
    assert answer.headers["HX-Redirect"] == f"{HOME}/maintenance"
    assert "Nothing is due" in client.get(f"{HOME}/maintenance").text
    page = client.get(f"{HOME}/{van}").text
    assert "$89.50" in page
    assert "40,100 miles" in page
    with company.acting():
        number = maintenance.records(van)[0].id
    client.post(f"{HOME}/{van}/work/{number}/edit", data=data | {"cost_cents": "99"})
    assert "$99.00" in client.get(f"{HOME}/work").text
    bad = client.post(
        f"{HOME}/{van}/work/{number}/edit", data=data | {"done_on": str(today + timedelta(days=1))}, hx=True
    )
    assert "a day to come" in bad.text
    client.post(f"{HOME}/{van}/work/{number}/remove", data=data)
    page = client.get(f"{HOME}/{van}").text
    assert "The record of Oil change is removed." in page
    assert "No work is recorded yet." in page
    client.post(undo_of(page), data=data)
    with company.acting():
        again = get(MaintenanceRecord, maintenance.records(van)[0].id)
        assert (again.cost_cents, again.plan_id) == (9_900, plan)


def test_what_is_due_is_filtered_and_exported(company: Company) -> None:
    with company.acting():
        one, two = (
            fleet.vehicle("Truck 1", odometer_miles=40_000),
            fleet.vehicle("Van 2", odometer_miles=40_000),
        )
        fleet.plan(one, "Oil", every_miles=5_000, last_done_miles=30_000)
        fleet.plan(two, "Tires", every_days=5)
        fleet.plan(two, "Brakes", every_miles=25_000)
        number = two.id

    def plans(query: str) -> list[str]:
        text = client.get(f"{HOME}/maintenance?{query}&format=csv").text
        return [row[1] for row in list(csv.reader(io.StringIO(text)))[1:]]

    client = company.sign_in("accountant")
    assert plans("") == ["Oil", "Tires"]
    assert plans("state=overdue") == ["Oil"]
    assert plans("state=soon") == ["Tires"]
    assert plans("state=all&sort=plan") == ["Brakes", "Oil", "Tires"]
    assert plans("q=van") == plans(f"vehicle={number}") == ["Tires"]
    assert "Record work" not in client.get(f"{HOME}/maintenance").text.split("<tbody>")[1]


def test_work_done_is_filtered_and_summed(company: Company) -> None:
    with company.acting():
        one, two = fleet.vehicle("Truck 1"), fleet.vehicle("Van 2")
        today = reading.today()
        fleet.work(one, "Oil", cost_cents=10_000, vendor="Quick Lube")
        fleet.work(two, "Tires", day=today - timedelta(days=40), cost_cents=50_000)
        fleet.work(two, "Wash")
    client = company.sign_in("accountant")
    page = client.get(f"{HOME}/work").text
    assert "$600.00" in page
    assert "$100.00" in client.get(f"{HOME}/work?q=lube").text.split("<tfoot>")[1]
    assert "$500.00" in client.get(f"{HOME}/work?vehicle={two.id}").text.split("<tfoot>")[1]
    recent = client.get(f"{HOME}/work?from={today - timedelta(days=7)}&to={today}").text
    assert "Tires" not in recent
    text = client.get(f"{HOME}/work?format=csv&sort=cost").text
    assert [r[2] for r in list(csv.reader(io.StringIO(text)))[1:]] == ["Tires", "Oil", "Wash"]


@pytest.mark.parametrize(("path", "most"), [(f"{HOME}/maintenance", 13), (f"{HOME}/work", 11)])
def test_lists_of_maintenance_cost_the_same_queries_for_one_row_and_for_many(
    company: Company, path: str, most: int
) -> None:
    def make() -> None:
        made = fleet.vehicle()
        fleet.plan(made, every_days=5)
        fleet.work(made)

    client = company.sign_in()
    with company.acting():
        make()
    client.get(path)
    with counted() as few:
        client.get(path)
    with company.acting():
        for _ in range(15):
            make()
    with counted() as many:
        client.get(path)
    assert len(many) == len(few) <= most, many


def test_the_record_costs_the_same_queries_however_much_happened(company: Company) -> None:
    with company.acting():
        made = fleet.vehicle()
        van = made.id
        fleet.plan(made)
        fleet.work(made)
        service.pair(van, people.technician().id)
        service.read_odometer(van, 40_001)
    client = company.sign_in()
    client.get(f"{HOME}/{van}")
    with counted() as few:
        client.get(f"{HOME}/{van}")
    with company.acting():
        for n in range(12):
            fleet.plan(get(Vehicle, van), every_days=n + 1)
            fleet.work(get(Vehicle, van))
            service.pair(van, people.technician().id)
            service.read_odometer(van, 40_100 + n)
    with counted() as many:
        client.get(f"{HOME}/{van}")
    assert len(many) == len(few) <= 17, many


def test_who_may_only_read_sees_no_way_to_change(company: Company) -> None:
    with company.acting():
        made = fleet.vehicle("Truck 1")
        van, plan, work = made.id, fleet.plan(made).id, fleet.work(made).id
    client = company.sign_in("accountant")
    page = client.get(f"{HOME}/{van}").text
    assert "Truck 1" in page
    assert not re.search(rf'(href|action)="{HOME}/{van}/(edit|driver|odometer|retire|plans|work)', page)
    data = {"csrf_token": token(client)}
    for path in (
        "",
        "/driver",
        "/odometer",
        "/retire",
        "/plans/new",
        f"/plans/{plan}/end",
        "/work/new",
        f"/work/{work}/remove",
    ):
        assert client.post(f"{HOME}/{van}{path}", data=data).status_code == 403, path


def test_another_companys_vehicle_is_not_there(company: Company, other_company: Company) -> None:
    with other_company.acting():
        made = fleet.vehicle()
        theirs = (made.id, fleet.plan(made).id, fleet.work(made).id)
    with company.acting():
        own = fleet.vehicle().id
    client = company.sign_in()
    data = {"csrf_token": token(client), "name": "x", "done_on": "2026-01-01", "odometer_miles": "5"}
    for path in (f"{theirs[0]}", f"{theirs[0]}/edit", f"{theirs[0]}/timeline", f"{theirs[0]}/driver", f"{theirs[0]}/odometer",
                 f"{theirs[0]}/plans/new", f"{own}/plans/{theirs[1]}/edit", f"{own}/work/{theirs[2]}/edit",
                 f"{own}/work/new?plan={theirs[1]}"):  # fmt: skip
        assert client.get(f"{HOME}/{path}").status_code == 404, path
    for path in (f"{theirs[0]}", f"{theirs[0]}/retire", f"{theirs[0]}/odometer", f"{theirs[0]}/plans/usual",
                 f"{own}/plans/{theirs[1]}/end", f"{own}/work/{theirs[2]}/remove"):  # fmt: skip
        assert client.post(f"{HOME}/{path}", data=data).status_code == 404, path


def test_vehicles_are_found_as_one_types(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle("Truck 1", plate="ABC 123").id
        service.retire(fleet.vehicle("Truck 2").id)
    found = company.sign_in().get(f"{HOME}/options?q=tru").json
    assert found == [{"id": van, "label": "Truck 1", "hint": "ABC 123"}]
