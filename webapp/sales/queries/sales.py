"""Reading sales: lists with their totals, one sale, and what a file of them holds."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from webapp.customers.queries import survivor_ids
from webapp.kit import context, listing
from webapp.kit.db import db, rows
from webapp.models import Item, PayLine, PayPeriod, Sale, SaleSplit, SaleTally, Technician
from webapp.sales.queries import words

EVERYBODY = 0
"""The technician id under which the tallies count all technicians together."""
STATUSES = ("pending", "approved", "rejected")
BUCKETS = (*STATUSES, "voided")
MOST_COUNTED = 10_000
"""Without a tally a list is counted up to here; beyond it the page says “and more”."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of sales is narrowed to. `statuses` may name `voided`; empty means all, voided ones too."""

    statuses: tuple[str, ...] = ()
    date_from: date | None = None
    date_to: date | None = None
    technician_ids: tuple[int, ...] = ()
    payment_statuses: tuple[str, ...] = ()
    customer_id: int | None = None
    item_ids: tuple[int, ...] = ()
    unknown_customer: bool = False  # a name was given, but who it is was not settled
    q: str = ""

    @property
    def tallied(self) -> bool:
        """Whether the day totals know the answer."""
        return not (
            self.payment_statuses
            or self.customer_id
            or self.item_ids
            or self.unknown_customer
            or self.q.strip()
        )

    def as_json(self) -> dict[str, Any]:
        """For a job's arguments."""
        return {k: v.isoformat() if isinstance(v, date) else v for k, v in asdict(self).items()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Filters":
        """What :meth:`as_json` wrote."""
        found: dict[str, Any] = {f.name: data[f.name] for f in fields(cls)}
        for name in ("date_from", "date_to"):
            found[name] = date.fromisoformat(found[name]) if found[name] else None
        for name, value in found.items():
            found[name] = tuple(value) if isinstance(value, list) else value
        return cls(**found)


SORTS = {
    "date": listing.Sort(Sale.sold_on, descending=True),
    "price": listing.Sort(Sale.sale_price_cents, descending=True),
}

BUCKET: ColumnElement[str] = case((Sale.voided_at.is_not(None), literal("voided")), else_=Sale.status)
COLUMNS: Sequence[Any] = (
    Sale.id, Sale.number, Sale.sold_on, Sale.technician_id, Technician.name.label("technician_name"), Sale.item_id,
    Item.name.label("item_name"), Sale.customer_id, Sale.customer_name, Sale.sale_price_cents, Sale.list_price_cents,
    Sale.payment_type, Sale.payment_status, Sale.payment_date, Sale.status, Sale.voided_at, Sale.void_reason,
    Sale.refund_due, Sale.replaces_id, Sale.commission_cents, Sale.override_cents, Sale.pay_period_id, Sale.period_note,
    Sale.completed_on, Sale.notes, Sale.approved_at, Sale.approved_by, Sale.rejected_at, Sale.rejected_reason,
    Sale.source, Sale.public_id, Sale.property_id, Sale.created_at, Sale.updated_at, BUCKET.label("state"),
)  # fmt: skip


@cache
def listed() -> Select[Any]:
    """Sales with the names of who sold what. Built once: putting forty columns together costs more than reading a row."""
    statement: Select[Any] = with_names(select(*COLUMNS))
    return statement


def with_names(statement: Any) -> Any:
    """Join technicians and items to a statement over sales."""
    return (
        statement.select_from(Sale)
        .join(Technician, and_(Technician.tenant_id == Sale.tenant_id, Technician.id == Sale.technician_id))
        .join(Item, and_(Item.tenant_id == Sale.tenant_id, Item.id == Sale.item_id))
    )


def conditions(filters: Filters) -> list[ColumnElement[bool]]:
    """What narrows a statement over sales to the filters, the organization first."""
    found: list[ColumnElement[bool]] = [Sale.tenant_id == context.tenant_id()]
    if filters.statuses:
        found.append(_in_state(filters.statuses))
    if filters.date_from is not None:
        found.append(Sale.sold_on >= filters.date_from)
    if filters.date_to is not None:
        found.append(Sale.sold_on <= filters.date_to)
    if filters.technician_ids:
        found.append(_one_of(Sale.technician_id, filters.technician_ids))
    if filters.payment_statuses:
        found.append(_one_of(Sale.payment_status, filters.payment_statuses))
    if filters.customer_id is not None:
        # the sales of one who was merged are those of whom it became
        found.append(Sale.customer_id == survivor_ids([filters.customer_id]).scalar_subquery())
    if filters.item_ids:
        found.append(_one_of(Sale.item_id, filters.item_ids))
    if filters.unknown_customer:
        found += [Sale.customer_id.is_(None), Sale.customer_name != ""]
    found += words.conditions(filters.q)
    return found


def _one_of(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    # one value as an equation: only then does the index that leads with it give the rows in its order
    found: ColumnElement[bool] = column == values[0] if len(values) == 1 else column.in_(values)
    return found


def _in_state(statuses: Sequence[str]) -> ColumnElement[bool]:
    live = [s for s in statuses if s != "voided"]
    unvoided: ColumnElement[bool] = Sale.voided_at.is_(None)
    if set(live) != set(STATUSES) and live:
        unvoided = and_(unvoided, _one_of(Sale.status, live))
    if "voided" not in statuses:
        return unvoided
    voided = Sale.voided_at.is_not(None)
    return or_(voided, unvoided) if live else voided


# Totals ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Totals:
    """What a list comes to. `count` None: more than is worth counting while somebody waits."""

    count: int | None
    price_cents: int | None
    commission_cents: int | None


def _tallied(filters: Filters) -> list[ColumnElement[bool]]:
    found = [
        SaleTally.tenant_id == context.tenant_id(),
        SaleTally.technician_id.in_(filters.technician_ids or (EVERYBODY,)),
    ]
    if filters.statuses:
        found.append(SaleTally.status.in_(filters.statuses))
    if filters.date_from is not None:
        found.append(SaleTally.sold_on >= filters.date_from)
    if filters.date_to is not None:
        found.append(SaleTally.sold_on <= filters.date_to)
    return found


def totals(filters: Filters, found: Sequence[ColumnElement[bool]] | None = None) -> Totals:
    """Count and sums of a list, in one query: from the day totals where they know, else counted within reason.

    `found` is :func:`conditions` of the filters where the caller has them already: words are then not looked up twice.
    """
    if filters.tallied:
        row = db.session.execute(
            select(
                func.coalesce(func.sum(SaleTally.count), 0),
                func.coalesce(func.sum(SaleTally.price_cents), 0),
                func.coalesce(func.sum(SaleTally.commission_cents), 0),
            ).where(*_tallied(filters))
        ).one()
        return Totals(int(row[0]), int(row[1]), int(row[2]))
    some = (
        select(Sale.sale_price_cents, Sale.commission_cents)
        .where(*(conditions(filters) if found is None else found))
        .limit(MOST_COUNTED + 1)
        .subquery()
    )
    row = db.session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(some.c.sale_price_cents), 0),
            func.coalesce(func.sum(some.c.commission_cents), 0),
        )
    ).one()
    if row[0] > MOST_COUNTED:
        return Totals(None, None, None)
    return Totals(int(row[0]), int(row[1]), int(row[2]))


