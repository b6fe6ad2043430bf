"""Commands on equipment: units at properties, what was measured on them, and what came in their place."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from webapp.equipment import queries, rules
from webapp.equipment.permissions import EDIT, MEASURE
from webapp.kit import clean, clock, context, errors, events, journal, search, streams
from webapp.kit.db import add, db, find, get
from webapp.kit.permissions import demand
from webapp.models import Customer, DispatchJob, Equipment, EquipmentReading, Property

streams.TOPICS["equipment"] = "equipment-changed"
_EXAMPLE = {
    "id": 7,
    "customer_id": 12,
    "property_id": 15,
    "kind": "Furnace",
    "make": "Carrier",
    "model": "58CVA",
    "serial": "4402A12345",
    "location": "Basement",
    "installed_on": "2019-10-04",
    "warranty_until": "2029-10-04",
    "retired_on": None,
    "replaced_by_id": None,
}
CREATED = events.declare("equipment.created", "A unit was added to a property", _EXAMPLE)
UPDATED = events.declare(
    "equipment.updated", "A unit's details were changed", _EXAMPLE | {"changed": ["serial"]}
)
RETIRED = events.declare(
    "equipment.retired",
    "A unit is out of use, perhaps with another in its place",
    _EXAMPLE | {"retired_on": "2026-11-24"},
)
RESTORED = events.declare("equipment.restored", "A retired unit is in use again", _EXAMPLE)
MEASURED = events.declare(
    "equipment.measured",
    "Something was measured on a unit",
    {"id": 7, "reading_id": 31, "name": "Suction pressure", "value": "118", "unit": "psi", "job_id": 42},
)
AHEAD = timedelta(minutes=5)  # how far a device's clock may be ahead
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)


def create(property_id: int, values: Mapping[str, Any]) -> Equipment:
    """Add a unit to a property from the fields of :data:`rules.FIELDS`; `kind` is needed. Raises Invalid, NotFound."""
    demand(EDIT)
    place = _place(property_id)
    found = rules.cleaned({"kind": "", **values}, queries.today())
    unit = add(
        Equipment(
            property_id=place.id,
            customer_id=place.customer_id,
            **{k: v for k, v in found.items() if v is not None},
        )
    )
    index(unit, place)
    journal.audit("equipment.created", unit)
    events.emit(CREATED, unit.id, payload(unit))
    return unit


def update(equipment_id: int, changes: Mapping[str, Any]) -> Equipment:
    """Change some fields of a unit; what is not named stays. `property_id` moves it, also to another customer's.

    Raises Invalid, NotFound.
    """
    demand(EDIT)
    unit = get(Equipment, equipment_id, lock=True)
    before = journal.snapshot(unit)
    found = rules.cleaned(changes, queries.today(), before)
    if changes.get("property_id") is not None and changes["property_id"] != unit.property_id:
        place = _place(changes["property_id"])
        found |= {"property_id": place.id, "customer_id": place.customer_id}
    found = {k: v for k, v in found.items() if before[k] != v}
    if not found:
        return unit
    for name, value in found.items():
        setattr(unit, name, value if value is not None or name.endswith(("_on", "_until")) else "")
    db.session.flush()
    index(unit)
    journal.audit("equipment.updated", unit, before=before)
    events.emit(UPDATED, unit.id, payload(unit) | {"changed": sorted(found)})
    return unit


def retire(equipment_id: int, *, on: date | None = None, reason: str = "") -> Equipment:
    """Take a unit out of use, today unless another day is given. Raises Conflict when it is, Invalid for a day that cannot be."""
    demand(EDIT)
    unit = get(Equipment, equipment_id, lock=True)
    _retire(unit, on, _line("reason", reason))
    return unit


def _retire(unit: Equipment, on: date | None, reason: str, replaced_by: Equipment | None = None) -> None:
    if unit.retired_on is not None:
        raise errors.Conflict(f"This {unit.kind} is retired already.")
    today = queries.today()
    day = on or today
    if day > today:
        raise errors.Invalid.one("retired_on", "Choose a day that has come.")
    if unit.installed_on is not None and day < unit.installed_on:
        raise errors.Invalid.one("retired_on", "It was installed only after that day.")
    before = journal.snapshot(unit)
    unit.retired_on = day
    unit.replaced_by_id = replaced_by.id if replaced_by is not None else None
    db.session.flush()
    if replaced_by is not None:
        journal.audit("equipment.replaced", unit, before=before, reason=reason, new=rules.title(replaced_by))
    else:
        journal.audit("equipment.retired", unit, before=before, reason=reason)
    events.emit(RETIRED, unit.id, payload(unit) | {"reason": reason})


def restore(equipment_id: int) -> Equipment:
    """Put a retired unit into use again. Raises Conflict when it is in use, or another came in its place."""
    demand(EDIT)
    unit = get(Equipment, equipment_id, lock=True)
    if unit.retired_on is None:
        raise errors.Conflict(f"This {unit.kind} is in use.")
    new = find(Equipment, unit.replaced_by_id) if unit.replaced_by_id is not None else None
    if new is not None and new.retired_on is None:
        raise errors.Conflict(f"{rules.title(new)} came in its place. Retire that one first.")
    before = journal.snapshot(unit)
    unit.retired_on = unit.replaced_by_id = None
    db.session.flush()
    journal.audit("equipment.restored", unit, before=before)
    events.emit(RESTORED, unit.id, payload(unit))
    return unit


def replace(equipment_id: int, values: Mapping[str, Any], *, reason: str = "") -> Equipment:
    """Retire a unit and add the one in its place; the new one. Kind and location are the old one's unless said. Raises as both."""
    demand(EDIT)
    old = get(Equipment, equipment_id, lock=True)
    if old.retired_on is not None:
        raise errors.Conflict(f"This {old.kind} is retired already.")
    given = {"kind": old.kind, "location": old.location, "installed_on": queries.today(), **values}
    new = create(old.property_id, given)
    day = new.installed_on if new.installed_on and new.installed_on <= queries.today() else None
    if day is not None and old.installed_on is not None and day < old.installed_on:
        raise errors.Invalid.one("installed_on", "The unit it replaces was installed later than that.")
    _retire(old, day, _line("reason", reason), new)
    return new


