"""Pages of an import: upload, columns, check with questions, progress, result."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from flask import Blueprint, Response, request, stream_with_context

from webapp.imports import queries, rules, service
from webapp.imports.permissions import IMPORTS_USE
from webapp.imports.registry import CHANGED, NEW, SAME, SPECS, STATUSES, UNSURE, WRONG, ImportSpec, find
from webapp.kit import csv as kit_csv
from webapp.kit import errors, files, jobs, listing, pages
from webapp.kit.listing import Sort
from webapp.kit.permissions import requires
from webapp.models import Import, ImportRow

bp = Blueprint("imports", __name__, url_prefix="/imports")
STEPS = ("Upload", "Columns", "Check", "Import")
STEP_OF = {"uploaded": 2, "checking": 3, "checked": 3, "importing": 4, "done": 5}
SORTS = {"when": Sort(Import.created_at, descending=True), "file": Sort(Import.filename)}
ROW_SORTS = {"row": Sort(ImportRow.row_number)}
COLUMNS = [
    {"key": "filename", "label": "File", "kind": "link", "sort": "file", "always": True, "sub": "title"},
    {"key": "status", "label": "State", "kind": "cell"},
    {"key": "rows_total", "label": "Rows", "kind": "number"},
    {"key": "rows_new", "label": "New", "kind": "number"},
    {"key": "rows_changed", "label": "Changed", "kind": "number"},
    {"key": "rows_wrong", "label": "Wrong", "kind": "number"},
    {"key": "who", "label": "Who", "kind": "text"},
    {"key": "created_at", "label": "When", "kind": "when", "sort": "when"},
]
WORDS = {NEW: "New", CHANGED: "Changed", SAME: "Same", WRONG: "Wrong", UNSURE: "Question"}
TONES = {NEW: "accent", CHANGED: "info", SAME: "neutral", WRONG: "danger", UNSURE: "warning"}
STATES = {"uploaded": "Choose columns", "checking": "Checking", "checked": "To confirm", "importing": "Importing",
          "done": "Imported", "failed": "Failed", "cancelled": "Cancelled"}  # fmt: skip
STATE_TONES = {"uploaded": "warning", "checking": "info", "checked": "warning", "importing": "info",
               "done": "success", "failed": "danger", "cancelled": "neutral"}  # fmt: skip
PILLS = {"uploaded": "pending", "checking": "running", "checked": "pending", "importing": "running",
         "done": "done", "failed": "failed", "cancelled": "cancelled"}  # whose colours the pill takes  # fmt: skip


@bp.get("")
@requires(IMPORTS_USE)
def index() -> Response:
    """All imports, newest first."""
    query = listing.read(SORTS, "when")
    page = listing.rows(queries.imports(), query, SORTS, Import.id, total=queries.count())
    page.rows = [row._asdict() | {"title": SPECS[row.kind].title} for row in page.rows]
    return pages.render(
        "imports/list.html", block={"results": "results"}, page_title="Imports", page=page, query=query,
        columns=COLUMNS, states=STATES, tones=STATE_TONES,
    )  # fmt: skip


@bp.get("/new")
@requires(IMPORTS_USE)
def new() -> Response:
    """Choose what is in the file, and the file."""
    return _upload_page(request.args.get("kind", ""))


def _upload_page(kind: str, error: str = "", status: int = 200) -> Response:
    kinds = [SPECS[k] for k in queries.kinds()]
    if not kinds:
        raise errors.Forbidden("You may not import anything.")
    return pages.render(
        "imports/new.html", block="form", status=status, page_title="Import", kinds=kinds,
        chosen=kind if kind in SPECS else kinds[0].kind, error=error, most_mb=service.MOST_BYTES // 2**20,
    )  # fmt: skip


@bp.post("")
@requires(IMPORTS_USE)
def create() -> Response:
    """Keep the file and go on to its columns."""
    kind, given = request.form.get("kind", ""), request.files.get("file")
    if given is None or not given.filename:
        return _upload_page(kind, "Choose a file.", 422)
    try:
        record = service.upload(kind, given.filename, _pieces(given.stream))
    except errors.Invalid as problem:
        return _refused(kind, problem.problems[0].message)
    return pages.redirect(f"/imports/{record.id}")


def _refused(kind: str, sentence: str) -> Response:
    return _upload_page(kind, sentence, 422)


def _pieces(stream: Any) -> Iterator[bytes]:
    while piece := stream.read(1 << 20):
        yield piece


@bp.get("/templates/<kind>.csv")
@requires(IMPORTS_USE)
def template(kind: str) -> Response:
    """An empty file with our headings and one example row."""
    spec = find(kind)
    return _csv(rules.template(spec), f"{kind}-template.csv")


def _csv(rows: Iterable[list[str]], name: str) -> Response:
    def lines() -> Iterator[str]:
        yield "\ufeff"  # so that a spreadsheet reads it as UTF-8
        for row in rows:
            out = io.StringIO()
            csv.writer(out).writerow([kit_csv.guard(cell) for cell in row])
            yield out.getvalue()

    answer = Response(stream_with_context(lines()), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


# One import ---------------------------------------------------------------------------------------


@bp.get("/<int:import_id>")
@requires(IMPORTS_USE)
def show(import_id: int) -> Response:
    """Where the import stands: its columns, its progress, what was found, or what became of it."""
    record = queries.one(import_id)
    if record.status == "uploaded" or (record.status == "failed" and not _checked(record)):
        return _columns_page(record, record.mapping, {})
    return _rows_page(record)


def _checked(record: Import) -> bool:
    return bool(record.options.get("phase"))


@bp.get("/<int:import_id>/columns")
@requires(IMPORTS_USE)
def columns(import_id: int) -> Response:
    """The columns again, before anything is written; with answers in the address, what they would show."""
    record = queries.one(import_id)
    if record.status not in service.EDITABLE:
        return pages.redirect(f"/imports/{import_id}")
    given = {f.name: request.args[f.name] for f in find(record.kind).fields if f.name in request.args}
    return _columns_page(record, given if request.args else record.mapping, {})


@bp.post("/<int:import_id>/columns")
@requires(IMPORTS_USE)
def map_columns(import_id: int) -> Response:
    """Take the columns and check the file."""
    record = queries.one(import_id)
    given = {f.name: request.form.get(f.name, "") for f in find(record.kind).fields}
    try:
        service.map_columns(import_id, given)
    except errors.Invalid as problem:
        wrong = {p.field: p.message for p in problem.problems}
        return _columns_page(record, given, wrong, 422)
    return pages.redirect(f"/imports/{import_id}")


def _columns_page(
    record: Import, mapping: dict[str, str], wrong: dict[str, str], status: int = 200
) -> Response:
    spec = find(record.kind)
    sample: list[list[str]] = record.options.get("sample", [])
    places = rules.places_of(mapping, record.header)
    rows = [
        {"field": f, "chosen": mapping.get(f.name, ""), "error": wrong.get(f.name, ""),
         "values": [row[places[f.name]] for row in sample if f.name in places and places[f.name] < len(row)]}
        for f in spec.fields
    ]  # fmt: skip
    used = set(mapping.values())
    return pages.render(
        "imports/columns.html", block="form", status=status, page_title=record.filename, record=record, spec=spec,
        rows=rows, sample=sample, unused=[c for c in record.header if c not in used], wrong=list(wrong.values()),
        **_head(record),
    )  # fmt: skip


def _head(record: Import) -> dict[str, Any]:
    return {
        "steps": STEPS,
        "step": STEP_OF.get(
            record.status, 3 if record.rows_new + record.rows_same + record.rows_wrong else 2
        ),
        "state": STATES[record.status],
        "state_tone": PILLS[record.status],
    }


def _rows_page(record: Import) -> Response:
    spec = find(record.kind)
    tally = queries.tally(record)
    status = request.args.get("status", "")
    written = record.status == "done" and not status
    query = listing.read(ROW_SORTS, "row")
    total = tally[status] if status in STATUSES else sum(tally[s] for s in STATUSES)
    done = queries.written(record)
    page = listing.rows(
        queries.rows(record, status if status in STATUSES else "", written=written),
        query, ROW_SORTS, ImportRow.id, total=done.total() if written else total,
    )  # fmt: skip
    fields = queries.shown_fields(record)
    page.rows = _in_words(record, spec, page.rows, fields)
    return pages.render(
        "imports/show.html", block={"results": "results"}, page_title=record.filename, record=record, spec=spec,
        page=page, query=query, columns=_row_columns(fields, record), tally=tally, written=done,
        to_write=queries.writable(record.id), words=WORDS, tones=TONES,
        tabs=_tabs(record, tally, status, done), progress=_progress(record), **_head(record),
    )  # fmt: skip


def _row_columns(fields: list[tuple[str, str, int]], record: Import) -> list[dict[str, Any]]:
    shown = [{"key": f"field_{name}", "label": label, "kind": "text"} for name, label, _ in fields]
    first = {"key": "row_number", "label": "Row", "kind": "cell", "align": "end", "always": True}
    last = {"key": "what", "label": "What happens" if record.status != "done" else "What became of it",
            "kind": "cell", "always": True}  # fmt: skip
    return [first, *shown, last]


def _in_words(record: Import, spec: ImportSpec, rows: Any, fields: list[tuple[str, str, int]]) -> list[Any]:
    cells = queries.cells(record, [row.row_number for row in rows])
    found = []
    for row in rows:
        own = cells.get(row.row_number, [])
        shown = {f"field_{name}": own[place][:120] if place < len(own) else "" for name, _, place in fields}
        url = spec.record_url.format(row.record_id) if spec.record_url and row.record_id else ""
        found.append(row._asdict() | shown | {"record_url": url})
    return found


def _tabs(record: Import, tally: Any, status: str, written: Any) -> list[dict[str, Any]]:
    base = f"/imports/{record.id}"
    first = {"label": "Imported" if record.status == "done" else "All rows", "url": base,
             "active": status not in STATUSES,
             "count": written.total() if record.status == "done" else sum(tally[s] for s in STATUSES)}  # fmt: skip
    labels = {NEW: "New", CHANGED: "Changed", SAME: "Same", WRONG: "Wrong", UNSURE: "Questions"}
    rest = [
        {"label": label, "url": f"{base}?status={key}", "active": status == key, "count": tally[key]}
        for key, label in labels.items()
        if tally[key]
    ]
    return [first, *rest]


def _progress(record: Import) -> dict[str, Any]:
    job = jobs.statuses([record.job_id]).get(record.job_id) if record.job_id else None
    return {"done": job.progress if job else 0, "total": (job.progress_total if job else None) or None}


@bp.get("/<int:import_id>/progress")
@requires(IMPORTS_USE)
def progress(import_id: int) -> Response:
    """How far checking or writing is: asked every second; the page reads itself anew once it is over."""
    record = queries.one(import_id)
    if not pages.is_htmx():
        return pages.redirect(f"/imports/{import_id}")
    answer = pages.render(
        "imports/progress.html", block="progress", record=record, progress=_progress(record)
    )
    if record.status not in ("checking", "importing"):
        answer.headers["HX-Refresh"] = "true"
    return answer


@bp.post("/<int:import_id>/confirm")
@requires(IMPORTS_USE)
def confirm(import_id: int) -> Response:
    """Write it."""
    queries.one(import_id)
    service.confirm(import_id)
    return pages.redirect(f"/imports/{import_id}")


@bp.post("/<int:import_id>/cancel")
@requires(IMPORTS_USE)
def cancel(import_id: int) -> Response:
    """Stop it."""
    queries.one(import_id)
    record = service.cancel(import_id)
    pages.toast(f"The import of {record.filename} was cancelled.", "info")
    return pages.redirect(f"/imports/{import_id}")


@bp.post("/<int:import_id>/rows/<int:row_id>/answer")
@requires(IMPORTS_USE)
def answer(import_id: int, row_id: int) -> Response:
    """Answer a row's question."""
    record = queries.one(import_id)
    number = service.choose(import_id, row_id, request.form.get("answer", ""))
    pages.toast("Answered." if number == 1 else f"Answered for {number:,} rows that ask the same.")
    return _after_answer(record)


@bp.post("/<int:import_id>/answer-new")
@requires(IMPORTS_USE)
def answer_new(import_id: int) -> Response:
    """Answer every open question with “new”."""
    record = queries.one(import_id)
    number = service.choose_new(import_id)
    pages.toast(f"{number:,} rows will make a new record.")
    return _after_answer(record)


def _after_answer(record: Import) -> Response:
    answer = pages.redirect(pages.back(f"/imports/{record.id}?status=unsure"))
    if answer.headers.pop("HX-Redirect", None):
        answer.headers["HX-Refresh"] = "true"  # the same page again, where the person was in it
    return answer


@bp.get("/<int:import_id>/wrong.csv")
@requires(IMPORTS_USE)
def wrong(import_id: int) -> Response:
    """The wrong rows with the reasons in front, to be mended and imported again."""
    record = queries.one(import_id)
    file = files.seek(record.file_id)
    if file is None:
        raise errors.NotFound("The file of this import is not kept any more.")
    return _csv(queries.faulty(record, file), f"{_stem(record.filename)}-wrong-rows.csv")


def _stem(filename: str) -> str:
    plain = filename.rpartition(".")[0] or filename
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_") else "-" for c in plain)[:80]