def count(filters: Filters, updated_since: datetime | None = None) -> int:
    """Exactly how many sales match, for the API."""
    if filters.tallied and updated_since is None:
        return totals(filters).count or 0
    wanted = conditions(filters)
    if updated_since is not None:
        wanted.append(Sale.updated_at >= updated_since)
    return _counted(wanted)


def _counted(wanted: Sequence[ColumnElement[bool]]) -> int:
    return int(db.session.scalar(select(func.count()).select_from(Sale).where(*wanted)) or 0)


def pending_count(technician_id: int = EVERYBODY) -> int:
    """How many sales wait for approval."""
    found = select(func.coalesce(func.sum(SaleTally.count), 0)).where(
        SaleTally.tenant_id == context.tenant_id(),
        SaleTally.technician_id == technician_id,
        SaleTally.status == "pending",
    )
    return int(db.session.scalar(found) or 0)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a numbered page begins: how many match, the day it begins on, and how many of that day come before."""

    total: int
    day: date | None
    skip: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Which filters of a tallied list are set. One statement is built for each shape, not for each request."""

    statuses: tuple[str, ...]
    dated_from: bool
    dated_to: bool
    technicians: int  # 0, 1 or 2 for several

    @classmethod
    def of(cls, filters: Filters) -> "Shape":
        return cls(filters.statuses, filters.date_from is not None, filters.date_to is not None,
                   min(2, len(filters.technician_ids)))  # fmt: skip


