"""The pages of sales in the office."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories import sales
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.kit import clock, context, errors
from webapp.kit.db import db
from webapp.models import Customer, PayLine, Sale
from webapp.sales import service
from webapp.sales.pay import closing
from webapp.sales.service import Buyer, Share, tallies

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture
def made(company: Company) -> list[int]:
    """Three sales of Mike's, the second approved, the third voided."""
    with company.acting():
        mike, tune_up = sales.technician(), sales.item(list_price_cents=150_000)
        sales.rate(mike.id, tune_up.id)
        numbers = [sales.sale(mike, tune_up, buyer=Buyer(name=f"Customer {n}")).id for n in range(3)]
        service.approve(numbers[1])
        service.void(numbers[2], "typed twice")
    return numbers


def text_of(client: FlaskClient, path: str, **options: object) -> str:
    answer = client.get(path, **options)  # type: ignore[arg-type]
    assert answer.status_code == 200, (path, answer.status_code)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def send(
    client: FlaskClient, path: str, page: str = "/sales", hx: bool | str = False, **fields: object
) -> object:
    token = csrf_of(client.get(page).get_data(as_text=True))
    return client.post(path, data={"csrf_token": token, **fields}, hx=hx)  # type: ignore[call-arg]


def toasts(answer: object) -> list[str]:
    found = json.loads(answer.headers.get("HX-Trigger", "{}")).get("toast", [])  # type: ignore[attr-defined]
    return [t["text"] for t in found]


# The list -------------------------------------------------------------------------------------------------------------


def test_the_list_shows_sales_without_the_voided_ones_and_what_they_come_to(
    company: Company, made: list[int]
) -> None:
    page = text_of(company.sign_in("manager"), "/sales")
    assert "#1" in page
    assert "#3" not in page
    assert "Pending approval 1" in page
    assert "Total" in page
    assert "$3,000.00" in page
    assert "$225.00" in page


def test_the_tabs_and_filters_narrow_the_list(company: Company, made: list[int]) -> None:
    client = company.sign_in("manager")

    def shown(query: str) -> list[int]:
        html = client.get(f"/sales?{query}", hx="results").get_data(as_text=True)
        return [int(n) for n in re.findall(r">#(\d+)</a>", html)]

    assert shown("status=pending") == [1]
    assert shown("status=voided") == [3]
    assert shown("status=approved&status=voided") == [3, 2]
    assert shown("q=2") == [2]
    assert shown("q=custom") == [2, 1]
    assert shown("q=nobody") == []
    assert shown("when=yesterday") == []
    assert shown("from=2026-11-18&to=2026-11-18") == [2, 1]
    assert shown("payment=paid") == []
    assert shown("who=open") == []
    assert shown("technician=999999") == []
    assert "Clear all" in client.get("/sales?status=pending&technician=1").get_data(as_text=True)


def test_the_list_is_read_in_a_fixed_number_of_queries(company: Company, made: list[int]) -> None:
    client = company.sign_in("manager")
    client.get("/sales")
    with counted() as few:
        client.get("/sales")
    with company.acting():
        mike, tune_up = sales.technician("Mike"), sales.item("More")
        for number in range(20):
            sales.sale(mike, tune_up, price=number)
    with counted() as many:
        client.get("/sales")
    assert len(many) == len(few)
    own = [s for s in many if "sale" in s and "saved_views" not in s]
    assert len(own) == 3, own  # totals, rows, how many wait
    with counted() as rows_only:
        client.get("/sales", hx="results")
    assert len([s for s in rows_only if "sale" in s]) == 2


def test_the_list_as_a_file_has_the_columns_in_view(company: Company, made: list[int]) -> None:
    answer = company.sign_in("manager").get(
        "/sales?format=csv&cols=number,customer,sale_price_cents&status=pending"
    )
    assert answer.get_data(as_text=True) == "Sale,Customer,Price\n1,Customer 0,1500.00\n"


