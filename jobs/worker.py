"""What an RQ worker does when the bell rings: the due rows of one organization's queue."""

import logging
from uuid import UUID

from sqlalchemy.exc import OperationalError

from webapp.kit import doorbell, jobs

log = logging.getLogger("truckroll.jobs")


def answer(queue: str, tenant_id: str) -> int:
    """Drain one organization's queue; how many jobs were done. Runs inside the worker's application context."""
    tenant = UUID(tenant_id)
    doorbell.answered(queue, tenant)
    try:
        return jobs.drain(queue, tenant)
    except OperationalError as problem:
        log.warning("the database does not answer, the clock will ring again: %s", problem.orig)
        return 0
