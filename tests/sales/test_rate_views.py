"""The matrix of commission rates, and what a change would have paid."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask.testing import FlaskClient

from tests.factories import sales
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.kit import clock
from webapp.sales import rules, service
from webapp.sales.queries import rates as queries
from webapp.sales.queries.rates import Place
from webapp.sales.service import Share, effect, rates

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
OCTOBER = date(2026, 10, 14)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def post(client: FlaskClient, path: str, hx: bool | str = False, **fields: object) -> object:
    token = csrf_of(client.get("/commission-rates").get_data(as_text=True))
    return client.post(path, data={"csrf_token": token, **fields}, hx=hx)  # type: ignore[call-arg]


def cell(html: str, name: str) -> tuple[str, str, bool]:
    """A cell's rate, title, and whether it is set right there."""
    found = re.search(rf'<a class="([^"]*)" id="rate-{name}"[^>]*title="([^"]*)"[^>]*>([^<]*)', html)
    assert found, name
    return found[3], found[2], "tr-rate-own" in found[1]


def test_each_cell_shows_what_applies_and_where_it_comes_from(company: Company) -> None:
    with company.acting():
        heating = sales.category("Heating")
        mike, ana = sales.technician("Mike"), sales.technician("Ana")
        furnace, other = sales.item("Furnace", category_id=heating.id), sales.item("Other")
        sales.rate(rate_bps=500, ov_rate_bps=100)
        sales.rate(None, None, heating.id, structure="flat", flat_cents=2500)
        sales.rate(mike.id, furnace.id, rate_bps=750)
        tiers = (rules.Tier(100_000, 500), rules.Tier(None, 800))
        sales.rate(ana.id, structure="tiered", tiers=tiers)
        m, a, f, o = mike.id, ana.id, furnace.id, other.id
    html = company.sign_in("manager").get("/commission-rates").get_data(as_text=True)
    assert cell(html, "company") == ("5%", "Company default: 5% and 1% to the supervisor, set here", True)
    assert cell(html, f"t{m}-i{f}") == ("7.5%", "Mike on Furnace: 7.5%, set here", True)
    assert cell(html, f"t{a}-i{f}") == (
        "$25",
        "Ana on Furnace: a flat $25.00, from everyone on Heating",
        False,
    )
    assert cell(html, f"t{a}-i{o}")[0::2] == ("5–8%", False)
    assert cell(html, f"t{m}-i{o}")[1].endswith("from the company default")
    assert cell(html, f"i{f}")[0::2] == ("$25", False)
    by_category = company.sign_in("payroll").get("/commission-rates?by=categories").get_data(as_text=True)
    assert "Heating" in by_category


def test_the_matrix_takes_as_many_queries_for_many_rows_as_for_few(company: Company) -> None:
    with company.acting():
        sales.technician("Mike")
        sales.item("Furnace")
    client = company.sign_in("manager")
    client.get("/commission-rates")
    with counted() as few:
        client.get("/commission-rates")
    with company.acting():
        people = [sales.technician(f"T{n}") for n in range(5)]
        for number in range(30):
            found = sales.item(f"Item {number:02d}")
            sales.rate(people[number % 5].id, found.id)
    with counted() as many:
        html = client.get("/commission-rates").get_data(as_text=True)
    assert len(many) == len(few)
    assert "31 items, page 1 of 2" in html
    assert "Item 29" in client.get("/commission-rates?page=2").get_data(as_text=True)
    assert "Item 07" in client.get("/commission-rates?q=07", hx="matrix").get_data(as_text=True)
    assert "Nothing matches" in client.get("/commission-rates?q=zzz", hx="matrix").get_data(as_text=True)


