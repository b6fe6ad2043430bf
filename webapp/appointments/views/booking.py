"""Booking a call: one screen while the customer is on the phone. Every step is a form, so that it works without JavaScript;
with it, callers and free times are looked up as one types and chooses."""

import re
from datetime import datetime, timedelta
from typing import Any

from flask import Response, request

from webapp.appointments.forms import STARTS, CallForm
from webapp.appointments.queries import booking as queries
from webapp.appointments.service import booking as service
from webapp.appointments.service import holidays, telling
from webapp.appointments.views import booking_bp as bp
from webapp.customers import queries as customers
from webapp.customers import service as customer_service
from webapp.dispatch import settings as dispatch_settings
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.queries import waiting
from webapp.kit import clean, clock, errors, pages
from webapp.kit import forms as kit_forms
from webapp.kit.db import db, find
from webapp.kit.permissions import requires
from webapp.models import Customer

HOME = "/dispatch/book"
CALLERS = 8
SAID = (
    "customer_name",
    "customer_phone",
    "customer_email",
    "service_address",
    "service_city",
    "service_state",
    "service_zip",
)


@bp.get("")
@requires(DISPATCH_EDIT)
def show() -> Response:
    """Who is calling; with `?customer=` or `?new=1` what they want. `?q=` finds callers without JavaScript."""
    q = request.args.get("q", "").replace("\x00", "").strip()[:100]
    chosen = find(Customer, request.args.get("customer", 0, type=int))
    if chosen is None and "new" not in request.args:
        found = _callers(q)
        if len(found) == 1 and not pages.is_htmx():
            return pages.redirect(f"{HOME}?customer={found[0]['id']}")
        return pages.render(
            "appointments/book_who.html",
            block={"callers": "callers"},
            page_title="Book a call",
            q=q,
            found=found,
        )
    form = CallForm(formdata=None, customer_id=chosen.id if chosen else None,
                    property_id=request.args.get("property", type=int) if chosen else None)  # fmt: skip
    if chosen is None and q:
        said = form.customer_phone if sum(c.isdigit() for c in q) >= 7 else form.customer_name
        said.data = q
    return _page(form)


def _callers(q: str) -> list[dict[str, Any]]:
    if not q:
        return []
    digits = re.sub(r"\D", "", q)
    if 3 <= len(digits) < 10 and re.fullmatch(r"[+\d\s().-]+", q):  # a number that is being typed
        known = customers.brief(queries.by_number(digits, CALLERS))
        if known:
            return [
                {"id": number, "label": row.name,
                 "hint": " · ".join(x for x in (row.company, clean.phone_words(row.phone)) if x)}
                for number, row in known.items()
            ]  # fmt: skip
    return customers.options(q, limit=CALLERS)


@bp.post("/times")
@requires(DISPATCH_EDIT)
def times() -> Response:
    """The next best times for what is filled in so far."""
    form = CallForm()
    _fill(form)
    form.validate()
    return _page(form, block="times")


@bp.post("")
@requires(DISPATCH_EDIT)
def book() -> Response:
    """Book it; `do=times` only looks for times, for browsers without JavaScript."""
    form = CallForm()
    _fill(form)
    if not form.validate():
        return _page(form, 422)
    if request.form.get("do") == "times":
        return _page(form)
    try:
        call = _call(form)
        who = _who(form)
        if isinstance(who, list):
            return _page(form, 422, alike=who)
        if who is not None:
            call = _call(form, customer_id=who)
        job = service.book(call, request.form.get("slot", ""))
    except errors.AppError as problem:
        db.session.rollback()  # nothing half done: no customer without a job
        form.blame(problem)
        taken = isinstance(problem, errors.Conflict) and not pages.is_htmx()
        return _page(
            form, 409 if taken else 422
        )  # a script shows what comes with 422 only: the times as they are now
    window = (job.window_start, job.window_end) if job.window_start and job.window_end else None
    pages.toast(f"Booked for {telling.when_words(window, dispatch_settings.zone())['when']}. {_told(job)}")
    return pages.redirect(f"/jobs/{job.id}")


def _told(job: Any) -> str:
    where = [x for x in (job.customer_email, clean.phone_words(job.customer_phone)) if x]
    return (
        f"The confirmation goes to {' and '.join(where)}."
        if where
        else "There is no address to send a confirmation to."
    )


