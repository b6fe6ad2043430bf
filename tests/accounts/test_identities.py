"""Linking an account of a provider, what a company asks for, and invitations taken with one."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from tests.accounts.oidc_provider import ISSUERS, Provider
from tests.accounts.support import audited, browser, call, login, mails, post, sign_in
from tests.accounts.walk import at_provider, back, link, linked, local, rule, shown, through, words
from tests.factories.world import PASSWORD, Company
from webapp.accounts.service import company as companies
from webapp.accounts.service import links, sso, users
from webapp.kit import clock, context, errors, ids
from webapp.kit.db import db
from webapp.kit.web import App
from webapp.models import Organization, SsoIdentity


def is_in(client: FlaskClient) -> bool:
    return bool(client.get("/account").status_code == 200)


# Linking ----------------------------------------------------------------------------------------------------------


def test_linking_and_unlinking_is_on_ones_account_and_told_by_mail(
    app: App, company: Company, provider: Provider
) -> None:
    client = company.sign_in("manager")
    assert "Link an account" in words(client.get("/account"))
    page = words(client.get("/account/identities"))
    assert "Link Google" in page
    assert "signs you in from now on" in shown(client, link(client))
    page = words(client.get("/account/identities"))
    assert provider.person.email in page
    assert "Link Google" not in page
    with company.acting("manager"):
        number = sso.linked(company.users["manager"])[0].id
    unlinked = post(client, f"/account/identities/{number}/unlink", page="/account/identities")
    assert "not linked any more" in shown(client, unlinked)
    other = browser(app)
    assert "Not linked yet" in shown(other, through(other))
    assert [e["provider"] for e in audited(company, "user.identity_unlinked")] == ["google"]
    told = [m.body for m in mails(company, "account_changed")]
    assert f"A Google account ({provider.person.email}) was linked" in told[0]
    assert "A Google account was unlinked" in told[1]


def test_linking_needs_the_password_where_one_signed_in_a_while_ago(
    app: App, company: Company, provider: Provider
) -> None:
    """Whoever finds an open browser must not be able to keep the door open."""
    with clock.at(clock.now()):
        client = company.sign_in("manager")
        clock.advance(timedelta(minutes=11))
        answer = link(client)
        assert (answer.status_code, answer.headers["Location"]) == (
            303,
            "/account/confirm?next=/account/identities",
        )
        ask = answer.headers["Location"]
        assert post(client, ask, page=ask, present="wrong").status_code == 422
        assert post(client, ask, page=ask, present=PASSWORD).headers["Location"] == "/account/identities"
        assert "signs you in from now on" in shown(client, link(client))
        clock.advance(timedelta(minutes=11))
        assert link(client, "apple").headers["Location"] == ask


def test_a_link_begun_by_another_session_is_not_made(app: App, company: Company, provider: Provider) -> None:
    client = company.sign_in("manager")
    answer = post(client, "/account/identities/google/link", page="/account/identities")
    found = re.search(r"url=([^\"]+)\"", answer.get_data(as_text=True))
    assert found
    url, _ = at_provider(found[1].replace("&amp;", "&"))
    post(client, "/sign-out", page="/account")
    sign_in(client, company, "dispatcher")
    assert "nothing was linked" in words(
        client.get(client.get(local(url)).headers["Location"], follow_redirects=True)
    )
    with company.acting("admin"):
        assert db.session.query(SsoIdentity).count() == 0


def test_linking_by_a_link_from_elsewhere_is_impossible(
    app: App, company: Company, provider: Provider
) -> None:
    """Only a form with its token begins it, so nobody is led into linking a stranger's account to his own."""
    client = company.sign_in("manager")
    assert client.get("/account/identities/google/link").status_code == 405
    assert client.post("/account/identities/google/link").status_code == 400
    assert client.get("/sign-in/with/google?purpose=link").headers["Location"] == "/"
    assert provider.asked == []


def test_one_account_is_one_user_of_a_company(app: App, company: Company, provider: Provider) -> None:
    linked(app, company)
    client = company.sign_in("dispatcher")
    assert "linked to another user" in shown(client, link(client))


def test_the_last_way_to_sign_in_is_not_unlinked(app: App, provider: Provider) -> None:
    client = browser(app)
    through(client, query="?for=register")
    form = {"company_name": f"Lone {ids.token(6)}", "time_zone": "America/Denver", "first_name": "Jane", "last_name": "S",
            "email": provider.person.email, "username": "jane"}  # fmt: skip
    post(client, "/register/with-account", page="/register/with-account", **form)
    page = client.get("/account/identities").get_data(as_text=True)
    found = re.search(r"/account/identities/(\d+)/unlink", page)
    assert found
    answer = post(client, f"/account/identities/{found[1]}/unlink", page="/account/identities")
    assert answer.status_code == 409
    assert "your only way to sign in" in words(answer)
    # a password is set by a mailed link
    sent = post(client, "/account/password/mail", page="/account")
    assert "is on its way" in shown(client, sent)