def test_a_dispatcher_sees_no_commissions_and_cannot_decide(company: Company, made: list[int]) -> None:
    client = company.sign_in("dispatcher")
    page = text_of(client, "/sales")
    assert "Commission" not in page
    assert "/sales/bulk/approve" not in client.get("/sales").get_data(as_text=True)
    assert "Commission" not in client.get("/sales?format=csv").get_data(as_text=True)
    for path in (f"/sales/{made[0]}", f"/sales/{made[0]}/timeline"):
        assert "recorded this sale" in text_of(client, path)
        assert "112.50" not in text_of(client, path)
        assert "7.5%" not in text_of(client, path)
    assert send(client, f"/sales/{made[0]}/approve").status_code == 403  # type: ignore[attr-defined]
    refused = client.get("/commission-rates")
    assert refused.status_code == 403
    assert "it needs the permission “See commission rates and what others earn”" in refused.get_data(
        as_text=True
    )


def test_ticked_sales_are_approved_and_the_rest_named(company: Company, made: list[int]) -> None:
    client = company.sign_in("manager")
    answer = send(client, "/sales/bulk/approve?status=pending", hx="results", ids=[str(n) for n in made])
    assert answer.headers["HX-Redirect"] == "/sales?status=pending"  # type: ignore[attr-defined]
    page = text_of(client, "/sales")
    assert "1 sale approved." in page
    assert "2 sales left as they were, such as 2: This sale is already approved." in page
    assert send(client, "/sales/bulk/approve", hx="results").status_code == 409  # type: ignore[attr-defined]


def test_approvals_can_be_taken_back_while_nothing_is_closed(company: Company, made: list[int]) -> None:
    with company.acting():
        second = sales.sale().id
    client = company.sign_in("manager")
    done = send(client, f"/sales/{made[0]}/approve", hx="record")
    undo = json.loads(done.headers["HX-Trigger"])["toast"][0]["undo_url"]  # type: ignore[attr-defined]
    assert undo == f"/sales/{made[0]}/unapprove"
    assert toasts(send(client, undo, hx="record")) == ["Sale 1 waits for approval again."]
    assert "took the approval back" in text_of(client, f"/sales/{made[0]}")
    send(client, "/sales/bulk/approve?status=pending", hx="results", ids=[str(made[0]), str(second)])
    page = client.get("/sales").get_data(as_text=True)
    undo = re.findall(r'"(/sales/undo/[^"]+)"', page)[0]
    back = send(client, undo)
    assert back.headers["Location"] == "/sales?status=pending"  # type: ignore[attr-defined]
    assert "2 sales wait for approval again." in text_of(client, "/sales")
    assert send(client, undo).status_code == 303  # type: ignore[attr-defined]
    assert "2 sales left as they were" in text_of(client, "/sales")
    with company.acting():
        assert tallies.differences() == []
        states = db.session.execute(select(PayLine.state).where(PayLine.sale_id.in_([made[0], second])))
        assert {row.state for row in states} == {"pending"}


def test_an_approval_stays_after_a_day_or_once_its_period_is_closed(
    company: Company, made: list[int]
) -> None:
    with (
        company.acting(),
        clock.at(NOON + timedelta(days=1, seconds=1)),
        pytest.raises(errors.Conflict, match="a day ago"),
    ):
        service.unapprove(made[1])
    with company.acting():
        period = db.session.get_one(Sale, (context.tenant_id(), made[1])).pay_period_id
        assert period is not None
        closing.close(period)
        with pytest.raises(errors.Conflict, match="closed pay period"):
            service.unapprove(made[1])
        with pytest.raises(errors.Conflict, match="not approved any more"):
            service.unapprove(made[0])


