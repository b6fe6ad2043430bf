"""JSON out: orjson, with times in UTC."""

from datetime import date, datetime
from typing import Any

import orjson
from flask import Response
from pydantic import BaseModel

from webapp.kit import clock


def _other(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _milliseconds(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.iso_ms(value)
    if isinstance(value, date):
        return str(value)
    return _other(value)


_SECONDS = orjson.OPT_OMIT_MICROSECONDS | orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS
_BY_HAND = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


def dumps(data: Any, *, milliseconds: bool = False) -> bytes:
    """Bytes of JSON; times, which are in UTC already, as `2026-03-15T09:00:00Z`, or with milliseconds."""
    if milliseconds:
        return orjson.dumps(data, default=_milliseconds, option=_BY_HAND)
    return orjson.dumps(data, default=_other, option=_SECONDS)


def answer(data: Any, status: int = 200, *, milliseconds: bool = False) -> Response:
    return Response(dumps(data, milliseconds=milliseconds), status=status, mimetype="application/json")
