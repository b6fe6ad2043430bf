"""Shapes of the skill APIs."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field

from webapp.fleet.schemas import STRICT, Id, Name
from webapp.kit.paging import PageQuery

Level = Annotated[int, Field(ge=1, le=5)]


class SkillIn(BaseModel):
    """A new skill of the catalog. `certified`: it comes with a certificate that can expire."""

    model_config = STRICT
    name: Name
    description: str = Field("", max_length=2_000)
    certified: bool = False


class SkillChange(BaseModel):
    """What is sent changes, what is left out stays."""

    model_config = STRICT
    name: Name = ""
    description: str = Field("", max_length=2_000)
    certified: bool = False
    archived: bool = False


class SkillOut(BaseModel):
    """A skill of the catalog."""

    id: int
    name: str
    description: str
    certified: bool
    archived: bool
    created_at: datetime
    updated_at: datetime


class SkillQuery(PageQuery):
    """Which skills to list."""

    archived: bool | None = None


class HeldIn(BaseModel):
    """A skill that a technician has, from level 1 (helper) to 5 (expert)."""

    model_config = STRICT
    technician_id: Id
    skill_id: Id
    level: Level
    expires_on: date | None = Field(
        None, description="The last day that the certificate is good for; may be past"
    )
    certificate: str = Field("", max_length=80, description="The certificate's number")
    notes: str = Field("", max_length=2_000)


class HeldChange(BaseModel):
    """What is sent changes, what is left out stays."""

    model_config = STRICT
    level: Level = 3
    expires_on: date | None = None
    certificate: str = Field("", max_length=80)
    notes: str = Field("", max_length=2_000)


class HeldOut(BaseModel):
    """A skill that a technician has. `expired`: its last day is over."""

    id: int
    technician_id: int
    skill_id: int
    level: int
    expires_on: date | None
    expired: bool
    certificate: str
    notes: str
    created_at: datetime
    updated_at: datetime


class HeldQuery(PageQuery):
    """Which technicians' skills to list."""

    technician_id: Id | None = None
    skill_id: Id | None = None
    level: Level | None = None
    q: str = Field(
        "", max_length=200, description="Beginnings of words of technician, skill or certificate number"
    )


class ExpiringQuery(PageQuery):
    """Certificates whose last day is at most `days` ahead, expired ones included."""

    days: int = Field(60, ge=0, le=3_650)
    technician_id: Id | None = None
    skill_id: Id | None = None
