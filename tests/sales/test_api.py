"""The sales and commission API as partners use it."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tests.factories import sales
from tests.factories.queries import counted
from tests.factories.world import ApiClient, Company
from webapp.kit import clock
from webapp.kit.db import db
from webapp.kit.money import percent
from webapp.models import Sale, Technician
from webapp.sales.pay import closing, periods
from webapp.sales.service import tallies

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


@dataclass(slots=True)
class World:
    """A company with a technician, an item and a rate of 7.5%, and an admin's client."""

    api: ApiClient
    technician_id: int
    item_id: int

    def body(self, **more: Any) -> dict[str, Any]:
        """The document's own example, with ids that exist."""
        return {
            "technician_id": self.technician_id,
            "item_id": self.item_id,
            "sale_price_cents": 150000,
            "customer_name": "John Doe",
            "notes": "Annual maintenance package",
            "payment_type": "credit_card",
        } | more

    def record(self, **more: Any) -> dict[str, Any]:
        answer = self.api.post("/sales", self.body(**more))
        assert answer.status_code == 201, answer.json
        found: dict[str, Any] = answer.json["data"]
        return found


@pytest.fixture
def world(company: Company) -> World:
    with company.acting():
        mike, tune_up = sales.technician(), sales.item()
        sales.rate(mike.id, tune_up.id)
        ids = mike.id, tune_up.id
    return World(company.api("admin"), *ids)


def test_the_documents_sale_is_recorded_with_its_commission(world: World) -> None:
    sale = world.record()
    assert (sale["commission_cents"], sale["status"], sale["voided"]) == (11_250, "pending", False)
    assert sale["commission"]["explanation"] == [
        "Mike Johnson's rate for AC tune-up is 7.5% (set for Mike Johnson on this item).",
        "7.5% of $1,500.00 = $112.50",
    ]
    again = world.api.get(f"/sales/{sale['id']}").json["data"]
    assert again["commission"] == sale["commission"]


def test_the_document_examples_run_as_they_are_written(world: World) -> None:
    number = world.record()["id"]
    paid = world.api.patch(
        f"/sales/{number}/payment-status", {"status": "paid", "payment_date": "2026-03-15"}
    )
    assert (paid.status_code, paid.json["data"]["payment_status"]) == (200, "paid")
    voided = world.api.patch(f"/sales/{number}/void", {"voided": True})
    assert (voided.status_code, voided.json["data"]["voided"], voided.json["data"]["refund_due"]) == (
        200,
        True,
        True,
    )
    back = world.api.patch(f"/sales/{number}/void", {"voided": False})
    assert (back.status_code, back.json["data"]["voided"]) == (200, False)
    rate = {"commission_rate_bps": 750, "ov_rate_bps": 0, "discount_scale_enabled": False}
    put = world.api.put(f"/admin/commission-config/tech/{world.technician_id}/item/{world.item_id}", rate)
    assert put.status_code == 200
    assert {k: put.json["data"][k] for k in rate} == rate
    listed = world.api.get("/sales?date_from=2026-01-01&date_to=2026-12-31")
    assert (listed.json["data"]["total"], [s["id"] for s in listed.json["data"]["items"]]) == (1, [number])
    assert set(listed.json["data"]) == {"items", "total", "page", "limit", "total_pages"}


