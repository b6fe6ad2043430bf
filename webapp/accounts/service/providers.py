"""Google, Apple and Microsoft: what is set up of them here, and the documents they publish (endpoints, keys)."""

import logging
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from flask import current_app
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from webapp.config import Settings
from webapp.kit import clock, errors, outbound

log = logging.getLogger("truckroll.sso")

KEEP_SECONDS = 3600.0  # how long a fetched document is believed
STALE_SECONDS = 86400.0  # how long at most, while its provider cannot be reached
AGAIN_SECONDS = 30.0  # an unknown key id asks the provider again no more often than this
PAUSE_SECONDS = 5.0  # after a failure, so that a provider that is away does not hold up a thread per request
TIMEOUT = 5.0


@dataclass(frozen=True, slots=True)
class Provider:
    """Who vouches. `issuer` says whether claims carry an issuer of theirs; `extra` rides on the way to their page."""

    name: str
    title: str
    issuer: Callable[[dict[str, Any]], bool]
    scope: str = "openid email profile"
    extra: dict[str, str] = field(default_factory=dict)
    posts: bool = False  # answers by a form POST from their site instead of a redirect

    def setting(self, name: str) -> Any:
        """`setting("client_id")` is `settings.sso_google_client_id`; None for one that this provider has not."""
        settings: Settings = current_app.config["SETTINGS"]
        return getattr(settings, f"sso_{self.name}_{name}", None)

    @property
    def client_id(self) -> str:
        """Of the browser's sign-in; empty where that is not set up."""
        return str(self.setting("client_id") or "")

    @property
    def audiences(self) -> tuple[str, ...]:
        """Whom an ID token may be made for: the phone apps' clients and the browser's."""
        return tuple(dict.fromkeys([*self.setting("client_ids"), *filter(None, [self.client_id])]))


_GUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def _microsoft_issuer(claims: dict[str, Any]) -> bool:
    # every directory of Microsoft's has an issuer of its own, named by the token's `tid`
    tid = claims.get("tid")
    return (isinstance(tid, str) and bool(_GUID.match(tid))
            and claims.get("iss") == f"https://login.microsoftonline.com/{tid}/v2.0")  # fmt: skip


# an office's computer is signed in at somebody's account already: let people choose which
_CHOOSE = {"prompt": "select_account"}
PROVIDERS = {p.name: p for p in (
    Provider("google", "Google", lambda c: c.get("iss") in ("https://accounts.google.com", "accounts.google.com"),
             extra=_CHOOSE),
    Provider("microsoft", "Microsoft", _microsoft_issuer, extra=_CHOOSE),
    Provider("apple", "Apple", lambda c: c.get("iss") == "https://appleid.apple.com", scope="openid email name",
             extra={"response_mode": "form_post"}, posts=True),
)}  # fmt: skip


def of(name: str) -> Provider:
    """The provider of a name. Raises NotFound."""
    found = PROVIDERS.get(name)
    if found is None:
        raise errors.NotFound("Sign-in goes through google, apple or microsoft.")
    return found


def offered() -> list[Provider]:
    """The providers whose button the sign-in page shows."""
    return [p for p in PROVIDERS.values() if p.client_id]


def titles(providers: list[Provider]) -> str:
    """`Google`, `Google or Apple`, `Google, Microsoft or Apple`."""
    names = [p.title for p in providers]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


# What they publish ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Metadata:
    """A provider's discovery document: where to send people, where to trade codes, whose keys."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(slots=True)
class _Kept:
    value: Any
    at: float


@dataclass(slots=True)
class _Place:
    """One address: what it last said, when it last failed, and who is asking it now."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    kept: _Kept | None = None
    failed_at: float | None = None


_places: dict[str, _Place] = {}


def forget() -> None:
    """Fetch every document anew when it is needed next."""
    _places.clear()


def metadata(provider: Provider) -> Metadata:
    """Where the provider's pages are. Raises Unavailable."""
    return _read(provider, str(provider.setting("discovery_url")), _metadata).value  # type: ignore[no-any-return]


def _metadata(document: dict[str, Any]) -> Metadata:
    found = {name: document[name] for name in Metadata.__dataclass_fields__}
    if not all(isinstance(value, str) for value in found.values()):
        raise ValueError("not a discovery document")
    return Metadata(**found)


def key_sets(provider: Provider) -> Iterator[KeySet]:
    """The known keys, then, when the token is not of theirs, fresh ones: providers change them without notice."""
    url = str(provider.setting("keys_url")) or metadata(provider).jwks_uri
    known = _read(provider, url, _keys)
    yield known.value
    if clock.monotonic() - known.at >= AGAIN_SECONDS:
        yield _read(provider, url, _keys, newer_than=known).value


def _keys(document: dict[str, Any]) -> KeySet:
    keys = [k for k in document["keys"] if k.get("kty") == "RSA" and k.get("use", "sig") == "sig"]
    return KeySet.import_key_set({"keys": keys})


_UNREADABLE = (outbound.Failed, errors.Invalid, ValueError, KeyError, TypeError, AttributeError, JoseError)


def _read(provider: Provider, url: str, understand: Callable[[dict[str, Any]], Any],
          newer_than: _Kept | None = None) -> _Kept:  # fmt: skip
    place = _places.setdefault(url, _Place())
    with place.lock:
        kept, now = place.kept, clock.monotonic()
        if kept is not None and kept is not newer_than and now - kept.at < KEEP_SECONDS:
            return kept
        if place.failed_at is None or now - place.failed_at >= PAUSE_SECONDS:
            try:
                fresh = _Kept(understand(_fetch(url)), now)
            except _UNREADABLE as problem:
                log.warning("%s at %s: %s", provider.name, url, problem)
                place.failed_at = now
            else:
                place.kept, place.failed_at = fresh, None
                return fresh
        if kept is not None and newer_than is None and now - kept.at < STALE_SECONDS:
            return kept
    raise away(provider)


def _fetch(url: str) -> dict[str, Any]:
    answer = outbound.fetch("GET", url, {"Accept": "application/json"}, timeout=TIMEOUT)
    if answer.status != 200 or answer.truncated:
        raise ValueError(f"answered {answer.status}")
    found: dict[str, Any] = orjson.loads(answer.body)
    return found


def away(provider: Provider) -> errors.Unavailable:
    """What to say while a provider does not answer."""
    return errors.Unavailable(
        f"{provider.title} cannot be reached to check the sign-in. Try again in a moment.", retry_after=10
    )
