"""Recognising API keys: whom a key stands for, whether it may be used now and from here.

A key reads `<prefix><12 characters that find it><24 of secret><6 of checksum>`, e.g. `eal_live_…`. The checksum turns
away what was mistyped or made up without asking the database, and lets scanners recognise a leaked key.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from uuid import UUID

from flask import g, has_request_context
from sqlalchemy import select

from webapp.accounts import key_rules as rules
from webapp.accounts.permissions import COMPANY_EDIT, KEYS_MANAGE, USERS_MANAGE
from webapp.accounts.service import sandboxes, sessions
from webapp.accounts.service.cache import Known, PrincipalCache
from webapp.kit import clock, context, dialects, directory, errors, ids, permissions, scopes
from webapp.kit.context import Principal
from webapp.kit.db import db
from webapp.models import ApiKey

LOOKUP, SECRET, SUM = 12, 24, 6
SHOWN = 4  # of a secret's end, to tell two apart
CURRENT, PREVIOUS = "current", "previous"


@dataclass(frozen=True, slots=True)
class Product:
    """One API that has keys: how they begin, what binds them, and whether they work on the sandbox."""

    name: str
    title: str
    prefix: str
    dialect: dialects.Dialect
    bound_to: str = ""  # role, scope, or nothing

    @property
    def test(self) -> bool:
        return self.name.endswith("_test")

    @property
    def api(self) -> str:
        """The product a principal is of: `growth` for `growth_test` too."""
        return self.name.removesuffix("_test")


def _both(
    name: str, title: str, start: str, live: str, dialect: dialects.Dialect, bound_to: str = ""
) -> list[Product]:
    return [Product(name, title, f"{start}_{live}_", dialect, bound_to),
            Product(f"{name}_test", f"{title}, test mode", f"{start}_test_", dialect, bound_to)]  # fmt: skip


PRODUCTS = {p.name: p for p in (
    *_both("field", "Field service API", "tk", "live", dialects.FIELD, "role"),
    *_both("growth", "Growth API", "eal", "live", dialects.GROWTH, "scope"),
    *_both("closebot", "CloseBot", "cb", "live", dialects.CLOSEBOT),
    *_both("fixflow", "FixFlow", "ff", "live", dialects.FIXFLOW),
    *_both("ledgerpilot", "LedgerPilot", "lp", "live", dialects.LEDGERPILOT),
    *_both("agents", "Agents API", "op", "prod", dialects.AGENTS),
)}  # fmt: skip
SCOPES = ("read", "write", "admin")
ADMIN_ONLY = frozenset({COMPANY_EDIT, USERS_MANAGE, KEYS_MANAGE})

_cache: PrincipalCache[bytes] = PrincipalCache()


class Over(errors.Unauthorized):
    """The key is right and was good once. Said only to who holds its whole secret."""


@dataclass(frozen=True, slots=True)
class Use:
    """A key that this request came with, for its count."""

    tenant_id: UUID
    key_id: int
    secret: str  # current or previous


def product_of(key: str) -> Product | None:
    """The product whose keys begin like this text."""
    return next((p for p in PRODUCTS.values() if key.startswith(p.prefix)), None)


def well_formed(key: str) -> bool:
    """Whether a text is a key by length, letters and checksum; asks nobody."""
    product = product_of(key)
    if product is None or len(key) != len(product.prefix) + LOOKUP + SECRET + SUM:
        return False
    return key.isascii() and hmac.compare_digest(ids.checksum(key[:-SUM]), key[-SUM:])


def find(key: str) -> Principal | None:
    """Whom a key stands for, or None when it is none, or revoked.

    Raises Over for one that expired or was replaced, Forbidden for one that may not be used from here; both are told
    only to who has the whole secret. Binds the present database session to the key's organization, and notes the use
    for the count of the request.
    """
    if not well_formed(key):
        return None
    name = sessions.hashed(key)
    known = _cache.get(name)
    if known is None:
        known = _look_up(key, name)
        if known is None:
            return None
        _cache.put(name, known)
    who = known.principal
    _note(Use(who.extra["owner"], who.id or 0, who.extra["secret"]))
    _check_address(who)
    return who


def _note(use: Use) -> None:
    if has_request_context():
        g.key_use = use


def _check_address(who: Principal) -> None:
    address = context.origin().address
    if not rules.admits(who.extra["allowed"], address):
        raise errors.Forbidden(f"This API key may not be used from {address or 'here'}: it is bound to other addresses.",
                               details={"address": address})  # fmt: skip


def _look_up(key: str, name: bytes) -> Known | None:
    product = product_of(key)
    assert product is not None  # it is well formed
    lookup = key[: len(product.prefix) + LOOKUP]
    tenant = directory.find("key", lookup)
    if tenant is None:
        return None
    sessions.bind(tenant)
    row = db.session.scalar(select(ApiKey).where(ApiKey.tenant_id == tenant, ApiKey.lookup_key == lookup))
    if row is None or row.revoked_at is not None:
        return None
    which = _which(row, name)
    if which is None:
        return None
    over = _over(row, which)
    if over:
        _note(Use(tenant, row.id, which))
        raise Over(over)
    ends = [e for e in (row.expires_at, row.previous_until if which == PREVIOUS else None) if e is not None]
    return Known(_principal(row, which), name, row.last_used_at, min(ends, default=None))


def _which(row: ApiKey, name: bytes) -> str | None:
    if hmac.compare_digest(bytes(row.secret_hash), name):
        return CURRENT
    if row.previous_hash is not None and hmac.compare_digest(bytes(row.previous_hash), name):
        return PREVIOUS
    return None


def _over(row: ApiKey, which: str) -> str:
    now = clock.now()
    if row.expires_at is not None and row.expires_at <= now:
        return f"This API key expired on {_moment(row.expires_at)}. Ask for a new one."
    if which == PREVIOUS and (row.previous_until is None or row.previous_until <= now):
        ended = f" on {_moment(row.previous_until)}" if row.previous_until else ""
        return f"This API key’s secret was replaced, and stopped working{ended}. Use the new one."
    return ""


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d at %H:%M} UTC"


def stands(row: ApiKey) -> bool:
    """Whether a key was neither revoked nor has expired."""
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > clock.now())


def stands_for(row: ApiKey, who: Principal) -> bool:
    """Whether a stream that a key opened may go on: it stands, and may still what it might then, from there."""
    which = _marked(row, who.extra["mark"])
    return (
        stands(row)
        and scopes_of(row) == who.scopes
        and _networks(row) == who.extra["allowed"]
        and which is not None
        and not _over(row, which)
    )


def _mark(secret_hash: bytes) -> str:
    """What tells a key's secrets apart without being one: which of them is the present one changes with a rotation."""
    return bytes(secret_hash).hex()[:16]


