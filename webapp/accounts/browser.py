"""The browser's session: Flask-Login over a row of ours, named by Flask's signed cookie."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

from flask import Response, after_this_request, current_app, g, request, session
from flask_login import LoginManager, current_user, login_user, logout_user

from webapp.accounts import shell
from webapp.accounts.service import sessions
from webapp.config import Settings
from webapp.kit import context, crypto, pages
from webapp.kit.context import PUBLIC, Principal
from webapp.kit.web import App
from webapp.models import User

CODE, FAMILIAR = "business_code", "familiar"  # cookies beside the session's
YEAR, MOST_FAMILIAR = 365 * 86400, 10
SET_UP = "/account/second-factor"
LINK, BACK = "/account/identities", "/sign-in/with/"
CONFIRM = "/account/confirm"  # both of them may ask for the password once more


def install(app: App) -> None:
    """Hand the kit who sits at the browser, where to sign in, and what must be done first."""
    # the row behind the cookie is the protection; binding to an address signs people out who change networks
    manager = LoginManager()
    manager.session_protection = None
    manager.init_app(app, add_context_processor=False)
    manager.user_loader(_load)
    app.context_processor(shell.values)
    app.hooks.browser = who
    app.hooks.sign_in_url = sign_in_url
    app.hooks.gate = gate


def _load(cookie: str) -> shell.SignedIn | None:
    tenant, _, rest = cookie.partition(".")
    number, _, secret = rest.partition(".")
    # the cookie is under Flask's MAC: its shape is ours
    found = sessions.find(UUID(tenant), int(number), sessions.BROWSER, secret)
    if found is None:
        forget()
        return None
    return shell.SignedIn(found, cookie)


def who() -> Principal:
    """The principal of the session cookie; the page's organization is read along with it."""
    if not current_user.is_authenticated:
        return PUBLIC
    found: Principal = current_user.principal
    assert found.tenant_id is not None  # a session belongs to an organization
    sessions.bind(found.tenant_id)
    g.organization = shell.company(found.tenant_id)
    return found


def sign_in(user: User, *, method: str) -> None:
    """Sign a user in at this browser; everything the cookie held before is dropped."""
    row, secret = sessions.start(user, sessions.BROWSER, method=method)
    forget()
    _become_familiar(user)
    session.permanent = True
    login_user(shell.SignedIn(context.principal(), f"{user.tenant_id}.{row.id}.{secret}"))


def familiar(user: User) -> bool:
    """Whether this user has signed in at this browser before."""
    return [str(user.tenant_id), user.id] in _familiar()


def _familiar() -> list[list[Any]]:
    found = crypto.unsign(FAMILIAR, request.cookies.get(_named(FAMILIAR), ""), max_age_seconds=YEAR)
    return found if isinstance(found, list) else []


def _become_familiar(user: User) -> None:
    mine = [str(user.tenant_id), user.id]
    # the last few: several people share an office's computer
    kept = crypto.sign(FAMILIAR, [mine, *(other for other in _familiar() if other != mine)][:MOST_FAMILIAR])

    @after_this_request
    def keep(answer: Response) -> Response:
        answer.set_cookie(_named(FAMILIAR), kept, max_age=YEAR, httponly=True, samesite="Lax",
                          secure=current_app.config["SETTINGS"].secure)  # fmt: skip
        return answer


def forget() -> None:
    """Drop what the cookie holds, but the form token."""
    # a page that was open when the session ended goes on working once its person has signed in again
    token = session.get("csrf_token")
    session.clear()
    if token is not None:
        session["csrf_token"] = token


def sign_out() -> None:
    """End this browser's session, at the server too."""
    found = context.principal()
    if found.kind == "user" and found.session_id is not None and found.id is not None:
        sessions.revoke(found.session_id, user_id=found.id, why="signed out")
    logout_user()
    session.clear()


def sign_in_url() -> str:
    """The sign-in page, which returns here afterwards."""
    here = request.full_path.rstrip("?")
    return "/sign-in" if here == "/" else f"/sign-in?next={quote(here, safe='/')}"


def gate(found: Principal) -> Response | None:
    """What the company asks everybody for (a linked account, a second factor) comes before anything else opens."""
    if found.kind != "user" or request.path == "/sign-out":
        return None
    # first the account, then the factor: who links one may not need the other page at all
    if found.extra.get("must_link") and sessions.must_link(found):
        return None if request.path.startswith((LINK, BACK, CONFIRM)) else pages.redirect(LINK)
    if found.extra.get("must_set_up") and sessions.must_set_up(found):
        return None if request.path.startswith((SET_UP, CONFIRM)) else pages.redirect(SET_UP)
    return None


def _named(cookie: str) -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return f"__Host-{cookie}" if settings.secure else cookie


def remembered_code() -> str:
    """The business code last used at this browser, so that people need not type it; empty when there is none."""
    return request.cookies.get(_named(CODE), "")[:64]


def remember_code(answer: Response, code: str) -> Response:
    """Keep the company's code for the next sign-in at this browser, for a year."""
    settings: Settings = current_app.config["SETTINGS"]
    answer.set_cookie(_named(CODE), code, max_age=YEAR, secure=settings.secure, httponly=True, samesite="Lax")
    return answer
