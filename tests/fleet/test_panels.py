"""What the fleet tells elsewhere: on a technician's page, on Today, in the search, in the audit log."""

from datetime import timedelta

import pytest

from tests.factories import fleet, people
from tests.factories.world import Company
from webapp.desk import cards, find
from webapp.fleet import panels
from webapp.fleet.queries import skilled
from webapp.fleet.service import skills, vehicles
from webapp.fleet.service import zones as zone_service


def test_a_technicians_page_shows_skills_vehicle_and_zones(company: Company) -> None:
    with company.acting():
        mike = people.technician(name="Mike")
        number = mike.id
        today = skilled.today()
        fleet.held(mike, fleet.skill("EPA 608"), 4, expires_on=today + timedelta(days=20), certificate="A-1")
        fleet.held(mike, fleet.skill("Heat pumps"), 5)
        van = fleet.vehicle("Truck 1", plate="ABC 123")
        vehicles.pair(van.id, mike.id)
        fleet.zone("North", technician_ids=[mike.id])
    with company.acting("manager"):
        told = panels.of_skills(number)
        assert [(r["skill"], r["level"], r["expiry"]) for r in told["rows"]] == [
            ("Heat pumps", "5 Expert", ""), ("EPA 608", "4 Experienced", "expires in 20 days")]  # fmt: skip
        place = panels.of_place(number)["facts"]
        assert [(f["label"], f["value"]) for f in place] == [("Vehicle", "Truck 1"), ("Zones", "North")]
    page = company.sign_in("manager").get(f"/technicians/{number}").text
    for words in ("EPA 608", "Truck 1", "ABC 123", "North", "gave the skill EPA 608: level 4"):
        assert words in page
    with company.acting("accountant"):
        assert panels.of_skills(number)["empty"] == "You may not see skills."
        assert [f["label"] for f in panels.of_place(number)["facts"]] == ["Vehicle"]


def test_who_is_named_for_no_zone_serves_all(company: Company) -> None:
    with company.acting():
        facts = panels.of_place(people.technician().id)["facts"]
    assert [(f["label"], f["value"]) for f in facts] == [("Vehicle", None), ("Zones", "All zones")]


@pytest.mark.parametrize(("expired", "soon", "title"), [
    (0, 0, None), (1, 0, "1 certificate of technicians has expired"), (2, 3, "2 certificates of technicians have expired"),
    (0, 1, "1 certificate of technicians expires within 30 days"), (0, 2, "2 certificates of technicians expire within 30 days"),
])  # fmt: skip
def test_today_tells_of_certificates(company: Company, expired: int, soon: int, title: str | None) -> None:
    with company.acting():
        today = skilled.today()
        for _ in range(expired):
            fleet.held(expires_on=today - timedelta(days=1))
        for _ in range(soon):
            fleet.held(expires_on=today + timedelta(days=30))
        fleet.held(expires_on=today + timedelta(days=31))
    with company.acting("manager"):
        assert [c.title for c in cards.now()] == ([title] if title else [])
    with company.acting("dispatcher"):
        assert cards.now() == []


def test_today_tells_of_overdue_maintenance(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle(odometer_miles=40_000)
        fleet.plan(van, every_days=5)  # only soon
        assert cards.now() == []
        fleet.plan(van, every_miles=5_000, last_done_miles=30_000)
    with company.acting("dispatcher"):
        (card,) = cards.now()
        assert (card.title, card.text, card.url) == (
            "1 vehicle service is overdue", "1 more due soon", "/vehicles/maintenance?state=overdue")  # fmt: skip
    page = company.sign_in("manager").get("/").text
    assert "1 vehicle service is overdue" in page


def test_vehicles_and_zones_are_found_by_the_search_and_by_who_may_see_them(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle("Truck 12", plate="ABC 123", make="Ford")
        zone = fleet.zone("North Tampa")
        number, area = van.id, zone.id
        zone_service.update(fleet.zone("North old").id, {"archived": True})

    def urls(query: str) -> list[str]:
        return [
            i["url"]
            for g in find.groups(query)
            for i in g["items"]
            if g["label"] in ("Vehicles", "Service zones")
        ]

    # the search looks for pages and actions too, which belong to a request
    with company.acting("manager"), company.app.test_request_context("/search"):
        assert urls("truck") == urls("abc") == [f"/vehicles/{number}"]
        assert urls("north") == [f"/service-zones/{area}"]
        assert any(i["url"] == "/vehicles/new" for g in find.groups("add vehicle") for i in g["items"])
    with company.acting("payroll"), company.app.test_request_context("/search"):
        assert urls("truck") == urls("north") == []


def test_the_audit_log_leads_to_the_vehicle(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle("Truck 12").id
        skills.update_skill(fleet.skill("EPA 608").id, {"archived": True})
    page = company.sign_in().get("/settings/audit-log?action=vehicle.created").text
    assert "vehicle.created" in page or "Vehicle created" in page
    assert f"/vehicles/{van}" in company.sign_in().get(_entry(page)).text


def _entry(page: str) -> str:
    import re

    return re.findall(r'href="(/settings/audit-log/\d+)"', page)[0]
