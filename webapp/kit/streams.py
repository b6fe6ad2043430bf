"""Server-sent events: what an organization's journal tells, to every page and client that listens.

One thread of each web process hears Redis say that an organization's journal grew, reads the new events once, and wakes
the listeners of that organization. A listener holds a thread and no database connection. The journal's numbers are the
stream's ids: they are given in the order of commits, so a client that comes back with `Last-Event-ID` misses nothing.
Redis only rings: while it is away the journals are looked at every few seconds.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
import redis
from flask import Flask, Response, current_app
from sqlalchemy import text

from webapp.kit import clock, context, crypto, errors, ids
from webapp.kit.db import db

log = logging.getLogger("truckroll.streams")
CHANNEL = "stream:"
KEPT = 2_000  # events of an organization that a process remembers for who comes back
POLL_SECONDS = 4.0  # how often journals and sessions are looked at without being rung
BEAT_SECONDS = 15.0  # a comment, so that nothing between takes the line for dead
EACH = 40  # listeners of one session or key in one process

# record types whose pages listen to another name than `<type>s-changed`
TOPICS: dict[str, str] = {}


def topic(name: str) -> str:
    """The page event of a journal event: `sale.approved` → `sales-changed`."""
    record = name.split(".")[0]
    return TOPICS.get(record, f"{record}s-changed")


@dataclass(frozen=True, slots=True)
class Told:
    """One event of the journal, or a signal (`seq` 0), which is not kept."""

    seq: int
    name: str
    record_id: int | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    created_at: str = ""


def ring(tenant_id: UUID, signal: str = "") -> None:
    """Say that an organization's journal grew, or pass on a signal that no journal keeps. Never raises for Redis's sake."""
    try:
        current_app.extensions["redis"].publish(f"{CHANNEL}{tenant_id}", signal)
    except redis.RedisError as problem:
        log.warning("listeners are not told, they will look themselves: %s", problem)


# The hub ------------------------------------------------------------------------------------------------------------


class Channel:
    """What one process knows of an organization's stream."""

    def __init__(self, tenant_id: UUID, head: int) -> None:
        self.tenant_id, self.head = tenant_id, head
        self.kept: deque[Told] = deque(maxlen=KEPT)
        self.signals: deque[tuple[int, str]] = deque(maxlen=100)
        self.signalled = 0
        self.changed = threading.Condition()
        self.listeners: dict[int, Listener] = {}

    def add(self, found: Collection[Told]) -> None:
        with self.changed:
            fresh = [t for t in found if t.seq > self.head]
            if fresh:
                self.kept.extend(fresh)
                self.head = fresh[-1].seq
                self.changed.notify_all()

    def signal(self, name: str) -> None:
        with self.changed:
            self.signalled += 1
            self.signals.append((self.signalled, name))
            self.changed.notify_all()

    def wake(self) -> None:
        with self.changed:
            self.changed.notify_all()


class Listener:
    """One open stream. `who` is looked at again and again: a revoked session's stream ends."""

    def __init__(self, channel: Channel, who: context.Principal, seq: int) -> None:
        self.channel, self.who, self.seq = channel, who, seq
        self.signalled = channel.signalled
        self.ended = False

    def wait(self, seconds: float) -> tuple[list[Told], bool]:
        """New events, oldest first, at most after so many seconds; and whether some are older than what is kept."""
        channel = self.channel
        with channel.changed:
            channel.changed.wait_for(
                lambda: self.ended or channel.head > self.seq or channel.signalled > self.signalled, seconds
            )
            found = [t for t in channel.kept if t.seq > self.seq]
            gap = channel.head > self.seq and (not found or found[0].seq > self.seq + 1)
            if not gap:
                self.seq = channel.head
            signals = [Told(0, name) for number, name in channel.signals if number > self.signalled]
            self.signalled = channel.signalled
        return (signals if gap else found + signals), gap


