"""What an attacker can try on the way through a provider: each is refused, and signs nobody in."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.accounts.oidc_provider import CLIENT, Provider
from tests.accounts.support import (
    browser,
    forged,
)
from tests.accounts.walk import at_provider, linked, local, shown, through, to_provider
from tests.factories.world import Company
from webapp.accounts.service import providers
from webapp.kit import clock
from webapp.kit.web import App

UNCONFIRMED = "Google did not confirm this sign-in. Begin again."


def is_in(client: Any) -> bool:
    return bool(client.get("/account").status_code == 200)


def test_an_answer_in_another_browser_signs_nobody_in(app: App, company: Company, provider: Provider) -> None:
    """A thief who has the whole address, and one who lures somebody to his own answer."""
    linked(app, company)
    provider.traded.clear()
    client, thief = browser(app), browser(app)
    url, _ = at_provider(to_provider(client))
    assert "begun in another window" in shown(thief, thief.get(local(url)))
    assert not is_in(thief)
    to_provider(thief)  # with a sign-in of his own under way
    assert "begun in another window" in shown(thief, thief.get(local(url)))
    assert provider.traded == []
    # and the one it belongs to still gets in
    assert client.get(local(url)).headers["Location"] == "/"
    assert is_in(client)


def test_a_state_that_is_missing_or_changed_is_refused(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    provider.traded.clear()
    client = browser(app)
    url, _ = at_provider(to_provider(client))
    code = parse_qs(urlsplit(url).query)["code"][0]
    for state in ("", "x", "é"):
        answer = client.get("/sign-in/with/google/back", query_string={"code": code, "state": state})
        assert answer.headers["Location"] == "/sign-in"
    assert provider.traded == []


def test_an_answer_works_once_even_with_the_cookie_kept(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    client = browser(app)
    url, _ = at_provider(to_provider(client))
    kept = client.get_cookie("sso")
    assert kept is not None
    assert client.get(local(url)).headers["Location"] == "/"
    asked = len(provider.traded)
    thief = browser(app)
    thief.set_cookie("sso", kept.value)
    assert "begun in another window" in shown(thief, thief.get(local(url)))
    assert not is_in(thief)
    assert len(provider.traded) == asked


def test_a_code_that_was_used_already_is_refused_by_the_provider_and_said_so(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    client = browser(app)
    url, _ = at_provider(to_provider(client))
    provider.codes.clear()
    assert "took too long or was used already" in shown(client, client.get(local(url)))
    assert not is_in(client)


def test_a_stolen_code_is_worth_nothing_without_the_verifier(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    url, _ = at_provider(to_provider(browser(app)))
    code = parse_qs(urlsplit(url).query)["code"][0]
    thief = browser(app)
    state = parse_qs(urlsplit(to_provider(thief)).query)["state"][0]
    answer = thief.get("/sign-in/with/google/back", query_string={"code": code, "state": state})
    assert "used already" in shown(thief, answer)
    assert provider.traded[-1]["code"] == code
    assert not is_in(thief)


def test_a_sign_in_begun_too_long_ago_is_refused(app: App, company: Company, provider: Provider) -> None:
    linked(app, company)
    with clock.at(clock.now()):
        client = browser(app)
        url, _ = at_provider(to_provider(client))
        clock.advance(timedelta(minutes=10, seconds=1))
        assert "took too long" in shown(client, client.get(local(url)))
        assert not is_in(client)


def test_an_answer_of_one_provider_is_none_of_anothers(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    client = browser(app)
    url, _ = at_provider(to_provider(client))
    moved = local(url).replace("/google/", "/microsoft/")
    assert "begun in another window" in shown(client, client.get(moved))
    assert not is_in(client)


TID = "72f988bf-86f1-41af-91ab-2d7cd011db47"


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"}, {"nonce": ""}, {"nonce": None}, {"aud": "a-phone-app"}, {"aud": [CLIENT, "x"]},
        {"aud": []}, {"exp": 1_000_000_000}, {"iat": 4_000_000_000}, {"iss": "https://accounts.evil.example"},
        {"iss": "https://appleid.apple.com"}, {"sub": ""}, {"sub": None},
    ],
    ids=repr,
)  # fmt: skip
def test_a_token_that_does_not_hold_signs_nobody_in(
    app: App, company: Company, provider: Provider, claims: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    # the phone app's tokens are accepted at the API, and not here
    settings = app.config["SETTINGS"].with_(sso_google_client_ids=("a-phone-app",))
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    linked(app, company)
    provider.person.claims = claims
    client = browser(app)
    assert UNCONFIRMED in shown(client, through(client))
    assert not is_in(client)


@pytest.mark.parametrize("claim", ["nonce", "aud", "exp", "iss", "sub"])
def test_a_token_without_a_claim_signs_nobody_in(
    app: App, company: Company, provider: Provider, claim: str
) -> None:
    linked(app, company)
    provider.person.drop = (claim,)
    client = browser(app)
    assert UNCONFIRMED in shown(client, through(client))
    assert not is_in(client)


def test_a_token_that_is_unsigned_or_under_a_strangers_key_signs_nobody_in(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company)
    stranger = RSAKey.generate_key(2048, parameters={"kid": provider.keys[0].kid})
    public = provider.keys[0].as_pem(private=False)
    for sign in (
        lambda claims: forged(claims, "none", None),
        lambda claims: forged(claims, "HS256", public),
        lambda claims: jwt.encode({"alg": "RS256", "kid": stranger.kid}, claims, stranger),
        lambda claims: "no.token.atall",
        lambda claims: "x" * 20_000,
    ):
        provider.sign = sign
        client = browser(app)
        assert UNCONFIRMED in shown(client, through(client))
        assert not is_in(client)


def test_microsofts_token_must_name_its_own_directory_and_only_the_one_that_is_set_up(
    app: App, company: Company, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    linked(app, company, provider="microsoft")
    provider.person.claims = {"tid": TID}  # of another directory than the issuer names
    client = browser(app)
    assert "did not confirm" in shown(client, through(client, "microsoft"))
    provider.person.claims = {}
    monkeypatch.setattr(
        provider, "discovery",
        lambda name: Provider.discovery(provider, name) | {"issuer": f"https://login.microsoftonline.com/{TID}/v2.0"},
    )  # fmt: skip
    providers.forget()
    client = browser(app)
    assert "did not confirm" in shown(client, through(client, "microsoft"))


def test_an_answer_that_names_another_issuer_is_refused_before_the_code_is_sent(
    app: App, company: Company, provider: Provider
) -> None:
    """RFC 9207: a code of one provider's must not be handed to another."""
    linked(app, company)
    provider.traded.clear()
    client = browser(app)
    url, _ = at_provider(to_provider(client))
    assert UNCONFIRMED in shown(client, client.get(local(url) + "&iss=https%3A%2F%2Fevil.example"))
    assert provider.traded == []


