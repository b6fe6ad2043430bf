"""The field API of technicians."""

from datetime import timedelta
from typing import Any

import pytest

from tests.factories import people
from tests.factories.world import Company
from webapp.kit import clock, money
from webapp.technicians import queries

URL = "/admin/technicians"


def test_the_documents_own_calls_work(company: Company) -> None:
    api = company.api()
    made = api.post(URL, {"name": "Mike Johnson", "pay_type": "hourly", "base_pay_cents": 2500})
    assert made.status_code == 201
    technician = made.json["data"]
    assert {k: technician[k] for k in ("name", "pay_type", "base_pay_cents", "active")} == {
        "name": "Mike Johnson", "pay_type": "hourly", "base_pay_cents": 2500, "active": True}  # fmt: skip
    changed = api.patch(f"{URL}/{technician['id']}", {"base_pay_cents": 2800})
    assert changed.json["data"]["base_pay_cents"] == 2800
    listed = api.get(f"{URL}?page=1&limit=50").json
    assert listed["ok"] is True
    assert {k: listed["data"][k] for k in ("total", "page", "limit", "total_pages")} == {
        "total": 1, "page": 1, "limit": 50, "total_pages": 1}  # fmt: skip
    assert listed["data"]["items"][0]["id"] == technician["id"]
    scores = api.get(f"{URL}/metrics?date_from=2026-01-01&date_to=2026-03-31").json["data"]
    assert scores["leaderboard"][0] == {
        "rank": 1, "technician_id": technician["id"], "name": "Mike Johnson", "revenue_cents": 0, "sales_count": 0,
        "average_sale_cents": None, "commission_cents": 0, "completion_rate": None, "average_job_minutes": None,
        "average_rating": None, "revenue_per_job_cents": None,
    }  # fmt: skip


def test_ends_on_deactivates_and_null_reactivates(company: Company) -> None:
    api = company.api("manager")
    made = api.post(URL, {"name": "Mike", "pay_type": "salary"}).json["data"]["id"]
    gone = api.patch(f"{URL}/{made}", {"ends_on": "2020-01-31"}).json["data"]
    assert (gone["active"], gone["ends_on"]) == (False, "2020-01-31")
    assert api.get(f"{URL}?active=true").json["data"]["total"] == 0
    assert api.get(f"{URL}?active=false").json["data"]["total"] == 1
    assert api.patch(f"{URL}/{made}", {"ends_on": None}).json["data"]["active"] is True


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "A"}, "pay_type"),
        ({"pay_type": "hourly"}, "name"),
        ({"name": "", "pay_type": "hourly"}, "name"),
        ({"name": " ", "pay_type": "hourly"}, "name"),
        ({"name": "A" * 121, "pay_type": "hourly"}, "name"),
        ({"name": 5, "pay_type": "hourly"}, "name"),
        ({"name": None, "pay_type": "hourly"}, "name"),
        ({"name": "A", "pay_type": "daily"}, "pay_type"),
        ({"name": "A", "pay_type": "hourly", "base_pay_cents": -1}, "base_pay_cents"),
        ({"name": "A", "pay_type": "hourly", "base_pay_cents": money.MAX_CENTS + 1}, "base_pay_cents"),
        ({"name": "A", "pay_type": "hourly", "base_pay_cents": 10**40}, "base_pay_cents"),
        ({"name": "A", "pay_type": "hourly", "base_pay_cents": "2500"}, "base_pay_cents"),
        ({"name": "A", "pay_type": "hourly", "base_pay_cents": 25.5}, "base_pay_cents"),
        ({"name": "A", "pay_type": "hourly", "base_pay_cents": True}, "base_pay_cents"),
        ({"name": "A", "pay_type": "hourly", "base_pay_cents": None}, "base_pay_cents"),
        ({"name": "A", "pay_type": "commission", "base_pay_cents": 1}, "base_pay_cents"),
        ({"name": "A", "pay_type": "hourly", "starts_on": "soon"}, "starts_on"),
        ({"name": "A", "pay_type": "hourly", "starts_on": "2026-03-02", "ends_on": "2026-03-01"}, "ends_on"),
        ({"name": "A", "pay_type": "hourly", "phone": "12"}, "phone"),
        ({"name": "A", "pay_type": "hourly", "email": "x"}, "email"),
        ({"name": "A", "pay_type": "hourly", "color": "red"}, "color"),
        ({"name": "A", "pay_type": "hourly", "supervisor_id": -1}, "supervisor_id"),
        ({"name": "A", "pay_type": "hourly", "supervisor_id": 2**63}, "supervisor_id"),
        ({"name": "A", "pay_type": "hourly", "shoe_size": 9}, "shoe_size"),
    ],
)
def test_a_wrong_body_is_refused_naming_the_field(company: Company, body: dict[str, Any], field: str) -> None:
    answer = company.api().post(URL, body)
    assert answer.status_code == 422
    assert answer.json["error"]["code"] == "VALIDATION_ERROR"
    assert field in answer.json["error"]["details"]["fields"]


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "page=0", "active=perhaps", "pay_type=x", "nonsense=1",
                                   "updated_since=yesterday", "limit=x"])  # fmt: skip
