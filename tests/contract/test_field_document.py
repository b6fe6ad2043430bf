"""The field document's own examples, sent by curl over HTTP: only base URL, credentials and ids are put in."""

import csv
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.accounts.support import limited, totp, with_app_codes
from tests.contract import field_examples as examples
from tests.contract.field_examples import Answer
from tests.factories import dispatch as dispatching
from tests.factories import sales
from tests.factories.world import PASSWORD, Company, make_company
from tests.integrations.receivers import Receiver
from webapp.dispatch.service import positions
from webapp.integrations import courier
from webapp.integrations.sending import Sender
from webapp.kit import clock
from webapp.kit.db import get
from webapp.kit.web import App
from webapp.models import Item, Technician
from webapp.sales.pay import periods
from webapp.timesheets.service import changes
from webapp.timesheets.service.changes import Times

SPRING = datetime(2026, 4, 2, 16, tzinfo=UTC)  # the examples ask for the first quarter
SOLD = date(2026, 3, 10)


class Quiet(WSGIRequestHandler):
    def log(self, *args: Any) -> None:
        """Nothing: the test says what was wrong."""


@dataclass(slots=True)
class Shop:
    """A company behind a real HTTP server, and ids to put into the examples."""

    base: str
    company: Company
    folder: Path
    technician_id: int
    item_id: int
    sale_id: int
    period_id: int
    access_token: str = ""

    def curl(self, example: str, **changes: str) -> Answer:
        """Send an example. Placeholders are filled; `changes` replace further words of it."""
        known = {"<access_token>": self.access_token, "<tenant-uuid>": str(self.company.tenant_id)}
        put = {old: new for old, new in known.items() if old in example} | changes
        folder = self.folder / str(len(list(self.folder.iterdir())))
        folder.mkdir()
        return examples.run(examples.command(example, self.base, put), str(folder))


@pytest.fixture(scope="module")
def server(app: App) -> Iterator[str]:
    """The application on a free port of the loopback."""
    made = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join(timeout=10)
    made.server_close()


