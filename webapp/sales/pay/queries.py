"""Reading pay: periods, lines with their arithmetic, what is pending, what moved, the history of a period."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from webapp.kit import context, errors, permissions
from webapp.kit.db import db, get, rows
from webapp.models import PayAnswer, PayLine, PayPeriod, PayStatement, Sale, Technician, User
from webapp.sales import rules
from webapp.sales.pay import manual, periods, totals
from webapp.sales.pay.permissions import PAYROLL_CLOSE
from webapp.sales.pay.totals import Columns

MOST_LINES = 2_000  # beyond it a document gives totals and says where the lines are
QUICK_LINES = 250  # up to here a person can wait for the document; beyond it is prepared in the background
KIND_WORDS = {"commission": "Commission", "override": "Override", "adjustment": "Adjustment", **manual.KINDS}


def period(period_id: int) -> PayPeriod:
    """A pay period. Raises NotFound."""
    return get(PayPeriod, period_id)


def every(status: str | None = None, updated_since: datetime | None = None) -> Select[PayPeriod]:
    """Pay periods, newest first."""
    found = select(PayPeriod).where(PayPeriod.tenant_id == context.tenant_id())
    if status:
        found = found.where(PayPeriod.status == status)
    if updated_since:
        found = found.where(PayPeriod.updated_at >= updated_since)
    return found.order_by(PayPeriod.start_date.desc())


def listed() -> Columns:
    """Pay periods as rows of a list."""
    return select(PayPeriod.id, PayPeriod.start_date, PayPeriod.pay_date, PayPeriod.status).where(
        PayPeriod.tenant_id == context.tenant_id()
    )


def of_ids(ids: Sequence[int]) -> dict[int, PayPeriod]:
    """Some periods by id."""
    found = select(PayPeriod).where(PayPeriod.tenant_id == context.tenant_id(), PayPeriod.id.in_(ids))
    return {p.id: p for p in db.session.scalars(found)}


def begun_open(day: date, limit: int = 3) -> list[PayPeriod]:
    """Open periods that have begun by a day and hold anything, or are the present one; the oldest first."""
    holds = select(PayLine.id).where(
        PayLine.tenant_id == context.tenant_id(),
        PayLine.pay_period_id == PayPeriod.id,
        PayLine.state != "void",
    )
    found = every("open").where(PayPeriod.start_date <= day, or_(PayPeriod.end_date >= day, holds.exists()))
    return list(db.session.scalars(found.order_by(None).order_by(PayPeriod.start_date).limit(limit)))


def with_waiting_amounts() -> Select[int | None]:
    """Ids of open periods in which an amount added by hand waits for approval."""
    return select(PayLine.pay_period_id).where(
        PayLine.tenant_id == context.tenant_id(), PayLine.state == "pending", PayLine.sale_id.is_(None)
    )


def guarantee_cents(one: PayPeriod) -> int:
    """What guarantees add in a period, in cents."""
    found = select(func.coalesce(func.sum(PayLine.amount_cents), 0)).where(
        PayLine.tenant_id == context.tenant_id(),
        PayLine.pay_period_id == one.id,
        PayLine.state == "posted",
        PayLine.kind == "guarantee",
    )
    return int(db.session.scalar(found) or 0)


def neighbours(one: PayPeriod) -> tuple[PayPeriod | None, PayPeriod | None]:
    """The periods before and after one."""
    mine = select(PayPeriod).where(PayPeriod.tenant_id == context.tenant_id())
    before = mine.where(PayPeriod.end_date < one.start_date).order_by(PayPeriod.start_date.desc())
    after = mine.where(PayPeriod.start_date > one.end_date).order_by(PayPeriod.start_date)
    return db.session.scalar(before.limit(1)), db.session.scalar(after.limit(1))


# Lines ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line as people read it. `sentences`: the arithmetic from the rate to the last cent."""

    id: int
    kind: str
    state: str
    role: str
    amount_cents: int
    technician_id: int
    technician_name: str
    description: str
    note: str
    reason: str
    share_bps: int | None
    guarantee_cents: int | None
    reverses_id: int | None
    frozen: bool
    requested_by: int | None
    requested_by_name: str
    created_at: datetime
    sale_id: int | None
    sale_number: int | None
    sold_on: date | None
    customer_name: str
    sale_price_cents: int | None
    sale_status: str
    sentences: tuple[str, ...] = field(default=())

    @property
    def is_manual(self) -> bool:
        return self.kind in manual.KINDS

    @property
    def kind_words(self) -> str:
        return KIND_WORDS[self.kind]

    @property
    def title(self) -> str:
        """What the line is for, in a few words."""
        if self.is_manual:
            return self.kind_words
        return f"{self.description or 'Sale'}" + (" (override)" if self.role == "override" else "")


