"""Bodies for every route, made from its schema: one that is right, and many that are wrong in one place each."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.contract import house as houses
from tests.contract.house import House
from tests.contract.watch import Promise
from tests.factories.world import PASSWORD
from webapp.kit.api import Route

BIG = 10**199  # 200 digits
Make = Callable[[House], dict[str, Any]]

# what a schema alone does not tell
FIELDS: dict[str, Any] = {
    "email": "someone@example.com", "customer_email": "someone@example.com", "phone": "(813) 555-0123",
    "customer_phone": "(813) 555-0123", "color": "#2563eb", "password": "correct-horse-battery", "zip": "33601",
    "state": "FL", "kind": "bonus",
}  # fmt: skip


def _login(house: House) -> dict[str, Any]:
    return {"username": "manager", "password": PASSWORD}


def _refresh(house: House) -> dict[str, Any]:
    headers = {"X-Tenant-Id": str(house.company.tenant_id)}
    found = house.app.test_client().post("/api/v1/auth/login", json=_login(house), headers=headers).get_json()
    return {"refresh_token": found["data"]["refresh_token"]}


def _verify(house: House) -> dict[str, Any]:
    from tests.accounts.support import totp

    token = houses.challenge(house, "payroll") if "totp" in house.secrets else houses.with_second_factor(house, "payroll")
    return {"challenge_token": token, "code": totp(house.secrets["totp"], house.number() % 2)}


def _register(house: House) -> dict[str, Any]:
    name = f"owner{house.number()}x"
    return {"email": f"{name}@example.com", "username": name, "password": "securePassword123!", "first_name": "Jane",
            "last_name": "Smith", "company_name": f"Smith {name} HVAC"}  # fmt: skip


# bodies that must fit what is there
BODIES: dict[tuple[str, str], Make] = {
    ("POST", "/api/v1/auth/login"): _login,
    ("POST", "/api/v1/auth/refresh"): _refresh,
    ("POST", "/api/v1/auth/mfa-verify"): _verify,
    ("POST", "/api/v1/auth/register"): _register,
    ("POST", "/api/v1/sales/approve"): lambda house: {"ids": [house.values["sale_id"]]},
    ("PATCH", "/api/v1/admin/pay-periods/<int:period_id>/reopen"): lambda house: {"reason": "A sale was missing"},
}


def right(promise: Promise, route: Route, house: House) -> dict[str, Any]:
    """A body that the route takes: what it requires, and nothing besides."""
    ready = BODIES.get((route.method, route.path))
    if ready is not None:
        return ready(house)
    schema = promise.body_schema(route)
    wanted = schema.get("required", []) or list(schema.get("properties", {}))[:1]
    return {name: _value(promise, name, schema["properties"][name], house) for name in wanted}


def _value(promise: Promise, name: str, schema: dict[str, Any], house: House) -> Any:
    schema = _plain(promise, schema)
    if name in FIELDS:
        return FIELDS[name]
    if name in house.values:
        return house.values[name]
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "integer":
        return max(schema.get("minimum", 0), min(750, schema.get("maximum", 750)))
    if kind == "array":
        return [_value(promise, name, schema["items"], house)] if schema.get("minItems") else []
    if kind == "object":
        return {n: _value(promise, n, schema["properties"][n], house) for n in schema.get("required", [])}
    if kind == "boolean":
        return True
    text = {"date": "2026-11-10", "date-time": "2026-11-10T12:00:00Z"}.get(schema.get("format", ""))
    return text or f"Words {house.number()}".ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 50)]


def _plain(promise: Promise, schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without references and without its null."""
    schema = promise.followed(schema)
    for choice in schema.get("anyOf", schema.get("oneOf", ())):
        if choice.get("type") != "null":
            return _plain(promise, choice)
    return schema


def values(promise: Promise, schema: dict[str, Any]) -> list[Any]:
    """Things to put where a schema wants something else, or too much of it."""
    schema = _plain(promise, schema)
    anything: list[Any] = [None, "5", 5, 1.5, True, [], {}, BIG, -BIG, -1, "\x00", [None], {"$ne": 1}]
    if "maxLength" in schema:
        anything.append("x" * (schema["maxLength"] + 1))
    if schema.get("minLength"):
        anything.append("")
    for bound, step in (("maximum", 1), ("minimum", -1), ("exclusiveMaximum", 0), ("exclusiveMinimum", 0)):
        if bound in schema:
            anything.append(schema[bound] + step)
    if schema.get("format") in ("date", "date-time"):
        anything += ["2026-13-45", "yesterday", "2026-02-30T09:00:00Z", "9" * 30]
    if schema.get("type") == "array":
        inner = schema.get("items", {})
        anything += [[value] for value in values(promise, inner)]
        anything += [["x"] * (schema["maxItems"] + 1)] if "maxItems" in schema else []
    return anything


def wrong(promise: Promise, route: Route, good: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Bodies that the document says are wrong, with the field that is."""
    schema = promise.body_schema(route)
    for name, part in schema.get("properties", {}).items():
        for value in values(promise, part):
            body = good | {name: value}
            if "\x00" in str(value) or not promise.accepts(route, body):
                yield name, body
        for inner, body in _wrong_inside(promise, name, part, good):
            yield inner, body
    for name in schema.get("required", []):
        yield name, {n: v for n, v in good.items() if n != name}
    yield "surprise", good | {"surprise": 1}


def _wrong_inside(
    promise: Promise, name: str, part: dict[str, Any], good: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    inner = _plain(promise, _plain(promise, part).get("items", part))
    for field, schema in inner.get("properties", {}).items():
        for value in values(promise, schema):
            if value is not None and not isinstance(value, int):
                yield field, good | {name: [{field: value}]}
    if inner.get("properties"):
        yield "surprise", good | {name: [{"surprise": 1}]}


STRANGE = ("'; drop table sales; --", "<script>alert(1)</script>", "\u202e\u200bab", "😀" * 20, "%s %(x)s {0}",
           "\\u0000", " ", "\t\r\n", "=1+1", "0" * 30)  # fmt: skip


def strange(promise: Promise, route: Route, good: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Bodies that the document allows and nobody expects."""
    for name, part in promise.body_schema(route).get("properties", {}).items():
        schema = _plain(promise, part)
        found: list[Any] = []
        if schema.get("type") == "string":
            found = [s[: schema.get("maxLength", 50)] for s in STRANGE] + ["x" * min(schema.get("maxLength", 500), 5000)]
            if schema.get("format") == "date":
                found = ["0001-01-01", "9999-12-31", "1969-12-31", "2100-02-28"]
            elif schema.get("format") == "date-time":
                found = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", "2026-03-15T09:00:00Z"]
        elif schema.get("type") == "integer":
            top, low = schema.get("maximum", schema.get("exclusiveMaximum", 2**63) - 1), schema.get("minimum", -(2**63))
            found = [0, 1, low, top, 2**31, 2**63 - 1]
        for value in found:
            body = good | {name: value}
            if promise.accepts(route, body):
                yield body
