"""Pure rules: which column is which field, what a row's cells mean, and by what a row is known again."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import orjson

from webapp.imports.registry import Change, Context, FieldSpec, ImportSpec, Problem, Values
from webapp.kit import clean, money


def plain(text: str) -> str:
    """A heading without case, accents, spaces and punctuation: `E-Mail *` → `email`."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in decomposed if c.isalnum())


def recognise(spec: ImportSpec, header: Sequence[str]) -> dict[str, str]:
    """Our field → column, as far as the headings tell. Each column is used once; names go before synonyms."""
    columns: dict[str, str] = {}
    for column in header:
        columns.setdefault(plain(column), column)
    found: dict[str, str] = {}
    for known in (_names, _synonyms):
        for field in spec.fields:
            if field.name in found:
                continue
            for name in known(field):
                candidate = columns.get(plain(name))
                if candidate is not None and candidate not in found.values():
                    found[field.name] = candidate
                    break
    return found


def _names(field: FieldSpec) -> tuple[str, ...]:
    return field.name, field.label


def _synonyms(field: FieldSpec) -> tuple[str, ...]:
    return field.synonyms


def mapping_problems(spec: ImportSpec, mapping: Mapping[str, str], header: Sequence[str]) -> dict[str, str]:
    """What is wrong with a mapping, by field: a required one without a column, a column used twice or gone."""
    found: dict[str, str] = {}
    used: dict[str, str] = {}
    for field in spec.fields:
        column = mapping.get(field.name, "")
        if not column:
            if field.required:
                found[field.name] = f"Choose the column that holds the {lower(field.label)}."
            continue
        if column not in header:
            found[field.name] = f"The file has no column “{column}”."
        elif column in used:
            found[field.name] = f"“{column}” is already used for {used[column]}."
        used.setdefault(column, field.label)
    return found


def lower(label: str) -> str:
    """A label inside a sentence: `Name` → `name`, but `ZIP code` stays."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


@dataclass(frozen=True, slots=True)
class Understood:
    """A row's values, and what is wrong with its cells."""

    values: Values
    problems: list[Problem]


def understand(
    spec: ImportSpec, cells: Sequence[str], places: Mapping[str, int], context: Context
) -> Understood:
    """Parse the mapped cells of a row. `places`: field name → position of its cell."""
    values: Values = {}
    problems: list[Problem] = []
    for field in spec.fields:
        place = places.get(field.name)
        text = cells[place] if place is not None and place < len(cells) else ""
        values[field.name] = None
        if not text:
            if field.required:
                problems.append(Problem(field.name, f"{field.label} is missing."))
            continue
        if len(text) > field.most:
            problems.append(
                Problem(
                    field.name, f"{field.label} has {len(text):,} characters; at most {field.most:,} fit."
                )
            )
            continue
        try:
            values[field.name] = field.parse(text, context) if field.parse else text
        except ValueError as problem:
            problems.append(Problem(field.name, str(problem)))
    return Understood(values, problems)


def places_of(mapping: Mapping[str, str], header: Sequence[str]) -> dict[str, int]:
    """Field name → position of its column."""
    return {name: header.index(column) for name, column in mapping.items() if column in header}


def row_key(spec: ImportSpec, values: Values, occurrence: int) -> bytes:
    """By what a row is known again: its natural key, or its content and the how-manieth of that content it is."""
    natural = spec.natural_key(values)
    what: Any = ["key", natural] if natural is not None else ["row", _content(values), occurrence]
    return hashlib.sha256(orjson.dumps([spec.kind, what])).digest()


def content_hash(values: Values) -> int:
    """A number for a row's content, to count equal rows with."""
    return int.from_bytes(hashlib.sha256(orjson.dumps(_content(values))).digest()[:8])


def _content(values: Values) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in sorted(values.items()) if value is not None]


# Parsers that domains share -----------------------------------------------------------------------

