"""The dry run and the writing, in pieces of 500 rows: constant memory, a commit after each, to go on from there."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

from sqlalchemy import delete, insert, select, text, update

from webapp.imports import queries, reading, rules, service
from webapp.imports.registry import SAME, WRONG, Context, ImportSpec, Outcome, Problem, Values, find
from webapp.kit import clock, context, errors, files, journal
from webapp.kit.db import db
from webapp.kit.jobs import GiveUp
from webapp.models import Import, ImportRow

PIECE = 500
Step = Callable[[int], None]  # told how many rows of a piece are done
LONGEST = 200  # characters of what a field holds, before and after
ALSO_SHOWN = 200  # names of what is made besides the rows; more are counted


class Pieces(Protocol):
    """What a job's Run offers, and the command line's stand-in for it."""

    state: dict[str, Any]

    def report(self, done: int, total: int | None = None) -> None: ...

    def checkpoint(self, **state: Any) -> None: ...


def in_pieces(rows: Iterable[reading.Row], size: int) -> Iterator[list[reading.Row]]:
    """Rows in lists of so many."""
    source = iter(rows)
    while piece := list(islice(source, size)):
        yield piece


# The dry run --------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Seen:
    """Rows met so far in this file: a natural key's first row, and how often a content came."""

    keys: dict[bytes, int] = field(default_factory=dict)
    contents: Counter[int] = field(default_factory=Counter)


def check(record: Import, run: Pieces) -> dict[str, Any]:
    """Say of every row what writing it would do. Begins anew each time; writes nothing but `import_rows`.

    Raises GiveUp when the file turns out to be unreadable.
    """
    spec = find(record.kind)
    file = _file(record)
    db.session.execute(
        delete(ImportRow).where(ImportRow.tenant_id == record.tenant_id, ImportRow.import_id == record.id)
    )
    ctx = service.new_context(record)
    places = rules.places_of(record.mapping, record.header)
    counts: Counter[str] = Counter()
    also: dict[str, None] = {}
    seen = _Seen()
    try:
        for piece in in_pieces(queries.read(record, file), PIECE):
            done, total = counts.total(), record.rows_total

            def step(rows: int, done: int = done, total: int = total) -> None:
                run.report(done + rows, max(total, done + rows))

            found = _check_piece(spec, piece, places, ctx, seen, step)
            _insert(record, spec, found)
            counts.update(outcome.status for _, outcome, _ in found)
            for _, outcome, _ in found:
                also.update(dict.fromkeys(outcome.also))
            run.report(counts.total(), max(record.rows_total, counts.total()))
            run.checkpoint()
            db.session.expunge_all()
    except reading.Unreadable as problem:
        raise GiveUp(str(problem)) from None
    record = service.locked(record.id)
    record.rows_total = counts.total()
    record.rows_new, record.rows_changed, record.rows_same = counts["new"], counts["changed"], counts["same"]
    record.rows_wrong, record.rows_unsure = counts["wrong"], counts["unsure"]
    record.options = record.options | {"also": list(also)[:ALSO_SHOWN], "also_count": len(also)}
    record.status = "checked"
    run.report(counts.total(), counts.total())
    return dict(counts)


@dataclass(frozen=True, slots=True)
class _Met:
    """A row as it was understood; `key` is None where something is wrong already."""

    row: reading.Row
    values: Values
    problems: Sequence[Problem]
    key: bytes | None = None
    natural: bool = False


def _check_piece(
    spec: ImportSpec,
    piece: Sequence[reading.Row],
    places: dict[str, int],
    ctx: Context,
    seen: _Seen,
    step: Step,
) -> list[tuple[reading.Row, Outcome, bytes | None]]:
    met = [_meet(spec, row, places, ctx, seen) for row in piece]
    if spec.prepare:
        spec.prepare([m.values for m in met if m.key], ctx)
    written = _written(spec, [m.key for m in met if m.key])
    found = []
    for each in met:
        ctx.row_number, ctx.chosen, ctx.written = each.row.number, None, written.get(each.key or b"")
        if each.key is None:
            outcome = Outcome(WRONG, each.problems)
        elif each.key in written and not each.natural:
            outcome = Outcome(SAME, record_id=written[each.key])
        elif each.natural and seen.keys.setdefault(each.key, each.row.number) != each.row.number:
            outcome = Outcome(
                WRONG, [Problem("", f"Row {seen.keys[each.key]} is about the same {spec.one}.")]
            )
        else:
            outcome = _ask(spec, each.values, ctx)
        found.append((each.row, outcome, each.key))
        step(len(found))
    return found


