"""The pages of jobs, as an office uses them."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.factories import dispatch as make
from tests.factories.phone import picture
from tests.factories.queries import counted
from tests.factories.world import Company, csrf_of
from webapp.customers import queries as customer_queries
from webapp.customers import service as customers
from webapp.dispatch import service
from webapp.dispatch.queries import jobs as reading
from webapp.dispatch.service import recurring
from webapp.kit import clock, context, journal
from webapp.kit.db import add, db
from webapp.models import ChecklistTemplate, DispatchJob, Equipment


def post(client: Any, url: str, **form: Any) -> Any:
    token = csrf_of(client.get("/jobs").get_data(as_text=True))
    return client.post(url, data={"csrf_token": token, **form})


def newest(company: Company) -> DispatchJob:
    with company.acting("admin"):
        found: DispatchJob = db.session.query(DispatchJob).order_by(DispatchJob.id.desc()).first()  # type: ignore[assignment]
        return found


def test_a_job_is_booked_from_the_form_and_its_page_says_everything(company: Company) -> None:
    with company.acting("dispatcher"):
        add(
            ChecklistTemplate(
                name="Repair", job_type="repair", steps=[{"text": "Check for gas", "required": True}]
            )
        )
        tina = make.technician().id
    office = company.sign_in("dispatcher")
    answer = post(office, "/jobs", title="No heat", job_type="repair", priority="urgent", customer_name="Ann Lee",
                  customer_phone="(813) 555-0142", service_address="9 Elm St", service_city="Tampa", service_zip="33602",
                  scheduled_start="2027-03-01T09:00", technician_id=str(tina), price_cents="189.00",
                  tags="warranty, dog")  # fmt: skip
    assert answer.status_code == 303
    page = office.get(answer.location).get_data(as_text=True)
    for words in ("No heat", "Ann Lee", "9 Elm St, Tampa 33602", "(813) 555-0142", "Tina Torres", "$189.00", "warranty, dog",
                  "Check for gas", "Urgent", "booked this job"):  # fmt: skip
        assert words in page, words
    job = newest(company)
    assert job.scheduled_start is not None
    assert job.scheduled_start.isoformat() == "2027-03-01T14:00:00+00:00"  # nine in New York


def test_what_is_in_the_way_comes_back_with_the_form_and_a_reason_accepts_it(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        make.job("Water heater", start=make.at(9, day=make.MONDAY.replace(year=2027)), crew=(tina,))
        number = tina.id
    office = company.sign_in("dispatcher")
    form = {"title": "No heat", "job_type": "repair", "priority": "normal", "scheduled_start": "2027-11-30T09:30",
            "technician_id": str(number)}  # fmt: skip
    refused = post(office, "/jobs", **form)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    assert "Tina Torres has “Water heater” 9 AM–10:30 AM" in page
    assert 'name="override_reason"' in page
    assert post(office, "/jobs", **form, override_reason="She does both").status_code == 303


def test_a_job_is_worked_from_its_page(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        job = make.job(start=make.at(9), crew=())
        number, visit, tech = job.id, reading.visits(job.id)[0].id, tina.id
    office = company.sign_in("dispatcher")
    place = {
        "scheduled_start": "2027-03-01T09:00",
        "scheduled_end": "2027-03-01T11:00",
        "technician_id": str(tech),
    }
    assert post(office, f"/jobs/{number}/visits/{visit}/place", **place).status_code == 303
    for step in ("acknowledged", "en_route", "on_site", "in_progress"):
        assert post(office, f"/jobs/{number}/status/{step}").status_code == 303
    assert post(office, f"/jobs/{number}/status/on_site").status_code == 409
    assert (
        post(office, f"/jobs/{number}/status", status="on_site", reason="pressed too early").status_code
        == 303
    )
    assert post(office, f"/jobs/{number}/hold", reason="Part ordered").status_code == 303
    assert "On hold: Part ordered" in office.get(f"/jobs/{number}").get_data(as_text=True)
    assert post(office, f"/jobs/{number}/release").status_code == 303
    assert post(office, f"/jobs/{number}/notes", body="Key under the mat").status_code == 303
    assert post(office, f"/jobs/{number}/visits/new", reason="Bring the part").status_code == 303
    assert post(office, f"/jobs/{number}/cancel").status_code == 422
    assert post(office, f"/jobs/{number}/cancel", reason="Sold the house").status_code == 303
    page = office.get(f"/jobs/{number}").get_data(as_text=True)
    for words in ("Cancelled: Sold the house", "Key under the mat", "Bring the part", "pressed too early"):
        assert words in page, words


def test_editing_over_somebody_elses_change_is_refused(company: Company) -> None:
    with company.acting("dispatcher"):
        job = make.job(customer_name="Ann Lee")
        number = job.id
    office = company.sign_in("dispatcher")
    page = office.get(f"/jobs/{number}/edit").get_data(as_text=True)
    version = re.search(r'name="version" value="(\d+)"', page)
    assert version is not None
    with company.acting("manager"):
        service.update(number, {"title": "No cooling at all"})
    form = {"title": "Mine", "job_type": "repair", "priority": "normal", "customer_name": "Ann Lee"}
    refused = post(office, f"/jobs/{number}", **form, version=version[1])
    assert refused.status_code == 422
    assert "Manager Person changed this job meanwhile" in refused.get_data(as_text=True)
    assert newest(company).title == "No cooling at all"


def test_the_list_is_narrowed_and_reads_a_fixed_number_of_statements(company: Company) -> None:
    with company.acting("dispatcher"):
        tina = make.technician()
        for n in range(3):
            make.job(f"Furnace {n}", start=make.at(9 + n), crew=(tina,), override_reason="x")
        service.cancel(make.job("Gone").id, "rain")
        service.hold(make.job("Waits").id, "part")
    office = company.sign_in("dispatcher")

    def shown(url: str) -> str:
        with counted() as statements:
            page: str = office.get(url).get_data(as_text=True)
        assert len(statements) <= 10, len(statements)
        return page

    assert "Gone" not in shown("/jobs")
    assert "Gone" in shown("/jobs?state=all")
    assert "Furnace 1" not in shown("/jobs?hold=yes")
    assert "Waits" in shown("/jobs?hold=yes")
    assert "Waits" not in shown("/jobs?q=furn")
    csv = office.get("/jobs?state=all&format=csv").get_data(as_text=True)
    assert (
        csv.splitlines()[0].lstrip("\ufeff")
        == "Job,Title,Starts,Ends,Customer,Phone,Address,City,ZIP,Technician,Status,Priority"
    )
    assert len(csv.splitlines()) == 6


@pytest.mark.parametrize("role", ["payroll", "accountant"])
def test_who_may_only_look_sees_no_way_to_act(company: Company, role: str) -> None:
    with company.acting("dispatcher"):
        number = make.job().id
    office = company.sign_in(role)
    page = office.get(f"/jobs/{number}").get_data(as_text=True)
    assert "Cancel job" not in page
    assert "Assign" not in page
    assert post(office, f"/jobs/{number}/hold", reason="x").status_code == 403


# A property ---------------------------------------------------------------------------------------------------------


def test_the_page_of_an_address_has_how_to_get_in_units_jobs_notes_photos_and_what_comes_again(
    company: Company,
) -> None:
    with company.acting("admin"):
        evelyn = customers.create(
            {"name": "Evelyn Harper", "phone": "813-555-0142"},
            properties=[{"address": "12 Maple St", "city": "Tampa", "state": "FL", "zip": "33606",
                         "access_notes": "Gate 4471, dog in the yard"}, {"address": "9 Other Ave", "city": "Tampa"}],
        )  # fmt: skip
        here, elsewhere = (p.id for p in customer_queries.properties(evelyn.id))
        add(
            Equipment(customer_id=evelyn.id, property_id=here, kind="Furnace", make="Carrier", model="59SC5B")
        )
        done = make.job("No heat", customer_id=evelyn.id, property_id=here)
        make.job("Not here", customer_id=evelyn.id, property_id=elsewhere)
        service.write_note(done.id, "Filter sits behind the panel")
        service.add_photo(done.id, picture(), caption="Nameplate")
        recurring.create(
            recurring.NewRecurring(
                values={"title": "Tune-up"}, rule="FREQ=MONTHLY", starts_at=clock.now() + timedelta(days=3),
                customer_id=evelyn.id, property_id=here,
            )
        )  # fmt: skip
        number = evelyn.id
    office = company.sign_in("dispatcher")
    listed = office.get(f"/customers/{number}").get_data(as_text=True)
    assert f'href="/customers/{number}/properties/{here}"' in listed
    text = office.get(f"/customers/{number}/properties/{here}").get_data(as_text=True)
    for words in ("12 Maple St", "Gate 4471, dog in the yard", "Evelyn Harper", "Furnace Carrier 59SC5B", "No heat", "Tune-up",
                  "Filter sits behind the panel", "Nameplate", "Recurring jobs", "Every month"):  # fmt: skip
        assert words in text, words
    assert "Not here" not in text
    assert f"/dispatch/book?customer={number}&amp;property={here}" in text
    call = office.get(f"/dispatch/book?customer={number}&property={elsewhere}").get_data(as_text=True)
    assert re.search(rf'<option selected[^>]* value="{elsewhere}"|value="{elsewhere}" selected', call)
    assert office.get(f"/customers/{number}/properties/999999").status_code == 404
    assert company.sign_in("technician").get(f"/customers/{number}/properties/{here}").status_code == 403


def test_steps_read_as_what_they_led_to_and_background_work_signs_as_the_product(company: Company) -> None:
    with company.acting("admin"):
        job = make.job("No heat", start=make.at(9), crew=(make.technician(),), override_reason="asked for")
        for status in ("acknowledged", "en_route"):
            service.report(reading.visits(job.id)[0].id, service.Report(status=status, reason="by phone"))
    with company.app.app_context(), company.acting("admin") as who:
        with context.acting(replace(who, kind="job", id=7, name="appointments.tell")):
            journal.audit("appointment.told", job, diff={}, to="(813) 555-0142", what="reminder")
        db.session.commit()
    text = company.sign_in("dispatcher").get(f"/jobs/{job.id}").get_data(as_text=True)
    assert "marked it on the way" in text
    assert "marked it acknowledged" in text
    assert "appointments.tell" not in text
    assert re.search(r"Truckroll\s*</\w+>\s*told the customer at \(813\) 555-0142: reminder", text)


def test_a_job_without_a_technician_is_unassigned_wherever_it_is_shown(company: Company) -> None:
    with company.acting("admin"):
        evelyn = customers.create({"name": "Evelyn Harper", "phone": "813-555-0142"})
        make.job("No heat", customer_id=evelyn.id)
    office = company.sign_in("dispatcher")
    for page in (f"/customers/{evelyn.id}", f"/dispatch/book?customer={evelyn.id}"):
        text = office.get(page).get_data(as_text=True)
        assert "Unassigned" in text, page
        assert "Pending" not in text, page
