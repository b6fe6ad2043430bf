"""Sales found by words: their number, or the beginnings of words of customer, item and technician."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, literal, or_, select, union_all

from webapp.kit import search
from webapp.kit.db import rows
from webapp.models import Sale

PLACES: dict[str, Any] = {
    "customer": Sale.customer_id,
    "item": Sale.item_id,
    "technician": Sale.technician_id,
    "sale": Sale.id,  # the name on a sale whose customer is not settled
}
MOST_WORDS = 6
FEW = 500
"""So many records that a word names are looked up first, so that PostgreSQL can begin with them."""


def conditions(q: str) -> list[ColumnElement[bool]]:
    """Conditions that every word of `q` begins a word of a sale's customer, item or technician, or is its number.

    None without a word. One query looks up what the words name: within an OR a subquery can use no index, so that a
    rare word would walk all sales; a common one walks them in their order and soon has a page.
    """
    wanted = search.words(q)[:MOST_WORDS]
    if not wanted:
        return []
    named = _named(wanted)
    found = [_any_place(word, named) for word in wanted]
    number = _number(q.strip().lstrip("#"))
    # a long number may be the sale's own, or part of a telephone number
    return found if number is None else [or_(Sale.number == number, and_(*found))]


def _named(wanted: Sequence[str]) -> dict[tuple[str, str], list[int]]:
    """The records that begin with each word, by word and kind; one more than FEW where there are more."""
    parts = []
    for word in wanted:
        for kind in PLACES:
            matching = search.matching(kind, word)
            assert matching is not None  # it is a word
            one = matching.limit(FEW + 1).subquery()
            parts.append(select(literal(word).label("word"), literal(kind).label("kind"), one.c.record_id))
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row in rows(union_all(*parts)):
        found[row.word, row.kind].append(row.record_id)
    return found


def _any_place(word: str, named: dict[tuple[str, str], list[int]]) -> ColumnElement[bool]:
    # no sale has the number 0; beside it, within an OR, a subquery is read once and hashed. Alone it would become a
    # join, whose order PostgreSQL guesses wrongly among tables that all carry the tenant: 3 s instead of 0.1
    found = [Sale.number == (_number(word) or 0)]
    for kind, column in PLACES.items():
        ids = named[word, kind]
        if len(ids) > FEW:
            found.append(and_(*search.conditions(kind, word, column)))
        elif ids:
            found.append(column.in_(ids))
    return or_(*found)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
