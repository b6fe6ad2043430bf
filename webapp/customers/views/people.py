"""Dialogs for a customer's contacts and properties."""

from typing import Any

from flask import Response, request

from webapp.customers import forms, queries, rules, service
from webapp.customers.permissions import EDIT, READ
from webapp.customers.service import people
from webapp.customers.views.base import bp, changed, leads_on
from webapp.kit import clean, crypto, db, errors, pages
from webapp.kit.permissions import requires
from webapp.models import Customer, CustomerContact, Property


@bp.route("/<int:customer_id>/contacts/new", methods=["GET", "POST"])
@requires(EDIT)
@leads_on
def new_contact(customer_id: int) -> Response:
    return _contact_dialog(customer_id, forms.ContactForm(), None)


@bp.route("/<int:customer_id>/contacts/<int:contact_id>/edit", methods=["GET", "POST"])
@requires(EDIT)
@leads_on
def edit_contact(customer_id: int, contact_id: int) -> Response:
    contact = people.contact_of(customer_id, contact_id)
    form = forms.ContactForm(obj=contact)
    if request.method == "GET":
        form.phone.data = clean.phone_words(contact.phone)
    return _contact_dialog(customer_id, form, contact)


def _contact_dialog(customer_id: int, form: forms.ContactForm, contact: CustomerContact | None) -> Response:
    customer = db.get(Customer, customer_id)
    refused = request.method == "POST"
    if refused and form.validate():
        try:
            if contact is None:
                saved = service.add_contact(customer_id, form.values())
            else:
                saved = service.update_contact(customer_id, contact.id, form.values())
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{saved.name} was {'saved' if contact else 'added'}.")
            return changed(customer_id)
    return pages.render(
        "customers/contact.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=f"Edit {contact.name}" if contact else "New contact",
        form=form,
        customer=customer,
        contact=contact,
    )


@bp.post("/<int:customer_id>/contacts/<int:contact_id>/remove")
@requires(EDIT)
def remove_contact(customer_id: int, contact_id: int) -> Response:
    """Delete a contact; the toast can bring it back."""
    held = service.remove_contact(customer_id, contact_id)
    token = crypto.sign("customers.contact", [customer_id, held])
    pages.toast(f"{held['name']} was removed.", undo_url=f"/customers/{customer_id}/contacts/restore/{token}")
    return pages.redirect(f"/customers/{customer_id}")


@bp.post("/<int:customer_id>/contacts/restore/<token>")
@requires(EDIT)
def restore_contact(customer_id: int, token: str) -> Response:
    """Bring a removed contact back."""
    payload = crypto.unsign("customers.contact", token, max_age_seconds=24 * 3600)
    if payload is None or payload[0] != customer_id:
        raise errors.Conflict("This can no longer be undone.")
    if not people.contact_like(customer_id, payload[1]):
        service.add_contact(customer_id, payload[1])
    pages.toast(f"{payload[1]['name']} is back.")
    return pages.redirect(f"/customers/{customer_id}")


@bp.route("/<int:customer_id>/properties/new", methods=["GET", "POST"])
@requires(EDIT)
@leads_on
def new_property(customer_id: int) -> Response:
    return _property_dialog(customer_id, forms.PropertyForm(), None)


@bp.get("/<int:customer_id>/properties/<int:property_id>")
@requires(READ)
@leads_on
def show_property(customer_id: int, property_id: int) -> Response:
    """The page of one address: how to get in, what stands there, what was done and what is to come."""
    place = people.property_of(customer_id, property_id)
    found = [panel(place) for panel in queries.PROPERTY_PANELS]
    return pages.render(
        "customers/place.html",
        block={"record": "record"},
        page_title=place.address,
        customer=db.get(Customer, customer_id),
        phone=clean.phone_words(db.get(Customer, customer_id).phone),
        place=place,
        street=rules.one_line({"address": place.address, "unit": place.unit}),
        region=rules.one_line({"city": place.city, "state": place.state, "zip": place.zip}),
        panels=[panel for panel in found if panel is not None],
    )


@bp.route("/<int:customer_id>/properties/<int:property_id>/edit", methods=["GET", "POST"])
@requires(EDIT)
@leads_on
def edit_property(customer_id: int, property_id: int) -> Response:
    place = people.property_of(customer_id, property_id)
    return _property_dialog(customer_id, forms.PropertyForm(obj=place), place)


def _property_dialog(customer_id: int, form: forms.PropertyForm, place: Property | None) -> Response:
    customer = db.get(Customer, customer_id)
    refused = request.method == "POST"
    if place is not None and place.primary:
        del form.primary  # another one becomes it, this one does not cease to be
    if refused and form.validate():
        try:
            saved = _save_property(customer_id, place, form.values())
        except errors.AppError as problem:
            form.blame(problem)
        else:
            pages.toast(f"{saved.address} was {'saved' if place else 'added'}.")
            return changed(customer_id)
    return pages.render(
        "customers/property.html",
        block="form" if refused else {"dialog": "dialog"},
        status=422 if refused else 200,
        page_title=f"Edit {place.address}" if place else "New property",
        form=form,
        customer=customer,
        place=place,
    )


def _save_property(customer_id: int, place: Property | None, values: dict[str, Any]) -> Property:
    values = rules.in_parts(values)
    if place is None:
        return service.add_property(customer_id, values)
    return service.update_property(customer_id, place.id, values)


@bp.post("/<int:customer_id>/properties/<int:property_id>/<any(archive, unarchive):verb>")
@requires(EDIT)
def archive_property(customer_id: int, property_id: int, verb: str) -> Response:
    """Put a property away, or bring it back."""
    place = service.set_property_archived(customer_id, property_id, archived=verb == "archive")
    other = "unarchive" if place.archived else "archive"
    line = rules.one_line({"address": place.address, "unit": place.unit})
    deed = "was archived" if place.archived else "is back"
    pages.toast(f"{line} {deed}.", undo_url=f"/customers/{customer_id}/properties/{property_id}/{other}")
    return pages.redirect(f"/customers/{customer_id}")
