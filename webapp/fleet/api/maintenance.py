"""The field API of vehicles' maintenance."""

from datetime import date
from typing import Any

from webapp.fleet.api.vehicles import LIST, ONE
from webapp.fleet.permissions import VEHICLES_EDIT, VEHICLES_READ
from webapp.fleet.queries import maintenance as queries
from webapp.fleet.queries.vehicles import today
from webapp.fleet.rules import vehicles as rules
from webapp.fleet.schemas import Removed, shape
from webapp.fleet.schemas import vehicles as schemas
from webapp.fleet.service import maintenance as service
from webapp.kit import db, errors, paging
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.models import MaintenancePlan, MaintenanceRecord, Vehicle

api = Api("vehicle_maintenance_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Vehicles")
PLANS, PLAN = f"{ONE}/maintenance-plans", f"{ONE}/maintenance-plans/<int:plan_id>"
WORK, RECORD = f"{ONE}/maintenance", f"{ONE}/maintenance/<int:record_id>"


def _plan(plan: MaintenancePlan, odometer: int, day: date | None = None) -> dict[str, Any]:
    """A plan as the API answers it; lists ask for the day once and give it."""
    due = rules.due(plan.due_on, plan.due_miles, odometer, day or today())
    return shape(plan, schemas.PlanOut, state=due.state, days_left=due.days, miles_left=due.miles)


def _work(record: MaintenanceRecord) -> dict[str, Any]:
    return shape(record, schemas.WorkOut)


@api.get(f"{LIST}/maintenance-alerts", permission=VEHICLES_READ, query=schemas.AlertQuery, returns=schemas.PlanOut,
         paged=True)  # fmt: skip
def maintenance_alerts(query: schemas.AlertQuery) -> Any:
    """Maintenance that is overdue or due soon, by date and odometer, the most pressing first."""
    states = (query.state,) if query.state else ("overdue", "soon")
    filters = queries.Filters(states=states, vehicle_id=query.vehicle_id)
    statement = queries.alerts(filters, query.updated_since)
    day = today()
    return paging.numbered(statement, query, lambda row: _plan(row[0], row[1].odometer_miles, day))


@api.get(
    f"{LIST}/maintenance",
    permission=VEHICLES_READ,
    query=schemas.WorkQuery,
    returns=schemas.WorkOut,
    paged=True,
)
def list_all_maintenance(query: schemas.WorkQuery) -> Any:
    """Work that was done on any vehicle, the latest first."""
    statement = queries.records_numbered(query.vehicle_id, query.updated_since)
    return paging.numbered(statement, query, _work, scalars=True)


@api.get(PLANS, permission=VEHICLES_READ, query=schemas.PlanQuery, returns=schemas.PlanOut, paged=True)
def list_plans(vehicle_id: int, query: schemas.PlanQuery) -> Any:
    """What maintenance a vehicle needs again and again, and when it is due."""
    odometer = db.get(Vehicle, vehicle_id).odometer_miles
    statement = queries.plans_numbered(vehicle_id, active=query.active, updated_since=query.updated_since)
    day = today()
    return paging.numbered(statement, query, lambda plan: _plan(plan, odometer, day), scalars=True)


@api.post(PLANS, permission=VEHICLES_EDIT, body=schemas.PlanIn, returns=schemas.PlanOut, status=201)
def create_plan(vehicle_id: int, body: schemas.PlanIn) -> dict[str, Any]:
    """Plan maintenance of a vehicle. It counts from when it was last done, else from today and the odometer."""
    plan = service.create_plan(vehicle_id, body.model_dump(exclude_unset=True))
    return _plan(plan, db.get(Vehicle, vehicle_id).odometer_miles)


def _one_plan(vehicle_id: int, plan_id: int) -> MaintenancePlan:
    db.get(Vehicle, vehicle_id)
    plan = db.get(MaintenancePlan, plan_id)
    if plan.vehicle_id != vehicle_id:
        raise errors.NotFound(f"This vehicle has no maintenance plan with the number {plan_id}.")
    return plan


