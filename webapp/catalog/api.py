"""The field API of the price book."""

from typing import Any

from webapp.catalog import queries, schemas, service
from webapp.catalog.permissions import EDIT, LOOKUP
from webapp.catalog.schemas import CategoryOut, ItemOut, shape
from webapp.kit import db, paging
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.models import Item, ItemCategory

api = Api("catalog_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Price book")


@api.get("/admin/items", permission=LOOKUP, query=schemas.ItemQuery, returns=ItemOut, paged=True)
def list_items(query: schemas.ItemQuery) -> Any:
    """List items, in the order they were added."""
    chosen = (query.category_id,) if query.category_id else ()
    statement = queries.numbered(
        queries.Filters(query.q, chosen, archived=query.archived), query.updated_since
    )
    return paging.numbered(statement, query, lambda item: shape(item, ItemOut), scalars=True)


@api.post("/admin/items", permission=EDIT, body=schemas.ItemIn, returns=ItemOut, status=201)
def create_item(body: schemas.ItemIn) -> dict[str, Any]:
    """Add an item to the price book."""
    return shape(service.create(body.model_dump(exclude_unset=True)), ItemOut)


@api.get("/admin/items/<int:item_id>", permission=LOOKUP, returns=ItemOut)
def get_item(item_id: int) -> dict[str, Any]:
    """One item."""
    return shape(db.get(Item, item_id), ItemOut)


@api.patch("/admin/items/<int:item_id>", permission=EDIT, body=schemas.ItemChange, returns=ItemOut)
def update_item(item_id: int, body: schemas.ItemChange) -> dict[str, Any]:
    """Change an item. `archived` takes it off sale, or puts it back."""
    return shape(service.update(item_id, body.model_dump(exclude_unset=True)), ItemOut)


@api.get(
    "/admin/item-categories", permission=LOOKUP, query=schemas.CategoryQuery, returns=CategoryOut, paged=True
)
def list_categories(query: schemas.CategoryQuery) -> Any:
    """List categories, in the order they were added."""
    statement = queries.categories(archived=query.archived, updated_since=query.updated_since)
    return paging.numbered(statement, query, lambda category: shape(category, CategoryOut), scalars=True)


@api.post("/admin/item-categories", permission=EDIT, body=schemas.CategoryIn, returns=CategoryOut, status=201)
def create_category(body: schemas.CategoryIn) -> dict[str, Any]:
    """Add a category."""
    return shape(service.create_category(body.model_dump()), CategoryOut)


@api.get("/admin/item-categories/<int:category_id>", permission=LOOKUP, returns=CategoryOut)
def get_category(category_id: int) -> dict[str, Any]:
    """One category."""
    return shape(db.get(ItemCategory, category_id, what="category"), CategoryOut)


@api.patch("/admin/item-categories/<int:category_id>", permission=EDIT, body=schemas.CategoryChange,
           returns=CategoryOut)  # fmt: skip
def update_category(category_id: int, body: schemas.CategoryChange) -> dict[str, Any]:
    """Rename or archive a category."""
    return shape(service.update_category(category_id, body.model_dump(exclude_unset=True)), CategoryOut)
