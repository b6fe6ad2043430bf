"""Inputs and outputs of an API, described: JSON Schema, the documents' older list form, and rows that people fill in.

Schemas are checked when they are saved, so that checking a value is bounded: references are written out (and may not go
in circles), the whole has an end, and patterns are such that their time grows with the text alone (RE2).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import re2
from jsonschema import Draft202012Validator, exceptions

from webapp.integrations.connectors import checking

EMPTY: dict[str, Any] = {"type": "object", "properties": {}}
MOST_TEXT = 64 * 1024  # characters of a schema
LONGEST = 4 * MOST_TEXT  # characters of one with its references written out
MOST_NODES = 2_000  # of a schema with its references written out
DEEPEST = 24
MOST_PROBLEMS = 8
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFUSED = ("$dynamicRef", "$recursiveRef", "$dynamicAnchor", "$anchor", "$id")
_WITH_SCHEMAS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_LITERAL = frozenset({"enum", "const", "default", "examples"})  # values, not schemas


class Wrong(ValueError):
    """A description that cannot be used; its text is for people."""


# Reading ----------------------------------------------------------------------------------------------------------


def read(text: str) -> dict[str, Any]:
    """A schema that somebody wrote or pasted: JSON Schema, or the list form. Raises Wrong."""
    if len(text) > MOST_TEXT:
        raise Wrong(f"This is longer than {MOST_TEXT // 1024} KB.")
    try:
        given = json.loads(text, parse_constant=_no_constant)
        text.encode()
        json.dumps(given, ensure_ascii=False).encode()
    except json.JSONDecodeError as problem:
        raise Wrong(
            f"This is not JSON: {problem.msg} (line {problem.lineno}, column {problem.colno})."
        ) from None
    except (ValueError, RecursionError):
        raise Wrong("This is not JSON that every program can read.") from None
    return compiled(given)


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def compiled(given: Any) -> dict[str, Any]:
    """A checked schema of an object from whatever form it was given in. Raises Wrong."""
    if isinstance(given, list):
        schema = _from_list(given, 0)
    elif isinstance(given, Mapping):
        schema = _written_out(dict(given))
    else:
        raise Wrong("Write a JSON Schema (an object), or a list of {name, type, description, required}.")
    return checked(schema)


def checked(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema itself when it is one that can be used. Raises Wrong."""
    if schema.get("type") != "object":
        raise Wrong("The schema must describe an object: {“type”: “object”, “properties”: …}.")
    if not checking.plain(schema):
        raise Wrong("This holds a number or a character that not every program can read.")
    if len(json.dumps(schema)) > LONGEST:
        raise Wrong("The schema is too large with its references written out.")
    try:
        Draft202012Validator.check_schema(schema)
    except exceptions.SchemaError as problem:
        where = "/".join(str(p) for p in problem.absolute_path) or "the schema"
        raise Wrong(f"This is not a JSON Schema: {where}: {problem.message[:200]}") from None
    for pattern in _patterns(schema):
        try:
            size = int(checking.compiled(pattern).programsize)
        except re2.error:
            raise Wrong(
                f"The pattern “{pattern[:60]}” cannot be used: look-arounds and back-references are not taken."
            ) from None
        if size > checking.LARGEST:
            raise Wrong(f"The pattern “{pattern[:60]}” is too large.")
    return schema


def _patterns(schema: Any) -> Iterator[str]:
    for node in _nodes(schema):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        if isinstance(node.get("patternProperties"), Mapping):
            yield from node["patternProperties"]