# What the company asks for ----------------------------------------------------------------------------------------


def test_an_admin_requires_or_forbids_it_in_the_settings(
    app: App, company: Company, provider: Provider
) -> None:
    client = company.sign_in("admin")
    page = client.get("/settings/company").get_data(as_text=True)
    assert "Signing in with Google, Microsoft or Apple" in page
    form = {"name": "X", "display_name": "X", "primary_color": "#0f766e", "time_zone": "America/Chicago"}
    for chosen in ("required", "off", "allowed"):
        assert (
            post(client, "/settings/company", page="/settings/company", sso=chosen, **form).status_code == 303
        )
        with company.acting("admin"):
            kept = db.session.get(Organization, context.tenant_id())
            assert kept is not None
            assert kept.settings["sign_in"] == {"sso": chosen}
        if chosen == "required":  # the admin has linked nothing yet
            assert client.get("/settings/company").headers["Location"] == "/account/identities"
            link(client)
    changes = [
        e["diff"]["settings"]["to"]
        for e in audited(company, "organization.updated")
        if "settings" in e["diff"]
    ]
    assert [c["sign_in"]["sso"] for c in changes] == ["required", "off", "allowed"]
    assert post(client, "/settings/company", page="/settings/company", sso="maybe", **form).status_code == 422


def test_it_cannot_be_required_where_no_provider_is_set_up(company: Company) -> None:
    client = company.sign_in("admin")
    assert "Signing in with Google" not in client.get("/settings/company").get_data(as_text=True)
    with pytest.raises(errors.Invalid, match="nobody could sign in"), company.acting("admin"):
        companies.change(companies.Changes("X", "X", "#0f766e", "America/Chicago", sso="required"))


