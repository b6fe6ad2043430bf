"""Reading vehicles, who drives them, and where they stood."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, cast, func, or_, select, type_coerce
from sqlalchemy.types import BigInteger, Text

from webapp.accounts import queries as accounts
from webapp.fleet import rules
from webapp.kit import clock, context, csv, listing, search, timeline
from webapp.kit.db import db
from webapp.kit.db import rows as read_rows
from webapp.kit.tables import AuditEntry
from webapp.models import MaintenancePlan, Technician, Vehicle, VehicleDriver
from webapp.technicians.queries import names, today

__all__ = ["Drives", "today", "vehicle_of"]


@dataclass(frozen=True, slots=True)
class Drives:
    """The vehicle a technician drives now."""

    id: int
    name: str
    plate: str
    status: str  # active or in_shop


def vehicle_of(technician_ids: Iterable[int]) -> dict[int, Drives]:
    """Which vehicle technicians drive now, by technician; who drives none is left out."""
    wanted = list(technician_ids)
    if not wanted:
        return {}
    statement = select(Vehicle.technician_id, Vehicle.id, Vehicle.name, Vehicle.plate, Vehicle.status).where(
        Vehicle.tenant_id == context.tenant_id(), Vehicle.technician_id.in_(wanted)
    )
    return {
        row.technician_id: Drives(row.id, row.name, row.plate, row.status) for row in read_rows(statement)
    }


# The list -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of vehicles is narrowed to. `driven` None: with a driver or without."""

    q: str = ""
    statuses: tuple[str, ...] = ()
    technician_id: int | None = None
    driven: bool | None = None
    maintenance: tuple[str, ...] = ()  # overdue, soon: some plan is


SORTS = {
    "name": listing.Sort(Vehicle.name),
    "plate": listing.Sort(Vehicle.plate),
    "driver": listing.Sort(func.coalesce(Technician.name, "")),
    "year": listing.Sort(func.coalesce(Vehicle.year, 0), descending=True),
    "odometer": listing.Sort(Vehicle.odometer_miles, descending=True),
    "status": listing.Sort(Vehicle.status),
    "updated_at": listing.Sort(Vehicle.updated_at, descending=True),
}


def plan_state(state: str, day: date) -> ColumnElement[bool]:
    """As :func:`rules.vehicles.due`, in SQL, over plans joined to their vehicles; `day` is today."""
    overdue = or_(MaintenancePlan.due_on < day, MaintenancePlan.due_miles < Vehicle.odometer_miles)
    if state == "overdue":
        return func.coalesce(overdue, False)
    soon = or_(
        MaintenancePlan.due_on <= day + timedelta(days=rules.vehicles.SOON_DAYS),
        MaintenancePlan.due_miles <= Vehicle.odometer_miles + rules.vehicles.SOON_MILES,
    )
    return and_(func.coalesce(soon, False), ~func.coalesce(overdue, False))


def matching(statement: Any, filters: Filters) -> Any:
    """Narrow a statement over vehicles."""
    tenant = context.tenant_id()
    statement = statement.where(Vehicle.tenant_id == tenant)
    if filters.statuses:
        statement = statement.where(Vehicle.status.in_(filters.statuses))
    if filters.technician_id is not None:
        statement = statement.where(Vehicle.technician_id == filters.technician_id)
    if filters.driven is not None:
        driven = Vehicle.technician_id.is_not(None)
        statement = statement.where(driven if filters.driven else ~driven)
    if filters.maintenance:
        day = today()
        waiting = (
            select(MaintenancePlan.id)
            .where(
                MaintenancePlan.tenant_id == tenant,
                MaintenancePlan.vehicle_id == Vehicle.id,
                MaintenancePlan.active,
                or_(*(plan_state(state, day) for state in filters.maintenance)),
            )
            .correlate(Vehicle)
        )
        statement = statement.where(waiting.exists())
    return statement.where(*search.conditions("vehicle", filters.q, Vehicle.id))


