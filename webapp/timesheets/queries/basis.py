"""What reading time rests on: the organization's zone, its settings, its days and weeks."""

from datetime import date, datetime, timedelta

from webapp.accounts import queries as accounts
from webapp.kit import clock
from webapp.timesheets import rules


def settings() -> rules.TimeSettings:
    """The organization's settings of time."""
    return rules.TimeSettings.of(accounts.organization().settings)


def zone() -> str:
    return accounts.organization().time_zone


def today() -> date:
    return clock.today(zone())


def missing_after() -> timedelta:
    """How long after clocking in a clock-out counts as forgotten."""
    return timedelta(hours=settings().missing_after_hours)


def week_of(day: date) -> rules.Week:
    return settings().week_of(day)


def bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """The moments from the beginning of a local day to the end of another."""
    where = zone()
    return clock.day_bounds(first, where)[0], clock.day_bounds(last, where)[1]
