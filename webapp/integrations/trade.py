"""What a courier does in the database, whatever it carries: leases, what is due, results.

A trade is a kind of deliveries with targets of its own (webhooks, connectors). Every function works in the present
session and leaves the commit to its caller, but for pieces that are whole in themselves.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson
from flask import Flask

from webapp.integrations import rules
from webapp.integrations.queries.lanes import Lanes
from webapp.kit import clock, context, outbound, wakes
from webapp.kit.db import db

LEASE = timedelta(seconds=30)  # after the death of a courier its targets go on so much later
CHUNK = 100  # deliveries of one target that are fetched at once
KEPT = "kept"  # of a result: nothing was sent, and nothing is wrong with the receiver
NO_ROOM = timedelta(seconds=1)  # then somebody looks again


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery to be attempted now."""

    id: int
    endpoint_id: int  # its target
    record: str  # for those in order
    message_id: str  # the same at every attempt
    content: bytes
    attempt: int  # made before
    path: str = ""  # of the address, with the query, where it is not the target's own
    signed: str = ""  # what of it is signed, where that is not the content
    most: int = 0  # attempts in all, where the schedule does not say
    first_at: datetime | None = None


@dataclass(slots=True)
class Held:
    """A leased target, with what is due first."""

    id: int
    api: str
    url: str
    secrets: list[rules.Secret]
    in_order: bool
    concurrency: int
    rate: int
    failures: int
    failing_since: datetime | None
    kept: str = ""  # why nothing is sent to it: a sandbox's
    rows: list[Due] = field(default_factory=list)
    keys: Sequence[Any] = ()  # of connectors: what signs now and next
    outputs: dict[str, Any] | None = None  # what its answers are checked against


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one attempt."""

    due: Due
    at: datetime
    ok: bool
    status: int | None = None
    latency_ms: int = 0
    kind: str = ""
    error: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    next_at: datetime | None = None  # None when it is over
    wait_until: datetime | None = None  # the receiver asked to be left alone
    request_line: str = ""
    sent: dict[str, str] = field(default_factory=dict)  # headers, fit to be shown
    misfit: str | None = None  # how the answer is not what was described; None where nothing was


@dataclass(frozen=True, slots=True)
class Ask:
    """More deliveries of a target, but those under way; with nothing due and nothing under way it is let go of."""

    endpoint_id: int
    busy: tuple[int, ...] = ()
    let_go: bool = False  # also when something is due: others wait


class Carrier(Protocol):
    """Makes the requests of a trade."""

    async def send(self, held: Held, due: Due) -> Result:
        """Attempt a delivery. Never raises for what the receiver, the network or the guard did."""

    def close(self) -> None:
        """Close what is open."""


class Trade(ABC):
    """One kind of deliveries. `run` is the job that wakes a courier for it."""

    name: str
    run: str
    lanes: Lanes
    marks_beginnings = False  # whether the first attempt is written down before it is made

    @abstractmethod
    def derive(self) -> None:
        """Make the deliveries of everything that the journal holds. Commits in pieces."""

    @abstractmethod
    def held(self, row: Any) -> Held:
        """A target of the settings' columns."""

    @abstractmethod
    def fill(self, held: dict[int, Held], token: str, busy: dict[int, tuple[int, ...]]) -> None:
        """Give targets the deliveries that are due, but those under way."""

    @abstractmethod
    def carrier(self, app: Flask) -> Carrier:
        """Who makes its requests."""

    @abstractmethod
    def pause(self, target_id: int, why: str) -> None:
        """Send nothing more to a target: it is `gone` or `failing`."""

    def begin(self, due: Due) -> bool:
        """Write down that the first attempt begins; False when the delivery is not to be made any more."""
        return True

    # Leases ---------------------------------------------------------------------------------------------------------

    def visit(self, token: str, room: int) -> list[Held]:
        """Derive deliveries, lease up to `room` targets that have something due, and wake somebody for the rest.

        Call at the beginning of a transaction; the caller commits.
        """
        if room == 0:
            wakes.wake(self.run, clock.now() + NO_ROOM)
            return []
        self.derive()
        held = self.lease(token, room)
        # with all places taken, there is surely more; else the next moment is looked for
        nearest = clock.now() if len(held) == room else self.next_due()
        if nearest is not None:
            wakes.wake(self.run, nearest)
        return held

    def lease(self, token: str, room: int) -> list[Held]:
        """Take targets that nobody serves and that have something due, the longest unserved first."""
        now = clock.now()
        tenant = context.tenant_id()
        found = db.session.execute(self.lanes.waiting, {"tenant": tenant, "now": now, "room": room})
        wanted = [row.id for row in found]
        if not wanted:
            return []
        values = {"tenant": tenant, "ids": wanted, "now": now, "until": now + LEASE, "token": token}
        rows = db.session.execute(self.lanes.lease, values).all()
        held = self._targets(rows)
        self.fill(held, token, {})
        return list(held.values())

    def _targets(self, rows: Iterable[Any]) -> dict[int, Held]:
        found = {row.id: self.held(row) for row in rows}
        reason = outbound.kept()
        for held in found.values():
            held.kept = reason
        return found

    def renew(self, token: str, ids: Sequence[int]) -> set[int]:
        """Keep targets for another while; which of them are still ours."""
        values = {
            "tenant": context.tenant_id(),
            "ids": sorted(ids),
            "until": clock.now() + LEASE,
            "token": token,
        }
        return {row.id for row in db.session.execute(self.lanes.renew, values)}

    def next_due(self, ids: Sequence[int] | None = None) -> datetime | None:
        """When somebody must come by next: for deliveries that are put off, and for leases that could lapse."""
        values = {
            "tenant": context.tenant_id(),
            "now": clock.now(),
            "ids": None if ids is None else list(ids),
        }
        found: datetime | None = db.session.execute(self.lanes.next, values).scalar_one()
        return found

    # Results --------------------------------------------------------------------------------------------------------

    def settle(self, token: str, results: Sequence[Result], asks: Sequence[Ask]) -> dict[int, Held]:
        """Write results and answer who asks for more: the targets that go on, with what is due. The others are released,
        and somebody is woken for what they have left."""
        if results:
            self._write(results)
        if not asks:
            return {}
        values = {"tenant": context.tenant_id(), "ids": sorted(a.endpoint_id for a in asks), "token": token}
        # locked: whoever adds deliveries locks it too, so that a target with something due is not let go of
        ours = self._targets(db.session.execute(self.lanes.lock, values))
        self.fill(
            {a.endpoint_id: ours[a.endpoint_id] for a in asks if a.endpoint_id in ours and not a.let_go},
            token,
            {a.endpoint_id: a.busy for a in asks},
        )
        over = [
            a.endpoint_id
            for a in asks
            if not a.busy and not (a.endpoint_id in ours and ours[a.endpoint_id].rows)
        ]
        if over:
            gone = {"tenant": context.tenant_id(), "ids": sorted(over), "token": token, "now": clock.now()}
            db.session.execute(self.lanes.release, gone)
            nearest = self.next_due(sorted(over))
            if nearest is not None:
                wakes.wake(self.run, nearest)
        return {number: held for number, held in ours.items() if number not in over}

    def _write(self, results: Sequence[Result]) -> None:
        tenant = context.tenant_id()
        given = orjson.dumps([_row(r) for r in results]).decode()
        db.session.execute(self.lanes.results, {"tenant": tenant, "given": given})
        if any(r.next_at for r in results):
            db.session.execute(self.lanes.hold_followers, {"tenant": tenant, "given": given})
        by_target: dict[int, list[Result]] = {}
        for result in sorted((r for r in results if r.kind != KEPT), key=lambda r: r.at):
            by_target.setdefault(result.due.endpoint_id, []).append(result)
        values = {
            "tenant": tenant,
            "given": orjson.dumps([_sums(i, r) for i, r in by_target.items()]).decode(),
        }
        health = db.session.execute(self.lanes.health, values).all()
        db.session.execute(self.lanes.by_hour, values)
        for row in health:
            if any(r.status == 410 for r in by_target[row.id]):
                self.pause(row.id, "gone")
            elif row.failing_since is not None and clock.now() - row.failing_since >= rules.PAUSE_AFTER:
                self.pause(row.id, "failing")