_NUMERIC_DATE = re.compile(r"^(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T].*)?$")
_WORD_DATE = re.compile(
    r"^(?:[a-z]{3,9},?\s+)?(?:(\d{1,2})[ .-]+([a-z]{3,9})|([a-z]{3,9})[ .]+(\d{1,2})),?[ .-]+(\d{4})$",
    re.IGNORECASE,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def parse_date(text: str, context: Context) -> date:
    """A day: 2026-03-15, 3/15/2026, 3/15/26, 15 Mar 2026, March 15, 2026. Numbers are month first, as in the US."""
    found = _numeric_date(text) or _word_date(text)
    if found is None:
        raise ValueError(f"“{text[:40]}” is no date; write 2026-03-15 or 3/15/2026.")
    try:
        return date(*found)
    except ValueError:
        raise ValueError(f"There is no day “{text[:40]}”; write 2026-03-15 or 3/15/2026.") from None


def _numeric_date(text: str) -> tuple[int, int, int] | None:
    match = _NUMERIC_DATE.match(text)
    if not match:
        return None
    first, second, third = match.groups()
    if len(first) == 4:
        return int(first), int(second), int(third)
    if len(third) == 2:
        return 2000 + int(third), int(first), int(second)
    return (int(third), int(first), int(second)) if len(third) == 4 and len(first) <= 2 else None


def _word_date(text: str) -> tuple[int, int, int] | None:
    match = _WORD_DATE.match(text)
    if not match:
        return None
    day, month = match[1] or match[4], (match[2] or match[3])[:3].lower()
    return (int(match[5]), _MONTHS.index(month) + 1, int(day)) if month in _MONTHS else None


def parse_money(text: str, context: Context) -> int:
    """Dollars as cents: 1500, 1,500.00, $1,500.5."""
    bare = text.replace("$", "").replace("USD", "").replace(" ", "").replace("\u00a0", "")
    if re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", bare):
        bare = bare.replace(",", "")
    try:
        return money.parse_cents(bare)
    except ValueError:
        raise ValueError(f"“{text[:40]}” is no amount in dollars; write 1500.00.") from None


def parse_yes(text: str, context: Context) -> bool:
    """Yes or no."""
    word = text.casefold()
    if word in {"yes", "y", "true", "1", "x", "on"}:
        return True
    if word in {"no", "n", "false", "0", "off", "-"}:
        return False
    raise ValueError(f"“{text[:40]}” is neither yes nor no.")


Named = tuple[str, Callable[[Any], str]]


def compared(
    record: Any, wanted: Mapping[str, Any], names: Mapping[str, Named] | None = None
) -> list[Change]:
    """What of a record would be otherwise: each column of `wanted` that differs, before and after in words.

    `names` gives columns another field of ours, and their own words: `{"category_id": ("category", name_of)}`.
    """
    found = []
    for column, value in wanted.items():
        held = getattr(record, column)
        if held != value:
            field, say = (names or {}).get(column, (column, partial(in_words, column)))
            found.append(Change(field, say(held), say(value)))
    return found


def in_words(column: str, value: Any) -> str:
    """A value as people read it: dollars, dates as on the pages, yes and no; nothing is ""."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if column.endswith("_cents"):
        return money.dollars(value)
    if isinstance(value, date):
        return f"{value:%b} {value.day}, {value.year}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    if column == "phone":
        return clean.phone_words(value)
    if column.endswith(("_type", "status")):
        return str(value).replace("_", " ").capitalize()
    return f"{value:,}" if isinstance(value, int) and "miles" in column else str(value)


def one_of(words: Mapping[str, str]) -> Any:
    """A parser for a closed list: what people write (any case) → our value. The first word of each is offered."""
    known = {plain(word): value for word, value in words.items()}
    firsts: dict[str, str] = {}
    for word, value in words.items():
        firsts.setdefault(value, word)
    offered = ", ".join(firsts.values())

    def parse(text: str, context: Context) -> str:
        found = known.get(plain(text))
        if found is None:
            raise ValueError(f"“{text[:40]}” is not one of {offered}.")
        return found

    return parse


def template(spec: ImportSpec) -> list[list[str]]:
    """The header and one example row of a kind."""
    fields: Sequence[FieldSpec] = spec.fields
    return [[f.label for f in fields], [f.example for f in fields]]