def _nodes(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Every subschema, itself first."""
    if not isinstance(schema, Mapping):
        return
    yield schema
    for name, value in schema.items():
        if name in _LITERAL:
            continue
        if name in _WITH_SCHEMAS and isinstance(value, Mapping):
            for inner in value.values():
                yield from _nodes(inner)
        elif isinstance(value, Mapping):
            yield from _nodes(value)
        elif isinstance(value, list):
            for inner in value:
                yield from _nodes(inner)


def _from_list(given: list[Any], depth: int) -> dict[str, Any]:
    """The list form of the older documents: {name, type, description, required, enum, items, properties}."""
    if depth > DEEPEST:
        raise Wrong("The description is nested too deeply.")
    found: dict[str, Any] = {"type": "object", "properties": {}}
    required = []
    for number, item in enumerate(given, 1):
        if not isinstance(item, Mapping) or not isinstance(item.get("name"), str) or not item["name"].strip():
            raise Wrong(f"Number {number} of the list needs a “name”.")
        name = item["name"].strip()
        if name in found["properties"]:
            raise Wrong(f"“{name}” is there twice.")
        found["properties"][name] = _from_item(item, depth + 1)
        if item.get("required") is True:
            required.append(name)
    if len(found["properties"]) > MOST_NODES:
        raise Wrong("The description is too large.")
    return found | ({"required": required} if required else {})


def _from_item(item: Any, depth: int) -> dict[str, Any]:
    if depth > DEEPEST:
        raise Wrong("The description is nested too deeply.")
    if not isinstance(item, Mapping):
        raise Wrong("The “items” of a list are described by {type, …}.")
    unknown = set(item) - {
        "name",
        "type",
        "description",
        "required",
        "enum",
        "items",
        "properties",
        "format",
        "default",
    }
    if unknown:
        raise Wrong(f"“{min(unknown)}” is not part of the list form; write a JSON Schema instead.")
    found: dict[str, Any] = {}
    if "properties" in item:
        given = item["properties"]
        if isinstance(given, Mapping):
            given = [{"name": name, **(inner if isinstance(inner, Mapping) else {"type": inner})}
                     for name, inner in given.items()]  # fmt: skip
        if not isinstance(given, list):
            raise Wrong("“properties” is a list of {name, type, …}.")
        found = _from_list(given, depth)
    if "type" in item:
        found["type"] = item["type"]
    if "items" in item:
        found["items"] = _from_item(item["items"], depth + 1)
    for name in ("description", "enum", "format", "default"):
        if item.get(name) not in (None, ""):
            found[name] = item[name]
    return found


_LEFT_OUT = frozenset({"$schema", "$ref", "$defs", "definitions", "$comment"})


def _written_out(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its local references written out, so that checking a value has an end."""
    out: dict[str, Any] = _Writer(schema).walk(schema, (), 0)
    return out


class _Writer:
    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema, self.count = schema, 0

    def walk(self, node: Any, trail: tuple[str, ...], depth: int) -> Any:
        self.count += 1
        if self.count > MOST_NODES:
            raise Wrong("The schema is too large, or its references multiply.")
        if depth > DEEPEST:
            raise Wrong("The schema is nested too deeply.")
        if isinstance(node, list):
            return [self.walk(inner, trail, depth + 1) for inner in node]
        if not isinstance(node, Mapping):
            return node
        refused = next((name for name in _REFUSED if name in node), None)
        if refused is not None:
            raise Wrong(
                f"“{refused}” is not taken; refer to parts of the schema itself, as “#/$defs/address”."
            )
        if any(name in node for name in checking.NOT_TAKEN):
            raise Wrong(
                "“unevaluatedProperties” and “unevaluatedItems” are not taken; “additionalProperties” is."
            )
        found = {
            name: self._part(name, value, trail, depth)
            for name, value in node.items()
            if name not in _LEFT_OUT
        }
        return self._referred(node["$ref"], found, trail, depth) if "$ref" in node else found

    def _part(self, name: str, value: Any, trail: tuple[str, ...], depth: int) -> Any:
        if name in _LITERAL:
            return value
        if name in _WITH_SCHEMAS and isinstance(value, Mapping):
            return {key: self.walk(inner, trail, depth + 1) for key, inner in value.items()}
        return self.walk(value, trail, depth + 1)

    def _referred(
        self, ref: Any, beside: dict[str, Any], trail: tuple[str, ...], depth: int
    ) -> dict[str, Any]:
        if not isinstance(ref, str) or not ref.startswith("#"):
            raise Wrong("A “$ref” may lead to a part of the schema itself only, as “#/$defs/address”.")
        if ref in trail:
            raise Wrong(f"The reference “{ref}” goes in a circle.")
        target = self.walk(_looked_up(self.schema, ref), (*trail, ref), depth + 1)
        if not isinstance(target, Mapping):
            raise Wrong(f"The reference “{ref}” does not lead to a schema.")
        if set(beside) <= {"description", "title", "default"}:
            return {**target, **beside}  # a description beside a reference is the one that counts here
        others = beside.get("allOf", [])
        if not isinstance(others, list):
            raise Wrong("“allOf” is a list of schemas.")
        return {**beside, "allOf": [*others, target]}


def _looked_up(schema: Any, ref: str) -> Any:
    found = schema
    for part in ref[1:].split("/")[1:]:
        name = unquote(part).replace("~1", "/").replace("~0", "~")
        if not isinstance(found, Mapping) or name not in found:
            raise Wrong(f"The reference “{ref}” leads nowhere.")
        found = found[name]
    if found is schema:
        raise Wrong(f"The reference “{ref}” goes in a circle.")
    return found


# Checking values --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong at one place of a value."""

    path: tuple[str | int, ...]
    sentence: str

    @property
    def name(self) -> str:
        """The place as people read it: `items[2].price`."""
        out = ""
        for part in self.path:
            out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else part
        return out

    @property
    def words(self) -> str:
        return f"“{self.name}” {self.sentence}" if self.path else f"The whole {self.sentence}"


def problems(schema: Mapping[str, Any], value: Any) -> list[Problem]:
    """Where a value is not what its schema says, at most a few."""
    try:
        return [_problem(error) for error in checking.faults(schema, value, MOST_PROBLEMS)]
    except RecursionError:
        return [Problem((), "is nested too deeply.")]
    except checking.TooMuch:
        return [Problem((), "is too large to be checked against its description.")]


def words(found: Iterable[Problem]) -> str:
    return " ".join(p.words for p in found)


TYPE_WORDS = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
          "array": "a list", "object": "an object", "null": "empty"}  # fmt: skip
