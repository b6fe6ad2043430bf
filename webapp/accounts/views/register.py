"""Registering a company at the browser."""

from flask import Response

from webapp.accounts import browser, queries
from webapp.accounts.forms import RegisterForm
from webapp.accounts.service import providers, registration
from webapp.accounts.views import bp
from webapp.accounts.views.links import limit_public
from webapp.accounts.views.sign_in import too_many
from webapp.kit import context, errors, pages, permissions


@bp.get("/register")
@permissions.public("a company registers itself")
def register_page() -> Response:
    """The form."""
    if context.principal().kind == "user":
        return pages.redirect("/")
    return _page(RegisterForm(formdata=None))


@bp.post("/register")
@permissions.public("a company registers itself")
def register() -> Response:
    """Create the organization and sign its owner in."""
    form = RegisterForm()
    if not form.validate():
        return _page(form, status=422)
    try:
        limit_public("register")
        user = registration.register(registration.Registration(**form.values()))
    except errors.TooMany as error:
        return too_many(_page(form, [error.message], 429), error)
    except (errors.Invalid, errors.Conflict) as problem:
        form.blame(problem)
        return _page(form, status=422)
    code = queries.organization().business_code
    browser.sign_in(user, method="registration")
    pages.toast(f"Welcome to Truckroll. Your business code is {code}: everybody signs in with it.")
    return browser.remember_code(pages.redirect("/"), code)


def _page(form: RegisterForm, problems: list[str] | None = None, status: int = 200) -> Response:
    form.password.data = ""
    return pages.render("accounts/register.html", form=form, problems=problems, page_title="Register your company",
                        providers=providers.offered(), status=status)  # fmt: skip
