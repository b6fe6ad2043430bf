"""Passwords: Argon2id hashes, and what a password must be."""

from collections.abc import Sequence
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app

from webapp.accounts import rules
from webapp.kit import errors

SHORTEST, LONGEST = 10, 200


@lru_cache(maxsize=4)
def _hasher(memory_kib: int) -> PasswordHasher:
    # one pass, one lane, 46 MiB: the floor of OWASP ASVS, 55 ms here; more lanes would need more cores
    return PasswordHasher(time_cost=1, memory_cost=memory_kib, parallelism=1)


def hasher() -> PasswordHasher:
    return _hasher(current_app.config["SETTINGS"].argon2_memory_kib)


def check(password: str, *, username: str = "", email: str = "", company: Sequence[str] = (),
          field: str = "password") -> None:  # fmt: skip
    """Raises Invalid when a password is too short, too long, or one that anybody would try first.

    `company`: its names, which are no secret either.
    """
    if len(password) < SHORTEST:
        raise errors.Invalid.one(field, f"Use at least {SHORTEST} characters.")
    if len(password) > LONGEST:
        raise errors.Invalid.one(field, f"Use at most {LONGEST} characters.")
    if password.casefold() in {username.casefold(), email.casefold(), email.casefold().split("@")[0]}:
        raise errors.Invalid.one(field, "The password must not be your name or address.")
    if rules.guessable(password, [username, email.split("@")[0], *company]):
        raise errors.Invalid.one(
            field, "This password is too easy to guess. A few words in a row are better."
        )


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
