"""Technicians say whether their pay is right; the office sees it, answers, and nothing of it is lost."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pypdf
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.factories import pay, sales
from tests.factories.world import Company, csrf_of
from webapp.kit import clock, context, errors
from webapp.kit.db import db
from webapp.kit.tables import AuditEntry, Event
from webapp.models import Notice
from webapp.sales.pay import answers, closing, queries, totals

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
EARLY = date(2026, 11, 3)  # in Nov 1–15, which has ended
NOW = date(2026, 11, 17)  # in Nov 16–30, which runs


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


@pytest.fixture
def period(company: Company) -> int:
    """Nov 1–15 with $112.50 for Mike, who is the company's technician, and as much for Ana."""
    with company.acting("manager"):
        mike, ana = pay.technician("Mike Johnson"), pay.technician("Ana Reyes")
        sales.link(company.users["technician"], mike)
        for who in (mike, ana):
            pay.sale(who, sold_on=EARLY, approved=True)
        pay.sale(mike, sold_on=NOW, approved=True)
        return pay.period_of(EARLY).id


def send(client: FlaskClient, path: str, **fields: Any) -> Any:
    token = csrf_of(
        client.get("/my/pay" if path.startswith("/my") else "/pay-periods").get_data(as_text=True)
    )
    return client.post(path, data={"csrf_token": token, **fields})


def mike_of(company: Company) -> int:
    with company.acting("technician"):
        found = context.principal().technician_id
        assert found is not None
        return found


def test_a_technician_approves_on_the_phone_and_the_office_sees_it(company: Company, period: int) -> None:
    phone, office = company.sign_in("technician"), company.sign_in("payroll")
    before = phone.get(f"/my/pay/{period}").get_data(as_text=True)
    assert "It is right" in before
    assert "tr-pay-said" not in office.get(f"/pay-periods/{period}").get_data(as_text=True)
    assert send(phone, f"/my/pay/{period}/approve").status_code == 303
    after = phone.get(f"/my/pay/{period}").get_data(as_text=True)
    assert "You approved it" in after
    assert "It is right" not in after
    page = office.get(f"/pay-periods/{period}").get_data(as_text=True)
    assert page.count('class="tr-pay-said"') == 1
    assert "1 of 2 technicians approved their pay." in page
    assert "approved their pay, $112.50" in page
    own = office.get(f"/pay-periods/{period}/technicians/{mike_of(company)}").get_data(as_text=True)
    assert "Mike Johnson approved" in own
    document = office.get(f"/pay-periods/{period}/technicians/{mike_of(company)}/statement.pdf").data
    words = pypdf.PdfReader(io.BytesIO(document)).pages[0].extract_text()
    assert "Approved by Mike Johnson on Wednesday, November 18, 2026" in words
    with company.acting():
        event = db.session.scalars(select(Event).where(Event.name == "pay-period.signed-off")).one()
        assert (event.payload["technician_id"], event.payload["total_cents"]) == (mike_of(company), 11_250)


def test_an_approval_of_another_amount_does_not_count_any_more(company: Company, period: int) -> None:
    phone, office = company.sign_in("technician"), company.sign_in("payroll")
    send(phone, f"/my/pay/{period}/approve")
    with company.acting("manager"):
        pay.sale(queries.technician(mike_of(company)), sold_on=EARLY, price=10_000, approved=True)
    page = phone.get(f"/my/pay/{period}").get_data(as_text=True)
    assert "It has changed since: look again." in page
    assert "It is right" in page
    page = office.get(f"/pay-periods/{period}").get_data(as_text=True)
    assert "Changed since" in page
    assert "approved their pay." not in page
    send(phone, f"/my/pay/{period}/approve")
    assert "1 of 2 technicians approved their pay." in office.get(f"/pay-periods/{period}").get_data(
        as_text=True
    )


def test_a_period_that_runs_can_be_disputed_but_not_approved(company: Company, period: int) -> None:
    phone = company.sign_in("technician")
    with company.acting():
        runs = pay.period_of(NOW).id
    page = phone.get("/my/pay").get_data(as_text=True)
    assert "Something is wrong" in page
    assert "It is right" not in page
    refused = send(phone, f"/my/pay/{runs}/approve")
    assert refused.status_code == 409
    assert "runs until Nov 30" in refused.get_data(as_text=True)
    assert send(phone, f"/my/pay/{runs}/dispute", note="The Harper furnace is missing").status_code == 303
    assert "The Harper furnace is missing" in phone.get("/my/pay").get_data(as_text=True)