def test_a_repeated_key_gives_the_first_answer_and_records_once(world: World) -> None:
    first = world.api.post("/sales", world.body(), Idempotency_Key="unique-key-123")
    again = world.api.post("/sales", world.body(), Idempotency_Key="unique-key-123")
    assert (first.status_code, again.status_code, again.json) == (201, 201, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = world.api.post("/sales", world.body(sale_price_cents=1), Idempotency_Key="unique-key-123")
    assert other.status_code == 422
    assert world.api.get("/sales").json["data"]["total"] == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"technician_id": "1"}, "technician_id"),
        ({"technician_id": 0}, "technician_id"),
        ({"item_id": 2**63}, "item_id"),
        ({"item_id": None}, "item_id"),
        ({"sale_price_cents": -1}, "sale_price_cents"),
        ({"sale_price_cents": 1500.5}, "sale_price_cents"),
        ({"sale_price_cents": 10**15}, "sale_price_cents"),
        ({"sale_price_cents": True}, "sale_price_cents"),
        ({"list_price_cents": -1}, "list_price_cents"),
        ({"sold_on": "2026-11-40"}, "sold_on"),
        ({"sold_on": "2026-12-24"}, "sold_on"),
        ({"sold_on": 20261101}, "sold_on"),
        ({"splits": [{"technician_id": 1, "share_bps": 10_001}]}, "splits.0.share_bps"),
        ({"splits": {}}, "splits"),
        ({"payment_status": "free"}, "payment_status"),
        ({"customer_email": "no address"}, "customer_email"),
        ({"customer_phone": "12"}, "customer_phone"),
        ({"notes": "x" * 5001}, "notes"),
        ({"quantity": 2}, "quantity"),
    ],
)
def test_a_wrong_field_is_named(world: World, more: dict[str, Any], field: str) -> None:
    answer = world.api.post("/sales", world.body(**more))
    assert (answer.status_code, answer.json["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert field in answer.json["error"]["details"]["fields"], answer.json
    assert world.api.get("/sales").json["data"]["total"] == 0


def test_shares_that_come_to_more_than_everything_are_refused(world: World, company: Company) -> None:
    with company.acting():
        ana, ben = sales.technician("Ana").id, sales.technician("Ben").id
    shares = [{"technician_id": ana, "share_bps": 6000}, {"technician_id": ben, "share_bps": 5000}]
    answer = world.api.post("/sales", world.body(splits=shares))
    assert answer.status_code == 422
    assert answer.json["error"]["details"]["fields"]["splits"].startswith("The shares come to 110%")
    shares[1]["share_bps"] = 1000
    sale = world.record(splits=shares)
    assert [(s["technician_name"], s["amount_cents"]) for s in sale["splits"]] == [
        ("Ana", 6_750),
        ("Ben", 1_125),
    ]


def test_a_day_in_a_closed_period_answers_409_naming_it(world: World, company: Company) -> None:
    with company.acting():
        closing.close(periods.covering(date(2026, 11, 3)).id)
    answer = world.api.post("/sales", world.body(sold_on="2026-11-03"))
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "CONFLICT")
    assert "Nov 1–15, 2026" in answer.json["error"]["message"]


def test_another_companys_ids_are_404_in_every_position(world: World, other_company: Company) -> None:
    theirs_api = other_company.api("admin")
    with other_company.acting():
        technician, item, customer = sales.technician().id, sales.item().id, sales.customer().id
        category = sales.category().id
        theirs = sales.sale().id
    mine = world.record()["id"]
    for body in (
        world.body(technician_id=technician), world.body(item_id=item), world.body(customer_id=customer),
        world.body(splits=[{"technician_id": technician, "share_bps": 100}]),
    ):  # fmt: skip
        assert world.api.post("/sales", body).status_code == 404
    assert world.api.get(f"/sales/{theirs}").status_code == 404
    for path, sent in (
        ("", {"reason": "x", "notes": "x"}), ("/approve", {}), ("/reject", {"reason": "x"}), ("/void", {"voided": True}),
        ("/payment-status", {"status": "paid"}),
    ):  # fmt: skip
        assert world.api.patch(f"/sales/{theirs}{path}", sent).status_code == 404, path
        assert theirs_api.patch(f"/sales/{mine}{path}", sent).status_code == 404, path
    assert world.api.patch(f"/sales/{mine}", {"reason": "x", "item_id": item}).status_code == 404
    assert world.api.patch(f"/sales/{mine}", {"reason": "x", "customer_id": customer}).status_code == 404
    assert world.api.post("/sales/approve", {"ids": [mine, theirs]}).status_code == 404
    assert world.api.get(f"/sales?technician_id={technician}").json["data"]["total"] == 0
    rate = {"commission_rate_bps": 1}
    config = "/admin/commission-config"
    for place in (
        f"tech/{technician}/item/{world.item_id}",
        f"tech/{world.technician_id}/item/{item}",
        f"item/{item}",
        f"category/{category}",
        f"tech/{technician}",
        f"tech/{technician}/category/{category}",
    ):
        assert world.api.put(f"{config}/{place}", rate).status_code == 404, place
        assert world.api.get(f"{config}/{place}").status_code == 404, place
        assert world.api.delete(f"{config}/{place}").status_code == 404, place
    assert (
        world.api.get(f"{config}/resolve?technician_id={technician}&item_id={world.item_id}").status_code
        == 404
    )
    assert world.api.get("/sales").json["data"]["total"] == 1


def test_the_second_of_two_approvals_is_refused(world: World, company: Company) -> None:
    number = world.record()["id"]
    other = company.api("manager")
    answers = [client.patch(f"/sales/{number}/approve") for client in (world.api, other)]
    assert [a.status_code for a in answers] == [200, 409]
    assert answers[1].json["error"]["details"] == {"status": "approved", "allowed": []}


def test_of_two_people_who_approve_at_the_same_moment_one_does(world: World, company: Company) -> None:
    number = world.record()["id"]
    clients = [company.api("manager"), company.api("payroll")]
    start = threading.Barrier(2)

    def approve(client: ApiClient) -> int:
        start.wait()
        return int(client.patch(f"/sales/{number}/approve").status_code)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(approve, clients)) == [200, 409]
    with company.acting():
        assert tallies.differences() == []


