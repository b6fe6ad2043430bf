"""From a file of sales to a closed pay period, by clicking and typing alone."""

import csv
import re
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pypdf
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit, toast
from tests.factories import people
from tests.factories import sales as make
from tests.factories.world import Company
from webapp.sales.pay import periods
from webapp.sales.queries.rates import Place
from webapp.sales.service import rates

SOLD = """Invoice,Sold on,Seller,Service,Amount,Client
INV-1,{today},T-1,Gas furnace,"$1,500.00",Evelyn Harper
INV-2,{today},T-2,gas furnace,2499.99,Walter Boone
INV-3,{today},T-9,Gas furnace,10.00,Nobody
"""
PAID = "$306.01"  # 7.5% of $1,500.00, $2,499.99 and $80.10, each half to even: 112.50 + 187.50 + 6.01


def test_sales_are_imported_recorded_approved_and_paid_and_a_second_person_closes_the_period(
    company: Company, visit: Visit, tmp_path: Path
) -> None:
    today = furnish(company)
    page = visit(company, "admin")
    import_sales(page, SOLD.format(today=today))
    record_one_more(page)
    approve_sales(page)
    approve_period(page)
    other = visit(company, "payroll")
    other.goto(page.url)
    close_period(other)
    downloads_agree_with_the_page(other, tmp_path)


def furnish(company: Company) -> str:
    """Two technicians, two items, one rate; the present day."""
    with company.acting("admin"):
        make.technician("Mike Johnson", employee_number="T-1")
        make.technician("Ana Reyes", employee_number="T-2")
        people.item(name="Gas furnace", list_price_cents=300_000)
        people.item(name="AC tune-up", list_price_cents=18_900)
        rates.set_rate(Place(None, None, None), rates.Rate(rate_bps=750))
        return periods.today().isoformat()


def import_sales(page: Page, text: str) -> None:
    page.goto("/sales")
    page.get_by_role("link", name="Import", exact=True).click()
    expect(page.get_by_role("radio", name=re.compile("^Sales"))).to_be_checked()
    page.get_by_label("CSV file").set_input_files(
        {"name": "sales.csv", "mimeType": "text/csv", "buffer": text.encode()}
    )
    page.get_by_role("button", name="Upload and go on").click()
    expect(page.get_by_role("heading", name="Which column is which?")).to_be_visible()
    expect(page.get_by_label("Technician")).to_have_value("Seller")
    page.get_by_role("button", name="Check the file").click()
    expect(page.get_by_text("1 row is wrong and will be left out")).to_be_visible()
    page.get_by_role("button", name="Import 2 rows").click()
    expect(page.get_by_text("2 new, 0 changed.")).to_be_visible()
    page.get_by_role("link", name="See sales").click()
    expect(page.get_by_role("table").get_by_text("Evelyn Harper")).to_be_visible()


def record_one_more(page: Page) -> None:
    page.keyboard.press("n")
    pick(page, "Technician", "Mike Johnson")
    pick(page, "Item", "tune-up")
    expect(page.get_by_label("List price")).to_have_value("189.00")
    page.get_by_label("Price", exact=True).fill("80.10")
    expect(page.get_by_role("complementary", name="What it earns")).to_contain_text("$6.01")
    page.get_by_role("button", name="Record sale", exact=True).press("Enter")
    toast(page, "it earns Mike Johnson $6.01.")


def pick(page: Page, field: str, words: str) -> None:
    # a plain select until its module has made it a field that finds
    box = page.get_by_role("combobox", name=field, exact=True).and_(page.locator("input"))
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
    page.locator("summary", has_text="Downloads").click()
    report = page.get_by_role("link", name=re.compile("^Report")).get_attribute("href")
    # the browser shows a PDF itself; what it is given is read here
    answer = page.request.get(str(report), timeout=60_000)
    assert answer.headers["content-type"] == "application/pdf"
    text = " ".join(" ".join(p.extract_text() for p in pypdf.PdfReader(BytesIO(answer.body())).pages).split())
    assert f"Total {shown}" in text
    assert "Closed by Payroll Person" in text
    with page.expect_download() as waiting:
        page.get_by_role("link", name=re.compile("^Totals")).click()
    waiting.value.save_as(folder / "totals.csv")
    with (folder / "totals.csv").open(newline="", encoding="utf-8-sig") as file:
        totals = {row["Technician"]: row["Total"] for row in csv.DictReader(file)}
    assert totals == {"Mike Johnson": "118.51", "Ana Reyes": "187.50"}
    assert f"${sum(map(Decimal, totals.values()))}" == shown