def test_the_tabs_count_anew_by_themselves(company: Company, made: list[int]) -> None:
    client = company.sign_in("manager")
    html = client.get("/sales?status=pending").get_data(as_text=True)
    tabs = re.findall(r'<div id="sale-tabs"[^>]*>', html)[0]
    assert 'hx-get="/sales?status=pending"' in tabs
    assert 'hx-trigger="sales-changed from:body"' in tabs
    assert "Pending approval 1" in text_of(client, "/sales?status=pending", hx="sale-tabs")
    with company.acting():
        service.approve(made[0])
    with counted() as statements:
        fresh = text_of(client, "/sales?status=pending", hx="sale-tabs")
    assert "Pending approval 1" not in fresh
    assert len([s for s in statements if "sale" in s and "saved_views" not in s]) == 1


def test_a_sale_always_has_a_next_step_while_money_is_owed(company: Company, made: list[int]) -> None:
    client = company.sign_in("manager")

    def primary(number: int) -> str:
        html = client.get(f"/sales/{number}").get_data(as_text=True)
        return " ".join(re.findall(r"tr-btn-primary[^>]*>(?:<svg.*?</svg>)?<span>([^<]+)", html, re.DOTALL))

    assert primary(made[0]) == "Approve"
    assert primary(made[1]) == "Mark paid"
    assert 'selected value="paid"' in client.get(f"/sales/{made[1]}/payment").get_data(as_text=True)
    send(client, f"/sales/{made[1]}/payment", hx=True, status="paid", payment_date="2026-11-17")
    assert primary(made[1]) == ""
    send(client, f"/sales/{made[1]}/void", hx=True, reason="x")
    assert primary(made[1]) == "Undo the void"


def test_all_that_match_are_approved(company: Company, made: list[int]) -> None:
    client = company.sign_in("manager")
    send(client, "/sales/bulk/approve?status=pending", everything="1")
    with company.acting():
        assert db.session.get_one(Sale, (context.tenant_id(), made[0])).status == "approved"


def test_many_are_rejected_with_one_reason(company: Company, made: list[int]) -> None:
    client = company.sign_in("manager")
    asked = send(client, "/sales/bulk/reject", hx="dialog", ids=str(made[0]))
    assert "Reject 1 sale" in asked.get_data(as_text=True)  # type: ignore[attr-defined]
    without = send(client, "/sales/bulk/reject", hx=True, ids=str(made[0]), reason=" ")
    assert without.status_code == 422  # type: ignore[attr-defined]
    send(client, "/sales/bulk/reject", ids=str(made[0]), reason="Wrong month")
    with company.acting():
        assert db.session.get_one(Sale, (context.tenant_id(), made[0])).rejected_reason == "Wrong month"


# Recording ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def fields(company: Company) -> dict[str, str]:
    with company.acting():
        mike, tune_up = sales.technician(), sales.item(list_price_cents=150_000)
        sales.rate(mike.id, tune_up.id)
        return {"technician_id": str(mike.id), "item_id": str(tune_up.id), "sale_price_cents": "1,500.00",
                "sold_on": "2026-11-18", "payment_type": "check"}  # fmt: skip


def test_a_sale_is_recorded_from_the_form(company: Company, fields: dict[str, str]) -> None:
    client = company.sign_in("manager")
    answer = send(
        client, "/sales/new", "/sales/new", customer="new:Jane Roe", customer_phone="512 555 0123", **fields
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)  # type: ignore[attr-defined]
    page = text_of(client, answer.headers["Location"])  # type: ignore[attr-defined]
    assert "Mike Johnson $112.50" in page
    assert "7.5% of $1,500.00 = $112.50" in page
    assert "Jane Roe" in page
    assert "it earns Mike Johnson $112.50. Jane Roe was added to your customers." in page
    with company.acting():
        jane = db.session.scalar(select(Customer).where(Customer.tenant_id == context.tenant_id()))
        assert jane is not None
        assert jane.phone == "+15125550123"


def test_an_empty_company_is_shown_where_technicians_and_items_are_added(company: Company) -> None:
    page = company.sign_in("manager").get("/sales/new").get_data(as_text=True)
    assert 'There is none to choose yet. <a href="/technicians/new">Add a technician</a>' in page
    assert 'data-add-url="/items/new"' in page
    # who may not add any is not sent there
    assert "/technicians/new" not in company.sign_in("dispatcher").get("/sales/new").get_data(as_text=True)
    with company.acting():
        sales.technician()
    assert "There is none to choose" not in company.sign_in("manager").get("/sales/new").get_data(
        as_text=True
    )


