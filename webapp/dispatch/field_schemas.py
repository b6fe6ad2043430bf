"""Shapes of what technicians and the office keep on a job: notes, checklist, materials, photos, readings, positions."""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from webapp.dispatch.schemas import Id, Latitude, Longitude
from webapp.dispatch.service.attachments import MOST_PHOTO, MOST_SIGNATURE
from webapp.dispatch.service.positions import FASTEST
from webapp.kit import errors, files, money
from webapp.models import (
    ChecklistStep,
    EquipmentReading,
    JobFile,
    JobMaterial,
    JobNote,
    StoredFile,
    TechnicianPosition,
)

Milli = Annotated[int, Field(ge=1, le=1_000_000_000, description="Thousandths: 2.5 feet are 2500")]


class When(BaseModel):
    """`happened_at` for what was kept while there was no signal; `sent_at`, by the same clock, corrects a wrong one."""

    model_config = ConfigDict(extra="forbid")
    happened_at: AwareDatetime | None = None
    sent_at: AwareDatetime | None = None


class NoteIn(When):
    """A note; `public` ones the customer may read."""

    body: str = Field(min_length=1, max_length=10_000)
    public: bool = False


class CheckIn(When):
    """A checklist step: done or not, and a note, which explains one that was passed over."""

    done: bool
    note: str = Field("", max_length=500)


class MaterialIn(When):
    """Something used: an item of the price book, or a description."""

    item_id: Id | None = None
    description: str = Field("", max_length=200)
    quantity_milli: Milli = 1000
    unit_price_cents: int | None = Field(
        None, ge=0, le=money.MAX_CENTS, description="The item's own when left out"
    )


class PictureIn(When):
    """A picture in base64: JPEG, PNG or WebP."""

    content: str = Field(min_length=1, max_length=MOST_PHOTO * 4 // 3 + 4)


class PhotoIn(PictureIn):
    """A photo."""

    caption: str = Field("", max_length=200)
    stage: Literal["", "before", "after"] = ""


class SignatureIn(PictureIn):
    """A signature drawn on the glass, and who drew it."""

    content: str = Field(min_length=1, max_length=MOST_SIGNATURE * 4 // 3 + 4)
    signer: str = Field(min_length=1, max_length=120)


class ReadingIn(When):
    """Something measured on a unit; the value is kept as it is written."""

    equipment_id: Id
    name: str = Field(min_length=1, max_length=80)
    value: str = Field(min_length=1, max_length=80)
    unit: str = Field("", max_length=20)


class LocationIn(When):
    """Where the technician is. Speed in miles an hour, heading in degrees from north, accuracy in metres."""

    latitude: Latitude
    longitude: Longitude
    speed: float | None = Field(None, ge=0, le=FASTEST)
    heading: float | None = Field(None, ge=0, le=360)
    accuracy: float | None = Field(None, ge=0, le=10_000_000)


class ConsentIn(BaseModel):
    """Whether the technician agrees that their position is recorded while clocked in."""

    model_config = ConfigDict(extra="forbid")
    agreed: bool


class NoteOut(BaseModel):
    """A note."""

    id: int
    body: str
    public: bool
    pinned: bool
    author: str
    technician_id: int | None
    written_at: datetime


class StepOut(BaseModel):
    """A step of the checklist."""

    id: int
    checklist: str
    body: str
    required: bool
    done: bool
    done_at: datetime | None
    done_by: str
    note: str
    version: int


class MaterialOut(BaseModel):
    """Something used."""

    id: int
    item_id: int | None
    description: str
    quantity_milli: int
    unit_price_cents: int | None
    technician_id: int | None
    added_by: str
    used_at: datetime


class FileOut(BaseModel):
    """A photo, a signature or a document; `url` opens it for an hour."""

    id: int
    kind: Literal["photo", "signature", "document"]
    stage: Literal["", "before", "after"]
    caption: str
    signer: str
    taken_at: datetime
    added_by: str
    media_type: str
    size: int
    url: str


class ReadingOut(BaseModel):
    """A reading."""

    id: int
    equipment_id: int
    name: str
    value: str
    unit: str
    taken_at: datetime
    taken_by: str


class DetailsOut(BaseModel):
    """Everything kept on a job."""

    outcome: str
    notes: list[NoteOut]
    checklist: list[StepOut]
    materials: list[MaterialOut]
    files: list[FileOut]
    readings: list[ReadingOut]


class PositionOut(BaseModel):
    """Where a technician was last seen."""

    technician_id: int
    latitude: float
    longitude: float
    speed: float | None
    heading: int | None
    seen_at: datetime


class ConsentOut(BaseModel):
    """What the technician said to positions."""

    agreed: bool
    agreed_at: datetime | None
    withdrawn_at: datetime | None


def picture(body: PictureIn) -> bytes:
    """The bytes of a picture. Raises Invalid when it is not base64."""
    try:
        return base64.b64decode(body.content, validate=True)
    except (binascii.Error, ValueError):
        raise errors.Invalid.one("content", "content is not base64.") from None


def _plain(model: type[BaseModel], found: Any, **more: Any) -> dict[str, Any]:
    return {n: more[n] if n in more else getattr(found, n) for n in model.model_fields}


def note(found: JobNote) -> dict[str, Any]:
    """A note as the API answers it."""
    return _plain(NoteOut, found)


def step(found: ChecklistStep) -> dict[str, Any]:
    """A checklist step as the API answers it."""
    return _plain(StepOut, found, done=found.done_at is not None)


def material(found: JobMaterial) -> dict[str, Any]:
    """A material as the API answers it."""
    return _plain(MaterialOut, found)


def file(found: JobFile, kept: StoredFile) -> dict[str, Any]:
    """A file as the API answers it."""
    return _plain(
        FileOut, found, media_type=kept.media_type, size=kept.size, url=files.link(kept, inline=True)
    )


def reading(found: EquipmentReading) -> dict[str, Any]:
    """A reading as the API answers it."""
    return _plain(ReadingOut, found)


def position(found: TechnicianPosition) -> dict[str, Any]:
    """A position as the API answers it."""
    speed = found.speed_tenths / 10 if found.speed_tenths is not None else None
    return _plain(
        PositionOut, found, latitude=float(found.latitude), longitude=float(found.longitude), speed=speed
    )
