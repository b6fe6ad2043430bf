"""Who bought: found, added, or asked about."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.factories import sales
from tests.factories.world import Company
from webapp.customers import service as customers
from webapp.kit import clock, errors
from webapp.sales import service
from webapp.sales.service import Buyer, NewSale

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def test_a_customer_who_is_certain_is_linked_and_an_unknown_one_is_added_once(company: Company) -> None:
    with company.acting("dispatcher"):
        mike, tune_up = sales.technician(), sales.item()
        new = sales.sale(
            mike, tune_up, buyer=Buyer(name="John Doe", phone="(512) 555-0123", address="12 Oak St")
        )
        again = sales.sale(mike, tune_up, buyer=Buyer(name="john  doe"))
        assert new.customer_id is not None
        assert new.property_id is not None
        assert (again.customer_id, again.customer_name) == (new.customer_id, "John Doe")


def test_where_several_may_be_meant_the_page_asks_and_the_api_leaves_the_question_open(
    company: Company,
) -> None:
    with company.acting("dispatcher"):
        mike, tune_up = sales.technician(), sales.item()
        for phone in ("512 555 0101", "512 555 0102"):
            sales.sale(mike, tune_up, buyer=Buyer(name="John Doe", phone=phone, chosen="new"))
        with pytest.raises(service.WhoIsThis) as asked:
            sales.sale(mike, tune_up, buyer=Buyer(name="John Doe", ask=True))
        assert [c.hint[:14] for c in asked.value.candidates] == ["(512) 555-0101", "(512) 555-0102"]
        made = service.record(
            NewSale(technician_id=mike.id, item_id=tune_up.id, sale_price_cents=1,
                    buyer=Buyer(name="John Doe", email="jd@example.com"))
        )  # fmt: skip
        assert (made.sale.customer_id, made.sale.customer_name) == (None, "John Doe")
        assert made.sale.notes == "Customer as given: John Doe, jd@example.com"
        assert len(made.customer.candidates) == 2
        answered = service.choose_customer(made.sale.id, str(made.customer.candidates[1].customer_id))
        assert answered.customer_id == made.customer.candidates[1].customer_id
        with pytest.raises(errors.Conflict):
            service.choose_customer(made.sale.id, "new")


def test_contact_details_given_with_a_chosen_customer_are_kept_in_the_notes(company: Company) -> None:
    with company.acting("dispatcher"):
        john = sales.customer()
        made = sales.sale(buyer=Buyer(name="Jon Do", phone="512 555 0199", chosen=str(john.id)))
        assert (made.customer_id, made.notes) == (john.id, "Customer as given: Jon Do, (512) 555-0199")


def test_the_sales_of_a_merged_customer_are_listed_under_its_number_too(company: Company) -> None:
    with company.acting():
        first, second, last = (sales.customer(name=f"Customer {letter}").id for letter in "ABC")
        made = sales.sale(buyer=Buyer(customer_id=first)).id
        customers.merge(second, first)
        customers.merge(last, second)
    api, client = company.api(), company.sign_in()
    for number in (first, second, last):
        found = api.get(f"/sales?customer_id={number}").json["data"]["items"]
        assert [sale["id"] for sale in found] == [made], number
        assert f'href="/sales/{made}"' in client.get(f"/sales?customer={number}").text
    assert api.get("/sales?customer_id=999999999").json["data"]["items"] == []
