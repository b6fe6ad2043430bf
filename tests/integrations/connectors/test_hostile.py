"""Descriptions, answers and events that mean harm: they end in time, and nothing else suffers for them."""

import json
from typing import Any

import pytest

from tests.factories.world import Company
from tests.integrations.connectors.support import call_off, console, describe, made, when
from tests.integrations.receivers import Receiver, reply
from tests.integrations.support import happen
from webapp.integrations.connectors import checking, describing, mapping
from webapp.integrations.connectors.describing import Wrong
from webapp.integrations.connectors.mapping import Source
from webapp.kit import clock

LONG = {"type": "object", "$defs": {"long": {"type": "string", "description": "x" * 50_000}},
        "properties": {f"p{n}": {"$ref": "#/$defs/long"} for n in range(300)}}  # fmt: skip


def of(inner: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": inner}}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        (LONG, "too large with its references"),
        (of({"pattern": "|".join(f".*a.{{{n}}}c" for n in range(1, 200))}), "is too large"),
        (of({"patternProperties": {"^(a+)+$": {}}, "unevaluatedProperties": False}), "not taken"),
        (of({"unevaluatedItems": False}), "not taken"),
        (of({"const": 10**30}), "not every program"),
        (of({"default": "a\x00b"}), "not every program"),
        ({"type": "object", "properties": {"a\x00b": {}}}, "not every program"),
        (of({"const": json.loads("[" * 100 + "]" * 100)}), "not every program"),
        (of({"$ref": "#/$defs/a", "allOf": 5}) | {"$defs": {"a": {"type": "string"}}}, "allOf"),
    ],
)
def test_a_description_that_would_cost_too_much_or_fits_nowhere_is_refused(schema: Any, words: str) -> None:
    with pytest.raises(Wrong, match=words):
        describing.read(json.dumps(schema))


def test_a_number_without_end_is_no_part_of_a_description() -> None:
    with pytest.raises(Wrong, match="not every program"):
        describing.read('{"type": "object", "properties": {"a": {"maximum": 1e999}}}')


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ({"items": {"allOf": [{"maxLength": 5}] * 900}}, ["x"] * 20_000),
        ({"items": {"enum": list(range(5_000))}}, ["x"] * 20_000),
        ({"items": {"pattern": "a.{1000}c"}}, ["ab" * 1_000] * 30),
        ({"anyOf": [{"allOf": [{"type": "string"}] * 600}, {"maxItems": 1}]}, [["x" * 60] * 1_000]),
        ({"additionalProperties": False}, None),
    ],
)  # fmt: skip
def test_a_check_ends_in_time_whatever_schema_and_value_are(inner: Any, value: Any) -> None:
    schema = describing.compiled(of(inner))
    given = {f"n{n}": n for n in range(5_000)} if value is None else value
    began = clock.monotonic()
    found = describing.problems(schema, {"a": given})
    assert clock.monotonic() - began < 8
    assert found  # either what is wrong, or that it was too much


def test_entries_are_compared_as_json_has_them_and_each_once() -> None:
    schema = describing.compiled(of({"uniqueItems": True}))
    twice: Any
    apart: Any
    for twice in (
        [1, 1.0],
        [{"x": [1]}, {"x": [1.0]}],
        ["1", "1"],
        [None, None],
        [[], []],
        [{"a": 1, "b": 2}, {"b": 2, "a": 1}],
    ):
        assert describing.problems(schema, {"a": twice}), twice
    for apart in (
        [1, True],
        [0, False],
        ["1", 1],
        [[], {}],
        [{"a": 1}, {"a": 2}],
        [["object"], {"object": 1}],
    ):
        assert not describing.problems(schema, {"a": apart}), apart
    began = clock.monotonic()
    assert not describing.problems(schema, {"a": [{"a": n} for n in range(20_000)]})
    assert clock.monotonic() - began < 4


def test_numbers_that_no_float_holds_fail_the_check_and_nothing_else() -> None:
    schema = describing.compiled(of({"multipleOf": 0.1}))
    assert "must be a multiple" in describing.words(describing.problems(schema, {"a": 10**400}))


@pytest.mark.parametrize("text", ["1e999", "9" * 30, '{"a": "\\u0000"}', "[" * 100 + "]" * 100])
def test_what_no_database_holds_cannot_be_typed(text: str) -> None:
    kind = "object" if text.startswith("{") else "array" if text.startswith("[") else "number"
    with pytest.raises(Wrong):
        describing.from_text({"type": kind}, text)


@pytest.mark.parametrize("text", ["1e999", "9" * 30, "[" * 100_000])
def test_text_of_an_event_that_is_no_number_of_ours_stays_text(text: str) -> None:
    assert describing.fitted({"type": "number"}, text) == text


def test_a_template_of_many_long_fields_is_cut_off_before_it_is_filled() -> None:
    class Counted(dict[str, Any]):
        asked = 0

        def get(self, name: str, default: Any = None) -> Any:
            Counted.asked += 1
            return super().get(name, default)

    filled = mapping.filled("{a}" * 600, Counted(a="x" * 9_000))
    assert len(filled) == mapping.MOST_TEXT
    assert Counted.asked == 2
    event = {"data": {"id": 4}, "who": {"name": "Ann"}}
    assert mapping.filled("Job {data.id} of {who.name}: {gone}.", event) == "Job 4 of Ann: ."


def test_one_rule_with_an_endless_number_keeps_no_other_from_being_called(
    company: Company, receiver: Receiver
) -> None:
    loose = {"type": "object", "properties": {"amount": {"type": "number"}, "any": True}}
    one = describe(company, receiver.url("/one"), name="One", inputs=loose)
    other = describe(company, receiver.url("/other"), name="Other")
    when(company, one, amount=Source("path", "data.note"), any=Source("path", "data.nothing"))
    when(company, other)
    happen(company, 1, note="1e999", sale_id=1)
    call_off(company)
    assert [got.path for got in receiver.got] == ["/other"]
    bad = next(call for call in made(company) if call.connector_id == one.id)
    assert "must be a number" in bad.error


def test_an_answer_with_a_nul_in_its_names_is_written_down_like_any_other(
    company: Company, receiver: Receiver
) -> None:
    receiver.answer = lambda got: reply(200, b'{"a\\u0000b": 1}')
    outputs = {"type": "object", "properties": {"ticket": {"type": "string"}}, "additionalProperties": False}
    console(company, describe(company, receiver.url(), outputs=outputs), job_id=1)
    call_off(company)
    (call,) = made(company)
    assert (call.status, call.misfit) == ("delivered", "“a�b” is not known.")
    assert len(receiver.got) == 1


def test_what_is_plain_is_what_every_program_reads() -> None:
    assert checking.plain({"a": [1, 2.5, None, True, "x", -(2**63)]})
    assert not checking.plain({"a": [float("nan")]})
    assert not checking.plain(2**63)
