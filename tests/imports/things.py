"""A kind of import for tests: tools, kept as items of the price book, with makers as their categories."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import func, select

from webapp.accounts.permissions import OFFICE_USE
from webapp.imports import registry, rules
from webapp.imports.registry import Choice, Context, FieldSpec, ImportSpec, Outcome, Problem, Values
from webapp.kit import context, errors
from webapp.kit.db import add, db, get
from webapp.models import Item, ItemCategory

FIELDS = (
    FieldSpec(
        "name", "Name", required=True, synonyms=("Tool", "Description of tool"), example="Manifold gauge"
    ),
    FieldSpec("code", "Code", synonyms=("SKU", "Part number"), example="MG-4"),
    FieldSpec("price", "Price", synonyms=("Cost",), parse=rules.parse_money, example="129.00"),
    FieldSpec("maker", "Maker", synonyms=("Brand",), example="Fieldpiece"),
    FieldSpec("bought", "Bought on", parse=rules.parse_date, example="2026-03-15"),
)


def find(values: Values) -> Item | None:
    if not values["code"]:
        return None
    return db.session.scalar(
        select(Item).where(Item.tenant_id == context.tenant_id(), Item.code == values["code"])
    )


def makers(name: str) -> list[ItemCategory]:
    """Those whose name begins so: `Ac` may be Acme or Action."""
    statement = select(ItemCategory).where(ItemCategory.tenant_id == context.tenant_id())
    return list(db.session.scalars(statement.where(func.lower(ItemCategory.name).startswith(name.lower()))))


def check(values: Values, ctx: Context) -> Outcome:
    if values["name"] == "Forbidden":
        raise errors.Invalid.one("name", "Nobody may have this tool.")
    item = find(values)
    also: list[str] = []
    if values["maker"]:
        known = makers(values["maker"])
        if len(known) > 1 and values["maker"].lower() not in {m.name.lower() for m in known}:
            choices = [Choice(m.id, m.name, "maker") for m in known]
            question = Problem("maker", f"Several makers begin with “{values['maker']}”.")
            return Outcome(registry.UNSURE, [question], choices)
        if not known:
            also.append(f"Maker {values['maker']}")
    if item is None:
        return Outcome(registry.NEW, also=also)
    same = item.name == values["name"] and item.list_price_cents == values["price"]
    return Outcome(registry.SAME if same else registry.CHANGED, record_id=item.id)


def write(values: Values, ctx: Context) -> int:
    if values["name"] == "Refused":
        add(ItemCategory(name="half written"))
        raise errors.Conflict("Somebody else took it.")
    item = find(values)
    if item is not None:
        item.name, item.list_price_cents = values["name"], values["price"]
        return item.id
    return add(Item(name=values["name"], code=values["code"], list_price_cents=values["price"],
                    category_id=_maker(values, ctx))).id  # fmt: skip


def _maker(values: Values, ctx: Context) -> int | None:
    if not values["maker"]:
        return None
    if ctx.chosen and ctx.chosen != "new":
        return get(ItemCategory, int(ctx.chosen)).id
    key = ("maker", values["maker"].lower())
    if key not in ctx.memo:
        known = [m for m in makers(values["maker"]) if m.name.lower() == values["maker"].lower()]
        ctx.memo[key] = known[0].id if known else add(ItemCategory(name=values["maker"])).id
    found: int = ctx.memo[key]
    return found


TOOLS = ImportSpec(
    kind="tools", title="Tools", permission=OFFICE_USE, fields=FIELDS, check=check, write=write,
    natural_key=lambda values: values["code"], record_url="/tools/{}", list_url="/tools", one="tool", many="tools",
    asks_for="maker", help="One row per tool.",
)  # fmt: skip


@contextmanager
def registered() -> Iterator[None]:
    before = dict(registry.SPECS)
    registry.register(TOOLS)
    try:
        yield
    finally:
        registry.SPECS.clear()
        registry.SPECS.update(before)
