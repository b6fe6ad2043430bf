"""What customers asked for on their links and waits for the office."""

from flask import Response

from webapp.appointments.permissions import APPOINTMENTS_SEND
from webapp.appointments.queries import visits as queries
from webapp.appointments.service import moving
from webapp.appointments.views import office_bp as bp
from webapp.kit import pages
from webapp.kit.permissions import requires


@bp.get("/requests")
@requires(APPOINTMENTS_SEND)
def requests() -> Response:
    """Open wishes to cancel, the oldest first."""
    return pages.render("appointments/requests.html", block={"requests": "requests"}, page_title="Customers’ requests",
                        found=queries.open_requests())  # fmt: skip


@bp.post("/requests/<int:request_id>/<any(cancel, keep):verb>")
@requires(APPOINTMENTS_SEND)
def decide(request_id: int, verb: str) -> Response:
    """Cancel the job as the customer asked, or keep the visit."""
    made = moving.decide(request_id, cancel=verb == "cancel")
    pages.toast(
        f"Job {made.job_id} is cancelled." if verb == "cancel" else "The visit stays. Call the customer."
    )
    return pages.redirect("/appointments/requests")
