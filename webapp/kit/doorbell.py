"""Redis as a doorbell for RQ workers, and the thread that keeps a long job's lease alive.

Losing every ring is harmless: the clock sweeps the jobs table and rings again.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import redis
from flask import current_app
from rq import Queue
from rq.serializers import JSONSerializer

from webapp.kit import clock

if TYPE_CHECKING:
    from webapp.kit.jobs import Run

log = logging.getLogger("truckroll.jobs")
PENDING_SECONDS = 5  # a ring that was lost is repeated no later than this


def connection() -> redis.Redis:
    """The application's Redis client."""
    client: redis.Redis = current_app.extensions["redis"]
    return client


def rq_queue(name: str) -> Queue:
    return Queue(name, connection=connection(), serializer=JSONSerializer)


def ring(queue: str, tenant_id: UUID) -> None:
    """Tell the workers of a queue that an organization has work. Several rings before an answer are one."""
    try:
        client = connection()
        if client.set(f"ring:{queue}:{tenant_id}", "1", nx=True, ex=PENDING_SECONDS):
            rq_queue(queue).enqueue_call(
                "jobs.worker.answer", args=(queue, str(tenant_id)), result_ttl=0, failure_ttl=60, timeout=-1,
                description=f"{queue} {tenant_id}",
            )  # fmt: skip
    except redis.RedisError as problem:
        log.warning("the doorbell is out of order, the sweeper will find the work: %s", problem)


def answered(queue: str, tenant_id: UUID) -> None:
    """A worker comes: later changes must ring anew."""
    connection().delete(f"ring:{queue}:{tenant_id}")


@contextmanager
def lease_keeper(run: "Run") -> Iterator[None]:
    """Renew the lease from a thread while the job works, so that a lease lapses only when its process is gone."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the thread needs the real object
    over = threading.Event()

    def keep() -> None:
        from sqlalchemy import text

        from webapp.kit.db import db

        while not over.wait(run.kind.lease / 3):
            with app.app_context():
                try:
                    with db.engine.begin() as connection:
                        connection.execute(
                            text("select set_config('app.tenant_id', :t, true)"), {"t": str(run.tenant_id)}
                        )
                        connection.execute(
                            text("update jobs set lease_until = :until, progress = :done, progress_total = :total"
                                 " where tenant_id = :t and id = :id and lease_token = :token"
                                 " and status = 'running'"),
                            {"until": clock.now() + timedelta(seconds=run.kind.lease), "t": run.tenant_id,
                             "id": run.id, "token": run.token, "done": run.progress, "total": run.total},
                        )  # fmt: skip
                except Exception as problem:  # noqa: BLE001  # the next beat tries again
                    log.warning("lease of job %s not renewed: %s", run.id, problem)

    thread = threading.Thread(target=keep, name=f"lease-{run.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=5)
