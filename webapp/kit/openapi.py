"""One OpenAPI 3.1 document, made from the schemas that validate the requests."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from webapp.kit import events, scopes
from webapp.kit.api import ROUTES, Route
from webapp.kit.dialects import ALL, Agents, Dialect, Field, Growth, Intake
from webapp.kit.errors import Invalid
from webapp.kit.samples import Samples

REF = "#/components/schemas/{model}"
WEBHOOKS = "/api/v1/webhooks"  # the address events are subscribed at, where the application has it
_TEXT: dict[str, Any] = {"type": "string"}
_INTEGER: dict[str, Any] = {"type": "integer"}
_REFUSALS = {400: "The request cannot be read", 401: "No credential, or one that is wrong, expired or revoked",
             403: "Not allowed", 404: "No such record in this organization", 409: "Another record, or the state, is against it",
             422: "A field is wrong; the message names it", 429: "Too many requests: wait for Retry-After seconds"}  # fmt: skip
_PATH_KINDS: dict[str, dict[str, Any]] = {
    "int": {"type": "integer", "minimum": 0}, "uuid": {"type": "string", "format": "uuid"}, "float": {"type": "number"},
}  # fmt: skip
_PARAMETER = re.compile(r"<(?:([a-z]+)(?:\([^)]*\))?:)?([a-z_]+)>")


@dataclass(slots=True)
class Guide:
    """What `wiring.py` hands over from above: the order of the tags, and examples by the names of fields."""

    order: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


guide = Guide()


def rendered(base_url: str) -> tuple[bytes, str]:
    """The document as JSON with its ETag; made once for each process and address."""
    return _rendered(base_url, len(ROUTES))


@lru_cache(maxsize=4)
def _rendered(base_url: str, routes: int) -> tuple[bytes, str]:
    data = orjson.dumps(document(base_url))  # in its own order: what people need first comes first
    return data, hashlib.sha256(data).hexdigest()[:32]


class _Schemas:
    """The schemas of all models under names that do not clash, and what refers to them."""

    def __init__(self, routes: list[Route]) -> None:
        models = {m for r in routes for m in (r.body, r.query, _model(r.returns)) if m is not None}
        ordered = sorted(models, key=lambda m: (m.__qualname__, m.__module__))
        self.refs, found = models_json_schema(
            [(m, mode) for m in ordered for mode in ("validation", "serialization")], ref_template=REF
        )
        self.definitions: dict[str, Any] = _without_empty_defaults(found.get("$defs", {}))
        self.samples = Samples(self.definitions, guide.values)

    def accepted(self, model: type[BaseModel]) -> dict[str, Any]:
        return dict(self.refs[(model, "validation")])

    def answered(self, model: type[BaseModel]) -> dict[str, Any]:
        return dict(self.refs[(model, "serialization")])

    def opened(self, schema: dict[str, Any]) -> dict[str, Any]:
        """What a reference refers to."""
        if "$ref" in schema:
            return dict(self.definitions[schema["$ref"].rpartition("/")[2]])
        return schema


def _without_empty_defaults(schema: Any) -> Any:
    """A default of "" or null says “may be left out”, which `required` says already; "" often fits no minimum length."""
    if isinstance(schema, list):
        return [_without_empty_defaults(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _without_empty_defaults(part)
        for name, part in schema.items()
        if not (name == "default" and (part is None or part == ""))
    }


def document(base_url: str) -> dict[str, Any]:
    """The whole document, every dialect in it."""
    # within a tag as its author put them: signing in begins with finding the organization
    routes = [route for _, route in sorted(enumerate(ROUTES), key=lambda one: (*_place(one[1]), one[0]))]
    schemas = _Schemas(routes)
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(_PARAMETER.sub(r"{\2}", route.path), {})[route.method.lower()] = _operation(
            route, schemas
        )
    found: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Truckroll",
            "version": "1.0",
            "description": _introduction(),
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(r) for r in routes)],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions | _error_schemas(),
            "securitySchemes": {k: v for d in ALL for k, v in d.security.items()},
        },
    }
    if any(r.path == WEBHOOKS for r in routes):
        found["webhooks"] = {
            name: {"post": _webhook(kind)} for name, kind in sorted(events.CATALOGUE.items())
        }
    return found


KEYS_TOLD = (
    "A key may do what its role, level or product may, unless it is narrowed to scopes: all that read, or chosen ones.",
    "Each operation names the scope it needs; a call outside a key’s scopes is 403 and names the missing one.",
    "A key can expire (401 afterwards) and can be bound to addresses (403 from others).",
    "Its secret can be rotated while the old one works on for a while.",
    "Keys with `_test_` in them work on a sandbox of their organization:",
    "nothing they do sends a message, calls anybody or shows in live lists.",
)


def _introduction() -> str:
    """What holds for all of them, with the scopes that keys can be narrowed to."""
    lines = [
        "Every API of Truckroll. Each tag begins with its API, which has its own envelope and credential.",
        "",
        "## API keys",
        " ".join(KEYS_TOLD),
    ]
    for dialect in ALL:
        areas = scopes.areas(dialect)
        if areas:
            lines += ["", f"**{dialect.title}**", "", "| Scopes | Of |", "|---|---|"]
            lines += [f"| `{'`, `'.join(area.scopes)}` | {', '.join(area.tags)} |" for area in areas]
    return "\n".join(lines)


def _place(route: Route) -> tuple[int, int, str]:
    """Where a route stands: by its API, then by the guide's order of tags, then by the alphabet."""
    known = list(guide.order)
    return ALL.index(route.dialect), known.index(route.tag) if route.tag in known else len(known), route.tag


