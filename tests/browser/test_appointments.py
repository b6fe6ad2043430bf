"""Booking a call with the keyboard alone, and the customers' pages: on a phone, without scripts, for everybody."""

import re
import time
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Visit, sign_in
from tests.browser.test_accessible import AXE, wrong
from tests.factories import dispatch as make
from tests.factories import people
from tests.factories.world import Company
from webapp.appointments.service import booking, links
from webapp.customers import service as customers
from webapp.dispatch import service
from webapp.dispatch.service import current
from webapp.kit import clock
from webapp.kit.db import add, db
from webapp.models import DispatchJob, Message, Shift, TechnicianPosition

PLACE = {"address": "12 Maple St", "city": "Tampa", "state": "FL", "zip": "33606"}


@pytest.fixture
def office(company: Company) -> dict[str, int]:
    """A technician who works every day, a preset, and a customer with some history."""
    with company.acting("admin"):
        tina = make.technician()
        for weekday in range(7):
            add(Shift(technician_id=tina.id, weekday=weekday, starts_minute=0, ends_minute=24 * 60))
        item = people.item(name="Service call", list_price_cents=8900)
        booking.save_preset(None, booking.Preset("", "AC not cooling", "repair", 90, (), item.id))
        booking.save_preset(None, booking.Preset("", "No heat", "repair", 75, (), item.id))
        evelyn = customers.create(
            {"name": "Evelyn Harper", "phone": "813-555-0142", "email": "evelyn@example.com"},
            properties=[PLACE],
        )
        start = clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=4)
        job = make.job(
            "AC tune-up", start=start, crew=(tina,), customer_id=evelyn.id, override_reason="far ahead"
        )
        visit = current.visit_of(job)
        return {"tina": tina.id, "customer": evelyn.id, "job": job.id, "visit": visit.id}


def link(company: Company, visit_id: int, purpose: str) -> str:
    with company.acting():
        return "/v/" + links.make(visit_id, purpose, None).rsplit("/", 1)[1]


