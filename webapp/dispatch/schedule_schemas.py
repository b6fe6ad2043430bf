"""Shapes of the API of blocks, shifts, on-call turns and dispatch profiles."""

import datetime as dt
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from webapp.dispatch.schemas import Id, Latitude, Longitude
from webapp.kit.paging import PageQuery

STRICT = ConfigDict(extra="forbid")
BlockKind = Literal["lunch", "parts_run", "meeting", "training", "time_off", "other"]
BlockStatus = Literal["requested", "approved", "declined"]
Minute = Annotated[int, Field(ge=0, le=1440)]
LateMinute = Annotated[int, Field(ge=0, le=2880)]
Weekday = Annotated[int, Field(ge=0, le=6)]


class Removed(BaseModel):
    """What is gone."""

    id: int
    deleted: bool


class BlockQuery(PageQuery):
    """Blocks of a technician, a kind, a state, or that lie at least partly between two moments."""

    technician_id: Id | None = None
    kind: BlockKind | None = None
    status: BlockStatus | None = None
    starts_from: AwareDatetime | None = None
    starts_before: AwareDatetime | None = None


class BlockIn(BaseModel):
    """Time on a lane that is no job."""

    model_config = STRICT
    technician_id: Id
    kind: BlockKind
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    title: str = Field("", max_length=120)
    note: str = Field("", max_length=2_000)


class BlockChange(BaseModel):
    """What is sent changes, what is left out stays. `version` refuses the change when somebody else was faster."""

    model_config = STRICT
    technician_id: Id = 1
    kind: BlockKind = "other"
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    title: str = Field("", max_length=120)
    note: str = Field("", max_length=2_000)
    version: int | None = Field(None, ge=1)


class LeaveIn(BaseModel):
    """Time off to ask for."""

    model_config = STRICT
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    note: str = Field("", max_length=2_000, description="For the office")


class Decision(BaseModel):
    """What becomes of time off that was asked for."""

    model_config = STRICT
    status: Literal["approved", "declined"]
    note: str = Field("", max_length=500, description="The technician reads it")


class BlockOut(BaseModel):
    """A block."""

    id: int
    technician_id: int
    kind: BlockKind
    title: str
    note: str
    status: BlockStatus
    starts_at: datetime
    ends_at: datetime
    version: int
    created_at: datetime
    updated_at: datetime


class ShiftQuery(PageQuery):
    """Shifts, of one technician or of everybody."""

    technician_id: Id | None = None


class ShiftIn(BaseModel):
    """Hours on a `weekday` (0 Monday), or on one day in place of those. Minutes are after local midnight.

    `ends_minute` past 1440 is on the next day; equal to `starts_minute` on one day: off.
    """

    model_config = STRICT
    technician_id: Id
    starts_minute: Minute
    ends_minute: LateMinute
    weekday: Weekday | None = None
    on_date: dt.date | None = None
    valid_from: dt.date | None = None
    valid_until: dt.date | None = Field(None, description="Inclusive")


class ShiftChange(BaseModel):
    """What is sent changes, what is left out stays."""

    model_config = STRICT
    starts_minute: Minute = 0
    ends_minute: LateMinute = 0
    weekday: Weekday | None = None
    on_date: dt.date | None = None
    valid_from: dt.date | None = None
    valid_until: dt.date | None = None


class ShiftOut(BaseModel):
    """A shift."""

    id: int
    technician_id: int
    weekday: int | None
    on_date: dt.date | None
    starts_minute: int
    ends_minute: int
    valid_from: dt.date | None
    valid_until: dt.date | None
    created_at: datetime
    updated_at: datetime


class TurnQuery(PageQuery):
    """On-call turns of a technician, or that lie at least partly between two moments."""

    technician_id: Id | None = None
    starts_from: AwareDatetime | None = None
    starts_before: AwareDatetime | None = None


class TurnIn(BaseModel):
    """A turn of being on call."""

    model_config = STRICT
    technician_id: Id
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    note: str = Field("", max_length=200)


class TurnChange(BaseModel):
    """What is sent changes, what is left out stays."""

    model_config = STRICT
    technician_id: Id = 1
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    note: str = Field("", max_length=200)


class TurnOut(BaseModel):
    """A turn."""

    id: int
    technician_id: int
    starts_at: datetime
    ends_at: datetime
    note: str
    created_at: datetime
    updated_at: datetime


class RotationIn(BaseModel):
    """Turns dealt out in the order of `technician_ids`, again and again. All are made, or none."""

    model_config = STRICT
    technician_ids: list[Id] = Field(min_length=1, max_length=100)
    first_day: dt.date
    days: int = Field(7, ge=1, le=28, description="How long a turn is")
    change_minute: int = Field(1020, ge=0, le=1439, description="When turns change, after local midnight")
    turns: int = Field(12, ge=1, le=200)


class OnCallNow(BaseModel):
    """Who is on call."""

    technician_id: int
    name: str
    phone: str
    starts_at: datetime
    ends_at: datetime


class ProfileChange(BaseModel):
    """What is sent changes, what is left out stays."""

    model_config = STRICT
    start_address: str = Field("", max_length=200)
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    end_address: str = Field("", max_length=200)
    end_latitude: Latitude | None = None
    end_longitude: Longitude | None = None
    lunch_minutes: int = Field(30, ge=0, le=240)
    lunch_from: Minute = 660
    lunch_until: Minute = 840
    dispatched: bool = True
    position: int = Field(0, ge=0, le=10_000)


class ProfileOut(BaseModel):
    """How a technician is dispatched: where the day starts and ends, lunch, the place of the lane."""

    technician_id: int
    start_address: str
    latitude: float | None
    longitude: float | None
    end_address: str
    end_latitude: float | None
    end_longitude: float | None
    lunch_minutes: int
    lunch_from: int
    lunch_until: int
    dispatched: bool
    position: int
    updated_at: datetime


def shape(record: Any, model: type[BaseModel]) -> dict[str, Any]:
    """A record as the API answers it."""
    found = {name: getattr(record, name) for name in model.model_fields}
    for name in ("latitude", "longitude", "end_latitude", "end_longitude"):
        if found.get(name) is not None:
            found[name] = float(found[name])
    return found
