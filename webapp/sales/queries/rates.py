"""Reading commission rates: all of them, one place of the hierarchy, and the matrix of technicians and items."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, Row, Select, and_, case, cast, func, or_, select
from sqlalchemy.dialects.postgresql import array

from webapp.kit import context, csv, search
from webapp.kit.db import db, rows
from webapp.models import CommissionRate, Item, ItemCategory, Technician
from webapp.sales import rules
from webapp.sales.queries.figures import RATE_COLUMNS, rule_of
from webapp.technicians import queries as technicians


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the hierarchy: a technician, an item or a category, some of them, or none for the company's default."""

    technician_id: int | None = None
    item_id: int | None = None
    category_id: int | None = None

    @property
    def level(self) -> rules.Level:
        """The level of the hierarchy that this is."""
        if self.technician_id is not None:
            if self.item_id is not None:
                return "technician_item"
            return "technician" if self.category_id is None else "technician_category"
        if self.item_id is not None:
            return "item"
        return "company" if self.category_id is None else "category"


def at(place: Place) -> list[ColumnElement[bool]]:
    """What narrows a statement over rates to one place."""
    parts = (
        (CommissionRate.technician_id, place.technician_id),
        (CommissionRate.item_id, place.item_id),
        (CommissionRate.category_id, place.category_id),
    )
    return [
        CommissionRate.tenant_id == context.tenant_id(),
        *(column.is_(None) if value is None else column == value for column, value in parts),
    ]


def listed() -> Select[Any]:
    """All rates with the names of what they are for, the most general first."""
    order = func.array_position(array(list(reversed(rules.LEVELS))), CommissionRate.level)
    return (
        select(
            *RATE_COLUMNS, CommissionRate.updated_at, Technician.name.label("technician_name"),
            Item.name.label("item_name"), ItemCategory.name.label("category_name"),
        )
        .outerjoin(Technician, and_(Technician.tenant_id == CommissionRate.tenant_id,
                                    Technician.id == CommissionRate.technician_id))
        .outerjoin(Item, and_(Item.tenant_id == CommissionRate.tenant_id, Item.id == CommissionRate.item_id))
        .outerjoin(ItemCategory, and_(ItemCategory.tenant_id == CommissionRate.tenant_id,
                                      ItemCategory.id == CommissionRate.category_id))
        .where(CommissionRate.tenant_id == context.tenant_id())
        .order_by(order, CommissionRate.id)
    )  # fmt: skip


def named(place: Place) -> Row[Any] | None:
    """The rate at a place with its names, or None."""
    found: Row[Any] | None = db.session.execute(listed().where(*at(place))).one_or_none()
    return found


