"""The field API of vehicles, their drivers, odometers and places."""

from datetime import datetime
from typing import Any

from webapp.fleet.permissions import VEHICLES_DRIVE, VEHICLES_EDIT, VEHICLES_READ
from webapp.fleet.queries import vehicles as queries
from webapp.fleet.schemas import Removed, shape
from webapp.fleet.schemas import vehicles as schemas
from webapp.fleet.service import vehicles as service
from webapp.kit import db, paging
from webapp.kit.api import Api
from webapp.kit.dialects import FIELD
from webapp.models import Vehicle

api = Api("vehicles_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Vehicles")
LIST, ONE = "/admin/vehicles", "/admin/vehicles/<int:vehicle_id>"


def _shape(vehicle: Vehicle, warnings: list[str] | None = None) -> dict[str, Any]:
    """A vehicle as the API answers it; doubts about it are looked up unless given."""
    place = {
        n: float(getattr(vehicle, n)) if getattr(vehicle, n) is not None else None
        for n in ("latitude", "longitude")
    }
    found = service.doubts(vehicle) if warnings is None else warnings
    return shape(vehicle, schemas.VehicleOut, warnings=found, **place)


@api.get(LIST, permission=VEHICLES_READ, query=schemas.VehicleQuery, returns=schemas.VehicleOut, paged=True)
def list_vehicles(query: schemas.VehicleQuery) -> Any:
    """List vehicles, in the order they were added."""
    statuses = (query.status,) if query.status else ()
    filters = queries.Filters(query.q, statuses, query.technician_id, query.driven)
    page = paging.numbered(queries.numbered(filters, query.updated_since), query, lambda v: v, scalars=True)
    doubts = service.doubts_of(page.items)
    items = [_shape(vehicle, doubts.get(vehicle.id, [])) for vehicle in page.items]
    return paging.Page(items, page.total, page.page, page.limit)


@api.post(LIST, permission=VEHICLES_EDIT, body=schemas.VehicleIn, returns=schemas.VehicleOut, status=201)
def create_vehicle(body: schemas.VehicleIn) -> dict[str, Any]:
    """Add a vehicle."""
    return _shape(service.create(body.model_dump(exclude_unset=True)))


@api.get(ONE, permission=VEHICLES_READ, returns=schemas.VehicleOut)
def get_vehicle(vehicle_id: int) -> dict[str, Any]:
    """One vehicle."""
    return _shape(db.get(Vehicle, vehicle_id))


@api.patch(ONE, permission=VEHICLES_EDIT, body=schemas.VehicleChange, returns=schemas.VehicleOut)
def update_vehicle(vehicle_id: int, body: schemas.VehicleChange) -> dict[str, Any]:
    """Change a vehicle. `status` retires it, or brings it back."""
    return _shape(service.update(vehicle_id, body.model_dump(exclude_unset=True)))


@api.delete(ONE, permission=VEHICLES_EDIT, returns=Removed)
def delete_vehicle(vehicle_id: int) -> dict[str, Any]:
    """Retire a vehicle: its history stays, and nobody drives it any more."""
    service.retire(vehicle_id)
    return {"id": vehicle_id, "deleted": False, "archived": True}


@api.put(f"{ONE}/driver", permission=VEHICLES_DRIVE, body=schemas.DriverIn, returns=schemas.DriverChanged)
def set_driver(vehicle_id: int, body: schemas.DriverIn) -> dict[str, Any]:
    """Say who drives the vehicle. Whoever takes it over leaves the vehicle they drove before without a driver."""
    paired = service.pair(vehicle_id, body.technician_id)
    return {"vehicle_id": vehicle_id, "technician_id": body.technician_id, "message": paired.words}


@api.get(
    f"{ONE}/drivers", permission=VEHICLES_READ, query=paging.PageQuery, returns=schemas.DriverOut, paged=True
)
def list_drivers(vehicle_id: int, query: paging.PageQuery) -> Any:
    """Who drove the vehicle, the latest first."""
    db.get(Vehicle, vehicle_id)
    statement = queries.drivers(vehicle_id, query.updated_since)
    return paging.numbered(statement, query, lambda row: shape(row, schemas.DriverOut))


@api.post(
    f"{ONE}/odometer",
    permission=VEHICLES_DRIVE,
    body=schemas.ReadingIn,
    returns=schemas.VehicleOut,
    status=201,
)
def read_odometer(vehicle_id: int, body: schemas.ReadingIn) -> dict[str, Any]:
    """Record an odometer reading."""
    return _shape(
        service.read_odometer(vehicle_id, body.odometer_miles, reason=body.reason, read_at=body.read_at)
    )


@api.get(
    f"{ONE}/odometer",
    permission=VEHICLES_READ,
    query=paging.PageQuery,
    returns=schemas.ReadingOut,
    paged=True,
)
def list_readings(vehicle_id: int, query: paging.PageQuery) -> Any:
    """Odometer readings of the vehicle, the latest first."""
    db.get(Vehicle, vehicle_id)
    statement = queries.readings(vehicle_id, query.updated_since)

    def reading(row: Any) -> dict[str, Any]:
        at = datetime.fromisoformat(row.read_at) if row.read_at else row.created_at
        return {"id": row.id, "odometer_miles": row.miles, "read_at": at, "reason": row.reason}

    return paging.numbered(statement, query, reading)


@api.put(f"{ONE}/position", permission=VEHICLES_DRIVE, body=schemas.PositionIn, returns=schemas.VehicleOut)
def set_position(vehicle_id: int, body: schemas.PositionIn) -> dict[str, Any]:
    """Say where the vehicle is."""
    return _shape(service.set_position(vehicle_id, body.latitude, body.longitude, body.seen_at))