def _tag(route: Route) -> str:
    return f"{route.dialect.title.removesuffix(' API')}: {route.tag}"


def _model(returns: Any) -> type[BaseModel] | None:
    if isinstance(returns, list):
        returns = returns[0]
    return returns if isinstance(returns, type) and issubclass(returns, BaseModel) else None


def _operation(route: Route, schemas: _Schemas) -> dict[str, Any]:
    slug = re.sub(r"[^a-z0-9]+", "_", route.path.lower()).strip("_")
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": f"{route.dialect.name}_{route.method.lower()}_{slug}",
        "tags": [_tag(route)],
        "parameters": _parameters(route, schemas),
        "responses": _responses(route, schemas),
        "security": _security(route),
    }
    description = _description(route)
    if description:
        operation["description"] = description
    if route.body is not None:
        operation["requestBody"] = {
            "required": any(f.is_required() for f in route.body.model_fields.values()),
            "content": {"application/json": _shown(schemas.accepted(route.body), schemas)},
        }
    return operation


def _security(route: Route) -> list[dict[str, list[str]]]:
    """The credential, and with it the scope that a narrowed key needs (OpenAPI 3.1: roles of any scheme)."""
    if route.rule.public:
        return []
    first, *rest = route.dialect.security
    return [{first: [scopes.of(route)], **{name: [] for name in rest}}]


def _description(route: Route) -> str:
    parts = [] if route.description.rstrip(".") == route.summary else [" ".join(route.description.split())]
    if route.rule.permissions:
        parts.append(f"Needs the permission `{'` or `'.join(route.rule.permissions)}`.")
    if route.scope:
        parts.append(f"Needs a key of the level `{route.scope}`.")
    if not route.rule.public:
        parts.append(f"A key that is narrowed needs the scope `{scopes.of(route)}`.")
    return "\n\n".join(parts)


