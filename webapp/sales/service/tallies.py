"""Day totals of sales, kept as sales change, so that a list of a million knows its count and sums at once.

The changes of a transaction are added up and written behind the journal's lock, in one statement.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from webapp.kit import context, journal
from webapp.kit.db import db
from webapp.models import Sale, SaleTally
from webapp.sales.queries.sales import EVERYBODY


@dataclass(frozen=True, slots=True)
class Counted:
    """What a tally counts of one sale."""

    technician_id: int
    sold_on: date
    status: str  # pending, approved, rejected or voided
    price_cents: int
    commission_cents: int


def counted(sale: Sale) -> Counted:
    """A sale as the tallies see it now."""
    status = "voided" if sale.voided_at is not None else sale.status
    return Counted(sale.technician_id, sale.sold_on, status, sale.sale_price_cents, sale.commission_cents)


@dataclass(slots=True)
class _Changes:
    """What one transaction adds, by technician, day and status: count, price, commission."""

    owner: journal.Pending
    sums: dict[tuple[int, date, str], list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0, 0])
    )

    def add(self, one: Counted, sign: int) -> None:
        for technician_id in (EVERYBODY, one.technician_id):
            sums = self.sums[technician_id, one.sold_on, one.status]
            sums[0] += sign
            sums[1] += sign * one.price_cents
            sums[2] += sign * one.commission_cents

    def write(self, session: Session) -> None:
        """Add everything up in the database. Runs behind the journal's lock."""
        changed = [(*key, *sums) for key, sums in sorted(self.sums.items()) if any(sums)]
        self.sums.clear()
        if changed:
            columns = zip(_COLUMNS, map(list, zip(*changed, strict=True)), strict=True)
            session.connection().exec_driver_sql(_ADD, {"tenant": session.info["tenant_id"], **dict(columns)})


_COLUMNS = ("technician_id", "sold_on", "status", "count", "price_cents", "commission_cents")
# written out: it runs with every sale, and building it costs more than PostgreSQL takes for it
_ADD = """
insert into sale_tallies (tenant_id, technician_id, sold_on, status, count, price_cents, commission_cents)
select %(tenant)s, * from unnest(%(technician_id)s::bigint[], %(sold_on)s::date[], %(status)s::text[],
    %(count)s::bigint[], %(price_cents)s::bigint[], %(commission_cents)s::bigint[])
on conflict (tenant_id, technician_id, sold_on, status) do update set count = sale_tallies.count + excluded.count,
    price_cents = sale_tallies.price_cents + excluded.price_cents,
    commission_cents = sale_tallies.commission_cents + excluded.commission_cents
"""


def moved(before: Counted | None, after: Counted | None) -> None:
    """A sale was recorded (`before` None) or changed. Call it last in a command, when nothing can fail any more."""
    if before == after:
        return
    changes = _changes()
    if before is not None:
        changes.add(before, -1)
    if after is not None:
        changes.add(after, +1)


def _changes() -> _Changes:
    context.tenant_id()  # a tally without an organization would be a bug
    info, pending = db.session().info, journal.pending()
    found: _Changes | None = info.get("sale_tallies")
    # a rollback gives the session a new collection; what was added for the old one must not be written with it
    if found is None or found.owner is not pending:
        found = info["sale_tallies"] = _Changes(pending)
    if not found.sums:
        journal.tally(found.write)
    return found


_BUCKET = "case when voided_at is null then status else 'voided' end"
_COUNT = f"""
    select technician_id, sold_on, {_BUCKET} as bucket,
           count(*) as sales, sum(sale_price_cents) as price_cents, sum(commission_cents) as commission_cents
    from sales where tenant_id = :tenant
    group by grouping sets ((technician_id, sold_on, {_BUCKET}), (sold_on, {_BUCKET}))
"""  # noqa: S608  # constants of this module


def rebuild() -> None:
    """Count all sales of the present organization anew when this transaction commits (after a bulk load)."""
    journal.tally(_rebuild)


def _rebuild(session: Session) -> None:
    tenant = session.info["tenant_id"]
    session.execute(text("delete from sale_tallies where tenant_id = :tenant"), {"tenant": tenant})
    session.execute(
        text(f"""
            insert into sale_tallies
                (tenant_id, technician_id, sold_on, status, count, price_cents, commission_cents)
            select :tenant, coalesce(technician_id, 0), sold_on, bucket, sales, price_cents, commission_cents
            from ({_COUNT}) as counted
        """),  # noqa: S608  # both texts are constants of this module
        {"tenant": tenant},
    )


def differences() -> list[str]:
    """Where the tallies are not what counting the sales gives, in words; empty when all is right."""
    tenant = context.tenant_id()
    real = {
        (row.technician_id or EVERYBODY, row.sold_on, row.bucket): (
            row.sales,
            int(row.price_cents),
            int(row.commission_cents),
        )
        for row in db.session.execute(text(_COUNT), {"tenant": tenant})
    }
    kept = {
        (row[0], row[1], row[2]): (row[3], row[4], row[5])
        for row in db.session.execute(
            select(
                SaleTally.technician_id,
                SaleTally.sold_on,
                SaleTally.status,
                SaleTally.count,
                SaleTally.price_cents,
                SaleTally.commission_cents,
            ).where(
                SaleTally.tenant_id == tenant,
                or_(SaleTally.count != 0, SaleTally.price_cents != 0, SaleTally.commission_cents != 0),
            )
        )
    }
    return [
        f"technician {key[0]}, {key[1]}, {key[2]}: counted {real.get(key)}, tallied {kept.get(key)}"
        for key in sorted(real.keys() | kept.keys())
        if real.get(key) != kept.get(key)
    ]
