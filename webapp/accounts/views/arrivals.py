"""Somebody whom a provider vouched for, and who has yet to choose: among companies, or how to go on without one."""

from uuid import UUID

from flask import Response, request

from webapp.accounts import browser, flows, queries
from webapp.accounts.forms import ProviderRegisterForm
from webapp.accounts.service import providers, registration, sso
from webapp.accounts.service.id_tokens import Identity
from webapp.accounts.views import bp
from webapp.accounts.views.links import limit_public
from webapp.accounts.views.providers import AGAIN, enter
from webapp.accounts.views.sign_in import too_many
from webapp.kit import errors, pages, permissions


def _gone() -> Response:
    pages.toast(AGAIN, "warning")
    return pages.redirect("/sign-in")


# Several companies ------------------------------------------------------------------------------------------------


@bp.get("/sign-in/company")
@permissions.public("between the steps of signing in")
def choose_company_page() -> Response:
    """Which of several companies."""
    found = flows.arrived()
    return _choice(found.identity) if found is not None else _gone()


@bp.post("/sign-in/company")
@permissions.public("between the steps of signing in")
def choose_company() -> Response:
    """Into the chosen one."""
    found = flows.arrived()
    if found is None:
        return _gone()
    try:
        chosen = UUID(request.form.get("tenant", ""))
        user = sso.find(found.identity, chosen)
    except (ValueError, errors.Unauthorized):
        return _choice(found.identity, "Choose one of your companies.", 422)
    except errors.Forbidden as error:
        pages.toast(error.message, "warning")
        return pages.redirect("/sign-in")
    flows.forget()
    return enter(user, found.identity.provider, found.next)


def _choice(identity: Identity, problem: str = "", status: int = 200) -> Response:
    listed = [p for p in sso.places(identity) if not p.off]
    return pages.render("accounts/choose_company.html", places=listed, problem=problem, page_title="Choose a company",
                        last=browser.remembered_code(), status=status)  # fmt: skip


# No company -------------------------------------------------------------------------------------------------------


@bp.get("/sign-in/not-linked")
@permissions.public("between the steps of signing in")
def not_linked_page() -> Response:
    """Nobody here has linked that account: the ways to go on."""
    found = flows.arrived()
    if found is None:
        return _gone()
    return pages.render("accounts/not_linked.html", identity=found.identity, target=found.next,
                        title=providers.of(found.identity.provider).title, page_title="Not linked yet")  # fmt: skip


@bp.get("/register/with-account")
@permissions.public("a company registers itself")
def register_with_account_page() -> Response:
    """The form, with what the provider said of its person."""
    found = flows.arrived()
    if found is None:
        return _gone()
    form, who = ProviderRegisterForm(formdata=None), found.identity
    form.first_name.data, form.last_name.data = who.first_name, who.last_name
    form.email.data, form.username.data = who.email, who.email
    return _register_page(form, who)


@bp.post("/register/with-account")
@permissions.public("a company registers itself")
def register_with_account() -> Response:
    """Create the organization; its owner signs in with that account."""
    found, form = flows.arrived(), ProviderRegisterForm()
    if found is None:
        return _gone()
    if not form.validate():
        return _register_page(form, found.identity, status=422)
    try:
        limit_public("register")
        user = sso.register(found.identity, registration.Registration(**form.values()))
    except errors.TooMany as error:
        return too_many(_register_page(form, found.identity, [error.message], 429), error)
    except (errors.Invalid, errors.Conflict) as problem:
        form.blame(problem)
        return _register_page(form, found.identity, status=422)
    code = queries.organization().business_code
    browser.sign_in(user, method=f"registration and {found.identity.provider}")
    pages.toast(f"Welcome to Truckroll. Your business code is {code}: everybody signs in with it.")
    return browser.remember_code(pages.redirect("/"), code)


def _register_page(form: ProviderRegisterForm, identity: Identity, problems: list[str] | None = None,
                   status: int = 200) -> Response:  # fmt: skip
    return pages.render("accounts/register_with_account.html", form=form, problems=problems, status=status,
                        title=providers.of(identity.provider).title, email=identity.email,
                        page_title="Register your company")  # fmt: skip