def _parameters(route: Route, schemas: _Schemas) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": _PATH_KINDS.get(kind, _TEXT),
            "example": schemas.samples.of(_PATH_KINDS.get(kind, _TEXT), name),
        }
        for kind, name in _PARAMETER.findall(route.path)
    ]
    if route.query is not None:
        shape = schemas.opened(schemas.accepted(route.query))
        required = shape.get("required", [])
        for name, schema in shape.get("properties", {}).items():
            plain = _without_null(dict(schema))
            parameter = {"name": name, "in": "query", "required": name in required, "schema": plain}
            if "description" in plain:
                parameter["description"] = plain.pop("description")
            found.append(parameter)
    if route.creates and not route.rule.public:
        found.append({"name": "Idempotency-Key", "in": "header", "required": False,
                      "schema": {"type": "string", "maxLength": 255},
                      "description": "The same key and body give back the first answer."})  # fmt: skip
    return found


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query has no null: a parameter that may be left out is just not required."""
    schema.pop("title", None)
    choices = [c for c in schema.get("anyOf", []) if c != {"type": "null"}]
    if len(choices) == 1:
        schema.pop("anyOf")
        return {**choices[0], **schema}
    if choices:
        schema["anyOf"] = choices
    return schema


def _responses(route: Route, schemas: _Schemas) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done"}
    if route.status == 204:
        good["description"] = "Done; no body"
    elif route.media_type != "application/json":
        good = {
            "description": "The file",
            "content": {route.media_type: {"schema": {"type": "string", "format": "binary"}}},
        }
    else:
        good["content"] = {"application/json": _shown(_wrapped(route, _data(route, schemas)), schemas)}
    error = {"application/json": {"schema": {"$ref": REF.format(model=f"Error_{_family(route.dialect)}")}}}
    # some APIs answer 400 to a field that is wrong
    refusals = {route.dialect.status(Invalid()) if status == 422 else status for status in _REFUSALS}
    if route.rule.public and route.body is None and isinstance(route.dialect, Field):
        refusals -= {401, 403}  # where one signs in, both answer a wrong password, code or token
    return {str(route.status): good} | {
        str(status): {"description": _REFUSALS[status], "content": error} for status in sorted(refusals)
    }


def _shown(schema: dict[str, Any], schemas: _Schemas) -> dict[str, Any]:
    return {"schema": schema, "example": schemas.samples.of(schema)}


def _data(route: Route, schemas: _Schemas) -> dict[str, Any]:
    model = _model(route.returns)
    schema = schemas.answered(model) if model else {}
    if isinstance(route.returns, list) and not route.paged:
        return {"type": "array", "items": schema}
    return schema


def _thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _wrapped(route: Route, schema: dict[str, Any]) -> dict[str, Any]:
    """The envelope of the dialect around an answer."""
    if isinstance(route.dialect, Field):
        if route.paged:
            schema = _thing(items={"type": "array", "items": schema}, total=_INTEGER, page=_INTEGER, limit=_INTEGER,
                            total_pages=_INTEGER)  # fmt: skip
        return _thing(ok={"const": True}, data=schema)
    if route.paged:
        cursor = "next_cursor" if isinstance(route.dialect, Growth) else "cursor"
        return _thing(data={"type": "array", "items": schema}, **{cursor: {"type": ["string", "null"]}})
    return schema


def _family(dialect: Dialect) -> str:
    return type(dialect).__name__.lower()


def _error_schemas() -> dict[str, Any]:
    details: dict[str, Any] = {"type": "object"}
    message = {"code": _TEXT, "message": _TEXT}
    shapes: dict[type[Dialect], dict[str, Any]] = {
        Field: _thing(ok={"const": False}, error=_optional(_thing(**message), details=details)),
        Growth: _thing(error=_thing(**message, details=details)),
        Intake: _thing(error=_TEXT, message=_TEXT),
        Agents: _thing(**message, transient={"type": "boolean"}, data={"type": ["object", "null"]}),
    }
    return {f"Error_{kind.__name__.lower()}": shape for kind, shape in shapes.items()}


def _optional(schema: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return schema | {"properties": schema["properties"] | properties}


def _webhook(kind: events.EventKind) -> dict[str, Any]:
    text = {"type": "string"}
    body = _thing(id=text | {"format": "uuid"}, event={"const": kind.name}, created_at=text | {"format": "date-time"},
                  organization_id=text | {"format": "uuid"}, data=events.schema(kind))  # fmt: skip
    example = {"id": "0b0a5e8a-9f5c-4f0e-8f0e-6a7d3f1c2b4d", "event": kind.name, "created_at": "2026-04-27T17:42:18.001Z",
               "organization_id": "654e6f6f-acb0-4219-a02d-16c081496e53", "data": dict(kind.example)}  # fmt: skip
    content = {"schema": body, "example": example}
    return {
        "summary": kind.description,
        "operationId": f"webhook_{kind.name.replace('.', '_')}",
        "requestBody": {"content": {"application/json": content}},
        "responses": {"2XX": {"description": "Received; anything else is tried again"}},
    }
