"""What was done on a visit: for the customer's page, as PDF, as attachment of the mail."""

import base64
import io
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image, ImageOps

from webapp.accounts.service import letterhead
from webapp.appointments.queries import visits as queries
from webapp.kit import errors, files, pdf
from webapp.kit.tables import StoredFile

MOST_PHOTOS: Final = 12  # on paper
MOST_BYTES: Final = 15 * 1024 * 1024  # of photos on paper
EDGE: Final = 1600  # points of a picture on paper, at most, each way
MOST_POINTS: Final = (
    12_000_000  # of a picture that can only be read whole; one of 60 million is 200 kB and takes 3 seconds
)
PICTURES: Final = ("image/jpeg", "image/png", "image/webp", "image/gif")


@dataclass(frozen=True, slots=True)
class Summary:
    """A visit as its customer may see it afterwards."""

    found: queries.Found
    crew: list[str]  # first names
    notes: list[str]
    materials: list[dict[str, str]]
    photos: list[tuple[Any, StoredFile]]
    signature: tuple[Any, StoredFile] | None
    address: str


def of(found: queries.Found) -> Summary:
    """The summary of a visit. What is not marked for the customer is not in it."""
    kept = [(row.JobFile, row.StoredFile) for row in queries.public_files(found.job.id, found.visit.id)]
    pictures = [(f, s) for f, s in kept if s.media_type in PICTURES]
    signed = [pair for pair in pictures if pair[0].kind == "signature"]
    return Summary(
        found, [name.split()[0] for name in queries.crew(found.visit.id) if name.split()],
        list(queries.public_notes(found.job.id)),
        [{"what": row.description, "quantity": quantity(int(row.quantity_milli))} for row in queries.materials(found.job.id)],
        [pair for pair in pictures if pair[0].kind == "photo"], signed[-1] if signed else None, queries.address(found.job),
    )  # fmt: skip


def quantity(milli: int) -> str:
    """Thousandths as people write them: 2500 → `2.5`."""
    whole, rest = divmod(milli, 1000)
    return f"{whole:,}" + (f".{rest:03d}".rstrip("0") if rest else "")


def as_pdf(found: queries.Found) -> bytes:
    """The summary on paper."""
    made = of(found)
    photos, total = [], 0
    for file, stored_file in made.photos[:MOST_PHOTOS]:
        total += stored_file.size
        if total > MOST_BYTES:
            break
        data = _data(stored_file)
        if data:
            photos.append({"caption": file.caption, "data": data})
    signature = _data(made.signature[1]) if made.signature else ""
    return pdf.render(
        "appointments/summary_pdf.html", summary=made, job=found.job, visit=found.visit, signature=signature,
        photos=photos, left_out=len(made.photos) - len(photos), **letterhead.values(),
    )  # fmt: skip


def stored(found: queries.Found) -> StoredFile:
    """The summary as a file, for the mail that carries it."""
    return files.store(
        f"Summary of job {found.job.id}.pdf", "application/pdf", as_pdf(found), purpose="visit-summary"
    )


def _data(file: StoredFile) -> str:
    """A picture as it stands in the document, no larger than paper needs; empty where there is none to show."""
    try:
        media_type, data = small(file.media_type, files.read(file))
    except (errors.AppError, OSError, ValueError, Image.DecompressionBombError):
        return ""  # the bytes are gone or broken: the paper does without
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}" if data else ""


def small(media_type: str, data: bytes) -> tuple[str, bytes]:
    """A picture of at most :data:`EDGE` points each way, its media type first; no bytes for one that costs too much to read.

    Whoever has the link makes us read the pictures, so that their size on disk says nothing about what that takes.
    """
    with Image.open(io.BytesIO(data)) as found:
        if found.format != "JPEG" and found.width * found.height > MOST_POINTS:
            return media_type, b""
        if max(found.size) <= EDGE:
            return media_type, data
        found.draft("RGB", (EDGE, EDGE))  # a JPEG is read at an eighth of its size right away
        turned = ImageOps.exif_transpose(found)
        turned.thumbnail((EDGE, EDGE))
        out = io.BytesIO()
        turned.convert("RGB").save(out, "JPEG", quality=82)
    return "image/jpeg", out.getvalue()
