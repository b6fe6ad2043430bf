"""Secrets at rest and tokens in links. The keys are outside the database and can be rotated:
the first signs and encrypts, all of them verify and decrypt.
"""

import base64
import hashlib
import hmac
from functools import lru_cache
from typing import Any

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask import current_app
from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer

from webapp.kit import clock


class _ClockedSigner(TimestampSigner):
    """Signs with the application's clock, so that tests can let a token expire."""

    def get_timestamp(self) -> int:
        return clock.unix()


class _Clocked(URLSafeTimedSerializer):
    default_signer = _ClockedSigner


def derive(purpose: str, key: str) -> bytes:
    """32 bytes for one purpose from a secret key, so that no key serves two ends."""
    return hmac.new(key.encode(), purpose.encode(), hashlib.sha256).digest()


def _keys() -> tuple[str, ...]:
    return tuple(current_app.config["SETTINGS"].secret_keys)


@lru_cache(maxsize=8)
def _fernet(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(derive("at-rest", k))) for k in keys])


@lru_cache(maxsize=64)
def _signer(keys: tuple[str, ...], purpose: str) -> _Clocked:
    # itsdangerous signs with the last key of its list
    return _Clocked([derive(f"token:{purpose}", k) for k in reversed(keys)], salt=purpose)


def encrypt(data: bytes | str) -> bytes:
    return _fernet(_keys()).encrypt(data.encode() if isinstance(data, str) else data)


def decrypt(data: bytes) -> bytes:
    """Raises ValueError when it was not encrypted under any of the present keys."""
    try:
        return _fernet(_keys()).decrypt(bytes(data))
    except InvalidToken:
        raise ValueError("encrypted under a key that is not configured any more") from None


def under_first_key(data: bytes) -> bytes:
    """The same secret encrypted under the first key; itself when it is already. Raises InvalidToken for neither."""
    try:
        _fernet(_keys()[:1]).decrypt(data)
    except InvalidToken:
        return _fernet(_keys()).rotate(data)
    return data


def sign(purpose: str, payload: Any) -> str:
    """A URL-safe token that carries JSON under a MAC."""
    return str(_signer(_keys(), purpose).dumps(payload))


def unsign(purpose: str, token: str, max_age_seconds: int | None = None) -> Any | None:
    """The payload of :func:`sign`, or None when it is forged, for another purpose, or too old."""
    try:
        return _signer(_keys(), purpose).loads(token, max_age=max_age_seconds)
    except BadData:
        return None


def digest(*parts: object) -> bytes:
    """SHA-256 over parts with unambiguous borders."""
    return hashlib.sha256(orjson.dumps([str(p) for p in parts])).digest()


def jwt_key(key: str) -> bytes:
    return derive("jwt", key)
