"""Tokens of the field API: JWTs under a key of their own, each for one audience, carrying organization and session."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from flask import current_app
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from webapp.kit import clock, crypto, errors

ACCESS, REFRESH, CHALLENGE = "field", "field-refresh", "field-challenge"
LONGEST = 4096  # characters; ours are under 500


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says."""

    tenant_id: UUID
    user_id: int
    session_id: int  # of a challenge: the one-time token's id
    secret: str
    via: str = ""  # of a challenge: how the first step was taken


@lru_cache(maxsize=4)
def _keys(secret_keys: tuple[str, ...]) -> tuple[OctKey, ...]:
    return tuple(OctKey.import_key(crypto.jwt_key(k)) for k in secret_keys)


def _own_keys() -> tuple[OctKey, ...]:
    return _keys(tuple(current_app.config["SETTINGS"].secret_keys))


def issue(audience: str, *, tenant_id: UUID, user_id: int, session_id: int, seconds: int, secret: str = "",
          via: str = "", roles: tuple[str, ...] | list[str] = ()) -> str:  # fmt: skip
    """A signed token, good for `seconds`."""
    now = clock.unix()
    claims: dict[str, Any] = {"aud": audience, "tenant": str(tenant_id), "user": user_id, "session": session_id,
                              "iat": now, "exp": now + seconds}  # fmt: skip
    if roles:
        claims["roles"] = list(roles)
    if secret:
        claims["jti"] = secret
    if via:
        claims["via"] = via
    return jwt.encode({"alg": "HS256", "typ": "JWT"}, claims, _own_keys()[0])


def read(audience: str, token: str, what: str = "access token") -> Claims:
    """Verify a token of one audience. Raises Unauthorized when it is forged, of another audience, or expired."""
    try:
        claims = _verified(token, tuple(current_app.config["SETTINGS"].secret_keys))
    except ValueError:
        raise errors.Unauthorized(f"The {what} is not valid.") from None
    if claims.get("aud") != audience:
        raise errors.Unauthorized(f"The {what} is not valid.")
    if not isinstance(claims.get("exp"), int) or claims["exp"] <= clock.unix():
        raise errors.Unauthorized(f"The {what} has expired.")
    # under our MAC and of our making: the shapes below cannot fail
    return Claims(
        UUID(claims["tenant"]), int(claims["user"]), int(claims["session"]), str(claims.get("jti", "")),
        str(claims.get("via", "")),
    )  # fmt: skip


@lru_cache(maxsize=4096)
def _verified(token: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    """What a token that we signed says; a client sends the same one for an hour. Whether it still holds is not said.

    Raises ValueError for any other token (and remembers none of those).
    """
    if len(token) <= LONGEST and token.isascii():
        for key in _keys(keys):
            with suppress(JoseError, ValueError):
                return MappingProxyType(dict(jwt.decode(token, key, algorithms=["HS256"]).claims))
    raise ValueError("not a token of ours")
