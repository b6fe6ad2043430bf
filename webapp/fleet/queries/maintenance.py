"""Reading vehicles' maintenance: plans, what is due, what was done and what it cost."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, and_, case, func, or_, select, type_coerce

from webapp.fleet import rules
from webapp.fleet.queries.vehicles import plan_state, today
from webapp.kit import context, csv, listing, search
from webapp.kit.db import db
from webapp.kit.db import rows as read_rows
from webapp.models import MaintenancePlan, MaintenanceRecord, Technician, Vehicle

# Plans ----------------------------------------------------------------------------------------------------------------

_vehicle = and_(Vehicle.tenant_id == MaintenancePlan.tenant_id, Vehicle.id == MaintenancePlan.vehicle_id)


def plans_of(vehicle_ids: Iterable[int]) -> dict[int, list[MaintenancePlan]]:
    """Plans in force, by vehicle."""
    statement = select(MaintenancePlan).where(
        MaintenancePlan.tenant_id == context.tenant_id(),
        MaintenancePlan.vehicle_id.in_(list(vehicle_ids)),
        MaintenancePlan.active,
    )
    found: dict[int, list[MaintenancePlan]] = defaultdict(list)
    for plan in db.session.scalars(statement.order_by(MaintenancePlan.vehicle_id, MaintenancePlan.id)):
        found[plan.vehicle_id].append(plan)
    return found


def plans_numbered(vehicle_id: int, *, active: bool | None = None, updated_since: Any = None) -> Any:
    """A vehicle's plans in the order they were added, for the API."""
    statement = select(MaintenancePlan).where(
        MaintenancePlan.tenant_id == context.tenant_id(), MaintenancePlan.vehicle_id == vehicle_id
    )
    if active is not None:
        statement = statement.where(MaintenancePlan.active.is_(active))
    if updated_since is not None:
        statement = statement.where(MaintenancePlan.updated_at >= updated_since)
    return statement.order_by(MaintenancePlan.id)


def plan_named(vehicle_id: int, name: str, besides: int | None = None) -> MaintenancePlan | None:
    """The plan in force of this name, in any case."""
    return db.session.scalar(
        select(MaintenancePlan).where(
            MaintenancePlan.tenant_id == context.tenant_id(),
            MaintenancePlan.vehicle_id == vehicle_id,
            MaintenancePlan.active,
            func.lower(MaintenancePlan.name) == func.lower(name),
            MaintenancePlan.id != (besides or 0),
        )
    )


# What is due ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of plans is narrowed to. `states`: overdue, soon; without any, every plan in force."""

    q: str = ""
    states: tuple[str, ...] = ("overdue", "soon")
    vehicle_id: int | None = None


def matching(statement: Any, filters: Filters) -> Any:
    """Narrow a statement over plans joined to their vehicles; those of retired vehicles rest."""
    statement = statement.where(
        MaintenancePlan.tenant_id == context.tenant_id(), MaintenancePlan.active, Vehicle.status != "retired"
    )
    if filters.states:
        day = today()
        statement = statement.where(or_(*(plan_state(state, day) for state in filters.states)))
    if filters.vehicle_id is not None:
        statement = statement.where(MaintenancePlan.vehicle_id == filters.vehicle_id)
    return statement.where(*search.conditions("vehicle", filters.q, MaintenancePlan.vehicle_id))


def urgency() -> ColumnElement[int]:
    """How pressing a plan is, in miles, the smallest first: miles left, or days left at a usual day's miles."""
    days = (MaintenancePlan.due_on - today()) * rules.vehicles.MILES_A_DAY
    # least() passes over what is not there
    return type_coerce(func.least(days, MaintenancePlan.due_miles - Vehicle.odometer_miles), Integer)


def sorts() -> dict[str, listing.Sort]:
    """The orders of the list of plans."""
    return {
        "urgency": listing.Sort(func.coalesce(urgency(), rules.vehicles.MOST_MILES)),
        "vehicle": listing.Sort(Vehicle.name),
        "plan": listing.Sort(MaintenancePlan.name),
        "due_on": listing.Sort(MaintenancePlan.due_on),
        "due_miles": listing.Sort(MaintenancePlan.due_miles),
    }


