"""Accounts of Google, Apple or Microsoft that sign one in: linking and unlinking."""

from flask import Response

from webapp.accounts import flows
from webapp.accounts.forms import ConfirmForm
from webapp.accounts.service import links, policy, providers, sessions, sso
from webapp.accounts.views import bp
from webapp.accounts.views.account import me, shell
from webapp.accounts.views.providers import address_of
from webapp.kit import context, errors, pages, permissions

HOME = "/account/identities"


@bp.get(HOME)
@permissions.signed_in
def identities() -> Response:
    """What is linked, and what can be."""
    user, rule = me(), policy.sso()
    linked = sso.linked(user.id)
    offered = providers.offered() if rule != policy.OFF else []
    return pages.render(
        "accounts/identities.html", shell=shell(), user=user, page_title="Linked accounts", off=rule == policy.OFF,
        identities=[(i, providers.PROVIDERS[i.provider].title) for i in linked],
        offered=[p for p in offered if p.name not in {i.provider for i in linked}],
        forced=bool(context.principal().extra.get("must_link")),
    )  # fmt: skip


@bp.get(f"{HOME}/<provider>/link")
@permissions.signed_in
def link_page(provider: str) -> Response:
    """Ask for the password, where somebody signed in a while ago."""
    return _ask(ConfirmForm(formdata=None), provider)


@bp.post(f"{HOME}/<provider>/link")
@permissions.signed_in
def link_identity(provider: str) -> Response:
    """Off to the provider's page: by an ordinary page that goes on by itself, for no form may lead to another site."""
    found, user, form = providers.of(provider), me(), ConfirmForm()
    who = context.principal()
    policy.refuse_if_off(found)
    assert who.session_id is not None  # somebody at a browser
    if user.password_hash is not None and not sessions.is_recent(who.session_id):
        if not form.present.raw_data:
            return pages.redirect(f"{HOME}/{provider}/link")
        if not form.validate():
            return _ask(form, provider, 422)
        try:
            links.check_present(user, form.present.data or "")
        except errors.Invalid as problem:
            form.blame(problem)
            return _ask(form, provider, 422)
    flow = flows.begin(provider, flows.LINK, session_id=who.session_id)
    url = address_of(flow)
    if isinstance(url, Response):
        return url
    answer = pages.render(
        "accounts/leaving.html", url=url, title=found.title, page_title=f"On to {found.title}"
    )
    return flows.keep(answer, flow)


def _ask(form: ConfirmForm, provider: str, status: int = 200) -> Response:
    title = providers.of(provider).title
    return pages.render(
        "accounts/confirm.html", shell=shell(), form=form, action=f"{HOME}/{provider}/link", danger=False,
        title=f"Link a {title} account", submit=f"Go on to {title}", has_password=me().password_hash is not None,
        parent=("Linked accounts", HOME), page_title=f"Link a {title} account", status=status,
    )  # fmt: skip


@bp.post(f"{HOME}/<int:identity_id>/unlink")
@permissions.signed_in
def unlink_identity(identity_id: int) -> Response:
    """Stop signing in through a provider."""
    row = sso.unlink(me().id, identity_id)
    pages.toast(f"The {providers.PROVIDERS[row.provider].title} account is not linked any more.")
    return pages.redirect(HOME)


@bp.post("/account/password/mail")
@permissions.signed_in
def mail_password_link() -> Response:
    """For somebody who has no password yet: a link to set one."""
    user = me()
    links.ask_reset(user.username)
    pages.toast(f"A link to set a password is on its way to {user.email}." if user.email
                else "Your account needs an email address for this.", "success" if user.email else "warning")  # fmt: skip
    return pages.redirect("/account")
