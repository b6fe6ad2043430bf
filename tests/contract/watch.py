"""What the database holds before and after, and whether an answer is what the OpenAPI document promises."""

import copy
import json
import re
from collections.abc import Iterable
from typing import Any

import psycopg
from jsonschema import Draft202012Validator
from psycopg import sql
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from webapp.kit.api import Route
from webapp.kit.db import Base

BOOKS = {"user_sessions", "api_keys"}  # when somebody was last seen
BOOKED = {"jobs": "kind <> 'accounts.key_usage'"}  # files how often keys were used, whenever one was
JOURNAL = {"audit_entries", "journal_heads", "directory"}  # a refused sign-in is written down


class Rows:
    """Every row of some organizations, by table, as a sum that changes with any of them."""

    def __init__(self, connection: psycopg.Connection[Any], *tenants: object) -> None:
        self.connection, self.tenants = connection, [str(t) for t in tenants]
        tables = [
            t.name for t in Base.metadata.sorted_tables if "tenant_id" in t.columns and t.name not in BOOKS
        ]
        one = sql.SQL(
            "select {name}, count(*), coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t"
            " where tenant_id = any(%(tenants)s::uuid[]) and {seen}"
        )
        self.query = sql.SQL(" union all ").join(
            one.format(
                name=sql.Literal(name), table=sql.Identifier(name), seen=sql.SQL(BOOKED.get(name, "true"))
            )
            for name in tables
        )

    def now(self) -> dict[str, tuple[int, str]]:
        found = self.connection.execute(self.query, {"tenants": self.tenants}).fetchall()
        return {name: (count, total) for name, count, total in found}

    @staticmethod
    def changed(before: dict[str, Any], after: dict[str, Any], *, journal: bool = False) -> list[str]:
        """The tables whose rows are not what they were; `journal` overlooks the audit log."""
        return sorted(n for n in before if before[n] != after[n] and not (journal and n in JOURNAL))


def none(problems: Iterable[str]) -> None:
    """Fails listing every problem, each on a line."""
    found = [p for p in problems if p]
    assert not found, f"{len(found)} problems:\n" + "\n".join(found[:60])


def template_of(path: str) -> str:
    """`/sales/<int:sale_id>` as the document writes it."""
    return re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", path)


class Promise:
    """The OpenAPI document, asked whether an answer keeps it. A field that it does not name breaks it too."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.validators: dict[str, Draft202012Validator] = {}
        strict = _closed(copy.deepcopy(document))
        self.registry = Registry().with_resource("urn:api", Resource.from_contents(strict, DRAFT202012))

    def operation(self, route: Route) -> dict[str, Any]:
        found: dict[str, Any] = self.document["paths"][template_of(route.path)][route.method.lower()]
        return found

    def body_schema(self, route: Route) -> dict[str, Any]:
        """The schema of a request's body, its first reference followed."""
        found = self.operation(route)["requestBody"]["content"]["application/json"]["schema"]
        return self.followed(found)

    def followed(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            found: Any = self.document
            for step in schema["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            schema = found
        return schema

    def accepts(self, route: Route, body: Any) -> bool:
        """Whether the document takes this for a valid body."""
        return bool(self._validator(route, "requestBody/content/application~1json/schema").is_valid(body))

    def problems(self, route: Route, answer: Any) -> list[str]:
        """What an answer has otherwise than promised, in words; empty when nothing."""
        status = str(answer.status_code)
        promised = self.operation(route)["responses"]
        if status not in promised:
            return [f"{route.method} {route.path}: {status} is not in the document"]
        wanted = promised[status]["content"]
        if answer.mimetype not in wanted:
            return [f"{route.method} {route.path}: {answer.mimetype}, not {sorted(wanted)}"]
        if answer.mimetype != "application/json":
            return []
        data = json.loads(answer.get_data())
        found = self._validator(route, f"responses/{status}/content/application~1json/schema").iter_errors(
            data
        )
        return [f"{route.method} {route.path} {status}: {e.json_path}: {e.message[:200]}" for e in found]

    def _validator(self, route: Route, rest: str) -> Draft202012Validator:
        path = (
            template_of(route.path)
            .replace("~", "~0")
            .replace("/", "~1")
            .replace("{", "%7B")
            .replace("}", "%7D")
        )
        pointer = f"urn:api#/paths/{path}/{route.method.lower()}/{rest}"
        found = self.validators.get(pointer)
        if found is None:
            checker = Draft202012Validator.FORMAT_CHECKER
            found = Draft202012Validator({"$ref": pointer}, registry=self.registry, format_checker=checker)
            self.validators[pointer] = found
        return found


def _closed(node: Any) -> Any:
    """Objects that list their fields take no others."""
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node:
            node.setdefault("additionalProperties", False)
        for value in node.values():
            _closed(value)
    elif isinstance(node, list):
        for value in node:
            _closed(value)
    return node
