"""Forms of connectors: descriptions as rows or as JSON Schema, rules with conditions and mappings, the console's inputs."""

import json
import re
from collections.abc import Mapping
from typing import Any

from flask import request
from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired, NumberRange

from webapp.integrations.connectors import describing, mapping, rules
from webapp.integrations.connectors import rows as editing
from webapp.integrations.connectors.describing import Wrong
from webapp.integrations.connectors.mapping import Condition, Source
from webapp.integrations.connectors.rows import Row
from webapp.integrations.connectors.service import acting
from webapp.integrations.connectors.service.registry import Wanted
from webapp.integrations.forms import ListeningForm
from webapp.kit import errors, forms
from webapp.models import Connector, ConnectorRule

PARTS = ("inputs", "outputs")
MOST_ROWS = 100
_RANGE = "Write a number from {} to {}."
_ROW = re.compile(r"^(inputs|outputs)-(\d{1,3})-name$")
_CONDITION = re.compile(r"^conditions-(\d{1,2})-path$")


class ConnectorForm(forms.Form):
    """What an API is called, where it is, and how it is asked. Inputs and outputs: :class:`Described`."""

    name = forms.text("Name", required="Give it a name.", limit=100, render_kw={"autocomplete": "off"},
                      description="What it does and gives, as people say it: “Look up recent orders”")  # fmt: skip
    description = forms.area("Description", limit=2000, rows=3,
                             description="When it is the right one to call")  # fmt: skip
    method = SelectField("Method", [InputRequired("Choose one.")], default="POST", choices=forms.choices((
        ("POST", "POST: inputs as JSON"), ("GET", "GET: inputs as search parameters"))))  # fmt: skip
    url = forms.text("Address", required="Write the address that is called.", limit=2000,
                     description="It begins with https://",
                     render_kw={"inputmode": "url", "autocomplete": "off", "spellcheck": "false",
                                "placeholder": "https://api.example.com/orders"})  # fmt: skip
    concurrency = IntegerField("Requests at once", [InputRequired(_RANGE.format(1, 10)),
                               NumberRange(1, 10, _RANGE.format(1, 10))], default=5,
                               render_kw={"inputmode": "numeric"})  # fmt: skip
    rate_per_second = IntegerField("Calls a second at the most", [InputRequired(_RANGE.format(0, 1000)),
                                   NumberRange(0, 1000, _RANGE.format(0, 1000))], default=0,
                                   description="0: as fast as it answers", render_kw={"inputmode": "numeric"})  # fmt: skip

    def wanted(self, inputs: Any, outputs: Any) -> Wanted:
        return Wanted(self.name.data, self.description.data, self.url.data, self.method.data, inputs, outputs,
                      self.concurrency.data, self.rate_per_second.data)  # fmt: skip


class Described:
    """Inputs or outputs as they stand in the form: rows that people fill in, or JSON."""

    def __init__(self, part: str, schema: Mapping[str, Any] | None = None) -> None:
        self.part = part
        self.error = ""
        self.added = False  # a row was just asked for: it takes the focus
        rows = editing.to_rows(schema) if schema is not None else []
        self.mode = "json" if rows is None else "rows"
        self.rows: list[Row] = rows or []
        self.text = json.dumps(schema or describing.EMPTY, indent=2, ensure_ascii=False)

    @classmethod
    def posted(cls, part: str) -> "Described":
        """As it was sent."""
        found = cls(part)
        form = request.form
        found.mode = "json" if form.get(f"{part}-mode") == "json" else "rows"
        found.text = form.get(f"{part}-json", "").replace("\x00", "")[: describing.MOST_TEXT + 1]
        numbers = sorted(int(m[2]) for m in map(_ROW.match, form) if m and m[1] == part)
        for number in numbers[:MOST_ROWS]:
            name = forms.tidy(form.get(f"{part}-{number}-name"))[:100]
            kind = form.get(f"{part}-{number}-kind", "text")
            row = Row(
                name,
                kind if kind in editing.KINDS else "text",
                form.get(f"{part}-{number}-required") == "1",
                forms.tidy(form.get(f"{part}-{number}-description"))[:500],
                forms.tidy(form.get(f"{part}-{number}-choices"))[:2000],
            )
            found.rows.append(row)
        return found

    def schema(self) -> Any:
        """What it says; None, with its error set, when it says nothing that can be used."""
        try:
            if self.mode == "json":
                return describing.read(self.text)
            return describing.checked(editing.from_rows([r for r in self.rows if r.name]))
        except Wrong as problem:
            self.error = str(problem)
            return None

    def shown(self) -> list[Row]:
        """The rows, with an empty one to go on."""
        rows = self.rows or []
        return rows if rows and not rows[-1].name else [*rows, Row("")]

    def reshape(self) -> None:
        """What the buttons beside the rows ask for: another row, one less, the other way to write it."""
        if request.form.get("add") == self.part:
            self.rows = [*(r for r in self.rows if r.name), Row("")]
            self.added = True
        dropped = request.form.get("drop", "")
        if dropped.startswith(f"{self.part}-") and dropped.removeprefix(f"{self.part}-").isdigit():
            number = int(dropped.removeprefix(f"{self.part}-"))
            self.rows = [r for n, r in enumerate(self.rows) if n != number]
        wanted = request.form.get("switch", "")
        if wanted == f"{self.part}-json":
            schema = self.schema()
            if schema is not None:
                self.mode, self.text = "json", json.dumps(schema, indent=2, ensure_ascii=False)
        elif wanted == f"{self.part}-rows":
            schema = self.schema()
            rows = editing.to_rows(schema) if schema is not None else None
            if rows is not None:
                self.mode, self.rows = "rows", rows
            elif schema is not None:
                self.error = "This says more than rows can show; it stays as JSON Schema."


