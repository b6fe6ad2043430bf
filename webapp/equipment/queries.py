"""Reading equipment: the list, one unit with its readings and jobs, and what stands at a customer's properties."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select

from webapp.accounts import queries as accounts
from webapp.equipment import rules
from webapp.kit import clock, context, csv, listing, search, timeline
from webapp.kit.db import db
from webapp.kit.db import rows as read_rows
from webapp.models import (
    Customer,
    DispatchJob,
    Equipment,
    EquipmentReading,
    JobEquipment,
    JobFile,
    Property,
    StoredFile,
    Technician,
)

WARRANTY = {"ending": "Ends within 60 days", "expired": "Ended", "ok": "In force", "none": "Not known"}
JOBS, PHOTOS, READINGS = 20, 60, 200


def today() -> date:
    """The company's day."""
    return clock.today(accounts.organization().time_zone)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. `retired` None: in use or not."""

    q: str = ""
    kinds: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    warranty: tuple[str, ...] = ()
    customer_id: int | None = None
    property_id: int | None = None
    job_id: int | None = None
    older_than: int | None = None  # years since it was installed
    retired: bool | None = False
    updated_since: Any = None


SORTS = {
    "customer": listing.Sort(Customer.name),
    "kind": listing.Sort(Equipment.kind),
    "make": listing.Sort(Equipment.make),
    "installed": listing.Sort(Equipment.installed_on),
    "warranty": listing.Sort(Equipment.warranty_until),
    "updated_at": listing.Sort(Equipment.updated_at, descending=True),
}


def warranty_is(state: str, day: date) -> ColumnElement[bool]:
    """As :func:`rules.warranty_state`, in SQL; `day` is today."""
    until = Equipment.warranty_until
    soon = day + timedelta(days=rules.SOON)
    return {
        "none": until.is_(None),
        "expired": until < day,
        "ending": and_(until >= day, until <= soon),
    }.get(state, until > soon)


def conditions(filters: Filters) -> list[Any]:
    """The filters as conditions over `equipment`."""
    e, f = Equipment, filters
    found: list[Any] = [e.tenant_id == context.tenant_id(), *search.conditions("equipment", f.q, e.id)]
    for column, wanted in ((e.kind, f.kinds), (e.make, f.makes)):
        if wanted:
            found.append(column.in_(wanted))
    if f.warranty:
        day = today()
        found.append(or_(*(warranty_is(state, day) for state in f.warranty)))
    if f.customer_id is not None:
        found.append(e.customer_id == f.customer_id)
    if f.property_id is not None:
        found.append(e.property_id == f.property_id)
    if f.job_id is not None:
        on_it = select(JobEquipment.equipment_id).where(
            JobEquipment.tenant_id == context.tenant_id(), JobEquipment.job_id == f.job_id
        )
        found.append(e.id.in_(on_it))
    if f.older_than is not None:
        found.append(e.installed_on <= today() - timedelta(days=f.older_than * 365))
    if f.retired is not None:
        found.append(e.retired_on.is_not(None) if f.retired else e.retired_on.is_(None))
    if f.updated_since is not None:
        found.append(e.updated_at >= f.updated_since)
    return found


def listed(filters: Filters) -> Any:
    """The rows of the list page."""
    e = Equipment
    return (
        select(e.id, e.kind, e.make, e.model, e.serial, e.location, e.installed_on, e.warranty_until, e.retired_on,
               e.customer_id, e.property_id, e.updated_at, Customer.name.label("customer"), Property.address,
               Property.unit, Property.city, Property.state, Property.zip)
        .join(Customer, and_(Customer.tenant_id == e.tenant_id, Customer.id == e.customer_id))
        .join(Property, and_(Property.tenant_id == e.tenant_id, Property.id == e.property_id))
        .where(*conditions(filters))
    )  # fmt: skip


def numbered(filters: Filters) -> Any:
    """Units in the order they were added, for the API."""
    return select(Equipment).where(*conditions(filters)).order_by(Equipment.id)


def ids(filters: Filters, limit: int) -> list[int]:
    """Ids of all units that match, for “all that match” of a bulk action."""
    statement = select(Equipment.id).where(*conditions(filters)).order_by(Equipment.id).limit(limit)
    return list(db.session.scalars(statement))


def csv_columns() -> dict[str, list[Any]]:
    """The list's columns as a file has them; the import understands them again."""
    e = Equipment
    retired = case((e.retired_on.is_not(None), "Retired"), else_="In use")
    return {
        "kind": [csv.safe(e.kind).label("Kind")],
        "make": [csv.safe(e.make).label("Make"), csv.safe(e.model).label("Model")],
        "serial": [csv.safe(e.serial).label("Serial")],
        "customer": [csv.safe(Customer.name).label("Customer")],
        "address": [csv.safe(Property.address).label("Address"), csv.safe(Property.unit).label("Unit"),
                    csv.safe(Property.city).label("City"), csv.safe(Property.state).label("State"),
                    csv.safe(Property.zip).label("ZIP")],
        "location": [csv.safe(e.location).label("Location")],
        "installed_on": [e.installed_on.label("Installed on")],
        "warranty": [e.warranty_until.label("Warranty until")],
        "state": [retired.label("State")],
        "notes": [csv.safe(e.notes).label("Notes")],
    }  # fmt: skip


