"""What can be exported. A domain registers its exporters here; this module knows none of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Select

from webapp.kit import clock, context, csv, errors

CSV, PDF, ZIP = "text/csv", "application/pdf", "application/zip"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class Progress(Protocol):
    """How far an exporter is: `progress(rows_done, rows_in_all)`. Raises when the export was cancelled.

    A long one may be made in pieces: `checkpoint(name=value)` commits what was stored so far together with where to
    go on, and `state` holds that again when another worker takes over; it is empty at the beginning.
    """

    @property
    def state(self) -> Mapping[str, Any]: ...

    def __call__(self, done: int, total: int | None = None) -> None: ...

    def checkpoint(self, **state: Any) -> None: ...


class Unwatched:
    """A :class:`Progress` for an export made in one go, with nobody looking on."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {}

    def __call__(self, done: int, total: int | None = None) -> None:
        pass

    def checkpoint(self, **state: Any) -> None:
        """Remember; the command commits at its end."""
        self.state |= state


@dataclass(frozen=True, slots=True)
class Made:
    """What an exporter gives: a name for people, a media type, and the content.

    The content is bytes, an iterator of bytes (written as it comes, in constant memory), or the path of a temporary
    file, which is removed afterwards.
    """

    filename: str
    media_type: str
    content: bytes | Iterable[bytes] | Path


Make = Callable[[dict[str, Any], Progress], Made]


@dataclass(frozen=True, slots=True)
class Exporter:
    """One kind of export. `words` says in a sentence what its arguments select."""

    kind: str
    permission: str
    title: str
    make: Make
    words: Callable[[dict[str, Any]], str] | None = None


EXPORTERS: dict[str, Exporter] = {}


def exporter(
    kind: str, *, permission: str, title: str, words: Callable[[dict[str, Any]], str] | None = None
) -> Callable[[Make], Make]:
    """Register a function `(args, progress) -> Made` under a kind such as `sales.csv`.

    It runs in a worker as the person who asked, within one transaction unless it makes checkpoints. `args` is what
    the page or command gave: text by name, or a list of texts where a name was repeated.
    """

    def register(make: Make) -> Make:
        EXPORTERS[kind] = Exporter(kind, permission, title, make, words)
        return make

    return register


def csv_of(statement: Select[Any], filename: str) -> Made:
    """A statement's rows as CSV, streamed from the database; the file name gets the day."""
    return Made(f"{filename}-{clock.now():%Y-%m-%d}.csv", CSV, csv.copy(statement, context.tenant_id()))


def find(kind: str) -> Exporter:
    """Raises NotFound for a kind that no domain registered."""
    found = EXPORTERS.get(kind)
    if found is None:
        raise errors.NotFound(f"There is no export “{kind[:60]}”.")
    return found
