"""Reading technicians.

Domains above register what they know of a technician. `TECHNICIAN_PANELS`, for the record page: functions
from an id to a dict as `components/panel.html` takes it. `METRICS_PROVIDERS`, for the scorecard: functions
from two days, inclusive, to `{technician_id: {"revenue_cents", "sales_count", "commission_cents"}}` and what else
:class:`rules.Score` has; a figure that is None for one is kept from the reader for everybody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from webapp.accounts import queries as accounts
from webapp.kit import clean, clock, context, csv, listing, money, permissions, search, timeline
from webapp.kit.db import db
from webapp.kit.db import rows as read_rows
from webapp.models import Technician, User
from webapp.technicians import rules
from webapp.technicians.permissions import PAY

TECHNICIAN_PANELS: list[Callable[[int], dict[str, Any]]] = []
METRICS_PROVIDERS: list[Callable[[date, date], Mapping[int, Mapping[str, Any]]]] = []

Supervisor = aliased(Technician)


def today() -> date:
    """The present day in the organization's zone."""
    return clock.today(accounts.organization().time_zone)


def in_state(state: str, day: date) -> ColumnElement[bool]:
    """As :func:`rules.state`, in SQL."""
    former = and_(Technician.ends_on.is_not(None), Technician.ends_on < day)
    upcoming = and_(
        Technician.starts_on.is_not(None),
        Technician.starts_on > day,
        or_(Technician.ends_on.is_(None), Technician.ends_on >= day),
    )
    if state == "former":
        return former
    if state == "upcoming":
        return upcoming
    if state == "inactive":
        return or_(former, upcoming)
    return and_(
        or_(Technician.starts_on.is_(None), Technician.starts_on <= day),
        or_(Technician.ends_on.is_(None), Technician.ends_on >= day),
    )


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of technicians is narrowed to."""

    q: str = ""
    state: str = ""  # active, former, upcoming, inactive (either of the two); empty: all
    pay_types: tuple[str, ...] = ()
    supervisor_id: int | None = None


SORTS = {
    "name": listing.Sort(Technician.name),
    "number": listing.Sort(func.coalesce(Technician.employee_number, "")),
    "pay_type": listing.Sort(Technician.pay_type),
    "base_pay": listing.Sort(Technician.base_pay_cents, descending=True),
    "starts_on": listing.Sort(func.coalesce(Technician.starts_on, date(1, 1, 1)), descending=True),
    "updated_at": listing.Sort(Technician.updated_at, descending=True),
}


def matching(statement: Any, filters: Filters) -> Any:
    """Narrow a statement over technicians."""
    statement = statement.where(Technician.tenant_id == context.tenant_id())
    if filters.state:
        statement = statement.where(in_state(filters.state, today()))
    if filters.pay_types:
        statement = statement.where(Technician.pay_type.in_(filters.pay_types))
    if filters.supervisor_id is not None:
        statement = statement.where(Technician.supervisor_id == filters.supervisor_id)
    return statement.where(*search.conditions("technician", filters.q, Technician.id))


def ids(filters: Filters, limit: int) -> list[int]:
    """Ids of all technicians that match, for “all that match” of a bulk action."""
    return list(
        db.session.scalars(matching(select(Technician.id), filters).order_by(Technician.id).limit(limit))
    )


def rows(filters: Filters) -> Any:
    """The rows of the list page, with supervisor and sign-in."""
    statement = (
        select(
            Technician.id, Technician.name, Technician.employee_number, Technician.email, Technician.phone,
            Technician.pay_type, Technician.base_pay_cents, Technician.supervisor_id, Technician.starts_on,
            Technician.ends_on, Technician.color, Technician.updated_at, Supervisor.name.label("supervisor"),
            User.username,
        )
        .outerjoin(Supervisor, and_(Supervisor.tenant_id == Technician.tenant_id,
                                    Supervisor.id == Technician.supervisor_id))
        .outerjoin(User, and_(User.tenant_id == Technician.tenant_id, User.technician_id == Technician.id))
    )  # fmt: skip
    return matching(statement, filters)


def csv_columns() -> dict[str, list[ColumnElement[Any]]]:
    """The list's columns as a file has them; base pay only for those who may see it."""
    day = today()
    words = case(
        (in_state("former", day), "Former"), (in_state("upcoming", day), "Starts later"), else_="Active"
    )
    pay = case(*((Technician.pay_type == k, v) for k, v in rules.PAY_TYPES.items()))
    found: dict[str, list[ColumnElement[Any]]] = {
        "name": [csv.safe(Technician.name).label("Name")],
        "state": [words.label("State")],
        "employee_number": [csv.safe(Technician.employee_number).label("Employee number")],
        "pay_type": [pay.label("Pay type")],
        "phone": [csv.phone(Technician.phone).label("Phone")],
        "email": [csv.safe(Technician.email).label("Email")],
        "supervisor": [csv.safe(Supervisor.name).label("Supervisor")],
        "starts_on": [Technician.starts_on.label("First day")],
        "ends_on": [Technician.ends_on.label("Last day")],
        "username": [csv.safe(User.username).label("Signs in as")],
        "updated_at": [csv.moment(Technician.updated_at, accounts.organization().time_zone).label("Changed")],
    }
    if permissions.may(PAY):
        found["base_pay_cents"] = [csv.dollars(Technician.base_pay_cents).label("Base pay")]
    return found


