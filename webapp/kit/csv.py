"""CSV out: straight from PostgreSQL's COPY, in dollars, safe to open in a spreadsheet.

`COPY (query) TO` obeys row-level security and costs no memory here, whatever the number of rows.
"""

import re
import tempfile
from collections.abc import Iterator
from typing import IO, Any
from uuid import UUID

from flask import Response, stream_with_context
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
)

from webapp.kit import clock, context
from webapp.kit.db import db

# what makes a spreadsheet take a cell for a formula (OWASP: CSV injection), also in full width and behind what is not
# seen: white space, the byte order mark, characters without a width
_UNSEEN = "\u00a0\u200b\u200c\u200d\u2060\u3000\ufeff"
_BEGINS = "=+@|%\uff1d\uff0b\uff0d\uff20-"
_PATTERN = rf"^[\s\x01-\x1f{_UNSEEN}]*[{_BEGINS}]|^[\t\r\n]"
IN_MEMORY, PIECE = 1024 * 1024, 64 * 1024  # bytes: a larger file waits on the disk; given at once
_FORMULA: ColumnElement[str] = literal_column(f"'{_PATTERN}'")


def safe(column: Any) -> ColumnElement[str]:
    """A text column that no spreadsheet will run: a leading apostrophe where it looks like a formula."""
    text = func.replace(cast(column, Text), chr(0x2028), " ")
    return case((text.op("~")(_FORMULA), literal("'").concat(text)), else_=text)


def guard(text: str) -> str:
    """As :func:`safe`, for text in Python."""
    return f"'{text}" if re.match(_PATTERN, text) else text


def dollars(column: Any) -> ColumnElement[str]:
    """Cents as `1500.00`. Whole-number arithmetic: no float, exact at any size."""
    amount = cast(func.abs(column), BigInteger)  # a whole number, so that // is a whole-number division
    sign = case((column < 0, "-"), else_="")
    return (
        sign.concat(cast(amount // 100, Text)).concat(".").concat(func.lpad(cast(amount % 100, Text), 2, "0"))
    )


def percent(column: Any) -> ColumnElement[str]:
    """Basis points as `7.50`."""
    rate = cast(column, BigInteger)
    return cast(rate // 100, Text).concat(".").concat(func.lpad(cast(rate % 100, Text), 2, "0"))


def phone(column: Any) -> ColumnElement[str]:
    """An E.164 number as people write it, `(512) 555-0123`: as it is kept a spreadsheet would add it up."""
    national = func.concat(
        "(", func.substr(column, 3, 3), ") ", func.substr(column, 6, 3), "-", func.substr(column, 9)
    )
    return case(
        (and_(func.length(column) == 12, func.substr(column, 1, 2) == "+1"), national), else_=safe(column)
    )


def moment(column: Any, zone: str) -> ColumnElement[str]:
    """A time in the organization's zone as `2026-03-15 09:00`."""
    return func.to_char(func.timezone(zone, column), "YYYY-MM-DD HH24:MI")


def copy(statement: Select[Any], tenant_id: UUID) -> Iterator[bytes]:
    """The rows of a statement as CSV with a header line, in pieces.

    All of them are fetched before the first piece is given: whoever reads slowly, or stops, must hold no connection of
    the database meanwhile.
    """
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as kept:
        _fetch(statement, tenant_id, kept)
        kept.seek(0)
        while piece := kept.read(PIECE):
            yield piece


def _fetch(statement: Select[Any], tenant_id: UUID, into: IO[bytes]) -> None:
    # literal values: COPY takes no parameters; the dialect quotes them
    sql = str(statement.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True}))
    sql = sql.replace("%%", "%")
    raw = db.engine.raw_connection()
    try:
        driver: Any = raw.driver_connection
        with driver.cursor() as cursor:
            cursor.execute("select set_config('app.tenant_id', %s, true)", (str(tenant_id),))
            with cursor.copy(
                f"COPY ({sql}) TO STDOUT WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')"
            ) as out:
                for piece in out:
                    into.write(piece)
        driver.rollback()
    finally:
        raw.close()


def response(statement: Select[Any], filename: str) -> Response:
    """A download of a statement's rows, streamed; the file name gets the day."""
    tenant = context.tenant_id()
    name = f"{filename}-{clock.now():%Y-%m-%d}.csv"
    answer = Response(
        stream_with_context(copy(statement, tenant)),
        mimetype="text/csv",
        content_type="text/csv; charset=utf-8",
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
