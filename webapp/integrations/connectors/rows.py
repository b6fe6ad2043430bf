"""Inputs and outputs as rows that people fill in: what most APIs need, without a schema to be seen."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from webapp.integrations.connectors import describing
from webapp.integrations.connectors.describing import Wrong

KINDS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "text": ("Text", {"type": "string"}),
    "integer": ("Whole number", {"type": "integer"}),
    "number": ("Number", {"type": "number"}),
    "boolean": ("Yes or no", {"type": "boolean"}),
    "date": ("Day", {"type": "string", "format": "date"}),
    "moment": ("Day and time", {"type": "string", "format": "date-time"}),
    "email": ("Email address", {"type": "string", "format": "email"}),
    "texts": ("List of texts", {"type": "array", "items": {"type": "string"}}),
    "object": ("Anything structured", {"type": "object"}),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One input or output as a row of the editor."""

    name: str
    kind: str = "text"
    required: bool = False
    description: str = ""
    choices: str = ""  # the allowed texts, with commas


def from_rows(rows: Iterable[Row]) -> dict[str, Any]:
    """The schema of some rows. Raises Wrong for a name that is there twice."""
    properties: dict[str, Any] = {}
    for row in rows:
        if row.name in properties:
            raise Wrong(f"“{row.name}” is there twice.")
        found = dict(KINDS[row.kind][1])
        choices = [c.strip() for c in row.choices.split(",") if c.strip()]
        if choices:
            found["enum"] = [_choice(found, choice) for choice in choices]
        if row.description:
            found["description"] = row.description
        properties[row.name] = found
    required = [row.name for row in rows if row.required]
    return {"type": "object", "properties": properties} | ({"required": required} if required else {})


def _choice(schema: Mapping[str, Any], text: str) -> Any:
    try:
        return describing.from_text(schema, text)
    except Wrong as problem:
        raise Wrong(f"The choice “{text[:40]}” {problem}") from None


def to_rows(schema: Mapping[str, Any]) -> list[Row] | None:
    """The rows of a schema; None for one that says more than rows can."""
    if set(schema) - {"type", "properties", "required", "title"}:
        return None
    found = []
    for name, inner in schema.get("properties", {}).items():
        if not isinstance(inner, Mapping):
            return None
        plain = {k: v for k, v in inner.items() if k not in ("description", "enum")}
        kind = next((k for k, (_, shape) in KINDS.items() if shape == plain), None)
        choices = inner.get("enum", [])
        if kind is None or any(not isinstance(c, str) or "," in c for c in choices):
            return None
        found.append(
            Row(
                name,
                kind,
                name in schema.get("required", ()),
                str(inner.get("description", "")),
                ", ".join(choices),
            )
        )
    return None if {*schema.get("required", ())} - {row.name for row in found} else found
