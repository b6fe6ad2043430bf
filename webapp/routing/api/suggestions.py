"""Who suits a job: `/admin/dispatch/{id}/suggestions`."""

from typing import Any

from webapp.dispatch.permissions import DISPATCH_READ
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.routing import schemas, service

api = Api("routing_suggestions_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Dispatch")


@api.get(
    "/admin/dispatch/<int:job_id>/suggestions", permission=DISPATCH_READ, returns=[schemas.SuggestionOut]
)
def suggestions(job_id: int) -> list[dict[str, Any]]:
    """Each technician ranked for a job by skills, zone, distance, availability, workload and history, with the reasons.

    Those who can be sent come first. `added_minutes` is what the job adds to the technician's driving that day.
    """
    return [schemas.shape_suggestion(s) for s in service.suggestions(job_id).ranked]
