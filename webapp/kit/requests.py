"""Reading what a caller sent: JSON bodies and queries against pydantic models, with errors in the caller's terms."""

from typing import Any, TypeVar, get_args, get_origin

import orjson
from flask import request
from pydantic import BaseModel, ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from webapp.kit import errors

M = TypeVar("M", bound=BaseModel)

SENTENCES = {
    "missing": "is required.",
    "extra_forbidden": "is not a field of this request.",
    "int_type": "must be a whole number.",
    "int_parsing": "must be a whole number.",
    "int_from_float": "must be a whole number.",
    "string_type": "must be text.",
    "bool_type": "must be true or false.",
    "bool_parsing": "must be true or false.",
    "float_type": "must be a number.",
    "list_type": "must be a list.",
    "dict_type": "must be an object.",
    "model_type": "must be an object.",
    "model_attributes_type": "must be an object.",
    "date_type": "must be a date such as 2026-03-15.",
    "date_parsing": "must be a date such as 2026-03-15.",
    "date_from_datetime_parsing": "must be a date such as 2026-03-15.",
    "date_from_datetime_inexact": "must be a date such as 2026-03-15, without a time.",
    "datetime_type": "must be a time such as 2026-03-15T09:00:00Z.",
    "datetime_parsing": "must be a time such as 2026-03-15T09:00:00Z.",
    "datetime_from_date_parsing": "must be a time such as 2026-03-15T09:00:00Z.",
    "timezone_aware": "must carry a time zone, such as 2026-03-15T09:00:00Z.",
    "uuid_parsing": "must be a UUID.",
}


def sentence(problem: Any) -> str:
    """One pydantic problem in words."""
    kind, ctx = problem["type"], problem.get("ctx") or {}
    if kind in SENTENCES:
        return SENTENCES[kind]
    bounds = {
        "greater_than_equal": ("ge", "must be at least {}."),
        "greater_than": ("gt", "must be more than {}."),
        "less_than_equal": ("le", "must be at most {}."),
        "less_than": ("lt", "must be less than {}."),
        "string_too_short": ("min_length", "must have at least {} characters."),
        "string_too_long": ("max_length", "must have at most {} characters."),
        "too_short": ("min_length", "must have at least {} entries."),
        "too_long": ("max_length", "must have at most {} entries."),
        "literal_error": ("expected", "must be one of {}."),
        "enum": ("expected", "must be one of {}."),
    }
    if kind in bounds:
        name, words = bounds[kind]
        value = str(ctx.get(name))
        if kind == "string_too_short" and value == "1":
            return "must not be empty."
        return words.format(value.replace(" or ", ", ").replace("'", ""))
    message = str(problem["msg"]).removeprefix("Value error, ")
    return message if message.endswith(".") else f"{message}."


def problems_of(error: ValidationError) -> list[errors.FieldProblem]:
    return [
        errors.FieldProblem(".".join(str(part) for part in p["loc"]), sentence(p)) for p in error.errors()
    ]


def check(model: type[M], data: Any) -> M:
    """Validate plain data. Raises Invalid naming every field that is wrong."""
    try:
        return _bounded(model.model_validate(data))
    except ValidationError as error:
        found = problems_of(error)
        raise errors.Invalid(" ".join(_words(p) for p in found), problems=found) from None


def _bounded(found: M) -> M:
    """Refuse whole numbers that no column can hold, naming the field. Raises Invalid."""
    problems = [
        errors.FieldProblem(name, "is larger than any number here can be.")
        for name, value in found
        if any(
            isinstance(v, int) and abs(v) >= 2**63 for v in (value if isinstance(value, list) else [value])
        )
    ]
    if problems:
        raise errors.Invalid(" ".join(_words(p) for p in problems), problems=problems)
    return found


def _words(problem: errors.FieldProblem) -> str:
    if not problem.field:
        return problem.message
    # a validator's own sentence stands by itself; a bare predicate needs its field in front
    return f"{problem.field} {problem.message}" if problem.message[:1].islower() else problem.message


def body(model: type[M]) -> M:
    """The JSON body against a model, types taken strictly (`"5"` is no number).

    Raises BadRequest when it is not a JSON object, Invalid naming every field that is wrong.
    """
    try:
        raw = request.get_data(cache=True)
    except RequestEntityTooLarge:
        raise errors.TooLarge("The body is larger than this address accepts.") from None
    raw = raw.strip() or b"{}"
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise errors.BadRequest(f"The body is not JSON: {problem.msg} at line {problem.lineno}, "
                                f"column {problem.colno}.") from None  # fmt: skip
    if not isinstance(found, dict):
        raise errors.BadRequest("The body must be a JSON object.")
    if b"\\u0000" in raw:  # perhaps: a backslash may itself be escaped
        _refuse_nul(found)
    try:
        return _bounded(model.model_validate_json(raw, strict=True))
    except ValidationError as error:
        problems = problems_of(error)
        raise errors.Invalid(" ".join(_words(p) for p in problems), problems=problems) from None


def _refuse_nul(data: dict[str, Any]) -> None:
    """Raises Invalid naming the field whose text holds a NUL character, which the database cannot keep."""
    waiting: list[tuple[str, Any]] = list(data.items())
    while waiting:  # not by recursion: what was sent may be nested deeper than Python goes
        place, value = waiting.pop()
        if isinstance(value, str) and "\x00" in value:
            raise errors.Invalid.one(place, f"{place} holds a NUL character, which no text here can hold.")
        inner = (
            value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ())
        )
        waiting += [(f"{place}.{name}", part) for name, part in inner]


def no_query() -> None:
    """For addresses that take no parameters. Raises Invalid naming the first one that was sent."""
    for name in request.args:
        raise errors.Invalid.one(name[:60], f"{name[:60]} is not a parameter of this address.")


def query(model: type[M]) -> M:
    """The query string against a model; a parameter given twice is refused unless the model takes a list."""
    data: dict[str, Any] = {}
    for name, values in request.args.lists():
        if any("\x00" in v for v in values) or "\x00" in name:
            raise errors.BadRequest(f"{name[:40]!r} holds a NUL character.")
        field = model.model_fields.get(name)
        if field is not None and _is_list(field.annotation):
            data[name] = [value for value in values if value] or ""
        elif len(values) > 1:
            raise errors.Invalid.one(name, f"{name} is given more than once.")
        else:
            data[name] = values[0]
    # empty parameters (?status=) mean “not given”: forms and partners send them
    return check(model, {k: v for k, v in data.items() if v != ""})


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(get_origin(a) is list for a in get_args(annotation))
