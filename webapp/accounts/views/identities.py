"""Accounts of Google, Apple or Microsoft that sign one in: linking and unlinking."""

from flask import Response

from webapp.accounts import flows
from webapp.accounts.service import links, policy, providers, sso
from webapp.accounts.views import bp
from webapp.accounts.views.account import make_sure, me, shell, sure
from webapp.accounts.views.providers import address_of
from webapp.kit import context, pages, permissions

HOME = "/account/identities"


@bp.get(HOME)
@permissions.signed_in
def identities() -> Response:
    """What is linked, and what can be."""
    user, rule = me(), policy.sso()
    linked = sso.linked(user.id)
    offered = providers.offered() if rule != policy.OFF else []
    return pages.render(
        "accounts/identities.html", shell=shell(), user=user, page_title="Linked accounts", back_url="/account",
        off=rule == policy.OFF,
        identities=[(i, providers.PROVIDERS[i.provider].title) for i in linked],
        offered=[p for p in offered if p.name not in {i.provider for i in linked}],
        forced=bool(context.principal().extra.get("must_link")),
    )  # fmt: skip


@bp.post(f"{HOME}/<provider>/link")
@permissions.signed_in
def link_identity(provider: str) -> Response:
    """Off to the provider's page: by an ordinary page that goes on by itself, for no form may lead to another site."""
    found, who = providers.of(provider), context.principal()
    policy.refuse_if_off(found)
    if not sure():
        return make_sure(HOME)
    flow = flows.begin(provider, flows.LINK, session_id=who.session_id)
    url = address_of(flow)
    if isinstance(url, Response):
        return url
    answer = pages.render(
        "accounts/leaving.html", url=url, title=found.title, page_title=f"On to {found.title}"
    )
    return flows.keep(answer, flow)


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