class Hub:
    """A process's channels and the thread that feeds them."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.channels: dict[UUID, Channel] = {}
        self.lock = threading.Lock()
        self.thread: threading.Thread | None = None
        self.open = 0
        self.still_valid: Callable[[UUID, Collection[context.Principal]], Collection[context.Principal]] = (
            lambda tenant, found: found
        )

    def join(self, who: context.Principal, seq: int | None) -> Listener:
        """Begin to listen after an event; None: from now on. Raises Unavailable and TooMany when it is too crowded."""
        assert who.tenant_id is not None
        most = current_app.config["SETTINGS"].web_listeners
        head = _head(who.tenant_id)
        with self.lock:
            channel = self.channels.setdefault(who.tenant_id, Channel(who.tenant_id, head))
            mine = sum(1 for other in channel.listeners.values() if _seat(other.who) == _seat(who))
            if mine >= EACH:
                raise errors.TooMany(
                    "Too many streams are open for this sign-in. Close some.", retry_after=15
                )
            if self.open >= most:
                raise errors.Unavailable("Too many streams are open on this server.", retry_after=15)
            listener = Listener(channel, who, min(seq, head) if seq is not None else head)
            channel.listeners[id(listener)] = listener
            self.open += 1
            if self.thread is None or not self.thread.is_alive():
                self.thread = threading.Thread(target=self._run, name="streams", daemon=True)
                self.thread.start()
        return listener

    def leave(self, listener: Listener) -> None:
        """End listening; a channel without listeners is forgotten."""
        channel = listener.channel
        with self.lock:
            if channel.listeners.pop(id(listener), None) is not None:
                self.open -= 1
            if not channel.listeners and self.channels.get(channel.tenant_id) is channel:
                del self.channels[channel.tenant_id]

    def _run(self) -> None:
        looked = clock.monotonic()
        heard: Any = None
        while True:
            try:
                if heard is None:
                    heard = self.app.extensions["redis"].pubsub(ignore_subscribe_messages=True)
                    heard.psubscribe(f"{CHANNEL}*")
                message = heard.get_message(timeout=1.0)
                if message is not None:
                    self._heard(message)
            except (redis.RedisError, OSError) as problem:
                log.warning("Redis does not answer, looking every %d seconds: %s", POLL_SECONDS, problem)
                heard = None
                threading.Event().wait(1.0)
            except Exception:
                log.exception("a stream's news were not read; looking again")
                threading.Event().wait(1.0)
            if clock.monotonic() - looked >= POLL_SECONDS:
                looked = clock.monotonic()
                self._look()

    def _heard(self, message: dict[str, Any]) -> None:
        name = message["channel"].decode().removeprefix(CHANNEL)
        channel = self.channels.get(UUID(name))
        if channel is None:
            return
        signal = message["data"].decode()
        if signal:
            channel.signal(signal)
        else:
            self._read(channel)

    def _look(self) -> None:
        """What rings would have said, and whose session is over meanwhile."""
        for channel in list(self.channels.values()):
            try:
                self._read(channel)
                self._end_revoked(channel)
            except Exception as problem:  # noqa: BLE001  # the database may be away; the next look tries again
                log.warning("a stream was not looked at: %s", problem)

    def _read(self, channel: Channel) -> None:
        with self.app.app_context():
            while True:
                found = read(channel.tenant_id, channel.head)
                channel.add(found)
                if len(found) < PIECE:
                    return

    def _end_revoked(self, channel: Channel) -> None:
        with self.lock:
            found = list(channel.listeners.values())
        # each as it was let in: one key may have opened streams before and after it was narrowed or rotated
        people = {id(each.who): each.who for each in found}
        with self.app.app_context():
            valid = {id(who) for who in self.still_valid(channel.tenant_id, list(people.values()))}
        for each in found:
            if id(each.who) not in valid:
                each.ended = True
        channel.wake()


def _seat(who: context.Principal) -> tuple[str, int | None, int | None]:
    return who.kind, who.id, who.session_id


def install(app: Flask) -> None:
    app.extensions["streams"] = Hub(app)


def hub() -> Hub:
    found: Hub = current_app.extensions["streams"]
    return found


# Reading the journal ------------------------------------------------------------------------------------------------

PIECE = 500
_EVENTS = text("""
    select seq, name, record_id, payload, created_at from events
    where tenant_id = :tenant and seq > :seq order by seq limit :piece
