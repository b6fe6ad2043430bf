"""The field API of time tracking."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import Response

from webapp.kit import errors, paging, pdf
from webapp.kit.api import Api
from webapp.kit.db import db
from webapp.kit.dialects import FIELD
from webapp.models import TimeEntry
from webapp.timesheets import files, queries, rights, rules, schemas, service
from webapp.timesheets.permissions import APPROVE, CLOCK, EDIT, OWN, READ
from webapp.timesheets.queries import corrections as correction_queries
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.queries import sheets as sheet_queries
from webapp.timesheets.service import telling
from webapp.timesheets.service.changes import Times

api = Api("timesheets_api", __name__, dialect=FIELD, url_prefix="/api/v1/time-tracking", tag="Time tracking")
ANY_CLOCK = (OWN, CLOCK)
ANY_READ = (OWN, READ)
EARLIEST, LATEST = date(1970, 1, 1), date(9999, 12, 28)  # days beyond have no neighbours in every zone


# The clock ------------------------------------------------------------------------------------------------


@api.post("/clock-in", permission=ANY_CLOCK, body=schemas.ClockIn, returns=schemas.EntryDetail, status=201)
def clock_in(body: schemas.ClockIn) -> dict[str, Any]:
    """Clock in; the office names the technician and a reason. Clocked in already is 409 and says since when."""
    return _detail(service.clock_in(_punch(body)))


@api.post("/clock-out", permission=ANY_CLOCK, body=schemas.ClockIn, returns=schemas.EntryDetail, creates=True)
def clock_out(body: schemas.ClockIn) -> dict[str, Any]:
    """Clock out; a break under way ends too. Not clocked in is 409, a time before the clock-in 422."""
    return _detail(service.clock_out(_punch(body)))


@api.post("/breaks/start", permission=ANY_CLOCK, body=schemas.BreakStart, returns=schemas.EntryDetail, status=201)  # fmt: skip
def start_break(body: schemas.BreakStart) -> dict[str, Any]:
    """Go on a break; `lunch` is unpaid."""
    return _detail(service.start_break(_punch(body), body.kind))


@api.post("/breaks/end", permission=ANY_CLOCK, body=schemas.BreakEnd, returns=schemas.EntryDetail, creates=True)  # fmt: skip
def end_break(body: schemas.BreakEnd) -> dict[str, Any]:
    """Come back from a break."""
    return _detail(service.end_break(_punch(body)))


def _punch(body: schemas.WhenAndWho) -> service.Punch:
    values = body.model_dump(exclude={"kind"})
    return service.Punch(**values, source="api")


@api.get("/status", permission=OWN, returns=schemas.StatusOut)
def my_status() -> dict[str, Any]:
    """Whether one is clocked in, and the minutes of today and of this week so far."""
    me = rights.own_technician()
    entry = entry_queries.running(me)
    today = queries.today()
    week = queries.week_of(today)
    hours = sheet_queries.hours([me], week)[me]
    return {
        "technician_id": me,
        "clocked_in": entry is not None,
        "entry": _detail(entry) if entry is not None else None,
        "today_minutes": next(d.minutes for d in hours.days if d.day == today),
        "week_minutes": hours.minutes,
        "week_start": week.start,
    }


@api.get("/clocked-in", permission=READ, returns=[schemas.PresentOut])
def list_clocked_in() -> list[dict[str, Any]]:
    """Who is clocked in now, the longest first."""
    return [
        {"technician_id": p.entry.technician_id, "technician_name": p.name, "entry_id": p.entry.id,
         "clock_in": p.entry.clock_in, "minutes": p.minutes, "on_break_since": p.entry.break_started_at,
         "visit": p.visit, "flags": rules.flags_of(p.entry.flag)}
        for p in entry_queries.people_in()
    ]  # fmt: skip


# Entries --------------------------------------------------------------------------------------------------


@api.get("/entries", permission=ANY_READ, query=schemas.EntryQuery, returns=schemas.EntryOut, paged=True)
def list_entries(query: schemas.EntryQuery) -> Any:
    """List time entries, the latest first; technicians get their own, the office everybody's."""
    _check_span(query.date_from, query.date_to)
    technician_id = _narrowed(query.technician_id)
    filters = entry_queries.Filters(
        date_from=query.date_from,
        date_to=query.date_to,
        technician_ids=(technician_id,) if technician_id is not None else (),
        flags=(query.flag,) if query.flag else (),
        running=query.clocked_in,
        removed=query.include_removed,
    )
    found, total = _page(entry_queries.numbered(filters, query.updated_since), query)
    breaks = entry_queries.breaks_of(e.id for e, _ in found)
    items = [schemas.entry(e, name, breaks.get(e.id, [])) for e, name in found]
    return paging.Page(items, total, query.page, query.limit)