def tallies() -> dict[str, int]:
    """How many units are in use, retired, and with a warranty that ends soon, in one statement."""
    used = Equipment.retired_on.is_(None)
    row = read_rows(
        select(
            func.count().label("all"),
            func.count().filter(used).label("used"),
            func.count().filter(and_(used, warranty_is("ending", today()))).label("ending"),
            func.count().filter(~used).label("retired"),
        ).where(Equipment.tenant_id == context.tenant_id())
    )[0]
    return dict(row._mapping)


def choices_of(column: Any, limit: int = 100) -> list[str]:
    """What is written in a column of units in use, the most frequent first."""
    statement = (
        select(column)
        .where(Equipment.tenant_id == context.tenant_id(), Equipment.retired_on.is_(None), column != "")
        .group_by(column)
        .order_by(func.count().desc(), column)
        .limit(limit)
    )
    return list(db.session.scalars(statement))


# One unit -------------------------------------------------------------------------------------------------------------


def place_of(unit: Equipment) -> Row[Any]:
    """Whose a unit is and where it stands."""
    return read_rows(
        select(Customer.name.label("customer"), Customer.id.label("customer_id"), Property.address, Property.unit,
               Property.city, Property.state, Property.zip, Property.label)
        .select_from(Property)
        .join(Customer, and_(Customer.tenant_id == Property.tenant_id, Customer.id == unit.customer_id))
        .where(Property.tenant_id == context.tenant_id(), Property.id == unit.property_id)
    )[0]  # fmt: skip


def readings(equipment_id: int, limit: int = READINGS) -> Sequence[EquipmentReading]:
    """What was measured on a unit, the newest first."""
    return db.session.scalars(readings_numbered(equipment_id).limit(limit)).all()


def readings_numbered(equipment_id: int, since: Any = None) -> Any:
    """As :func:`readings`, for the API; `since`: taken at this moment or later."""
    r = EquipmentReading
    statement = select(r).where(r.tenant_id == context.tenant_id(), r.equipment_id == equipment_id)
    if since is not None:
        statement = statement.where(r.taken_at >= since)
    return statement.order_by(r.taken_at.desc(), r.id.desc())


def jobs_of(equipment_id: int, limit: int = JOBS) -> Sequence[Row[Any]]:
    """The jobs that were about a unit, the newest first."""
    j = DispatchJob
    return read_rows(
        select(j.id, j.title, j.status, j.job_type, j.scheduled_start, j.completed_at, j.outcome, j.held_at,
               Technician.name.label("technician"))
        .join(JobEquipment, and_(JobEquipment.tenant_id == j.tenant_id, JobEquipment.job_id == j.id))
        .outerjoin(Technician, and_(Technician.tenant_id == j.tenant_id, Technician.id == j.technician_id))
        .where(j.tenant_id == context.tenant_id(), JobEquipment.equipment_id == equipment_id)
        .order_by(j.id.desc())
        .limit(limit)
    )  # fmt: skip


