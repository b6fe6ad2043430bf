"""JSON out: orjson, with times in UTC."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

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


def _seconds(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.iso(value)
    return _plain(value)


def _milliseconds(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.iso_ms(value)
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, date | UUID):
        return str(value)
    return _other(value)


def dumps(data: Any, *, milliseconds: bool = False) -> bytes:
    """Bytes of JSON; times as `2026-03-15T09:00:00Z`, or with milliseconds where a dialect writes them."""
    return orjson.dumps(
        data,
        default=_milliseconds if milliseconds else _seconds,
        option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS,
    )


def answer(data: Any, status: int = 200, *, milliseconds: bool = False) -> Response:
    return Response(dumps(data, milliseconds=milliseconds), status=status, mimetype="application/json")