def test_many_are_approved_in_one_call(world: World) -> None:
    first, second = world.record()["id"], world.record()["id"]
    world.api.patch(f"/sales/{second}/reject", {"reason": "no"})
    answer = world.api.post("/sales/approve", {"ids": [first, second]}).json["data"]
    assert answer["approved"] == [first]
    assert [r["id"] for r in answer["refused"]] == [second]
    assert world.api.post("/sales/approve", {"ids": []}).status_code == 422


def test_rejecting_needs_a_reason(world: World) -> None:
    number = world.record()["id"]
    assert world.api.patch(f"/sales/{number}/reject", {}).status_code == 422
    answer = world.api.patch(f"/sales/{number}/reject", {"reason": "Wrong price"}).json["data"]
    assert (answer["status"], answer["rejected_reason"]) == ("rejected", "Wrong price")


def test_a_correction_changes_what_is_sent_and_leaves_the_rest(world: World) -> None:
    sale = world.record(list_price_cents=160_000)
    answer = world.api.patch(f"/sales/{sale['id']}", {"reason": "Typo", "sale_price_cents": 100_000}).json[
        "data"
    ]
    assert (answer["id"], answer["commission_cents"], answer["list_price_cents"]) == (
        sale["id"],
        7_500,
        160_000,
    )
    assert answer["customer_id"] == sale["customer_id"]
    cleared = world.api.patch(f"/sales/{sale['id']}", {"reason": "None", "list_price_cents": None}).json[
        "data"
    ]
    assert cleared["list_price_cents"] is None
    world.api.patch(f"/sales/{sale['id']}/approve")
    new = world.api.patch(f"/sales/{sale['id']}", {"reason": "Again", "sale_price_cents": 200_000}).json[
        "data"
    ]
    assert (new["replaces_id"], new["status"], new["commission_cents"]) == (sale["id"], "pending", 15_000)
    old = world.api.get(f"/sales/{sale['id']}").json["data"]
    assert (old["voided"], old["replaced_by_id"]) == (True, new["id"])


def test_a_name_that_fits_several_customers_is_kept_with_the_candidates(
    world: World, company: Company
) -> None:
    with company.acting():
        ids = {sales.customer("John Doe", phone=f"+1512555010{n}").id for n in (1, 2)}
    sale = world.record()
    assert (sale["customer_id"], sale["customer_name"], sale["customer_match"]["status"]) == (
        None,
        "John Doe",
        "unsure",
    )
    assert {c["customer_id"] for c in sale["customer_match"]["candidates"]} == ids
    again = world.api.get(f"/sales/{sale['id']}").json["data"]["customer_match"]
    assert again["status"] == "unsure"
    assert len(again["candidates"]) == 2


