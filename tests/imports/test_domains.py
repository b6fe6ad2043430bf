"""The kinds that ship: technicians, price book, customers and sales, each through check and writing."""

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy import select

from tests.accounts.support import audited
from tests.factories.world import Company
from webapp.catalog import service as catalog
from webapp.customers import service as customers
from webapp.fleet.service import vehicles as fleet
from webapp.imports import service
from webapp.kit import clock, jobs
from webapp.kit.db import db, get
from webapp.models import Customer, Import, ImportRow, Item, ItemCategory, PayLine, Property, Sale, Technician
from webapp.technicians import service as technicians


@pytest.fixture(autouse=True)
def _noon() -> Iterator[None]:
    from datetime import UTC, datetime

    with clock.at(datetime(2026, 11, 20, 17, tzinfo=UTC)):
        yield


def work(company: Company) -> None:
    with company.app.app_context():
        jobs.drain(jobs.LONG, company.tenant_id)


def check(company: Company, kind: str, text: str) -> tuple[Import, list[ImportRow]]:
    with company.acting("manager"):
        record = service.upload(kind, f"{kind}.csv", text.encode())
        service.map_columns(record.id, record.mapping)
    work(company)
    with company.acting("manager"):
        rows = db.session.scalars(
            select(ImportRow).where(ImportRow.import_id == record.id).order_by(ImportRow.row_number)
        )
        return get(Import, record.id), list(rows)


def bring(company: Company, kind: str, text: str) -> Import:
    record, rows = check(company, kind, text)
    assert all(r.status in ("new", "changed", "same") for r in rows), [
        (r.row_number, r.problems) for r in rows
    ]
    with company.acting("manager"):
        service.confirm(record.id)
    work(company)
    with company.acting("manager"):
        record = get(Import, record.id)
    assert (record.status, record.options["failed"]) == ("done", 0), record.error
    return record


def states(company: Company, kind: str, text: str) -> list[str]:
    return [row.status for row in check(company, kind, text)[1]]


def problems(company: Company, kind: str, text: str) -> list[str]:
    return [p["message"] for row in check(company, kind, text)[1] for p in row.problems]


TECHNICIANS = """Employee,Emp no,Compensation,Hourly rate,Cell,Reports to,Hire date
Mike Johnson,T-104,Hourly,$28.50,(512) 555-0123,,3/1/2024
Sara Lee,T-105,Commission only,,,T-104,
"""
ITEMS = "SKU,Service,Group,Price\nAC-100,AC tune-up,Cooling,189.00\nFU-1,Furnace check,Heating,99\n,Filter,,12.5\n"
CUSTOMERS = """Client,Mobile,E-mail,Street,Town,State,Postal code,Account
John Smith,512 555 0123,john@example.com,123 Oak St,Tampa,FL,33601,C-1
Acme Properties LLC,,office@acme.example.com,9 Main St,Tampa,FL,33602,C-2
"""
SALES = """Sold on,Tech,Service,Amount,Client,Phone,Invoice
11/16/2026,T-104,AC-100,189.00,John Smith,512-555-0123,INV-1
11/17/2026,Sara Lee,Furnace check,99,Mary Major,512-555-0199,INV-2
"""


def everything(company: Company) -> None:
    for kind, text in (
        ("technicians", TECHNICIANS),
        ("items", ITEMS),
        ("customers", CUSTOMERS),
        ("sales", SALES),
    ):
        bring(company, kind, text)


def test_a_company_comes_whole_from_four_files_and_again_changes_nothing(company: Company) -> None:
    everything(company)
    with company.acting():
        mike, sara = db.session.scalars(select(Technician).order_by(Technician.name)).all()
        assert (mike.base_pay_cents, mike.phone, mike.starts_on) == (2850, "+15125550123", date(2024, 3, 1))
        assert (sara.pay_type, sara.supervisor_id) == ("commission", mike.id)
        items = {i.name: i for i in db.session.scalars(select(Item))}
        categories = {c.name: c.id for c in db.session.scalars(select(ItemCategory))}
        assert items["AC tune-up"].category_id == categories["Cooling"]
        assert items["Filter"].list_price_cents == 1250
        john = db.session.scalars(select(Customer).where(Customer.name == "John Smith")).one()
        assert (john.reference, john.email) == ("C-1", "john@example.com")
        assert (
            db.session.scalars(select(Property.zip).where(Property.customer_id == john.id)).one() == "33601"
        )
        sales = db.session.scalars(select(Sale).order_by(Sale.sold_on)).all()
        assert [(s.sale_price_cents, s.technician_id, s.source) for s in sales] == [
            (18900, mike.id, "import"), (9900, sara.id, "import"),
        ]  # fmt: skip
        assert sales[0].customer_id == john.id
        assert sales[1].customer_name == "Mary Major"
        assert sales[1].customer_id is not None
        assert "External number: INV-1" in sales[0].notes
        assert db.session.scalars(select(PayLine)).all()
    for kind, text in (
        ("technicians", TECHNICIANS),
        ("items", ITEMS),
        ("customers", CUSTOMERS),
        ("sales", SALES),
    ):
        assert set(states(company, kind, text)) == {"same"}, kind


