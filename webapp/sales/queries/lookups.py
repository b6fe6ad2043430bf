"""Names and choices that the pages of sales show."""

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from sqlalchemy import or_, select

from webapp.kit import context
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