def _meet(spec: ImportSpec, row: reading.Row, places: dict[str, int], ctx: Context, seen: _Seen) -> _Met:
    understood = _understand(spec, row, places, ctx)
    if understood.problems:
        return _Met(row, understood.values, understood.problems)
    natural = spec.natural_key(understood.values) is not None
    occurrence = 1
    if not natural:
        content = rules.content_hash(understood.values)
        seen.contents[content] += 1
        occurrence = seen.contents[content]
    return _Met(row, understood.values, (), rules.row_key(spec, understood.values, occurrence), natural)


def _understand(spec: ImportSpec, row: reading.Row, places: dict[str, int], ctx: Context) -> rules.Understood:
    if row.problem:
        return rules.Understood({}, [Problem("", row.problem)])
    return rules.understand(spec, row.cells, places, ctx)


def _written(spec: ImportSpec, keys: Sequence[bytes]) -> dict[bytes, int]:
    """Which of these rows some import has written before, and to which record."""
    if not keys:
        return {}
    found = db.session.execute(
        select(ImportRow.row_key, ImportRow.record_id).where(
            ImportRow.tenant_id == context.tenant_id(),
            ImportRow.kind == spec.kind,
            ImportRow.row_key.in_(keys),
            ImportRow.record_id.is_not(None),
        )
    )
    return {bytes(row.row_key): row.record_id for row in found}


def _ask(spec: ImportSpec, values: Values, ctx: Context) -> Outcome:
    try:
        return spec.check(values, ctx)
    except errors.AppError as problem:
        return Outcome(WRONG, _problems(spec, problem))


def _problems(spec: ImportSpec, problem: errors.AppError) -> list[Problem]:
    if isinstance(problem, errors.Invalid) and problem.problems:
        known = {f.name for f in spec.fields}
        return [Problem(p.field if p.field in known else "", p.message) for p in problem.problems]
    return [Problem("", problem.message)]


def _insert(
    record: Import, spec: ImportSpec, found: Iterable[tuple[reading.Row, Outcome, bytes | None]]
) -> None:
    rows = [
        {
            "tenant_id": record.tenant_id,
            "import_id": record.id,
            "kind": record.kind,
            "row_number": row.number,
            "status": outcome.status,
            "problems": _stored(spec, outcome.problems) or _stored_changes(spec, outcome),
            "choices": [{"id": c.id, "label": c.label, "hint": c.hint} for c in outcome.choices],
            "row_key": key,
            "record_id": outcome.record_id if outcome.status == SAME else None,
        }
        for row, outcome, key in found
    ]
    db.session.execute(insert(ImportRow), rows)


