"""Work that happens later. A job is a row, written in the transaction of the change that causes it.

Redis is a doorbell: after the commit the organization's queue is rung; a worker claims due rows by lease,
works, and marks each row done in the same transaction as its effects. The clock's sweeper rings again for
what is due or lapsed. Database effects happen once; mail and calls at least once, under the job's id.
"""

import logging
import threading
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from flask import current_app
from sqlalchemy import TextClause, and_, delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from webapp.kit import clock, context, doorbell, errors, ids, journal, leases, permissions, tenancy
from webapp.kit.db import db
from webapp.kit.tables import Job

log = logging.getLogger("truckroll.jobs")

QUICK, LONG = "quick", "long"  # one queue per worker process; `long` takes what may run for minutes
HOOKS = "hooks"  # calls to addresses that users gave: never before a mail or a PDF, however slow they are
BACKOFF = (5, 30, 120, 600, 1800, 7200, 21600)  # seconds before the second, third … attempt
DEFAULT_LEASE = 60  # seconds, for a kind that this version does not know
PER_VISIT = 200  # jobs of one organization before a worker looks at the others
stop_requested = threading.Event()  # set in a worker that shall end: no further job or piece is begun


class LeaseLost(Exception):  # says what happened
    """Another worker took the job over, or it was cancelled; what this one did is undone."""


class HandedBack(Exception):  # says what happened
    """The worker stops: the job goes on from its last checkpoint in another one. Not for jobs to catch."""


class GiveUp(Exception):  # reads as the sentence it is
    """Trying again cannot help: the job fails now, with this sentence for the person who asked for it."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of job: its function, queue, lease in seconds, attempts, and interval when it repeats."""

    name: str
    run: Callable[["Run"], dict[str, Any] | None]
    queue: str = QUICK
    lease: int = DEFAULT_LEASE
    max_attempts: int = 8
    every: timedelta | None = None
    failed: Callable[["Run", str], None] | None = None  # told, with the failure, when attempts ran out


KINDS: dict[str, Kind] = {}


def job(
    name: str,
    *,
    queue: str = QUICK,
    lease: int = DEFAULT_LEASE,
    max_attempts: int = 8,
    every: timedelta | None = None,
    failed: Callable[["Run", str], None] | None = None,
) -> Callable[[Callable[["Run"], dict[str, Any] | None]], Callable[["Run"], dict[str, Any] | None]]:
    """Register the function of a kind of job. `every` makes each organization run it again and again.

    `lease` is how many seconds after the death of its worker the job begins again; a living one renews it.
    """

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
    actor: dict[str, Any] = field(default_factory=dict)  # who asked for it: kind, id, name, technician_id
    stopping: Callable[[], bool] = field(default=stop_requested.is_set)
    lost: bool = False  # the lease's keeper found the job taken over or cancelled

    def checkpoint(self, **state: Any) -> None:
        """Commit what was done so far together with where to go on.

        Raises LeaseLost when taken over or cancelled (this piece is undone), HandedBack when the worker stops
        (this piece is kept).
        """
        self.state |= state
        until = clock.now() + timedelta(seconds=self.kind.lease)
        self._write(_TOUCH, until=until, state=orjson.dumps(self.state).decode())
        journal.commit()
        if self.stopping():
            raise HandedBack

    def report(self, done: int, total: int | None = None) -> None:
        """Say how far the work is, for progress bars. Raises LeaseLost once cancelled or taken over."""
        self.progress, self.total = done, total if total is not None else self.total
        if self.lost:
            raise LeaseLost(f"job {self.id} was taken over or cancelled")

    def _done(self, result: dict[str, Any] | None) -> None:
        """Mark the job done in the transaction of its effects. Raises LeaseLost."""
        self._write(_DONE, result=None if result is None else orjson.dumps(result).decode(), now=clock.now())

    def _write(self, statement: TextClause, **values: Any) -> None:
        changed = db.session.execute(
            statement,
            {
                "tenant": self.tenant_id,
                "id": self.id,
                "token": self.token,
                "progress": self.progress,
                "total": self.total,
                **values,
            },
        )
        if changed.rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            raise LeaseLost(f"job {self.id} was taken over or cancelled")


