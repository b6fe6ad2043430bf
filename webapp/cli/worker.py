"""`truckroll worker`: does background jobs, one queue per process, all imported before the first job."""

import logging
import resource
import sys
from pathlib import Path
from typing import Any

import click
import psycopg
import redis
from rq import Queue, SimpleWorker
from rq.exceptions import StopRequested
from rq.worker import WorkerStatus
from sqlalchemy.exc import SQLAlchemyError

from webapp.kit import doorbell, jobs
from webapp.kit.web import App

log = logging.getLogger("truckroll.jobs")

RSS_LIMIT_MB = 600  # a worker that has grown beyond this ends after its present job, to be started afresh
PAUSE_SECONDS = 2.0  # between two attempts to reach Redis
VISITS_LIMIT = 20_000  # … or after so many rings
WORKER_TTL, MAINTENANCE_SECONDS = 40, 15  # what a killed worker leaves in Redis is gone in a minute


class Worker(SimpleWorker):
    """RQ's worker without a fork, in the application's context; ends when asked to or grown too large."""

    max_connection_wait_time = PAUSE_SECONDS

    def __init__(
        self, queues: list[Queue], *, app: App, max_rss_mb: int, silence: "Silence", **settings: Any
    ) -> None:
        super().__init__(queues, **settings)
        self.app = app
        self.silence = silence
        self.max_rss_mb = max_rss_mb
        self.visits = 0
        self.grown = False

    def execute_job(self, job: Any, queue: Queue) -> None:
        with self.app.app_context():  # one of its own, so that nothing of one visit is seen by the next
            super().execute_job(job, queue)
        self.visits += 1
        if self.visits >= VISITS_LIMIT or rss_mb() > self.max_rss_mb:
            log.info("worker: %d visits, %d MB; starting afresh", self.visits, rss_mb())
            self._stop_requested = self.grown = True

    def heartbeat(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().heartbeat(*args, **kwargs)
        except (redis.ConnectionError, redis.TimeoutError) as problem:
            if self.get_state() != WorkerStatus.BUSY:
                self.silence.pass_time(problem)
            raise  # RQ waits a little and tries again
        self.silence.over()

    def _shutdown(self) -> None:
        # RQ's own also writes to Redis: in a signal handler, where an error would fail the job under way
        jobs.stop_requested.set()
        if self.get_state() == WorkerStatus.BUSY:
            self._stop_requested = True
        else:
            raise StopRequested


class Silence:
    """The time while Redis is away: it is said once, and due work is looked for without being rung."""

    def __init__(self, app: App, queues: tuple[str, ...]) -> None:
        self.app = app
        self.queues = queues
        self.said = False

    def pass_time(self, problem: Exception) -> None:
        """Do what is due now; called again every few seconds."""
        if not self.said:
            self.said = True
            log.warning("Redis does not answer, looking for work every few seconds: %s", problem)
        try:
            work_off(self.app, self.queues)
        except (psycopg.Error, SQLAlchemyError) as other:
            log.warning("the database does not answer either: %s", str(other).split("\n")[0])

    def over(self) -> None:
        if self.said:
            self.said = False
            log.info("Redis answers again")


@click.command()
@click.option(
    "--queue",
    "queues",
    type=click.Choice([jobs.QUICK, jobs.LONG, jobs.HOOKS]),
    multiple=True,
    default=(jobs.QUICK, jobs.LONG),
    help="What to work on; without it quick and long ones. Webhooks have workers of their own.",
)
@click.option("--burst", is_flag=True, help="Do what is due now, then end.")
@click.option("--max-rss", type=click.IntRange(64), default=RSS_LIMIT_MB, show_default=True, help="MB.")
def worker(queues: tuple[str, ...], burst: bool, max_rss: int) -> None:
    """Do background jobs until told to stop (SIGTERM or Ctrl-C), which waits for the job or piece under way.

    It ends by itself with 0 when it has grown too large: run it under a supervisor that starts it again.

    \b
    Examples:
      truckroll worker --queue quick
      truckroll worker --queue long
      truckroll worker --queue hooks   delivers webhooks, many at once
      truckroll worker --burst         what is due now, as cron would
    """
    from webapp import create_app

    speak_up()
    app = create_app()  # everything is imported before the first job
    if jobs.HOOKS in queues and len(queues) > 1 and not burst:
        raise click.UsageError("Webhooks are delivered by workers of their own: --queue hooks alone.")
    if burst:
        click.echo(f"{work_off(app, queues)} jobs done")
    elif jobs.HOOKS in queues:
        from webapp.cli import couriers

        couriers.serve(app, max_rss_mb=max_rss, grown=rss_mb)
    else:
        serve(app, queues, max_rss_mb=max_rss)
    sys.exit(0)


def speak_up() -> None:
    """Say at the terminal what the jobs say, and of the libraries only what went wrong."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    # httpx tells addresses, which users gave and which may hold a secret; the others every step of every PDF
    for name in ("httpx", "weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.WARNING)


def serve(app: App, queues: tuple[str, ...], *, max_rss_mb: int = RSS_LIMIT_MB) -> None:
    """Answer rings until stopped or grown. While Redis is away, look for work every few seconds instead."""
    jobs.stop_requested.clear()
    log.info("worker for %s is ready", " and ".join(queues))
    grown = False
    silence = Silence(app, queues)
    while not (grown or jobs.stop_requested.is_set()):
        try:
            # a client of its own: RQ waits on it for longer than the application may wait for Redis
            client = redis.Redis.from_url(app.config["SETTINGS"].redis_url)
            bells = [doorbell.rq_queue(name, client) for name in queues]
            made = Worker(bells, app=app, max_rss_mb=max_rss_mb, silence=silence, connection=client, worker_ttl=WORKER_TTL,
                          maintenance_interval=MAINTENANCE_SECONDS, serializer=bells[0].serializer)  # fmt: skip
            made.work(logging_level="CRITICAL")  # what goes wrong is said here, in one line
            grown = made.grown
        except redis.RedisError as problem:
            silence.pass_time(problem)
        except StopRequested:
            break
        if not grown:
            jobs.stop_requested.wait(PAUSE_SECONDS)
    log.info("worker for %s ends", " and ".join(queues))


def work_off(app: App, queues: tuple[str, ...]) -> int:
    """Do what is due in every organization, without Redis; how many jobs were done."""
    from webapp.cli.clock import Sweeper

    done = 0
    with Sweeper(app.config["SETTINGS"].clock_database_url) as sweeper:
        while True:
            before = done
            for queue, tenant_id in sweeper.due():
                if queue in queues and not jobs.stop_requested.is_set():
                    with app.app_context():
                        done += jobs.drain(queue, tenant_id)
            if done == before:
                return done


def rss_mb() -> int:
    """Megabytes of memory this process holds."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return pages * resource.getpagesize() // 2**20
