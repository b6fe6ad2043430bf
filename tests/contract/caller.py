"""Asking an API route as somebody: with its path filled, its credential sent, and the answer held to the document."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from tests.contract.house import House
from tests.contract.watch import Promise
from tests.factories.world import ROLES
from webapp.kit import api, dialects
from webapp.kit.api import Route

INTAKE = {"closebot": "X-CloseBot-Key", "fixflow": "X-FixFlow-Key", "ledgerpilot": "X-LedgerPilot-Key"}
ORDER = ("GET", "PUT", "POST", "PATCH", "DELETE")  # what a deletion removes is still there for the others


def routes(*dialect: dialects.Dialect) -> list[Route]:
    """Every route of some dialects, or of all."""
    found = [r for r in api.ROUTES if not dialect or r.dialect in dialect]
    return sorted(found, key=lambda r: (ORDER.index(r.method), r.path))


def names_of(path: str) -> list[str]:
    """The path variables of a rule."""
    return re.findall(r"<(?:[^<>]*:)?([^<>:]+)>", path)


def filled(path: str, values: dict[str, Any]) -> str:
    """A rule with its variables replaced."""
    return re.sub(r"<(?:[^<>]*:)?([^<>:]+)>", lambda found: str(values[found[1]]), path)


@dataclass(slots=True)
class Caller:
    """Asks routes as the people and keys of a house."""

    house: House
    promise: Promise

    def signed_in(self) -> Self:
        """Itself, with everybody signed in: that is written down, and later calls are watched for what they write."""
        for role in ROLES:
            self.house.api[role] = self.house.company.api(role)
        return self

    def headers(self, route: Route, role: str = "admin") -> dict[str, str]:
        """The credential of somebody, as the route's dialect wants it; growth knows scopes instead of roles."""
        if route.dialect is dialects.FIELD:
            if role == "admin" and route.path.startswith(("/api/v1/tech/", "/api/v1/time-tracking/status")):
                role = "technician"  # an admin has no jobs and no time of their own
            client = self.house.api[role]
            sent = {"X-Tenant-Id": client.tenant_id}
            return sent if route.rule.public else sent | {"Authorization": f"Bearer {client.token}"}
        if route.dialect is dialects.GROWTH:
            scope = role if role in self.house.secrets["growth"] else "admin"
            return {"Authorization": f"Bearer {self.house.secrets['growth'][scope]}"}
        key = self.house.secrets["intake"][route.dialect.name]
        if route.dialect is dialects.AGENTS:
            return {"Authorization": f"Bearer {key}", "Operator-Version": "2025-06-19"}
        return {INTAKE[route.dialect.name]: key}

    def ask(
        self,
        route: Route,
        *,
        role: str | None = "admin",
        values: dict[str, Any] | None = None,
        query: Any = None,
        body: Any = None,
        raw: bytes | None = None,
        new: bool = False,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Call a route. `role` None sends no credential; `raw` is a body that is not JSON made from Python; `new` takes
        records of their own for the path; `key` is an Idempotency-Key."""
        given = self.house.variables(names_of(route.path), new=new) | (values or {})
        sent = {} if role is None else self.headers(route, role)
        sent |= headers or {}
        if key is not None:
            sent["Idempotency-Key"] = key
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            sent["Content-Type"] = "application/json"
        client = self.house.app.test_client()
        answer = client.open(
            filled(route.path, given), method=route.method, data=raw, query_string=query, headers=sent
        )
        if answer.mimetype == "text/event-stream":  # it never ends by itself
            first = next(iter(answer.response))
            answer.close()
            answer.set_data(first)
        return answer


def error_of(dialect: dialects.Dialect, answer: Any) -> tuple[str, str]:
    """Code and message of an error answer, whose envelope is the dialect's own. Raises AssertionError."""
    data = answer.get_json(silent=True)
    assert isinstance(data, dict), f"no JSON: {answer.get_data(as_text=True)[:200]}"
    name = type(dialect).__name__.lower()
    if name == "field":
        assert set(data) == {"ok", "error"} and data["ok"] is False, data
        inner = data["error"]
        assert {"code", "message"} <= set(inner) <= {"code", "message", "details"}, data
    elif name == "growth":
        assert set(data) == {"error"}, data
        inner = data["error"]
        assert set(inner) == {"code", "message", "details"}, data
        assert inner["code"] == inner["code"].lower()
    elif name == "intake":
        assert set(data) == {"error", "message"}, data
        inner = {"code": data["error"], "message": data["message"]}
    else:
        assert set(data) == {"code", "transient", "message", "data"}, data
        inner = data
    assert isinstance(inner["code"], str) and inner["code"], data
    assert isinstance(inner["message"], str) and inner["message"][-1:] in ".!?”)", data
    return inner["code"], inner["message"]


def names_the_field(answer: Any, field: str) -> bool:
    """Whether an error says which field it is about: in its sentence or its details."""
    return field in answer.get_data(as_text=True)


CODES = {400: "BAD_REQUEST", 401: "UNAUTHORIZED", 403: "FORBIDDEN", 404: "NOT_FOUND", 405: "BAD_REQUEST", 409: "CONFLICT",
         413: "BAD_REQUEST", 422: "VALIDATION_ERROR", 429: "TOO_MANY_REQUESTS"}  # fmt: skip


def refused(route: Route, answer: Any, *statuses: int) -> str:
    """What is wrong with a refusal, in words; empty when it is as it should be."""
    where = f"{route.method} {answer.request.path}"
    if answer.status_code not in statuses:
        return f"{where}: {answer.status_code}, not {statuses}: {answer.get_data(as_text=True)[:160]}"
    try:
        code, _ = error_of(route.dialect, answer)
    except AssertionError as problem:
        return f"{where}: {problem}"
    if route.dialect is dialects.FIELD and code != CODES.get(answer.status_code, code):
        return f"{where}: {answer.status_code} says {code}"
    return ""
