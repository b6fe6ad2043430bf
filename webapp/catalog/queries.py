"""Reading the price book.

`ITEM_PANELS`: what domains above know of an item, functions from its id to a dict as `components/panel.html` takes it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, select

from webapp.accounts import queries as accounts
from webapp.kit import context, csv, listing, money, search, timeline
from webapp.kit.db import db
from webapp.kit.db import rows as read_rows
from webapp.models import Item, ItemCategory

ITEM_PANELS: list[Callable[[int], dict[str, Any]]] = []


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of items is narrowed to."""

    q: str = ""
    category_ids: tuple[int, ...] = ()
    uncategorised: bool = False
    archived: bool | None = False  # None: both


SORTS = {
    "name": listing.Sort(Item.name),
    "code": listing.Sort(func.coalesce(Item.code, "")),
    "category": listing.Sort(func.coalesce(ItemCategory.name, "")),
    "list_price": listing.Sort(func.coalesce(Item.list_price_cents, -1), descending=True),
    "updated_at": listing.Sort(Item.updated_at, descending=True),
}


def matching(statement: Any, filters: Filters) -> Any:
    """Narrow a statement over items."""
    statement = statement.where(Item.tenant_id == context.tenant_id())
    if filters.archived is not None:
        statement = statement.where(Item.archived.is_(filters.archived))
    if filters.uncategorised:
        statement = statement.where(Item.category_id.is_(None))
    elif filters.category_ids:
        statement = statement.where(Item.category_id.in_(filters.category_ids))
    return statement.where(*search.conditions("item", filters.q, Item.id))


_category = and_(ItemCategory.tenant_id == Item.tenant_id, ItemCategory.id == Item.category_id)


def rows(filters: Filters) -> Any:
    """The rows of the list page."""
    statement = select(
        Item.id, Item.name, Item.code, Item.category_id, Item.list_price_cents, Item.description, Item.archived,
        Item.updated_at, ItemCategory.name.label("category"),
    ).outerjoin(ItemCategory, _category)  # fmt: skip
    return matching(statement, filters)


def ids(filters: Filters, limit: int) -> list[int]:
    """Ids of all items that match, for “all that match” of a bulk action."""
    statement = matching(select(Item.id), filters)
    return list(db.session.scalars(statement.order_by(Item.id).limit(limit)))


def csv_columns() -> dict[str, list[ColumnElement[Any]]]:
    """The list's columns as a file has them."""
    zone = accounts.organization().time_zone
    return {
        "name": [csv.safe(Item.name).label("Item")],
        "code": [csv.safe(Item.code).label("Code")],
        "category": [csv.safe(ItemCategory.name).label("Category")],
        "list_price_cents": [csv.dollars(Item.list_price_cents).label("List price")],
        "description": [csv.safe(Item.description).label("Description")],
        "archived": [case((Item.archived, "Yes"), else_="No").label("Archived")],
        "updated_at": [csv.moment(Item.updated_at, zone).label("Changed")],
    }


def tallies() -> dict[str, int]:
    """How many items are on sale, archived, and in all."""
    row = db.session.execute(
        select(
            func.count().filter(Item.archived.is_(False)).label("current"),
            func.count().filter(Item.archived).label("archived"),
            func.count().label("all"),
        ).where(Item.tenant_id == context.tenant_id())
    ).one()
    return dict(row._mapping)


def options(q: str, limit: int = 20) -> Sequence[Row[Any]]:
    """Items to choose from, by the beginnings of their words."""
    statement = select(Item.id, Item.name, Item.code, Item.list_price_cents)
    return read_rows(matching(statement, Filters(q=q)).order_by(Item.name, Item.id).limit(limit))


def code_taken_by(code: str, besides: int | None) -> str | None:
    """The name of the item that has this code already."""
    statement = select(Item.name).where(
        Item.tenant_id == context.tenant_id(), Item.code == code, Item.id != (besides or 0)
    )
    return db.session.scalar(statement)


