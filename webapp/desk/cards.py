"""The cards of Today: what needs somebody now. Each is a function that says so, or None when nothing does."""

from collections.abc import Callable
from dataclasses import dataclass, field

from webapp.kit.permissions import may

Make = Callable[[], "Card | None"]


@dataclass(frozen=True, slots=True)
class Card:
    """One matter that waits. `text` is the quieter line; `meta` stands at the end (an amount)."""

    title: str
    url: str
    text: str = ""
    icon: str = "circle"
    tone: str = "accent"  # neutral accent info success warning danger
    meta: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class _Registered:
    permission: str
    order: int
    make: Make = field(compare=False)


_REGISTERED: dict[str, _Registered] = {}


def card(permission: str, order: int) -> Callable[[Make], Make]:
    """Register a card for who has the permission; cards are shown by `order`."""

    def register(make: Make) -> Make:
        _REGISTERED[f"{make.__module__}.{make.__name__}"] = _Registered(permission, order, make)
        return make

    return register


def now() -> list[Card]:
    """What needs the present person, in order."""
    found = []
    for entry in sorted(_REGISTERED.values(), key=lambda e: e.order):
        if may(entry.permission):
            made = entry.make()
            if made is not None:
                found.append(made)
    return found
