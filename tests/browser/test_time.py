"""Working time by clicking: a technician's day on the phone, the office's week; both usable by everybody."""

import re
from datetime import timedelta

from playwright.sync_api import expect

from tests.browser.conftest import PHONE, Visit, toast
from tests.browser.test_accessible import AXE, wrong
from tests.factories import timesheets as make
from tests.factories.world import Company
from webapp.kit import clock
from webapp.timesheets import queries, service
from webapp.timesheets.service import Ask

TAMPA = {"latitude": 27.9506, "longitude": -82.4572}


def test_a_day_is_clocked_corrected_submitted_and_approved(company: Company, visit: Visit) -> None:
    mike = make.technician(company)
    phone = visit(company, "technician", viewport=PHONE, has_touch=True, is_mobile=True,
                  geolocation=TAMPA, permissions=["geolocation"])  # fmt: skip
    phone.goto("/my/time")
    phone.get_by_role("button", name="Clock in").click()
    toast(phone, "You are clocked in.")
    running = phone.get_by_role("timer")
    expect(running).to_have_text(re.compile(r"0:00:0[2-9]"))  # it runs by itself
    phone.get_by_role("button", name="Lunch").click()
    expect(phone.get_by_text("Lunch since")).to_be_visible()
    phone.get_by_role("button", name="End lunch").click()
    phone.get_by_role("button", name="Clock out").click()
    toast(phone, "You are clocked out")
    with company.acting():
        (entry,) = queries.entries.latest(mike, 5)
        assert (float(entry.latitude or 0), float(entry.out_longitude or 0)) == (27.9506, -82.4572)
        found = entry.id
    with company.acting("manager"):  # as if it had been yesterday, so that there is room to correct
        service.changes.change_entry(
            found, {"clock_in": entry.clock_in - timedelta(minutes=30)}, "Came earlier"
        )
    phone.goto(f"/my/time/entries/{found}/correct")
    phone.get_by_label("Reason").fill("At the shop before")
    phone.get_by_label("Unpaid breaks").fill("5")
    phone.get_by_role("button", name="Send", exact=True).click()
    toast(phone, "Sent.")

    office = visit(company, "manager")
    office.goto("/time-sheets/corrections")
    expect(office.get_by_text("At the shop before")).to_be_visible()
    office.get_by_role("button", name="Approve").click()
    toast(office, "The correction is approved.")
    phone.goto("/my/time")
    phone.get_by_role("link", name="Look at the week and submit it").click()
    phone.get_by_role("button", name="Submit this week").click()
    phone.get_by_role("alertdialog").get_by_role("button", name="Submit this week").click()
    toast(phone, "Submitted.")
    office.goto("/time-sheets")
    office.get_by_label("Select Mike Johnson").check()
    office.get_by_role("button", name="Approve").click()
    office.get_by_role("alertdialog").get_by_role("button", name="Approve").click()
    toast(office, "1 time sheet approved.")
    expect(office.get_by_role("row", name="Mike Johnson")).to_contain_text("Approved")
    phone.goto("/my/time")
    expect(phone.get_by_text("Correct", exact=True)).to_have_count(0)


def test_without_scripts_and_without_a_position_the_clock_works(company: Company, visit: Visit) -> None:
    make.technician(company)
    phone = visit(company, "technician", viewport=PHONE, java_script_enabled=False)
    phone.goto("/my/time")
    phone.get_by_role("button", name="Clock in").click()
    expect(phone.get_by_text("Clocked in since")).to_be_visible()
    phone.get_by_role("button", name="Clock out").click()
    expect(phone.get_by_text("Not clocked in")).to_be_visible()


def test_who_refuses_their_position_clocks_in_all_the_same(company: Company, visit: Visit) -> None:
    make.technician(company)
    phone = visit(company, "technician", viewport=PHONE)
    phone.goto("/my/time")
    phone.get_by_role("button", name="Clock in").click()
    expect(phone.get_by_text("Clocked in since")).to_be_visible()


def test_pages_of_working_time_can_be_used_by_everybody(company: Company, visit: Visit) -> None:
    mike = make.technician(company, phone="8135550142")
    now = clock.now().replace(microsecond=0)
    entry = make.clocked(company, now - timedelta(hours=20), now - timedelta(hours=3))
    make.clocked(company, now - timedelta(hours=2))
    with company.acting("technician"):
        asked = service.corrections.request(
            Ask(entry_id=entry, clock_in=now - timedelta(hours=21), reason="Earlier")
        ).id
    sheet = make.sheet_of(company, mike, (now - timedelta(hours=3)).date())
    page = visit(company, "manager")
    page.context.add_init_script(path=AXE)
    problems = []
    entries = ("/entries", f"/entries/{entry}", f"/entries/{entry}/change")
    others = ("/corrections", f"/corrections/{asked}", "/now", "/now/clock-out")
    for path in ("", f"/{sheet}", *entries, *others):
        problems += wrong(page, f"/time-sheets{path}", "main")
    phone = visit(company, "technician", viewport=PHONE, has_touch=True, is_mobile=True)
    phone.context.add_init_script(path=AXE)
    for path in ("", f"/sheets/{sheet}", f"/corrections/{asked}", "/corrections/new"):
        problems += wrong(phone, f"/my/time{path}")
    assert not problems, "\n".join(problems)


def test_a_forgotten_clock_out_is_said_on_the_phone(company: Company, visit: Visit) -> None:
    make.technician(company)
    now = clock.now().replace(microsecond=0)
    make.clocked(company, now - timedelta(hours=14))
    phone = visit(company, "technician", viewport=PHONE)
    phone.context.add_init_script(path=AXE)
    problems = wrong(phone, "/my/time")
    assert not problems, "\n".join(problems)
    phone.goto("/my/time")
    stopped = make.local(now - timedelta(hours=6))
    phone.get_by_label("When did you stop?").fill(stopped)
    phone.get_by_role("button", name="Send").click()
    toast(phone, "Sent.")
    expect(phone.get_by_role("button", name="Clock in")).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
