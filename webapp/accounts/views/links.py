"""Pages that a mailed link opens: a new password, an invitation; and asking for the former."""

from collections.abc import Callable
from functools import wraps

from flask import Response, request

from webapp.accounts import browser, shell
from webapp.accounts.forms import ForgotForm, InviteForm, NewPasswordForm
from webapp.accounts.service import addresses, links, policy, providers
from webapp.accounts.service import sign_in as service
from webapp.accounts.views import bp
from webapp.accounts.views.sign_in import settings, too_many
from webapp.kit import errors, jobs, limits, pages, permissions

RESET_JOB = "accounts.password_reset"


def limit_public(name: str) -> None:
    """Count a request of somebody unknown. Raises TooMany."""
    limits.hit(settings().limits.public_address, name, service.network())


# Asking for a new password ----------------------------------------------------------------------------------------


@bp.get("/forgot-password")
@permissions.public("whoever has forgotten the password cannot sign in")
def forgot_page() -> Response:
    """Ask whose password it is."""
    form = ForgotForm(formdata=None)
    form.business_code.data = browser.remembered_code()
    return _forgot(form)


@bp.post("/forgot-password")
@permissions.public("whoever has forgotten the password cannot sign in")
def forgot() -> Response:
    """Promise a mail, to everybody the same."""
    form = ForgotForm()
    if not form.validate():
        return _forgot(form, status=422)
    try:
        limit_public("forgot-password")
    except errors.TooMany as error:
        return too_many(_forgot(form, [error.message], 429), error)
    tenant = service.find_organization(form.business_code.data)
    if tenant is None:
        form.business_code.errors = ["No company has this code."]
        return _forgot(form, status=422)
    service.enter(tenant)
    # looked up by a worker, so that the answer takes as long whether or not there is such a person
    jobs.add(RESET_JOB, {"name": form.username.data})
    return pages.render("accounts/forgot_sent.html", page_title="Look at your mail",
                        organization=shell.company(tenant))  # fmt: skip


def _forgot(form: ForgotForm, problems: list[str] | None = None, status: int = 200) -> Response:
    return pages.render("accounts/forgot.html", form=form, problems=problems, page_title="Forgotten password",
                        status=status)  # fmt: skip


# Following a link -------------------------------------------------------------------------------------------------


def _or_over(view: Callable[..., Response]) -> Callable[..., Response]:
    """A used, expired or broken link gets a page that says so and what to do."""

    @wraps(view)
    def call(token: str) -> Response:
        try:
            limit_public("link")
            return view(token)
        except links.LinkOver as over:
            kind = {"invite": "invitation", "confirm-email": "address"}.get(
                request.path.split("/")[1], "password"
            )
            return pages.render("accounts/link_over.html", why=over.why, kind=kind, page_title="This link is over",
                                status=404 if over.why == "unknown" else 410)  # fmt: skip

    return call


@bp.get("/reset-password/<token>")
@permissions.public("the link is the credential")
@_or_over
def reset_page(token: str) -> Response:
    """Ask for the new password."""
    return _reset(NewPasswordForm(formdata=None), links.open_(links.RESET, token), token)


@bp.post("/reset-password/<token>")
@permissions.public("the link is the credential")
@_or_over
def reset(token: str) -> Response:
    """Set it; every session of the person ends."""
    link, form = links.open_(links.RESET, token, lock=True), NewPasswordForm()
    if form.validate():
        try:
            links.reset(link, form.password.data)
        except errors.Invalid as problem:
            form.blame(problem)
        else:
            browser.forget()
            pages.toast("Your new password is set. Sign in with it.")
            return pages.redirect("/sign-in")
    return _reset(form, link, token, status=422)


def _reset(form: NewPasswordForm, link: links.Link, token: str, status: int = 200) -> Response:
    return pages.render("accounts/reset.html", form=form, user=link.user, token=token, page_title="Set a new password",
                        organization=shell.company(link.user.tenant_id), status=status)  # fmt: skip


@bp.get("/confirm-email/<token>")
@permissions.public("the link is the credential")
@_or_over
def confirm_address_page(token: str) -> Response:
    """One press of a button: mail programs open links by themselves."""
    link = links.open_(links.ADDRESS, token)
    return pages.render("accounts/confirm_address.html", address=link.about, user=link.user, token=token,
                        page_title="Confirm your address", organization=shell.company(link.user.tenant_id))  # fmt: skip


@bp.post("/confirm-email/<token>")
@permissions.public("the link is the credential")
@_or_over
def confirm_address(token: str) -> Response:
    """The address is theirs."""
    link = links.open_(links.ADDRESS, token, lock=True)
    addresses.confirm(link)
    pages.toast(f"{link.about} is your email address now.")
    return pages.redirect("/account")


@bp.get("/invite/<token>")
@permissions.public("the link is the credential")
@_or_over
def invite_page(token: str) -> Response:
    """Welcome somebody who was invited."""
    link = links.open_(links.INVITE, token)
    form = InviteForm(formdata=None)
    form.name.data = link.user.name
    return _invite(form, link, token)


@bp.post("/invite/<token>")
@permissions.public("the link is the credential")
@_or_over
def invite(token: str) -> Response:
    """Take name and password, and sign the person in."""
    link, form = links.open_(links.INVITE, token, lock=True), InviteForm()
    if form.validate():
        try:
            links.accept(link, name=form.name.data, password=form.password.data)
        except (errors.Invalid, errors.Conflict) as problem:
            form.blame(problem)
        else:
            company = shell.company(link.user.tenant_id)
            assert company is not None  # the link is of this organization
            browser.sign_in(link.user, method="invitation")
            pages.toast(f"Welcome to {company.display_name}.")
            return browser.remember_code(pages.redirect("/"), company.business_code)
    return _invite(form, link, token, status=422)


def _invite(form: InviteForm, link: links.Link, token: str, status: int = 200) -> Response:
    rule = policy.sso()
    offered = providers.offered() if rule != policy.OFF else []
    return pages.render("accounts/invite.html", form=form, user=link.user, token=token, page_title="Welcome",
                        organization=shell.company(link.user.tenant_id), status=status, providers=offered,
                        provider_only=policy.for_user(link.user).required)  # fmt: skip
