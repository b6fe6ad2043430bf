"""Files kept for an organization: rows in `stored_files`, bytes in a folder or an S3-compatible store.

The bytes are written while the transaction is open and removed again when it is rolled back; what a killed
process leaves behind, :func:`sweep_orphans` finds. Names in the store are `<tenant>/<yyyy>/<random>`, never
what a person called the file.
"""

import hashlib
import logging
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from uuid import UUID

import obstore
from flask import current_app
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store
from sqlalchemy import event, func, select, update
from sqlalchemy.orm import Session

from webapp.config import Settings, SettingsError
from webapp.kit import clock, context, crypto, errors, ids, journal
from webapp.kit.db import Base, add, db
from webapp.kit.db import find as find_record
from webapp.kit.db import get as get_record
from webapp.kit.tables import StoredFile

log = logging.getLogger("truckroll.files")

PIECE = 1024 * 1024  # bytes read at once
PART = 8 * 1024 * 1024  # bytes of one part of an upload to S3: 10,000 parts make 80 GB
LINK_MINUTES = 60
ORPHAN_AGE = timedelta(days=1)  # younger bytes may belong to a transaction that is still open
INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf"})  # run no script

_MEDIA_TYPE = re.compile(
    r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}(;[ a-zA-Z0-9=\"_.-]{1,100})?",
    re.ASCII | re.IGNORECASE,
)

Data = bytes | Iterable[bytes]


def store(
    name: str,
    media_type: str,
    data: Data,
    *,
    purpose: str,
    delete_after: datetime | None = None,
    most: int | None = None,
) -> StoredFile:
    """Keep a file; `data` may be an iterator and is written as it comes, in constant memory.

    `most` is the largest size in bytes. Raises TooLarge beyond it, Invalid for what is no media type, Unavailable
    without a store.
    """
    if not _MEDIA_TYPE.fullmatch(media_type):
        raise errors.Invalid.one("media_type", "is not a media type such as image/jpeg.")
    who = context.principal()
    path = f"{context.tenant_id()}/{clock.now():%Y}/{ids.token(24)}"
    _written().append(path)
    size, digest = _write(path, data, most)
    return add(
        StoredFile(
            name=clean_name(name),
            media_type=media_type,
            size=size,
            sha256=digest,
            path=path,
            purpose=purpose,
            created_by=who.id if who.kind == "user" else None,
            delete_after=delete_after,
        )
    )


def _write(path: str, data: Data, most: int | None) -> tuple[int, bytes]:
    size, digest = 0, hashlib.sha256()
    pieces = (data,) if isinstance(data, bytes | bytearray | memoryview) else data
    with _reachable(), obstore.open_writer(bucket(), path, buffer_size=PART, max_concurrency=2) as out:
        for piece in pieces:
            size += len(piece)
            if most is not None and size > most:
                raise errors.TooLarge(f"The file is larger than {most // 2**20} MB.")
            digest.update(piece)
            out.write(piece)
    return size, digest.digest()


def read(file: StoredFile) -> bytes:
    """The whole content; for small files only."""
    return b"".join(chunks(file))


def chunks(file: StoredFile) -> Iterator[bytes]:
    """The content in pieces of about a megabyte. Needs no database connection once begun.

    Raises NotFound when the bytes are gone, Unavailable when the store cannot be reached.
    """
    with _reachable():
        found = obstore.get(bucket(), file.path)
    return _pieces(found)


def _pieces(found: Any) -> Iterator[bytes]:
    for piece in found.stream(min_chunk_size=PIECE):
        yield bytes(piece)


def find(file_id: int) -> StoredFile:
    """A file of the present organization. Raises NotFound."""
    return get_record(StoredFile, file_id, what="file")


def seek(file_id: int | None) -> StoredFile | None:
    """As :func:`find`, but None where there is none."""
    return find_record(StoredFile, file_id) if file_id is not None else None


def delete(file: StoredFile) -> None:
    """Remove a file: its row now, with what refers to it set to null, and its bytes after the commit."""
    for table, column in _references():
        db.session.execute(
            update(table)
            .where(table.c.tenant_id == file.tenant_id, table.c[column] == file.id)
            .values({column: None})
        )
    path = file.path
    db.session.delete(file)
    db.session.flush()
    erase = _eraser()
    journal.after_commit(lambda: erase(path))


def _references() -> list[tuple[Any, str]]:
    """Every (table, column) with a foreign key to stored_files; only those that may be null can be let go."""
    found = []
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            column = next((c for c in key.columns if c.name != "tenant_id"), None)
            if key.referred_table.name == "stored_files" and column is not None and column.nullable:
                found.append((table, column.name))
    return found


# Addresses ----------------------------------------------------------------------------------------


def link(file: StoredFile, minutes: int = LINK_MINUTES, *, inline: bool = False) -> str:
    """An address that opens the file without signing in, for so many minutes; `inline` shows, else saves."""
    expires = clock.unix() + minutes * 60
    return "/files/" + crypto.sign("file", [str(file.tenant_id), file.id, expires, int(inline)])


@dataclass(frozen=True, slots=True)
class Linked:
    """What a signed address stands for."""

    tenant_id: UUID
    file_id: int
    inline: bool


def linked(token: str) -> Linked:
    """Understand a signed address. Raises NotFound when it is forged or too old."""
    payload = crypto.unsign("file", token)
    if payload is None or payload[2] < clock.unix():
        raise errors.NotFound("This link has expired. Go back to where you found it for a new one.")
    return Linked(UUID(payload[0]), int(payload[1]), bool(payload[3]))


def headers(file: StoredFile, *, inline: bool = False) -> dict[str, str]:
    """What an answer with this content says of it: RFC 6266 names, no guessing of types, no scripts."""
    shown = "inline" if inline and file.media_type in INLINE else "attachment"
    plain = (
        file.name.encode("ascii", "replace").decode().replace("?", "_").replace('"', "_").replace("\\", "_")
    )
    text = file.media_type.startswith("text/") and "charset" not in file.media_type
    return {
        "Content-Type": f"{file.media_type}; charset=utf-8" if text else file.media_type,
        "Content-Length": str(file.size),
        "Content-Disposition": f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, max-age=300",
        "ETag": f'"{bytes(file.sha256).hex()[:32]}"',
    }


def clean_name(name: str) -> str:
    """A file name that no system trips over: no folders, no control characters, at most 150 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(" .")
    if len(kept) > 150:
        stem, dot, ending = kept.rpartition(".")
        kept = stem[: 149 - len(ending)] + dot + ending if dot and len(ending) < 10 else kept[:150]
    return kept or "file"


# Keeping the store and the table together ---------------------------------------------------------


def _written() -> list[str]:
    info: dict[str, Any] = db.session().info
    paths: list[str] = info.setdefault("files", [])
    return paths


@event.listens_for(Session, "after_commit")
def _keep(session: Session) -> None:
    session.info.pop("files", None)


@event.listens_for(Session, "after_soft_rollback")
def _undo(session: Session, previous: Any) -> None:
    # as the journal does: an inner savepoint's rollback undoes nothing here, the whole one does
    if session.info.get("files") and not session.in_nested_transaction() and previous.parent is None:
        for path in session.info.pop("files"):
            _eraser()(path)


def _eraser() -> Callable[[str], None]:
    # the bucket now, because after a commit there may be no application context any more
    place = bucket()

    def erase(path: str) -> None:
        try:
            obstore.delete(place, path)
        except FileNotFoundError:
            pass
        except (BaseError, OSError) as problem:
            why = str(problem).split("\n", 1)[0]
            log.warning("%s stays in the store until it is swept: %s", path, why)

    return erase


def remove_expired(limit: int = 500) -> int:
    """Delete files past their `delete_after`, at most `limit`; how many."""
    old = db.session.scalars(
        select(StoredFile)
        .where(StoredFile.tenant_id == context.tenant_id(), StoredFile.delete_after < clock.now())
        .order_by(StoredFile.delete_after)
        .limit(limit)
    ).all()
    for file in old:
        delete(file)
    return len(old)


def sweep_orphans() -> int:
    """Remove the present organization's bytes that no row names and that are older than a day; how many."""
    place, tenant, gone = bucket(), context.tenant_id(), 0
    before = clock.now() - ORPHAN_AGE
    with _reachable():
        for batch in obstore.list(place, prefix=f"{tenant}/", chunk_size=500):
            old = [o["path"] for o in batch if o["last_modified"] < before]
            if not old:
                continue
            known = set(
                db.session.scalars(
                    select(StoredFile.path).where(
                        StoredFile.tenant_id == tenant, StoredFile.path == func.any(old)
                    )
                )
            )
            orphans = [p for p in old if p not in known]
            if orphans:
                obstore.delete(place, orphans)
                gone += len(orphans)
    return gone


# The store ----------------------------------------------------------------------------------------


def bucket() -> Any:
    """The application's store, made on first use."""
    found = current_app.extensions.get("files")
    if found is None:
        found = current_app.extensions["files"] = open_store(current_app.config["SETTINGS"])
    return found


def open_store(settings: Settings) -> Any:
    """The folder `data_dir/files`, or what `TRUCKROLL_FILES_URL` names.

    `s3://bucket/prefix?endpoint=https://…&region=…`; the credentials come from AWS's own variables
    (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, …) or the machine's role. Raises SettingsError.
    """
    if not settings.files_url:
        folder = settings.data_dir / "files"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return LocalStore(folder)
    parts = urlsplit(settings.files_url)
    if parts.scheme != "s3" or not parts.netloc:
        raise SettingsError(
            "TRUCKROLL_FILES_URL: write s3://bucket/prefix?endpoint=https://host&region=us-east-1"
        )
    given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    unknown = set(given) - {"endpoint", "region"}
    if unknown:
        raise SettingsError(
            f"TRUCKROLL_FILES_URL: unknown {', '.join(sorted(unknown))}; endpoint and region are known"
        )
    config: Any = {"region": given.get("region", "us-east-1")}
    if "endpoint" in given:
        config["endpoint"] = given["endpoint"]
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=config,
        client_options={"allow_http": given.get("endpoint", "").startswith("http://"), "timeout": "60s",
                        "connect_timeout": "5s"},
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=20)},
    )  # fmt: skip


class _reachable:  # noqa: N801  # reads as a block: with _reachable():
    """Turns the store's own errors into ours."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: Any) -> None:
        if isinstance(problem, FileNotFoundError):
            raise errors.NotFound("The content of this file is not there any more.") from problem
        # a writer's close gives a bare OSError without a number
        if isinstance(problem, BaseError) or (isinstance(problem, OSError) and problem.errno is None):
            log.error("file store: %s", str(problem).split("\n", 1)[0])
            raise errors.Unavailable("The file store cannot be reached. Try again in a moment.",
                                     retry_after=10) from problem  # fmt: skip