def test_keys_that_the_provider_changed_are_fetched_anew(
    app: App, company: Company, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    linked(app, company)
    assert provider.fetched.count("keys") == 1
    provider.rotate()
    now[0] += 31
    client = browser(app)
    assert through(client).headers["Location"] == "/"
    assert is_in(client)
    assert provider.fetched.count("keys") == 2
    assert provider.fetched.count(".well-known/openid-configuration") == 1


def test_a_key_that_was_withdrawn_signs_nobody_in_any_more(
    app: App, company: Company, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    linked(app, company)
    old = provider.keys[0]
    provider.rotate()
    now[0] += 3601
    provider.sign = lambda claims: jwt.encode({"alg": "RS256", "kid": old.kid}, claims, old)
    client = browser(app)
    assert UNCONFIRMED in shown(client, through(client))


def test_the_form_that_apple_posts_does_nothing_by_itself(
    app: App, company: Company, provider: Provider
) -> None:
    linked(app, company, provider="apple")
    url, fields = at_provider(to_provider(browser(app), "apple"))
    thief = browser(app)
    handed = thief.post(local(url), data=fields)
    assert handed.status_code == 303
    assert fields["code"] not in handed.headers["Location"]
    assert "begun in another window" in shown(thief, thief.get(handed.headers["Location"]))
    for wrong in ({}, {"state": "x"}, {"code": "x"}):
        assert thief.post(local(url), data=wrong).status_code == 400
    # nor does it take another provider's
    assert thief.post(local(url).replace("apple", "google"), data=fields).status_code == 400
    assert thief.get("/sign-in/with/apple/back?ticket=made-up").headers["Location"] == "/sign-in"