def tallies() -> dict[str, int]:
    """How many technicians there are in each state, for the tabs."""
    day = today()
    row = db.session.execute(
        matching(
            select(
                func.count().label("all"),
                *(func.count().filter(in_state(s, day)).label(s) for s in ("active", "former", "upcoming")),
            ).select_from(Technician),
            Filters(),
        )
    ).one()
    return dict(row._mapping)


def options(q: str, *, everybody: bool = False, limit: int = 20) -> Sequence[Row[Any]]:
    """Technicians to choose from, by the beginnings of their words; only active ones unless `everybody`."""
    statement = select(Technician.id, Technician.name, Technician.employee_number, Technician.phone)
    statement = matching(statement, Filters(q=q, state="" if everybody else "active"))
    return read_rows(statement.order_by(Technician.name, Technician.id).limit(limit))


def choices(*, besides: int | None = None, with_id: int | None = None) -> list[tuple[int, str]]:
    """Active technicians as choices of a form, without one and always with another (who may have left)."""
    statement = select(Technician.id, Technician.name).where(Technician.tenant_id == context.tenant_id())
    wanted = in_state("active", today())
    statement = statement.where(or_(wanted, Technician.id == with_id) if with_id else wanted)
    found = read_rows(statement.order_by(Technician.name, Technician.id).limit(2000))
    return [(row.id, row.name) for row in found if row.id != besides]


def names(wanted: set[int]) -> dict[int, str]:
    """Names of technicians by id."""
    if not wanted:
        return {}
    statement = select(Technician.id, Technician.name).where(
        Technician.tenant_id == context.tenant_id(), Technician.id.in_(wanted)
    )
    return {row.id: row.name for row in read_rows(statement)}


def team(technician_id: int) -> Sequence[Row[Any]]:
    """Who reports to a technician and still works here."""
    statement = select(Technician.id, Technician.name, Technician.pay_type, Technician.color).where(
        Technician.tenant_id == context.tenant_id(),
        Technician.supervisor_id == technician_id,
        or_(Technician.ends_on.is_(None), Technician.ends_on >= today()),
    )
    return read_rows(statement.order_by(Technician.name, Technician.id).limit(100))


def supervisors() -> dict[int, int | None]:
    """Everybody's supervisor, by id."""
    statement = select(Technician.id, Technician.supervisor_id).where(
        Technician.tenant_id == context.tenant_id(), Technician.supervisor_id.is_not(None)
    )
    return {row.id: row.supervisor_id for row in read_rows(statement)}