@api.get(PLAN, permission=VEHICLES_READ, returns=schemas.PlanOut)
def get_plan(vehicle_id: int, plan_id: int) -> dict[str, Any]:
    """One maintenance plan."""
    return _plan(_one_plan(vehicle_id, plan_id), db.get(Vehicle, vehicle_id).odometer_miles)


@api.patch(PLAN, permission=VEHICLES_EDIT, body=schemas.PlanChange, returns=schemas.PlanOut)
def update_plan(vehicle_id: int, plan_id: int, body: schemas.PlanChange) -> dict[str, Any]:
    """Change a maintenance plan; when it is due is counted afresh."""
    plan = service.update_plan(vehicle_id, plan_id, body.model_dump(exclude_unset=True))
    return _plan(plan, db.get(Vehicle, vehicle_id).odometer_miles)


@api.delete(PLAN, permission=VEHICLES_EDIT, returns=Removed)
def delete_plan(vehicle_id: int, plan_id: int) -> dict[str, Any]:
    """End a maintenance plan; what was done for it stays."""
    service.update_plan(vehicle_id, plan_id, {"active": False})
    return {"id": plan_id, "deleted": False, "archived": True}


@api.post(
    f"{PLAN}/done", permission=VEHICLES_EDIT, body=schemas.WorkDone, returns=schemas.WorkOut, status=201
)
def plan_done(vehicle_id: int, plan_id: int, body: schemas.WorkDone) -> dict[str, Any]:
    """Record that a plan's work was done; the plan is counted afresh from it."""
    return _work(service.record(vehicle_id, body.model_dump(exclude_unset=True), plan_id))


@api.get(WORK, permission=VEHICLES_READ, query=paging.PageQuery, returns=schemas.WorkOut, paged=True)
def list_maintenance(vehicle_id: int, query: paging.PageQuery) -> Any:
    """Work that was done on a vehicle, the latest first."""
    db.get(Vehicle, vehicle_id)
    return paging.numbered(
        queries.records_numbered(vehicle_id, query.updated_since), query, _work, scalars=True
    )


@api.post(WORK, permission=VEHICLES_EDIT, body=schemas.WorkIn, returns=schemas.WorkOut, status=201)
def create_maintenance(vehicle_id: int, body: schemas.WorkIn) -> dict[str, Any]:
    """Record work that was done on a vehicle, planned or not. Miles beyond the odometer become its reading."""
    values = body.model_dump(exclude_unset=True, exclude={"plan_id"})
    return _work(service.record(vehicle_id, values, body.plan_id))


def _one_record(vehicle_id: int, record_id: int) -> MaintenanceRecord:
    db.get(Vehicle, vehicle_id)
    record = db.get(MaintenanceRecord, record_id)
    if record.vehicle_id != vehicle_id:
        raise errors.NotFound(f"This vehicle has no maintenance record with the number {record_id}.")
    return record


@api.get(RECORD, permission=VEHICLES_READ, returns=schemas.WorkOut)
def get_maintenance(vehicle_id: int, record_id: int) -> dict[str, Any]:
    """One record of work."""
    return _work(_one_record(vehicle_id, record_id))


@api.patch(RECORD, permission=VEHICLES_EDIT, body=schemas.WorkChange, returns=schemas.WorkOut)
def update_maintenance(vehicle_id: int, record_id: int, body: schemas.WorkChange) -> dict[str, Any]:
    """Correct a record of work; its plan follows."""
    return _work(service.update_record(vehicle_id, record_id, body.model_dump(exclude_unset=True)))


@api.delete(RECORD, permission=VEHICLES_EDIT, returns=Removed)
def delete_maintenance(vehicle_id: int, record_id: int) -> dict[str, Any]:
    """Remove a record of work that was made by mistake; its plan goes back to the work before."""
    service.remove_record(vehicle_id, record_id)
    return {"id": record_id, "deleted": True, "archived": False}