def _stored(spec: ImportSpec, problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [
        {"field": p.field, "column": spec.label(p.field), "message": p.message.replace("\x00", "")}
        for p in problems
    ]


def _stored_changes(spec: ImportSpec, outcome: Outcome) -> list[dict[str, str]]:
    return [
        {
            "field": c.field,
            "column": spec.label(c.field),
            "before": c.before[:LONGEST],
            "after": c.after[:LONGEST],
        }
        for c in outcome.changes
    ]


# The writing --------------------------------------------------------------------------------------


def write(record: Import, run: Pieces) -> dict[str, Any]:
    """Write the rows that are new or changed, and the answered questions. Goes on after the last piece written.

    A row that cannot be written after all (somebody changed the record meanwhile) becomes wrong; the others stand.
    """
    spec = find(record.kind)
    file = _file(record)
    ctx = service.new_context(record)
    places = rules.places_of(record.mapping, record.header)
    total = service.count_rows(record)
    done = 0
    after = int(run.state.get("after", 0))
    for piece in in_pieces(queries.read(record, file), PIECE):
        if piece[-1].number > after:

            def step(rows: int, done: int = done) -> None:
                run.report(done + rows, total)

            _write_piece(record, spec, piece, places, ctx, step)
        done += len(piece)
        run.report(done, total)
        if piece[-1].number > after:
            run.checkpoint(after=piece[-1].number)
            db.session.expunge_all()
    record = service.locked(record.id)
    written = queries.written(record)
    failed = service.count_rows(record, ImportRow.status == WRONG) - record.rows_wrong
    record.options = record.options | {"written": dict(written), "failed": failed, "phase": "done"}
    record.status, record.finished_at = "done", clock.now()
    journal.audit(
        "import.done", record_type="import", record_id=record.id, written=dict(written), failed=failed
    )
    service.tell(record, "success", f"{record.filename} is imported", _summary(spec, written))
    return dict(written)


def _summary(spec: ImportSpec, written: Counter[str]) -> str:
    made, changed = written["new"], written["changed"]
    return f"{made:,} {spec.one if made == 1 else spec.many} new, {changed:,} changed."


def _write_piece(
    record: Import,
    spec: ImportSpec,
    piece: Sequence[reading.Row],
    places: dict[str, int],
    ctx: Context,
    step: Step,
) -> None:
    # two imports of one kind write one after the other, so that the second sees what the first wrote
    db.session.execute(
        text("select pg_advisory_xact_lock(hashtextextended(:what, 0))"),
        {"what": f"import:{record.tenant_id}:{record.kind}"},
    )
    waiting = {
        row.row_number: row
        for row in db.session.execute(
            select(ImportRow.id, ImportRow.row_number, ImportRow.row_key, ImportRow.chosen).where(
                ImportRow.tenant_id == record.tenant_id,
                ImportRow.import_id == record.id,
                ImportRow.row_number.between(piece[0].number, piece[-1].number),
                *queries.to_write(),
            )
        )
    }
    rows = [(row, _understand(spec, row, places, ctx).values) for row in piece if row.number in waiting]
    if not rows:
        return
    if spec.prepare:
        spec.prepare([values for _, values in rows], ctx)
    written = _written(spec, [bytes(w.row_key) for w in waiting.values() if w.row_key])
    changes = []
    for row, values in rows:
        mine = waiting[row.number]
        ctx.row_number, ctx.chosen = row.number, mine.chosen
        ctx.written = written.get(bytes(mine.row_key or b""))
        known = ctx.written if spec.natural_key(values) is None else None
        changes.append({"tenant_id": record.tenant_id, "id": mine.id, **_write_row(spec, values, ctx, known)})
        step(len(changes))
    for status in {
        change.get("status") for change in changes
    }:  # one statement needs the same columns in each
        some = [c for c in changes if c.get("status") == status]
        db.session.execute(update(ImportRow), some)


def _write_row(spec: ImportSpec, values: Values, ctx: Context, known: int | None) -> dict[str, Any]:
    if known is not None:
        return {"status": SAME, "record_id": known}
    try:
        with _undone_alone():
            return {"record_id": spec.write(values, ctx)}
    except errors.AppError as problem:
        return {"status": WRONG, "problems": _stored(spec, _problems(spec, problem))}


@contextmanager
def _undone_alone() -> Iterator[None]:
    """A savepoint that, when it fails, also takes back what was collected for the journal and after the commit."""
    pending = journal.pending()
    lists: tuple[list[Any], ...] = (pending.events, pending.audit, pending.tallies, pending.after_commit)
    sizes = [len(each) for each in lists]
    try:
        with db.session.begin_nested():
            yield
    except BaseException:
        for each, size in zip(lists, sizes, strict=True):
            del each[size:]
        raise


def _file(record: Import) -> Any:
    file = files.seek(record.file_id)
    if file is None:
        raise GiveUp("The file of this import is not kept any more. Upload it again.")
    return file
