"""Commands: upload a file, map its columns, answer questions, confirm, cancel. Checking and writing are jobs."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from webapp.accounts import queries as accounts
from webapp.accounts.service import notices, principals
from webapp.imports import queries, reading, rules
from webapp.imports.permissions import IMPORTS_USE
from webapp.imports.registry import UNSURE, Context, ImportSpec, find
from webapp.kit import clock, context, errors, files, jobs, journal, permissions
from webapp.kit.db import add, db, get
from webapp.kit.errors import FieldProblem
from webapp.models import Import, ImportRow, User

MOST_BYTES = 64 * 1024 * 1024
FILE_DAYS = 90  # how long the uploaded file is kept, for the list of what was wrong and for trying again
EDITABLE = ("uploaded", "checked", "failed")


def upload(kind: str, filename: str, data: bytes | Iterable[bytes]) -> Import:
    """Keep a file and look at it. Raises NotFound, Forbidden, TooLarge, and Invalid when it cannot be read."""
    spec = find(kind)
    demand(spec)
    who = context.principal()
    file = files.store(
        filename,
        "text/csv",
        data,
        purpose="import",
        delete_after=clock.now() + timedelta(days=FILE_DAYS),
        most=MOST_BYTES,
    )
    try:
        seen = reading.inspect(lambda: files.chunks(file))
    except reading.Unreadable as problem:
        raise errors.Invalid.one("file", str(problem)) from None
    record = add(
        Import(
            user_id=who.id if who.kind == "user" else None,
            kind=kind,
            filename=file.name,
            file_id=file.id,
            encoding=seen.encoding,
            delimiter=seen.delimiter,
            header=seen.header,
            mapping=rules.recognise(spec, seen.header),
            options={"sample": [_short(row) for row in seen.sample], "repeated": seen.repeated},
            rows_total=max(seen.lines - 1, 1),
        )
    )
    journal.audit("import.uploaded", record)
    return record


def _short(cells: list[str]) -> list[str]:
    return [cell.strip()[:80] for cell in cells[:200]]


def map_columns(import_id: int, mapping: Mapping[str, str], *, in_background: bool = True) -> Import:
    """Say which column is which field; the file is then checked by a job (else by the caller).

    Raises Invalid naming each field whose column is missing or used twice, Conflict when it is too late.
    """
    record, spec = _editable(import_id)
    known = {f.name for f in spec.fields}
    chosen = {name: column for name, column in mapping.items() if column and name in known}
    wrong = rules.mapping_problems(spec, chosen, record.header)
    if wrong:
        raise errors.Invalid(problems=[FieldProblem(name, text) for name, text in wrong.items()])
    before = journal.snapshot(record)
    record.mapping = chosen
    record.status, record.error = "checking", ""
    if in_background:
        record.job_id = jobs.add("imports.check", {"id": record.id}, dedupe_key=str(record.id))
    db.session.flush()
    journal.audit("import.mapped", record, before=before)
    return record


def confirm(import_id: int, *, in_background: bool = True) -> Import:
    """Write what was checked, by a job (else by the caller). Raises Conflict when there is nothing to write."""
    record = locked(import_id)
    demand(find(record.kind))
    going_on = record.status == "failed" and record.options.get("phase") == "writing"
    if record.status != "checked" and not going_on:
        raise errors.Conflict("This import is not waiting to be confirmed.")
    if queries.writable(record.id) == 0:
        raise errors.Conflict("There is nothing to write: no row is new or changed.")
    before = journal.snapshot(record)
    record.status, record.error = "importing", ""
    record.options = record.options | {"phase": "writing"}
    if in_background:
        record.job_id = jobs.add("imports.write", {"id": record.id}, dedupe_key=str(record.id))
    db.session.flush()
    journal.audit("import.confirmed", record, before=before)
    return record


def cancel(import_id: int) -> Import:
    """Stop: nothing (more) is written. Raises Conflict when it is over already."""
    record = locked(import_id)
    demand(find(record.kind))
    if record.status in ("done", "cancelled"):
        raise errors.Conflict("This import is over already.")
    if record.job_id is not None:
        jobs.cancel(record.job_id)
    before = journal.snapshot(record)
    record.status, record.finished_at = "cancelled", clock.now()
    journal.audit("import.cancelled", record, before=before)
    return record


def choose(import_id: int, row_id: int, answer: str) -> int:
    """Answer a row's question, and with it every row that asks the same; how many. `answer`: an id, `new`, or "".

    Raises NotFound, Conflict, Invalid.
    """
    record, _ = _editable(import_id)
    row = get(ImportRow, row_id)
    if row.import_id != record.id or row.status != UNSURE:
        raise errors.NotFound("This row asks nothing.")
    if answer not in ("", "new") and answer not in {str(c["id"]) for c in row.choices}:
        raise errors.Invalid.one("answer", "Choose one of the records offered, or a new one.")
    return _answer(
        record,
        answer,
        ImportRow.status == UNSURE,
        ImportRow.problems == row.problems,
        ImportRow.choices == row.choices,
    )


def choose_new(import_id: int) -> int:
    """Answer every question that is still open with “a new one”; how many. Raises Conflict."""
    record, _ = _editable(import_id)
    return _answer(record, "new", ImportRow.status == UNSURE, ImportRow.chosen.is_(None))


def _answer(record: Import, answer: str, *conditions: Any) -> int:
    changed = db.session.execute(
        update(ImportRow)
        .where(ImportRow.tenant_id == context.tenant_id(), ImportRow.import_id == record.id, *conditions)
        .values(chosen=answer or None)
        .execution_options(synchronize_session=False)
    )
    rows = int(changed.rowcount)  # type: ignore[attr-defined]  # an UPDATE gives a CursorResult
    if rows:
        journal.audit("import.answered", record_type="import", record_id=record.id, answer=answer, rows=rows)
    return rows


def demand(spec: ImportSpec) -> None:
    """Importing a kind needs both permissions. Raises Forbidden."""
    permissions.demand(IMPORTS_USE)
    permissions.demand(spec.permission)


def locked(import_id: int) -> Import:
    """An import, taken for a change of its state. Raises NotFound."""
    return get(Import, import_id, lock=True)


def _editable(import_id: int) -> tuple[Import, ImportSpec]:
    record = locked(import_id)
    spec = find(record.kind)
    demand(spec)
    if record.status not in EDITABLE:
        raise errors.Conflict("This import cannot be changed any more.")
    if record.file_id is None:
        raise errors.Conflict("The file of this import is not kept any more. Upload it again.")
    return record, spec


# What checking and writing share ------------------------------------------------------------------


def new_context(record: Import) -> Context:
    return Context(zone=accounts.organization().time_zone, options=record.options)


@contextmanager
def as_owner(record: Import) -> Iterator[None]:
    """Act as the person whose import it is, or as the command line. Raises GiveUp when they may not any more."""
    if record.user_id is None:
        yield
        return
    user = db.session.get(User, (record.tenant_id, record.user_id))
    if user is None or not user.active:
        raise jobs.GiveUp("Who asked for this may not sign in any more.")
    with context.acting(principals.of_user(user)):
        demand(find(record.kind))
        yield


def failed(run: jobs.Run, why: str) -> None:
    """The last attempt of a check or a writing failed: say so on the page and by a notice."""
    record = db.session.get(Import, (run.tenant_id, run.args["id"]))
    if record is None or record.status in ("done", "cancelled"):
        return
    record.status, record.error = "failed", _in_words(why, run.id)
    tell(record, "danger", f"{record.filename} could not be imported", record.error)


def _in_words(why: str, job_id: int) -> str:
    # a program's fault begins with its class: people get the number of the job instead
    if why.split(":", 1)[0].isidentifier() and ":" in why:
        return f"Something went wrong on our side. Try again; if it stays so, name job {job_id} to support."
    return why


def tell(record: Import, kind: str, title: str, text: str) -> None:
    """A notice to whoever started it."""
    if record.user_id is not None:
        notices.notify(record.user_id, kind, title, text, f"/imports/{record.id}", f"import:{record.id}")


def count_rows(record: Import, *conditions: Any) -> int:
    statement = select(func.count()).where(
        ImportRow.tenant_id == record.tenant_id, ImportRow.import_id == record.id, *conditions
    )
    return int(db.session.scalar(statement) or 0)
