"""Who is acting. One `Principal` per request or job, in a context variable."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from webapp.kit import ids


@dataclass(frozen=True, slots=True)
class Principal:
    """The person, key or job that acts, as authentication found it."""

    kind: str  # user, key, customer, job, system, public
    tenant_id: UUID | None = None
    id: int | None = None  # the user's, key's or customer's id
    name: str = ""
    roles: tuple[str, ...] = ()
    permissions: frozenset[str] = frozenset()
    technician_id: int | None = None
    session_id: int | None = None
    scope: str = ""  # growth keys: read, write or admin
    scopes: frozenset[str] | None = None  # API keys: what they are narrowed to (kit.scopes); None: nothing
    product: str = ""  # API keys: field, growth, closebot, …
    environment: str = "live"  # live or test (a sandbox key)
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def label(self) -> str:
        """How the audit log names it, e.g. `user:12`."""
        return f"{self.kind}:{self.id}" if self.id is not None else self.kind

    def may(self, permission: str) -> bool:
        return permission in self.permissions


PUBLIC = Principal(kind="public")
SYSTEM = Principal(kind="system", name="Truckroll")


@dataclass(slots=True)
class Origin:
    """Where a change comes from; written on every audit entry."""

    source: str = "system"  # web, api, cron, worker, system
    address: str = ""
    correlation_id: str = ""


_principal: ContextVar[Principal] = ContextVar("principal", default=PUBLIC)
_origin: ContextVar[Origin | None] = ContextVar("origin", default=None)


def principal() -> Principal:
    return _principal.get()


def tenant_id() -> UUID:
    """The organization being acted in. Raises LookupError where there is none (a bug, not a user's mistake)."""
    found = _principal.get().tenant_id
    if found is None:
        raise LookupError("no organization is set for this work")
    return found


def origin() -> Origin:
    found = _origin.get()
    if found is None:
        found = Origin(correlation_id=ids.prefixed("corr"))
        _origin.set(found)
    return found


def set_principal(who: Principal) -> None:
    _principal.set(who)


def set_origin(where: Origin) -> None:
    _origin.set(where)


@contextmanager
def acting(who: Principal, where: Origin | None = None) -> Iterator[Principal]:
    """Act as somebody for a while, then as before."""
    token, token2 = _principal.set(who), _origin.set(where or _origin.get())
    try:
        yield who
    finally:
        _principal.reset(token)
        _origin.reset(token2)
