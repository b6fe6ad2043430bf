"""One OpenAPI 3.1 document, made from the schemas that validate the requests."""

import re
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from webapp.kit import events
from webapp.kit.api import ROUTES, Route
from webapp.kit.dialects import ALL, Dialect, Field, Growth

REF = "#/components/schemas/{model}"


def document(base_url: str) -> dict[str, Any]:
    """The whole document, every dialect in it."""
    models = {m for r in ROUTES for m in (r.body, r.query, _model(r.returns)) if m is not None}
    refs, definitions = models_json_schema(
        [
            (m, mode)
            for m in sorted(models, key=lambda m: m.__qualname__)
            for mode in ("validation", "serialization")
        ],
        ref_template=REF,
    )
    schemas: dict[str, Any] = dict(definitions.get("$defs", {}))
    paths: dict[str, Any] = {}
    for route in sorted(ROUTES, key=lambda r: (r.path, r.method)):
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", route.path)
        paths.setdefault(path, {})[route.method.lower()] = _operation(route, refs)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Truckroll",
            "version": "1.0",
            "description": "Every API of Truckroll. A tag is one API; each speaks its own envelope and credential.",
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": f"{d.name}: {t}", "description": d.title} for d, t in sorted(
            {(r.dialect.name, r.tag): (r.dialect, r.tag) for r in ROUTES}.values(), key=lambda p: (p[0].name, p[1]))],
        "paths": paths,
        "components": {
            "schemas": schemas | _error_schemas(),
            "securitySchemes": {k: v for d in ALL for k, v in d.security.items()},
        },
        "webhooks": {
            name: {"post": {"summary": kind.description, "responses": {"200": {"description": "Received"}}}}
            for name, kind in sorted(events.CATALOGUE.items())
        },
    }  # fmt: skip


def _model(returns: Any) -> type[BaseModel] | None:
    if isinstance(returns, list):
        returns = returns[0]
    return returns if isinstance(returns, type) and issubclass(returns, BaseModel) else None


def _operation(route: Route, refs: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": route.summary,
        "operationId": f"{route.dialect.name}_{route.method.lower()}_{re.sub(r'[^a-z0-9]+', '_', route.path.lower()).strip('_')}",
        "tags": [f"{route.dialect.name}: {route.tag}"],
        "parameters": _parameters(route),
        "responses": _responses(route, refs),
    }
    if route.description and route.description != route.summary:
        operation["description"] = route.description
    if route.rule.public:
        operation["security"] = []
    else:
        operation["security"] = [{name: [] for name in route.dialect.security}]
    if route.body is not None:
        schema = refs[(route.body, "validation")]
        operation["requestBody"] = {"required": any(f.is_required() for f in route.body.model_fields.values()),
                                    "content": {"application/json": {"schema": schema}}}  # fmt: skip
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True,
         "schema": {"type": "integer", "minimum": 1} if kind == "int" else {"type": "string"}}
        for kind, name in re.findall(r"<(?:([^:<>]+):)?([^<>]+)>", route.path)
    ]  # fmt: skip
    if route.query is not None:
        shape = route.query.model_json_schema(ref_template=REF)
        defs = shape.get("$defs", {})
        required = shape.get("required", [])
        for name, schema in shape.get("properties", {}).items():
            if "$ref" in schema:
                schema = defs[schema["$ref"].rsplit("/", 1)[-1]]
            found.append({"name": name, "in": "query", "required": name in required, "schema": schema,
                          "description": schema.get("description", "")})  # fmt: skip
    if route.creates and not route.rule.public:
        found.append({"name": "Idempotency-Key", "in": "header", "required": False,
                      "schema": {"type": "string", "maxLength": 255},
                      "description": "The same key and body give back the first answer."})  # fmt: skip
    return found


def _responses(route: Route, refs: Any) -> dict[str, Any]:
    if route.media_type != "application/json":
        good: dict[str, Any] = {"description": "The file", "content": {route.media_type: {"schema": {
            "type": "string", "format": "binary"}}}}  # fmt: skip
    else:
        model = _model(route.returns)
        schema: dict[str, Any] = refs[(model, "serialization")] if model else {}
        if isinstance(route.returns, list) and not route.paged:
            schema = {"type": "array", "items": schema}
        good = {"description": "Done", "content": {"application/json": {"schema": _wrapped(route, schema)}}}
    responses = {str(route.status): good}
    for status in ("400", "401", "403", "404", "409", "422", "429"):
        responses[status] = {"description": "Refused", "content": {"application/json": {"schema": {
            "$ref": REF.format(model=f"Error_{_family(route.dialect)}")}}}}  # fmt: skip
    return responses


def _wrapped(route: Route, schema: dict[str, Any]) -> dict[str, Any]:
    def thing(**properties: Any) -> dict[str, Any]:
        return {"type": "object", "properties": properties, "required": list(properties)}

    integer = {"type": "integer"}
    if isinstance(route.dialect, Field):
        if route.paged:
            schema = thing(items={"type": "array", "items": schema}, total=integer, page=integer, limit=integer,
                           total_pages=integer)  # fmt: skip
        return thing(ok={"const": True}, data=schema)
    if route.paged:
        name = "next_cursor" if isinstance(route.dialect, Growth) else "cursor"
        return thing(data={"type": "array", "items": schema}, **{name: {"type": ["string", "null"]}})
    return schema


def _family(dialect: Dialect) -> str:
    return type(dialect).__name__.lower()


def _error_schemas() -> dict[str, Any]:
    text = {"type": "string"}

    def thing(**properties: Any) -> dict[str, Any]:
        return {"type": "object", "properties": properties}

    return {
        "Error_field": thing(ok={"const": False}, error=thing(code=text, message=text, details={"type": "object"})),
        "Error_growth": thing(error=thing(code=text, message=text, details={"type": "object"})),
        "Error_intake": thing(error=text, message=text),
        "Error_agents": thing(code=text, transient={"type": "boolean"}, message=text,
                              data={"type": ["object", "null"]}),
    }  # fmt: skip
