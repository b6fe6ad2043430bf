"""What an API key may be narrowed to: one scope for each route, made from the permission the route declares.

`sales.record` on a POST is `sales:write`, `sales.read` on a GET is `sales:read`: the matter of the route's first
permission, and whether the call changes something. A new route has its scope by declaring its permission, and a key that
was given chosen scopes does not get it by itself unless it belongs to one of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from webapp.kit import errors
from webapp.kit.api import ROUTES, Route
from webapp.kit.context import Principal
from webapp.kit.dialects import Dialect

READS = "*:read"  # of a principal: every scope that reads, also those of routes to come
OWN = "account"  # routes that ask for nothing but a credential: whose key this is
ALWAYS = frozenset({f"{OWN}:read"})  # what every key may, so that a program can see whether it is let in
_SAFE = ("GET", "HEAD")
_READING = ("read", "lookup")  # deeds that change nothing, whatever the method


@dataclass(slots=True)
class Area:
    """What is read and written under one name, in one dialect."""

    name: str
    reads: bool = False
    writes: bool = False
    tags: list[str] = field(default_factory=list)  # of its routes

    @property
    def label(self) -> str:
        """`service-zones` → “Service zones”."""
        words = self.name.replace("-", " ")
        return words.upper() if len(words) <= 3 else words.capitalize()

    @property
    def scopes(self) -> list[str]:
        return [
            f"{self.name}:{deed}" for deed, there in (("read", self.reads), ("write", self.writes)) if there
        ]


def of(route: Route) -> str:
    """The scope that a key needs for a route; empty for public ones, which need no key."""
    if route.rule.public:
        return ""
    # of several permissions the first is the office's, which is what keys act as
    matter, _, deed = (route.rule.permissions or (f"{OWN}.",))[0].partition(".")
    reads = route.method in _SAFE or deed in _READING
    return f"{matter}:{'read' if reads else 'write'}"


def areas(dialect: Dialect | None = None) -> list[Area]:
    """What can be chosen for a key of one dialect (or of any), by name; without what every key may."""
    found: dict[str, Area] = {}
    for route in ROUTES:
        scope = of(route)
        if not scope or scope in ALWAYS or (dialect is not None and route.dialect is not dialect):
            continue
        name, _, deed = scope.partition(":")
        area = found.setdefault(name, Area(name))
        area.reads |= deed == "read"
        area.writes |= deed == "write"
        if route.tag not in area.tags:
            area.tags.append(route.tag)
    return sorted(found.values(), key=lambda a: a.label)


def names(dialect: Dialect | None = None) -> frozenset[str]:
    """Every scope of a dialect (or of any) that a key can be given."""
    return frozenset(scope for area in areas(dialect) for scope in area.scopes)


def covers(held: frozenset[str] | None, wanted: str) -> bool:
    """Whether what a key holds (None: everything) lets it use a scope."""
    if held is None or wanted in held or wanted in ALWAYS:
        return True
    return READS in held and wanted.endswith(":read")


def narrowed(permissions: frozenset[str], held: frozenset[str] | None) -> frozenset[str]:
    """The permissions that a key has left: those of the matters that its scopes are about.

    A route asks for its own permission; what an answer shows besides, what a stream tells and what a service demands
    further on is asked of these. So a key for sales sees no pay, and one for the board hears of no time sheets.
    """
    if held is None or READS in held:
        return permissions
    matters = {scope.partition(":")[0] for scope in held}
    return frozenset(one for one in permissions if one.partition(".")[0] in matters)


def check(route: Route, who: Principal) -> None:
    """Refuse a key whose scopes leave a route out. Raises Forbidden naming the scope that is missing."""
    if who.scopes is None:
        return
    wanted = of(route)
    if wanted and not covers(who.scopes, wanted):
        raise errors.Forbidden(f"This needs a key with the scope “{wanted}”; this one has {told(who.scopes)}.",
                               details={"scope": wanted})  # fmt: skip


def told(held: Iterable[str], most: int = 8) -> str:
    """Scopes as a sentence has them."""
    known = sorted(held)
    if known == [READS]:
        return "all that read, and none that write"
    if not known:
        return "none"
    shown = ", ".join(f"“{scope}”" for scope in known[:most])
    return shown if len(known) <= most else f"{shown} and {len(known) - most} more"
