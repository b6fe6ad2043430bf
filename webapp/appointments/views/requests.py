"""What customers asked for on their links and waits for the office."""

from flask import Response, request

from webapp.appointments.forms import ContactForm
from webapp.appointments.permissions import APPOINTMENTS_SEND
from webapp.appointments.queries import visits as queries
from webapp.appointments.service import choices, moving
from webapp.appointments.views import office_bp as bp
from webapp.customers.permissions import EDIT
from webapp.kit import pages
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import Customer


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


@bp.route("/customers/<int:customer_id>/contact", methods=["GET", "POST"])
@requires(EDIT)
def contact(customer_id: int) -> Response:
    """How a customer wants to be told about visits, as they said on the phone."""
    customer = get(Customer, customer_id)
    choice = queries.choice(customer_id)
    form = ContactForm() if request.method == "POST" else ContactForm(
        formdata=None, email=choice is None or choice.email, sms=choice is None or choice.sms)  # fmt: skip
    if request.method == "POST":
        made = choices.choose(customer_id, email=form.email.data, sms=form.sms.data)
        pages.toast(f"{customer.name} is told {choices.words(made.email, made.sms)}.")
        return pages.redirect(f"/customers/{customer_id}")
    return pages.render("appointments/contact.html", block={"dialog": "dialog"}, page_title="Told about visits", form=form,
                        customer=customer)  # fmt: skip
