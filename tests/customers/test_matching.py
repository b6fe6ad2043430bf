"""Recognising customers in the database: by addresses however written, by names nearly the same, quickly, and in a crowd."""

import threading
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.engine import Engine

from tests.factories import people, sales
from tests.factories.queries import counted
from tests.factories.world import Company
from webapp.customers import queries, service
from webapp.kit import context
from webapp.kit.db import db
from webapp.models import Customer, Property
from webapp.sales.service import Buyer
from webapp.sales.service import people as buyers

PHONE, OTHER_PHONE = "(813) 555-0142", "(813) 555-0199"
PARTS = {"address": "123 Oak St", "city": "Tampa", "state": "FL", "zip": "33601"}
LINE = "123 Oak Street, Tampa, FL 33601"


def amount(model: Any = Customer) -> int:
    found = select(func.count()).select_from(model).where(model.tenant_id == context.tenant_id())
    return int(db.session.scalar(found) or 0)


def unsure(**said: Any) -> list[tuple[int, tuple[str, ...]]]:
    """What a question lists: whom, and why."""
    found = service.resolve(**said)
    assert isinstance(found, service.Unsure), found
    return [(c.id, c.reasons) for c in found.candidates]


# Addresses --------------------------------------------------------------------------------------------------------


def test_one_line_finds_the_property_kept_in_parts_and_adds_no_second_one(company: Company) -> None:
    with company.acting():
        made = people.customer(name="John Smith", **PARTS)
        people.customer(name="John Smith", address="9 Elm St", city="Tampa", zip="33601")
        for line in (
            LINE,
            "123 Oak St, Tampa FL 33601-1234",
            "123 oak st tampa fl 33601",
            "123 Oak St, Tampa",
        ):
            assert service.resolve(name="John Smith", address=line) is made, line
        assert amount(Property) == 2


def test_parts_find_the_property_kept_on_one_line(company: Company) -> None:
    with company.acting():
        made = people.customer(name="John Smith", address="123 Oak Street Apt 4, Tampa FL 33601-1234")
        people.customer(name="John Smith")
        assert (
            service.resolve(name="John Smith", address="123 Oak St", unit="4", city="Tampa", zip_code="33601")
            is made
        )
        assert amount(Property) == 1


def test_what_is_told_on_one_line_is_kept_in_parts(company: Company) -> None:
    with company.acting():
        made = service.resolve(name="John Smith", address="123 Oak Street Apt 4, Tampa FL 33601-1234")
        assert isinstance(made, Customer)
        place = queries.properties(made.id)[0]
        assert (place.address, place.unit, place.city, place.state, place.zip) == (
            "123 Oak Street", "Apt 4", "Tampa", "FL", "33601-1234")  # fmt: skip


def test_a_street_alone_is_found_and_weighs_less_than_the_full_address(company: Company) -> None:
    with company.acting():
        tampa = people.customer(name="John Smith", **PARTS)
        assert service.resolve(name="John Smith", address="123 Oak St") is tampa
        austin = people.customer(
            name="John Smith", address="123 Oak St", city="Austin", state="TX", zip="78701"
        )
        assert {number for number, _ in unsure(name="John Smith", address="123 Oak St")} == {
            tampa.id,
            austin.id,
        }
        assert service.resolve(name="John Smith", address="123 Oak St, Austin, TX") is austin


def test_a_neighbour_in_the_building_is_asked_about_only_when_the_name_agrees(company: Company) -> None:
    with company.acting():
        john = people.customer(name="John Smith", unit="4", **PARTS)
        assert unsure(name="J Smith", address=LINE) == [(john.id, ("Same building", "A name that agrees"))]
        assert isinstance(service.resolve(name="Eve Adams", address=f"123 Oak St #5, {LINE[16:]}"), Customer)


def test_in_a_building_of_many_the_one_in_the_unit_is_found(company: Company) -> None:
    with company.acting():
        for number in range(80):
            people.customer(name=f"Tenant {number}", unit=str(100 + number), **PARTS)
        last = people.customer(name="Bob Smith", unit="#999", **PARTS)
        found = unsure(name="Robert Smith", address="123 Oak St Apt 999, Tampa, FL 33601")
        assert found[0] == (last.id, ("Same address", "A name that agrees"))


