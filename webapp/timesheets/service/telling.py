"""What is told of working time: events for domains above and for webhooks, notices for people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from webapp.accounts.service import notices
from webapp.kit import context, events, permissions, streams, words
from webapp.kit.db import db
from webapp.models import Technician, TimeCorrection, TimeEntry, TimeSheet, User
from webapp.timesheets import queries, rules

streams.TOPICS["time"] = "time-changed"
_ENTRY = {"id": 1, "technician_id": 1, "clock_in": "2026-11-18T12:58:00Z", "clock_out": "2026-11-18T21:32:00Z",
          "break_minutes": 30, "duration_minutes": 484, "flags": [], "source": "phone"}  # fmt: skip
_OPEN = _ENTRY | {"clock_out": None, "break_minutes": 0, "duration_minutes": None}
_CORRECTION = {"id": 1, "technician_id": 1, "entry_id": 1, "clock_in": "2026-11-18T12:30:00Z",
               "clock_out": "2026-11-18T21:32:00Z", "break_minutes": 30, "remove": False, "reason": "Forgot to clock in",
               "status": "pending"}  # fmt: skip
_SHEET = {"id": 1, "technician_id": 1, "week_start": "2026-11-16", "week_end": "2026-11-22", "status": "submitted",
          "minutes": None}  # fmt: skip

CLOCKED_IN = events.declare("time.clocked-in", "A technician clocked in", _OPEN)
CLOCKED_OUT = events.declare("time.clocked-out", "A technician clocked out", _ENTRY)
BREAK_STARTED = events.declare(
    "time.break-started", "A technician went on a break", _OPEN | {"kind": "lunch"}
)
BREAK_ENDED = events.declare(
    "time.break-ended", "A technician came back from a break", _OPEN | {"kind": "lunch"}
)
ENTRY_ADDED = events.declare("time.entry-added", "A missing time entry was added", _ENTRY)
ENTRY_CHANGED = events.declare("time.entry-changed", "A time entry was changed", _ENTRY)
ENTRY_REMOVED = events.declare("time.entry-removed", "A time entry was removed", _ENTRY)
MISSING = events.declare("time.clock-out-missing", "A technician seems to have forgotten to clock out",
                         _OPEN | {"flags": ["missing_clock_out"]})  # fmt: skip
REQUESTED = events.declare("time.correction-requested", "A correction of time was asked for", _CORRECTION)
CORRECTED = events.declare(
    "time.correction-approved", "A correction of time was approved", _CORRECTION | {"status": "approved"}
)
TURNED_DOWN = events.declare(
    "time.correction-rejected", "A correction of time was turned down", _CORRECTION | {"status": "rejected"}
)
SUBMITTED = events.declare("time.sheet-submitted", "A time sheet was submitted", _SHEET)
APPROVED = events.declare(
    "time.sheet-approved", "A time sheet was approved", _SHEET | {"status": "approved", "minutes": 2400}
)
SENT_BACK = events.declare("time.sheet-sent-back", "A time sheet was sent back", _SHEET | {"status": "open"})
REOPENED = events.declare(
    "time.sheet-reopened", "An approved time sheet was opened again", _SHEET | {"status": "open"}
)


def of_entry(entry: TimeEntry) -> dict[str, Any]:
    """What events tell of an entry."""
    done = entry.clock_out is not None
    minutes = (
        rules.duration(entry.clock_in, entry.clock_out, entry.break_minutes)  # type: ignore[arg-type]  # done
        if done
        else None
    )
    return {
        "id": entry.id,
        "technician_id": entry.technician_id,
        "clock_in": entry.clock_in,
        "clock_out": entry.clock_out,
        "break_minutes": entry.break_minutes,
        "duration_minutes": minutes,
        "flags": rules.flags_of(entry.flag),
        "source": entry.source,
    }


def of_correction(correction: TimeCorrection) -> dict[str, Any]:
    names = (
        "id",
        "technician_id",
        "entry_id",
        "clock_in",
        "clock_out",
        "break_minutes",
        "remove",
        "reason",
        "status",
    )
    return {name: getattr(correction, name) for name in names}


def of_sheet(sheet: TimeSheet) -> dict[str, Any]:
    week = queries.week_of(sheet.week_start)
    return {
        "id": sheet.id,
        "technician_id": sheet.technician_id,
        "week_start": week.start,
        "week_end": week.end,
        "status": sheet.status,
        "minutes": sheet.minutes,
    }


# People ---------------------------------------------------------------------------------------------------


def moment(at: datetime) -> str:
    """A moment in the organization's words, within a sentence: `today 8:02 AM`, `Mon, Nov 16 8:02 AM`."""
    found = words.date_words(at, zone=queries.zone())
    return found[0].lower() + found[1:] if found.startswith(("Today", "Yesterday", "Tomorrow")) else found


def user_of(technician_id: int) -> User | None:
    """Who signs in as a technician, unless their account is closed."""
    return db.session.scalar(
        select(User).where(
            User.tenant_id == context.tenant_id(), User.technician_id == technician_id, User.active
        )
    )


def those_who_may(permission: str) -> Sequence[User]:
    """Active people of the office who have a permission."""
    statement = select(User).where(User.tenant_id == context.tenant_id(), User.active).order_by(User.id)
    return [
        user
        for user in db.session.scalars(statement)
        if permission in permissions.of_roles(user.roles, user.narrowed)
    ]


def technician(
    technician_id: int, kind: str, title: str, text: str = "", url: str = "", key: str = ""
) -> None:
    """Put a notice on a technician's phone; nothing where nobody signs in as them, or where it is the caller."""
    user = user_of(technician_id)
    if user is not None and user.id != _me():
        notices.notify(user.id, kind, title, text, url, dedupe_key=key or None)


def _me() -> int | None:
    who = context.principal()
    return who.id if who.kind == "user" else None


def name_of(technician_id: int) -> str:
    found = db.session.get(Technician, (context.tenant_id(), technician_id))
    return found.name if found is not None else f"Technician {technician_id}"
