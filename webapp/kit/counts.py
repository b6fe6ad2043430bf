"""Counts of what happens with each request, without a write for each: memory, then Redis, then a table.

A process keeps sums in memory; a thread of its own hands them to Redis about every second, in one round trip. The first
sum of an organization sets a flag there and wakes whoever files that kind of counts (:data:`filers`); a job then takes
everything away (:func:`take`), writes it to its table, and lets it go after the commit (:func:`drop`). The batch has an
id, which the table's owner keeps with it, so that a job that dies between the commit and letting go counts nothing twice.
While Redis is away the sums wait in memory. What Redis loses is lost: counts are for looking at, never for billing.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

import redis
from flask import Flask, current_app

from webapp.kit import ids

log = logging.getLogger("truckroll.counts")
SECONDS = 1.0  # between hand-overs to Redis
QUIET = 60  # hand-overs of nothing before the thread ends
MOST = 50_000  # different sums that a process keeps while Redis is away; further ones are not counted
FLAG_SECONDS = 60  # after which a first sum wakes the filer again, should the wake have been lost
_BATCH, _NOTE = "#batch", "="

filers: dict[
    str, Callable[[UUID], None]
] = {}  # kind of counts → wakes who files them, in an application context

Place = tuple[str, UUID]  # kind of counts, organization


@dataclass(slots=True)
class Batch:
    """Sums and notes that wait to be filed."""

    id: str = ""
    sums: dict[str, int] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


class Counter:
    """A process's sums, and the thread that hands them over."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.lock = threading.Lock()  # of the sums; held for a moment only
        self.sending = threading.Lock()
        self.sums: dict[tuple[Place, str], int] = {}
        self.notes: dict[tuple[Place, str], str] = {}
        self.thread: threading.Thread | None = None

    def add(self, place: Place, name: str, *, note: tuple[str, str] | None = None) -> None:
        with self.lock:
            key = (place, name)
            if key in self.sums or len(self.sums) < MOST:
                self.sums[key] = self.sums.get(key, 0) + 1
            if note is not None and len(self.notes) < MOST:
                self.notes[(place, note[0])] = note[1]
            if self.thread is None:
                self.thread = threading.Thread(target=self._run, name="counts", daemon=True)
                self.thread.start()

    def _run(self) -> None:
        pause = threading.Event()
        quiet = 0
        while True:
            pause.wait(SECONDS)
            try:
                quiet = 0 if self.send() else quiet + 1
            except Exception:
                log.exception("counts were not handed over; trying again")
            with self.lock:
                # a quiet process needs no thread; the next count starts another
                if quiet >= QUIET and not self.sums and not self.notes:
                    self.thread = None
                    return

    def send(self) -> int:
        """Hand everything to Redis; how many sums. Nothing is lost while Redis is away."""
        with self.sending:
            return self._send()

    def _send(self) -> int:
        with self.lock:
            sums, self.sums = self.sums, {}
            notes, self.notes = self.notes, {}
        if not sums and not notes:
            return 0
        places = dict.fromkeys(place for place, _ in [*sums, *notes])
        pipe = self.app.extensions["redis"].pipeline(transaction=True)
        for (place, name), amount in sums.items():
            pipe.hincrby(_key(place), name, amount)
        for (place, name), text in notes.items():
            pipe.hset(_key(place), f"{_NOTE}{name}", text)
        for place in places:
            pipe.set(f"{_key(place)}:due", 1, nx=True, ex=FLAG_SECONDS)
        try:
            firsts = pipe.execute()[-len(places) :]
        except redis.RedisError as problem:
            log.warning("counts wait, Redis does not answer: %s", problem)
            self._keep(sums, notes)
            return 0
        with self.app.app_context():
            for (kind, tenant), first in zip(places, firsts, strict=True):
                if first and kind in filers:
                    filers[kind](tenant)
        return len(sums)

    def _keep(self, sums: dict[tuple[Place, str], int], notes: dict[tuple[Place, str], str]) -> None:
        with self.lock:
            for key, amount in sums.items():
                self.sums[key] = self.sums.get(key, 0) + amount
            self.notes = notes | self.notes


def install(app: Flask) -> None:
    app.extensions["counts"] = Counter(app)


def add(kind: str, tenant_id: UUID, name: str, *, note: tuple[str, str] | None = None) -> None:
    """Count one of `name`. `note` is a name and a text of which the latest is kept."""
    counter: Counter = current_app.extensions["counts"]
    counter.add((kind, tenant_id), name, note=note)


def send() -> None:
    """Hand this process's sums over now (tests, the end of a process)."""
    counter: Counter = current_app.extensions["counts"]
    counter.send()


def _key(place: Place) -> str:
    return f"counts:{place[0]}:{place[1]}"


def take(kind: str, tenant_id: UUID) -> Batch:
    """Take what waits in Redis away, under an id; a batch taken before and not dropped comes again under its own.

    Raises redis.RedisError.
    """
    store: redis.Redis = current_app.extensions["redis"]
    key = _key((kind, tenant_id))
    taken = f"{key}:taken"
    # what is counted from now on wakes somebody again
    store.delete(f"{key}:due")
    if not store.exists(taken):
        try:
            store.rename(key, taken)
        except redis.ResponseError:
            return Batch()  # there is nothing
    store.hsetnx(taken, _BATCH, ids.token(20))
    return _read(store, taken)


def drop(kind: str, tenant_id: UUID) -> None:
    """What was taken is filed."""
    current_app.extensions["redis"].delete(f"{_key((kind, tenant_id))}:taken")


def waiting(kind: str, tenant_id: UUID) -> list[Batch]:
    """What is not filed yet, to be shown with what is; nothing while Redis is away. A taken batch has its id."""
    store: redis.Redis = current_app.extensions["redis"]
    key = _key((kind, tenant_id))
    try:
        return [b for b in (_read(store, f"{key}:taken"), _read(store, key)) if b.sums or b.notes]
    except redis.RedisError as problem:
        log.warning("counts that wait are not shown: %s", problem)
        return []


def _read(store: redis.Redis, key: str) -> Batch:
    found: dict[bytes, bytes] = store.hgetall(key)  # type: ignore[assignment]  # the client is not asynchronous
    batch = Batch()
    for raw, value in found.items():
        name = raw.decode()
        if name == _BATCH:
            batch.id = value.decode()
        elif name.startswith(_NOTE):
            batch.notes[name[1:]] = value.decode()
        else:
            batch.sums[name] = int(value)
    return batch
