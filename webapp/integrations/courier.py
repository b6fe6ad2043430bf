"""The courier: many deliveries at once in one process.

Each leased endpoint is served by a task of its own, so that a slow one keeps nobody waiting but itself. The database is
asked in threads, in batches over all endpoints of an organization; what is sent goes through `kit.calls` and its guard.
A courier that dies leaves its leases, which lapse: another one sends what was under way again, under the same id.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from uuid import UUID

from flask import Flask

from webapp.integrations.service.work import WEBHOOKS
from webapp.integrations.trade import KEPT, LEASE, Ask, Carrier, Due, Held, Result, Trade
from webapp.kit import clock, context, ids, jobs, journal, tenancy
from webapp.kit.db import db

log = logging.getLogger("truckroll.webhooks")
T = TypeVar("T")

SLOTS = 64  # endpoints that are served at once
RESERVE = 16  # of them kept for organizations that have none
PER_VISIT = 32  # endpoints of one organization that are taken at once
SLICE_SECONDS = 5.0  # then an endpoint makes room for those that wait
FAILING = 3  # failures one after the other: one request at a time until it answers well again
BATCH, BATCH_SECONDS = 200, 0.02  # results are written together: so many, or after so long
RENEW_SECONDS = 8.0
AGAIN_SECONDS = 1.0  # between attempts to reach a database that is away
DB_THREADS = 4


def database_threads() -> ThreadPoolExecutor:
    """The threads in which couriers ask the database."""
    return ThreadPoolExecutor(DB_THREADS, thread_name_prefix="courier")


class Courier:
    """Serves the endpoints of one trade until told to stop. `sender` makes the requests; `stopping` says when to begin
    nothing new."""

    def __init__(self, app: Flask, sender: Carrier | None = None, stopping: Callable[[], bool] = jobs.stop_requested.is_set,
                 slots: int = SLOTS, trade: Trade = WEBHOOKS, threads: ThreadPoolExecutor | None = None) -> None:  # fmt: skip
        self.app = app
        self.trade = trade
        self.sender = sender or trade.carrier(app)
        self.stopping = stopping
        self.slots = slots
        self.token = ids.token(16)
        self.desks: dict[UUID, _Desk] = {}
        self.waiting = False  # more is due than there are slots
        # shared by the couriers of one process: each thread holds a connection
        self.threads = threads or database_threads()

    # What is held ---------------------------------------------------------------------------------------------------

    def room(self, tenant: UUID) -> int:
        """How many endpoints of an organization may be taken now."""
        held = {t: len(d.tasks) for t, d in self.desks.items()}
        free = self.slots - sum(held.values())
        mine = held.get(tenant, 0)
        if mine and self.slots > RESERVE:
            free = min(free, self.slots - RESERVE - mine)
        return max(0, min(free, PER_VISIT))

    async def visit(self, tenant: UUID) -> int:
        """Take endpoints of an organization and begin to serve them; how many."""
        room = self.room(tenant)
        if room == 0:
            return 0
        held = await self.database(tenant, lambda: self.trade.visit(self.token, room))
        self.serve(tenant, held)
        return len(held)

    def serve(self, tenant: UUID, held: list[Held]) -> None:
        """Begin to serve leased endpoints."""
        if held:
            desk = self.desks.get(tenant)
            if desk is None:
                desk = self.desks[tenant] = _Desk(self, tenant)
            for endpoint in held:
                desk.begin(endpoint)

    async def idle(self) -> None:
        """Wait until nothing is served any more."""
        while self.desks:
            await asyncio.gather(*(d.over() for d in list(self.desks.values())))

    async def database(self, tenant: UUID, call: Callable[[], T]) -> T:
        """Do something in the database of an organization, in a thread and a transaction of its own."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, self._inside, tenant, call)

    def _inside(self, tenant: UUID, call: Callable[[], T]) -> T:
        who = context.Principal(kind="system", tenant_id=tenant, name=self.trade.name)
        where = context.Origin("worker", "", ids.prefixed("corr"))
        with self.app.app_context(), context.acting(who, where):
            tenancy.use(tenant)
            try:
                result = call()
                journal.commit()
            except BaseException:
                db.session.rollback()
                raise
            return result

    def close(self) -> None:
        self.sender.close()
        self.threads.shutdown(wait=False)