def rows(filters: Filters) -> Any:
    """The rows of the list of plans."""
    statement = (
        select(
            MaintenancePlan.id, MaintenancePlan.vehicle_id, MaintenancePlan.name, MaintenancePlan.every_miles,
            MaintenancePlan.every_days, MaintenancePlan.last_done_on, MaintenancePlan.last_done_miles,
            MaintenancePlan.due_on, MaintenancePlan.due_miles, Vehicle.name.label("vehicle"), Vehicle.odometer_miles,
            Vehicle.technician_id, Technician.name.label("driver"),
        )
        .join(Vehicle, _vehicle)
        .outerjoin(Technician, and_(Technician.tenant_id == Vehicle.tenant_id, Technician.id == Vehicle.technician_id))
    )  # fmt: skip
    return matching(statement, filters)


def alerts(filters: Filters, updated_since: Any = None) -> Any:
    """Plans that are overdue or soon due with their vehicles, the most pressing first, for the API."""
    statement = matching(select(MaintenancePlan, Vehicle).join(Vehicle, _vehicle), filters)
    if updated_since is not None:
        statement = statement.where(MaintenancePlan.updated_at >= updated_since)
    return statement.order_by(urgency(), MaintenancePlan.id)


def tallies() -> dict[str, int]:
    """How many plans are overdue, due soon, and in force in all."""
    day = today()
    statement = select(
        func.count().label("all"),
        func.count().filter(plan_state("overdue", day)).label("overdue"),
        func.count().filter(plan_state("soon", day)).label("soon"),
    ).join_from(MaintenancePlan, Vehicle, _vehicle)
    row = db.session.execute(matching(statement, Filters(states=()))).one()
    return dict(row._mapping)


def csv_columns() -> dict[str, list[ColumnElement[Any]]]:
    """The list's columns as a file has them."""
    day = today()
    return {
        "vehicle": [csv.safe(Vehicle.name).label("Vehicle")],
        "driver": [csv.safe(Technician.name).label("Driver")],
        "name": [csv.safe(MaintenancePlan.name).label("Maintenance")],
        "state": [
            case(
                (plan_state("overdue", day), "Overdue"), (plan_state("soon", day), "Due soon"), else_=""
            ).label("State")
        ],
        "due": [MaintenancePlan.due_on.label("Due on"), MaintenancePlan.due_miles.label("Due at miles")],
        "odometer_miles": [Vehicle.odometer_miles.label("Odometer")],
        "every": [
            MaintenancePlan.every_miles.label("Every miles"),
            MaintenancePlan.every_days.label("Every days"),
        ],
        "last": [
            MaintenancePlan.last_done_on.label("Last done on"),
            MaintenancePlan.last_done_miles.label("Last done at miles"),
        ],
    }


def to_remind(after: int, limit: int) -> list[tuple[MaintenancePlan, Vehicle]]:
    """Plans that are due soon or overdue, with their vehicles, locked; ids from `after` on."""
    statement = (
        matching(select(MaintenancePlan, Vehicle).join(Vehicle, _vehicle), Filters())
        .where(MaintenancePlan.id > after)
        .order_by(MaintenancePlan.id)
        .limit(limit)
        .with_for_update(of=MaintenancePlan)
    )
    return [(row[0], row[1]) for row in db.session.execute(statement)]


# What was done ----------------------------------------------------------------------------------------------------------


def records_numbered(vehicle_id: int | None, updated_since: Any = None) -> Any:
    """Work done on a vehicle, or on all, the latest first, for the API."""
    statement = select(MaintenanceRecord).where(MaintenanceRecord.tenant_id == context.tenant_id())
    if vehicle_id is not None:
        statement = statement.where(MaintenanceRecord.vehicle_id == vehicle_id)
    if updated_since is not None:
        statement = statement.where(MaintenanceRecord.updated_at >= updated_since)
    return statement.order_by(MaintenanceRecord.done_on.desc(), MaintenanceRecord.id.desc())


def records(vehicle_id: int, limit: int = 50) -> Sequence[Row[Any]]:
    """The latest work on a vehicle, with the plan it was for."""
    statement = (
        select(MaintenanceRecord.id, MaintenanceRecord.name, MaintenanceRecord.done_on, MaintenanceRecord.odometer_miles,
               MaintenanceRecord.cost_cents, MaintenanceRecord.vendor, MaintenanceRecord.notes, MaintenanceRecord.plan_id)
        .where(MaintenanceRecord.tenant_id == context.tenant_id(), MaintenanceRecord.vehicle_id == vehicle_id)
        .order_by(MaintenanceRecord.done_on.desc(), MaintenanceRecord.id.desc())
        .limit(limit)
    )  # fmt: skip
    return read_rows(statement)


@dataclass(frozen=True, slots=True)
class WorkFilters:
    """What a list of work done is narrowed to; days are inclusive."""

    q: str = ""
    vehicle_ids: tuple[int, ...] = ()
    first: date | None = None
    last: date | None = None