def test_one_after_the_other_keeps_technician_and_day(company: Company, fields: dict[str, str]) -> None:
    client = company.sign_in("dispatcher")
    answer = send(client, "/sales/new", "/sales/new", then="again", **fields)
    where = answer.headers["Location"]  # type: ignore[attr-defined]
    assert where == f"/sales/new?technician={fields['technician_id']}&sold_on=2026-11-18"
    assert 'value="2026-11-18"' in client.get(where).get_data(as_text=True)


def test_what_is_wrong_is_said_at_its_field(company: Company, fields: dict[str, str]) -> None:
    client = company.sign_in("manager")
    answer = send(client, "/sales/new", "/sales/new", hx=True, **{**fields, "sale_price_cents": "lots", "sold_on": "",
                                                                  "split_share_0": "10"})  # fmt: skip
    html = answer.get_data(as_text=True)  # type: ignore[attr-defined]
    assert answer.status_code == 422  # type: ignore[attr-defined]
    for sentence in ("“lots” is not an amount.", "Enter the day it was sold.", "Choose who gets this share."):
        assert sentence in html
    too_much = {**fields, "split_technician_0": fields["technician_id"], "split_share_0": "150"}
    answer = send(client, "/sales/new", "/sales/new", hx=True, **too_much)
    assert "The shares come to 150%" in answer.get_data(as_text=True)  # type: ignore[attr-defined]


def test_a_name_that_fits_two_customers_is_asked_about(company: Company, fields: dict[str, str]) -> None:
    with company.acting():
        first = sales.customer("Jane Roe", phone="+15125550101").id
        sales.customer("Jane Roe", phone="+15125550102")
    client = company.sign_in("dispatcher")
    asked = send(client, "/sales/new", "/sales/new", hx=True, customer="new:Jane Roe", **fields)
    html = asked.get_data(as_text=True)  # type: ignore[attr-defined]
    assert asked.status_code == 422  # type: ignore[attr-defined]
    assert "Which Jane Roe is this?" in html
    assert "(512) 555-0101" in html
    answer = send(
        client, "/sales/new", "/sales/new", customer="new:Jane Roe", customer_choice=str(first), **fields
    )
    assert answer.status_code == 303  # type: ignore[attr-defined]
    with company.acting():
        assert db.session.scalars(
            select(Sale.customer_id).where(Sale.tenant_id == context.tenant_id())
        ).all() == [first]


def test_while_one_types_prices_fill_in_and_the_commission_shows(
    company: Company, fields: dict[str, str]
) -> None:
    client = company.sign_in("manager")
    item = fields["item_id"]
    prices = client.get(f"/sales/new/prices?item_id={item}&sale_price_cents=&list_price_cents=", hx=True)
    assert prices.get_data(as_text=True).count('value="1500.00"') == 2
    kept = client.get(f"/sales/new/prices?item_id={item}&sale_price_cents=900&list_price_cents=", hx=True)
    assert 'value="900.00"' in kept.get_data(as_text=True)
    assert "Phone" in client.get("/sales/new/customer?customer=new:Jane", hx=True).get_data(as_text=True)
    assert "Phone" not in client.get("/sales/new/customer?customer=12", hx=True).get_data(as_text=True)
    query = "&".join(f"{k}={v}" for k, v in fields.items())
    shown = client.get(f"/sales/new/preview?{query}", hx=True).get_data(as_text=True)
    assert "$112.50" in shown
    assert "7.5% of $1,500.00 = $112.50" in shown
    assert "Choose technician" in client.get("/sales/new/preview", hx=True).get_data(as_text=True)
    assert "112.50" not in company.sign_in("dispatcher").get(f"/sales/new/preview?{query}").get_data(
        as_text=True
    )