# written out: they run once per job, and building them costs more than PostgreSQL takes for them
_TOUCH = text("""
    update jobs set lease_until = :until, progress = :progress, progress_total = :total,
        state = cast(:state as jsonb)
    where tenant_id = :tenant and id = :id and lease_token = :token and status = 'running'
""")
_DONE = text("""
    update jobs set status = 'done', lease_until = null, lease_token = null, error = null, finished_at = :now,
        progress = :progress, progress_total = :total, result = cast(:result as jsonb)
    where tenant_id = :tenant and id = :id and lease_token = :token and status = 'running'
""")


def _mine(run: Run) -> Any:
    return (
        update(Job)
        .where(
            Job.tenant_id == run.tenant_id,
            Job.id == run.id,
            Job.lease_token == run.token,
            Job.status == "running",
        )
        .execution_options(synchronize_session=False)
    )


def add(
    kind: str,
    args: dict[str, Any] | None = None,
    *,
    dedupe_key: str | None = None,
    run_after: datetime | None = None,
) -> int | None:
    """Write a job in the present transaction. With a dedupe key, None when one like it is unfinished."""
    what, who = KINDS[kind], context.principal()
    now = clock.now()
    due = run_after or now
    tenant = context.tenant_id()
    found: int | None = db.session.scalar(
        insert(Job)
        .values(
            tenant_id=tenant,
            kind=kind,
            queue=what.queue,
            status="waiting",
            args=args or {},
            state={},
            dedupe_key=dedupe_key,
            run_after=due,
            attempts=0,
            max_attempts=what.max_attempts,
            progress=0,
            actor=_actor(who),
            created_at=now,
        )
        .on_conflict_do_nothing(
            index_elements=["tenant_id", "kind", "dedupe_key"],
            index_where=text("status in ('waiting', 'running') and dedupe_key is not null"),
        )
        .returning(Job.id)
    )
    if found is not None and due <= now:
        _ring_after_commit(what.queue, tenant)
    return found


@dataclass(slots=True)
class _Rings:
    """The bells to ring after the present commit, each once however many jobs were added."""

    queues: set[tuple[str, UUID]] = field(default_factory=set)

    def __call__(self) -> None:
        for queue, tenant in self.queues:
            doorbell.ring(queue, tenant)


def _ring_after_commit(queue: str, tenant: UUID) -> None:
    rings = next((c for c in journal.pending().after_commit if isinstance(c, _Rings)), None)
    if rings is None:
        rings = _Rings()
        journal.after_commit(rings)
    rings.queues.add((queue, tenant))


def _actor(who: context.Principal) -> dict[str, Any]:
    return {
        "kind": who.kind,
        "id": who.id,
        "name": who.name,
        "technician_id": who.technician_id,
        "correlation_id": context.origin().correlation_id,
    }


