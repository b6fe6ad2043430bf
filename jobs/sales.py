"""Jobs of the sales domain: deciding more sales than somebody would wait for."""

from typing import Any

from webapp.kit import jobs
from webapp.sales import service
from webapp.sales.queries import sales as queries

PIECE = 100


def decide_these(ids: list[int], args: dict[str, Any]) -> service.Decided:
    """One piece of the decision."""
    if args["decision"] == "approve":
        return service.approve_many(ids)
    return service.reject_many(ids, args["reason"])


@jobs.job("sales.decide", queue=jobs.LONG, lease=60)
def decide(run: jobs.Run) -> dict[str, Any]:
    """Approve or reject every pending sale that matches, in pieces; what cannot be decided is left and counted."""
    filters = queries.Filters.from_json(run.args["filters"])
    done, refused, after = (run.state.get(name, 0) for name in ("done", "refused", "after"))
    while ids := queries.ids(filters, PIECE, after=after):
        result = decide_these(ids, run.args)
        done, refused, after = done + len(result.done), refused + len(result.refused), ids[-1]
        run.report(done + refused)
        run.checkpoint(done=done, refused=refused, after=after)
    return {"done": done, "refused": refused}