def test_the_customer_field_finds_people_and_offers_a_new_one(company: Company) -> None:
    with company.acting():
        from webapp.customers import service as customers

        known = customers.resolve(name="Jane Roe", phone="512 555 0101")
        number = known.id  # type: ignore[union-attr]
    found = company.sign_in("dispatcher").get("/sales/customer-options?q=jane").get_json()
    assert [(o["id"], o["label"]) for o in found] == [
        (number, "Jane Roe"),
        ("new:jane", "New customer: jane"),
    ]


# The record -----------------------------------------------------------------------------------------------------------


def test_the_page_of_a_sale_explains_its_commission_and_offers_the_next_step(
    company: Company, made: list[int]
) -> None:
    client = company.sign_in("manager")
    page = text_of(client, f"/sales/{made[0]}")
    for words in ("Pending approval", "Approve", "Mike Johnson&#39;s rate for AC tune-up is 7.5%", "Used: Mike Johnson on AC",
                  "recorded this sale at 7.5%", "Reject", "Void", "Nov 16–30, 2026"):  # fmt: skip
        assert words in page, words
    approved = text_of(client, f"/sales/{made[1]}")
    assert "Reject" not in approved
    assert "Voided: typed twice" in text_of(client, f"/sales/{made[2]}")
    assert client.get("/sales/999999999").status_code == 404


def test_the_page_of_a_sale_is_read_in_a_fixed_number_of_queries(company: Company, made: list[int]) -> None:
    client = company.sign_in("manager")
    client.get(f"/sales/{made[0]}")
    with counted() as statements:
        client.get(f"/sales/{made[0]}")
    assert len([s for s in statements if "FROM sales" in s or "audit_entries" in s]) == 2


def test_approving_on_the_page_shows_it_in_the_record_at_once(company: Company, made: list[int]) -> None:
    client = company.sign_in("payroll")
    answer = send(client, f"/sales/{made[0]}/approve", hx="record")
    assert (answer.status_code, "sale-changed" in answer.headers["HX-Trigger"]) == (204, True)  # type: ignore[attr-defined]
    record = client.get(f"/sales/{made[0]}", hx="record").get_data(as_text=True)
    assert "approved it" in record
    assert toasts(answer) == ["Sale 1 is approved."]
    again = send(client, f"/sales/{made[0]}/approve", hx="record")
    assert (again.status_code, toasts(again)) == (  # type: ignore[attr-defined]
        409,
        ["This sale is already approved. From here it can only be voided."],
    )


def test_rejecting_and_voiding_ask_for_a_reason_and_can_be_undone(company: Company, made: list[int]) -> None:
    client = company.sign_in("manager")
    for verb, back, number in (("reject", "resubmit", made[0]), ("void", "unvoid", made[1])):
        assert "Reason" in text_of(client, f"/sales/{number}/{verb}", hx="dialog")
        assert "Reason" in text_of(client, f"/sales/{number}/{verb}")
        refused = send(client, f"/sales/{number}/{verb}", hx=True)
        assert refused.status_code == 422  # type: ignore[attr-defined]
        done = send(client, f"/sales/{number}/{verb}", hx=True, reason="No such job")
        trigger = json.loads(done.headers["HX-Trigger"])  # type: ignore[attr-defined]
        assert (done.status_code, trigger["sale-changed"], trigger["closeDialog"]) == (204, True, True)  # type: ignore[attr-defined]
        assert trigger["toast"][0]["undo_url"] == f"/sales/{number}/{back}"
        assert send(client, f"/sales/{number}/{back}").status_code == 303  # type: ignore[attr-defined]
    with company.acting():
        found = db.session.execute(
            select(Sale.id, Sale.status, Sale.voided_at).where(Sale.id.in_(made[:2])).order_by(Sale.id)
        )
        assert [tuple(r) for r in found] == [(made[0], "pending", None), (made[1], "approved", None)]


