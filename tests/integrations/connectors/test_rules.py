"""What a connector's call is: signatures by the document's vectors, schemas in every form, mappings, the schedule."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.integrations.connectors import describing, mapping, rows, rules
from webapp.integrations.connectors.describing import Wrong
from webapp.integrations.connectors.mapping import Condition, Source
from webapp.integrations.connectors.rows import Row
from webapp.integrations.connectors.rules import Key

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "signing-vectors.json").read_text())
NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda v: v["method"])
def test_the_documents_vectors_are_signed_just_so(vector: dict[str, Any]) -> None:
    if vector["method"] == "GET":
        built = rules.build("GET", vector["url"], dict(parse_qsl(vector["query"])))
        assert built.query == vector["query"]
    else:
        built = rules.build("POST", vector["url"], json.loads(vector["content"]))
        assert built.content == vector["content"].encode()
    assert built.signed == vector["content"]
    key, stamp = VECTORS["x_idempotency_key"], VECTORS["x_timestamp"]
    assert rules.signature(VECTORS["signing_key"], built.base, key, stamp, built.signed) == vector["sig"]
    changed = rules.signature(VECTORS["signing_key"], built.base, key + "x", stamp, built.signed)
    assert changed != vector["sig"]


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@given(st.dictionaries(TEXT, TEXT | st.integers() | st.booleans(), max_size=5))
def test_a_query_is_read_back_as_what_was_signed(inputs: dict[str, Any]) -> None:
    built = rules.build("GET", "https://example.com/a?v=1", inputs)
    read = dict(parse_qsl(built.query, keep_blank_values=True))
    assert json.dumps(read, sort_keys=True) == built.signed
    assert read == {"v": "1"} | {name: rules.parameter(value) for name, value in inputs.items()}


@given(st.floats(0, 0.999999), st.integers(0, 15))
def test_all_attempts_fit_into_the_five_minutes_of_a_key_whatever_chance_and_limits(
    chance: float, took: int
) -> None:
    at, made = NOON, 1
    while following := rules.next_attempt(made, rules.ATTEMPTS, NOON, at + timedelta(seconds=took), chance):
        at, made = following, made + 1
    assert made == rules.ATTEMPTS
    assert at - NOON < rules.WINDOW


def test_the_schedule_ends_with_its_attempts_and_with_its_window() -> None:
    assert rules.next_attempt(1, 1, NOON, NOON, 0.5) is None
    assert rules.next_attempt(rules.ATTEMPTS, 99, NOON, NOON, 0.5) is None
    assert rules.next_attempt(1, 6, NOON, NOON, 0.5) == NOON + timedelta(seconds=2)
    assert rules.next_attempt(1, 6, NOON, NOON, 0.5, timedelta(minutes=2)) == NOON + timedelta(minutes=2)
    assert rules.next_attempt(1, 6, NOON, NOON, 0.5, timedelta(minutes=6)) is None


def test_a_key_signs_from_its_moment_on() -> None:
    old, new = Key("old", NOON - timedelta(days=9)), Key("new", NOON + timedelta(hours=1))
    assert rules.present([new, old], NOON) == old
    assert rules.upcoming([new, old], NOON) == new
    assert rules.present([new, old], NOON + timedelta(hours=1)) == new
    assert rules.upcoming([new, old], NOON + timedelta(hours=1)) is None
    assert rules.present([new], NOON) == new, "a clock that was set back does not leave a call unsigned"
    assert rules.upcoming([new], NOON) is None
    assert rules.present([], NOON) is None


def test_the_list_form_means_the_same_as_json_schema() -> None:
    listed = [
        {"name": "order_id", "type": "string", "description": "The order", "required": True},
        {"name": "state", "type": "string", "enum": ["open", "closed"]},
        {"name": "lines", "type": "array", "items": {"type": "object", "properties": [
            {"name": "sku", "type": "string", "required": True}, {"name": "count", "type": "integer"}]}},
        {"name": "place", "type": "object", "properties": {"zip": {"type": "string"}}},
    ]  # fmt: skip
    assert describing.compiled(listed) == {
        "type": "object",
        "properties": {
            "order_id": {"type": "string", "description": "The order"},
            "state": {"type": "string", "enum": ["open", "closed"]},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"},
                      "count": {"type": "integer"}}, "required": ["sku"]}},
            "place": {"type": "object", "properties": {"zip": {"type": "string"}}},
        },
        "required": ["order_id"],
    }  # fmt: skip


MANY = {"$defs": {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(30)} | {"d30": {}}}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not JSON"),
        ("{", "line 1, column 2"),
        ("3", "JSON Schema"),
        ("NaN", "not JSON that every program"),
        ('{"type": "object", "properties": {"a": {"default": "\\ud800"}}}', "not JSON that every program"),
        ("[" * 30_000, "not JSON that every program"),
        (" " * 70_000, "longer than 64 KB"),
        ('{"type": "array"}', "must describe an object"),
        ("{}", "must describe an object"),
        ("[3]", "needs a “name”"),
        ('[{"type": "string"}]', "needs a “name”"),
        ('[{"name": "a"}, {"name": "a"}]', "there twice"),
        ('[{"name": "a", "type": "strin"}]', "not a JSON Schema"),
        ('[{"name": "a", "pattern": "x"}]', "not part of the list form"),
        ('{"type": "object", "properties": 3}', "not a JSON Schema"),
        ('{"type": "object", "required": "a"}', "not a JSON Schema"),
        ('{"type": "object", "properties": {"a": {"$ref": "#"}}}', "goes in a circle"),
        ('{"type": "object", "$defs": {"a": {"items": {"$ref": "#/$defs/a"}}}, "properties": {"a": {"$ref": "#/$defs/a"}}}',
         "goes in a circle"),
        ('{"type": "object", "properties": {"a": {"$ref": "https://example.com/a.json"}}}', "to a part of the schema itself"),
        ('{"type": "object", "properties": {"a": {"$ref": "#/$defs/no"}}}', "leads nowhere"),
        ('{"type": "object", "$id": "x"}', "“$id” is not taken"),
        ('{"type": "object", "properties": {"a": {"pattern": "(?<=x)a"}}}', "look-arounds"),
        (json.dumps({"type": "object", "properties": {"a": {"$ref": "#/$defs/d0"}}} | MANY), "nested too deeply|multiply"),
    ],
)  # fmt: skip
def test_a_description_that_cannot_be_used_is_refused_in_words(text: str, words: str) -> None:
    with pytest.raises(Wrong, match=words.replace("$", r"\$")):
        describing.read(text)


def test_local_references_are_written_out() -> None:
    schema = describing.read(json.dumps({
        "$schema": describing.DIALECT, "type": "object", "$defs": {"zip": {"type": "string", "pattern": "^[0-9]{5}$"}},
        "properties": {"from": {"$ref": "#/$defs/zip", "description": "Where"}, "to": {"$ref": "#/$defs/zip", "minLength": 1}},
    }))  # fmt: skip
    assert "$defs" not in schema
    assert schema["properties"]["from"] == {
        "type": "string",
        "pattern": "^[0-9]{5}$",
        "description": "Where",
    }
    assert describing.problems(schema, {"from": "33601", "to": "33601"}) == []
    assert [p.words for p in describing.problems(schema, {"from": "3360", "to": ""})] == [
        "“from” does not have the form that is wanted.",
        "“to” must have at least 1 characters.",
        "“to” does not have the form that is wanted.",
    ]


SCHEMA = {
    "type": "object", "required": ["id", "it's"], "additionalProperties": False,
    "properties": {"id": {"type": "integer", "minimum": 1}, "it's": {"type": "boolean"}, "on": {"type": "string", "format": "date"},
                   "at": {"type": "string", "format": "date-time"}, "mail": {"type": "string", "format": "email"},
                   "lines": {"type": "array", "items": {"type": "object", "properties": {"cents": {"type": "integer"}}}},
                   "kind": {"enum": ["a", 2]}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"id": 1, "it's": True}, ""),
        ({"id": 1, "it's": True, "on": "2026-02-28", "at": "2026-02-28T10:00:00Z", "mail": "a@b.co", "kind": 2}, ""),
        ({}, "“id” is missing. “it's” is missing."),
        ({"id": 0, "it's": 1}, "“id” must be at least 1. “it's” must be true or false."),
        ({"id": "1", "it's": True}, "“id” must be a whole number."),
        ({"id": True, "it's": True}, "“id” must be a whole number."),
        ({"id": 1, "it's": True, "on": "2026-02-30"}, "“on” must be a day like 2026-03-15."),
        ({"id": 1, "it's": True, "at": "2026-02-28"}, "“at” must be a moment like 2026-03-15T14:30:00Z."),
        ({"id": 1, "it's": True, "mail": "nobody"}, "“mail” must be an email address."),
        ({"id": 1, "it's": True, "lines": [{}, {"cents": "x"}]}, "“lines[1].cents” must be a whole number."),
        ({"id": 1, "it's": True, "kind": "b"}, "“kind” must be one of a, 2."),
        ({"id": 1, "it's": True, "x": 1}, "“x” is not known."),
        ([], "The whole must be an object."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_value_is_said_with_its_place(value: Any, words: str) -> None:
    assert describing.words(describing.problems(SCHEMA, value)) == words


ROWS = st.lists(
    st.builds(Row, name=st.text("abcdefg_", min_size=1, max_size=6), kind=st.sampled_from(sorted(rows.KINDS)),
              required=st.booleans(), description=st.text("ab c", max_size=8).map(str.strip)),
    max_size=5, unique_by=lambda row: row.name,
)  # fmt: skip


@given(ROWS)
def test_rows_become_a_schema_and_the_same_rows_again(made: list[Row]) -> None:
    schema = describing.checked(rows.from_rows(made))
    assert rows.to_rows(schema) == made
    assert describing.problems(schema, describing.example(schema)) == []


BODY = {"event": "sale.created", "id": "e1", "data": {"sale_id": 42, "total": "19.50", "name": "Zoë", "paid": False,
        "tags": ["VIP", "new"], "lines": [{"cents": 100}], "empty": None}}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "op", "value", "holds"),
    [
        ("data.sale_id", "is", "42", True), ("data.sale_id", "is", "43", False), ("data.sale_id", "is-not", "43", True),
        ("data.name", "is", "ZOË", True), ("data.paid", "is", "false", True), ("data.total", "at-least", "19.5", True),
        ("data.total", "at-most", "19.49", False), ("data.name", "at-least", "1", False), ("data.sale_id", "at-most", "x", False),
        ("data.name", "contains", "oë", True), ("data.tags", "contains", "vip", True), ("data.tags", "contains", "vi", False),
        ("data.lines.0.cents", "is", "100", True), ("data.lines.7.cents", "set", "", False), ("data.empty", "set", "", False),
        ("data.empty", "not-set", "", True), ("data.nothing", "is", "", True), ("data.sale_id.more", "set", "", False),
        ("data.sale_id", "at-least", "nan", False), ("data.paid", "at-least", "0", False),
    ],
)  # fmt: skip
def test_a_condition_holds_or_not(path: str, op: str, value: str, holds: bool) -> None:
    assert mapping.holds([Condition(path, op, value)], BODY) is holds


def test_inputs_are_taken_from_the_event_made_fit_and_left_out_where_it_has_none() -> None:
    schema = {"type": "object", "properties": {
        "number": {"type": "string"}, "total": {"type": "number"}, "note": {"type": "string"}, "fixed": {"type": "integer"},
        "flag": {"type": "boolean"}, "gone": {"type": "string"}, "lines": {"type": "array"}}}  # fmt: skip
    given = {"number": Source("path", "data.sale_id"), "total": Source("path", "data.total"),
             "note": Source("template", "Sale {data.sale_id} for {data.name}{data.nothing} {curly}"),
             "fixed": Source("constant", "7"), "flag": Source("path", "data.paid"), "gone": Source("path", "data.no"),
             "lines": Source("path", "data.lines")}  # fmt: skip
    assert mapping.inputs(given, schema, BODY) == {
        "number": "42",
        "total": 19.5,
        "note": "Sale 42 for Zoë ",
        "fixed": 7,
        "flag": False,
        "lines": [{"cents": 100}],
    }


@given(st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(TEXT, inner, max_size=3), max_leaves=12), TEXT)  # fmt: skip
def test_no_event_and_no_path_breaks_a_rule(data: Any, path: str) -> None:
    body = {"data": data}
    for op in mapping.OPERATORS:
        mapping.holds([Condition(path, op, path), Condition(f"data.{path}", op, "1")], body)
    schema = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "string"}}}
    found = mapping.inputs(
        {"a": Source("path", f"data.{path}"), "b": Source("template", path + "{data}")}, schema, body
    )
    describing.problems(schema, found)
    list(mapping.paths(body))
