"""The field API of equipment: `/admin/equipment`."""

from collections.abc import Callable
from typing import Any

from webapp.equipment import queries, rules, schemas, service
from webapp.equipment.permissions import EDIT, READ
from webapp.kit import paging
from webapp.kit.api import Api
from webapp.kit.db import get
from webapp.kit.dialects import FIELD
from webapp.models import Equipment

api = Api("equipment_api", __name__, dialect=FIELD, url_prefix="/api/v1", tag="Equipment")
LIST, ONE = "/admin/equipment", "/admin/equipment/<int:equipment_id>"


def _shaper() -> Callable[[Equipment], dict[str, Any]]:
    """Makes answers of units; asks for the day once."""
    day = queries.today()
    return lambda record: schemas.unit(record, rules.warranty_state(record.warranty_until, day))


def _one(record: Equipment) -> dict[str, Any]:
    return _shaper()(record)


@api.get(LIST, permission=READ, query=schemas.UnitQuery, returns=schemas.UnitOut, paged=True)
def list_equipment(query: schemas.UnitQuery) -> Any:
    """List units in the order they were added."""
    filters = queries.Filters(
        q=query.q,
        customer_id=query.customer_id,
        property_id=query.property_id,
        job_id=query.job_id,
        kinds=(query.kind,) if query.kind else (),
        makes=(query.make,) if query.make else (),
        warranty=(query.warranty,) if query.warranty else (),
        retired=query.retired,
        updated_since=query.updated_since,
    )
    return paging.numbered(queries.numbered(filters), query, _shaper(), scalars=True)


@api.post(LIST, permission=EDIT, body=schemas.UnitIn, returns=schemas.UnitOut, status=201)
def create_equipment(body: schemas.UnitIn) -> dict[str, Any]:
    """Add a unit to a property."""
    return _one(service.create(body.property_id, body.model_dump(exclude={"property_id"})))


@api.get(ONE, permission=READ, returns=schemas.UnitOut)
def get_equipment(equipment_id: int) -> dict[str, Any]:
    """One unit."""
    return _one(get(Equipment, equipment_id))


@api.patch(ONE, permission=EDIT, body=schemas.UnitChange, returns=schemas.UnitOut)
def update_equipment(equipment_id: int, body: schemas.UnitChange) -> dict[str, Any]:
    """Change a unit's details, or move it to another property."""
    return _one(service.update(equipment_id, body.model_dump(exclude_unset=True)))


@api.patch(f"{ONE}/retire", permission=EDIT, body=schemas.RetireIn, returns=schemas.UnitOut)
def retire_equipment(equipment_id: int, body: schemas.RetireIn) -> dict[str, Any]:
    """Take a unit out of use."""
    return _one(service.retire(equipment_id, on=body.retired_on, reason=body.reason))


@api.patch(f"{ONE}/restore", permission=EDIT, returns=schemas.UnitOut)
def restore_equipment(equipment_id: int) -> dict[str, Any]:
    """Put a retired unit into use again."""
    return _one(service.restore(equipment_id))


@api.patch(f"{ONE}/replace", permission=EDIT, body=schemas.ReplacementIn, returns=schemas.UnitOut)
def replace_equipment(equipment_id: int, body: schemas.ReplacementIn) -> dict[str, Any]:
    """Retire a unit and add the one that comes in its place; answers the new one."""
    given = {
        k: v for k, v in body.model_dump(exclude_unset=True, exclude={"reason"}).items() if k != "kind" or v
    }
    return _one(service.replace(equipment_id, given, reason=body.reason))


@api.delete(ONE, permission=EDIT, returns=schemas.Removed)
def delete_equipment(equipment_id: int) -> dict[str, Any]:
    """Retire a unit: its readings and jobs stay. One that is retired stays so."""
    if get(Equipment, equipment_id).retired_on is None:
        service.retire(equipment_id)
    return {"id": equipment_id, "deleted": False, "archived": True}


@api.get(
    f"{ONE}/readings", permission=READ, query=schemas.ReadingQuery, returns=schemas.ReadingOut, paged=True
)
def list_readings(equipment_id: int, query: schemas.ReadingQuery) -> Any:
    """What was measured on a unit, the newest first."""
    get(Equipment, equipment_id)
    statement = queries.readings_numbered(equipment_id, query.updated_since)
    return paging.numbered(statement, query, schemas.reading, scalars=True)


@api.post(f"{ONE}/readings", permission=EDIT, body=schemas.ReadingIn, returns=schemas.ReadingOut, status=201)
def add_reading(equipment_id: int, body: schemas.ReadingIn) -> dict[str, Any]:
    """Write down what was measured on a unit."""
    made = service.measure(
        equipment_id, body.name, body.value, unit=body.unit, job_id=body.job_id, taken_at=body.taken_at
    )
    return schemas.reading(made)


@api.delete(f"{ONE}/readings/<int:reading_id>", permission=EDIT, returns=schemas.Removed)
def delete_reading(equipment_id: int, reading_id: int) -> dict[str, Any]:
    """Remove a reading that was wrong."""
    service.remove_reading(equipment_id, reading_id)
    return {"id": reading_id, "deleted": True, "archived": False}
