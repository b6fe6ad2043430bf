"""Days without business hours."""

from datetime import date

from webapp.kit import clean, errors, events, journal
from webapp.kit.db import add, db, get
from webapp.kit.permissions import demand
from webapp.models import Holiday
from webapp.sla import events as told
from webapp.sla.permissions import SLA_EDIT
from webapp.sla.queries import basis
from webapp.sla.service import clocks

EARLIEST = date(2000, 1, 1)


def create(day: date, name: str) -> Holiday:
    """Add a holiday. Raises Invalid for a day that cannot be, Conflict when the day is one already."""
    demand(SLA_EDIT)
    try:
        tidy = clean.name(name, 80)
    except ValueError as problem:
        raise errors.Invalid.one("name", str(problem)) from None
    if not EARLIEST <= day <= basis.today() + basis.YEARS_AHEAD:
        raise errors.Invalid.one("date", "Choose a day from the year 2000 to three years ahead.")
    known = basis.holiday_on(day)
    if known is not None:
        sentence = f"That day is a holiday already: {known.name}."
        raise errors.Conflict(sentence, details={"fields": {"date": sentence}})
    return _add(day, tidy)


def add_federal(year: int) -> list[Holiday]:
    """Add the US federal holidays of a year that are not there yet, observed days too. Raises Invalid for a far year."""
    demand(SLA_EDIT)
    this = basis.today().year
    if not this - 1 <= year <= this + 2:
        raise errors.Invalid.one("year", f"Choose a year from {this - 1} to {this + 2}.")
    known = {h.on_date for h in basis.holidays(date(year, 1, 1), date(year, 12, 31))}
    return [_add(day, name) for day, name in basis.federal(year).items() if day not in known]


def remove(holiday_id: int) -> Holiday:
    """Let a holiday have business hours again."""
    demand(SLA_EDIT)
    holiday = get(Holiday, holiday_id)
    journal.audit(told.HOLIDAY_REMOVED.name, holiday, diff={}, date=holiday.on_date, name=holiday.name)
    events.emit(told.HOLIDAY_REMOVED, holiday.id, {"date": holiday.on_date, "name": holiday.name})
    db.session.delete(holiday)
    db.session.flush()
    clocks.recalculate_soon()
    return holiday


def _add(day: date, name: str) -> Holiday:
    holiday = add(Holiday(on_date=day, name=name))
    journal.audit(told.HOLIDAY_ADDED.name, holiday)
    events.emit(told.HOLIDAY_ADDED, holiday.id, {"date": day, "name": name})
    clocks.recalculate_soon()
    return holiday