def _given(filters: Filters, **more: Any) -> dict[str, Any]:
    """The values that go into the statement of a shape."""
    found = {"tenant": context.tenant_id(), "day_from": filters.date_from, "day_to": filters.date_to, **more}
    if len(filters.technician_ids) > 1:
        return found | {"technicians": list(filters.technician_ids)}
    return found | {"technician": filters.technician_ids[0] if filters.technician_ids else EVERYBODY}


def _in_tallies(shape: Shape) -> list[ColumnElement[bool]]:
    wanted = [
        SaleTally.tenant_id == bindparam("tenant"),
        SaleTally.technician_id.in_(bindparam("technicians", expanding=True))
        if shape.technicians > 1
        else SaleTally.technician_id == bindparam("technician"),
    ]
    if shape.statuses:
        wanted.append(SaleTally.status.in_(shape.statuses))
    if shape.dated_from:
        wanted.append(SaleTally.sold_on >= bindparam("day_from"))
    if shape.dated_to:
        wanted.append(SaleTally.sold_on <= bindparam("day_to"))
    return wanted


@lru_cache(maxsize=256)
def _start_of(shape: Shape) -> Select[Any]:
    days = (
        select(SaleTally.sold_on, func.sum(SaleTally.count).label("n"))
        .where(*_in_tallies(shape))
        .group_by(SaleTally.sold_on)
    ).subquery()
    passed = select(
        days.c.sold_on,
        days.c.n,
        func.sum(days.c.n).over(order_by=days.c.sold_on.desc()).label("reached"),
        func.sum(days.c.n).over().label("total"),
    ).subquery()
    return (
        select(passed.c.sold_on, passed.c.n, passed.c.reached, passed.c.total)
        .where(or_(passed.c.reached > bindparam("offset"), passed.c.reached == passed.c.total))
        .order_by(passed.c.sold_on.desc())
        .limit(1)
    )


def page_start(filters: Filters, offset: int) -> Start:
    """Find a page deep in a list, newest first, without walking there: by the day totals. Needs `filters.tallied`."""
    found = db.session.execute(_start_of(Shape.of(filters)), _given(filters, offset=offset)).one_or_none()
    if found is None or not found.total:
        return Start(0, None, 0)
    if offset >= found.total:
        return Start(int(found.total), None, 0)
    return Start(int(found.total), found.sold_on, offset - int(found.reached - found.n))


def numbered(filters: Filters, offset: int, limit: int) -> tuple[Sequence[Row[Any]], int]:
    """One numbered page of sales, newest day first, and how many there are in all."""
    if not filters.tallied:
        wanted = conditions(filters)
        total = _counted(wanted)
        inside = select(Sale.id).where(*wanted).order_by(Sale.sold_on.desc(), Sale.id.desc())
        return (_of(inside.limit(limit).offset(offset)) if offset < total else []), total
    shape = Shape.of(filters)
    if offset == 0:
        found = rows(_first(shape, limit), _given(filters))
        return found, int(found[0].total) if found else 0
    start = page_start(filters, offset)
    if start.day is None:
        return [], start.total
    values = _given(filters, start=start.day, skip=start.skip)
    return rows(_numbered(shape, limit), values), start.total


