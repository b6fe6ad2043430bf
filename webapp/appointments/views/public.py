"""What a customer's link shows: the visit, free times, the way of the technician, what was done. Nobody signs in.

Opening a link changes nothing (scanners open links); buttons do. A page names one visit and nothing else of the company.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import Response, current_app, g, request

from webapp.accounts import queries as accounts
from webapp.appointments.queries import visits as queries
from webapp.appointments.rules import tracking
from webapp.appointments.service import links, moving, summary, telling
from webapp.appointments.views import public_bp as bp
from webapp.dispatch import settings as dispatch_settings
from webapp.dispatch.queries import lanes
from webapp.kit import clean, context, errors, files, limits, pages, pdf, tenancy
from webapp.kit.db import db
from webapp.kit.permissions import public

WHY = "a customer has no account; the link is random, found by its hash, and leads to one visit alone"
FILE_MINUTES = 60  # how long the address of a photo works


@dataclass(frozen=True, slots=True)
class Brand:
    """What a page shows of the company."""

    display_name: str
    primary_color: str
    logo_url: str
    business_code: str
    time_zone: str
    phone: str


View = Callable[..., Response]


def linked(*purposes: str) -> Callable[[View], View]:
    """A view of a link: counted, its organization found, the link open and of one of these purposes."""

    def decorate(view: View) -> View:
        @wraps(view)
        def opened(token: str, **more: Any) -> Response:
            limits.hit(
                current_app.config["SETTINGS"].limits.public_address, "visit-link", request.remote_addr or ""
            )
            tenant = links.tenant_of(token)
            if tenant is None:
                raise errors.NotFound(links.GONE)
            if db.session().info.get("tenant_id") != tenant:
                db.session.rollback()
                tenancy.use(tenant)
            context.set_principal(context.Principal(kind="customer", tenant_id=tenant, name="Customer"))
            g.organization = _brand()
            try:
                link = links.enter(token)
                if link.link.purpose not in purposes:
                    raise errors.NotFound(links.GONE)
                answer = view(token, link.found, **more)
            except errors.NotFound:
                answer = _gone()
            answer.headers["X-Robots-Tag"] = "noindex"
            return answer

        return opened

    return decorate


def _gone() -> Response:
    """What a link shows that has ended, whatever the reason; in place of the way, that it is over."""
    if request.headers.get("HX-Target") == "way":
        return pages.render("appointments/arrived.html", block="way", page_title="Here we are")
    return pages.render(
        "appointments/gone.html", status=404, page_title="Link", company=g.organization, sentence=links.GONE
    )


def _brand() -> Brand:
    company = accounts.organization()
    logo = f"/logo/{company.business_code}/{company.logo_file_id}" if company.logo_file_id else ""
    return Brand(company.display_name, company.primary_color, logo, company.business_code, company.time_zone,
                 clean.phone_words(company.phone))  # fmt: skip


def _shown(found: queries.Found) -> dict[str, Any]:
    """What every page shows of a visit."""
    window = telling.window_of(found)
    return {
        "job": found.job, "visit": found.visit, "address": queries.address(found.job), "first": found.technician.split(" ")[0],
        "when": telling.when_words(window, dispatch_settings.zone())["when"], "company": g.organization,
    }  # fmt: skip


@bp.get("/<token>")
@public(WHY)
@linked("visit", "track", "summary")
def show(token: str, found: queries.Found) -> Response:
    """The document of a link."""
    purpose = _purpose(token)
    if purpose == "track":
        return _track(token, found)
    if purpose == "summary":
        return _summary(token, found)
    return _visit(token, found)


def _purpose(token: str) -> str:
    link = queries.link(links.hashed(token))
    return link.purpose if link is not None else ""


# The visit ----------------------------------------------------------------------------------------------------------


def _visit(token: str, found: queries.Found, status: int = 200, problem: str = "") -> Response:
    return pages.render(
        "appointments/visit.html", status=status, page_title="Your appointment", token=token, may=moving.allowed(found),
        asked=queries.cancel_request(found.visit.id), problem=problem, choice=queries.choice(found.job.customer_id),
        **_shown(found),
    )  # fmt: skip


@bp.post("/<token>/confirm")
@public(WHY)
@linked("visit")
def confirm(token: str, found: queries.Found) -> Response:
    """The customer confirms."""
    try:
        moving.confirm(found)
    except errors.Conflict as problem:
        return _visit(token, found, 409, problem.message)
    return pages.redirect(f"/v/{token}")


@bp.route("/<token>/move", methods=["GET", "POST"])
@public(WHY)
@linked("visit")
def move(token: str, found: queries.Found) -> Response:
    """Free times to choose from, and the choice."""
    problem = ""
    if request.method == "POST":
        chosen = request.form.get("slot", "")
        try:
            if not chosen:
                raise errors.Conflict("Choose one of these times.")
            moving.move(found, chosen)
        except errors.Conflict as refused:
            db.session.rollback()  # nothing half done
            found = links.enter(token).found
            problem = refused.message
        else:
            return pages.redirect(f"/v/{token}")
    may = moving.allowed(found)
    if not may.move:
        return _visit(
            token,
            found,
            409,
            problem or may.why_not or "This visit cannot be moved any more. Please call us.",
        )
    free = [{"slot": moving.slot(found, o), **telling.when_words((o.window_start, o.window_end), dispatch_settings.zone())}
            for o in moving.offers(found)]  # fmt: skip
    return pages.render("appointments/move.html", status=409 if problem else 200, page_title="Choose another time", token=token,
                        days=tracking.by_day(free), problem=problem, **_shown(found))  # fmt: skip


@bp.route("/<token>/cancel", methods=["GET", "POST"])
@public(WHY)
@linked("visit")
def cancel(token: str, found: queries.Found) -> Response:
    """Ask the office to cancel."""
    if not moving.allowed(found).cancel:
        return _visit(token, found, 409, "This visit cannot be cancelled here any more. Please call us.")
    problem = ""
    if request.method == "POST":
        try:
            moving.ask_to_cancel(found, request.form.get("note", ""))
        except errors.Conflict as refused:
            return _visit(token, found, 409, refused.message)
        except errors.Invalid as refused:
            problem = refused.message
        else:
            return pages.redirect(f"/v/{token}")
    return pages.render("appointments/cancel.html", status=422 if problem else 200, page_title="Cancel the visit", token=token,
                        problem=problem, note=request.form.get("note", ""), **_shown(found))  # fmt: skip


@bp.post("/<token>/contact")
@public(WHY)
@linked("visit")
def contact(token: str, found: queries.Found) -> Response:
    """How the customer wants to be told from now on."""
    from webapp.appointments.service import choices

    if found.job.customer_id is not None:
        with moving.as_customer(found):
            choices.choose(
                found.job.customer_id, email="email" in request.form, sms="sms" in request.form, job=found.job
            )
    return pages.redirect(f"/v/{token}")


# On the way ---------------------------------------------------------------------------------------------------------


def _track(token: str, found: queries.Found) -> Response:
    if found.visit.status != "en_route":
        raise errors.NotFound(links.GONE)
    seen, home = telling.fresh_position(found), lanes.place_of(found.job)
    known = telling.eta(found)
    return pages.render(
        "appointments/track.html", block={"way": "way"}, page_title=f"{found.technician.split(' ')[0] or 'We'} on the way",
        token=token, eta=telling.words_of(known), how=known.how if known else "",
        sketch=tracking.sketch(seen, home) if seen and home else None, **_shown(found),
    )  # fmt: skip


# Afterwards ---------------------------------------------------------------------------------------------------------


def _summary(token: str, found: queries.Found) -> Response:
    made = summary.of(found)
    photos = [
        {"url": files.link(s, FILE_MINUTES, inline=True), "caption": f.caption or "Photo"}
        for f, s in made.photos
    ]
    signed = files.link(made.signature[1], FILE_MINUTES, inline=True) if made.signature else ""
    return pages.render("appointments/summary.html", page_title="What was done", token=token, summary=made, photos=photos,
                        signature=signed, signer=made.signature[0].signer if made.signature else "", **_shown(found))  # fmt: skip


@bp.get("/<token>/summary.pdf")
@public(WHY)
@linked("summary")
def summary_pdf(token: str, found: queries.Found) -> Response:
    """The summary on paper."""
    return pdf.response(summary.as_pdf(found), f"Summary of job {found.job.id}")
