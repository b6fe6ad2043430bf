"""Every statement of a period in one archive, made in pieces: who takes over from a killed worker goes on."""

import contextlib
import io
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from webapp.downloads.registry import ZIP, Made, Progress, exporter
from webapp.kit import clock, errors, files
from webapp.kit.db import db
from webapp.models import PayPeriod
from webapp.sales.pay import exports, periods, queries, totals
from webapp.sales.pay.permissions import PAYROLL_READ

PIECE = 10  # statements between two checkpoints: some seconds of work, half a megabyte
KEPT = timedelta(days=2)  # a piece that nothing was made of
PURPOSE = "pay-statements"


def _words(args: dict[str, Any]) -> str:
    return f"Every technician's statement for {periods.label(queries.period(int(args['pay_period_id'])))}."


@exporter("pay.statements", permission=PAYROLL_READ, title="All statements", words=_words)
def statements(args: dict[str, Any], progress: Progress) -> Made:
    """Every technician's statement of a period as PDFs in one archive.

    It begins anew when the period is closed or opened meanwhile, so that all statements say the same.
    """
    period = queries.period(int(args["pay_period_id"]))
    while progress.state.get("as_of") != _as_of(period) or not _whole(progress):
        if progress.state.get("as_of") != _as_of(period):
            _begin(period, progress)
        else:
            _add_piece(period, progress)
        db.session.refresh(period)
    made = Made(f"statements-{period.start_date}.zip", ZIP, _joined(progress.state["pieces"]))
    _drop(progress.state["pieces"])
    return made


def _as_of(period: PayPeriod) -> str:
    return f"{period.status} {clock.iso(period.closed_at) if period.closed_at else ''}"


def _whole(progress: Progress) -> bool:
    return len(progress.state["pieces"]) * PIECE >= len(progress.state["people"])


def _begin(period: PayPeriod, progress: Progress) -> None:
    people = [[p.technician_id, p.technician_name] for p in totals.by_technician(period)]
    if not people:
        raise errors.Conflict(
            f"Nobody has anything in {periods.short(period)} yet, so there are no statements."
        )
    _drop(progress.state.get("pieces", ()))
    progress(0, len(people))
    progress.checkpoint(as_of=_as_of(period), people=people, pieces=[])


def _add_piece(period: PayPeriod, progress: Progress) -> None:
    people, pieces = progress.state["people"], progress.state["pieces"]
    first = len(pieces) * PIECE
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_STORED) as piece:
        for number, (technician_id, name) in enumerate(people[first : first + PIECE], first + 1):
            document = exports.statement_pdf(period, technician_id)
            piece.writestr(f"{exports.statement_name(period, name)}-{technician_id}.pdf", document)
            progress(number, len(people))
    kept = files.store(
        f"piece-{first}.zip", ZIP, held.getvalue(), purpose=PURPOSE, delete_after=clock.now() + KEPT
    )
    progress.checkpoint(pieces=[*pieces, kept.id])


def _joined(pieces: Sequence[int]) -> Path:
    """One archive of all pieces, as a temporary file. One piece is in memory at a time."""
    with tempfile.NamedTemporaryFile(suffix=".zip", delete=False) as held:
        path = Path(held.name)
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file_id in pieces:
                with zipfile.ZipFile(io.BytesIO(files.read(files.find(file_id)))) as piece:
                    for entry in piece.infolist():
                        archive.writestr(entry.filename, piece.read(entry))
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _drop(pieces: Iterable[int]) -> None:
    for file_id in pieces:
        with contextlib.suppress(errors.NotFound):
            files.delete(files.find(file_id))
