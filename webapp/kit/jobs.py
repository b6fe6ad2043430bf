"""Work that happens later. A job is a row, written in the transaction of the change that causes it.

Redis is a doorbell: after the commit the organization's queue is rung; a worker claims due rows by lease, works, and
marks each row done in the same transaction as its effects. The clock's sweeper rings again for what is due or lapsed.
Database effects happen once; mail and calls at least once, under the job's id.
"""

import logging
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from webapp.kit import clock, context, doorbell, ids, journal, permissions, tenancy
from webapp.kit.db import db
from webapp.kit.tables import Job

log = logging.getLogger("truckroll.jobs")

QUICK, LONG = "quick", "long"  # one queue per worker process; `long` takes what may run for minutes
BACKOFF = (5, 30, 120, 600, 1800, 7200, 21600)  # seconds before the second, third … attempt


class LeaseLost(Exception):
    """Another worker took the job over; what this one did is undone."""


class GiveUp(Exception):
    """Trying again cannot help: the job fails now, with this sentence for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: its function, queue, lease in seconds, attempts, and interval when it repeats."""

    name: str
    run: Callable[["Run"], dict[str, Any] | None]
    queue: str = QUICK
    lease: int = 60
    max_attempts: int = 8
    every: timedelta | None = None
    failed: Callable[["Run", str], None] | None = (
        None  # told, in a transaction of its own, when attempts ran out
    )


KINDS: dict[str, Kind] = {}


def job(
    name: str,
    *,
    queue: str = QUICK,
    lease: int = 60,
    max_attempts: int = 8,
    every: timedelta | None = None,
    failed: Callable[["Run", str], None] | None = None,
) -> Callable[[Callable[["Run"], dict[str, Any] | None]], Callable[["Run"], dict[str, Any] | None]]:
    """Register the function of a kind of job. `every` makes each organization run it again and again."""

    def register(run: Callable[["Run"], dict[str, Any] | None]) -> Callable[["Run"], dict[str, Any] | None]:
        KINDS[name] = Kind(name, run, queue, lease, max_attempts, every, failed)
        return run

    return register


@dataclass(slots=True)
class Run:
    """One run of a job, as its function sees it."""

    kind: Kind
    tenant_id: UUID
    id: int
    token: str
    args: dict[str, Any]
    state: dict[str, Any]
    attempt: int
    max_attempts: int
    progress: int = 0
    total: int | None = None
    stopping: Callable[[], bool] = field(default=lambda: False)

    def checkpoint(self, **state: Any) -> None:
        """Commit what was done so far together with where to go on. Raises LeaseLost when taken over."""
        self.state |= state
        self._touch(state=self.state)
        journal.commit()

    def report(self, done: int, total: int | None = None) -> None:
        """Say how far the work is; seen with the next checkpoint."""
        self.progress, self.total = done, total if total is not None else self.total

    def _touch(self, **values: Any) -> None:
        changed = db.session.execute(
            update(Job)
            .where(Job.tenant_id == self.tenant_id, Job.id == self.id, Job.lease_token == self.token,
                   Job.status == "running")
            .values(lease_until=clock.now() + timedelta(seconds=self.kind.lease), progress=self.progress,
                    progress_total=self.total, **values)
            .execution_options(synchronize_session=False)
        )  # fmt: skip
        if changed.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            raise LeaseLost(f"job {self.id} was taken over or cancelled")


def add(
    kind: str,
    args: dict[str, Any] | None = None,
    *,
    dedupe_key: str | None = None,
    run_after: datetime | None = None,
) -> int | None:
    """Write a job in the present transaction. With a dedupe key, None when one like it is not finished yet."""
    what, who = KINDS[kind], context.principal()
    due = run_after or clock.now()
    tenant = context.tenant_id()
    found: int | None = db.session.scalar(
        insert(Job)
        .values(tenant_id=tenant, kind=kind, queue=what.queue, status="waiting", args=args or {}, state={},
                dedupe_key=dedupe_key, run_after=due, attempts=0, max_attempts=what.max_attempts, progress=0,
                actor=_actor(who), created_at=clock.now())
        .on_conflict_do_nothing(index_elements=["tenant_id", "kind", "dedupe_key"],
                                index_where=text("status in ('waiting', 'running') and dedupe_key is not null"))
        .returning(Job.id)
    )  # fmt: skip
    if found is not None and due <= clock.now():
        journal.after_commit(lambda: doorbell.ring(what.queue, tenant))
    return found


def _actor(who: context.Principal) -> dict[str, Any]:
    return {"kind": who.kind, "id": who.id, "name": who.name, "technician_id": who.technician_id}


