"""What runs again and again in every organization, of the kit's own tables and of sessions."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select

from webapp.kit import clock, context, files, jobs
from webapp.kit.db import db
from webapp.kit.tables import IdempotencyKey
from webapp.models import OneTimeToken, UserSession

IDEMPOTENCY_DAYS = 30  # how long the first answer to a keyed request is given again
DONE_DAYS, FAILED_DAYS = 14, 90  # how long finished and failed jobs can be looked up
SESSION_DAYS = 90  # how long an ended session is shown in “where you are signed in”
TOKEN_DAYS = 30
BATCH = 5000  # rows of one statement: a bigger one would hold its locks too long


@jobs.job("kit.forget", queue=jobs.LONG, every=timedelta(hours=6))
def forget(run: jobs.Run) -> dict[str, Any]:
    """Delete old idempotency answers and finished jobs."""
    now = clock.now()
    answers = _in_batches(run, IdempotencyKey, IdempotencyKey.key_hash,
                          IdempotencyKey.created_at < now - timedelta(days=IDEMPOTENCY_DAYS))  # fmt: skip
    finished = 0
    while True:
        gone = jobs.forget_finished(
            done_before=now - timedelta(days=DONE_DAYS),
            failed_before=now - timedelta(days=FAILED_DAYS),
            limit=BATCH,
        )
        finished += gone
        if gone < BATCH:
            break
        run.checkpoint()
    return {"answers": answers, "jobs": finished}


@jobs.job("kit.nothing")
def nothing(run: jobs.Run) -> None:
    """Do nothing: `truckroll bench` measures with it what the machinery of jobs costs by itself."""


@jobs.job("files.remove_expired", queue=jobs.LONG, every=timedelta(hours=1))
def remove_expired_files(run: jobs.Run) -> dict[str, Any]:
    """Delete files past their day: downloads after a week, uploads of finished imports."""
    removed = 0
    while gone := files.remove_expired():
        removed += gone
        run.checkpoint()
    return {"removed": removed}


@jobs.job("files.sweep_orphans", queue=jobs.LONG, every=timedelta(days=7), max_attempts=3)
def sweep_orphans(run: jobs.Run) -> dict[str, Any]:
    """Delete bytes that a killed process left in the store without a row."""
    return {"removed": files.sweep_orphans()}


@jobs.job("accounts.forget_sessions", queue=jobs.LONG, every=timedelta(days=1))
def forget_sessions(run: jobs.Run) -> dict[str, Any]:
    """Delete sessions long over and links that can no longer be used."""
    now = clock.now()
    over = _in_batches(run, UserSession, UserSession.id,
                       UserSession.expires_at < now - timedelta(days=SESSION_DAYS))  # fmt: skip
    links = _in_batches(run, OneTimeToken, OneTimeToken.id,
                        OneTimeToken.expires_at < now - timedelta(days=TOKEN_DAYS))  # fmt: skip
    return {"sessions": over, "links": links}


def _in_batches(run: jobs.Run, model: Any, key: Any, condition: Any) -> int:
    """Delete what a condition names, with a commit after each batch; how many."""
    tenant = context.tenant_id()
    total = 0
    while True:
        some = select(key).where(model.tenant_id == tenant, condition).limit(BATCH)
        gone = db.session.execute(
            delete(model)
            .where(model.tenant_id == tenant, key.in_(some.scalar_subquery()))
            .execution_options(synchronize_session=False)
        )
        deleted = int(gone.rowcount)  # type: ignore[attr-defined]  # a DELETE gives a CursorResult
        total += deleted
        if deleted < BATCH:
            return total
        run.checkpoint()
