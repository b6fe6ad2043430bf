"""Commands: ask for an export, make it, try it again, delete it."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from webapp.accounts.service import notices, principals
from webapp.downloads import queries
from webapp.downloads.registry import Made, find
from webapp.kit import clock, context, errors, files, jobs, journal, permissions
from webapp.kit.db import add, db, get
from webapp.models import Download, User

KEPT_DAYS = 7  # a finished download's file
LISTED_DAYS = 90  # its line on the page
SOURCE_BYTES = 1024 * 1024


def request(kind: str, title: str = "", args: dict[str, Any] | None = None) -> Download:
    """Ask for an export; a worker prepares it and the person finds it on the page Downloads.

    The same export asked for again while it is being prepared is that one. Raises NotFound, Forbidden.
    """
    exporter = find(kind)
    permissions.demand(exporter.permission)
    who, args = context.principal(), args or {}
    same = db.session.scalar(
        select(Download).where(
            Download.tenant_id == context.tenant_id(), Download.user_id == who.id, Download.kind == kind,
            Download.args == args, Download.status == "preparing",
        )
    )  # fmt: skip
    if same is not None:
        return same
    download = add(Download(user_id=who.id, kind=kind, title=title or exporter.title, args=args))
    _prepare(download)
    journal.audit("download.requested", download)
    return download


def retry(download_id: int) -> Download:
    """Prepare a failed or expired download anew. Raises NotFound, Conflict."""
    download = queries.own(download_id)
    permissions.demand(find(download.kind).permission)
    if download.status == "preparing":
        raise errors.Conflict("This download is being prepared already.")
    before = journal.snapshot(download)
    download.status, download.error, download.file_id = "preparing", "", None
    _prepare(download)
    journal.audit("download.retried", download, before=before)
    return download


def _prepare(download: Download) -> None:
    download.job_id = jobs.add("downloads.make", {"id": download.id}, dedupe_key=str(download.id))
    db.session.flush()


def delete(download_id: int) -> None:
    """Remove a download and its file; one under way is cancelled. Raises NotFound."""
    download = queries.own(download_id)
    if download.status == "preparing" and download.job_id is not None:
        jobs.cancel(download.job_id)
    _remove(download)


def _remove(download: Download) -> None:
    journal.audit("download.deleted", download, before=journal.snapshot(download))
    _drop_file(download)
    db.session.delete(download)
    db.session.flush()


def _drop_file(download: Download) -> None:
    file = files.seek(download.file_id)
    download.file_id = None
    db.session.flush()
    if file is not None:
        files.delete(file)


def address(download_id: int) -> str:
    """A signed address of a ready download's file. Raises NotFound, Forbidden, Conflict."""
    download = queries.own(download_id)
    permissions.demand(find(download.kind).permission)
    if download.status == "preparing":
        raise errors.Conflict("This download is still being prepared.")
    file = files.seek(download.file_id)
    if file is None:
        raise errors.NotFound("This file is not kept any more. Make it again on the page Downloads.")
    journal.audit("download.opened", record_type="download", record_id=download.id, title=download.title)
    return files.link(file)


# In the worker ------------------------------------------------------------------------------------


def make(run: jobs.Run) -> dict[str, Any]:
    """Prepare a download as the person who asked for it."""
    download = get(Download, run.args["id"])
    with _as_owner(download):
        exporter = find(download.kind)
        permissions.demand(exporter.permission)
        made = exporter.make(download.args, _Watched(run))
        file = files.store(
            made.filename,
            made.media_type,
            contents(made),
            purpose="download",
            delete_after=clock.now() + timedelta(days=KEPT_DAYS),
        )
    download.file_id, download.status, download.error = file.id, "ready", ""
    _tell(download, "success", f"{download.title} is ready", made.filename)
    return {"file_id": file.id, "size": file.size}


class _Watched:
    """How far an exporter is, as its job keeps it."""

    def __init__(self, run: jobs.Run) -> None:
        self._run = run

    @property
    def state(self) -> Mapping[str, Any]:
        return self._run.state

    def __call__(self, done: int, total: int | None = None) -> None:
        self._run.report(done, total)

    def checkpoint(self, **state: Any) -> None:
        self._run.checkpoint(**state)


def _as_owner(download: Download) -> Any:
    user = db.session.get(User, (download.tenant_id, download.user_id)) if download.user_id else None
    if user is None or not user.active:
        raise jobs.GiveUp("Who asked for this may not sign in any more.")
    return context.acting(principals.of_user(user))


def contents(made: Made) -> bytes | Iterator[bytes]:
    """What an exporter made, as bytes or an iterator of them; a temporary file is removed at the end."""
    if isinstance(made.content, bytes):
        return made.content
    return _of_file(made.content) if isinstance(made.content, Path) else iter(made.content)


def _of_file(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as source:
            while piece := source.read(SOURCE_BYTES):
                yield piece
    finally:
        path.unlink(missing_ok=True)


def failed(run: jobs.Run, why: str) -> None:
    """The last attempt failed: say so on the page and by a notice."""
    download = db.session.get(Download, (run.tenant_id, run.args["id"]))
    if download is None:
        return
    download.status, download.error = "failed", in_words(why, run.id)
    _tell(download, "danger", f"{download.title} could not be prepared", download.error)


def in_words(why: str, job_id: int) -> str:
    """A failure as a person may read it: our own sentences as they are, a program's fault without its insides."""
    head = why.split(":", 1)[0]
    if ":" in why and head.isidentifier() and (head.endswith(("Error", "Exception")) or head[:1].isupper()):
        return f"Something went wrong on our side. Try again; if it stays so, name job {job_id} to support."
    return why


def _tell(download: Download, kind: str, title: str, text: str) -> None:
    if download.user_id is not None:
        notices.notify(download.user_id, kind, title, text, "/downloads", f"download:{download.id}")


def expire() -> int:
    """Let go of files kept long enough and of lines nobody needs any more; how many."""
    tenant, now = context.tenant_id(), clock.now()
    old = db.session.scalars(
        select(Download)
        .where(
            Download.tenant_id == tenant, Download.status == "ready",
            Download.updated_at < now - timedelta(days=KEPT_DAYS),
        )
        .limit(500)
    ).all()  # fmt: skip
    for download in old:
        download.status = "expired"
        _drop_file(download)
    gone = db.session.scalars(
        select(Download)
        .where(
            Download.tenant_id == tenant, Download.status != "preparing",
            Download.created_at < now - timedelta(days=LISTED_DAYS),
        )
        .limit(500)
    ).all()  # fmt: skip
    for download in gone:
        _drop_file(download)
        db.session.delete(download)
    return len(old) + len(gone)