@lru_cache(maxsize=256)
def _first(shape: Shape, limit: int) -> Select[Any]:
    """The first page with the total of all beside each row: one statement where a deep page takes two."""
    total = select(func.sum(SaleTally.count)).where(*_in_tallies(shape)).scalar_subquery()
    wanted = listed().where(*_wanted(shape)).order_by(Sale.sold_on.desc(), Sale.id.desc())
    return wanted.limit(_written(limit)).add_columns(total.label("total"))


def _written(limit: int) -> ColumnElement[int]:
    """A limit as a part of the statement: PostgreSQL plans one it is not told anew for each request."""
    return literal_column(str(int(limit)), Integer)


@lru_cache(maxsize=256)
def _numbered(shape: Shape, limit: int) -> Select[Any]:
    inside = _inside(shape).where(Sale.sold_on <= bindparam("start"))
    return _page_of(inside.limit(_written(limit)).offset(bindparam("skip")), bindparam("tenant"))


def _inside(shape: Shape) -> Select[Any]:
    return select(Sale.id).where(*_wanted(shape)).order_by(Sale.sold_on.desc(), Sale.id.desc())


def _wanted(shape: Shape) -> list[ColumnElement[bool]]:
    wanted = [Sale.tenant_id == bindparam("tenant")]
    if shape.statuses:
        wanted.append(_in_state(shape.statuses))
    if shape.dated_from:
        wanted.append(Sale.sold_on >= bindparam("day_from"))
    if shape.dated_to:
        wanted.append(Sale.sold_on <= bindparam("day_to"))
    if shape.technicians == 1:
        wanted.append(Sale.technician_id == bindparam("technician"))
    elif shape.technicians:
        wanted.append(Sale.technician_id.in_(bindparam("technicians", expanding=True)))
    return wanted


def changed_since(
    filters: Filters, moment: datetime, offset: int, limit: int
) -> tuple[Sequence[Row[Any]], int]:
    """One numbered page of the sales changed at or after a moment, the longest unchanged first."""
    wanted = [*conditions(filters), Sale.updated_at >= moment]
    total = _counted(wanted)
    if offset >= total:
        return [], total
    inside = select(Sale.id).where(*wanted).order_by(Sale.updated_at, Sale.id).limit(limit).offset(offset)
    return _of(inside, Sale.updated_at, Sale.id), total


def _of(inside: Select[Any], *order: Any) -> Sequence[Row[Any]]:
    return rows(_page_of(inside, context.tenant_id(), *order))


def _page_of(inside: Select[Any], tenant: Any, *order: Any) -> Select[Any]:
    # what is skipped is skipped in the index; only the page itself is joined
    found = inside.subquery()
    ordered = order or (Sale.sold_on.desc(), Sale.id.desc())
    return listed().where(Sale.tenant_id == tenant, Sale.id.in_(select(found.c.id))).order_by(*ordered)


def ids(filters: Filters, limit: int, *, after: int = 0) -> list[int]:
    """Ids of the sales that match, for “all that match” of a bulk action."""
    statement = select(Sale.id).where(*conditions(filters), Sale.id > after).order_by(Sale.id).limit(limit)
    return list(db.session.scalars(statement))


# One sale -------------------------------------------------------------------------------------------------------------