def test_a_call_is_booked_by_the_keyboard_alone_in_under_a_minute(
    company: Company, office: dict[str, int], visit: Visit
) -> None:
    page = visit(company, "dispatcher")
    page.goto("/dispatch/book")
    began = time.monotonic()
    expect(page.get_by_label("Phone number, name or address")).to_be_focused()
    page.keyboard.type("813 555 01")
    expect(page.locator("#callers")).to_contain_text("Evelyn Harper")
    page.keyboard.press("ArrowDown")  # the first caller
    expect(page.locator("#callers a").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Enter")  # takes the first
    page.wait_for_url("**/dispatch/book?customer=*")
    expect(page.get_by_label("What is it about")).to_be_focused()
    page.keyboard.type("No heat")
    expect(page.locator("#times")).to_contain_text("$89.00")
    expect(page.locator("#times")).to_contain_text("Tina Torres")
    for _ in range(30):
        if page.evaluate("document.activeElement.name") == "slot":
            break
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "slot"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/jobs/\d+$"))
    assert time.monotonic() - began < 60
    expect(page.get_by_role("heading", name="No heat")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text(
        "The confirmation goes to evelyn@example.com and (813) 555-0142"
    )
    number = int(page.url.rpartition("/")[2])
    with company.acting():
        job = db.session.get_one(DispatchJob, (company.tenant_id, number))
        assert (job.customer_id, job.technician_id, job.expected_minutes) == (
            office["customer"],
            office["tina"],
            75,
        )
        assert db.session.query(Message).filter_by(record_type="dispatch_job", record_id=number).count() >= 1


def test_a_call_is_booked_without_javascript(company: Company, office: dict[str, int], visit: Visit) -> None:
    page = visit(company, "dispatcher", java_script_enabled=False)
    page.goto("/dispatch/book")
    page.locator("#q").fill("evelyn")
    page.get_by_role("button", name="Find", exact=True).click()
    page.locator("[name=preset]").select_option(label="No heat")
    page.get_by_role("button", name="Find times").click()
    expect(page.locator("#times")).to_contain_text("Tina Torres")
    page.get_by_role("button", name="Book", exact=True).click()
    page.wait_for_url(re.compile(r"/jobs/\d+$"))
    expect(page.get_by_role("heading", name="No heat")).to_be_visible()


def test_a_customer_confirms_and_moves_a_visit_on_a_phone_without_javascript(
    company: Company, office: dict[str, int], visit: Visit
) -> None:
    page = visit(java_script_enabled=False, viewport=PHONE)
    page.goto(link(company, office["visit"], "visit"))
    page.get_by_role("button", name="Confirm").click()
    expect(page.get_by_role("heading", name="You are confirmed")).to_be_visible()
    page.get_by_role("link", name="Choose another time").click()
    page.locator("[name=slot]").nth(1).check()
    page.get_by_role("button", name="Take this time").click()
    expect(page.get_by_role("heading", name="You are confirmed")).to_be_visible()
    assert _width(page) <= PHONE["width"]
    with company.acting():
        job = db.session.get_one(DispatchJob, (company.tenant_id, office["job"]))
        assert job.confirmed_at is not None
        assert job.window_start is not None


def test_the_way_goes_on_by_itself_and_ends_on_arrival(
    company: Company, office: dict[str, int], visit: Visit
) -> None:
    with company.acting("admin"):
        tina = office["tina"]
        job = make.job("Leak", start=clock.now() + timedelta(minutes=20), customer_id=office["customer"])
        service.assign(job.id, [tina], override_reason="now")
        service.report(current.visit_of(job).id, service.Report(status="en_route"))
        home = (float(job.latitude), float(job.longitude))
        add(TechnicianPosition(tenant_id=company.tenant_id, technician_id=tina, latitude=home[0] + 0.1, longitude=home[1],
                               seen_at=clock.now()))  # fmt: skip
        visit_id = current.visit_of(job).id
    page = visit(viewport=PHONE)
    page.clock.install()
    page.goto(link(company, visit_id, "track"))
    expect(page.get_by_role("heading", name="Tina is on the way")).to_be_visible()
    expect(page.locator("#way")).to_contain_text("6.9 miles away")
    with company.acting("admin"):
        db.session.get_one(TechnicianPosition, (company.tenant_id, tina)).latitude = home[0] + 0.03
    page.clock.run_for(30_000)  # nobody waits for the page to look again
    expect(page.locator("#way")).to_contain_text("2.1 miles away")
    with company.acting("admin"):
        service.report(visit_id, service.Report(status="on_site"))
    page.clock.run_for(30_000)
    expect(page.get_by_role("heading", name="Here we are")).to_be_visible()
    expect(page.get_by_text("miles away")).to_have_count(0)


def _width(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth"))


def test_pages_of_appointments_can_be_used_by_everybody(
    company: Company, office: dict[str, int], visit: Visit
) -> None:
    page = visit()
    page.context.add_init_script(path=AXE)
    customers_pages = [link(company, office["visit"], "visit"), link(company, office["visit"], "summary")]
    customers_pages += [f"{customers_pages[0]}/move", f"{customers_pages[0]}/cancel"]
    with company.acting("admin"):
        job = make.job("Leak", start=clock.now() + timedelta(minutes=20), customer_id=office["customer"])
        service.assign(job.id, [office["tina"]], override_reason="now")
        service.report(current.visit_of(job).id, service.Report(status="en_route"))
        add(TechnicianPosition(tenant_id=company.tenant_id, technician_id=office["tina"], latitude=28.0, longitude=-82.4,
                               seen_at=clock.now()))  # fmt: skip
        customers_pages.append("/v/" + links.make(current.visit_of(job).id, "track", None).rsplit("/", 1)[1])
    found = [problem for address in customers_pages for problem in wrong(page, address)]
    page.set_viewport_size(PHONE)
    for address in customers_pages:
        page.goto(address)
        assert _width(page) <= PHONE["width"], address
    page.set_viewport_size({"width": 1280, "height": 900})
    sign_in(page, company, "manager")
    for address in ("/dispatch/book", f"/dispatch/book?customer={office['customer']}", "/dispatch/book?new=1", "/settings/booking",
                    "/settings/appointments", "/settings/appointments/texts/booked", "/settings/calendars",
                    "/appointments/requests"):  # fmt: skip
        found += wrong(page, address)
    assert not found, "\n".join(found)
