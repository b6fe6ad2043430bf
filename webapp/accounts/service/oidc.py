"""Signing in at a provider's page: OpenID Connect's authorization-code flow with PKCE (RFC 7636), state and nonce.

Knows no browser and no organization. The caller keeps a :class:`Flow` with the browser between leaving and coming back.
"""

import base64
import hashlib
import logging
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson
from flask import current_app
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from webapp.accounts.service import id_tokens, providers
from webapp.accounts.service.id_tokens import Identity
from webapp.accounts.service.providers import Provider
from webapp.config import Settings, SettingsError
from webapp.kit import clock, errors, ids, outbound

log = logging.getLogger("truckroll.sso")

APPLE = "https://appleid.apple.com"
SECRET_SECONDS = 300  # Apple allows six months; it is made for each call


@dataclass(frozen=True, slots=True)
class Flow:
    """What ties a provider's answer to the question: kept with the browser, never shown to the provider."""

    state: str
    nonce: str
    verifier: str


def begin() -> Flow:
    """Fresh secrets: 256 bits each, the verifier as long as RFC 7636 asks."""
    return Flow(ids.token(43), ids.token(43), ids.token(64))


def redirect_uri(provider: Provider) -> str:
    """Where the provider sends people back to; it must be registered there exactly so."""
    settings: Settings = current_app.config["SETTINGS"]
    return f"{settings.base_url}/sign-in/with/{provider.name}/back"


def page(provider: Provider, flow: Flow) -> str:
    """The address of the provider's page. Raises BadRequest where it is not set up, Unavailable."""
    if not provider.client_id:
        raise errors.BadRequest(f"Sign-in with {provider.title} is not set up on this server.")
    digest = hashlib.sha256(flow.verifier.encode()).digest()
    asked = provider.extra | {
        "response_type": "code", "client_id": provider.client_id, "redirect_uri": redirect_uri(provider),
        "scope": provider.scope, "state": flow.state, "nonce": flow.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256",
    }  # fmt: skip
    endpoint = providers.metadata(provider).authorization_endpoint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def identify(provider: Provider, code: str, flow: Flow, named: str | None = None) -> Identity:
    """Trade the code of a provider's answer for who it is about. `named` is the issuer it carried (RFC 9207), if any.

    Raises Unauthorized when the code or the token does not hold, Unavailable when the provider does not answer or
    does not accept this server.
    """
    published = providers.metadata(provider)
    # a provider with one issuer must be that one; Microsoft's `common` names a placeholder instead
    issuer = "" if "{" in published.issuer else published.issuer
    if named is not None and issuer and named != issuer:
        log.warning("%s: the answer names the issuer %.100s", provider.name, named)
        raise unconfirmed(provider)
    token = _trade(provider, published.token_endpoint, code, flow)
    try:
        return id_tokens.verify(
            provider.name, token, audiences=(provider.client_id,), nonce=flow.nonce, issuer=issuer
        )
    except errors.Unauthorized as problem:
        log.warning("%s: %s", provider.name, problem.message)
        raise unconfirmed(provider) from None


def unconfirmed(provider: Provider) -> errors.Unauthorized:
    """What a person is told; the log has the reason."""
    return errors.Unauthorized(f"{provider.title} did not confirm this sign-in. Begin again.")


def _trade(provider: Provider, endpoint: str, code: str, flow: Flow) -> str:
    sent = urlencode({
        "grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri(provider),
        "client_id": provider.client_id, "client_secret": client_secret(provider), "code_verifier": flow.verifier,
    })  # fmt: skip
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    try:
        answer = outbound.fetch("POST", endpoint, headers, sent.encode(), timeout=10.0)
        said = orjson.loads(answer.body) if answer.body else {}
    except (outbound.Failed, errors.Invalid) as problem:
        log.warning("%s: %s", endpoint, problem)
        raise providers.away(provider) from None
    except orjson.JSONDecodeError:
        said = {}
    said = said if isinstance(said, dict) else {}
    token, reason = said.get("id_token"), str(said.get("error", ""))[:80]
    if answer.status == 200 and isinstance(token, str):
        return token
    log.warning("%s answered %s %s", endpoint, answer.status, reason)
    if reason == "invalid_grant":
        raise errors.Unauthorized(f"{provider.title} did not confirm this sign-in: it took too long or was used "
                                  "already. Begin again.")  # fmt: skip
    if reason in ("invalid_client", "unauthorized_client"):
        raise errors.Unavailable(f"{provider.title} does not accept this server: its client secret is wrong or has "
                                 "expired. Tell whoever runs the server.")  # fmt: skip
    raise providers.away(provider)


def client_secret(provider: Provider) -> str:
    """The client's secret; Apple's is a JWT under the team's key, made anew for each call."""
    if provider.name != "apple":
        return str(provider.setting("client_secret"))
    now = clock.unix()
    claims = {"iss": provider.setting("team_id"), "iat": now, "exp": now + SECRET_SECONDS, "aud": APPLE,
              "sub": provider.client_id}  # fmt: skip
    key = ECKey.import_key(str(provider.setting("private_key")))
    return jwt.encode({"alg": "ES256", "kid": provider.setting("key_id")}, claims, key)


def check() -> None:
    """At start-up: Apple's key must be one. Raises SettingsError."""
    provider = providers.PROVIDERS["apple"]
    if not provider.client_id:
        return
    try:
        client_secret(provider)
    except (ValueError, TypeError, JoseError):
        raise SettingsError(
            "TRUCKROLL_SSO_APPLE_PRIVATE_KEY is not an EC private key, as Apple's .p8 file holds it."
        ) from None
