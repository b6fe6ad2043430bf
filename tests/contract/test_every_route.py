"""What holds for every API route, whichever it is: the list is the application's own."""

import re
from typing import Any

from tests.contract import bodies, dispatch, phone, promises, routing, timesheets, webhooks
from tests.contract.caller import Caller, names_of, names_the_field, refused, routes
from tests.contract.house import House
from tests.contract.watch import Promise, Rows, none
from tests.factories import people
from webapp.customers import service
from webapp.kit import dialects, permissions
from webapp.kit.api import Route

ROLES = ("manager", "dispatcher", "payroll", "accountant", "technician")
# these cannot succeed here: no provider of identities is configured
REFUSED_HERE = {
    "/api/v1/auth/sso/<provider>",
    "/api/v1/auth/sso/<provider>/register",
    "/api/v1/auth/sso/<provider>/link",
}


LOCAL_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?[+-]\d\d:\d\d")


def paths(route: Route) -> str:
    return f"{route.method} {route.path}"


# Who may ----------------------------------------------------------------------------------------------------------


def test_without_a_credential_every_route_but_the_public_ones_answers_401(caller: Caller) -> None:
    wrong = [refused(r, caller.ask(r, role=None), 401) for r in routes() if not r.rule.public]
    none(wrong)


def test_a_made_up_credential_is_401_also_where_the_address_is_right(caller: Caller) -> None:
    wrong = []
    for route in routes():
        if route.rule.public and route.dialect is dialects.FIELD:
            continue  # an expired token sent along with a sign-in is no reason to refuse that
        for name, value in caller.headers(route).items():
            if name in ("Authorization", "X-CloseBot-Key", "X-FixFlow-Key", "X-LedgerPilot-Key"):
                bad = value[:-1] + ("A" if value[-1] != "A" else "B")
                wrong.append(
                    refused(
                        route, caller.ask(route, role=None, headers=caller.headers(route) | {name: bad}), 401
                    )
                )
    none(wrong)


def test_whoever_lacks_the_permission_is_refused_before_anything_else(caller: Caller, rows: Rows) -> None:
    before, wrong, asked = rows.now(), [], 0
    for route in routes(dialects.FIELD):
        for role in ROLES:
            if route.rule.permissions and not permissions.of_roles([role]) & set(route.rule.permissions):
                asked += 1
                wrong.append(refused(route, caller.ask(route, role=role, raw=b"{"), 403))
    none(wrong)
    assert asked > len(ROLES)
    assert rows.changed(before, rows.now(), journal=True) == []


def test_technicians_change_next_to_nothing_of_the_offices(caller: Caller) -> None:
    office = [r for r in routes(dialects.FIELD) if "/admin/" in r.path and r.method != "GET"]
    answers = {paths(r): caller.ask(r, role="technician").status_code for r in office}
    # naming a buyer who is new is part of recording a sale in the field
    assert {p for p, status in answers.items() if status != 403} == {"POST /api/v1/admin/customers"}


def test_a_key_with_a_narrower_scope_is_refused(caller: Caller) -> None:
    order = ("read", "write", "admin")
    wrong = []
    for route in routes(dialects.GROWTH):
        if not route.rule.public:
            assert route.scope in order, paths(route)
            for scope in order[: order.index(route.scope)]:
                wrong.append(refused(route, caller.ask(route, role=scope), 403))
    none(wrong)


def test_a_credential_of_another_organization_or_product_is_403(caller: Caller, neighbour: House) -> None:
    wrong = []
    for route in routes():
        if route.rule.public:
            continue
        if route.dialect is dialects.FIELD:
            other = str(neighbour.company.tenant_id)
            wrong.append(refused(route, caller.ask(route, headers={"X-Tenant-Id": other}), 403))
            key = {"Authorization": f"Bearer {caller.house.secrets['growth']['admin']}"}
            wrong.append(refused(route, caller.ask(route, role=None, headers=key), 403))
        elif route.dialect is dialects.GROWTH:
            key = {"Authorization": f"Bearer {caller.house.secrets['intake']['agents']}"}
            wrong.append(refused(route, caller.ask(route, role=None, headers=key), 403))
    none(wrong)


# What is sent -----------------------------------------------------------------------------------------------------

NOT_JSON = (
    b"{",
    b"[]",
    b"null",
    b"5",
    b'"x"',
    b"\xff\xfe",
    b'{"a":' * 3000,
    b'{"a": NaN}',
    b'{"a": "\\ud800"}',
    b"\x00",
)


def with_bodies() -> list[Route]:
    return [r for r in routes() if r.body is not None]


def test_a_body_that_is_no_json_object_is_400_and_changes_nothing(caller: Caller, rows: Rows) -> None:
    before, wrong = rows.now(), []
    for route in with_bodies():
        wrong += [refused(route, caller.ask(route, raw=raw), 400) for raw in NOT_JSON]
    none(wrong)
    assert rows.changed(before, rows.now()) == []


def test_a_wrong_field_is_named_and_nothing_is_written(caller: Caller, rows: Rows, promise: Promise) -> None:
    problems, sent = [], 0
    for route in with_bodies():
        good = bodies.right(promise, route, caller.house)
        before = rows.now()
        for field, body in bodies.wrong(promise, route, good):
            answer = caller.ask(route, body=body)
            sent += 1
            found = refused(route, answer, 400, 422) or "; ".join(promise.problems(route, answer))
            if not found and not names_the_field(answer, field):
                found = f"{paths(route)}: {field} is not named: {answer.get_data(as_text=True)[:160]}"
            if found:
                problems.append(f"{found}  [{field}={str(body.get(field))[:40]}]")
        changed = rows.changed(before, rows.now())
        problems += [f"{paths(route)}: refused, and yet wrote to {changed}"] if changed else []
    none(problems)
    assert sent > 500