def test_the_town_is_filled_in_where_only_the_street_was_known(company: Company) -> None:
    with company.acting():
        made = people.customer(name="John Smith", phone=PHONE, address="123 Oak St")
        service.resolve(name="John Smith", phone=PHONE, address=LINE)
        place = queries.properties(made.id)[0]
        assert (place.city, place.state, place.zip, amount(Property)) == ("Tampa", "FL", "33601", 1)
        assert [row["id"] for row in queries.options("tampa")] == [made.id]
        service.resolve(name="John Smith", phone=PHONE, address="123 Oak St, Lutz, FL 33549")
        assert amount(Property) == 2  # another town is another place


def test_a_sale_takes_the_property_at_the_address_that_was_given(company: Company) -> None:
    with company.acting():
        made = people.customer(name="John Smith", phone=PHONE, **PARTS)
        first = queries.properties(made.id)[0].id
        second = service.add_property(made.id, {"address": "9 Elm Ave", "city": "Tampa"}).id
        for line, place in (("9 Elm Avenue, Tampa", second), (LINE, first), ("123 Oak St", first)):
            assert sales.sale(buyer=Buyer(name="John Smith", address=line)).property_id == place, line
            assert (
                sales.sale(buyer=Buyer(name="J S", address=line, chosen=str(made.id))).property_id == place
            ), line


# Evidence that contradicts itself ---------------------------------------------------------------------------------


def test_the_phone_of_one_and_the_email_of_another_are_asked_about(company: Company) -> None:
    with company.acting():
        john = people.customer(name="John Smith", phone=PHONE)
        jane = people.customer(name="Jane Doe", email="jane@example.com")
        found = unsure(name="John Smith", phone=PHONE, email="jane@example.com")
        assert found == [
            (john.id, ("Same phone number", "Same name")),
            (jane.id, ("Same email", "Another name")),
        ]
        assert (john.email, amount()) == ("", 2)


def test_a_shared_line_is_asked_about_under_another_name(company: Company) -> None:
    with company.acting():
        office = people.customer(name="Acme Management", phone=PHONE)
        assert unsure(name="Zoe Park", phone=PHONE) == [(office.id, ("Same phone number", "Another name"))]
        family = people.customer(name="John Smith", phone=OTHER_PHONE)
        assert unsure(name="Mary Smith", phone=OTHER_PHONE) == [
            (family.id, ("Same phone number", "Another name"))
        ]
        assert amount() == 2


def test_a_sale_names_both_of_a_contradiction_with_their_reasons(company: Company) -> None:
    with company.acting():
        people.customer(name="John Smith", phone=PHONE)
        people.customer(name="Jane Doe", email="jane@example.com")
        found = buyers.match(Buyer(name="John Smith", phone=PHONE, email="jane@example.com"))
        assert (found.status, [c.name for c in found.candidates]) == ("unsure", ["John Smith", "Jane Doe"])
        assert "same phone number, same name" in found.candidates[0].hint
        assert "same email, another name" in found.candidates[1].hint


# Names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("Jane Smith", "SMITH, JANE"),
        ("Jane Smith", "Dr. Jane Smith"),
        ("Jane Smith", "Jane Smith, M.D."),
        ("José O'Brien", "Jose OBrien"),
        ("Jane & Bob Smith", "Bob and Jane Smith"),
        ("Acme Heating", "ACME Heating, LLC"),
        ("The Acme Heating Co.", "Acme Heating Inc"),
    ],
)
def test_a_name_is_the_same_however_it_is_written(company: Company, kept: str, said: str) -> None:
    with company.acting():
        made = people.customer(name=kept)
        people.customer(name="Eve Adams")
        assert service.resolve(name=said) is made


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ("Jane Smith", "Dr. Jane Q. Smith"),
        ("Jane Q. Smith", "Jane Smith"),
        ("Jane & Bob Smith", "Jane Smith"),
        ("Jane Smith", "Jane & Bob Smith"),
        ("Robert Smith", "Bob Smith"),
        ("J. Smith", "Jane Smith"),
        ("Jane Smith", "J Smith"),
        ("Jane O'Brien", "Jane Q. O'Brien"),
        ("Smith Plumbing", "Smith Plumbing Supply"),
        ("Smith Plumbing Supply LLC", "Smith Plumbing"),
    ],
)
def test_a_name_that_is_nearly_somebodys_is_asked_about(company: Company, kept: str, said: str) -> None:
    with company.acting():
        made = people.customer(name=kept)
        people.customer(name="Eve Adams")
        assert [number for number, _ in unsure(name=said)] == [made.id]
        assert isinstance(service.resolve(name=said, anyway=True), Customer)


