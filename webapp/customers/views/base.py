"""What the customer pages share."""

from flask import Blueprint, Response

from webapp.kit import pages

bp = Blueprint("customers", __name__, url_prefix="/customers")


def changed(customer_id: int) -> Response:
    """After a dialog on a customer's page: the page fetches itself anew, or is opened without JavaScript."""
    return pages.done("customer-changed") if pages.is_htmx() else pages.redirect(f"/customers/{customer_id}")