def test_a_wrong_query_is_refused(company: Company, query: str) -> None:
    assert company.api().get(f"{URL}?{query}").status_code == 422


def test_a_taken_number_is_a_conflict(company: Company) -> None:
    api = company.api()
    body = {"name": "A", "pay_type": "hourly", "employee_number": "T-1"}
    assert api.post(URL, body).status_code == 201
    again = api.post(URL, body)
    assert (again.status_code, again.json["error"]["code"]) == (409, "CONFLICT")


def test_the_same_key_makes_one_technician(company: Company) -> None:
    api = company.api()
    body = {"name": "A", "pay_type": "hourly"}
    first = api.post(URL, body, Idempotency_Key="k1")
    again = api.post(URL, body, Idempotency_Key="k1")
    assert first.json == again.json
    assert again.headers["Idempotent-Replayed"] == "true"
    assert api.post(URL, {**body, "name": "B"}, Idempotency_Key="k1").status_code == 422
    assert api.get(URL).json["data"]["total"] == 1


def test_updated_since_gives_what_changed_since(company: Company) -> None:
    with company.acting(), clock.at(clock.now() - timedelta(days=10)):
        people.technician(name="Old")
        old = people.technician(name="Changed").id
    api = company.api()
    api.patch(f"{URL}/{old}", {"notes": "x"})
    since = clock.iso(clock.now() - timedelta(days=1))
    assert [t["name"] for t in api.get(f"{URL}?updated_since={since}").json["data"]["items"]] == ["Changed"]


def test_pages_are_numbered_and_do_not_overlap(company: Company) -> None:
    with company.acting():
        for _ in range(5):
            people.technician()
    api = company.api()
    pages = [api.get(f"{URL}?limit=2&page={n}").json["data"] for n in (1, 2, 3, 4)]
    assert [len(p["items"]) for p in pages] == [2, 2, 1, 0]
    assert pages[0]["total_pages"] == 3
    assert len({t["id"] for p in pages for t in p["items"]}) == 5


def test_another_companys_ids_are_404_in_every_place(company: Company, other_company: Company) -> None:
    with other_company.acting():
        foreign = people.technician().id
    with company.acting():
        own = people.technician().id
    api = company.api()
    answers = [
        api.get(f"{URL}/{foreign}"),
        api.patch(f"{URL}/{foreign}", {"name": "Mine"}),
        api.post(URL, {"name": "A", "pay_type": "hourly", "supervisor_id": foreign}),
        api.patch(f"{URL}/{own}", {"supervisor_id": foreign}),
        api.get(f"{URL}/0"),
        api.get(f"{URL}/{2**63}"),
        api.get(f"{URL}/{10**30}"),
    ]
    assert [a.status_code for a in answers] == [404] * len(answers)
    assert all(a.json["error"]["code"] == "NOT_FOUND" for a in answers)
    assert api.get(f"{URL}?supervisor_id={foreign}").json["data"]["total"] == 0


def test_roles_decide(company: Company) -> None:
    with company.acting():
        made = people.technician(base_pay_cents=2500).id
    dispatcher = company.api("dispatcher")
    assert dispatcher.get(f"{URL}/{made}").json["data"]["base_pay_cents"] is None
    assert dispatcher.post(URL, {"name": "A", "pay_type": "hourly"}).status_code == 403
    assert dispatcher.patch(f"{URL}/{made}", {"name": "A"}).status_code == 403
    assert company.api("technician").get(URL).status_code == 403
    assert company.api("payroll").get(f"{URL}/{made}").json["data"]["base_pay_cents"] == 2500


def test_metrics_without_days_are_this_month_and_backwards_is_refused(company: Company) -> None:
    api = company.api()
    with company.acting():
        today = queries.today()
    found = api.get(f"{URL}/metrics").json["data"]
    assert (found["date_from"], found["date_to"]) == (str(today.replace(day=1)), str(today))
    assert api.get(f"{URL}/metrics?date_from=2026-03-02&date_to=2026-03-01").status_code == 422


def test_the_list_costs_the_same_queries_for_one_row_and_for_many(company: Company) -> None:
    from tests.factories.queries import counted

    api = company.api()
    with company.acting():
        people.technician()
    api.get(URL)
    with counted() as few:
        api.get(URL)
    with company.acting():
        for _ in range(20):
            people.technician()
    with counted() as many:
        api.get(URL)
    assert len(many) == len(few)
