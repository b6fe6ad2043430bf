"""Seven years of audit log: what is older is let go of month by month, and what remains can still be proved.

Before a month's partition is dropped, an entry in each organization's chain says so: which positions go, and the hash
of the last of them, from which :func:`webapp.audit.chain.verify` goes on. The newest such entry tells all that ever
went, so that it does not matter when an old one goes itself.
"""

import logging
from datetime import datetime
from uuid import UUID

from webapp.audit import queries, rules
from webapp.kit import clock, context, ids, journal, partitions, tenancy
from webapp.kit.db import db
from webapp.kit.partitions import Connection

log = logging.getLogger("truckroll.audit")


def keep(owner: Connection) -> list[str]:
    """Let go of every month that has been over for seven years; the names of the partitions dropped.

    `owner` is a connection of the owner's: the application may not drop anything. Needs an application context.
    A month is noted in every chain first and dropped then; stopped in between, it is dropped the next time and noted
    no second time. Raises psycopg.errors.LockNotAvailable when the audit log is too busy.
    """
    gone: list[str] = []
    for partition in partitions.expired(owner, rules.TABLE, rules.kept_since(clock.now())):
        noted = sum(_note_in(tenant, partition.after) for tenant in _tenants())
        partitions.drop(owner, partition)
        log.info("%s dropped: older than %d years, noted in %d chains", partition.name, rules.KEPT_YEARS, noted)  # fmt: skip
        gone.append(partition.name)
    return gone


def _tenants() -> list[UUID]:
    found = tenancy.every_tenant()
    db.session.rollback()
    return found


def _note_in(tenant_id: UUID, before: datetime) -> bool:
    where = context.Origin("system", "", ids.prefixed("corr"))
    with context.acting(context.SYSTEM, where), tenancy.across(tenant_id):
        return note(before)


def note(before: datetime) -> bool:
    """Write into the present organization's chain that its entries from before a moment are about to be dropped.

    False when it has none, or said so already.
    """
    known = queries.gaps()
    going = [gap for gap in queries.runs(before) if gap not in known]
    if not going:
        return False
    # what was noted before is gone by now, and one position and hash stand for all of it
    gaps = rules.joined(known) + going
    journal.audit(
        rules.DROPPED, older_than=clock.iso(before), entries=sum(gap.entries for gap in going), last=going[-1].last,
        last_hash=going[-1].hash.hex(), gaps=[[gap.first, gap.last, gap.hash.hex()] for gap in gaps],
    )  # fmt: skip
    return True