def photos_of(equipment_id: int) -> Sequence[Row[Any]]:
    """Photos that were taken on a unit's jobs, the newest first."""
    return read_rows(
        select(JobFile, StoredFile)
        .join(StoredFile, and_(StoredFile.tenant_id == JobFile.tenant_id, StoredFile.id == JobFile.file_id))
        .join(
            JobEquipment,
            and_(JobEquipment.tenant_id == JobFile.tenant_id, JobEquipment.job_id == JobFile.job_id),
        )
        .where(
            JobFile.tenant_id == context.tenant_id(),
            JobFile.kind == "photo",
            JobEquipment.equipment_id == equipment_id,
        )
        .order_by(JobFile.id.desc())
        .limit(PHOTOS)
    )


def replaced(equipment_id: int) -> Equipment | None:
    """The unit in whose place one came."""
    return db.session.scalar(
        select(Equipment)
        .where(Equipment.tenant_id == context.tenant_id(), Equipment.replaced_by_id == equipment_id)
        .limit(1)
    )


def with_serial(serial: str, besides: int | None = None) -> Equipment | None:
    """A unit in use with this serial number, in any case."""
    return db.session.scalar(
        select(Equipment)
        .where(
            Equipment.tenant_id == context.tenant_id(),
            Equipment.serial == serial,
            Equipment.retired_on.is_(None),
            Equipment.id != (besides or 0),
        )
        .limit(1)
    )


def at_property(property_id: int) -> Sequence[Equipment]:
    """Units in use at a property, by kind."""
    e = Equipment
    return db.session.scalars(
        select(e)
        .where(e.tenant_id == context.tenant_id(), e.property_id == property_id, e.retired_on.is_(None))
        .order_by(e.kind, e.id)
    ).all()


def of_customer(customer_id: int) -> Sequence[Row[Any]]:
    """A customer's units in use with where they stand."""
    return read_rows(
        listed(Filters(customer_id=customer_id))
        .order_by(Property.address, Equipment.kind, Equipment.id)
        .limit(200)
    )


def properties_of(customer_id: int) -> Sequence[Property]:
    """A customer's properties that are not put away, the main one first."""
    return db.session.scalars(
        select(Property)
        .where(
            Property.tenant_id == context.tenant_id(),
            Property.customer_id == customer_id,
            Property.archived.is_(False),
        )
        .order_by(Property.primary.desc(), Property.id)
    ).all()


DEEDS = {
    "equipment.created": timeline.Deed("added this unit", "circle-plus", "success"),
    "equipment.updated": timeline.Deed("changed the details", "pencil", "accent", diff=True),
    "equipment.retired": timeline.Deed("retired it", "archive", "warning", body="reason"),
    "equipment.restored": timeline.Deed("put it into use again", "rotate-ccw", "success"),
    "equipment.replaced": timeline.Deed("replaced it by {new}", "repeat", "accent", body="reason"),
    "equipment.measured": timeline.Deed("measured {reading}: {words}", "gauge", "accent"),
    "equipment.reading-removed": timeline.Deed("removed the reading {reading}: {words}", "x", "warning"),
}


def history(equipment_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to a unit, newest first, and where the next piece begins."""
    found, following = timeline.read("equipment", equipment_id, before=before)
    fields = {
        "kind": timeline.Shown("Kind"),
        "make": timeline.Shown("Make"),
        "model": timeline.Shown("Model"),
        "serial": timeline.Shown("Serial"),
        "location": timeline.Shown("Location"),
        "installed_on": timeline.Shown("Installed on"),
        "warranty_until": timeline.Shown("Warranty until"),
        "notes": timeline.Shown("Notes"),
    }
    return [timeline.entry(row, DEEDS, fields) for row in found], following
