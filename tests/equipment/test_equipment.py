"""Units at properties: added, changed, measured, retired, replaced; through service, API, files and pages."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories import dispatch as make
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from tests.imports.test_domains import bring, problems, states
from webapp.customers import service as customers
from webapp.equipment import queries, rules, service
from webapp.kit import clock, context, errors
from webapp.kit.db import db, get
from webapp.models import Equipment, EquipmentReading, Property

TODAY = date(2026, 11, 30)


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    with clock.at(make.at(9)):
        yield


def place(name: str = "Ann Lee", address: str = "9 Elm St") -> Property:
    home = {"address": address, "city": "Tampa", "state": "FL", "zip": "33602"}
    customer = customers.create({"name": name}, properties=[home])
    mine = select(Property).where(
        Property.tenant_id == context.tenant_id(), Property.customer_id == customer.id
    )
    return db.session.scalars(mine).one()


def furnace(at: Property | None = None, **values: Any) -> Equipment:
    return service.create(
        (at or place()).id, {"kind": "Furnace", "make": "Carrier", "model": "58CVA", **values}
    )


def post(client: Any, url: str, **form: Any) -> Any:
    token = csrf_of(client.get("/equipment").get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **form})


# Rules ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("until", "state", "words"),
    [
        (None, "none", ""),
        (TODAY, "ending", "ends today"),
        (TODAY + timedelta(days=1), "ending", "ends in 1 day"),
        (TODAY + timedelta(days=60), "ending", "ends in 60 days"),
        (TODAY + timedelta(days=61), "ok", "until Jan 2027"),
        (TODAY - timedelta(days=1), "expired", "ended 1 day ago"),
        (TODAY - timedelta(days=800), "expired", "ended 2 years ago"),
    ],
)
def test_how_a_warranty_stands(until: date | None, state: str, words: str) -> None:
    assert rules.warranty_state(until, TODAY) == state
    assert rules.warranty_words(until, TODAY) == words


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "  "}, "kind"),
        ({"make": "x" * 61}, "make"),
        ({"installed_on": date(1850, 1, 1)}, "installed_on"),
        ({"installed_on": TODAY + timedelta(days=400)}, "installed_on"),
        ({"installed_on": TODAY, "warranty_until": TODAY - timedelta(days=1)}, "warranty_until"),
        ({"warranty_until": date(2300, 1, 1)}, "warranty_until"),
    ],
)
def test_a_unit_that_cannot_be_is_refused_at_its_field(values: dict[str, Any], field: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        rules.cleaned({"kind": "Furnace", **values}, TODAY)
    assert field in refused.value.details["fields"]


# Service --------------------------------------------------------------------------------------------------------------


def test_a_unit_belongs_to_its_property_and_moves_with_it(company: Company) -> None:
    with company.acting("manager"):
        home, other = place(), place("Bob Ray", "12 Oak St")
        unit = furnace(home, serial="4402A")
        assert unit.customer_id == home.customer_id
        service.update(unit.id, {"property_id": other.id})
        assert unit.customer_id == other.customer_id
        assert [u.id for u in queries.at_property(other.id)] == [unit.id]
        with pytest.raises(errors.NotFound):
            service.create(2**40, {"kind": "Furnace"})


def test_a_replaced_unit_is_retired_and_points_at_the_new_one(company: Company) -> None:
    with company.acting("manager"):
        old = furnace(installed_on=date(2004, 10, 4), location="Basement")
        new = service.replace(old.id, {"make": "Trane", "serial": "T-1"}, reason="Heat exchanger cracked")
        assert (new.kind, new.location, new.installed_on, new.property_id) == (
            "Furnace",
            "Basement",
            TODAY,
            old.property_id,
        )
        assert (old.retired_on, old.replaced_by_id) == (TODAY, new.id)
        with pytest.raises(errors.Conflict, match="came in its place"):
            service.restore(old.id)
        with pytest.raises(errors.Conflict):
            service.replace(old.id, {})
        service.retire(new.id)
        assert service.restore(old.id).replaced_by_id is None
        with pytest.raises(errors.Invalid):
            service.retire(old.id, on=date(2001, 1, 1))


def test_readings_are_kept_as_they_were_written(company: Company) -> None:
    with company.acting("technician"):
        with pytest.raises(errors.Forbidden):
            service.create(1, {"kind": "Furnace"})
    with company.acting("manager"):
        unit = furnace()
        job = make.job(customer_id=unit.customer_id, equipment_ids=[unit.id])
        number, on = unit.id, job.id
        strange = make.job("Elsewhere", customer_id=place("Bob Ray").customer_id).id
    with company.acting("technician"):
        made = service.measure(number, "Suction pressure", "118.50", unit="psi", job_id=on)
        assert (made.value, made.taken_by) == ("118.50", "Technician Person")
        with pytest.raises(errors.NotFound):
            service.measure(number, "Suction pressure", "118", job_id=strange)
        with pytest.raises(errors.Invalid):
            service.measure(number, " ", "118")
        with pytest.raises(errors.Invalid):
            service.measure(number, "Suction pressure", "1", taken_at=clock.now() + timedelta(hours=1))
    with company.acting("manager"):
        service.remove_reading(number, made.id)
        assert queries.readings(number) == []
        with pytest.raises(errors.NotFound):
            service.remove_reading(number, made.id)


def test_the_list_is_narrowed_by_warranty_kind_and_words(company: Company, other_company: Company) -> None:
    with company.acting("manager"):
        home = place()
        soon = furnace(home, serial="AAA1", warranty_until=TODAY + timedelta(days=10)).id
        gone = service.create(
            home.id, {"kind": "Water heater", "warranty_until": TODAY - timedelta(days=1)}
        ).id
        service.create(home.id, {"kind": "Thermostat"})
        retired = furnace(home, warranty_until=TODAY + timedelta(days=5)).id
        service.retire(retired)

        def found(**wanted: Any) -> list[int]:
            return queries.ids(queries.Filters(**wanted), 50)

        assert found(warranty=("ending",)) == [soon]
        assert found(warranty=("expired", "ending")) == [soon, gone]
        assert found(kinds=("Water heater",)) == [gone]
        assert found(q="aaa1 ann elm") == [soon]
        assert found(retired=True) == [retired]
        assert queries.tallies() == {"all": 4, "used": 3, "ending": 1, "retired": 1}
    with other_company.acting("manager"):
        assert queries.ids(queries.Filters(retired=None), 50) == []


# Files ----------------------------------------------------------------------------------------------------------------


CSV = """Kind,Make,Model,Serial,Customer,Address,City,State,ZIP,Installed on,Warranty until,State of use
Furnace,Carrier,58CVA,S-1,Ann Lee,9 Elm St,Tampa,FL,33602,2019-10-04,2029-10-04,In use
Water heater,Rheem,,S-2,Nora New,77 Pine Ave,Tampa,FL,33601,,,
Panel,,,,Ann Lee,,,,,,,Retired
"""
WRONG = CSV + "Furnace,Trane,,S-4,Ann Lee,9 Elm St,Tampa,FL,33602,2026-11-01,2019-10-04,\n"


def test_units_come_from_a_file_and_the_same_file_again_changes_nothing(company: Company) -> None:
    with company.acting("manager"):
        place()
    done = bring(company, "equipment", CSV)
    assert done.rows_new == 3
    assert problems(company, "equipment", WRONG) == ["The warranty ends before the unit was installed."]
    with company.acting("manager"):
        units = db.session.scalars(
            select(Equipment).where(Equipment.tenant_id == company.tenant_id).order_by(Equipment.id)
        ).all()
        assert [(u.kind, u.serial, u.retired_on is not None) for u in units] == [
            ("Furnace", "S-1", False), ("Water heater", "S-2", False), ("Panel", "", True)]  # fmt: skip
        assert get(Property, units[1].property_id).address == "77 Pine Ave"
        assert units[0].warranty_until == date(2029, 10, 4)
    assert states(company, "equipment", CSV) == ["same", "same", "same"]
    changed = bring(company, "equipment", CSV.replace("58CVA", "59TP6"))
    assert changed.rows_changed == 1
    with company.acting("manager"):
        assert get(Equipment, units[0].id).model == "59TP6"


# Pages ----------------------------------------------------------------------------------------------------------------


def test_a_unit_is_added_from_its_customers_page_and_shown_there(company: Company) -> None:
    with company.acting("manager"):
        home = place()
        customer, where = home.customer_id, home.id
    office = company.sign_in("dispatcher")
    assert f"/equipment/new?customer={customer}" in office.get(f"/customers/{customer}").get_data(
        as_text=True
    )
    assert "Whose is it?" in office.get("/equipment/new").get_data(as_text=True)
    form = {"property_id": str(where), "kind": "Furnace", "make": "Carrier", "model": "58CVA", "serial": "4402A",
            "installed_on": "2019-10-04", "warranty_until": "2026-12-10", "location": "Basement"}  # fmt: skip
    wrong = post(office, f"/equipment?customer={customer}", **form | {"warranty_until": "2018-01-01"})
    assert wrong.status_code == 422
    assert "The warranty ends before the unit was installed." in wrong.get_data(as_text=True)
    answer = post(office, f"/equipment?customer={customer}", **form)
    assert answer.status_code == 303
    page = office.get(answer.location).get_data(as_text=True)
    for words in ("Furnace Carrier 58CVA", "4402A", "Basement", "Ann Lee", "9 Elm St", "The warranty ends in 10 days",
                  "7 years old", "added this unit"):  # fmt: skip
        assert words in page, words
    assert "Furnace Carrier 58CVA" in office.get(f"/customers/{customer}").get_data(as_text=True)
    assert "1 warranty of equipment ends within 60 days" in office.get("/").get_data(as_text=True)
    assert "Furnace Carrier 58CVA" in office.get("/search?q=4402a").get_data(as_text=True)


def test_a_job_is_about_units_and_the_unit_knows_its_jobs(company: Company) -> None:
    with company.acting("manager"):
        unit = furnace()
        number, customer = unit.id, unit.customer_id
        job = make.job("No heat", customer_id=customer).id
    office = company.sign_in("dispatcher")
    assert "Furnace Carrier 58CVA" in office.get(f"/jobs/{job}/equipment").get_data(as_text=True)
    post(office, f"/jobs/{job}/equipment", units=[str(number)])
    assert f'href="/equipment/{number}"' in office.get(f"/jobs/{job}").get_data(as_text=True)
    assert "No heat" in office.get(f"/equipment/{number}").get_data(as_text=True)
    booked = post(office, f"/jobs?equipment={number}", title="Tune-up", job_type="maintenance", priority="normal",
                  customer_id=str(customer))  # fmt: skip
    assert f'href="/equipment/{number}"' in office.get(booked.location).get_data(as_text=True)


def test_a_unit_is_measured_replaced_retired_and_put_into_use_again_on_its_page(company: Company) -> None:
    with company.acting("manager"):
        number = furnace(installed_on=date(2004, 10, 4)).id
        other = furnace(place("Bob Ray")).id
    office = company.sign_in("manager")
    assert (
        post(
            office, f"/equipment/{number}/readings/new", name="Gas pressure", value="3.5", unit="in. w.c."
        ).status_code
        == 303
    )
    page = office.get(f"/equipment/{number}").get_data(as_text=True)
    assert "Gas pressure" in page
    assert "measured Gas pressure: 3.5 in. w.c." in page
    with company.acting("manager"):
        reading = db.session.scalars(
            select(EquipmentReading.id).where(EquipmentReading.equipment_id == number)
        ).one()
    post(office, f"/equipment/{number}/readings/{reading}/remove")
    assert "Nothing was measured yet." in office.get(f"/equipment/{number}").get_data(as_text=True)
    answer = post(office, f"/equipment/{number}/replace", kind="Heat pump", make="Trane", installed_on="2026-11-30",
                  reason="Cracked")  # fmt: skip
    assert answer.status_code == 303
    assert "Replaced by Heat pump Trane" in office.get(f"/equipment/{number}").get_data(as_text=True)
    assert office.get(f"/equipment/{number}/replace").status_code == 409
    assert post(office, f"/equipment/{other}/retire", retired_on="2027-11-30").status_code == 422
    post(office, f"/equipment/{other}/retire", retired_on="2026-11-29", reason="Removed")
    assert "Out of use since" in office.get(f"/equipment/{other}").get_data(as_text=True)
    post(office, f"/equipment/{other}/restore")
    assert "Out of use since" not in office.get(f"/equipment/{other}").get_data(as_text=True)


def test_ticked_units_are_retired_and_it_is_undone_from_the_toast(company: Company) -> None:
    with company.acting("manager"):
        home = place()
        numbers = [furnace(home).id for _ in range(2)]
    office = company.sign_in("manager")
    post(office, "/equipment/bulk/retire", ids=[str(n) for n in numbers])
    page = office.get("/equipment?state=retired").get_data(as_text=True)
    undo = page.split('"undo_url": "')[1].split('"')[0] if '"undo_url": "' in page else ""
    with company.acting("manager"):
        mine = select(func.count()).where(
            Equipment.tenant_id == company.tenant_id, Equipment.retired_on.is_not(None)
        )
        assert db.session.scalar(mine) == 2
    import re

    found = re.search(r"/equipment/undo/[^&\"'?\\]+", page)
    assert found, undo
    post(office, found[0])
    with company.acting("manager"):
        assert db.session.scalar(mine) == 0


def test_the_pages_cost_the_same_however_many_units_there_are(company: Company) -> None:
    with company.acting("manager"):
        home = place()
        number, customer = furnace(home).id, home.customer_id
    office = company.sign_in("manager")
    costs: dict[str, list[int]] = {}
    for _ in range(2):
        for url in ("/equipment", f"/equipment/{number}", f"/customers/{customer}"):
            office.get(url)
            with counted() as asked:
                office.get(url)
            costs.setdefault(url, []).append(len(asked))
        with company.acting("manager"):
            for n in range(5):
                furnace(get(Property, home.id), serial=f"S{n}")
                service.measure(number, "Supply air", f"{50 + n}", unit="°F")
    assert all(first == second for first, second in costs.values()), costs


def test_a_technician_does_not_read_the_list(company: Company) -> None:
    assert company.sign_in("technician").get("/equipment").status_code == 403
