"""Jobs that are wakes: they say that something of an organization is due, and hold nothing themselves.

A wake carries no work, so two of them do no harm and one too few would. :func:`follow` adds one in the transaction of
every event, behind the journal's lock and unless one is due already. A wake that runs begins with :func:`read_journal`,
which takes the same lock for a moment. So an event either is seen by the wake it found waiting, or finds none waiting
and adds another: it cannot fall between.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from webapp.kit import clock, context, doorbell, jobs, journal
from webapp.kit.db import db

_INSERT = """
insert into jobs (tenant_id, kind, queue, status, args, state, run_after, attempts, max_attempts, progress, actor, created_at)
select {tenant}, '{kind}', '{queue}', 'waiting', '{{}}', '{{}}', {at}, 0, {most}, 0, '{{}}', {now}
where not exists (select 1 from jobs where tenant_id = {tenant} and queue = '{queue}' and status = 'waiting'
                  and run_after <= {at} and kind = '{kind}')
"""  # filled with names that this application declares, never with data


def follow(kind: str, condition: str) -> None:
    """Wake a kind of job whenever the journal grows and `condition` (SQL, see :func:`journal.follow`) holds."""
    what = jobs.KINDS[kind]
    insert = _INSERT.format(kind=kind, queue=what.queue, most=what.max_attempts, tenant="%(tenant)s::uuid",
                            at="%(now)s::timestamptz", now="%(now)s::timestamptz")  # fmt: skip
    journal.follow(kind, f"{insert} and ({condition})", lambda tenant: _ring(what.queue, tenant))


def _ring(queue: str, tenant: UUID) -> None:
    doorbell.ring(queue, tenant)


def wake(kind: str, at: datetime | None = None) -> bool:
    """Add a wake for a moment (now, unless given) unless one waits for that moment or an earlier one."""
    what, tenant, now = jobs.KINDS[kind], context.tenant_id(), clock.now()
    statement = _INSERT.format(kind=kind, queue=what.queue, most=what.max_attempts, tenant="cast(:tenant as uuid)",
                               at="cast(:at as timestamptz)", now="cast(:now as timestamptz)")  # fmt: skip
    made = db.session.execute(text(statement), {"tenant": tenant, "at": at or now, "now": now})
    if at is None or at <= now:
        journal.after_commit(lambda: _ring(what.queue, tenant))
    return bool(made.rowcount)  # type: ignore[attr-defined]  # an INSERT gives a CursorResult


def read_journal() -> tuple[int, int]:
    """The number of the last event and of the last audit entry, all of which are committed and can be read.

    Ends the transaction: the lock is held no longer than it takes to read two numbers.
    """
    row = db.session.execute(
        text("select event_seq, audit_seq from journal_heads where tenant_id = :tenant for share"),
        {"tenant": context.tenant_id()},
    ).one()
    db.session.commit()
    return row.event_seq, row.audit_seq
