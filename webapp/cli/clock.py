"""`truckroll clock`: rings for work that is due, or whose worker died.

It signs in as a role that may read which organization has which job when, and nothing else; only for the upkeep of
partitions (`upkeep.py`) as the owner. Any number of clocks may run: one works, the others wait for its place.
"""

import logging
import signal
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from uuid import UUID

import click
import psycopg
from psycopg import sql

log = logging.getLogger("truckroll.clock")

TICK_SECONDS = 1.0
PAUSE_SECONDS = 2.0  # before asking again for a database that is away, or for another clock's place
LOCK = 0x7275636B  # "ruck": the number of the advisory lock; any other clock uses the same one
MOST = 20_000  # rows looked at in one tick, the longest due first

_DUE = """
    select distinct queue, tenant_id from (
        (select queue, tenant_id from jobs where status = 'waiting' and run_after <= %(now)s
         order by run_after limit %(most)s)
        union all
        (select queue, tenant_id from jobs where status = 'running' and lease_until < %(now)s limit %(most)s)
    ) due
"""


class Sweeper:
    """The clock's own connection. `with Sweeper(url) as sweeper:`; every error is psycopg's."""

    def __init__(self, url: str) -> None:
        self.connection = psycopg.connect(
            url, autocommit=True, connect_timeout=5, application_name="truckroll clock",
            keepalives_idle=30, keepalives_interval=10, keepalives_count=3,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def alone(self) -> bool:
        """Whether this is now the one clock that works; stays so as long as the connection lives."""
        row = self.connection.execute("select pg_try_advisory_lock(%s)", (LOCK,)).fetchone()
        return bool(row and row[0])

    def due(self) -> list[tuple[str, UUID]]:
        """Each (queue, organization) with work that is due or whose worker's lease has lapsed."""
        from webapp.kit import clock

        rows = self.connection.execute(sql.SQL(_DUE), {"now": clock.now(), "most": MOST}).fetchall()
        return [(str(queue), UUID(str(tenant))) for queue, tenant in rows]


class Clock:
    """The loop of the command: reconnects, waits its turn, sweeps and rings; `upkeep` is called at every tick."""

    def __init__(
        self, url: str, ring: Callable[[str, UUID], bool], upkeep: Callable[[], None] = lambda: None
    ) -> None:
        self.url = url
        self.ring = ring
        self.upkeep = upkeep
        self.over = threading.Event()
        self.rung = 0
        self._said = ""

    def run(self) -> None:
        """Until :meth:`stop`."""
        while not self.over.is_set():
            try:
                with Sweeper(self.url) as sweeper:
                    self._serve(sweeper)
            except psycopg.Error as problem:
                self._say(f"the database does not answer: {str(problem).strip() or type(problem).__name__}")
                self.over.wait(PAUSE_SECONDS)

    def _serve(self, sweeper: Sweeper) -> None:
        while not sweeper.alone():
            self._say("another clock works; waiting for its place")
            if self.over.wait(PAUSE_SECONDS):
                return
        self._say("ringing for what is due")
        while not self.over.wait(TICK_SECONDS):
            self.upkeep()
            told = [self.ring(queue, tenant) for queue, tenant in sweeper.due()]
            if told:
                self.rung += len(told)
                log.debug("rang for %d queues of organizations", len(told))

    def _say(self, what: str) -> None:
        if what != self._said:  # each change once, not every tick
            log.info("%s", what)
            self._said = what

    def stop(self) -> None:
        self.over.set()


@click.command()
def clock() -> None:
    """Ring the workers for jobs that are due, come from retries, or lost their worker.

    Without a clock only what is asked for now is done now; run at least one. Of several, one works and the
    others take its place within seconds when it ends. The one that works also makes the audit log's partitions
    ahead and lets go of entries older than seven years, as the database's owner.

    \b
    Example:
      truckroll clock
    """
    from webapp import create_app
    from webapp.cli import upkeep
    from webapp.kit import doorbell

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    app = create_app()

    def ring(queue: str, tenant_id: UUID) -> bool:
        with app.app_context():
            return doorbell.ring(queue, tenant_id)

    care = upkeep.Upkeep(lambda: upkeep.run(app))
    made = Clock(app.config["SETTINGS"].clock_database_url, ring, care.due)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: made.stop())
    made.run()
    log.info("clock ends; rang %d times", made.rung)