def _page(statement: Any, query: paging.PageQuery) -> tuple[Sequence[Any], int]:
    """One numbered page of a statement, read whole so that what belongs to its rows is read at once."""
    total = paging.count(statement)
    first = (query.page - 1) * query.limit
    if first >= total:
        return (), total
    return db.session.execute(statement.limit(query.limit).offset(first)).all(), total


def _narrowed(technician_id: int | None) -> int | None:
    """The technician a list is narrowed to: oneself for who sees no others. Raises NotFound for anybody else."""
    if rights.sees_all():
        return technician_id
    own = rights.own_technician()
    if technician_id is not None:
        rights.demand_seen(technician_id)
    return own


def _check_span(first: date | None, last: date | None) -> None:
    for name, day in (("date_from", first), ("date_to", last)):
        if day is not None and not EARLIEST <= day <= LATEST:
            raise errors.Invalid.one(name, f"{name} must lie between {EARLIEST} and {LATEST}.")
    if first is not None and last is not None and last < first:
        raise errors.Invalid.one("date_to", "date_to must not be before date_from.")


@api.post("/entries", permission=EDIT, body=schemas.EntryIn, returns=schemas.EntryDetail, status=201)
def add_entry(body: schemas.EntryIn) -> dict[str, Any]:
    """The office adds time that was not clocked."""
    times = Times(body.clock_in, body.clock_out, body.break_minutes)
    return _detail(service.changes.add_entry(body.technician_id, times, body.reason))


@api.get("/entries/<int:time_entry_id>", permission=ANY_READ, returns=schemas.EntryDetail)
def get_entry(time_entry_id: int) -> dict[str, Any]:
    """One entry with its breaks."""
    return _detail(rights.entry(time_entry_id))


@api.patch("/entries/<int:time_entry_id>", permission=EDIT, body=schemas.EntryChange, returns=schemas.EntryDetail)  # fmt: skip
def change_entry(time_entry_id: int, body: schemas.EntryChange) -> dict[str, Any]:
    """The office changes an entry; approved weeks are locked (409)."""
    changes = body.model_dump(include=body.model_fields_set - {"reason"})
    return _detail(service.changes.change_entry(time_entry_id, changes, body.reason))


@api.patch("/entries/<int:time_entry_id>/remove", permission=EDIT, body=schemas.ReasonIn,
           returns=schemas.EntryDetail)  # fmt: skip
def remove_entry(time_entry_id: int, body: schemas.ReasonIn) -> dict[str, Any]:
    """The office removes an entry; it stays in the audit log."""
    return _detail(service.changes.remove_entry(time_entry_id, body.reason))


def _detail(entry: TimeEntry) -> dict[str, Any]:
    db.session.flush()
    breaks = entry_queries.breaks_of([entry.id])[entry.id]
    return schemas.detail(entry, telling.name_of(entry.technician_id), breaks)


# Corrections ----------------------------------------------------------------------------------------------


@api.get("/corrections", permission=ANY_READ, query=schemas.CorrectionQuery, returns=schemas.CorrectionOut, paged=True)  # fmt: skip
def list_corrections(query: schemas.CorrectionQuery) -> Any:
    """List corrections with before and after, the latest first; technicians get their own."""
    technician_id = _narrowed(query.technician_id)
    filters = correction_queries.Filters(
        (query.status,) if query.status else (), (technician_id,) if technician_id is not None else ()
    )
    found, total = _page(correction_queries.numbered(filters, query.updated_since), query)
    before = correction_queries.before(found)
    items = [schemas.correction(row, before[row.id]) for row in found]
    return paging.Page(items, total, query.page, query.limit)


@api.post("/corrections", permission=(OWN, EDIT), body=schemas.CorrectionIn, returns=schemas.CorrectionOut,
          status=201)  # fmt: skip
def request_correction(body: schemas.CorrectionIn) -> dict[str, Any]:
    """Ask for other times, for a missing entry, or for one to be removed."""
    made = service.corrections.request(service.Ask(**body.model_dump()))
    return _correction(made.id)


@api.get("/corrections/<int:correction_id>", permission=ANY_READ, returns=schemas.CorrectionOut)
def get_correction(correction_id: int) -> dict[str, Any]:
    """One correction with before and after."""
    return _correction(rights.correction(correction_id).id)


@api.patch("/corrections/<int:correction_id>/approve", permission=APPROVE, body=schemas.ApprovalIn,
           returns=schemas.CorrectionOut)  # fmt: skip
def approve_correction(correction_id: int, body: schemas.ApprovalIn) -> dict[str, Any]:
    """Carry a correction out. Nobody approves their own (403)."""
    done = service.corrections.approve(correction_id, body.note, seen=body.entry_updated_at)
    db.session.flush()
    # what it was is in the audit log only once this is committed
    return schemas.correction(correction_queries.one(correction_id), done.was)


@api.patch("/corrections/<int:correction_id>/reject", permission=APPROVE, body=schemas.NoteIn,
           returns=schemas.CorrectionOut)  # fmt: skip
