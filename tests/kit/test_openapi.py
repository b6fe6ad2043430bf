"""The APIs' reference is valid, complete, and served without signing in."""

import json
from collections import Counter
from typing import Any

import pytest
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from webapp.kit import api, openapi
from webapp.kit.dialects import FIELD, FIXFLOW, GROWTH
from webapp.kit.paging import PageQuery
from webapp.kit.permissions import Rule
from webapp.kit.web import App


@pytest.fixture(scope="module")
def document(app: App) -> dict[str, Any]:
    return openapi.document("https://truckroll.example.com")


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, op) for path, item in document["paths"].items() for method, op in item.items()]


def test_the_document_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    problems = [
        f"{list(e.absolute_path)}: {e.message}" for e in OpenAPIV31SpecValidator(document).iter_errors()
    ]
    assert problems == []


def test_every_api_route_is_in_it_and_nothing_else(app: App, document: dict[str, Any]) -> None:
    served = {
        (openapi._PARAMETER.sub(r"{\2}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if api.route_of(app.view_functions[rule.endpoint]) is not None
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations(document)} == served


def test_operation_ids_are_unique_and_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    twice = [
        name for name, n in Counter(op["operationId"] for _, _, op in operations(document)).items() if n > 1
    ]
    assert twice == []
    silent = [f"{method} {path}" for path, method, op in operations(document) if len(op["summary"]) < 5]
    assert silent == []


def test_every_path_parameter_is_described(document: dict[str, Any]) -> None:
    for path, method, op in operations(document):
        named = {p["name"] for p in op["parameters"] if p["in"] == "path"}
        assert named == {part.strip("{}") for part in path.split("/") if part.startswith("{")}, (
            f"{method} {path}"
        )


def test_query_parameters_never_ask_for_null(document: dict[str, Any]) -> None:
    for path, method, op in operations(document):
        for parameter in op["parameters"]:
            assert "null" not in str(parameter["schema"].get("anyOf", "")), (
                f"{method} {path} {parameter['name']}"
            )
            assert parameter["schema"].get("default", 0) is not None


def route(dialect: Any, **changes: Any) -> api.Route:
    values = {
        "method": "GET",
        "path": "/x",
        "summary": "Do",
        "description": "",
        "rule": Rule(signed_in=True),
        "tag": "T",
    }
    return api.Route(dialect=dialect, **(values | changes))


def test_a_dialect_that_answers_400_to_wrong_fields_promises_no_422() -> None:
    schemas = openapi._Schemas([])
    assert "422" in openapi._responses(route(FIELD), schemas)
    assert "422" not in openapi._responses(route(FIXFLOW), schemas)


def test_envelopes_are_those_of_the_dialects() -> None:
    listed = route(FIELD, paged=True, query=PageQuery)
    field = openapi._wrapped(listed, {"type": "object"})
    assert set(field["properties"]["data"]["properties"]) == {
        "items",
        "total",
        "page",
        "limit",
        "total_pages",
    }
    growth = openapi._wrapped(route(GROWTH, paged=True), {"type": "object"})
    assert set(growth["properties"]) == {"data", "next_cursor"}


def test_an_answer_without_a_body_has_none_in_the_document() -> None:
    assert "content" not in openapi._responses(route(FIELD, status=204), openapi._Schemas([]))["204"]


def test_the_document_is_served_to_anybody_and_a_second_time_from_memory(client: FlaskClient) -> None:
    first = client.get("/api/openapi.json")
    assert first.status_code == 200
    assert first.json is not None
    assert first.json["openapi"].startswith("3.1")
    again = client.get("/api/openapi.json", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    before = openapi._rendered.cache_info().misses
    client.get("/api/openapi.json")
    assert openapi._rendered.cache_info().misses == before


def test_the_reference_page_loads_our_own_files_only(client: FlaskClient) -> None:
    page = client.get("/api/docs")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert 'data-url="/api/openapi.json"' in text
    assert "http" not in text.replace("http://www.w3.org", "")
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]


def test_the_reference_begins_with_signing_in_and_what_one_came_for(document: dict[str, Any]) -> None:
    assert list(document["paths"])[:2] == ["/api/v1/tenants/resolve/{code}", "/api/v1/auth/login"]
    names = [tag["name"].partition(": ")[2] for tag in document["tags"]]
    assert names[:4] == ["Sign-in", "Sales", "Technicians", "Customers"]
    shown = list(dict.fromkeys(tag for _, _, op in operations(document) for tag in op["tags"]))
    assert shown == [tag["name"] for tag in document["tags"]]
    served = openapi.rendered("https://truckroll.example.com")[0]
    assert (
        served.index(b'"/api/v1/auth/login"')
        < served.index(b'"/api/v1/sales"')
        < served.index(b"commission-config")
    )


def test_the_examples_of_requests_would_be_accepted(document: dict[str, Any]) -> None:
    refused = []
    for route in api.ROUTES:
        if route.body is None:
            continue
        path = openapi._PARAMETER.sub(r"{\2}", route.path)
        body = document["paths"][path][route.method.lower()]["requestBody"]["content"]["application/json"]
        try:
            route.body.model_validate_json(json.dumps(body["example"]))
        except ValueError as problem:
            refused.append(f"{route.method} {path}: {problem}")
    assert refused == []


def test_examples_are_such_as_one_would_send_and_get(document: dict[str, Any]) -> None:
    sale = document["paths"]["/api/v1/sales"]["post"]
    sent = sale["requestBody"]["content"]["application/json"]["example"]
    assert (sent["sale_price_cents"], sent["payment_type"], sent["sold_on"]) == (
        150_000,
        "credit_card",
        "2026-03-15",
    )
    got = sale["responses"]["201"]["content"]["application/json"]["example"]
    assert got["ok"] is True
    assert (got["data"]["item_name"], got["data"]["technician_name"]) == ("AC tune-up", "Mike Johnson")
    assert (got["data"]["voided_at"], got["data"]["status"]) == (None, "pending")
    assert '"string"' not in json.dumps([op.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
                                         for _, _, op in operations(document)])  # fmt: skip