class _Desk:
    """One organization's endpoints under way, and the batches in which they ask and tell."""

    def __init__(self, courier: Courier, tenant: UUID) -> None:
        self.courier, self.tenant = courier, tenant
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.results: list[Result] = []
        self.asks: dict[int, tuple[Ask, asyncio.Future[Held | None]]] = {}
        self.ring = asyncio.Event()
        self.held_until = 0.0  # on the monotonic clock: what we hold is surely ours as long as that
        self.writer = asyncio.create_task(self._write())
        self.keeper = asyncio.create_task(self._keep())

    def begin(self, held: Held) -> None:
        self.held_until = clock.monotonic() + LEASE.total_seconds() * 0.8
        self.tasks[held.id] = asyncio.create_task(_Service(self, held).run())
        self.tasks[held.id].add_done_callback(lambda task: self._ended(held.id, task))

    def _ended(self, number: int, task: asyncio.Task[None]) -> None:
        if self.tasks.get(number) is task:
            del self.tasks[number]
        if not task.cancelled() and task.exception() is not None:
            log.error("serving target %d failed", number, exc_info=task.exception())
        self.ring.set()

    def ours(self) -> bool:
        """Whether what is held is surely not served by anybody else."""
        return clock.monotonic() < self.held_until

    def tell(self, result: Result) -> None:
        self.results.append(result)
        self.ring.set()

    async def ask(self, ask: Ask) -> Held | None:
        """What is due next; None when the endpoint was released or lost."""
        answer: asyncio.Future[Held | None] = asyncio.get_running_loop().create_future()
        self.asks[ask.endpoint_id] = (ask, answer)
        self.ring.set()
        return await answer

    async def over(self) -> None:
        await asyncio.gather(self.writer, return_exceptions=True)

    async def _write(self) -> None:
        while self.tasks or self.results or self.asks:
            await self.ring.wait()
            self.ring.clear()
            if len(self.results) < BATCH:
                await asyncio.sleep(BATCH_SECONDS)
            await self._batch()
        self.keeper.cancel()
        if self.courier.desks.get(self.tenant) is self:
            del self.courier.desks[self.tenant]

    async def _batch(self) -> None:
        results, self.results = self.results, []
        asks, self.asks = self.asks, {}
        if not results and not asks:
            return
        wanted = [ask for ask, _ in asks.values()]
        while True:
            try:
                found = await self.courier.database(
                    self.tenant, lambda: self.courier.trade.settle(self.courier.token, results, wanted)
                )
                break
            except Exception as problem:  # noqa: BLE001  # whatever it is: results must not be lost for it
                log.warning("results of %d deliveries not written, trying again: %s", len(results), problem)
                if not self.ours():
                    log.warning("given up: another courier sends them again")
                    found = {}
                    break
                await asyncio.sleep(AGAIN_SECONDS)
        for number, (_, answer) in asks.items():
            if not answer.done():
                answer.set_result(found.get(number))

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            began = clock.monotonic()
            held = sorted(self.tasks)
            try:
                kept = await self.courier.database(
                    self.tenant, partial(self.courier.trade.renew, self.courier.token, held)
                )
            except Exception as problem:  # noqa: BLE001  # the next beat tries again, until the lease is over
                log.warning("leases not renewed: %s", problem)
                continue
            self.held_until = began + LEASE.total_seconds() * 0.8
            for number in set(held) - kept:
                task = self.tasks.get(number)
                if task is not None:
                    task.cancel()


