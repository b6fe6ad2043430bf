"""Three days of webhooks: receivers that die, dawdle and lie, couriers that are killed, Redis emptied. Nothing is lost."""

import asyncio
import os
import queue
import random
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.factories.world import Company, make_company
from tests.integrations.receivers import Got, Receiver, reply
from tests.integrations.support import deliveries, happen, register
from tests.processes import environment
from webapp.config import ROOT, Settings
from webapp.integrations import rules
from webapp.integrations.service import work
from webapp.kit import clock, events, jobs, journal
from webapp.kit.db import db
from webapp.kit.web import App
from webapp.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

START = datetime(2026, 11, 18, 12, tzinfo=UTC)
END = START + timedelta(days=3)
LEASE = timedelta(seconds=31)
LIMIT = 0.4  # seconds that a receiver has: nobody waits fifteen here


class Couriers:
    """Couriers in processes of their own, one at a time, each at a moment of the simulated clock."""

    def __init__(self, settings: Settings) -> None:
        argv = [sys.executable, "-m", "tests.faults.couriers"]
        self.parent = subprocess.Popen(argv, cwd=ROOT, env=environment(settings), stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, text=True)  # fmt: skip
        self.said: queue.Queue[str] = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        assert self.said.get(timeout=60) == "ready"
        self.killed = 0

    def _read(self) -> None:
        assert self.parent.stdout is not None
        for line in self.parent.stdout:
            self.said.put(line.strip())

    def run(self, company: Company, kill_after: float | None = None) -> bool:
        """Deliver what is due now; False when it was killed in the middle of it."""
        assert self.parent.stdin is not None
        self.parent.stdin.write(f"{clock.now().isoformat()} {company.tenant_id} {LIMIT}\n")
        self.parent.stdin.flush()
        number = int(self.said.get(timeout=20))
        if kill_after is not None:
            with suppress(queue.Empty):
                assert self.said.get(timeout=kill_after) == f"over {number}"
                return True
            os.kill(number, signal.SIGKILL)
            assert self.said.get(timeout=20) == f"over {number}"
            self.killed += 1
            return False
        assert self.said.get(timeout=60) == f"over {number}"
        return True

    def end(self) -> None:
        self.parent.kill()
        assert self.parent.stdin is not None
        assert self.parent.stdout is not None
        self.parent.stdin.close()
        self.parent.wait()
        self.reader.join(5)
        self.parent.stdout.close()


@pytest.fixture
def couriers(settings: Settings) -> Iterator[Couriers]:
    made = Couriers(settings)
    yield made
    made.end()


class Moods:
    """
    Receivers under one roof, each by its path; what each of them took for good is remembered. By whim none of them
    spoils so many attempts at one event that they run out: that is another test's story.
    """

    PATIENCE = 4

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.spoilt: dict[tuple[str, str], int] = defaultdict(int)
        self.taken: dict[str, list[Got]] = defaultdict(list)
        self.server = Receiver(self.answer)

    async def answer(self, got: Got) -> bytes:
        hours = (clock.now() - START).total_seconds() / 3600
        mood = got.path.strip("/")
        if mood == "down-for-a-day" and hours < 24:
            return reply(503)
        if self.spoilt[mood, got.id] < self.PATIENCE:
            bad = await self.whim(mood)
            if bad is not None:
                self.spoilt[mood, got.id] += 1
                return bad
        self.taken[mood].append(got)
        return reply()

    async def whim(self, mood: str) -> bytes | None:
        """What it answers instead of taking it; None when it is well."""
        if mood == "slow":
            late = self.chance.choice((0.01, 0.05, 1.0))
            await asyncio.sleep(late)
            return reply() if late > LIMIT else None
        if mood == "liar":
            return self.chance.choice((b"", b"nonsense\r\n\r\n", reply(301), reply(500), None, None))
        if mood == "flaky" and self.chance.random() < 0.3:
            return reply(429, Retry_After="120")
        return None


def next_moment(company: Company) -> datetime | None:
    """When the next attempt is due."""
    with company.acting():
        return db.session.scalar(
            select(func.min(WebhookDelivery.next_attempt_at)).where(
                WebhookDelivery.tenant_id == company.tenant_id, WebhookDelivery.status.in_(rules.UNSETTLED)
            )
        )


