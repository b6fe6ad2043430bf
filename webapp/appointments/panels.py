"""What appointments tell on a customer's page: how the customer wants to be told."""

from typing import Any

from webapp.appointments.permissions import APPOINTMENTS_SEND
from webapp.appointments.queries import visits as queries
from webapp.appointments.service import choices
from webapp.customers import queries as customers
from webapp.customers.permissions import EDIT
from webapp.dispatch import registry
from webapp.kit import permissions
from webapp.models import DispatchJob


def install() -> None:
    """Register with customers. Safe to call again."""
    if of_customer not in customers.CUSTOMER_PANELS:
        customers.CUSTOMER_PANELS.append(of_customer)
    if of_job not in registry.JOB_PANELS:
        registry.JOB_PANELS.append(of_job)


def of_customer(customer_id: int) -> dict[str, Any]:
    """How a customer is told about visits, and the way to change it."""
    choice = queries.choice(customer_id)
    how = choices.words(choice.email, choice.sms) if choice is not None else choices.words(True, True)
    hint = "Chosen" if choice is not None else "Nothing else was chosen"
    return {
        "title": "Told about visits",
        "facts": [{"label": "How", "value": how.capitalize(), "hint": hint}],
        "url": f"/appointments/customers/{customer_id}/contact" if permissions.may(EDIT) else None,
        "url_label": "Change",
    }  # fmt: skip


def of_job(job: DispatchJob) -> dict[str, Any] | None:
    """The way to send a customer their link again, or to copy it."""
    if job.status == "cancelled" or not permissions.may(APPOINTMENTS_SEND):
        return None
    return {
        "title": "What the customer gets",
        "empty": "Confirmation, reminder, the way of the technician and what was done go out by themselves.",
        "url": f"/appointments/jobs/{job.id}",
        "url_label": "Send again",
        "dialog": True,
    }