@pytest.fixture(scope="module")
def shop(app: App, server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with clock.at(SPRING):
        company = make_company(app)
        with company.acting():
            mike, tune_up = sales.technician(), sales.item()
            sales.rate(mike.id, tune_up.id)
            sold = [sales.sale(mike, tune_up, sold_on=SOLD, approved=True) for _ in range(2)]
            period = periods.covering(SOLD)
            ids = mike.id, tune_up.id, sold[0].id, period.id
        made = Shop(server, company, tmp_path_factory.mktemp("curl"), *ids)
        made.access_token = company.api("admin").token
        yield made


def good(answer: Answer, status: int = 200) -> Any:
    """The data of a success in the document's envelope."""
    assert answer.status == status, answer.body
    assert answer.kind == "application/json"
    assert set(answer.json) == {"ok", "data"} and answer.json["ok"] is True
    return answer.json["data"]


def bad(answer: Answer, status: int, code: str) -> str:
    """The message of an error in the document's envelope."""
    assert answer.status == status, answer.body
    assert answer.json["ok"] is False
    assert answer.json["error"]["code"] == code
    assert isinstance(answer.json["error"]["message"], str)
    return str(answer.json["error"]["message"])


def typed(data: dict[str, Any], **types: type) -> None:
    """Each documented field is there with its documented type (true and false are no numbers)."""
    for name, kind in types.items():
        assert type(data[name]) is kind, f"{name} is {data.get(name)!r}, not {kind.__name__}"


def snake(data: Any) -> None:
    """Every name of an answer is snake_case."""
    if isinstance(data, dict):
        assert all(name == name.lower() for name in data), sorted(data)
        for value in data.values():
            snake(value)
    elif isinstance(data, list):
        for value in data:
            snake(value)


def page(answer: Answer) -> list[dict[str, Any]]:
    """The items of a list in the document's shape."""
    data = good(answer)
    assert set(data) == {"items", "total", "page", "limit", "total_pages"}
    typed(data, items=list, total=int, page=int, limit=int, total_pages=int)
    assert (data["page"], data["limit"]) == (1, 50)
    assert data["total"] == len(data["items"]) > 0
    assert data["total_pages"] == 1
    snake(data)
    found: list[dict[str, Any]] = data["items"]
    return found


# Authentication ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", [str.upper, str.lower])
def test_resolve_answers_in_camel_case_whatever_the_case_of_the_code(shop: Shop, spelling: Any) -> None:
    data = good(shop.curl(examples.RESOLVE, MYCOMPANY=spelling(shop.company.code)))
    assert set(data) == {"businessCode", "businessName", "apiUrl", "tenantId", "branding"}
    assert set(data["branding"]) == {"display_name", "primary_color"}
    typed(data, businessCode=str, businessName=str, apiUrl=str, tenantId=str, branding=dict)
    assert (data["businessCode"], data["tenantId"]) == (shop.company.code, str(shop.company.tenant_id))
    assert data["branding"]["primary_color"].startswith("#")


def test_resolve_of_nobodys_code_is_404(shop: Shop) -> None:
    bad(shop.curl(examples.RESOLVE, MYCOMPANY="NOBODYHASTHIS"), 404, "NOT_FOUND")


def test_login_answers_tokens_and_the_user(shop: Shop) -> None:
    data = good(shop.curl(examples.LOGIN, **{"your-password": PASSWORD}))
    assert set(data) == {"access_token", "refresh_token", "user"}
    typed(data, access_token=str, refresh_token=str, user=dict)
    assert data["access_token"].startswith("eyJ") and data["refresh_token"].startswith("eyJ")
    typed(data["user"], id=int, username=str, name=str, is_admin=bool, roles=list)
    assert set(data["user"]) == {"id", "username", "name", "is_admin", "roles"}
    assert (data["user"]["username"], data["user"]["is_admin"], data["user"]["roles"]) == (
        "admin",
        True,
        ["admin"],
    )


def test_login_of_a_technician_names_the_technician(shop: Shop) -> None:
    with shop.company.acting():
        sales.link(shop.company.users["technician"], sales.technician("Tina"))
    data = good(shop.curl(examples.LOGIN, **{"your-password": PASSWORD, '"admin"': '"technician"'}))
    typed(data["user"], technician_id=int)
    assert data["user"]["is_admin"] is False


def test_login_with_a_wrong_password_is_401(shop: Shop) -> None:
    bad(shop.curl(examples.LOGIN), 401, "UNAUTHORIZED")


def test_the_second_factor_is_asked_for_and_verified(shop: Shop) -> None:
    secret, _ = with_app_codes(shop.company, "manager")
    data = good(shop.curl(examples.LOGIN, **{"your-password": PASSWORD, '"admin"': '"manager"'}))
    assert set(data) == {"mfa_required", "mfa_challenge_token"}
    assert data["mfa_required"] is True
    challenge = {"eyJ...": data["mfa_challenge_token"]}
    bad(shop.curl(examples.VERIFY, **challenge, **{"123456": "abcdef"}), 401, "UNAUTHORIZED")
    data = good(shop.curl(examples.VERIFY, **challenge, **{"123456": totp(secret)}))
    typed(data, access_token=str, refresh_token=str, user=dict)
    assert data["user"]["username"] == "manager"


def test_refresh_answers_an_access_token_alone_again_and_again(shop: Shop) -> None:
    tokens = good(shop.curl(examples.LOGIN, **{"your-password": PASSWORD}))
    for _ in range(2):
        data = good(shop.curl(examples.REFRESH, **{"eyJ...": tokens["refresh_token"]}))
        assert set(data) == {"access_token"}
        shop.access_token, before = data["access_token"], shop.access_token
        page(shop.curl(examples.LIST_TECHNICIANS))
        shop.access_token = before
    bad(shop.curl(examples.REFRESH), 401, "UNAUTHORIZED")


def test_the_javascript_example_finds_every_field_that_it_reads(shop: Shop) -> None:
    tenant = shop.curl(examples.RESOLVE, MYCOMPANY=shop.company.code).json["data"]
    login = shop.curl(examples.LOGIN, **{"your-password": PASSWORD, "<tenant-uuid>": tenant["tenantId"]})
    data = login.json["data"]
    assert not data.get("mfa_required")
    user = {"accessToken": data["access_token"], "refreshToken": data["refresh_token"], "user": data["user"]}
    assert all(user.values())
    refused = shop.curl(examples.RECORD, **{'"technician_id": 1': '"technician_id": 0'}).json
    assert not refused["ok"] and refused.get("data") is None
    assert "technician_id" in refused["error"]["message"]


def test_register_answers_tokens_for_immediate_sign_in_with_the_new_code_and_name(shop: Shop) -> None:
    data = good(shop.curl(examples.REGISTER, **{"[email protected]": "jane@smithhvac.example.com"}), 201)
    typed(data, access_token=str, refresh_token=str, business_code=str, business_name=str, user=dict)
    assert data["business_name"] == "Smith HVAC"
    found = good(shop.curl(examples.RESOLVE, MYCOMPANY=data["business_code"]))
    put = {
        "your-password": "securePassword123!",
        '"admin"': '"mycompany"',
        "<tenant-uuid>": found["tenantId"],
    }
    again = good(shop.curl(examples.LOGIN, **put))
    assert again["user"]["id"] == data["user"]["id"]
    put = {"<access_token>": data["access_token"], "<tenant-uuid>": found["tenantId"]}
    assert good(shop.curl(examples.LIST_TECHNICIANS, **put))["items"] == []


def test_google_sign_in_that_is_not_set_up_says_so(shop: Shop) -> None:
    answer = shop.curl(examples.GOOGLE)
    assert 400 <= answer.status < 500, answer.body
    assert answer.json["ok"] is False
    assert "oogle" in answer.json["error"]["message"]


# Sales ------------------------------------------------------------------------------------------------------------


def ids_of(shop: Shop) -> dict[str, str]:
    return {
        '"technician_id": 1': f'"technician_id": {shop.technician_id}',
        '"item_id": 5': f'"item_id": {shop.item_id}',
    }


def test_a_sale_is_recorded_once_however_often_it_is_sent(shop: Shop) -> None:
    first = shop.curl(examples.RECORD, **ids_of(shop))
    data = good(first, 201)
    typed(data, id=int, technician_id=int, item_id=int, sale_price_cents=int, customer_name=str, notes=str,
          payment_type=str, status=str, commission_cents=int)  # fmt: skip
    said = {"sale_price_cents": 150000, "customer_name": "John Doe", "notes": "Annual maintenance package",
            "payment_type": "credit_card", "technician_id": shop.technician_id, "item_id": shop.item_id}  # fmt: skip
    assert {name: data[name] for name in said} == said
    assert data["commission_cents"] == 11_250  # 7.5% of $1,500.00
    assert "idempotent-replayed" not in first.headers
    snake({k: v for k, v in data.items() if k != "commission"})
    again = shop.curl(examples.RECORD, **ids_of(shop))
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status, again.body) == (first.status, first.body)


