"""Clock-outs that were forgotten: found, flagged, and told once to the technician and to the office."""

from collections.abc import Sequence
from datetime import timedelta

from flask import current_app

from webapp.accounts import queries as accounts
from webapp.accounts.service import notices
from webapp.kit import clock, journal
from webapp.kit.db import db, get
from webapp.messaging import service as messaging
from webapp.models import Technician, TimeEntry
from webapp.timesheets import queries, rules
from webapp.timesheets.permissions import APPROVE
from webapp.timesheets.queries import entries as entry_queries
from webapp.timesheets.service import changes, sheets, telling

TEMPLATE = "missing_clock_out"


def find() -> list[int]:
    """Flag the entries whose clock-out is overdue and tell about them; their ids. Called again, it finds nothing more."""
    after = queries.missing_after()
    found = []
    for entry in entry_queries.forgotten(clock.now() - after):
        sheets.hold(entry.technician_id)
        db.session.refresh(entry)
        if entry.clock_out is not None or entry.removed_at is not None:
            continue  # clocked out while this looked
        before = journal.snapshot(entry)
        entry.flag = rules.with_flags(entry.flag, "missing_clock_out")
        db.session.flush()
        changes.told(entry, "time.clock-out-missing", telling.MISSING, before)
        found.append(entry)
    if found:
        _tell(found, after)
    return [entry.id for entry in found]


def _tell(found: Sequence[TimeEntry], after: timedelta) -> None:
    names = {}
    for entry in found:
        technician = get(Technician, entry.technician_id)
        names[entry.id] = technician.name
        _tell_technician(entry, technician)
    url = "/time-sheets/entries?flag=missing_clock_out"
    lines = [f"{names[e.id]}, clocked in since {telling.moment(e.clock_in)}" for e in found]
    hours = int(after.total_seconds() // 3600)
    for user in telling.those_who_may(APPROVE):
        for entry, line in zip(found, lines, strict=True):
            notices.notify(user.id, "warning", f"{names[entry.id]} did not clock out", f"{line}.", url,
                           dedupe_key=f"missing-{entry.id}")  # fmt: skip
        if user.email:
            messaging.send_email(
                user.email, user.name, "A clock-out is missing" if len(found) == 1 else f"{len(found)} clock-outs are missing",
                f"Hello {user.name},\n\nafter {hours} hours nobody has clocked out here:\n\n"
                + "\n".join(f"- {line}" for line in lines)
                + "\n\nThe technicians were asked when they stopped. Their answers will wait for you as corrections:\n\n"
                f"{_base_url()}{url}\n",
                template=TEMPLATE, record_type="time_entry", record_id=found[0].id,
            )  # fmt: skip


def _tell_technician(entry: TimeEntry, technician: Technician) -> None:
    since = telling.moment(entry.clock_in)
    telling.technician(entry.technician_id, "warning", "You did not clock out",
                       f"You are clocked in since {since}. Say when you stopped.", "/my/time", f"missing-{entry.id}")  # fmt: skip
    company = accounts.organization()
    text = f"{company.display_name}: you are clocked in since {since}. Say when you stopped: {_base_url()}/my/time"
    if technician.phone:
        messaging.send_sms(technician.phone, text, to_name=technician.name, template=TEMPLATE,
                           record_type="time_entry", record_id=entry.id)  # fmt: skip
    elif technician.email:
        messaging.send_email(
            technician.email, technician.name, "You did not clock out",
            f"Hello {technician.name},\n\nyou are clocked in since {since}. If you have stopped, say when:\n\n"
            f"{_base_url()}/my/time\n",
            template=TEMPLATE, record_type="time_entry", record_id=entry.id,
        )  # fmt: skip


def _base_url() -> str:
    return str(current_app.config["SETTINGS"].base_url)
