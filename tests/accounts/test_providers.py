"""Signing in at the browser through Google, Microsoft and Apple, at a provider that is really there."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.accounts.oidc_provider import Provider
from tests.accounts.support import (
    address_of,
    audited,
    browser,
    limited,
    post,
    totp,
    with_app_codes,
)
from tests.accounts.walk import linked, rule, shown, through, to_provider, words
from tests.factories.world import Company
from webapp.accounts.service import users
from webapp.kit import clock, context, crypto, ids
from webapp.kit.db import db
from webapp.kit.web import App
from webapp.models import Organization

NAMES = ["google", "microsoft", "apple"]
UNCONFIRMED = "Google did not confirm this sign-in. Begin again."


def is_in(client: Any) -> bool:
    return bool(client.get("/account").status_code == 200)


# The buttons ------------------------------------------------------------------------------------------------------


def test_a_button_is_there_for_each_provider_that_is_set_up_and_for_no_other(
    app: App, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = words(browser(app).get("/sign-in"))
    assert all(f"Continue with {title}" in page for title in ("Google", "Microsoft", "Apple"))
    monkeypatch.setitem(
        app.config, "SETTINGS", app.config["SETTINGS"].with_(sso_apple_client_id="", sso_google_client_id="")
    )
    page = words(browser(app).get("/sign-in"))
    assert "Continue with Microsoft" in page
    assert "Google" not in page
    assert "Apple" not in page


def test_without_any_provider_the_pages_say_nothing_of_them(app: App, company: Company) -> None:
    assert "Continue with" not in words(browser(app).get("/sign-in"))
    assert "Continue with" not in words(browser(app).get("/register"))
    client = company.sign_in("manager")
    assert "Linked accounts" not in words(client.get("/account"))
    stranger = browser(app)
    assert "Sign-in with Google is not set up on this server." in shown(
        stranger, stranger.get("/sign-in/with/google")
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_way_to_the_provider_carries_state_nonce_and_a_challenge_and_no_secret(
    app: App, provider: Provider, name: str
) -> None:
    url = to_provider(browser(app), name)
    asked = {k: v[0] for k, v in parse_qs(urlsplit(url).query).items()}
    assert url.startswith(f"{provider.host}/{name}/authorize?")
    assert asked["redirect_uri"] == f"http://127.0.0.1:8000/sign-in/with/{name}/back"
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert "openid" in asked["scope"]
    assert min(len(asked[k]) for k in ("state", "nonce", "code_challenge")) >= 43
    assert not {"code_verifier", "client_secret"} & asked.keys()


def test_what_the_browser_keeps_meanwhile_cannot_be_read_there(app: App, provider: Provider) -> None:
    client = browser(app)
    to_provider(client)
    kept = client.get_cookie("sso")
    assert kept is not None
    assert (kept.http_only, kept.same_site, kept.max_age) == (True, "Lax", 600)
    with app.app_context():
        found = crypto.decrypt(kept.value.encode()).decode()
    assert "verifier" in found
    assert "verifier" not in kept.value


def test_with_an_https_address_the_cookie_is_secure_and_the_hosts_own(
    app: App, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    secure = app.config["SETTINGS"].with_(public_url="https://app.example.com")
    monkeypatch.setitem(app.config, "SETTINGS", secure)
    answer = browser(app).get("/sign-in/with/google", base_url="https://app.example.com")
    (cookie,) = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith("__Host-sso=")]
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}
    assert "https%3A%2F%2Fapp.example.com%2Fsign-in%2Fwith%2Fgoogle%2Fback" in answer.headers["Location"]


# In ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_linked_account_signs_in_and_lands_where_one_wanted(
    app: App, company: Company, provider: Provider, name: str
) -> None:
    linked(app, company, provider=name)
    client = browser(app)
    answer = through(client, name, "?next=/account")
    assert answer.headers["Location"] == "/account"
    assert "Manager Person" in client.get("/account").get_data(as_text=True)
    assert audited(company, "user.signed_in")[-1]["method"] == name
    assert audited(company, "user.identity_linked")[0]["provider"] == name
    assert client.get_cookie("sso") is None


def test_the_company_code_is_remembered_for_the_next_sign_in(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    client = browser(app)
    through(client)
    assert client.get_cookie("business_code").value == company.code  # type: ignore[union-attr]


@pytest.mark.parametrize("target", ["//evil.example", "https://evil.example", "/\\evil.example", "x"])
def test_signing_in_leads_to_this_site_only(
    app: App, company: Company, provider: Provider, target: str
) -> None:
    linked(app, company)
    assert through(browser(app), query=f"?next={target}").headers["Location"] == "/"


def test_a_second_factor_is_asked_for_after_the_provider_too(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    secret, _ = with_app_codes(company)
    client = browser(app)
    answer = through(client, query="?next=/account")
    assert answer.headers["Location"] == "/sign-in/verify?next=/account"
    assert not is_in(client)
    answer = post(client, "/sign-in/verify", page="/sign-in/verify", code=totp(secret), next="/account")
    assert answer.headers["Location"] == "/account"
    assert is_in(client)
    assert audited(company, "user.signed_in")[-1]["method"] == "google and app code"


def test_where_everybody_needs_a_second_factor_the_provider_does_not_replace_it(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    with company.acting("admin"):
        db.session.get(Organization, context.tenant_id()).require_mfa = True  # type: ignore[union-attr]
    client = browser(app)
    through(client)
    assert client.get("/customers").headers["Location"] == "/account/second-factor"


def test_somebody_deactivated_does_not_get_in_and_the_company_can_see_the_attempt(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    with company.acting("admin"):
        users.deactivate(company.users["manager"])
    client = browser(app)
    assert "Not linked yet" in shown(client, through(client))
    assert not is_in(client)
    assert audited(company, "user.sign_in_failed")[-1]["reason"] == "inactive"


# Several companies, or none ---------------------------------------------------------------------------------------


def test_someone_in_several_companies_chooses_one(
    app: App, company: Company, other_company: Company, provider: Provider
) -> None:
    for place in (company, other_company):
        linked(app, place)
    client = browser(app)
    page = shown(client, through(client, query="?next=/account"))
    assert company.code in page
    assert other_company.code in page
    assert not is_in(client)
    for wrong in ("", "x", "00000000-0000-4000-8000-000000000000"):
        answer = post(client, "/sign-in/company", page="/sign-in/company", tenant=wrong)
        assert answer.status_code == 422
        assert "Choose one of your companies." in words(answer)
    answer = post(client, "/sign-in/company", page="/sign-in/company", tenant=str(other_company.tenant_id))
    assert answer.headers["Location"] == "/account"
    assert is_in(client)
    assert audited(other_company, "user.signed_in")[-1]["method"] == "google"
    assert "google" not in [e["method"] for e in audited(company, "user.signed_in")]
    # chosen once: the list is gone
    assert browser(app).get("/sign-in/company").headers["Location"] == "/sign-in"


def test_a_company_that_forbids_providers_is_not_among_the_choices(
    app: App, company: Company, other_company: Company, provider: Provider
) -> None:
    for place in (company, other_company):
        linked(app, place)
    rule(company, "off")
    client = browser(app)
    assert through(client).headers["Location"] == "/"
    assert client.get_cookie("business_code").value == other_company.code  # type: ignore[union-attr]


def test_an_account_that_nobody_linked_is_told_the_ways_to_go_on(app: App, provider: Provider) -> None:
    client = browser(app)
    page = shown(client, through(client))
    for way in (
        "Sign in with your password",
        "Ask an administrator",
        "Register your company",
        "Use another Google account",
    ):
        assert way in page
    assert provider.person.email in page
    assert not is_in(client)


def test_the_choice_is_over_after_ten_minutes(app: App, provider: Provider) -> None:
    with clock.at(clock.now()):
        client = browser(app)
        through(client)
        clock.advance(timedelta(minutes=10, seconds=1))
        assert client.get("/register/with-account").headers["Location"] == "/sign-in"


def test_a_stranger_registers_a_company_and_signs_in_by_the_account_next_time(
    app: App, provider: Provider
) -> None:
    client = browser(app)
    assert through(client, query="?for=register").headers["Location"] == "/register/with-account"
    page = client.get("/register/with-account").get_data(as_text=True)
    for known in ("Jane", "Smith", provider.person.email):
        assert f'value="{known}"' in page
    name = f"Smith {ids.token(6, ids.LOWER)} HVAC"
    form = {"company_name": name, "time_zone": "America/Denver", "first_name": "Jane", "last_name": "Smith",
            "email": provider.person.email, "username": "jane"}  # fmt: skip
    refused = post(
        client, "/register/with-account", page="/register/with-account", **form | {"company_name": ""}
    )
    assert refused.status_code == 422
    answer = post(client, "/register/with-account", page="/register/with-account", **form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert is_in(client)
    again = browser(app)
    through(again)
    page = again.get("/account").get_data(as_text=True)
    assert "Jane Smith" in page
    assert "have no password" in page
    # and the account cannot register a second one
    assert through(browser(app), query="?for=register").headers["Location"] == "/"


def test_apples_name_comes_beside_the_token_the_first_time(app: App, provider: Provider) -> None:
    provider.person.first_time = True
    client = browser(app)
    through(client, "apple", "?for=register")
    page = client.get("/register/with-account").get_data(as_text=True)
    assert 'value="Appleseed"' in page


@pytest.mark.parametrize("name", ["google", "microsoft"])
def test_an_address_that_was_not_verified_is_nobodys(
    app: App, company: Company, provider: Provider, name: str
) -> None:
    """Microsoft lets a directory's administrator write any address: it must neither sign in nor be shown as known."""
    provider.person.email = f"manager@{company.code.lower()}.example.com"
    if name == "google":
        provider.person.claims["email_verified"] = False
    client = browser(app)
    page = shown(client, through(client, name))
    assert "Not linked yet" in page
    assert provider.person.email not in page
    assert provider.person.email not in client.get("/register/with-account").get_data(as_text=True)