# Other organizations' records -------------------------------------------------------------------------------------


def test_another_organizations_record_is_404_in_every_address(
    caller: Caller, neighbour: House, rows: Rows
) -> None:
    public = ("code", "provider")
    foreign = [
        (route, name, bodies.good(caller.promise, route, caller.house))
        for route in routes()
        for name in names_of(route.path)
        if name not in public
    ]
    before, wrong = rows.now(), []
    for route, name, good in foreign:
        answer = caller.ask(route, values={name: neighbour.values[name]}, body=good)
        wrong.append(refused(route, answer, 404))
    none(wrong)
    assert rows.changed(before, rows.now()) == []


def test_another_organizations_record_in_a_body_is_not_found(
    caller: Caller, neighbour: House, rows: Rows
) -> None:
    ready = {r.path + r.method: bodies.right(caller.promise, r, caller.house) for r in with_bodies()}
    before, wrong, sent = rows.now(), [], 0
    for route in with_bodies():
        good = ready[route.path + route.method]
        for name in caller.promise.body_schema(route).get("properties", {}):
            if not name.endswith("_id"):
                continue
            sent += 1
            answer = caller.ask(route, body=good | {name: neighbour.values[name]})
            wrong.append(refused(route, answer, 404, 409, 422))
    none(wrong)
    assert sent >= 4
    assert rows.changed(before, rows.now()) == []


def test_several_sales_of_others_are_refused_one_by_one(caller: Caller, neighbour: House, rows: Rows) -> None:
    before = rows.now()
    (route,) = [r for r in routes() if r.path == "/api/v1/sales/approve"]
    answer = caller.ask(route, body={"ids": [neighbour.values["sale_id"]]})
    assert answer.status_code in (200, 404)
    if answer.status_code == 200:
        found = answer.get_json()["data"]
        assert found["approved"] == [] and len(found["refused"]) == 1
    assert rows.changed(before, rows.now()) == []


def test_a_list_asked_for_anothers_record_shows_nothing(caller: Caller, neighbour: House) -> None:
    problems = []
    for route in routes():
        if route.query is None or route.method != "GET":
            continue
        for name in route.query.model_fields:
            if not name.endswith("_id"):
                continue
            others = _with_required(route, caller, {name: neighbour.values[name]})
            absent = _with_required(route, caller, {name: 2**40 + 1})
            answer, nobody = caller.ask(route, query=others), caller.ask(route, query=absent)
            # a record of others looks as one that never was
            if answer.status_code != nobody.status_code or answer.status_code not in (200, 404, 422):
                problems.append(
                    f"{paths(route)} {name}: {answer.status_code}, for nobody's {nobody.status_code}"
                )
            if answer.status_code == 200 and answer.get_json()["data"]["items"]:
                problems.append(f"{paths(route)} {name}: shows {answer.get_json()['data']['items'][:1]}")
    none(problems)


def _with_required(route: Route, caller: Caller, query: dict[str, Any]) -> dict[str, Any]:
    assert route.query is not None
    wanted = [n for n, f in route.query.model_fields.items() if f.is_required()]
    return {n: caller.house.values[n] for n in wanted} | query


# What succeeds ----------------------------------------------------------------------------------------------------


FIRST = ("PUT", "POST", "GET", "PATCH", "DELETE")  # what is set is there to be read, and to be removed


def test_every_route_succeeds_as_documented_with_what_it_requires(caller: Caller, promise: Promise) -> None:
    problems = []
    for route in sorted(routes(), key=lambda r: (r.path.endswith("/logout"), FIRST.index(r.method), r.path)):
        query = _with_required(route, caller, {}) if route.query is not None else None
        prepare = PREPARED.get((route.method, route.path.removeprefix("/api/v1")))
        values = prepare(caller.house) if prepare else None
        body = bodies.good(promise, route, caller.house)
        answer = caller.ask(
            route, query=query, body=body, values=values, new=route.method == "PATCH" or _uses_up(route)
        )
        if route.path in REFUSED_HERE:
            found = [refused(route, answer, 400, 403, 404, 422, 503)]
        elif answer.status_code != route.status:
            found = [
                f"{paths(route)}: {answer.status_code}, not {route.status}: {answer.get_data(as_text=True)[:200]}"
            ]
        else:
            found = promise.problems(route, answer)
            if answer.is_json:
                local = LOCAL_TIME.findall(answer.get_data(as_text=True))
                found += [f"{paths(route)}: {moment} is not in UTC" for moment in local]
        problems += found
    none(problems)


def _uses_up(route: Route) -> bool:
    return route.method == "DELETE" and "commission-config" not in route.path


def _closed(house: House) -> dict[str, Any]:
    return {"period_id": house.secrets["closed"]}


def _merged(house: House) -> dict[str, Any]:
    with house.acting():
        one, other = people.customer(name="Twin One"), people.customer(name="Twin Two")
        service.merge(one.id, other.id)
        return {"customer_id": other.id}


def _held(house: House) -> dict[str, Any]:
    with house.acting():
        return dispatch.held(house)


# records that are brought into the state that a call is for
def _held(house: House) -> dict[str, Any]:
    with house.acting():
        return dispatch.held(house)


PREPARED = {
    **timesheets.PREPARED,
    **routing.PREPARED,
    **promises.PREPARED,
    **phone.PREPARED,
    **webhooks.PREPARED,
    ("PATCH", "/admin/pay-periods/<int:period_id>/reopen"): _closed,
    ("PATCH", "/admin/dispatch/<int:job_id>/release"): _held,
    ("POST", "/admin/customers/<int:customer_id>/unmerge"): _merged,
}