_COLUMNS: Sequence[Any] = (
    PayLine.id,
    PayLine.kind,
    PayLine.state,
    PayLine.role,
    PayLine.amount_cents,
    PayLine.technician_id,
    Technician.name.label("technician_name"),
    PayLine.description,
    PayLine.note,
    PayLine.reason,
    PayLine.share_bps,
    PayLine.guarantee_cents,
    PayLine.reverses_id,
    PayLine.frozen,
    PayLine.requested_by,
    func.coalesce(User.name, "").label("requested_by_name"),
    PayLine.created_at,
    PayLine.sale_id,
    Sale.number.label("sale_number"),
    Sale.sold_on,
    func.coalesce(Sale.customer_name, "").label("customer_name"),
    Sale.sale_price_cents,
    func.coalesce(Sale.status, "").label("sale_status"),
)


def lines(*, explained: bool = False) -> Columns:
    """Lines with their sales, technicians and who asked for them; `explained` adds the snapshot."""
    more = (Sale.snapshot,) if explained else ()
    return (
        select(*_COLUMNS, *more)
        .select_from(PayLine)
        .join(
            Technician,
            and_(Technician.tenant_id == PayLine.tenant_id, Technician.id == PayLine.technician_id),
        )
        .outerjoin(Sale, and_(Sale.tenant_id == PayLine.tenant_id, Sale.id == PayLine.sale_id))
        .outerjoin(User, and_(User.tenant_id == PayLine.tenant_id, User.id == PayLine.requested_by))
        .where(PayLine.tenant_id == context.tenant_id())
    )


def line_of(row: Any, reader_id: int | None = None) -> Line:
    """A row of :func:`lines`; with a snapshot its arithmetic, told to `reader_id` as “you”."""
    values = {name: value for name, value in row._mapping.items() if name in Line.__dataclass_fields__}
    snapshot = row._mapping.get("snapshot")
    return Line(**values, sentences=arithmetic(row, snapshot, reader_id) if snapshot else ())


def arithmetic(line: Any, stored: dict[str, Any], reader_id: int | None = None) -> tuple[str, ...]:
    """How a line's amount comes about, in sentences: the rate, each step, and this person's part."""
    if line.reverses_id is not None:
        return ()
    try:
        snapshot = rules.Snapshot.from_json(stored)
    except rules.SnapshotError:
        return ("The arithmetic of this sale was stored by a version that this one cannot read.",)
    own = next(
        (n for n in snapshot.lines if (n.technician_id, n.role) == (line.technician_id, line.role)), None
    )
    texts = own.texts if own else ()
    if line.role == "override":
        return texts
    # the rate and its steps; what others get of the sale is theirs to know
    told = rules.explain(snapshot, reader_id)[: 1 + len(snapshot.steps)]
    return (*told, *texts) if len(snapshot.lines) > 1 and (own and own.share_bps != 10_000) else told


def counted_lines(period_id: int, technician_id: int | None = None) -> Columns:
    """The posted lines of a period, in the order of statements."""
    statement = lines(explained=True).where(PayLine.pay_period_id == period_id, PayLine.state == "posted")
    if technician_id is not None:
        statement = statement.where(PayLine.technician_id == technician_id)
    return statement.order_by(Sale.sold_on.asc().nulls_last(), PayLine.id)