class _Service:
    """One endpoint being served: so many requests at once as it takes, in order where it wants that."""

    def __init__(self, desk: _Desk, held: Held) -> None:
        self.desk, self.held, self.sender = desk, held, desk.courier.sender
        self.rows: deque[Due] = deque(held.rows)
        self.running: dict[asyncio.Task[Result | None], Due] = {}
        self.failures = held.failures
        self.failed: set[str] = set()  # records whose next delivery is put off
        self.stopped = False  # paused by its own answer, or asked to be left alone
        self.began = clock.monotonic()
        self.paced = 0.0

    async def run(self) -> None:
        try:
            while True:
                await self._start()
                if not self.running:
                    if not await self._more():
                        return
                    continue
                done, _ = await asyncio.wait(self.running, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._finish(self.running.pop(task), task.result())
        finally:
            for task in self.running:
                task.cancel()

    async def _start(self) -> None:
        most = 1 if self.failures >= FAILING else self.held.concurrency
        while self.rows and len(self.running) < most and not self._yielding():
            due = self._next()
            if due is None:
                return
            await self._pace()
            task = asyncio.create_task(self._send(due))
            self.running[task] = due

    def _next(self) -> Due | None:
        if not self.held.in_order:
            return self.rows.popleft()
        busy = {due.record for due in self.running.values()}
        for position, due in enumerate(self.rows):
            if due.record in self.failed:
                continue
            if due.record not in busy:
                del self.rows[position]
                return due
            busy.add(due.record)
        return None

    async def _send(self, due: Due) -> Result | None:
        if self.held.kept:
            return Result(due, clock.now(), ok=False, kind=KEPT, error=self.held.kept)
        courier = self.desk.courier
        if courier.trade.marks_beginnings and due.first_at is None:
            begun = await courier.database(self.desk.tenant, partial(courier.trade.begin, due))
            if not begun:
                return None
        return await self.sender.send(self.held, due)

    async def _pace(self) -> None:
        if self.held.rate:
            wait = self.paced - clock.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            self.paced = max(self.paced, clock.monotonic()) + 1 / self.held.rate

    def _finish(self, due: Due, result: Result | None) -> None:
        if result is None:  # not to be made any more
            return
        self.failures = 0 if result.ok or result.kind == KEPT else self.failures + 1
        if not result.ok and self.held.in_order and result.next_at is not None:
            self.failed.add(due.record)
        if result.status == 410 or result.wait_until is not None:
            self.stopped = True
        self.desk.tell(result)

    def _yielding(self) -> bool:
        if self.stopped or self.desk.courier.stopping() or not self.desk.ours():
            return True
        slow = self.failures >= FAILING
        return self.desk.courier.waiting and (slow or clock.monotonic() - self.began > SLICE_SECONDS)

    async def _more(self) -> bool:
        """Ask for the next deliveries. What is left here is in the database still, and comes again when it is due."""
        self.rows.clear()
        self.failed.clear()
        found = await self.desk.ask(Ask(self.held.id, let_go=self._yielding()))
        if found is None:
            return False
        self.held = found
        self.rows.extend(found.rows)
        return True


def work_off(app: Flask, tenant: UUID, sender: Carrier | None = None, trade: Trade = WEBHOOKS) -> int:
    """Deliver everything of one organization that is due, then return; how many endpoints were served. For tests, for
    `truckroll worker --burst`, and for a worker that is no courier."""
    return _in_thread(lambda: asyncio.run(_work_off(app, tenant, sender, trade)))


async def _work_off(app: Flask, tenant: UUID, sender: Carrier | None, trade: Trade) -> int:
    courier = Courier(app, sender, trade=trade)
    served = 0
    try:
        while not courier.stopping():
            taken = await courier.visit(tenant)
            served += taken
            if not taken:
                return served
            await courier.idle()
        return served
    finally:
        courier.close()


def _in_thread(call: Callable[[], T]) -> T:
    # a job has a session and context of its own in this thread; asyncio wants a thread without a loop
    answer: list[T] = []
    problem: list[BaseException] = []

    def run() -> None:
        try:
            answer.append(call())
        except BaseException as error:  # noqa: BLE001  # handed on below
            problem.append(error)

    thread = threading.Thread(target=run, name="courier")
    thread.start()
    thread.join()
    if problem:
        raise problem[0]
    return answer[0]
