"""What happened to entries, corrections and time sheets, in words for their pages."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from webapp.kit import timeline, words
from webapp.kit.timeline import Deed, Shown
from webapp.timesheets import rules
from webapp.timesheets.queries.basis import zone

ENTRY: Mapping[str, Deed] = {
    "time.clocked-in": Deed("clocked in", "log-in", "success", body="reason"),
    "time.clocked-out": Deed("clocked out", "log-out", "accent", body="reason", diff=True),
    "time.break-started": Deed("went on a break", "coffee", "neutral", body="reason"),
    "time.break-ended": Deed("came back from a break", "utensils", "neutral", body="reason", diff=True),
    "time.entry-added": Deed("added this time", "plus", "success", body="reason"),
    "time.entry-changed": Deed("changed this time", "pencil", "accent", body="reason", diff=True),
    "time.entry-removed": Deed("removed this time", "trash-2", "danger", body="reason"),
    "time.clock-out-missing": Deed("noticed that the clock-out is missing", "alarm-clock", "warning"),
    "time.clock-out-estimated": Deed("said when the work ended", "clock", "accent", diff=True),
}
SHEET: Mapping[str, Deed] = {
    "time.sheet-submitted": Deed("submitted the week", "send", "accent"),
    "time.sheet-approved": Deed("approved the week", "check", "success"),
    "time.sheet-sent-back": Deed("sent the week back", "corner-down-left", "warning", body="note"),
    "time.sheet-reopened": Deed("opened the week again", "rotate-ccw", "warning", body="reason"),
    "time.sheet-open-again": Deed("worked on, so the week is open again", "clock", "neutral"),
}
CORRECTION: Mapping[str, Deed] = {
    "time.correction-requested": Deed("asked for this", "pencil", "accent"),
    "time.correction-approved": Deed("approved it", "check", "success", body="note"),
    "time.correction-rejected": Deed("turned it down", "x", "danger", body="note"),
    "time.correction-withdrawn": Deed("withdrew it", "undo-2", "neutral"),
}


def entry(entry_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to an entry, newest first, and where the next piece begins."""
    where = zone()

    def moment(value: Any) -> str:
        return words.date_words(datetime.fromisoformat(value), zone=where) if value else ""

    fields = {
        "clock_in": Shown("Clock in", moment),
        "clock_out": Shown("Clock out", moment),
        "break_minutes": Shown("Breaks", lambda v: rules.words(v) if v else "none"),
        "flag": Shown("Flags", lambda v: ", ".join(rules.FLAGS[f] for f in rules.flags_of(v or ""))),
    }
    return _read("time_entry", entry_id, before, ENTRY, fields)


def sheet(sheet_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """As :func:`entry`, of a time sheet."""
    return _read("time_sheet", sheet_id, before, SHEET, {})


def correction(correction_id: int) -> list[dict[str, Any]]:
    """As :func:`entry`, of a correction; there is little of it."""
    return _read("time_correction", correction_id, None, CORRECTION, {})[0]


def _read(
    kind: str, record_id: int, before: int | None, deeds: Mapping[str, Deed], fields: Mapping[str, Shown]
) -> tuple[list[dict[str, Any]], int | None]:
    found, following = timeline.read(kind, record_id, before=before)
    return [timeline.entry(row, deeds, fields) for row in found], following
