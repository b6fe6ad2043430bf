"""`truckroll worker --queue hooks`: a courier for as long as it is let run.

It is rung through a list in Redis and looks into the database every second besides, so that it needs neither Redis nor
the clock to go on.
"""

import asyncio
import contextlib
import logging
import resource
import signal
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import psycopg
import redis

from webapp.cli.clock import Sweeper
from webapp.integrations.connectors.service.work import CONNECTORS
from webapp.integrations.courier import Courier, database_threads
from webapp.integrations.service.work import WEBHOOKS
from webapp.integrations.trade import Held
from webapp.kit import doorbell, jobs
from webapp.kit.web import App

log = logging.getLogger("truckroll.webhooks")
SWEEP_SECONDS = 1.0
VISITS = 4  # organizations that are visited at once
PAUSE_SECONDS = 2.0
FILES = 8192  # open sockets that are asked for
GRACE_SECONDS = 18.0  # for what is under way when told to stop: one attempt and its writing


def serve(app: App, *, max_rss_mb: int, grown: Callable[[], int]) -> None:
    """Until told to stop, or grown beyond `max_rss_mb`. What is under way then is finished first."""
    jobs.stop_requested.clear()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: jobs.stop_requested.set())
    with contextlib.suppress(ValueError, OSError):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        most = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    log.info("worker for %s is ready", jobs.HOOKS)
    asyncio.run(_Round(app, max_rss_mb, grown).run())
    log.info("worker for %s ends", jobs.HOOKS)


class _Round:
    """Which organizations have something due, one after the other, as long as there is room."""

    def __init__(self, app: App, max_rss_mb: int, grown: Callable[[], int]) -> None:
        self.app, self.max_rss_mb, self.grown = app, max_rss_mb, grown
        self.threads = database_threads()
        # a courier for each trade, by the job that wakes it
        self.couriers = {
            trade.run: Courier(app, trade=trade, threads=self.threads) for trade in (WEBHOOKS, CONNECTORS)
        }
        self.due: deque[UUID] = deque()
        self.visiting: set[asyncio.Task[None]] = set()
        self.something = asyncio.Event()

    def over(self) -> bool:
        return jobs.stop_requested.is_set()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for listen in (self._hear, self._sweep):
            threading.Thread(target=listen, args=(loop,), name=listen.__name__, daemon=True).start()
        while not self.over():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.something.wait(), 0.25)
            self.something.clear()
            self._begin()
            if self.grown() > self.max_rss_mb:
                log.info("worker: %d MB; starting afresh", self.grown())
                jobs.stop_requested.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._end(), GRACE_SECONDS)
        for courier in self.couriers.values():
            courier.close()
        self.threads.shutdown(wait=False)

    async def _end(self) -> None:
        if self.visiting:
            await asyncio.wait(self.visiting)
        for courier in self.couriers.values():
            await courier.idle()

    def _begin(self) -> None:
        """Visit who has something due, in turn; who finds no room stays in line."""
        for _ in range(len(self.due)):
            tenant = self.due.popleft()
            if len(self.visiting) >= VISITS or not any(c.room(tenant) for c in self.couriers.values()):
                self.due.append(tenant)
                continue
            task = asyncio.create_task(self._visit(tenant))
            self.visiting.add(task)
            task.add_done_callback(self._visited)
        for courier in self.couriers.values():
            courier.waiting = any(courier.room(tenant) == 0 for tenant in self.due)

    def _visited(self, task: asyncio.Task[None]) -> None:
        self.visiting.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a visit failed", exc_info=task.exception())
        self.something.set()

    async def _visit(self, tenant: UUID) -> None:
        kind, found = await asyncio.get_running_loop().run_in_executor(self.threads, self._take, tenant)
        if found:
            self.couriers[kind].serve(tenant, found)
        if kind:
            self._add(tenant)  # perhaps there is more than was taken, or another trade's

    def _take(self, tenant: UUID) -> tuple[str, list[Held]]:
        """Do the next waiting job of an organization, and which kind it was: derive deliveries, lease, leave the rest to
        the next one."""
        with self.app.app_context():
            run = jobs.claim(jobs.HOOKS, tenant)
        if run is None:
            return "", []
        found: list[Held] = []
        courier = self.couriers.get(run.kind.name)
        if courier is not None:

            def visit(_: jobs.Run) -> dict[str, Any]:
                found.extend(courier.trade.visit(courier.token, courier.room(tenant)))
                return {"endpoints": len(found)}

            run.kind = replace(run.kind, run=visit)
        with self.app.app_context():
            jobs.execute(run)
        return run.kind.name, found

    def _add(self, tenant: UUID) -> None:
        if tenant not in self.due:
            self.due.append(tenant)
            self.something.set()

    # Who is due -----------------------------------------------------------------------------------------------------

    def _hear(self, loop: asyncio.AbstractEventLoop) -> None:
        """Answer the bell, in a thread: Redis may be away for long."""
        client = redis.Redis.from_url(self.app.config["SETTINGS"].redis_url, socket_timeout=10)
        bell, silent = doorbell.plain_bell(jobs.HOOKS), False
        while not self.over():
            try:
                heard = client.blpop([bell], timeout=1)
                silent = False
            except redis.RedisError as problem:
                if not silent:
                    log.warning("Redis does not answer, looking for work every second: %s", problem)
                silent = True
                jobs.stop_requested.wait(PAUSE_SECONDS)
                continue
            if heard:
                tenant = UUID(str(heard[1], "ascii") if isinstance(heard[1], bytes) else heard[1])
                with self.app.app_context():
                    doorbell.answered(jobs.HOOKS, tenant)
                self._tell(loop, [tenant])

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look for what is due, or whose courier died."""
        while not self.over():
            try:
                with Sweeper(self.app.config["SETTINGS"].clock_database_url) as sweeper:
                    while not self.over():
                        self._tell(loop, [tenant for queue, tenant in sweeper.due() if queue == jobs.HOOKS])
                        jobs.stop_requested.wait(SWEEP_SECONDS)
            except psycopg.Error as problem:
                log.warning("the database does not answer: %s", str(problem).split("\n")[0])
                jobs.stop_requested.wait(PAUSE_SECONDS)

    def _tell(self, loop: asyncio.AbstractEventLoop, tenants: list[UUID]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over
            for tenant in tenants:
                loop.call_soon_threadsafe(self._add, tenant)