def test_the_payment_is_set_and_set_back(company: Company, made: list[int]) -> None:
    client = company.sign_in("accountant")
    path = f"/sales/{made[0]}/payment"
    assert "Paid on" in text_of(client, path, hx="dialog")
    done = send(client, path, hx=True, status="paid", payment_date="2026-11-17")
    undo = json.loads(done.headers["HX-Trigger"])["toast"][0]["undo_url"]  # type: ignore[attr-defined]
    assert send(client, undo).status_code == 303  # type: ignore[attr-defined]
    wrong = send(client, path, hx=True, status="refunded", payment_date="2026-11-17")
    assert "cannot become refunded" in wrong.get_data(as_text=True)  # type: ignore[attr-defined]
    with company.acting():
        assert db.session.get_one(Sale, (context.tenant_id(), made[0])).payment_status == "unpaid"


def test_an_approved_sale_is_corrected_by_a_new_one_and_both_say_so(
    company: Company, made: list[int]
) -> None:
    client = company.sign_in("manager")
    path = f"/sales/{made[1]}/correct"
    html = client.get(path).get_data(as_text=True)
    assert "it is voided and recorded anew" in html
    values = dict(re.findall(r'name="(technician_id|item_id|sold_on|customer)"[^>]*?value="([^"]*)"', html))
    with company.acting():
        sale = db.session.get_one(Sale, (context.tenant_id(), made[1]))
        values |= {"technician_id": str(sale.technician_id), "item_id": str(sale.item_id), "sold_on": "2026-11-18",
                   "customer": str(sale.customer_id), "list_price_cents": "1500.00"}  # fmt: skip
    without = send(client, path, hx=True, sale_price_cents="1000", **values)
    assert "Give a reason" in without.get_data(as_text=True)  # type: ignore[attr-defined]
    answer = send(client, path, sale_price_cents="1000", reason="Wrong price", **values)
    new = answer.headers["Location"]  # type: ignore[attr-defined]
    assert "This sale corrects sale 2," in text_of(client, new)
    assert "This sale was corrected. What counts is sale" in text_of(client, f"/sales/{made[1]}")


def test_a_correction_of_words_only_leaves_the_shares_alone(company: Company) -> None:
    with company.acting():
        mike, ana = sales.technician(), sales.technician("Ana")
        sale = sales.sale(mike, splits=(Share(ana.id, 2500),), buyer=Buyer(name="Jo"))
        values = {"technician_id": mike.id, "item_id": sale.item_id, "sold_on": "2026-11-18", "sale_price_cents": "1500",
                  "customer": sale.customer_id, "split_technician_0": ana.id, "split_share_0": "25"}  # fmt: skip
        number = sale.id
    client = company.sign_in("manager")
    html = client.get(f"/sales/{number}/correct").get_data(as_text=True)
    assert 'value="25"' in html
    answer = send(client, f"/sales/{number}/correct", reason="Note", notes="Called", **values)
    assert answer.status_code == 303, answer.get_data(as_text=True)  # type: ignore[attr-defined]
    with company.acting():
        sale = db.session.get_one(Sale, (context.tenant_id(), number))
        assert (sale.notes, service.correct.__name__, sale.replaces_id) == ("Called", "correct", None)


def test_the_question_who_the_customer_is_can_be_answered_on_the_page(company: Company) -> None:
    with company.acting():
        first = sales.customer("Jane Roe", phone="+15125550101").id
        sales.customer("Jane Roe", phone="+15125550102")
        number = sales.sale(buyer=Buyer(name="Jane Roe")).id
    client = company.sign_in("dispatcher")
    assert "#1" in text_of(client, "/sales?who=open&view=who")
    assert "#1" in text_of(client, "/sales?q=roe")
    assert "Who is this?" in text_of(client, f"/sales/{number}")
    answer = send(client, f"/sales/{number}/who", hx="record", customer=str(first))
    assert toasts(answer) == ["The customer is Jane Roe."]
    assert "Who is this?" not in text_of(client, f"/sales/{number}")