def statement_lines(period_id: int, technician_id: int, reader_id: int | None = None) -> list[Line]:
    """What one technician's statement lists, in order."""
    return [line_of(row, reader_id) for row in rows(counted_lines(period_id, technician_id))]


def waiting(period_id: int, technician_id: int | None = None) -> Columns:
    """What is pending in a period: amounts added by hand, then the latest sales, the seller's line first."""
    statement = lines().where(PayLine.pay_period_id == period_id, PayLine.state == "pending")
    if technician_id is not None:
        statement = statement.where(PayLine.technician_id == technician_id)
    return statement.order_by(PayLine.sale_id.desc().nulls_first(), PayLine.id)


def manual_line(period_id: int, line_id: int) -> PayLine:
    """An amount added by hand to a period. Raises NotFound."""
    found = get(PayLine, line_id, what="amount")
    if found.kind not in manual.KINDS or found.pay_period_id != period_id:
        raise errors.NotFound(f"No amount added by hand has the number {line_id}.")
    return found


# What stands in the way of closing --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a period holds besides what counts, in numbers and cents."""

    pending_sales: int = 0
    pending_sales_cents: int = 0
    pending_manual: int = 0
    pending_manual_cents: int = 0
    came_in: int = 0  # lines that moved here, or are late, from closed periods
    moved_on: int = 0  # lines that were pending here when it closed
    changed_since_approval: int = 0
    earlier_open: tuple[str, ...] = ()


def standing(one: PayPeriod) -> Standing:
    """Count what a period holds besides what counts: three queries."""
    is_sale = PayLine.sale_id.is_not(None)
    pending = PayLine.state == "pending"
    changed = PayLine.updated_at > one.approved_at if one.approved_at else PayLine.id.is_(None)
    counted = db.session.execute(
        select(
            func.count(func.distinct(PayLine.sale_id)).filter(pending),
            _cents(pending, is_sale),
            func.count().filter(pending, ~is_sale),
            _cents(pending, ~is_sale),
            func.count().filter(PayLine.moved_from_id.is_not(None), PayLine.state != "void"),
            func.count().filter(changed),
        ).where(PayLine.tenant_id == context.tenant_id(), PayLine.pay_period_id == one.id)
    ).one()
    gone = select(func.count()).where(
        PayLine.tenant_id == context.tenant_id(), PayLine.moved_from_id == one.id, PayLine.state != "void"
    )
    earlier = (
        select(PayPeriod)
        .where(
            PayPeriod.tenant_id == context.tenant_id(),
            PayPeriod.status == "open",
            PayPeriod.end_date < one.start_date,
        )
        .order_by(PayPeriod.start_date.desc())
        .limit(4)
    )
    return Standing(
        pending_sales=counted[0],
        pending_sales_cents=int(counted[1]),
        pending_manual=counted[2],
        pending_manual_cents=int(counted[3]),
        came_in=counted[4],
        changed_since_approval=counted[5],
        moved_on=db.session.scalar(gone) or 0,
        earlier_open=tuple(periods.short(p) for p in db.session.scalars(earlier)),
    )


def _cents(*conditions: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(PayLine.amount_cents).filter(*conditions), 0)


def moved(period_id: int) -> Columns:
    """Lines that came here from closed periods, or left this one when it closed."""
    return (
        lines()
        .where(
            or_(
                and_(PayLine.pay_period_id == period_id, PayLine.moved_from_id.is_not(None)),
                PayLine.moved_from_id == period_id,
            ),
            PayLine.state != "void",
        )
        .add_columns(PayLine.pay_period_id, PayLine.moved_from_id)
        .order_by(PayLine.sale_id.desc().nulls_first(), PayLine.id)
    )


def dateless() -> int:
    """Lines that wait for the date the plan goes by, and so are in no period yet."""
    found = select(func.count()).where(
        PayLine.tenant_id == context.tenant_id(),
        PayLine.pay_period_id.is_(None),
        PayLine.state == "pending",
    )
    return db.session.scalar(found) or 0


