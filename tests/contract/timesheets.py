"""Working time of a company under the contract's tests."""

from datetime import datetime, timedelta
from typing import Any

from tests.contract.house import House
from tests.factories import people
from webapp.kit import clock
from webapp.timesheets import queries, service
from webapp.timesheets.service import Ask, Punch
from webapp.timesheets.service.changes import Times

TIME = "/api/v1/time-tracking"


def fill(house: House) -> None:
    """Two of each: entries, corrections and weeks."""
    for _ in range(2):
        with house.acting():
            house.values |= entry(house) | sheet(house)
        house.values |= correction(house)
    with house.acting():
        service.clock_in(Punch(technician_id=house.values["supervisor_id"], reason="At the desk"))


def somebody(house: House) -> int:
    return people.technician(name=f"Clocked {house.number()}").id


def _morning() -> Times:
    now = clock.now()
    return Times(now - timedelta(hours=4), now - timedelta(hours=2), 15)


def entry(house: House, technician_id: int | None = None) -> dict[str, Any]:
    """A finished entry of somebody of its own."""
    return {
        "time_entry_id": service.changes.add_entry(
            technician_id or somebody(house), _morning(), "Paper sheet"
        ).id
    }


def sheet(house: House) -> dict[str, Any]:
    """An open week of somebody of its own."""
    who = somebody(house)
    entry(house, who)
    found = queries.sheets.sheet(who, queries.week_of(queries.today()).start)
    assert found is not None
    return {"sheet_id": found.id}


def correction(house: House, role: str = "manager") -> dict[str, Any]:
    """A correction that waits, asked for by somebody for somebody of its own."""
    with house.acting():
        who = somebody(house)
    with house.acting(role):
        times = _morning()
        made = service.corrections.request(
            Ask(technician_id=who, clock_in=times.clock_in, clock_out=times.clock_out, reason="Forgot")
        )
        return {"correction_id": made.id}


def submitted(house: House) -> dict[str, Any]:
    with house.acting():
        found = sheet(house)
        service.sheets.submit(found["sheet_id"])
        return found


def approved(house: House) -> dict[str, Any]:
    with house.acting():
        found = sheet(house)
        service.sheets.approve(found["sheet_id"])
        return found


def mine(house: House) -> dict[str, Any]:
    return correction(house, "admin")


PREPARED = {
    ("PATCH", "/time-tracking/time-sheets/<int:sheet_id>/send-back"): submitted,
    ("PATCH", "/time-tracking/time-sheets/<int:sheet_id>/reopen"): approved,
    ("PATCH", "/time-tracking/corrections/<int:correction_id>/withdraw"): mine,
}


# Bodies ---------------------------------------------------------------------------------------------------


def _tap(house: House, *, inside: bool = False, pause: bool = False) -> dict[str, Any]:
    """Somebody who is out, in, or on a break."""
    with house.acting():
        who = somebody(house)
        if inside or pause:
            before = clock.now() - timedelta(hours=1)
            service.clock_in(Punch(technician_id=who, reason="Test", happened_at=before))
        if pause:
            service.start_break(Punch(technician_id=who, reason="Test"))
    return {"technician_id": who, "reason": f"Words {house.number()}"}


def _times(house: House) -> dict[str, Any]:
    with house.acting():
        who = somebody(house)
    now: datetime = clock.now()
    times = {
        "clock_in": clock.iso(now - timedelta(hours=3)),
        "clock_out": clock.iso(now - timedelta(hours=2)),
    }
    return {"reason": f"Words {house.number()}", "technician_id": who, **times}


BODIES = {
    ("POST", f"{TIME}/clock-in"): _tap,
    ("POST", f"{TIME}/clock-out"): lambda house: _tap(house, inside=True),
    ("POST", f"{TIME}/breaks/start"): lambda house: _tap(house, inside=True),
    ("POST", f"{TIME}/breaks/end"): lambda house: _tap(house, pause=True),
    ("POST", f"{TIME}/entries"): _times,
    ("POST", f"{TIME}/corrections"): _times,
    ("POST", f"{TIME}/time-sheets/approve"): lambda house: {"ids": [house.values["sheet_id"]]},
}
