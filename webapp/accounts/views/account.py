"""One's own account: profile, password, linked accounts, and where one is signed in."""

from collections.abc import Callable
from typing import Any

from flask import Response

from webapp.accounts import devices
from webapp.accounts.forms import PasswordForm, ProfileForm
from webapp.accounts.permissions import OFFICE_USE
from webapp.accounts.service import factors, links, policy, providers, sessions, sso, users
from webapp.accounts.views import bp
from webapp.kit import context, errors, pages, permissions
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


@bp.get("/account")
@permissions.signed_in
def account() -> Response:
    """Everything about oneself, on one page."""
    user = me()
    profile = ProfileForm(formdata=None)
    profile.name.data, profile.email.data, profile.phone.data = user.name, user.email, user.phone
    return _page(user, profile, PasswordForm(formdata=None))


@bp.post("/account/profile")
@permissions.signed_in
def change_profile() -> Response:
    """Change one's name, address and number."""
    user, form = me(), ProfileForm()

    def change() -> None:
        users.change_own(user.id, **form.values())
        pages.toast("Your profile is saved.")

    return _try(form, change) or _page(user, form, PasswordForm(formdata=None), block="profile", status=422)


@bp.post("/account/password")
@permissions.signed_in
def change_password() -> Response:
    """Change one's password; every other device is signed out."""
    user, form = me(), PasswordForm()

    def change() -> None:
        ended = links.change_password(user.id, present=form.present.data, new=form.password.data,
                                      but_session=context.principal().session_id)  # fmt: skip
        pages.toast("Your password is changed." + (" Your other devices were signed out." if ended else ""))

    failed = _try(form, change)
    if failed is not None:
        return failed
    profile = ProfileForm(formdata=None)
    profile.name.data, profile.email.data, profile.phone.data = user.name, user.email, user.phone
    return _page(user, profile, form, block="password", status=422)


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


def _page(user: User, profile: ProfileForm, password: PasswordForm, *, block: str = "",
          status: int = 200) -> Response:  # fmt: skip
    who = context.principal()
    return pages.render(
        "accounts/account.html", block=block or None, status=status, shell=shell(), user=user, profile=profile,
        password=password, codes_left=factors.backup_codes_left(user.id), page_title="My account",
        sessions=[_shape(row, who.session_id) for row in sessions.living(user.id)],
        identities=[(i, providers.PROVIDERS[i.provider].title) for i in sso.linked(user.id)],
        may_link=bool(providers.offered()) and policy.sso() != policy.OFF,
    )  # fmt: skip


def _shape(row: UserSession, present: int | None) -> dict[str, Any]:
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