def test_the_dry_run_names_the_categories_that_would_be_made(company: Company) -> None:
    record, rows = check(company, "items", ITEMS)
    assert [r.status for r in rows] == ["new"] * 3
    assert record.options["also"] == ["Category Cooling", "Category Heating"]
    with company.acting():
        assert db.session.scalars(select(ItemCategory)).all() == []


def test_a_price_book_changes_what_it_says_otherwise_and_leaves_the_rest(company: Company) -> None:
    with company.acting("manager"):
        tune_up = catalog.create(
            {"name": "AC tune-up", "code": "AC-100", "list_price_cents": 1, "description": "Kept"}
        )
    assert states(company, "items", ITEMS) == ["changed", "new", "new"]
    bring(company, "items", ITEMS)
    with company.acting("manager"):
        item = get(Item, tune_up.id)
        assert (item.list_price_cents, item.description) == (18900, "Kept")


def told(company: Company, kind: str, text: str) -> list[list[tuple[str, str, str]]]:
    """What each row would change: the field, before and after."""
    return [
        [(c["column"], c["before"], c["after"]) for c in row.problems]
        for row in check(company, kind, text)[1]
    ]


def test_the_dry_run_says_from_what_to_what(company: Company) -> None:
    with company.acting("manager"):
        heating = catalog.create_category({"name": "Old stuff"}).id
        catalog.create(
            {"name": "AC tune-up", "code": "AC-100", "list_price_cents": 1, "category_id": heating}
        )
        boss = technicians.create({"name": "Dana Reed", "employee_number": "T-1", "pay_type": "hourly"}).id
        technicians.create(
            {"name": "Mike", "employee_number": "T-104", "pay_type": "hourly", "supervisor_id": boss}
        )
        technicians.create({"name": "Lee Park", "employee_number": "T-2", "pay_type": "hourly"})
        customers.create({"name": "John Smith", "phone": "(512) 555-0111"})
        fleet.create({"name": "Van 12", "make": "Ford"})
    assert told(company, "items", "Item,Code,Price,Category\nAC tune-up,AC-100,189.00,Cooling\n") == [
        [("List price", "$0.01", "$189.00"), ("Category", "Old stuff", "Cooling")]
    ]
    text = (
        "Name,Employee number,Pay,First day,Supervisor\nMike Johnson,T-104,commission,2026-03-01,Lee Park\n"
    )
    assert sorted(told(company, "technicians", text)[0]) == [
        ("First day", "", "Mar 1, 2026"), ("Name", "Mike", "Mike Johnson"), ("Pay type", "Hourly", "Commission"),
        ("Supervisor", "Dana Reed", "Lee Park"),
    ]  # fmt: skip
    text = "Name,Phone,Email,Address\nJohn Smith,(512) 555-0111,john@example.com,123 Oak St\n"
    assert told(company, "customers", text) == [
        [("Email", "", "john@example.com"), ("Address", "", "123 Oak St")]
    ]
    text = "Vehicle,Make,Odometer,Driver\nVan 12,GMC,12000,Mike\n"
    assert sorted(told(company, "vehicles", text)[0]) == [
        ("Driver", "", "Mike"), ("Make", "Ford", "GMC"), ("Odometer", "0", "12,000"),
    ]  # fmt: skip


def test_technicians_are_recognised_by_number_and_wrong_ones_named(company: Company) -> None:
    with company.acting("manager"):
        technicians.create({"name": "M. Johnson", "employee_number": "T-104", "pay_type": "hourly"})
    assert states(company, "technicians", TECHNICIANS) == ["changed", "new"]
    found = problems(
        company, "technicians", "Name,Pay,Phone,Supervisor\nA,weekly,,\nB,hourly,123,\nC,hourly,,Nobody\n"
    )
    assert "“weekly” is not one of Hourly, Salary, Commission only." in found
    assert any("can be called" in p for p in found)
    assert "No technician is called Nobody. Supervisors come first in the file." in found


