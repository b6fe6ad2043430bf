"""What customers asked for on their links and waits for the office."""

from flask import Response, request

from webapp.appointments.forms import ContactForm
from webapp.appointments.permissions import APPOINTMENTS_SEND
from webapp.appointments.queries import visits as queries
from webapp.appointments.service import choices, moving, telling
from webapp.appointments.views import office_bp as bp
from webapp.customers.permissions import EDIT
from webapp.kit import clean, pages
from webapp.kit.db import get
from webapp.kit.permissions import requires
from webapp.models import Customer, DispatchJob


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


@bp.get("/jobs/<int:job_id>")
@requires(APPOINTMENTS_SEND)
def customer_gets(job_id: int) -> Response:
    """Send the customer of a job their link again, or make one to copy."""
    return _gets(get(DispatchJob, job_id, what="job"))


@bp.post("/jobs/<int:job_id>/again")
@requires(APPOINTMENTS_SEND)
def tell_again(job_id: int) -> Response:
    """Write to the customer once more."""
    sent = telling.again(job_id)
    where = " and ".join(
        clean.phone_words(m.to_address) if m.channel == "sms" else m.to_address for m in sent
    )
    pages.toast(f"It goes to {where} once more.")
    return pages.redirect(f"/jobs/{job_id}")


@bp.post("/jobs/<int:job_id>/link")
@requires(APPOINTMENTS_SEND)
def make_link(job_id: int) -> Response:
    """A link to read out or paste. It is shown once."""
    return _gets(get(DispatchJob, job_id, what="job"), telling.link_of(job_id))


def _gets(job: DispatchJob, link: str = "") -> Response:
    return pages.render("appointments/customer_gets.html", block={"dialog": "dialog"}, page_title="What the customer gets",
                        job=job, link=link, phone=clean.phone_words(job.customer_phone))  # fmt: skip
