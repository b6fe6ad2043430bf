"""Signing in and out at the browser, with the second step."""

from urllib.parse import quote

from flask import Response, current_app, request, session

from webapp.accounts import browser, shell
from webapp.accounts.forms import SignInForm, VerifyForm
from webapp.accounts.service import challenges, factors, policy, providers, tokens
from webapp.accounts.service import sign_in as service
from webapp.accounts.views import bp
from webapp.config import Settings
from webapp.kit import context, errors, journal, pages, permissions
from webapp.models import User

DEMO_USERS = (("admin", "Admin"), ("manager", "Manager"), ("dispatcher", "Dispatcher"), ("payroll", "Payroll"),
              ("tech1", "Technician"))  # fmt: skip
DEMO_CODE, DEMO_PASSWORD = "DEMO", "truckroll-demo"  # printed on the page, where --demo made it
CHALLENGE = "challenge"  # where the cookie keeps the open challenge


def settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


@bp.get("/sign-in")
@permissions.public("this is where one signs in")
def sign_in_page() -> Response:
    """The form, with the company's code as this browser last used it."""
    if context.principal().kind == "user":
        return pages.redirect(pages.back("/"))
    form = SignInForm(formdata=None)
    form.business_code.data = request.args.get("code", browser.remembered_code())[:64]
    form.next.data = pages.back("")
    known = service.find_organization(form.business_code.data)
    if known is not None:
        service.enter(known)
    return _page(form)


@bp.post("/sign-in")
@permissions.public("this is where one signs in")
def sign_in() -> Response:
    """Check name and password; then in, or on to the second factor."""
    form = SignInForm()
    if not form.validate():
        return _page(form, status=422)
    tenant = service.find_organization(form.business_code.data)
    if tenant is not None:
        service.enter(tenant)
    try:
        user = service.check_password(tenant, form.username.data, form.password.data, browser.familiar)
    except errors.TooMany as error:
        return too_many(_page(form, [error.message], 429), error)
    except errors.RefusedSignIn as error:
        if tenant is None:
            # no secret: anybody may ask which codes exist
            form.business_code.errors = ["No company has this code."]
            return _page(form, status=422)
        journal.commit()  # the audit entry stays; the answer's status would undo it
        return _page(form, [error.message], 422)
    try:
        policy.refuse_password(user, browser=True)
    except errors.Forbidden as error:
        journal.commit()
        return _page(form, [error.message], 403)
    if factors.needed(user):
        session[CHALLENGE] = challenges.begin(user, "password")
        return _remember(
            pages.redirect("/sign-in/verify" + next_query(form.next.data)), form.business_code.data
        )
    return _remember(_finish(user, "password"), form.business_code.data)


def _finish(user: User, method: str) -> Response:
    service.forget_attempts(user)
    browser.sign_in(user, method=method)
    return pages.redirect(pages.back("/"))


def _remember(answer: Response, code: str) -> Response:
    return browser.remember_code(answer, code.upper())


def next_query(target: str | None) -> str:
    return f"?next={quote(target, safe='/')}" if target else ""


def too_many(answer: Response, error: errors.TooMany) -> Response:
    """Say when to try again, as the API does."""
    answer.headers["Retry-After"] = str(error.retry_after)
    return answer


# The second step --------------------------------------------------------------------------------------------------


@bp.get("/sign-in/verify")
@permissions.public("the second step of signing in")
def verify_page() -> Response:
    """Ask for the code."""
    opened = _challenge()
    if isinstance(opened, Response):
        return opened
    form = VerifyForm(formdata=None)
    form.next.data = pages.back("")
    return _verify_page(form, opened)


@bp.post("/sign-in/verify")
@permissions.public("the second step of signing in")
def verify() -> Response:
    """Check the code."""
    opened = _challenge()
    if isinstance(opened, Response):
        return opened
    form = VerifyForm()
    if not form.validate():
        return _verify_page(form, opened, status=422)
    try:
        user, method = challenges.answer(opened, form.code.data)
    except errors.TooMany as error:
        return too_many(_verify_page(form, opened, [error.message], 429), error)
    except errors.RefusedSignIn as error:
        journal.commit()
        still = _challenge()
        if isinstance(still, Response):
            return still  # that was the last try
        form.code.data = ""
        form.code.errors = [error.message]
        return _verify_page(form, opened, status=422)
    except errors.Unauthorized as error:
        return _start_again(error.message)
    return _finish(user, method)


@bp.post("/sign-in/mail-code")
@permissions.public("between the steps of signing in")
def mail_code() -> Response:
    """Send a code to the address of whoever is signing in."""
    opened = _challenge()
    if isinstance(opened, Response):
        return opened
    try:
        challenges.mail(opened)
    except errors.TooMany as error:
        pages.toast(error.message, "warning")
    else:
        pages.toast("A code is on its way. It is good for ten minutes.")
    return pages.redirect("/sign-in/verify" + next_query(pages.back("")))


def _challenge() -> tokens.Claims | Response:
    """The challenge that the cookie holds, its organization entered; else back to the first step."""
    try:
        claims = challenges.read(session.get(CHALLENGE, ""))
        service.enter(claims.tenant_id)
        challenges.pending(claims)
    except errors.Unauthorized as error:
        return _start_again(error.message if session.get(CHALLENGE) else "")
    return claims


def _start_again(why: str) -> Response:
    session.pop(CHALLENGE, None)
    if why:
        pages.toast(why, "warning")
    return pages.redirect("/sign-in" + next_query(pages.back("")))


def _verify_page(form: VerifyForm, claims: tokens.Claims, problems: list[str] | None = None,
                 status: int = 200) -> Response:  # fmt: skip
    _, user = challenges.pending(claims)
    address = user.email
    hidden = f"{address[:1]}…@{address.partition('@')[2]}" if address else ""
    return pages.render("accounts/verify.html", form=form, problems=problems, kinds=factors.kinds(user),
                        address=hidden, organization=shell.company(user.tenant_id), page_title="Enter your code",
                        status=status)  # fmt: skip


@bp.post("/sign-out")
@permissions.public("whoever is signed in may leave; nobody else is asked to")
def sign_out() -> Response:
    """End the session."""
    browser.sign_out()
    return pages.redirect("/sign-in")


def _page(form: SignInForm, problems: list[str] | None = None, status: int = 200) -> Response:
    form.password.data = ""
    demo = DEMO_USERS if settings().demo else ()
    tenant = context.principal().tenant_id
    company = shell.company(tenant) if tenant is not None else None
    rule = policy.sso_of(company.settings) if company is not None else policy.ALLOWED
    offered = providers.offered() if rule != policy.OFF else []
    return pages.render("accounts/sign_in.html", form=form, problems=problems, demo=demo, demo_code=DEMO_CODE,
                        demo_password=DEMO_PASSWORD, page_title="Sign in", organization=company, status=status,
                        providers=offered, provider_first=bool(offered) and rule == policy.REQUIRED,
                        next_query=next_query(form.next.data))  # fmt: skip
