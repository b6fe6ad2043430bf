"""Numbers that people read, counted within each organization: sale 1, 2, 3 …, telling nothing of anybody else's.

A number is taken in a transaction of its own, which is over before the caller's goes on: whoever records something
waits for nobody, however long the transactions of others last (`docs/decisions/0007-numbers-that-people-read.md`). One whose
transaction fails afterwards is not given again, so a number may be missing; none is ever given twice.
"""

import threading
from typing import Any
from uuid import UUID

import psycopg
from flask import current_app
from sqlalchemy import text

from webapp.kit import context
from webapp.kit.db import db

# One round trip. The counter's commit waits for no disk: what is recorded under the number is written behind it in the
# same log, so the one cannot be kept without the other.
_TAKE = """
begin; set local app.tenant_id = '{tenant}'; set local synchronous_commit = off;
insert into number_heads (tenant_id, kind, last) values ('{tenant}', '{kind}', {count})
on conflict (tenant_id, kind) do update set last = number_heads.last + excluded.last returning last;
commit
"""
_ANSWER = 3  # the statements before the one that answers
_KEPT = 4  # idle connections of a process; in use there are as many as threads that take a number at once


class Counters:
    """A process's own few connections for taking numbers: one in use holds no other, so none waits in a circle."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[psycopg.Connection[Any]] = []
        self._lock = threading.Lock()

    def take(self, tenant_id: UUID, kind: str, count: int) -> int:
        """The last of `count` fresh numbers."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is not None:
            try:
                return self._taken(connection, tenant_id, kind, count)
            except psycopg.OperationalError:
                pass  # the server was restarted since: a fresh connection, once
        return self._taken(psycopg.connect(self._url, autocommit=True), tenant_id, kind, count)

    def _taken(self, connection: psycopg.Connection[Any], tenant_id: UUID, kind: str, count: int) -> int:
        try:
            answers = connection.execute(_TAKE.format(tenant=tenant_id, kind=kind, count=count).encode())
            for _ in range(_ANSWER):
                answers.nextset()
            row = answers.fetchone()
        except BaseException:
            connection.close()
            raise
        assert row is not None
        with self._lock:
            if len(self._idle) < _KEPT:
                self._idle.append(connection)
                return int(row[0])
        connection.close()
        return int(row[0])


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
