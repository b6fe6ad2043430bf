"""What a unit may hold, and how its warranty stands. Pure."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, Literal

from webapp.kit import clean

FIELDS: Final = ("kind", "make", "model", "serial", "location", "installed_on", "warranty_until", "notes")
KINDS: Final = (
    "Air conditioner",
    "Air handler",
    "Boiler",
    "Condenser",
    "Electrical panel",
    "Furnace",
    "Generator",
    "Heat pump",
    "Mini split",
    "Sump pump",
    "Tankless water heater",
    "Thermostat",
    "Water heater",
    "Water softener",
    "Well pump",
)
"""What is offered while somebody types; anything else may be written."""
READINGS: Final = {
    "Suction pressure": "psi",
    "Discharge pressure": "psi",
    "Superheat": "°F",
    "Subcooling": "°F",
    "Supply air": "°F",
    "Return air": "°F",
    "Static pressure": "in. w.c.",
    "Gas pressure": "in. w.c.",
    "Carbon monoxide": "ppm",
    "Amperage": "A",
    "Voltage": "V",
    "Water pressure": "psi",
}
SOON: Final = 60  # days before its end from which a warranty is shown as ending
EARLIEST: Final = date(1900, 1, 1)
_LINES: Final = {"kind": 60, "make": 60, "model": 80, "serial": 80, "location": 80}
State = Literal["none", "ok", "ending", "expired"]


def cleaned(
    values: Mapping[str, Any], today: date, before: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The fields that were sent, fit to keep; `before` is the unit as it is. Raises Invalid naming what is wrong."""
    found = {k: v for k, v in values.items() if k in FIELDS}
    problems = clean.Problems()
    for name, limit in _LINES.items():
        if name in found:
            found[name] = problems.of(name, clean.line, found[name] or "", limit)
    if found.get("kind") == "":
        problems.add("kind", "Say what it is: a furnace, a water heater.")
    if "notes" in found:
        found["notes"] = problems.of("notes", clean.lines, found["notes"] or "")
    whole = {**(before or {}), **found}
    installed, warranty = whole.get("installed_on"), whole.get("warranty_until")
    if "installed_on" in found and installed is not None:
        if installed < EARLIEST:
            problems.add("installed_on", "lies before the year 1900.")
        elif installed > today + timedelta(days=366):
            problems.add("installed_on", "lies more than a year ahead.")
    if warranty is not None and {"installed_on", "warranty_until"} & set(found):
        if not EARLIEST <= warranty <= date(2199, 12, 31):
            problems.add("warranty_until", "lies outside the years 1900 to 2199.")
        elif installed is not None and warranty < installed:
            problems.add("warranty_until", "The warranty ends before the unit was installed.")
    problems.done()
    return found


def warranty_state(until: date | None, today: date) -> State:
    """How a warranty stands; its last day is covered."""
    if until is None:
        return "none"
    if until < today:
        return "expired"
    return "ending" if until <= today + timedelta(days=SOON) else "ok"


def warranty_words(until: date | None, today: date) -> str:
    """`ends in 12 days`, `ended 3 months ago`, `until Mar 2031`."""
    state = warranty_state(until, today)
    if until is None:
        return ""
    days = (until - today).days
    if state == "ending":
        return "ends today" if days == 0 else f"ends in {days} day{'' if days == 1 else 's'}"
    if state == "expired":
        return f"ended {_ago(-days)} ago"
    return f"until {until:%b} {until.year}"


def age_words(installed: date | None, today: date) -> str:
    """`12 years old`, `8 months old`; empty when nobody knows."""
    if installed is None or installed > today:
        return ""
    return f"{_ago((today - installed).days)} old"


def _ago(days: int) -> str:
    for unit, length in (("year", 365), ("month", 30)):
        if days >= length:
            count = days // length
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{days} day{'' if days == 1 else 's'}"


def title(unit: Any) -> str:
    """`Furnace Carrier 58CVA` as far as it is known."""
    return " ".join(x for x in (unit.kind, unit.make, unit.model) if x)
