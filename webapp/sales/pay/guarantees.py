"""Guarantees: a line that tops a technician's earnings of a period up to an amount."""

from collections.abc import Iterable

from sqlalchemy import func, select, tuple_

from webapp.kit import context
from webapp.kit.db import db
from webapp.models import PayLine
from webapp.sales import rules

# what a guarantee is held against; draws are loans
EARNINGS = ("commission", "override", "adjustment", "bonus")


def refresh(touched: Iterable[tuple[int, int]]) -> int:
    """Bring the guarantee lines of some (period, technician) pairs up to date; how many there are.

    A pair with several guarantees gets them in the order they were added, each on top of the one before.
    """
    pairs = sorted(set(touched))
    if not pairs:
        return 0
    mine = (
        PayLine.tenant_id == context.tenant_id(),
        PayLine.state == "posted",
        tuple_(PayLine.pay_period_id, PayLine.technician_id).in_(pairs),
    )
    lines = db.session.scalars(
        select(PayLine)
        .where(*mine, PayLine.kind == "guarantee", PayLine.frozen.is_(False))
        .order_by(PayLine.id)
        # one after the other: of two approvals at once each would count the earnings without the other's
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    if not lines:
        return 0
    key = (PayLine.pay_period_id, PayLine.technician_id)
    sums = (
        select(*key, func.sum(PayLine.amount_cents)).where(*mine, PayLine.kind.in_(EARNINGS)).group_by(*key)
    )
    earned = {(row[0], row[1]): int(row[2]) for row in db.session.execute(sums)}
    for line in lines:
        pair = (line.pay_period_id, line.technician_id)
        so_far = earned.get(pair, 0)
        line.amount_cents = rules.guarantee_top_up(line.guarantee_cents or 0, so_far)
        earned[pair] = so_far + line.amount_cents
    db.session.flush()
    return len(lines)
