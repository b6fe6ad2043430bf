"""Queries, pages of lists, unknown addresses and methods: the same for every API route."""

from typing import Any

import pytest

from tests.contract import bodies
from tests.contract.caller import Caller, error_of, filled, names_of, names_the_field, refused, routes
from tests.contract.house import NOON, House
from tests.contract.watch import Promise, none
from webapp.kit import clock, dialects
from webapp.kit.api import Route
from webapp.kit.paging import CursorQuery, PageQuery
from webapp.kit.web import App

PREFIXES = {
    "/api/v1": dialects.FIELD, "/api/closebot": dialects.CLOSEBOT, "/api/fixflow": dialects.FIXFLOW,
    "/api/ledgerpilot": dialects.LEDGERPILOT, "/api/operator": dialects.AGENTS,
}  # fmt: skip


def wanted(route: Route, house: House) -> dict[str, Any]:
    """The parameters without which a route answers nothing."""
    fields = route.query.model_fields.items() if route.query is not None else ()
    return {n: house.values[n] for n, f in fields if f.is_required()}


def lists(kind: type) -> list[Route]:
    found = [r for r in routes() if r.query is not None and issubclass(r.query, kind)]
    assert found
    return found


# Queries ----------------------------------------------------------------------------------------------------------


def test_every_paged_route_takes_the_parameters_of_pages() -> None:
    for route in routes():
        if route.paged:
            assert route.query is not None, route.path
            assert issubclass(route.query, PageQuery if route.dialect is dialects.FIELD else CursorQuery), (
                route.path
            )


def test_an_unknown_parameter_is_named(caller: Caller) -> None:
    problems = []
    for route in routes():
        answer = caller.ask(
            route,
            query=wanted(route, caller.house) | {"surprise": "1"},
            body=bodies.good(caller.promise, route, caller.house),
        )
        found = refused(route, answer, 400, 422)
        problems.append(found or ("" if names_the_field(answer, "surprise") else f"{route.path}: not named"))
    none(problems)


def test_a_wrong_parameter_is_named_and_never_breaks_a_route(caller: Caller, promise: Promise) -> None:
    problems, sent = [], 0
    for route in routes():
        for parameter in promise.operation(route)["parameters"] if route.query is not None else ():
            if parameter["in"] != "query":
                continue
            name = parameter["name"]
            for value in ("-1.5", "1" * 200, "2026-13-45", "\x00", "x" * 600):
                sent += 1
                answer = caller.ask(route, query=wanted(route, caller.house) | {name: value})
                if answer.status_code >= 500:
                    problems.append(f"{route.path}?{name}={value[:20]!r}: {answer.status_code}")
                elif answer.status_code in (400, 422) and not names_the_field(answer, name):
                    problems.append(
                        f"{route.path}?{name}={value[:20]!r} is not named: {answer.get_data(as_text=True)[:120]}"
                    )
                elif "\x00" in value and answer.status_code < 400:
                    problems.append(f"{route.path}?{name} takes a NUL character")
                problems += [f"{p} ({name}={value[:20]!r})" for p in promise.problems(route, answer)]
            twice = caller.ask(route, query=f"{name}=1&{name}=2")
            if parameter["schema"].get("type") != "array":
                problems.append(refused(route, twice, 422))
    none(problems)
    assert sent > 100


def test_an_empty_parameter_is_one_that_was_left_out(caller: Caller) -> None:
    problems = []
    for route in routes():
        if route.query is None:
            continue
        empty = dict.fromkeys(route.query.model_fields, "") | wanted(route, caller.house)
        plain = caller.ask(route, query=wanted(route, caller.house)).status_code
        status = caller.ask(route, query=empty).status_code
        problems.append("" if (status, plain) == (200, 200) else f"{route.path}: {status}, {plain}")
    none(problems)


# Pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), [("page", 0), ("page", -1), ("page", 10**9), ("page", "x"), ("limit", 0),
                                             ("limit", 201), ("limit", "all"), ("page", 10**40)])  # fmt: skip
def test_a_page_that_cannot_be_is_refused(caller: Caller, name: str, value: Any) -> None:
    problems = []
    for route in lists(PageQuery):
        answer = caller.ask(route, query={name: value})
        problems.append(
            refused(route, answer, 422) or ("" if names_the_field(answer, name) else f"{route.path} {name}")
        )
    none(problems)


def test_a_page_past_the_end_is_empty(caller: Caller) -> None:
    problems = []
    for route in lists(PageQuery):
        for page in (10_000, 10_000_000):
            answer = caller.ask(route, query={"page": page, "limit": 200})
            found = (
                answer.get_json()["data"] if answer.status_code == 200 else {"items": [answer.status_code]}
            )
            problems.append("" if not found["items"] and found["page"] == page else f"{route.path}: {found}")
    none(problems)


def test_the_second_page_of_every_list_goes_on_where_the_first_ended(caller: Caller) -> None:
    problems = []
    for route in lists(PageQuery):
        data = [caller.ask(route, query={"page": n, "limit": 1}).get_json()["data"] for n in (1, 2)]
        whole = caller.ask(route, query={"limit": 200}).get_json()["data"]
        total = whole["total"]
        if total < 2:
            problems.append(f"{route.path}: put two of them into tests/contract/house.py")
            continue
        expected = {"total": total, "limit": 1, "total_pages": total}
        for number, found in enumerate(data, 1):
            if {k: v for k, v in found.items() if k != "items"} != expected | {"page": number}:
                problems.append(f"{route.path}: page {number}: {found}")
            if found["items"] != whole["items"][number - 1 : number]:
                problems.append(f"{route.path}: page {number} is not entry {number} of the whole")
        if len(whole["items"]) != min(total, 200):
            problems.append(f"{route.path}: {len(whole['items'])} of {total}")
    none(problems)