def reject_correction(correction_id: int, body: schemas.NoteIn) -> dict[str, Any]:
    """Turn a correction down, saying why."""
    service.corrections.reject(correction_id, body.note)
    return _correction(correction_id)


@api.patch("/corrections/<int:correction_id>/withdraw", permission=(OWN, EDIT), returns=schemas.CorrectionOut)  # fmt: skip
def withdraw_correction(correction_id: int) -> dict[str, Any]:
    """Take back what one asked for."""
    service.corrections.withdraw(correction_id)
    return _correction(correction_id)


def _correction(correction_id: int) -> dict[str, Any]:
    db.session.flush()
    row = correction_queries.one(correction_id)
    assert row is not None  # it was found before
    was = correction_queries.before([row])[row.id]
    return schemas.correction(row, was)


# Time sheets ----------------------------------------------------------------------------------------------


@api.get("/time-sheets", permission=ANY_READ, query=schemas.SheetQuery, returns=schemas.SheetOut, paged=True)
def list_sheets(query: schemas.SheetQuery) -> Any:
    """List time sheets by week, the latest first, each with its days; technicians get their own."""
    _check_span(query.date_from, query.date_to)
    statement = sheet_queries.numbered(
        technician_id=_narrowed(query.technician_id), status=query.status, date_from=query.date_from,
        date_to=query.date_to, updated_since=query.updated_since,
    )  # fmt: skip
    found, total = _page(statement, query)
    hours = sheet_queries.hours_of_sheets([s for s, _ in found])
    return paging.Page([schemas.sheet(s, n, hours[s.id]) for s, n in found], total, query.page, query.limit)


@api.get("/time-sheets/<int:sheet_id>", permission=ANY_READ, returns=schemas.SheetOut)
def get_sheet(sheet_id: int) -> dict[str, Any]:
    """One time sheet with its days."""
    return _sheet(sheet_id)


@api.patch("/time-sheets/<int:sheet_id>/submit", permission=(OWN, APPROVE), returns=schemas.SheetOut)
def submit_sheet(sheet_id: int) -> dict[str, Any]:
    """Say that a week is complete."""
    service.sheets.submit(sheet_id)
    return _sheet(sheet_id)


@api.patch("/time-sheets/<int:sheet_id>/approve", permission=APPROVE, returns=schemas.SheetOut)
def approve_sheet(sheet_id: int) -> dict[str, Any]:
    """Approve a week; its time is locked then. Nobody approves their own (403)."""
    service.sheets.approve(sheet_id)
    return _sheet(sheet_id)


@api.post("/time-sheets/approve", permission=APPROVE, body=schemas.ManyIn, returns=schemas.ManyOut)
def approve_sheets(body: schemas.ManyIn) -> dict[str, Any]:
    """Approve up to 500 weeks at once; those that cannot be are left as they are and listed with the reason."""
    result = service.sheets.approve_many(body.ids)
    refused = [{"id": sheet_id, "reason": reason} for sheet_id, reason in result.refused.items()]
    return {"approved": result.done, "refused": refused}


@api.patch("/time-sheets/<int:sheet_id>/send-back", permission=APPROVE, body=schemas.NoteIn,
           returns=schemas.SheetOut)  # fmt: skip
def send_back_sheet(sheet_id: int, body: schemas.NoteIn) -> dict[str, Any]:
    """Give a submitted week back to the technician, saying why."""
    service.sheets.send_back(sheet_id, body.note)
    return _sheet(sheet_id)


@api.patch("/time-sheets/<int:sheet_id>/reopen", permission=APPROVE, body=schemas.ReasonIn,
           returns=schemas.SheetOut)  # fmt: skip
def reopen_sheet(sheet_id: int, body: schemas.ReasonIn) -> dict[str, Any]:
    """Unlock an approved week, saying why."""
    service.sheets.reopen(sheet_id, body.reason)
    return _sheet(sheet_id)


@api.get("/time-sheets/<int:sheet_id>/pdf", permission=ANY_READ, media_type="application/pdf")
def sheet_pdf(sheet_id: int) -> Response:
    """A time sheet as PDF."""
    found = rights.sheet(sheet_id)
    return pdf.response(files.sheet_pdf(found), files.sheet_name(found))


@api.get("/export.csv", permission=READ, query=schemas.Span, media_type="text/csv")
def export_hours(query: schemas.Span) -> Response:
    """Hours of each technician on each day as CSV, in minutes and in decimal hours."""
    today = queries.today()
    week = queries.week_of(query.date_from or query.date_to or today)
    first, last = query.date_from or week.start, query.date_to or max(week.end, query.date_from or week.end)
    _check_span(first, last)
    return files.hours_csv(first, last, query.technician_id)


def _sheet(sheet_id: int) -> dict[str, Any]:
    found = rights.sheet(sheet_id)
    hours = sheet_queries.hours_of_sheets([found])[sheet_id]
    return schemas.sheet(found, telling.name_of(found.technician_id), hours)
