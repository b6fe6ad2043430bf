"""Bodies for every route, made from its schema: one that is right, and many that are wrong in one place each."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.accounts.support import totp
from tests.contract import dispatch, house_fleet, phone, promises, routing, timesheets, webhooks
from tests.contract import house as houses
from tests.contract.house import House
from tests.contract.watch import Promise
from tests.factories.world import PASSWORD
from webapp.kit.api import Route
from webapp.kit.db import get
from webapp.models import User

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
    token = (
        houses.challenge(house, "owner")
        if "totp" in house.secrets
        else houses.with_second_factor(house, "owner")
    )
    return {"challenge_token": token, "code": totp(house.secrets["totp"], house.number() % 2)}


def _register(house: House) -> dict[str, Any]:
    name = f"owner{house.number()}x"
    return {"email": f"{name}@example.com", "username": name, "password": "securePassword123!", "first_name": "Jane",
            "last_name": "Smith", "company_name": f"Smith {name} HVAC"}  # fmt: skip


def _mail(house: House) -> dict[str, Any]:
    with house.acting("owner"):
        get(User, house.company.users["owner"]).email_codes = True
    return {"challenge_token": houses.challenge(house, "owner")}


RATES = "/api/v1/admin/commission-config"
PLACES = ("tech/<int:technician_id>/item/<int:item_id>", "tech/<int:technician_id>/category/<int:category_id>",
          "tech/<int:technician_id>", "item/<int:item_id>", "category/<int:category_id>", "company")  # fmt: skip

JOB = "/api/v1/admin/dispatch/<int:job_id>"

# bodies that must fit what is there
BODIES: dict[tuple[str, str], Make] = {
    ("POST", "/api/v1/auth/login"): _login,
    ("POST", "/api/v1/auth/refresh"): _refresh,
    ("POST", "/api/v1/auth/mfa-verify"): _verify,
    ("POST", "/api/v1/auth/mfa-email"): _mail,
    ("POST", "/api/v1/auth/register"): _register,
    ("POST", "/api/v1/sales/approve"): lambda house: {"ids": [house.values["sale_id"]]},
    ("PATCH", "/api/v1/admin/pay-periods/<int:period_id>/reopen"): lambda house: {
        "reason": "A sale was missing"
    },
    ("POST", f"{JOB}/copy"): lambda house: {
        "scheduled_start": f"2026-12-{1 + house.number() % 28:02d}T15:00:00Z"
    },
    ("PATCH", f"{JOB}/assign"): lambda house: {
        "technician_id": house.values["technician_id"],
        "override_reason": "all at once",
    },
    ("PATCH", f"{JOB}/status"): lambda house: {"status": "acknowledged"},
    ("PATCH", "/api/v1/tech/dispatch/my-jobs/<int:job_id>/status"): lambda house: {"status": "acknowledged"},
    **dispatch.BODIES,
    **house_fleet.BODIES,
    **promises.BODIES,
    **timesheets.BODIES,
    **routing.BODIES,
    **phone.BODIES,
    **webhooks.BODIES,
    **{("PUT", f"{RATES}/{place}"): lambda house: {"commission_rate_bps": 750} for place in PLACES},
}


def right(promise: Promise, route: Route, house: House) -> dict[str, Any]:
    """A body that the route takes: what it requires, and nothing besides."""
    ready = BODIES.get((route.method, route.path))
    if ready is not None:
        return ready(house)
    schema = promise.body_schema(route)
    wanted = schema.get("required", []) or list(schema.get("properties", {}))[:1]
    return {name: _value(promise, name, schema["properties"][name], house) for name in wanted}


def good(promise: Promise, route: Route, house: House) -> dict[str, Any] | None:
    """As :func:`right`; None for a route that takes no body."""
    return right(promise, route, house) if route.body is not None else None


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
    return (
        text
        or f"Words {house.number()}".ljust(schema.get("minLength", 0), "x")[: schema.get("maxLength", 50)]
    )


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
    kind = schema.get("type")
    other: dict[str | None, list[Any]] = {
        "string": [5, ["x"], {"$ne": 1}, "\x00"], "integer": ["5", 1.5, True, [5], BIG, -BIG], "boolean": ["true", 1, []],
        "array": [{}, "x", [None], [BIG]], "object": [[], "x", BIG],
    }  # fmt: skip
    found: list[Any] = [None, *other.get(kind, ["\x00", BIG])]
    if "maxLength" in schema:
        found.append("x" * (schema["maxLength"] + 1))
    if schema.get("minLength"):
        found.append("")
    for bound, step in (("maximum", 1), ("minimum", -1), ("exclusiveMaximum", 0), ("exclusiveMinimum", 0)):
        if bound in schema:
            found.append(schema[bound] + step)
    if schema.get("format") in ("date", "date-time"):
        found += ["2026-13-45", "2026-02-30T09:00:00Z", "9" * 30]
    if kind == "array" and "maxItems" in schema:
        found.append(["x"] * (schema["maxItems"] + 1))
    return found


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
    for field in inner.get("properties", {}):
        yield field, good | {name: [{field: {"$ne": 1}}]}
    if inner.get("properties"):
        yield "surprise", good | {name: [{"surprise": 1}]}


# wanted by nobody, allowed by every plain text
STRANGE = "=1+1'; drop table sales; --<b>\u202e\u200b😀%s %(x)s {0} \\u0000 ${7*7}\t"


def strange(promise: Promise, route: Route, good: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Bodies that the document allows and nobody expects."""
    for name, part in promise.body_schema(route).get("properties", {}).items():
        schema = _plain(promise, part)
        found: list[Any] = []
        most = schema.get("maxLength", 50)
        if schema.get("format") == "date":
            found = ["0001-01-01", "9999-12-31", "2100-02-28"]
        elif schema.get("format") == "date-time":
            found = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"]
        elif schema.get("type") == "string":
            found = [STRANGE[:most], " ", "x" * min(most, 5000)]
        elif schema.get("type") == "integer":
            top = schema.get("maximum", schema.get("exclusiveMaximum", 2**63) - 1)
            found = [schema.get("minimum", -(2**63)), 0, top, 2**31]
        inner = _plain(promise, schema.get("items", {})) if schema.get("type") == "array" else {}
        for field, one in inner.get("properties", {}).items():
            if _plain(promise, one).get("type") == "integer":
                found += [
                    [dict.fromkeys(inner["properties"], 1) | {field: value}]
                    for value in (-(2**63), 2**70, BIG)
                ]
        for value in found:
            body = good | {name: value}
            if promise.accepts(route, body):
                yield body