def test_a_cell_is_edited_in_its_dialog_and_the_change_can_be_undone(company: Company) -> None:
    with company.acting():
        mike, furnace = sales.technician("Mike"), sales.item("Furnace")
        place = Place(mike.id, furnace.id)
    client = company.sign_in("payroll")
    path = f"/commission-rates/edit?technician={place.technician_id}&item={place.item_id}"
    dialog = client.get(path, hx="dialog").get_data(as_text=True)
    assert "Mike on Furnace" in dialog
    assert "no commission" in dialog
    assert client.get(path).status_code == 200
    wrong = post(client, path, hx=True, structure="percentage", rate_bps="140")
    assert "cannot be more than 100%" in wrong.get_data(as_text=True)  # type: ignore[attr-defined]
    done = post(client, path, hx=True, structure="percentage", rate_bps="7.5", ov_rate_bps="0")
    trigger = json.loads(done.headers["HX-Trigger"])  # type: ignore[attr-defined]
    assert (done.status_code, trigger["rates-changed"]) == (204, True)  # type: ignore[attr-defined]
    with company.acting():
        row = queries.named(place)
        assert row is not None
        assert (row.rate_bps, row.ov_rate_bps) == (750, 0)
    again = post(client, path, hx=True, structure="tiered", upto_0="1000", tier_0="5", tier_1="8")
    assert again.status_code == 204  # type: ignore[attr-defined]
    undo = json.loads(again.headers["HX-Trigger"])["toast"][0]["undo_url"]  # type: ignore[attr-defined]
    assert post(client, undo).status_code == 303  # type: ignore[attr-defined]
    with company.acting():
        row = queries.named(place)
        assert row is not None
        assert (row.structure, row.rate_bps, row.ov_rate_bps) == ("percentage", 750, 0)
    remove = f"/commission-rates/remove?technician={place.technician_id}&item={place.item_id}"
    assert post(client, remove, hx=True).status_code == 204  # type: ignore[attr-defined]
    assert post(client, trigger["toast"][0]["undo_url"]).status_code == 404  # type: ignore[attr-defined]
    assert post(client, "/commission-rates/undo/forged").status_code == 409  # type: ignore[attr-defined]


def test_every_change_of_a_rate_is_in_the_audit_log_with_before_and_after(company: Company) -> None:
    from sqlalchemy import select

    from webapp.kit import context
    from webapp.kit.db import db
    from webapp.kit.tables import AuditEntry

    with company.acting():
        sales.rate(rate_bps=500)
    with company.acting():
        sales.rate(rate_bps=600)
        sales.rate(rate_bps=600)
    with company.acting():
        rates.remove_rate(Place())
        rates.set_default_scale((rules.ScaleStep(500, 8000),))
    with company.acting():
        found = db.session.scalars(
            select(AuditEntry)
            .where(AuditEntry.tenant_id == context.tenant_id(), AuditEntry.action.like("commission_%"))
            .order_by(AuditEntry.seq)
        ).all()
        assert [(e.action, e.payload.get("rate")) for e in found] == [
            ("commission_rate.set", "5%"),
            ("commission_rate.set", "6%"),
            ("commission_rate.removed", "6%"),
            ("commission_scale.set", None),
        ]
        assert found[1].payload["diff"] == {"rate_bps": {"from": 500, "to": 600}}
        assert found[3].payload["diff"] == {
            "discount_scale": {"from": [], "to": [{"pays_bps": 8000, "discount_bps": 500}]}
        }


def test_the_effect_on_last_month_is_shown_by_technician_before_saving(company: Company) -> None:
    with company.acting():
        boss = sales.technician("Boss")
        mike, ana = sales.technician("Mike", supervisor_id=boss.id), sales.technician("Ana")
        unit = sales.item("Unit")
        sales.rate(rate_bps=1000, ov_rate_bps=100)
        sales.sale(mike, unit, price=100_000, sold_on=OCTOBER)
        sales.sale(mike, unit, price=50_000, sold_on=OCTOBER, splits=(Share(ana.id, 5000),))
        sales.sale(ana, unit, price=10_000, sold_on=OCTOBER)
        service.void(sales.sale(mike, unit, price=999_999, sold_on=OCTOBER).id, "x")
        service.reject(sales.sale(mike, unit, price=999_999, sold_on=OCTOBER).id, "x")
        sales.sale(mike, unit, price=999_999, sold_on=date(2026, 11, 2))
        place = Place(mike.id, unit.id)
        rule = rates.as_rule(rates.Rate(rate_bps=2000), rates.named(place))
        found = effect.of_rate(place, rule)
        assert (found.sales, found.changed, found.cut) == (2, 2, False)
        assert [(r.name, r.old_cents, r.new_cents) for r in found.rows] == [
            ("Mike", 12_500, 25_000),
            ("Ana", 2_500, 5_000),
            ("Boss", 1_250, 1_250),
        ]
        assert (found.old_cents, found.new_cents) == (16_250, 31_250)
        nothing = effect.of_rate(place, None)
        assert (nothing.changed, nothing.old_cents == nothing.new_cents) == (0, True)
    client = company.sign_in("manager")
    path = f"/commission-rates/effect?technician={place.technician_id}&item={place.item_id}"
    html = post(client, path, hx="effect", structure="percentage", rate_bps="20").get_data(as_text=True)  # type: ignore[attr-defined]
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))
    assert "On 2 sales of Oct 1–31, 2026" in text
    assert "+$150.00" in text
    with company.acting():
        assert queries.named(place) is None
    wrong = post(client, path, hx="effect", structure="percentage", rate_bps="").get_data(as_text=True)  # type: ignore[attr-defined]
    assert "Enter 0 for none" in wrong


