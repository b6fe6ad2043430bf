"""Setting up and changing one's second factor."""

from collections.abc import Callable

from flask import Response, g

from webapp.accounts.forms import CodeForm, ConfirmForm
from webapp.accounts.service import factors, links
from webapp.accounts.views import bp
from webapp.accounts.views.account import make_sure, me, shell, sure
from webapp.kit import context, errors, pages, permissions
from webapp.models import User

HOME = "/account/second-factor"


@bp.get(HOME)
@permissions.signed_in
def second_factor() -> Response:
    """What is set up, and what can be."""
    user = me()
    return pages.render("accounts/second_factor.html", shell=shell(), user=user, page_title="Second factor", back_url="/account",
                        forced=bool(context.principal().extra.get("must_set_up")),
                        codes_left=factors.backup_codes_left(user.id))  # fmt: skip


# Codes from an app ------------------------------------------------------------------------------------------------


@bp.get(f"{HOME}/app")
@permissions.signed_in
def app_page() -> Response:
    """The QR code to scan, and a field for the first code."""
    user = me()
    if user.totp_on:
        return pages.redirect(HOME)
    if not sure():
        return make_sure(f"{HOME}/app")
    return _app_page(user, CodeForm(formdata=None))


@bp.post(f"{HOME}/app")
@permissions.signed_in
def app_confirm() -> Response:
    """Turn it on when the code is right."""
    if not sure():
        return make_sure(f"{HOME}/app")
    user, form = me(), CodeForm()
    return _confirm(
        form, lambda: factors.confirm_totp(user.id, form.code.data), "Codes from your app are on."
    ) or (_app_page(user, form, status=422))


def _app_page(user: User, form: CodeForm, status: int = 200) -> Response:
    secret = factors.begin_totp(user)
    spaced = " ".join(secret[i : i + 4] for i in range(0, len(secret), 4))
    return pages.render("accounts/second_factor_app.html", shell=shell(), form=form, spaced=spaced, secret=secret,
                        qr=factors.qr(factors.totp_address(user, g.organization.display_name)),
                        page_title="Codes from an app", back_url=HOME, status=status)  # fmt: skip


# Mailed codes -----------------------------------------------------------------------------------------------------


@bp.post(f"{HOME}/mail/send")
@permissions.signed_in
def mail_send() -> Response:
    """Send the code that proves that mail arrives."""
    if not sure():
        return make_sure(HOME)
    try:
        factors.mail_code(me(), reason="set up mailed codes")
    except (errors.TooMany, errors.Conflict) as error:
        pages.toast(error.message, "warning")
        return pages.redirect(HOME)
    return pages.redirect(f"{HOME}/mail")


@bp.get(f"{HOME}/mail")
@permissions.signed_in
def mail_page() -> Response:
    """A field for the mailed code."""
    user = me()
    return pages.redirect(HOME) if user.email_codes else _mail_page(user, CodeForm(formdata=None))


@bp.post(f"{HOME}/mail")
@permissions.signed_in
def mail_confirm() -> Response:
    """Turn it on when the code is right."""
    user, form = me(), CodeForm()
    return _confirm(
        form, lambda: factors.confirm_mailed_codes(user.id, form.code.data), "Mailed codes are on."
    ) or (_mail_page(user, form, status=422))


def _mail_page(user: User, form: CodeForm, status: int = 200) -> Response:
    return pages.render("accounts/second_factor_mail.html", shell=shell(), form=form, user=user,
                        page_title="Mailed codes", back_url=HOME, status=status)  # fmt: skip


def _confirm(form: CodeForm, turn_on: Callable[[], list[str]], done: str) -> Response | None:
    if not form.validate():
        return None
    try:
        codes = turn_on()
    except (errors.Invalid, errors.Conflict) as problem:
        form.code.data = ""
        form.blame(problem)
        return None
    if codes:
        return _codes(codes, done)
    pages.toast(done)
    return pages.redirect(HOME)


def _codes(codes: list[str], done: str) -> Response:
    return pages.render("accounts/backup_codes.html", shell=shell(), codes=codes, done=done,
                        page_title="Backup codes")  # fmt: skip


# What needs the password ------------------------------------------------------------------------------------------


@bp.get(f"{HOME}/app/off")
@permissions.signed_in
def app_off_page() -> Response:
    """Ask for the password."""
    return _ask(ConfirmForm(formdata=None), "app/off", "Turn app codes off", "Turn off", danger=True)


@bp.post(f"{HOME}/app/off")
@permissions.signed_in
def app_off() -> Response:
    """Turn codes from an app off."""
    form = ConfirmForm()
    if not _with_password(form, lambda user: factors.turn_off(user.id, "totp")):
        return _ask(form, "app/off", "Turn app codes off", "Turn off", danger=True, status=422)
    pages.toast("Codes from an app are off.")
    return pages.redirect(HOME)


@bp.get(f"{HOME}/mail/off")
@permissions.signed_in
def mail_off_page() -> Response:
    """Ask for the password."""
    return _ask(ConfirmForm(formdata=None), "mail/off", "Turn mailed codes off", "Turn off", danger=True)


@bp.post(f"{HOME}/mail/off")
@permissions.signed_in
def mail_off() -> Response:
    """Turn mailed codes off."""
    form = ConfirmForm()
    if not _with_password(form, lambda user: factors.turn_off(user.id, "email")):
        return _ask(form, "mail/off", "Turn mailed codes off", "Turn off", danger=True, status=422)
    pages.toast("Mailed codes are off.")
    return pages.redirect(HOME)


@bp.get(f"{HOME}/backup-codes")
@permissions.signed_in
def codes_page() -> Response:
    """Ask for the password."""
    return _ask(ConfirmForm(formdata=None), "backup-codes", "New backup codes", "Make new codes")


@bp.post(f"{HOME}/backup-codes")
@permissions.signed_in
def codes() -> Response:
    """Ten new codes; the old ones are void."""
    form, made = ConfirmForm(), list[str]()
    if not _with_password(form, lambda user: made.extend(factors.renew_backup_codes(user))):
        return _ask(form, "backup-codes", "New backup codes", "Make new codes", status=422)
    return _codes(made, "Your earlier backup codes do not work any more.")


def _with_password(form: ConfirmForm, act: Callable[[User], object]) -> bool:
    user = me()
    if user.password_hash is not None and not form.validate():
        return False
    try:
        links.check_present(user, form.present.data or "")
        act(user)
    except (errors.Invalid, errors.Conflict) as problem:
        form.blame(problem)
        return False
    return True


def _ask(form: ConfirmForm, path: str, title: str, submit: str, *, danger: bool = False,
         status: int = 200) -> Response:  # fmt: skip
    return pages.render("accounts/confirm.html", shell=shell(), form=form, action=f"{HOME}/{path}", title=title,
                        submit=submit, danger=danger, has_password=me().password_hash is not None, page_title=title,
                        parent=("Second factor", HOME), status=status)  # fmt: skip