def number_taken_by(employee_number: str, besides: int | None) -> str | None:
    """The name of whoever has this employee number already."""
    statement = select(Technician.name).where(
        Technician.tenant_id == context.tenant_id(),
        Technician.employee_number == employee_number,
        Technician.id != (besides or 0),
    )
    return db.session.scalar(statement)


def sign_in_of(technician_id: int) -> User | None:
    """The user who signs in as this technician."""
    return db.session.scalar(
        select(User).where(User.tenant_id == context.tenant_id(), User.technician_id == technician_id)
    )


def numbered(filters: Filters, updated_since: Any = None) -> Any:
    """Technicians in the order they were added, for the API."""
    statement = matching(select(Technician), filters)
    if updated_since is not None:
        statement = statement.where(Technician.updated_at >= updated_since)
    return statement.order_by(Technician.id)


def leaderboard(date_from: date, date_to: date) -> list[tuple[int, rules.Score]]:
    """Ranks and scores of everybody who worked here in the span, or sold in it."""
    known: dict[int, dict[str, Any]] = {}
    for provider in METRICS_PROVIDERS:
        for technician_id, values in provider(date_from, date_to).items():
            known.setdefault(technician_id, {}).update(values)
    here = and_(
        or_(Technician.starts_on.is_(None), Technician.starts_on <= date_to),
        or_(Technician.ends_on.is_(None), Technician.ends_on >= date_from),
    )
    statement = select(Technician.id, Technician.name).where(
        Technician.tenant_id == context.tenant_id(), or_(here, Technician.id.in_(known))
    )
    fields = set(rules.Score.__dataclass_fields__) - {"technician_id", "name"}
    kept = dict.fromkeys(k for values in known.values() for k, v in values.items() if v is None)
    return rules.ranked(
        [
            rules.Score(
                row.id, row.name, **{k: v for k, v in (known.get(row.id, {}) | kept).items() if k in fields}
            )
            for row in read_rows(statement)
        ]
    )


DEEDS = {
    "technician.created": timeline.Deed("added this technician", "user-plus", "success"),
    "technician.updated": timeline.Deed("changed the details", "pencil", "accent", diff=True),
    "technician.deactivated": timeline.Deed("set the last day", "user-x", "warning", diff=True),
    "technician.reactivated": timeline.Deed("reactivated", "user-check", "success", diff=True),
    "technician.invited": timeline.Deed("created a sign-in for {email}", "key-round", "accent"),
}


def history(technician_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to a technician, newest first, and where the next piece begins."""
    found, following = timeline.read("technician", technician_id, before=before)
    people = names({v for row in found for v in _supervisors_in(row.payload)})

    def person(value: Any) -> str:
        return "" if value is None else people.get(value, f"Technician {value}")

    fields = {
        "name": timeline.Shown("Name"),
        "employee_number": timeline.Shown("Employee number"),
        "pay_type": timeline.Shown("Pay type", lambda v: rules.PAY_TYPES.get(v, v or "")),
        "base_pay_cents": timeline.Shown("Base pay", lambda v: "" if v is None else money.dollars(v)),
        "supervisor_id": timeline.Shown("Supervisor", person),
        "starts_on": timeline.Shown("First day"),
        "ends_on": timeline.Shown("Last day"),
        "email": timeline.Shown("Email"),
        "phone": timeline.Shown("Phone", clean.phone_words),
        "color": timeline.Shown("Color"),
        "notes": timeline.Shown("Notes"),
    }
    if not permissions.may(PAY):
        del fields["base_pay_cents"]
    return [timeline.entry(row, DEEDS, fields) for row in found], following


def _supervisors_in(payload: Mapping[str, Any]) -> list[int]:
    change = (payload.get("diff") or {}).get("supervisor_id") or {}
    return [v for v in (change.get("from"), change.get("to")) if isinstance(v, int)]
