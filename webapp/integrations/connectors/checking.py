"""Checking a value against a schema, in bounded time whatever both are.

Both come from strangers: a schema from who describes an API, a value from who answers it. Every keyword that is looked at,
every character that a pattern sees and every fault that is worded costs steps, and with the last step the check ends.
Patterns are RE2's, whose time grows with the text times the size of the pattern.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from datetime import date, datetime
from datetime import time as clock_time
from functools import wraps
from ipaddress import IPv4Address, IPv6Address
from itertools import islice
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import re2
from jsonschema import Draft202012Validator, FormatChecker, exceptions, validators

STEPS = 300_000  # about a second
LARGEST = 10_000  # of a pattern, in RE2's own measure: a kilobyte's pattern has some 1,000
DEEPEST = 64  # lists and objects within one another
_PER_STEP = 3_000  # characters times size of a pattern that take as long as a step
NOT_TAKEN = (
    "unevaluatedProperties",
    "unevaluatedItems",
)  # the library searches with Python's patterns for these

_left: ContextVar[list[int]] = ContextVar("steps_left")


class TooMuch(Exception):
    """Checking would take too long."""


def plain(value: Any, depth: int = 0) -> bool:
    """Whether a value is JSON that every program and the database can hold: no endless numbers, none beyond 64 bits, no
    NUL, not nested too deeply."""
    if depth > DEEPEST:
        return False
    if isinstance(value, Mapping):
        return all(plain(name, depth + 1) and plain(inner, depth + 1) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return all(plain(inner, depth + 1) for inner in value)
    if isinstance(value, str):
        return "\x00" not in value
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(2**63) <= value < 2**63


def compiled(pattern: str) -> Any:
    """A pattern. Raises re2.error for one that RE2 does not take."""
    return re2.compile(pattern, _QUIET)


_QUIET = re2.Options()
_QUIET.log_errors = False


def faults(schema: Mapping[str, Any], value: Any, most: int) -> list[Any]:
    """The first few places where a value is not what its schema says. Raises TooMuch, RecursionError."""
    token = _left.set([STEPS])
    try:
        return list(islice(_Bounded(schema, format_checker=_FORMATS).iter_errors(value), most))
    finally:
        _left.reset(token)


def _spend(steps: int) -> None:
    left = _left.get()
    left[0] -= steps
    if left[0] < 0:
        raise TooMuch


def _found(pattern: str, text: str) -> bool:
    known = compiled(pattern)
    _spend(len(text) * int(known.programsize) // _PER_STEP)
    return bool(known.search(text))


# Keywords ---------------------------------------------------------------------------------------------------------


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(value, "string") and not _found(pattern, value):
        yield exceptions.ValidationError("does not have the form that is wanted")


def _pattern_properties(validator: Any, patterns: Any, value: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        for pattern, inner in patterns.items():
            for name in value:
                _spend(1)
                if _found(pattern, name):
                    yield from validator.descend(value[name], inner, path=name, schema_path=pattern)


def _additional(validator: Any, allowed: Any, value: Any, schema: Any) -> Iterator[Any]:
    if not validator.is_type(value, "object"):
        return
    known = schema.get("properties", {})
    patterns = list(schema.get("patternProperties", ()))
    for name in value:
        _spend(1 + len(patterns))
        if name in known or any(_found(p, name) for p in patterns):
            continue
        if allowed is False:
            yield exceptions.ValidationError("", validator="unknown", path=(name,))
        elif isinstance(allowed, Mapping):
            yield from validator.descend(value[name], allowed, path=name)


def _required(validator: Any, names: Any, value: Any, schema: Any) -> Iterator[Any]:
    if validator.is_type(value, "object"):
        _spend(len(names) // 8)
        for name in names:
            if name not in value:
                yield exceptions.ValidationError("", validator="missing", path=(name,))


def _unique(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
    if wanted and validator.is_type(value, "array"):
        seen = set()
        for inner in value:
            one = _comparable(inner)
            if one in seen:
                yield exceptions.ValidationError("has an entry twice")
                return
            seen.add(one)


def _comparable(value: Any) -> Any:
    """Something that is equal for equal JSON: 1 and 1.0 are, 1 and true are not."""
    _spend(1)
    if isinstance(value, Mapping):
        return "object", frozenset((name, _comparable(inner)) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return "array", tuple(_comparable(inner) for inner in value)
    return ("boolean", value) if isinstance(value, bool) else value


def _enum(validator: Any, values: Any, value: Any, schema: Any) -> Iterator[Any]:
    _spend(len(values) // 4)
    yield from Draft202012Validator.VALIDATORS["enum"](validator, values, value, schema)


def _nothing(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
    yield from ()


def _metered(check: Callable[..., Any]) -> Callable[..., Iterator[Any]]:
    @wraps(check)
    def metered(validator: Any, wanted: Any, value: Any, schema: Any) -> Iterator[Any]:
        _spend(1)
        try:
            for error in check(validator, wanted, value, schema) or ():
                _spend(len(error.message) // 16)
                yield error
        except OverflowError:  # numbers that no float holds
            yield exceptions.ValidationError("is a number too large to be checked")

    return metered


_OWN = {
    "required": _required, "pattern": _pattern, "patternProperties": _pattern_properties, "enum": _enum,
    "additionalProperties": _additional, "uniqueItems": _unique,
}  # fmt: skip
_Bounded = validators.extend(Draft202012Validator, {
    name: _nothing if name in NOT_TAKEN else _metered(_OWN.get(name, check))
    for name, check in Draft202012Validator.VALIDATORS.items()
})  # fmt: skip


# Forms ------------------------------------------------------------------------------------------------------------


def _formats() -> FormatChecker:
    checker = FormatChecker(formats=())

    def accept(name: str, parse: Any) -> None:
        def check(value: object) -> bool:
            if isinstance(value, str):
                parse(value)
            return True

        checker.checks(name, raises=ValueError)(check)

    accept("date", date.fromisoformat)
    accept("time", clock_time.fromisoformat)
    accept("date-time", _moment)
    accept("uuid", UUID)
    accept("email", _email)
    accept("uri", _uri)
    accept("ipv4", IPv4Address)
    accept("ipv6", IPv6Address)
    return checker


def _moment(text: str) -> None:
    if len(text) < 19 or datetime.fromisoformat(text).tzinfo is None:
        raise ValueError


def _email(text: str) -> None:
    name, _, host = text.rpartition("@")
    if not name or "." not in host.strip(".") or " " in text:
        raise ValueError


def _uri(text: str) -> None:
    if not urlsplit(text).scheme or " " in text:
        raise ValueError


_FORMATS = _formats()