def test_every_page_of_another_companys_sale_is_not_there(company: Company, other_company: Company) -> None:
    with other_company.acting():
        theirs = sales.sale().id
    client = company.sign_in("admin")
    for path in ("", "/correct", "/reject", "/void", "/payment", "/timeline"):
        assert client.get(f"/sales/{theirs}{path}").status_code == 404, path
    for verb in ("approve", "reject", "void", "unvoid", "resubmit", "payment", "correct", "who"):
        answer = send(client, f"/sales/{theirs}/{verb}", reason="x", customer="new", status="paid")
        assert answer.status_code == 404, verb  # type: ignore[attr-defined]


# The phone ------------------------------------------------------------------------------------------------------------


def test_technicians_record_and_see_their_own_on_the_phone(company: Company) -> None:
    with company.acting():
        mike, ana, tune_up = sales.technician(), sales.technician("Ana"), sales.item(list_price_cents=20_000)
        sales.rate(rate_bps=1000)
        sales.link(company.users["technician"], mike)
        others = sales.sale(ana, tune_up).id
        shared = sales.sale(ana, tune_up, price=10_000, splits=(Share(mike.id, 5000),)).id
        item = tune_up.id
    client = company.sign_in("technician")
    assert "Record a sale" in text_of(client, "/my/sales")
    price = client.get(f"/my/sales/new/price?item_id={item}&sale_price_cents=", hx=True).get_data(
        as_text=True
    )
    assert 'value="200.00"' in price
    shown = text_of(
        client, f"/my/sales/new/preview?item_id={item}&sale_price_cents=200&sold_on=2026-11-18", hx=True
    )
    assert "It earns you $20.00" in shown
    answer = send(client, "/my/sales/new", "/my/sales/new", item_id=item, sale_price_cents="200", sold_on="2026-11-18",
                  customer_name="Jo Lee", payment_type="")  # fmt: skip
    assert answer.status_code == 303, answer.get_data(as_text=True)  # type: ignore[attr-defined]
    own = answer.headers["Location"]  # type: ignore[attr-defined]
    page = text_of(client, own)
    assert "You earn $20.00" in page
    assert "Your rate for AC tune-up is 10%" in page
    listed = text_of(client, "/my/sales")
    assert "Jo Lee" in listed
    assert "Your share in others’ sales" in listed
    assert "$5.00" in listed
    assert "You earn $5.00" in text_of(client, f"/my/sales/{shared}")
    assert client.get(f"/my/sales/{others}").status_code == 404
    for path in ("/sales", f"/sales/{others}", "/commission-rates"):
        assert client.get(path).status_code == 403, path


def test_a_rejected_sale_is_corrected_and_sent_in_from_the_phone(company: Company) -> None:
    with company.acting():
        mike = sales.technician()
        sales.link(company.users["technician"], mike)
        sale = sales.sale(mike, buyer=Buyer(name="Jo"))
        service.reject(sale.id, "Wrong price")
        number, item = sale.id, sale.item_id
    client = company.sign_in("technician")
    assert "Wrong price" in text_of(client, f"/my/sales/{number}")
    path = f"/my/sales/{number}/correct"
    answer = send(client, path, path, item_id=item, sale_price_cents="99", sold_on="2026-11-18", customer_name="Jo",
                  payment_type="", reason="As on the slip")  # fmt: skip
    assert answer.status_code == 303, answer.get_data(as_text=True)  # type: ignore[attr-defined]
    with company.acting():
        sale = db.session.get_one(Sale, (context.tenant_id(), number))
        assert (sale.status, sale.sale_price_cents, sale.sold_on) == ("pending", 9_900, date(2026, 11, 18))
        service.approve(number)
    assert client.get(path).status_code == 409


def test_an_account_without_a_technician_is_told_so(company: Company) -> None:
    answer = company.sign_in("technician").get("/my/sales")
    assert answer.status_code == 403
    assert "not connected to a technician" in answer.get_data(as_text=True)
