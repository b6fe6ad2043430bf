"""Numbers that people read, counted within each organization: sale 1, 2, 3 …, telling nothing of anybody else's.

A number is taken in a transaction of its own, which is over before the caller's goes on: whoever records something
waits for nobody, however long the transactions of others last (`docs/decisions/0007-numbers-that-people-read.md`). One whose
transaction fails afterwards is not given again, so a number may be missing; none is ever given twice.
"""

import threading
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from flask import current_app
from sqlalchemy import text

from webapp.kit import context
from webapp.kit.db import db

# One round trip on a connection of its own, which keeps the statement prepared. Its commits wait for no disk: what is
# recorded under the number is written behind it in the same log, so the one cannot be kept without the other.
_TAKE = """
insert into number_heads (tenant_id, kind, last) values (%s, %s, %s)
on conflict (tenant_id, kind) do update set last = number_heads.last + excluded.last returning last
"""
_KEPT = 4  # idle connections of a process; in use there are as many as threads that take a number at once


@dataclass(slots=True)
class _Held:
    """A connection and the organization it was last told."""

    connection: psycopg.Connection[Any]
    tenant_id: UUID | None = None

    def take(self, tenant_id: UUID, kind: str, count: int) -> int:
        if self.tenant_id != tenant_id:
            self.connection.execute("select set_config('app.tenant_id', %s, false)", (str(tenant_id),))
            self.tenant_id = tenant_id
        row = self.connection.execute(_TAKE, (tenant_id, kind, count), prepare=True).fetchone()
        assert row is not None
        return int(row[0])


class Counters:
    """A process's own few connections for taking numbers: one in use holds no other, so none waits in a circle."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[_Held] = []
        self._lock = threading.Lock()

    def take(self, tenant_id: UUID, kind: str, count: int) -> int:
        """The last of `count` fresh numbers."""
        with self._lock:
            held = self._idle.pop() if self._idle else None
        if held is not None:
            try:
                return self._taken(held, tenant_id, kind, count)
            except psycopg.OperationalError:
                pass  # the server was restarted since: a fresh connection, once
        fresh = psycopg.connect(self._url, autocommit=True)
        fresh.execute("set synchronous_commit = off")
        return self._taken(_Held(fresh), tenant_id, kind, count)

    def _taken(self, held: _Held, tenant_id: UUID, kind: str, count: int) -> int:
        try:
            last = held.take(tenant_id, kind, count)
        except BaseException:
            held.connection.close()
            raise
        with self._lock:
            if len(self._idle) < _KEPT:
                self._idle.append(held)
                return last
        held.connection.close()
        return last


def install(app: Any, url: str) -> None:
    """Give an application its counters."""
    app.extensions["numbers"] = Counters(url)


def take(kind: str, count: int = 1) -> int:
    """The first of `count` fresh numbers of a kind in the present organization. `kind` is a name of ours."""
    assert kind.isidentifier()
    counters: Counters = current_app.extensions["numbers"]
    return counters.take(context.tenant_id(), kind, count) - count + 1


def given(kind: str, last: int) -> None:
    """Say that numbers up to `last` are used already: after rows were loaded that brought their own."""
    db.session.execute(
        text("insert into number_heads (tenant_id, kind, last) values (:t, :kind, :last)"
             " on conflict (tenant_id, kind) do update set last = greatest(number_heads.last, excluded.last)"),
        {"t": context.tenant_id(), "kind": kind, "last": last},
    )  # fmt: skip
