"""Amounts of a closed pay period: the database itself lets nobody change or remove them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError

from tests.factories import pay
from tests.factories.world import Company
from webapp.kit import clock
from webapp.kit.db import db
from webapp.models import PayLine
from webapp.sales.pay import closing

NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)
EARLY = date(2026, 11, 3)


@pytest.mark.parametrize(
    "statement",
    [
        update(PayLine).values(amount_cents=1),
        update(PayLine).values(note="later thought"),
        update(PayLine).values(frozen=False, amount_cents=1),
        delete(PayLine),
    ],
    ids=["another amount", "another note", "another amount while thawing", "removed"],
)
def test_a_bulk_statement_cannot_change_what_was_paid(company: Company, statement: Any) -> None:
    with clock.at(NOON), company.acting("payroll"):
        pay.sale(pay.technician("Sam Seller"), price=150_000, sold_on=EARLY, approved=True)
        closing.close(pay.period_of(EARLY).id)
        with pytest.raises(IntegrityError, match="is in a closed pay period"), db.session.begin_nested():
            db.session.execute(
                statement.where(PayLine.tenant_id == company.tenant_id, PayLine.frozen),
                execution_options={"synchronize_session": False},
            )


def test_reopening_the_period_makes_its_amounts_changeable_again(company: Company) -> None:
    with clock.at(NOON), company.acting("payroll"):
        pay.sale(pay.technician("Sam Seller"), price=150_000, sold_on=EARLY, approved=True)
        period = closing.close(pay.period_of(EARLY).id)
        closing.reopen(period.id, "A sale was forgotten")
        changed = db.session.execute(
            update(PayLine).where(PayLine.tenant_id == company.tenant_id).values(note="thawed")
        )
        assert changed.rowcount == 1  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
