"""Statements, reports and CSV files: beautiful, safe to open, and equal to the cent everywhere."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pypdf
import pytest
from sqlalchemy import select

from tests.factories import pay
from tests.factories.world import Company, csrf_of
from webapp.downloads import service as downloads
from webapp.kit import clock, files, jobs, money
from webapp.kit.db import db
from webapp.models import Download, Organization, StoredFile
from webapp.sales.pay import archive, closing, exports, manual, queries, totals

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
EARLY = date(2026, 11, 3)


def words_of(document: bytes) -> str:
    return " ".join(
        " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document)).pages).split()
    )


@pytest.fixture
def busy(company: Company) -> Iterator[int]:
    """Nov 1–15 with commissions, overrides, splits, an adjustment, a bonus, a guarantee: odd cents everywhere."""
    with clock.at(NOON):
        with company.acting("manager"):
            boss = pay.technician("Bea Brandt", employee_number="=1+1")
            techs = [
                pay.technician(name, supervisor_id=boss.id)
                for name in ("Mike Johnson", "@Sam, “the” O'Neil", "Jo Park")
            ]
            before = pay.sale(techs[0], price=33_333, sold_on=date(2026, 10, 20), approved=True)
            october = pay.period_of(date(2026, 10, 20)).id
            for n in range(23):
                pay.sale(techs[n % 3], price=99_901 + 7_013 * n, rate_bps=733, ov_rate_bps=133, sold_on=EARLY,
                         splits={techs[(n + 1) % 3].id: 3_333} if n % 4 == 0 else None, approved=n != 5)  # fmt: skip
        with company.acting("payroll"):
            closing.close(october)
        with company.acting("manager"):
            pay.void(db.session.merge(before))
            period = pay.period_of(EARLY).id
            for kind, cents in (("bonus", 12_345), ("guarantee", 3_000_001), ("deduction", 77)):
                draft = manual.Draft(
                    technician_id=techs[0].id, kind=kind, amount_cents=cents, reason=f"A {kind}"
                )
                manual.approve(manual.add(period, draft).id)
        yield period


def test_page_pdf_csv_and_api_agree_to_the_cent_open_and_closed(company: Company, busy: int) -> None:
    api, office = company.api("payroll"), company.sign_in("payroll")
    for status in ("open", "closed"):
        whole = api.get(f"/admin/pay-periods/{busy}").json["data"]
        assert whole["status"] == status
        total = money.dollars(whole["totals"]["total_cents"])
        people = {t["technician_id"]: t for t in whole["technicians"]}
        assert sum(t["total_cents"] for t in people.values()) == whole["totals"]["total_cents"]

        found = list(csv.DictReader(io.StringIO(api.get(f"/admin/csv-export/pay-period/{busy}").text)))
        for column in ("sales", "commission", "override", "adjustment", "manual", "total"):
            heading = "Sold" if column == "sales" else column.capitalize()
            cents = sum(money.parse_cents(row[heading]) for row in found)
            assert cents == whole["totals"][f"{column}_cents"], column
        lines = list(
            csv.DictReader(io.StringIO(api.get(f"/admin/csv-export/pay-period/{busy}?detail=lines").text))
        )
        assert sum(money.parse_cents(row["Amount"]) for row in lines) == whole["totals"]["total_cents"]
        assert len(lines) == whole["totals"]["lines"]
        listed = api.get(f"/admin/pay-periods/{busy}/lines?state=posted&limit=200").json["data"]["items"]
        assert sum(line["amount_cents"] for line in listed) == whole["totals"]["total_cents"]

        page = office.get(f"/pay-periods/{busy}").text
        assert total in page
        document = words_of(api.get(f"/export/pay-period/{busy}/pdf").data)
        assert total in document
        for technician_id, person in people.items():
            amount = money.dollars(person["total_cents"])
            assert amount in page
            assert amount in document
            statement = words_of(api.get(f"/export/commission-statement/{technician_id}/{busy}/pdf").data)
            assert f"Total for Nov 1–15, 2026 {amount}" in statement
            own_page = office.get(f"/pay-periods/{busy}/technicians/{technician_id}").text
            assert amount.replace("-", "−") in own_page
        if status == "open":
            api.patch(f"/admin/pay-periods/{busy}/close")


def test_the_statement_names_everything_a_technician_asks_about(company: Company, busy: int) -> None:
    with company.acting("payroll"):
        organization = db.session.get_one(Organization, company.tenant_id)
        organization.display_name, organization.phone = "Northwind Heating & Air", "(813) 555-0114"
        period = queries.period(busy)
        mike = next(t for t in totals.by_technician(period) if t.technician_name == "Mike Johnson")
        found = words_of(exports.statement_pdf(period, mike.technician_id))
    for expected in (
        "Northwind Heating & Air", "Mike Johnson", "Nov 1–15, 2026", "Nov 20, 2026", "Not final",
        "7.33% of $999.01 = $73.23", "A bonus", "Tops earnings up to $30,000.01", "Takes back what was paid in Oct 16–31",
        "Page 1 of 2", "(813) 555-0114", "Commissions and overrides",
    ):  # fmt: skip
        assert expected in found, expected
    assert found.count("For Price Amount") >= 2, "the headings come again on the second page"


def test_the_supervisors_statement_tells_the_override_and_not_what_others_earn(
    company: Company, busy: int
) -> None:
    with company.acting("payroll"):
        period = queries.period(busy)
        bea = next(t for t in totals.by_technician(period) if t.technician_name == "Bea Brandt")
        found = words_of(exports.statement_pdf(period, bea.technician_id))
    assert "Override 1.33% of $999.01" in found
    assert "7.33%" not in found


def test_names_that_look_like_formulas_do_not_run_in_a_spreadsheet(company: Company, busy: int) -> None:
    found = company.api().get(f"/admin/csv-export/pay-period/{busy}").text
    assert "'=1+1" in found
    assert "'@Sam" in found
    cells = [cell for row in csv.reader(io.StringIO(found)) for cell in row]
    assert not [cell for cell in cells if re.match(r"[=+@]", cell)]


def test_hostile_names_and_colours_stay_text_in_the_document(company: Company) -> None:
    with clock.at(NOON), company.acting("payroll"):
        organization = db.session.get_one(Organization, company.tenant_id)
        organization.display_name = 'A"} </style><img src="http://127.0.0.1:9/x">&amp;'
        organization.primary_color = "red;}body{display:none"
        tech = pay.technician("<script>alert(1)</script>")
        pay.sale(tech, sold_on=EARLY, approved=True, customer_name="</td><b>x")
        found = words_of(exports.statement_pdf(pay.period_of(EARLY), tech.id))
    assert 'A"} </style><img src="http://127.0.0.1:9/x">&amp; · <script>alert(1)</script>' in found
    assert "</td><b>x" in found


def test_a_period_too_long_for_paper_says_where_its_lines_are(
    company: Company, busy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "MOST_LINES", 10)
    with company.acting("payroll"):
        found = words_of(exports.period_pdf(queries.period(busy)))
    assert "more than can be read on paper" in found
    assert "AC tune-up" not in found


def test_all_statements_come_as_one_archive_with_progress(company: Company, busy: int) -> None:
    with company.acting("payroll"):
        closing.close(busy)
        download_id = downloads.request("pay.statements", "Statements", {"pay_period_id": str(busy)}).id
    with company.app.app_context():
        assert jobs.drain(jobs.LONG, company.tenant_id) >= 1
    with company.acting("payroll"):
        download = db.session.get_one(Download, (company.tenant_id, download_id))
        assert download.status == "ready", download.error
        job = jobs.statuses([download.job_id or 0])[download.job_id or 0]
        assert (job.progress, job.progress_total) == (4, 4)
        file = db.session.get_one(StoredFile, (company.tenant_id, download.file_id))
        assert file.name == "statements-2026-11-01.zip"
        archive = zipfile.ZipFile(io.BytesIO(files.read(file)))
        names = archive.namelist()
        assert len(names) == 4
        assert any(re.fullmatch(r"statement-2026-11-01-mike-johnson-\d+\.pdf", name) for name in names)
        assert "Mike Johnson" in words_of(archive.read(next(n for n in names if "mike" in n)))


def test_statements_are_made_in_pieces_and_begun_anew_when_the_period_is_closed_meanwhile(
    company: Company, busy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "PIECE", 1)
    with company.acting("payroll"):
        downloads.request("pay.statements", "Statements", {"pay_period_id": str(busy)})
        total = totals.together(totals.by_technician(queries.period(busy))).total_cents

    def pieces() -> list[str]:
        with company.acting("payroll"):
            kept = (
                select(StoredFile.name).where(StoredFile.purpose == archive.PURPOSE).order_by(StoredFile.id)
            )
            return list(db.session.scalars(kept.where(StoredFile.tenant_id == company.tenant_id)))

    def work(until: int) -> None:
        with company.app.app_context():
            jobs.drain(jobs.LONG, company.tenant_id, stopping=lambda: len(pieces()) >= until)

    work(2)
    assert pieces() == ["piece-0.zip", "piece-1.zip"]
    with company.acting("payroll"):
        closing.close(busy)
    work(100)
    assert pieces() == []  # neither those of the open period nor those the archive was made of
    with company.acting("payroll"):
        file = db.session.scalars(select(StoredFile).where(StoredFile.tenant_id == company.tenant_id)).one()
        held = zipfile.ZipFile(io.BytesIO(files.read(file)))
        documents = [words_of(held.read(name)) for name in held.namelist()]
        assert len(documents) == len(set(held.namelist())) == 4
        assert held.testzip() is None
        assert not [text for text in documents if "Not final." in text]
        sums = [re.search(r"Total for Nov 1–15, 2026 ([-−]?)\$([\d,]+)\.(\d\d)", text) for text in documents]
        cents = [int(m[2].replace(",", "") + m[3]) * (-1 if m[1] else 1) for m in sums if m]
        assert (len(cents), sum(cents)) == (4, total)


def test_a_long_report_is_prepared_in_the_background(
    company: Company, busy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "QUICK_LINES", 5)
    client = company.sign_in("payroll")
    page = client.get(f"/pay-periods/{busy}").text
    assert f'action="/pay-periods/{busy}/report"' in page
    answer = client.post(f"/pay-periods/{busy}/report", data={"csrf_token": csrf_of(page)})
    assert answer.headers["Location"] == "/downloads"
    with company.app.app_context():
        jobs.drain(jobs.LONG, company.tenant_id)
    with company.acting("payroll"):
        made = db.session.scalars(select(Download).where(Download.tenant_id == company.tenant_id)).one()
        assert (made.status, made.title) == ("ready", "Report Nov 1–15")


def test_a_technician_who_left_keeps_the_statement_as_it_was_frozen(company: Company, busy: int) -> None:
    with company.acting("payroll"):
        period = closing.close(busy)
        mike = next(t for t in totals.by_technician(period) if t.technician_name == "Mike Johnson")
        technician = queries.technician(mike.technician_id)
        technician.name, technician.ends_on = "Michael J.", EARLY + timedelta(days=1)
        db.session.flush()
        assert "Mike Johnson" in words_of(exports.statement_pdf(period, mike.technician_id))