def _marked(row: ApiKey, mark: str) -> str | None:
    """Which of a key's secrets has a mark now; None when it has none of it any more."""
    if mark == _mark(row.secret_hash):
        return CURRENT
    return PREVIOUS if row.previous_hash is not None and mark == _mark(row.previous_hash) else None


def by_id(tenant_id: UUID, key_id: int, mark: str) -> Principal | None:
    """Whom a key stands for that was recognised a moment ago, or None when it does not stand any more.

    `tenant_id` is the key's own organization, which for a test key is not the one it acts in; `mark` that of the secret
    which was shown then, as its principal has it. Raises Forbidden as :func:`find`.
    """
    sessions.bind(tenant_id)
    row = db.session.get(ApiKey, (tenant_id, key_id))
    which = _marked(row, mark) if row is not None else None
    if row is None or which is None or not stands(row) or _over(row, which):
        return None
    who = _principal(row, which)
    _note(Use(tenant_id, key_id, which))
    _check_address(who)
    return who


def scopes_of(row: ApiKey) -> frozenset[str] | None:
    """What a key is narrowed to, as a principal has it; None for a key with full access."""
    if row.access == "full":
        return None
    return frozenset({scopes.READS}) if row.access == "read" else frozenset(row.scopes)


def _networks(row: ApiKey) -> tuple[rules.Network, ...]:
    return tuple(ip_network(text) for text in row.allowed)


def _principal(row: ApiKey, which: str) -> Principal:
    product = PRODUCTS[row.product]
    return Principal(
        kind="key",
        tenant_id=sandboxes.of(row.tenant_id) if product.test else row.tenant_id,
        id=row.id,
        name=row.name,
        roles=(row.role,) if row.role else (),
        permissions=scopes.narrowed(given(row.role, row.scope), scopes_of(row)),
        scope=row.scope,
        scopes=scopes_of(row),
        product=product.api,
        environment="test" if product.test else "live",
        extra={
            "public_id": str(row.public_id),
            "owner": row.tenant_id,
            "allowed": _networks(row),
            "secret": which,
            "mark": _mark((row.previous_hash or b"") if which == PREVIOUS else row.secret_hash),
        },
    )


def given(role: str, scope: str) -> frozenset[str]:
    """The permissions of a key with a role, or a growth key's level, before any narrowing."""
    if role:
        return permissions.of_roles((role,))
    everything = permissions.of_roles(("admin",))
    # a route's own scope decides what a growth key may do; what governs the company itself needs `admin`
    return everything if scope == "admin" else everything - ADMIN_ONLY


def forget(which: Callable[[Principal], bool]) -> None:
    """Have this process look up some keys anew."""
    _cache.forget(which)
