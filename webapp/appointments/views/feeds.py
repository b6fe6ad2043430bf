"""Calendar feeds: the files themselves, the office's page of addresses, a technician's own."""

from typing import Any

from flask import Response, current_app, request

from webapp.appointments.permissions import FEEDS_MANAGE, FEEDS_OWN
from webapp.appointments.queries import feeds as queries
from webapp.appointments.service import feeds as service
from webapp.appointments.views import calendar_bp, calendars_bp, own_calendar_bp
from webapp.kit import context, errors, limits, pages, tenancy
from webapp.kit import forms as kit_forms
from webapp.kit.db import db
from webapp.kit.permissions import public, requires
from webapp.technicians import queries as technicians


class FeedForm(kit_forms.Form):
    """Whose calendar, and what for."""

    technician_id = kit_forms.NumberChoice("Calendar")
    name = kit_forms.text("What for", limit=80, description="Such as: the big screen in the office")


@calendar_bp.get("/<token>.ics")
@public(
    "calendar programs cannot sign in; the address is a secret of which only the hash is kept, and can be revoked"
)
def ics(token: str) -> Response:
    """The calendar; 304 while nothing in it has changed."""
    limits.hit(current_app.config["SETTINGS"].limits.public_address, "calendar", request.remote_addr or "")
    tenant = service.tenant_of(token)
    if tenant is None:
        raise errors.NotFound(service.GONE)
    if db.session().info.get("tenant_id") != tenant:
        db.session.rollback()
        tenancy.use(tenant)
    context.set_principal(context.Principal(kind="public", tenant_id=tenant, name="Calendar"))
    answer = Response(service.read(token), content_type="text/calendar; charset=utf-8")
    answer.headers["Content-Disposition"] = 'inline; filename="visits.ics"'
    answer.headers["Cache-Control"] = "private, max-age=300"
    answer.add_etag()
    answer.make_conditional(request)
    return answer


# The office's page ----------------------------------------------------------------------------------------------------


@calendars_bp.get("")
@requires(FEEDS_MANAGE)
def index() -> Response:
    """Every address in use."""
    return _index(FeedForm(formdata=None))


@calendars_bp.post("")
@requires(FEEDS_MANAGE)
def create() -> Response:
    """Make an address and show it, this once."""
    form = FeedForm()
    _choices(form)
    if form.validate():
        try:
            address = service.make(form.technician_id.data, form.name.data or "")
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            return _made(address, "/settings/calendars")
    return _index(form, 422)


@calendars_bp.post("/<int:feed_id>/revoke")
@requires(FEEDS_MANAGE)
def revoke(feed_id: int) -> Response:
    """End an address."""
    service.revoke(feed_id)
    pages.toast("That address shows nothing any more.")
    return pages.redirect("/settings/calendars")


def _choices(form: FeedForm) -> None:
    form.technician_id.choices = kit_forms.choices([("", "The whole company"), *technicians.choices()])


def _index(form: FeedForm, status: int = 200) -> Response:
    _choices(form)
    return pages.render("appointments/calendars.html", block="form" if status == 422 else None, status=status,
                        page_title="Calendar addresses", form=form, feeds=[_row(r) for r in queries.listed()])  # fmt: skip


def _row(row: Any) -> dict[str, Any]:
    feed = row.CalendarFeed
    return {"id": feed.id, "whose": row.technician or "The whole company", "name": feed.name, "created_at": feed.created_at,
            "created_by": feed.created_by, "read_at": feed.read_at}  # fmt: skip


def _made(address: str, back: str, template: str = "appointments/calendar_made.html") -> Response:
    webcal = "webcal:" + address.split(":", 1)[1]
    return pages.render(template, page_title="Calendar address", address=address, webcal=webcal, back=back)


# A technician's own ----------------------------------------------------------------------------------------------------


@own_calendar_bp.get("")
@requires(FEEDS_OWN)
def own() -> Response:
    """My addresses."""
    return pages.render(
        "appointments/own_calendar.html",
        page_title="My calendar",
        feeds=[_row(r) for r in queries.listed(_me())],
    )


@own_calendar_bp.post("")
@requires(FEEDS_OWN)
def create_own() -> Response:
    """Make an address of my calendar, and show it this once."""
    address = service.make(_me(), "My phone")
    return _made(address, "/my/calendar", "appointments/own_calendar_made.html")


@own_calendar_bp.post("/<int:own_feed_id>/revoke")
@requires(FEEDS_OWN)
def revoke_own(own_feed_id: int) -> Response:
    """End one of my addresses."""
    if all(row.CalendarFeed.id != own_feed_id for row in queries.listed(_me())):
        raise errors.NotFound(f"No calendar address of yours has the number {own_feed_id}.")
    service.revoke(own_feed_id)
    pages.toast("That address shows nothing any more.")
    return pages.redirect("/my/calendar")


def _me() -> int:
    me = context.principal().technician_id
    if me is None:
        raise errors.Forbidden(
            "Your account is not connected to a technician, so there is no calendar of yours."
        )
    return me
