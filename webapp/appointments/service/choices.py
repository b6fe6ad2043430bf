"""How customers want to be told of their visits."""

from webapp.appointments.queries import visits as queries
from webapp.customers.permissions import EDIT
from webapp.kit import clock, context, errors, journal, permissions
from webapp.kit.db import add, get
from webapp.models import ContactChoice, Customer, DispatchJob


def choose(customer_id: int, *, email: bool, sms: bool, job: DispatchJob | None = None) -> ContactChoice:
    """Note how a customer wants to be told, by themselves on their link (`job`), or by the office. Raises NotFound."""
    if job is None or context.principal().kind != "customer":
        permissions.demand(EDIT)
    get(Customer, customer_id)
    if job is not None and job.customer_id != customer_id:
        raise errors.NotFound(f"No customer has the number {customer_id}.")
    found = queries.choice(customer_id)
    present = (found.email, found.sms) if found is not None else (True, True)
    if found is not None and present == (email, sms):
        return found
    made = add(ContactChoice(customer_id=customer_id, email=email, sms=sms, chosen_at=clock.now(),
                             chosen_by=context.principal().label))  # fmt: skip
    how = words(email, sms)
    about = job if job is not None else get(Customer, customer_id)
    journal.audit("appointment.contact-chosen", about, diff={}, how=how)
    return made


def words(email: bool, sms: bool) -> str:
    """The choice in words."""
    if email and sms:
        return "by mail and text message"
    return "by mail only" if email else "by text message only" if sms else "not at all"