# One technician ---------------------------------------------------------------------------------------------


def technician(technician_id: int) -> Technician:
    """Raises NotFound."""
    return get(Technician, technician_id)


def everybody() -> list[tuple[int, str]]:
    """Technicians whose pay may be changed by hand, by name."""
    found = select(Technician.id, Technician.name).where(Technician.tenant_id == context.tenant_id())
    return [(row.id, row.name) for row in rows(found.order_by(func.lower(Technician.name)))]


@dataclass(frozen=True, slots=True)
class Statement:
    """One technician's pay in one period, for a page or a document."""

    period: PayPeriod
    technician_id: int
    name: str
    employee_number: str | None
    totals: totals.Totals
    lines: list[Line]
    draw_balance_cents: int

    @property
    def sales(self) -> list[Line]:
        return [line for line in self.lines if line.kind in ("commission", "override")]

    @property
    def adjustments(self) -> list[Line]:
        return [line for line in self.lines if line.kind == "adjustment"]

    @property
    def by_hand(self) -> list[Line]:
        return [line for line in self.lines if line.is_manual]


def statement(one: PayPeriod, technician_id: int, *, reader_id: int | None = None) -> Statement:
    """A technician's statement: as it is now, or for a closed period as it was frozen. Raises NotFound."""
    who = technician(technician_id)
    sums = totals.of_technician(one, technician_id)
    name, number = who.name, who.employee_number
    if isinstance(sums, totals.TechnicianTotals):
        name, number = sums.technician_name, sums.employee_number
    return Statement(
        period=one,
        technician_id=technician_id,
        name=name,
        employee_number=number,
        totals=sums,
        lines=statement_lines(one.id, technician_id, reader_id),
        draw_balance_cents=manual.draw_balances([technician_id]).get(technician_id, 0),
    )


def earlier_statements(technician_id: int, limit: int = 26) -> list[tuple[PayPeriod, int]]:
    """A technician's closed periods, newest first, and what each paid in cents."""
    found = (
        select(PayPeriod, PayStatement.total_cents)
        .join(
            PayStatement,
            and_(PayStatement.tenant_id == PayPeriod.tenant_id, PayStatement.pay_period_id == PayPeriod.id),
        )
        .where(
            PayStatement.tenant_id == context.tenant_id(),
            PayStatement.technician_id == technician_id,
            PayPeriod.status == "closed",
        )
        .order_by(PayPeriod.start_date.desc())
        .limit(limit)
    )
    held: Any = db.session.execute(found)
    return [(row[0], row[1]) for row in held]


# What technicians say of it ---------------------------------------------------------------------------------


def answer(period_id: int, technician_id: int, *, lock: bool = False) -> PayAnswer | None:
    """What a technician last said of their pay in a period."""
    key = (context.tenant_id(), period_id, technician_id)
    return db.session.get(PayAnswer, key, with_for_update=lock or None, populate_existing=lock)


def answers(period_id: int) -> dict[int, PayAnswer]:
    """What was said of a period, by technician."""
    found = select(PayAnswer).where(
        PayAnswer.tenant_id == context.tenant_id(), PayAnswer.pay_period_id == period_id
    )
    return {row.technician_id: row for row in db.session.scalars(found)}


def payroll_users() -> list[int]:
    """Users who close pay periods by their role: who is told of a dispute."""
    roles = sorted(permissions.REGISTRY[PAYROLL_CLOSE].roles)
    found = select(User.id).where(
        User.tenant_id == context.tenant_id(), User.active.is_(True), User.roles.overlap(roles)
    )
    return list(db.session.scalars(found.order_by(User.id)))


def user_of(technician_id: int) -> int | None:
    """The account of a technician."""
    found = select(User.id).where(
        User.tenant_id == context.tenant_id(), User.technician_id == technician_id, User.active.is_(True)
    )
    return db.session.scalar(found)
