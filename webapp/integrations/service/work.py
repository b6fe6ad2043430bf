"""What the courier does in the database: deliveries from the journal, leases, results.

An organization's journal is followed by each endpoint's cursor; :func:`visit` makes the deliveries of what came since and
leases endpoints that have something due, each to one courier at a time. The courier asks and tells in batches with
:func:`settle`. Every function works in the present session and leaves the commit to its caller, but for pieces that are
whole in themselves.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from webapp.integrations import queries, rules
from webapp.integrations.queries import sql
from webapp.integrations.service import endpoints
from webapp.integrations.service.endpoints import RUN
from webapp.kit import clock, context, wakes
from webapp.kit.db import db

log = logging.getLogger("truckroll.webhooks")

LEASE = timedelta(seconds=30)  # after the death of a courier its endpoints go on so much later
PIECE = 500  # events of one fan-out
CHUNK = 100  # deliveries of one endpoint that are fetched at once


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery to be attempted now."""

    id: int
    public_id: str
    endpoint_id: int
    record: str  # its record, for those in order
    event_id: UUID
    content: bytes
    attempt: int  # made before


@dataclass(slots=True)
class Held:
    """A leased endpoint, with what is due first."""

    id: int
    api: str
    url: str
    secrets: list[rules.Secret]
    in_order: bool
    concurrency: int
    rate: int
    failures: int
    failing_since: datetime | None
    rows: list[Due] = field(default_factory=list)


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


@dataclass(frozen=True, slots=True)
class Ask:
    """More deliveries of an endpoint, but those under way; with nothing due and nothing under way it is let go of."""

    endpoint_id: int
    busy: tuple[int, ...] = ()
    let_go: bool = False  # also when something is due: others wait


# From the journal -------------------------------------------------------------------------------------------------


def fan_out() -> int:
    """Make the deliveries of everything that the journal holds; how many. Commits in pieces."""
    event_seq, audit_seq = wakes.read_journal()
    return _follow("cursor_seq", sql.FAN_OUT, event_seq) + _follow(
        "audit_cursor", sql.FAN_OUT_AUDIT, audit_seq
    )


def _follow(cursor: str, statement: Any, head: int) -> int:
    made = 0
    while (behind := queries.lowest_cursor(cursor, head)) is not None:
        up_to = min(head, behind + PIECE)
        values = {"tenant": context.tenant_id(), "up_to": up_to, "now": clock.now()}
        made += int(db.session.execute(statement, values).scalar_one())
        db.session.commit()
    return made


# Leases -----------------------------------------------------------------------------------------------------------


def visit(token: str, room: int) -> list[Held]:
    """Fan out, lease up to `room` endpoints that have something due, and wake somebody for the rest.

    Call at the beginning of a transaction; the caller commits.
    """
    fan_out()
    held = lease(token, room)
    # with all places taken, there is surely more; else the next moment is looked for
    nearest = clock.now() if len(held) == room else queries.next_due()
    if nearest is not None:
        wakes.wake(RUN, nearest)
    return held


def lease(token: str, room: int) -> list[Held]:
    """Take endpoints that nobody serves and that have something due, the longest unserved first."""
    wanted = queries.waiting_endpoints(room)
    if not wanted:
        return []
    now = clock.now()
    values = {"tenant": context.tenant_id(), "ids": wanted, "now": now, "until": now + LEASE, "token": token}
    rows = db.session.execute(sql.LEASE, values).all()
    held = {row.id: _held(row) for row in rows}
    _fill(held, token, {})
    return list(held.values())


def renew(token: str, ids: Sequence[int]) -> set[int]:
    """Keep endpoints for another while; which of them are still ours."""
    values = {"tenant": context.tenant_id(), "ids": sorted(ids), "until": clock.now() + LEASE, "token": token}
    return {row.id for row in db.session.execute(sql.RENEW, values)}


def _held(row: Any) -> Held:
    return Held(row.id, row.api, row.url, endpoints.secrets_of(row.sealed), row.in_order, row.concurrency,
                row.rate_per_second, row.failures, row.failing_since)  # fmt: skip


def _fill(held: dict[int, Held], token: str, busy: dict[int, tuple[int, ...]]) -> None:
    for in_order in (False, True):
        ids = sorted(h.id for h in held.values() if h.in_order is in_order)
        if not ids:
            continue
        under_way = [n for i in ids for n in busy.get(i, ())]
        values = {"tenant": context.tenant_id(), "ids": ids, "now": clock.now(), "busy": under_way, "most": CHUNK,
                  "token": token}  # fmt: skip
        for row in db.session.execute(sql.FETCH_IN_ORDER if in_order else sql.FETCH, values):
            held[row.endpoint_id].rows.append(_due(row, held[row.endpoint_id].api))


