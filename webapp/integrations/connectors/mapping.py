"""From an event to the inputs of a call: conditions, and what each input is taken from. Pure.

What paths lead into is the body that a webhook of the event has: `event`, `id`, `created_at`, `organization_id` and `data`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from webapp.integrations.connectors import describing
from webapp.integrations.connectors.describing import Problem, Wrong

OPERATORS = {"is": "is", "is-not": "is not", "contains": "contains", "at-least": "is at least", "at-most": "is at most",
             "set": "is there", "not-set": "is not there"}  # fmt: skip
SOURCES = {
    "": "Nothing",
    "path": "From the event",
    "constant": "Always the same",
    "template": "Text with fields",
}
_FIELD = re.compile(r"\{([A-Za-z0-9_][A-Za-z0-9_.-]{0,199})\}")
_PATH = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9_-]*(\.[A-Za-z0-9_][A-Za-z0-9_-]*)*$")
MOST_TEXT = 10_000  # characters of a filled template
_MISSING = object()


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold at one place of an event."""

    path: str
    op: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """What an input is taken from."""

    kind: str  # path, constant, template
    value: str


def valid_path(path: str) -> bool:
    return len(path) <= 200 and _PATH.match(path) is not None


def at(body: Any, path: str) -> Any:
    """What is at a path such as `data.customer.name` or `data.lines.0.cents`; None when nothing is."""
    found = _walk(body, path)
    return None if found is _MISSING else found


def _walk(body: Any, path: str) -> Any:
    found = body
    for part in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(part, _MISSING)
        elif (
            isinstance(found, list | tuple)
            and part.isascii()
            and part.isdigit()
            and int(part[:9]) < len(found)
        ):
            found = found[int(part[:9])]
        else:
            return _MISSING
        if found is _MISSING:
            return _MISSING
    return found


def paths(body: Any, before: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Every path of an example with what is there, for people to choose from."""
    if depth > 6:
        return
    items = body.items() if isinstance(body, Mapping) else enumerate(list(body)[:3])
    for name, value in items:
        path = f"{before}.{name}" if before else str(name)
        if isinstance(value, Mapping | list | tuple):
            yield from paths(value, path, depth + 1)
        else:
            yield path, value


def fields_of(template: str) -> list[str]:
    """The paths that a template names."""
    return _FIELD.findall(template)


# Conditions -------------------------------------------------------------------------------------------------------


def holds(conditions: Sequence[Condition], body: Mapping[str, Any]) -> bool:
    """Whether all conditions hold."""
    return all(_holds(c, at(body, c.path)) for c in conditions)


def _holds(condition: Condition, found: Any) -> bool:
    op, wanted = condition.op, condition.value.strip()
    if op in ("set", "not-set"):
        return (found not in (None, "", [], {})) is (op == "set")
    if op in ("at-least", "at-most"):
        left, right = _number(found), _number(wanted)
        if left is None or right is None:
            return False
        return left >= right if op == "at-least" else left <= right
    if op == "contains":
        if isinstance(found, list | tuple):
            return any(_text(v).casefold() == wanted.casefold() for v in found)
        return found is not None and wanted.casefold() in _text(found).casefold()
    return (_text(found).casefold() == wanted.casefold()) is (op == "is")


def _text(value: Any) -> str:
    return "" if value is None else describing.parameter_words(value)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


# Inputs -----------------------------------------------------------------------------------------------------------


def inputs(
    mapping: Mapping[str, Source], schema: Mapping[str, Any], body: Mapping[str, Any]
) -> dict[str, Any]:
    """The inputs of a call for an event. What the event does not have is left out."""
    properties = schema.get("properties", {})
    found = {}
    for name, source in mapping.items():
        inner = properties.get(name, {})
        value = _taken(source, inner, body)
        # a schema may be `true`, which takes anything
        kinds = inner.get("type") if isinstance(inner, Mapping) else None
        if value is not None or "null" in (kinds or ()):
            found[name] = value
    return found


def _taken(source: Source, schema: Any, body: Mapping[str, Any]) -> Any:
    if source.kind == "path":
        return describing.fitted(schema, at(body, source.value))
    if source.kind == "constant":
        return describing.from_text(schema, source.value)
    return describing.fitted(schema, filled(source.value, body))


def filled(template: str, body: Mapping[str, Any]) -> str:
    """A text with the fields of an event in their places, as long as a filled template may be."""
    out, end = "", 0
    for found in _FIELD.finditer(template):
        out += template[end : found.start()] + _text(at(body, found[1]))[:MOST_TEXT]
        end = found.end()
        if len(out) > MOST_TEXT:  # many fields of a long text must not fill the memory first
            return out[:MOST_TEXT]
    return (out + template[end:])[:MOST_TEXT]


def faults(mapping: Mapping[str, Source], schema: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with a mapping, whatever the event: names, paths, constants, inputs that must be there."""
    properties = schema.get("properties", {})
    found = []
    for name, source in mapping.items():
        if name not in properties:
            found.append(Problem((name,), "is no input of this connector."))
        elif source.kind == "path" and not valid_path(source.value):
            found.append(Problem((name,), "needs a field of the event, such as data.job_id."))
        elif source.kind == "constant":
            found.extend(_constant(name, properties[name], source.value))
    missing = [n for n in schema.get("required", ()) if n not in mapping]
    return [*found, *(Problem((name,), "is required: say what it is taken from.") for name in missing)]


def _constant(name: str, schema: Any, text: str) -> list[Problem]:
    try:
        value = describing.from_text(schema, text)
    except Wrong as problem:
        return [Problem((name,), str(problem))]
    return [Problem((name, *p.path), p.sentence) for p in describing.problems(schema, value)]