def test_later_rates_leave_a_recorded_sale_as_it_is(shop: Shop) -> None:
    key = {"unique-key-123": "unique-key-124"}
    sale = good(shop.curl(examples.RECORD, **ids_of(shop), **key), 201)
    shop.curl(examples.COMMISSION_CONFIG, **{"tech/1/item/5": f"tech/{shop.technician_id}/item/{shop.item_id}",
                                             "750": "900"})  # fmt: skip
    again = good(shop.curl(examples.VOID, **{"/42/": f"/{sale['id']}/"}))
    assert again["commission_cents"] == 11_250


def test_sales_of_some_days_are_listed(shop: Shop) -> None:
    items = page(shop.curl(examples.LIST_SALES))
    assert {i["sold_on"] for i in items} == {SOLD.isoformat()}
    typed(
        items[0],
        id=int,
        technician_id=int,
        item_id=int,
        sale_price_cents=int,
        customer_name=str,
        payment_status=str,
    )


def test_payment_status_is_set(shop: Shop) -> None:
    data = good(shop.curl(examples.PAYMENT_STATUS, **{"/42/": f"/{shop.sale_id}/"}))
    assert (data["payment_status"], data["payment_date"]) == ("paid", "2026-03-15")


def test_a_sale_is_voided_and_that_is_undone(shop: Shop) -> None:
    data = good(shop.curl(examples.VOID, **{"/42/": f"/{shop.sale_id}/"}))
    assert data["voided"] is True
    data = good(shop.curl(examples.VOID, **{"/42/": f"/{shop.sale_id}/", "true": "false"}))
    assert data["voided"] is False


def test_a_sale_that_is_not_there_is_404(shop: Shop) -> None:
    bad(shop.curl(examples.VOID, **{"/42/": "/4200000000/"}), 404, "NOT_FOUND")


