"""Merging two customers on a page that shows both, and undoing it."""

from typing import Any

from flask import Response, request

from webapp.customers import forms, queries, rules, service
from webapp.customers.permissions import MERGE
from webapp.customers.views.base import bp, leads_on
from webapp.kit import clean, db, journal, pages
from webapp.kit.permissions import requires
from webapp.models import Customer


@bp.get("/duplicates")
@requires(MERGE)
def duplicates() -> Response:
    """Pairs of customers who may be one and the same."""
    found, more = service.pairs()
    brief = queries.brief([one.id for pair in found for one in (pair.one, pair.other)])
    return pages.render(
        "customers/duplicates.html",
        page_title="Possible duplicates",
        more=more,
        pairs=[
            {"people": [_person(brief[one.id]) for one in (pair.one, pair.other)],
             "url": f"/customers/{pair.one.id}/merge-with/{pair.other.id}",
             "apart_url": f"/customers/{pair.one.id}/apart-from/{pair.other.id}",
             "reasons": ", ".join(pair.reasons).capitalize()}
            for pair in found
        ],
    )  # fmt: skip


def _person(row: Any) -> dict[str, Any]:
    """A customer with what tells it apart from others of its name."""
    place = rules.one_line(dict(row._mapping))
    parts = (row.company, clean.phone_words(row.phone), row.email, place)
    return {"id": row.id, "name": row.name, "hint": " · ".join(part for part in parts if part)}


@bp.post("/<int:customer_id>/apart-from/<int:other_id>")
@requires(MERGE)
def tell_apart(customer_id: int, other_id: int) -> Response:
    """Note that two customers are two."""
    one, other = service.tell_apart(customer_id, other_id)
    pages.toast(f"{one.name} and {other.name} stay two customers.",
                undo_url=f"/customers/{one.id}/apart-from/{other.id}/undo")  # fmt: skip
    return pages.redirect("/customers/duplicates")


@bp.post("/<int:customer_id>/apart-from/<int:other_id>/undo")
@requires(MERGE)
def untell_apart(customer_id: int, other_id: int) -> Response:
    """Take that back."""
    service.untell_apart(customer_id, other_id)
    return pages.redirect("/customers/duplicates")


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
        likely=() if refused else _likely(customer),
    )


def _likely(customer: Customer) -> list[dict[str, Any]]:
    found = service.like(customer)
    brief = queries.brief([c.id for c in found])
    return [
        {"label": c.customer.name, "url": f"/customers/{customer.id}/merge-with/{c.id}", "icon": "user-round",
         "hint": " – ".join(part for part in (_person(brief[c.id])["hint"], ", ".join(c.reasons).lower()) if part)}
        for c in found
    ]  # fmt: skip


@bp.get("/<int:customer_id>/merge-with/<int:other_id>")
@requires(MERGE)
def compare(customer_id: int, other_id: int) -> Response:
    """Both customers side by side, with which value to keep."""
    kept, other = service.mergeable(customer_id, other_id)
    mine, theirs = journal.snapshot(kept), journal.snapshot(other)
    choices = rules.default_choices(mine, theirs)
    joins = {name for name in ("tags", "notes") if mine[name] and theirs[name]} & set(choices)
    brief = queries.brief([kept.id, other.id])
    return pages.render(
        "customers/merge.html",
        page_title=f"Merge {kept.name} and {other.name}",
        kept=kept,
        other=other,
        called=_called(kept, other),
        cards=[_card(customer, brief[customer.id]) for customer in (kept, other)],
        rows=[
            {"name": name, "label": rules.MERGED_FIELDS[name], "choice": choice, "both": name in joins,
             "kept": _words(name, mine[name]), "other": _words(name, theirs[name])}
            for name, choice in choices.items()
        ],
    )  # fmt: skip


def _called(kept: Customer, other: Customer) -> dict[str, str]:
    """What to call each of the two; by number as well where they have one name."""
    same = kept.name.casefold() == other.name.casefold()
    return {
        word: f"{one.name} ({one.id})" if same else one.name
        for word, one in (("kept", kept), ("other", other))
    }


def _card(customer: Customer, row: Any) -> dict[str, Any]:
    return {
        "id": customer.id,
        "name": customer.name,
        "company": customer.company,
        "kind": rules.KINDS[customer.kind],
        "phone": clean.phone_words(customer.phone),
        "email": customer.email,
        "address": rules.one_line(dict(row._mapping)),
        "archived": customer.archived,
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
