"""Secrets at rest, written anew under the first secret key, so that an old one can be thrown away.

Whoever encrypts into a column declares it here: `secrets.declare(User, "totp_secret")`.
"""

from collections import Counter
from collections.abc import Callable
from typing import Any

from cryptography.fernet import InvalidToken
from sqlalchemy import Text, func, or_, select, tuple_, update

from webapp.kit import context, crypto, journal
from webapp.kit.db import Base, db

BATCH = 500  # rows of one transaction
_COLUMNS: dict[str, tuple[str, ...]] = {}


def declare(model: type[Base], *columns: str) -> None:
    """Say that columns of a table hold what :func:`webapp.kit.crypto.encrypt` gave, as bytes or text, or nothing."""
    _COLUMNS[model.__tablename__] = columns


def tables() -> dict[str, tuple[str, ...]]:
    return dict(_COLUMNS)


def rewrite(commit: Callable[[], None] = journal.commit) -> Counter[str]:
    """Encrypt every declared secret of the present organization under the first key that is not so yet.

    How many were `rewritten`, and of how many no key is known any more (`lost`). Commits after each batch; stopped in
    the middle, it goes on when called again.
    """
    total: Counter[str] = Counter()
    for name, columns in sorted(_COLUMNS.items()):
        table = Base.metadata.tables[name]
        after: tuple[Any, ...] = ()
        while True:
            found = _batch(table, columns, after)
            if not found:
                break
            changed: Counter[str] = Counter()
            for row in found:
                changed += _rewrite_row(table, columns, row)
            if changed["rewritten"]:
                journal.audit("secrets.rewritten", record_type=name, entries=changed["rewritten"])
            total += changed
            commit()
            after = tuple(getattr(found[-1], key.name) for key in table.primary_key)
    return total


def _batch(table: Any, columns: tuple[str, ...], after: tuple[Any, ...]) -> list[Any]:
    keys = list(table.primary_key)
    statement = (
        select(*keys, *(table.c[name] for name in columns))
        .where(table.c.tenant_id == context.tenant_id(), _any_of(table, columns))
        .order_by(*keys)
        .limit(BATCH)
    )
    if after:
        statement = statement.where(tuple_(*keys) > tuple_(*after))
    return list(db.session.execute(statement).all())


def _any_of(table: Any, columns: tuple[str, ...]) -> Any:
    """Rows that hold a token: all of them begin alike, and the other rows of a table need not be read out."""
    start = "gAAAAA"
    return or_(
        *(
            table.c[name].startswith(start)
            if isinstance(table.c[name].type, Text)
            else func.substring(table.c[name], 1, len(start)) == start.encode()
            for name in columns
        )
    )


def _rewrite_row(table: Any, columns: tuple[str, ...], row: Any) -> Counter[str]:
    changes: dict[str, Any] = {}
    counted: Counter[str] = Counter()
    for name in columns:
        value = getattr(row, name)
        if not value:
            continue
        old = value.encode() if isinstance(value, str) else bytes(value)
        try:
            new = crypto.under_first_key(old)
        except InvalidToken:
            counted["lost"] += 1
            continue
        if new != old:
            changes[name] = new.decode() if isinstance(value, str) else new
            counted["rewritten"] += 1
    if changes:
        if "updated_at" in table.c:
            changes["updated_at"] = table.c.updated_at  # nothing that anybody sees has changed
        mine = [key == getattr(row, key.name) for key in table.primary_key]
        # unless somebody wrote another value meanwhile, which is under the first key then
        same = [table.c[name] == getattr(row, name) for name in changes if name != "updated_at"]
        db.session.execute(update(table).where(*mine, *same).values(**changes))
    return counted
