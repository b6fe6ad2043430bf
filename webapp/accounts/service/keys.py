"""API keys of every product: shown once, kept as a hash, found through the directory.

A key reads `<prefix><12 characters that find it><24 of secret><6 of checksum>`, e.g. `eal_live_…`. The checksum turns
away what was mistyped or made up without asking the database, and lets scanners recognise a leaked key.
"""

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from webapp.accounts.permissions import COMPANY_EDIT, KEYS_MANAGE, USERS_MANAGE
from webapp.accounts.service import organizations, sessions, users
from webapp.accounts.service.cache import Known, PrincipalCache
from webapp.kit import clock, context, directory, errors, events, ids, journal, permissions, tenancy
from webapp.kit.context import Principal
from webapp.kit.db import add, db, get
from webapp.models import ApiKey, Organization

KEY_CREATED = events.declare(
    "api_key.created", "An API key was made", {"name": "Website", "product": "growth"}
)
KEY_REVOKED = events.declare(
    "api_key.revoked", "An API key was revoked", {"name": "Website", "product": "growth"}
)


@dataclass(frozen=True, slots=True)
class Product:
    """One API that has keys: how they begin, and what binds them."""

    name: str
    title: str
    prefix: str
    bound_to: str = ""  # role, scope, or nothing


PRODUCTS = {p.name: p for p in (
    Product("field", "Field service API", "tk_live_", "role"),
    Product("growth", "Growth API", "eal_live_", "scope"),
    Product("growth_test", "Growth API, test mode", "eal_test_", "scope"),
    Product("closebot", "CloseBot", "cb_live_"),
    Product("fixflow", "FixFlow", "ff_live_"),
    Product("ledgerpilot", "LedgerPilot", "lp_live_"),
    Product("agents", "Agents API", "op_prod_"),
)}  # fmt: skip
SCOPES = ("read", "write", "admin")
ROLES = ("admin", "manager", "dispatcher", "payroll", "accountant")  # what a field key may be bound to
LOOKUP, SECRET, SUM = 12, 24, 6
TOUCH_EVERY = timedelta(minutes=1)
ADMIN_ONLY = frozenset({COMPANY_EDIT, USERS_MANAGE, KEYS_MANAGE})

_cache: PrincipalCache[bytes] = PrincipalCache()


def product_of(key: str) -> Product | None:
    """The product whose keys begin like this text."""
    return next((p for p in PRODUCTS.values() if key.startswith(p.prefix)), None)


def well_formed(key: str) -> bool:
    """Whether a text is a key by length, letters and checksum; asks nobody."""
    product = product_of(key)
    if product is None or len(key) != len(product.prefix) + LOOKUP + SECRET + SUM:
        return False
    return key.isascii() and hmac.compare_digest(ids.checksum(key[:-SUM]), key[-SUM:])


def create(name: str, product: str, *, role: str = "", scope: str = "",
           expires_at: datetime | None = None) -> tuple[ApiKey, str]:  # fmt: skip
    """Make a key. Returns its row and the key itself, which is never seen again.

    A field key is bound to a role, a growth key to a scope. Raises Invalid naming what is wrong, Forbidden for a key
    that could do more than its maker.
    """
    permissions.demand(KEYS_MANAGE)
    what = PRODUCTS.get(product)
    if what is None:
        raise errors.Invalid.one("product", f"Choose one of {', '.join(PRODUCTS)}.")
    name = name.strip()
    if not 1 <= len(name) <= 80:
        raise errors.Invalid.one("name", "Give the key a name of 1 to 80 characters.")
    if what.bound_to == "role" and role not in ROLES:
        raise errors.Invalid.one("role", f"A field key acts with a role: {', '.join(ROLES)}.")
    if what.bound_to == "scope" and scope not in SCOPES:
        raise errors.Invalid.one("scope", f"Choose one of {', '.join(SCOPES)}.")
    if expires_at is not None and expires_at <= clock.now():
        raise errors.Invalid.one("expires_at", "The key would have expired already.")
    if what.bound_to:
        users.refuse_more_than_own(_given(role if what.bound_to == "role" else "", scope))
    start = what.prefix + ids.token(LOOKUP + SECRET)
    key = start + ids.checksum(start)
    lookup = key[: len(what.prefix) + LOOKUP]
    who = context.principal()
    row = add(ApiKey(
        name=name, product=product, prefix=key[: len(what.prefix) + 6], lookup_key=lookup,
        secret_hash=sessions.hashed(key), role=role if what.bound_to == "role" else "",
        scope=scope if what.bound_to == "scope" else "", created_by=who.id if who.kind == "user" else None,
        expires_at=expires_at,
    ))  # fmt: skip
    directory.put("key", lookup, row.tenant_id)
    journal.audit("api_key.created", row)
    events.emit(KEY_CREATED, row.id, {"name": name, "product": product})
    return row, key


