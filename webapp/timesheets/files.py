"""Working time as files: hours as CSV, a time sheet as PDF."""

import csv as writing
import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from flask import Response

from webapp.accounts.service import letterhead
from webapp.kit import clock, csv, errors, pdf
from webapp.kit.db import db, get
from webapp.models import Technician, TimeSheet, User
from webapp.timesheets import queries, rules, shown
from webapp.timesheets.queries import sheets as sheet_queries

MOST_DAYS = 366  # of one answer; the export of the Downloads page takes any span
BY_DAY = ("Technician", "Employee number", "Date", "Worked minutes", "Worked hours", "Break minutes", "Travel minutes",
          "On visits minutes", "Unassigned minutes", "Week from", "Time sheet", "Flags")  # fmt: skip
BY_WEEK = ("Technician", "Employee number", "Week from", "Week to", "Worked minutes", "Worked hours", "Regular minutes",
           "Regular hours", "Overtime minutes", "Overtime hours", "Double time minutes", "Double time hours",
           "Break minutes", "Travel minutes", "On visits minutes", "Unassigned minutes", "Time sheet", "Flags")  # fmt: skip
PIECE = 200  # technicians read at once


# CSV ------------------------------------------------------------------------------------------------------


def hours_csv(first: date, last: date, technician_id: int | None = None, detail: str = "days") -> Response:
    """Hours between two days, inclusive: a row for each technician and day, or with `weeks` for each week.

    Raises Invalid for more than a year, NotFound for an unknown technician.
    """
    if (last - first).days >= MOST_DAYS:
        raise errors.Invalid.one("date_to", f"At most {MOST_DAYS} days at once; take the export for more.")
    body = b"".join(hours(first, last, technician_id, detail))
    answer = Response(body, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="hours-{first}-{last}.csv"'
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


def hours(first: date, last: date, technician_id: int | None = None, detail: str = "days") -> Iterator[bytes]:
    """The rows of :func:`hours_csv` in pieces, week by week."""
    if technician_id is not None:
        get(Technician, technician_id)
    yield _lines([BY_DAY if detail == "days" else BY_WEEK])
    for week in queries.settings().weeks_of(first, last):
        filters = sheet_queries.Filters(week, technician_ids=(technician_id,) if technician_id else ())
        people = db.session.execute(
            sheet_queries.everybody(filters).order_by(Technician.name, Technician.id)
        ).all()
        for start in range(0, len(people), PIECE):
            piece = people[start : start + PIECE]
            found = sheet_queries.hours([p.id for p in piece], week)
            rows: list[tuple[Any, ...]] = []
            for person in piece:
                if detail == "days":
                    rows += _days(person, week, found[person.id], first, last)
                else:
                    rows += _week(person, week, found[person.id])
            if rows:
                yield _lines(rows)


def _days(
    person: Any, week: rules.Week, hours: rules.Hours, first: date, last: date
) -> list[tuple[Any, ...]]:
    return [
        (*_name(person), d.day, d.minutes, rules.decimal_hours(d.minutes), d.break_minutes, d.travel, d.work,
         d.unassigned, week.start, rules.SHEET_STATES[person.status], _flags(d.flags))
        for d in hours.days
        if first <= d.day <= last and (d.minutes or d.flags or d.travel or d.work)
    ]  # fmt: skip


def _week(person: Any, week: rules.Week, hours: rules.Hours) -> list[tuple[Any, ...]]:
    if not (hours.minutes or hours.flags):
        return []
    counted = [hours.minutes, hours.over.regular, hours.over.overtime, hours.over.double]
    both = [value for minutes in counted for value in (minutes, rules.decimal_hours(minutes))]
    return [
        (*_name(person), week.start, week.end, *both, hours.break_minutes, hours.travel, hours.work,
         hours.unassigned, rules.SHEET_STATES[person.status], _flags(hours.flags))
    ]  # fmt: skip


def _name(person: Any) -> tuple[str, str]:
    return csv.guard(person.name), csv.guard(person.employee_number or "")


def _flags(flags: set[str]) -> str:
    return "; ".join(rules.FLAGS[name] for name in rules.flags_of(" ".join(flags)))


def _lines(rows: list[tuple[Any, ...]]) -> bytes:
    out = io.StringIO()
    writing.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


# PDF ------------------------------------------------------------------------------------------------------


def sheet_pdf(sheet: TimeSheet) -> bytes:
    """A technician's week on paper: each day with its entries, totals, overtime, and a line to sign."""
    technician = get(Technician, sheet.technician_id)
    week = queries.week_of(sheet.week_start)
    decided = db.session.get(User, (sheet.tenant_id, sheet.decided_by)) if sheet.decided_by else None
    return pdf.render(
        "timesheets/sheet_pdf.html",
        sheet=sheet,
        technician=technician,
        week=week,
        label=f"{week.label}, {week.end.year}",
        hours=sheet_queries.hours_of_sheets([sheet])[sheet.id],
        words=rules.words,
        clocked=shown.clocked,
        decimal=rules.decimal_hours,
        flags=rules.FLAGS,
        flags_of=rules.flags_of,
        overtime_words=rules.OVERTIME_WORDS[queries.settings().overtime],
        decided_by=decided.name if decided is not None else "",
        printed=clock.now(),
        **letterhead.values(),
    )


def sheet_name(sheet: TimeSheet) -> str:
    """`time-sheet-2026-11-16-mike-johnson`."""
    name = get(Technician, sheet.technician_id).name
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-") or "technician"
    return f"time-sheet-{sheet.week_start}-{plain}"
