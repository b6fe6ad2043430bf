"""Two ways through a list: numbered pages (field API) and cursors (growth API, pages of the office)."""

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

import orjson
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import ColumnElement, Select, and_, false, func, or_, select

from webapp.kit import clock, errors
from webapp.kit.db import db

T = TypeVar("T")
DEFAULT, MOST = 50, 200
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _day_in_utc(value: Any) -> Any:
    return f"{value}T00:00:00Z" if isinstance(value, str) and _DAY.fullmatch(value) else value


class PageQuery(BaseModel):
    """`page` (from 1) and `limit` (50, at most 200) of the field API's lists; other parameters are refused."""

    model_config = ConfigDict(extra="forbid")
    page: int = Field(1, ge=1, le=10_000_000)
    limit: int = Field(DEFAULT, ge=1, le=MOST)
    updated_since: Annotated[AwareDatetime, BeforeValidator(_day_in_utc)] | None = Field(
        None,
        description="Only records changed at or after this moment: ISO 8601 with its zone, or a day, which begins in UTC",
    )


class CursorQuery(BaseModel):
    """`cursor` and `limit` of the growth API's lists."""

    model_config = ConfigDict(extra="forbid")
    cursor: str | None = Field(None, max_length=500)
    limit: int = Field(DEFAULT, ge=1, le=MOST)


@dataclass(slots=True)
class Page(Generic[T]):
    """One numbered page of a list."""

    items: Sequence[T]
    total: int
    page: int
    limit: int

    @property
    def total_pages(self) -> int:
        return -(-self.total // self.limit)


@dataclass(slots=True)
class Slice(Generic[T]):
    """One piece of a list that is read by cursor."""

    items: Sequence[T]
    next_cursor: str | None = None
    previous_cursor: str | None = None
    total: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def encode(values: dict[str, Any]) -> str:
    """An opaque cursor: base64url of JSON without padding."""
    plain = {k: clock.iso_ms(v) if isinstance(v, datetime) else str(v) if isinstance(v, date) else v
             for k, v in values.items()}  # fmt: skip
    return base64.urlsafe_b64encode(orjson.dumps(plain)).rstrip(b"=").decode()


def decode(cursor: str) -> dict[str, Any]:
    """The values of :func:`encode`. Raises BadRequest on anything else."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error):
        found = None
    if not isinstance(found, dict):
        raise errors.BadRequest("cursor is not one that this API gave out.")
    return found


def count(statement: Select[Any]) -> int:
    """How many rows a statement has."""
    return int(db.session.scalar(select(func.count()).select_from(statement.order_by(None).subquery())) or 0)


def numbered(
    statement: Select[Any],
    query: PageQuery,
    shape: Callable[[Any], T],
    *,
    total: int | None = None,
    scalars: bool = False,
) -> Page[T]:
    """Read one numbered page of an ordered statement; `shape` makes an item of a row."""
    if total is None:
        total = count(statement)
    bounded = statement.limit(query.limit).offset((query.page - 1) * query.limit)
    found: Any = ()
    if (query.page - 1) * query.limit < total:  # past the end nothing is read
        found = db.session.scalars(bounded).all() if scalars else db.session.execute(bounded).all()
    return Page([shape(row) for row in found], total, query.page, query.limit)


def after(columns: Sequence[tuple[ColumnElement[Any], Any, bool]]) -> ColumnElement[bool]:
    """The keyset condition “further on than these values”: (column, value, descending) in order of the sort."""
    alternatives: list[ColumnElement[bool]] = []
    for position, (column, value, descending) in enumerate(columns):
        equal = [c == v for c, v, _ in columns[:position]]
        further = column < value if descending else column > value
        alternatives.append(and_(*equal, further))
    if len({d for _, _, d in columns}) == 1 and len(columns) > 1:
        # one direction: also say it as a plain bound on the first column, which an index can start from
        column, value, descending = columns[0]
        bound = column <= value if descending else column >= value
        return and_(bound, or_(*alternatives))
    return or_(false(), *alternatives)