def cancel(job_id: int) -> bool:
    """Stop a job; a running one stops at its next report or checkpoint. False when it was over."""
    changed = db.session.execute(
        update(Job)
        .where(Job.tenant_id == context.tenant_id(), Job.id == job_id, Job.status.in_(("waiting", "running")))
        .values(status="cancelled", finished_at=clock.now(), lease_until=None, lease_token=None)
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult


def ensure_recurring() -> None:
    """Give the present organization a waiting row of every repeating kind. Safe to call again."""
    for kind in KINDS.values():
        if kind.every:
            add(kind.name, dedupe_key="every", run_after=clock.now() + kind.every)


def forget_finished(*, done_before: datetime, failed_before: datetime, limit: int = 5000) -> int:
    """Delete old rows of finished work, at most `limit` of them; how many."""
    tenant = context.tenant_id()
    old = (
        select(Job.id)
        .where(
            Job.tenant_id == tenant,
            or_(
                and_(Job.status.in_(("done", "cancelled")), Job.finished_at < done_before),
                and_(Job.status == "failed", Job.finished_at < failed_before),
            ),
        )
        .limit(limit)
    )
    gone = db.session.execute(
        delete(Job)
        .where(Job.tenant_id == tenant, Job.id.in_(old.scalar_subquery()))
        .execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a CursorResult


def statuses(job_ids: Iterable[int]) -> dict[int, Job]:
    """The rows of some jobs by id."""
    wanted = list(job_ids)
    if not wanted:
        return {}
    found = db.session.scalars(
        select(Job)
        .where(Job.tenant_id == context.tenant_id(), Job.id.in_(wanted))
        .execution_options(populate_existing=True)
    )
    return {j.id: j for j in found}


# Working ------------------------------------------------------------------------------------------


def drain(
    queue: str,
    tenant_id: UUID,
    *,
    limit: int = PER_VISIT,
    stopping: Callable[[], bool] = stop_requested.is_set,
) -> int:
    """Do the due jobs of one organization's queue; how many were done. Needs an application context.

    Stops after `limit` jobs, so that one busy organization does not hold a worker, and rings the bell again.
    Every job has an application context, and therefore a session, of its own.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]  # the proxy would follow the inner context
    done = 0
    run: Run | None = None
    helped = False
    while done < limit and not stopping():
        if run is None:
            with app.app_context():
                run = claim(queue, tenant_id)
            if run is None:
                return done
        run.stopping = stopping
        with app.app_context():
            run = execute(run, go_on=done + 1 < limit)
        done += 1
        if run is not None and not helped:
            helped = True
            doorbell.ring(queue, tenant_id)  # a second worker may help with what waits
    if run is not None:  # claimed with the last one's commit, and now there is no time for it
        with app.app_context():
            _hand_back(run)
    doorbell.ring(queue, tenant_id)
    return done


# One statement, so that a claim costs one round trip and can ride in the commit of the job before it. What
# lapsed comes first. Each branch follows its own partial index; an OR of both would sort all that waits.
_CLAIM = text("""
    with lapsed as materialized (
        select id from jobs
        where tenant_id = :tenant and queue = :queue and status = 'running' and lease_until < :now
        order by lease_until limit 1 for update skip locked
    ), waiting as materialized (
        select id from jobs
        where tenant_id = :tenant and queue = :queue and status = 'waiting' and run_after <= :now
          and not exists (select 1 from lapsed)
        order by run_after, id limit 1 for update skip locked
    )
    update jobs set status = 'running', attempts = attempts + 1, lease_token = :token,
        lease_until = cast(:now as timestamptz)
            + make_interval(secs => coalesce(cast(cast(:leases as jsonb) ->> kind as integer), :lease))
    where tenant_id = :tenant and id = (select id from lapsed union all select id from waiting limit 1)
    returning id, kind, args, state, attempts, max_attempts, progress, progress_total, actor
""")


def claim(queue: str, tenant_id: UUID) -> Run | None:
    """Take the next due row under a lease, in a short transaction of its own."""
    with _session(tenant_id):
        run = _take(queue, tenant_id)
        db.session.commit()
    return run


def _take(queue: str, tenant_id: UUID) -> Run | None:
    """The next due row, leased by the present transaction's commit."""
    token = ids.token(16)
    leases_of = {k.name: k.lease for k in KINDS.values() if k.lease != DEFAULT_LEASE}
    row = db.session.execute(
        _CLAIM,
        {
            "tenant": tenant_id,
            "queue": queue,
            "now": clock.now(),
            "token": token,
            "lease": DEFAULT_LEASE,
            "leases": orjson.dumps(leases_of).decode(),
        },
    ).one_or_none()
    if row is None:
        return None
    kind = KINDS.get(row.kind) or Kind(row.kind, _unknown, queue, max_attempts=row.max_attempts)
    return Run(
        kind,
        tenant_id,
        row.id,
        token,
        dict(row.args),
        dict(row.state),
        row.attempts,
        row.max_attempts,
        row.progress,
        row.progress_total,
        dict(row.actor),
    )


def _unknown(run: Run) -> None:
    raise GiveUp(f"No worker knows the kind of work “{run.kind.name}”.")


def execute(run: Run, *, go_on: bool = False) -> Run | None:
    """Run a claimed job: its effects and `done` in one transaction, else one more attempt later.

    With `go_on`, that transaction also claims the next due job of the organization, which is returned.
    """
    who = context.Principal(
        kind="job",
        tenant_id=run.tenant_id,
        id=run.id,
        name=run.kind.name,
        permissions=frozenset(permissions.REGISTRY),
        extra={"actor": run.actor},
    )
    correlation = run.actor.get("correlation_id") or f"job_{run.id}"
    where = context.Origin(source="cron" if run.kind.every else "worker", correlation_id=correlation)
    with context.acting(who, where), leases.kept(run):
        try:
            with _session(run.tenant_id):
                if run.attempt > run.max_attempts:
                    raise GiveUp("It was stopped in the middle more often than it may be tried.")
                result = run.kind.run(run)
                run._done(result)
                _reschedule(run)
                following = _take(run.kind.queue, run.tenant_id) if go_on and not run.stopping() else None
                journal.commit()
                return following
        except LeaseLost as lost:
            log.warning("%s", lost)
        except HandedBack:
            _hand_back(run)
        except Exception as problem:  # noqa: BLE001  # whatever a job raises is recorded on its row
            _fail(run, problem)
    return None


def _reschedule(run: Run) -> None:
    if run.kind.every:
        add(run.kind.name, run.args, dedupe_key="every", run_after=clock.now() + run.kind.every)


def _hand_back(run: Run) -> None:
    """Return a job to the waiting ones without counting the attempt."""
    with _session(run.tenant_id):
        db.session.execute(
            _mine(run).values(
                status="waiting",
                run_after=clock.now(),
                lease_until=None,
                lease_token=None,
                attempts=Job.attempts - 1,
            )
        )
        _ring_after_commit(run.kind.queue, run.tenant_id)
        journal.commit()


def _fail(run: Run, problem: Exception) -> None:
    for_people = isinstance(problem, GiveUp | errors.AppError)
    last = isinstance(problem, GiveUp) or run.attempt >= run.max_attempts
    sentence = str(problem) if for_people else f"{type(problem).__name__}: {problem}"
    sentence = sentence.replace("\x00", "")[:2000]
    log.log(
        logging.WARNING if for_people else logging.ERROR,
        "%s %s attempt %d: %s",
        run.kind.name,
        run.id,
        run.attempt,
        sentence,
        exc_info=None if for_people else problem,
    )
    try:
        try:
            _record_failure(run, sentence, last=last, tell=True)
        except Exception:  # a hook that fails must not bring the job back for ever
            if not last or run.kind.failed is None:
                raise
            log.exception("the failure hook of %s failed too", run.kind.name)
            _record_failure(run, sentence, last=last, tell=False)
    except Exception:  # noqa: BLE001  # the lease lapses and the sweeper brings the job back
        log.error("could not record the failure of job %s\n%s", run.id, traceback.format_exc())  # noqa: TRY400


def _record_failure(run: Run, sentence: str, *, last: bool, tell: bool) -> None:
    values: dict[str, Any] = {"lease_until": None, "lease_token": None, "error": sentence}
    if last:
        values |= {"status": "failed", "finished_at": clock.now()}
    else:
        delay = BACKOFF[min(run.attempt - 1, len(BACKOFF) - 1)]
        values |= {"status": "waiting", "run_after": clock.now() + timedelta(seconds=delay)}
    with _session(run.tenant_id):
        changed = db.session.execute(_mine(run).values(**values))
        if changed.rowcount and last:  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
            if run.kind.failed and tell:
                run.kind.failed(run, sentence)
            _reschedule(run)
        journal.commit()


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