# Technicians, rates, customers ------------------------------------------------------------------------------------


def test_technicians_are_listed_created_and_changed(shop: Shop) -> None:
    made = good(shop.curl(examples.CREATE_TECHNICIAN), 201)
    typed(made, id=int, name=str, pay_type=str, base_pay_cents=int)
    assert (made["name"], made["pay_type"], made["base_pay_cents"]) == ("Mike Johnson", "hourly", 2500)
    changed = good(shop.curl(examples.UPDATE_TECHNICIAN, **{"/technicians/1": f"/technicians/{made['id']}"}))
    assert (changed["base_pay_cents"], changed["name"], changed["pay_type"]) == (
        2800,
        "Mike Johnson",
        "hourly",
    )
    items = page(shop.curl(examples.LIST_TECHNICIANS))
    assert changed in items


def test_a_rate_is_set_for_a_technician_on_an_item(shop: Shop) -> None:
    place = f"tech/{shop.technician_id}/item/{shop.item_id}"
    data = good(shop.curl(examples.COMMISSION_CONFIG, **{"tech/1/item/5": place}))
    typed(data, commission_rate_bps=int, ov_rate_bps=int, discount_scale_enabled=bool)
    assert (data["commission_rate_bps"], data["ov_rate_bps"], data["discount_scale_enabled"]) == (
        750,
        0,
        False,
    )
    assert (data["technician_id"], data["item_id"]) == (shop.technician_id, shop.item_id)


def test_the_scorecard_has_rates_durations_ratings_revenue_and_ranks(shop: Shop) -> None:
    data = good(shop.curl(examples.METRICS))
    assert (data["date_from"], data["date_to"]) == ("2026-01-01", "2026-03-31")
    best = data["leaderboard"][0]
    typed(best, rank=int, technician_id=int, name=str, revenue_cents=int)
    assert {"completion_rate", "average_job_minutes", "average_rating", "revenue_per_job_cents"} <= set(best)
    assert (best["rank"], best["technician_id"]) == (1, shop.technician_id)
    snake(data)


def test_customers_are_listed(shop: Shop) -> None:
    with shop.company.acting():
        sales.customer("Sam Carter")
    items = page(shop.curl(examples.LIST_CUSTOMERS))
    typed(items[0], id=int, name=str)
    assert "Sam Carter" in [i["name"] for i in items]


# Time tracking ----------------------------------------------------------------------------------------------------


def test_a_technician_clocks_in_and_out_and_lists_the_entries(shop: Shop) -> None:
    with shop.company.acting() as who:
        sales.link(shop.company.users["technician"], get(Technician, shop.technician_id))
        times = Times(datetime(2026, 3, 10, 13, tzinfo=UTC), datetime(2026, 3, 10, 21, tzinfo=UTC), 30)
        changes.add_entry(shop.technician_id, times, "Paper sheet")
        assert who.technician_id is None
    mine = {"<access_token>": shop.company.api("technician").token}
    entry = good(shop.curl(examples.CLOCK_IN, **mine), 201)
    typed(entry, id=int, technician_id=int, clock_in=str, break_minutes=int, latitude=float, longitude=float)
    assert (entry["technician_id"], entry["clock_out"]) == (shop.technician_id, None)
    bad(shop.curl(examples.CLOCK_IN, **mine), 409, "CONFLICT")
    done = good(shop.curl(examples.CLOCK_OUT, **mine))
    assert done["id"] == entry["id"] and done["clock_out"] is not None
    bad(shop.curl(examples.CLOCK_OUT, **mine), 409, "CONFLICT")
    (listed,) = page(shop.curl(examples.TIME_ENTRIES, **mine))
    assert (listed["duration_minutes"], listed["break_minutes"]) == (450, 30)
    assert page(shop.curl(examples.TIME_ENTRIES)) == [listed]
    snake(listed)


# Webhooks ---------------------------------------------------------------------------------------------------------