def rows(filters: Filters) -> Any:
    """The rows of the list page."""
    statement = select(
        Vehicle.id, Vehicle.name, Vehicle.plate, Vehicle.vin, Vehicle.make, Vehicle.model, Vehicle.year, Vehicle.status,
        Vehicle.odometer_miles, Vehicle.odometer_at, Vehicle.technician_id, Vehicle.position_at, Vehicle.updated_at,
        Technician.name.label("driver"),
    ).outerjoin(
        Technician, and_(Technician.tenant_id == Vehicle.tenant_id, Technician.id == Vehicle.technician_id)
    )  # fmt: skip
    return matching(statement, filters)


def ids(filters: Filters, limit: int) -> list[int]:
    """Ids of all vehicles that match, for “all that match” of a bulk action."""
    statement = matching(select(Vehicle.id), filters)
    return list(db.session.scalars(statement.order_by(Vehicle.id).limit(limit)))


def csv_columns() -> dict[str, list[ColumnElement[Any]]]:
    """The list's columns as a file has them; the import understands them again."""
    zone = accounts.organization().time_zone
    status = case(*((Vehicle.status == k, v) for k, v in rules.vehicles.STATUSES.items()))
    return {
        "name": [csv.safe(Vehicle.name).label("Vehicle")],
        "status": [status.label("State")],
        "driver": [csv.safe(Technician.name).label("Driver")],
        "plate": [csv.safe(Vehicle.plate).label("Plate")],
        "title": [
            Vehicle.year.label("Year"),
            csv.safe(Vehicle.make).label("Make"),
            csv.safe(Vehicle.model).label("Model"),
        ],
        "vin": [csv.safe(Vehicle.vin).label("VIN")],
        "odometer_miles": [
            case((Vehicle.odometer_at.is_not(None), Vehicle.odometer_miles)).label("Odometer")
        ],
        "odometer_at": [csv.moment(Vehicle.odometer_at, zone).label("Odometer read")],
        "maintenance": [_next_words().label("Next maintenance")],
        "position_at": [
            Vehicle.latitude.label("Latitude"),
            Vehicle.longitude.label("Longitude"),
            csv.moment(Vehicle.position_at, zone).label("Seen"),
        ],
        "updated_at": [csv.moment(Vehicle.updated_at, zone).label("Changed")],
    }


def _next_words() -> Any:
    """The plan that is due first, as a file has it: `Oil change (overdue)`."""
    day = today()
    overdue, soon = plan_state("overdue", day), plan_state("soon", day)
    rank = case((overdue, 0), (soon, 1), else_=2)
    words = func.concat(
        MaintenancePlan.name, case((overdue, " (overdue)"), (soon, " (due soon)"), else_="")
    )  # fmt: skip
    return (
        select(csv.safe(words))
        .where(
            MaintenancePlan.tenant_id == Vehicle.tenant_id,
            MaintenancePlan.vehicle_id == Vehicle.id,
            MaintenancePlan.active,
        )
        .order_by(rank, MaintenancePlan.due_on, MaintenancePlan.id)
        .limit(1)
        .correlate(Vehicle)
        .scalar_subquery()
    )


def tallies() -> dict[str, int]:
    """How many vehicles there are in each state, for the tabs."""
    row = db.session.execute(
        select(
            func.count().label("all"),
            func.count().filter(Vehicle.status != "retired").label("current"),
            *(func.count().filter(Vehicle.status == s).label(s) for s in rules.vehicles.STATUSES),
        ).where(Vehicle.tenant_id == context.tenant_id())
    ).one()
    return dict(row._mapping)


def numbered(filters: Filters, updated_since: Any = None) -> Any:
    """Vehicles in the order they were added, for the API."""
    statement = matching(select(Vehicle), filters)
    if updated_since is not None:
        statement = statement.where(Vehicle.updated_at >= updated_since)
    return statement.order_by(Vehicle.id)


def choices() -> list[tuple[int, str]]:
    """Vehicles that are not retired, as choices."""
    statement = select(Vehicle.id, Vehicle.name).where(
        Vehicle.tenant_id == context.tenant_id(), Vehicle.status != "retired"
    )
    found = read_rows(statement.order_by(Vehicle.name, Vehicle.id).limit(2000))
    return [(row.id, row.name) for row in found]


