"""Finding an organization before it is known: by business code, host, key id, SSO subject, sign-in address
or the token of a customer's link."""

import hashlib
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from webapp.kit.db import db
from webapp.kit.tables import DirectoryEntry

SINGLE = ("organization", "code", "host", "key")
EXACT = ("key", "visit-link")  # random text, in which capital and small letters differ


class Taken(Exception):
    """Another organization already holds this name."""


def lookup_hash(kind: str, value: str) -> bytes:
    name = value if kind in EXACT else value.strip().casefold()
    return hashlib.sha256(f"{kind}:{name}".encode()).digest()


def find(kind: str, value: str) -> UUID | None:
    """The organization that holds a name, or None."""
    found = find_all(kind, value)
    return found[0] if found else None


def find_all(kind: str, value: str) -> list[UUID]:
    """Every organization that holds a name; more than one only for addresses and SSO subjects."""
    statement = select(DirectoryEntry.tenant_id).where(
        DirectoryEntry.kind == kind, DirectoryEntry.lookup_hash == lookup_hash(kind, value)
    )
    return list(db.session.scalars(statement))


def put(kind: str, value: str, tenant_id: UUID) -> None:
    """Register a name. Raises Taken when it names one organization only and another has it."""
    if tenant_id in find_all(kind, value):
        return
    try:
        with db.session.begin_nested():
            db.session.add(
                DirectoryEntry(kind=kind, lookup_hash=lookup_hash(kind, value), tenant_id=tenant_id)
            )
    except IntegrityError as problem:
        raise Taken(value) from problem


def remove(kind: str, value: str, tenant_id: UUID) -> None:
    db.session.execute(
        delete(DirectoryEntry).where(
            DirectoryEntry.kind == kind,
            DirectoryEntry.lookup_hash == lookup_hash(kind, value),
            DirectoryEntry.tenant_id == tenant_id,
        )
    )
