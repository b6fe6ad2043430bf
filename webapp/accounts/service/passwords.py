"""Passwords: Argon2id hashes, and what a password must be."""

from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app

from webapp.kit import errors

SHORTEST, LONGEST = 10, 200
COMMON = frozenset({"password12", "password123", "password1234", "1234567890", "12345678901", "123456789012",
                    "qwertyuiop", "qwerty12345", "iloveyou12", "administrator", "letmein1234", "welcome1234",
                    "changeme123", "passw0rd123"})  # fmt: skip


@lru_cache(maxsize=4)
def _hasher(memory_kib: int) -> PasswordHasher:
    # one pass, one lane, 46 MiB: the floor of OWASP ASVS, 55 ms here; more lanes would need more cores
    return PasswordHasher(time_cost=1, memory_cost=memory_kib, parallelism=1)


def hasher() -> PasswordHasher:
    return _hasher(current_app.config["SETTINGS"].argon2_memory_kib)


def check(password: str, *, username: str = "", email: str = "", field: str = "password") -> None:
    """Raises Invalid when a password is too short, too long, well known, or the user's own name."""
    if len(password) < SHORTEST:
        raise errors.Invalid.one(field, f"Use at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        raise errors.Invalid.one(field, f"Use at most {LONGEST} characters.")
    low = password.casefold()
    if low in COMMON or len(set(low)) < 4:
        raise errors.Invalid.one(field, "This password is too easy to guess.")
    if low in {username.casefold(), email.casefold(), email.casefold().split("@")[0]}:
        raise errors.Invalid.one(field, "The password must not be your name or address.")


def hashed(password: str) -> str:
    return hasher().hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether a password is the stored one. Takes as long where there is none, so that nobody learns who exists."""
    try:
        return hasher().verify(
            stored or _nobody(current_app.config["SETTINGS"].argon2_memory_kib), password
        ) and bool(stored)
    except (VerificationError, InvalidHashError):
        return False


@lru_cache(maxsize=4)
def _nobody(memory_kib: int) -> str:
    return _hasher(memory_kib).hash("nobody has this password")


def outdated(stored: str) -> bool:
    """Whether a hash was made with other costs than the present ones."""
    return hasher().check_needs_rehash(stored)
