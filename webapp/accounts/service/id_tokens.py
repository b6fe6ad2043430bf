"""ID tokens of Google, Apple and Microsoft: verified against the keys that each provider publishes."""

import hmac
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError

from webapp.accounts.service import providers
from webapp.accounts.service.providers import Provider
from webapp.kit import clock, errors

LEEWAY = 60  # seconds that the clocks of provider and server may differ
LONGEST = 16_384  # characters of an ID token


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


def verify(provider_name: str, id_token: str, *, audiences: tuple[str, ...] | None = None,
           nonce: str | None = None, issuer: str = "") -> Identity:  # fmt: skip
    """Who an ID token is about.

    The browser's sign-in names the one audience, the nonce it sent along and, where the provider has one issuer only,
    that one. Raises NotFound for another provider, BadRequest where it is not configured, Unauthorized when the token
    does not hold, Unavailable when the provider's keys cannot be fetched.
    """
    provider = providers.of(provider_name)
    allowed = provider.audiences if audiences is None else audiences
    if not allowed:
        raise errors.BadRequest(f"Sign-in with {provider.title} is not set up on this server.")
    claims = _verified(provider, id_token)
    _check(provider, claims, allowed)
    if nonce is not None and not hmac.compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
        raise refused(provider)
    if issuer and _bare(str(claims["iss"])) != _bare(issuer):
        raise refused(provider)
    given, family = _text(claims, "given_name"), _text(claims, "family_name")
    if not given and not family:
        given, _, family = _text(claims, "name").partition(" ")
    # Google and Apple vouch by email_verified (Apple's may be a string); Microsoft by xms_edov, if at all
    vouched = any(str(claims.get(name)).lower() in ("true", "1") for name in ("email_verified", "xms_edov"))
    return Identity(provider.name, str(claims["iss"]), str(claims["sub"]), _text(claims, "email") if vouched else "",
                    given, family)  # fmt: skip


def refused(provider: Provider) -> errors.Unauthorized:
    """What is said of a token that does not hold: no more than that."""
    return errors.Unauthorized(f"The {provider.title} ID token is not valid.")


def _bare(issuer: str) -> str:
    # Google's older tokens leave the scheme out
    return issuer.removeprefix("https://")


def _check(provider: Provider, claims: dict[str, Any], audiences: tuple[str, ...]) -> None:
    if not provider.issuer(claims):
        raise refused(provider)
    named = claims.get("aud")
    given = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    if not set(audiences) & {a for a in given if isinstance(a, str)}:
        raise errors.Unauthorized(f"The {provider.title} ID token was made for another application.")
    if len(given) > 1 and claims.get("azp") not in audiences:
        raise errors.Unauthorized(f"The {provider.title} ID token was made for another application.")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 255:
        raise refused(provider)
    now, ends, starts = clock.unix(), claims.get("exp"), claims.get("nbf", claims.get("iat", 0))
    if not isinstance(ends, int | float) or ends + LEEWAY <= now:
        raise errors.Unauthorized(f"The {provider.title} ID token has expired.")
    if not isinstance(starts, int | float) or starts - LEEWAY > now:
        raise refused(provider)


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name)
    return value[:200].replace("\x00", "").strip() if isinstance(value, str) else ""


def _verified(provider: Provider, id_token: str) -> dict[str, Any]:
    if len(id_token) > LONGEST or not id_token.isascii() or id_token.count(".") != 2:
        raise refused(provider)
    for keys in providers.key_sets(provider):
        try:
            return dict(jwt.decode(id_token, keys, algorithms=["RS256"]).claims)
        except (JoseError, ValueError, KeyError):
            continue
    raise refused(provider)
