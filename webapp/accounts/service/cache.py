"""What this process believes about sessions and keys for a few seconds, so that most requests ask nobody.

`settings.principal_cache_seconds` bounds it: a revocation elsewhere takes effect within that time, one in this process
at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from flask import current_app

from webapp.kit import clock
from webapp.kit.context import Principal

K = TypeVar("K")
MOST = 20_000  # entries; past it the cache starts anew rather than grow


@dataclass(slots=True)
class Known:
    """A credential that was found good: whom it stands for, and its secret's hash for the next comparison."""

    principal: Principal
    secret_hash: bytes
    last_used_at: datetime | None
    ends_at: datetime | None = None  # not to be believed from this moment on


class PrincipalCache(Generic[K]):
    """Credentials found good, by session or key, each for a few seconds."""

    def __init__(self) -> None:
        self._entries: dict[K, tuple[float, Known]] = {}

    def get(self, key: K) -> Known | None:
        found = self._entries.get(key)
        if found is None or found[0] <= clock.monotonic():
            return None
        known = found[1]
        return known if known.ends_at is None or known.ends_at > clock.now() else None

    def put(self, key: K, known: Known) -> None:
        seconds = current_app.config["SETTINGS"].principal_cache_seconds
        if seconds <= 0:
            return
        if len(self._entries) >= MOST:
            self._entries.clear()
        self._entries[key] = (clock.monotonic() + seconds, known)

    def forget(self, which: Callable[[Principal], bool]) -> None:
        """Drop every entry whose principal is meant (after a revocation, a change of roles)."""
        for key, (_, known) in list(self._entries.items()):
            if which(known.principal):
                self._entries.pop(key, None)

    def clear(self) -> None:
        self._entries.clear()