# The matrix -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """What applies at one place. `own`: it is set there; else it comes from `rule.level` above."""

    place: Place
    rule: rules.RateRule
    own: bool

    @property
    def short(self) -> str:
        """The rate in as few characters as tell it: `7.5%`, `$25`, `5–8%`."""
        return short(self.rule)


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the matrix: an item or a category, its own cell, and one for each technician."""

    id: int
    name: str
    hint: str
    own: Cell
    cells: tuple[Cell, ...]


@dataclass(slots=True)
class Matrix:
    """A page of the matrix. `company` is the default under all; `columns` are the technicians with their own rates."""

    columns: list[tuple[int, str, Cell]]
    lines: list[Line]
    company: Cell
    total: int
    page: int
    per_page: int


def short(rule: rules.RateRule) -> str:
    """A rate in as few characters as tell it."""
    if rule.structure == "flat":
        cents = rule.flat_cents or 0
        return f"${cents // 100:,}" + (f".{cents % 100:02d}" if cents % 100 else "")
    if rule.structure == "percentage":
        return _percent(rule.rate_bps or 0)
    rates = [tier.rate_bps for tier in rule.tiers]
    return f"{_percent(min(rates)).removesuffix('%')}–{_percent(max(rates))}" if rates else "tiered"


def _percent(bps: int) -> str:
    whole, rest = divmod(bps, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"


def matrix(kind: str, q: str, page: int, per_page: int, technician_ids: Sequence[int] = ()) -> Matrix:
    """A page of the matrix of technicians against `items` or `categories`, with what applies in each cell."""
    people = _people(technician_ids)
    found, total = (_items if kind == "items" else _categories)(q, page, per_page)
    stored = _rates([p.id for p in people], kind, found)
    company = _cell(stored, Place(), [Place()])
    columns = [(p.id, p.name, _cell(stored, Place(p.id), [Place(p.id), Place()])) for p in people]
    lines = [_line(kind, row, people, stored) for row in found]
    return Matrix(columns, lines, company, total, page, per_page)


def _people(technician_ids: Sequence[int]) -> Sequence[Row[Any]]:
    statement = select(Technician.id, Technician.name).where(
        Technician.tenant_id == context.tenant_id(), technicians.in_state("active", technicians.today())
    )
    if technician_ids:
        statement = statement.where(Technician.id.in_(technician_ids))
    return rows(statement.order_by(Technician.name, Technician.id).limit(200))


def _items(q: str, page: int, per_page: int) -> tuple[Sequence[Row[Any]], int]:
    statement = (
        select(
            Item.id, Item.name, Item.category_id, ItemCategory.name.label("category"), Item.list_price_cents,
            func.count().over().label("total"),
        )
        .outerjoin(ItemCategory, and_(ItemCategory.tenant_id == Item.tenant_id, ItemCategory.id == Item.category_id))
        .where(Item.tenant_id == context.tenant_id(), Item.archived.is_(False))
    )  # fmt: skip
    if q.strip():
        likely = func.strpos(func.lower(Item.name), q.strip().lower()) > 0
        begun = search.conditions("item", q, Item.id)
        statement = statement.where(or_(likely, and_(*begun)) if begun else likely)
    found = rows(statement.order_by(Item.name, Item.id).limit(per_page).offset((page - 1) * per_page))
    return found, found[0].total if found else 0


def _categories(q: str, page: int, per_page: int) -> tuple[Sequence[Row[Any]], int]:
    statement = select(
        ItemCategory.id,
        ItemCategory.name,
        ItemCategory.id.label("category_id"),
        func.count().over().label("total"),
    ).where(ItemCategory.tenant_id == context.tenant_id(), ItemCategory.archived.is_(False))
    if q.strip():
        statement = statement.where(func.strpos(func.lower(ItemCategory.name), q.strip().lower()) > 0)
    found = rows(
        statement.order_by(ItemCategory.name, ItemCategory.id).limit(per_page).offset((page - 1) * per_page)
    )
    return found, found[0].total if found else 0


def _rates(people: Sequence[int], kind: str, lines: Iterable[Any]) -> dict[Place, rules.RateRule]:
    """Every rate that could apply in a page of the matrix, by its place."""
    listed_lines = list(lines)
    items = [row.id for row in listed_lines] if kind == "items" else []
    categories = {row.category_id for row in listed_lines if row.category_id is not None}
    statement = listed().where(
        or_(CommissionRate.technician_id.is_(None), CommissionRate.technician_id.in_(people)),
        or_(CommissionRate.item_id.is_(None), CommissionRate.item_id.in_(items)),
        or_(CommissionRate.category_id.is_(None), CommissionRate.category_id.in_(categories)),
    )
    return {Place(r.technician_id, r.item_id, r.category_id): rule_of_named(r) for r in rows(statement)}


def rule_of_named(row: Any) -> rules.RateRule:
    """A row of :func:`listed` as the rules take it."""
    return rule_of(
        row, technician=row.technician_name or "", item=row.item_name or "", category=row.category_name or ""
    )


def _cell(stored: Mapping[Place, rules.RateRule], place: Place, chain: Sequence[Place]) -> Cell:
    for step in chain:
        if step in stored:
            return Cell(place, stored[step], own=step == place)
    return Cell(place, rules.NO_RATE, own=False)


def chain(place: Place, category_id: int | None) -> list[Place]:
    """The places a rate is looked for, most specific first; `category_id` is the item's."""
    who, item = place.technician_id, place.item_id
    category = place.category_id if item is None else category_id
    steps: list[Place] = []
    if who is not None and item is not None:
        steps.append(Place(who, item))
    if who is not None and category is not None:
        steps.append(Place(who, None, category))
    if item is not None:
        steps.append(Place(None, item))
    if category is not None:
        steps.append(Place(None, None, category))
    if who is not None:
        steps.append(Place(who))
    return [*steps, Place()]


def _line(kind: str, row: Any, people: Sequence[Any], stored: Mapping[Place, rules.RateRule]) -> Line:
    def place(technician_id: int | None) -> Place:
        return Place(technician_id, row.id) if kind == "items" else Place(technician_id, None, row.id)

    def cell(technician_id: int | None) -> Cell:
        here = place(technician_id)
        return _cell(stored, here, chain(here, row.category_id))

    hint = (row.category or "No category") if kind == "items" else ""
    return Line(row.id, row.name, hint, cell(None), tuple(cell(p.id) for p in people))


def file() -> Select[Any]:
    """Every rate as a row of a CSV file, percentages and dollars as people write them."""
    tier = func.jsonb_array_elements(CommissionRate.tiers).column_valued("tier")
    upto = cast(tier.op("->>")("up_to_cents"), BigInteger)
    rate = csv.percent(cast(tier.op("->>")("rate_bps"), Integer)).concat("%")
    tiers = select(
        func.string_agg(
            case(
                (upto.is_(None), rate.concat(" above")),
                else_=rate.concat(" up to $").concat(csv.dollars(upto)),
            ),
            ", ",
        )
    ).scalar_subquery()
    step = func.jsonb_array_elements(CommissionRate.discount_scale).column_valued("step")
    scale = select(
        func.string_agg(
            csv.percent(cast(step.op("->>")("discount_bps"), Integer))
            .concat("% off pays ")
            .concat(csv.percent(cast(step.op("->>")("pays_bps"), Integer)))
            .concat("%"),
            ", ",
        )
    ).scalar_subquery()
    return listed().with_only_columns(
        func.replace(CommissionRate.level, "_", " + ").label("Level"),
        csv.safe(Technician.name).label("Technician"),
        csv.safe(Item.name).label("Item"),
        csv.safe(ItemCategory.name).label("Category"),
        CommissionRate.structure.label("Structure"),
        csv.percent(CommissionRate.rate_bps).label("Rate %"),
        csv.dollars(CommissionRate.flat_cents).label("Flat amount"),
        tiers.label("Tiers"),
        csv.percent(CommissionRate.ov_rate_bps).label("Override %"),
        case((CommissionRate.discount_scale_enabled, "yes"), else_="no").label("Discount scale"),
        scale.label("Own scale"),
    )
