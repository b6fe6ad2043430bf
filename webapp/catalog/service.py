"""Commands on the price book."""

from collections.abc import Mapping, Sequence
from typing import Any

from webapp.catalog import queries, rules
from webapp.catalog.permissions import EDIT
from webapp.kit import db, errors, events, ids, journal, money, permissions, search, timeline
from webapp.models import Item, ItemCategory

_EXAMPLE = {"id": 5, "name": "AC tune-up", "code": "AC-100", "category_id": 2, "list_price_cents": 18900,
            "archived": False}  # fmt: skip
CREATED = events.declare("item.created", "An item was added to the price book", _EXAMPLE)
UPDATED = events.declare("item.updated", "An item of the price book was changed", _EXAMPLE)
ARCHIVED = events.declare("item.archived", "An item was taken off sale", {**_EXAMPLE, "archived": True})
UNARCHIVED = events.declare("item.unarchived", "An item was put back on sale", _EXAMPLE)
BATCHED = (UPDATED.name, ARCHIVED.name, UNARCHIVED.name)
CATEGORY_CREATED = events.declare(
    "item_category.created", "A category was added", {"id": 2, "name": "Cooling"}
)
CATEGORY_UPDATED = events.declare(
    "item_category.updated", "A category was changed", {"id": 2, "name": "Cooling"}
)


def create(values: Mapping[str, Any]) -> Item:
    """Add an item from the fields of :data:`rules.FIELDS`; `name` is needed.

    Raises Invalid for values that cannot be, Conflict for a code that is taken, NotFound for an unknown category.
    """
    permissions.demand(EDIT)
    found = rules.cleaned({"name": "", **values})
    _check(found, None)
    item = db.add(Item(**found))
    _index(item)
    journal.audit("item.created", item)
    events.emit(CREATED, item.id, payload(item))
    return item


def update(item_id: int, changes: Mapping[str, Any], **facts: Any) -> Item:
    """Change some fields of an item; `archived` takes it off sale or puts it back. Raises as :func:`create`.

    `facts` are kept with the audit entry: a reason, the batch of a bulk action.
    """
    permissions.demand(EDIT)
    item = db.get(Item, item_id, lock=True)
    before = journal.snapshot(item)
    found = {k: v for k, v in rules.cleaned(changes).items() if before[k] != v}
    if not found:
        return item
    _check(found, item.id)
    for name, value in found.items():
        setattr(item, name, value)
    db.db.session.flush()
    _index(item)
    action, kind = "item.updated", UPDATED
    if "archived" in found:
        action, kind = ("item.archived", ARCHIVED) if item.archived else ("item.unarchived", UNARCHIVED)
    journal.audit(action, item, before=before, **facts)
    events.emit(kind, item.id, {**payload(item), "changed": sorted(found)})
    return item


def set_for_all(item_ids: Sequence[int], field: str, value: Any) -> tuple[str, int]:
    """Change one field of several items: the batch, for :func:`undo`, and how many it changed."""
    batch, changed = ids.prefixed("batch"), 0
    for item_id in item_ids:
        before = getattr(db.get(Item, item_id), field)
        item = update(item_id, {field: value}, batch=batch)
        changed += getattr(item, field) != before
    return batch, changed


def change_prices(item_ids: Sequence[int], bps: int, step: int) -> tuple[str, int]:
    """Change list prices by basis points, rounded to a step of cents: the batch and how many really changed.

    Items without a list price are left alone. Raises Invalid when a price would be more than any amount can be.
    """
    permissions.demand(EDIT)
    batch, changed = ids.prefixed("batch"), 0
    for row in queries.prices(item_ids):
        price = rules.changed_price(row.list_price_cents, bps, step)
        if price > money.MAX_CENTS:
            raise errors.Invalid.one("percent", f"{row.name} would cost more than any amount can be.")
        if price != row.list_price_cents:
            reason = (
                f"All prices chosen changed by {money.percent(bps) if bps > 0 else '−' + money.percent(-bps)}"
            )
            update(row.id, {"list_price_cents": price}, batch=batch, reason=reason)
            changed += 1
    return batch, changed


def undo(batch: str) -> int:
    """Take a bulk action of the last day back, where nobody changed the same since. How many items."""
    permissions.demand(EDIT)
    undone = 0
    for row in timeline.batch(batch, BATCHED):
        item = db.find(Item, row.record_id)
        changes = {k: v["from"] for k, v in row.diff.items() if item and getattr(item, k) == v["to"]}
        if item and changes:
            update(item.id, changes, reason="Undone")
            undone += 1
    return undone


def payload(item: Item) -> dict[str, Any]:
    """What events tell of an item."""
    return {
        "id": item.id,
        "name": item.name,
        "code": item.code,
        "category_id": item.category_id,
        "list_price_cents": item.list_price_cents,
        "archived": item.archived,
    }


def create_category(values: Mapping[str, Any]) -> ItemCategory:
    """Add a category. Raises Invalid for a name that cannot be, Conflict for one that is taken."""
    permissions.demand(EDIT)
    found = rules.cleaned_category({"name": "", **values})
    _check_category_name(found["name"], None)
    category = db.add(ItemCategory(**found))
    journal.audit("item_category.created", category, record_type="item_category")
    events.emit(CATEGORY_CREATED, category.id, {"id": category.id, "name": category.name})
    return category


def update_category(category_id: int, changes: Mapping[str, Any]) -> ItemCategory:
    """Rename a category, or archive it: its items keep it, new ones cannot take it."""
    permissions.demand(EDIT)
    category = db.get(ItemCategory, category_id, what="category", lock=True)
    before = journal.snapshot(category)
    found = {k: v for k, v in rules.cleaned_category(changes).items() if before[k] != v}
    if not found:
        return category
    if "name" in found:
        _check_category_name(found["name"], category.id)
    for name, value in found.items():
        setattr(category, name, value)
    db.db.session.flush()
    journal.audit("item_category.updated", category, before=before, record_type="item_category")
    answer = {"id": category.id, "name": category.name, "archived": category.archived}
    events.emit(CATEGORY_UPDATED, category.id, answer)
    return category


def _check(found: Mapping[str, Any], item_id: int | None) -> None:
    if found.get("code") is not None:
        holder = queries.code_taken_by(found["code"], item_id)
        if holder is not None:
            sentence = f"{found['code']} is the code of “{holder}” already."
            raise errors.Conflict(sentence, details={"fields": {"code": sentence}})
    if found.get("category_id") is not None:
        category = db.get(ItemCategory, found["category_id"], what="category")
        if category.archived:
            raise errors.Invalid.one("category_id", f"The category {category.name} is archived.")


def _check_category_name(name: str, category_id: int | None) -> None:
    if queries.category_named(name, category_id) is not None:
        sentence = f"There is a category {name} already."
        raise errors.Conflict(sentence, details={"fields": {"name": sentence}})


def _index(item: Item) -> None:
    search.index("item", item.id, item.name, item.code, item.description)
