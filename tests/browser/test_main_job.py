"""From a file of people to a closed pay period, by clicking and typing alone."""

import csv
import re
from pathlib import Path

import pypdf
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, toast
from tests.factories import sales as make
from tests.factories.world import Company
from webapp.sales.queries.rates import Place
from webapp.sales.service import rates

PEOPLE = """Employee ID,Full name,Pay type,Cell
T-1,Mike Johnson,Commission,(512) 555-0101
T-2,Ana Reyes,Commission,(512) 555-0102
T-3,Nobody,By the piece,
"""
SOLD = [("Mike Johnson", "Furnace", "1500"), ("Ana Reyes", "Furnace", "2499.99"), ("Mike Johnson", "Tune-up", "80.10")]
PAID = "$306.01"  # 7.5 % of each, half to even: 112.50, 187.50, 6.01


def price_book(company: Company) -> None:
    with company.acting("admin"):
        make.item("Gas furnace", list_price_cents=300_000)
        make.item("AC Tune-up", list_price_cents=18_900)
        rates.set_rate(Place(None, None, None), rates.Rate(rate_bps=750))


def test_people_are_imported_sales_recorded_approved_paid_and_the_period_closed_by_a_second_person(
    company: Company, visit: Visit, tmp_path: Path
) -> None:
    price_book(company)
    page = visit(company, "admin")
    import_people(page)
    record_sales(page)
    approve_sales(page)
    approve_period(page)
    other = visit(company, "payroll")
    other.goto(page.url)
    close_period(other)
    downloads_agree_with_the_page(other, tmp_path)


def import_people(page: Page) -> None:
    page.goto("/imports")
    page.get_by_role("link", name="Import a file").first.click()
    page.get_by_role("radio", name=re.compile("^Technicians")).check()
    page.get_by_label("CSV file").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": PEOPLE.encode()}
    )
    page.get_by_role("button", name="Upload and go on").click()
    expect(page.get_by_role("heading", name="Which column is which?")).to_be_visible()
    expect(page.get_by_label("Employee number")).to_have_value("Employee ID")
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("1 row is wrong and will be left out")).to_be_visible()
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.get_by_text("2 new, 0 changed.")).to_be_visible()
    page.get_by_role("link", name="See technicians").click()
    for name in ("Mike Johnson", "Ana Reyes"):
        expect(page.get_by_role("table").get_by_role("link", name=name)).to_be_visible()
    expect(page.get_by_role("table").get_by_text("Nobody")).to_have_count(0)


def record_sales(page: Page) -> None:
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Sales", exact=True)).to_be_visible()
    page.keyboard.press("n")
    for number, (technician, item, price) in enumerate(SOLD):
        pick(page, "Technician", technician)
        pick(page, "Item", item)
        expect(page.get_by_label("List price")).not_to_have_value("")
        page.get_by_label("Price", exact=True).fill(price)
        last = number == len(SOLD) - 1
        name = "Record sale" if last else "Record and start another"
        page.get_by_role("button", name=name, exact=True).press("Enter")
        toast(page, "is recorded: it earns")
        if not last:
            expect(page.get_by_label("Price", exact=True)).to_have_value("")


def pick(page: Page, field: str, words: str) -> None:
    box = page.get_by_role("combobox", name=field, exact=True)
    box.fill(words)
    expect(page.get_by_role("option", name=re.compile(words))).to_be_visible()
    box.press("Enter")
    expect(box).to_have_attribute("aria-expanded", "false")


def approve_sales(page: Page) -> None:
    page.goto("/sales?status=pending&view=pending")
    page.get_by_label("Select all rows on this page").check()
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("button", name="Approve", exact=True).click()
    toast(page, "3 sales approved.")


def approve_period(page: Page) -> None:
    page.get_by_role("link", name="Pay periods").click()
    page.get_by_role("link", name="Show", exact=True).first.click()
    expect(page.locator("#people tfoot")).to_contain_text(PAID)
    page.get_by_role("button", name="Approve", exact=True).click()
    toast(page, "is approved.")
    page.get_by_role("link", name="Close period").click()
    expect(page.get_by_role("dialog")).to_contain_text("someone else must close it")
    page.keyboard.press("Escape")


def close_period(page: Page) -> None:
    page.get_by_role("link", name="Close period").click()
    page.get_by_role("button", name=f"Close and pay {PAID}").click()
    toast(page, f"is closed: {PAID}.")
    expect(page.get_by_role("link", name="Close period")).to_have_count(0)


def downloads_agree_with_the_page(page: Page, folder: Path) -> None:
    shown = page.locator("#people tfoot td").last.inner_text()
    assert shown == PAID
    text = " ".join(p.extract_text() for p in pypdf.PdfReader(download(page, "Report", folder)).pages)
    assert f"Total {shown}" in " ".join(text.split())
    assert "Closed by Payroll Person" in text
    with download(page, "Totals", folder).open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert {row["technician"]: row["total"] for row in rows} == {"Mike Johnson": "118.51", "Ana Reyes": "187.50"}


def download(page: Page, name: str, folder: Path) -> Path:
    page.get_by_role("group").filter(has_text="Downloads").locator("summary").click()
    with page.expect_download() as waiting:
        page.locator(".tr-menu-item", has_text=name).filter(visible=True).click()
    path = folder / waiting.value.suggested_filename
    waiting.value.save_as(path)
    page.keyboard.press("Escape")
    return path
