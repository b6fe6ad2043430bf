"""ID tokens of Google, Apple and Microsoft: verified against the keys that each provider publishes."""

import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from flask import current_app
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from webapp.config import Settings
from webapp.kit import clock, errors

log = logging.getLogger("truckroll.sso")

KEEP_SECONDS = 3600.0  # how long fetched keys are believed
AGAIN_SECONDS = 30.0  # an unknown key id asks the provider again no more often than this
LEEWAY = 60  # seconds that the clocks of provider and server may differ
LONGEST = 16_384  # characters of an ID token


@dataclass(frozen=True, slots=True)
class Provider:
    """Who vouches: where its keys are, which audiences are ours, and which issuer it writes."""

    name: str
    title: str
    keys_url: Callable[[Settings], str]
    client_ids: Callable[[Settings], tuple[str, ...]]
    issuer: Callable[[dict[str, Any]], bool]


_GUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def _microsoft_issuer(claims: dict[str, Any]) -> bool:
    # every directory of Microsoft's has an issuer of its own, named by the token's `tid`
    tid = claims.get("tid")
    return (isinstance(tid, str) and bool(_GUID.match(tid))
            and claims.get("iss") == f"https://login.microsoftonline.com/{tid}/v2.0")  # fmt: skip


PROVIDERS = {p.name: p for p in (
    Provider("google", "Google", lambda s: s.sso_google_keys_url, lambda s: s.sso_google_client_ids,
             lambda c: c.get("iss") in ("https://accounts.google.com", "accounts.google.com")),
    Provider("apple", "Apple", lambda s: s.sso_apple_keys_url, lambda s: s.sso_apple_client_ids,
             lambda c: c.get("iss") == "https://appleid.apple.com"),
    Provider("microsoft", "Microsoft", lambda s: s.sso_microsoft_keys_url, lambda s: s.sso_microsoft_client_ids,
             _microsoft_issuer),
)}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody as a provider vouches for them. `email` is empty unless the provider verified it."""

    provider: str
    issuer: str
    subject: str
    email: str
    first_name: str
    last_name: str

    @property
    def lookup(self) -> str:
        """The name in the directory."""
        return f"{self.issuer}|{self.subject}"


def verify(provider_name: str, id_token: str) -> Identity:
    """Who an ID token is about.

    Raises NotFound for another provider, BadRequest where it is not configured, Unauthorized when the token does not
    hold, Unavailable when the provider's keys cannot be fetched.
    """
    provider = PROVIDERS.get(provider_name)
    if provider is None:
        raise errors.NotFound("Sign-in goes through google, apple or microsoft.")
    settings: Settings = current_app.config["SETTINGS"]
    audiences = provider.client_ids(settings)
    if not audiences:
        raise errors.BadRequest(f"Sign-in with {provider.title} is not set up on this server.")
    claims = _verified(provider, provider.keys_url(settings), id_token)
    _check(provider, claims, audiences)
    given, family = _text(claims, "given_name"), _text(claims, "family_name")
    if not given and not family:
        given, _, family = _text(claims, "name").partition(" ")
    # Google and Apple vouch by email_verified (Apple's may be a string); Microsoft by xms_edov, if at all
    vouched = any(str(claims.get(name)).lower() in ("true", "1") for name in ("email_verified", "xms_edov"))
    return Identity(provider.name, str(claims["iss"]), str(claims["sub"]), _text(claims, "email") if vouched else "",
                    given, family)  # fmt: skip


def _check(provider: Provider, claims: dict[str, Any], audiences: tuple[str, ...]) -> None:
    refused = errors.Unauthorized(f"The {provider.title} ID token is not valid.")
    if not provider.issuer(claims):
        raise refused
    named = claims.get("aud")
    given = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    if not set(audiences) & {a for a in given if isinstance(a, str)}:
        raise errors.Unauthorized(f"The {provider.title} ID token was made for another application.")
    if len(given) > 1 and claims.get("azp") not in audiences:
        raise errors.Unauthorized(f"The {provider.title} ID token was made for another application.")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise refused
    now, ends, starts = clock.unix(), claims.get("exp"), claims.get("nbf", claims.get("iat", 0))
    if not isinstance(ends, int | float) or ends + LEEWAY <= now:
        raise errors.Unauthorized(f"The {provider.title} ID token has expired.")
    if not isinstance(starts, int | float) or starts - LEEWAY > now:
        raise refused


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value[:200].replace("\x00", "").strip() if isinstance(value, str) else ""


def _verified(provider: Provider, url: str, id_token: str) -> dict[str, Any]:
    refused = errors.Unauthorized(f"The {provider.title} ID token is not valid.")
    if len(id_token) > LONGEST or not id_token.isascii() or id_token.count(".") != 2:
        raise refused
    for keys in _key_sets(provider, url):
        try:
            return dict(jwt.decode(id_token, keys, algorithms=["RS256"]).claims)
        except (JoseError, ValueError, KeyError):
            continue
    raise refused


# Keys -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Fetched:
    keys: KeySet
    at: float


_fetched: dict[str, _Fetched] = {}
_lock = threading.Lock()


def forget_keys() -> None:
    """Fetch every provider's keys anew at the next token."""
    _fetched.clear()


def _key_sets(provider: Provider, url: str) -> Any:
    """The known keys, then, when the token is not of theirs, fresh ones: providers change them without notice."""
    known = _fetched.get(url)
    now = clock.monotonic()
    if known is not None and now - known.at < KEEP_SECONDS:
        yield known.keys
        if now - known.at < AGAIN_SECONDS:
            return
    with _lock:
        latest = _fetched.get(url)
        if latest is None or latest is known:
            latest = _fetched[url] = _Fetched(_fetch(provider, url), clock.monotonic())
    yield latest.keys


def _fetch(provider: Provider, url: str) -> KeySet:
    try:
        answer = httpx.get(url, timeout=5.0, follow_redirects=False)
        answer.raise_for_status()
        keys = [k for k in answer.json()["keys"] if k.get("kty") == "RSA" and k.get("use", "sig") == "sig"]
        return KeySet.import_key_set({"keys": keys})
    except (httpx.HTTPError, ValueError, KeyError, TypeError, JoseError) as problem:
        log.warning("keys of %s at %s: %s", provider.name, url, problem)
        raise errors.Unavailable(f"{provider.title} cannot be reached to check the sign-in. Try again in a moment.",
                                 retry_after=10) from None  # fmt: skip
