"""API keys of every product: made, changed, rotated, revoked. Shown once, kept as a hash, found through the directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from webapp.accounts import key_rules as rules
from webapp.accounts.permissions import KEYS_MANAGE
from webapp.accounts.service import keyring, sandboxes, sessions, users
from webapp.accounts.service.keyring import LOOKUP, PRODUCTS, SCOPES, SECRET, SHOWN, Product
from webapp.kit import clock, context, directory, errors, events, ids, journal, permissions, scopes
from webapp.kit.db import add, get
from webapp.models import ApiKey

__all__ = [
    "PRODUCTS",
    "ROLES",
    "SCOPES",
    "Product",
    "Wanted",
    "change",
    "create",
    "end_overlap",
    "revoke",
    "rotate",
]

KEY_CREATED = events.declare(
    "api_key.created", "An API key was made", {"name": "Website", "product": "growth"}
)
KEY_CHANGED = events.declare(
    "api_key.changed",
    "What an API key may, from where or until when was changed",
    {"name": "Website", "product": "growth"},
)
KEY_ROTATED = events.declare(
    "api_key.rotated", "An API key was given a new secret", {"name": "Website", "product": "growth"}
)
KEY_REVOKED = events.declare(
    "api_key.revoked", "An API key was revoked", {"name": "Website", "product": "growth"}
)
ROLES = ("admin", "manager", "dispatcher", "payroll", "accountant")  # what a field key may be bound to


@dataclass(frozen=True, slots=True)
class Wanted:
    """What can be changed of a key: its name, what it is narrowed to, from where and until when it works.

    `scopes` count with the access `chosen` only; `allowed` are addresses and CIDR blocks, none for anywhere.
    """

    name: str
    access: str = "full"
    scopes: Sequence[str] = ()
    allowed: Sequence[str] = ()
    expires_at: datetime | None = None


def create(name: str, product: str, *, role: str = "", scope: str = "", expires_at: datetime | None = None,
           access: str = "full", chosen: Sequence[str] = (), allowed: Sequence[str] = ()) -> tuple[ApiKey, str]:  # fmt: skip
    """Make a key. Returns its row and the key itself, which is never seen again.

    A field key is bound to a role, a growth key to a level (`scope`); `access`, `chosen` scopes and `allowed` addresses
    narrow it further. A test key's sandbox is made with it. Raises Invalid naming what is wrong, Forbidden for a key that
    could do more than its maker.
    """
    permissions.demand(KEYS_MANAGE)
    what = PRODUCTS.get(product)
    if what is None:
        raise errors.Invalid.one("product", f"Choose one of {', '.join(PRODUCTS)}.")
    if what.bound_to == "role" and role not in ROLES:
        raise errors.Invalid.one("role", f"A field key acts with a role: {', '.join(ROLES)}.")
    if what.bound_to == "scope" and scope not in SCOPES:
        raise errors.Invalid.one("scope", f"Choose one of {', '.join(SCOPES)}.")
    wanted = _checked(Wanted(name, access, chosen, allowed, expires_at), what, scope)
    if wanted.expires_at is not None and wanted.expires_at <= clock.now():
        raise errors.Invalid.one("expires_at", "The key would have expired already.")
    if what.bound_to:
        users.refuse_more_than_own(keyring.given(role if what.bound_to == "role" else "", scope))
    lookup = what.prefix + ids.token(LOOKUP)
    key = _key(lookup)
    who = context.principal()
    row = add(ApiKey(
        name=wanted.name, product=product, prefix=key[: len(what.prefix) + 6], lookup_key=lookup,
        secret_hash=sessions.hashed(key), secret_end=key[-SHOWN:], role=role if what.bound_to == "role" else "",
        scope=scope if what.bound_to == "scope" else "", created_by=who.id if who.kind == "user" else None,
        access=wanted.access, scopes=list(wanted.scopes), allowed=list(wanted.allowed), expires_at=wanted.expires_at,
        reminded=_told_already(wanted.expires_at),
    ))  # fmt: skip
    directory.put("key", lookup, row.tenant_id)
    if what.test:
        sandboxes.of(row.tenant_id)
    journal.audit("api_key.created", row)
    events.emit(KEY_CREATED, row.id, {"name": row.name, "product": product})
    return row, key


def _key(lookup: str) -> str:
    start = lookup + ids.token(SECRET)
    return start + ids.checksum(start)


def _told_already(expires_at: datetime | None) -> int:
    # who says that a key shall last a week needs no mail about it a moment later
    return rules.reminder(expires_at, clock.now(), 0)


def _checked(wanted: Wanted, product: Product, level: str) -> Wanted:
    """What is wanted, as it is kept. Raises Invalid naming the field."""
    name = wanted.name.strip()
    if not 1 <= len(name) <= 80:
        raise errors.Invalid.one("name", "Give the key a name of 1 to 80 characters.")
    if wanted.access not in rules.ACCESS:
        raise errors.Invalid.one("access", f"Choose one of {', '.join(rules.ACCESS)}.")
    chosen = sorted(set(wanted.scopes)) if wanted.access == "chosen" else []
    if wanted.access == "chosen":
        known = scopes.names(product.dialect)
        unknown = [one for one in chosen if one not in known]
        if unknown:
            raise errors.Invalid.one("scopes", f"{product.title} has no scope “{unknown[0][:60]}”.")
        if not chosen:
            raise errors.Invalid.one("scopes", "Choose at least one scope, or another kind of access.")
        writing = [one for one in chosen if one.endswith(":write")]
        if level == "read" and writing:
            raise errors.Invalid.one(
                "scopes", f"A key of the level “read” changes nothing, so “{writing[0]}” would be of no use."
            )
    try:
        allowed = rules.networks(wanted.allowed)
    except ValueError as problem:
        raise errors.Invalid.one("allowed", str(problem)) from None
    return Wanted(name, wanted.access, chosen, allowed, wanted.expires_at)


def change(key_id: int, wanted: Wanted) -> ApiKey:
    """Change a living key; it holds everywhere within seconds. Streams that it opened and may no longer have end.

    Raises Invalid, Conflict for a revoked or expired key, Forbidden for a key that may do more than who changes it.
    """
    row = _living(key_id)
    checked = _checked(wanted, PRODUCTS[row.product], row.scope)
    if (
        checked.expires_at != row.expires_at
        and checked.expires_at is not None
        and checked.expires_at <= clock.now()
    ):
        raise errors.Invalid.one(
            "expires_at", "The key would have expired already. To end it now, revoke it."
        )
    before = journal.snapshot(row)
    if checked.expires_at != row.expires_at:
        row.reminded = _told_already(checked.expires_at)
    row.name, row.access, row.expires_at = checked.name, checked.access, checked.expires_at
    row.scopes, row.allowed = list(checked.scopes), list(checked.allowed)
    if journal.snapshot(row) != before:
        _forgotten(row)
        journal.audit("api_key.changed", row, before=before)
        events.emit(KEY_CHANGED, row.id, {"name": row.name, "product": row.product})
    return row


def _living(key_id: int) -> ApiKey:
    """A key that may be changed by who asks, locked."""
    permissions.demand(KEYS_MANAGE)
    row = get(ApiKey, key_id, what="API key", lock=True)
    if not keyring.stands(row):
        raise errors.Conflict("This key is over; make a new one.")
    if PRODUCTS[row.product].bound_to:
        users.refuse_more_than_own(keyring.given(row.role, row.scope))
    return row


def _forgotten(row: ApiKey) -> None:
    tenant, number = row.tenant_id, row.id
    journal.after_commit(
        lambda: keyring.forget(lambda who: who.id == number and who.extra.get("owner") == tenant)
    )


def rotate(key_id: int, hours: int = rules.OVERLAP) -> tuple[ApiKey, str]:
    """Give a key a new secret; the one before works on for some hours (0 to 168).

    Returns the row and the new key, which is never seen again. Raises Invalid for the hours, Conflict for a key that is
    over or whose last overlap still runs: a third secret would end one that some program uses without anybody saying so.
    """
    row = _living(key_id)
    now = clock.now()
    try:
        until = now + rules.overlap(hours)
    except ValueError as problem:
        raise errors.Invalid.one("hours", str(problem)) from None
    if overlapping(row):
        raise errors.Conflict(
            "The secret before this one still works. End its overlap first; then rotate again."
        )
    before = journal.snapshot(row)
    key = _key(row.lookup_key)
    row.previous_hash, row.previous_end, row.previous_until = row.secret_hash, row.secret_end, until
    row.previous_used_at = row.last_used_at
    row.secret_hash, row.secret_end, row.rotated_at = sessions.hashed(key), key[-SHOWN:], now
    row.last_used_at = None  # from now on of the new secret
    _forgotten(row)
    journal.audit("api_key.rotated", row, before=before)
    events.emit(KEY_ROTATED, row.id, {"name": row.name, "product": row.product})
    return row, key


def overlapping(row: ApiKey) -> bool:
    """Whether the secret before the present one still works."""
    return row.previous_until is not None and row.previous_until > clock.now()


def end_overlap(key_id: int) -> ApiKey:
    """Make the secret before the present one useless now. Changes nothing when it is so already."""
    permissions.demand(KEYS_MANAGE)
    row = get(ApiKey, key_id, what="API key", lock=True)
    if overlapping(row):
        before = journal.snapshot(row)
        row.previous_until = clock.now()
        _forgotten(row)
        journal.audit("api_key.overlap_ended", row, before=before)
    return row


def revoke(key_id: int) -> ApiKey:
    """Make a key useless, everywhere within seconds. Revoking a revoked one changes nothing."""
    permissions.demand(KEYS_MANAGE)
    row = get(ApiKey, key_id, what="API key", lock=True)
    if row.revoked_at is None:
        before = journal.snapshot(row)
        row.revoked_at = clock.now()
        directory.remove("key", row.lookup_key, row.tenant_id)
        _forgotten(row)
        journal.audit("api_key.revoked", row, before=before)
        events.emit(KEY_REVOKED, row.id, {"name": row.name, "product": row.product})
    return row
