"""Lists of the office: what their URL says, read once; rows by keyset; saved views.

The template macros of `components/table.html` and `components/filters.html` work on :class:`ListQuery` and
:class:`Rows` (see `docs/ui.md`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from flask import current_app, request
from sqlalchemy import ColumnElement, and_, or_

from webapp.kit import errors, paging
from webapp.kit.db import db

PER_PAGE = 50
RESERVED = {"after", "before", "format", "sort", "dir", "cols", "view", "csrf_token"}


@dataclass(slots=True)
class Sort:
    """One way to order a list: a column, and whether it starts descending."""

    column: Any  # of a model, or an expression
    descending: bool = False
    read: Any = None  # turns the cursor's JSON value back into the column's type


@dataclass(slots=True)
class Rows:
    """A page of rows as the table macro takes it."""

    rows: Sequence[Any]
    total: int | None = None
    next: str | None = None
    previous: str | None = None
    first: int | None = None


@dataclass(slots=True)
class ListQuery:
    """The URL of a list, understood."""

    path: str
    pairs: list[tuple[str, str]]
    sort: str
    direction: str
    cols: list[str] | None = None
    view: str | None = None
    after: str | None = None
    before: str | None = None
    labels: dict[str, str] = field(default_factory=dict)  # filter name → its label
    words: dict[str, dict[str, str]] = field(default_factory=dict)  # filter name → value → words

    @property
    def params(self) -> list[tuple[str, str]]:
        return [(k, v) for k, v in self.pairs if k not in ("after", "before", "format")]

    def get(self, name: str) -> str:
        return next((v for k, v in self.pairs if k == name), "")

    def getlist(self, name: str) -> list[str]:
        return [v for k, v in self.pairs if k == name and v]

    def date(self, name: str) -> date | None:
        """A filter that is a day; a wrong one counts as not given, and so does one at the end of the calendar, which has no
        day after it."""
        try:
            found = date.fromisoformat(self.get(name))
        except ValueError:
            return None
        return found if 1 < found.year < date.max.year else None

    def numbers(self, name: str) -> list[int]:
        return [int(v) for v in self.getlist(name) if v.isascii() and v.isdigit() and len(v) < 19]

    def url(self, **changes: Any) -> str:
        """The present URL with changes; None removes, a list repeats; a cursor stays only when given."""
        kept = [(k, v) for k, v in self.params if k not in changes]
        for name, value in changes.items():
            values = value if isinstance(value, list | tuple) else [value]
            kept += [(name, str(v)) for v in values if v is not None and v != ""]
        return f"{self.path}?{urlencode(kept)}" if kept else self.path

    @property
    def filters(self) -> list[dict[str, Any]]:
        """The chips: each filter in force, in words, with the URL that lifts it."""
        chips = []
        for name, value in self.pairs:
            if name in RESERVED or name == "q" or not value or name not in self.labels:
                continue
            others = [v for k, v in self.pairs if k == name and v != value]
            chips.append({"name": name, "label": self.labels[name], "value": value,
                          "text": self.words.get(name, {}).get(value) or _in_words(value),
                          "clear_url": self.url(**{name: others or None})})  # fmt: skip
        return chips


_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def _in_words(value: str) -> str:
    """What a filter holds as people say it: a day as everywhere else, anything else as it is."""
    if not _DAY.fullmatch(value):
        return value
    try:
        say: Any = current_app.jinja_env.globals["date_words"]  # in the organization's zone
        return str(say(date.fromisoformat(value), "date"))
    except ValueError:
        return value


def read(sorts: Mapping[str, Sort], default: str, *, labels: Mapping[str, str] | None = None,
         words: Mapping[str, Mapping[str, str]] | None = None) -> ListQuery:  # fmt: skip
    """Understand the present request's URL. An unknown sort falls back to the default."""
    pairs = [(k, v.replace("\x00", "")) for k, v in request.args.items(multi=True)]
    values = dict(pairs)
    sort = values.get("sort", "")
    sort = sort if sort in sorts else default
    first = "desc" if sorts[sort].descending else "asc"
    direction = values.get("dir", "") if values.get("sort") == sort else first
    return ListQuery(
        path=request.path,
        pairs=pairs,
        sort=sort,
        direction=direction if direction in ("asc", "desc") else first,
        # without JavaScript the chooser repeats the parameter: cols=a&cols=b
        cols=[c for k, v in pairs if k == "cols" for c in v.split(",") if c] or None,
        view=values.get("view"),
        after=values.get("after"),
        before=values.get("before"),
        labels=dict(labels or {}),
        words={k: dict(v) for k, v in (words or {}).items()},
    )


