"""Sales are numbered within their company: one learns nothing of how much others sell."""

import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from alembic import command

from tests.factories import sales
from tests.factories.world import Company
from webapp.config import Settings
from webapp.kit import clock, ids, numbers, schema
from webapp.kit.servers import ensure_database
from webapp.sales import service

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def test_each_company_counts_its_own_sales(company: Company, other_company: Company) -> None:
    with company.acting():
        assert [sales.sale().number for _ in range(2)] == [1, 2]
    with other_company.acting():
        assert [sales.sale().number for _ in range(3)] == [1, 2, 3]
    with company.acting():
        assert sales.sale().number == 3


def test_people_read_the_number_and_never_the_id(company: Company, other_company: Company) -> None:
    with other_company.acting():
        for _ in range(3):
            sales.sale()
    with company.acting("admin"):
        first, second = sales.sale(approved=True), sales.sale()
        again = service.correct(first.id, {"sale_price_cents": 5}, "typed wrongly").sale
        assert (first.number, second.number, again.number) == (1, 2, 3)
        assert again.id != again.number
    browser = company.sign_in()

    def text(path: str) -> str:
        return browser.get(path).get_data(as_text=True)

    listed = text("/sales")
    assert f'<a href="/sales/{again.id}">#3</a>' in listed
    assert f"#{again.id}<" not in listed
    assert "What counts is sale 3." in text(f"/sales/{first.id}")
    assert "This sale corrects sale 1," in text(f"/sales/{again.id}")
    assert "Correct sale 2" in text(f"/sales/{second.id}/correct")
    assert "Void sale 2" in text(f"/sales/{second.id}/void")
    assert text("/sales?format=csv&cols=number").split() == ["Sale", "3", "2"]
    assert "Sale 2: AC tune-up" in text("/search?q=sale+2")
    api = company.api()
    assert api.get(f"/sales/{again.id}").json["data"]["number"] == 3
    assert [s["id"] for s in api.get("/sales?q=3").json["data"]["items"]] == [again.id]


def test_pay_names_a_sale_by_its_number(company: Company, other_company: Company) -> None:
    with other_company.acting():
        sales.sale()
    with company.acting():
        sales.rate()
        made = sales.sale(approved=True)
        period = made.pay_period_id
    page = company.sign_in("payroll").get(f"/pay-periods/{period}/technicians/{made.technician_id}")
    assert f"Sale {made.number}" in page.get_data(as_text=True)
    api = company.api("payroll")
    line = api.get(f"/admin/pay-periods/{period}/lines").json["data"]["items"][0]
    assert (line["sale_id"], line["sale_number"]) == (made.id, 1)


def test_nobody_waits_for_a_long_transaction_that_has_taken_a_number(company: Company) -> None:
    with company.acting():
        mike, tune_up = sales.technician().id, sales.item().id
    recorded: list[int] = []

    def record() -> None:
        with clock.at(NOON), company.acting():
            new = service.NewSale(technician_id=mike, item_id=tune_up, sale_price_cents=100)
            recorded.append(service.record(new).sale.number)

    with company.acting():
        assert sales.sale().number == 1  # and not committed yet
        other = threading.Thread(target=record)
        other.start()
        other.join(20)
        assert recorded == [2]


def test_numbers_go_on_after_the_database_was_restarted(company: Company, superuser: Any) -> None:
    with company.acting():
        assert numbers.take("sale") == 1
        superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like '%number_heads%' and"
            " datname = current_database() and pid <> pg_backend_pid()"
        )
        assert numbers.take("sale") == 2
        assert numbers.take("sale", 10) == 3
        assert numbers.take("sale") == 13
        numbers.given("sale", 5)
    with company.acting():
        assert numbers.take("sale") == 14


def test_sales_of_before_are_numbered_in_the_order_they_were_recorded(
    settings: Settings, worker_id: str
) -> None:
    superuser = os.environ["TRUCKROLL_TEST_SERVERS"].split("\n")[0]
    name = f"sale_numbers_{worker_id}"
    ensure_database(superuser, "truckroll", name)
    url = urlunsplit(urlsplit(settings.database_url)._replace(path=f"/{name}"))
    config = schema.alembic_config(url)
    tenants = [ids.uuid4(), ids.uuid4()]
    try:
        command.upgrade(config, "0007")
        with psycopg.connect(superuser, dbname=name, autocommit=True) as link:
            link.execute("set session_replication_role = replica")  # rows without those they refer to
            for position, tenant in enumerate(tenants):
                link.execute(
                    "insert into directory (kind, lookup_hash, tenant_id) values ('organization', %s, %s)",
                    (str(position).encode(), tenant),
                )
            for tenant in (tenants[0], tenants[1], tenants[1]):
                link.execute(
                    "insert into sales (tenant_id, public_id, technician_id, item_id, customer_name, sale_price_cents,"
                    " sold_on, payment_type, payment_status, notes, status, rejected_reason, void_reason, refund_due,"
                    " commission_cents, override_cents, period_note, snapshot, source, recorded_by, created_at, updated_at)"
                    " values (%s, gen_random_uuid(), 1, 1, '', 1, now(), '', 'unpaid', '', 'pending', '', '', false, 0, 0,"
                    " '', '{}', 'web', '', now(), now())",
                    (tenant,),
                )
            command.upgrade(config, "0008")
            assert [
                r[0]
                for r in link.execute("select number from sales order by tenant_id = %s, id", (tenants[1],))
            ] == [1, 1, 2]
            heads = link.execute("select tenant_id, kind, last from number_heads").fetchall()
            assert sorted(heads, key=lambda row: row[2]) == [(tenants[0], "sale", 1), (tenants[1], "sale", 2)]
            command.downgrade(config, "0007")
    finally:
        with psycopg.connect(superuser, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
