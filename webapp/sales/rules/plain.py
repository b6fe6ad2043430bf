"""What all the sales rules share: values that become plain JSON, and lists of words in a sentence."""

from collections.abc import Sequence
from dataclasses import Field
from datetime import date
from typing import Any, ClassVar, TypeAlias

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | bool | None"


class Jsonable:
    """Gives a dataclass `as_json()`: field names as keys, dates as ISO 8601, tuples as lists."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    def as_json(self) -> dict[str, JsonValue]:
        """This value as what `json.dumps` takes; money stays integer cents and rates basis points."""
        return {
            name: value if (value := getattr(self, name)).__class__ in _AS_IT_IS else _plain(value)
            for name in self.__dataclass_fields__
        }


_AS_IT_IS = frozenset({int, str, bool, type(None)})


def _plain(value: object) -> JsonValue:
    if isinstance(value, Jsonable):
        return value.as_json()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} has no place in the JSON of a sales rule")


def listed(words: Sequence[str], joiner: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {joiner} {words[-1]}"