def rows(statement: Any, query: ListQuery, sorts: Mapping[str, Sort], key: Any, *,
         total: int | None = None, per_page: int = PER_PAGE) -> Rows:  # fmt: skip
    """One page of a list by keyset: rows after or before the cursor, ordered by the sort and then by `key`.

    `statement` must select `key` under the name `id`. Raises BadRequest for a forged cursor.
    """
    sort = sorts[query.sort]
    descending = query.direction == "desc"
    backwards = bool(query.before)
    token = query.before or query.after
    step_down = descending != backwards
    statement = statement.add_columns(sort.column.label("_sort"))
    if token:
        values = paging.decode(token)
        if values.get("s") != query.sort or "v" not in values or not isinstance(values.get("i"), int):
            raise errors.BadRequest(
                "This page of the list does not exist any more; go back to its first page."
            )
        value = values["v"]
        if value is not None:
            value = sort.read(value) if sort.read else _typed(sort.column, value)
        statement = statement.where(_further(sort.column, value, key, values["i"], step_down, backwards))
    ordered = statement.order_by(
        _ordered(sort.column, step_down, backwards), key.desc() if step_down else key.asc()
    )
    found = list(db.session.execute(ordered.limit(per_page + 1)).all())
    more = len(found) > per_page
    found = found[:per_page]
    if backwards:
        found.reverse()

    def cursor(row: Any) -> str:
        return paging.encode({"s": query.sort, "v": _micro(row._sort), "i": row.id})

    page = Rows(found, total)
    if found:
        page.next = cursor(found[-1]) if more or backwards else None
        page.previous = cursor(found[0]) if (query.after or (backwards and more)) else None
    if not token:
        page.first = 1
    return page


def _further(
    column: Any, value: Any, key: Any, last: int, descending: bool, backwards: bool
) -> ColumnElement[bool]:
    """Rows beyond a cursor. Rows without a value stand at the end of the list, whichever way it is ordered."""
    beyond_key: ColumnElement[bool] = key < last if descending else key > last
    if value is None:
        same: ColumnElement[bool] = and_(column.is_(None), beyond_key)
        return or_(same, column.is_not(None)) if backwards else same
    further = paging.after([(column, value, descending), (key, last, descending)])
    return or_(further, column.is_(None)) if _nullable(column) and not backwards else further


def _ordered(column: Any, descending: bool, backwards: bool) -> Any:
    way = column.desc() if descending else column.asc()
    if not _nullable(column):
        return way
    return way.nulls_first() if backwards else way.nulls_last()


def _nullable(column: ColumnElement[Any]) -> bool:
    return bool(getattr(column, "nullable", False))


def _micro(value: Any) -> Any:
    # the kit's cursors keep milliseconds; a keyset needs every microsecond
    return value.isoformat() if isinstance(value, datetime) else value


def _typed(column: ColumnElement[Any], value: Any) -> Any:
    kind = column.type.python_type
    try:
        if kind is datetime:
            return datetime.fromisoformat(value)
        if kind is date:
            return date.fromisoformat(value)
        return kind(value)
    except (TypeError, ValueError):
        raise errors.BadRequest(
            "This page of the list does not exist any more; go back to its first page."
        ) from None