def named(name: str, besides: int | None = None) -> Vehicle | None:
    """The vehicle of this name, in any case, retired ones too."""
    return db.session.scalar(
        select(Vehicle).where(
            Vehicle.tenant_id == context.tenant_id(),
            func.lower(Vehicle.name) == func.lower(name),
            Vehicle.id != (besides or 0),
        )
    )


def same_vin(vins: set[str]) -> dict[str, list[tuple[int, str]]]:
    """Ids and names of vehicles that have these identification numbers, by number."""
    found: dict[str, list[tuple[int, str]]] = {}
    if vins:
        statement = select(Vehicle.vin, Vehicle.id, Vehicle.name).where(
            Vehicle.tenant_id == context.tenant_id(), Vehicle.vin.in_(vins)
        )
        for row in read_rows(statement.order_by(Vehicle.id)):
            found.setdefault(row.vin, []).append((row.id, row.name))
    return found


def driven_by(technician_id: int) -> Vehicle | None:
    """The vehicle a technician drives now."""
    return db.session.scalar(
        select(Vehicle).where(
            Vehicle.tenant_id == context.tenant_id(), Vehicle.technician_id == technician_id
        )
    )


# Who drove it, and what the odometer said -----------------------------------------------------------------------------


def drivers(vehicle_id: int, updated_since: Any = None) -> Any:
    """Pairings of a vehicle, the newest first: `id, technician_id, technician, starts_at, ends_at`."""
    statement = (
        select(VehicleDriver.id, VehicleDriver.technician_id, Technician.name.label("technician"), VehicleDriver.starts_at,
               VehicleDriver.ends_at)
        .join(Technician, and_(Technician.tenant_id == VehicleDriver.tenant_id,
                               Technician.id == VehicleDriver.technician_id))
        .where(VehicleDriver.tenant_id == context.tenant_id(), VehicleDriver.vehicle_id == vehicle_id)
    )  # fmt: skip
    if updated_since is not None:
        changed = func.coalesce(VehicleDriver.ends_at, VehicleDriver.starts_at)
        statement = statement.where(changed >= updated_since)
    return statement.order_by(VehicleDriver.starts_at.desc(), VehicleDriver.id.desc())


def open_pairing(vehicle_id: int) -> VehicleDriver | None:
    """The pairing of a vehicle that has not ended."""
    return db.session.scalar(
        select(VehicleDriver)
        .where(
            VehicleDriver.tenant_id == context.tenant_id(),
            VehicleDriver.vehicle_id == vehicle_id,
            VehicleDriver.ends_at.is_(None),
        )
        .order_by(VehicleDriver.id.desc())
        .limit(1)
    )


READ_AT = ("vehicle.odometer-read", "vehicle.created", "vehicle.maintenance-done")


def readings(vehicle_id: int, updated_since: Any = None) -> Any:
    """Odometer readings of a vehicle as the audit log keeps them, the newest first: `id, miles, read_at, reason, who`."""
    miles = AuditEntry.payload["odometer_miles"].astext
    statement = select(
        AuditEntry.seq.label("id"),
        cast(miles, BigInteger).label("miles"),
        type_coerce(AuditEntry.payload["read_at"].astext, Text).label("read_at"),
        func.coalesce(AuditEntry.payload["reason"].astext, "").label("reason"),
        AuditEntry.actor_name.label("who"),
        AuditEntry.created_at,
    ).where(
        AuditEntry.tenant_id == context.tenant_id(),
        AuditEntry.record_type == "vehicle",
        AuditEntry.record_id == vehicle_id,
        AuditEntry.action.in_(READ_AT),
        miles.is_not(None),
    )
    if updated_since is not None:
        statement = statement.where(AuditEntry.created_at >= updated_since)
    return statement.order_by(AuditEntry.seq.desc())