def _due(row: Any, api: str) -> Due:
    content = rules.body(
        row.event_id, row.event, row.event_at, context.tenant_id(), queries.data_of(row), api
    )
    record = f"{row.record_type}:{row.record_id}"
    return Due(row.id, row.public_id, row.endpoint_id, record, row.event_id, content, row.attempt)


# Results ----------------------------------------------------------------------------------------------------------


def settle(token: str, results: Sequence[Result], asks: Sequence[Ask]) -> dict[int, Held]:
    """Write results and answer who asks for more: the endpoints that go on, with what is due. The others are released,
    and somebody is woken for what they have left."""
    if results:
        _write(results)
    if not asks:
        return {}
    values = {"tenant": context.tenant_id(), "ids": sorted(a.endpoint_id for a in asks), "token": token}
    # locked: whoever adds deliveries locks it too, so that an endpoint with something due is not let go of
    ours = {row.id: _held(row) for row in db.session.execute(sql.LOCK, values)}
    _fill(
        {a.endpoint_id: ours[a.endpoint_id] for a in asks if a.endpoint_id in ours and not a.let_go},
        token,
        {a.endpoint_id: a.busy for a in asks},
    )
    over = [
        a.endpoint_id for a in asks if not a.busy and not (a.endpoint_id in ours and ours[a.endpoint_id].rows)
    ]
    if over:
        gone = {"tenant": context.tenant_id(), "ids": sorted(over), "token": token, "now": clock.now()}
        db.session.execute(sql.RELEASE, gone)
        nearest = queries.next_due(sorted(over))
        if nearest is not None:
            wakes.wake(RUN, nearest)
    return {number: held for number, held in ours.items() if number not in over}


def _write(results: Sequence[Result]) -> None:
    tenant = context.tenant_id()
    given = orjson.dumps([_row(r) for r in results]).decode()
    db.session.execute(sql.RESULTS, {"tenant": tenant, "given": given})
    if any(r.next_at for r in results):
        db.session.execute(sql.HOLD_FOLLOWERS, {"tenant": tenant, "given": given})
    by_endpoint: dict[int, list[Result]] = {}
    for result in sorted(results, key=lambda r: r.at):
        by_endpoint.setdefault(result.due.endpoint_id, []).append(result)
    values = {"tenant": tenant, "given": orjson.dumps([_sums(i, r) for i, r in by_endpoint.items()]).decode()}
    health = db.session.execute(sql.HEALTH, values).all()
    db.session.execute(sql.HOURS, values)
    for row in health:
        if any(r.status == 410 for r in by_endpoint[row.id]):
            endpoints.pause_by_itself(row.id, "gone")
        elif row.failing_since is not None and clock.now() - row.failing_since >= rules.PAUSE_AFTER:
            endpoints.pause_by_itself(row.id, "failing")


def _row(result: Result) -> dict[str, Any]:
    due = result.due
    over = "delivered" if result.ok else "dead_letter" if result.next_at is None else "retrying"
    return {"id": due.id, "endpoint_id": due.endpoint_id, "result": over, "next_at": result.next_at, "at": result.at,
            "code": result.status, "latency_ms": result.latency_ms, "kind": result.kind, "error": result.error,
            "headers": result.headers, "body": result.body}  # fmt: skip


def _sums(endpoint_id: int, results: list[Result]) -> dict[str, Any]:
    """One endpoint's results, oldest first, as its figures need them."""
    good = [r for r in results if r.ok]
    tail = results[results.index(good[-1]) + 1 :] if good else results  # failures since the last success
    waits = [r.wait_until for r in results if r.wait_until is not None]
    return {
        "id": endpoint_id, "last_at": results[-1].at, "last_status": results[-1].status, "recovered": bool(good),
        "failures": len(tail), "failing_since": tail[0].at if tail else None, "not_before": max(waits, default=None),
        "hour": results[-1].at.replace(minute=0, second=0, microsecond=0), "delivered": len(good),
        "failed": len(results) - len(good), "latency_ms": sum(r.latency_ms for r in results),
        "slowest_ms": max(r.latency_ms for r in results),
    }  # fmt: skip
