"""The supplier's system that the demo company is connected with: warranty tickets for repairs, and looking up a warranty.

The addresses lead nowhere (`.example` never does), so the answers are told; the connector is paused before today, and
nothing fails while somebody looks around.
"""

import json
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from webapp.demo.world import World, acting, as_
from webapp.integrations.connectors import describing, rules
from webapp.integrations.connectors.mapping import Condition, Source
from webapp.integrations.connectors.queries import keys as signing_keys
from webapp.integrations.connectors.queries import listed
from webapp.integrations.connectors.service import acting as ruling
from webapp.integrations.connectors.service import calls, registry
from webapp.integrations.connectors.service.work import CONNECTORS
from webapp.integrations.trade import Ask, Due, Held, Result
from webapp.kit import clock, tenancy
from webapp.kit.db import db
from webapp.models import Connector

DAYS = 10  # of calls
HOST = "https://api.suncoast-hvac.example/v2"
TICKET = {
    "name": "Open a warranty ticket",
    "description": "Suncoast HVAC Supply wants to know of every repair, to credit parts that are under warranty.",
    "url": f"{HOST}/tickets",
    "method": "POST",
    "inputs": [
        {"name": "job_id", "type": "integer", "required": True, "description": "Our number of the job"},
        {"name": "customer", "type": "string", "required": True, "description": "Who owns the unit"},
        {"name": "summary", "type": "string", "required": True, "description": "What was done"},
        {"name": "priority", "type": "string", "enum": ["low", "normal", "high", "urgent"]},
    ],
    "outputs": [
        {"name": "ticket", "type": "string", "required": True, "description": "Their number"},
        {"name": "status", "type": "string", "required": True, "enum": ["open", "credited", "refused"]},
    ],
}
LOOKUP = {
    "name": "Look up a warranty",
    "description": "Whether a unit is still covered, by its serial number. Before a part is quoted.",
    "url": f"{HOST}/warranties",
    "method": "GET",
    "inputs": [
        {"name": "serial", "type": "string", "required": True, "description": "As on the plate"},
        {"name": "zip", "type": "string", "description": "Where it stands"},
    ],
    "outputs": [
        {"name": "covered", "type": "boolean", "required": True},
        {"name": "until", "type": "string", "format": "date", "description": "The last day"},
    ],
}
ASKED = (
    ("SN-4471-0938", "33606", b'{"covered": true, "until": "2029-05-31"}'),
    ("SN-2210-5561", "33611", b'{"covered": false}'),
)


def day(world: World, day: date, today: date) -> None:
    """One day of it: described on the first one, called on the evenings, paused the night before today."""
    if world.plot.code != "DEMO" or not today - timedelta(days=DAYS) <= day < today:
        return
    chance = Random(f"{world.plot.code} systems {day}")  # noqa: S311  # a story, the same every time
    if day == today - timedelta(days=DAYS):
        with clock.at(world.at(day, 7, 20)), acting(world, "admin"):
            _describe()
    with clock.at(world.at(day, 18, 50)):
        _answer(world, chance)
    if day == today - timedelta(days=3):
        with clock.at(world.at(day, 11, 15)):
            _look_up(world, chance)
    if day == today - timedelta(days=1):
        with clock.at(world.at(day, 21)), acting(world, "admin"):
            registry.pause(_named(TICKET["name"]))


def _named(name: Any) -> Connector:
    found: Connector = db.session.scalars(listed(str(name), "")).one()
    return found


def _describe() -> None:
    for told in (TICKET, LOOKUP):
        registry.create(registry.Wanted(**told))  # type: ignore[arg-type]  # a table of the story
    ruling.create(
        _named(TICKET["name"]),
        ruling.Wanted(
            "When a repair is completed", ("dispatch.completed",), (Condition("data.job_type", "is", "repair"),),
            {"job_id": Source("path", "data.id"), "customer": Source("path", "data.customer_name"),
             "summary": Source("template", "{data.title} (job {data.id})"), "priority": Source("path", "data.priority")},
        ),
    )  # fmt: skip


def _look_up(world: World, chance: Random) -> None:
    for serial, code, body in ASKED:
        with acting(world, "admin"):
            calls.make(_named(LOOKUP["name"]), {"serial": serial, "zip": code})
        _carry(world, lambda held, due, body=body: [_result(held, due, clock.now(), 200, body, chance)])
        clock.advance(timedelta(minutes=4))


def _answer(world: World, chance: Random) -> None:
    """The supplier answers what was called today: nearly always well, now and then at the second try, once badly."""

    def told(held: Held, due: Due) -> list[Result]:
        ticket = json.dumps({"ticket": f"W-{chance.randint(20_000, 29_999)}", "status": "open"}).encode()
        fate, now = chance.random(), clock.now()
        if fate < 0.08:
            odd = json.dumps({"ticket": chance.randint(20_000, 29_999), "status": "open"}).encode()
            return [_result(held, due, now, 200, odd, chance)]
        if fate < 0.2:
            busy = _result(held, due, now, 503, b"upstream timed out", chance, again=True)
            return [busy, _result(held, due, now + timedelta(seconds=2), 200, ticket, chance)]
        return [_result(held, due, now, 200, ticket, chance)]

    _carry(world, told)


def _carry(world: World, told: Any) -> None:
    with tenancy.across(world.tenant_id), as_(world, "admin"):
        held = CONNECTORS.visit("story", 10)
        while held:
            results = [result for one in held for due in one.rows for result in told(one, due)]
            for one in held:
                for due in one.rows:
                    CONNECTORS.begin(due)
            for result in results:  # one by one: a call that was tried again has two
                CONNECTORS.settle("story", [result], [])
            held = list(CONNECTORS.settle("story", [], [Ask(one.id) for one in held]).values())


def _result(held: Held, due: Due, at: datetime, status: int, body: bytes, chance: Random, *,
            again: bool = False) -> Result:  # fmt: skip
    key = signing_keys()[0].text
    built = rules.Built(held.api, held.url, due.path, due.content, due.signed)
    sent = rules.shown_headers(rules.headers(built, key, due.message_id, int(at.timestamp())))
    ok = status == 200
    wrong = describing.words(describing.problems(held.outputs or {}, json.loads(body))) if ok else None
    return Result(
        due, at, ok=ok, status=status, latency_ms=chance.randint(90, 420), kind="" if ok else "answer",
        error="" if ok else "It answered 503 Service Unavailable.", headers={"content-type": "application/json"},
        body=body.decode(), next_at=at + timedelta(seconds=2) if again else None, request_line=f"{built.method} {built.url}",
        sent=sent, misfit=wrong,
    )  # fmt: skip
