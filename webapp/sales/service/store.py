"""Writing a new sale with its shares and pending pay lines: in one statement where its pay period is open."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import make_transient_to_detached

from webapp.kit import clock, context
from webapp.kit.db import db
from webapp.models import Sale
from webapp.sales import rules
from webapp.sales.pay import periods, posting
from webapp.sales.service.calculation import Share

_TABLE = Sale.__table__
_OWN = [c for c in _TABLE.columns if c.name not in ("id", "pay_period_id")]


def _value(column: Any) -> str:
    return f"%({column.name})s::{column.type.compile(dialect=postgresql.dialect())}"  # type: ignore[no-untyped-call]  # so it is


# holding the period open and inserting what counts in it need no more than one round trip; nobody can close it before
# this transaction ends, and a closed one takes nothing
_PERIOD = """
    select id from (
        select id, status, end_date from pay_periods where tenant_id = %(tenant_id)s and start_date <= %(plan_day)s::date
        order by start_date desc limit 1 for share
    ) found where status = 'open' and end_date >= %(plan_day)s::date
"""
_INSERT = f"""
with period as ({{period}}), sale as (
    insert into sales ({", ".join(c.name for c in _OWN)}, pay_period_id)
    select {", ".join(map(_value, _OWN))}, period.id from period
    returning id, pay_period_id
), shared as (
    insert into sale_splits (tenant_id, sale_id, technician_id, share_bps, position)
    select %(tenant_id)s, sale.id, given.technician_id, given.share_bps, given.nr - 1
    from sale, unnest(%(shares)s::bigint[], %(share_bps)s::integer[]) with ordinality as given (technician_id, share_bps, nr)
), earned as (
    insert into pay_lines (tenant_id, pay_period_id, technician_id, kind, state, amount_cents, sale_id, role, share_bps,
        description, note, reason, frozen, created_at, updated_at)
    select %(tenant_id)s, sale.pay_period_id, given.technician_id, given.kind, 'pending', given.amount_cents, sale.id,
        given.role, given.share_bps, %(item_name)s, '', '', false, %(created_at)s, %(created_at)s
    from sale, unnest(%(earners)s::bigint[], %(kinds)s::text[], %(amounts)s::bigint[], %(roles)s::text[],
        %(parts)s::integer[]) with ordinality as given (technician_id, kind, amount_cents, role, share_bps, nr)
    order by given.nr
)
select id, pay_period_id from sale
"""  # noqa: S608  # names of our own table's columns
_DATED = _INSERT.format(period=_PERIOD)
_DATELESS = _INSERT.format(period="select null::bigint as id")  # the date that the plan pays by has not come


def at_once(
    sale: Sale, splits: Sequence[Share], snapshot: rules.Snapshot, calendar: periods.Calendar
) -> bool:
    """Insert a new sale with all that belongs to it; False, and nothing done, where its day is in no open pay period.

    The sale is in the session afterwards, as if it had been added and flushed.
    """
    day = posting.plan_day(sale, calendar)
    row = _execute(sale, splits, snapshot, day)
    if row is None:
        return False
    sale.id, sale.pay_period_id = row.id, row.pay_period_id
    make_transient_to_detached(sale)
    db.session.add(sale)
    return True


def _execute(sale: Sale, splits: Sequence[Share], snapshot: rules.Snapshot, day: date | None) -> Any:
    lines = snapshot.lines
    values = _completed(sale) | {
        "plan_day": day,
        "item_name": snapshot.item_name,
        "shares": [share.technician_id for share in splits],
        "share_bps": [share.share_bps for share in splits],
        "earners": [line.technician_id for line in lines],
        "kinds": [posting.KIND_OF_ROLE[line.role] for line in lines],
        "amounts": [line.amount_cents for line in lines],
        "roles": [line.role for line in lines],
        "parts": [line.share_bps for line in lines],
    }
    values["snapshot"] = orjson.dumps(sale.snapshot).decode()
    db.session.flush()
    return db.session.connection().exec_driver_sql(_DATELESS if day is None else _DATED, values).one_or_none()


def _completed(sale: Sale) -> dict[str, Any]:
    """A new sale's columns, its defaults set as the session's flush would set them."""
    sale.tenant_id = context.tenant_id()
    sale.created_at = sale.updated_at = clock.now()
    for column in _OWN:
        if getattr(sale, column.name) is None:
            default: Any = column.default
            value = None if default is None else default.arg(None) if default.is_callable else default.arg
            setattr(sale, column.name, value)
    return {column.name: getattr(sale, column.name) for column in _OWN}