def test_a_webhook_is_created_and_listed_and_hears_of_what_it_asked_for(shop: Shop) -> None:
    made = good(shop.curl(examples.WEBHOOK), 201)
    assert (made["url"], made["enabled"]) == ("https://your-server.com/webhooks/tradekitt", True)
    assert sorted(made["events"]) == ["dispatch.completed", "inventory.low-stock", "sale.created"]
    assert made["signing_secret"].startswith(made["signing_secret_prefix"])
    bad(shop.curl(examples.WEBHOOK), 409, "CONFLICT")
    (listed,) = page(shop.curl(examples.WEBHOOKS))
    assert listed == {k: v for k, v in made.items() if k in listed}
    assert "signing_secret" not in listed
    snake(listed)
    receiver = Receiver().start()
    heard = good(
        shop.curl(examples.WEBHOOK, **{"https://your-server.com/webhooks/tradekitt": receiver.url()}), 201
    )
    with shop.company.acting():
        sales.sale(get(Technician, shop.technician_id), get(Item, shop.item_id))
    courier.work_off(shop.company.app, shop.company.tenant_id, Sender(shop.company.app, timeout=2))
    receiver.stop()
    (got,) = receiver.got
    assert got.json["event"] == "sale.created"
    assert got.json["data"]["technician_id"] == shop.technician_id
    # the library's own clock cannot be held, its signature can be asked for
    moment = datetime.fromtimestamp(int(got.headers["webhook-timestamp"]), UTC)
    signature = Webhook(heard["signing_secret"]).sign(got.id, moment, got.body.decode())
    assert got.headers["webhook-signature"] == signature
    assert got.headers["x-tradekitt-signature"].startswith(f"t={int(moment.timestamp())},v1=")


# The technician's phone -------------------------------------------------------------------------------------------


def test_a_technician_works_a_job_and_reports_the_position(shop: Shop) -> None:
    with shop.company.acting():
        tina = dispatching.technician("Tina Torres")
        sales.link(shop.company.users["technician"], tina)
        start = datetime(2026, 3, 28, 13, tzinfo=UTC)
        job = dispatching.job("AC Repair", start=start, crew=(tina,), override_reason="a Saturday").id
    mine = {"<access_token>": shop.company.api("technician").token}
    on_it = mine | {"my-jobs/42": f"my-jobs/{job}"}
    (listed,) = page(shop.curl(examples.MY_JOBS, **mine))
    assert (listed["id"], listed["status"]) == (job, "dispatched")
    assert good(shop.curl(examples.ACKNOWLEDGE, **on_it))["status"] == "acknowledged"
    assert good(shop.curl(examples.MY_STATUS, **on_it))["status"] == "on_site"
    assert "agreed" in bad(shop.curl(examples.LOCATION, **mine), 403, "FORBIDDEN")
    with shop.company.acting("technician"):
        positions.agree()
    assert "clocked in" in bad(shop.curl(examples.LOCATION, **mine), 409, "CONFLICT")
    good(shop.curl(examples.CLOCK_IN, **mine), 201)
    found = good(shop.curl(examples.LOCATION, **mine))
    typed(found, technician_id=int, latitude=float, longitude=float, speed=float, heading=int, seen_at=str)
    assert (found["latitude"], found["longitude"], found["speed"], found["heading"]) == (
        27.9506,
        -82.4572,
        35.5,
        180,
    )
    outside = {**mine, '"latitude": 27.9506': '"latitude": 127.9506'}
    assert "latitude" in bad(shop.curl(examples.LOCATION, **outside), 422, "VALIDATION_ERROR")
    snake(found)


# Pay periods, CSV and PDF -----------------------------------------------------------------------------------------


def test_pay_periods_are_listed_with_their_days_and_status(shop: Shop) -> None:
    items = page(shop.curl(examples.LIST_PERIODS))
    typed(items[0], id=int, status=str, start_date=str, end_date=str, pay_date=str)
    assert {i["status"] for i in items} <= {"open", "closed"}


def test_a_pay_period_is_closed_once(shop: Shop) -> None:
    with shop.company.acting():
        period = periods.covering(date(2026, 2, 3)).id
    data = good(shop.curl(examples.CLOSE_PERIOD, **{"pay-periods/1/": f"pay-periods/{period}/"}))
    assert (data["id"], data["status"]) == (period, "closed")
    bad(shop.curl(examples.CLOSE_PERIOD, **{"pay-periods/1/": f"pay-periods/{period}/"}), 409, "CONFLICT")


