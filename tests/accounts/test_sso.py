"""Signing in through Google, Apple and Microsoft, against a key server that is really there."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.accounts.support import audited, call, claims_of, forged, with_app_codes
from tests.factories.world import Company
from webapp.accounts.service import providers
from webapp.kit import clock, ids
from webapp.kit.web import App

TID = "9188040d-6c67-4c5b-b112-36a304b66dad"
ISSUERS = {"google": "https://accounts.google.com", "apple": "https://appleid.apple.com",
           "microsoft": f"https://login.microsoftonline.com/{TID}/v2.0"}  # fmt: skip
CLIENT = "our-client-id"


class KeyServer:
    """Publishes the keys it holds; counts how often it was asked."""

    def __init__(self) -> None:
        self.keys = [RSAKey.generate_key(2048, parameters={"kid": "first"})]
        self.asked, self.broken = 0, False
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                body = json.dumps(
                    {"keys": [k.as_dict(private=False) | {"use": "sig", "alg": "RS256"} for k in outer.keys]}
                )
                self.send_response(500 if outer.broken else 200)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *args: Any) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/keys"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def token(
        self, provider: str = "google", key: RSAKey | None = None, drop: tuple[str, ...] = (), **changes: Any
    ) -> str:
        now = clock.unix()
        claims = {"iss": ISSUERS[provider], "aud": CLIENT, "sub": "1234567890", "iat": now, "exp": now + 3600,
                  "email": f"jane@{ids.token(8, ids.LOWER)}.example.com", "email_verified": True, "given_name": "Jane",
                  "family_name": "Smith"}  # fmt: skip
        if provider == "microsoft":
            claims["tid"] = TID
        claims = {k: v for k, v in (claims | changes).items() if k not in drop}
        key = key or self.keys[0]
        return jwt.encode({"alg": "RS256", "kid": key.kid}, claims, key)


@pytest.fixture(scope="module")
def _server() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.close()


@pytest.fixture
def google(app: App, _server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> KeyServer:
    """All three providers, set up on this server."""
    changes: dict[str, object] = {f"sso_{p}_client_ids": (CLIENT,) for p in ISSUERS}
    changes |= {f"sso_{p}_keys_url": _server.url for p in ISSUERS}
    monkeypatch.setitem(app.config, "SETTINGS", app.config["SETTINGS"].with_(**changes))
    providers.forget()
    _server.keys, _server.asked, _server.broken = _server.keys[:1], 0, False
    return _server


def link(app: App, company: Company, token: str, role: str = "manager", provider: str = "google") -> Any:
    api = company.api(role)
    return api.post(f"/auth/sso/{provider}/link", {"id_token": token})


def sso(app: App, token: str, tenant: object = "", provider: str = "google") -> Any:
    return call(app, "POST", f"/api/v1/auth/sso/{provider}", {"id_token": token}, tenant=tenant)


@pytest.fixture
def subject() -> str:
    return ids.token(20)


@pytest.mark.parametrize("provider", ["google", "apple", "microsoft"])
def test_a_linked_account_signs_in(
    app: App, company: Company, google: KeyServer, subject: str, provider: str
) -> None:
    verified = {"email_verified": "true"} if provider == "apple" else {}
    linked = link(app, company, google.token(provider, sub=subject, **verified), provider=provider)
    assert (linked.status_code, linked.json["data"]["linked"]) == (200, True)
    answer = sso(app, google.token(provider, sub=subject), provider=provider)
    assert answer.status_code == 200
    assert answer.json["data"]["user"]["id"] == company.users["manager"]
    assert audited(company, "user.identity_linked")[0]["provider"] == provider


def test_an_account_that_nobody_linked_does_not_sign_in(app: App, google: KeyServer, subject: str) -> None:
    answer = sso(app, google.token(sub=subject))
    assert (answer.status_code, answer.json["error"]["code"]) == (401, "UNAUTHORIZED")
    assert "linked" in answer.json["error"]["message"]


def test_a_user_with_a_second_factor_is_asked_for_it_after_google_too(
    app: App, company: Company, google: KeyServer, subject: str
) -> None:
    link(app, company, google.token(sub=subject))
    with_app_codes(company)
    assert sso(app, google.token(sub=subject)).json["data"]["mfa_required"] is True


def test_someone_in_two_organizations_chooses_one(
    app: App, company: Company, other_company: Company, google: KeyServer, subject: str
) -> None:
    for place in (company, other_company):
        link(app, place, google.token(sub=subject))
    answer = sso(app, google.token(sub=subject))
    assert (answer.status_code, answer.json["error"]["code"]) == (409, "CONFLICT")
    listed = answer.json["error"]["details"]["organizations"]
    assert {o["business_code"] for o in listed} == {company.code, other_company.code}
    chosen = sso(app, google.token(sub=subject), tenant=other_company.tenant_id)
    assert chosen.json["data"]["user"]["id"] == other_company.users["manager"]
    stranger = sso(app, google.token(sub=subject), tenant="00000000-0000-4000-8000-000000000000")
    assert stranger.status_code == 401


def test_an_inactive_user_does_not_sign_in_through_google(
    app: App, company: Company, google: KeyServer, subject: str
) -> None:
    from webapp.accounts.service import users

    link(app, company, google.token(sub=subject))
    with company.acting("owner"):
        users.deactivate(company.users["manager"])
    assert sso(app, google.token(sub=subject)).status_code == 401


def test_one_google_account_cannot_be_two_users_of_a_company(
    app: App, company: Company, google: KeyServer, subject: str
) -> None:
    assert link(app, company, google.token(sub=subject)).status_code == 200
    assert link(app, company, google.token(sub=subject)).status_code == 200
    assert link(app, company, google.token(sub=subject), "dispatcher").status_code == 409


def test_linking_needs_somebody_signed_in(app: App, google: KeyServer) -> None:
    assert call(app, "POST", "/api/v1/auth/sso/google/link", {"id_token": google.token()}).status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://accounts.evil.example"},
        {"aud": "somebody-elses-client"},
        {"aud": []},
        {"aud": [CLIENT, "another"]},
        {"exp": 1_000_000_000},
        {"exp": "never"},
        {"iat": 4_000_000_000},
        {"sub": ""},
        {"sub": 5},
        {"sub": "x" * 300},
    ],
    ids=lambda c: "-".join(c),
)
def test_a_token_that_does_not_hold_is_refused(
    app: App, company: Company, google: KeyServer, subject: str, changes: dict[str, Any]
) -> None:
    link(app, company, google.token(sub=subject))
    answer = sso(app, google.token(**({"sub": subject} | changes)))
    assert answer.status_code == 401
    assert "ID token" in answer.json["error"]["message"]


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "sub"])
def test_a_token_without_a_claim_is_refused(app: App, google: KeyServer, claim: str) -> None:
    assert sso(app, google.token(drop=(claim,))).status_code == 401


def test_microsofts_issuer_must_be_the_tokens_own_directory(app: App, google: KeyServer) -> None:
    other = "72f988bf-86f1-41af-91ab-2d7cd011db47"
    for changes in (
        {"tid": other},
        {"tid": "x"},
        {"iss": "https://login.microsoftonline.com/common/v2.0", "tid": "common"},
    ):
        answer = sso(app, google.token("microsoft", **changes), provider="microsoft")
        assert "not valid" in answer.json["error"]["message"]


def test_a_google_token_is_no_apple_token(
    app: App, company: Company, google: KeyServer, subject: str
) -> None:
    assert sso(app, google.token("google", sub=subject), provider="apple").status_code == 401


def test_a_token_signed_by_a_stranger_is_refused(app: App, google: KeyServer) -> None:
    stranger = RSAKey.generate_key(2048, parameters={"kid": "first"})
    assert sso(app, google.token(key=stranger)).status_code == 401


def test_a_token_under_the_public_key_as_a_secret_or_under_none_is_refused(
    app: App, google: KeyServer
) -> None:
    public = google.keys[0].as_pem(private=False)
    claims = claims_of(google.token())
    confused = forged(claims, "HS256", public)
    for bad in (confused, forged(claims, "none", None), "not.a.token", "x" * 16_000):
        assert sso(app, bad).status_code == 401


def test_keys_are_fetched_once_and_again_when_the_provider_changes_them(
    app: App, google: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(clock, "monotonic", lambda: now[0])
    for _ in range(3):
        sso(app, google.token())
    assert google.asked == 1
    fresh = RSAKey.generate_key(2048, parameters={"kid": "second"})
    google.keys = [*google.keys, fresh]
    try:
        # an unknown key asks again, but not as often as anybody likes to send one
        assert "not valid" in sso(app, google.token(key=fresh)).json["error"]["message"]
        assert google.asked == 1
        now[0] += 31
        assert "linked" in sso(app, google.token(key=fresh)).json["error"]["message"]
        assert google.asked == 2
    finally:
        google.keys = google.keys[:1]


def test_when_the_provider_is_away_the_answer_says_so(app: App, google: KeyServer) -> None:
    google.broken = True
    answer = sso(app, google.token())
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "Google" in answer.json["error"]["message"]


def test_a_provider_that_is_not_set_up_is_a_clear_refusal(app: App) -> None:
    for provider in ISSUERS:
        answer = sso(app, "eyJ.eyJ.x", provider=provider)
        assert (answer.status_code, answer.json["error"]["code"]) == (400, "BAD_REQUEST")
        assert "not set up" in answer.json["error"]["message"]
    assert sso(app, "eyJ.eyJ.x", provider="facebook").status_code == 404


def test_a_company_registers_through_google_and_signs_in_by_it(
    app: App, google: KeyServer, subject: str
) -> None:
    token = google.token(sub=subject)
    answer = call(
        app, "POST", "/api/v1/auth/sso/google/register", {"id_token": token, "company_name": "Smith HVAC"}
    )
    assert answer.status_code == 201
    data = answer.json["data"]
    assert (data["user"]["name"], data["business_name"]) == ("Jane Smith", "Smith HVAC")
    assert {"access_token", "refresh_token", "business_code"} <= set(data)
    again = sso(app, google.token(sub=subject))
    assert again.json["data"]["user"]["id"] == data["user"]["id"]
    twice = call(app, "POST", "/api/v1/auth/sso/google/register", {"id_token": token})
    assert twice.status_code == 409


def test_registering_takes_nothing_but_the_token_if_need_be(
    app: App, google: KeyServer, subject: str
) -> None:
    answer = call(app, "POST", "/api/v1/auth/sso/google/register", {"id_token": google.token(sub=subject)})
    assert answer.json["data"]["business_name"] == "Jane’s company"


def test_an_address_that_google_did_not_verify_registers_nothing(
    app: App, google: KeyServer, subject: str
) -> None:
    for vouched in (False, "false", None, "no"):
        token = google.token(sub=subject, email_verified=vouched)
        assert call(app, "POST", "/api/v1/auth/sso/google/register", {"id_token": token}).status_code == 422
