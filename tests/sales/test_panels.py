"""What sales tells on other domains' pages."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from tests.factories import sales
from tests.factories.world import Company
from webapp.kit import clock
from webapp.sales import panels, service
from webapp.sales.service import Buyer

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def test_customers_technicians_and_items_show_their_sales(company: Company) -> None:
    with company.acting():
        mike, tune_up, john = sales.technician(), sales.item(), sales.customer()
        sales.rate(rate_bps=1000)
        sales.sale(mike, tune_up, price=10_000, buyer=Buyer(customer_id=john.id))
        sales.sale(mike, tune_up, price=20_000, sold_on=date(2026, 10, 5))
        service.void(sales.sale(mike, tune_up, price=99_900).id, "x")
    with company.acting("manager"):
        of_john, of_mike, of_item = (
            panels.of_customer(john.id),
            panels.of_technician(mike.id),
            panels.of_item(tune_up.id),
        )
        assert [s["value"] for s in of_john["stats"]] == [1, 10_000, 1_000]
        assert [s["value"] for s in of_mike["stats"]] == [1, 10_000, 1_000]
        assert [s["value"] for s in of_item["stats"]] == [2, 30_000, 3_000]
        assert [r["sale_price_cents"] for r in of_mike["rows"]] == [10_000, 20_000]
    with company.acting("dispatcher"):
        assert [s["label"] for s in panels.of_customer(john.id)["stats"]] == ["Sales", "Sold"]
    client = company.sign_in("manager")
    for page in (f"/customers/{john.id}", f"/technicians/{mike.id}", f"/items/{tune_up.id}"):
        assert "$100.00" in client.get(page).get_data(as_text=True), page


def test_the_scorecard_counts_what_stands(company: Company) -> None:
    with company.acting():
        mike, ana, tune_up = sales.technician(), sales.technician("Ana"), sales.item()
        sales.rate(rate_bps=1000)
        sales.sale(mike, tune_up, price=10_000)
        sales.sale(mike, tune_up, price=20_000, sold_on=date(2026, 10, 5))
        service.reject(sales.sale(ana, tune_up, price=99_900).id, "x")
    with company.acting("manager"):
        assert panels.metrics(date(2026, 11, 1), date(2026, 11, 30)) == {
            mike.id: {"sales_count": 1, "revenue_cents": 10_000, "commission_cents": 1_000}
        }


def test_the_scorecard_keeps_commissions_from_who_may_not_see_them(company: Company) -> None:
    with company.acting():
        mike, _idle = sales.technician("Mike"), sales.technician("Idle Ida")
        sales.rate(rate_bps=1000)
        sales.sale(mike, price=12_340)
    days = "date_from=2026-11-01&date_to=2026-11-30"
    for role, figures in (("manager", {1_234, 0}), ("dispatcher", {None})):
        board = company.api(role).get(f"/admin/technicians/metrics?{days}").json["data"]["leaderboard"]
        assert {line["commission_cents"] for line in board} == figures, role
        assert board[0]["revenue_cents"] == 12_340
        page = company.sign_in(role).get("/technicians/scorecard").get_data(as_text=True)
        assert ("$12.34" in page, "Commission</" in page) == (role == "manager",) * 2
        assert "$123.40" in page