def csv_rows(answer: Answer) -> list[dict[str, str]]:
    """The rows of a CSV file, which comes without the envelope."""
    assert answer.status == 200, answer.body
    assert answer.kind == "text/csv"
    assert not answer.body.startswith(b"{")
    found = list(csv.DictReader(io.StringIO(answer.body.decode())))
    assert found
    return found


def dollars(row: dict[str, str]) -> list[str]:
    """The amounts of a row: dollars with two places, no cents anywhere."""
    assert not [name for name in row if "cents" in name.lower()]
    return [
        value
        for value in row.values()
        if value and value.replace("-", "").replace(".", "").isdigit() and "." in value
    ]


@pytest.mark.parametrize("example", ["PERIOD_CSV", "REPORT_CSV", "SALES_CSV"])
def test_csv_files_are_raw_and_in_dollars(shop: Shop, example: str) -> None:
    put = {"pay-period/1": f"pay-period/{shop.period_id}"} if example == "PERIOD_CSV" else {}
    found = csv_rows(shop.curl(getattr(examples, example), **put))
    amounts = [amount for row in found for amount in dollars(row)]
    assert amounts and all(len(a.rpartition(".")[2]) == 2 for a in amounts)
    assert "1500.00" in amounts or "3000.00" in amounts


@pytest.mark.parametrize("example", ["STATEMENT_PDF", "PERIOD_PDF"])
def test_pdf_files_are_raw(shop: Shop, example: str) -> None:
    statement = f"commission-statement/{shop.technician_id}/{shop.period_id}"
    put = {
        "STATEMENT_PDF": {"commission-statement/1/3": statement},
        "PERIOD_PDF": {"pay-period/3": f"pay-period/{shop.period_id}"},
    }
    answer = shop.curl(getattr(examples, example), **put[example])
    assert answer.status == 200, answer.body[:300]
    assert answer.kind == "application/pdf"
    assert answer.body.startswith(b"%PDF") and b"%%EOF" in answer.body[-64:]


# Limits, errors, the reference ------------------------------------------------------------------------------------


def test_the_codes_of_the_document_come_with_their_statuses(shop: Shop) -> None:
    sale = {"/42/": f"/{shop.sale_id}/"}
    bad(shop.curl(examples.VOID, **sale, **{'{"voided": true}': "{"}), 400, "BAD_REQUEST")
    bad(shop.curl(examples.VOID, **sale, **{"<access_token>": "eyJ"}), 401, "UNAUTHORIZED")
    technician = shop.company.api("technician").token
    bad(shop.curl(examples.VOID, **sale, **{"<access_token>": technician}), 403, "FORBIDDEN")
    assert "voided" in bad(shop.curl(examples.VOID, **sale, true='"yes"'), 422, "VALIDATION_ERROR")


def test_the_sixth_sign_in_within_a_minute_is_429_with_retry_after(app: App, shop: Shop) -> None:
    with limited(app, sign_in_account="5/60 seconds"):
        put = {"your-password": PASSWORD, '"admin"': '"dispatcher"'}
        wrong = [shop.curl(examples.LOGIN, **{'"admin"': '"dispatcher"'}).status for _ in range(5)]
        assert wrong == [401] * 5
        answer = shop.curl(examples.LOGIN, **put)
    bad(answer, 429, "TOO_MANY_REQUESTS")
    assert 1 <= int(answer.headers["retry-after"]) <= 60


@pytest.mark.parametrize(
    ("limit", "name"), [("3/60 seconds", "field_address"), ("2/60 seconds", "field_tenant")]
)
def test_more_requests_than_the_limit_are_429_with_retry_after(
    app: App, shop: Shop, limit: str, name: str
) -> None:
    with limited(app, **{name: limit}):
        statuses = [shop.curl(examples.LIST_PERIODS) for _ in range(5)]
    over = [a for a in statuses if a.status == 429]
    assert over and statuses[0].status == 200
    bad(over[0], 429, "TOO_MANY_REQUESTS")
    assert 1 <= int(over[0].headers["retry-after"]) <= 60


def test_the_reference_is_shown(shop: Shop) -> None:
    answer = shop.curl(
        "curl https://api.tradekitt.com/api/v1/../docs --path-as-is", **{"/v1/../docs": "/docs"}
    )
    assert answer.status == 200
    assert answer.kind == "text/html"
    assert b"swagger" in answer.body.lower()