def test_lists_narrow_page_and_count_exactly(world: World, company: Company) -> None:
    with company.acting():
        mike, tune_up, ana = sales.technician("M"), sales.item("T"), sales.technician("Ana")
        john = sales.customer()
        made = [
            sales.sale(
                mike if n % 3 else ana, tune_up, price=n, sold_on=date(2026, 11, 18) - timedelta(days=n // 4)
            ).id
            for n in range(30)
        ]
        sales.service.void(made[0], "x")
        sales.service.approve(made[1])
        sales.service.set_payment(made[2], "paid")
        sales.service.correct(made[3], {"buyer": sales.service.Buyer(customer_id=john.id)}, "x")

    def ids(query: str) -> tuple[int, list[int]]:
        data = world.api.get(f"/sales?{query}").json["data"]
        return data["total"], [s["id"] for s in data["items"]]

    everything = ids("limit=200")
    assert everything[0] == 30
    walked = [ids(f"limit=7&page={page}")[1] for page in range(1, 7)]
    assert [i for piece in walked for i in piece] == everything[1]
    assert ids("limit=7&page=6") == (30, [])
    assert ids("status=pending")[0] == 28
    assert ids("status=voided") == (1, [made[0]])
    assert ids("status=approved&status=voided") == (2, [made[1], made[0]])
    assert ids(f"technician_id={ana.id}")[0] == 10
    assert ids("date_from=2026-11-18")[0] == 4
    assert ids("date_to=2026-11-11&limit=5&page=1")[0] == 2
    assert ids("payment_status=paid") == (1, [made[2]])
    assert ids(f"customer_id={john.id}") == (1, [made[3]])
    number = world.api.get(f"/sales/{made[5]}").json["data"]["number"]
    assert ids(f"q={number}") == (1, [made[5]])
    assert ids(f"item_id={world.item_id}") == (0, [])
    assert ids("updated_since=2026-11-18T00:00:00Z")[0] == 30
    assert ids("updated_since=2026-11-19T00:00:00Z")[0] == 0
    for wrong in (
        "page=0",
        "limit=201",
        "limit=0",
        "date_from=x",
        "status=gone",
        "sort=price",
        "technician_id=x",
    ):
        assert world.api.get(f"/sales?{wrong}").status_code == 422, wrong


def test_lists_and_single_sales_take_few_queries(world: World, company: Company) -> None:
    number = world.record()["id"]
    for _ in range(9):
        world.record()
    with counted() as listing:
        assert len(world.api.get("/sales").json["data"]["items"]) == 10
    with counted() as single:
        world.api.get(f"/sales/{number}")
    # each pays for finding the caller besides its own
    assert (len(listing) - len(single), [s for s in single if "FROM sales" in s][1:]) == (0, [])


def test_technicians_use_the_api_for_their_own_sales_only(world: World, company: Company) -> None:
    others = world.record()
    with company.acting():
        mine = sales.technician("Me")
        sales.link(company.users["technician"], mine)
        me = mine.id
    api = company.api("technician")
    made = api.post("/sales", world.body(technician_id=me))
    assert made.status_code == 201
    assert made.json["data"]["commission"]["total_cents"] == 0
    assert api.get("/sales").json["data"]["total"] == 1
    assert api.get(f"/sales?technician_id={me}").json["data"]["total"] == 1
    assert api.get(f"/sales?technician_id={world.technician_id}").status_code == 404
    assert api.get(f"/sales/{others['id']}").status_code == 404
    assert api.post("/sales", world.body()).status_code == 404
    for verb, body in (
        ("approve", {}),
        ("reject", {"reason": "x"}),
        ("void", {"voided": True}),
        ("payment-status", {"status": "paid"}),
    ):
        assert api.patch(f"/sales/{made.json['data']['id']}/{verb}", body).status_code == 403, verb
    assert api.get("/admin/commission-config").status_code == 403
    assert api.get("/admin/csv-export/sales").status_code == 403


def test_who_may_not_see_commissions_gets_none(world: World, company: Company) -> None:
    number = world.record()["id"]
    seen = company.api("dispatcher").get(f"/sales/{number}").json["data"]
    assert (seen["commission_cents"], seen["override_cents"], seen["commission"]) == (None, None, None)


# The file -------------------------------------------------------------------------------------------------------------


def test_the_file_has_dollars_and_no_formulas(world: World) -> None:
    world.record(notes='=HYPERLINK("http://x")', customer_name="=1+1")
    world.record(sold_on="2026-10-01")
    answer = world.api.get("/admin/csv-export/sales?date_from=2026-11-01&date_to=2026-11-30")
    assert (answer.status_code, answer.mimetype) == (200, "text/csv")
    header, line = answer.get_data(as_text=True).splitlines()
    assert header.startswith(
        "Sale,Sold on,Technician,Item,Customer,Price,List price,Commission,Override,Status"
    )
    assert ",1500.00," in line
    assert ",112.50," in line
    assert "'=1+1" in line
    assert "'=HYPERLINK" in line
    assert len(world.api.get("/admin/csv-export/sales").get_data(as_text=True).splitlines()) == 3
    assert world.api.get("/admin/csv-export/sales?from=2026").status_code == 422


def test_two_people_who_hold_what_the_other_wants_are_told_to_try_again(
    world: World, company: Company
) -> None:
    first, second = world.record()["id"], world.record()["id"]
    held, answers = threading.Event(), []

    def approve_both() -> None:
        held.wait(10)
        answers.append(company.api("manager").post("/sales/approve", {"ids": [first, second]}))

    person = threading.Thread(target=approve_both)
    person.start()
    with company.acting():
        db.session.get_one(Sale, (company.tenant_id, second), with_for_update=True)
        held.set()
        time.sleep(0.6)  # the other one holds the first sale by now, and waits for this one
        db.session.get_one(Sale, (company.tenant_id, first), with_for_update=True)
    person.join(10)
    assert (answers[0].status_code, answers[0].json["error"]["code"]) == (409, "CONFLICT")
    assert "try again" in answers[0].json["error"]["message"]
    assert world.api.get(f"/sales/{first}").json["data"]["status"] == "pending"


def test_who_earns_on_another_technicians_sale_reads_their_own_part_only(
    world: World, company: Company
) -> None:
    with company.acting():
        boss, seller, helper = (sales.technician(n) for n in ("Bea Boss", "Sam Seller", "Hal Helper"))
        seller.supervisor_id = boss.id
        sales.rate(seller.id, rate_bps=900)
        sales.rate(item_id=world.item_id, rate_bps=1000, ov_rate_bps=100)
        people = {"boss": boss.id, "seller": seller.id, "helper": helper.id}
    shares = [{"technician_id": people["helper"], "share_bps": 2000}]
    number = world.record(technician_id=people["seller"], sale_price_cents=100_000, splits=shares)["id"]

    def seen_by(who: str) -> dict[str, Any]:
        with company.acting():
            found = db.session.get_one(Technician, (company.tenant_id, people[who]))
            sales.link(company.users["technician"], found)
        answer = company.api("technician").get(f"/sales/{number}")
        page = company.sign_in("technician").get(f"/my/sales/{number}").get_data(as_text=True)
        found = answer.json["data"]
        for text in ("$80.00", "Sam Seller&#39;s default", "Where the rate came from"):
            assert (text in page) == (who == "seller"), (who, text)
        return found["commission"] | {"sale": (found["commission_cents"], found["override_cents"])}

    whole, part, override = seen_by("seller"), seen_by("helper"), seen_by("boss")
    assert (whole["total_cents"], whole["override_cents"]) == (10_000, 800)
    assert (part["total_cents"], part["override_cents"], part["rate"]) == (2_000, 0, percent(1_000))
    assert part["explanation"][-1] == f"{percent(2_000)} of $100.00 = $20.00"
    assert (override["total_cents"], override["override_cents"], override["rate"]) == (0, 800, "")
    for found, earns in ((part, 2_000), (override, 800)):
        assert (found["sale"], found["rules"], found["snapshot"]) == ((None, None), [], {})
        assert [line["amount_cents"] for line in found["lines"]] == [earns]
        assert "$80.00" not in str(found)
    assert "$100.00" not in str(override)


def test_a_slash_at_the_end_of_the_address_makes_no_second_sale(world: World) -> None:
    once = world.api.post("/sales", world.body(), Idempotency_Key="abc")
    again = world.api.post("/sales/", world.body(), Idempotency_Key="abc")
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json == once.json
