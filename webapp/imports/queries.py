"""Reading imports and their rows."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import func, or_, select

from webapp.imports import reading, rules
from webapp.imports.registry import CHANGED, NEW, SPECS, UNSURE, WRONG
from webapp.kit import context, errors, files, permissions
from webapp.kit.db import db, get
from webapp.kit.tables import StoredFile
from webapp.models import Import, ImportRow, User


def kinds() -> list[str]:
    """The kinds the present person may import, in the order they were registered."""
    return [kind for kind, spec in SPECS.items() if permissions.may(spec.permission)]


def imports() -> Any:
    """A select of the organization's imports that the present person may see."""
    return (
        select(
            Import.id, Import.kind, Import.filename, Import.status, Import.error, Import.created_at,
            Import.rows_total, Import.rows_new, Import.rows_changed, Import.rows_wrong, Import.options,
            User.name.label("who"),
        )
        .join(User, (User.tenant_id == Import.tenant_id) & (User.id == Import.user_id), isouter=True)
        .where(Import.tenant_id == context.tenant_id(), Import.kind.in_(kinds()))
    )  # fmt: skip


def count() -> int:
    """How many imports the present person may see."""
    statement = select(func.count()).where(Import.tenant_id == context.tenant_id(), Import.kind.in_(kinds()))
    return int(db.session.scalar(statement) or 0)


def one(import_id: int) -> Import:
    """An import. Raises NotFound, also when the person may not import its kind."""
    found = get(Import, import_id)
    if found.kind not in kinds():
        raise errors.NotFound(f"No import has the number {import_id}.")
    return found


def rows(record: Import, status: str = "", *, written: bool = False) -> Any:
    """A select of an import's rows, in one state if given, or only those that were written."""
    conditions = [ImportRow.tenant_id == record.tenant_id, ImportRow.import_id == record.id]
    if status:
        conditions.append(ImportRow.status == status)
    if written:
        conditions += [ImportRow.record_id.is_not(None), ImportRow.status.in_((NEW, CHANGED, UNSURE))]
    return select(
        ImportRow.id, ImportRow.row_number, ImportRow.status, ImportRow.problems, ImportRow.choices,
        ImportRow.chosen, ImportRow.record_id,
    ).where(*conditions)  # fmt: skip


def tally(record: Import) -> Counter[str]:
    """How many rows are in each state, and `open`: the questions nobody answered yet."""
    statement = (
        select(ImportRow.status, ImportRow.chosen.is_(None), func.count())
        .where(ImportRow.tenant_id == record.tenant_id, ImportRow.import_id == record.id)
        .group_by(ImportRow.status, ImportRow.chosen.is_(None))
    )
    found: Counter[str] = Counter()
    for status, unanswered, number in db.session.execute(statement):
        found[status] += number
        if status == UNSURE and unanswered:
            found["open"] += number
    return found


def writable(import_id: int) -> int:
    """How many rows confirming would write."""
    statement = select(func.count()).where(
        ImportRow.tenant_id == context.tenant_id(), ImportRow.import_id == import_id, *to_write()
    )
    return int(db.session.scalar(statement) or 0)


def first_wrong(record: Import, most: int) -> Any:
    """The first wrong rows."""
    return db.session.execute(rows(record, WRONG).order_by(ImportRow.row_number).limit(most)).all()


def written(record: Import) -> Counter[str]:
    """How many rows were written as `new` (answered questions among them) and `changed`."""
    statement = (
        select(ImportRow.status, func.count())
        .where(
            ImportRow.tenant_id == record.tenant_id,
            ImportRow.import_id == record.id,
            ImportRow.record_id.is_not(None),
            ImportRow.status.in_((NEW, CHANGED, UNSURE)),
        )
        .group_by(ImportRow.status)
    )
    found: Counter[str] = Counter()
    for status, number in db.session.execute(statement):
        found[CHANGED if status == CHANGED else NEW] += number
    return found


def to_write() -> list[Any]:
    """The condition of rows that are still to be written."""
    return [
        ImportRow.record_id.is_(None),  # set by writing; what is the same has one from the check
        or_(
            ImportRow.status.in_((NEW, CHANGED)),
            (ImportRow.status == UNSURE) & ImportRow.chosen.is_not(None),
        ),
    ]


def cells(record: Import, numbers: Iterable[int]) -> dict[int, list[str]]:
    """The cells of some rows, read from the file as far as needed; nothing when it is not kept any more."""
    wanted = set(numbers)
    file = files.seek(record.file_id)
    if not wanted or file is None:
        return {}
    found: dict[int, list[str]] = {}
    last = max(wanted)
    for row in read(record, file):
        if row.number > last:
            break
        if row.number in wanted:
            found[row.number] = row.cells
    return found


def read(record: Import, file: StoredFile) -> Iterator[reading.Row]:
    """The rows of an import's file. Raises Unreadable."""
    return reading.rows(files.chunks(file), record.encoding, record.delimiter, len(record.header))


def faulty(record: Import, file: StoredFile) -> Iterator[list[str]]:
    """The wrong rows as they stood in the file, each with its number and reasons; the header first.

    All that the database has to say is read before the first row is given: an answer is streamed without it.
    """
    statement = select(ImportRow.row_number, ImportRow.problems).where(
        ImportRow.tenant_id == record.tenant_id, ImportRow.import_id == record.id, ImportRow.status == WRONG
    )
    reasons = {
        row.row_number: " ".join(p["message"] for p in row.problems) for row in db.session.execute(statement)
    }
    header, source = list(record.header), read(record, file)

    def lines() -> Iterator[list[str]]:
        yield ["Row", "What is wrong", *header]
        for row in source:
            if row.number in reasons:
                yield [str(row.number), reasons[row.number], *row.cells]

    return lines()


def shown_fields(record: Import, most: int = 5) -> list[tuple[str, str, int]]:
    """The first mapped fields of a kind: name, label and position of the column, for lists of rows."""
    spec = SPECS[record.kind]
    places = rules.places_of(record.mapping, record.header)
    return [(f.name, f.label, places[f.name]) for f in spec.fields if f.name in places][:most]
