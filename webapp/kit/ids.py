"""Random identifiers. One source, so that tests can make them repeatable."""

import secrets
import zlib
from random import Random
from uuid import UUID

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LOWER = "abcdefghijklmnopqrstuvwxyz0123456789"

_random: Random = secrets.SystemRandom()


def seed(value: int | None) -> None:
    """Make every following identifier repeatable (tests, demo data); None returns to the system's randomness."""
    global _random
    # a seeded generator is only ever asked for by tests and demo data
    _random = secrets.SystemRandom() if value is None else Random(value)  # noqa: S311


def uuid4() -> UUID:
    return UUID(int=_random.getrandbits(128), version=4)


def token(length: int, alphabet: str = ALPHABET) -> str:
    """Random text; 22 characters of the default alphabet carry 130 bits."""
    return "".join(_random.choices(alphabet, k=length))


def prefixed(prefix: str, length: int = 12) -> str:
    """An identifier such as `est_a1b2c3d4e5f6`."""
    return f"{prefix}_{token(length, LOWER)}"


def fraction() -> float:
    """A number from 0 up to 1: for jitter, which repeats under a seed like everything else here."""
    return _random.random()


def digits(length: int) -> str:
    return "".join(_random.choices("0123456789", k=length))


def checksum(text: str) -> str:
    """Six base-62 characters of CRC-32: lets a leaked key be recognised, and a mistyped one refused, offline."""
    value, out = zlib.crc32(text.encode()), ""
    for _ in range(6):
        value, digit = divmod(value, 62)
        out = ALPHABET[digit] + out
    return out
