"""The field API of pay, as the document's own examples call it, and what lies beyond them."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.factories import pay
from tests.factories.world import ApiClient, Company
from webapp.kit import clock
from webapp.kit.db import db
from webapp.models import Organization
from webapp.sales.pay import closing

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
EARLY = date(2026, 11, 3)


@pytest.fixture
def period_id(company: Company) -> Iterator[int]:
    """Nov 1–15 with one approved sale of $1,500.00 and one pending of $800.00, both at 7.5%."""
    with clock.at(NOON):
        with company.acting():
            tech = pay.technician("Mike Johnson", employee_number="E-101")
            pay.link(company.users["technician"], tech)
            pay.sale(tech, sold_on=EARLY, approved=True)
            pay.sale(tech, sold_on=EARLY, price=80_000)
            found = pay.period_of(EARLY).id
        yield found


def data(answer: Any, status: int = 200) -> Any:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.json["ok"] is True
    return answer.json["data"]


def problem(answer: Any, status: int) -> str:
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.json["ok"] is False
    return str(answer.json["error"]["message"])


def rows(answer: Any) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.content_type.startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True))))


# The document's lines


def test_list_pay_periods(company: Company, period_id: int) -> None:
    page = data(company.api().get("/admin/pay-periods"))
    assert (page["page"], page["limit"], page["total_pages"]) == (1, 50, 1)
    assert page["total"] == len(page["items"])
    one = next(p for p in page["items"] if p["id"] == period_id)
    assert one["label"] == "Nov 1–15, 2026"
    assert (one["start_date"], one["end_date"], one["pay_date"]) == ("2026-11-01", "2026-11-15", "2026-11-20")
    assert one["status"] == "open"
    assert one["totals"] == {"lines": 1, "sales_cents": 150_000, "commission_cents": 11_250, "override_cents": 0,
                             "adjustment_cents": 0, "manual_cents": 0, "total_cents": 11_250}  # fmt: skip


def test_close_a_pay_period_without_a_body(company: Company, period_id: int) -> None:
    api = company.api()
    closed = data(api.patch(f"/admin/pay-periods/{period_id}/close"))
    assert closed["status"] == "closed"
    assert closed["closed_by_name"] == "Admin Person"
    assert closed["totals"]["total_cents"] == 11_250
    assert "was closed by Admin Person already" in problem(
        api.patch(f"/admin/pay-periods/{period_id}/close"), 409
    )


def test_export_a_pay_period_as_csv(company: Company, period_id: int) -> None:
    api = company.api()
    for _ in range(2):  # open, then closed
        found = rows(api.get(f"/admin/csv-export/pay-period/{period_id}"))
        assert len(found) == 1
        assert found[0] | {"Status": ""} == {
            "Pay period": "Nov 1–15, 2026", "Start date": "2026-11-01", "End date": "2026-11-15",
            "Pay date": "2026-11-20", "Status": "", "Employee number": "E-101", "Technician": "Mike Johnson",
            "Lines": "1", "Sold": "1500.00", "Commission": "112.50", "Override": "0.00", "Adjustment": "0.00",
            "Manual": "0.00", "Total": "112.50",
        }  # fmt: skip
        data(api.patch(f"/admin/pay-periods/{period_id}/close")) if found[0]["Status"] == "open" else None


def test_files_name_the_same_thing_alike(company: Company, period_id: int) -> None:
    api = company.api()
    sales, report, lines = (
        set(api.get(f"/admin/csv-export/{path}").text.splitlines()[0].split(","))
        for path in (
            "sales",
            "commission-report?date_from=2026-11-01&date_to=2026-11-30",
            f"pay-period/{period_id}?detail=lines",
        )
    )
    assert {"Sale", "Sold on", "Technician", "Item", "Customer", "Price"} <= sales & report & lines
    assert {"Employee number", "Kind", "Role", "Share %", "Amount", "Note"} <= report & lines
    assert not [
        heading
        for heading in sales | report | lines
        if heading != heading[0].upper() + heading[1:] or "_" in heading
    ]


def test_export_the_commission_report(company: Company, period_id: int) -> None:
    found = rows(
        company.api().get("/admin/csv-export/commission-report?date_from=2026-11-01&date_to=2026-11-30")
    )
    assert [(r["Technician"], r["Price"], r["Amount"], r["State"]) for r in found] == [
        ("Mike Johnson", "1500.00", "112.50", "posted"),
        ("Mike Johnson", "800.00", "60.00", "pending"),
    ]
    none = company.api().get("/admin/csv-export/commission-report?date_from=2026-01-01&date_to=2026-03-31")
    assert rows(none) == []


def test_the_documents_two_pdfs(company: Company, period_id: int) -> None:
    with company.acting():
        technician_id = company_technician(company)
    api = company.api()
    for path in (
        f"/export/commission-statement/{technician_id}/{period_id}/pdf",
        f"/export/pay-period/{period_id}/pdf",
    ):
        answer = api.get(path)
        assert answer.status_code == 200
        assert answer.content_type == "application/pdf"
        assert answer.data.startswith(b"%PDF")


def company_technician(company: Company) -> int:
    from webapp.models import User

    found = db.session.get_one(User, (company.tenant_id, company.users["technician"])).technician_id
    assert found is not None
    return found


# Beyond them


def test_one_period_lists_its_technicians_and_what_waits(company: Company, period_id: int) -> None:
    one = data(company.api().get(f"/admin/pay-periods/{period_id}"))
    assert [(t["technician_name"], t["total_cents"]) for t in one["technicians"]] == [
        ("Mike Johnson", 11_250)
    ]
    assert one["pending"] == {"sales": 1, "sales_cents": 6_000, "manual_lines": 0, "manual_cents": 0}
    problem(company.api().get("/admin/pay-periods/999999999"), 404)


def test_periods_are_filtered_and_paged(company: Company, period_id: int) -> None:
    api = company.api()
    with company.acting():
        closing.close(period_id)
    assert [p["id"] for p in data(api.get("/admin/pay-periods?status=closed"))["items"]] == [period_id]
    first = data(api.get("/admin/pay-periods?limit=1"))
    assert len(first["items"]) == 1
    assert first["total_pages"] == first["total"] > 1
    problem(api.get("/admin/pay-periods?limit=0"), 422)
    problem(api.get("/admin/pay-periods?sort=x"), 422)


def test_the_next_period_is_made_once_per_key(company: Company, period_id: int) -> None:
    api = company.api()
    newest = data(api.get("/admin/pay-periods"))["items"][0]
    made = data(api.post("/admin/pay-periods", Idempotency_Key="abc"), 201)
    assert made["start_date"] > newest["end_date"]
    again = api.post("/admin/pay-periods", Idempotency_Key="abc")
    assert data(again, 201)["id"] == made["id"]
    assert again.headers["Idempotent-Replayed"] == "true"


def test_a_second_person_approves_over_the_api(company: Company, period_id: int) -> None:
    with company.acting():
        db.session.get_one(Organization, company.tenant_id).second_person = True
    payroll, admin = company.api("payroll"), company.api("admin")
    assert "someone else must approve" in problem(payroll.patch(f"/admin/pay-periods/{period_id}/close"), 409)
    assert (
        data(payroll.patch(f"/admin/pay-periods/{period_id}/approve"))["approved_by"]
        == company.users["payroll"]
    )
    assert "someone else must close" in problem(payroll.patch(f"/admin/pay-periods/{period_id}/close"), 409)
    assert data(admin.patch(f"/admin/pay-periods/{period_id}/close"))["status"] == "closed"


def test_reopening_over_the_api_wants_a_reason(company: Company, period_id: int) -> None:
    api = company.api()
    data(api.patch(f"/admin/pay-periods/{period_id}/close"))
    assert "reason is required" in problem(api.patch(f"/admin/pay-periods/{period_id}/reopen", {}), 422)
    opened = data(api.patch(f"/admin/pay-periods/{period_id}/reopen", {"reason": "A sale was forgotten"}))
    assert (opened["status"], opened["reopen_reason"]) == ("open", "A sale was forgotten")


def test_lines_carry_their_arithmetic(company: Company, period_id: int) -> None:
    page = data(company.api().get(f"/admin/pay-periods/{period_id}/lines?state=posted"))
    assert page["total"] == 1
    line = page["items"][0]
    assert (line["kind"], line["amount_cents"], line["pay_period_id"]) == ("commission", 11_250, period_id)
    assert "7.5% of $1,500.00 = $112.50" in line["explanation"]


def test_amounts_by_hand_over_the_api(company: Company, period_id: int) -> None:
    api, home = company.api("payroll"), f"/admin/pay-periods/{period_id}"
    with company.acting():
        tech = company_technician(company)
    body = {"technician_id": tech, "kind": "bonus", "amount_cents": 5_000, "reason": "Most reviews"}
    line = data(api.post(f"{home}/manual-lines", body), 201)
    assert (line["state"], line["amount_cents"]) == ("pending", 5_000)
    changed = data(api.patch(f"{home}/manual-lines/{line['id']}", {"amount_cents": 7_000}))
    assert (changed["amount_cents"], changed["reason"]) == (7_000, "Most reviews")
    assert data(api.patch(f"{home}/manual-lines/{line['id']}/approve"))["state"] == "posted"
    assert data(api.get(home))["totals"]["manual_cents"] == 7_000
    problem(api.patch(f"{home}/manual-lines/{line['id']}/approve"), 409)
    deduction = data(api.post(f"{home}/manual-lines", body | {"kind": "deduction"}), 201)
    assert deduction["amount_cents"] == -5_000
    assert data(api.patch(f"{home}/manual-lines/{deduction['id']}/withdraw"))["state"] == "void"
    bonus = data(api.post(f"{home}/manual-lines", body), 201)
    gone = data(api.patch(f"{home}/manual-lines/{bonus['id']}/reject", {"reason": "Twice"}))
    assert (gone["state"], gone["note"]) == ("void", "Turned down: Twice")
    assert data(api.get(f"{home}/manual-lines"))["total"] == 3
    for wrong in (
        {"kind": "spiff"},
        {"amount_cents": 0},
        {"amount_cents": "50"},
        {"reason": ""},
        {"extra": 1},
    ):
        problem(api.post(f"{home}/manual-lines", body | wrong), 422)
    problem(api.post(f"{home}/manual-lines", body | {"technician_id": 999_999_999}), 404)
    data(api.patch(f"{home}/close"))
    assert "is closed" in problem(api.post(f"{home}/manual-lines", body), 409)


def test_the_plan_is_read_and_changed(company: Company, period_id: int) -> None:
    api = company.api("payroll")
    plan = data(api.get("/admin/pay-plan"))
    assert (plan["frequency"], plan["basis"], plan["pay_days_after"]) == ("semi_monthly", "sold", 5)
    changed = data(api.patch("/admin/pay-plan", {"basis": "paid", "discount_scale": [
        {"discount_bps": 1000, "pays_bps": 5000}]}))  # fmt: skip
    assert changed == plan | {"basis": "paid", "discount_scale": [{"discount_bps": 1000, "pays_bps": 5000}]}
    problem(api.patch("/admin/pay-plan", {"frequency": "daily"}), 422)
    problem(api.patch("/admin/pay-plan", {"pay_days_after": 400}), 422)
    problem(company.api("manager").patch("/admin/pay-plan", {"basis": "sold"}), 403)


def test_the_commission_report_is_grouped(company: Company, period_id: int) -> None:
    api = company.api()
    report = data(api.get("/admin/commission-report?date_from=2026-11-01&date_to=2026-11-30&group_by=period"))
    assert [(g["name"], g["total_cents"], g["pending_cents"]) for g in report["groups"]] == [
        ("Nov 1–15, 2026", 11_250, 6_000)
    ]
    assert report["totals"]["sales_cents"] == 150_000
    assert "date_to" in problem(
        api.get("/admin/commission-report?date_from=2026-12-01&date_to=2026-11-01"), 422
    )


def test_a_technician_fetches_only_their_own_statement(company: Company, period_id: int) -> None:
    with company.acting():
        mine, other = company_technician(company), pay.technician("Other").id
    api = company.api("technician")
    assert api.get(f"/export/commission-statement/{mine}/{period_id}/pdf").status_code == 200
    assert "your own statement" in problem(
        api.get(f"/export/commission-statement/{other}/{period_id}/pdf"), 403
    )
    for path in (f"/export/pay-period/{period_id}/pdf", "/admin/pay-periods", f"/admin/csv-export/pay-period/{period_id}",
                 "/admin/commission-report", "/admin/pay-plan", f"/admin/pay-periods/{period_id}/lines"):  # fmt: skip
        problem(api.get(path), 403)
    problem(api.patch(f"/admin/pay-periods/{period_id}/close"), 403)


def test_another_company_sees_none_of_it(company: Company, other_company: Company, period_id: int) -> None:
    api: ApiClient = other_company.api()
    for path in (f"/admin/pay-periods/{period_id}", f"/admin/pay-periods/{period_id}/lines",
                 f"/admin/csv-export/pay-period/{period_id}", f"/export/pay-period/{period_id}/pdf"):  # fmt: skip
        problem(api.get(path), 404)
    problem(api.patch(f"/admin/pay-periods/{period_id}/close"), 404)
