"""Photos, signatures and documents of a job. The bytes are checked for what they are, whatever the sender calls them."""

import io
import warnings
from datetime import datetime
from typing import Final

from PIL import Image

from webapp.dispatch import events as told
from webapp.dispatch.permissions import DISPATCH_EDIT
from webapp.dispatch.queries import own
from webapp.dispatch.service.authors import Author, present, writable
from webapp.kit import clean, clock, context, errors, events, files, journal
from webapp.kit.db import add, db, find
from webapp.kit.permissions import may
from webapp.kit.tables import StoredFile
from webapp.models import DispatchJob, JobFile

STAGES: Final = {"before": "Before", "after": "After"}
MOST_PHOTO: Final = 12 * 1024 * 1024  # bytes; phones send much less, scaled down
MOST_SIGNATURE: Final = 512 * 1024
MOST_PIXELS: Final = 60_000_000
_TYPES = {"JPEG": ("image/jpeg", "jpg"), "PNG": ("image/png", "png"), "WEBP": ("image/webp", "webp"),
          "GIF": ("image/gif", "gif")}  # fmt: skip


def add_photo(job_id: int, data: bytes, *, caption: str = "", stage: str = "", name: str = "",
              at: datetime | None = None, by: Author | None = None) -> JobFile:  # fmt: skip
    """Keep a photo. `stage`: before or after the work, or empty. Raises Invalid for what is no picture, TooLarge."""
    job = writable(job_id)
    if stage and stage not in STAGES:
        raise errors.Invalid.one("stage", "must be before, after or empty.")
    media_type, ending = _picture(data, MOST_PHOTO)
    kept = files.store(name or f"photo-{job.id}.{ending}", media_type, data, purpose="job")
    return _attach(job, kept, "photo", caption=caption, stage=stage, at=at, by=by)


def add_signature(job_id: int, data: bytes, signer: str, *, at: datetime | None = None,
                  by: Author | None = None) -> JobFile:  # fmt: skip
    """Keep a signature drawn on the glass, and who drew it. Raises Invalid without a name or a drawing."""
    job = writable(job_id)
    try:
        name = clean.name(signer, 120)
    except ValueError:
        raise errors.Invalid.one("signer", "Write the name of who signs.") from None
    media_type, ending = _picture(data, MOST_SIGNATURE)
    kept = files.store(f"signature-{job.id}.{ending}", media_type, data, purpose="job")
    return _attach(job, kept, "signature", signer=name, at=at, by=by)


def add_document(job_id: int, name: str, media_type: str, data: bytes, *, caption: str = "") -> JobFile:
    """Keep any other file of a job; pictures become photos. Raises TooLarge."""
    try:
        _picture(data, MOST_PHOTO)
    except errors.Invalid:
        job = writable(job_id)
        kept = files.store(
            name, media_type or "application/octet-stream", data, purpose="job", most=20 * 2**20
        )
        return _attach(job, kept, "document", caption=caption, public=False)
    return add_photo(job_id, data, caption=caption, name=name)


def remove_file(job_id: int, job_file_id: int) -> None:
    """Remove a file of a job, its bytes too: the office any, a technician what they added. Raises NotFound."""
    job = writable(job_id)
    found = find(JobFile, job_file_id, lock=True)
    if found is None or found.job_id != job.id or not (may(DISPATCH_EDIT) or _mine(found)):
        raise errors.NotFound(f"Job {job_id} has no file with the number {job_file_id}.")
    kept = files.find(found.file_id)
    journal.audit("dispatch.file-removed", job, diff={}, file=found.caption or kept.name, kind=found.kind)
    db.session.delete(found)
    db.session.flush()
    files.delete(kept)
    events.emit(told.DETAIL, job.id, told.payload(job, what=found.kind, detail_id=job_file_id))


def _mine(found: JobFile) -> bool:
    kept = files.seek(found.file_id)
    who = context.principal()
    return kept is not None and who.kind == "user" and kept.created_by == who.id


def media_type(kind: str, data: bytes) -> str:
    """What the bytes of a photo or signature are. Raises Invalid for what is no picture, TooLarge."""
    return _picture(data, MOST_SIGNATURE if kind == "signature" else MOST_PHOTO)[0]


def _picture(data: bytes, most: int) -> tuple[str, str]:
    """Media type and ending of a picture. Raises Invalid for anything else, TooLarge."""
    if len(data) > most:
        raise errors.TooLarge(f"The picture is larger than {most // 2**20 or 1} MB.")
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as found:
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            kind, (width, height) = str(found.format), found.size
            found.verify()
    except Exception:  # noqa: BLE001  # decoders raise whatever they like on what is no picture
        raise errors.Invalid.one("content", "This is not a picture. Send a JPEG, PNG or WebP.") from None
    if kind not in _TYPES:
        raise errors.Invalid.one("content", "Send the picture as JPEG, PNG or WebP.")
    if width * height > MOST_PIXELS:
        raise errors.Invalid.one(
            "content", f"The picture has more than {MOST_PIXELS // 1_000_000} million points."
        )
    return _TYPES[kind]


def _attach(job: DispatchJob, kept: StoredFile, kind: str, *, caption: str = "", stage: str = "", signer: str = "",
            public: bool = True, at: datetime | None = None, by: Author | None = None) -> JobFile:  # fmt: skip
    try:
        words = clean.line(caption, 200)
    except ValueError as problem:
        raise errors.Invalid.one("caption", str(problem)) from None
    who = by or present()
    made = add(
        JobFile(job_id=job.id, visit_id=own.latest_visit(job.id, who.technician_id), file_id=kept.id, kind=kind,
                stage=stage, caption=words, signer=signer, taken_at=at or clock.now(), added_by=who.name, public=public)
    )  # fmt: skip
    journal.audit(
        f"dispatch.{kind}-added", job, diff={}, file_id=kept.id, caption=words, signer=signer, by=who.name
    )
    events.emit(told.DETAIL, job.id, told.payload(job, what=kind, detail_id=made.id))
    return made
