"""Values that the schemas allow and nobody expects: no route breaks on them."""

import pytest

from tests.contract import bodies
from tests.contract.caller import Caller, filled, names_of, routes
from tests.contract.house import House, build
from tests.contract.watch import Promise, none
from webapp.kit import dialects
from webapp.kit.web import App


@pytest.fixture(scope="module")
def house(app: App) -> House:
    return build(app, "strange")


def test_strange_values_in_bodies_are_taken_or_refused_as_documented(
    caller: Caller, promise: Promise
) -> None:
    problems, sent = [], 0
    for route in routes():
        if route.body is None:
            continue
        good = bodies.right(promise, route, caller.house)
        for body in bodies.strange(promise, route, good):
            sent += 1
            answer = caller.ask(route, body=body)
            if answer.status_code >= 500:
                problems.append(f"{route.method} {route.path}: {answer.status_code} {str(body)[:160]}")
            else:
                problems += promise.problems(route, answer)
    none(problems)
    assert sent > 100


NUMBERS = (0, 2**31, 2**63 - 1, 2**63, 10**30)
WORDS = (
    "%00",
    "x" * 3000,
    "..%2f..%2fetc",
    "%F0%9F%98%80",
    "' or 1=1",
    "-1",
    "1.5",
    "00000000-0000-0000-0000-000000000000",
)


def test_strange_words_in_an_address_are_404(caller: Caller, promise: Promise) -> None:
    problems = []
    for route in routes():
        for name in names_of(route.path):
            values = NUMBERS if f"<int:{name}>" in route.path else WORDS
            for value in values:
                answer = caller.ask(
                    route, values={name: value}, body=bodies.good(caller.promise, route, caller.house)
                )
                if answer.status_code not in (400, 404, 405, 422):
                    problems.append(f"{route.method} {filled(route.path, dict.fromkeys(names_of(route.path), value))[:90]}:"
                                    f" {answer.status_code}")  # fmt: skip
    none(problems)


def test_strange_credentials_are_refused(caller: Caller) -> None:
    problems = []
    for route in (routes(dialects.FIELD)[0], routes(dialects.GROWTH)[0]):
        for value in (
            "Bearer",
            "Bearer ",
            "Basic YTpi",
            "Bearer eyJ.eyJ.x",
            "Bearer " + "x" * 9000,
            "Bearer eal_live_",
            "\xe9",
        ):
            answer = caller.ask(route, role=None, headers={"Authorization": value})
            if answer.status_code not in (400, 401):
                problems.append(f"{route.path} {value[:30]!r}: {answer.status_code}")
    route = routes(dialects.FIELD)[0]
    for value in ("", "x", "0", "0" * 32, "0" * 36):
        answer = caller.ask(route, headers={"X-Tenant-Id": value})
        if answer.status_code not in (400, 403):
            problems.append(f"X-Tenant-Id {value!r}: {answer.status_code}")
    none(problems)
