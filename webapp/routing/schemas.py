"""Slots and suggestions as the API reads and answers them."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from webapp.routing.rules import lanes, suit
from webapp.routing.service import slots

Id = Annotated[int, Field(ge=1, lt=2**63)]
JobType = Literal["repair", "installation", "maintenance", "inspection"]
Priority = Literal["low", "normal", "high", "urgent"]
SkillAt = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,17}(:[1-5])?$")]


class SpanQuery(BaseModel):
    """When to look: the visit begins at `earliest` (now) or later and before `latest` (14 days on, 31 at most)."""

    model_config = ConfigDict(extra="forbid")
    earliest: AwareDatetime | None = None
    latest: AwareDatetime | None = None
    limit: int = Field(6, ge=1, le=slots.MOST)


class SlotQuery(SpanQuery):
    """What is to be placed. Without coordinates the ZIP code's middle counts."""

    job_type: JobType = "repair"
    priority: Priority = "normal"
    expected_minutes: int | None = Field(None, ge=1, le=1440, description="Usual for its type when left out")
    skills: list[SkillAt] = Field(default_factory=list, max_length=20,
                                  description="Skill ids, with the level when one is needed: 7 or 7:3")  # fmt: skip
    zip: str = Field("", max_length=12)
    latitude: float | None = Field(None, ge=-90, le=90)
    longitude: float | None = Field(None, ge=-180, le=180)
    zone_id: Id | None = Field(None, description="Found from the place when left out")
    customer_id: Id | None = Field(None, description="Who was there before is preferred")
    equipment_ids: list[Id] = Field(default_factory=list, max_length=50)


class OfferOut(BaseModel):
    """A time that a technician can keep. The window is what the customer is told; minutes added are of driving."""

    technician_id: int
    technician_name: str
    starts_at: datetime
    ends_at: datetime
    window_start: datetime
    window_end: datetime
    added_minutes: int
    score: float
    why: str


def shape_offer(offer: slots.Offer) -> dict[str, Any]:
    """An offer as the API answers it."""
    return asdict(offer)


def skill_of(text: str) -> tuple[int, int]:
    """`7:3` → (7, 3); `7` → (7, 1)."""
    number, _, level = text.partition(":")
    return int(number), int(level or 1)


class PartOut(BaseModel):
    """One side of a suggestion, from 0 to 100, in words."""

    score: int
    why: str


class PartsOut(BaseModel):
    """What the score is made of."""

    skills: PartOut
    zone: PartOut
    distance: PartOut
    availability: PartOut
    workload: PartOut
    history: PartOut


class SuggestionOut(BaseModel):
    """A technician weighed for a job. `missing` says what keeps them from being simply sent; empty for those who can be."""

    technician_id: int
    technician_name: str
    score: int
    parts: PartsOut
    missing: list[str]
    starts_at: datetime | None
    drive_minutes: int | None
    added_minutes: int | None
    why: str


def shape_suggestion(found: suit.Suggestion) -> dict[str, Any]:
    """A suggestion as the API answers it."""
    return {
        "technician_id": found.technician_id,
        "technician_name": found.name,
        "score": found.score,
        "parts": {name: {"score": part.score, "why": part.why} for name, part in found.parts.items()},
        "missing": list(found.missing),
        "starts_at": None if found.starts is None else lanes.moment(found.starts),
        "drive_minutes": found.drive,
        "added_minutes": found.added,
        "why": found.why,
    }
