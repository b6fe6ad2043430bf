"""What happens when a sale is recorded, decided, corrected, paid and voided."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from tests.factories import sales
from tests.factories.queries import counted
from tests.factories.world import Company
from webapp.kit import clock, context, errors
from webapp.kit.db import db
from webapp.kit.money import MAX_CENTS
from webapp.kit.tables import AuditEntry, Event
from webapp.models import PayLine, Sale
from webapp.sales import rules, service
from webapp.sales.pay import closing, periods
from webapp.sales.service import Buyer, NewSale, Share

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)  # in the pay period Nov 16–30
TODAY = date(2026, 11, 18)


@pytest.fixture(autouse=True)
def _noon(company: Company) -> Iterator[None]:
    with clock.at(NOON):
        yield


def events_of(company: Company) -> list[str]:
    with company.acting():
        names = db.session.scalars(
            select(Event.name).where(Event.tenant_id == context.tenant_id()).order_by(Event.seq)
        )
        return [n for n in names if n.startswith("sale.") or n == "commission.calculated"]


def audit_of(company: Company, sale_id: int) -> list[AuditEntry]:
    with company.acting():
        return list(
            db.session.scalars(
                select(AuditEntry)
                .where(AuditEntry.tenant_id == context.tenant_id(), AuditEntry.record_type == "sale",
                       AuditEntry.record_id == sale_id)
                .order_by(AuditEntry.seq)
            )
        )  # fmt: skip


def lines_of(sale: Sale) -> list[tuple[str, int]]:
    found = select(PayLine.state, PayLine.amount_cents).where(
        PayLine.tenant_id == context.tenant_id(), PayLine.sale_id == sale.id
    )
    return sorted((r[0], r[1]) for r in db.session.execute(found))


# Recording ------------------------------------------------------------------------------------------------------------


def test_a_recorded_sale_has_its_commission_frozen_with_where_the_rate_came_from(company: Company) -> None:
    with company.acting():
        mike, tune_up = sales.technician(), sales.item()
        sales.rate(rate_bps=500)
        sales.rate(mike.id, tune_up.id, rate_bps=750)
        made = sales.sale(mike, tune_up)
        sales.rate(mike.id, tune_up.id, rate_bps=100)
        db.session.refresh(made, ["snapshot"])
        frozen = rules.Snapshot.from_json(made.snapshot)
        assert (made.commission_cents, made.override_cents) == (11_250, 0)
        assert frozen.rule.label == "Mike Johnson on AC tune-up"
        assert [c.rule.label for c in frozen.considered] == ["Mike Johnson on AC tune-up", "Company default"]
        assert rules.explain(frozen, reader_id=mike.id)[1] == "7.5% of $1,500.00 = $112.50"
        assert (made.status, made.sold_on, lines_of(made)) == ("pending", TODAY, [("pending", 11_250)])
    assert events_of(company) == ["sale.created", "commission.calculated"]


def test_the_more_specific_rate_wins_in_the_order_of_the_contract(company: Company) -> None:
    with company.acting():
        heating = sales.category("Heating")
        mike, furnace = sales.technician(), sales.item("Furnace", category_id=heating.id)
        seen = []
        for bps, place in enumerate(
            [(None, None, None), (mike.id, None, None), (None, None, heating.id), (None, furnace.id, None),
             (mike.id, None, heating.id), (mike.id, furnace.id, None)], start=1,
        ):  # fmt: skip
            sales.rate(*place, rate_bps=bps * 100)
            seen.append(sales.sale(mike, furnace, price=100_00).commission_cents)
        assert seen == [100, 200, 300, 400, 500, 600]


def test_another_technicians_or_items_rate_changes_nothing(company: Company) -> None:
    with company.acting():
        mike, ana = sales.technician(), sales.technician("Ana")
        tune_up, furnace = sales.item(), sales.item("Furnace")
        sales.rate(rate_bps=500)
        sales.rate(ana.id, tune_up.id, rate_bps=9000)
        sales.rate(mike.id, furnace.id, rate_bps=9000)
        assert sales.sale(mike, tune_up, price=100_00).commission_cents == 500


def test_shares_and_the_supervisors_override_are_paid_to_each(company: Company) -> None:
    with company.acting():
        boss = sales.technician("Dana Reed")
        mike, ana = sales.technician(supervisor_id=boss.id), sales.technician("Ana")
        sales.rate(rate_bps=1000, ov_rate_bps=100)
        made = sales.sale(mike, price=100_01, splits=(Share(ana.id, 5000),))
        assert (made.commission_cents, made.override_cents) == (1000, 50)
        assert lines_of(made) == [("pending", 50), ("pending", 500), ("pending", 500)]


def test_a_supervisor_who_left_before_the_sale_earns_no_override(company: Company) -> None:
    with company.acting():
        boss = sales.technician("Dana Reed", ends_on=TODAY - timedelta(days=1))
        mike = sales.technician(supervisor_id=boss.id)
        sales.rate(rate_bps=1000, ov_rate_bps=100)
        assert sales.sale(mike).override_cents == 0


def test_the_items_list_price_counts_unless_another_is_given(company: Company) -> None:
    with company.acting():
        sales.rate(rate_bps=1000, discount_scale_enabled=True, discount_scale=(rules.ScaleStep(1000, 5000),))
        unit = sales.item(list_price_cents=200_00)
        assert sales.sale(sold=unit, price=100_00).commission_cents == 500
        assert sales.sale(sold=unit, price=100_00, list_price_cents=100_00).commission_cents == 1000


def test_recording_asks_the_database_a_fixed_number_of_times(company: Company) -> None:
    with company.acting():
        mike, tune_up, john = sales.technician(), sales.item(), sales.customer()
        for number in range(30):
            sales.rate(None, sales.item(f"Item {number}").id)
        sales.sale(mike, tune_up)
    with counted() as statements, company.acting():
        sales.sale(mike, tune_up, buyer=Buyer(customer_id=john.id))
    assert len(statements) == 7, "\n".join(x[:150].replace("\n", " ") for x in statements)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"sale_price_cents": -1}, "sale_price_cents"),
        ({"sale_price_cents": MAX_CENTS + 1}, "sale_price_cents"),
        ({"list_price_cents": -5}, "list_price_cents"),
        ({"sold_on": TODAY + timedelta(days=2)}, "sold_on"),
        ({"sold_on": date(1999, 12, 31)}, "sold_on"),
        ({"completed_on": TODAY + timedelta(days=2)}, "completed_on"),
        ({"payment_status": "refunded"}, "payment_status"),
        ({"payment_date": TODAY}, "payment_date"),
        ({"payment_status": "paid", "payment_date": TODAY + timedelta(days=9)}, "payment_date"),
        ({"notes": "x" * 5001}, "notes"),
        ({"payment_type": "x" * 41}, "payment_type"),
    ],
)
def test_a_sale_that_makes_no_sense_is_refused_at_its_field(
    company: Company, values: dict[str, object], field: str
) -> None:
    with company.acting():
        mike, tune_up = sales.technician(), sales.item()
        terms = {"technician_id": mike.id, "item_id": tune_up.id, "sale_price_cents": 100} | values
        with pytest.raises(errors.Invalid) as refused:
            service.record(NewSale(**terms))  # type: ignore[arg-type]
        assert list(refused.value.details["fields"]) == [field]


def test_shares_over_everything_to_oneself_or_twice_are_refused(company: Company) -> None:
    with company.acting():
        mike, ana = sales.technician(), sales.technician("Ana")
        for splits in ((Share(ana.id, 10_001),), (Share(ana.id, 100), Share(ana.id, 200)), (Share(mike.id, 5000),),
                       (Share(ana.id, 0),), tuple(Share(ana.id, 1) for _ in range(21))):  # fmt: skip
            with pytest.raises(errors.Invalid):
                sales.sale(mike, splits=splits)


def test_somebody_not_active_on_the_day_can_neither_sell_nor_share(company: Company) -> None:
    with company.acting():
        gone = sales.technician("Gone Gary", ends_on=TODAY - timedelta(days=1))
        later = sales.technician("Late Lee", starts_on=TODAY + timedelta(days=1))
        with pytest.raises(errors.Invalid, match="Gone Gary was not active on Nov 18, 2026"):
            sales.sale(gone)
        with pytest.raises(errors.Invalid, match="Late Lee"):
            sales.sale(splits=(Share(later.id, 1000),))
        assert sales.sale(gone, sold_on=TODAY - timedelta(days=1)).id


def test_an_archived_item_is_no_longer_sold(company: Company) -> None:
    with company.acting(), pytest.raises(errors.Invalid, match="archived"):
        sales.sale(sold=sales.item(archived=True))


def test_other_companies_records_do_not_exist_here(company: Company, other_company: Company) -> None:
    with other_company.acting():
        theirs = {"technician_id": sales.technician().id, "item_id": sales.item().id}
        customer = sales.customer().id
    with company.acting():
        ours = {"technician_id": sales.technician().id, "item_id": sales.item().id}
        for field in ours:
            with pytest.raises(errors.NotFound):
                service.record(NewSale(**{**ours, field: theirs[field], "sale_price_cents": 1}))
        with pytest.raises(errors.NotFound):
            service.record(NewSale(**ours, sale_price_cents=1, splits=(Share(theirs["technician_id"], 100),)))
        with pytest.raises(errors.NotFound):
            service.record(NewSale(**ours, sale_price_cents=1, buyer=Buyer(customer_id=customer)))
        with pytest.raises(errors.NotFound):
            service.record(NewSale(**{**ours, "technician_id": 2**80}, sale_price_cents=1))


def test_a_day_in_a_closed_period_is_refused_naming_the_period_and_the_way_out(company: Company) -> None:
    with company.acting():
        close_period(date(2026, 11, 3))
        with pytest.raises(
            errors.Conflict, match=r"Nov 3 .* Nov 1–15, 2026, which is closed\. Use a date after Nov 15"
        ):
            sales.sale(sold_on=date(2026, 11, 3))


def close_period(day: date) -> None:
    closing.close(periods.covering(day).id)


# A technician's own ---------------------------------------------------------------------------------------------------


def test_technicians_change_nothing_of_a_sale_that_the_office_has_approved(company: Company) -> None:
    with company.acting():
        mike, tune_up = sales.technician(), sales.item()
        sales.link(company.users["technician"], mike)
        mine = sales.sale(mike, tune_up, approved=True).id
    for changes in ({"completed_on": NOON.date()}, {"notes": "mine"}, {"sale_price_cents": 1}):
        with company.acting("technician"), pytest.raises(errors.Conflict, match="office has decided"):
            service.correct(mine, changes, "because")


def test_technicians_see_and_record_only_their_own_and_decide_nothing(company: Company) -> None:
    with company.acting():
        mike, ana, tune_up = sales.technician(), sales.technician("Ana"), sales.item()
        sales.link(company.users["technician"], mike)
        others, shared = sales.sale(ana, tune_up), sales.sale(ana, tune_up, splits=(Share(mike.id, 1000),))
    with company.acting("technician"):
        mine = sales.sale(mike, tune_up)
        from webapp.sales import rights

        assert rights.get(mine.id).id == mine.id
        assert rights.get(shared.id).id == shared.id
        with pytest.raises(errors.NotFound):
            rights.get(others.id)
        with pytest.raises(errors.NotFound):
            sales.sale(ana, tune_up)
        with pytest.raises(errors.NotFound):
            service.correct(shared.id, {"notes": "mine now"}, "because")
        with pytest.raises(errors.NotFound):
            service.correct(mine.id, {"technician_id": ana.id}, "because")
        for act in (
            lambda: service.approve(mine.id),
            lambda: service.reject(mine.id, "no"),
            lambda: service.void(mine.id, "no"),
            lambda: service.set_payment(mine.id, "paid"),
            lambda: service.preview(NewSale(technician_id=mike.id, item_id=tune_up.id, sale_price_cents=1)) and
            service.record(NewSale(technician_id=mike.id, item_id=tune_up.id, sale_price_cents=1, payment_status="paid")),
        ):  # fmt: skip
            with pytest.raises(errors.Forbidden):
                act()


# Deciding -------------------------------------------------------------------------------------------------------------


def test_approving_makes_it_count_and_a_second_approval_is_refused(company: Company) -> None:
    with company.acting("manager"):
        sales_id = _made(company)
        approved = service.approve(sales_id)
        assert (approved.status, approved.approved_by) == ("approved", company.users["manager"])
        assert lines_of(approved) == [("posted", 11_250)]
        with pytest.raises(errors.Conflict, match="already approved"):
            service.approve(sales_id)
        with pytest.raises(errors.Conflict):
            service.reject(sales_id, "late")
    assert events_of(company)[-1] == "sale.approved"


def _made(company: Company, **more: object) -> int:
    mike, tune_up = sales.technician(), sales.item()
    sales.rate(mike.id, tune_up.id)
    return sales.sale(mike, tune_up, **more).id  # type: ignore[arg-type]


def test_rejecting_needs_a_reason_and_can_be_taken_back(company: Company) -> None:
    with company.acting("manager"):
        number = _made(company)
        with pytest.raises(errors.Invalid, match="Give a reason"):
            service.reject(number, "  ")
        rejected = service.reject(number, "Wrong price")
        assert (rejected.status, rejected.rejected_reason, lines_of(rejected)) == (
            "rejected",
            "Wrong price",
            [("void", 11_250)],
        )
        again = service.resubmit(number)
        assert (again.status, again.rejected_reason, lines_of(again)) == (
            "pending",
            "",
            [("pending", 11_250)],
        )
    assert [e.action for e in audit_of(company, number)] == [
        "sale.created",
        "sale.rejected",
        "sale.resubmitted",
    ]


def test_many_are_approved_at_once_and_those_that_cannot_be_are_named(company: Company) -> None:
    with company.acting("manager"):
        mike, tune_up = sales.technician(), sales.item()
        numbers = [sales.sale(mike, tune_up).id for _ in range(3)]
        service.void(numbers[1], "typed twice")
        result = service.approve_many([*numbers, numbers[0]])
        assert result.done == [numbers[0], numbers[2]]
        assert "voided" in result.refused[numbers[1]]
        with pytest.raises(errors.NotFound):
            service.approve_many([numbers[0], 2**62])


# Correcting -----------------------------------------------------------------------------------------------------------


def test_a_pending_sale_is_corrected_in_place_and_calculated_anew(company: Company) -> None:
    with company.acting("manager"):
        number = _made(company)
        result = service.correct(number, {"sale_price_cents": 100_000, "notes": "fixed"}, "Typo")
        assert (result.sale.id, result.replaced) == (number, None)
        assert (result.sale.commission_cents, lines_of(result.sale)) == (7_500, [("pending", 7_500)])
    entry = audit_of(company, number)[-1]
    assert (entry.action, entry.payload["reason"]) == ("sale.corrected", "Typo")
    assert entry.payload["diff"]["sale_price_cents"] == {"from": 150_000, "to": 100_000}


def test_a_correction_that_does_not_touch_the_money_keeps_the_frozen_commission(company: Company) -> None:
    with company.acting("manager"):
        mike, tune_up = sales.technician(), sales.item()
        sales.rate(mike.id, tune_up.id, rate_bps=750)
        made = sales.sale(mike, tune_up, approved=True)
        sales.rate(mike.id, tune_up.id, rate_bps=100)
        result = service.correct(made.id, {"notes": "Called back", "payment_type": "check"}, "Note")
        assert (result.sale.id, result.sale.commission_cents, result.sale.status) == (
            made.id,
            11_250,
            "approved",
        )


def test_an_approved_sale_is_corrected_by_voiding_it_and_recording_anew(company: Company) -> None:
    with company.acting("manager"):
        number = _made(company)
        service.set_payment(number, "paid")
        service.approve(number)
        result = service.correct(number, {"sale_price_cents": 100_000}, "Wrong price")
        assert result.replaced is not None
        assert (result.replaced.id, result.replaced.void_reason, result.replaced.refund_due) == (
            number,
            "Wrong price",
            False,
        )
        new = result.sale
        assert (new.replaces_id, new.status, new.payment_status) == (number, "pending", "paid")
        assert (lines_of(result.replaced), lines_of(new)) == ([("void", 11_250)], [("pending", 7_500)])
        with pytest.raises(errors.Conflict, match="replaces this one"):
            service.unvoid(number)
    assert events_of(company)[-3:] == ["sale.voided", "sale.created", "commission.calculated"]


def test_a_rejected_sale_that_is_corrected_waits_for_approval_again(company: Company) -> None:
    with company.acting("manager"):
        number = _made(company)
        service.reject(number, "Wrong price")
        sale = service.correct(number, {"sale_price_cents": 100_000}, "As on the invoice").sale
        assert (sale.status, sale.rejected_reason, lines_of(sale)) == ("pending", "", [("pending", 7_500)])


def test_shares_can_be_corrected(company: Company) -> None:
    with company.acting("manager"):
        number = _made(company)
        ana = sales.technician("Ana")
        sale = service.correct(number, {"splits": (Share(ana.id, 2000),)}, "Ana helped").sale
        assert lines_of(sale) == [("pending", 2_250), ("pending", 9_000)]
        sale = service.correct(number, {"splits": ()}, "She did not").sale
        assert lines_of(sale) == [("pending", 11_250)]


def test_a_correction_needs_a_reason_and_a_sale_that_is_not_voided(company: Company) -> None:
    with company.acting("manager"):
        number = _made(company)
        with pytest.raises(errors.Invalid):
            service.correct(number, {"notes": "x"}, "")
        service.void(number, "Twice")
        with pytest.raises(errors.Conflict):
            service.correct(number, {"notes": "x"}, "Note")


def test_a_dispatcher_may_correct_a_pending_sale_but_not_void_an_approved_one_that_way(
    company: Company,
) -> None:
    with company.acting("manager"):
        pending, approved = _made(company), sales.sale(approved=True).id
    with company.acting("dispatcher"):
        assert service.correct(pending, {"sale_price_cents": 1}, "Typo").sale.sale_price_cents == 1
        with pytest.raises(errors.Forbidden):
            service.correct(approved, {"sale_price_cents": 1}, "Typo")


# Payment and void -----------------------------------------------------------------------------------------------------


def test_payment_goes_only_where_it_can(company: Company) -> None:
    with company.acting("payroll"):
        number = _made(company)
        paid = service.set_payment(number, "paid", date(2026, 11, 15))
        assert (paid.payment_status, paid.payment_date) == ("paid", date(2026, 11, 15))
        back = service.set_payment(number, "unpaid")
        assert (back.payment_status, back.payment_date) == ("unpaid", None)
        with pytest.raises(errors.Conflict, match="cannot become refunded"):
            service.set_payment(number, "refunded")
    assert events_of(company).count("sale.payment-changed") == 2


def test_voiding_a_paid_sale_says_a_refund_is_due_until_it_is_made(company: Company) -> None:
    with company.acting("manager"):
        number = _made(company)
        service.set_payment(number, "paid")
        result = service.void(number, "Customer cancelled")
        assert (result.sale.refund_due, lines_of(result.sale)) == (True, [("void", 11_250)])
        assert service.set_payment(number, "refunded").refund_due is False
        with pytest.raises(errors.Conflict, match="voided already"):
            service.void(number, "again")
    with company.acting("manager"):
        undone = service.unvoid(number)
        assert (undone.voided_at, undone.void_reason, lines_of(undone)) == (None, "", [("pending", 11_250)])
    assert events_of(company)[-1] == "sale.unvoided"


def test_a_void_after_its_period_closed_takes_the_commission_back_in_the_open_one(company: Company) -> None:
    with company.acting():
        mike, tune_up = sales.technician(), sales.item()
        sales.rate(mike.id, tune_up.id)
        number = sales.sale(mike, tune_up, sold_on=date(2026, 11, 3), approved=True).id
        close_period(date(2026, 11, 3))
    with company.acting():
        result = service.void(number, "Cancelled")
        assert result.posted["reversed_cents"] == -11_250
        assert "taken back in the open one" in result.sentence
        assert lines_of(result.sale) == [("posted", -11_250), ("posted", 11_250)]