def miles_a_month(vehicle_id: int) -> int | None:
    """How far a vehicle goes in 30 days, from its readings of the last year; None below two weeks of them."""
    since = clock.now() - timedelta(days=365)
    found = [
        (row.read_at, row.miles)
        for row in read_rows(readings(vehicle_id, since).limit(200))
        if row.read_at is not None
    ]
    if len(found) < 2:
        return None
    (last, most), (first, least) = found[0], found[-1]
    days = (_moment(last) - _moment(first)).days
    return round((most - least) * 30 / days) if days >= 14 and most >= least else None


def _moment(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text)


DEEDS = {
    "vehicle.created": timeline.Deed("added this vehicle", "plus", "success"),
    "vehicle.updated": timeline.Deed("changed the details", "pencil", "accent", diff=True),
    "vehicle.retired": timeline.Deed("retired the vehicle", "archive", "warning"),
    "vehicle.restored": timeline.Deed("brought it back into use", "rotate-ccw", "success"),
    "vehicle.driver-changed": timeline.Deed("{deed}", "user-round", "accent"),
    "vehicle.odometer-read": timeline.Deed("read the odometer: {words}", "gauge", "neutral", body="reason"),
    "vehicle.plan-added": timeline.Deed("planned {plan}, {words}", "calendar-plus", "success"),
    "vehicle.plan-changed": timeline.Deed("changed the plan {plan}", "pencil", "accent", diff=True),
    "vehicle.plan-removed": timeline.Deed("ended the plan {plan}", "calendar-x", "warning"),
    "vehicle.maintenance-done": timeline.Deed("recorded work: {work}", "wrench", "success", body="words"),
    "vehicle.maintenance-changed": timeline.Deed("corrected the record of {work}", "pencil", "accent", diff=True),
    "vehicle.maintenance-removed": timeline.Deed("removed the record of {work}", "trash-2", "warning"),
    "vehicle.maintenance-due": timeline.Deed("reminded of {plan}: {words}", "bell", "warning"),
}  # fmt: skip


def history(vehicle_id: int, before: int | None = None) -> tuple[list[dict[str, Any]], int | None]:
    """What happened to a vehicle, newest first, and where the next piece begins."""
    from webapp.kit import money

    found, following = timeline.read("vehicle", vehicle_id, before=before)

    def miles(value: Any) -> str:
        return "" if value is None else f"{value:,} miles"

    fields = {
        "name": timeline.Shown("Name"),
        "plate": timeline.Shown("Plate"),
        "vin": timeline.Shown("VIN"),
        "make": timeline.Shown("Make"),
        "model": timeline.Shown("Model"),
        "year": timeline.Shown("Year"),
        "status": timeline.Shown("State", lambda v: rules.vehicles.STATUSES.get(v, v or "")),
        "notes": timeline.Shown("Notes"),
        "every_miles": timeline.Shown("Every", miles),
        "every_days": timeline.Shown("Every", lambda v: "" if v is None else f"{v:,} days"),
        "due_on": timeline.Shown("Due on"),
        "due_miles": timeline.Shown("Due at", miles),
        "done_on": timeline.Shown("Done on"),
        "odometer_miles": timeline.Shown("Odometer", miles),
        "cost_cents": timeline.Shown("Cost", lambda v: "" if v is None else money.dollars(v)),
        "vendor": timeline.Shown("Done by"),
    }
    return [timeline.entry(row, DEEDS, fields) for row in found], following


def driver_names(technician_ids: set[int]) -> dict[int, str]:
    """Names of technicians by id."""
    return names(technician_ids)


def parked(limit: int = 500) -> Sequence[Row[Any]]:
    """Vehicles whose place is known, for the map: `id, name, latitude, longitude, position_at, driver, color`."""
    statement = (
        select(Vehicle.id, Vehicle.name, Vehicle.latitude, Vehicle.longitude, Vehicle.position_at,
               Technician.name.label("driver"), Technician.color)
        .outerjoin(Technician, and_(Technician.tenant_id == Vehicle.tenant_id, Technician.id == Vehicle.technician_id))
        .where(Vehicle.tenant_id == context.tenant_id(), Vehicle.status != "retired", Vehicle.latitude.is_not(None))
        .order_by(Vehicle.name)
        .limit(limit)
    )  # fmt: skip
    return read_rows(statement)
