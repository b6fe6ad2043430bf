"""What must hold for items and their prices. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from webapp.kit import clean, money

FIELDS = ("name", "code", "category_id", "list_price_cents", "description", "archived")
CATEGORY_FIELDS = ("name", "archived")
ROUNDINGS = {1: "To the cent", 100: "To the dollar", 500: "To 5 dollars", 1000: "To 10 dollars"}
LEAST_CHANGE, MOST_CHANGE = -9_000, 100_000  # basis points: −90% to +1000%


def cleaned(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values of an item fit to keep; only the fields that are there. Raises Invalid naming every wrong one."""
    found = {name: values[name] for name in FIELDS if name in values}
    problems = clean.Problems()
    problems.each(found, _CLEANERS)
    if "code" in found:
        found["code"] = found["code"] or None
    problems.done()
    return found


def cleaned_category(values: Mapping[str, Any]) -> dict[str, Any]:
    """As :func:`cleaned`, for a category."""
    found = {name: values[name] for name in CATEGORY_FIELDS if name in values}
    problems = clean.Problems()
    problems.each(found, {"name": lambda text: clean.name(text, 80)})
    problems.done()
    return found


def _price(cents: int) -> int:
    if not 0 <= cents <= money.MAX_CENTS:
        raise ValueError("A list price must be zero or more, and at most ten billion dollars.")
    return cents


_CLEANERS: dict[str, Callable[[Any], Any]] = {
    "name": lambda text: clean.name(text, 160),
    "code": lambda text: clean.line(text, 60),
    "description": lambda text: clean.lines(text, 4_000),
    "list_price_cents": _price,
}


def changed_price(cents: int, bps: int, step: int = 1) -> int:
    """A list price changed by basis points (750 = +7.5%), then rounded to a step of cents, both half to even.

    A price above zero never becomes zero.
    """
    exact = cents + money.share(cents, bps)
    whole, rest = divmod(exact, step)
    up = rest * 2 > step or (rest * 2 == step and whole % 2 == 1)
    found = (whole + up) * step
    return max(found, step) if cents > 0 else found


def check_change(bps: int | None) -> int:
    """A percentage that prices may be changed by. Raises ValueError with a sentence."""
    if bps is None or bps == 0:
        raise ValueError("Write by how many percent, such as 5 or -2.5.")
    if not LEAST_CHANGE <= bps <= MOST_CHANGE:
        raise ValueError("Prices can be changed by −90% to +1000% at once.")
    return bps
