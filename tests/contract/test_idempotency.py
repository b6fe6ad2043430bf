"""A request sent twice under one Idempotency-Key is done once, whichever route creates."""

import json
import threading
import time
from typing import Any

import psycopg
import pytest

from tests.contract import bodies
from tests.contract.caller import Caller, refused, routes
from tests.contract.house import House, build
from tests.contract.watch import Promise, Rows, none
from webapp.kit import clock, dialects
from webapp.kit.api import Route
from webapp.kit.web import App


@pytest.fixture(scope="module")
def house(app: App) -> House:
    return build(app, "idempotency")


def creating() -> list[Route]:
    found = [r for r in routes(dialects.FIELD) if r.creates and not r.rule.public]
    assert len(found) >= 6
    return found


def body_of(caller: Caller, route: Route) -> dict[str, Any]:
    return bodies.right(caller.promise, route, caller.house) if route.body is not None else {}


def sale_route() -> Route:
    (found,) = [r for r in creating() if r.path == "/api/v1/sales"]
    return found


def changed(body: dict[str, Any]) -> dict[str, Any]:
    """A body as good as another, and not the same."""
    number = next((n for n in ("ends_minute", "turns") if n in body), None)
    if number is not None:
        return body | {number: body[number] + 1}
    name = next(
        n for n, v in body.items() if n.endswith("_cents") or str(v).startswith(("Words", "20", "http"))
    )
    value = body[name]
    if isinstance(value, str) and len(value) == len("2026-11-10"):
        return body | {name: value[:-1] + ("2" if value[-1] != "2" else "3")}
    if isinstance(value, str) and value.startswith("20"):
        return body | {name: value.replace("T15:", "T16:")}
    if isinstance(value, str) and value.startswith("http"):
        return body | {name: f"{value}/too"}
    return body | {name: value + 1 if isinstance(value, int) else f"{value} too"}


def key_for(route: Route, what: str) -> str:
    return f"{what} {route.path}"[:255]


def test_every_route_that_creates_takes_a_key(promise: Promise) -> None:
    posts = [
        r for r in routes(dialects.FIELD) if r.method == "POST" and r.status == 201 and not r.rule.public
    ]
    assert {r.path for r in posts} <= {r.path for r in creating()}
    for route in creating():
        assert "Idempotency-Key" in {p["name"] for p in promise.operation(route)["parameters"]}


def test_the_same_key_and_body_give_the_first_answer_and_write_once(caller: Caller, rows: Rows) -> None:
    problems = []
    for route in creating():
        body, key = body_of(caller, route), key_for(route, "twice")
        first = caller.ask(route, body=body, key=key)
        before = rows.now()
        again = caller.ask(route, body=body, key=key)
        same = (again.status_code, again.get_data(), again.mimetype) == (
            route.status,
            first.get_data(),
            first.mimetype,
        )
        marked = (first.headers.get("Idempotent-Replayed"), again.headers.get("Idempotent-Replayed"))
        if not same or marked != (None, "true") or rows.changed(before, rows.now()):
            problems.append(
                f"{route.path}: {first.status_code}, {again.status_code}, {marked}, {first.get_data()[:200]!r}"
            )
    none(problems)


def test_the_same_key_with_another_body_is_422_and_writes_nothing(caller: Caller, rows: Rows) -> None:
    problems = []
    for route in creating():
        body, key = body_of(caller, route), key_for(route, "other")
        first = caller.ask(route, body=body, key=key)
        before = rows.now()
        if route.body is None:
            continue
        other = caller.ask(route, body=changed(body), key=key)
        problems.append(
            "" if first.status_code == route.status else f"{route.path}: {first.get_data(as_text=True)[:160]}"
        )
        problems.append(refused(route, other, 422))
        problems += [f"{route.path}: wrote {t}" for t in rows.changed(before, rows.now())]
    none(problems)


def test_without_a_key_the_same_body_creates_twice(caller: Caller) -> None:
    route = sale_route()
    body = body_of(caller, route)
    made = {caller.ask(route, body=body).get_json()["data"]["id"] for _ in range(2)}
    assert len(made) == 2


def test_a_refused_request_is_not_kept_under_its_key(caller: Caller, rows: Rows) -> None:
    problems = []
    for route in creating():
        if route.body is None:
            continue
        body, key = body_of(caller, route), key_for(route, "refused")
        before = rows.now()
        wrong = [caller.ask(route, body=body | {"surprise": 1}, key=key),
                 caller.ask(route, raw=b"{", key=key)]  # fmt: skip
        problems += [refused(route, answer, 400, 422) for answer in wrong]
        problems += [f"{route.path}: wrote {t}" for t in rows.changed(before, rows.now())]
        right = caller.ask(route, body=body, key=key)
        if right.status_code != route.status or "Idempotent-Replayed" in right.headers:
            problems.append(f"{route.path}: {right.status_code} {right.get_data(as_text=True)[:160]}")
    none(problems)


def test_what_a_rule_refuses_may_be_tried_again_under_its_key(caller: Caller) -> None:
    route = sale_route()
    body = body_of(caller, route)
    absent = caller.ask(route, body=body | {"item_id": 2**40}, key="sold too early")
    assert absent.status_code in (404, 422)
    assert caller.ask(route, body=body, key="sold too early").status_code == 201


def test_each_person_and_each_address_has_keys_of_its_own(caller: Caller, neighbour: House) -> None:
    route = sale_route()
    body, key = body_of(caller, route), "shared key"
    others = Caller(neighbour, caller.promise).signed_in()
    answers = [
        caller.ask(route, body=body, key=key),
        caller.ask(route, body=body, role="manager", key=key),
        others.ask(route, body=body_of(others, route), key=key),
    ]
    beside = [other for other in creating() if other.body is not None and other is not route]
    answers += [caller.ask(other, body=body_of(caller, other), key=key) for other in beside]
    assert [a.status_code for a in answers] == [201, 201, 201, *(other.status for other in beside)]
    assert [a.headers.get("Idempotent-Replayed") for a in answers] == [None] * len(answers)


def test_an_api_key_and_a_person_do_not_share_answers(caller: Caller) -> None:
    from webapp.accounts.service import keys

    route = sale_route()
    body = body_of(caller, route)
    with caller.house.acting():
        _, partner = keys.create("Partner", "field", role="manager")
    sent = {"Authorization": f"Bearer {partner}"}
    first = caller.ask(route, role=None, body=body, key="partner's", headers=sent)
    again = caller.ask(route, role=None, body=body, key="partner's", headers=sent)
    person = caller.ask(route, body=body, key="partner's")
    assert [a.status_code for a in (first, again, person)] == [201, 201, 201]
    assert again.get_json() == first.get_json() != person.get_json()


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\tin it"])
def test_a_key_that_cannot_be_is_400(caller: Caller, rows: Rows, key: str) -> None:
    ready = [(route, body_of(caller, route)) for route in creating()]
    before = rows.now()
    for route, body in ready:
        answer = caller.ask(route, body=body, key=key)
        assert refused(route, answer, 400) == ""
    assert rows.changed(before, rows.now()) == []


def test_a_key_of_255_characters_is_taken(caller: Caller) -> None:
    route = sale_route()
    body = body_of(caller, route)
    answers = [caller.ask(route, body=body, key="k" * 255) for _ in range(2)]
    assert [a.headers.get("Idempotent-Replayed") for a in answers] == [None, "true"]


def test_an_answer_is_kept_for_thirty_days(caller: Caller) -> None:
    from datetime import timedelta

    route = sale_route()
    body = body_of(caller, route)
    first = caller.ask(route, body=body, key="old")
    noon = clock.now()
    for days, replayed in ((29, "true"), (31, None)):
        with clock.at(noon + timedelta(days=days)):
            caller.signed_in()
            answer = caller.ask(route, body=body, key="old")
            assert (answer.status_code, answer.headers.get("Idempotent-Replayed")) == (201, replayed), days
    caller.signed_in()
    assert answer.get_json()["data"]["id"] != first.get_json()["data"]["id"]


def test_a_key_in_flight_is_409_and_its_first_request_is_done_once(
    caller: Caller, connection: psycopg.Connection[Any], rows: Rows
) -> None:
    tenant = caller.house.company.tenant_id
    for route in creating():
        body, key = body_of(caller, route), key_for(route, "in flight")
        answers: list[Any] = []
        first = threading.Thread(target=_ask, args=(caller, route, body, key, answers))
        with connection.transaction():
            # every change ends by numbering itself here: the first request waits with its work done
            connection.execute("select 1 from journal_heads where tenant_id = %s for update", (tenant,))
            first.start()
            _wait_for_a_waiting_one(connection)
            second = caller.ask(route, body=body, key=key)
            other = caller.ask(route, body=body | {"notes": "other"}, key=key)
        first.join(timeout=30)
        assert refused(route, second, 409) == ""
        assert other.status_code in (409, 422)
        (done,) = answers
        assert done.status_code == route.status, done.get_data(as_text=True)
        before = rows.now()
        again = caller.ask(route, body=body, key=key)
        assert (again.headers["Idempotent-Replayed"], again.get_data()) == ("true", done.get_data())
        assert rows.changed(before, rows.now()) == []


def _ask(caller: Caller, route: Route, body: Any, key: str, answers: list[Any]) -> None:
    answers.append(caller.ask(route, body=body, key=key))


def _wait_for_a_waiting_one(connection: psycopg.Connection[Any]) -> None:
    for _ in range(1000):
        time.sleep(0.01)
        connection.execute(
            "select pg_stat_clear_snapshot()"
        )  # inside a transaction it would stay as first seen
        found = connection.execute(
            "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
            " and query ilike '%journal_heads%'"
        ).fetchone()
        if found:
            return
    pytest.fail("no request came to its end")


def test_a_key_on_a_route_that_creates_nothing_is_no_matter(caller: Caller) -> None:
    (route,) = [r for r in routes(dialects.FIELD) if r.path == "/api/v1/admin/items" and r.method == "GET"]
    answers = [caller.ask(route, key="x" * 300) for _ in range(2)]
    assert [a.status_code for a in answers] == [200, 200]
    assert json.loads(answers[0].get_data())["ok"] is True
