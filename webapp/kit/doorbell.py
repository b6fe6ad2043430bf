"""Redis as a doorbell for RQ workers.

Losing every ring is harmless: the clock sweeps the jobs table and rings again.
"""

import logging
from uuid import UUID

import redis
from flask import current_app
from rq import Queue
from rq.serializers import JSONSerializer

from webapp.kit import clock

log = logging.getLogger("truckroll.jobs")
PENDING_SECONDS = 5  # a ring that was lost is repeated no later than this
SILENT_SECONDS = 2.0  # after an error nobody waits for Redis for so long
PLAIN = frozenset({"hooks"})  # rung on a list of organizations' ids: its workers are no RQ workers
CROWDED = 10_000  # rings nobody has answered yet; more would only fill Redis

_silent_until = 0.0


def connection() -> redis.Redis:
    """The application's Redis client."""
    client: redis.Redis = current_app.extensions["redis"]
    return client


def rq_queue(name: str, client: redis.Redis | None = None) -> Queue:
    return Queue(name, connection=client or connection(), serializer=JSONSerializer)


def plain_bell(queue: str) -> str:
    """The Redis list of a queue that no RQ worker answers."""
    return f"bell:{queue}"


def ring(queue: str, tenant_id: UUID) -> bool:
    """Tell the workers of a queue that an organization has work. Several rings before an answer are one.

    Never raises for Redis's sake; False when nobody was told.
    """
    global _silent_until
    if clock.monotonic() < _silent_until:
        return False
    try:
        client = connection()
        if client.set(f"ring:{queue}:{tenant_id}", "1", nx=True, ex=PENDING_SECONDS):
            bell = rq_queue(queue)
            if queue in PLAIN:
                if client.llen(plain_bell(queue)) < CROWDED:
                    client.rpush(plain_bell(queue), str(tenant_id))
            elif client.llen(bell.key) < CROWDED:
                bell.enqueue_call(
                    "jobs.worker.answer",
                    args=(queue, str(tenant_id)),
                    result_ttl=0,
                    failure_ttl=60,
                    timeout=-1,
                    description=f"{queue} {tenant_id}",
                )
    except redis.RedisError as problem:
        _silent_until = clock.monotonic() + SILENT_SECONDS
        log.warning("the doorbell is out of order, the sweeper will find the work: %s", problem)
        return False
    return True


def answered(queue: str, tenant_id: UUID) -> None:
    """A worker comes: later changes must ring anew."""
    try:
        connection().delete(f"ring:{queue}:{tenant_id}")
    except redis.RedisError as problem:
        log.warning("the doorbell is out of order: %s", problem)