def test_a_name_that_is_nearly_somebodys_is_no_question_where_the_rest_says_otherwise(
    company: Company,
) -> None:
    with company.acting():
        people.customer(name="Robert Smith", phone=PHONE, address="9 Elm St")
        assert isinstance(service.resolve(name="Bob Smith", phone=OTHER_PHONE), Customer)
        assert isinstance(service.resolve(name="Zoe Quux"), Customer)


def test_a_company_and_a_contact_are_known_by_their_names_alone(company: Company) -> None:
    with company.acting():
        firm = people.customer(
            name="John Doe", company="Acme Management LLC", contacts=[{"name": "Dana Ellis"}]
        )
        assert service.resolve(name="ACME Management") is firm
        assert unsure(name="Dana Ellis") == [(firm.id, ("A contact’s name",))]


def test_a_town_that_is_also_a_first_name_hides_nobody(company: Company) -> None:
    with company.acting():
        for number in range(60):
            people.customer(name=f"Brown Rental {number}", address=f"{number} A St", city="Austin")
        made = people.customer(name="Austin J Brown")
        assert [number for number, _ in unsure(name="Austin Brown")] == [made.id]


def test_who_was_put_away_is_not_matched_by_name_alone(company: Company) -> None:
    with company.acting():
        gone = people.customer(name="John Smith", phone=PHONE, archived=True)
        assert unsure(name="John Smith") == [(gone.id, ("Same name", "Archived"))]
        assert service.resolve(name="John Smith", phone=PHONE) is gone
        here = people.customer(name="John Smith")
        assert service.resolve(name="John Smith") is here


# Speed ------------------------------------------------------------------------------------------------------------


def crowd(company: Company, amount: int) -> None:
    """Many customers with names, phones, contacts and properties, as fast as the database makes them."""
    with company.acting():
        values = {"t": company.tenant_id, "n": amount}
        for statement in CROWD:
            db.session.execute(text(statement), values)
    with company.acting():
        for table in ("customers", "properties", "search_words"):
            db.session.execute(text(f"select count(*) from {table}"))


CROWD = (
    """insert into customers (tenant_id, public_id, name, company, kind, email, phone, name_key, notes, tags, archived,
           created_at, updated_at)
       select :t, gen_random_uuid(), f || ' ' || l || n % 500, '', 'residential', 'c' || n || '@example.com',
              '+1813' || lpad(n::text, 7, '0'), lower(f || ' ' || l || n % 500), '', '[]', false, now(), now()
       from (select n, (array['John','Jane','Bob','Mary','Ann'])[1 + n % 5] f, (array['Smith','Jones','Brown'])[1 + n % 3] l
             from generate_series(1, :n) n) s""",
    """insert into properties (tenant_id, customer_id, label, address, unit, city, state, zip, address_key, access_notes,
           "primary", archived, created_at, updated_at)
       select tenant_id, id, '', id % 500 || ' Oak St', '', 'Tampa', 'FL', '33601', id % 500 || ' oak st', '', true, false,
              now(), now() from customers where tenant_id = :t""",
    """insert into search_words (tenant_id, word, kind, record_id)
       select distinct tenant_id, w, 'customer', id
       from customers, unnest(string_to_array(lower(name), ' ') || array['tampa', 'oak', 'st']) w where tenant_id = :t
       on conflict do nothing""",
)


def test_a_name_that_one_customer_has_takes_one_statement(company: Company) -> None:
    with company.acting():
        made = people.customer(name="John Smith", phone=PHONE, contacts=[{"name": "Mary"}], **PARTS)
        made_id = made.id
    with company.acting():
        with counted() as statements:
            found = buyers.match(Buyer(name="Smith, John"))
        assert (found.status, found.customer_id) == ("matched", made_id)
        assert len(statements) == 1, statements
        with counted() as statements:
            buyers.match(Buyer(customer_id=made_id))
        assert len(statements) == 1, statements
        with counted() as statements:
            buyers.match(Buyer(name="John Smith", phone=PHONE))
        assert len(statements) == 1, statements