def test_where_it_is_forbidden_neither_button_nor_linked_account_signs_in(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    rule(company, "off")
    client = browser(app)
    assert "does not allow signing in with Google" in shown(client, through(client))
    assert not is_in(client)
    assert audited(company, "user.sign_in_failed")[-1]["reason"] == "the company does not allow providers"
    assert "Continue with" not in words(client.get(f"/sign-in?code={company.code}"))
    signed = company.sign_in("manager")
    assert "does not allow" in words(signed.get("/account/identities"))
    assert link(company.sign_in("dispatcher")).status_code == 403


def test_where_it_is_forbidden_meanwhile_nothing_is_linked(
    app: App, company: Company, provider: Provider
) -> None:
    client = company.sign_in("manager")
    answer = post(client, "/account/identities/google/link", page="/account/identities")
    found = re.search(r'content="0; url=([^"]+)"', answer.get_data(as_text=True))
    assert found
    _, invitation = invited(company)
    guest = browser(app)
    left = guest.get(f"{invitation}/with/google")
    rule(company, "off")
    refused = back(client, *at_provider(found[1].replace("&amp;", "&")))
    assert "does not allow signing in with Google" in shown(client, refused)
    assert "does not allow" in shown(guest, back(guest, *at_provider(left.headers["Location"])))
    assert not is_in(guest)


def test_where_it_is_required_a_password_opens_the_linking_and_nothing_else(
    app: App, company: Company, provider: Provider
) -> None:
    rule(company, "required")
    client = company.sign_in("manager")
    for path in ("/", "/customers", "/account", "/settings"):
        assert client.get(path).headers["Location"] == "/account/identities", path
    assert "asks everybody to sign in with an account of a provider" in words(
        client.get("/account/identities")
    )
    assert link(client).headers["Location"] == "/"
    assert is_in(client)


def test_where_it_is_required_a_password_is_not_enough_once_an_account_is_linked(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    rule(company, "required")
    client = browser(app)
    answer = sign_in(client, company)
    assert answer.status_code == 403
    assert "signs in with Google. Use that instead of your password." in words(answer)
    assert not is_in(client)
    assert "signs in through a provider" in audited(company, "user.sign_in_failed")[-1]["reason"]
    assert through(client).headers["Location"] == "/"


def test_where_it_is_required_the_wrong_password_says_no_more_than_before(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    rule(company, "required")
    answer = sign_in(browser(app), company, password="not the password")
    assert (answer.status_code, "Wrong username or password." in words(answer)) == (422, True)


def test_where_it_is_required_an_owner_may_use_the_password(
    app: App, company: Company, provider: Provider
) -> None:
    """A provider that is away, or was set up wrongly, must not lock a company out for good."""
    rule(company, "required")
    assert company.sign_in("owner").get("/account").status_code == 200
    linked(app, company, "owner")
    assert company.sign_in("owner").get("/account").status_code == 200
    assert login(app, company, "owner").status_code == 200


def test_where_it_is_required_it_no_longer_is_once_the_server_offers_none(
    app: App, company: Company, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(company, "required")
    none = {f"sso_{name}_client_id": "" for name in ISSUERS}
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].with_(**none))
    assert company.sign_in("manager").get("/account").status_code == 200


def test_where_it_is_required_the_api_takes_no_password_either(
    app: App, company: Company, provider: Provider
) -> None:
    before = login(app, company).json["data"]
    rule(company, "required")
    answer = login(app, company)
    assert (answer.status_code, answer.json["error"]["code"]) == (403, "FORBIDDEN")
    assert "Sign in at the website once to link your account" in answer.json["error"]["message"]
    # who was signed in already is asked for it too
    me = call(app, "GET", "/api/v1/auth/me", token=before["access_token"], tenant=company.tenant_id)
    assert (me.status_code, me.json["error"]["code"]) == (403, "FORBIDDEN")
    linked(app, company)
    assert "Use that instead" in login(app, company).json["error"]["message"]
    assert (
        call(
            app, "GET", "/api/v1/auth/me", token=before["access_token"], tenant=company.tenant_id
        ).status_code
        == 200
    )


def test_where_it_is_required_the_only_linked_account_stays(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    rule(company, "required")
    client = browser(app)
    through(client)
    with company.acting("manager"):
        number = sso.linked(company.users["manager"])[0].id
    answer = post(client, f"/account/identities/{number}/unlink", page="/account/identities")
    assert answer.status_code == 409
    assert "Link another one first" in words(answer)


def test_where_it_is_required_the_sign_in_page_of_that_company_begins_with_the_buttons(
    app: App, company: Company, provider: Provider
) -> None:
    rule(company, "required")
    page = browser(app).get(f"/sign-in?code={company.code}").get_data(as_text=True)
    assert page.index("Continue with Google") < page.index("<details") < page.index('name="password"')


# Invitations ------------------------------------------------------------------------------------------------------


def invited(company: Company) -> tuple[int, str]:
    with company.acting("admin"):
        user, url = users.invite(
            username="newbie", name="Nina New", email="nina@example.com", roles=["dispatcher"]
        )
        return user.id, local(url)


def test_an_invitation_takes_an_account_in_place_of_a_password(
    app: App, company: Company, provider: Provider
) -> None:
    number, url = invited(company)
    client = browser(app)
    page = client.get(url).get_data(as_text=True)
    assert f"{url}/with/google" in page
    left = client.get(f"{url}/with/google")
    answer = back(client, *at_provider(left.headers["Location"]))
    assert answer.headers["Location"] == "/"
    assert "Nina New" in client.get("/account").get_data(as_text=True)
    assert audited(company, "user.signed_in")[-1]["method"] == "invitation and google"
    assert audited(company, "user.invitation_accepted")[-1]["provider"] == "google"
    assert client.get(url).status_code == 410
    # from now on it is a person like others
    admin = company.sign_in("admin")
    assert "Active" in words(admin.get(f"/settings/people/{number}"))
    again = browser(app)
    assert through(again).headers["Location"] == "/"
    assert "Nina New" in again.get("/account").get_data(as_text=True)


def test_an_invitation_that_is_over_takes_no_account(app: App, company: Company, provider: Provider) -> None:
    number, url = invited(company)
    client = browser(app)
    left = client.get(f"{url}/with/google")
    with company.acting("admin"):
        users.deactivate(number)
    answer = back(client, *at_provider(left.headers["Location"]))
    assert answer.headers["Location"] == url
    assert client.get(url).status_code == 404
    assert not is_in(client)


def test_an_account_that_is_somebody_elses_here_accepts_no_invitation(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    _, url = invited(company)
    client = browser(app)
    left = client.get(f"{url}/with/google")
    assert "linked to another user" in shown(client, back(client, *at_provider(left.headers["Location"])))
    assert client.get(url).status_code == 200  # and the invitation is still good


def test_where_it_is_required_an_invitation_asks_for_no_password(
    app: App, company: Company, provider: Provider
) -> None:
    _, url = invited(company)
    rule(company, "required")
    page = browser(app).get(url).get_data(as_text=True)
    assert 'name="password"' not in page
    answer = post(browser(app), url, name="Nina", password="a-brand-new-password")
    assert answer.status_code == 422


def test_a_new_password_is_not_mailed_where_it_could_not_be_used(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    rule(company, "required")
    with company.acting("manager"):
        links.ask_reset("manager")
    assert mails(company, "password_reset") == []
    assert "signs in with Google" in mails(company, "password_not_used")[0].body
