"""Names and choices that the pages of sales show."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from webapp.kit import context, search
from webapp.kit.db import rows
from webapp.models import Customer, Item, Technician
from webapp.technicians import queries as technicians

MOST = 500


def item_names(wanted: Collection[int]) -> dict[int, str]:
    """Names of items by id."""
    if not wanted:
        return {}
    found = select(Item.id, Item.name).where(Item.tenant_id == context.tenant_id(), Item.id.in_(wanted))
    return {row.id: row.name for row in rows(found)}


def customer_names(wanted: Collection[int]) -> dict[int, str]:
    """Names of customers by id."""
    if not wanted:
        return {}
    found = select(Customer.id, Customer.name).where(
        Customer.tenant_id == context.tenant_id(), Customer.id.in_(wanted)
    )
    return {row.id: row.name for row in rows(found)}


def items() -> list[tuple[int, str]]:
    """Items on sale, for a filter."""
    found = select(Item.id, Item.name).where(Item.tenant_id == context.tenant_id(), Item.archived.is_(False))
    return [(row.id, row.name) for row in rows(found.order_by(Item.name, Item.id).limit(MOST))]


@dataclass(frozen=True, slots=True)
class Named:
    """Items that some words may mean. `exact` is the one whose name, code or number they are, if just one is."""

    items: list[Any]  # id, name, code, list_price_cents
    exact: int | None = None


def items_named(text: str, limit: int = 20) -> Named:
    """Items on sale that some words mean, or begin to name; all of them for no words."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0
    begun = search.conditions("item", text, Item.id)
    same = or_(
        func.lower(Item.name) == text.lower(), func.lower(Item.code) == text.lower(), Item.id == number
    )
    statement = select(Item.id, Item.name, Item.code, Item.list_price_cents).where(
        Item.tenant_id == context.tenant_id(), Item.archived.is_(False)
    )
    if text:
        statement = statement.where(or_(same, and_(*begun)) if begun else same)
    # the item with just this name comes first, however many begin with it
    found = rows(statement.order_by(same.desc(), Item.name, Item.id).limit(limit))
    wanted = text.casefold() or None
    exact = [
        row.id
        for row in found
        if row.id == number or wanted in (row.name.casefold(), (row.code or "").casefold())
    ]
    return Named(list(found), exact[0] if len(exact) == 1 else None)


def everybody() -> list[tuple[int, str]]:
    """Technicians, those who left last, for a filter."""
    today = technicians.today()
    found = rows(
        select(Technician.id, Technician.name, Technician.ends_on)
        .where(Technician.tenant_id == context.tenant_id())
        .order_by(Technician.name, Technician.id)
        .limit(MOST)
    )
    gone = {row.id for row in found if row.ends_on is not None and row.ends_on < today}
    here = [(row.id, row.name) for row in found if row.id not in gone]
    return here + [(row.id, f"{row.name} (left)") for row in found if row.id in gone]


def sellers(*besides: int) -> list[tuple[int, str]]:
    """Technicians to choose as seller: those active within the last months, and some more by id."""
    since = technicians.today() - timedelta(days=92)
    wanted = or_(Technician.ends_on.is_(None), Technician.ends_on >= since)
    if besides:
        wanted = or_(wanted, Technician.id.in_(besides))
    found = rows(
        select(Technician.id, Technician.name)
        .where(Technician.tenant_id == context.tenant_id(), wanted)
        .order_by(Technician.name, Technician.id)
        .limit(2000)
    )
    return [(row.id, row.name) for row in found]


PRESETS = (
    ("today", "Today"),
    ("yesterday", "Yesterday"),
    ("7-days", "Last 7 days"),
    ("this-month", "This month"),
    ("last-month", "Last month"),
    ("this-year", "This year"),
)


def span(preset: str, today: date) -> tuple[date | None, date | None]:
    """The first and last day of a preset; nothing for an unknown one."""
    month = today.replace(day=1)
    before = month - timedelta(days=1)
    spans: dict[str, tuple[date, date]] = {
        "today": (today, today),
        "yesterday": (today - timedelta(days=1), today - timedelta(days=1)),
        "7-days": (today - timedelta(days=6), today),
        "this-month": (month, today),
        "last-month": (before.replace(day=1), before),
        "this-year": (today.replace(month=1, day=1), today),
    }
    return spans.get(preset, (None, None))


def names_of(rows_: Sequence[int], kind: str) -> dict[int, str]:
    """Names of technicians, items or customers by id."""
    wanted = set(rows_)
    return {"technician": technicians.names, "item": item_names, "customer": customer_names}[kind](wanted)
