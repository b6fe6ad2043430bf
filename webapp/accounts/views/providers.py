"""Signing in at the browser through Google, Apple or Microsoft: to the provider's page and back."""

import logging
import re
from dataclasses import replace

import orjson
from flask import Response, request, session

from webapp.accounts import browser, flows, queries
from webapp.accounts.flows import Begun
from webapp.accounts.service import challenges, factors, links, oidc, providers, sso
from webapp.accounts.service import sign_in as service
from webapp.accounts.service.id_tokens import Identity
from webapp.accounts.service.providers import Provider
from webapp.accounts.views import bp
from webapp.accounts.views.links import limit_public
from webapp.accounts.views.sign_in import CHALLENGE, next_query
from webapp.kit import context, crypto, errors, pages, permissions
from webapp.kit.db import db
from webapp.models import User

log = logging.getLogger("truckroll.sso")

BACK = "/sign-in/with/<provider>/back"
AGAIN = "This sign-in was begun in another window, or took too long. Begin again."
CANCELLED = ("access_denied", "user_cancelled_authorize", "user_cancelled_login")


# There ------------------------------------------------------------------------------------------------------------


@bp.get("/sign-in/with/<provider>")
@permissions.public("this is where one signs in")
def go_to_provider(provider: str) -> Response:
    """Off to the provider's page, to sign in or (`for=register`) to register a company."""
    target = pages.back("")
    if context.principal().kind == "user":
        return pages.redirect(target or "/")
    purpose = flows.REGISTER if request.args.get("for") == flows.REGISTER else flows.SIGN_IN
    flow = flows.begin(provider, purpose, next_=target[:1000])
    url = address_of(flow)
    return url if isinstance(url, Response) else leave(flow, url)


@bp.get("/invite/<token>/with/<provider>")
@permissions.public("the link is the credential")
def accept_with_provider(token: str, provider: str) -> Response:
    """Off to the provider's page, to accept an invitation with an account there."""
    flow = flows.begin(provider, flows.INVITE, token=token[:1000])
    url = address_of(flow)
    return url if isinstance(url, Response) else leave(flow, url)


def address_of(flow: Begun) -> str | Response:
    """The address of the provider's page; or back with a sentence where it cannot be shown."""
    try:
        limit_public("provider")
        return oidc.page(providers.of(flow.provider), flow.secrets)
    except (errors.BadRequest, errors.Unavailable, errors.TooMany) as error:
        return return_(flow, error.message)


def leave(flow: Begun, url: str) -> Response:
    return flows.keep(Response(status=303, headers={"Location": url}), flow)


def return_(flow: Begun, why: str) -> Response:
    """To the page where the flow began, with what went wrong."""
    pages.toast(why, "warning")
    home = {
        flows.LINK: "/account/identities", flows.INVITE: f"/invite/{flow.token}", flows.REGISTER: "/register",
    }.get(flow.purpose)  # fmt: skip
    return pages.redirect(home or "/sign-in" + next_query(flow.next))


# Back -------------------------------------------------------------------------------------------------------------


@bp.post(BACK)
@permissions.public("no session: the provider's own page posts this, without any cookie of ours")
def provider_posts(provider: str) -> Response:
    """Apple's answer, handed on as a GET, which this browser's cookies come along with. Nothing else is done here."""
    # over there it is held to the same cookie, state and nonce as any other answer
    said = {name: request.form[name][:2000] for name in ("code", "state", "error") if request.form.get(name)}
    if not said.keys() & {"code", "error"} or "state" not in said or not providers.of(provider).posts:
        raise errors.BadRequest("This is not the answer of a provider.")
    said |= _name_in(request.form.get("user", ""))
    # sealed: addresses end up in logs and histories
    ticket = crypto.encrypt(orjson.dumps(said)).decode()
    return Response(status=303, headers={"Location": f"/sign-in/with/{provider}/back?ticket={ticket}"})


def _name_in(user: str) -> dict[str, str]:
    """Apple tells the name beside its token, the first time only."""
    try:
        name = orjson.loads(user[:2000])["name"]
        return {"first": str(name.get("firstName", ""))[:60], "last": str(name.get("lastName", ""))[:60]}
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}