WORK_SORTS = {
    "done_on": listing.Sort(MaintenanceRecord.done_on, descending=True),
    "vehicle": listing.Sort(Vehicle.name),
    "name": listing.Sort(MaintenanceRecord.name),
    "cost": listing.Sort(func.coalesce(MaintenanceRecord.cost_cents, -1), descending=True),
}


def work_matching(statement: Any, filters: WorkFilters) -> Any:
    """Narrow a statement over work joined to its vehicles. Words are sought in the vehicle, the work and who did it."""
    statement = statement.where(MaintenanceRecord.tenant_id == context.tenant_id())
    if filters.vehicle_ids:
        statement = statement.where(MaintenanceRecord.vehicle_id.in_(filters.vehicle_ids))
    if filters.first:
        statement = statement.where(MaintenanceRecord.done_on >= filters.first)
    if filters.last:
        statement = statement.where(MaintenanceRecord.done_on <= filters.last)
    for word in search.words(filters.q)[:6]:
        statement = statement.where(
            or_(
                *search.conditions("vehicle", word, MaintenanceRecord.vehicle_id),
                *search.conditions("vehicle_work", word, MaintenanceRecord.id),
            )
        )
    return statement


_worked_on = and_(
    Vehicle.tenant_id == MaintenanceRecord.tenant_id, Vehicle.id == MaintenanceRecord.vehicle_id
)


def work_rows(filters: WorkFilters) -> Any:
    """The rows of the list of work done."""
    statement = select(
        MaintenanceRecord.id, MaintenanceRecord.vehicle_id, MaintenanceRecord.name, MaintenanceRecord.done_on,
        MaintenanceRecord.odometer_miles, MaintenanceRecord.cost_cents, MaintenanceRecord.vendor, MaintenanceRecord.notes,
        Vehicle.name.label("vehicle"),
    ).join(Vehicle, _worked_on)  # fmt: skip
    return work_matching(statement, filters)


def work_total(filters: WorkFilters) -> tuple[int, int]:
    """How many pieces of work match, and what they cost together in cents."""
    statement = select(func.count(), func.coalesce(func.sum(MaintenanceRecord.cost_cents), 0)).join_from(
        MaintenanceRecord, Vehicle, _worked_on
    )
    row = db.session.execute(work_matching(statement, filters)).one()
    return int(row[0]), int(row[1])


def work_csv() -> dict[str, list[ColumnElement[Any]]]:
    """The columns of work done as a file has them."""
    return {
        "done_on": [MaintenanceRecord.done_on.label("Done on")],
        "vehicle": [csv.safe(Vehicle.name).label("Vehicle")],
        "name": [csv.safe(MaintenanceRecord.name).label("Work")],
        "odometer_miles": [MaintenanceRecord.odometer_miles.label("Odometer")],
        "cost_cents": [csv.dollars(MaintenanceRecord.cost_cents).label("Cost")],
        "vendor": [csv.safe(MaintenanceRecord.vendor).label("Done by")],
        "notes": [csv.safe(MaintenanceRecord.notes).label("Notes")],
    }


@dataclass(frozen=True, slots=True)
class Spent:
    """What the work on a vehicle came to, in cents: in all and in the last twelve months, and how often."""

    count: int
    cents: int
    year_cents: int


def spent(vehicle_id: int, since: date) -> Spent:
    """What work on a vehicle cost; `since` begins the last twelve months."""
    cost = func.coalesce(MaintenanceRecord.cost_cents, 0)
    statement = select(
        func.count(),
        func.coalesce(func.sum(cost), 0),
        func.coalesce(func.sum(cost).filter(MaintenanceRecord.done_on >= since), 0),
    ).where(MaintenanceRecord.tenant_id == context.tenant_id(), MaintenanceRecord.vehicle_id == vehicle_id)
    row = db.session.execute(statement).one()
    return Spent(int(row[0]), int(row[1]), int(row[2]))


def latest_of_plan(plan_id: int, besides: int | None = None) -> MaintenanceRecord | None:
    """The latest work that was done for a plan."""
    return db.session.scalar(
        select(MaintenanceRecord)
        .where(
            MaintenanceRecord.tenant_id == context.tenant_id(),
            MaintenanceRecord.plan_id == plan_id,
            MaintenanceRecord.id != (besides or 0),
        )
        .order_by(MaintenanceRecord.done_on.desc(), MaintenanceRecord.id.desc())
        .limit(1)
    )
