"""One's own account: profile, password, linked accounts, and where one is signed in."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from flask import Response, session

from webapp.accounts import devices
from webapp.accounts.forms import AddressForm, ConfirmForm, PasswordForm, ProfileForm
from webapp.accounts.permissions import OFFICE_USE
from webapp.accounts.service import addresses, factors, links, policy, providers, sessions, sso, users
from webapp.accounts.views import bp
from webapp.kit import clock, context, errors, pages, permissions
from webapp.kit.db import get
from webapp.kit.forms import Form
from webapp.models import User, UserSession


def me() -> User:
    """The user who is signed in."""
    who = context.principal()
    assert who.id is not None  # these pages are for people who are signed in
    return get(User, who.id)


def shell() -> str:
    """The frame around one's own pages: the office's, the technician's, or none while something must be done first."""
    who = context.principal()
    if who.extra.get("must_set_up") or who.extra.get("must_link"):
        return "shells/plain.html"
    return "shells/office.html" if who.may(OFFICE_USE) else "shells/phone.html"


# Being sure that it is them -------------------------------------------------------------------------------------------

SURE, CONFIRM = "sure", "/account/confirm"


def sure() -> bool:
    """Whether the person signed in, or typed the password, minutes ago: whoever finds an open screen did not."""
    who = context.principal()
    assert who.session_id is not None  # these pages are for people at a browser
    until = session.get(SURE)
    if isinstance(until, int) and until > clock.unix():
        return True
    return me().password_hash is None or sessions.is_recent(who.session_id)


def make_sure(after: str) -> Response:
    """To the page that asks for the password, and then to `after`."""
    return pages.redirect(f"{CONFIRM}?next={quote(after, safe='/')}")


@bp.get(CONFIRM)
@permissions.signed_in
def confirm_page() -> Response:
    """Ask for the password."""
    return pages.redirect(pages.back("/account")) if sure() else _ask_password(ConfirmForm(formdata=None))


@bp.post(CONFIRM)
@permissions.signed_in
def confirm_oneself() -> Response:
    """Remember for some minutes that it was right."""
    user, form = me(), ConfirmForm()
    if user.password_hash is not None:
        if not form.validate():
            return _ask_password(form, 422)
        try:
            links.check_present(user, form.present.data or "")
        except errors.Invalid as problem:
            form.blame(problem)
            return _ask_password(form, 422)
    session[SURE] = clock.unix() + int(sessions.RECENT.total_seconds())
    return pages.redirect(pages.back("/account"))


def _ask_password(form: ConfirmForm, status: int = 200) -> Response:
    target = pages.back("/account")
    title = "Is it you?"
    return pages.render(
        "accounts/confirm.html", shell=shell(), form=form, action=f"{CONFIRM}?next={quote(target, safe='/')}", title=title,
        submit="Continue", danger=False, has_password=True, parent=("My account", "/account"), page_title=title,
        status=status,
    )  # fmt: skip


# The page -----------------------------------------------------------------------------------------------------------


@bp.get("/account")
@permissions.signed_in
def account() -> Response:
    """Everything about oneself, on one page."""
    return _page(me())


@bp.post("/account/profile")
@permissions.signed_in
def change_profile() -> Response:
    """Change one's name and number."""
    user, form = me(), ProfileForm()

    def change() -> None:
        users.change_own(user.id, **form.values())
        pages.toast("Your profile is saved.")

    return _try(form, change) or _page(user, profile=form, block="profile", status=422)


@bp.post("/account/email")
@permissions.signed_in
def change_address() -> Response:
    """Mail a link to the new address; it is taken when the link is opened."""
    user = me()
    form = AddressForm(prefix="new-").for_user(user.password_hash is not None)

    def change() -> None:
        present = form.present.data if "present" in form else ""
        found = addresses.ask(user.id, form.email.data, present=present)
        pages.toast(f"We mailed a link to {found}. Your address changes when you open it.", "info")

    return _try(form, change) or _page(user, address=form, block="address", status=422)


@bp.post("/account/password")
@permissions.signed_in
def change_password() -> Response:
    """Change one's password; every other device is signed out."""
    user, form = me(), PasswordForm()

    def change() -> None:
        ended = links.change_password(user.id, present=form.present.data, new=form.password.data,
                                      but_session=context.principal().session_id)  # fmt: skip
        pages.toast("Your password is changed." + (" Your other devices were signed out." if ended else ""))

    return _try(form, change) or _page(user, password=form, block="password", status=422)


def _try(form: Form, change: Callable[[], None]) -> Response | None:
    """Do what a form asks for; None when it stays on the page with what is wrong."""
    if not form.validate():
        return None
    try:
        change()
    except (errors.Invalid, errors.Conflict) as problem:
        form.blame(problem)
        return None
    return pages.redirect("/account")


def _page(user: User, *, profile: ProfileForm | None = None, address: AddressForm | None = None,
          password: PasswordForm | None = None, block: str = "", status: int = 200) -> Response:  # fmt: skip
    who = context.principal()
    if profile is None:
        profile = ProfileForm(formdata=None)
        profile.name.data, profile.phone.data = user.name, user.phone
    if address is None:
        address = AddressForm(formdata=None, prefix="new-").for_user(user.password_hash is not None)
    return pages.render(
        "accounts/account.html", block=block or None, status=status, shell=shell(), user=user, profile=profile,
        address=address, password=password or PasswordForm(formdata=None),
        codes_left=factors.backup_codes_left(user.id), page_title="My account",
        sessions=[session_shape(row, who.session_id) for row in sessions.living(user.id)],
        identities=[(i, providers.PROVIDERS[i.provider].title) for i in sso.linked(user.id)],
        may_link=bool(providers.offered()) and policy.sso() != policy.OFF,
    )  # fmt: skip


def session_shape(row: UserSession, present: int | None) -> dict[str, Any]:
    """A session as the lists of devices show it."""
    return {
        "id": row.id,
        "device": devices.words(row.agent),
        "icon": "plug"
        if row.kind == sessions.API
        else "smartphone"
        if devices.is_phone(row.agent)
        else "monitor",
        "kind": "API client" if row.kind == sessions.API else "Browser",
        "address": row.address,
        "last_used_at": row.last_used_at,
        "created_at": row.created_at,
        "present": row.id == present,
    }


@bp.post("/account/sessions/<int:session_id>/end")
@permissions.signed_in
def end_session(session_id: int) -> Response:
    """Sign one device out."""
    who = context.principal()
    assert who.id is not None  # somebody is signed in
    sessions.revoke(session_id, user_id=who.id, why="ended by its owner")
    if session_id == who.session_id:
        return pages.redirect("/sign-in")
    pages.toast("That device is signed out.")
    return pages.redirect("/account")


@bp.post("/account/sessions/end-others")
@permissions.signed_in
def end_other_sessions() -> Response:
    """Sign every other device out."""
    who = context.principal()
    assert who.id is not None  # somebody is signed in
    ended = sessions.revoke_all(who.id, why="ended by its owner", but=who.session_id)
    pages.toast(f"{ended} other {'device is' if ended == 1 else 'devices are'} signed out." if ended
                else "You are signed in nowhere else.")  # fmt: skip
    return pages.redirect("/account")