@bp.get(BACK)
@permissions.public("this is where one signs in")
def back_from_provider(provider: str) -> Response:
    """Who is it? Then in, on to the second factor, or to a choice."""
    found, said = providers.of(provider), _said()
    flow = flows.take(provider, said.get("state", ""))
    if flow is None:
        if context.principal().kind == "user":
            return pages.redirect("/")  # the answer loaded once more, after it has signed somebody in
        pages.toast(AGAIN, "warning")
        return pages.redirect("/sign-in")
    if "code" not in said:
        return return_(flow, _refused_there(found, said.get("error", "")))
    service.count_address()
    db.session.rollback()  # no transaction stays open while the provider is asked
    try:
        identity = oidc.identify(found, said["code"], flow.secrets, said.get("iss"))
    except (errors.Unauthorized, errors.Unavailable) as error:
        return return_(flow, error.message)
    if not identity.first_name and not identity.last_name:
        identity = replace(identity, first_name=said.get("first", ""), last_name=said.get("last", ""))
    try:
        return _ARRIVALS[flow.purpose](flow, identity)
    except (errors.Conflict, errors.Forbidden) as error:
        return return_(flow, error.message)


def _said() -> dict[str, str]:
    ticket = request.args.get("ticket")
    if ticket is None:
        return {name: value[:2000] for name, value in request.args.items() if value}
    try:
        found: dict[str, str] = orjson.loads(crypto.decrypt(ticket.encode()))
    except ValueError:
        return {}
    return found


def _refused_there(provider: Provider, error: str) -> str:
    if error in CANCELLED:
        return f"Nothing was done: you turned back at {provider.title}."
    word = error if re.fullmatch(r"[a-z_]{1,60}", error) else "no reason given"
    log.warning("%s sent somebody back: %s", provider.name, word)
    return (
        f"{provider.title} could not sign you in ({word.replace('_', ' ')}). Try again, or use your password."
    )


# What it was for --------------------------------------------------------------------------------------------------


def _signs_in(flow: Begun, identity: Identity) -> Response:
    found = sso.places(identity)
    if len([p for p in found if not p.off]) > 1:
        flows.remember(identity, flow.next)
        return pages.redirect("/sign-in/company")
    if not found:
        flows.remember(identity, flow.next)
        return pages.redirect(
            "/register/with-account" if flow.purpose == flows.REGISTER else "/sign-in/not-linked"
        )
    return enter(sso.find(identity, None), identity.provider, flow.next)


def enter(user: User, provider: str, target: str) -> Response:
    """Signed in; or on to the second factor."""
    code = queries.organization().business_code
    if factors.needed(user):
        session[CHALLENGE] = challenges.begin(user, provider)
        return browser.remember_code(pages.redirect("/sign-in/verify" + next_query(target)), code)
    service.forget_attempts(user)
    browser.sign_in(user, method=provider)
    return browser.remember_code(pages.redirect(target or "/"), code)


def _links(flow: Begun, identity: Identity) -> Response:
    who = context.principal()
    if who.kind != "user" or who.id is None or who.session_id != flow.session_id:
        pages.toast("You were signed out meanwhile, so nothing was linked.", "warning")
        return pages.redirect("/sign-in")
    title = providers.of(flow.provider).title
    fresh = sso.link(who.id, identity)
    pages.toast(f"Your {title} account signs you in from now on." if fresh else "It was linked already.")
    return pages.redirect("/" if who.extra.get("must_link") else "/account/identities")


def _accepts(flow: Begun, identity: Identity) -> Response:
    try:
        invitation = links.open_(links.INVITE, flow.token, lock=True)
    except links.LinkOver:
        return pages.redirect(f"/invite/{flow.token}")  # it says why
    sso.accept(invitation, identity)
    company = queries.organization()
    name, code = company.display_name, company.business_code
    browser.sign_in(invitation.user, method=f"invitation and {identity.provider}")
    pages.toast(f"Welcome to {name}.")
    return browser.remember_code(pages.redirect("/"), code)


_ARRIVALS = {flows.SIGN_IN: _signs_in, flows.REGISTER: _signs_in, flows.LINK: _links, flows.INVITE: _accepts}
