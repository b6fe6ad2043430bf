"""Who did something on a job, and whose jobs one may write on."""

from dataclasses import dataclass

from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.queries import jobs as reading
from webapp.kit import context, errors
from webapp.kit.db import find
from webapp.kit.permissions import may
from webapp.models import DispatchJob


@dataclass(frozen=True, slots=True)
class Author:
    """Under whose name something is kept: the caller's, or that of a technician for whom the office enters it."""

    name: str
    technician_id: int | None = None


def present() -> Author:
    """The caller."""
    who = context.principal()
    return Author(who.name, who.technician_id)


def writable(job_id: int) -> DispatchJob:
    """A job the caller may add to: the office any, a technician those they are sent on. Raises NotFound."""
    found = find(DispatchJob, job_id)
    if found is None or not (
        may(DISPATCH_EDIT) or reading.is_sent(job_id, context.principal().technician_id)
    ):
        raise errors.NotFound(f"No job has the number {job_id}.")
    return found