""")
_TENANT = text("select set_config('app.tenant_id', :tenant, true)")


def read(tenant_id: UUID, after: int, limit: int = PIECE) -> list[Told]:
    """Events of a journal after one, on a connection of its own that is given back at once."""
    with db.engine.begin() as connection:
        connection.execute(_TENANT, {"tenant": str(tenant_id)})
        rows = connection.execute(_EVENTS, {"tenant": tenant_id, "seq": after, "piece": limit}).all()
    return [Told(r.seq, r.name, r.record_id, r.payload, clock.iso(r.created_at)) for r in rows]


def _head(tenant_id: UUID) -> int:
    with db.engine.begin() as connection:
        connection.execute(_TENANT, {"tenant": str(tenant_id)})
        found = connection.execute(
            text("select event_seq from journal_heads where tenant_id = :tenant"), {"tenant": tenant_id}
        ).scalar()
    return int(found or 0)


# Answers ------------------------------------------------------------------------------------------------------------


def last_seen(header: str | None) -> int | None:
    """The number in a `Last-Event-ID`; None without one, or for one that is no number of ours."""
    found = (header or "").strip()
    return int(found) if found.isascii() and found.isdigit() and len(found) < 19 else None


def for_pages(who: context.Principal, seen: int | None) -> Response:
    """The pages' own stream: named events without anything in them (`event: sales-changed`, `data: 1`)."""

    def write(found: list[Told]) -> bytes:
        latest = max((t.seq for t in found), default=0)
        names = dict.fromkeys(t.name if not t.seq else topic(t.name) for t in found)
        lines = [f"event: {name}\ndata: 1\n\n" for name in names]
        return (f"id: {latest}\n" if latest else "").encode() + "".join(lines).encode()

    return _answer(who, seen, write, lambda told: True)


def for_clients(who: context.Principal, seen: int | None, wanted: Callable[[Told], bool]) -> Response:
    """A partner's stream: unnamed messages of JSON with the event's number, name, time and data."""

    def write(found: list[Told]) -> bytes:
        return b"".join(
            b"id: %d\ndata: %s\n\n"
            % (
                t.seq,
                orjson.dumps({"id": t.seq, "event": t.name, "created_at": t.created_at, "record_id": t.record_id,
                              "data": t.payload}),
            )
            for t in found
            if t.seq
        )  # fmt: skip

    return _answer(who, seen, write, wanted)


def _answer(
    who: context.Principal,
    seen: int | None,
    write: Callable[[list[Told]], bytes],
    wanted: Callable[[Told], bool],
) -> Response:
    here = hub()
    listener = here.join(who, seen)
    db.session.rollback()  # nothing of the database is held while listening
    app, tenant = current_app._get_current_object(), listener.channel.tenant_id  # type: ignore[attr-defined]  # for the thread

    def lines() -> Iterator[bytes]:
        try:
            yield b"retry: 2000\n: welcome\n\n"
            while not listener.ended:
                found, gap = listener.wait(BEAT_SECONDS)
                if gap:
                    with app.app_context():
                        older = read(tenant, listener.seq)
                    if older:
                        listener.seq = older[-1].seq
                    found = older + found
                news = write([t for t in found if not t.seq or wanted(t)])
                yield news or b": beat\n\n"
        finally:
            here.leave(listener)

    answer = Response(lines(), mimetype="text/event-stream")
    # a HEAD, and who hangs up before the first line, never begins the lines
    answer.call_on_close(lambda: here.leave(listener))
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"  # proxies pass each event on at once
    return answer


# Tickets ------------------------------------------------------------------------------------------------------------

TICKET_SECONDS = 60


def ticket(claims: dict[str, Any]) -> str:
    """A one-use token for a stream, for clients whose EventSource sends no headers. Good for a minute."""
    return crypto.sign("stream-ticket", {**claims, "nonce": ids.token(16)})


def redeem(given: str) -> dict[str, Any] | None:
    """The claims of a ticket that is good and was not used yet, else None."""
    claims = crypto.unsign("stream-ticket", given, TICKET_SECONDS)
    if not isinstance(claims, dict) or "nonce" not in claims:
        return None
    try:
        first = current_app.extensions["redis"].set(
            f"ticket:{claims['nonce']}", "1", nx=True, ex=2 * TICKET_SECONDS
        )
    except redis.RedisError:
        return None
    return claims if first else None