def retire_all(equipment_ids: Sequence[int]) -> list[int]:
    """Retire several units; those that were not retired before."""
    done = []
    for number in equipment_ids:
        if get(Equipment, number).retired_on is None:
            retire(number)
            done.append(number)
    return done


# Readings -------------------------------------------------------------------------------------------------------------


def measure(
    equipment_id: int, name: str, value: str, *, unit: str = "", job_id: int | None = None, taken_at: datetime | None = None
) -> EquipmentReading:  # fmt: skip
    """Write down what was measured on a unit; the value is kept as it was written.

    Raises Invalid for an empty name or value, or a time that cannot be; NotFound for a job that is not about the unit's customer.
    """
    demand(MEASURE)
    measured = get(Equipment, equipment_id)
    problems = clean.Problems()
    fields = {
        key: problems.of(key, clean.line, text, limit) or ""
        for key, text, limit in (("name", name, 80), ("value", value, 40), ("unit", unit, 20))
    }
    for key, sentence in (("name", "Say what was measured."), ("value", "Write what it read.")):
        if not fields[key] and not any(p.field == key for p in problems.found):
            problems.add(key, sentence)
    problems.done()
    now = clock.now()
    at = taken_at or now
    if not EARLIEST <= at <= now + AHEAD:
        raise errors.Invalid.one("taken_at", "must be a time between 1990 and now.")
    if job_id is not None:
        job = find(DispatchJob, job_id)
        if job is None or (job.customer_id is not None and job.customer_id != measured.customer_id):
            raise errors.NotFound(f"The customer has no job with the number {job_id}.")
    reading = add(
        EquipmentReading(
            equipment_id=measured.id,
            job_id=job_id,
            taken_at=min(at, now),
            taken_by=context.principal().name,
            **fields,
        )
    )
    said = _words(reading)
    journal.audit(
        "equipment.measured", measured, diff={}, reading=reading.name, words=said, reading_id=reading.id
    )
    told = {"reading_id": reading.id, "job_id": job_id, **fields}
    events.emit(MEASURED, measured.id, {"id": measured.id, **told})
    return reading


def remove_reading(equipment_id: int, reading_id: int) -> None:
    """Remove a reading that was wrong. Raises NotFound for one of another unit."""
    demand(EDIT)
    reading = find(EquipmentReading, reading_id)
    if reading is None or reading.equipment_id != equipment_id:
        raise errors.NotFound(f"This unit has no reading with the number {reading_id}.")
    unit = get(Equipment, equipment_id)
    journal.audit(
        "equipment.reading-removed",
        unit,
        diff={},
        reading=reading.name,
        words=_words(reading),
        reading_id=reading.id,
    )
    db.session.delete(reading)
    db.session.flush()


def _words(reading: EquipmentReading) -> str:
    return f"{reading.value} {reading.unit}".strip()


# Between --------------------------------------------------------------------------------------------------------------


def payload(unit: Equipment) -> dict[str, Any]:
    """What events tell of a unit."""
    return {name: getattr(unit, name) for name in _EXAMPLE}


def index(unit: Equipment, place: Property | None = None) -> None:
    """Make a unit findable by its own words, its customer's name and its address."""
    place = place or get(Property, unit.property_id)
    customer = find(Customer, unit.customer_id)
    search.index(
        "equipment", unit.id, unit.kind, unit.make, unit.model, unit.serial, unit.location,
        customer.name if customer is not None else "", place.address, place.city, place.zip,
    )  # fmt: skip


def _place(property_id: int) -> Property:
    place = find(Property, property_id)
    if place is None or place.archived:
        raise errors.NotFound(f"No property has the number {property_id}.")
    return place


def _line(field: str, text: str) -> str:
    try:
        return clean.line(text, 500)
    except ValueError as problem:
        raise errors.Invalid.one(field, str(problem)) from None
