"""Holidays of the company, as those who offer times see them."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from webapp.dispatch import settings
from webapp.sla.queries import basis


def names(start: datetime, days: int) -> dict[date, str]:
    """The holidays from a moment on, for so many days: their names by day."""
    first = start.astimezone(ZoneInfo(settings.zone())).date()
    return {h.on_date: h.name for h in basis.holidays(first, first + timedelta(days=days))}


def of(moment: datetime, known: Mapping[date, str]) -> str | None:
    """The name of the holiday on which a moment lies; None where it is none."""
    return known.get(moment.astimezone(ZoneInfo(settings.zone())).date())