def test_a_customer_who_may_be_known_is_asked_about(company: Company) -> None:
    with company.acting("manager"):
        customers.create({"name": "John Smith", "phone": "(512) 555-0111"})
    record, rows = check(
        company, "customers", "Name,Phone\nJohn Smith,(512) 555-0123\nJohn Smith,(512) 555-0111\n"
    )
    assert [r.status for r in rows] == ["unsure", "same"]
    assert rows[0].choices[0]["label"] == "John Smith"
    with company.acting("manager"):
        service.choose(record.id, rows[0].id, "new")
        service.confirm(record.id)
    work(company)
    with company.acting():
        assert len(db.session.scalars(select(Customer)).all()) == 2


def test_what_was_not_known_of_a_customer_is_filled_in(company: Company) -> None:
    with company.acting("manager"):
        known = customers.create({"name": "John Smith", "phone": "(512) 555-0111"})
    text = "Name,Phone,Email,Address\nJohn Smith,(512) 555-0111,john@example.com,123 Oak St\n"
    assert states(company, "customers", text) == ["changed"]
    bring(company, "customers", text)
    with company.acting():
        assert get(Customer, known.id).email == "john@example.com"
        assert db.session.scalars(select(Property.address)).one() == "123 Oak St"
    assert states(company, "customers", text) == ["same"]


def test_sales_that_cannot_be_are_named_before_anything_is_written(company: Company) -> None:
    everything(company)
    found = problems(company, "sales", "Date,Technician,Item,Price,Phone,Paid on\n"
                     "2026-11-16,Nobody,AC-100,1,,\n2026-11-16,T-104,No such thing,1,,\n2027-01-01,T-104,AC-100,1,,\n"
                     "2020-01-01,T-104,AC-100,1,,\n2026-11-16,T-104,AC-100,-5,,\n2026-11-16,T-104,AC-100,1,5125550123,\n"
                     "2026-11-16,T-104,AC-100,1,,2026-11-16\n")  # fmt: skip
    assert found == [
        "There is no technician Nobody. Import or add it first.",
        "There is no item No such thing. Import or add it first.",
        "The day of the sale cannot be in the future (2027-01-01).",
        "Mike Johnson did not work here on 2020-01-01.",
        "The price cannot be below $0.00.",
        "Write the customer's name.",
        "An unpaid sale has no payment date.",
    ]


def test_a_sale_with_a_number_is_corrected_by_the_next_file(company: Company) -> None:
    everything(company)
    text = SALES.replace("189.00", "199.00")
    assert told(company, "sales", text) == [[("Price", "$189.00", "$199.00")], []]
    assert states(company, "sales", text) == ["changed", "same"]
    bring(company, "sales", text)
    with company.acting():
        prices = sorted(db.session.scalars(select(Sale.sale_price_cents).where(Sale.voided_at.is_(None))))
    assert prices == [9900, 19900]
    assert states(company, "sales", text) == ["same", "same"]


def test_one_new_customer_is_made_for_all_sales_that_ask_the_same(company: Company) -> None:
    everything(company)
    text = ("Date,Tech,Item,Price,Customer,Phone\n2026-11-18,T-104,AC-100,1,John Smith,(512) 555-0177\n"
            "2026-11-19,T-104,AC-100,2,John Smith,(512) 555-0177\n")  # fmt: skip
    record, rows = check(company, "sales", text)
    assert [r.status for r in rows] == ["unsure", "unsure"]
    with company.acting("manager"):
        assert service.choose(record.id, rows[0].id, "new") == 2
    (answered,) = audited(company, "import.answered")
    assert (answered["import_id"], answered["answer"], answered["rows"]) == (record.id, "new", 2)
    with company.acting("manager"):
        service.confirm(record.id)
    work(company)
    with company.acting():
        johns = db.session.scalars(select(Customer.id).where(Customer.name == "John Smith")).all()
        assert len(johns) == 2
        bought = db.session.scalars(select(Sale.customer_id).where(Sale.sold_on >= date(2026, 11, 18))).all()
    assert len(set(bought)) == 1


@pytest.mark.parametrize("kind", ["technicians", "items", "customers", "sales"])
def test_every_template_has_headings_that_are_recognised(company: Company, kind: str) -> None:
    from webapp.imports import registry, rules

    spec = registry.find(kind)
    header, example = rules.template(spec)
    assert rules.recognise(spec, header) == {f.name: f.label for f in spec.fields}
    if kind in ("items", "customers"):
        lines = "\n".join(",".join(f'"{cell}"' for cell in row) for row in (header, example))
        assert states(company, kind, lines) == ["new"]