def revoke(key_id: int) -> ApiKey:
    """Make a key useless, everywhere within seconds. Revoking a revoked one changes nothing."""
    permissions.demand(KEYS_MANAGE)
    row = get(ApiKey, key_id, what="API key", lock=True)
    if row.revoked_at is None:
        before = journal.snapshot(row)
        row.revoked_at = clock.now()
        directory.remove("key", row.lookup_key, row.tenant_id)
        journal.after_commit(lambda: _cache.forget(lambda who: who.id == key_id))
        journal.audit("api_key.revoked", row, before=before)
        events.emit(KEY_REVOKED, row.id, {"name": row.name, "product": row.product})
    return row


def find(key: str) -> Principal | None:
    """Whom a key stands for, or None when it is not one, revoked or expired.

    Binds the present database session to the key's organization; the use is noted in another.
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
    if known.last_used_at is None or clock.now() - known.last_used_at >= TOUCH_EVERY:
        known.last_used_at = clock.now()
        _touch(known.principal)
    return known.principal


def _look_up(key: str, name: bytes) -> Known | None:
    product = product_of(key)
    assert product is not None  # it is well formed
    lookup = key[: len(product.prefix) + LOOKUP]
    tenant = directory.find("key", lookup)
    if tenant is None:
        return None
    sessions.bind(tenant)
    row = db.session.scalar(select(ApiKey).where(ApiKey.tenant_id == tenant, ApiKey.lookup_key == lookup))
    if row is None or not hmac.compare_digest(bytes(row.secret_hash), name) or not stands(row):
        return None
    return Known(_principal(row), name, row.last_used_at, row.expires_at)


def stands(row: ApiKey) -> bool:
    """Whether a key was neither revoked nor has expired."""
    return row.revoked_at is None and (row.expires_at is None or row.expires_at > clock.now())


def by_id(tenant_id: UUID, key_id: int) -> Principal | None:
    """Whom a key stands for that was recognised a moment ago, or None when it does not stand any more."""
    sessions.bind(tenant_id)
    row = db.session.get(ApiKey, (tenant_id, key_id))
    return _principal(row) if row is not None and stands(row) else None


def _principal(row: ApiKey) -> Principal:
    test = row.product == "growth_test"
    return Principal(
        kind="key",
        tenant_id=sandbox_of(row.tenant_id) if test else row.tenant_id,
        id=row.id,
        name=row.name,
        roles=(row.role,) if row.role else (),
        permissions=_given(row.role, row.scope),
        scope=row.scope,
        product="growth" if test else row.product,
        environment="test" if test else "live",
        extra={"public_id": str(row.public_id), "owner": row.tenant_id},
    )


def _given(role: str, scope: str) -> frozenset[str]:
    if role:
        return permissions.of_roles((role,))
    everything = permissions.of_roles(("admin",))
    # a route's own scope decides what a growth key may do; what governs the company itself needs `admin`
    return everything if scope == "admin" else everything - ADMIN_ONLY


def _touch(who: Principal) -> None:
    now, owner = clock.now(), who.extra["owner"]
    with tenancy.across(owner):
        db.session.execute(
            update(ApiKey)
            .where(ApiKey.tenant_id == owner, ApiKey.id == who.id,
                   (ApiKey.last_used_at.is_(None)) | (ApiKey.last_used_at <= now - TOUCH_EVERY))
            .values(last_used_at=now)
            .execution_options(synchronize_session=False)
        )  # fmt: skip


# Test mode --------------------------------------------------------------------------------------------------------


def sandbox_of(tenant_id: UUID) -> UUID:
    """The organization that test keys of this one act in, made on first use. Its id follows from the real one's."""
    sandbox = uuid5(tenant_id, "sandbox")
    if directory.find("organization", str(sandbox)) is not None:
        return sandbox
    real = db.session.get(Organization, tenant_id)
    assert real is not None  # a key belongs to an organization
    new = organizations.NewOrganization(
        name=f"{real.name} (test)", owner_username="owner", owner_name="Test mode", time_zone=real.time_zone,
        industry=real.industry, tenant_id=sandbox, extra={"sandbox_of": tenant_id, "locale": real.locale},
    )  # fmt: skip
    try:
        organizations.create(new)
    except IntegrityError:
        # another first use made it a moment ago
        if directory.find("organization", str(sandbox)) is None:
            raise
    return sandbox
