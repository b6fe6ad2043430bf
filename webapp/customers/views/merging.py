"""Merging two customers on a page that shows both, and undoing it."""

from typing import Any

from flask import Response, request

from webapp.customers import forms, queries, rules, service
from webapp.customers.permissions import MERGE
from webapp.customers.views.base import bp, leads_on
from webapp.kit import clean, db, journal, pages
from webapp.kit.permissions import requires
from webapp.models import Customer


@bp.route("/<int:customer_id>/merge", methods=["GET", "POST"])
@requires(MERGE)
@leads_on
def choose_other(customer_id: int) -> Response:
    """Ask with whom to merge a customer."""
    customer = db.get(Customer, customer_id)
    form = forms.OtherForm()
    refused = request.method == "POST"
    if refused and form.validate():
        other = db.get(Customer, form.other_id.data or 0)
        if other.id != customer_id:
            return pages.redirect(f"/customers/{customer_id}/merge-with/{other.id}")
        form.other_id.errors = ["Choose another customer than this one."]
    return pages.render(
        "customers/merge_choose.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=f"Merge {customer.name}",
        form=form,
        customer=customer,
    )


@bp.get("/<int:customer_id>/merge-with/<int:other_id>")
@requires(MERGE)
def compare(customer_id: int, other_id: int) -> Response:
    """Both customers side by side, with which value to keep."""
    kept, other = service.mergeable(customer_id, other_id)
    mine, theirs = journal.snapshot(kept), journal.snapshot(other)
    choices = rules.default_choices(mine, theirs)
    brief = queries.brief([kept.id, other.id])
    return pages.render(
        "customers/merge.html",
        page_title=f"Merge {kept.name} and {other.name}",
        kept=kept,
        other=other,
        cards=[_card(customer, brief[customer.id]) for customer in (kept, other)],
        rows=[
            {"name": name, "label": rules.MERGED_FIELDS[name], "choice": choice, "both": name in ("tags", "notes"),
             "kept": _words(name, mine[name]), "other": _words(name, theirs[name])}
            for name, choice in choices.items()
        ],
    )  # fmt: skip


def _card(customer: Customer, row: Any) -> dict[str, Any]:
    return {
        "id": customer.id,
        "name": customer.name,
        "company": customer.company,
        "kind": rules.KINDS[customer.kind],
        "phone": clean.phone_words(customer.phone),
        "email": customer.email,
        "address": rules.one_line(dict(row._mapping)),
        "reference": customer.reference,
        "created_at": customer.created_at,
        "counts": service.belongings(customer.id),
    }


def _words(name: str, value: Any) -> str:
    if name == "phone":
        return clean.phone_words(value)
    if name == "kind":
        return rules.KINDS.get(value, str(value))
    return ", ".join(value) if isinstance(value, list) else str(value or "")


@bp.post("/<int:customer_id>/merge-with/<int:other_id>")
@requires(MERGE)
def merge(customer_id: int, other_id: int) -> Response:
    choices = {name: request.form.get(f"field-{name}", "") for name in rules.MERGED_FIELDS}
    other = db.get(Customer, other_id)
    kept = service.merge(customer_id, other_id, choices)
    pages.toast(f"{other.name} was merged into {kept.name}.", undo_url=f"/customers/{other_id}/unmerge")
    return pages.redirect(f"/customers/{kept.id}")


@bp.post("/<int:customer_id>/unmerge")
@requires(MERGE)
def unmerge(customer_id: int) -> Response:
    """Undo the merge that took this customer away."""
    customer = service.unmerge(customer_id)
    pages.toast(f"{customer.name} stands by itself again.")
    return pages.redirect(f"/customers/{customer.id}")
