"""Shapes of the equipment API."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from webapp.kit.paging import PageQuery
from webapp.models import Equipment, EquipmentReading

Id = Annotated[int, Field(ge=1, lt=2**63)]
STRICT = ConfigDict(extra="forbid")
Warranty = Literal["none", "ok", "ending", "expired"]


class UnitFields(BaseModel):
    """What a unit holds. `warranty_until` is its last day."""

    model_config = STRICT
    make: str = Field("", max_length=60)
    model: str = Field("", max_length=80)
    serial: str = Field("", max_length=80)
    location: str = Field("", max_length=80, description="Where at the property: attic, basement")
    installed_on: date | None = None
    warranty_until: date | None = None
    notes: str = Field("", max_length=10_000)


class UnitIn(UnitFields):
    """A unit at a property; its customer is the property's."""

    property_id: Id
    kind: str = Field(min_length=1, max_length=60, description="Furnace, Water heater …")


class UnitChange(UnitFields):
    """What is sent changes, what is left out stays. `property_id` moves the unit."""

    property_id: Id | None = None
    kind: str = Field("", max_length=60)


class ReplacementIn(UnitFields):
    """The unit that comes in the old one's place; kind and location are the old one's unless given."""

    kind: str | None = Field(None, max_length=60)
    reason: str = Field("", max_length=500)


class RetireIn(BaseModel):
    """When a unit went out of use, today when left out, and why."""

    model_config = STRICT
    retired_on: date | None = None
    reason: str = Field("", max_length=500)


class UnitOut(BaseModel):
    """A unit installed at a property."""

    id: int
    customer_id: int
    property_id: int
    kind: str
    make: str
    model: str
    serial: str
    location: str
    installed_on: date | None
    warranty_until: date | None
    warranty: Warranty
    notes: str
    retired_on: date | None
    replaced_by_id: int | None
    created_at: datetime
    updated_at: datetime


class UnitQuery(PageQuery):
    """Which units to list; retired ones only where they are asked for."""

    q: str = Field(
        "", max_length=200, description="Beginnings of words of kind, make, model, serial, customer, address"
    )
    customer_id: Id | None = None
    property_id: Id | None = None
    job_id: Id | None = None
    kind: str = Field("", max_length=60)
    make: str = Field("", max_length=60)
    warranty: Warranty | None = None
    retired: bool | None = Field(False, description="true: only retired ones")


class ReadingQuery(PageQuery):
    """Readings are never changed: `updated_since` asks when they were taken."""


class ReadingIn(BaseModel):
    """Something measured on a unit; the value is kept as it is written."""

    model_config = STRICT
    name: str = Field(min_length=1, max_length=80)
    value: str = Field(min_length=1, max_length=40)
    unit: str = Field("", max_length=20)
    job_id: Id | None = None
    taken_at: AwareDatetime | None = None


class ReadingOut(BaseModel):
    """Something that was measured on a unit."""

    id: int
    equipment_id: int
    job_id: int | None
    name: str
    value: str
    unit: str
    taken_at: datetime
    taken_by: str


class Removed(BaseModel):
    """What became of it."""

    id: int
    deleted: bool
    archived: bool


def unit(record: Equipment, state: str) -> dict[str, Any]:
    """A unit as the API answers it."""
    return {n: state if n == "warranty" else getattr(record, n) for n in UnitOut.model_fields}


def reading(record: EquipmentReading) -> dict[str, Any]:
    """A reading as the API answers it."""
    return {n: getattr(record, n) for n in ReadingOut.model_fields}