class RuleForm(ListeningForm):
    """When a connector is called, with what. Conditions and mapping are rows besides."""

    name = forms.text("Name", required="Give the rule a name.", limit=100, render_kw={"autocomplete": "off"},
                      description="As you would say it: “When a job is completed, open a ticket”")  # fmt: skip


def posted_conditions() -> list[Condition]:
    """The rows of conditions that were sent."""
    found = []
    numbers = sorted(int(m[1]) for m in map(_CONDITION.match, request.form) if m)
    for number in numbers[: acting.MOST_CONDITIONS + 1]:
        path = forms.tidy(request.form.get(f"conditions-{number}-path"))[:200]
        op = request.form.get(f"conditions-{number}-op", "is")
        value = forms.tidy(request.form.get(f"conditions-{number}-value"))[:500]
        if path or value:
            found.append(Condition(path, op if op in mapping.OPERATORS else "is", value))
    return found


def posted_mapping(connector: Connector) -> dict[str, Source]:
    """What each input is taken from, as it was sent."""
    found = {}
    for name in connector.inputs.get("properties", {}):
        kind = request.form.get(f"from-{name}", "")
        value = (request.form.get(f"value-{name}") or "").replace("\x00", "")[:2000]
        if kind in ("path", "constant", "template"):
            found[name] = Source(kind, value.strip() if kind == "path" else value)
    return found


def posted_rule(connector: Connector, form: RuleForm) -> acting.Wanted:
    return acting.Wanted(
        form.name.data or "", tuple(form.events.data or ()), tuple(posted_conditions()), posted_mapping(connector)
    )  # fmt: skip


def rule_as_wanted(row: ConnectorRule) -> acting.Wanted:
    return acting.Wanted(
        row.name, tuple(row.events), tuple(acting.conditions_of(row)), acting.sources_of(row)
    )


# The console ------------------------------------------------------------------------------------------------------


def console_fields(
    connector: Connector, values: Mapping[str, str], problems: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The inputs as fields: what to draw, with what is typed already and what is wrong."""
    required = connector.inputs.get("required", ())
    found = []
    for number, (name, schema) in enumerate(connector.inputs.get("properties", {}).items()):
        field: dict[str, Any] = {
            "id": f"input-{number}", "name": f"input-{name}", "label": name, "required": name in required,
            "value": values.get(name, ""), "error": problems.get(f"input-{name}"), "hint": hint(schema),
        }  # fmt: skip
        found.append(field | _control(schema, name in required))
    return found


def _control(schema: Any, required: bool) -> dict[str, Any]:
    kinds = describing.types_of(schema)
    unset = [] if required else [("", "Leave out")]
    if isinstance(schema, Mapping) and schema.get("enum"):
        words = [describing.parameter_words(v) for v in schema["enum"]]
        return {"type": "select", "choices": [*unset, *((w, w) for w in words)]}
    if kinds == ["boolean"]:
        return {"type": "select", "choices": [*unset, ("true", "Yes"), ("false", "No")]}
    if kinds and kinds[0] in ("object", "array"):
        return {"type": "textarea"}
    shape = schema.get("format") if isinstance(schema, Mapping) else None
    return {"type": {"date": "date", "email": "email"}.get(shape or "", "text"),
            "attrs": {"autocomplete": "off"} | ({"inputmode": "numeric"} if kinds == ["integer"] else {})}  # fmt: skip


def hint(schema: Any) -> str:
    """What is said about a property, for people."""
    if not isinstance(schema, Mapping):
        return ""
    kind = " or ".join(describing.TYPE_WORDS.get(k, k) for k in describing.types_of(schema))
    shape = describing.FORM_WORDS.get(schema.get("format", ""), "")
    return ". ".join(
        p for p in (str(schema.get("description", "")).rstrip("."), (shape or kind).capitalize()) if p
    )


def console_values(connector: Connector, inputs: Mapping[str, Any]) -> dict[str, str]:
    """Inputs as text in their fields."""
    return {name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in inputs.items() if name in connector.inputs.get("properties", {})}  # fmt: skip


def first_values(connector: Connector) -> dict[str, str]:
    """What stands in structured inputs to begin with: their shape."""
    found = {}
    for name, schema in connector.inputs.get("properties", {}).items():
        kinds = describing.types_of(schema)
        if isinstance(schema, Mapping) and "default" in schema:
            found[name] = describing.parameter_words(schema["default"])
        elif kinds and kinds[0] in ("object", "array") and name in connector.inputs.get("required", ()):
            found[name] = json.dumps(describing.example(schema), indent=2, ensure_ascii=False)
    return found


def posted_inputs(connector: Connector) -> tuple[dict[str, Any], dict[str, str]]:
    """What was typed into the console: the inputs and the text of each. Raises Invalid for text that is no value."""
    text = {name: (request.form.get(f"input-{name}") or "").replace("\x00", "").replace("\r\n", "\n")[: rules.MOST_BODY]
            for name in connector.inputs.get("properties", {})}  # fmt: skip
    found, problems = {}, []
    for name, schema in connector.inputs.get("properties", {}).items():
        if text[name] == "":
            continue
        try:
            found[name] = _typed(schema, text[name])
        except Wrong as problem:
            problems.append(errors.FieldProblem(f"input-{name}", f"“{name}” {problem}"))
    if problems:
        raise errors.Invalid(problems=problems)
    return found, text


def _typed(schema: Any, text: str) -> Any:
    if isinstance(schema, Mapping) and schema.get("enum"):
        for value in schema["enum"]:
            if describing.parameter_words(value) == text:
                return value
    return describing.from_text(schema, text)
