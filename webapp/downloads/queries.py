"""Reading downloads: one's own only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from webapp.kit import context, errors, jobs
from webapp.kit.db import db, find
from webapp.kit.tables import Job, StoredFile
from webapp.models import Download


@dataclass(frozen=True, slots=True)
class Shown:
    """A download as the page shows it."""

    id: int
    title: str
    kind: str
    status: str  # preparing, ready, failed, expired
    error: str
    created_at: datetime
    filename: str | None
    size: int | None  # bytes
    expires_at: datetime | None
    done: int
    total: int | None


def mine() -> Any:
    """A select of the present user's downloads with their files."""
    return (
        select(
            Download.id, Download.title, Download.kind, Download.status, Download.error, Download.created_at,
            Download.job_id, Download.file_id, StoredFile.name.label("filename"), StoredFile.size,
            StoredFile.delete_after.label("expires_at"),
        )
        .join(StoredFile, (StoredFile.tenant_id == Download.tenant_id) & (StoredFile.id == Download.file_id),
              isouter=True)
        .where(Download.tenant_id == context.tenant_id(), Download.user_id == context.principal().id)
    )  # fmt: skip


def shown(rows: Any) -> list[Shown]:
    """Rows of :func:`mine` with the progress of those under way, in one query for all."""
    under_way = jobs.statuses(r.job_id for r in rows if r.status == "preparing" and r.job_id)
    return [_shown(row, under_way.get(row.job_id)) for row in rows]


def _shown(row: Any, job: Job | None) -> Shown:
    status = "expired" if row.status == "ready" and row.file_id is None else row.status
    done, total = (job.progress, job.progress_total) if job is not None else (0, None)
    return Shown(row.id, row.title, row.kind, status, row.error, row.created_at, row.filename, row.size,
                 row.expires_at, done, total)  # fmt: skip


def one(download_id: int) -> Shown:
    """One of the present user's downloads. Raises NotFound."""
    row = db.session.execute(mine().where(Download.id == download_id)).one_or_none()
    if row is None:
        raise errors.NotFound(f"You have no download with the number {download_id}.")
    return shown([row])[0]


def own(download_id: int) -> Download:
    """The record of one of the present user's downloads. Raises NotFound, also for another user's."""
    found = find(Download, download_id)
    if found is None or found.user_id != context.principal().id:
        raise errors.NotFound(f"You have no download with the number {download_id}.")
    return found


def count() -> int:
    """How many downloads the present user has."""
    return _count(Download.user_id == context.principal().id)


def under_way() -> int:
    """How many of the present user's downloads are being prepared: the badge in the top bar."""
    who = context.principal()
    if who.kind != "user":
        return 0
    return _count(Download.user_id == who.id, Download.status == "preparing")


def _count(*conditions: Any) -> int:
    statement = select(func.count()).where(Download.tenant_id == context.tenant_id(), *conditions)
    return int(db.session.scalar(statement) or 0)
