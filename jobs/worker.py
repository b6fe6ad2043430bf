"""What an RQ worker does when the bell rings: the due rows of one organization's queue."""

from uuid import UUID

from webapp.kit import doorbell, jobs


def answer(queue: str, tenant_id: str) -> int:
    """Drain one organization's queue; how many jobs were done. Runs inside the worker's application context."""
    tenant = UUID(tenant_id)
    doorbell.answered(queue, tenant)
    return jobs.drain(queue, tenant)