FORM_WORDS = {"date": "a day like 2026-03-15", "date-time": "a moment like 2026-03-15T14:30:00Z", "email": "an email address",
          "uuid": "a UUID", "time": "a time like 14:30:00", "uri": "an address like https://example.com/",
          "ipv4": "an IPv4 address", "ipv6": "an IPv6 address"}  # fmt: skip


def _problem(error: Any) -> Problem:
    path, kind, want = tuple(error.absolute_path), error.validator, error.validator_value
    if kind == "missing":
        return Problem(path, "is missing.")
    if kind == "unknown":
        return Problem(path, "is not known.")
    return Problem(path, _sentence(kind, want, error.message))


def _sentence(kind: str, want: Any, message: str) -> str:
    if kind == "type":
        kinds = [want] if isinstance(want, str) else list(want)
        return f"must be {' or '.join(TYPE_WORDS.get(k, k) for k in kinds)}."
    if kind == "enum":
        shown = ", ".join(parameter_words(v) for v in want[:12])
        return f"must be one of {shown}{', …' if len(want) > 12 else ''}."
    if kind == "const":
        return f"must be {parameter_words(want)}."
    if kind == "format":
        return f"must be {FORM_WORDS.get(want, want)}."
    sentences = {
        "pattern": "does not have the form that is wanted.", "minLength": f"must have at least {want} characters.",
        "maxLength": f"must have at most {want} characters.", "minimum": f"must be at least {want}.",
        "maximum": f"must be at most {want}.", "exclusiveMinimum": f"must be more than {want}.",
        "exclusiveMaximum": f"must be less than {want}.", "minItems": f"must have at least {want} entries.",
        "maxItems": f"must have at most {want} entries.", "uniqueItems": "must not have an entry twice.",
        "multipleOf": f"must be a multiple of {want}.", "anyOf": "is none of what is allowed.",
        "oneOf": "must be exactly one of what is allowed.", "not": "is not allowed.",
    }  # fmt: skip
    return sentences.get(kind, f"is not as described: {message[:120]}")


def parameter_words(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)[:60]


# Values from text -------------------------------------------------------------------------------------------------


def types_of(schema: Any) -> list[str]:
    """The types that a property takes, null left out; empty is any."""
    given = schema.get("type") if isinstance(schema, Mapping) else None
    found = [given] if isinstance(given, str) else list(given or ())
    return [t for t in found if t != "null"]


def from_text(schema: Any, text: str) -> Any:
    """What text that somebody typed means for a property. Raises Wrong."""
    kinds = types_of(schema)
    if not kinds or "string" in kinds:
        return text
    wanted = " or ".join(TYPE_WORDS.get(k, k) for k in kinds)
    stripped = text.strip()
    if kinds == ["boolean"] and stripped.lower() in ("true", "yes", "1", "false", "no", "0"):
        return stripped.lower() in ("true", "yes", "1")
    if kinds == ["array"] and types_of(schema.get("items")) == ["string"] and not stripped.startswith("["):
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        value = json.loads(stripped, parse_constant=_no_constant)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise Wrong(f"must be {wanted}.") from None
    if not checking.plain(value):
        raise Wrong("holds a number or a character that not every program can read.")
    return value


def fitted(schema: Any, value: Any) -> Any:
    """A value from elsewhere, made fit where that changes nothing: 42 and “42”."""
    kinds = types_of(schema)
    if kinds == ["string"] and isinstance(value, int | float):
        return parameter_words(value)
    if isinstance(value, str) and kinds in (["integer"], ["number"]):
        try:
            number = json.loads(value.strip(), parse_constant=_no_constant)
        except (ValueError, RecursionError):
            return value
        fit = isinstance(number, int | float) and not isinstance(number, bool) and checking.plain(number)
        return number if fit else value
    return value


# Examples ---------------------------------------------------------------------------------------------------------


def example(schema: Any, depth: int = 0) -> Any:
    """A value that looks like what a schema describes, for people to begin with."""
    if not isinstance(schema, Mapping) or depth > DEEPEST:
        return None
    for name in ("default", "const"):
        if name in schema:
            return schema[name]
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    kind = (types_of(schema) or ["string"])[0]
    if kind == "object":
        return {n: example(s, depth + 1) for n, s in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema["items"], depth + 1)] if "items" in schema else []
    by_format = {"date": "2026-03-15", "date-time": "2026-03-15T14:30:00Z", "email": "someone@example.com"}
    plain: dict[str, Any] = {
        "integer": schema.get("minimum", 1),
        "number": schema.get("minimum", 1),
        "boolean": True,
    }
    return plain.get(kind, by_format.get(schema.get("format", ""), "text"))
