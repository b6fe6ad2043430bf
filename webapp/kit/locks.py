"""Doing one thing at a time in an organization, until the transaction ends."""

from sqlalchemy import func, select

from webapp.kit import context, crypto
from webapp.kit.db import db


def hold(*names: object) -> None:
    """Wait until nobody else in the organization holds the lock of these names; freed at commit.

    For checks that no constraint can make: two people naming each other their supervisor, one new customer
    on two sales at once.
    """
    key = int.from_bytes(crypto.digest("lock", context.tenant_id(), *names)[:8], "big", signed=True)
    db.session.execute(select(func.pg_advisory_xact_lock(key)))