@cache
def _one() -> Select[Any]:
    newer, older = aliased(Sale), aliased(Sale)
    statement: Select[Any] = (
        with_names(
            select(
                *COLUMNS, Sale.snapshot, PayPeriod.start_date.label("period_start"), PayPeriod.end_date.label("period_end"),
                PayPeriod.status.label("period_status"), newer.id.label("replaced_by_id"),
                newer.number.label("replaced_by_number"), older.number.label("replaces_number"),
            )
        )
        .outerjoin(PayPeriod, and_(PayPeriod.tenant_id == Sale.tenant_id, PayPeriod.id == Sale.pay_period_id))
        # a voided sale is corrected by one that is not: voiding that one makes room for the next
        .outerjoin(newer, and_(newer.tenant_id == Sale.tenant_id, newer.replaces_id == Sale.id, newer.voided_at.is_(None)))
        .outerjoin(older, and_(older.tenant_id == Sale.tenant_id, older.id == Sale.replaces_id))
        .where(Sale.tenant_id == bindparam("tenant"), Sale.id == bindparam("sale"))
        .limit(1)
    )  # fmt: skip
    return statement


def one(sale_id: int) -> Row[Any] | None:
    """A sale with its names, its pay period and the sale that replaces it."""
    values = {"tenant": context.tenant_id(), "sale": sale_id if 0 < sale_id < 2**63 else 0}
    found: Row[Any] | None = db.session.execute(_one(), values).one_or_none()
    return found


def splits(sale_ids: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Who else earns on some sales, by sale."""
    found: dict[int, list[dict[str, Any]]] = {}
    if not sale_ids:
        return found
    statement = (
        select(SaleSplit.sale_id, SaleSplit.technician_id, Technician.name, SaleSplit.share_bps)
        .join(
            Technician,
            and_(Technician.tenant_id == SaleSplit.tenant_id, Technician.id == SaleSplit.technician_id),
        )
        .where(SaleSplit.tenant_id == context.tenant_id(), SaleSplit.sale_id.in_(sale_ids))
        .order_by(SaleSplit.sale_id, SaleSplit.position)
    )
    for row in rows(statement):
        share = {"technician_id": row.technician_id, "technician_name": row.name, "share_bps": row.share_bps}
        found.setdefault(row.sale_id, []).append(share)
    return found


def earned(technician_id: int, sale_ids: Sequence[int]) -> dict[int, int]:
    """What a technician earns on each of some sales, in cents; void lines count nothing."""
    if not sale_ids:
        return {}
    statement = (
        select(PayLine.sale_id, func.sum(PayLine.amount_cents).label("cents"))
        .where(
            PayLine.tenant_id == context.tenant_id(),
            PayLine.technician_id == technician_id,
            PayLine.sale_id.in_(sale_ids),
            PayLine.state != "void",
        )
        .group_by(PayLine.sale_id)
    )
    return {row.sale_id: int(row.cents) for row in rows(statement)}


def earned_between(technician_id: int, first: date, last: date) -> int:
    """What a technician earns on the sales of some days, inclusive, in cents: as seller, by a share, as supervisor."""
    statement = (
        select(func.coalesce(func.sum(PayLine.amount_cents), 0))
        .join(Sale, and_(Sale.tenant_id == PayLine.tenant_id, Sale.id == PayLine.sale_id))
        .where(
            PayLine.tenant_id == context.tenant_id(),
            PayLine.technician_id == technician_id,
            PayLine.state != "void",
            Sale.sold_on >= first,
            Sale.sold_on <= last,
        )
    )
    return int(db.session.scalar(statement) or 0)


def shared_with(technician_id: int, limit: int = 20) -> Sequence[Row[Any]]:
    """The latest sales of others that a technician has a share in."""
    mine = (
        select(SaleSplit.sale_id)
        .where(SaleSplit.tenant_id == context.tenant_id(), SaleSplit.technician_id == technician_id)
        .order_by(SaleSplit.sale_id.desc())
        .limit(limit)
    )
    statement = listed().where(
        Sale.tenant_id == context.tenant_id(), Sale.id.in_(mine), Sale.technician_id != technician_id
    )
    return rows(statement.order_by(Sale.sold_on.desc(), Sale.id.desc()))
