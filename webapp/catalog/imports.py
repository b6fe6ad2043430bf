"""The price book from a CSV file. An item is known by its code, else by its name; categories are made on the way."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import func, select

from webapp.catalog import queries, rules, service
from webapp.catalog.permissions import EDIT
from webapp.imports import rules as cells
from webapp.imports.registry import (
    CHANGED,
    NEW,
    SAME,
    UNSURE,
    WRONG,
    Change,
    Choice,
    Context,
    FieldSpec,
    ImportSpec,
    Outcome,
    Problem,
    Values,
    register,
)
from webapp.kit import context, errors, money
from webapp.kit.db import db, get
from webapp.models import Item, ItemCategory

FIELDS = (
    FieldSpec("name", "Item", required=True, most=160, example="AC tune-up",
              synonyms=("Name", "Item name", "Service", "Product", "Title", "Task")),
    FieldSpec("code", "Code", most=60, example="AC-100",
              synonyms=("SKU", "Item code", "Part number", "Part no", "Number", "ID")),
    FieldSpec("category", "Category", most=80, example="Cooling", synonyms=("Group", "Type", "Department", "Trade"),
              hint="One that is not there yet is made."),
    FieldSpec("list_price_cents", "List price", parse=cells.parse_money, example="189.00",
              synonyms=("Price", "Unit price", "Retail", "Rate", "Amount")),
    FieldSpec("description", "Description", most=4_000, example="Clean coils, check charge and electrics",
              synonyms=("Details", "Notes", "Long description")),
    FieldSpec("archived", "Archived", parse=cells.parse_yes, synonyms=("Inactive", "Discontinued"),
              hint="Yes takes an item off sale."),
)  # fmt: skip


def natural_key(values: Values) -> str | None:
    return f"code:{values['code'].casefold()}" if values["code"] else f"name:{cells.plain(values['name'])}"


class Known(NamedTuple):
    """An item that is there, as far as names go."""

    id: int
    name: str
    code: str
    hint: str


def prepare(rows: Sequence[Values], ctx: Context) -> None:
    """Read the items that some rows may mean, at once."""
    codes = {v["code"] for v in rows if v["code"]}
    names = {v["name"].lower() for v in rows}
    statement = select(Item).where(
        Item.tenant_id == context.tenant_id(), Item.code.in_(codes) | func.lower(Item.name).in_(names)
    )
    ctx.memo["items"] = {i.id: _known(i) for i in db.session.scalars(statement)}


def check(values: Values, ctx: Context) -> Outcome:
    """Compare a row with the price book. What the file leaves empty stays as it is."""
    found = _like(values, ctx)
    if len(found) > 1:
        question = Problem("name", f"Several items are called {values['name']}.")
        return Outcome(UNSURE, [question], [Choice(i.id, i.name, i.hint) for i in found])
    category_id, also, problem = _category(values, ctx)
    if problem is not None:
        return Outcome(WRONG, [problem])
    changes = rules.cleaned(_given(values) | ({"category_id": category_id} if category_id else {}))
    if not found:
        return Outcome(NEW, also=also)
    item = get(Item, found[0].id)
    found_changes = cells.compared(item, changes, {"category_id": ("category", _category_name)})
    if also:
        found_changes.append(Change("category", _category_name(item.category_id), values["category"]))
    return Outcome(CHANGED if found_changes else SAME, record_id=item.id, also=also, changes=found_changes)


def write(values: Values, ctx: Context) -> int:
    """Add an item, or change the one that is meant, making its category where needed."""
    changes = _given(values)
    if values["category"]:
        category_id, _, problem = _category(values, ctx)
        if problem is not None:
            raise errors.Invalid.one(problem.field, problem.message)
        changes["category_id"] = category_id or service.create_category({"name": values["category"]}).id
    answers = ctx.answers
    found = [i.id for i in _like(values, ctx)] if answers is None else answers
    if len(found) > 1:
        raise errors.Conflict(f"Several items are called {values['name']} by now. Import this row again.")
    item = service.update(found[0], changes) if found else service.create(changes)
    ctx.memo["items"][item.id] = _known(item)
    return item.id


def _given(values: Values) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v is not None and k != "category"}


def _category(values: Values, ctx: Context) -> tuple[int | None, list[str], Problem | None]:
    """The category a row names, or what would be made, or why it cannot be."""
    name = values["category"]
    if not name:
        return None, [], None
    key = ("category", name.casefold())
    known = ctx.memo.get(key)
    if known is None:
        found = queries.category_named(name)
        if found is None:
            rules.cleaned_category({"name": name})
            return None, [f"Category {name}"], None
        known = ctx.memo[key] = (found.id, found.archived)
    if known[1]:
        return None, [], Problem("category", f"The category {name} is archived.")
    return known[0], [], None


def _category_name(category_id: int | None) -> str:
    return get(ItemCategory, category_id).name if category_id is not None else ""


def _like(values: Values, ctx: Context) -> list[Known]:
    """The item with this code; else those with this name and, where a code is given, without one of their own."""
    items: dict[int, Known] = ctx.memo["items"]
    coded = [i for i in items.values() if values["code"] and i.code == values["code"]]
    named = [i for i in items.values() if i.name.lower() == values["name"].lower()]
    return coded or [i for i in named if not (values["code"] and i.code)]


def _known(item: Item) -> Known:
    price = money.dollars(item.list_price_cents) if item.list_price_cents is not None else ""
    hint = " ".join(part for part in (item.code or "", price) if part)
    return Known(item.id, item.name, item.code or "", hint)


SPEC = register(
    ImportSpec(
        kind="items",
        title="Price book",
        permission=EDIT,
        fields=FIELDS,
        check=check,
        write=write,
        natural_key=natural_key,
        prepare=prepare,
        record_url="/items/{}",
        list_url="/items",
        one="item",
        many="items",
        help="What is sold, with list prices and categories.",
    )
)
