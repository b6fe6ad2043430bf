"""Jobs that send messages."""

from typing import Any

from webapp.kit import jobs
from webapp.messaging import service


def _failed(run: jobs.Run, sentence: str) -> None:
    service.give_up(run.args["message_id"], sentence, run.attempt)


@jobs.job(service.DELIVER, lease=90, max_attempts=8, failed=_failed)
def deliver(run: jobs.Run) -> dict[str, Any]:
    """Send one message."""
    status = service.deliver(run.args["message_id"], attempt=run.attempt, zone=run.args.get("zone", ""),
                             consent=run.args.get("consent", ""))  # fmt: skip
    return {"status": status}