def test_a_dispute_reaches_payroll_and_its_answer_the_technician(company: Company, period: int) -> None:
    phone, office = company.sign_in("technician"), company.sign_in("payroll")
    empty = send(phone, f"/my/pay/{period}/dispute", note="  ")
    assert empty.status_code == 422
    assert "Write what is wrong" in empty.get_data(as_text=True)
    assert send(phone, f"/my/pay/{period}/dispute", note="Sale 7 is not here").status_code == 303
    with company.acting():
        told = set(db.session.scalars(select(Notice.user_id).where(Notice.tenant_id == company.tenant_id)))
        assert told == {company.users[role] for role in ("owner", "admin", "payroll")}
    page = office.get(f"/pay-periods/{period}").get_data(as_text=True)
    assert "1 technician says something is wrong with their pay." in page
    home = f"/pay-periods/{period}/technicians/{mike_of(company)}"
    assert "Sale 7 is not here" in office.get(home).get_data(as_text=True)
    assert "Sale 7 is not here" in office.get(f"{home}/reply", hx="dialog").get_data(as_text=True)  # type: ignore[call-arg]
    assert send(office, f"{home}/reply", reply="").status_code == 422
    assert send(office, f"{home}/reply", reply="Added; it was dated in December.").status_code == 303
    mine = phone.get(f"/my/pay/{period}").get_data(as_text=True)
    assert "The office answered" in mine
    assert "Added; it was dated in December." in mine
    assert "It is right" in mine
    assert (
        "something is wrong"
        not in office.get(f"/pay-periods/{period}").get_data(as_text=True).split("Timeline")[0]
    )
    assert send(office, f"{home}/reply", reply="Twice").status_code == 409
    with company.acting():
        notice = db.session.scalars(select(Notice).where(Notice.user_id == company.users["technician"])).one()
        assert notice.url == f"/my/pay/{period}"
        found = db.session.scalars(
            select(AuditEntry).where(AuditEntry.record_type == "pay_period").order_by(AuditEntry.seq)
        )
        said = [e for e in found if e.action in ("pay_period.disputed", "pay_period.dispute_answered")]
        assert [e.payload["diff"]["answer"] for e in said] == [{"from": None, "to": "disputed"},
                                                               {"from": "disputed", "to": "answered"}]  # fmt: skip


def test_answers_stay_through_close_and_reopening_and_may_still_be_given_afterwards(
    company: Company, period: int
) -> None:
    phone = company.sign_in("technician")
    send(phone, f"/my/pay/{period}/approve")
    with company.acting("payroll"):
        closing.close(period)
    assert "You approved it" in phone.get(f"/my/pay/{period}").get_data(as_text=True)
    assert send(phone, f"/my/pay/{period}/dispute", note="Now I see it").status_code == 303
    with company.acting("payroll"):
        closing.reopen(period, "Mike is right")
        row = queries.answer(period, mike_of(company))
        assert row is not None
        assert (row.answer, row.note) == ("disputed", "Now I see it")


def test_nobody_answers_for_others_or_for_nothing(
    company: Company, other_company: Company, period: int
) -> None:
    office = company.sign_in("payroll")
    assert send(office, f"/my/pay/{period}/approve").status_code == 403
    assert company.sign_in("technician").get(f"/pay-periods/{period}/technicians/1/reply").status_code == 403
    with company.acting("manager"):
        october = pay.period_of(date(2026, 10, 20)).id
        coming = pay.period_of(date(2026, 12, 3)).id
    with company.acting("technician"):
        with pytest.raises(errors.Conflict, match="nothing to approve"):
            answers.approve(october)
        with pytest.raises(errors.NotFound):
            answers.dispute(coming, "x")
    with other_company.acting("manager"):
        sales.link(other_company.users["technician"], pay.technician())
    with other_company.acting("technician"), pytest.raises(errors.NotFound):
        answers.approve(period)


def test_the_close_is_not_held_up_by_a_dispute(company: Company, period: int) -> None:
    with company.acting("technician"):
        answers.dispute(period, "No")
    with company.acting("payroll"):
        closed = closing.close(period)
        assert totals.together(totals.by_technician(closed)).total_cents == 22_500
