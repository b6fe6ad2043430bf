"""Search over everything, by permission."""

import pytest

from tests.factories.world import Company
from webapp.desk import find
from webapp.kit import search
from webapp.kit.db import add
from webapp.models import Customer, Item, Sale, Technician


@pytest.fixture
def filled(company: Company) -> dict[str, int]:
    with company.acting():
        customer = add(Customer(name="Evelyn Harper", phone="+14045550114", email="evelyn@example.com"))
        search.index("customer", customer.id, customer.name, customer.phone, customer.email)
        merged = add(Customer(name="Evelyn Harper", merged_into_id=customer.id))
        search.index("customer", merged.id, merged.name)
        tech = add(Technician(name="Maria Lopez", pay_type="hourly", employee_number="T-7"))
        search.index("technician", tech.id, tech.name, tech.employee_number)
        item = add(Item(name="AC tune-up", code="AC-1", list_price_cents=12900))
        search.index("item", item.id, item.name, item.code)
        sale = add(Sale(technician_id=tech.id, item_id=item.id, customer_id=customer.id, customer_name="Evelyn Harper",
                        sale_price_cents=12900, sold_on=company_day(), snapshot={}))  # fmt: skip
        search.index("sale", sale.id, sale.customer_name)
        return {"customer": customer.id, "tech": tech.id, "item": item.id, "sale": sale.id}


def company_day() -> object:
    from datetime import date

    return date(2026, 11, 19)


def urls(company: Company, role: str, query: str) -> list[str]:
    browser = company.sign_in(role)
    import re

    return re.findall(
        r'tr-palette-item"[^>]*href="([^"]+)"',
        browser.get(f"/search?q={query}", hx=True).get_data(as_text=True),
    )


def test_a_customer_is_found_by_name_and_by_the_end_of_the_phone_number(
    company: Company, filled: dict[str, int]
) -> None:
    for query in ("evel har", "0114", "evelyn@example"):
        found = urls(company, "dispatcher", query)
        assert f"/customers/{filled['customer']}" in found, query
        assert len([u for u in found if u.startswith("/customers/")]) == 1, "the merged one is not shown"


def test_a_sale_is_found_by_its_item_and_technician_too_as_in_the_list(
    company: Company, filled: dict[str, int]
) -> None:
    for query in ("tune", "maria", "evel tune", "lopez harper"):
        assert f"/sales/{filled['sale']}" in urls(company, "manager", query), query
    assert f"/sales/{filled['sale']}" not in urls(company, "manager", "tune nobody")


def test_a_sale_is_found_by_number_and_by_customer(company: Company, filled: dict[str, int]) -> None:
    for query in ("1", "%231", "sale 1", "harper"):
        assert f"/sales/{filled['sale']}" in urls(company, "manager", query), query


def test_technicians_and_items_are_found_by_who_may_see_them(
    company: Company, filled: dict[str, int]
) -> None:
    assert f"/technicians/{filled['tech']}" in urls(company, "manager", "lopez")
    assert f"/items/{filled['item']}" in urls(company, "manager", "tune")


def test_pages_and_actions_are_found_by_their_words_and_by_permission(company: Company) -> None:
    assert "/settings/audit-log" in urls(company, "manager", "audit")
    assert "/settings/audit-log" not in urls(company, "dispatcher", "audit")
    assert "/outbox" in urls(company, "dispatcher", "outb")
    assert "/api/docs" in urls(company, "dispatcher", "swagger")


def test_every_action_leads_to_a_page_that_is_there(company: Company) -> None:
    missing = [url for _, url, *_ in find.ACTIONS if not _there(company, url)]
    assert missing == []


def _there(company: Company, url: str) -> bool:
    with company.app.test_request_context():
        return find._exists(url)


def test_nothing_typed_offers_actions_and_pages(company: Company) -> None:
    found = urls(company, "manager", "")
    assert "/outbox" in found
    assert found[0] == "/sales/new"


def test_nothing_found_says_so(company: Company) -> None:
    page = company.sign_in("manager").get("/search?q=zzzz").get_data(as_text=True)
    assert "Nothing found for “zzzz”" in page


def test_another_companys_records_are_not_found(other_company: Company, filled: dict[str, int]) -> None:
    assert [u for u in urls(other_company, "admin", "evelyn") if "customers/" in u] == []
    assert f"/sales/{filled['sale']}" not in urls(other_company, "admin", str(filled["sale"]))


@pytest.mark.parametrize("query", ["'", "%", "_", "\\", "%00", "a" * 500, "💡", "9" * 30, "<script>"])
def test_odd_words_do_no_harm(company: Company, query: str) -> None:
    assert company.sign_in("manager").get("/search", query_string={"q": query}).status_code == 200


def test_a_technician_has_no_office_search(company: Company) -> None:
    assert company.sign_in("technician").get("/search?q=a").status_code == 403


@pytest.mark.parametrize("role", ["admin", "manager", "dispatcher", "payroll"])
def test_whatever_the_empty_search_offers_opens(company: Company, role: str) -> None:
    browser = company.sign_in(role)
    refused = [url for url in urls(company, role, "") if browser.get(url).status_code != 200]
    assert refused == []