def test_every_numbered_list_is_narrowed_by_updated_since(caller: Caller) -> None:
    problems = []
    for route in lists(PageQuery):
        counts = {}
        for moment in ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00+05:30", "2001-01-01", "9999-12-31T23:59:59Z",
                       "0001-01-01T00:00:00+14:00", clock.iso(NOON)):  # fmt: skip
            answer = caller.ask(route, query={"updated_since": moment})
            counts[moment] = (
                answer.get_json()["data"]["total"] if answer.status_code == 200 else answer.status_code
            )
        whole = caller.ask(route).get_json()["data"]["total"]
        expected = dict.fromkeys(counts, whole) | {"9999-12-31T23:59:59Z": 0}
        if counts != expected:
            problems.append(f"{route.path}: {counts}, in all {whole}")
    none(problems)


def test_a_second_before_or_after_decides_what_updated_since_shows(caller: Caller) -> None:
    problems = []
    for route in lists(PageQuery):
        after = NOON.replace(second=1).isoformat().replace("+00:00", "Z")
        found = caller.ask(route, query={"updated_since": after}).get_json()["data"]
        problems.append(
            f"{route.path}: {found['total']} changed after the last change" if found["total"] else ""
        )
    none(problems)


@pytest.mark.parametrize(
    "cursor", ["x", "e30", "%%%", "bnVsbA", "W10", "A" * 499, "eyJjcmVhdGVkX2F0IjoxLCJpZCI6MX0", "\x00"]
)
def test_a_cursor_that_was_not_given_out_is_refused(caller: Caller, cursor: str) -> None:
    none(refused(r, caller.ask(r, query={"cursor": cursor}), 400, 422) for r in lists(CursorQuery))


@pytest.mark.parametrize("limit", [0, 201, -1, "x", 10**40])
def test_a_limit_that_cannot_be_is_refused_by_cursor_lists_too(caller: Caller, limit: Any) -> None:
    none(refused(r, caller.ask(r, query={"limit": limit}), 422) for r in lists(CursorQuery))


def test_a_cursor_list_is_walked_to_its_end_once(caller: Caller) -> None:
    for route in lists(CursorQuery):
        whole = [e["id"] for e in caller.ask(route, query={"limit": 200}).get_json()["data"]]
        seen: list[str] = []
        query: dict[str, Any] = {"limit": 7}
        while True:
            found = caller.ask(route, query=query).get_json()
            assert set(found) == {"data", "next_cursor"}
            seen += [e["id"] for e in found["data"]]
            if found["next_cursor"] is None:
                break
            query["cursor"] = found["next_cursor"]
        assert len(seen) == len(set(seen)) > 7
        assert seen[: len(whole)] == whole


# Addresses and methods --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "PUT"])
def test_an_unknown_address_is_404_in_the_dialect_of_its_prefix(app: App, prefix: str, method: str) -> None:
    for rest in ("/nothing-here", "/nothing/here/at/all", "/%00", "/sales/x/y/z"):
        answer = app.test_client().open(prefix + rest, method=method)
        assert answer.status_code == 404
        error_of(PREFIXES[prefix], answer)


def test_an_unknown_address_speaks_growth_to_a_growth_key(caller: Caller, app: App) -> None:
    for key in (caller.house.secrets["growth"]["read"], "eal_test_anything", "eal_live_"):
        answer = app.test_client().get("/api/v1/nothing-here", headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 404
        assert error_of(dialects.GROWTH, answer)[0] == "not_found"
    answer = app.test_client().get("/api/v1/nothing-here", headers={"Authorization": "Bearer tk_live_x"})
    assert error_of(dialects.FIELD, answer)[0] == "NOT_FOUND"


def test_an_unknown_address_beside_the_apis_is_404(app: App) -> None:
    for path in ("/api/nothing", "/api/", "/api/v2/sales", "/api"):
        assert app.test_client().get(path).status_code == 404


def test_a_method_that_is_not_there_is_405_and_says_which_are(caller: Caller, app: App) -> None:
    by_path: dict[str, set[str]] = {}
    for route in routes():
        by_path.setdefault(route.path, set()).add(route.method)
    problems = []
    for route in routes():
        path = filled(route.path, caller.house.variables(names_of(route.path)))
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - by_path[route.path]:
            answer = app.test_client().open(path, method=method, headers=caller.headers(route))
            allowed = {m.strip() for m in answer.headers.get("Allow", "").split(",")} - {"HEAD", "OPTIONS"}
            if answer.status_code == 404 or not allowed >= by_path[route.path]:
                problems.append(f"{method} {path}: {answer.status_code}, Allow {allowed}")
            problems.append("" if answer.status_code == 405 else f"{method} {path}: {answer.status_code}")
            error_of(dialects.FIELD if route.dialect is dialects.FIELD else route.dialect, answer)
    none(problems)


def test_every_answer_is_kept_by_nobody_and_guessed_at_by_nobody(caller: Caller) -> None:
    problems = []
    for route in routes(dialects.FIELD, dialects.GROWTH):
        if route.method != "GET" or route.media_type == "application/pdf":
            continue
        answer = caller.ask(route, query=wanted(route, caller.house))
        sent = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        wrong = {n: answer.headers.get(n) for n, v in sent.items() if answer.headers.get(n) != v}
        problems.append(
            f"{route.path}: {wrong}" if wrong or not answer.headers.get("X-Correlation-Id") else ""
        )
    none(problems)