def test_every_event_reaches_every_receiver_that_lives_again_under_one_id_and_in_order(
    app: App, couriers: Couriers
) -> None:
    chance = random.Random(20261118)
    company, moods = make_company(app), Moods(chance)
    moods.server.start()
    for mood in ("slow", "liar", "down-for-a-day", "flaky", "orderly"):
        register(
            company, moods.server.url(f"/{mood}"), "sale.*", in_order=mood in ("orderly", "liar", "flaky")
        )
    happened: list[tuple[int, str]] = []
    with clock.at(START):
        while clock.now() < END:
            if clock.now() < START + timedelta(days=2):
                for _ in range(chance.randrange(1, 4)):
                    record, name = (
                        chance.randrange(1, 6),
                        chance.choice(("sale.created", "sale.updated", "sale.approved")),
                    )
                    happen(company, record, name, sale_id=record, number=len(happened))
                    happened.append((record, name))
            kill = chance.random() < 0.6
            if not couriers.run(company, kill_after=chance.uniform(0.02, 0.3) if kill else None):
                clock.advance(LEASE)  # its leases lapse; then another one goes on
                couriers.run(company)
            if chance.random() < 0.2:
                app.extensions["redis"].flushdb()
            clock.advance(timedelta(minutes=chance.choice((1, 7, 45, 180, 420))))
        for _ in range(60):  # what is still put off, until all is over
            moment = next_moment(company)
            if moment is None:
                break
            clock.advance(max(moment - clock.now(), timedelta(0)) + timedelta(seconds=1))
            couriers.run(company)
        rows = deliveries(company)
    moods.server.stop()
    assert couriers.killed >= 3
    assert len(rows) == 5 * len(happened)
    assert {d.status for d in rows} == {"delivered"}
    for mood, taken in moods.taken.items():
        assert {got.json["data"]["number"] for got in taken} == set(range(len(happened))), mood
        ids: dict[int, set[str]] = defaultdict(set)
        for got in taken:
            ids[got.json["data"]["number"]].add(got.id)
        assert {len(found) for found in ids.values()} == {1}, f"{mood}: one id for each event"
        if mood in ("orderly", "liar", "flaky"):
            in_order(taken)


def in_order(taken: list[Got]) -> None:
    """The first time that each event of a record came, they came in the order of the journal."""
    first: dict[int, list[int]] = defaultdict(list)
    for got in taken:
        number, record = got.json["data"]["number"], got.json["data"]["sale_id"]
        if number not in first[record]:
            first[record].append(number)
    for record, numbers in first.items():
        assert numbers == sorted(numbers), f"record {record}"


def test_the_table_of_attempts_at_a_dead_receiver_is_the_schedule(app: App, couriers: Couriers) -> None:
    company = make_company(app)
    dead = Receiver(lambda got: b"").start()
    with clock.at(START):
        register(company, dead.url(), "sale.created")
        happen(company, 1)
        couriers.run(company)
        for _ in range(30):
            moment = next_moment(company)
            if moment is None:
                break
            clock.advance(max(moment - clock.now(), timedelta(0)))
            couriers.run(company)
        (row,) = deliveries(company)
        with company.acting():
            made = list(db.session.scalars(select(WebhookAttempt).where(WebhookAttempt.tenant_id == company.tenant_id)
                                           .order_by(WebhookAttempt.number)))  # fmt: skip
    dead.stop()
    assert (row.status, [a.number for a in made]) == ("dead_letter", list(range(1, 11)))
    assert [(b.at - a.at).total_seconds() for a, b in pairwise(made)] == list(rules.DELAYS)


def test_an_event_that_commits_while_the_journal_is_read_is_not_left_behind(app: App) -> None:
    """Many write while others fan out: whatever the interleaving, a wake is left for what the last one did not see."""
    company = make_company(app)
    receiver = Receiver().start()
    endpoint = register(company, receiver.url(), "sale.created").endpoint
    over = threading.Event()
    problems: list[Any] = []

    def write() -> None:
        try:
            for n in range(60):
                happen(company, n)
        except Exception as problem:
            problems.append(problem)

    def read() -> None:
        while not over.is_set():
            with app.app_context():
                run = jobs.claim(jobs.HOOKS, company.tenant_id)
            if run is None:
                continue
            with company.acting():
                work.fan_out()

    writers = [threading.Thread(target=write) for _ in range(3)]
    readers = [threading.Thread(target=read) for _ in range(2)]
    for thread in (*writers, *readers):
        thread.start()
    for thread in writers:
        thread.join()
    over.set()
    for thread in readers:
        thread.join()
    assert problems == []
    # whoever is woken now, if anybody is, must be all that is needed
    with app.app_context():
        run = jobs.claim(jobs.HOOKS, company.tenant_id)
    if run is not None:
        with company.acting():
            work.fan_out()
    receiver.stop()
    with company.acting():
        row = db.session.get_one(WebhookEndpoint, (company.tenant_id, endpoint.id))
        assert row.cursor_seq >= 180
    assert len(deliveries(company)) == 180


def test_a_wake_waits_for_the_event_that_counted_on_it(app: App) -> None:
    """An event found the wake waiting, added none, and is not committed yet when the wake begins to run."""
    company = make_company(app)
    receiver = Receiver().start()
    register(company, receiver.url(), "sale.created")  # leaves a wake that is due
    counted_on_it, go_on = threading.Event(), threading.Event()

    def pause(session: Any) -> None:
        counted_on_it.set()
        assert go_on.wait(20)

    def write() -> None:
        with company.acting("manager"):
            events.emit(events.CATALOGUE["sale.created"], 1, {"sale_id": 1})
            journal.tally(pause)  # behind the journal's lock, after what follows an event was decided

    def wake() -> None:
        with app.app_context():
            run = jobs.claim(jobs.HOOKS, company.tenant_id)
        assert run is not None
        with company.acting():
            work.fan_out()

    writer, woken = threading.Thread(target=write), threading.Thread(target=wake)
    writer.start()
    assert counted_on_it.wait(20)
    woken.start()
    woken.join(1)
    go_on.set()
    writer.join()
    woken.join(20)
    receiver.stop()
    with app.app_context():
        assert jobs.claim(jobs.HOOKS, company.tenant_id) is None, "no other wake was added"
    assert len(deliveries(company)) == 1
