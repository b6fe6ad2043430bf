"""What lists of the office share beyond :mod:`webapp.kit.listing`: columns in view, counts, ticked rows."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from flask import request

from webapp.kit import errors, paging
from webapp.kit.listing import ListQuery, Sort

COUNTED = 10_000  # beyond this a list says “and more” instead of counting
MOST = 2_000  # rows that one bulk action may change


def shown(columns: Sequence[Mapping[str, Any]], query: ListQuery) -> list[str]:
    """Keys of the columns in view, as the table macro decides it."""
    return [
        str(c["key"])
        for c in columns
        if c.get("always") or (c["key"] in query.cols if query.cols else not c.get("hidden"))
    ]


def chosen(
    columns: Sequence[Mapping[str, Any]], query: ListQuery, sources: Mapping[str, Sequence[Any]]
) -> list[Any]:
    """The CSV columns of what is shown: `sources` gives those of each column's key."""
    return [source for key in shown(columns, query) for source in sources.get(key, ())]


def ordered(statement: Any, query: ListQuery, sorts: Mapping[str, Sort], key: Any) -> Any:
    """A statement in the order the list is in, for its CSV."""
    column = sorts[query.sort].column
    down = query.direction == "desc"
    return statement.order_by(column.desc() if down else column, key.desc() if down else key)


def tabbed(query: ListQuery, tabs: Sequence[tuple[str, str]], counts: Mapping[str, int] | None = None, *,
           saved: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:  # fmt: skip
    """A list's states as tabs, and the saved views behind them, for `ui.views`.

    `tabs` are values of the parameter `state` with their words, the usual one first and empty. With `counts` a state
    that nothing is in has no tab, unless it is the usual one, the present one, or `all`.
    """
    state = query.get("state")
    if query.view is None and any(state == value for value, _ in tabs):
        query.view = state or None
    found: list[dict[str, Any]] = []
    for value, label in tabs:
        count = counts.get(value) if counts is not None else None
        if count == 0 and value not in ("", "all", state):
            continue
        tab = {
            "key": value,
            "label": label,
            "url": f"{query.path}?state={value}&view={value}" if value else query.path,
        }
        found.append(tab if count is None else {**tab, "count": count})
    return [*found, *saved]


def total(statement: Any) -> int | None:
    """How many rows a list has; None above :data:`COUNTED`."""
    found = paging.count(statement.order_by(None).limit(COUNTED + 1))
    return found if found <= COUNTED else None


def selected(everything: Callable[[int], list[int]]) -> list[int]:
    """Ids of the rows that a bulk action is for: the ticked ones, or all that match.

    `everything` reads up to so many ids of the filter in force. Raises Conflict for none or too many.
    """
    if request.form.get("everything") == "1":
        found = everything(MOST + 1)
    else:
        given = request.form.getlist("ids")
        found = list(dict.fromkeys(int(v) for v in given if v.isascii() and v.isdigit() and len(v) < 19))
    if not found:
        raise errors.Conflict("Tick at least one row first.")
    if len(found) > MOST:
        raise errors.Conflict(f"That is more than {MOST:,} rows at once. Narrow the list first.")
    return found


def back_to(path: str, query: ListQuery) -> str:
    """The list a bulk action came from, with its filters."""
    return f"{path}?{urlencode(query.params)}" if query.params else path
