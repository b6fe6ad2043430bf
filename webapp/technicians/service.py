"""Commands on technicians."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from webapp.accounts.service import users
from webapp.kit import db, errors, events, journal, locks, permissions, search
from webapp.models import Technician, User
from webapp.technicians import queries, rules
from webapp.technicians.permissions import EDIT, PAY

_EXAMPLE = {"id": 1, "name": "Mike Johnson", "employee_number": "T-104", "pay_type": "hourly", "active": True,
            "starts_on": "2024-03-01", "ends_on": None}  # fmt: skip
CREATED = events.declare("technician.created", "A technician was added", _EXAMPLE)
UPDATED = events.declare("technician.updated", "A technician's details were changed", _EXAMPLE)
DEACTIVATED = events.declare(
    "technician.deactivated", "A technician was given a last day", {**_EXAMPLE, "ends_on": "2026-03-31"}
)
REACTIVATED = events.declare(
    "technician.reactivated", "A technician's last day was taken back or moved to the future", _EXAMPLE
)


def create(values: Mapping[str, Any]) -> Technician:
    """Add a technician from the fields of :data:`rules.FIELDS`; `name` and `pay_type` are needed.

    Raises Invalid for values that cannot be, Conflict for an employee number that is taken, NotFound for a
    supervisor who does not exist.
    """
    permissions.demand(EDIT)
    found = rules.cleaned({"name": "", **values})
    if found.get("base_pay_cents"):
        permissions.demand(PAY)
    _check_number(found.get("employee_number"), None)
    _check_supervisor(None, found.get("supervisor_id"))
    found.setdefault("color", next_color())
    technician = db.add(Technician(**found))
    _index(technician)
    journal.audit("technician.created", technician)
    events.emit(CREATED, technician.id, payload(technician))
    return technician


def update(technician_id: int, changes: Mapping[str, Any]) -> Technician:
    """Change some fields of a technician. What is not named stays. Raises as :func:`create`."""
    permissions.demand(EDIT)
    if changes.get("supervisor_id") is not None:
        # two people must not name each other at the same time; before any row is locked, or they would deadlock
        locks.hold("technician-supervisors")
    technician = db.get(Technician, technician_id, lock=True)
    before = journal.snapshot(technician)
    found = rules.cleaned(changes, before)
    found = {name: value for name, value in found.items() if before[name] != value}
    if not found:
        return technician
    if "base_pay_cents" in found:
        permissions.demand(PAY)
    if "employee_number" in found:
        _check_number(found["employee_number"], technician.id)
    if "supervisor_id" in found:
        _check_supervisor(technician.id, found["supervisor_id"])
    was = rules.state(technician.starts_on, technician.ends_on, queries.today())
    for name, value in found.items():
        setattr(technician, name, value)
    db.db.session.flush()
    _index(technician)
    _tell(technician, before, set(found), was)
    return technician


def deactivate(technician_id: int, last_day: date) -> Technician:
    """Set the last day (inclusive) on which a technician works here."""
    return update(technician_id, {"ends_on": last_day})


def reactivate(technician_id: int) -> Technician:
    """Take the last day back."""
    return update(technician_id, {"ends_on": None})


def set_for_all(technician_ids: Sequence[int], field: str, value: Any) -> list[tuple[int, Any]]:
    """Change one field of several technicians; the ids really changed, with what they had before."""
    permissions.demand(EDIT)
    changed = []
    for technician_id in technician_ids:
        technician = db.get(Technician, technician_id)
        old = getattr(technician, field)
        update(technician_id, {field: value})
        if old != value:
            changed.append((technician_id, old))
    return changed


def invite(technician_id: int, *, username: str, email: str) -> User:
    """Create a sign-in for a technician, who chooses a password by a mailed link.

    Raises Conflict when there is one already, and what inviting a user raises.
    """
    permissions.demand(EDIT)
    technician = db.get(Technician, technician_id, lock=True)
    if queries.sign_in_of(technician_id) is not None:
        raise errors.Conflict(f"{technician.name} has a sign-in already.")
    user, _ = users.invite(
        username=username,
        name=technician.name,
        email=email,
        roles=("technician",),
        technician_id=technician_id,
    )
    journal.audit(
        "technician.invited",
        record_type="technician",
        record_id=technician_id,
        user_id=user.id,
        email=user.email,
    )
    return user


def restore(field: str, old: Sequence[tuple[int, Any]], new: Any) -> int:
    """Undo :func:`set_for_all`: give each its old value back where it still has the new one. How many did."""
    if field == "ends_on":
        new, old = _day(new), [(technician_id, _day(value)) for technician_id, value in old]
    restored = 0
    for technician_id, value in old:
        if getattr(db.get(Technician, technician_id), field) == new:
            update(technician_id, {field: value})
            restored += 1
    return restored


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def payload(technician: Technician) -> dict[str, Any]:
    """What events tell of a technician: everything but what they are paid."""
    return {
        "id": technician.id,
        "name": technician.name,
        "employee_number": technician.employee_number,
        "pay_type": technician.pay_type,
        "email": technician.email,
        "phone": technician.phone,
        "supervisor_id": technician.supervisor_id,
        "starts_on": technician.starts_on,
        "ends_on": technician.ends_on,
        "active": rules.state(technician.starts_on, technician.ends_on, queries.today()) == "active",
    }


def _tell(technician: Technician, before: dict[str, Any], changed: set[str], was: str) -> None:
    action, kind = "technician.updated", UPDATED
    if "ends_on" in changed:
        leaves = technician.ends_on is not None and (
            before["ends_on"] is None or technician.ends_on < before["ends_on"]
        )
        action, kind = (
            ("technician.deactivated", DEACTIVATED) if leaves else ("technician.reactivated", REACTIVATED)
        )
    journal.audit(action, technician, before=before)
    events.emit(kind, technician.id, {**payload(technician), "changed": sorted(changed), "was": was})
    if kind is not UPDATED and len(changed) > 1:
        events.emit(UPDATED, technician.id, {**payload(technician), "changed": sorted(changed), "was": was})


def _check_number(employee_number: str | None, technician_id: int | None) -> None:
    if employee_number is None:
        return
    holder = queries.number_taken_by(employee_number, technician_id)
    if holder is not None:
        sentence = f"{employee_number} is the number of {holder} already."
        raise errors.Conflict(sentence, details={"fields": {"employee_number": sentence}})


def _check_supervisor(technician_id: int | None, supervisor_id: int | None) -> None:
    if supervisor_id is None:
        return
    if supervisor_id == technician_id:
        raise errors.Invalid.one("supervisor_id", "Nobody supervises themselves.")
    supervisor = db.get(Technician, supervisor_id)
    if rules.state(supervisor.starts_on, supervisor.ends_on, queries.today()) != "active":
        raise errors.Invalid.one("supervisor_id", f"{supervisor.name} does not work here at present.")
    if technician_id is not None and rules.leads_in_a_circle(
        technician_id, supervisor_id, queries.supervisors()
    ):
        raise errors.Invalid.one(
            "supervisor_id", f"{supervisor.name} reports to this technician, so cannot supervise them."
        )


def next_color() -> str:
    """A colour for one more technician."""
    return rules.COLORS[queries.tallies()["all"] % len(rules.COLORS)]


def _index(technician: Technician) -> None:
    search.index(
        "technician",
        technician.id,
        technician.name,
        technician.employee_number,
        technician.phone,
        technician.email,
    )