def _who(form: CallForm) -> int | list[dict[str, Any]] | None:
    """The customer of somebody who is not on record: found or made. A list where a person has to say; None where known."""
    if form.customer_id.data is not None:
        return None
    if not form.customer_name.data:
        raise errors.Invalid.one("customer_name", "Say who is calling.")
    picked = request.form.get("who", "")
    if picked.isdecimal():
        chosen = find(Customer, int(picked))
        if chosen is not None:
            return chosen.id
    found = customer_service.resolve(
        name=form.customer_name.data, phone=form.customer_phone.data or "", email=form.customer_email.data or "",
        address=form.service_address.data or "", city=form.service_city.data or "", state=form.service_state.data or "",
        zip_code=form.service_zip.data or "", anyway=picked == "new",
    )  # fmt: skip
    if isinstance(found, Customer):
        return found.id
    return [{"id": c.id, "name": c.customer.name, "why": ", ".join(c.reasons), "phone": clean.phone_words(c.customer.phone)}
            for c in found.candidates[:4]]  # fmt: skip


def _call(form: CallForm, customer_id: int | None = None) -> service.Call:
    preset = next((p for p in service.presets() if p.key == form.preset.data), None)
    if preset is None:
        raise errors.Invalid.one("preset", "Choose what it is about.")
    known = form.customer_id.data is not None
    return service.Call(
        preset=preset, title=form.title.data or "", description=form.description.data or "", priority=form.priority.data,
        minutes=form.minutes.data, customer_id=form.customer_id.data if known else customer_id,
        property_id=form.property_id.data if known else None, equipment_ids=tuple(form.equipment.data or ()),
        said={} if known else {name: getattr(form, name).data or "" for name in SAID}, earliest=_earliest(form.start.data),
    )  # fmt: skip


def _earliest(days: str | None) -> datetime | None:
    if not days or days not in dict(STARTS):
        return None
    zone = dispatch_settings.zone()
    return clock.day_bounds(clock.today(zone) + timedelta(days=int(days)), zone)[0]


def _fill(form: CallForm) -> None:
    form.preset.choices = kit_forms.choices([("", "Choose…"), *((p.key, p.title) for p in service.presets())])
    number = form.customer_id.data
    places = [p for p in customers.properties(number) if not p.archived] if number else []
    if request.method == "GET" and form.property_id.data not in {p.id for p in places}:
        form.property_id.data = None  # an address that is somebody else's, or put away
    if form.property_id.data is None and places and form.customer_id.data:
        form.property_id.data = next((p.id for p in places if p.primary), places[0].id)
    form.property_id.choices = kit_forms.choices(
        [(p.id, ", ".join(x for x in (p.address, p.city) if x)) for p in places]
    )
    units = queries.equipment(number) if number else []
    form.equipment.choices = kit_forms.choices(
        [(u.id, " · ".join(x for x in (u.kind, u.make, u.location) if x)) for u in units]
    )


def _page(form: CallForm, status: int = 200, *, block: str | None = None, alike: Any = ()) -> Response:
    _fill(form)
    customer = find(Customer, form.customer_id.data or 0)
    now = clock.now()
    free, problem, preset = _free(form)
    whole = block is None
    return pages.render(
        "appointments/book.html", block=block or ("form" if status != 200 else None), status=status, page_title="Book a call",
        form=form, customer=customer, today=clock.today(dispatch_settings.zone()),
        phone=clean.phone_words(customer.phone) if customer else "", free=free, problem=problem,
        preset=preset, alike=alike, chosen=_chosen(free, first=status == 200), places=len(form.property_id.choices or ()),
        history=waiting.of_customer(customer.id, now, 8) if customer and whole else None,
        units=queries.equipment(customer.id) if customer and whole else [], notes=customer.notes if customer else "",
    )  # fmt: skip


def _chosen(free: list[dict[str, Any]], *, first: bool) -> list[int] | None:
    """The place of the time that is ticked: the one that was, while it is still offered; else the `first`."""
    said = service.read(request.form.get("slot", ""))
    if any(s["place"] == said for s in free):
        return said
    return free[0]["place"] if free and first else None


def _free(form: CallForm) -> tuple[list[dict[str, Any]], str, service.Preset | None]:
    """Free times for the call, what is in their way, and the preset."""
    if not form.preset.data:
        return [], "", None
    try:
        call = _call(form)
        found = service.offers(call)
    except (errors.Invalid, errors.Conflict) as problem:
        return [], problem.message, None
    closed = holidays.names(clock.now(), 31)
    return [
        {"slot": service.slot(o), "holiday": holidays.of(o.window_start, closed),
         "place": service.place(o), "who": o.technician_name, "why": o.why, "window_start": o.window_start,
         "window_end": o.window_end}
        for o in found
    ], "", call.preset  # fmt: skip
