"""What the customer pages share."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, Response, request

from webapp.customers import queries
from webapp.kit import db, pages
from webapp.models import Customer

bp = Blueprint("customers", __name__, url_prefix="/customers")


def leads_on(view: Callable[..., Response]) -> Callable[..., Response]:
    """The page of a customer that was merged leads to the same page of whom it became."""

    @wraps(view)
    def led(customer_id: int, **more: Any) -> Response:
        if request.method == "GET":
            customer = db.get(Customer, customer_id)
            if customer.merged_into_id is not None:
                kept = queries.root(customer)
                pages.toast(f"{customer.name} was merged into {kept.name}.", "info")
                rest = request.full_path.rstrip("?").removeprefix(f"/customers/{customer_id}")
                return pages.redirect(f"/customers/{kept.id}{rest}")
        return view(customer_id, **more)

    return led


def changed(customer_id: int) -> Response:
    """After a dialog on a customer's page: the page fetches itself anew, or is opened without JavaScript."""
    return pages.done("customer-changed") if pages.is_htmx() else pages.redirect(f"/customers/{customer_id}")
