"""The office's pages of pay and the technician's, through a browser that checks every page."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import event

from tests.factories import pay
from tests.factories.world import Company, csrf_of
from webapp.kit import clock
from webapp.kit.db import db
from webapp.models import Organization, PayLine, PayPeriod
from webapp.sales.pay import closing, manual, periods

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)  # in Nov 16–30
EARLY = date(2026, 11, 3)  # in Nov 1–15


class Scene:
    """Nov 1–15 with an approved and a pending sale, a bonus and a pending deduction."""

    def __init__(self, company: Company) -> None:
        with company.acting("manager"):
            tech = pay.technician("Mike Johnson", employee_number="E-101")
            pay.link(company.users["technician"], tech)
            sold = pay.item("Furnace <b>", list_price_cents=900_000)
            self.sale = pay.sale(
                tech, sold=sold, sold_on=EARLY, approved=True, customer_name="Evelyn Harper"
            ).id
            self.pending = pay.sale(tech, sold=sold, sold_on=EARLY, price=80_000).id
            self.present = pay.sale(tech, sold=sold, sold_on=date(2026, 11, 17), approved=True).id
            self.period = pay.period_of(EARLY).id
            self.following = pay.period_of(date(2026, 11, 17)).id
            bonus = manual.Draft(
                technician_id=tech.id, kind="bonus", amount_cents=5_000, reason="Most reviews"
            )
            self.bonus = manual.approve(manual.add(self.period, bonus).id).id
            broken = manual.Draft(
                technician_id=tech.id, kind="deduction", amount_cents=2_000, reason="Torque wrench"
            )
            self.deduction = manual.add(self.period, broken).id
            self.tech = tech.id
            self.home = f"/pay-periods/{self.period}"


@pytest.fixture
def scene(company: Company) -> Iterator[Scene]:
    with clock.at(NOON):
        yield Scene(company)


def text(answer: object) -> str:
    return str(answer.get_data(as_text=True))  # type: ignore[attr-defined]


def test_the_list_shows_the_open_periods_first_and_what_waits_in_them(company: Company, scene: Scene) -> None:
    page = text(company.sign_in("payroll").get("/pay-periods"))
    assert page.index("Ready to close") < page.index("<table")
    assert "Nov 1–15, 2026" in page
    assert "$162.50" in page


def test_the_list_as_csv_has_the_totals_of_open_and_closed_periods(company: Company, scene: Scene) -> None:
    with company.acting("payroll"):
        closing.close(scene.period)
    rows = text(company.sign_in("payroll").get("/pay-periods?format=csv")).splitlines()
    assert rows[0] == "Start date,End date,Pay date,Status,Total"
    assert "2026-11-01,2026-11-15,2026-11-20,closed,162.50" in rows
    assert "2026-11-16,2026-11-30,2026-12-04,open,112.50" in rows


def test_periods_with_amounts_that_wait_can_be_found_from_the_notice(company: Company, scene: Scene) -> None:
    page = text(company.sign_in("payroll").get("/pay-periods?waiting=1"))
    table = page[page.index("<table") :]
    assert "Nov 1–15" in table
    assert "Nov 16–30" not in table


def test_a_period_shows_everyones_totals_and_what_stands_in_the_way(company: Company, scene: Scene) -> None:
    page = text(company.sign_in("payroll").get(scene.home))
    for expected in ("Mike Johnson", "E-101", "$162.50", "1 sale waits for approval, $60.00 of commissions",
                     "1 amount added by hand waits for approval", "It ended on Nov 15", "Close period"):  # fmt: skip
        assert expected in page, expected


def test_the_pages_of_a_period_ask_for_no_more_rows_one_by_one(company: Company, scene: Scene) -> None:
    client = company.sign_in("payroll")
    counts = []
    for extra in (0, 12):
        with company.acting("manager"):
            for n in range(extra):
                other = pay.technician(f"Tech {n}")
                pay.sale(other, sold_on=EARLY, approved=True)
                pay.sale(other, sold_on=EARLY)
        for path in (scene.home, f"{scene.home}?tab=pending", "/pay-periods", "/commissions?from=2026-11-01"):
            asked: list[str] = []

            def note(
                conn: object, cursor: object, statement: str, *rest: object, held: list[str] = asked
            ) -> None:
                held.append(statement)

            with company.app.app_context():
                engine = db.engine
            event.listen(engine, "before_cursor_execute", note)
            try:
                assert client.get(path).status_code == 200
            finally:
                event.remove(engine, "before_cursor_execute", note)
            counts.append(len(asked))
    assert counts[:4] == counts[4:], counts
    assert max(counts) < 40


def test_the_pending_tab_leads_to_each_sale_and_approves_amounts(company: Company, scene: Scene) -> None:
    client = company.sign_in("manager")
    page = text(client.get(f"{scene.home}?tab=pending"))
    assert f'href="/sales/{scene.pending}"' in page
    assert "Furnace &lt;b&gt;" in page
    back = f"{scene.home}?tab=pending"
    answer = client.post(f"{scene.home}/amounts/{scene.deduction}/approve", query_string={"next": back},
                         data={"csrf_token": csrf_of(page)})  # fmt: skip
    assert (answer.status_code, answer.headers["Location"]) == (303, back)
    assert "Deduction of $20.00 is approved" in text(client.get(scene.home))


def test_closing_says_what_will_happen_and_does_it(company: Company, scene: Scene) -> None:
    client = company.sign_in("payroll")
    dialog = text(client.get(f"{scene.home}/close", hx="dialog"))
    assert "<strong>2 lines</strong> of 1 technician are frozen" in dialog
    assert "1 pending sale</strong> with" in dialog
    assert "1 pending amount</strong> added by hand move on to Nov 16–30" in dialog
    assert "Close and pay $162.50" in dialog
    token = csrf_of(text(client.get(scene.home)))
    stale = client.post(f"{scene.home}/close", data={"csrf_token": token, "total_cents": "1"}, hx=True)
    assert stale.status_code == 422
    assert "The total changed while this was open: it is $162.50 now" in text(stale)
    done = client.post(f"{scene.home}/close", data={"csrf_token": token, "total_cents": "16250"})
    assert done.status_code == 303
    page = text(client.get(scene.home))
    assert "closed it; what was still pending moved to Nov 16–30, 2026" in page
    assert "Open again" in page
    assert "Close period" not in page
    moved = text(client.get(f"{scene.home}?tab=moved"))
    assert "Moved on" in moved
    coming = text(client.get(f"/pay-periods/{scene.following}?tab=moved"))
    assert "Moved from Nov 1–15: still pending when it closed" in coming


def test_a_closed_period_is_opened_again_with_a_reason(company: Company, scene: Scene) -> None:
    with company.acting("payroll"):
        closing.close(scene.period)
    client = company.sign_in("payroll")
    token = csrf_of(text(client.get(scene.home)))
    assert "1 statement is taken back" in text(client.get(f"{scene.home}/reopen", hx="dialog"))
    empty = client.post(f"{scene.home}/reopen", data={"csrf_token": token, "reason": " "}, hx=True)
    assert empty.status_code == 422
    assert "Say why" in text(empty)
    client.post(f"{scene.home}/reopen", data={"csrf_token": token, "reason": "A sale was forgotten"})
    page = text(client.get(scene.home))
    assert "Opened again after it was closed: A sale was forgotten" in page


def test_where_a_second_person_is_asked_for_the_page_offers_approval_first(
    company: Company, scene: Scene
) -> None:
    with company.acting():
        db.session.get_one(Organization, company.tenant_id).second_person = True
    client = company.sign_in("payroll")
    page = text(client.get(scene.home))
    assert "A second person has to approve it" in page
    assert "someone else must approve" in text(client.get(f"{scene.home}/close", hx="dialog"))
    client.post(f"{scene.home}/approve", data={"csrf_token": csrf_of(page)})
    assert "someone else must close it" in text(client.get(f"{scene.home}/close", hx="dialog"))
    other = company.sign_in("admin")
    page = text(other.get(scene.home))
    assert "Approved by Payroll Person" in page
    assert "Close and pay" in text(other.get(f"{scene.home}/close", hx="dialog"))
    other.post(f"{scene.home}/withdraw-approval", data={"csrf_token": csrf_of(page)})
    assert "A second person has to approve it" in text(other.get(scene.home))


def test_a_technicians_page_shows_every_line_with_its_arithmetic(company: Company, scene: Scene) -> None:
    page = text(company.sign_in("payroll").get(f"{scene.home}/technicians/{scene.tech}"))
    assert "7.5% of $1,500.00 = $112.50" in page
    assert "Most reviews" in page
    assert "Torque wrench" in page
    assert "$162.50" in page


def test_an_amount_is_added_changed_and_turned_down(company: Company, scene: Scene) -> None:
    client = company.sign_in("payroll")
    form = text(client.get(f"{scene.home}/amounts/new?technician={scene.tech}", hx="dialog"))
    assert "Guarantee: tops up what was earned" in form
    token = csrf_of(text(client.get(scene.home)))
    wrong = client.post(f"{scene.home}/amounts/new", hx=True,
                        data={"csrf_token": token, "technician_id": scene.tech, "kind": "draw_recovery",
                              "amount_cents": "30", "reason": "Back"})  # fmt: skip
    assert wrong.status_code == 422
    assert "owes $0.00 on draws" in text(wrong)
    client.post(f"{scene.home}/amounts/new", data={"csrf_token": token, "technician_id": scene.tech, "kind": "draw",
                                                   "amount_cents": "1,030.50", "reason": "Advance"})  # fmt: skip
    with company.acting():
        line = (
            db.session.query(PayLine)
            .where(PayLine.kind == "draw", PayLine.tenant_id == company.tenant_id)
            .one()
        )
        assert (line.amount_cents, line.state) == (103_050, "pending")
    edit = f"{scene.home}/amounts/{line.id}/edit"
    assert "1030.50" in text(client.get(edit, hx="dialog"))
    client.post(edit, data={"csrf_token": token, "technician_id": scene.tech, "kind": "draw", "amount_cents": "20",
                            "reason": "Advance"})  # fmt: skip
    assert "$20.00" in text(client.get(f"{scene.home}/technicians/{scene.tech}"))
    reject = f"{scene.home}/amounts/{line.id}/reject"
    assert "It does not count then" in text(client.get(reject, hx="dialog"))
    client.post(reject, data={"csrf_token": token, "reason": "No"})
    assert "Advance" not in text(client.get(f"{scene.home}/technicians/{scene.tech}"))


def test_commissions_are_grouped_in_four_ways(company: Company, scene: Scene) -> None:
    client = company.sign_in("payroll")
    for group, expected in (("technician", "Mike Johnson"), ("item", "Furnace &lt;b&gt;"),
                            ("category", "Without a category"), ("period", "Nov 1–15, 2026")):  # fmt: skip
        page = text(client.get(f"/commissions?from=2026-11-01&to=2026-11-30&by={group}"))
        assert expected in page
        assert "$225.00" in page
        assert "$60.00" in page
    found = client.get("/commissions?from=2026-11-01&to=2026-11-30&by=item&format=csv")
    assert text(found).splitlines()[1] == "Furnace <b>,2,3000.00,225.00,0.00,225.00,60.00"


def test_days_the_wrong_way_round_are_told(company: Company, scene: Scene) -> None:
    client = company.sign_in("payroll")
    assert client.get("/commissions?from=2026-11-30&to=2026-11-01").status_code == 400


# The plan


def test_a_change_of_plan_shows_what_follows_before_it_is_saved(company: Company, scene: Scene) -> None:
    client = company.sign_in("payroll")
    page = text(client.get("/settings/pay"))
    assert "Nov 16–30, 2026" in page
    values = {"csrf_token": csrf_of(page), "frequency": "biweekly", "anchor": "2026-12-07", "pay_days_after": "3",
              "basis": "sold", "off_0": "10", "pays_0": "50"}  # fmt: skip
    shown = text(client.post("/settings/pay/preview", data=values, hx="preview"))
    assert "Dec 1–6, 2026" in shown
    assert "Shorter, leads over" in shown
    assert "Dec 7–20, 2026" in shown
    with company.acting():
        assert periods.plan().frequency == "semi_monthly", "a preview saves nothing"
    assert client.post("/settings/pay", data=values).status_code == 303
    with company.acting():
        plan = periods.plan()
        assert (plan.frequency, plan.discount_scale) == (
            "biweekly",
            [{"discount_bps": 1000, "pays_bps": 5000}],
        )
        found = db.session.query(PayPeriod).where(PayPeriod.tenant_id == company.tenant_id)
        ends = sorted(f"{p.start_date:%m-%d}" for p in found)
        assert ends == ["11-01", "11-16", "12-01"]


def test_a_wrong_plan_says_what_is_wrong_at_its_field(company: Company, scene: Scene) -> None:
    client = company.sign_in("payroll")
    values = {"csrf_token": csrf_of(text(client.get("/settings/pay"))), "frequency": "weekly", "anchor": "2026-12-07",
              "pay_days_after": "3", "basis": "sold", "off_0": "10", "pays_0": "50", "off_2": "5", "pays_2": "60",
              "off_3": "7"}  # fmt: skip
    answer = client.post("/settings/pay", data=values, hx=True)
    assert answer.status_code == 422
    assert "Fill in both" in text(answer)
    answer = client.post("/settings/pay", data=values | {"off_3": ""}, hx=True)
    assert answer.status_code == 422
    assert 'href="#off_2"' in text(answer)


# The technician


def test_a_technician_sees_this_period_line_by_line_and_earlier_statements(
    company: Company, scene: Scene
) -> None:
    with company.acting("payroll"):
        closing.close(scene.period)
    client = company.sign_in("technician")
    page = text(client.get("/my/pay"))
    assert "This period so far" in page
    assert "Your rate for" in page
    assert "$112.50" in page
    assert "Torque wrench" in page
    assert f'href="/my/pay/{scene.period}"' in page
    earlier = text(client.get(f"/my/pay/{scene.period}"))
    assert "Paid in this period" in earlier
    assert "$162.50" in earlier
    document = client.get(f"/my/pay/{scene.period}/statement.pdf")
    assert document.data.startswith(b"%PDF")


def test_a_technician_cannot_open_the_offices_pages(company: Company, scene: Scene) -> None:
    client = company.sign_in("technician")
    for path in ("/pay-periods", scene.home, f"{scene.home}/report.pdf", "/commissions", "/settings/pay",
                 f"{scene.home}/technicians/{scene.tech}", f"{scene.home}/lines.csv"):  # fmt: skip
        assert client.get(path).status_code == 403, path


def test_a_dispatcher_cannot_see_pay_and_a_manager_cannot_close(company: Company, scene: Scene) -> None:
    assert company.sign_in("dispatcher").get("/pay-periods").status_code == 403
    manager = company.sign_in("manager")
    page = text(manager.get(scene.home))
    assert "Close period" not in page
    answer = manager.post(f"{scene.home}/close", data={"csrf_token": csrf_of(page)})
    assert answer.status_code == 403


def test_another_companys_period_is_not_found(company: Company, other_company: Company, scene: Scene) -> None:
    client = other_company.sign_in("admin")
    for path in (scene.home, f"{scene.home}/technicians/{scene.tech}", f"{scene.home}/report.pdf"):
        assert client.get(path).status_code == 404, path
