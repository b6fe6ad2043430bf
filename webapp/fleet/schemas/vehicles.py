"""Shapes of the vehicle API."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from webapp.fleet.rules import vehicles as rules
from webapp.fleet.schemas import STRICT, Id, Name
from webapp.kit import money
from webapp.kit.paging import PageQuery

Status = Literal["active", "in_shop", "retired"]
Miles = Annotated[int, Field(ge=0, le=rules.MOST_MILES)]
Year = Annotated[int, Field(ge=rules.FIRST_YEAR, le=rules.LAST_YEAR)]
Cents = Annotated[int, Field(ge=0, le=money.MAX_CENTS)]
EveryMiles = Annotated[int, Field(ge=1, le=rules.MOST_EVERY_MILES)]
EveryDays = Annotated[int, Field(ge=1, le=rules.MOST_EVERY_DAYS)]


class VehicleIn(BaseModel):
    """A new vehicle."""

    model_config = STRICT
    name: Name
    plate: str = Field("", max_length=20)
    vin: str = Field("", max_length=40, description="17 characters, or empty")
    make: str = Field("", max_length=60)
    model: str = Field("", max_length=60)
    year: Year | None = None
    status: Status = "active"
    odometer_miles: Miles | None = None
    notes: str = Field("", max_length=4_000)


class VehicleChange(BaseModel):
    """What is sent changes, what is left out stays. Odometer, driver and place have addresses of their own."""

    model_config = STRICT
    name: Name = ""
    plate: str = Field("", max_length=20)
    vin: str = Field("", max_length=40)
    make: str = Field("", max_length=60)
    model: str = Field("", max_length=60)
    year: Year | None = None
    status: Status = "active"
    notes: str = Field("", max_length=4_000)


class VehicleOut(BaseModel):
    """A vehicle. `technician_id` is who drives it now; `warnings` are doubts, such as a VIN's check digit."""

    id: int
    name: str
    plate: str
    vin: str
    make: str
    model: str
    year: int | None
    status: Status
    odometer_miles: int
    odometer_at: datetime | None
    technician_id: int | None
    latitude: float | None
    longitude: float | None
    position_at: datetime | None
    notes: str
    warnings: list[str]
    created_at: datetime
    updated_at: datetime


class VehicleQuery(PageQuery):
    """Which vehicles to list."""

    status: Status | None = None
    technician_id: Id | None = None
    driven: bool | None = Field(None, description="With a driver, or without")
    q: str = Field(
        "", max_length=200, description="Beginnings of words of name, plate, VIN, make, model or year"
    )


class DriverIn(BaseModel):
    """Who drives the vehicle from now on; null for nobody."""

    model_config = STRICT
    technician_id: Id | None


class DriverChanged(BaseModel):
    """Who drives it now, and what that took away, in words."""

    vehicle_id: int
    technician_id: int | None
    message: str


class DriverOut(BaseModel):
    """Somebody drove the vehicle; `ends_at` is null for who drives it now."""

    id: int
    technician_id: int
    starts_at: datetime
    ends_at: datetime | None


class ReadingIn(BaseModel):
    """An odometer reading. A `reason` is needed where it is less than the last one, or far more."""

    model_config = STRICT
    odometer_miles: Miles
    read_at: AwareDatetime | None = Field(None, description="Now when left out")
    reason: str = Field("", max_length=500)


class ReadingOut(BaseModel):
    """A reading that was taken; the last one first."""

    id: int
    odometer_miles: int
    read_at: datetime
    reason: str


class PositionIn(BaseModel):
    """Where the vehicle is, in degrees. Only the latest is kept."""

    model_config = STRICT
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    seen_at: AwareDatetime | None = Field(None, description="Now when left out; an older one changes nothing")


class PlanIn(BaseModel):
    """Maintenance that comes again: every so many miles, days, or whichever comes first."""

    model_config = STRICT
    name: Name
    every_miles: EveryMiles | None = None
    every_days: EveryDays | None = None
    last_done_on: date | None = None
    last_done_miles: Miles | None = None


class PlanChange(BaseModel):
    """What is sent changes, what is left out stays. `active` false ends the plan."""

    model_config = STRICT
    name: Name = ""
    every_miles: EveryMiles | None = None
    every_days: EveryDays | None = None
    last_done_on: date | None = None
    last_done_miles: Miles | None = None
    active: bool = True


class PlanOut(BaseModel):
    """A maintenance plan, when it is due, and where that stands: overdue, soon (14 days or 500 miles) or ok."""

    id: int
    vehicle_id: int
    name: str
    every_miles: int | None
    every_days: int | None
    last_done_on: date | None
    last_done_miles: int | None
    due_on: date | None
    due_miles: int | None
    state: Literal["overdue", "soon", "ok"]
    days_left: int | None = Field(description="Negative once it is over")
    miles_left: int | None = Field(description="Negative once it is over")
    active: bool
    created_at: datetime
    updated_at: datetime


class PlanQuery(PageQuery):
    """Which plans of the vehicle to list."""

    active: bool | None = None


class AlertQuery(PageQuery):
    """Which alerts to list; both states when left out."""

    state: Literal["overdue", "soon"] | None = None
    vehicle_id: Id | None = None


class WorkIn(BaseModel):
    """Work done on a vehicle. With a `plan_id` that plan is counted afresh; `done_on` is today when left out."""

    model_config = STRICT
    name: Name
    plan_id: Id | None = None
    done_on: date | None = None
    odometer_miles: Miles | None = None
    cost_cents: Cents | None = None
    vendor: str = Field("", max_length=120)
    notes: str = Field("", max_length=4_000)


class WorkDone(BaseModel):
    """A plan's work was done; `done_on` is today when left out."""

    model_config = STRICT
    done_on: date | None = None
    odometer_miles: Miles | None = None
    cost_cents: Cents | None = None
    vendor: str = Field("", max_length=120)
    notes: str = Field("", max_length=4_000)


class WorkChange(BaseModel):
    """What is sent changes, what is left out stays."""

    model_config = STRICT
    name: Name = ""
    done_on: date = date.min
    odometer_miles: Miles | None = None
    cost_cents: Cents | None = None
    vendor: str = Field("", max_length=120)
    notes: str = Field("", max_length=4_000)


class WorkOut(BaseModel):
    """Work that was done on a vehicle."""

    id: int
    vehicle_id: int
    plan_id: int | None
    name: str
    done_on: date
    odometer_miles: int | None
    cost_cents: int | None
    vendor: str
    notes: str
    created_at: datetime
    updated_at: datetime


class WorkQuery(PageQuery):
    """Which work to list."""

    vehicle_id: Id | None = None