def _row(result: Result) -> dict[str, Any]:
    due = result.due
    over = "delivered" if result.ok else "dead_letter" if result.next_at is None else "retrying"
    if result.kind == KEPT:
        over = "cancelled"
    return {"id": due.id, "endpoint_id": due.endpoint_id, "result": over, "next_at": result.next_at, "at": result.at,
            "code": result.status, "latency_ms": result.latency_ms, "kind": result.kind, "error": result.error,
            "headers": result.headers, "body": result.body, "request_line": result.request_line, "sent": result.sent,
            "misfit": result.misfit}  # fmt: skip


def _sums(target_id: int, results: list[Result]) -> dict[str, Any]:
    """One target's results, oldest first, as its figures need them."""
    good = [r for r in results if r.ok]
    tail = results[results.index(good[-1]) + 1 :] if good else results  # failures since the last success
    waits = [r.wait_until for r in results if r.wait_until is not None]
    return {
        "id": target_id, "last_at": results[-1].at, "last_status": results[-1].status, "recovered": bool(good),
        "failures": len(tail), "failing_since": tail[0].at if tail else None, "not_before": max(waits, default=None),
        "hour": results[-1].at.replace(minute=0, second=0, microsecond=0), "delivered": len(good),
        "failed": len(results) - len(good), "latency_ms": sum(r.latency_ms for r in results),
        "slowest_ms": max(r.latency_ms for r in results),
    }  # fmt: skip