def test_sales_under_a_more_specific_rate_are_not_touched_by_a_general_one(company: Company) -> None:
    with company.acting():
        boss = sales.technician("Boss")
        mike, ana = sales.technician("Mike", supervisor_id=boss.id), sales.technician("Ana")
        unit = sales.item("Unit")
        sales.rate(rate_bps=1000, ov_rate_bps=100)
        sales.rate(mike.id, rate_bps=500)
        for who in (mike, ana):
            sales.sale(who, unit, price=10_000, sold_on=OCTOBER)
        only_rate = effect.of_rate(Place(), rates.as_rule(rates.Rate(rate_bps=2000), rates.named(Place())))
        # Mike's own rate names no override, so the company's is his supervisor's too
        assert [(r.name, r.difference_cents) for r in only_rate.rows] == [
            ("Ana", 1_000),
            ("Boss", -100),
            ("Mike", 0),
        ]
        sales.rate(mike.id, rate_bps=500, ov_rate_bps=0)
        own = effect.of_rate(Place(), rates.as_rule(rates.Rate(rate_bps=2000), rates.named(Place())))
        assert (own.sales, [r.name for r in own.rows]) == (1, ["Ana"])


def test_the_effect_of_another_discount_scale(company: Company) -> None:
    with company.acting():
        unit = sales.item("Unit", list_price_cents=100_000)
        sales.rate(rate_bps=1000, discount_scale_enabled=True)
        sales.sale(sales.technician("Mike"), unit, price=80_000, sold_on=OCTOBER)
        found = effect.of_scale((rules.ScaleStep(1000, 5000),))
        assert (found.changed, found.old_cents, found.new_cents) == (1, 8_000, 4_000)
    client = company.sign_in("payroll")
    assert "Discount scale" in client.get("/commission-rates/scale", hx="dialog").get_data(as_text=True)
    shown = post(client, "/commission-rates/scale/effect", hx="effect", discount_0="10", pays_0="50")
    assert "−$40.00" in shown.get_data(as_text=True)  # type: ignore[attr-defined]
    wrong = post(
        client, "/commission-rates/scale", hx=True, discount_0="10", pays_0="50", discount_1="20", pays_1="80"
    )
    assert "The deeper the discount, the lower the commission." in wrong.get_data(as_text=True)  # type: ignore[attr-defined]
    saved = post(client, "/commission-rates/scale", hx=True, discount_0="10", pays_0="50")
    assert saved.status_code == 204  # type: ignore[attr-defined]
    assert 'value="10"' in client.get("/commission-rates/scale").get_data(as_text=True)


def test_the_rates_as_a_file(company: Company) -> None:
    with company.acting():
        sales.rate(rate_bps=725)
        tiers = (rules.Tier(100_000, 500), rules.Tier(None, 800))
        sales.rate(sales.technician("=Mike").id, sales.item("Furnace").id, structure="tiered", tiers=tiers)
    lines = company.sign_in("manager").get("/commission-rates?format=csv").get_data(as_text=True).splitlines()
    assert lines[1] == "company,,,,percentage,7.25,,,,no,"
    assert lines[2] == 'technician + item,\'=Mike,Furnace,,tiered,,,"5.00% up to $1000.00, 8.00% above",,no,'


def test_who_may_only_read_rates_gets_no_way_to_change_them(company: Company) -> None:
    with company.acting():
        sales.item("Furnace")
        sales.technician("Mike")
    client = company.sign_in("accountant")
    html = client.get("/commission-rates").get_data(as_text=True)
    assert "commission-rates/edit" not in html
    assert client.get("/commission-rates/edit").status_code == 403
    assert company.sign_in("dispatcher").get("/commission-rates").status_code == 403


def test_a_place_that_is_none_is_refused(company: Company) -> None:
    client = company.sign_in("admin")
    assert client.get("/commission-rates/edit?item=1&category=2").status_code == 400
    assert client.get("/commission-rates/edit?item=x").status_code == 400
    assert client.get("/commission-rates/edit?item=99999999").status_code == 404
