"""Money is whole cents, rates are basis points (1 bp = 0.01%), rounding is half to even. No floats."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

MAX_CENTS = 10_000_000_000_00  # ten billion dollars: above this an amount is a typing error, not a sale
FULL = 10_000  # 100% in basis points

_AMOUNT = re.compile(r"^(-)?\$?\s*(-)?(\d{1,3}(?:,\d{3})+|\d*)(?:\.(\d{1,2}))?$")


def half_even(value: Fraction) -> int:
    """Round an exact amount of cents to whole cents, halves to the even neighbour."""
    return round(value)  # Fraction.__round__ rounds half to even


def share(cents: int, bps: int) -> int:
    """`bps` basis points of an amount, in cents, rounded once."""
    return half_even(Fraction(cents * bps, FULL))


def dollars(cents: int) -> str:
    """`150000` → `$1,500.00`, `-5` → `-$0.05`."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}${cents // 100:,}.{cents % 100:02d}"


def plain(cents: int) -> str:
    """`150000` → `1500.00`: for CSV files and form fields."""
    sign, cents = ("-", -cents) if cents < 0 else ("", cents)
    return f"{sign}{cents // 100}.{cents % 100:02d}"


def percent(bps: int) -> str:
    """`750` → `7.5%`, `5` → `0.05%`."""
    return f"{Decimal(bps).scaleb(-2).normalize():f}%"


def parse_cents(text: str) -> int:
    """Read an amount as people write it: `1,500`, `$1500.00`, `-$3.5`, `(20.00)`.

    Raises ValueError with a sentence for the person who wrote it.
    """
    raw = text.strip()
    negative = raw.startswith("(") and raw.endswith(")")
    found = _AMOUNT.match(raw[1:-1].strip() if negative else raw)
    if not found or not (found[3] or found[4]) or (found[1] and found[2]):
        raise ValueError(f"“{text.strip()[:40]}” is not an amount. Write it like 1500 or 1,500.00.")
    cents = int((found[3] or "0").replace(",", "")) * 100 + int((found[4] or "0").ljust(2, "0"))
    if cents > MAX_CENTS:
        raise ValueError(f"{raw[:40]} is more than any amount can be.")
    return -cents if negative or found[1] or found[2] else cents


def parse_bps(text: str) -> int:
    """Read a percentage as people write it: `7.5`, `7.5%` → 750. Raises ValueError with a sentence."""
    raw = text.strip().removesuffix("%").strip()
    if not re.fullmatch(r"\d{1,5}(\.\d{1,2})?", raw):
        raise ValueError(f"“{text.strip()[:40]}” is not a percentage. Write it like 7.5.")
    return int(Decimal(raw).scaleb(2))


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Divide cents by weights without losing one: largest remainder, ties to the earlier weight.

    A negative total is the mirror image of the positive one, so a reversal cancels its original exactly.
    """
    if total < 0:
        return [-part for part in split(-total, weights)]
    whole = sum(weights)
    if whole <= 0:
        return [0] * len(weights)
    parts = [total * w // whole for w in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts
