"""What the phone's side does later: telling of jobs, forgetting where technicians were."""

from datetime import timedelta
from typing import Any

from webapp.dispatch.service import positions
from webapp.kit import jobs
from webapp.phone.service import telling

BATCH = 5000  # positions of one statement


@jobs.job(telling.TELL, max_attempts=4)
def tell(run: jobs.Run) -> dict[str, Any]:
    """Tell a technician of a new, changed or cancelled job, by push or else by text message."""
    return {"by": telling.tell(run.args["technician_id"], run.args["job_id"], run.args["what"])}


@jobs.job("phone.forget_positions", queue=jobs.LONG, every=timedelta(hours=12))
def forget_positions(run: jobs.Run) -> dict[str, Any]:
    """Drop the trails of technicians that are older than 30 days."""
    total = 0
    while True:
        gone = positions.forget_old(BATCH)
        total += gone
        if gone < BATCH:
            return {"positions": total}
        run.checkpoint()