def test_the_number_of_statements_does_not_grow_with_the_customers(company: Company) -> None:
    said = [
        {"name": "Zoe Quux"},
        {"name": "Zoe Q. Smith1"},
        {"name": "John Smith"},
        {"name": "Zoe Quux", "phone": PHONE, "email": "zoe@example.com", "address": LINE},
    ]

    def statements() -> list[int]:
        found = []
        for words in said:
            with company.acting(), counted() as sent:
                service.match(**words)
            found.append(len(sent))
        return found

    with company.acting():
        for name in ("John Smith", "John B Smith", "Zoe Smith1"):
            people.customer(name=name, **PARTS)
    few = statements()
    crowd(company, 300)
    with company.acting():
        for number in range(20):
            made = people.customer(name="John Smith", contacts=[{"name": f"C {number}"}], **PARTS)
            service.merge(made.id, people.customer(name="John Smith").id)
    assert statements() == few == [2, 2, 1, 2]


def plans(**said: Any) -> list[str]:
    """How the database goes about each statement of a look-up."""
    sent: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        service.match(**said)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    link = db.session.connection()
    return [
        "\n".join(link.exec_driver_sql(f"explain analyze {text}", values).scalars()) for text, values in sent
    ]


def test_recognising_stays_fast_among_twenty_thousand_and_goes_by_indexes(
    company: Company, superuser: Any
) -> None:
    crowd(company, 20_000)
    superuser.execute("analyze customers, properties, search_words, customer_contacts")
    said = [
        {"name": "Jane Brown11"},
        {"name": "Jane Q. Brown11"},
        {"name": "J Brown11"},
        {"name": "Brown11"},
        {"name": "Jane Tampa"},
        {"name": "Zoe Quux"},
        {"name": "Bob Smith", "phone": OTHER_PHONE},
        {
            "name": "Eve Adams",
            "phone": PHONE,
            "email": "eve@example.com",
            "address": "7 Oak Street, Tampa, FL 33601",
        },
    ]
    for words in said:
        with company.acting():
            for plan in plans(**words):
                assert "Seq Scan on customers" not in plan, plan
                assert "Seq Scan on properties" not in plan, plan
                assert "Seq Scan on search_words" not in plan, plan


# In a crowd -------------------------------------------------------------------------------------------------------


def together(*works: Any) -> list[Any]:
    """Run works at the same time, each in its own transaction; what each gave or raised."""
    start, found = threading.Barrier(len(works)), [None] * len(works)

    def run(number: int) -> None:
        try:
            start.wait(timeout=20)
            found[number] = works[number]()
        except Exception as problem:
            found[number] = problem

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return found


def test_many_who_say_the_same_at_once_make_one_customer_with_one_property(company: Company) -> None:
    def work() -> int:
        with company.acting():
            made = service.resolve(name="John Smith", phone=PHONE, address=LINE)
            assert isinstance(made, Customer)
            return made.id

    found = together(*[work] * 4)
    assert len(set(found)) == 1, found
    with company.acting():
        assert (amount(), amount(Property)) == (1, 1)


def test_what_several_fill_in_at_once_is_kept_once_and_never_replaced(company: Company) -> None:
    with company.acting():
        made_id = people.customer(name="John Smith").id

    def fill(address: str) -> Any:
        def work() -> int:
            with company.acting():
                made = service.resolve(name="John Smith", phone=PHONE, address=address)
                assert isinstance(made, Customer), made.candidates
                return made.id

        return work

    with company.acting():
        service.update(made_id, {"phone": PHONE})
    found = together(
        fill("123 Oak St, Tampa, FL 33601"), fill("123 Oak Street, Tampa FL 33601"), fill("9 Elm St")
    )
    assert set(found) == {made_id}, found
    with company.acting():
        assert sorted(p.address for p in queries.properties(made_id)) in (
            ["123 Oak St", "9 Elm St"],
            ["123 Oak Street", "9 Elm St"],
        )
        assert sum(p.primary for p in queries.properties(made_id)) == 1