def test_a_verified_address_of_a_user_does_not_sign_in_by_itself_either(
    app: App, company: Company, provider: Provider
) -> None:
    provider.person.email = f"manager@{company.code.lower()}.example.com"
    client = browser(app)
    assert "Not linked yet" in shown(client, through(client))


# When it does not work --------------------------------------------------------------------------------------------


def test_turning_back_at_the_provider_is_no_failure(app: App, provider: Provider) -> None:
    provider.error = "access_denied"
    client = browser(app)
    assert "Nothing was done: you turned back at Google." in shown(client, through(client))
    provider.error = "user_cancelled_authorize"
    client = browser(app)
    assert "turned back at Apple" in shown(client, through(client, "apple"))


@pytest.mark.parametrize(
    ("error", "said"),
    [("server_error", "(server error)"), ("<b>x</b>", "(no reason given)"), ("x" * 300, "(no reason given)")],
)
def test_an_error_of_the_providers_is_told_in_words(
    app: App, provider: Provider, error: str, said: str
) -> None:
    provider.error = error
    client = browser(app)
    assert f"Google could not sign you in {said}" in shown(client, through(client))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((401, {"error": "invalid_client"}), "its client secret is wrong or has expired"),
        ((500, "down"), "cannot be reached"),
        ((200, {"access_token": "x"}), "cannot be reached"),
        ((200, "no json"), "cannot be reached"),
        ((200, ["x"]), "cannot be reached"),
    ],
)
def test_a_provider_that_does_not_trade_the_code_is_named(
    app: App, company: Company, provider: Provider, answer: tuple[int, Any], said: str
) -> None:
    linked(app, company)
    provider.token_answer = answer
    client = browser(app)
    assert said in shown(client, through(client))


@pytest.mark.parametrize("what", [".well-known/openid-configuration", "keys"])
def test_a_provider_that_is_away_is_said_to_be_and_not_asked_again_at_once(
    app: App, provider: Provider, what: str
) -> None:
    provider.broken.add(what)
    client = browser(app)
    if what == "keys":
        assert "Google cannot be reached" in shown(client, through(client))
        assert "Google cannot be reached" in shown(client, through(client))
    else:
        for _ in range(2):
            assert "Google cannot be reached" in shown(client, client.get("/sign-in/with/google"))
    assert provider.fetched.count(what) == 1


def test_known_keys_are_believed_while_the_provider_is_away(
    app: App, company: Company, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    linked(app, company)
    provider.broken |= {"keys", ".well-known/openid-configuration"}
    now[0] += 7200
    client = browser(app)
    assert through(client).headers["Location"] == "/"
    now[0] += 86_400
    client = browser(app)
    assert "cannot be reached" in shown(client, client.get("/sign-in/with/google"))


def test_many_answers_from_one_address_are_told_to_wait(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    with limited(app, sign_in_address="2/60 seconds"):
        answers = []
        for _ in range(3):
            client = browser(app)
            client.environ_base["REMOTE_ADDR"] = address_of("providers")
            answers.append(through(client))
    assert [a.status_code for a in answers] == [303, 303, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_an_unknown_provider_is_not_found(app: App) -> None:
    for path in ("/sign-in/with/facebook", "/sign-in/with/facebook/back"):
        assert browser(app).get(path).status_code == 404
