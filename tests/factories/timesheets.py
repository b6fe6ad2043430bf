"""Technicians who sign in, and time they clocked, made by the services that people use."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.factories import people, sales
from tests.factories.world import Company
from webapp.kit import clock
from webapp.kit.db import get
from webapp.models import TimeEntry
from webapp.timesheets import queries, service
from webapp.timesheets.service.changes import Times

WEDNESDAY = date(2026, 11, 18)
NOON = datetime(2026, 11, 18, 17, tzinfo=UTC)  # midday in New York, on a Wednesday
MONDAY = date(2026, 11, 16)


def at(hour: int, minute: int = 0, *, day: date = WEDNESDAY) -> datetime:
    """A time of day in New York in winter, as UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour + 5, minutes=minute)


def technician(company: Company, name: str = "Mike Johnson", **values: Any) -> int:
    """A technician as whom the user `technician` signs in; their id. To be called outside of `company.acting`."""
    with company.acting():
        made = people.technician(name=name, **values)
        sales.link(company.users["technician"], made)
        return made.id


def somebody(company: Company, name: str = "Una Ode", **values: Any) -> int:
    """A technician who does not sign in; their id."""
    with company.acting():
        return people.technician(name=name, **values).id


def worked(
    company: Company,
    technician_id: int,
    start: datetime,
    end: datetime,
    breaks: int = 0,
    reason: str = "Paper sheet",
) -> int:
    """A finished entry, added by the manager; its id."""
    with company.acting("manager"):
        return service.changes.add_entry(technician_id, Times(start, end, breaks), reason).id


def clocked(company: Company, start: datetime, end: datetime | None = None, **more: Any) -> int:
    """An entry that the signed-in technician clocked; its id. Open without an end."""
    with company.acting("technician"):
        with clock.at(start):
            entry = service.clock_in(service.Punch(**more))
        if end is not None:
            with clock.at(end):
                service.clock_out(service.Punch())
        return entry.id


def entry(company: Company, entry_id: int) -> TimeEntry:
    """An entry as it is kept."""
    with company.acting():
        return get(TimeEntry, entry_id)


def sheet_of(company: Company, technician_id: int, day: date = WEDNESDAY) -> int:
    """The number of the sheet that a day lies in."""
    with company.acting():
        found = queries.sheets.sheet(technician_id, queries.week_of(day).start)
        assert found is not None
        return found.id


def local(moment: datetime) -> str:
    """A moment as somebody in New York types it into a field of day and time."""
    return moment.astimezone(ZoneInfo("America/New_York")).strftime("%Y-%m-%dT%H:%M")