def prices(item_ids: Sequence[int]) -> Sequence[Row[Any]]:
    """Names and list prices of items that have one."""
    statement = select(Item.id, Item.name, Item.code, Item.list_price_cents).where(
        Item.tenant_id == context.tenant_id(), Item.id.in_(item_ids), Item.list_price_cents.is_not(None)
    )
    return read_rows(statement.order_by(Item.name, Item.id))


def numbered(filters: Filters, updated_since: Any = None) -> Any:
    """Items in the order they were added, for the API."""
    statement = matching(select(Item), filters)
    if updated_since is not None:
        statement = statement.where(Item.updated_at >= updated_since)
    return statement.order_by(Item.id)


def categories(*, archived: bool | None = None, updated_since: Any = None) -> Any:
    """Categories in the order they were added, for the API."""
    statement = select(ItemCategory).where(ItemCategory.tenant_id == context.tenant_id())
    if archived is not None:
        statement = statement.where(ItemCategory.archived.is_(archived))
    if updated_since is not None:
        statement = statement.where(ItemCategory.updated_at >= updated_since)
    return statement.order_by(ItemCategory.id)


def category_choices(with_id: int | None = None) -> list[tuple[int, str]]:
    """Categories as choices of a form; an archived one only when it is `with_id`."""
    statement = select(ItemCategory.id, ItemCategory.name, ItemCategory.archived).where(
        ItemCategory.tenant_id == context.tenant_id()
    )
    found = read_rows(statement.order_by(func.lower(ItemCategory.name)))
    return [(row.id, row.name) for row in found if not row.archived or row.id == with_id]


def category_table() -> Sequence[Row[Any]]:
    """Every category with how many items on sale it has."""
    count = (
        select(func.count())
        .where(Item.tenant_id == ItemCategory.tenant_id, Item.category_id == ItemCategory.id, ~Item.archived)
        .scalar_subquery()
    )
    statement = select(
        ItemCategory.id,
        ItemCategory.name,
        ItemCategory.archived,
        ItemCategory.updated_at,
        count.label("items_on_sale"),
    ).where(ItemCategory.tenant_id == context.tenant_id())
    return read_rows(statement.order_by(ItemCategory.archived, func.lower(ItemCategory.name)))


def category_named(name: str, besides: int | None = None) -> ItemCategory | None:
    """The category of this name, in any case."""
    statement = select(ItemCategory).where(
        ItemCategory.tenant_id == context.tenant_id(),
        func.lower(ItemCategory.name) == func.lower(name),
        ItemCategory.id != (besides or 0),
    )
    return db.session.scalar(statement)


def category_names(wanted: set[int]) -> dict[int, str]:
    """Names of categories by id."""
    if not wanted:
        return {}
    statement = select(ItemCategory.id, ItemCategory.name).where(
        ItemCategory.tenant_id == context.tenant_id(), ItemCategory.id.in_(wanted)
    )
    return {row.id: row.name for row in read_rows(statement)}


DEEDS = {
    "item.created": timeline.Deed("added this item", "plus", "success"),
    "item.updated": timeline.Deed("changed the details", "pencil", "accent", diff=True, body="reason"),
    "item.archived": timeline.Deed("archived", "archive", "warning"),
    "item.unarchived": timeline.Deed("put back on sale", "rotate-ccw", "success"),
}


def history(item_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to an item, newest first, and where the next piece begins."""
    found, following = timeline.read("item", item_id, before=before)
    changes = [(row.payload.get("diff") or {}).get("category_id") or {} for row in found]
    known = category_names({v for c in changes for v in c.values() if isinstance(v, int)})
    fields = {
        "name": timeline.Shown("Name"),
        "code": timeline.Shown("Code"),
        "list_price_cents": timeline.Shown("List price", lambda v: "" if v is None else money.dollars(v)),
        "category_id": timeline.Shown(
            "Category", lambda v: "" if v is None else known.get(v, f"Category {v}")
        ),
        "description": timeline.Shown("Description"),
    }
    return [timeline.entry(row, DEEDS, fields) for row in found], following
