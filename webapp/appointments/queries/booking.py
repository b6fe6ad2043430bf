"""What is read while a customer is on the phone."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, and_, select

from webapp.fleet import queries as fleet
from webapp.kit import context, geo
from webapp.kit.db import db, find, rows
from webapp.kit.tables import SearchWord
from webapp.models import Customer, Equipment, Item, Property, Skill


def equipment(customer_id: int) -> Sequence[Row[Any]]:
    """A customer's units in use: `id, kind, make, model, serial, location, property_id, warranty_until, installed_on`."""
    one = Equipment
    return rows(
        select(one.id, one.kind, one.make, one.model, one.serial, one.location, one.property_id, one.warranty_until,
               one.installed_on)
        .where(one.tenant_id == context.tenant_id(), one.customer_id == customer_id, one.retired_on.is_(None))
        .order_by(one.property_id, one.kind, one.id)
        .limit(60)
    )  # fmt: skip


def by_number(digits: str, limit: int) -> list[int]:
    """Customers on record whose number, or its local part, begins with these digits."""
    word = SearchWord.word
    statement = (
        select(SearchWord.record_id)
        .join(Customer, and_(Customer.tenant_id == SearchWord.tenant_id, Customer.id == SearchWord.record_id))
        .where(SearchWord.tenant_id == context.tenant_id(), SearchWord.kind == "customer", word >= digits, word < f"{digits}:",
               Customer.merged_into_id.is_(None), Customer.archived.is_(False))
        .distinct()
        .limit(limit)
    )  # fmt: skip
    return list(db.session.scalars(statement))


def prices(item_ids: Collection[int]) -> dict[int, tuple[str, int | None]]:
    """Names and list prices in cents of items of the price book."""
    if not item_ids:
        return {}
    found = rows(
        select(Item.id, Item.name, Item.list_price_cents).where(
            Item.tenant_id == context.tenant_id(), Item.id.in_(list(item_ids))
        )
    )
    return {row.id: (row.name, row.list_price_cents) for row in found}


def item_choices() -> list[tuple[int, str]]:
    """Items of the price book to choose from."""
    found = rows(
        select(Item.id, Item.name)
        .where(Item.tenant_id == context.tenant_id(), Item.archived.is_(False))
        .order_by(Item.name)
        .limit(500)
    )
    return [(row.id, row.name) for row in found]


def skill_names() -> dict[int, str]:
    """Skills that can be asked for."""
    found = rows(
        select(Skill.id, Skill.name)
        .where(Skill.tenant_id == context.tenant_id(), Skill.archived.is_(False))
        .order_by(Skill.name)
    )
    return {row.id: row.name for row in found}


@dataclass(frozen=True, slots=True)
class Where:
    """Where a visit would go, as far as it is known."""

    latitude: float | None = None
    longitude: float | None = None
    zone_id: int | None = None


def where(property_id: int | None, zip_code: str) -> Where:
    """The place of a property, or the middle of a ZIP code, with its service zone."""
    place = find(Property, property_id) if property_id is not None else None
    if place is not None and place.latitude is not None:
        at: Any = (float(place.latitude), float(place.longitude or 0))
    else:
        at = geo.zip_centroid((place.zip if place is not None else zip_code) or "") or (None, None)
    return Where(
        at[0], at[1], fleet.zone_of((place.zip if place is not None else zip_code) or "", at[0], at[1])
    )
