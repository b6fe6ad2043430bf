"""The field APIs of zones, skills and vehicles."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import fleet, people
from tests.factories.queries import counted
from tests.factories.world import ApiClient, Company
from webapp.fleet.queries import skilled
from webapp.fleet.service import vehicles
from webapp.kit import clock

ZONES, SKILLS, HELD, VEHICLES = (
    "/admin/service-zones",
    "/admin/skills",
    "/admin/technician-skills",
    "/admin/vehicles",
)


def data(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_json()["data"]


def fields(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.get_data(as_text=True)
    found: dict[str, str] = answer.get_json()["error"]["details"]["fields"]
    return found


# Zones --------------------------------------------------------------------------------------------------------------


def test_zones_are_made_found_changed_ordered_and_archived(company: Company) -> None:
    with company.acting():
        mike, ana = people.technician().id, people.technician().id
    api = company.api("manager")
    first = data(
        api.post(ZONES, {"name": "North", "zips": ["33601-33603", "33606"], "technician_ids": [mike]}), 201
    )
    assert {k: first[k] for k in ("kind", "zips", "polygon", "position", "technician_ids", "archived")} == {
        "kind": "zip", "zips": ["33601", "33602", "33603", "33606"], "polygon": None, "position": 1, "technician_ids": [mike],
        "archived": False}  # fmt: skip
    second = data(api.post(ZONES, {"name": "Drawn", "polygon": fleet.SQUARE}), 201)
    assert (second["kind"], second["polygon"], second["zips"]) == ("polygon", fleet.SQUARE, [])
    assert data(api.get(f"{ZONES}/resolve?zip=33606")) == {"zone": first, "technician_ids": [mike, ana]}
    assert data(api.get(f"{ZONES}/resolve?zip=33609"))["zone"]["id"] == second["id"]
    assert data(api.get(f"{ZONES}/resolve?lat=27.95&lon=-82.46"))["technician_ids"] == [ana]
    assert data(api.get(f"{ZONES}/resolve?zip=10001")) == {"zone": None, "technician_ids": []}
    moved = data(api.patch(f"{ZONES}/{second['id']}", {"position": 1, "color": "#dc2626"}))
    assert (moved["position"], moved["color"]) == (1, "#dc2626")
    assert data(api.get(f"{ZONES}/resolve?zip=33606"))["zone"]["id"] == second["id"]
    assert data(api.delete(f"{ZONES}/{second['id']}")) == {
        "id": second["id"],
        "deleted": False,
        "archived": True,
    }
    assert [z["name"] for z in data(api.get(f"{ZONES}?archived=false"))["items"]] == ["North"]
    assert data(api.get(f"{ZONES}?q=3360&kind=zip&technician_id={mike}"))["total"] == 1
    assert data(api.patch(f"{ZONES}/{second['id']}", {"archived": False}))["archived"] is False


@pytest.mark.parametrize(("body", "field"), [
    ({"zips": ["33606"]}, "name"),
    ({"name": "A"}, "zips"),
    ({"name": "A", "zips": []}, "zips"),
    ({"name": "A", "zips": ["x"]}, "zips"),
    ({"name": "A", "zips": ["99999"]}, "zips"),
    ({"name": "A", "zips": [33606]}, "zips.0"),
    ({"name": "A", "polygon": [[0, 0], [2, 2], [2, 0], [0, 2]]}, "polygon"),
    ({"name": "A", "polygon": [[0, 0], [1, 1]]}, "polygon"),
    ({"name": "A", "polygon": [[0, 0], [1, 1], [2, "x"]]}, "polygon.2.1"),
    ({"name": "A", "polygon": [[0, 0, 0], [1, 1], [2, 0]]}, "polygon.0"),
    ({"name": "A", "polygon": [[0, 0], [1, 99], [2, 0]]}, "polygon"),
    ({"name": "A", "zips": ["33606"], "color": "red"}, "color"),
    ({"name": "A", "zips": ["33606"], "technician_ids": [-1]}, "technician_ids.0"),
    ({"name": "A", "zips": ["33606"], "surprise": 1}, "surprise"),
])  # fmt: skip
def test_a_wrong_zone_names_the_field(company: Company, body: dict[str, Any], field: str) -> None:
    assert field in fields(company.api().post(ZONES, body))


@pytest.mark.parametrize(("query", "field"), [
    ("zip=3360", "zip"), ("zip=abcde", "zip"), ("lat=27.9", "lon"), ("lon=-82", "lat"), ("lat=91&lon=0", "lat"),
    ("lat=0&lon=181", "lon"), ("lat=x&lon=0", "lat"), ("near=me", "near"),
])  # fmt: skip
def test_a_place_that_cannot_be_is_named(company: Company, query: str, field: str) -> None:
    assert field in fields(company.api().get(f"{ZONES}/resolve?{query}"))


# Skills -------------------------------------------------------------------------------------------------------------


def test_skills_are_kept_given_changed_and_taken(company: Company) -> None:
    with company.acting():
        mike = people.technician().id
        today = skilled.today()
    api = company.api("manager")
    epa = data(api.post(SKILLS, {"name": "EPA 608", "certified": True}), 201)
    soon = str(today + timedelta(days=10))
    held = data(
        api.post(HELD, {"technician_id": mike, "skill_id": epa["id"], "level": 4, "expires_on": soon}), 201
    )
    assert (held["level"], held["expires_on"], held["expired"]) == (4, soon, False)
    assert api.post(HELD, {"technician_id": mike, "skill_id": epa["id"], "level": 4}).status_code == 409
    assert data(api.get(f"{HELD}/expiring?days=10"))["total"] == 1
    assert data(api.get(f"{HELD}/expiring?days=9"))["total"] == 0
    past = data(api.patch(f"{HELD}/{held['id']}", {"expires_on": str(today - timedelta(days=1)), "level": 5}))
    assert (past["level"], past["expired"]) == (5, True)
    assert data(api.get(f"{HELD}/expiring?days=0&technician_id={mike}"))["total"] == 1
    assert data(api.get(f"{HELD}?technician_id={mike}&skill_id={epa['id']}&level=5&q=epa"))["total"] == 1
    assert data(api.delete(f"{HELD}/{held['id']}"))["deleted"] is True
    assert api.get(f"{HELD}/{held['id']}").status_code == 404
    assert data(api.delete(f"{SKILLS}/{epa['id']}"))["archived"] is True
    assert data(api.get(f"{SKILLS}?archived=true"))["total"] == 1


@pytest.mark.parametrize(("change", "field"), [
    ({"level": 0}, "level"), ({"level": 6}, "level"), ({"level": "4"}, "level"), ({"level": None}, "level"),
    ({"expires_on": "soon"}, "expires_on"), ({"certificate": "x" * 81}, "certificate"), ({"skill_id": -1}, "skill_id"),
])  # fmt: skip
def test_a_wrong_skill_names_the_field(company: Company, change: dict[str, Any], field: str) -> None:
    with company.acting():
        body = {"technician_id": people.technician().id, "skill_id": fleet.skill().id, "level": 3}
    assert field in fields(company.api().post(HELD, body | change))


# Vehicles -----------------------------------------------------------------------------------------------------------


def test_vehicles_are_made_driven_read_moved_and_retired(company: Company) -> None:
    with company.acting():
        mike = people.technician(name="Mike").id
    api = company.api("manager")
    van = data(
        api.post(VEHICLES, {"name": "Truck 12", "vin": "1M8GDM9A1KP042788", "odometer_miles": 40_000}), 201
    )
    assert (van["status"], van["odometer_miles"], van["technician_id"]) == ("active", 40_000, None)
    assert "should be X" in van["warnings"][0]
    one = f"{VEHICLES}/{van['id']}"
    assert data(api.put(f"{one}/driver", {"technician_id": mike}))["message"] == "Mike drives Truck 12 now."
    assert [d["technician_id"] for d in data(api.get(f"{one}/drivers"))["items"]] == [mike]
    assert data(api.post(f"{one}/odometer", {"odometer_miles": 40_500}), 201)["odometer_miles"] == 40_500
    assert "odometer_miles" in fields(api.post(f"{one}/odometer", {"odometer_miles": 4_050}))
    assert data(api.post(f"{one}/odometer", {"odometer_miles": 4_050, "reason": "New panel"}), 201)
    readings = data(api.get(f"{one}/odometer"))["items"]
    assert [(r["odometer_miles"], r["reason"]) for r in readings] == [
        (4_050, "New panel"),
        (40_500, ""),
        (40_000, ""),
    ]
    seen = data(api.put(f"{one}/position", {"latitude": 27.95, "longitude": -82.46}))
    assert (seen["latitude"], seen["longitude"]) == (27.95, -82.46)
    assert "latitude" in fields(api.put(f"{one}/position", {"latitude": 91, "longitude": 0}))
    assert data(api.get(f"{VEHICLES}?technician_id={mike}&driven=true&status=active&q=truck"))["total"] == 1
    assert data(api.delete(one)) == {"id": van["id"], "deleted": False, "archived": True}
    assert api.put(f"{one}/driver", {"technician_id": mike}).status_code == 409
    assert data(api.patch(one, {"status": "active"}))["technician_id"] is None


def test_maintenance_is_planned_alerted_done_and_corrected(company: Company) -> None:
    with company.acting():
        van = fleet.vehicle(odometer_miles=40_000).id
    api = company.api("manager")
    plans, work = f"{VEHICLES}/{van}/maintenance-plans", f"{VEHICLES}/{van}/maintenance"
    plan = data(api.post(plans, {"name": "Oil", "every_miles": 5_000, "last_done_miles": 30_000}), 201)
    assert (plan["state"], plan["due_miles"], plan["miles_left"], plan["days_left"]) == (
        "overdue",
        35_000,
        -5_000,
        None,
    )
    assert [p["id"] for p in data(api.get(f"{VEHICLES}/maintenance-alerts"))["items"]] == [plan["id"]]
    assert data(api.get(f"{VEHICLES}/maintenance-alerts?state=soon"))["total"] == 0
    done = data(api.post(f"{plans}/{plan['id']}/done", {"cost_cents": 8_950, "vendor": "Quick Lube"}), 201)
    assert (done["name"], done["plan_id"], done["cost_cents"]) == ("Oil", plan["id"], 8_950)
    assert data(api.get(f"{plans}/{plan['id']}"))["state"] == "ok"
    assert data(api.get(f"{VEHICLES}/maintenance-alerts"))["total"] == 0
    other = data(api.post(work, {"name": "Wipers", "odometer_miles": 40_100}), 201)
    assert data(api.get(f"{VEHICLES}/{van}"))["odometer_miles"] == 40_100
    assert data(api.patch(f"{work}/{other['id']}", {"cost_cents": 2_500}))["cost_cents"] == 2_500
    assert (
        data(api.get(work))["total"]
        == data(api.get(f"{VEHICLES}/maintenance?vehicle_id={van}"))["total"]
        == 2
    )
    assert data(api.delete(f"{work}/{other['id']}"))["deleted"] is True
    assert data(api.delete(f"{plans}/{plan['id']}"))["archived"] is True
    assert data(api.get(f"{plans}?active=true"))["total"] == 0
    assert "every_miles" in fields(api.post(plans, {"name": "Nothing"}))
    assert "done_on" in fields(api.post(work, {"name": "Later", "done_on": "2999-01-01"}))


# All of them --------------------------------------------------------------------------------------------------------


def made(company: Company) -> dict[str, int]:
    with company.acting():
        held = fleet.held()
        van = fleet.vehicle()
        return {"zone": fleet.zone().id, "held": held.id, "skill": held.skill_id, "van": van.id, "plan": fleet.plan(van).id,
                "work": fleet.work(van).id, "technician": held.technician_id}  # fmt: skip


def test_another_companys_ids_are_404_everywhere(company: Company, other_company: Company) -> None:
    theirs, own = made(other_company), made(company)
    api = company.api()
    van = f"{VEHICLES}/{theirs['van']}"
    answers = [
        *(api.get(p) for p in (f"{ZONES}/{theirs['zone']}", f"{SKILLS}/{theirs['skill']}", f"{HELD}/{theirs['held']}", van,
                               f"{van}/drivers", f"{van}/odometer", f"{van}/maintenance", f"{van}/maintenance-plans")),
        api.patch(f"{ZONES}/{theirs['zone']}", {"name": "Mine"}),
        api.post(ZONES, {"name": "New", "zips": ["33606"], "technician_ids": [theirs["technician"]]}),
        api.post(HELD, {"technician_id": own["technician"], "skill_id": theirs["skill"], "level": 3}),
        api.put(f"{VEHICLES}/{own['van']}/driver", {"technician_id": theirs["technician"]}),
        api.get(f"{VEHICLES}/{own['van']}/maintenance-plans/{theirs['plan']}"),
        api.post(f"{VEHICLES}/{own['van']}/maintenance", {"name": "X", "plan_id": theirs["plan"]}),
        api.delete(f"{VEHICLES}/{own['van']}/maintenance/{theirs['work']}"),
    ]  # fmt: skip
    assert [a.status_code for a in answers] == [404] * len(answers)


@pytest.mark.parametrize(("role", "reads", "writes"), [
    ("manager", "zsv", "zsv"), ("dispatcher", "zsv", ""), ("payroll", "s", ""), ("accountant", "v", ""), ("technician", "", ""),
])  # fmt: skip
def test_roles_decide(company: Company, role: str, reads: str, writes: str) -> None:
    api = company.api(role)
    read = {"z": ZONES, "s": HELD, "v": VEHICLES}
    assert "".join(k for k, path in read.items() if api.get(path).status_code == 200) == reads
    write = {
        "z": (ZONES, {"name": "A", "zips": ["33606"]}),
        "s": (SKILLS, {"name": "A"}),
        "v": (VEHICLES, {"name": "A"}),
    }
    assert (
        "".join(k for k, (path, body) in write.items() if api.post(path, body).status_code == 201) == writes
    )


CREATE: tuple[tuple[str, dict[str, Any]], ...] = (
    (ZONES, {"name": "A", "zips": ["33606"]}), (SKILLS, {"name": "A"}), (VEHICLES, {"name": "A"}),
)  # fmt: skip


@pytest.mark.parametrize(("path", "body"), CREATE)
def test_the_same_key_makes_one(company: Company, path: str, body: dict[str, Any]) -> None:
    api = company.api()
    first, again = (api.post(path, body, Idempotency_Key="k1") for _ in range(2))
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.post(path, {**body, "name": "B"}, Idempotency_Key="k1").status_code == 422
    assert data(api.get(path))["total"] == 1


def test_lists_give_what_changed_since(company: Company) -> None:
    with clock.at(clock.now() - timedelta(days=10)):
        ids = made(company)
    api = company.api()
    since = clock.iso(clock.now() - timedelta(days=1))
    paths = (ZONES, SKILLS, HELD, VEHICLES, f"{VEHICLES}/{ids['van']}/maintenance", f"{VEHICLES}/{ids['van']}/maintenance-plans",
             f"{VEHICLES}/{ids['van']}/odometer")  # fmt: skip
    assert [data(api.get(f"{path}?updated_since={since}"))["total"] for path in paths] == [0] * len(paths)
    assert all(data(api.get(path))["total"] for path in paths)
    api.patch(f"{ZONES}/{ids['zone']}", {"zips": ["33609"]})  # only its list
    assert data(api.get(f"{ZONES}?updated_since={since}"))["total"] == 1


def _zones() -> None:
    fleet.zone(technician_ids=[people.technician().id])


def _alerts() -> None:
    fleet.plan(fleet.vehicle(), every_days=1)


LISTS: tuple[tuple[str, Callable[[], Any], int], ...] = (
    (ZONES, _zones, 8), (SKILLS, fleet.skill, 6), (HELD, fleet.held, 7), (f"{HELD}/expiring", fleet.held, 7),
    (VEHICLES, lambda: fleet.vehicle(vin="1M8GDM9AXKP042788"), 7), (f"{VEHICLES}/maintenance-alerts", _alerts, 7),
    (f"{VEHICLES}/maintenance", lambda: fleet.work(fleet.vehicle()), 6),
)  # fmt: skip


@pytest.mark.parametrize(("path", "make", "most"), LISTS)
def test_a_list_costs_the_same_queries_for_one_row_and_for_many(
    company: Company, path: str, make: Callable[[], Any], most: int
) -> None:
    api: ApiClient = company.api()
    with company.acting():
        make()
    api.get(path)
    with counted() as few:
        api.get(path)
    with company.acting():
        for _ in range(12):
            make()
    with counted() as many:
        api.get(path)
    assert len(many) == len(few) <= most, many


def test_a_pairing_is_told_in_words_partners_can_show(company: Company) -> None:
    with company.acting():
        mike, ana = people.technician(name="Mike").id, people.technician(name="Ana").id
        one, two = fleet.vehicle("Truck 1").id, fleet.vehicle("Truck 2").id
        vehicles.pair(one, mike)
        vehicles.pair(two, ana)
    said = data(company.api().put(f"{VEHICLES}/{two}/driver", {"technician_id": mike}))["message"]
    assert said == "Mike drives Truck 2 now, instead of Ana. Truck 1 has no driver any more."
