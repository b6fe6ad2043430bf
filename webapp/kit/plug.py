"""What a domain plugs into the house: each domain's `plug.py` holds one `PLUG`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint


@dataclass(frozen=True, slots=True)
class NavItem:
    """An entry of the navigation, for those who have the permission (and one of the roles, if any are named)."""

    section: str  # "", Work, Pay, People, Settings …; sections appear in the order of their first entry
    label: str
    url: str
    icon: str  # a name in static/src/icons.txt
    order: int
    permission: str = ""
    key: str = ""  # keyboard: "g s"
    roles: tuple[str, ...] = ()
    badge: Callable[[], int | None] | None = None


@dataclass(frozen=True, slots=True)
class Plug:
    """A domain's blueprints, navigation, and what else it connects at start-up (event handlers, CLI, hooks)."""

    blueprints: Sequence[Blueprint] = ()
    navigation: Sequence[NavItem] = field(default=())
    wire: Callable[[Any], None] | None = None