def cancel(job_id: int) -> bool:
    """Stop a job that has not finished; a running one stops at its next checkpoint. False when it was over."""
    changed = db.session.execute(
        update(Job)
        .where(Job.tenant_id == context.tenant_id(), Job.id == job_id, Job.status.in_(("waiting", "running")))
        .values(status="cancelled", finished_at=clock.now(), lease_until=None, lease_token=None)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def ensure_recurring() -> None:
    """Give the present organization a waiting row of every repeating kind. Safe to call again."""
    for kind in KINDS.values():
        if kind.every:
            add(kind.name, dedupe_key="every", run_after=clock.now() + kind.every)


# Working ----------------------------------------------------------------------------------------------------------


def drain(
    queue: str, tenant_id: UUID, *, limit: int = 200, stopping: Callable[[], bool] = lambda: False
) -> int:
    """Do the due jobs of one organization's queue; how many were done. Needs an application context.

    Stops after `limit` jobs so that one busy organization does not hold a worker; the bell is rung again then.
    """
    done = 0
    while done < limit and not stopping():
        run = claim(queue, tenant_id)
        if run is None:
            return done
        run.stopping = stopping
        execute(run)
        done += 1
        if done == 1 and _more(queue, tenant_id):
            doorbell.ring(queue, tenant_id)  # a second worker may help with what waits
    doorbell.ring(queue, tenant_id)
    return done


def _due(queue: str, tenant_id: UUID, now: datetime) -> Any:
    return and_(
        Job.tenant_id == tenant_id,
        Job.queue == queue,
        or_(
            and_(Job.status == "waiting", Job.run_after <= now),
            and_(Job.status == "running", Job.lease_until < now),
        ),
    )


def _more(queue: str, tenant_id: UUID) -> bool:
    with _session(tenant_id):
        return bool(db.session.scalar(select(Job.id).where(_due(queue, tenant_id, clock.now())).limit(1)))


def claim(queue: str, tenant_id: UUID) -> Run | None:
    """Take the next due row under a lease, in a short transaction of its own."""
    now = clock.now()
    token = ids.token(16)
    with _session(tenant_id):
        row = db.session.execute(
            select(Job.id, Job.kind, Job.attempts, Job.max_attempts)
            .where(_due(queue, tenant_id, now))
            .order_by(Job.run_after, Job.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if row is None:
            return None
        kind = KINDS.get(row.kind) or Kind(row.kind, _unknown, queue, max_attempts=row.max_attempts)
        taken = db.session.execute(
            update(Job)
            .where(Job.tenant_id == tenant_id, Job.id == row.id)
            .values(status="running", attempts=Job.attempts + 1, lease_token=token,
                    lease_until=now + timedelta(seconds=kind.lease))
            .returning(Job.args, Job.state, Job.progress, Job.progress_total)
            .execution_options(synchronize_session=False)
        ).one()  # fmt: skip
        db.session.commit()
    return Run(kind, tenant_id, row.id, token, dict(taken.args), dict(taken.state), row.attempts + 1,
               row.max_attempts, taken.progress, taken.progress_total)  # fmt: skip


def _unknown(run: Run) -> None:
    raise GiveUp(f"No worker knows the kind of work “{run.kind.name}”.")


def execute(run: Run) -> None:
    """Run a claimed job: its effects and `done` in one transaction, else one more attempt later."""
    who = context.Principal(kind="job", tenant_id=run.tenant_id, id=run.id, name=run.kind.name,
                            permissions=frozenset(permissions.REGISTRY))  # fmt: skip
    where = context.Origin(source="cron" if run.kind.every else "worker", correlation_id=f"job_{run.id}")
    with context.acting(who, where), doorbell.lease_keeper(run):
        try:
            with _session(run.tenant_id):
                if run.attempt > run.max_attempts:
                    raise GiveUp("It was stopped in the middle more often than it may be tried.")
                result = run.kind.run(run)
                run._touch(status="done", result=result, error=None, finished_at=clock.now())
                _reschedule(run)
                journal.commit()
        except LeaseLost as lost:
            log.warning("%s", lost)
        except Exception as problem:  # noqa: BLE001  # whatever a job raises is recorded on its row
            _fail(run, problem)


def _reschedule(run: Run) -> None:
    if run.kind.every:
        add(run.kind.name, run.args, dedupe_key="every", run_after=clock.now() + run.kind.every)


def _fail(run: Run, problem: Exception) -> None:
    from webapp.kit.errors import AppError

    last = isinstance(problem, GiveUp) or run.attempt >= run.max_attempts
    sentence = (
        str(problem) if isinstance(problem, GiveUp | AppError) else f"{type(problem).__name__}: {problem}"
    )
    log.error("%s %s attempt %d: %s", run.kind.name, run.id, run.attempt, sentence,
              exc_info=None if isinstance(problem, GiveUp | AppError) else problem)  # fmt: skip
    delay = BACKOFF[min(run.attempt - 1, len(BACKOFF) - 1)]
    values: dict[str, Any] = {"lease_until": None, "lease_token": None, "error": sentence[:2000]}
    if last:
        values |= {"status": "failed", "finished_at": clock.now()}
    else:
        values |= {"status": "waiting", "run_after": clock.now() + timedelta(seconds=delay)}
    try:
        with _session(run.tenant_id):
            changed = db.session.execute(
                update(Job)
                .where(Job.tenant_id == run.tenant_id, Job.id == run.id, Job.lease_token == run.token,
                       Job.status == "running")
                .values(**values)
                .execution_options(synchronize_session=False)
            )  # fmt: skip
            if changed.rowcount and last:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
                if run.kind.failed:
                    run.kind.failed(run, sentence)
                _reschedule(run)
            journal.commit()
    except Exception:  # noqa: BLE001  # the lease lapses and the sweeper brings the job back
        log.error("could not record the failure of job %s\n%s", run.id, traceback.format_exc())


class _session:  # noqa: N801  # reads as a block: with _session(tenant):
    """A fresh database session bound to a tenant, rolled back and closed at the end unless committed."""

    def __init__(self, tenant_id: UUID) -> None:
        self.tenant_id = tenant_id

    def __enter__(self) -> None:
        db.session.remove()
        tenancy.use(self.tenant_id)

    def __exit__(self, *exc: object) -> None:
        db.session.rollback()
        db.session.remove()


def statuses(job_ids: Iterable[int]) -> dict[int, Job]:
    """The rows of some jobs by id."""
    found = db.session.scalars(
        select(Job).where(Job.tenant_id == context.tenant_id(), Job.id.in_(list(job_ids)))
    )
    return {j.id: j for j in found}
