"""Examples for the APIs' reference, made from the schemas: a request or an answer as it might really be.

The kit knows how each kind of value is written; what things are called, it is told (`values`): by the name of a field,
or more exactly by `Schema.field`, where the schema may be the beginning of its title. `null` names fields that are
mostly empty, `Schema:left out` those that an example of it does not have.
"""

import re
from collections.abc import Mapping
from typing import Any

_FORMATS: dict[str, Any] = {
    "date": "2026-03-15",
    "date-time": "2026-03-15T14:30:00Z",
    "time": "09:00:00",
    "uuid": "8c2f0a14-0c8a-4a3a-9a4d-3e0f1d6c2a91",
    "email": "name@example.com",
    "uri": "https://example.com",
    "binary": "",
}
_DEEPEST = 6  # a schema that contains itself ends here


class Samples:
    """Makes examples of the schemas of one document."""

    def __init__(self, definitions: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        self.definitions, self.values = definitions, values

    def of(self, schema: Mapping[str, Any], name: str = "", owner: str = "", depth: int = 0) -> Any:
        """An example of a schema; `name` is that of the field it stands in, `owner` its object's title."""
        if "$ref" in schema:
            key = schema["$ref"].rpartition("/")[2]
            return self.of(self.definitions[key], name, key.rpartition("__")[2], depth)
        if "const" in schema:
            return schema["const"]
        if "example" in schema or schema.get("examples"):
            return schema["example"] if "example" in schema else schema["examples"][0]
        if "enum" in schema:
            told = self._told(name, owner)
            return told if told in schema["enum"] else schema["enum"][0]
        for several in ("anyOf", "oneOf", "allOf"):
            if several in schema:
                real = [one for one in schema[several] if one.get("type") != "null"]
                if len(real) < len(schema[several]) and name in self.values.get("null", ()):
                    return None
                return self.of(real[0], name, owner, depth) if real else None
        kind = schema.get("type", "object" if "properties" in schema else "")
        if isinstance(kind, list):
            kind = next((k for k in kind if k != "null"), "")
        if kind == "object":
            return self._object(schema, name, owner, depth)
        if kind == "array":
            return self._array(schema, name, owner, depth)
        return self._plain(kind, schema, name, owner)

    def _object(self, schema: Mapping[str, Any], name: str, owner: str, depth: int) -> Any:
        title = owner or str(schema.get("title", ""))
        if "properties" not in schema:
            told = self._told(name, owner)
            return told if isinstance(told, dict) else {}
        if depth >= _DEEPEST:
            return {}
        left_out = self.values.get(f"{title}:left out", ())
        return {
            field: self.of(part, field, title, depth + 1)
            for field, part in schema["properties"].items()
            if field not in left_out
        }

    def _array(self, schema: Mapping[str, Any], name: str, owner: str, depth: int) -> list[Any]:
        told = self._told(name, owner)
        if isinstance(told, list):
            return told
        if depth >= _DEEPEST or not schema.get("items") or schema.get("maxItems") == 0:
            return []
        return [self.of(schema["items"], name.removesuffix("s"), owner, depth + 1)] * max(
            1, schema.get("minItems", 1)
        )

    def _plain(self, kind: str, schema: Mapping[str, Any], name: str, owner: str) -> Any:
        told = self._told(name, owner)
        if kind == "boolean":
            return told if isinstance(told, bool) else bool(schema.get("default", False))
        if kind in ("integer", "number"):
            return _within(schema, told if isinstance(told, int | float) else _number(name, schema))
        if kind == "string":
            if told is None or not isinstance(told, str) or not _fits(schema, told):
                told = _FORMATS.get(schema.get("format", ""), name.replace("_", " ").capitalize())
            return told[: schema.get("maxLength", len(told))]
        return told

    def _told(self, name: str, owner: str) -> Any:
        """What was told for a field: by the longest beginning of its object's title, else by its name alone."""
        for end in range(len(owner), 2, -1):
            if (found := self.values.get(f"{owner[:end]}.{name}")) is not None:
                return found
        return self.values.get(name)


def _number(name: str, schema: Mapping[str, Any]) -> Any:
    if "default" in schema and schema["default"] is not None:
        return schema["default"]
    for ending, value in (("_cents", 150_000), ("_bps", 750), ("_minutes", 60), ("_id", 42), ("_ids", 42)):
        if name.endswith(ending):
            return value
    return 42 if name == "id" else 1


def _within(schema: Mapping[str, Any], value: Any) -> Any:
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None and value < least:
        return least
    return most if most is not None and value > most else value


def _fits(schema: Mapping[str, Any], value: str) -> bool:
    if schema.get("format") in ("date", "date-time", "uuid", "time"):
        return bool(re.fullmatch(r"[0-9a-fA-F:.TZ+-]+", value)) and len(value) == len(
            _FORMATS[schema["format"]]
        )
    return "pattern" not in schema or bool(re.search(schema["pattern"], value))
