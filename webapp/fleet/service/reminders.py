"""Reminding people of certificates that expire and of maintenance that is due: once each, in one transaction with the
note that it was done."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from flask import current_app

from webapp.accounts import queries as accounts
from webapp.accounts.service import notices
from webapp.fleet import rules
from webapp.fleet.queries import maintenance as plans
from webapp.fleet.queries import skilled as held
from webapp.fleet.service import maintenance, skills
from webapp.kit import clock, events, journal, words
from webapp.messaging import service as messaging
from webapp.models import Technician, User

FIRST_HOUR = 7  # local: nobody's phone rings at night for a certificate
PIECE = 200  # rows of one transaction
NAMED = 4  # matters that a notice names before “and … more”
EXPIRING_URL = "/technician-skills/certificates?state=expiring"
DUE_URL = "/vehicles/maintenance"


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing to remind of: the line of a mail, and whether it is too late already."""

    id: int
    technician_id: int | None
    line: str
    late: bool


def is_time() -> bool:
    """Whether it is day where the company is."""
    return clock.now().astimezone(ZoneInfo(accounts.organization().time_zone)).hour >= FIRST_HOUR


def certificates(after: int = 0) -> tuple[int, int | None]:
    """Remind of certificates whose day has come: how many, and from which id on to go on (None at the end)."""
    today = held.today()
    found = held.to_remind(today, after, PIECE)
    matters, people = [], {}
    for has, technician, skill in found:
        assert has.expires_on is not None  # it was searched by it
        day = rules.skills.reminder_day(has.expires_on, has.reminded_for, today)
        if day is None:
            continue
        has.reminded_for = day
        left = (has.expires_on - today).days
        said = rules.skills.expiry_words(has.expires_on, today)
        journal.audit(skills.EXPIRING.name, diff={}, record_type="technician", record_id=technician.id, skill=skill,
                      technician_skill_id=has.id, words=said)  # fmt: skip
        events.emit(
            skills.EXPIRING, has.id, {**skills.payload(has, technician.name, skill), "days_left": left}
        )
        number = f" (certificate {has.certificate})" if has.certificate else ""
        line = f"{technician.name}: {skill}{number} {said}, {_day(has.expires_on)}"
        matters.append(Matter(has.id, technician.id, line, left < 0))
        people[technician.id] = technician
    if matters:
        said = "expire soon or have expired" if any(m.late for m in matters) else "expire soon"
        _tell_managers("certificate", said, matters, EXPIRING_URL, "certificates-expiring")
        _tell_technicians(matters, people)
    return len(matters), found[-1][0].id if len(found) == PIECE else None


def maintenance_due(after: int = 0) -> tuple[int, int | None]:
    """Remind of maintenance that became due soon or overdue: how many, and from which id on to go on (None at the end)."""
    today = held.today()
    found = plans.to_remind(after, PIECE)
    matters = []
    for plan, vehicle in found:
        due = rules.vehicles.due(plan.due_on, plan.due_miles, vehicle.odometer_miles, today)
        if not rules.vehicles.to_remind(due.state, plan.reminded_on, plan.due_on, today):
            continue
        plan.reminded_on = today
        journal.audit(maintenance.DUE.name, diff={}, record_type="vehicle", record_id=vehicle.id, plan=plan.name,
                      plan_id=plan.id, words=due.words)  # fmt: skip
        events.emit(maintenance.DUE, vehicle.id, {**maintenance.plan_payload(plan, vehicle), "state": due.state,
                                                  "days": due.days, "miles": due.miles})  # fmt: skip
        line = f"{vehicle.name}: {plan.name} is {due.words}"
        matters.append(Matter(plan.id, vehicle.technician_id, line, due.state == "overdue"))
    if matters:
        _tell_managers("vehicle service", "are due", matters, DUE_URL, "maintenance-due")
        _tell_drivers(matters)
    return len(matters), found[-1][0].id if len(found) == PIECE else None


def _day(day: date) -> str:
    return f"{day:%a, %b} {day.day}, {day.year}"


def _tell_managers(what: str, said: str, matters: Sequence[Matter], url: str, template: str) -> None:
    """A notice and a mail to each manager about all of it together."""
    title = matters[0].line if len(matters) == 1 else f"{words.plural(len(matters), what)} {said}"
    kind = "danger" if any(m.late for m in matters) else "warning"
    text = "" if len(matters) == 1 else _named(matters)
    for user in held.managers():
        notices.notify(user.id, kind, title, text, url)
        if user.email:
            messaging.send_email(
                user.email, user.name, title, _mail(user.name, matters, url), template=template
            )


def _named(matters: Sequence[Matter]) -> str:
    lines = [m.line for m in matters[:NAMED]]
    more = len(matters) - len(lines)
    return "; ".join(lines) + (f"; and {more:,} more" if more else "")


def _mail(name: str, matters: Sequence[Matter], url: str) -> str:
    lines = "\n".join(f"- {m.line}" for m in matters)
    link = f"\n\n{current_app.config['SETTINGS'].base_url}{url}\n" if url else "\n"
    return f"Hello {name},\n\n{lines}{link}"


def _tell_technicians(matters: Sequence[Matter], people: dict[int, Technician]) -> None:
    """Each technician hears of the own certificates: by mail, and by a notice where they sign in."""
    users = held.users_of(people)
    for technician_id, own in _by_technician(matters).items():
        technician, user = people[technician_id], users.get(technician_id)
        mine = [Matter(m.id, None, m.line.removeprefix(f"{technician.name}: "), m.late) for m in own]
        title = f"Your {mine[0].line}" if len(mine) == 1 else f"{len(mine)} of your certificates expire soon"
        if user is not None:
            kind = "danger" if any(m.late for m in mine) else "warning"
            notices.notify(user.id, kind, title, "" if len(mine) == 1 else _named(mine))
        address = technician.email or (user.email if user else "")
        if address:
            body = (
                _mail(technician.name, mine, "").rstrip() + "\n\nPlease renew in time, and tell the office.\n"
            )
            messaging.send_email(address, technician.name, title, body, template="certificates-expiring",
                                 record_type="technician", record_id=technician.id)  # fmt: skip


def _tell_drivers(matters: Sequence[Matter]) -> None:
    """Whoever drives a vehicle gets a notice of what it needs."""
    by_driver = _by_technician(matters)
    users: dict[int, User] = held.users_of(by_driver)
    for technician_id, own in by_driver.items():
        user = users.get(technician_id)
        if user is not None:
            for matter in own:
                notices.notify(user.id, "danger" if matter.late else "warning", matter.line)


def _by_technician(matters: Sequence[Matter]) -> dict[int, list[Matter]]:
    found: dict[int, list[Matter]] = defaultdict(list)
    for matter in matters:
        if matter.technician_id is not None:
            found[matter.technician_id].append(matter)
    return found
